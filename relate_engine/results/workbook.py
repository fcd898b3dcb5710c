"""An Excel workbook as records, streaming: the sheet that looks like results, formulas as their text."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from relate_engine.results.lines import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    MAX_UNPACKED,
    Line,
    Number,
    ResultsError,
    binary,
    plain_header,
)


@dataclass(frozen=True)
class Book:
    """What gives the records of the sheet that is read; `notes` tell of sheets that may be wanted too."""

    lines: Callable[[], Iterator[Line]]
    sheet: str  # its name; "" where it is the only one
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Sheet:
    title: str
    known: int  # column names that belong to results
    header: frozenset[str]
    filled: bool  # has rows under its header


def workbook(source: bytes | Path, name: str, knows: Callable[[str], bool]) -> Book:
    """The workbook's best sheet. Raises ResultsError for what is no readable workbook."""
    _check_archive(source, name)
    sheets = _sheets(source, name, knows)
    # Meta's raw sheet before its formatted one, which holds the same rows
    best = max(sheets, key=lambda sheet: (sheet.known, "raw" in sheet.title.lower()))
    others = [
        sheet.title
        for sheet in sheets
        if sheet is not best and sheet.filled and 4 * len(sheet.header & best.header) >= 3 * len(best.header)
        and not ("raw" in best.title.lower() and "formatted" in sheet.title.lower())
    ]  # fmt: skip

    def lines() -> Iterator[Line]:
        yield from _sheet_lines(source, name, best.title)

    return Book(lines, best.title if len(sheets) > 1 else "", _also(best.title, others))


def _also(read: str, others: Sequence[str]) -> tuple[str, ...]:
    if not others:
        return ()
    listed = ", ".join(f"'{title}'" for title in others[:5]) + (" …" if len(others) > 5 else "")
    return (
        f"Only the sheet '{read}' is read; {listed} {'holds' if len(others) == 1 else 'hold'} rows of the same kind, "
        "so save each sheet as a file of its own and import that too.",
    )


def _check_archive(source: bytes | Path, name: str) -> None:
    try:
        with binary(source) as raw, zipfile.ZipFile(raw) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise ResultsError(f"{name} is a damaged or cut-off Excel workbook; export it again.") from None
    names = {info.filename for info in infos}
    if any(info.flag_bits & 1 for info in infos):
        raise ResultsError(f"{name} is protected by a password; remove it and save the file again.")
    if "xl/workbook.xml" not in names:
        raise ResultsError(f"{name} is an archive and no Excel workbook; unpack it and choose the report inside.")
    if sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise ResultsError(f"{name} unpacks to more than {MAX_UNPACKED / 1e6:.0f} MB; export the report as CSV.")


def _load(source: bytes | Path, name: str) -> Any:
    from openpyxl import load_workbook

    try:  # formulas come as their text, so that none passes for a number
        return load_workbook(binary(source), read_only=True, data_only=False, keep_links=False)
    except Exception:  # the reader lets through whatever its XML and zip parts raise
        raise ResultsError(f"{name} is a damaged Excel workbook; open it in Excel and save it again.") from None


def _sheets(source: bytes | Path, name: str, knows: Callable[[str], bool]) -> list[_Sheet]:
    """The workbook's sheets in order, by what stands near their tops."""
    book = _load(source, name)
    try:
        sheets = [_sheet(sheet.title, _first_rows(sheet, name), knows) for sheet in book.worksheets]
    finally:
        book.close()
    if not sheets:
        raise ResultsError(f"{name} holds no sheet with a table; export the report again.")
    return sheets


def _sheet(title: str, rows: Sequence[Sequence[str]], knows: Callable[[str], bool]) -> _Sheet:
    plain = [[name for cell in row if (name := plain_header(cell))] for row in rows]
    known = [sum(map(knows, row)) for row in plain]
    widest = max(known, default=0)
    place = known.index(widest) if widest > 1 else next((i for i, row in enumerate(plain) if len(row) > 1), len(plain))
    header = frozenset(plain[place]) if place < len(plain) else frozenset()
    return _Sheet(title, widest, header, any(plain[place + 1 :]))


def _first_rows(sheet: Any, name: str) -> list[list[str]]:
    sheet.reset_dimensions()
    try:
        rows = sheet.iter_rows(max_row=HEADER_WITHIN, max_col=MAX_COLUMNS + 1, values_only=True)
        return [[_cell(value) for value in row] for row in rows]
    except Exception:
        raise ResultsError(f"{name} is a damaged Excel workbook; open it in Excel and save it again.") from None


def _sheet_lines(source: bytes | Path, name: str, title: str) -> Iterator[Line]:
    book = _load(source, name)
    width = 0
    try:
        sheet = book[title]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MAX_COLUMNS + 200, values_only=True)
        number = 0
        while True:
            try:
                row = next(rows, None)
            except Exception:
                yield Line(number + 1, [], "the workbook is damaged from here on")
                return
            if row is None:
                return
            number += 1
            cells = [_cell(value) for value in row]
            width = max(width, len(cells))
            yield Line(number, cells + [""] * (width - len(cells)))  # a workbook leaves empty cells out
    finally:
        book.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return Number(int(value))
    return Number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
