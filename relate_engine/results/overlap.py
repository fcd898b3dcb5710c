"""Rows that tell of some of the same impressions: those of one series whose days overlap.

A series is an ad or text with everything that its counts mean but their days. Platforms write month to date, last 30
days, days and months; added up, one impression would count as often as it was exported. Meta names no action until
something happened (`ResultRow.unnamed`), so such a row is of the series of every action of its ad. Beside another file
(`anyhow`) a row without conversions is of every series: first exported without that column, then with it. A row of an
ad as a whole (`is_whole`) tells the same impressions as the ad's parts by device, age and so on.
Rows without days are alike among themselves and meet no others, since nobody knows when they were; a row with only a
first or only a last day is of that day. Leaves out what becomes of such rows (reading.py in one file,
app/services/import_overlap.py between imports), and two ways to split an ad, whose parts are not known to be of one.
"""

from bisect import bisect_right
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from relate_engine.results.rows import ResultRow

WHOLE = frozenset({"", "all", "total"})  # what stands in a breakdown's column beside an ad's parts
Part = tuple[str, ...]  # breakdown; () = the ad as a whole
Of = tuple[str | None, str, bool]  # action (None: not named by Meta), attribution window, any conversions told?


class Told(NamedTuple):
    """A row's days as numbers (0: none), its line, a hash of its counts, what its conversions are, whether it tells
    any, and its breakdown."""

    first: int
    last: int
    line: int
    counts: int
    action: str
    window: str
    sold: bool
    breakdown: tuple[str, ...]

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
        self._told: dict[str, dict[Part, dict[Of, list[Told]]]] = {}  # by arm
        self.first: date | None = None  # of all rows with days
        self.last: date | None = None

    def add(self, row: ResultRow) -> None:
        """Takes a row in. It must meet none."""
        told = told_by(row)
        parts = self._told.setdefault(row.arm, {})
        series = parts.setdefault(_part(row), {}).setdefault(_of(row), [])
        series.insert(bisect_right(series, told.first, key=_first), told)
        for known in filter(None, (row.start, row.end)):
            self.first = min(self.first or known, known)
            self.last = max(self.last or known, known)

    def meeting(self, row: ResultRow, anyhow: bool = False) -> list[Told]:
        """Rows taken in that tell of some of this one's days, latest first. `anyhow`: also those that tell no
        conversions where it does, and the other way round."""
        told, met = told_by(row), list[Told]()
        parts, part = self._told.get(row.arm, {}), _part(row)
        same = [parts.get(part, {}), parts.get((), {})] if part else parts.values()
        for of, series in (found for actions in same for found in actions.items()):
            if not _alike(of, _of(row)) and not (anyhow and of[2] != told.sold):
                continue
            place = bisect_right(series, told.last, key=_first)
            while place and series[place - 1].last >= told.first:
                place -= 1
                met.append(series[place])
        return sorted(met, key=_first, reverse=True)

    def without(self, lines: Collection[int]) -> "Days":
        """The same but for the rows on these lines."""
        left, dated = Days(), list[Told]()
        for arm, parts in self._told.items():
            for part, actions in parts.items():
                for of, told in actions.items():
                    kept = [one for one in told if one.line not in lines]
                    left._told.setdefault(arm, {}).setdefault(part, {})[of] = kept
                    dated += [one for one in kept if one.first]
        if dated:
            left.first = date.fromordinal(min(one.first for one in dated))
            left.last = date.fromordinal(max(one.last for one in dated))
        return left


def told_by(row: ResultRow) -> Told:
    first, last = row.start or row.end, row.end or row.start
    return Told(
        first.toordinal() if first else 0, last.toordinal() if last else 0, row.line, hash(row.counts),
        row.action, row.window, row.conversions is not None, row.breakdown,
    )  # fmt: skip


def is_whole(breakdown: tuple[str, ...]) -> bool:
    """Whether it tells no part of an ad but all of it: no such column, or a total in each of them."""
    return all(cell.casefold() in WHOLE for cell in breakdown)


def _part(row: ResultRow) -> Part:
    return () if is_whole(row.breakdown) else row.breakdown


def _of(row: ResultRow) -> Of:
    return None if row.unnamed else row.action, row.window, row.conversions is not None


def _alike(one: Of, other: Of) -> bool:
    return one[1] == other[1] and (one[0] == other[0] or None in (one[0], other[0]))


def _first(told: Told) -> int:
    return told.first
