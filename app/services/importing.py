"""Campaign results come in: a file is read, staged, made visible at once, and can be undone.

Rows are staged in short transactions while other writers go on; one last, short one makes all of them count.
Until then nothing is visible, so a kill, a full disk or a refused file changes nothing. The same file twice is
told and not stored again; the same rows in another file count once (see db/results.py).
What a file is: relate_engine/results. What training gets: `observations`.
"""

import csv
import hashlib
import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from app.services import audit
from app.services.exporting_table import escaped
from app.services.import_report import TOLD, Report, kind, report_of, short_cells
from app.services.people import Actor, own, require
from db import models
from db import results as queries
from db.session import Database
from relate_engine.brief import Brief, parse_brief, placement_of
from relate_engine.results.layout import FORMATS
from relate_engine.results.lessons import Counted, Lessons, lessons
from relate_engine.results.lines import ResultsError
from relate_engine.results.match import Matcher
from relate_engine.results.observation import Observation
from relate_engine.results.reading import Options, Reading, open_results
from relate_engine.results.rows import Rejected, ResultRow, row_from_json

Progress = Callable[[int, int], None]  # records done, records in the file
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
    try:
        summary = _stage(db, actor, import_id, reading, matcher, progress)
        return _publish(db, actor, import_id, content, summary)
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


def _stage(
    db: Database, actor: Actor, import_id: int, reading: Reading, matcher: Matcher, progress: Progress | None
) -> dict[str, Any]:
    """Writes all rows in batches; returns the report's numbers."""
    owner = {"workspace_id": actor.workspace_id, "author_id": actor.user_id, "import_id": import_id}
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    actions: dict[str, None] = {}
    days: list[date] = []
    told: list[Rejected] = []
    found: dict[tuple[str, str], int | None] = {}
    good: list[ResultRow] = []
    bad: list[Rejected] = []

    def flush() -> None:
        with db.read() as session:
            known = queries.known_counts(session, actor.workspace_id, [row.key for row in good])
        for row in good:
            if row.key in known:
                counts["known" if known[row.key] == row.counts else "updated"] += 1
        results = [owner | _columns(row, found) for row in good]
        rejects = [owner | _reject(row) for row in bad]
        with db.write() as session:
            queries.add_rows(session, models.Result, results)
            queries.add_rows(session, models.RejectedResult, rejects)
        good.clear()
        bad.clear()
        if progress:
            progress(counts["read"], reading.total)

    for row in reading.rows():
        counts["read"] += 1
        if isinstance(row, ResultRow):
            counts["kept"] += 1
            flagged.update(row.flags)
            if row.action:
                actions.setdefault(row.action)
            days = _span(days, row)
            for slot, text in row.texts:
                if (slot, text) not in found:
                    found[slot, text] = matcher.find(row.placement, slot, text)
            good.append(row)
        elif isinstance(row, Rejected):
            counts["rejected"] += 1
            reasons[kind(row.reason)] += 1
            if len(told) < TOLD:
                told.append(row)
            bad.append(row)
        else:
            skipped[row.why] += 1
        if len(good) + len(bad) >= queries.BATCH:
            flush()
    flush()
    return {
        "format": FORMATS[reading.layout.format], "file": reading.table.described,
        "placement": placement_of(reading.layout.placement).label, "grain": reading.layout.grain,
        **{name: counts[name] for name in ("read", "kept", "rejected", "known", "updated")},
        "reasons": dict(reasons.most_common()), "skipped": dict(skipped), "flagged": dict(flagged),
        "matched": sum(i is not None for i in found.values()), "external": sum(i is None for i in found.values()),
        "actions": list(actions)[:50], "notes": list(reading.notes),
        "first": days[0].isoformat() if days else None, "last": days[-1].isoformat() if days else None,
        "told": [{"line": r.line, "reason": r.reason, "cells": short_cells(r)} for r in told],
    }  # fmt: skip


def _span(days: list[date], row: ResultRow) -> list[date]:
    if not (row.start or row.end):
        return days
    all_days = [*days, *(d for d in (row.start, row.end) if d)]
    return [min(all_days), max(all_days)]


def _columns(row: ResultRow, found: dict[tuple[str, str], int | None]) -> dict[str, Any]:
    ids = [found[pair] for pair in row.texts]
    return {
        "line": row.line, "row_key": row.key, "arm": row.arm, "text_id": next((i for i in ids if i), None),
        "impressions": row.impressions, "clicks": row.clicks, "conversions": row.conversions,
        "meaning": row.meaning() | {"text_ids": ids},
    }  # fmt: skip


def _reject(row: Rejected) -> dict[str, Any]:
    return {"line": row.line, "reason": row.reason[:300], "cells": short_cells(row)}


def _publish(db: Database, actor: Actor, import_id: int, content: str, summary: dict[str, Any]) -> Report:
    """The one short transaction that makes the rows count. A file without one good row is kept as undone."""
    with db.write() as session:
        row = session.get_one(models.Import, import_id)
        twin = queries.visible_import(session, actor.workspace_id, content)
        row.summary, row.finished_at = summary, models.utc_now()
        if twin is None and summary["kept"]:
            row.state = "visible"
            audit.note(session, actor, "import.finish", "import", import_id, name=row.name, rows=summary["kept"])
            return report_of(row)
        if twin is None:
            row.state, row.undone_at = "undone", models.utc_now()
            return report_of(row)
        report = report_of(twin, already=True)  # somebody imported the same file meanwhile
    _discard(db, import_id)
    return report


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
