"""A CSV of any common encoding and delimiter as records, streaming.

A record that cannot be read is handed on with its line and the reason, and reading goes on behind it: a quote
that is never closed costs one line, not the rest of the file.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from relate_engine.results.lines import HEADER_WITHIN, Line, ResultsError, binary, plain_header

MAX_LINE = 1_000_000  # characters of one physical line
MAX_RECORD_LINES = 60  # lines that one quoted cell may span before the quote counts as never closed
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def delimited(
    source: bytes | Path, name: str, head: bytes, knows: Callable[[str], bool]
) -> tuple[str, str, Callable[[], Iterator[Line]]]:
    """Encoding in words, delimiter, and what gives the records. `head`: the file's first bytes."""
    codec, encoding = _encoding(source, name, head)

    def physical() -> Iterator[tuple[int, str | None]]:
        with binary(source) as raw, io.TextIOWrapper(raw, codec, errors="replace", newline="") as text:
            yield from _physical_lines(text)

    sample = [text for _, text in _first(physical(), HEADER_WITHIN * 3) if text]
    control = sum(ord(c) < 32 and c not in "\t\r\n\f" for text in sample for c in text[:2000])
    if control > 0.01 * sum(min(2000, len(text)) for text in sample):
        raise ResultsError(f"{name} is no text but a binary file; choose a CSV or Excel report.")
    delimiter = _delimiter(sample, knows)

    def lines() -> Iterator[Line]:
        return _records(physical(), delimiter)

    return encoding, delimiter, lines


def _encoding(source: bytes | Path, name: str, head: bytes) -> tuple[str, str]:
    """Python's codec and its name in words."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", "UTF-8"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "UTF-16"
    start = head[:4000]
    if start.count(0) > len(start) // 4:  # UTF-16 without its mark: every other byte of Latin text is zero
        odd, even = start[1::2].count(0), start[::2].count(0)
        if odd > 8 * even:
            return "utf-16-le", "UTF-16"
        if even > 8 * odd:
            return "utf-16-be", "UTF-16"
    if b"\0" in head:
        raise ResultsError(f"{name} is no text but a binary file; choose a CSV or Excel report.")
    good = bad = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with binary(source) as raw:
        while chunk := raw.read(1 << 20):
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk)
            bad += text.count("\ufffd")
            good += sum(c > "\x7f" and c != "\ufffd" for c in text)
    # a few bad bytes among many good letters: damaged UTF-8, told line by line; else Windows' Latin-1
    return ("utf-8", "UTF-8") if bad * 10 <= good else ("cp1252", "Latin-1 (Windows-1252)")


def _physical_lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str | None]]:
    """Number and text of each line; None where it is longer than MAX_LINE."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            while (rest := text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
                pass
            yield number, None
        else:
            yield number, line


def _first(lines: Iterator[tuple[int, str | None]], count: int) -> list[tuple[int, str | None]]:
    return [line for line, _ in zip(lines, range(count))]


def _delimiter(sample: Sequence[str], knows: Callable[[str], bool]) -> str:
    """The one that yields most known column names in a row; else the most even one."""

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [_parse(text, delimiter) or [] for text in sample]
        known = max((sum(knows(plain_header(cell)) for cell in row) for row in rows), default=0)
        widths = [len(row) for row in rows if len(row) > 1]
        return known, max((widths.count(w) * (w - 1) for w in set(widths)), default=0)

    return max(DELIMITERS, key=merit)


def _parse(text: str, delimiter: str) -> list[str] | None:
    """The cells of one complete record; None while a quoted cell is still open."""
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        try:
            rows = list(csv.reader([text], delimiter=delimiter))  # a stray quote inside a cell is a letter
        except csv.Error:
            return []
    return rows[0] if rows else []


def _records(lines: Iterator[tuple[int, str | None]], delimiter: str) -> Iterator[Line]:
    """Records of one or more physical lines. An open quote gives up after MAX_RECORD_LINES and costs its line."""
    waiting: list[tuple[int, str | None]] = []  # read ahead for a quote that turned out to be never closed
    while True:
        number, text = waiting.pop(0) if waiting else next(lines, (0, ""))
        if number == 0:
            return
        if text is None:
            yield Line(number, [], f"it is longer than {MAX_LINE:,} characters")
            continue
        cells = _parse(text, delimiter)
        taken: list[tuple[int, str | None]] = []
        whole = [text]
        while cells is None and len(taken) < MAX_RECORD_LINES:
            after = waiting.pop(0) if waiting else next(lines, (0, ""))
            if after[0]:
                taken.append(after)
            if not after[0] or after[1] is None:
                break
            whole.append(after[1])
            if '"' in after[1]:  # only a line with a quote can close it
                cells, hopeless = _joined(whole, delimiter)
                if hopeless:
                    break
        if cells is None:
            waiting = taken + waiting
            yield Line(number, [], "a quote is opened in it and never closed; it may be cut short")
        elif cells == [] and text.strip():
            yield Line(number, [], f"a cell in it is larger than {csv.field_size_limit():,} characters")
        else:
            yield Line(number, cells)


def _joined(parts: Sequence[str], delimiter: str) -> tuple[list[str] | None, bool]:
    """The cells of a record of several lines, None while it is open; and whether more lines cannot help."""
    try:
        rows = list(csv.reader(parts, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None, "unexpected end of data" not in str(error)
    return (rows[0], False) if len(rows) == 1 else (None, True)
