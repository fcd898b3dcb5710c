"""The days that a row covers: what its time columns and the report's title say together.

A report with the columns Week and Month tells of a week that runs into the next month in two rows: each covers the
days that its week and its month share. For the same reason October in a report that ends on 14 October ends there.
Leaves out how a single date is written (cells.py) and rows that cover the same days (overlap.py).
"""

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from relate_engine.results.cells import CellError, DateOrder, day, read_as

Span = tuple[date, date]  # first and last day
COLUMNS = ("day", "week", "month", "quarter", "year", "start", "end")
_QUARTER = re.compile(r"q([1-4])[\s/-]*(\d{4})|(\d{4})[\s/-]*q([1-4])", re.I)


def covered(
    cell: Callable[[str], str], order: DateOrder | None, period: Span | None
) -> tuple[date | None, date | None]:
    """First and last day of a row, as far as they are known. `period`: the days of the whole report.

    Raises CellError for what is no date, and for days that contradict each other."""
    if cell("day") and (one := read_as("day", day, cell("day"), order)):
        return one, one
    found = [span for name, read in _SPANS.items() if cell(name) and (span := read_as(name, read, cell(name), order))]
    if found:
        first, last = max(span[0] for span in found), min(span[1] for span in found)
        if first > last:
            raise CellError("its week, month, quarter and year have no day in common")
        if period and period[0] <= last and first <= period[1]:
            return max(first, period[0]), min(last, period[1])
        return first, last
    start, end = (read_as(name, day, cell(name), order) for name in ("start", "end"))
    if start is None and end is None and period:
        return period
    if start and end and start > end:
        raise CellError(f"its first day {start} is after its last day {end}")
    return start, end


def week(cell: str, order: DateOrder | None) -> Span | None:
    """Seven days from the one that the cell names."""
    first = day(cell, order)
    return (first, first + timedelta(days=6)) if first else None


def month(cell: str, order: DateOrder | None) -> Span | None:
    """ "November 2026", "2026-11" or any day of it."""
    for pattern in ("%B %Y", "%b %Y", "%Y-%m"):
        try:
            return _months(datetime.strptime(cell.strip(), pattern).date(), 1)
        except ValueError:
            continue
    found = day(cell, order)
    return _months(found, 1) if found else None


def quarter(cell: str, order: DateOrder | None) -> Span | None:
    """ "Q4 2026", "2026 Q4" or any day of it."""
    if named := _QUARTER.fullmatch(cell.strip()):
        number, of_year = int(named[1] or named[4]), int(named[2] or named[3])
        return _months(date(of_year, 3 * number - 2, 1), 3)
    found = day(cell, order)
    return _months(found.replace(month=found.month - (found.month - 1) % 3, day=1), 3) if found else None


def year(cell: str, order: DateOrder | None) -> Span | None:
    """ "2026" or any day of it."""
    plain = cell.strip()
    found = day(f"{plain}-01-01" if re.fullmatch(r"\d{4}", plain) else plain, order)
    return (found.replace(month=1, day=1), found.replace(month=12, day=31)) if found else None


_SPANS: dict[str, Callable[[str, DateOrder | None], Span | None]] = {
    "week": week, "month": month, "quarter": quarter, "year": year,
}  # fmt: skip


def _months(first: date, count: int) -> Span:
    last = first.month + count - 1
    return first.replace(day=1), date(first.year, last, calendar.monthrange(first.year, last)[1])
