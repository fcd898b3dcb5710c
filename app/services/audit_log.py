"""Reading the audit log: a page of it, newest first, each row in words. Paged by id, so a million rows are no slower.

An action is "object.verb", so most sentences are made from their parts; a new action reads well without a change
here. Leaves out writing and verifying (audit.py) and exports (audit_export.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services.people import Actor, names_in, require
from db import audit as rows
from db.audit import Filter
from db.session import Database

__all__ = ["Choices", "Event", "Filter", "Page", "action_words", "choices", "detail_rows", "page"]

PAGE = 25
_PAST = {  # verbs that "-ed" does not make past
    "send": "sent", "put": "put", "undo": "undid", "set": "set", "withdraw": "withdrew", "begin": "began",
    "rollback": "rolled back", "cancel": "cancelled", "signin": "signed in", "signout": "signed out", "give": "gave",
    "take": "took", "make": "made", "write": "wrote", "edit": "edited", "live": "marked as live", "use": "put in use",
    "submit": "submitted", "role": "changed the role of", "settings": "changed the settings of",
    "trial": "started a trial of", "trial_stop": "ended the trial of", "train": "trained", "permit": "permitted",
    "comment": "commented on", "unpick": "took back the choice on",
    "read": "read", "stop": "stopped", "drop": "dropped", "plan": "planned", "pin": "pinned", "begin_round": "began",
}  # fmt: skip
_NOUNS = {
    "user": "person", "version": "version", "ad_revision": "revision of an ad", "sign_in": "session",
    "rule_set": "rule set", "gold_text": "gold text", "gold": "gold verdict",
    "audit": "the audit log", "brief": "brief", "database": "database",
    "policy": "writer version", "reward": "reward version", "table": "table",
}  # fmt: skip
_SAME = {  # an action's object and the kind of its row, where one word says both
    ("version", "policy"), ("version", "reward"), ("version", "rule"), ("rules", "rule"), ("person", "user"),
    ("session", "sign_in"), ("client", "job"), ("rule", "rule_set"), ("rule", "version"),
}  # fmt: skip
_NAMES = ("name", "version", "title", "email", "person", "label", "file")  # of detail: what an object is called


@dataclass(frozen=True)
class Event:
    """One row of the log. `words`: who did what to which object, with which versions."""

    id: int
    at: datetime
    author_id: int
    person: str
    action: str
    object_type: str
    object_id: int | None
    versions: dict[str, str]
    detail: dict[str, Any]
    previous: str
    hash: str

    @property
    def words(self) -> str:
        return f"{self.person} {what(self.action, self.object_type, self.object_id, self.detail)}{_with(self.versions)}"


@dataclass(frozen=True)
class Page:
    """Some events, newest first, and the id to ask for older ones with; None at the end."""

    events: tuple[Event, ...]
    older: int | None


@dataclass(frozen=True)
class Choices:
    """What the filters of the page offer."""

    people: dict[int, str]
    actions: tuple[str, ...]
    object_types: tuple[str, ...]


def page(db: Database, actor: Actor, wanted: Filter = Filter(), before: int | None = None, limit: int = PAGE) -> Page:
    """Events of the actor's workspace that pass the filter, older than the event `before`."""
    require(actor, "audit.read")
    with db.read() as session:
        found = rows.page(session, actor.workspace_id, wanted, before, limit + 1)
        names = people_in(session, actor)
    events = tuple(event_of(row, names) for row in found[:limit])
    return Page(events, events[-1].id if len(found) > limit else None)


def choices(db: Database, actor: Actor) -> Choices:
    """Everybody of the workspace, and the actions and kinds of object that occur in its log."""
    require(actor, "audit.read")
    with db.read() as session:
        return Choices(
            people_in(session, actor),
            tuple(rows.actions(session, actor.workspace_id)),
            tuple(rows.object_types(session, actor.workspace_id)),
        )


def people_in(session: Session, actor: Actor) -> dict[int, str]:
    """Everybody who is or was in the workspace, by name; what its shell did is "This computer" to others."""
    named = names_in(session, actor, rows.people(session, actor.workspace_id))
    return dict(sorted(named.items(), key=lambda one: one[1]))


def event_of(row: Any, names: Mapping[int, str]) -> Event:
    """The record of a result row."""
    return Event(
        row.id, row.created_at, row.author_id, names.get(row.author_id, f"person {row.author_id}"), row.action,
        row.object_type, row.object_id, dict(row.versions), dict(row.detail), row.previous, row.hash,
    )  # fmt: skip


def what(action: str, object_type: str, object_id: int | None, detail: Mapping[str, Any]) -> str:
    """The sentence after the name: "approved text 12", "changed the settings of workspace 1"."""
    head, _, verb = action.rpartition(".")
    called = next((str(detail[name]) for name in _NAMES if isinstance(detail.get(name), str) and detail[name]), "")
    thing = noun(object_type) + (f" {object_id}" if object_id is not None else "")
    several = detail.get(f"{object_type}s")
    if object_id is None and isinstance(several, list):  # what one act did to many
        thing = f"{len(several):,} {noun(object_type)}{'' if len(several) == 1 else 's'}"
    if head and head != object_type and (head, object_type) not in _SAME:  # "verdict.withdraw" of a text
        thing = f"the {noun(head)} of {thing}"
    return f"{past(verb)} {thing}{f' “{_short(called)}”' if called else ''}"


def past(verb: str) -> str:
    """ "approve" → "approved"; of several words the first changes: "send_back" → "sent back"."""
    if verb in _PAST:
        return _PAST[verb]
    first, *rest = verb.replace("-", "_").split("_")
    if first in _PAST:
        done = _PAST[first]
    elif first.endswith("e"):
        done = f"{first}d"
    elif first.endswith("y") and first[-2:-1] not in "aeiou":
        done = f"{first[:-1]}ied"
    else:
        done = f"{first}ed"
    return " ".join([done, *rest])


def noun(object_type: str) -> str:
    """A kind of object in words."""
    return _NOUNS.get(object_type, object_type.replace("_", " "))


def action_words(action: str) -> str:
    """An action for a list to choose from: "text.approve" → "approved text"."""
    thing, _, verb = action.rpartition(".")
    return f"{past(verb)} {noun(thing)}".strip()


def detail_rows(event: Event) -> list[tuple[str, str]]:
    """All of an event, as name and value, for a person to read; its time as the hash and an export hold it."""
    told = [
        ("Time (UTC, as exported)", event.at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")),
        ("Person", f"{event.person} (id {event.author_id})"),
        ("Action", event.action),
        ("Object", event.object_type + (f" {event.object_id}" if event.object_id is not None else "")),
    ]
    told += [(f"Version of {name}", value) for name, value in sorted(event.versions.items())]
    told += [(name.replace("_", " "), _plain(value)) for name, value in event.detail.items()]
    return [*told, ("Hash of the row before", event.previous), ("Hash of this row", event.hash)]


def _with(versions: Mapping[str, str]) -> str:
    told = [f"{name} {version.removeprefix(f'{name}:')}" for name, version in sorted(versions.items())]
    return f" (with {', '.join(told)})" if told else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(name: str, most: int = 60) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
