"""What a report counts while the rows of a file are staged. A row that was kept may be left out later.

Everything that tells of kept rows is therefore counted by row, so that it can be taken back.
"""

from bisect import insort
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from app.services.import_report import TOLD, kind, short_cells
from relate_engine.brief import placement_of
from relate_engine.results.layout import FORMATS
from relate_engine.results.overlap import Days
from relate_engine.results.reading import Reading
from relate_engine.results.rows import Rejected, ResultRow


@dataclass
class Tally:
    """`texts`: by slot and text, in how many kept rows. `found`: their ids, None for texts not drafted here."""

    counts: Counter[str] = field(default_factory=Counter)  # read, kept, rejected, known, updated
    reasons: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: dict[tuple[str, str], int | None] = field(default_factory=dict)
    told: list[Rejected] = field(default_factory=list)  # the first ones, by line
    days: Days = field(default_factory=Days)  # of the kept rows

    def keep(self, row: ResultRow) -> None:
        self.counts["kept"] += 1
        self.flagged.update(row.flags)
        if row.action:
            self.actions[row.action] += 1
        self.texts.update(row.texts)
        self.days.add(row)

    def reject(self, row: Rejected) -> None:
        self.counts["rejected"] += 1
        self.reasons[kind(row.reason)] += 1
        if len(self.told) < TOLD or row.line < self.told[-1].line:
            insort(self.told, row, key=_line)
            del self.told[TOLD:]

    def leave_out(self, row: ResultRow, instead: Rejected) -> None:
        """A kept row becomes a rejected one. Its days go with `forget_days`, all at once."""
        self.counts["kept"] -= 1
        self.flagged.subtract(row.flags)
        if row.action:
            self.actions[row.action] -= 1
        self.texts.subtract(row.texts)
        self.reject(instead)

    def forget_days(self, lines: Collection[int]) -> None:
        self.days = self.days.without(lines)

    def summary(self, reading: Reading) -> dict[str, Any]:
        """The report's numbers, as they are stored with the import."""
        texts = [self.found[pair] for pair in +self.texts]  # + leaves out what is in no kept row any more
        first, last = self.days.first, self.days.last
        return {
            "format": FORMATS[reading.layout.format], "file": reading.table.described,
            "placement": placement_of(reading.layout.placement).label, "grain": reading.layout.grain,
            **{name: self.counts[name] for name in ("read", "kept", "rejected", "known", "updated")},
            "reasons": dict(self.reasons.most_common()), "skipped": dict(self.skipped), "flagged": dict(+self.flagged),
            "matched": sum(i is not None for i in texts), "external": sum(i is None for i in texts),
            "actions": list(+self.actions)[:50], "notes": list(reading.notes),
            "first": first.isoformat() if first else None, "last": last.isoformat() if last else None,
            "told": [{"line": r.line, "reason": r.reason, "cells": short_cells(r)} for r in self.told],
        }  # fmt: skip


def _line(row: Rejected) -> int:
    return row.line
