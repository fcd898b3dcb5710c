"""Lines that a person brings: pasted text, or a Google Ads Editor CSV of existing ads.

What comes in is data: a cell such as `=1+1` is kept as that text and never computed. The result is
(slot, text) pairs to be scored and stored like drafted ones. Whatever is left out is said in `notes`.
Leaves out other report formats and Excel workbooks.
"""

import codecs
import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from relate_engine.brief import BriefError, clean, placement_of

MAX_LINES = 50
MAX_FILE_BYTES = 2_000_000
MAX_FILE_TEXTS = 500
LONGEST = 2500  # beyond every slot's limit; a longer line is a paste of something else

_CELL = re.compile(r"(headline|description|path)(\d{1,2})")
_MOST = {"headline": 15, "description": 4, "path": 2}
_AD_TYPES = ("", "responsivesearchad", "expandedtextad")
_HEADER_WITHIN = 5  # downloaded reports have a title and a date above the header


@dataclass(frozen=True)
class OwnLines:
    """(slot, text) pairs in the order found, and one sentence about each kind of thing left out."""

    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def parse_pasted(pasted: str, placement: str, slot: str) -> OwnLines:
    """One text a line, up to 50, all for one slot. Empty lines and repeats are left out."""
    placement_of(placement).slot(slot)
    texts = [text for text in (clean(line) for line in pasted.splitlines()) if text]
    if not texts:
        raise BriefError("Own lines: the box is empty; paste at least one line of ad text.")
    found = _distinct((slot, text) for text in texts)
    if len(found.lines) > MAX_LINES:
        raise BriefError(f"Own lines: {len(found.lines)} lines are too many; paste {MAX_LINES} or fewer at a time.")
    for number, text in enumerate(texts, 1):
        if len(text) > LONGEST:
            raise BriefError(
                f"Own lines, line {number}: {len(text):,} characters are too many; keep it under {LONGEST:,}."
            )
    return found


def parse_editor_csv(data: bytes, placement: str = "google_rsa") -> OwnLines:
    """The headlines, descriptions and paths of all search ads in a Google Ads Editor file.

    Reads UTF-8 and UTF-16, comma, semicolon or tab; capitals, spaces and underscores of the English
    headers do not matter. Other ad types and empty cells are left out; `[]` means "erase" in Editor.
    """
    if placement != "google_rsa":
        raise BriefError(
            "Editor file: it holds Google search ads; use it with a brief for Google responsive search ads."
        )
    rows = _rows(_decoded(data))
    at, columns = _header(rows)
    type_at = next((i for i, cell in enumerate(rows[at]) if _plain(cell) == "adtype"), None)
    pairs: list[tuple[str, str]] = []
    skipped = 0
    for number, row in enumerate(rows[at + 1 :], at + 2):
        kind = _plain(row[type_at]) if type_at is not None and type_at < len(row) else ""
        cells = [(slot, clean(row[i])) for i, slot in columns if i < len(row)]
        cells = [(slot, text) for slot, text in cells if text and text != "[]"]
        if cells and kind not in _AD_TYPES:
            skipped += 1
            continue
        for slot, text in cells:
            if len(text) > LONGEST:
                raise BriefError(
                    f"Editor file, row {number}: a {slot} of {len(text):,} characters is no ad text; "
                    "check that the file is a complete CSV export."
                )
        pairs += cells
    if not pairs:
        raise BriefError("Editor file: no search ad was found in it; export ads with headlines and descriptions.")
    found = _distinct(pairs)
    if len(found.lines) > MAX_FILE_TEXTS:
        raise BriefError(
            f"Editor file: {len(found.lines):,} texts are too many; export one campaign or ad group "
            f"({MAX_FILE_TEXTS} texts at most)."
        )
    if skipped:
        found = OwnLines(found.lines, (*found.notes, f"Ads of other types left out: {skipped}."))
    return found


def _distinct(pairs: Iterable[tuple[str, str]]) -> OwnLines:
    """Each text once a slot, capitals and spaces ignored; the first spelling is kept."""
    kept: dict[tuple[str, str], tuple[str, str]] = {}
    seen = 0
    for slot, text in pairs:
        seen += 1
        kept.setdefault((slot, " ".join(text.casefold().split())), (slot, text))
    repeats = seen - len(kept)
    return OwnLines(tuple(kept.values()), (f"Left out {repeats} repeated lines.",) if repeats else ())


def _decoded(data: bytes) -> str:
    if not data.strip():
        raise BriefError("Editor file: the file is empty; export the ads again and choose that file.")
    if len(data) > MAX_FILE_BYTES:
        raise BriefError(
            f"Editor file: {len(data) / 1e6:.1f} MB is too large; export one campaign "
            f"({MAX_FILE_BYTES / 1e6:.0f} MB at most)."
        )
    if data.startswith(b"PK\x03\x04"):
        raise BriefError("Editor file: this is an Excel workbook; save it as CSV and choose that file.")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encodings = ["utf-16"] if utf16 else ["utf-16-le"] if data[1:2] == b"\0" else ["utf-8-sig"]
    try:
        return data.decode(encodings[0])
    except UnicodeDecodeError as error:
        raise BriefError(
            "Editor file: its letters are neither UTF-8 nor UTF-16; export it from Google Ads Editor again."
        ) from error


def _rows(text: str) -> list[list[str]]:
    first = next((line for line in text.splitlines() if _CELL.search(_plain(line))), "")
    delimiter = max("\t,;", key=first.count)
    try:
        return list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BriefError(
            f"Editor file: it is no complete CSV ({error}); export it from Google Ads Editor again."
        ) from error


def _header(rows: list[list[str]]) -> tuple[int, list[tuple[int, str]]]:
    """The header's row and, for each column that holds a text, its slot."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        columns = []
        for i, cell in enumerate(row):
            match = _CELL.fullmatch(_plain(cell))
            if match and 1 <= int(match[2]) <= _MOST[match[1]]:
                columns.append((i, match[1]))
        if any(slot in ("headline", "description") for _, slot in columns):
            return at, columns
    raise BriefError("Editor file: no column is called Headline 1 or Description 1; export it with English headers.")


def _plain(header: str) -> str:
    return re.sub(r"[\s_\-]+", "", header).lower()
