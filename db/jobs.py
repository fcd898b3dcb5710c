"""The jobs table as a queue: enqueue, claim by lease, hold, end, cancel, begin again, and take back what died.

A job belongs to the worker whose name is on its lease until the lease runs out; whoever writes for a job says that
name, so a worker that lost its job (it slept, its machine did) changes nothing more. Every function that changes
rows expects a `Database.write()` session: writers take turns, so two workers never claim one job. Times are given,
never read, so a clock can be tested. Leaves out who may do what, and running (app/services).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.models import Job

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 3
OPEN = ("queued", "running")
Ended = Literal["done", "failed", "cancelled"]


class LeaseLost(RuntimeError):  # noqa: N818
    """The job is no longer this worker's: its lease ran out and it was taken back."""


def enqueue(session: Session, workspace_id: int, author_id: int, kind: str, request: Mapping[str, Any]) -> Job:
    """A new job at the end of the line."""
    job = Job(workspace_id=workspace_id, author_id=author_id, kind=kind, request=dict(request))
    session.add(job)
    session.flush()
    return job


def jobs(session: Session, workspace_id: int, kind: str, most: int = 20) -> Sequence[Job]:
    """A workspace's jobs of a kind, newest first."""
    query = select(Job).where(Job.workspace_id == workspace_id, Job.kind == kind)
    return session.scalars(query.order_by(Job.id.desc()).limit(most)).all()


def open_job(session: Session, workspace_id: int, kind: str) -> Job | None:
    """The job of this kind that waits or runs in the workspace, if any."""
    query = select(Job).where(Job.workspace_id == workspace_id, Job.kind == kind, Job.state.in_(OPEN))
    return session.scalar(query.order_by(Job.id).limit(1))


def waiting(session: Session) -> int:
    """How many jobs of all workspaces wait for a worker."""
    return session.scalar(select(func.count()).where(Job.state == "queued")) or 0


def ask_cancel(session: Session, workspace_id: int, job_id: int, now: datetime) -> None:
    """A waiting job is cancelled at once, a running one is asked to stop; an ended or foreign one stays as it is."""
    mine = Job.workspace_id == workspace_id, Job.id == job_id, Job.state.in_(OPEN)
    job = session.scalar(select(Job).where(*mine))
    if job is None:
        return
    job.cancel = True
    if job.state == "queued":
        job.state, job.finished_at = "cancelled", now
        job.message = cancelled(job.checkpoint) if job.checkpoint else "Cancelled before it ran."


def cancelled(checkpoint: Mapping[str, Any] | None) -> str:
    """What is said of a cancelled job. One that puts something in use before it ends says so in its checkpoint, under
    "changed"."""
    return f"Cancelled; {(checkpoint or {}).get('changed') or 'nothing was changed'}."


def again(session: Session, workspace_id: int, author_id: int, job_id: int) -> None:
    """A failed job goes back to the line with its checkpoint, for the person who asks; another stays as it is."""
    values: dict[str, Any] = {"state": "queued", "attempts": 0, "cancel": False, "message": "", "finished_at": None}
    failed = update(Job).where(Job.workspace_id == workspace_id, Job.id == job_id, Job.state == "failed")
    session.execute(failed.values(author_id=author_id, **values))


def over(session: Session, ids: Collection[int], retried: Collection[str]) -> list[int]:
    """Which of these jobs have ended for good. One of the kinds `retried` that failed with a checkpoint may go on
    until a newer one of its kind is begun in its workspace."""
    ended = session.scalars(select(Job).where(Job.id.in_(ids), Job.state.not_in(OPEN)).order_by(Job.id)).all()
    return [job.id for job in ended if not (job.kind in retried and may_go_on(session, job))]


def may_go_on(session: Session, job: Job) -> bool:
    """Whether a job failed with a checkpoint and is the newest of its kind in its workspace."""
    if job.state != "failed" or job.checkpoint is None:
        return False
    return [newest.id for newest in jobs(session, job.workspace_id, job.kind, 1)] == [job.id]


# What a worker does, for all workspaces


def work_to_do(session: Session, kinds: Collection[str], now: datetime, lease: timedelta = LEASE) -> bool:
    """Whether there is something to claim or to take back: a look without the write lock."""
    queued = and_(Job.state == "queued", Job.kind.in_(kinds))
    return session.scalar(select(Job.id).where(or_(queued, _expired(now, lease))).limit(1)) is not None


def reclaim(session: Session, now: datetime, lease: timedelta = LEASE) -> list[Job]:
    """Takes back jobs whose lease ran out: to the line with their checkpoint; failed after MOST_ATTEMPTS."""
    lost = session.scalars(select(Job).where(_expired(now, lease)).order_by(Job.id)).all()
    for job in lost:
        job.lease_owner = job.lease_until = None
        if job.cancel:
            changed = (job.checkpoint or {}).get("changed")
            job.state, job.finished_at = "cancelled", now
            job.message = cancelled(job.checkpoint) if changed else "Cancelled."
        elif job.attempts >= MOST_ATTEMPTS:
            job.state, job.finished_at = "failed", now
            job.message = (
                f"The worker ended {job.attempts} times while it ran (last at “{job.message or 'the start'}”); "
                "see its log, free some memory and start it again."
            )
        else:
            job.state = "queued"
    return list(lost)


def claim(
    session: Session,
    owner: str,
    kinds: Collection[str],
    now: datetime,
    lease: timedelta = LEASE,
    job_id: int | None = None,
) -> Job | None:
    """The oldest waiting job of these kinds (or the one named), leased to `owner`; None where there is none."""
    query = select(Job).where(Job.state == "queued", Job.kind.in_(kinds))
    if job_id is not None:
        query = query.where(Job.id == job_id)
    job = session.scalar(query.order_by(Job.id).limit(1))
    if job is None:
        return None
    job.state, job.attempts = "running", job.attempts + 1
    job.lease_owner, job.lease_until, job.heartbeat_at = owner, now + lease, now
    session.flush()
    return job


def hold(session: Session, job_id: int, owner: str, now: datetime, lease: timedelta = LEASE, **values: Any) -> bool:
    """Extends the lease and writes `values` (progress, message); returns whether somebody asked to cancel.

    Raises LeaseLost where the job is no longer `owner`'s; then nothing is written."""
    _mine(session, job_id, owner, lease_until=now + lease, heartbeat_at=now, **values)
    return bool(session.scalar(select(Job.cancel).where(Job.id == job_id)))


def keep_checkpoint(
    session: Session, job_id: int, owner: str, now: datetime, checkpoint: Mapping[str, Any], lease: timedelta = LEASE
) -> None:
    """Writes how far the job is. Attempts are counted from the last step forward: many reboots fail no long job."""
    before = session.scalar(select(Job.checkpoint).where(Job.id == job_id))
    forward: dict[str, Any] = {"attempts": 1} if before != dict(checkpoint) else {}
    hold(session, job_id, owner, now, lease, checkpoint=dict(checkpoint), **forward)


def end(
    session: Session,
    job_id: int,
    owner: str,
    now: datetime,
    state: Ended,
    message: str,
    result: Mapping[str, Any] | None = None,
) -> None:
    """The job is over; `message` is one sentence. Raises LeaseLost where it is no longer `owner`'s."""
    values: dict[str, Any] = {"state": state, "message": message, "finished_at": now}
    if state == "done":
        values |= {"progress": 1.0, "result": dict(result or {})}
    _mine(session, job_id, owner, lease_owner=None, lease_until=None, heartbeat_at=now, **values)


def release(session: Session, job_id: int, owner: str) -> None:
    """Back to the line with its checkpoint, because the worker ends; this is no failed attempt."""
    values: dict[str, Any] = {"lease_owner": None, "lease_until": None, "attempts": Job.attempts - 1}
    _mine(session, job_id, owner, state="queued", **values)


def _mine(session: Session, job_id: int, owner: str, **values: Any) -> None:
    mine = update(Job).where(Job.id == job_id, Job.lease_owner == owner, Job.state == "running")
    found = session.execute(mine.values(**values).returning(Job.id)).first()
    if found is None:
        raise LeaseLost(f"Job {job_id} was taken back from this worker, because it had not been heard of in time.")


def _expired(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Running jobs whose lease has run out, has none, or ends later than this clock could have given: it was set
    back. The holder, if it lives, writes a new end within seconds."""
    over = or_(Job.lease_until.is_(None), Job.lease_until <= now, Job.lease_until > now + 2 * lease)
    return and_(Job.state == "running", over)
