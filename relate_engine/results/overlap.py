"""Rows that tell of some of the same impressions: those of one series whose days overlap.

A series is an ad or text with everything that its counts mean but their days. Platforms write month to date, last 30
days, days and months; added up, one impression would count as often as it was exported.
Rows without days are alike among themselves and meet no others, since nobody knows when they were; a row with only a
first or only a last day is of that day. Leaves out what becomes of such rows (reading.py in one file,
app/services/import_overlap.py between imports).
"""

from bisect import bisect_right
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from relate_engine.results.rows import ResultRow

Series = tuple[str, str, str, tuple[str, ...]]  # arm, action, window, breakdown


class Told(NamedTuple):
    """A row's days as numbers (0: none), its line and a hash of its counts."""

    first: int
    last: int
    line: int
    counts: int

    @property
    def days(self) -> tuple[int, int]:
        return self.first, self.last

    @property
    def length(self) -> int:
        """How many days."""
        return self.last - self.first + 1


class Days:
    """What days the rows of each series tell of. No two of them overlap, so the nearest ones tell all."""

    def __init__(self) -> None:
        self._told: dict[Series, list[Told]] = {}
        self.first: date | None = None  # of all rows with days
        self.last: date | None = None

    def add(self, row: ResultRow) -> None:
        """Takes a row in. It must meet none."""
        told = told_by(row)
        series = self._told.setdefault(_series(row), [])
        series.insert(bisect_right(series, told.first, key=_first), told)
        for known in filter(None, (row.start, row.end)):
            self.first = min(self.first or known, known)
            self.last = max(self.last or known, known)

    def meeting(self, row: ResultRow) -> list[Told]:
        """Rows taken in that tell of some of this one's days, latest first."""
        told = told_by(row)
        series = self._told.get(_series(row), [])
        place, met = bisect_right(series, told.last, key=_first), []
        while place and series[place - 1].last >= told.first:
            place -= 1
            met.append(series[place])
        return met

    def without(self, lines: Collection[int]) -> "Days":
        """The same but for the rows on these lines."""
        left = Days()
        for series, rows in self._told.items():
            if told := [one for one in rows if one.line not in lines]:
                left._told[series] = told
        dated = [one for told in left._told.values() for one in told if one.first]
        if dated:
            left.first = date.fromordinal(min(one.first for one in dated))
            left.last = date.fromordinal(max(one.last for one in dated))
        return left


def told_by(row: ResultRow) -> Told:
    first, last = row.start or row.end, row.end or row.start
    return Told(first.toordinal() if first else 0, last.toordinal() if last else 0, row.line, hash(row.counts))


def _series(row: ResultRow) -> Series:
    return row.arm, row.action, row.window, row.breakdown


def _first(told: Told) -> int:
    return told.first
