"""The demo's finished round as people meet it: real numbers, said to be the demo's wherever they stand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import decide, learning
from app.services import analytics_decision, analytics_rounds, demo, demo_round, jobs, rounds, trials, versions
from app.services.demo_mark import demo_settings
from app.services.people import local_actor
from app.services.writing import Room
from db.session import open_database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings
from tests.unit.studio import Draft, card


def write(asked: Brief, counts: Mapping[str, int], seed: int) -> Draft:
    return Draft(tuple(card(f"{asked.product.split()[0]} {slot}", slot, limit=90) for slot in counts))


def _desk(module: str) -> None:
    from importlib import import_module

    import_module(f"app.desks.{module}").page()


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A demo as the shell makes it, with the shipped recording."""
    config = Settings(home=tmp_path_factory.mktemp("home"), _env_file=None)  # type: ignore[call-arg]
    demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    return demo_settings(config)


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.warning, *at.error, *at.header)
    told = "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)
    return told.replace("\\", "").replace("&#58;", ":")


def test_the_recording_is_small_whole_and_says_how_it_was_made() -> None:
    told = demo_round.manifest_of()
    assert told["command"] == "relate demo --record-round" and told["licence"] == "Apache-2.0" and "seed" in told
    assert sum(path.stat().st_size for path in demo_round.FOLDER.iterdir()) < 300_000
    assert {path.name for path in demo_round.FOLDER.iterdir()} == {*demo_round.FILES, demo_round.MANIFEST}


def test_it_is_a_version_with_steps_evidence_and_texts(inside: Settings) -> None:
    db = open_database(inside.database)
    actor = local_actor(db)
    version = versions.versions(db, actor, inside)[0]
    assert demo_round.recorded(version.manifest).startswith("Recorded for the demo: a real round, but a tiny one")
    steps = analytics_rounds.steps(db, actor, inside, version.version)
    assert {"reward", "kl"} <= set(steps["measure"])
    assert steps["step"].nunique() == version.manifest["recorded"]["steps"]
    assert [gap.judge for gap in analytics_rounds.gaps([version])] == ["reward", "clicks"]
    held = analytics_rounds.held_out([version])
    parts = held[held["measure"].isin(analytics_rounds.PARTS)]  # two products know little: not less than 0, nor over 1
    assert (parts["before"] + parts["low"]).min() >= 0 and (parts["before"] + parts["high"]).max() <= 1 + 1e-9
    said = analytics_decision.advice(db, actor, version)
    assert said is not None and said.word != "promote"  # nobody has chosen anything of it
    (job,) = jobs.jobs(db, actor, "round")
    assert job.state == "done" and job.message.startswith("Recorded for the demo")
    db.close()


def test_it_cannot_be_put_in_use_or_tried(inside: Settings) -> None:
    db = open_database(inside.database)
    actor = local_actor(db)
    name = versions.versions(db, actor, inside)[0].version
    for use in (rounds.promote, trials.start_trial):
        with pytest.raises(BriefError, match="recorded for the demo and its weights are not shipped"):
            use(db, actor, name, inside, "try it")
    db.close()


@pytest.mark.parametrize("name", ["decide", "learning"])
def test_pages_that_show_it_say_what_it_is(inside: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    db = open_database(inside.database)
    module = {"decide": decide, "learning": learning}[name]
    monkeypatch.setattr(module, "context", lambda: Context(db, local_actor(db), Room(inside), inside))
    at = AppTest.from_function(_desk, args=(name,), default_timeout=60).run()
    assert not at.exception and "Recorded for the demo: a real round, but a tiny one" in _words(at)
    if name == "decide":
        assert at.button(key="versions_promote").disabled and at.button(key="trial_start").disabled
    db.close()


def test_a_damaged_recording_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(demo_round.NoRecord, match="No round was recorded"):
        demo_round.manifest_of(tmp_path)
    for path in demo_round.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / demo_round.STEPS).write_text("{}\n")
    with pytest.raises(demo_round.NoRecord, match=r"steps\.jsonl is not as it was written"):
        demo_round.manifest_of(tmp_path)
    said: list[str] = []

    def missing(*_: Any) -> str:
        raise demo_round.NoRecord("No round was recorded for the demo.")

    monkeypatch.setattr(demo_round, "load", missing)
    config = Settings(home=tmp_path / "home", _env_file=None)  # type: ignore[call-arg]
    demo.make(config, said.append, write)  # type: ignore[arg-type]
    assert "No round was recorded for the demo." in said and demo.ready(config)
