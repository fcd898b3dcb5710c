"""Jobs for the worker: start, cancel, look, go on after a failure. The one list of what kinds there are.

One job of a kind waits or runs in a workspace at a time. A job started from the shell runs there where no worker is
alive, so `relate train rewards` needs none; else the shell only follows.
Leaves out what a body may use and how it ends (jobrun.py), and the loop (app/worker.py).
"""

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import audit, client_job, jobrun, learning, presence, rounds, rulebook_recheck
from app.services.jobrun import Body, JobContext, Say
from app.services.people import Action, Actor, may, own, require
from db import jobs as rows
from db.models import Job, utc_now
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings

LOOK_S = 0.5
SWEPT = 500  # work folders asked about at a time


@dataclass(frozen=True)
class Kind:
    """A kind of job: its body, what it is in a sentence ("…the predictions…"), and what its starter must be allowed.

    `follows`: it is what an act that was allowed brings with it, so it is done even where its starter has left since.
    `resumes`: one that failed keeps its work folder, and can go on from its last checkpoint.
    """

    run: Body
    title: str
    action: Action
    follows: bool = False
    resumes: bool = False


KINDS: dict[str, Kind] = {
    "rewards": Kind(learning.rewards_job, "Updating the predictions from campaign results", "rewards.train"),
    "round": Kind(rounds.round_job, "A round: the writer learns from feedback and rewards", "round.run", resumes=True),
    rulebook_recheck.RECHECK: Kind(
        rulebook_recheck.recheck_job, "Checking approved and live texts by the new rules", "rule.write", follows=True
    ),
    client_job.KIND: Kind(client_job.client_job, "Scoring and drafting many briefs", "text.write"),
}


@dataclass(frozen=True)
class StoredJob:
    """A job as the table has it now."""

    id: int
    kind: str
    title: str
    state: str  # queued, running, done, failed or cancelled
    progress: float  # 0 to 1
    message: str
    cancelling: bool  # asked to stop, and still running
    attempts: int
    checkpoint: bool  # it left one
    created_at: datetime
    finished_at: datetime | None
    result: dict[str, Any] | None

    @property
    def open(self) -> bool:
        return self.state in rows.OPEN


def start(db: Database, actor: Actor, kind: str, request: Mapping[str, Any] | None = None) -> StoredJob:
    """Puts a job in the line. Raises BriefError where one of its kind is under way, naming it."""
    known = kind_of(kind)
    require(actor, known.action)
    with db.write() as session:
        first = rows.open_job(session, actor.workspace_id, kind)
        if first is not None:
            how = f"runs ({first.progress:.0%} done)" if first.state == "running" else "waits for the worker"
            raise BriefError(f"Job {first.id} already {how}; wait for it or cancel it.")
        job = rows.enqueue(session, actor.workspace_id, actor.user_id, kind, request or {})
        audit.note(session, actor, "job.start", "job", job.id, name=known.title, kind=kind)
        return _stored(job)


def cancel(db: Database, actor: Actor, job_id: int) -> None:
    """Ends a waiting job at once and a running one at its next report; NotFound for another workspace's."""
    require(actor, "job.read")
    with db.write() as session:
        job = own(session, actor, Job, job_id, "job")
        require(actor, kind_of(job.kind).action)
        if job.state in rows.OPEN and not job.cancel:
            audit.note(session, actor, "job.cancel", "job", job_id, name=kind_of(job.kind).title, kind=job.kind)
        rows.ask_cancel(session, actor.workspace_id, job_id, utc_now())


def resume(db: Database, actor: Actor, config: Settings, job_id: int) -> StoredJob:
    """Puts a failed job back in the line, to go on from its last checkpoint as the actor's.

    Raises NotFound for another workspace's, BriefError for one that cannot go on, with the reason."""
    require(actor, "job.read")
    with db.write() as session:
        job = own(session, actor, Job, job_id, "job")
        kind = kind_of(job.kind)
        require(actor, kind.action)
        if job.state != "failed":
            raise BriefError(f"Job {job_id} is {job.state}; only one that failed can go on from its last checkpoint.")
        if not kind.resumes or job.checkpoint is None or not jobrun.folder_of(config, job_id).is_dir():
            raise BriefError(f"Job {job_id} left nothing to go on from; start a new one.")
        if not rows.may_go_on(session, job):
            raise BriefError(f"A newer one was begun since job {job_id} failed, so it cannot go on.")
        audit.note(session, actor, "job.resume", "job", job_id, name=kind.title, kind=job.kind, failed=job.message)
        rows.again(session, actor.workspace_id, actor.user_id, job_id)
        session.refresh(job)
        return _stored(job)


def can_resume(actor: Actor, config: Settings, newest: StoredJob) -> bool:
    """Whether the actor may let this job, the newest of its kind, go on from its last checkpoint."""
    kind = kind_of(newest.kind)
    kept = newest.checkpoint and jobrun.folder_of(config, newest.id).is_dir()
    return bool(newest.state == "failed" and kind.resumes and kept and may(actor, kind.action))


def sweep(db: Database, config: Settings) -> int:
    """Removes the work folders of jobs that have ended and do not go on, however they ended; returns how many."""
    ids = sorted(int(p.name) for p in (config.home / "work").glob("*") if p.name.isdecimal() and p.is_dir())
    resumed = [name for name, kind in KINDS.items() if kind.resumes]
    over: list[int] = []
    for start in range(0, len(ids), SWEPT):
        with db.read() as session:
            over += rows.over(session, ids[start : start + SWEPT], resumed)
    for job_id in over:
        shutil.rmtree(jobrun.folder_of(config, job_id), ignore_errors=True)
    return len(over)


def jobs(db: Database, actor: Actor, kind: str, most: int = 20) -> list[StoredJob]:
    """The workspace's jobs of a kind, newest first."""
    require(actor, "job.read")
    with db.read() as session:
        return [_stored(job) for job in rows.jobs(session, actor.workspace_id, kind, most)]


def may_start(actor: Actor, kind: str) -> bool:
    """Whether the actor may start and cancel jobs of this kind."""
    return may(actor, kind_of(kind).action)


def worker_alive(config: Settings) -> bool:
    """Whether a worker process works on this home folder."""
    return presence.alive(config, "worker")


def kind_of(kind: str) -> Kind:
    """The kind of this name; BriefError for an unknown one."""
    if kind not in KINDS:
        raise BriefError(f"There is no kind of job '{kind}'; the kinds are {', '.join(KINDS)}.")
    return KINDS[kind]


def checked(kind: Kind) -> Body:
    """The body behind the check that its starter may still do this: roles change while a job waits."""

    def run(context: JobContext) -> dict[str, Any]:
        if not kind.follows:
            require(context.actor(), kind.action)
        return kind.run(context)

    return run


def run_here(
    db: Database, actor: Actor, config: Settings, kind: str, say: Say, request: Mapping[str, Any] | None = None,
    job: StoredJob | None = None,
) -> StoredJob:  # fmt: skip
    """Starts a job (or goes on with the one that waits) and stays with it to its end: runs it in this process, or
    follows the worker that took it. `job`: one of this kind to stay with, whoever has it by now; none is started then.

    Ctrl-C cancels it. Raises BriefError with the job's own sentence unless it is done, and for one that waits with
    another request."""
    require(actor, kind_of(kind).action)
    owner = jobrun.new_owner()
    job = job or _waiting(db, actor, kind, request or {}) or start(db, actor, kind, request)
    told = (-1.0, "")

    def tell(now: tuple[float, str]) -> None:
        nonlocal told
        if now != told and now[1]:
            say(*now)
        told = now

    try:
        while (now := look(db, actor, job.id)).open:
            mine = None if worker_alive(config) else jobrun.take(db, owner, [kind], job_id=job.id)
            if mine is None:
                tell((now.progress, now.message if now.state == "running" else "Waiting for the worker"))
                time.sleep(LOOK_S)
                continue
            body = checked(KINDS[kind])
            jobrun.run(db, config, mine, owner, body, threading.Event(), watch=lambda context: tell(context.told))
    except KeyboardInterrupt:
        cancel(db, actor, job.id)
        raise
    sweep(db, config)
    if now.state != "done":
        raise BriefError(now.message)
    return now


def _waiting(db: Database, actor: Actor, kind: str, request: Mapping[str, Any]) -> StoredJob | None:
    """The job of this kind that waits for a worker, also one whose worker died. BriefError where it is to do something
    else than `request`: it would be done in silence."""
    with db.write() as session:
        rows.reclaim(session, utc_now())
        job = rows.open_job(session, actor.workspace_id, kind)
    if job is None or job.state != "queued":
        return None
    if job.request != request:
        settings = ", ".join(f"{name} {value}" for name, value in job.request.items()) or "the usual ones"
        raise BriefError(
            f"Job {job.id} already waits for the worker with other settings ({settings}); ask for the same to go on "
            "with it, or cancel it."
        )
    return _stored(job)


def look(db: Database, actor: Actor, job_id: int) -> StoredJob:
    """One job of the workspace, or NotFound."""
    require(actor, "job.read")
    with db.read() as session:
        return _stored(own(session, actor, Job, job_id, "job"))


def _stored(job: Job) -> StoredJob:
    title = KINDS[job.kind].title if job.kind in KINDS else job.kind
    return StoredJob(
        job.id, job.kind, title, job.state, job.progress, job.message, job.cancel and job.state == "running",
        job.attempts, job.checkpoint is not None, job.created_at, job.finished_at, job.result,
    )  # fmt: skip
