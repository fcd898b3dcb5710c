"""The audit log: who did what to which object, with which versions; rows are only ever added.

A service that changes something notes it in the same transaction (`note`), so neither is ever saved without the other.
Each row holds the hash of the one before it in its workspace, so a changed, removed or inserted row shows (`verify`);
cutting off the newest rows does not, unless the last hash was kept elsewhere (an export holds it; `verify` takes it).
Leaves out who may read it (people.py), and how it is listed (audit_log.py) and exported (audit_export.py).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.services.people import Actor, require
from db import audit as rows
from db.models import AuditEvent, utc_now
from db.session import Database
from relate_engine.brief import BriefError

BEGINNING = "0" * 64  # what the first row of a workspace names as the one before it
TELL = 5000  # rows between two words about progress


@dataclass(frozen=True)
class Verified:
    """What `verify` found. `broken_at`: the first row whose chain or content does not hold, None if all do.

    `expected`: whether the hash that was asked about is in the chain; None where none was, or the chain broke before.
    """

    events: int
    last_hash: str
    broken_at: int | None
    why: str = ""
    expected: bool | None = None

    @property
    def holds(self) -> bool:
        return self.broken_at is None and self.expected is not False

    @property
    def words(self) -> str:
        """One or two sentences for a person."""
        rows = f"{self.events:,} row{'' if self.events == 1 else 's'}"
        if self.broken_at is not None:
            return f"The chain breaks at row {self.broken_at}: {self.why}. The {rows} before it hold."
        if self.expected is False:
            return (
                f"The chain of {rows} holds in itself, but the hash you gave is not in it: rows that were there have "
                "been cut off, as when an older backup is restored, or it belongs to another workspace."
            )
        said = f"The chain holds: {rows}, last hash {self.last_hash}."
        return said + (" The hash you gave is in it." if self.expected else "")


def note(
    session: Session,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: int | None = None,
    versions: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    """Adds one event inside the caller's write transaction. `action` is "object.verb"; `detail` is plain data.

    What is no text (the bytes of a file's name that is not UTF-8) becomes a question mark: it could not be stored."""
    plain = json.dumps(detail, ensure_ascii=False).encode("utf-8", "replace")
    row = AuditEvent(
        workspace_id=actor.workspace_id, author_id=actor.user_id, created_at=utc_now(), action=action,
        object_type=object_type, object_id=object_id, versions=dict(versions or {}),
        detail=json.loads(plain),  # as it will be read back: no tuples, no numbers as names
        previous=rows.last_hash(session, actor.workspace_id) or BEGINNING, hash="",
    )  # fmt: skip
    row.hash = hash_of(row)
    session.add(row)
    session.flush()


def hash_of(row: Any) -> str:
    """SHA-256 over the content of an AuditEvent (or a result row with its columns) and the hash of the row before."""
    content = [
        row.previous, row.workspace_id, row.author_id, row.created_at.isoformat(), row.action, row.object_type,
        row.object_id, row.versions, row.detail,
    ]  # fmt: skip
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def verify(
    db: Database, actor: Actor, expect: str = "", progress: Callable[[int, int], None] | None = None
) -> Verified:
    """Walks the chain of the actor's workspace from its beginning; about 30,000 rows a second.

    `expect`: a last hash kept elsewhere, which must still be in the chain. BriefError where it is no hash.
    `progress` is told how many rows of how many are done.
    """
    require(actor, "audit.read")
    wanted = expect.strip().lower()
    if wanted and (len(wanted) != len(BEGINNING) or set(wanted) - set("0123456789abcdef")):
        raise BriefError("The hash to expect must be 64 characters of 0-9 and a-f, as an export ends with.")
    found = None if not wanted else wanted == BEGINNING
    expected, count = BEGINNING, 0
    with db.read() as session:
        total = rows.count(session, actor.workspace_id) if progress else 0
        for row in rows.rows(session, actor.workspace_id):
            if row.previous != expected:
                return Verified(count, expected, row.id, "a row before it was removed, added or moved")
            if row.hash != hash_of(row):
                return Verified(count, expected, row.id, "its content was changed")
            expected, count = row.hash, count + 1
            if expected == wanted:
                found = True
            if progress and count % TELL == 0:
                progress(count, max(total, count))
    return Verified(count, expected, None, expected=found)
