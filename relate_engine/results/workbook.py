"""An Excel workbook as records, streaming: the sheet that looks like results, formulas as their text."""

import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from relate_engine.results.lines import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    MAX_UNPACKED,
    Line,
    ResultsError,
    binary,
    plain_header,
)


def workbook(source: bytes | Path, name: str, knows: Callable[[str], bool]) -> Callable[[], Iterator[Line]]:
    """What gives the records of the workbook's best sheet. Raises ResultsError for what is no readable workbook."""
    _check_archive(source, name)
    sheet = _best_sheet(source, name, knows)

    def lines() -> Iterator[Line]:
        yield from _sheet_lines(source, name, sheet)

    return lines


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


def _best_sheet(source: bytes | Path, name: str, knows: Callable[[str], bool]) -> str:
    """The sheet with the most known column names near its top; Meta's raw sheet before its formatted one."""
    book = _load(source, name)
    try:
        merits: list[tuple[int, bool, int, str]] = []
        for sheet in book.worksheets:
            rows = _first_rows(sheet, name)
            known = max((sum(knows(plain_header(cell)) for cell in row) for row in rows), default=0)
            merits.append((known, "raw" in sheet.title.lower(), -len(merits), sheet.title))
    finally:
        book.close()
    if not merits:
        raise ResultsError(f"{name} holds no sheet with a table; export the report again.")
    return max(merits)[3]


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
        return str(int(value))
    return str(value)
