"""Any other table of results: a person says which column is what, helped by a guess from the names.

Texts, impressions and clicks are needed; a test column makes the rows variations of a test. Where no column
names the conversion action, all rows count one action that has the column's name.
"""

import re
from collections.abc import Mapping

from relate_engine.brief import PlacementName, placement_of
from relate_engine.results.layout import Layout, positions
from relate_engine.results.lines import ResultsError, plain_header
from relate_engine.results.table import Table

FIELDS: dict[str, str] = {
    "impressions": "Impressions", "clicks": "Clicks", "conversions": "Conversions", "action": "Conversion action",
    "spend": "Spend", "currency": "Currency", "day": "Day", "start": "First day", "end": "Last day",
    "campaign": "Campaign", "ad_group": "Ad group", "ad": "Ad", "test": "Test (rows of one test differ in text only)",
    "window": "Attribution window",
}  # fmt: skip
TEXTS = ("headline", "description", "primary_text", "body", "path")
_GUESSES = {
    "impressions": ("impressions", "impr.", "impr", "imps", "views", "shown", "sends", "impresiones", "impressionen"),
    "clicks": ("clicks", "link clicks", "clics", "klicks"),
    "conversions": ("conversions", "conv.", "purchases", "orders", "sales", "leads", "sign-ups", "signups"),
    "action": ("action", "conversion action", "goal", "event", "conversion type"),
    "spend": ("spend", "cost", "amount spent", "amount"),
    "currency": ("currency", "currency code"),
    "day": ("day", "date"),
    "start": ("start", "start date", "from", "first day", "reporting starts"),
    "end": ("end", "end date", "to", "last day", "reporting ends"),
    "campaign": ("campaign", "campaign name"),
    "ad_group": ("ad group", "ad set", "ad set name", "ad group name"),
    "ad": ("ad", "ad name", "ad id", "creative"),
    "test": ("test", "test id", "test_id", "experiment", "experiment id", "test name", "a/b test"),
    "window": ("window", "attribution window", "attribution setting"),
    "headline": ("headline", "title", "subject", "subject line", "text", "ad text", "copy", "ad copy"),
    "description": ("description",),
    "primary_text": ("primary text", "primary_text"),
    "body": ("body", "body text"),
}  # fmt: skip
_ALL = frozenset(name for names in _GUESSES.values() for name in names)


def knows(header: str) -> bool:
    return header.replace("_", " ") in _ALL


def guess(table: Table, placement: PlacementName) -> dict[str, str]:
    """Column name by field, as far as names tell; texts only for slots of the placement."""
    slots = {slot.name for slot in placement_of(placement).slots}
    found: dict[str, str] = {}
    by_name = {plain_header(name).replace("_", " "): name for name in reversed(table.header)}
    for known, names in _GUESSES.items():
        if known in TEXTS and known not in slots:
            continue
        if name := next((by_name[n] for n in names if n in by_name and by_name[n] not in found.values()), None):
            found[known] = name
    return found


def layout(table: Table, placement: PlacementName, mapping: Mapping[str, str]) -> Layout:
    """The layout a person chose: column name by field (see FIELDS and the placement's slots)."""
    slots = [slot.name for slot in placement_of(placement).slots]
    place = positions(table)
    columns: dict[str, int] = {}
    for known, name in mapping.items():
        if known not in FIELDS and known not in slots:
            raise ResultsError(
                f"'{known}' is no field of {placement_of(placement).label}; the fields are "
                f"{', '.join((*FIELDS, *slots))}."
            )
        if (plain := plain_header(name)) not in place:
            raise ResultsError(f"There is no column '{name}'; the columns are {_listed(table.header)}.")
        if sum(plain_header(header) == plain for header in table.header) > 1:
            raise ResultsError(f"Two columns are called '{name}'; rename one of them in the file.")
        columns[known] = place[plain]
    if missing := [FIELDS[f] for f in ("impressions", "clicks") if f not in columns]:
        raise ResultsError(f"Say which column holds {' and '.join(missing)}; the columns are {_listed(table.header)}.")
    texts = tuple((slot, columns[slot]) for slot in slots if slot in columns)
    if not texts:
        raise ResultsError(
            f"Say which column holds the ad texts ({', '.join(slots)}); the columns are {_listed(table.header)}."
        )
    action = table.header[columns["conversions"]] if "conversions" in columns else ""
    return Layout(
        format="generic",
        placement=placement,
        grain="variation" if "test" in columns else "ad",
        columns={known: i for known, i in columns.items() if known in FIELDS},
        texts=texts,
        clicks="link" if "link" in table.header[columns["clicks"]].lower() else "unknown",
        action=re.sub(r"\s+", " ", action).strip(),
    )


def _listed(header: tuple[str, ...]) -> str:
    shown = [name for name in header if name][:20]
    return ", ".join(shown) + (", …" if len(header) > len(shown) else "")
