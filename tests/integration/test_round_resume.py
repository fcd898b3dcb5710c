"""A round that failed goes on from its last checkpoint: after a full disk, after a reward that broke in training."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.cli import main
from app.components.context import Context
from app.desks import learning
from app.services import jobs, rounds, versions
from app.services.people import Actor, local_actor
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.brief import BriefError
from relate_engine.config import Settings, settings
from relate_engine.training import grpo
from tests.integration.test_round_job import work_in, workspace
from tests.tiny_round import PLAN, judges, score, write_policy


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of this process have the tiny plan and judges made in code."""
    monkeypatch.setattr(rounds, "judges_of", lambda *_: judges())
    monkeypatch.setattr(rounds, "plan_of", lambda request: PLAN)


@pytest.fixture
def home(tmp_path: Path, policy: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """What the shell works on."""
    for name, value in (("HOME", tmp_path), ("BASE_MODEL", policy[0]), ("ADAPTER", policy[1]), ("THREADS", 1)):
        monkeypatch.setenv(f"RELATE_{name}", str(value))
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


def fills_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full while GRPO's adapter is saved, once."""
    save, calls = grpo.save_adapter, []

    def full(model: Any, base: str, out: Path, *more: Any, **named: Any) -> Any:
        calls.append(out)
        if len(calls) > 1:
            return save(model, base, out, *more, **named)
        out.mkdir(parents=True)
        (out / "adapter_model.safetensors").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out / "adapter_model.safetensors"))

    monkeypatch.setattr(grpo, "save_adapter", full)


def test_a_full_disk_costs_no_step_that_was_trained(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["round", "resume"]) == 2
    assert "No round has been run" in capsys.readouterr().err
    db = open_database(home.database)
    work_in(db, local_actor(db))
    fills_up(monkeypatch)
    assert main(["round", "start"]) == 2
    said = capsys.readouterr()
    assert "No space left on device" in said.err and "100%" not in said.err
    assert main(["round", "status"]) == 0
    assert "`relate round resume`" in capsys.readouterr().out
    (job,) = jobs.jobs(db, local_actor(db), "round")
    steps = home.home / "work" / str(job.id) / "round"
    finished = {name: (steps / name / "step.json").stat().st_mtime_ns for name in ("start", "sft", "preferences")}
    assert (steps / "grpo.training" / "checkpoint-4").is_dir() and finished

    assert main(["round", "resume", str(job.id)]) == 0
    said = capsys.readouterr()
    assert "sft: step" not in said.out + said.err  # nothing that was finished is trained again
    again = jobs.look(db, local_actor(db), job.id)
    assert again.state == "done" and again.result is not None
    folder = versions.policy_folder_of(home, local_actor(db).workspace_id, again.result["version"])
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["version"] == again.result["version"]
    assert not steps.exists()
    for given, why in (([], "is done; only one that failed"), (["77"], "no job 77"), (["--steps", "3"], "--steps out")):
        assert main(["round", "resume", *given]) == 2
        assert why in capsys.readouterr().err


def test_a_reward_that_breaks_is_mended_and_the_round_ends_as_if_it_never_had(
    db: Database, policy: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks after two of four steps. The same feedback in another workspace is learned from without a break."""
    config = Settings(home=tmp_path, base_model=policy[0], adapter=policy[1], threads=1)
    ours, theirs = workspace(db, "Ours"), workspace(db, "Theirs")
    broken, asked = True, []

    def breaks(texts: Any) -> Any:
        if broken and any((config.home / "work").glob("*/round/grpo.training/checkpoint-2")):
            raise RuntimeError("the rate model is gone")
        asked.append(len(texts))
        return score(texts)

    monkeypatch.setattr(rounds, "judges_of", lambda *_: judges(score=breaks))

    def quietly(_share: float, _what: str) -> None:
        pass

    with pytest.raises(BriefError, match=r"the rate model is gone.*Mend the reward, then resume"):
        jobs.run_here(db, ours, config, "round", quietly)
    (failed,) = jobs.jobs(db, ours, "round")
    page = learning_page(db, ours, config, monkeypatch)
    assert "the rate model is gone" in page.error[0].value
    broken, before = False, len(asked)
    page.button(key="round_resume").click().run()
    assert not page.exception and jobs.look(db, ours, failed.id).state == "queued"
    assert not [b for b in page.button if b.key == "round_resume"] and page.button(key="round_start").disabled

    done = jobs.run_here(db, ours, config, "round", quietly)  # goes on with the one that waits
    resumed = len(asked) - before
    assert done.id == failed.id and done.result is not None
    whole = jobs.run_here(db, theirs, config, "round", quietly)
    assert whole.result is not None
    assert resumed < len(asked) - before - resumed  # what was finished was not done again
    assert done.result["version"] == whole.result["version"]
    folders = [versions.policy_folder_of(config, a.workspace_id, done.result["version"]) for a in (ours, theirs)]
    for name in ("adapter_model.safetensors", "manifest.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert not (config.home / "work" / str(failed.id)).exists()


def learning_page(db: Database, actor: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(learning, "context", lambda: Context(db, actor, Room(config), config))
    at = AppTest.from_function(_page, default_timeout=30)
    at.run()
    assert not at.exception
    return at


def _page() -> None:
    from app.desks import learning

    learning.page()
