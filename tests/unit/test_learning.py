"""Training on a workspace's results: a version in use, its card, undo, roles, and another workspace left alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from app.cli import main
from app.services import jobs, learning
from app.services.learning import active_rewards, undo_rewards, use_rewards
from app.services.people import Actor, Forbidden
from db.models import Version
from db.session import Database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings, settings
from relate_engine.results.observation import Observation
from relate_engine.results.simulated import AdSet, draw
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.learned import RewardModel
from relate_engine.simulator import load_simulator
from relate_engine.training.card import read_card
from relate_engine.training.rewards import Setting
from tests.unit.studio import person

THINGS = ("Bottle", "Lamp", "Rack", "Kettle", "Mat", "Chair", "Tent", "Pan")


class _Encoder:
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(len(t) * 31 + ord((t or " ")[0])).normal(size=384) for t in texts]
        stacked = np.array(rows, np.float32).reshape(len(texts), 384)
        return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


SETTING = Setting(_Encoder(), lambda texts: [Effect(0.0, 0.0, 0.28, 0.0, "")] * len(texts), "ctr-1", {}, {})


def results(impressions: int, seed: int = 0) -> list[Observation]:
    sets = [
        AdSet(
            Brief(product=f"Tarn {thing}", description=f"A {thing.lower()} of steel for the road.", vertical="kitchen"),
            "headline",
            (f"Tarn {thing} of Steel", f"Your {thing} for the Road", f"Get the Tarn {thing}"),
        )
        for thing in THINGS
    ]
    return draw(load_simulator(), sets, impressions, seed)


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, rows: list[Observation]) -> None:
    monkeypatch.setattr(learning, "observations", lambda *_: rows)
    monkeypatch.setattr(learning, "setting_of", lambda _: SETTING)


def train(db: Database, actor: Actor, config: Settings, said: list[tuple[float, str]] | None = None) -> str:
    """The version that the job made."""
    done = jobs.run_here(db, actor, config, "rewards", lambda *step: (said if said is not None else []).append(step))
    assert done.result is not None
    return str(done.result["version"])


def test_train_use_undo(db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    analyst, stranger = person(db, "analyst"), person(db, "analyst", "Theirs")
    given(monkeypatch, results(5_000))
    said: list[tuple[float, str]] = []
    first = train(db, analyst, config, said)
    folder = active_rewards(db, analyst, config)
    assert folder is not None and folder.name == first
    assert RewardModel.load(folder, "ctr-1").version == first
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    (job,) = jobs.jobs(db, analyst, "rewards")
    assert (job.state, job.progress) == ("done", 1.0) and first in job.message
    card = read_card(folder)
    assert card and card.version == first and card.reliability and card.limits
    assert all(m.low is None or m.low <= m.value <= (m.high or m.value) for m in card.metrics)
    assert {"PCOC CTR", "ECE CTR", "pair accuracy CTR"} <= {m.name for m in card.metrics}
    assert "## Limits" in (folder / "card.md").read_text()
    rows = results(5_000)  # the card counts all of them, also the days that calibrate
    totals = [sum(o.impressions for o in rows), sum(o.clicks for o in rows), sum(o.conversions or 0 for o in rows)]
    assert card.data["results"] == "{:,} impressions, {:,} clicks, {:,.0f} conversions".format(*totals)
    assert active_rewards(db, stranger, config) is None  # another workspace has learned nothing

    given(monkeypatch, results(9_000, seed=1))
    second = train(db, analyst, config)
    assert second != first
    with db.read() as session:
        assert session.scalars(select(Version.parent).order_by(Version.id)).all() == [None, first]
    assert undo_rewards(db, analyst) == first
    assert undo_rewards(db, analyst) is None and active_rewards(db, analyst, config) is None
    with pytest.raises(BriefError, match="nothing to undo"):
        undo_rewards(db, analyst)
    use_rewards(db, analyst, second)
    again = active_rewards(db, analyst, config)
    assert again is not None and again.name == second
    with pytest.raises(BriefError, match=f"the versions are: {second}"):
        use_rewards(db, analyst, "reward-nowhere")
    with pytest.raises(BriefError, match="the versions are: none"):
        use_rewards(db, stranger, second)


def test_the_card_says_what_was_held_back_and_why_nothing_was(
    db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three equal weeks the last one is a third, which is as near to a quarter or a fifth as whole days come."""
    analyst = person(db, "analyst")
    weeks = sorted({o.end for o in results(2_000) if o.end})
    rows = [o for o in results(2_000) if o.end != weeks[0]]
    for given_rows in (rows, [replace(o, summable=False) for o in rows]):
        given(monkeypatch, given_rows)
        train(db, analyst, config)
        folder = active_rewards(db, analyst, config)
        card = read_card(folder) if folder else None
        assert card is not None
        if given_rows is rows:
            assert card.data["calibration"].endswith(" on the latest 33% of impressions")
            assert all("the latest 33% of impressions, not learned from" in m.note for m in card.metrics)
        else:
            assert card.data["calibration"] == "none" and not card.metrics
            assert any("are asset results" in limit for limit in card.limits)
            assert not any("too few days" in limit for limit in card.limits)


def test_the_same_results_make_the_same_version(
    db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = person(db, "admin")
    given(monkeypatch, results(2_000))
    made = {train(db, admin, config) for _ in range(2)}
    assert len(made) == 1


def test_roles_and_no_results(db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, [])
    with pytest.raises(BriefError, match="`relate import FILE`"):
        train(db, person(db, "analyst"), config)
    roles: tuple[Any, ...] = ("advertiser", "reviewer")
    for role in roles:
        with pytest.raises(Forbidden):
            train(db, person(db, role), config)
        with pytest.raises(Forbidden):
            undo_rewards(db, person(db, role))


def test_a_failed_job_changes_nothing(db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = person(db, "admin")
    given(monkeypatch, results(2_000))
    version = train(db, admin, config)

    def fail(*_: object) -> list[Observation]:
        raise BriefError("The results cannot be read.")

    monkeypatch.setattr(learning, "observations", fail)
    with pytest.raises(BriefError, match="cannot be read"):
        train(db, admin, config)
    folder = active_rewards(db, admin, config)
    assert folder is not None and folder.name == version and (folder / "card.json").exists()


def test_the_shell_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    settings.cache_clear()
    try:
        assert main(["train", "rewards"]) == 2 and "relate import FILE" in capsys.readouterr().err
        assert main(["train", "rewards", "--undo"]) == 2 and "nothing to undo" in capsys.readouterr().err
        assert main(["evaluate", "rewards", "--simulator", "nowhere.py"]) == 2
        assert "no simulator nowhere.py" in capsys.readouterr().err
    finally:
        settings.cache_clear()
