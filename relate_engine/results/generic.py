"""Any other table of results: a person says which column is what, helped by a guess from the names.

Texts, impressions and clicks are needed; a test column makes the rows variations of a test. Where no column
names the conversion action, all rows count one action that has the column's name. Columns that differ by their number
only (Headline 1, Headline 2) hold several texts of one ad, whichever of them was chosen: its counts are no text's own.
"""

import re
from collections.abc import Mapping, Sequence

from relate_engine.brief import PlacementName, placement_of
from relate_engine.results import google, meta
from relate_engine.results.layout import Layout, names, positions
from relate_engine.results.lines import ResultsError, plain_header
from relate_engine.results.table import Table

FIELDS: dict[str, str] = {
    "impressions": "Impressions", "clicks": "Clicks", "conversions": "Conversions", "action": "Conversion action",
    "spend": "Spend", "currency": "Currency", "day": "Day", "start": "First day", "end": "Last day",
    "campaign": "Campaign", "ad_group": "Ad group", "ad": "Ad", "test": "Test (rows of one test differ in text only)",
    "window": "Attribution window", "breakdown": "Breakdown (device, age, …)",
}  # fmt: skip
TEXTS = ("headline", "description", "primary_text", "body", "path")
BREAKDOWNS = google.BREAKDOWNS | meta.BREAKDOWNS | {"breakdown", "segment"}
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
    "headline": ("headline", "title", "subject", "subject line", "text", "ad text", "copy", "ad copy",
                 "anzeigentitel"),
    "description": ("description", "beschreibung"),
    "primary_text": ("primary text", "primary_text"),
    "body": ("body", "body text"),
}  # fmt: skip
_ALL = frozenset(name for guesses in _GUESSES.values() for name in guesses)
_NUMBERED = re.compile(r"(.*[^\W\d_])(?:[ .#-]*\d{1,2}| [a-e])")


def knows(header: str) -> bool:
    return header.replace("_", " ") in _ALL or bool(_slot_of(header))


def guess(table: Table, placement: PlacementName) -> dict[str, str]:
    """Column name by field, as far as names tell; texts only for slots of the placement."""
    slots = {slot.name for slot in placement_of(placement).slots}
    found: dict[str, str] = {}
    by_name = {plain_header(name).replace("_", " "): name for name in reversed(table.header)}
    unnumbered = {_unnumbered(name): name for name in reversed(table.header)}
    for known, guesses in _GUESSES.items():
        if known in TEXTS and known not in slots:
            continue
        place = unnumbered | by_name if known in TEXTS else by_name
        if name := next((place[n] for n in guesses if n in place and place[n] not in found.values()), None):
            found[known] = name
    splits = (name for name in table.header if plain_header(name) in BREAKDOWNS and name not in found.values())
    if name := next(splits, None):
        found["breakdown"] = name
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
    taken = set(columns.values())
    texts = tuple((s, i) for s in slots if s in columns for i in _alike(table, columns[s], taken))
    if not texts:
        raise ResultsError(
            f"Say which column holds the ad texts ({', '.join(slots)}); the columns are {_listed(table.header)}."
        )
    action = table.header[columns["conversions"]] if "conversions" in columns else ""
    splits = {i for i, name in names(table) if name in BREAKDOWNS and i not in taken}
    splits |= {columns["breakdown"]} if "breakdown" in columns else set()
    return Layout(
        format="generic",
        placement=placement,
        grain="variation" if "test" in columns else "ad",
        columns={known: i for known, i in columns.items() if known in FIELDS},
        texts=texts,
        breakdown=tuple(sorted(splits)),
        clicks="link" if "link" in table.header[columns["clicks"]].lower() else "unknown",
        action=re.sub(r"\s+", " ", action).strip(),
        notes=_notes(table, slots, texts, taken),
    )


def _unnumbered(header: str) -> str:
    plain = plain_header(header).replace("_", " ")
    numbered = _NUMBERED.fullmatch(plain)
    return numbered[1] if numbered else plain


def _slot_of(header: str) -> str:
    """The slot that a column's name, whatever its number, is a known name of; else ""."""
    return next((slot for slot in TEXTS if _unnumbered(header) in _GUESSES.get(slot, ())), "")


def _alike(table: Table, column: int, taken: set[int]) -> list[int]:
    """A text's column and those called the same but for a number, unless they were chosen for something else."""
    called = _unnumbered(table.header[column])
    return [i for i, name in enumerate(table.header) if i == column or (i not in taken and _unnumbered(name) == called)]


def _notes(table: Table, slots: Sequence[str], texts: Sequence[tuple[str, int]], taken: set[int]) -> tuple[str, ...]:
    """Which columns are one ad's texts together, and which may be more of them."""
    told = []
    for slot in slots:
        columns = [table.header[i] for of, i in texts if of == slot]
        if len(columns) > 1:
            told.append(
                f"{', '.join(columns)} are the {slot.replace('_', ' ')} texts of one ad; where several are filled, its "
                "counts are no text's own and teach none of them."
            )
    read = taken | {i for _, i in texts}
    for i, name in enumerate(table.header):
        if i not in read and (slot := _slot_of(name)) in slots:
            told.append(
                f"The column {name} is not read. If it holds more texts of the same ads, name all their columns alike "
                f"with numbers ({slot.replace('_', ' ')} 1, 2, …) in the file, or their counts pass for those of one."
            )
    return tuple(told)


def _listed(header: tuple[str, ...]) -> str:
    shown = [name for name in header if name][:20]
    return ", ".join(shown) + (", …" if len(header) > len(shown) else "")
