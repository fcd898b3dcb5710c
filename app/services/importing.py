"""Campaign results come in: a file is read, staged, made visible at once, and can be undone.

Rows are staged in short transactions while other writers go on; one last, short one makes all of them count.
Until then nothing is visible, so a kill, a full disk or a refused file changes nothing. The same file twice is
told and not stored again; the same rows in another file count once, and of rows whose days overlap those that cover
more days, or else the newer ones (import_overlap.py). What a file is: relate_engine/results. What training gets:
`observations`.
"""

import csv
import hashlib
import io
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.services import audit
from app.services.exporting_table import escaped
from app.services.import_overlap import left_out, older_rows, replace
from app.services.import_report import Report, report_of
from app.services.import_staging import Progress, leave_out, stage
from app.services.people import Actor, own, require
from db import models
from db import results as queries
from db.session import Database
from relate_engine.brief import Brief, parse_brief
from relate_engine.results.lessons import Counted, Lessons, lessons
from relate_engine.results.lines import ResultsError
from relate_engine.results.match import Matcher
from relate_engine.results.observation import Observation
from relate_engine.results.overlap import Days
from relate_engine.results.reading import Options, open_results
from relate_engine.results.rows import ResultRow, row_from_json

MOST_REJECTED = 200_000
ABANDONED = timedelta(hours=1)  # a staged import older than this lost its process
BREATH_S = 0.02  # between batches of deleting, so that other writers get their turn


@dataclass(frozen=True)
class StoredImport:
    id: int
    name: str
    state: str  # "visible" or "undone"
    created_at: datetime
    undone_at: datetime | None
    report: Report


def import_file(
    db: Database,
    actor: Actor,
    name: str,
    source: bytes | Path,
    options: Options = Options(),
    progress: Progress | None = None,
) -> Report:
    """Reads, stages and makes visible a file of results. Raises ResultsError for a file that is none."""
    require(actor, "results.import")
    name = Path(name).name[:255]
    content = _hash(source)
    with db.read() as session:
        if found := queries.visible_import(session, actor.workspace_id, content):
            return report_of(found, already=True)
        before = queries.visible_ids(session, actor.workspace_id)
        left = queries.unfinished(session, actor.workspace_id, datetime.now(UTC) - ABANDONED)
    for import_id in left:
        _discard(db, import_id)
    reading = open_results(source, name, options)
    with db.read() as session:
        matcher = Matcher(queries.drafted(session, actor.workspace_id))
    with db.write() as session:
        row = models.Import(
            workspace_id=actor.workspace_id, author_id=actor.user_id, name=name, content=content, summary={},
            format=reading.layout.format, placement=reading.layout.placement,
        )  # fmt: skip
        session.add(row)
        session.flush()
        import_id = row.id
    owner = {"workspace_id": actor.workspace_id, "author_id": actor.user_id, "import_id": import_id}
    try:
        tally = stage(db, owner, reading, matcher, progress)
        older = older_rows(db, actor.workspace_id, import_id, tally.days, before)
        why = left_out(older)
        leave_out(db, owner, reading, tally, why)
        summary = tally.summary(reading)
        summary["notes"] += replace(db, owner, older, why)
        return _publish(db, actor, import_id, content, summary, tally.days, before)
    except BaseException:  # also Ctrl-C and a closed page: what was staged must not stay
        with suppress(Exception):
            _discard(db, import_id)
        raise


def list_imports(db: Database, actor: Actor) -> list[StoredImport]:
    """The workspace's imports, undone ones too, newest first."""
    require(actor, "results.read")
    with db.read() as session:
        return [
            StoredImport(row.id, row.name, row.state, row.created_at, row.undone_at, report_of(row))
            for row in queries.imports(session, actor.workspace_id)
        ]


def undo_import(db: Database, actor: Actor, import_id: int) -> None:
    """Takes an import back: its rows count no longer and are deleted; what they had replaced counts again.

    Raises ResultsError for one that is still being read: its process is adding rows."""
    require(actor, "results.import")
    with db.write() as session:
        row = own(session, actor, models.Import, import_id, "import")
        if row.state == "staged":
            raise ResultsError(f"Import {import_id} is still being read; wait until it has ended, then undo it.")
        if row.state == "visible":
            row.state, row.undone_at = "undone", models.utc_now()
            audit.note(session, actor, "import.undo", "import", import_id, name=row.name)
    _delete(db, import_id, rejected_too=False)


def rejected_csv(db: Database, actor: Actor, import_id: int) -> bytes:
    """The rows of an import that could not be used: line, reason and what they held; no cell runs as a formula."""
    require(actor, "results.read")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    with db.read() as session:
        own(session, actor, models.Import, import_id, "import")
        rows = queries.rejected(session, actor.workspace_id, import_id, MOST_REJECTED)
        writer.writerow(["line", "reason", "cells"])
        for row in rows:
            writer.writerow([row.line, escaped(row.reason), *map(escaped, row.cells)])
    return out.getvalue().encode("utf-8-sig")


def taught(db: Database, actor: Actor, lag_days: int) -> Lessons:
    """What the workspace's visible results teach, and how many rows teach nothing or no CVR, by reason."""
    require(actor, "results.read")
    with db.read() as session:
        stored = list(_stored(queries.counting_rows(session, actor.workspace_id)))
        ids = [text_id for _, _, text_ids in stored for text_id in text_ids if text_id]
        payloads = queries.briefs_of(session, actor.workspace_id, ids)
    sets: dict[int, Brief] = {}
    for set_id, payload in payloads.values():
        if set_id not in sets:
            sets[set_id] = parse_brief(payload)
    rows = [
        Counted(
            row,
            imported,
            {pair: sets[payloads[i][0]] for pair, i in zip(row.texts, text_ids, strict=True) if i in payloads},
        )
        for row, imported, text_ids in stored
    ]
    return lessons(rows, lag_days, str(actor.workspace_id))


def observations(db: Database, actor: Actor, lag_days: int = 7) -> list[Observation]:
    """What training gets of the workspace's visible results. `lag_days`: the setting conversion_lag_days."""
    return taught(db, actor, lag_days).observations


def _stored(rows: Iterable[Any]) -> Iterator[tuple[ResultRow, date, list[int | None]]]:
    for line, impressions, clicks, conversions, meaning, created_at in rows:
        text_ids = meaning.pop("text_ids")
        yield row_from_json(line, impressions, clicks, conversions, meaning), created_at.date(), text_ids


def _publish(
    db: Database, actor: Actor, import_id: int, content: str, summary: dict[str, Any], days: Days, looked: set[int]
) -> Report:
    """The one short transaction that makes the rows count. A file without one good row is kept as undone.

    `looked`: the imports whose overlap was looked at. If another one became visible meanwhile, its rows were staged
    among these, so neither is the newer: where they overlap, this one gives way."""
    with db.write() as session:
        fresh = queries.visible_ids(session, actor.workspace_id) - looked
        report = None if fresh else _end(session, actor, import_id, content, summary)
    if report is None:
        if older_rows(db, actor.workspace_id, import_id, days, fresh):
            raise ResultsError(
                "Another import of the same ads and days ended while this file was read, so nothing was changed; "
                "import it again."
            )
        return _publish(db, actor, import_id, content, summary, days, looked | fresh)
    if report.already:
        _discard(db, import_id)
    return report


def _end(session: Session, actor: Actor, import_id: int, content: str, summary: dict[str, Any]) -> Report:
    if twin := queries.visible_import(session, actor.workspace_id, content):
        return report_of(twin, already=True)  # somebody imported the same file meanwhile
    row = session.get_one(models.Import, import_id)
    row.summary, row.finished_at = summary, models.utc_now()
    if summary["kept"]:
        row.state = "visible"
        audit.note(session, actor, "import.finish", "import", import_id, name=row.name, rows=summary["kept"])
    else:
        row.state, row.undone_at = "undone", models.utc_now()
    return report_of(row)


def _discard(db: Database, import_id: int) -> None:
    """Removes an import that never became visible, with everything staged for it."""
    _delete(db, import_id, rejected_too=True)
    with db.write() as session:
        row = session.get(models.Import, import_id)
        if row is not None and row.state == "staged":
            session.delete(row)


def _delete(db: Database, import_id: int, rejected_too: bool) -> None:
    while True:
        with db.write() as session:
            row = session.get(models.Import, import_id)
            if row is None or row.state == "visible":
                return
            if queries.delete_batch(session, import_id, rejected_too) == 0:
                return
        time.sleep(BREATH_S)


def _hash(source: bytes | Path) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    try:
        with source.open("rb") as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()
    except FileNotFoundError:
        raise ResultsError(f"There is no file {source.name}; check the path.") from None
    except IsADirectoryError:
        raise ResultsError(f"{source.name} is a folder; give the path of a file in it.") from None
    except OSError as error:
        raise ResultsError(f"{source.name} cannot be read ({error.strerror}); check its permissions.") from None
