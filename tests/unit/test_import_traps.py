"""Files that look harmless and would teach wrongly: an ad's counts on one of its headlines, totals as ads, sheets that
nobody reads, clicks as conversions, numbers in another country's way, and rows that a column tells apart."""

import io
from collections.abc import Sequence
from datetime import date

import pytest
from openpyxl import Workbook

from app.services import importing, results_page
from app.services.import_report import details
from app.services.people import Actor
from db.session import Database
from relate_engine.results import cells, days
from relate_engine.results.actions import is_no_conversion
from relate_engine.results.lines import ResultsError
from relate_engine.results.reading import Options, open_results, options_from
from relate_engine.results.rows import Rejected, ResultRow, Skipped
from tests.unit.result_files import google_days, meta_days
from tests.unit.studio import person


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


def workbook(*sheets: tuple[str, Sequence[Sequence[object]]]) -> bytes:
    book = Workbook()
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes, options: Options = Options(), name: str = "x.csv") -> tuple[list[ResultRow], list[str]]:
    """Good rows, and why the others are none."""
    rows = list(open_results(data, name, options).rows())
    return [r for r in rows if isinstance(r, ResultRow)], [
        r.reason if isinstance(r, Rejected) else r.why for r in rows if isinstance(r, Rejected | Skipped)
    ]


# one row, one ad


@pytest.mark.parametrize(
    ("data", "mapping"),
    [
        ("Headline 1,Headline 2,Headline 3,Impressions,Clicks\nA,B,C,100,5", {}),
        ("Headline 1,Headline 2,Headline 3,Impressions,Clicks\nA,B,C,100,5", {"headline": "Headline 2"}),
        ("Anzeigentitel 1;Anzeigentitel 2;Anzeigentitel 3;Impressionen;Klicks\nA;B;C;100;5", {}),
        ("Zeile_1,Zeile_2,Zeile_3,Impressions,Clicks\nA,B,C,100,5", {"headline": "Zeile_1"}),
        ("Headline A,Headline B,Headline C,Impressions,Clicks\nA,B,C,100,5", {}),
    ],
)
def test_columns_that_differ_by_number_are_texts_of_one_ad(data: str, mapping: dict[str, str]) -> None:
    reading = open_results(data.encode(), "x.csv", Options(mapping=mapping))
    (row,) = reading.rows()
    assert isinstance(row, ResultRow) and row.texts == (("headline", "A"), ("headline", "B"), ("headline", "C"))
    assert "are the headline texts of one ad" in reading.notes[0]


def test_the_counts_of_an_ad_with_three_headlines_teach_none_of_them(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "x.csv", b"Headline 1,Headline 2,Impressions,Clicks\nA,B,100,5\nOnly,,90,5\n")
    assert [o.text for o in importing.observations(db, ana)] == ["Only"]


def test_a_column_chosen_for_something_else_is_no_text_of_the_ad() -> None:
    data = b"Text 1,Text 2,Impressions,Clicks\nA,B,100,5\n"
    (row,), _ = read(data, Options(mapping={"headline": "Text 1", "body": "Text 2"}))
    assert row.texts == (("headline", "A"), ("body", "B"))


def test_a_merged_heading_is_refused_with_the_remedy() -> None:
    rows = [["Headlines", None, None, "Impressions", "Clicks"], ["A", "B", "C", 100, 5]]
    options = Options(mapping={"headline": "Headlines"})
    with pytest.raises(ResultsError, match=r"merged heading; name each column of the file \('Headlines 1'"):
        open_results(workbook(("S", rows)), "x.xlsx", options)
    rows[1] = ["A", None, None, 100, 5]
    assert len(read(workbook(("S", rows)), options, "x.xlsx")[0]) == 1


def test_a_text_column_that_is_not_read_is_told() -> None:
    notes = open_results(b"Headline,Title,Impressions,Clicks\nA,B,100,5\n", "x.csv").notes
    assert "The column Title is not read." in notes[0]


def test_a_field_cannot_be_mapped_twice_in_a_shell() -> None:
    with pytest.raises(ResultsError, match="'headline' is mapped twice"):
        options_from(None, None, ["headline=A", "headline=B"], None, None, None)


@pytest.mark.parametrize("total", ["Grand Total,", "Total,", "totals,", "Total:,", "Sub-total,--"])
def test_a_total_is_no_ad(total: str) -> None:
    good, why = read(f"Headline,Body,Impressions,Clicks\nA,B,100,5\n{total},100,5\nTotal,A lamp,9,1\n".encode())
    assert [r.texts[0][1] for r in good] == ["A", "Total"] and why == ["totals"]
    assert len(read(b"Headline,Impressions,Clicks\nTotal: $99,100,5\n")[0]) == 1, "an ad may begin with the word"


# sheets


HEAD = ["Headline", "Impressions", "Clicks", "Cost", "Conversions"]


def test_other_sheets_with_such_rows_are_named() -> None:
    sheets = [("Oct", [HEAD, ["A", 100, 5, 1, 1]]), ("Nov", [HEAD, ["B", 100, 5, 1, 1]]), ("Dec", [HEAD])]
    data = workbook(("Cover", [["Report"]]), *sheets, ("Rates", [["Clicks", "CTR"], [5, 0.1]]))
    reading = open_results(data, "x.xlsx")
    assert reading.table.described == "Excel workbook, sheet 'Oct'"
    assert reading.notes[0] == (
        "Only the sheet 'Oct' is read; 'Nov' holds rows of the same kind, so save each sheet as a file of its own and "
        "import that too."
    )
    alone = open_results(workbook(sheets[0]), "x.xlsx")
    assert alone.table.described == "Excel workbook" and not any("sheet" in note for note in alone.notes)


def test_a_workbook_has_numbers_in_no_country_s_way() -> None:
    rows = [HEAD, ["A", 1000, 5, 2.125, "1,5"], ["B", "1.000", 5, "2.000,50", 0.125]]
    for decimal in (None, ","):  # the texts alone tell it
        good, bad = read(workbook(("S", rows)), Options(decimal=decimal), "x.xlsx")
        assert [(r.impressions, r.spend, r.conversions) for r in good] == [(1000, 2.125, 1.5), (1000, 2000.5, 0.125)]
        assert bad == []


# what is no conversion


@pytest.mark.parametrize(
    "result",
    [
        *("actions:outbound_click", "actions:link_click", "unique_link_click", "inline_link_clicks", "Link clicks"),
        *("Clicks (all)", "Outbound clicks", "landing_page_view", "omni_landing_page_view", "Landing page views"),
        *("video_view", "video_p25_watched_actions", "video_30_sec_watched_actions", "video_thruplay_watched_actions"),
        *("video_continuous_2_sec_watched_actions", "2-second continuous video plays", "3-second video plays"),
        *("Video plays at 25%", "ThruPlays", "photo_view", "Photo views", "profile_visit_view"),
        *("Instagram profile visits", "like", "Page likes", "Facebook likes", "Follows or likes", "comment"),
        *("Post comments", "post_reaction", "Post reactions", "Post shares", "onsite_conversion.post_save"),
        *("post_engagement", "inline_post_engagement", "Post engagements", "page_engagement", "rsvp"),
        *("Event responses", "reach", "Reach", "impressions", "estimated_ad_recallers"),
        "Estimated ad recall lift (people)",
    ],
)
def test_clicks_views_and_likes_are_no_conversions(result: str) -> None:
    (row,), _ = read(meta_days(("2026-10-01", "2026-10-31", 1000)).replace(b"actions:purchase", f'"{result}"'.encode()))
    assert (row.action, row.conversions) == ("", None)


@pytest.mark.parametrize(
    "result",
    [
        *("actions:purchase", "offsite_conversion.fb_pixel_purchase", "Website purchases", "Leads", "leadgen.other"),
        *("onsite_conversion.lead_grouped", "onsite_conversion.messaging_conversation_started_7d"),
        *("Messaging conversations started", "omni_app_install", "mobile_app_install", "Registrations completed"),
        *("offsite_conversion.custom.123", "click_to_call_call_confirm", "Video course purchase"),
    ],
)
def test_what_people_do_for_the_advertiser_is_a_conversion(result: str) -> None:
    assert not is_no_conversion(result)


# numbers and money


def test_a_currency_s_point_is_no_decimal_sign() -> None:
    rows = "A;1.234;5;12,00\nB;1.234;5;1.234,50 kr.\nC;1.234;5;kr. 7,00"
    for some in (rows, rows.split("\n")[1]):
        good, bad = read(f"Headline;Impressions;Clicks;Cost\n{some}".encode())
        assert bad == [] and {r.impressions for r in good} == {1234} and 1234.5 in [r.spend for r in good]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("Rs. 1,234.00", (1234, "")), ("Rs 1,234.00", (1234, "")), ("1,234.00 kr.", (1234, "")), ("R$ 5", (5, "")),
     ("$5.50 USD", (5.5, "USD")), ("CHF 5", (5, "CHF")), ("5.00 CAD", (5, "CAD")), ("£3", (3, "GBP"))],
)  # fmt: skip
def test_money_in_more_words(cell: str, value: tuple[float, str]) -> None:
    assert cells.amount(cell, ".") == value


def test_spend_that_cannot_be_read_costs_no_row(db: Database, ana: Actor) -> None:
    data = b"Headline,Impressions,Clicks,Cost\nA,100,5,about five\nB,100,5,-3\nC,100,5,n.a.\nD,100,5,2.50\n"
    good, bad = read(data)
    assert bad == [] and [r.spend for r in good] == [None, None, None, 2.5]
    report = importing.import_file(db, ana, "x.csv", data)
    assert "3 rows flagged: their spend could not be read and is left out." in details(report)


def test_a_count_that_is_not_whole_names_the_decimal_sign() -> None:
    data = b"Headline,Impressions,Clicks,Conversions\nA,1.234,5,0.5\nB,1.5,1,0.5\n"
    good, bad = read(data)
    assert good == [] and bad == [
        "impressions is 1.234; a count must be whole; if it means 1234, choose ',' as the decimal sign of the file",
        "impressions is 1.5; a count must be whole",
    ]


# what tells rows apart


@pytest.mark.parametrize(
    ("column", "first", "second", "span"),
    [
        ("Quarter", "Q3 2026", "Q4 2026", (date(2026, 10, 1), date(2026, 12, 31))),
        ("Quarter", "2026-07-01", "2026-10-01", (date(2026, 10, 1), date(2026, 12, 31))),
        ("Year", "2025", "2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ("Month", "October 2026", "November 2026", (date(2026, 11, 1), date(2026, 11, 30))),
        ("Week", "2026-10-05", "2026-10-12", (date(2026, 10, 12), date(2026, 10, 18))),
        ("Week,Month", "2026-09-28,2026-09-01", "2026-09-28,2026-10-01", (date(2026, 10, 1), date(2026, 10, 4))),
    ],
)
def test_every_column_of_time_tells_rows_apart(column: str, first: str, second: str, span: tuple[date, date]) -> None:
    good, bad = read(google_days(column, (first, 100), (second, 110)))
    assert bad == [] and len(good) == 2 and (good[1].start, good[1].end) == span


def test_a_month_ends_with_its_report() -> None:
    (row,), _ = read(google_days("Month", ("October 2026", 100), title='"October 1, 2026 - October 14, 2026"'))
    assert (row.start, row.end) == (date(2026, 10, 1), date(2026, 10, 14))


def test_spans_of_time_are_read_as_platforms_write_them() -> None:
    assert days.month("2026-02", None) == (date(2026, 2, 1), date(2026, 2, 28))
    assert days.quarter("2026 Q1", None) == (date(2026, 1, 1), date(2026, 3, 31)) and days.quarter("--", None) is None
    assert days.year("--", None) is None
    _, bad = read(google_days("Week,Month", ("2026-10-05,2026-12-01", 100)))
    assert bad == ["its week, month, quarter and year have no day in common"]


def test_a_breakdown_tells_rows_of_another_file_apart() -> None:
    data = (
        b"Headline,Impressions,Clicks,Device,Age,Shop\nA,100,5,Mobile,18,x\nA,120,6,Desktop,18,x\nA,90,6,Mobile,25,x\n"
    )
    good, bad = read(data)
    assert bad == [] and [r.breakdown for r in good] == [("Mobile", "18"), ("Desktop", "18"), ("Mobile", "25")]
    data = b"Headline,Impressions,Clicks,Shop\nA,100,5,North\nA,120,6,South\n"
    assert "choose that column as its breakdown" in read(data)[1][0]
    assert len(read(data, Options(mapping={"breakdown": "Shop"}))[0]) == 2


# days that nothing tells


def test_days_are_asked_for_where_neither_rows_nor_title_say_them(ana: Actor) -> None:
    untold = google_days("Device", ("Mobile", 100))
    told = google_days("Device", ("Mobile", 100), title='"October 1, 2026 - October 14, 2026"')
    assert results_page.needs_days(ana, "x.csv", untold, Options("google"))
    assert not results_page.needs_days(ana, "x.csv", told, Options("google"))
    assert not results_page.needs_days(ana, "x.csv", google_days("Week", ("2026-10-05", 9)), Options("google"))
    assert not results_page.needs_days(ana, "x.csv", b"a,b\n1,2\n", Options("generic"))
    assert any("until you say the days" in note for note in open_results(untold, "x.csv").notes)
    period = (date(2026, 10, 1), date(2026, 10, 14))
    (row,), _ = read(untold, Options(period=period))
    assert (row.start, row.end) == period
