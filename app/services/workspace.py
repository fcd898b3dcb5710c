"""A workspace's own name and settings: which there are, what they start as, what they may be.

They lie as one JSON object in the workspace's row; a name that is missing there, unknown or out of range counts as its
default, so an older or newer program reads it too. Leaves out settings of the machine (relate_engine/config.py).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import audit, review_status
from app.services.people import Actor, NotFound, require
from db.models import Workspace
from db.session import Database, StorageError

NAME_LENGTH = 120
OVERLAP = (1, 5)


class SettingError(ValueError):
    """A name or setting that cannot be; its text is one sentence for the person."""


@dataclass(frozen=True)
class WorkspaceSettings:
    export_approved_only: bool = False  # files for platforms hold approved texts only; the plain table holds all
    review_overlap: int = 2  # how many reviewers judge each text


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "export_approved_only": (lambda value: isinstance(value, bool), "on or off"),
    "review_overlap": (
        lambda value: type(value) is int and OVERLAP[0] <= value <= OVERLAP[1],
        f"a whole number from {OVERLAP[0]} to {OVERLAP[1]}",
    ),
}


def workspace_settings(session: Session, actor: Actor) -> WorkspaceSettings:
    """The settings of the actor's workspace, for services; asks nothing, because what it guards has asked."""
    return _read(_row(session, actor))


def name_of(session: Session, actor: Actor) -> str:
    """What the actor's workspace is called."""
    return _row(session, actor).name


def change_settings(db: Database, actor: Actor, changes: Mapping[str, Any]) -> WorkspaceSettings:
    """Saves the settings named in `changes`; what stays as it was is not noted. Texts whose looks are complete with
    another number of them are decided afterwards, some at a time: others write meanwhile."""
    require(actor, "people.manage")
    for name, value in changes.items():
        if name not in _CHECKS:
            raise SettingError(f"There is no workspace setting '{name}'; choose one of {', '.join(_CHECKS)}.")
        fits, words = _CHECKS[name]
        if not fits(value):
            raise SettingError(f"The setting {name} is {value!r}; it must be {words}.")
    with db.write() as session:
        row = _row(session, actor)
        before = asdict(_read(row))
        changed = {name: value for name, value in changes.items() if before[name] != value}
        if changed:
            row.settings = row.settings | changed  # a new object, or the change would not be seen
            was = {name: before[name] for name in changed}
            audit.note(session, actor, "workspace.settings", "workspace", row.id, before=was, after=changed)
        now = _read(row)
    if "review_overlap" in changed:
        with suppress(StorageError):  # the number is saved; the worker decides the rest
            review_status.decide_complete(db, actor.workspace_id, actor)
    return now


def rename(db: Database, actor: Actor, name: str) -> str:
    """Gives the workspace another name, unlike that of any other; returns it as saved."""
    require(actor, "people.manage")
    wanted = clean_name(name)
    with db.write() as session:
        row = _row(session, actor)
        if wanted != row.name:
            refuse_taken(session, wanted)
            before, row.name = row.name, wanted
            audit.note(session, actor, "workspace.rename", "workspace", row.id, before=before, after=wanted)
        return row.name


def clean_name(name: str) -> str:
    """A workspace's name without stray blanks, or a SettingError."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > NAME_LENGTH or not wanted.isprintable():
        raise SettingError(f"A workspace needs a name of 1 to {NAME_LENGTH} characters.")
    return wanted


def refuse_taken(session: Session, name: str) -> None:
    """SettingError if a workspace has this name already."""
    if session.scalar(select(Workspace.id).where(Workspace.name == name)) is not None:
        raise SettingError(f"Another workspace is called '{name}'; choose another name.")


def _row(session: Session, actor: Actor) -> Workspace:
    row = session.get(Workspace, actor.workspace_id)
    if row is None:
        raise NotFound("Your workspace is no longer there; sign in again.")
    return row


def _read(row: Workspace) -> WorkspaceSettings:
    stored = row.settings or {}
    return WorkspaceSettings(**{n: stored[n] for n, (fits, _) in _CHECKS.items() if n in stored and fits(stored[n])})
