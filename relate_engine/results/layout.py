"""`Layout`: which column of a file is what, and what its rows mean. One is made by each platform's reader.

Leaves out reading a row by it (rows.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from relate_engine.brief import PlacementName
from relate_engine.results.lines import ResultsError, plain_header
from relate_engine.results.table import Table

Format = Literal["google", "meta", "generic"]
Grain = Literal["ad", "asset", "variation"]
ClickKind = Literal["link", "all", "unknown"]

FORMATS: dict[Format, str] = {"google": "Google Ads", "meta": "Meta Ads Manager", "generic": "Other file"}
GRAINS: dict[Grain, str] = {
    "ad": "one row an ad",
    "asset": "one row a text of an ad (asset report): an impression counts once for each text, so rows are never "
    "added up to ads nor compared as a test",
    "variation": "one row a variation of a test",
}


@dataclass(frozen=True)
class Layout:
    """`columns`: column number by field. Fields: impressions, clicks, conversions, spend, currency, action,
    window, day, week, month, quarter, year, start, end, campaign, ad_group, ad, ad_id, test, asset, asset_type,
    ad_type."""

    format: Format
    placement: PlacementName
    grain: Grain
    columns: Mapping[str, int]
    texts: tuple[tuple[str, int], ...] = ()  # (slot, column)
    breakdown: tuple[int, ...] = ()  # columns that split an ad's counts: device, age, …
    clicks: ClickKind = "unknown"
    action: str = ""  # where no column names it; "" with no action column: conversions are not known to be one kind
    currency: str = ""
    asset_slots: Mapping[str, str] = field(default_factory=dict)  # asset type → slot
    notes: tuple[str, ...] = ()


def at(table: Table, names: Mapping[str, str]) -> dict[str, int]:
    """Column number by field, for the (plain) column names that the table has; the first name of a field wins."""
    found: dict[str, int] = {}
    place = positions(table)
    for name, wanted in names.items():
        if wanted not in found and name in place:
            found[wanted] = place[name]
    return found


def positions(table: Table) -> dict[str, int]:
    """Column number by plain name; the first of two equal names."""
    place: dict[str, int] = {}
    for number, name in enumerate(table.header):
        place.setdefault(plain_header(name), number)
    return place


def names(table: Table) -> Iterator[tuple[int, str]]:
    """Number and plain name of every column; of texts, two columns of one name are two texts."""
    return enumerate(map(plain_header, table.header))


def need(columns: Mapping[str, int], wanted: Mapping[str, str], what: str) -> None:
    """Raises ResultsError naming the columns that are missing. `wanted`: the name people know, by field."""
    if missing := [name for known, name in wanted.items() if known not in columns]:
        raise ResultsError(
            f"{what} has no column {' or '.join(missing)}; add it to the report's columns and download it again."
        )
