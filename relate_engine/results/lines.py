"""What the readers of files share: a record, the refusal of a file, the limits.

Leaves out how a file becomes records (delimited.py, workbook.py).
"""

import io
import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_BYTES = 200_000_000
MAX_UNPACKED = 600_000_000  # what the sheets of a workbook may unpack to
MAX_COLUMNS = 300
MAX_CELL = 20_000  # characters; no platform's ad text comes near
HEADER_WITHIN = 20  # reports have titles above their header

_SPACES = re.compile(r"\s+")


class ResultsError(ValueError):
    """A file of results that cannot be used; its text is one sentence: what, where, what to do."""


class Number(str):
    """A cell that a workbook holds as a number: its point is a decimal point, whatever sign the file's texts use."""


class Line(NamedTuple):
    """One record. `trouble` says why its cells could not be read; they are then empty or as far as they go."""

    number: int  # of its first physical line, from 1
    cells: list[str]
    trouble: str = ""


def plain_header(cell: str) -> str:
    """A column's name as it is compared: lower case, single spaces."""
    return _SPACES.sub(" ", cell.replace("\ufeff", "")).strip(" *\t").casefold()


def binary(source: bytes | Path) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
