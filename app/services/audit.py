"""The audit log: who did what to which object, with which versions; rows are only ever added.

A service that changes something notes it in the same transaction (`note`), so neither is ever saved without the other.
Each row holds the hash of the one before it in its workspace, so a changed, removed or inserted row shows (`verify`);
cutting off the newest rows does not, unless the last hash was kept elsewhere (an export holds it).
Leaves out who may read it (people.py) and how it is shown.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services.people import Actor, require
from db.models import AuditEvent, utc_now
from db.session import Database

BEGINNING = "0" * 64  # what the first row of a workspace names as the one before it


@dataclass(frozen=True)
class Verified:
    """What `verify` found. `broken_at`: the first row whose chain or content does not hold, None if all do."""

    events: int
    last_hash: str
    broken_at: int | None
    why: str = ""


def note(
    session: Session,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: int | None = None,
    versions: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    """Adds one event inside the caller's write transaction. `action` is "object.verb"; `detail` is plain data."""
    last = session.scalar(
        select(AuditEvent.hash)
        .where(AuditEvent.workspace_id == actor.workspace_id)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    row = AuditEvent(
        workspace_id=actor.workspace_id, author_id=actor.user_id, created_at=utc_now(), action=action,
        object_type=object_type, object_id=object_id, versions=dict(versions or {}), detail=detail,
        previous=last or BEGINNING, hash="",
    )  # fmt: skip
    row.hash = hash_of(row)
    session.add(row)
    session.flush()


def hash_of(row: AuditEvent) -> str:
    """SHA-256 over the row's content and the hash of the row before it."""
    content = [
        row.previous, row.workspace_id, row.author_id, row.created_at.isoformat(), row.action, row.object_type,
        row.object_id, row.versions, row.detail,
    ]  # fmt: skip
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def verify(db: Database, actor: Actor) -> Verified:
    """Walks the chain of the actor's workspace from its beginning."""
    require(actor, "audit.read")
    expected, count = BEGINNING, 0
    with db.read() as session:
        query = select(AuditEvent).where(AuditEvent.workspace_id == actor.workspace_id).order_by(AuditEvent.id)
        for row in session.scalars(query.execution_options(yield_per=1000)):
            if row.previous != expected:
                return Verified(count, expected, row.id, "a row before it was removed, added or moved")
            if row.hash != hash_of(row):
                return Verified(count, expected, row.id, "its content was changed")
            expected, count = row.hash, count + 1
    return Verified(count, expected, None)
