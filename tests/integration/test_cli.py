"""The shell's documented answers, and its one-sentence refusals."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli import main
from relate_engine.config import settings
from relate_engine.scorecard import scorecard_from_json

BRIEF = {
    "product": "Tarn Bottle",
    "description": "A steel bottle that keeps drinks cold for 24 hours and fits a car cup holder.",
    "benefits": ["Cold for 24 hours", "Dishwasher safe lid", "$29 with free shipping"],
}
CANDIDATE = {"text", "angle", "slot", "width", "limit", "visible", "ctr", "cvr", "ctcvr", "beats_typical"} | {
    "compliance",
    "rewards",
    "findings",
    "versions",
}
FINDING = {"rule_id", "reward", "severity", "start", "end", "message", "fix", "source"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A home folder of its own; the fetched weights stay where they are."""
    monkeypatch.setenv("RELATE_CACHE", str(cache))
    monkeypatch.setenv("RELATE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def brief_file(folder: Path, **change: object) -> str:
    path = folder / "brief.json"
    path.write_text(json.dumps(BRIEF | change), "utf-8")
    return str(path)


def test_draft_prints_the_documented_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draft", "--brief", brief_file(home), "--slot", "headline", "-n", "4", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["timing"]) == {"load_s", "generate_s", "score_s"}
    assert len(answer["candidates"]) == 4
    ranks = [c["rank"] for c in answer["candidates"]]
    assert ranks == sorted(ranks, reverse=True)
    for card in answer["candidates"]:
        assert set(card) >= CANDIDATE and scorecard_from_json(card).text == card["text"]
        assert set(card["ctr"]) == {"mean", "low", "high", "level", "source"} and card["ctr"]["source"] == "prior"
        assert set(card["compliance"]) >= {"score", "level", "packs"} and card["compliance"]["level"] != "blocked"
        assert set(card["versions"]) == {"policy", "rewards", "rules", "path"}
        assert all(set(f) >= FINDING for f in card["findings"])
        assert card["width"] <= card["limit"] == 30


def test_draft_without_a_slot_is_the_whole_ad(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draft", "--brief", brief_file(home), "-n", "3", "--json"]) == 0
    slots = [c["slot"] for c in json.loads(capsys.readouterr().out)["candidates"]]
    assert {s: slots.count(s) for s in set(slots)} == {"headline": 3, "description": 3, "path": 2}


def test_score_keeps_rows_in_order(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = home / "texts.csv"
    table.write_text("id,text\n1,Cold for 24 Hours\n2,Cold for 48 Hours\n3,\n", "utf-8")
    assert main(["score", str(table), "--text-column", "text", "--brief", brief_file(home), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [r["text"] for r in rows] == ["Cold for 24 Hours", "Cold for 48 Hours", ""]
    assert isinstance(rows[0]["ctr_effect"], float)
    assert rows[0]["compliance"]["level"] == "clear"
    wrong = [f for f in rows[1]["findings"] if f["rule_id"] == "CLM-019"]
    assert rows[1]["compliance"]["level"] == "blocked" and rows[1]["text"][
        wrong[0]["start"] : wrong[0]["end"]
    ].startswith("48")


def test_score_without_a_brief_leaves_out_what_needs_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = home / "texts.csv"
    table.write_text("text\nFresh flowers!!\n", "utf-8")
    assert main(["score", str(table), "--text-column", "text", "--countries", "us,uk", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert "relevance" not in row["rewards"] and row["compliance"]["level"] == "blocked"
    assert set(row["compliance"]["packs"]) >= {"google", "us", "uk"}


@pytest.mark.parametrize(
    ("text", "code", "level"),
    [
        ("Guaranteed approval, no credit check", 1, "blocked"),
        ("Steel bottle, cold for 24 hours", 0, "clear"),
        ("Best steel bottle", 0, "caution"),
    ],
)
def test_check_exits_with_1_when_blocked(
    text: str, code: int, level: str, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert main(["check", text, "--json"]) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["compliance"]["level"] == level and bool(answer["findings"]) == (level != "clear")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["draft", "--brief", "absent.json"], "no file absent.json"),
        (["draft", "--brief", "BRIEF", "--slot", "title"], "has no slot 'title'"),
        (["draft", "--brief", "BRIEF", "-n", "0"], "ask for 1 to 50"),
        (["score", "absent.csv", "--text-column", "text"], "no file absent.csv"),
        (["score", "BRIEF", "--text-column", "text"], "no column 'text'"),
        (["draft", "--brief", "/tmp"], "/tmp is a folder"),
        (["score", "-", "--text-column", "text", "--brief", "-"], "cannot both come from standard input"),
        (["check", "Steel bottle", "--countries", "usa"], "'usa' is not a two-letter country code"),
        (["score", "CSV", "--text-column", "text", "--countries", "usa"], "'usa' is not a two-letter country code"),
        (["score", "HUGE", "--text-column", "text"], "is no CSV (line"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = brief_file(home)
    (home / "brief.json").write_text(json.dumps(BRIEF, indent=1))
    (home / "texts.csv").write_text("text\nCold\n")
    (home / "huge.csv").write_text(f"text\n{'x' * 200_000}\n")
    files = {"BRIEF": path, "CSV": str(home / "texts.csv"), "HUGE": str(home / "huge.csv")}
    assert main([files.get(a, a) for a in arguments]) == 2
    said = capsys.readouterr().err
    assert says in said and said.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("name", "value", "command", "says"),
    [
        ("RELATE_THREADS", "abc", "doctor", "RELATE_THREADS is 'abc'"),
        ("RELATE_HOME", "/proc/x", "setup", "The database /proc/x/relate.db cannot be opened"),
    ],
)
def test_a_setting_that_cannot_work_is_one_sentence(
    name: str,
    value: str,
    command: str,
    says: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert main([command]) == 2
    said = capsys.readouterr().err
    assert says in said and said.strip().count("\n") == 0


def test_a_country_without_rules_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "Steel bottle", "--countries", "zz,de"]) == 0
    assert "no rule pack for ZZ: only the general rules ran" in capsys.readouterr().err
    assert main(["check", "Steel bottle", "--countries", "us,gb"]) == 0
    assert capsys.readouterr().err == ""


def test_draft_names_a_country_without_rules_too(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a writer that writes nothing: what is said does not depend on it."""
    writer = SimpleNamespace(state=SimpleNamespace(problem=""))
    nothing = SimpleNamespace(candidates=(), short={}, timing={})
    monkeypatch.setattr("app.services.writing.Room.policy", lambda *_: writer)
    monkeypatch.setattr("app.services.writing.Room.rewards_with", lambda *_: None)
    monkeypatch.setattr("relate_engine.draft.raw_draft", lambda *_: nothing)
    for countries, said in ((["au", "us"], "relate: no rule pack for AU: only the general rules ran.\n"), (["us"], "")):
        assert main(["draft", "--brief", brief_file(home, countries=countries), "--raw", "--json"]) == 0
        answer = capsys.readouterr()
        assert answer.err == said and json.loads(answer.out)["candidates"] == []


def test_score_without_a_slot_checks_no_limit_and_no_mates(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "A steel bottle that keeps water cold until the evening"
    (home / "texts.csv").write_text(f"text\n{long}\n{long} here\n")
    arguments = ["score", str(home / "texts.csv"), "--text-column", "text", "--json"]
    assert main(arguments) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert "structure" not in row["rewards"] and row["compliance"]["level"] != "blocked"
    assert not [f for f in row["findings"] if f["reward"] in ("structure", "diversity")]
    assert main([*arguments, "--slot", "headline"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["compliance"]["level"] == "blocked" and row["rewards"]["structure"] < 1


def test_broken_json_names_the_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "brief.json"
    path.write_text('{"product": "Tarn",\n "description": }')
    assert main(["draft", "--brief", str(path)]) == 2
    assert "is not JSON (line 2" in capsys.readouterr().err


def test_missing_weights_name_the_remedy(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELATE_CACHE", str(home / "empty"))
    settings.cache_clear()
    assert main(["draft", "--brief", brief_file(home)]) == 2
    assert "run `relate setup`" in capsys.readouterr().err
    assert main(["doctor"]) == 1
    assert "✗ base" in capsys.readouterr().out


def test_no_memory_for_the_model_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 bytes")):

        def full(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("relate_engine.draft.load_policy", full)
        assert main(["draft", "--brief", brief_file(home)]) == 2
        assert "not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize("manifest", ["[]", "null", "{}"])
def test_doctor_outlives_an_odd_manifest(
    manifest: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "manifest.json").write_text(manifest)
    (home / "adapter_model.safetensors").write_bytes(b"")
    monkeypatch.setenv("RELATE_ADAPTER", str(home))
    settings.cache_clear()
    assert main(["doctor"]) == 1
    assert "✗ adapter" in capsys.readouterr().out


def test_doctor_tells_a_damaged_base(
    home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in cache.iterdir():
        if folder.is_dir():
            shutil.copytree(folder, home / "cache" / folder.name)
    base = home / "cache" / "smollm2-135m-instruct"
    os.truncate(base / "model.safetensors", 1_000_000)
    monkeypatch.setenv("RELATE_CACHE", str(home / "cache"))
    settings.cache_clear()
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "✗ base" in said and f"delete {base} and run `relate setup`" in said


def test_doctor_finds_a_whole_installation(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for part in ("versions", "device", "base", "adapter", "encoder", "rewards", "acceptance", "database"):
        assert f"✓ {part}" in said
