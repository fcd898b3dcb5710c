"""Real worker processes: killed and resumed, ended and resumed, cancelled, two at once; and the studio's own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.services import jobs, presence
from app.services.people import Actor
from db import jobs as rows
from db.models import Job
from db.session import Database
from relate_engine.config import ROOT, Settings
from tests.e2e.conftest import free_port
from tests.small_worker import SMALL
from tests.unit.studio import fresh, person

PATIENCE_S = 40.0
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    for name, kind in SMALL.items():
        monkeypatch.setitem(jobs.KINDS, name, kind)
    return fresh(tmp_path)


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts processes on the test's home, and leaves none behind."""
    made: list[subprocess.Popen[bytes]] = []

    def run(*module: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", *(module or ("tests.small_worker",))]
        environment = os.environ | {"RELATE_HOME": str(tmp_path)}
        log = (tmp_path / f"process-{len(made)}.log").open("wb")
        made.append(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, preexec_fn=_hears_ctrl_c)
        )
        log.close()
        return made[-1]

    yield run
    for process in made:
        if process.poll() is None:
            process.kill()
            process.wait()


def _hears_ctrl_c() -> None:
    """As from a terminal: tests that run in the background inherit a SIGINT that is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(true: Callable[[], Any], what: str) -> Any:
    """Waits for it to be true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"in {PATIENCE_S:.0f} s: not {what}")


def row(db: Database, job_id: int) -> Job:
    with db.read() as session:
        return session.get_one(Job, job_id)


def counting(db: Database, actor: Actor, folder: Path, steps: int, pause: float) -> int:
    return jobs.start(db, actor, "count", {"steps": steps, "pause": pause, "log": str(folder / "log")}).id


def finished(db: Database, job_id: int, at_least: int) -> bool:
    return len((row(db, job_id).checkpoint or {"finished": []})["finished"]) >= at_least


def ended(db: Database, job_id: int, state: str) -> Callable[[], bool]:
    return lambda: row(db, job_id).state == state


def begun(folder: Path) -> Counter[str]:
    """How often each "job step" was begun."""
    return Counter(line.rsplit(" ", 1)[0] for line in (folder / "log").read_text("utf-8").splitlines())


def test_a_killed_worker_loses_nothing_and_repeats_nothing_finished(
    db: Database, ana: Actor, start: Start, tmp_path: Path
) -> None:
    job_id = counting(db, ana, tmp_path, steps=8, pause=0.4)
    killed = start()
    until(lambda: finished(db, job_id, 3), "three steps done")
    killed.kill()
    killed.wait()
    left = row(db, job_id)
    assert left.state == "running" and left.checkpoint is not None
    kept = left.checkpoint["finished"]
    start()
    until(ended(db, job_id, "done"), "done by the second worker")
    job, times = row(db, job_id), begun(tmp_path)
    assert job.result is not None and job.result["finished"] == list(range(8)) and job.progress == 1.0
    assert job.message == "Counted 8." and job.lease_owner is None
    assert all(times[f"{job_id} {step}"] == 1 for step in kept)  # what was finished was not begun again
    assert sum(times.values()) <= 9  # at most the step that was cut off
    assert not (tmp_path / "work" / str(job_id)).exists()


def test_a_worker_that_is_asked_to_end_puts_its_job_back(
    db: Database, ana: Actor, start: Start, tmp_path: Path
) -> None:
    job_id = counting(db, ana, tmp_path, steps=4, pause=0.3)
    asked = start()
    until(lambda: finished(db, job_id, 1), "a step done")
    asked.terminate()
    assert asked.wait(PATIENCE_S) == 0
    job = row(db, job_id)
    assert (job.state, job.attempts, job.lease_owner) == ("queued", 0, None) and job.checkpoint is not None
    assert presence.age(Settings(home=tmp_path), "worker") is None  # it said goodbye
    assert start("tests.small_worker", "--once").wait(PATIENCE_S) == 0
    assert row(db, job_id).state == "done" and max(begun(tmp_path).values()) == 1


def test_one_that_is_stuck_is_left_behind(db: Database, ana: Actor, start: Start) -> None:
    job_id = jobs.start(db, ana, "stuck").id
    asked = start()
    until(lambda: row(db, job_id).checkpoint, "begun")
    asked.terminate()
    assert asked.wait(10) == 0
    assert row(db, job_id).state == "queued"


def test_cancel_reaches_a_running_job_and_the_worker_goes_on(
    db: Database, ana: Actor, start: Start, tmp_path: Path
) -> None:
    job_id = counting(db, ana, tmp_path, steps=500, pause=0.05)
    start()
    until(lambda: row(db, job_id).progress > 0, "under way")
    jobs.cancel(db, ana, job_id)
    until(ended(db, job_id, "cancelled"), "cancelled")
    job = jobs.look(db, ana, job_id)
    assert job.message == "Cancelled; nothing was changed." and job.finished_at is not None
    again = counting(db, ana, tmp_path, steps=1, pause=0.0)
    until(ended(db, again, "done"), "the next job done by the same worker")


def test_two_workers_never_run_one_job_twice(db: Database, ana: Actor, start: Start, tmp_path: Path) -> None:
    request = {"steps": 2, "pause": 0.02, "log": str(tmp_path / "log")}
    with db.write() as session:
        ids = [rows.enqueue(session, ana.workspace_id, ana.user_id, "count", request).id for _ in range(12)]
    start(), start()
    until(lambda: all(row(db, job_id).state == "done" for job_id in ids), "all twelve done")
    assert begun(tmp_path) == {f"{job_id} {step}": 1 for job_id in ids for step in range(2)}
    assert all(row(db, job_id).attempts == 1 for job_id in ids)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            return True
    except OSError:
        return False


def _child(parent: psutil.Process, word: str, old: int = 0) -> psutil.Process | None:
    """The child with this word among its arguments and another id than `old`."""
    return next((p for p in parent.children() if p.pid != old and _running(p) and word in p.cmdline()), None)


def test_the_studio_and_its_worker_live_and_die_together(start: Start, tmp_path: Path) -> None:
    config, port = Settings(home=tmp_path), free_port()
    studio = start("app.cli", "studio", "--port", str(port))
    parent = psutil.Process(studio.pid)
    until(lambda: _healthy(port) and presence.alive(config, "worker"), "both running")
    worker, pages = _child(parent, "worker"), _child(parent, "streamlit")
    assert worker is not None and pages is not None
    worker.kill()  # a crash: it comes again, and the studio says so
    second = until(lambda: _child(parent, "worker", worker.pid), "a second worker")
    assert "the worker ended (signal SIGKILL)" in (tmp_path / "process-0.log").read_text("utf-8")

    studio.send_signal(signal.SIGINT)
    assert studio.wait(PATIENCE_S) == 0
    assert not _running(second) and not _running(pages)
    assert "Traceback" not in (tmp_path / "process-0.log").read_text("utf-8")


def test_nothing_outlives_a_studio_that_is_killed(start: Start, tmp_path: Path) -> None:
    studio = start("app.cli", "studio", "--port", str(free_port()))
    parent = psutil.Process(studio.pid)
    children = until(lambda: len(found := parent.children()) == 2 and found, "both begun")
    until(lambda: presence.alive(Settings(home=tmp_path), "worker"), "the worker at work")
    studio.kill()
    studio.wait()
    until(lambda: not any(_running(child) for child in children), "both gone")


def _running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
