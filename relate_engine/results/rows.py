"""One row of results: `ResultRow` with all that its counts mean, or the reason why it cannot be used.

A row is kept as it was reported: nothing is added up, divided or filled in. Counts that contradict each other
are refused with the reason; what is odd but possible (more conversions than clicks, by people who saw the ad
and came later) is kept and flagged. Leaves out reading files (table.py) and what a row may teach (lessons.py).
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from sys import intern
from typing import Any

from relate_engine.brief import PlacementName, clean
from relate_engine.results import cells
from relate_engine.results.actions import is_no_conversion
from relate_engine.results.cells import CellError, Style, read_as
from relate_engine.results.days import covered
from relate_engine.results.layout import ClickKind, Format, Grain, Layout
from relate_engine.results.lines import Number
from relate_engine.results.meta import EMPTY_IS_ZERO

MAX_TEXT = 2500  # beyond every slot's limit
NO_ACTION = ""
VIEW_THROUGH = "more conversions than clicks (view-through?)"
SPEND_UNREAD = "their spend could not be read and is left out"
_TOTAL = re.compile(r"(grand )?totals?(\s*[:\-–(].*)?|results from \d+ .*", re.I)
_TEXT_TOTAL = re.compile(r"(grand |sub-?)?totals?:?", re.I)  # as a text: "Total: $99" may be an ad's headline


@dataclass(frozen=True)
class ResultRow:
    """Counts of one ad, asset or variation over a time. `0 ≤ clicks ≤ impressions`, whole; conversions may be
    fractions; spend in units of `currency`."""

    line: int
    format: Format
    placement: PlacementName
    grain: Grain
    texts: tuple[tuple[str, str], ...]  # (slot, text), each once
    impressions: int
    clicks: int
    click_kind: ClickKind
    conversions: float | None  # None: not in the file
    action: str  # what a conversion is; "" = not known to be one kind, or not named since there was none (Meta)
    window: str  # attribution window in the platform's words, "" where the file does not say
    start: date | None
    end: date | None
    spend: float | None = None
    currency: str = ""
    ad: tuple[str, ...] = ()  # the ad's id, or campaign, ad group and ad by name
    test: str = ""  # rows of one test differ in text only
    breakdown: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @cached_property
    def arm(self) -> str:
        """What is compared: the ad or text, whatever the day or device."""
        return _arm(self.format, self.placement, self.grain, self.ad, self.texts, self.test, self.click_kind)

    @cached_property
    def key(self) -> str:
        """Equal for the same counts in another file: everything but the counts themselves."""
        days = [d.isoformat() if d else "" for d in (self.start, self.end)]
        return _hash([self.arm, self.action, self.window, days, self.breakdown])

    @property
    def unnamed(self) -> bool:
        """Whether Meta names no action because nothing happened: 0 of what the ad aims at."""
        return self.format == "meta" and self.conversions == 0 and not self.action

    @property
    def counts(self) -> tuple[int, int, float | None]:
        return self.impressions, self.clicks, self.conversions

    def meaning(self) -> dict[str, Any]:
        """All but the line and the counts, as JSON."""
        return {
            "format": self.format, "placement": self.placement, "grain": self.grain,
            "texts": [list(pair) for pair in self.texts], "click_kind": self.click_kind, "action": self.action,
            "window": self.window, "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None, "spend": self.spend, "currency": self.currency,
            "ad": list(self.ad), "test": self.test, "breakdown": list(self.breakdown), "flags": list(self.flags),
        }  # fmt: skip


def row_from_json(
    line: int, impressions: int, clicks: int, conversions: float | None, meaning: dict[str, Any]
) -> ResultRow:
    """The row that `meaning` and its counts were taken from."""
    m = dict(meaning)
    for name in ("start", "end"):
        m[name] = date.fromisoformat(m[name]) if m[name] else None
    for name in ("ad", "breakdown", "flags"):
        m[name] = tuple(m[name])
    m["texts"] = tuple((intern(slot), intern(text)) for slot, text in m["texts"])  # they recur every day
    return ResultRow(line=line, impressions=impressions, clicks=clicks, conversions=conversions, **m)


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be used: its line in the file, why, and what it held."""

    line: int
    reason: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A row that is no ad's: a total, or a picture in an asset report."""

    line: int
    why: str


def read_row(
    layout: Layout, style: Style, period: tuple[date, date] | None, line: int, row: Sequence[str]
) -> ResultRow | Rejected | Skipped:
    """One record by the file's layout. `period`: the days that the whole report covers, for rows without days."""

    def cell(name: str) -> str:
        place = layout.columns.get(name)
        if place is None:
            return ""
        if isinstance(row[place], Number):
            return row[place]
        if name in ("test", "action") and row[place].strip().casefold() in cells.MISSING:
            return ""  # rows of no test are no test together, and "n/a" is no conversion action
        return row[place].strip() or ("0" if layout.format == "meta" and name in EMPTY_IS_ZERO else "")

    def rejected(reason: str) -> Rejected:
        return Rejected(line, reason, tuple(row))

    if skip := _no_ad(layout, row, cell):
        return Skipped(line, skip)
    try:
        texts = _texts(layout, row, cell)
        impressions = read_as("impressions", cells.whole, cell("impressions"), style.decimal)
        clicks = read_as("clicks", cells.whole, cell("clicks"), style.decimal)
        conversions = read_as("conversions", cells.number, cell("conversions"), style.decimal)
        start, end = covered(cell, style.dates, period)
    except CellError as error:
        return rejected(str(error))
    if impressions is None or clicks is None:
        missing = "impressions" if impressions is None else "clicks"
        split = layout.format == "google" and cell("action")
        why = " (a report split by conversion action holds none; download it without)" if split else ""
        return rejected(f"{missing} are missing{why}")
    if not texts:
        return rejected("it holds no ad text")
    if clicks > impressions:
        return rejected(f"clicks ({clicks:,}) are above impressions ({impressions:,})")
    if conversions is not None and conversions < 0:
        return rejected(f"conversions are {conversions:g}; they cannot be negative")
    action = cell("action") or layout.action
    if layout.format == "meta":
        action = action.removeprefix("actions:")
        if is_no_conversion(action) or not action:
            # without a result Meta names none: still 0 of what the campaign aims at (lessons.py finds out what)
            unnamed = not action and conversions == 0 and "action" in layout.columns
            action, conversions = NO_ACTION, 0.0 if unnamed else None
    if conversions is None:
        action = NO_ACTION
    spend, currency, unread = _spend(cell("spend"), style)
    named = [cell("ad_id")] if cell("ad_id") else [cell(name) for name in ("campaign", "ad_group", "ad")]
    return ResultRow(
        line=line,
        format=layout.format,
        placement=layout.placement,
        grain="variation"
        if layout.grain != "asset" and cell("test")
        else layout.grain
        if layout.grain != "variation"
        else "ad",
        texts=texts,
        impressions=impressions,
        clicks=clicks,
        click_kind=layout.clicks,
        conversions=conversions,
        action=action,
        window=cell("window"),
        start=start,
        end=end,
        spend=spend,
        currency=cell("currency") or currency or layout.currency,
        ad=tuple(named) if any(named) else (),
        test=cell("test"),
        breakdown=tuple(row[i].strip() for i in layout.breakdown),
        flags=((VIEW_THROUGH,) if conversions is not None and conversions > clicks else ()) + unread,
    )


def _no_ad(layout: Layout, row: Sequence[str], cell: Callable[[str], str]) -> str:
    first = next((c.strip() for c in row if c.strip()), "")
    if _TOTAL.fullmatch(first) and not (layout.format == "generic" and first == _first_text(layout, row)):
        return "totals"
    if layout.format == "generic":
        filled = [text for _, i in layout.texts if (text := row[i].strip()).casefold() not in cells.MISSING]
        if len(filled) == 1 and _TEXT_TOTAL.fullmatch(filled[0]):
            return "totals"
    if layout.format == "meta":
        names = [layout.columns[n] for n in ("campaign", "ad_group", "ad", "ad_id") if n in layout.columns]
        if names and not any(row[i].strip() for i in names) and not _first_text(layout, row):
            return "totals"
    kind = cell("asset_type")
    if kind and layout.asset_slots and kind.casefold() not in layout.asset_slots:
        return f"assets of another kind ({kind.lower()})"
    ad_type = cell("ad_type").casefold()
    if layout.format == "google" and ad_type and "search" not in ad_type and "text" not in ad_type and ad_type != "--":
        return f"ads of another type ({ad_type})"
    return ""


def _first_text(layout: Layout, row: Sequence[str]) -> str:
    return next((row[i].strip() for _, i in layout.texts if row[i].strip()), "")


def _texts(layout: Layout, row: Sequence[str], cell: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    if layout.asset_slots and "asset" in layout.columns:
        found = [(layout.asset_slots[cell("asset_type").casefold()], cell("asset"))] if cell("asset_type") else []
    else:
        found = [(slot, row[i]) for slot, i in layout.texts]
    texts: dict[tuple[str, str], None] = {}
    for slot, raw in found:
        text = _ad_text(raw)
        if text and text not in ("--", "[]"):
            if len(text) > MAX_TEXT:
                raise CellError(f"a {slot.replace('_', ' ')} of {len(text):,} characters is no ad text")
            texts[slot, text] = None
    if layout.grain == "asset" and len(texts) > 1:
        raise CellError("an asset report's row must hold one text; it holds several")
    return tuple(texts)


@lru_cache(maxsize=65_536)  # the texts of an ad come again every day
def _ad_text(raw: str) -> str:
    """`clean`, quick for plain letters, which it would leave as they are."""
    if raw.isascii() and raw.isprintable() and not any(mark in raw for mark in ("<", "[", "  ")):
        return raw.strip()
    return clean(raw)


def _spend(cell: str, style: Style) -> tuple[float | None, str, tuple[str, ...]]:
    """Spend, its currency and a flag. It teaches nothing, so a row whose spend cannot be read is a good row."""
    try:
        return *cells.amount(cell, style.decimal), ()
    except CellError:
        return None, "", (SPEND_UNREAD,)


@lru_cache(maxsize=65_536)
def _arm(*parts: object) -> str:
    return _hash(parts)[:16]


def _hash(parts: object) -> str:
    plain = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]
