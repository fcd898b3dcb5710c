"""A job that failed goes on from its last checkpoint, work folders go when a job is over, and what a cancel says."""

import argparse
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import cli_round, worker
from app.services import audit_log, jobrun, jobs
from app.services.audit_log import Filter
from app.services.jobrun import JobContext
from app.services.jobs import Kind, StoredJob
from app.services.people import Actor, Forbidden, NotFound, local_actor
from db import jobs as rows
from db.models import Job, utc_now
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from tests.unit.studio import person

FULL = OSError(28, "No space left on device", "adapter_model.safetensors")


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


def body(*ends: BaseException | None) -> Callable[[JobContext], dict[str, Any]]:
    """Each attempt adds a line to its file, and ends as told; None: well."""
    left = list(ends)

    def run(context: JobContext) -> dict[str, Any]:
        with (context.folder / "trained").open("a") as out:
            out.write("line\n")
        context.checkpoint({"share": 0.5})
        if (end := left.pop(0)) is not None:
            raise end
        return {"lines": len((context.folder / "trained").read_text().splitlines())}

    return run


def kind(monkeypatch: pytest.MonkeyPatch, name: str, run: Any, resumes: bool = True) -> None:
    monkeypatch.setitem(jobs.KINDS, name, Kind(run, "A round", "round.run", resumes=resumes))


def attempt(db: Database, config: Settings, job_id: int, name: str = "round") -> str:
    """One attempt of the job, as a worker makes it."""
    owner = jobrun.new_owner()
    job = jobrun.take(db, owner, [name], job_id=job_id)
    assert job is not None
    return jobrun.run(db, config, job, owner, jobs.checked(jobs.KINDS[name]), threading.Event())


def failed(db: Database, ana: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch) -> StoredJob:
    kind(monkeypatch, "round", body(FULL, None, None))
    started = jobs.start(db, ana, "round", {"steps": 7})
    assert attempt(db, config, started.id) == "failed"
    return jobs.look(db, ana, started.id)


def folders(config: Settings) -> list[str]:
    return sorted(p.name for p in (config.home / "work").iterdir() if p.is_dir())


def test_a_failed_job_goes_on_where_it_was_and_the_folder_goes_when_it_is_done(
    db: Database, ana: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = failed(db, ana, config, monkeypatch)
    assert "No space left on device" in job.message and folders(config) == [str(job.id)]
    assert jobs.sweep(db, config) == 0  # it may still go on
    anna = person(db, "analyst")  # whoever started it may have left since
    assert jobs.can_resume(anna, config, job)
    again = jobs.resume(db, anna, config, job.id)
    assert (again.id, again.state, again.attempts, again.message, again.finished_at) == (job.id, "queued", 0, "", None)
    assert not jobs.can_resume(anna, config, again)
    assert attempt(db, config, job.id) == "done"
    done = jobs.look(db, ana, job.id)
    assert done.result == {"lines": 2} and folders(config) == []
    with db.read() as session:
        row = session.get_one(Job, job.id)
        assert row.author_id == anna.user_id and row.request == {"steps": 7}
    told = audit_log.page(db, ana, Filter()).events
    assert [(e.action, e.object_id, e.author_id) for e in told] == [
        ("job.resume", job.id, anna.user_id), ("job.start", job.id, ana.user_id),
    ]  # fmt: skip
    assert told[0].detail["failed"] == job.message and "resumed" in told[0].words


def test_the_shell_stays_with_the_job_that_it_resumed_though_a_worker_has_ended_it_by_then(
    db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker claims it between the two steps of `relate round resume`. No new round is begun."""
    ana = local_actor(db)
    job = failed(db, ana, config, monkeypatch)
    resume = jobs.resume

    def taken(*given: Any) -> StoredJob:
        resumed = resume(*given)
        assert attempt(db, config, job.id) == "done"
        return resumed

    monkeypatch.setattr(jobs, "resume", taken)
    monkeypatch.setattr("db.session.open_database", lambda _: db)
    given = argparse.Namespace(what="resume", job=None, steps=None, json=False)
    assert cli_round._round(given, config) == 0
    assert [(j.id, j.state) for j in jobs.jobs(db, ana, "round")] == [(job.id, "done")]
    assert capsys.readouterr().out.startswith("done (")


def test_who_may_let_a_job_go_on(db: Database, ana: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    job = failed(db, ana, config, monkeypatch)
    for role in ("advertiser", "reviewer"):
        other = person(db, role)  # type: ignore[arg-type]
        assert not jobs.can_resume(other, config, job)
        with pytest.raises(Forbidden, match="may not run training rounds"):
            jobs.resume(db, other, config, job.id)
    with pytest.raises(NotFound, match="in your workspace"):
        jobs.resume(db, person(db, "admin", "Theirs"), config, job.id)
    assert jobs.look(db, ana, job.id).state == "failed"


def test_what_cannot_go_on_says_why(
    db: Database, ana: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = failed(db, ana, config, monkeypatch)
    newer = jobs.start(db, ana, "round")
    with pytest.raises(BriefError, match="A newer one was begun since"):
        jobs.resume(db, ana, config, first.id)
    with pytest.raises(BriefError, match=f"Job {newer.id} is queued; only one that failed"):
        jobs.resume(db, ana, config, newer.id)
    assert jobs.sweep(db, config) == 1 and folders(config) == []  # the next round has begun

    kind(monkeypatch, "round", lambda context: 1 / 0)  # before its first checkpoint
    assert attempt(db, config, newer.id) == "failed" and folders(config) == []
    assert not jobs.can_resume(ana, config, jobs.look(db, ana, newer.id))
    with pytest.raises(BriefError, match="left nothing to go on from"):
        jobs.resume(db, ana, config, newer.id)

    kind(monkeypatch, "once", body(FULL), resumes=False)
    once = jobs.start(db, ana, "once").id
    assert attempt(db, config, once, "once") == "failed"
    with pytest.raises(BriefError, match="left nothing to go on from"):
        jobs.resume(db, ana, config, once)
    assert jobs.sweep(db, config) == 1 and folders(config) == []


def test_a_resumed_job_that_is_cancelled_leaves_no_folder(
    db: Database, ana: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = failed(db, ana, config, monkeypatch)
    jobs.resume(db, ana, config, job.id)
    assert jobs.sweep(db, config) == 0  # it waits
    jobs.cancel(db, ana, job.id)
    assert jobs.look(db, ana, job.id).message == "Cancelled; nothing was changed."
    assert jobs.sweep(db, config) == 1 and folders(config) == []


def test_the_workers_upkeep_removes_what_ended_jobs_left_and_nothing_else(
    db: Database, ana: Actor, config: Settings
) -> None:
    """Jobs that end by being taken back from a dead worker run no code that could clear up behind them."""
    ids = []
    for _ in range(3):
        job = jobs.start(db, ana, "rewards").id
        with db.write() as session:
            rows.claim(session, "died", ["rewards"], utc_now())
            row = session.get_one(Job, job)
            row.attempts, row.lease_until = 3, None
            assert [j.state for j in rows.reclaim(session, utc_now())] == ["failed"]
        ids.append(job)
    waiting = jobs.start(db, ana, "rewards").id
    for name in (*map(str, ids), str(waiting), "ladder", "briefs", "999"):  # 999: of another database
        (config.home / "work" / name).mkdir(parents=True)
    worker._upkeep(db, config)
    assert folders(config) == sorted([str(waiting), "ladder", "briefs", "999"])


def test_a_cancel_says_what_the_job_had_put_in_use_before(db: Database, ana: Actor, config: Settings) -> None:
    def under_way(checkpoint: dict[str, Any]) -> tuple[int, JobContext]:
        job_id = jobs.start(db, ana, "round").id
        job = jobrun.take(db, "a", ["round"])
        assert job is not None
        context = JobContext(db, config, job, "a")
        with context.write(checkpoint):
            pass
        return job_id, context

    said = "Cancelled; version 7 stays in use."
    running, context = under_way({"share": 0.1, "changed": "version 7 stays in use"})
    jobs.cancel(db, ana, running)
    context.cancel()
    with pytest.raises(jobrun.Cancelled, match=said):
        context.report(0.2, "Step")
    assert jobrun._conclude(context, "a", jobrun.Cancelled(said)) == "cancelled"
    assert jobs.look(db, ana, running).message == said

    put_back, _ = under_way({"changed": "version 7 stays in use"})
    with db.write() as session:
        rows.release(session, put_back, "a")
    jobs.cancel(db, ana, put_back)
    assert jobs.look(db, ana, put_back).message == said

    died, _ = under_way({"changed": "version 7 stays in use"})
    jobs.cancel(db, ana, died)
    with db.write() as session:
        session.get_one(Job, died).lease_until = None
        rows.reclaim(session, utc_now())
    assert jobs.look(db, ana, died).message == said
