"""The jobs table as a queue: leases against a given clock, and who may start, see and cancel."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.components.jobs import in_plain_words
from app.services import doctor, jobrun, jobs, presence
from app.services.people import Actor, Forbidden, NotFound
from db import jobs as rows
from db.jobs import LEASE, LeaseLost
from db.models import ROLES, Job, User
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from tests.unit.studio import person

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KINDS = ("rewards",)


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


def claimed(db: Database, ana: Actor, owner: str = "a", now: datetime = NOON) -> int:
    job = jobs.start(db, ana, "rewards")
    with db.write() as session:
        found = rows.claim(session, owner, KINDS, now)
        assert found is not None and found.id == job.id
    return job.id


def reclaimed(db: Database, now: datetime) -> list[str]:
    with db.write() as session:
        return [job.state for job in rows.reclaim(session, now)]


def job_of(db: Database, job_id: int) -> Job:
    with db.read() as session:
        return session.get_one(Job, job_id)


def test_a_lease_holds_to_its_last_moment_and_not_longer(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana)
    assert reclaimed(db, NOON + LEASE - timedelta(microseconds=1)) == []
    with db.write() as session:  # a heartbeat gives another 30 seconds from then
        rows.hold(session, job_id, "a", NOON + 29 * SECOND)
    assert reclaimed(db, NOON + LEASE) == []
    assert reclaimed(db, NOON + 59 * SECOND) == ["queued"]


def test_a_clock_set_back_neither_loses_a_living_job_nor_keeps_a_dead_one(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana)
    assert reclaimed(db, NOON - 20 * SECOND) == []  # a little: the lease is merely longer
    with db.write() as session:
        rows.hold(session, job_id, "a", NOON - timedelta(hours=1))  # the holder lives on the new clock
    assert reclaimed(db, NOON - timedelta(hours=1) + 5 * SECOND) == []
    assert reclaimed(db, NOON - timedelta(hours=2)) == ["queued"]  # set back again, and the holder is gone


def test_who_lost_its_lease_writes_nothing_more(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana, "a")
    later = NOON + timedelta(minutes=5)  # the machine slept
    with db.write() as session:
        rows.hold(session, job_id, "a", later, progress=0.2)  # nobody took it meanwhile: it is still a's
    reclaimed(db, later + LEASE)
    with db.write() as session:
        assert rows.claim(session, "b", KINDS, later + LEASE) is not None
    for write in (
        lambda s: rows.hold(s, job_id, "a", later, progress=0.9),
        lambda s: rows.keep_checkpoint(s, job_id, "a", later, {"step": 9}),
        lambda s: rows.end(s, job_id, "a", later, "done", "Done."),
        lambda s: rows.release(s, job_id, "a"),
    ):
        with pytest.raises(LeaseLost), db.write() as session:
            write(session)
    job = job_of(db, job_id)
    assert (job.state, job.lease_owner, job.progress, job.checkpoint) == ("running", "b", 0.2, None)


def test_three_attempts_without_a_step_forward_are_enough(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana)
    now = NOON
    with db.write() as session:
        rows.keep_checkpoint(session, job_id, "a", now, {"step": 1})
        rows.hold(session, job_id, "a", now, message="Measuring")
    for attempt in (1, 2, 3):
        assert job_of(db, job_id).attempts == attempt
        now += LEASE
        with db.write() as session:
            rows.reclaim(session, now)
            rows.claim(session, f"w{attempt}", KINDS, now)
        if attempt < 3:
            with db.write() as session:  # the same step again is none forward
                rows.keep_checkpoint(session, job_id, f"w{attempt}", now, {"step": 1})
    job = job_of(db, job_id)
    assert job.state == "failed" and job.finished_at == now
    assert job.message.startswith("The worker ended 3 times while it ran (last at “Measuring”)")


def test_a_step_forward_or_a_clean_end_is_no_failed_attempt(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana)
    now = NOON
    for step in range(6):  # six reboots, each after some progress
        with db.write() as session:
            rows.keep_checkpoint(session, job_id, "a", now, {"step": step})
        now += LEASE
        assert reclaimed(db, now) == ["queued"]
        with db.write() as session:
            again = rows.claim(session, "a", KINDS, now)
            assert again is not None and again.checkpoint == {"step": step}
    before = job_of(db, job_id).attempts
    with db.write() as session:
        rows.release(session, job_id, "a")
    job = job_of(db, job_id)
    assert (job.state, job.attempts, job.lease_owner) == ("queued", before - 1, None)


def test_jobs_are_claimed_in_order_and_only_of_known_kinds(db: Database, ana: Actor) -> None:
    first, second = jobs.start(db, ana, "rewards"), jobs.start(db, person(db, "admin", "Theirs"), "rewards")
    with db.write() as session:
        rows.enqueue(session, ana.workspace_id, ana.user_id, "of tomorrow", {})
        got = [rows.claim(session, "a", KINDS, NOON) for _ in range(3)]
    assert [job and job.id for job in got] == [first.id, second.id, None]


def test_the_second_of_a_kind_is_refused_and_named_another_workspace_is_free(db: Database, ana: Actor) -> None:
    first = jobs.start(db, ana, "rewards")
    with pytest.raises(BriefError, match=rf"^Job {first.id} already waits for the worker; .*\.$"):
        jobs.start(db, person(db, "admin"), "rewards")
    assert jobs.start(db, person(db, "analyst", "Theirs"), "rewards").state == "queued"
    jobs.cancel(db, ana, first.id)
    (ended,) = jobs.jobs(db, ana, "rewards")
    assert (ended.state, ended.open, ended.message) == ("cancelled", False, "Cancelled before it ran.")
    assert jobs.start(db, ana, "rewards").id != first.id
    with pytest.raises(BriefError, match="no kind of job 'cake'"):
        jobs.start(db, ana, "cake")


def test_the_shell_takes_no_waiting_job_for_one_that_asks_for_something_else(
    db: Database, ana: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round was queued on the page, and no worker is alive."""
    asked: list[dict[str, Any]] = []

    def body(context: jobrun.JobContext) -> dict[str, Any]:
        asked.append(context.request)
        return {}

    monkeypatch.setitem(jobs.KINDS, "round", jobs.Kind(body, "A round", "round.run"))
    config = Settings(home=tmp_path)
    waits = jobs.start(db, ana, "round")

    def run(request: dict[str, Any] | None) -> jobs.StoredJob:
        return jobs.run_here(db, ana, config, "round", lambda share, what: None, request)

    with pytest.raises(BriefError, match=rf"Job {waits.id} already waits .* \(the usual ones\); ask for the same"):
        run({"steps": 5})
    assert not asked and jobs.look(db, ana, waits.id).state == "queued"
    assert run(None).id == waits.id and asked == [{}]
    other = jobs.start(db, ana, "round", {"steps": 7})
    with pytest.raises(BriefError, match=r"other settings \(steps 7\)"):
        run({})
    assert run({"steps": 7}).id == other.id and asked[1:] == [{"steps": 7}]


def test_cancelling_what_runs_asks_and_what_ended_changes_nothing(db: Database, ana: Actor) -> None:
    job_id = claimed(db, ana)
    jobs.cancel(db, ana, job_id)
    now = jobs.look(db, ana, job_id)
    assert now.open and now.cancelling
    assert reclaimed(db, NOON + LEASE) == ["cancelled"]  # the worker died before it saw it
    jobs.cancel(db, ana, job_id)
    assert jobs.look(db, ana, job_id).state == "cancelled"


@pytest.mark.parametrize("role", ROLES)
def test_roles(db: Database, ana: Actor, role: Any) -> None:
    job = jobs.start(db, ana, "rewards")
    actor = person(db, role)
    assert [j.id for j in jobs.jobs(db, actor, "rewards")] == [job.id]  # everybody sees what is going on
    if role in ("analyst", "admin"):
        jobs.cancel(db, actor, job.id)
        jobs.start(db, actor, "rewards")
        return
    for call in (lambda: jobs.start(db, actor, "rewards"), lambda: jobs.cancel(db, actor, job.id)):
        with pytest.raises(Forbidden, match=rf"^Your role, {role}, may not train reward models"):
            call()
    assert jobs.look(db, ana, job.id).state == "queued"


def test_another_workspace_neither_sees_nor_cancels(db: Database, ana: Actor) -> None:
    job, stranger = jobs.start(db, ana, "rewards"), person(db, "admin", "Theirs")
    assert jobs.jobs(db, stranger, "rewards") == []
    for call in (jobs.cancel, jobs.look):
        with pytest.raises(NotFound, match="in your workspace"):
            call(db, stranger, job.id)
    with db.write() as session:
        rows.ask_cancel(session, stranger.workspace_id, job.id, NOON)
    assert jobs.look(db, ana, job.id).state == "queued"


@pytest.mark.parametrize(
    ("change", "said"), [({"role": "reviewer"}, "may not train"), ({"active": False}, "no longer")]
)
def test_rights_are_those_of_when_it_runs(
    db: Database, ana: Actor, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    waiting = jobs.start(db, ana, "rewards")
    with db.write() as session:
        for name, value in change.items():
            setattr(session.get_one(User, ana.user_id), name, value)
    admin = person(db, "admin")
    with pytest.raises(BriefError, match=said):  # the shell goes on with the job that waits
        jobs.run_here(db, admin, Settings(home=tmp_path), "rewards", lambda share, what: None)
    assert jobs.look(db, admin, waiting.id).state == "failed"


def test_a_round_is_told_without_the_names_of_its_steps() -> None:
    told = in_plain_words("preferences: 12 pairs of 30 shown sets (DPO)")
    assert told == "Learning from picks and rejections: 12 pairs of 30 shown sets"
    assert in_plain_words("grpo: step 3 of 60, reward 0.52") == "Training with rewards: step 3 of 60, reward 0.52"
    assert in_plain_words("sft skipped: too few").startswith("Learning from texts that people kept skipped: ")
    assert in_plain_words("Round 2 made grpo-77.") == "Round 2 made grpo-77."


def test_doctor_says_what_to_set_for_base_rates(tmp_path: Path) -> None:
    assert "RELATE_BASE_CTR" in doctor._base_rates(Settings(home=tmp_path)).value
    given = doctor._base_rates(Settings(home=tmp_path, base_ctr={"google_rsa": 0.06}))
    assert given.value == "CTR 6.00% of google_rsa"


def test_doctor_says_whether_a_worker_is_alive(db: Database, tmp_path: Path, ana: Actor) -> None:
    config = Settings(home=tmp_path, database_url=str(db.engine.url))

    def worker() -> Any:
        return next(item for item in doctor._database(config) if item.name == "worker")

    assert (worker().value[:11], worker().remedy) == ("not running", "")
    jobs.start(db, ana, "rewards")
    assert "jobs waiting for one: 1" in worker().remedy and "`relate worker`" in worker().remedy
    presence.mark(config, "worker")
    assert worker().value.startswith("alive") and not worker().remedy


def test_the_job_takes_one_core_while_somebody_drafts(
    db: Database, ana: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = [4]
    torch = SimpleNamespace(get_num_threads=lambda: threads[-1], set_num_threads=threads.append)
    monkeypatch.setitem(sys.modules, "torch", torch)
    config, job_id = Settings(home=tmp_path, threads=0), claimed(db, ana)
    context = jobrun.JobContext(db, config, job_of(db, job_id), "a")
    context.report(0.1, "Step")
    presence.mark(config, "drafting")
    context.report(0.2, "Step")
    assert threads[-1] == 1
    long_ago = time.time() - 60  # the writer is idle, or its process was killed
    os.utime(tmp_path / "work" / "drafting.alive", (long_ago, long_ago))
    context.report(0.3, "Step")
    assert threads[-1] == 4


def test_nothing_is_published_for_a_job_that_was_cancelled_or_lost(db: Database, ana: Actor, tmp_path: Path) -> None:
    job_id = claimed(db, ana)
    context = jobrun.JobContext(db, Settings(home=tmp_path), job_of(db, job_id), "a")
    jobs.cancel(db, ana, job_id)
    with pytest.raises(jobrun.Cancelled), context.write() as session:
        session.get_one(User, ana.user_id).name = "published"
    reclaimed(db, datetime.now(UTC) + 2 * LEASE)
    with pytest.raises(LeaseLost), context.write() as session:
        session.get_one(User, ana.user_id).name = "published"
    with db.read() as session:
        assert session.get_one(User, ana.user_id).name == "analyst"
