"""Files of results as platforms write them, built in code: a Google ads report and asset report, a Meta export."""

import io
from collections.abc import Sequence

from openpyxl import Workbook

GOOGLE_HEADER = (
    "Ad status", "Final URL", "Headline 1", "Headline 1 position", "Headline 2", "Description 1", "Path 1", "Ad type",
    "Campaign", "Ad group", "Status", "Currency code", "Clicks", "Impr.", "CTR", "Avg. CPC", "Cost", "Conversions",
    "Conv. rate",
)  # fmt: skip
META_HEADER = (
    "Reporting starts", "Reporting ends", "Campaign name", "Ad set name", "Ad name", "Ad delivery",
    "Attribution setting", "Results", "Result indicator", "Reach", "Impressions", "Amount spent (EUR)", "Link clicks",
    "Clicks (all)", "Age", "Body", "Additional Body 1", "Title",
)  # fmt: skip


def google_row(
    headline: str, clicks: str, impressions: str, conversions: str = "1.50", second: str = " --", group: str = "Exact"
) -> list[str]:
    return [
        "Enabled", "https://example.com", headline, " --", second, "A wall rack that locks two kayaks.", " --",
        "Responsive search ad", "Racks", group, "Eligible", "USD", clicks, impressions, "3.30%", "0.50", "1,012.50",
        conversions, "12.00%",
    ]  # fmt: skip


def google_report(rows: Sequence[Sequence[str]], dates: str = "October 1, 2026 - October 31, 2026") -> bytes:
    """Tab-separated UTF-16 with its mark, two lines above the header and totals below, as Google writes it."""
    total = ["Total: Ads", *[" --"] * (len(GOOGLE_HEADER) - 8), "USD", "72", "2,468", "", "", "", "3.00", ""]
    lines = [["Ad report"], [dates], GOOGLE_HEADER, *rows, total, ["Total: Account", *total[1:]]]
    return "\r\n".join("\t".join(_quoted(cell) for cell in line) for line in lines).encode("utf-16")


def google_assets() -> bytes:
    header = "Asset status,Asset,Asset type,Campaign,Ad group,Clicks,Impr.,Conversions"
    rows = [
        'Enabled,Lock Your Kayak,Headline,Racks,Exact,30,"1,000",3',
        'Enabled,Two Kayaks One Rack,Headline,Racks,Exact,25,"1,000",2',
        'Enabled,A wall rack that locks.,Description,Racks,Exact,30,"1,000",3',
        'Enabled,https://example.com/a.png,Image,Racks,Exact,1,"1,000",0',
        'Total,--,--,--,--,86,"4,000",8',
    ]
    return "\n".join(["Asset report", '"1 October 2026 - 31 October 2026"', header, *rows]).encode("utf-8-sig")


def meta_row(
    body: str, clicks: object = 30, results: object = 4,
    indicator: str = "actions:offsite_conversion.fb_pixel_purchase",
    day: str = "2026-10-01", age: str = "25-34", window: str = "7-day click or 1-day view", second: str = "",
) -> list[object]:  # fmt: skip
    return [
        day, day, "Racks", "Broad", f"Ad {body[:5]}", "active", window, results, indicator, 900, 1000, 12.5, clicks, 44,
        age, body, second, "Lock Your Kayak",
    ]  # fmt: skip


def meta_csv(rows: Sequence[Sequence[object]]) -> bytes:
    total = ["2026-10-01", "2026-10-31", "", "", "", "", "Multiple", 9, "", 900, 3000, 30, 90, 130, "All", "", "", ""]
    lines = [META_HEADER, total, *rows]
    return "\n".join(",".join(_quoted(str(cell), ",") for cell in line) for line in lines).encode()


def meta_xlsx(rows: Sequence[Sequence[object]], formula: str = "") -> bytes:
    """As Ads Manager writes it: a formatted sheet before the raw one."""
    book = Workbook()
    front = book.active
    assert front is not None
    front.title = "Formatted Report"
    front.append(["Report for Racks"])
    raw = book.create_sheet("Raw Data Report")
    for line in (META_HEADER, *rows):
        raw.append(list(line))
    if formula:
        raw.append([*meta_row("Computed", clicks=formula)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def meta_days(*rows: tuple[str, str, int], ad: str = "Ad") -> bytes:
    """A short Meta export: first day, last day and impressions of one ad a row."""
    header = (
        "Reporting starts,Reporting ends,Campaign name,Ad name,Attribution setting,Results,Result indicator,"
        "Impressions,Link clicks,Body"
    )
    lines = [f"{a},{b},C,{ad},7-day,3,actions:purchase,{n},{n // 100},Lock it" for a, b, n in rows]
    return "\n".join([header, *lines]).encode()


def google_days(columns: str, *rows: tuple[str, int], title: str = "") -> bytes:
    """A short Google report of one ad: the cells of these columns and the impressions of each row."""
    header = f"Campaign,Ad group,Ad type,Headline 1,Clicks,Impr.,Conversions,{columns}"
    lines = [f"R,E,Responsive search ad,Lock it,5,{n},1,{cells}" for cells, n in rows]
    return "\n".join(filter(None, ["Ad report", title, header, *lines])).encode()


def _quoted(cell: str, delimiter: str = "\t") -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in f'{delimiter}"\n,') else cell
