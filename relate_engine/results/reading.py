"""A file of campaign results, opened: what kind it is, how it writes numbers and dates, and its rows.

Opening goes through the whole file once, because only all rows together tell the decimal sign and the order of
day and month; `rows()` goes through it again. Neither keeps rows in memory beyond their hashes.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from relate_engine.brief import PlacementName
from relate_engine.results import generic, google, meta
from relate_engine.results.cells import DateOrder, Evidence, Style, bare, period
from relate_engine.results.days import COLUMNS as DAYS
from relate_engine.results.layout import Format, Layout
from relate_engine.results.lines import ResultsError, plain_header
from relate_engine.results.overlap import Days, is_whole, told_by
from relate_engine.results.rows import Rejected, ResultRow, Skipped, read_row
from relate_engine.results.table import Table, open_table

_COUNTS = ("impressions", "clicks")


@dataclass(frozen=True)
class Options:
    """What a person says about a file; None and empty: found out from the file."""

    format: Format | None = None
    placement: PlacementName = "generic"  # of another file; Google's and Meta's are known
    mapping: Mapping[str, str] = field(default_factory=dict)  # column name by field, for another file
    dates: DateOrder | None = None
    decimal: str | None = None
    period: tuple[date, date] | None = None  # the days of a file whose rows name none


def options_from(
    format: Format | None, placement: PlacementName | None, mapping: Sequence[str] | None, dates: DateOrder | None,
    decimal: str | None, days: str | None,
) -> Options:  # fmt: skip
    """Options as they are typed: `mapping` in parts such as "clicks=Hits", `days` as "2026-10-01..2026-10-31"."""
    pairs = {}
    for part in mapping or ():
        known, equals, column = part.partition("=")
        if not equals or not column.strip():
            raise ResultsError(f"'{part}' maps nothing; write field=column, such as clicks=Hits.")
        if known.strip() in pairs:
            raise ResultsError(
                f"'{known.strip()}' is mapped twice; if several columns hold such texts, name them alike with numbers "
                "in the file (Headline 1, Headline 2) and map the first."
            )
        pairs[known.strip()] = column.strip()
    covered = period(days) if days else None
    if days and covered is None:
        raise ResultsError(f"'{days}' is no time; write its first and last day, such as 2026-10-01..2026-10-31.")
    return Options(format, placement or "generic", pairs, dates, decimal, covered)


@dataclass(frozen=True)
class Reading:
    table: Table
    layout: Layout
    style: Style
    period: tuple[date, date] | None
    total: int  # records under the header
    notes: tuple[str, ...]

    def rows(self) -> Iterator[ResultRow | Rejected | Skipped]:
        """Every record, good or not, in the file's order. The same impressions twice are told by line."""
        seen = Days()
        for line in self.table.rows():
            if line.trouble:
                yield Rejected(line.number, line.trouble, tuple(line.cells))
                continue
            row = read_row(self.layout, self.style, self.period, line.number, line.cells)
            if isinstance(row, ResultRow):
                if why := _again(row, seen):
                    yield Rejected(line.number, why, tuple(line.cells))
                    continue
                seen.add(row)
            yield row

    def rows_at(self, lines: Container[int]) -> Iterator[tuple[ResultRow, tuple[str, ...]]]:
        """Good rows on these lines once more, with their cells."""
        for line in self.table.rows():
            if line.number in lines:
                row = read_row(self.layout, self.style, self.period, line.number, line.cells)
                if isinstance(row, ResultRow):
                    yield row, tuple(line.cells)


def _again(row: ResultRow, seen: Days) -> str:
    """Why a row would count impressions of an earlier one again; "" if it would not."""
    met = seen.meeting(row)
    if not met:
        return ""
    mine, first = told_by(row), met[-1]
    if is_whole(first.breakdown) != is_whole(row.breakdown):
        return (
            f"it counts impressions of line {first.line} again: one of the two is about the whole ad (an empty cell, "
            "All or Total), the other about a part of it; delete one kind from the file, or write 'unknown' where the "
            "part is not known"
        )
    if first.days != mine.days:
        return (
            f"its days overlap those of line {first.line}, which is about the same ad and texts; export either each "
            "day or the whole time"
        )
    if first.counts == mine.counts:
        return f"it repeats line {first.line}"
    return (
        f"it is about the same ad, texts and days as line {first.line} but has other counts; if a column tells them "
        "apart, read this as another file and choose that column as its breakdown"
    )


def knows(header: str) -> bool:
    """Whether a (plain) column name belongs to results of any kind."""
    return google.knows(header) or meta.knows(header) or generic.knows(header)


def open_file(source: bytes | Path, name: str) -> Table:
    """The file as a table, before anything is said about its columns."""
    return open_table(source, name, knows)


def detect(table: Table) -> Format:
    """Which platform wrote it, by its columns."""
    headers = {plain_header(name) for name in table.header}
    return "meta" if meta.fits(headers) else "google" if google.fits(headers) else "generic"


def open_results(source: bytes | Path, name: str, options: Options = Options()) -> Reading:
    """Opens a file and finds out all that its rows are read by. Raises ResultsError with the remedy."""
    table = open_file(source, name)
    layout = _layout(table, options)
    counts = [i for known, i in layout.columns.items() if known in _COUNTS]
    conversions, spend = layout.columns.get("conversions"), layout.columns.get("spend")
    days = _day_columns(layout)
    nameless = _nameless(table, layout)
    evidence, total = Evidence(), 0
    for line in table.rows():
        total += 1
        if line.trouble:
            continue
        for i in counts:
            evidence.number(line.cells[i], count=True)
        if conversions is not None:
            evidence.number(line.cells[conversions], count=False)
        if spend is not None:
            evidence.number(bare(line.cells[spend])[0], count=False)
        for i in days:
            evidence.day(line.cells[i])
        for i, text in nameless.items():
            if line.cells[i].strip():
                raise ResultsError(
                    f"A column without a name stands behind '{text}', as under a merged heading; name each column of "
                    f"the file ('{text} 1', '{text} 2'), so that every text of an ad is read."
                )
    if total == 0:
        raise ResultsError(f"{name} has a header but no rows; choose more days or ads and export it again.")
    style, notes = evidence.style(table.delimiter, options.decimal, options.dates)
    covered = options.period or _title(table)
    if covered is None and not days:
        only = ", and their conversions teach nothing" if conversions is not None else ""
        notes += (
            "Neither rows nor title say which days they cover, so a file that says its days would count the same "
            f"impressions again{only}, until you say the days.",
        )
    return Reading(table, layout, style, covered, total, table.notes + layout.notes + notes)


def asks_days(table: Table, options: Options) -> bool:
    """Whether only a person can say which days the rows cover: no column does, nor the title."""
    return not _day_columns(_layout(table, options)) and _title(table) is None


def _title(table: Table) -> tuple[date, date] | None:
    return next(filter(None, map(period, table.preamble)), None)


def _day_columns(layout: Layout) -> list[int]:
    return [i for known, i in layout.columns.items() if known in DAYS]


def _nameless(table: Table, layout: Layout) -> dict[int, str]:
    """Columns without a name that follow a text's column, with the name of that."""
    found: dict[int, str] = {}
    for _, column in layout.texts:
        for i in range(column + 1, len(table.header)):
            if table.header[i]:
                break
            found[i] = table.header[column]
    return found


def _layout(table: Table, options: Options) -> Layout:
    chosen = options.format or ("generic" if options.mapping else detect(table))
    if chosen == "google":
        return google.layout(table)
    if chosen == "meta":
        return meta.layout(table)
    mapping = {**generic.guess(table, options.placement), **options.mapping}
    return generic.layout(table, options.placement, {known: name for known, name in mapping.items() if name})
