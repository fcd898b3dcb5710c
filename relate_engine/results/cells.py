"""What a cell says: counts, amounts, dates. Each function returns the value, None for "no value", or says why not.

A file writes numbers and dates in one way, so the way (`Style`) is inferred from all of its rows and not cell
by cell: `1,234` is 1234 in one file and 1.234 in another, `03/04/2026` is in March or in April. What the whole
file leaves open is not guessed: the row is refused with the question. Formulas are never computed.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from typing import Any, Literal, TypeVar

from relate_engine.results.lines import Number

DateOrder = Literal["dmy", "mdy"]

MISSING = frozenset({"", "-", "--", "---", "–", "—", "n/a", "na", "null", "none", "nan", "not available", "not set"})
MAX_COUNT = 10**12

_GROUP = r"[\s\u00a0\u202f'’]"
_NUMBER = {
    decimal: re.compile(
        rf"-?(?:(?!0)\d{{1,3}}(?:(?:[{thousands}]|{_GROUP})\d{{2,3}})*(?:[{thousands}]|{_GROUP})\d{{3}}|\d+)"
        rf"(?:[{decimal}]\d*)?|-?[{decimal}]\d+"
    )
    for decimal, thousands in ((".", ","), (",", "."))
}
_SCIENTIFIC = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_MARK = r"([A-Z]{2,3}|[A-Z]{0,2}[$€£¥₹₩₺₽฿₫₪₱]|(?i:rs|kr|zł|kč|ft|lei|fr|rp|руб|грн|лв)\.?)"
_CURRENCY = re.compile(rf"^(-?)\s*{_MARK}\s*(?=[\d.,-])|(?<=[\d.,])\s*{_MARK}$")
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "zł": "PLN", "Kč": "CZK"}
_DAY_FIRST_OR_NOT = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-]?(\d{2})[/.\-]?(\d{2})")
_CLOCK = re.compile(r"[T ,]+\d{1,2}:\d{2}.*$")
_NAMED = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y",
          "%a, %b %d, %Y", "%A, %B %d, %Y")  # fmt: skip
_T = TypeVar("_T")


class CellError(ValueError):
    """Why a cell cannot be read; completes "<column> …"."""


@dataclass(frozen=True)
class Style:
    """How a file writes numbers and dates. `dates` None: day or month first is not known."""

    decimal: str = "."
    dates: DateOrder | None = None


@dataclass
class Evidence:
    """Gathers, over all rows, how numbers and dates are written."""

    decimals: Counter[str] = field(default_factory=Counter)  # sign → cells that can be read in no other way
    counts: Counter[str] = field(default_factory=Counter)  # the same, from counts such as 1,234
    open_numbers: int = 0  # amounts such as 1,234 that alone leave it open
    orders: Counter[DateOrder] = field(default_factory=Counter)
    open_dates: int = 0

    def number(self, cell: str, count: bool) -> None:
        """Looks at a number; `count` where only whole numbers make sense."""
        if isinstance(cell, Number) or cell.isdigit():
            return
        cell = cell.strip()
        last = max(cell.rfind("."), cell.rfind(","))
        if last < 0 or not any(pattern.fullmatch(cell) for pattern in _NUMBER.values()):  # words, formulas
            return
        sign, other = cell[last], "," if cell[last] == "." else "."
        digits = len(re.sub(r"\D.*$", "", cell[last + 1 :]))
        if other in cell[:last] or (cell.count(sign) == 1 and (digits != 3 or re.match(r"\D*0[.,]", cell))):
            self.decimals[sign] += 1
        elif cell.count(sign) > 1:
            self.decimals[other] += 1
        elif count:
            self.counts[other] += 1
        else:
            self.open_numbers += 1

    def day(self, cell: str) -> None:
        """Looks at a date."""
        match = _DAY_FIRST_OR_NOT.match(cell.strip())
        if not match:
            return
        first, second = int(match[1]), int(match[2])
        if first > 12 >= second:
            self.orders["dmy"] += 1
        elif second > 12 >= first:
            self.orders["mdy"] += 1
        elif first != second:
            self.open_dates += 1

    def style(self, delimiter: str, decimal: str | None, dates: DateOrder | None) -> tuple[Style, tuple[str, ...]]:
        """The file's way of writing, and a sentence on everything that was decided without proof.

        `decimal` and `dates`: what the person said, which decides.
        """
        notes = []
        found = self.decimals or self.counts
        sign = decimal or (found.most_common(1)[0][0] if found else "," if delimiter == ";" else ".")
        if not decimal and len(self.decimals) > 1:
            notes.append(
                f"Numbers are written in two ways; most have the decimal sign '{sign}', so the others are refused "
                "where they make no sense that way."
            )
        elif not decimal and not found and self.open_numbers:
            example = "1,234" if sign == "." else "1.234"
            notes.append(
                f"No number shows its decimal sign, so '{sign}' was assumed and {example} read as 1234; if that is "
                "wrong, undo this import and say the decimal sign."
            )
        order = dates or (next(iter(self.orders)) if len(self.orders) == 1 else None)
        if order is None and self.open_dates:
            why = "both orders are used" if self.orders else "no date tells"
            notes.append(
                f"Dates such as 03/04/2026 leave day and month open ({why}); these rows are refused until you say "
                "which comes first."
            )
        return Style(sign, order), tuple(notes)


def number(cell: str, decimal: str) -> float | None:
    """A number with thousands separators, such as 1,234.5; None where the cell says there is none."""
    plain = cell.strip()
    if plain.casefold() in MISSING:
        return None
    if plain.isdigit() and plain.isascii():
        return float(plain)
    if plain[0] in "=+@":
        raise CellError("is a formula, which is never computed")
    if isinstance(cell, Number) or _SCIENTIFIC.fullmatch(plain):
        value = float(plain)
    elif _NUMBER[decimal].fullmatch(plain):
        value = float(re.sub(rf"[^\d{decimal}\-]", "", plain).replace(",", "."))
    else:
        raise CellError(f"is '{_short(plain)}', which is no number with the decimal sign '{decimal}'")
    if not isfinite(value):
        raise CellError(f"is '{_short(plain)}', which is no usable number")
    return value


def whole(cell: str, decimal: str) -> int | None:
    """A count: whole and not negative."""
    value = number(cell, decimal)
    if value is None:
        return None
    if value < 0:
        raise CellError(f"is {_short(cell)}; a count cannot be negative")
    if not value.is_integer():
        raise CellError(f"is {_short(cell)}; a count must be whole{_other_sign(cell, decimal)}")
    if value > MAX_COUNT:
        raise CellError(f"is {_short(cell)}; that is more than any campaign has")
    return int(value)


def _other_sign(cell: str, decimal: str) -> str:
    """What to do about a count whose point (or comma) may separate thousands; "" where it cannot."""
    other = "," if decimal == "." else "."
    if isinstance(cell, Number) or not _NUMBER[other].fullmatch(cell.strip()):
        return ""
    meant = number(cell, other)
    if meant is None or not meant.is_integer():
        return ""
    return f"; if it means {meant:.0f}, choose '{other}' as the decimal sign of the file"


def bare(cell: str) -> tuple[str, str]:
    """Money without its marks, and its currency: a code where the cell names one or its sign means one, else ""."""
    if isinstance(cell, Number):
        return cell, ""
    plain = cell.strip()
    marks = [match[2] or match[3] for match in _CURRENCY.finditer(plain)]
    codes = [_SYMBOLS.get(mark, mark if re.fullmatch(r"[A-Z]{3}", mark) else "") for mark in marks]
    return _CURRENCY.sub(lambda m: m[1] or "", plain).strip(), next(filter(None, codes), "")


def amount(cell: str, decimal: str) -> tuple[float | None, str]:
    """Money and its currency, as `bare` tells it."""
    plain, currency = bare(cell)
    value = number(plain, decimal)
    if value is not None and value < 0:
        raise CellError(f"is {_short(cell)}; it cannot be negative")
    return value, currency


@lru_cache(maxsize=4096)
def day(cell: str, order: DateOrder | None) -> date | None:
    """A date; a time of day behind it is dropped."""
    plain = _CLOCK.sub("", cell.strip())
    if plain.casefold() in MISSING:
        return None
    try:
        if match := _YEAR_FIRST.fullmatch(plain):
            return _plausible(date(int(match[1]), int(match[2]), int(match[3])), plain)
        if match := _DAY_FIRST_OR_NOT.fullmatch(plain):
            first, second, year = (int(match[i]) for i in (1, 2, 3))
            year += 2000 if year < 100 else 0
            if order is None and first <= 12 and second <= 12 and first != second:
                raise CellError(f"is {plain}; say whether the day or the month comes first")
            month_first = second > 12 if order is None else order == "mdy"
            return _plausible(date(year, first, second) if month_first else date(year, second, first), plain)
    except CellError:
        raise
    except ValueError:
        told = f" with the {'day' if order == 'dmy' else 'month'} first" if order else ""
        raise CellError(f"is '{_short(plain)}', which is no date{told}") from None
    for pattern in _NAMED:
        try:
            return _plausible(datetime.strptime(plain, pattern).date(), plain)
        except CellError:
            raise
        except ValueError:
            continue
    raise CellError(f"is '{_short(plain)}', which is no date")


def period(text: str) -> tuple[date, date] | None:
    """Two dates with a dash between them, as a report's title says what it covers; None if it is none."""
    parts = re.split(r"\s+[-–—]\s+|\.\.|\s+to\s+", text.strip().strip('"'))
    if len(parts) not in (1, 2):
        return None
    try:
        ends = [day(part, None) for part in (parts[0], parts[-1])]
    except CellError:
        return None
    first, last = ends
    return (first, last) if first and last and first <= last else None


def read_as(name: str, read: Callable[[str, Any], _T], cell: str, how: object) -> _T:
    """What `read` makes of a cell; its CellError names the column."""
    try:
        return read(cell, how)
    except CellError as error:
        raise CellError(f"{name} {error}") from None


def _plausible(found: date, cell: str) -> date:
    if not 2000 <= found.year <= 2100:
        raise CellError(f"is {cell}; no campaign ran then")
    return found


def _short(cell: str) -> str:
    one = " ".join(cell.split())
    return one if len(one) <= 40 else one[:39] + "…"
