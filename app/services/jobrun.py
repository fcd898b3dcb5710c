"""Running one job in this process: its body in a thread, its lease and the wish to stop in this one.

A body is a plain function `(JobContext) -> result`. It says how far it is with `report`, which is also where it ends
when somebody cancels, the worker is asked to end, or the job was taken back. What must survive a kill goes into
`checkpoint` and the work folder. Whatever it publishes is written inside `context.write()`, which holds the lease.
The folder goes when the job ends, but stays where it failed with a checkpoint: it may go on from there (jobs.resume).
Leaves out which bodies there are and who may start them (jobs.py), and the loop (app/worker.py).
"""

import logging
import os
import shutil
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.services import presence
from app.services.people import Actor, actor_of
from app.services.trouble import sentence
from db import jobs as rows
from db.jobs import LEASE, LeaseLost
from db.models import Job, utc_now
from db.session import Database, StorageError
from relate_engine.config import Settings

BEAT_S = 5.0  # between two extensions of the lease
REPORT_S = 0.5  # progress is written at most this often
STUBBORN = 5  # times more a checkpoint or the end of a job is written before it is given up
GRACE_S = 5.0  # how long a body that is asked to end may take to reach its next report
Body = Callable[["JobContext"], dict[str, Any]]
Say = Callable[[float, str], None]  # share and message
_log = logging.getLogger("relate")


class Cancelled(RuntimeError):  # noqa: N818
    """Somebody asked the job to stop; its checkpoint says what it has changed before (db.jobs.cancelled)."""


class Stopped(RuntimeError):  # noqa: N818
    """The worker is asked to end; the job goes back to the line with its checkpoint."""


def new_owner() -> str:
    """The name of a worker on its leases: host:pid:uuid, so that a pid used again is another worker."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex}"


def folder_of(config: Settings, job_id: int) -> Path:
    """Where a job keeps what must survive a kill."""
    return config.home / "work" / str(job_id)


def take(
    db: Database, owner: str, kinds: Collection[str], lease: timedelta = LEASE, job_id: int | None = None
) -> Job | None:
    """Takes back what died, then claims the next job of these kinds (or the one named) for `owner`."""
    with db.read() as session:
        if not rows.work_to_do(session, kinds, utc_now(), lease):
            return None
    with db.write() as session:
        for job in rows.reclaim(session, utc_now(), lease):
            _log.warning("job %s was taken back from a worker that ended: %s", job.id, job.state)
        return rows.claim(session, owner, kinds, utc_now(), lease, job_id)


class JobContext:
    """What a body knows of its job and says about it. Used from the body's thread."""

    def __init__(self, db: Database, config: Settings, job: Job, owner: str, lease: timedelta = LEASE) -> None:
        self.db, self.config = db, config
        self.job_id, self.workspace_id, self.author_id = job.id, job.workspace_id, job.author_id
        self.request: dict[str, Any] = dict(job.request)
        self.last: dict[str, Any] | None = job.checkpoint  # the last checkpoint; None: begin
        self.folder = folder_of(config, job.id)  # its own, until the job is over
        self.stopping = threading.Event()
        self._owner, self._lease = owner, lease
        self._cancel, self._lost = job.cancel, False
        self.told = job.progress, job.message  # the last report
        self._written, self._written_at = self.told, 0.0
        self._threads: int | None = None

    def actor(self) -> Actor:
        """Who started the job, with the role of now. Raises NotFound where the person has left."""
        with self.db.read() as session:
            return actor_of(session, self.author_id)

    def report(self, share: float, message: str) -> None:
        """How far it is, 0 to 1, and what it does. Raises Cancelled, Stopped or LeaseLost to end the body here."""
        self.told = min(1.0, max(0.0, share)), message  # NaN becomes 0
        now = time.monotonic()
        if now - self._written_at >= REPORT_S and self.told != self._written:
            self._written_at = now
            self.beat()
        self._share_cores()
        if self._lost:
            raise LeaseLost("The job was taken back from this worker.")
        if self._cancel:
            raise Cancelled(rows.cancelled(self.last))
        if self.stopping.is_set():
            raise Stopped("The worker is ending.")

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel; the next report ends the body."""
        return self._cancel

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """What the next attempt finds in `last`, whatever happens to this process from now on. JSON only."""

        def keep(session: Session) -> None:
            rows.keep_checkpoint(session, self.job_id, self._owner, utc_now(), state, self._lease)

        _stubbornly(self.db, keep)
        self.last = dict(state)

    @contextmanager
    def write(self, checkpoint: Mapping[str, Any] | None = None) -> Iterator[Session]:
        """A writing session that holds the lease: what it writes is published by the one worker that has the job.
        A `checkpoint` is kept in the same transaction."""
        with self.db.write() as session:
            if rows.hold(session, self.job_id, self._owner, utc_now(), self._lease):
                self._cancel = True
                raise Cancelled(rows.cancelled(self.last))
            yield session
            if checkpoint is not None:
                rows.keep_checkpoint(session, self.job_id, self._owner, utc_now(), checkpoint, self._lease)
        if checkpoint is not None:
            self.last = dict(checkpoint)

    def cancel(self) -> None:
        """Ends the body at its next report."""
        self._cancel = True

    def beat(self) -> None:
        """Extends the lease, writes the last report and looks for a wish to cancel. A database that is busy or full
        is met again at the next beat."""
        share, message = self._written = self.told
        values = {"progress": share, "message": message}
        try:
            with self.db.write() as session:
                if rows.hold(session, self.job_id, self._owner, utc_now(), self._lease, **values):
                    self.cancel()
        except LeaseLost:
            self._lost = True
        except StorageError as error:
            _log.warning("job %s: %s", self.job_id, error)

    def _share_cores(self) -> None:
        """One torch thread while somebody drafts: two busy torch processes slow each other tenfold on two cores."""
        torch = sys.modules.get("torch")
        if torch is None:
            return
        if self._threads is None:
            self._threads = self.config.threads or torch.get_num_threads()
        torch.set_num_threads(1 if presence.alive(self.config, "drafting") else self._threads)


def run(
    db: Database,
    config: Settings,
    job: Job,
    owner: str,
    body: Body,
    stop: threading.Event,
    lease: timedelta = LEASE,
    beat_s: float = BEAT_S,
    watch: Callable[[JobContext], None] = lambda context: None,
) -> str:
    """Runs a claimed job to its end and returns its state then: done, failed, cancelled, queued (`stop`) or lost.

    `watch` is called five times a second. After `stop` the body has GRACE_S to reach a report; then it is left
    behind in its daemon thread without a lease, and the process should end."""
    context = JobContext(db, config, job, owner, lease)
    outcome: list[dict[str, Any] | BaseException] = []
    over = threading.Event()

    def work() -> None:
        try:
            if context.last is None:
                shutil.rmtree(context.folder, ignore_errors=True)  # an attempt that left no checkpoint
            context.folder.mkdir(parents=True, exist_ok=True)
            outcome.append(body(context))
        except BaseException as error:  # whatever it was, the table must not say "running" for ever
            outcome.append(error)
        finally:
            over.set()

    threading.Thread(target=work, name=f"job-{job.id}", daemon=True).start()
    beaten, interrupted = time.monotonic(), False
    try:
        while not over.wait(0.2) and not stop.is_set():
            watch(context)
            if time.monotonic() - beaten >= beat_s:
                context.beat()
                beaten = time.monotonic()
    except KeyboardInterrupt:  # only in the shell; a worker turns it into `stop`
        interrupted = True
        context.cancel()
    if not over.is_set():
        context.stopping.set()
        over.wait(GRACE_S)
    try:
        state = _conclude(context, owner, outcome[0] if outcome else Stopped("The worker is ending."))
    except LeaseLost as error:
        _log.warning("%s", error)
        state = "lost"
    if interrupted:
        raise KeyboardInterrupt
    return state


def _conclude(context: JobContext, owner: str, outcome: dict[str, Any] | BaseException) -> str:
    """Writes how the job ended."""
    if isinstance(outcome, LeaseLost):
        raise outcome
    if isinstance(outcome, Stopped) and not context.cancelled():
        with context.db.write() as session:
            rows.release(session, context.job_id, owner)
        return "queued"
    result: dict[str, Any] | None = None
    state: rows.Ended
    if isinstance(outcome, dict):
        state, result, message = "done", outcome, str(outcome.get("message") or "Done.")
    elif isinstance(outcome, (Cancelled, Stopped)):
        state, message = "cancelled", rows.cancelled(context.last)
    else:
        state, message = "failed", sentence(outcome, "The job")
        _log.error("job %s failed", context.job_id, exc_info=outcome)
    _stubbornly(context.db, lambda session: rows.end(session, context.job_id, owner, utc_now(), state, message, result))
    if state != "failed" or context.last is None:
        shutil.rmtree(context.folder, ignore_errors=True)
    return state


def _stubbornly(db: Database, write: Callable[[Session], None]) -> None:
    """Writes, again and again for a while: hours of work are not thrown away for a busy database."""
    for left in range(STUBBORN, -1, -1):
        try:
            with db.write() as session:
                write(session)
            return
        except StorageError:
            if not left:
                raise
            time.sleep(1)
