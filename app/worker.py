"""The worker: one process that takes jobs and runs them, one at a time, niced.

`relate worker`, or with the studio. It takes back what a killed worker left, keeps its lease while a job runs, says
that it is alive, and ends cleanly when asked (SIGTERM, Ctrl-C): the job goes back to the line with its checkpoint.
Two workers on one database are safe; on two cores one is enough. Every minute it sees to what falls due by the clock:
texts allowed until a day that has passed go back to review, texts whose looks are complete since a reviewer left are
decided, and work folders of jobs that are over go. Leaves out the jobs themselves (services/jobs.py).
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from app.services import jobs, presence, review_status
from app.services.jobrun import BEAT_S, LEASE, JobContext, new_owner, run, take
from db.session import Database, StorageError, open_database
from relate_engine.config import Settings

IDLE_S = 1.0  # between two looks for work
UPKEEP_S = 60.0  # between two looks at what falls due by the clock
NICE = 10
_log = logging.getLogger("relate")


def work(config: Settings, once: bool = False, lease: timedelta = LEASE, beat_s: float = BEAT_S) -> int:
    """Runs jobs until it is asked to end; `once`: at most one. Returns the exit code.

    Raises StorageError where the database does not open; later trouble of the database is waited out."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _ending(stop))
    os.nice(max(0, NICE - os.nice(0)))
    _quiet_log()
    db, owner = open_database(config.database), new_owner()
    alive = _every(beat_s, lambda: presence.mark(config, "worker"))
    upkeep = _every(UPKEEP_S, lambda: _upkeep(db, config))
    behind = False
    _log.info("worker %s waits for jobs", os.getpid())
    while not stop.is_set():
        alive()
        upkeep()
        try:
            job = take(db, owner, jobs.KINDS, lease)
            if job is not None:
                _log.info("job %s (%s) begins, attempt %s", job.id, job.kind, job.attempts)
                body = jobs.checked(jobs.KINDS[job.kind])
                state = run(db, config, job, owner, body, stop, lease, beat_s, watch=_watching(alive, upkeep))
                _log.info("job %s: %s", job.id, state)
                behind = stop.is_set() and any(t.name == f"job-{job.id}" for t in threading.enumerate())
        except StorageError as error:
            job = None
            _log.warning("%s", error)
        if once or behind:
            break
        if job is None:
            if "torch" in sys.modules and not stop.is_set():
                _begin_afresh()
            stop.wait(IDLE_S)
    presence.unmark(config, "worker")
    _log.info("worker %s ends", os.getpid())
    if behind:  # its body did not come to a report; it has no lease any more, and must not hold up the end
        sys.stderr.flush()
        os._exit(0)
    return 0


def _ending(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def ending(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    return ending


def _every(seconds: float, do: Callable[[], None]) -> Callable[[], None]:
    """`do`, at most once in so many seconds."""
    last = float("-inf")

    def perhaps() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            do()

    return perhaps


def _watching(*each: Callable[[], None]) -> Callable[[JobContext], None]:
    def watch(_context: JobContext) -> None:
        for do in each:
            do()

    return watch


def _upkeep(db: Database, config: Settings) -> None:
    """What falls due by the clock, while a long job runs too. A database that is busy is met again a minute later."""
    try:
        if swept := jobs.sweep(db, config):
            _log.info("work folders of jobs that are over, removed: %s", swept)
        if reopened := review_status.reopen_everywhere(db):
            _log.info("%s texts are in review again: the day until which they were allowed has passed", reopened)
        if decided := review_status.decide_everywhere(db):
            _log.info("%s texts in review are decided: the looks that are asked for now are complete", decided)
    except StorageError as error:
        _log.warning("%s", error)


def _begin_afresh() -> None:
    """Becomes a new worker of the same id and parent: half a gigabyte of models goes back while there is no work."""
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


def _quiet_log() -> None:
    """The program's own messages, one line each, on standard error."""
    if _log.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False
