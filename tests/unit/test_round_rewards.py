"""A round's first step: the reward model learns from results that came since the newest was made, else says why not."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.services import audit, audit_log, importing, learning, round_judges
from app.services.audit_log import Filter
from app.services.jobrun import Cancelled, JobContext, new_owner, take
from app.services.people import Actor
from db import models, versions
from db.base import utc_now
from db.session import Database
from relate_engine.config import Settings
from relate_engine.results.observation import Observation
from relate_engine.training import rewardversion
from relate_engine.training.rewardversion import make_version
from tests.unit.studio import fresh, person
from tests.unit.test_learning import SETTING, results


def context(db: Database, actor: Actor, folder: Path) -> JobContext:
    with db.write() as session:
        session.add(models.Job(workspace_id=actor.workspace_id, author_id=actor.user_id, kind="round", request={}))
    owner = new_owner()
    job = take(db, owner, ["round"])
    assert job is not None
    return JobContext(db, Settings(home=folder), job, owner)


def row(db: Database, job_id: int) -> models.Job:
    with db.read() as session:
        return session.get_one(models.Job, job_id)


def came_in(db: Database, actor: Actor, at: datetime) -> int:
    """An import that was finished then; what it holds is given by `rows_are`."""
    with db.write() as session:
        made = models.Import(
            workspace_id=actor.workspace_id, author_id=actor.user_id, name="f.csv", content=str(at),
            format="generic", placement="google_rsa", state="visible", summary={"kept": 9}, finished_at=at,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id


def rows_are(monkeypatch: pytest.MonkeyPatch, rows: list[Observation]) -> None:
    monkeypatch.setattr(importing, "observations", lambda *_: rows)
    monkeypatch.setattr(learning, "setting_of", lambda _: SETTING)


def test_only_new_results_retrain_it_and_an_undone_one_stays_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = fresh(tmp_path)
    ana = person(db, "analyst")
    job = context(db, ana, tmp_path)
    rows_are(monkeypatch, [])
    assert "there are no campaign results" in round_judges.retrain_rewards(job, ana)

    rows_are(monkeypatch, results(2_000))
    came_in(db, ana, utc_now())
    said = round_judges.retrain_rewards(job, ana)
    first = learning.active_version(db, ana)
    assert first is not None and f"{first} is in use" in said and "--undo" in said

    told = audit_log.page(db, ana, Filter()).events[0]
    assert (told.action, told.object_type, told.author_id) == ("version.train", "reward", ana.user_id)
    assert told.versions == {"rewards": first} and told.detail == {"version": first, "round": job.job_id}
    assert f"trained reward version “{first}”" in told.words
    assert audit.verify(db, ana).holds
    job.cancel()  # now: the predictions have changed, and the round says so
    with pytest.raises(Cancelled, match=f"^Cancelled; it had put the reward model {first} in use before"):
        job.report(0.5, "grpo: step 3 of 60")
    assert job.last is not None and first in job.last["changed"]
    job = JobContext(db, job.config, row(db, job.job_id), job._owner)  # as the next attempt finds it
    job.checkpoint({**(job.last or {}), "share": 0.5})

    again = len(audit_log.page(db, ana, Filter()).events)
    assert round_judges.retrain_rewards(job, ana) == said  # killed before it froze: this very round has done it
    assert len(audit_log.page(db, ana, Filter()).events) == again and learning.active_version(db, ana) == first
    assert job.last is not None and first in job.last["changed"]
    with db.write() as session:
        session.get_one(models.Job, job.job_id).state = "failed"
    later = context(db, ana, tmp_path)
    assert f"no results have come since {first}" in round_judges.retrain_rewards(later, ana)
    learning.undo_rewards(db, ana)
    assert f"no results have come since {first}" in round_judges.retrain_rewards(job, ana)
    assert learning.active_version(db, ana) is None  # what somebody has undone is not brought back

    rows_are(monkeypatch, results(3_000, seed=1))
    came_in(db, ana, utc_now() + timedelta(seconds=1))
    round_judges.retrain_rewards(later, ana)
    assert learning.active_version(db, ana) not in (None, first)
    assert learning.active_version(db, person(db, "analyst", "Theirs")) is None


def test_a_version_that_was_made_again_and_undone_stays_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A makes v1 and B makes v2; without B it is v1 again. A file without one good row is no news."""
    db = fresh(tmp_path)
    ana = person(db, "analyst")
    job = context(db, ana, tmp_path)

    def retrained() -> tuple[str, str | None]:
        job.last = None  # a round that begins
        said = round_judges.retrain_rewards(job, ana)
        return said, learning.active_version(db, ana)

    rows_are(monkeypatch, results(2_000))
    came_in(db, ana, utc_now())
    _, first = retrained()
    rows_are(monkeypatch, results(3_000, seed=1))
    second_import = came_in(db, ana, utc_now())
    _, second = retrained()
    assert first and second and first != second
    rows_are(monkeypatch, results(2_000))
    importing.undo_import(db, ana, second_import)
    assert retrained()[1] == first
    learning.undo_rewards(db, ana)
    none = importing.import_file(db, ana, "x.csv", b"headline,impressions,clicks\nLock Your Kayak,5,9\n")
    assert none.kept == 0
    for _ in range(2):
        said, in_use = retrained()
        assert f"no results have come since {first} was made" in said and in_use is None


@pytest.mark.parametrize("by", ["round", "rewards"])
def test_results_that_come_during_a_fit_are_learned_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """They are visible after the results were read and before the version is stored."""
    db = fresh(tmp_path)
    ana = person(db, "analyst")
    job = context(db, ana, tmp_path)

    def slow(*given: Any) -> dict[str, Any]:
        came_in(db, ana, utc_now())
        return make_version(*given)

    rows_are(monkeypatch, results(2_000))
    monkeypatch.setattr(learning, "observations", lambda *_: results(2_000))
    came_in(db, ana, utc_now())
    with monkeypatch.context() as during:
        during.setattr(rewardversion, "make_version", slow)
        _ = round_judges.retrain_rewards(job, ana) if by == "round" else learning.rewards_job(job)["message"]
    first = learning.active_version(db, ana)
    rows_are(monkeypatch, results(3_000, seed=1))
    job.last = None
    assert "The reward model was retrained on" in round_judges.retrain_rewards(job, ana)
    assert learning.active_version(db, ana) not in (None, first)


def test_a_version_of_an_earlier_release_counts_from_when_it_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no note of what it has read."""
    db = fresh(tmp_path)
    ana = person(db, "analyst")
    job = context(db, ana, tmp_path)
    came_in(db, ana, utc_now())
    with db.write() as session:
        versions.add_version(session, ana.workspace_id, ana.user_id, learning.KIND, "reward-old", {})
    assert "no results have come since reward-old was made" in round_judges.retrain_rewards(job, ana)
    rows_are(monkeypatch, results(2_000))
    came_in(db, ana, utc_now())
    assert "The reward model was retrained on" in round_judges.retrain_rewards(job, ana)
