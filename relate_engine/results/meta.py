"""Meta Ads Manager exports, CSV or Excel: a row an ad, or an ad's part where a breakdown was chosen.

"Results" is whatever the campaign aims at, named by "Result indicator": a result that is a click, a view or a
reach is no conversion (actions.py), and without an indicator it is not known what it counts, so it teaches no CVR.
"Link clicks" are preferred over "Clicks (all)", which count likes and profile visits too. Where nothing happened Meta
leaves the cell empty, so empty clicks and results are 0 (EMPTY_IS_ZERO): ads that sold nothing must count.
Leaves out columns in other languages. The columns were not checked against a live account.
"""

import re

from relate_engine.results.layout import ClickKind, Layout, at, names, need, positions
from relate_engine.results.lines import ResultsError
from relate_engine.results.table import Table

COLUMNS = {
    "impressions": "impressions", "link clicks": "clicks", "results": "conversions", "result indicator": "action",
    "result type": "action", "attribution setting": "window", "reporting starts": "start", "reporting ends": "end",
    "day": "day", "week": "week", "month": "month", "campaign name": "campaign", "ad set name": "ad_group",
    "ad name": "ad", "ad id": "ad_id", "currency": "currency", "a/b test": "test", "a/b test name": "test",
    "test name": "test", "split test": "test",
}  # fmt: skip
ACTIONS = ("purchases", "website purchases", "leads", "website leads", "registrations completed", "app installs")
BREAKDOWNS = frozenset({
    "age", "gender", "country", "region", "dma region", "platform", "placement", "impression device", "device platform",
    "conversion device", "time of day (ad account time zone)", "time of day (viewer's time zone)", "business locations",
    "product id", "image, video and slideshow", "call to action", "website url (ad settings)",
})  # fmt: skip
EMPTY_IS_ZERO = ("clicks", "conversions")
_SPEND = re.compile(r"amount spent(?: \(([a-z]{3})\))?")
_TEXT = re.compile(
    r"(?:additional )?(body|primary text|text|title|headline|link description|description)"
    r"(?: \(ad settings\)| asset)?(?: ?\d)?"
)
_SLOTS = {
    "body": "primary_text", "primary text": "primary_text", "text": "primary_text", "title": "headline",
    "headline": "headline", "link description": "description", "description": "description",
}  # fmt: skip


def knows(header: str) -> bool:
    return header in COLUMNS or header in BREAKDOWNS or bool(_TEXT.fullmatch(header) or _SPEND.fullmatch(header))


def fits(headers: set[str]) -> bool:
    """Whether these (plain) names are a Meta export's."""
    own = {
        "reporting starts",
        "reporting ends",
        "result indicator",
        "ad set name",
        "link clicks",
        "attribution setting",
    }
    return len(own & headers) >= 2 or any(_SPEND.fullmatch(name) for name in headers)


def layout(table: Table) -> Layout:
    columns, place = at(table, COLUMNS), positions(table)
    clicks: ClickKind = "link"
    if "clicks" not in columns and "clicks (all)" in place:
        columns["clicks"], clicks = place["clicks (all)"], "all"
    need(columns, {"impressions": "Impressions", "clicks": "Link clicks"}, "This Meta export")
    action, notes = "", []
    if "conversions" in columns and "action" not in columns:
        notes.append(
            "No column says what Results counts, so these rows teach no conversion rate; add the column Result "
            "indicator to the export."
        )
    elif "conversions" not in columns and (named := next((a for a in ACTIONS if a in place), None)):
        columns["conversions"], action = place[named], named
    texts = tuple((_SLOTS[m[1]], i) for i, name in names(table) if (m := _TEXT.fullmatch(name)))
    if not texts:
        raise ResultsError(
            "This Meta export holds no ad texts; add the columns Body and Title (in Customize columns, ad settings) "
            "and export it again."
        )
    spend = next((m for name in place if (m := _SPEND.fullmatch(name))), None)
    if spend:
        columns["spend"] = place[spend[0]]
    asset = any(name == "text" or name.endswith(" asset") for name in place)
    return Layout(
        format="meta",
        placement="meta_feed",
        grain="asset" if asset else "variation" if "test" in columns else "ad",
        columns=columns,
        texts=texts,
        breakdown=tuple(i for name, i in place.items() if name in BREAKDOWNS),
        clicks=clicks,
        action=action,
        currency=(spend[1] or "").upper() if spend else "",
        notes=tuple(notes),
    )
