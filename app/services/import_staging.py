"""Writes the rows of a file as staged ones, in short transactions, and counts what the report tells.

Nothing staged counts before its import is made visible (importing.py).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from app.services.import_report import short_cells
from app.services.import_tally import Tally
from db import models
from db import results as queries
from db.session import Database
from relate_engine.results.match import Matcher
from relate_engine.results.reading import Reading
from relate_engine.results.rows import Rejected, ResultRow

Progress = Callable[[int, int], None]  # records done, records in the file


def stage(db: Database, owner: dict[str, int], reading: Reading, matcher: Matcher, progress: Progress | None) -> Tally:
    """Writes all rows in batches. `owner`: workspace_id, author_id and import_id of every row."""
    tally = Tally()
    good: list[ResultRow] = []
    bad: list[Rejected] = []

    def flush() -> None:
        with db.read() as session:
            known = queries.known_counts(session, owner["workspace_id"], [row.key for row in good])
        for row in good:
            if row.key in known:
                tally.counts["known" if known[row.key] == row.counts else "updated"] += 1
        results = [owner | _columns(row, tally.found) for row in good]
        rejects = [owner | _reject(row) for row in bad]
        with db.write() as session:
            queries.add_rows(session, models.Result, results)
            queries.add_rows(session, models.RejectedResult, rejects)
        good.clear()
        bad.clear()
        if progress:
            progress(tally.counts["read"], reading.total)

    for row in reading.rows():
        tally.counts["read"] += 1
        if isinstance(row, ResultRow):
            tally.keep(row)
            for slot, text in row.texts:
                if (slot, text) not in tally.found:
                    tally.found[slot, text] = matcher.find(row.placement, slot, text)
            good.append(row)
        elif isinstance(row, Rejected):
            tally.reject(row)
            bad.append(row)
        else:
            tally.skipped[row.why] += 1
        if len(good) + len(bad) >= queries.BATCH:
            flush()
    flush()
    return tally


def leave_out(db: Database, owner: dict[str, int], reading: Reading, tally: Tally, why: Mapping[int, str]) -> None:
    """Makes rejected rows of staged ones, by line, in batches too. Their cells are read from the file again."""
    if not why:
        return
    with db.read() as session:
        ids = queries.ids_by_line(session, owner["workspace_id"], owner["import_id"], why)
    rows = reading.rows_at(why)
    while batch := list(islice(rows, queries.BATCH)):
        rejects = []
        for row, cells in batch:
            instead = Rejected(row.line, why[row.line], cells)
            tally.leave_out(row, instead)
            rejects.append(owner | _reject(instead))
        with db.write() as session:
            queries.delete_rows(session, [ids[row.line] for row, _ in batch])
            queries.add_rows(session, models.RejectedResult, rejects)
    tally.forget_days(why)


def _columns(row: ResultRow, found: dict[tuple[str, str], int | None]) -> dict[str, Any]:
    ids = [found[pair] for pair in row.texts]
    return {
        "line": row.line, "row_key": row.key, "arm": row.arm, "text_id": next((i for i in ids if i), None),
        "impressions": row.impressions, "clicks": row.clicks, "conversions": row.conversions,
        "meaning": row.meaning() | {"text_ids": ids},
    }  # fmt: skip


def _reject(row: Rejected) -> dict[str, Any]:
    return {"line": row.line, "reason": row.reason[:300], "cells": short_cells(row)}
