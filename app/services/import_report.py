"""What became of an imported file: `Report`, and the same in words for the shell and the page.

Leaves out making it (importing.py).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from db import models
from relate_engine.results.layout import GRAINS
from relate_engine.results.rows import Rejected

TOLD = 200  # rejected rows that a report holds itself; all stand in importing.rejected_csv
_CELLS, _CELL = 60, 200  # how much of a rejected row is kept


@dataclass(frozen=True)
class Report:
    """What became of a file. `read` = `kept` + `rejected` + all `skipped`."""

    import_id: int
    name: str
    format: str  # in words
    file: str  # encoding and delimiter in words
    placement: str
    grain: str
    read: int
    kept: int
    rejected: int
    reasons: dict[str, int]  # reason with its numbers left out → rows
    skipped: dict[str, int]  # totals and the like → rows
    known: int  # kept rows whose counts another import holds already: they count once
    updated: int  # kept rows that replace older counts of the same ad and days
    matched: int  # texts in kept rows that were drafted here
    external: int  # and that were not
    flagged: dict[str, int]
    actions: list[str]
    first: str | None  # days covered, ISO
    last: str | None
    notes: list[str]
    already: bool = False  # these bytes were imported before: nothing was changed
    told: list[Rejected] = field(default_factory=list)  # the first rejected rows

    def to_json(self) -> dict[str, Any]:
        """For scripts; `rejected_rows` holds the first TOLD of them."""
        data = asdict(self)
        data["rejected_rows"] = [{"line": row.line, "reason": row.reason} for row in self.told]
        del data["told"]
        return data


def report_of(row: models.Import, already: bool = False) -> Report:
    """The report stored with an import."""
    told = [Rejected(t["line"], t["reason"], tuple(t["cells"])) for t in row.summary["told"]]
    return Report(row.id, row.name, already=already, told=told, **{k: v for k, v in row.summary.items() if k != "told"})


def headline(report: Report) -> str:
    """One sentence: read, kept, rejected."""
    if report.already:
        return (
            f"This file was imported before (import {report.import_id}, {report.name}), so nothing was changed; undo "
            "that import to read it in another way."
        )
    skipped = "".join(f", {count:,} left out ({why})" for why, count in report.skipped.items())
    told = f"{_rows(report.read)} read, {report.kept:,} kept, {report.rejected:,} rejected{skipped}."
    return told if report.kept else f"{told} Nothing was kept, so nothing was changed."


def details(report: Report) -> list[str]:
    """What the file was taken for and what its rows mean, a sentence each."""
    grain = GRAINS[report.grain]  # type: ignore[index]
    told = [f"Read as {report.format} ({report.file}), {report.placement}, {grain}."]
    if report.first:
        told.append(f"Days {report.first} to {report.last}.")
    if report.actions:
        told.append(f"Conversions counted: {', '.join(report.actions[:5])}{' …' if len(report.actions) > 5 else ''}.")
    if report.kept:
        told.append(f"{report.matched:,} of {report.matched + report.external:,} texts were drafted here.")
    if report.known:
        told.append(f"{_rows(report.known)} known from another import, counted once.")
    if report.updated:
        told.append(f"{_rows(report.updated)} in place of older counts of the same ad and days.")
    told += [f"{_rows(count)} flagged: {flag}." for flag, count in report.flagged.items()]
    return told + report.notes


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def kind(reason: str) -> str:
    """A reason without what differs from row to row, so that rows can be counted by it."""
    return re.sub(r"'.*'|\d([\d,./-]*\d)?", "…", reason)


def short_cells(row: Rejected) -> list[str]:
    """As much of a rejected row as is kept."""
    return [cell[:_CELL] for cell in row.cells[:_CELLS]]


def reasons(report: Report) -> Mapping[str, int]:
    """Rejected rows by reason, most first."""
    return dict(sorted(report.reasons.items(), key=lambda item: -item[1]))
