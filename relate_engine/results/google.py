"""Google Ads report downloads: the ads report (Headline 1 … in columns) and the asset report (a row a text).

The header is on the third line, under the report's name and dates; totals stand at the end. Conversions may
be fractions (data-driven attribution spreads one over several ads). Google's Clicks count every click on the
ad, not only those on its headline. Leaves out performance max and combination reports.
English headers only. The column names were not checked against a live account.
"""

import re

from relate_engine.results.layout import Layout, at, names, need, positions
from relate_engine.results.lines import ResultsError
from relate_engine.results.table import Table

COLUMNS = {
    "impr.": "impressions", "impressions": "impressions", "clicks": "clicks", "conversions": "conversions",
    "conv.": "conversions", "cost": "spend", "currency code": "currency", "currency": "currency",
    "conversion action": "action", "conversion name": "action", "conversion window": "window",
    "attribution model": "window", "day": "day", "date": "day", "week": "week", "month": "month",
    "quarter": "quarter", "year": "year",
    "campaign": "campaign", "campaign name": "campaign", "ad group": "ad_group", "ad group name": "ad_group",
    "ad id": "ad_id", "ad name": "ad", "ad type": "ad_type", "experiment": "test", "experiment name": "test",
    "ad variation": "test", "variation": "test", "asset": "asset", "asset text": "asset",
    "asset type": "asset_type", "field type": "asset_type",
}  # fmt: skip
BREAKDOWNS = frozenset({
    "device", "network", "network (with search partners)", "top vs. other", "hour of day", "hour of the day",
    "day of week", "day of the week", "month of year", "month of the year", "click type", "conversion source",
    "country/territory", "country", "region", "city", "metro area", "keyword", "search keyword", "search term",
    "match type", "audience segment", "age", "gender", "household income", "parental status", "pinned position",
})  # fmt: skip
ASSET_SLOTS = {"headline": "headline", "description": "description"}
_TEXT = re.compile(r"(headline|description)(?: line)? ?\d{0,2}|path ?[12]")


def knows(header: str) -> bool:
    return header in COLUMNS or header in BREAKDOWNS or bool(_TEXT.fullmatch(header))


def fits(headers: set[str]) -> bool:
    """Whether these (plain) names are a Google report's."""
    texts = any(_TEXT.fullmatch(name) for name in headers)
    told = "impr." in headers and (texts or "campaign" in headers or "ad group" in headers)
    return "clicks" in headers and (told or "asset type" in headers or (texts and "ad type" in headers))


def layout(table: Table) -> Layout:
    columns = at(table, COLUMNS)
    need(columns, {"impressions": "Impr.", "clicks": "Clicks"}, "This Google Ads report")
    place = positions(table)
    texts = tuple((str(m[1] or "path"), i) for i, name in names(table) if (m := _TEXT.fullmatch(name)))
    asset = "asset" in columns and "asset_type" in columns
    if not texts and not asset:
        raise ResultsError(
            "This Google Ads report holds no ad texts; add the columns Headline 1 to 15 and Description 1 to 4, or "
            "download the asset report."
        )
    return Layout(
        format="google",
        placement="google_rsa",
        grain="asset" if asset else "variation" if "test" in columns else "ad",
        columns=columns,
        texts=() if asset else texts,
        breakdown=tuple(i for name, i in place.items() if name in BREAKDOWNS),
        clicks="all",
        action="Conversions",
        asset_slots=ASSET_SLOTS,
    )
