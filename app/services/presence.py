"""Who is at work on this home folder: the age of a small file that a worker or a writer touches.

A mark, not a row: it changes every few seconds, is worth nothing after a minute, and must never make anybody wait
for the database. A kill leaves it behind, so only its age counts. Leaves out jobs (db/jobs.py).
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from relate_engine.config import Settings

Mark = Literal["worker", "drafting"]
ALIVE_S: dict[Mark, float] = {"worker": 20.0, "drafting": 15.0}  # a mark older than this is nobody's


def mark(config: Settings, what: Mark) -> None:
    """Says "here, now". A full or read-only disk is no reason to stop working."""
    with suppress(OSError):
        path = _path(config, what)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def unmark(config: Settings, what: Mark) -> None:
    """Says "gone"."""
    with suppress(OSError):
        _path(config, what).unlink(missing_ok=True)


def age(config: Settings, what: Mark) -> float | None:
    """Seconds since the last mark, 0 where the clock was set back; None where there is none."""
    try:
        return max(0.0, time.time() - _path(config, what).stat().st_mtime)
    except OSError:
        return None


def alive(config: Settings, what: Mark) -> bool:
    """Whether somebody was there a moment ago."""
    seconds = age(config, what)
    return seconds is not None and seconds <= ALIVE_S[what]


def _path(config: Settings, what: Mark) -> Path:
    return config.home / "work" / f"{what}.alive"
