"""What a new import replaces: rows of older imports about the same ads, of which some days are in the new one.

The newer import counts, as it does where only the counts differ, because platforms correct them for weeks; but not
where it would cost more days than it brings: rows of it that together cover fewer days than an older row that counts
are left out (a year's report stays when the last 7 days come), and not where it would cost the conversions: rows
without any that meet an older row with them are left out. The other way round the row with conversions counts.
Rows that count no longer anyway are replaced as well: whichever import is undone later, no day counts twice.
An ad as a whole and its parts by device, age and so on replace each other by the same rules.
What rows overlap: relate_engine/results/overlap.py. How they are taken out and come back: db/results.py.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable
from datetime import date
from typing import Any, NamedTuple

from db import models
from db import results as queries
from db.session import Database
from relate_engine.results.overlap import Days, Told, told_by
from relate_engine.results.rows import row_from_json

LISTED = 5  # imports that a sentence names
_UNSOLD = (
    "Days of this ad are already counted with their conversions in import {id} ({name}), and this row tells none; "
    "export it with its conversions, or undo that import first."
)
NAME = 100  # of a file's name, in a reason that must not be cut short


class Older(NamedTuple):
    """An older row, and the rows of the new import that tell of some of its days."""

    key: str
    import_id: int
    name: str  # of its file
    told: Told
    by: tuple[Told, ...]
    text_id: int | None  # of its only text
    counting: bool  # False: superseded by another import already

    @property
    def loses_days(self) -> bool:
        return not _days([self.told]) <= _days(self.by)


def older_rows(db: Database, workspace_id: int, import_id: int, days: Days, among: Collection[int]) -> dict[str, Older]:
    """By key: the rows of these imports that overlap the staged import's, whose rows are in `days`."""
    found: dict[str, Older] = {}
    if days.first is None or days.last is None:
        return found
    with db.read() as session:
        for older_id, name, first, last in queries.days_of(session, workspace_id, among):
            if first is None or last is None or first > days.last.isoformat() or last < days.first.isoformat():
                continue
            for line, key, shown, clicks, sold, meaning in queries.rows_beside(
                session, workspace_id, older_id, import_id
            ):
                ids = meaning.pop("text_ids")
                row = row_from_json(line, shown, clicks, sold, meaning)
                told, by = told_by(row), tuple(reversed(days.meeting(row, anyhow=True)))
                if by and _key(told) not in map(_key, by):  # the same key needs nothing more
                    found[key] = Older(key, older_id, name, told, by, ids[0] if len(ids) == 1 else None, False)
        for key in queries.known_counts(session, workspace_id, list(found)):
            found[key] = found[key]._replace(counting=True)
    return found


def left_out(older: dict[str, Older]) -> dict[int, str]:
    """By line: why rows of the new import do not count. An older row has more days than all that meet it, or tells
    conversions and they do not.

    A row left out replaces nothing, so the older rows that it met are looked at again without it. Older rows of one
    action that count share no days: each has few such neighbours, and all this is one pass through the rows."""
    waiting = [one for one in older.values() if one.counting]
    meeting: dict[int, list[Older]] = {}
    for one in waiting:
        for new in one.by:
            meeting.setdefault(new.line, []).append(one)
    why: dict[int, str] = {}
    while waiting:
        one = waiting.pop()
        left = [new for new in one.by if new.line not in why]
        fewer = one.told.length > len(_days(left))
        for new in left:
            if fewer or (one.told.sold and not new.sold):
                why[new.line] = _why(new, one) if fewer else _UNSOLD.format(id=one.import_id, name=_short(one.name))
                waiting += [other for other in meeting[new.line] if other is not one]
    return why


def replace(db: Database, owner: dict[str, int], older: dict[str, Older], without: Container[int]) -> list[str]:
    """Stages what takes these rows out once the import is visible; returns what a person is told about it.

    `owner`: workspace_id, author_id and import_id of the rows that do so. `without`: lines that were left out."""
    replaced = []
    for one in older.values():
        if by := tuple(new for new in one.by if new.line not in without):
            replaced.append(one._replace(by=by))
    rows = [owner | _row(one) for one in replaced]
    for start in range(0, len(rows), queries.BATCH):
        with db.write() as session:
            queries.add_rows(session, models.Result, rows[start : start + queries.BATCH])
    return _words([one for one in replaced if one.counting])


def _key(told: Told) -> tuple[object, ...]:
    """Of two rows of one ad that meet: equal if their keys are."""
    return told.days, told.action, told.window, told.breakdown


def _days(rows: Iterable[Told]) -> set[int]:
    """The days that these rows tell of, each once however many parts of an ad tell it."""
    spans = {told.days for told in rows}
    return {day for first, last in spans for day in range(first, last + 1)}


def _row(one: Older) -> dict[str, Any]:
    """Zero counts under the same text, so that sums by text stay right too; nothing else of it is ever asked for."""
    return {
        "line": one.by[0].line, "row_key": one.key, "arm": queries.REPLACED, "text_id": one.text_id, "impressions": 0,
        "clicks": 0, "conversions": None, "meaning": {},
    }  # fmt: skip


def _why(new: Told, older: Older) -> str:
    """The reason of a row that is left out, and which days to export instead."""
    first, last = older.told.days
    if new.first < first:
        days, others = f"Days from {_day(first)} on of this ad", f"up to {_day(first - 1)}"
    else:
        days = f"Days up to {_day(last)} of this ad" if new.last > last else "All days of this row"
        others = f"from {_day(last + 1)} on"
    return (
        f"{days} are already counted in import {older.import_id} ({_short(older.name)}), whose row covers more days; "
        f"export {others}, or undo that import first."
    )


def _short(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _words(replaced: list[Older]) -> list[str]:
    if not replaced:
        return []
    files = Counter(f"import {one.import_id} ({one.name})" for one in replaced)
    listed = ", ".join(f"{count:,} of {file}" for file, count in list(files.items())[:LISTED])
    more = " and others" if len(files) > LISTED else ""
    lines = {new.line for one in replaced for new in one.by}
    first = replaced[0]
    lost = sum(one.loses_days for one in replaced)
    told = (
        f"{_rows(len(lines))} in place of {_rows(len(replaced), 'older ')} of the same ads whose days overlap: "
        f"{listed}{more}; such as line {first.by[0].line} ({_span(first.by[0])}) in place of line {first.told.line} "
        f"({_span(first.told)}) there. Undo this import to count the older ones again."
    )
    days = f"{lost:,} of the older ones also covered days that this file does not; those days count no longer."
    return [told, days] if lost else [told]


def _rows(count: int, which: str = "") -> str:
    return f"{count:,} {which}row" if count == 1 else f"{count:,} {which}rows"


def _span(told: Told) -> str:
    first, last = map(_day, told.days)
    return first if first == last else f"{first} to {last}"


def _day(number: int) -> str:
    return date.fromordinal(number).isoformat()
