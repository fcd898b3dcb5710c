"""The audit log as a file: a CSV for spreadsheets, or JSON lines that end with the last hash of the chain.

Whoever keeps that hash elsewhere can prove later that no row was cut off (audit.verify, `expect`). Taking a file is
itself noted, after its rows were read. Cells of the CSV that a spreadsheet would run as a formula are escaped.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, Literal

from app.services import audit
from app.services.audit_log import Event, event_of, people_in
from app.services.exporting_table import escaped
from app.services.people import Actor, require
from db import audit as rows
from db.audit import Filter
from db.models import utc_now
from db.session import Database

Format = Literal["csv", "jsonl"]
MIME: dict[Format, str] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
MOST_ON_PAGE = 100_000  # rows of a file made in memory for a browser; `relate audit export` writes any number
COLUMNS = ("id", "time_utc", "person", "person_id", "action", "object", "object_id", "in_words", "versions", "detail",
           "previous", "hash")  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """What was written. `last_hash` is that of the whole chain, whatever was filtered; `cut`: there were more rows."""

    events: int
    last_hash: str
    cut: bool


def export(
    db: Database,
    actor: Actor,
    out: IO[bytes],
    how: Format,
    wanted: Filter = Filter(),
    most: int | None = None,
) -> Exported:
    """Writes the events that pass the filter, oldest first, and notes that the file was taken."""
    require(actor, "audit.read")
    with db.read() as session:
        last = rows.last_hash(session, actor.workspace_id) or audit.BEGINNING
        names = people_in(session, actor)
        found = (event_of(row, names) for row in rows.rows(session, actor.workspace_id, wanted))
        some = found if most is None else islice(found, most)
        count = _csv(some, out) if how == "csv" else _lines(some, out)
        cut = next(found, None) is not None
        if how == "jsonl":
            whole = wanted == Filter() and not cut
            end = {"last_hash": last, "events": count, "whole_log": whole, "exported_at": utc_now().isoformat()}
            out.write((json.dumps(end) + "\n").encode())
    with db.write() as session:
        audit.note(session, actor, "audit.export", "audit", format=how, rows=count, last_hash=last)
    return Exported(count, last, cut)


def export_bytes(db: Database, actor: Actor, how: Format, wanted: Filter = Filter()) -> tuple[bytes, Exported]:
    """The same in memory, at most MOST_ON_PAGE rows."""
    out = io.BytesIO()
    made = export(db, actor, out, how, wanted, MOST_ON_PAGE)
    return out.getvalue(), made


def _lines(events: Iterator[Event], out: IO[bytes]) -> int:
    count = 0
    for event in events:
        out.write((json.dumps(asdict(event) | {"at": event.at.isoformat()}, ensure_ascii=False) + "\n").encode())
        count += 1
    return count


def _csv(events: Iterator[Event], out: IO[bytes]) -> int:
    out.write(b"\xef\xbb\xbf")
    count = 0
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for event in events:
        cells = (
            event.id, event.at.strftime("%Y-%m-%d %H:%M:%S"), event.person, event.author_id, event.action,
            event.object_type, event.object_id, event.words, json.dumps(event.versions, ensure_ascii=False),
            json.dumps(event.detail, ensure_ascii=False), event.previous, event.hash,
        )  # fmt: skip
        writer.writerow([escaped(cell) for cell in cells])
        count += 1
        if count % 1000 == 0:
            out.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    out.write(text.getvalue().encode())
    return count
