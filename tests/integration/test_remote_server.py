"""RemotePolicy against a real `transformers serve` process that serves a tiny random model from a folder, offline."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from app.cli import main
from relate_engine.brief import Brief
from relate_engine.config import ASSETS, settings
from relate_engine.draft import load_remote
from relate_engine.policy.remote import RemoteError, RemotePolicy
from relate_engine.policy.writer import Wish
from tests import tiny

BRIEF = Brief(placement="google_rsa", product="Oak Desk", description="A desk of solid oak.")
ENDS = [256, *range(0, 256, 6)]  # so that the random policy's texts end
WAIT = 120.0  # seconds for the server to come up


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(address, model) of a running server; it is stopped afterwards."""
    pytest.importorskip("fastapi", reason="transformers serve needs the test extra")
    pytest.importorskip("openai", reason="transformers serve needs the test extra")
    folder = tmp_path_factory.mktemp("served")
    model = tiny.model(3)
    model.generation_config.update(do_sample=True, top_k=0, eos_token_id=ENDS)
    model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(folder),
               "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]  # fmt: skip
    log = (folder / "log").open("w")
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "OMP_NUM_THREADS": "1",
        "no_proxy": "*",
    }
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    until = time.monotonic() + WAIT
    try:
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except (URLError, OSError):
                assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()[-2000:]
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}", str(folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_it_writes_what_is_wished_and_drops_what_guards_would_have_kept_out(server: tuple[str, str]) -> None:
    """Random bytes keep hardly any promise, so nearly all is dropped, and each drop says why."""
    policy = load_remote(*server, "", False, ASSETS)
    assert isinstance(policy, RemotePolicy) and policy.path.endswith(", no log-probabilities")
    wishes = [Wish("headline", "benefit"), Wish("description", "how")] * 4
    raw = list(policy.write(BRIEF, wishes, seed=1, raw=True))
    assert sorted(s.branch for _, s in raw) == list(range(8))
    assert len({s.text for _, s in raw if s.text}) > 4 and {"did not end", ""} >= {s.why for _, s in raw} - {"empty"}
    served = list(policy.write(BRIEF, wishes, seed=1))
    assert len(served) == 8 and all(s.why or (s.text.isprintable() and s.text.isascii()) for _, s in served)
    assert any(s.why.startswith("holds ") for _, s in served)


def test_a_model_that_it_does_not_serve_is_named(server: tuple[str, str]) -> None:
    with pytest.raises(RemoteError, match=r"answered 400 \(it said: Server is pinned to .*requested 'other'\)"):
        load_remote(server[0], "other", "", False, ASSETS)


def test_the_shell_drafts_by_it_and_the_doctor_names_it(
    server: tuple[str, str],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    monkeypatch.setenv("RELATE_POLICY_URL", server[0])
    monkeypatch.setenv("RELATE_POLICY_MODEL", server[1])
    (tmp_path / "brief.json").write_text(BRIEF.model_dump_json())
    settings.cache_clear()
    try:
        asked = ["draft", "--brief", str(tmp_path / "brief.json"), "--slot", "headline", "-n", "3", "--raw", "--json"]
        assert main(asked) == 0
        cards = json.loads(capsys.readouterr().out)["candidates"]
        assert cards and all(c["versions"]["path"].startswith("remote ") for c in cards)
        assert all(c["author"].startswith("policy:remote:") for c in cards)
        main(["doctor"])
        assert f"at {server[0].removeprefix('http://')}, no log-probabilities" in capsys.readouterr().out
    finally:
        settings.cache_clear()
