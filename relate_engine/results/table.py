"""A file of campaign results as a table: bytes → encoding, delimiter, header and one record after another.

Streams, so memory does not grow with the file. A record that cannot be read is handed on with its line and the
reason. Formulas are never computed. Leaves out what the columns mean (layout.py, google.py, meta.py, generic.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from relate_engine.results.delimited import DELIMITERS, delimited
from relate_engine.results.lines import (
    HEADER_WITHIN,
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    Line,
    ResultsError,
    binary,
    plain_header,
)
from relate_engine.results.workbook import workbook

SAMPLE = 64_000
_OTHER_FILES = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "a database",
    b"PAR1": "a Parquet file",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Office files; an encrypted workbook is wrapped in one


@dataclass(frozen=True)
class Table:
    """An opened file. `rows()` may be called again and again; each call reads from the start."""

    kind: str  # "csv" or "xlsx"
    encoding: str  # in words: "UTF-8", "UTF-16", "Latin-1 (Windows-1252)", "Excel workbook"
    delimiter: str  # "" for a workbook
    preamble: tuple[str, ...]  # what stood above the header, a line each
    header: tuple[str, ...]
    header_line: int
    _lines: Callable[[], Iterator[Line]]
    sheet: str = ""  # of a workbook with several
    notes: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        if self.sheet:
            return f"{self.encoding}, sheet '{self.sheet}'"
        told = DELIMITERS.get(self.delimiter)
        return f"{self.encoding}, {told}-separated" if told else self.encoding

    def rows(self) -> Iterator[Line]:
        """Records under the header, blank ones left out, each as long as the header or with its trouble told."""
        wanted = len(self.header)
        for line in self._lines():
            if line.number <= self.header_line:
                continue
            if line.trouble:
                yield line
                continue
            cells = line.cells
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > wanted:
                if any(cell.strip() for cell in cells[wanted:]):
                    yield Line(line.number, cells, f"it has {len(cells)} cells where the header has {wanted}")
                    continue
                cells = cells[:wanted]
            elif len(cells) < wanted:
                yield Line(line.number, cells, f"it has {len(cells)} of {wanted} cells; the line is cut short")
                continue
            if (longest := max(map(len, cells))) > MAX_CELL:
                cut = [cell[:80] for cell in cells]
                yield Line(line.number, cut, f"a cell of {longest:,} characters is larger than {MAX_CELL:,}")
            elif "\ufffd" in "".join(cells):
                yield Line(line.number, cells, f"it holds letters that are not {self.encoding}")
            else:
                yield Line(line.number, cells)


def open_table(source: bytes | Path, name: str, knows: Callable[[str], bool]) -> Table:
    """Opens a CSV or an Excel workbook.

    `knows` tells whether a (plain) column name belongs to results: the row with most of them is the header;
    if no row has two, it is the first row with two cells. Raises ResultsError with the remedy for what is
    empty, too large, protected, no table, or too wide.
    """
    size = len(source) if isinstance(source, bytes) else _size(source, name)
    if size == 0:
        raise ResultsError(f"{name} is empty; export the report again and choose that file.")
    if size > MAX_BYTES:
        raise ResultsError(
            f"{name} is {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read at once, so export "
            "fewer days or campaigns at a time."
        )
    with binary(source) as raw:
        head = raw.read(SAMPLE)
    if head.startswith(b"PK"):
        book = workbook(source, name, knows)
        table = _headed("xlsx", "Excel workbook", "", name, book.lines, knows)
        return replace(table, sheet=book.sheet, notes=book.notes)
    _refuse_other_files(head, source, name)
    encoding, delimiter, lines = delimited(source, name, head, knows)
    return _headed("csv", encoding, delimiter, name, lines, knows)


def _size(path: Path, name: str) -> int:
    if path.is_dir():
        raise ResultsError(f"{name} is a folder; give the path of a file in it.")
    try:
        with path.open("rb"):
            return path.stat().st_size
    except FileNotFoundError:
        raise ResultsError(f"There is no file {name}; check the path.") from None
    except OSError as error:
        raise ResultsError(f"{name} cannot be read ({error.strerror}); check its permissions.") from None


def _refuse_other_files(head: bytes, source: bytes | Path, name: str) -> None:
    if head.startswith(_OLE):
        with binary(source) as raw:
            start = raw.read(4_000_000)
        if "EncryptedPackage".encode("utf-16-le") in start:
            raise ResultsError(f"{name} is protected by a password; remove it in Excel and save the file again.")
        raise ResultsError(f"{name} is an Excel file of the old kind (.xls); save it as .xlsx or CSV.")
    for magic, what in _OTHER_FILES.items():
        if head.startswith(magic):
            raise ResultsError(f"{name} is {what}, whatever its name says; choose a CSV or Excel report.")


def _headed(
    kind: str, encoding: str, delimiter: str, name: str, lines: Callable[[], Iterator[Line]],
    knows: Callable[[str], bool],
) -> Table:  # fmt: skip
    top = [line for line, _ in zip(lines(), range(HEADER_WITHIN))]
    filled = [line for line in top if any(cell.strip() for cell in line.cells)]
    if not filled:
        why = next((line.trouble for line in top if line.trouble), "it is blank")
        raise ResultsError(f"{name} holds no table: {why}; export it again.")
    known = {line.number: sum(knows(plain_header(cell)) for cell in line.cells) for line in filled}
    best = max(filled, key=lambda line: known[line.number])
    if known[best.number] < 2:
        wide = [line for line in filled if sum(bool(cell.strip()) for cell in line.cells) > 1]
        if not wide:
            raise ResultsError(
                f"{name} has one column only, so no header was found; save it as CSV with commas, semicolons or "
                "tabs between the cells."
            )
        best = wide[0]
    header = [cell.replace("\ufeff", "").strip() for cell in best.cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise ResultsError(
            f"{name} has {len(header):,} columns; at most {MAX_COLUMNS} are read, so export the ones with texts, "
            "counts, dates and names."
        )
    above = tuple(" ".join(filter(None, line.cells)).strip() for line in filled if line.number < best.number)
    return Table(kind, encoding, delimiter, above, tuple(header), best.number, lines)
