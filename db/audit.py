"""The questions asked of the audit log. Every one takes a workspace and answers from that one only.

A page is found by ids alone and then read, so it is quick at a million rows whatever is filtered. Times follow ids
(rows are only ever added), so a filter of days becomes a range of ids. Nothing here writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from db.models import AuditEvent, User, Workspace

MOST_KINDS = 300  # of actions or of object types that a filter offers
CHUNK = 1000
COLUMNS: tuple[Any, ...] = (
    AuditEvent.id, AuditEvent.workspace_id, AuditEvent.author_id, AuditEvent.created_at, AuditEvent.action,
    AuditEvent.object_type, AuditEvent.object_id, AuditEvent.versions, AuditEvent.detail, AuditEvent.previous,
    AuditEvent.hash,
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which rows: None is any. `since` and `until` are [since, until)."""

    author_id: int | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(
    session: Session, workspace_id: int, wanted: Filter, before: int | None, limit: int
) -> Sequence[Row[tuple[Any, ...]]]:
    """Up to `limit` rows older than the row `before`, newest first."""
    ids = _ids(session, workspace_id, wanted)
    if before is not None:
        ids = ids.where(AuditEvent.id < before)
    found = session.scalars(ids.order_by(AuditEvent.id.desc()).limit(limit)).all()
    return session.execute(select(*COLUMNS).where(AuditEvent.id.in_(found)).order_by(AuditEvent.id.desc())).all()


def rows(session: Session, workspace_id: int, wanted: Filter = Filter()) -> Iterator[Row[tuple[Any, ...]]]:
    """Every row, oldest first, read in chunks by id."""
    ids = _ids(session, workspace_id, wanted)
    last = 0
    while found := session.scalars(ids.where(AuditEvent.id > last).order_by(AuditEvent.id).limit(CHUNK)).all():
        low, last = found[0], found[-1]
        query = select(*COLUMNS).where(AuditEvent.id.in_(found), AuditEvent.id >= low).order_by(AuditEvent.id)
        yield from session.execute(query)


def count(session: Session, workspace_id: int) -> int:
    return session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.workspace_id == workspace_id)) or 0


def last_hash(session: Session, workspace_id: int) -> str | None:
    """The hash of the newest row."""
    query = select(AuditEvent.hash).where(AuditEvent.workspace_id == workspace_id)
    return session.scalar(query.order_by(AuditEvent.id.desc()).limit(1))


def actions(session: Session, workspace_id: int) -> list[str]:
    """The actions that occur, one step through the index each."""
    return _distinct(session, workspace_id, AuditEvent.action)


def object_types(session: Session, workspace_id: int) -> list[str]:
    """The kinds of object that occur."""
    return _distinct(session, workspace_id, AuditEvent.object_type)


def people(session: Session, workspace_id: int) -> dict[int, str]:
    """The names of everybody who is or was in the workspace, by id."""
    query = select(User.id, User.name).where(User.workspace_id == workspace_id).order_by(User.name)
    return {row.id: row.name for row in session.execute(query)}


def workspaces(session: Session) -> list[tuple[int, str]]:
    """All workspaces: for the shell of the machine only."""
    return [(row.id, row.name) for row in session.execute(select(Workspace.id, Workspace.name).order_by(Workspace.id))]


def _distinct(session: Session, workspace_id: int, column: Any) -> list[str]:
    found: list[str] = []
    while len(found) < MOST_KINDS:
        query = select(func.min(column)).where(AuditEvent.workspace_id == workspace_id)
        one = session.scalar(query.where(column > found[-1]) if found else query)
        if one is None:
            break
        found.append(one)
    return found


def _ids(session: Session, workspace_id: int, wanted: Filter) -> Select[int]:
    where: list[ColumnElement[bool]] = [AuditEvent.workspace_id == workspace_id]
    if wanted.author_id is not None:
        where.append(AuditEvent.author_id == wanted.author_id)
    if wanted.action is not None:
        where.append(AuditEvent.action == wanted.action)
    if wanted.object_type is not None:
        where.append(AuditEvent.object_type == wanted.object_type)
    if wanted.object_id is not None:
        where.append(AuditEvent.object_id == wanted.object_id)
    at = select(AuditEvent.id).where(AuditEvent.workspace_id == workspace_id).limit(1)
    if wanted.since is not None:
        first = session.scalar(
            at.where(AuditEvent.created_at >= wanted.since).order_by(AuditEvent.created_at, AuditEvent.id)
        )
        where.append(AuditEvent.id >= (first if first is not None else _NEVER))
    if wanted.until is not None:
        last = session.scalar(
            at.where(AuditEvent.created_at < wanted.until).order_by(AuditEvent.created_at.desc(), AuditEvent.id.desc())
        )
        where.append(AuditEvent.id <= (last if last is not None else 0))
    return select(AuditEvent.id).where(*where)


_NEVER = 2**31 - 1
