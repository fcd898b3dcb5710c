"""A file of campaign results, opened: what kind it is, how it writes numbers and dates, and its rows.

Opening goes through the whole file once, because only all rows together tell the decimal sign and the order of
day and month; `rows()` goes through it again. Neither keeps rows in memory beyond their hashes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from relate_engine.brief import PlacementName
from relate_engine.results import generic, google, meta
from relate_engine.results.cells import DateOrder, Evidence, Style, period
from relate_engine.results.layout import Format, Layout
from relate_engine.results.lines import ResultsError, plain_header
from relate_engine.results.rows import Rejected, ResultRow, Skipped, read_row
from relate_engine.results.table import Table, open_table

_COUNTS = ("impressions", "clicks")
_AMOUNTS = ("conversions", "spend")
_DAYS = ("day", "week", "month", "start", "end")


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
        """Every record, good or not, in the file's order. The same counts twice are told by line."""
        seen: dict[str, tuple[int, int]] = {}
        for line in self.table.rows():
            if line.trouble:
                yield Rejected(line.number, line.trouble, tuple(line.cells))
                continue
            row = read_row(self.layout, self.style, self.period, line.number, line.cells)
            if isinstance(row, ResultRow):
                first = seen.setdefault(row.key, (row.line, hash(row.counts)))
                if first[0] != row.line:
                    same = first[1] == hash(row.counts)
                    why = (
                        f"it repeats line {first[0]}"
                        if same
                        else f"it is about the same ad, texts and days as line {first[0]} but has other counts; add "
                        "the column that tells them apart"
                    )
                    yield Rejected(line.number, why, tuple(line.cells))
                    continue
            yield row


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
    amounts = [i for known, i in layout.columns.items() if known in _AMOUNTS]
    days = [i for known, i in layout.columns.items() if known in _DAYS]
    evidence, total = Evidence(), 0
    for line in table.rows():
        total += 1
        if line.trouble:
            continue
        for i in counts:
            evidence.number(line.cells[i], count=True)
        for i in amounts:
            evidence.number(line.cells[i], count=False)
        for i in days:
            evidence.day(line.cells[i])
    if total == 0:
        raise ResultsError(f"{name} has a header but no rows; choose more days or ads and export it again.")
    decimal = "." if table.kind == "xlsx" and not options.decimal else options.decimal
    style, notes = evidence.style(table.delimiter, decimal, options.dates)
    covered = options.period or next(filter(None, map(period, table.preamble)), None)
    if covered is None and not days and "conversions" in layout.columns:
        notes += (
            "Neither rows nor title say which days they cover, so nobody can tell whether their conversions have "
            "arrived: they teach CTR only, until you say the days.",
        )
    return Reading(table, layout, style, covered, total, layout.notes + notes)


def _layout(table: Table, options: Options) -> Layout:
    chosen = options.format or ("generic" if options.mapping else detect(table))
    if chosen == "google":
        return google.layout(table)
    if chosen == "meta":
        return meta.layout(table)
    mapping = {**generic.guess(table, options.placement), **options.mapping}
    return generic.layout(table, options.placement, {known: name for known, name in mapping.items() if name})
