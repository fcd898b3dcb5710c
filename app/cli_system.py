"""The part of the `relate` command that runs the program itself: set-up, studio, worker, doctor.

The studio is two processes under this one, the page server and the worker, that start and end together. A worker
that crashes is started again; its job goes on from the checkpoint. Leaves out what they do (app/main.py, worker.py).
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from relate_engine.config import ROOT, Settings

END_S = 15.0  # a child that has not ended by then is killed
LOOK_S = 0.3
RESTARTS_S = (1.0, 60.0)  # a worker that crashes is started again after so long, doubled each time up to the second
STEADY_S = 60.0  # one that ran this long crashes "for the first time"


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands; `command` makes one."""
    command("setup", _setup, "fetch the base weights and prepare the database")
    sub = command("studio", open_studio, "open the studio in the browser, with a worker beside it")
    sub.add_argument("--port", type=int)
    sub.add_argument("--address", help="where to listen; 0.0.0.0 lets others in and needs a sign-in (docs/sign-in.md)")
    sub = command("worker", _worker, "run the jobs that wait: training on results")
    sub.add_argument("--once", action="store_true", help="at most one job, then end")
    command("doctor", _doctor, "what is loaded, and what is wrong with its remedy")


def _setup(args: argparse.Namespace, config: Settings) -> int:
    from relate_engine.policy.weights import fetch_encoder, fetch_policy

    if config.base_model == "smollm2":
        print(f"Writer: {fetch_policy(config.cache)}")
    print(f"Encoder: {fetch_encoder(config.cache)}")
    from db.session import open_database

    open_database(config.database)
    print(f"Database: {config.database}")
    return 0


def _worker(args: argparse.Namespace, config: Settings) -> int:
    from app.worker import work

    return work(config, args.once)


def _doctor(args: argparse.Namespace, config: Settings) -> int:
    from app.services.doctor import examine

    wrong = 0
    for item in examine(config):
        wrong += bool(item.remedy)
        print(f"{'✗' if item.remedy else '✓'} {item.name:10} {item.value}")
        if item.remedy:
            print(f"  → {item.remedy}")
    return 1 if wrong else 0


def open_studio(args: argparse.Namespace, config: Settings) -> int:
    """Page server and worker, until one is asked to end; `args`: port and address, None for the usual ones."""
    from app.services import address

    host = address.address_of(args.address)
    if refused := address.refusal(host, address.sign_in_configured()):
        raise ValueError(refused)
    options = ["--server.address", host, *(["--server.port", str(args.port)] if args.port else [])]
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:  # nohup
            signal.signal(name, _interrupt)
    print(f"Opening the studio at http://{f'[{host}]' if ':' in host else host}:{args.port or 8501}", flush=True)
    studio = _child("streamlit", "run", str(ROOT / "app" / "main.py"), *options)
    worker, started, pause = _child("app.cli", "worker"), time.monotonic(), RESTARTS_S[0]
    again: float | None = None
    try:
        while studio.poll() is None:
            time.sleep(LOOK_S)
            if worker.poll() is None:
                continue
            if again is None:
                pause = RESTARTS_S[0] if time.monotonic() - started > STEADY_S else pause
                _say(f"the worker ended ({_code(worker)}); it is started again in {pause:.0f} s")
                again, pause = time.monotonic() + pause, min(2 * pause, RESTARTS_S[1])
            elif time.monotonic() >= again:
                worker, started, again = _child("app.cli", "worker"), time.monotonic(), None
        _say(f"the page server ended ({_code(studio)})")
        return studio.returncode
    except KeyboardInterrupt:
        return 0
    finally:
        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):  # a second Ctrl-C must not leave half of it running
            signal.signal(name, signal.SIG_IGN)
        _end(studio, worker)


def _child(*module: str) -> "subprocess.Popen[bytes]":
    """A process that ends with this one; Ctrl-C in the terminal reaches it only through `_end`."""
    command = [sys.executable, "-m", "app.child", *module]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


def _end(*children: "subprocess.Popen[bytes]") -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    end = time.monotonic() + END_S
    for child in children:
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _code(child: "subprocess.Popen[bytes]") -> str:
    code = child.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _say(line: str) -> None:
    print(f"relate: {line}", file=sys.stderr, flush=True)
