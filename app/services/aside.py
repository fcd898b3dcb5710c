"""Small files that keep what somebody has not saved yet, so that a refresh, a closed browser or an ended session loses
nothing. One file for each person and thing below the home folder. A file, not a row: nobody else sees it, it has no
history, and no writer of the database waits for it. Of two tabs of one person the last change is kept.

Leaves out what is kept (ad_working.py, draft_working.py), and who may: they ask.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.services.people import Actor
from relate_engine.config import Settings

ROOMS = ("briefs", "wordings", "benches")  # of draft_working.py and ad_working.py


@dataclass(frozen=True)
class Aside:
    """What a file holds, and when it was changed last."""

    name: str
    held: dict[str, Any]
    at: datetime


def put(config: Settings, actor: Actor, room: str, name: str, held: dict[str, Any]) -> bool:
    """Keeps `held` in place of what was kept under this name; False where the disk refuses, which stops nobody."""
    file = _folder(config, actor, room) / f"{name}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".new")
        half.write_text(json.dumps(held), "utf-8")
        half.replace(file)
    except OSError:
        return False
    return True


def drop(config: Settings, actor: Actor, room: str, name: str) -> None:
    """It is saved or no longer wanted."""
    with suppress(OSError):
        (_folder(config, actor, room) / f"{name}.json").unlink(missing_ok=True)


def get(config: Settings, actor: Actor, room: str, name: str) -> Aside | None:
    """What is kept under a name; None where nothing is, or the file is damaged."""
    file = _folder(config, actor, room) / f"{name}.json"
    try:
        held = json.loads(file.read_text("utf-8"))
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, ValueError):
        return None
    return Aside(name, held, at) if isinstance(held, dict) else None


def every(config: Settings, actor: Actor, room: str, pattern: str = "*") -> list[Aside]:
    """All that the actor keeps in a room, changed last first."""
    try:
        names = [file.stem for file in _folder(config, actor, room).glob(f"{pattern}.json")]
    except OSError:
        return []
    found = [kept for name in names if (kept := get(config, actor, room, name)) is not None]
    return sorted(found, key=lambda kept: kept.at, reverse=True)


def rooms(config: Settings) -> list[Path]:
    """The folders of all rooms. A restore puts them away: the database gives the numbers of people and things that they
    go by to others after it."""
    return [config.home / "work" / room for room in ROOMS]


def _folder(config: Settings, actor: Actor, room: str) -> Path:
    return config.home / "work" / room / f"{actor.workspace_id}-{actor.user_id}"
