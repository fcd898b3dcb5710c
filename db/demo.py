"""Setting back the times of rows just made, for the demo's past weeks. Nothing else may: what happened stays as it was.

The audit log, people and workspaces keep their times: the log's hashes cover them, and it tells when the demo was made.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import DateTime, func, select, update

from db.base import UTCDateTime, utc_now
from db.models import Base
from db.session import Database

KEPT = ("audit_events", "users", "workspaces", "sign_ins", "invitations", "jobs")
TIMES = ("created_at", "updated_at", "finished_at")


def newest_ids(db: Database) -> dict[str, int]:
    """The newest id of each table whose times may be set back."""
    with db.read() as session:
        return {name: session.scalar(select(func.max(table.c.id))) or 0 for name, table in _tables().items()}


def set_back(db: Database, after: dict[str, int], by: timedelta) -> None:
    """Sets the times of every row newer than `after` back to one moment, `by` before now."""
    moment = utc_now() - by
    with db.write() as session:
        for name, table in _tables().items():
            columns = [
                table.c[c] for c in TIMES if c in table.c and isinstance(table.c[c].type, (UTCDateTime, DateTime))
            ]
            values: Any = {column.name: moment for column in columns}
            session.execute(update(table).where(table.c.id > after[name]).values(values))


def _tables() -> dict[str, Any]:
    return {name: table for name, table in Base.metadata.tables.items() if name not in KEPT}
