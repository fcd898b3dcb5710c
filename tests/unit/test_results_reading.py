"""Files of results: what each platform writes, numbers and dates, and every kind of bad file and bad row."""

import io
import random
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from relate_engine.results import cells
from relate_engine.results.cells import CellError
from relate_engine.results.lessons import Counted, lessons
from relate_engine.results.lines import MAX_CELL, ResultsError
from relate_engine.results.reading import Options, open_results, options_from
from relate_engine.results.rows import Rejected, ResultRow, Skipped, row_from_json
from tests.unit.result_files import google_assets, google_report, google_row, meta_csv, meta_row, meta_xlsx


def read(
    data: bytes, options: Options = Options(), name: str = "file.csv"
) -> tuple[list[ResultRow], list[Rejected], Counter[str]]:
    rows = list(open_results(data, name, options).rows())
    return (
        [r for r in rows if isinstance(r, ResultRow)],
        [r for r in rows if isinstance(r, Rejected)],
        Counter(r.why for r in rows if isinstance(r, Skipped)),
    )


def plain(*rows: str, header: str = "headline,impressions,clicks,conversions,date") -> bytes:
    return "\n".join([header, *rows]).encode()


# what platforms write


def test_google_report_utf16_with_titles_and_totals() -> None:
    data = google_report(
        [google_row("Lock Your Kayak", "40", "1,234"), google_row("Two Kayaks", "32", "1,234", "2.25")]
    )
    reading = open_results(data, "ads.csv")
    good, bad, skipped = read(data)
    assert (reading.table.described, reading.layout.format, reading.table.header_line) == (
        "UTF-16, tab-separated", "google", 3,
    )  # fmt: skip
    assert bad == [] and skipped == {"totals": 2} and reading.total == 4
    first, second = good
    assert (first.impressions, first.clicks, second.conversions, first.spend, first.currency) == (
        1234, 40, 2.25, 1012.5, "USD",
    )  # fmt: skip
    assert first.texts == (("headline", "Lock Your Kayak"), ("description", "A wall rack that locks two kayaks."))
    assert (first.start, first.end) == (date(2026, 10, 1), date(2026, 10, 31))
    assert (first.grain, first.click_kind, first.action, first.ad) == (
        "ad",
        "all",
        "Conversions",
        ("Racks", "Exact", ""),
    )


def test_google_asset_report_is_of_asset_grain() -> None:
    good, bad, skipped = read(google_assets())
    assert [(r.texts[0], r.grain) for r in good] == [
        (("headline", "Lock Your Kayak"), "asset"),
        (("headline", "Two Kayaks One Rack"), "asset"),
        (("description", "A wall rack that locks."), "asset"),
    ]
    assert bad == [] and skipped == {"assets of another kind (image)": 1, "totals": 1}


def test_meta_csv_keeps_what_rows_mean() -> None:
    rows = [
        meta_row("Lock it", second="Or lift it"),
        meta_row("Lock it", age="35-44", second="Or lift it"),
        meta_row("Reach only", indicator="reach", results=900),
        meta_row("Clicks", indicator="actions:link_click", results=30),
        meta_row("Leads", indicator="actions:lead", window="1-day click"),
    ]
    good, bad, skipped = read(meta_csv(rows))
    assert bad == [] and skipped == {"totals": 1} and len(good) == 5
    assert good[0].texts == (
        ("primary_text", "Lock it"),
        ("primary_text", "Or lift it"),
        ("headline", "Lock Your Kayak"),
    )
    assert (good[0].action, good[0].window) == ("offsite_conversion.fb_pixel_purchase", "7-day click or 1-day view")
    assert (good[0].clicks, good[0].click_kind, good[0].currency, good[0].spend) == (30, "link", "EUR", 12.5)
    assert [(r.action, r.conversions) for r in good[2:]] == [("", None), ("", None), ("lead", 4.0)]
    assert good[0].key != good[1].key and good[0].arm == good[1].arm  # a breakdown splits the counts of one ad


def test_an_empty_meta_cell_is_nothing_happened() -> None:
    """Left out, only ads that sold something would count, and every CVR would be too high."""
    rows = [meta_row("Sold"), meta_row("Clicked only", results=""), meta_row("Seen only", clicks="", results="")]
    good, bad, _ = read(meta_csv([*rows, meta_row("Watched", indicator="video_thruplay_watched_actions")]))
    assert [r.counts for r in good] == [(1000, 30, 4.0), (1000, 30, 0.0), (1000, 0, 0.0), (1000, 30, None)]
    assert bad == [] and good[2].action == "offsite_conversion.fb_pixel_purchase"
    _, (one,), _ = read(meta_csv([[*meta_row("No counts")[:10], "", *meta_row("No counts")[11:]]]))
    assert one.reason == "impressions are missing"


def test_meta_without_result_indicator_teaches_no_action() -> None:
    data = meta_csv([meta_row("Lock it")]).replace(b"Result indicator", b"Something")
    reading = open_results(data, "m.csv")
    (row,), _, _ = read(data)
    assert row.action == "" and row.conversions is None and any("Result indicator" in n for n in reading.notes)


def test_meta_days_without_a_result_teach_cvr_although_they_name_none() -> None:
    def taught(*rows: list[object]) -> list[tuple[float | None, str]]:
        good = [Counted(row, date(2026, 12, 1)) for row in read(meta_csv(rows))[0]]
        return [(o.conversions, o.action) for o in lessons(good, 7, "1").observations if o.slot == "primary_text"]

    bought = "offsite_conversion.fb_pixel_purchase · 7-day click or 1-day view"
    none = meta_row("Lock it", results="", indicator="", day="2026-10-02")
    assert taught(meta_row("Lock it"), none) == [(4, bought), (0, bought)]
    other_ad = meta_row("Carry two", results="", indicator="")
    assert taught(meta_row("Lock it"), other_ad)[1] == (0, bought)
    assert taught(meta_row("Lock it", indicator="reach"), none) == [(None, ""), (None, "")]  # aims at no sale
    lead = meta_row("Lift it", indicator="actions:lead")  # of the same ad set, so nobody knows
    assert taught(meta_row("Lock it"), lead, other_ad)[2] == (None, "")
    assert taught(meta_row("Lock it"), lead, none)[2] == (0, bought)
    assert taught(none) == [(None, "")]
    month = [*meta_row("Lock it", indicator="", day="2026-09-01")]
    month[7] = "--"  # as in an export without results
    assert taught(meta_row("Lock it"), month, none) == [(4, bought), (None, ""), (0, bought)]


def test_a_variation_that_sold_nothing_is_still_compared() -> None:
    head = "Reporting starts,Reporting ends,Ad name,A/B test,Attribution setting,Results,Result indicator,Impressions,"
    lines = [f"{head}Link clicks,Body", "2026-09-01,2026-09-30,a,T,7-day click,9,actions:lead,20000,400,Carry two",
             "2026-09-01,2026-09-30,b,T,7-day click,,,20000,400,Lock it"]  # fmt: skip
    found = lessons([Counted(r, date(2026, 12, 1)) for r in read("\n".join(lines).encode())[0]], 7, "1").observations
    assert found[0].group and found[0].group == found[1].group and found[1].conversions == 0


def test_meta_workbook_reads_the_raw_sheet_and_computes_no_formula() -> None:
    good, bad, _ = read(meta_xlsx([meta_row("Lock it"), meta_row("Lift it")], "=20+10"), name="m.xlsx")
    assert [r.texts[0][1] for r in good] == ["Lock it", "Lift it"]
    assert good[0].impressions == 1000 and good[0].end == date(2026, 10, 1) and good[0].spend == 12.5
    assert [(r.line, r.reason) for r in bad] == [(4, "clicks is a formula, which is never computed")]


def test_latin1_semicolons_and_decimal_commas() -> None:
    text = (
        "Überschrift;Impressions;Clicks;Verkäufe;Date\nGrüße;1.234;50;2,5;31.10.2026\nKüche;2.000;60;3,5;05.04.2026\n"
    )
    mapping = {"headline": "Überschrift", "conversions": "Verkäufe"}
    reading = open_results(text.encode("latin-1"), "x.csv", Options(mapping=mapping))
    good, bad, _ = read(text.encode("latin-1"), Options(mapping=mapping))
    assert reading.table.encoding.startswith("Latin-1") and bad == []
    assert [(r.texts[0][1], r.impressions, r.conversions, r.end) for r in good] == [
        ("Grüße", 1234, 2.5, date(2026, 10, 31)),
        ("Küche", 2000, 3.5, date(2026, 4, 5)),
    ]
    assert good[0].action == "Verkäufe"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_read_the_same(codec: str) -> None:
    data = plain("Grüße 🚀,100,5,1,2026-10-01").decode().encode(codec)
    ((row,), bad, _) = read(data)
    assert row.texts == (("headline", "Grüße 🚀"),) and bad == []


def test_a_row_comes_back_from_json_as_it_was() -> None:
    for row in read(meta_csv([meta_row("Lock it"), meta_row("Reach", indicator="reach")]))[0]:
        assert row_from_json(row.line, row.impressions, row.clicks, row.conversions, row.meaning()) == row


# cells


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [("1,234", ".", 1234), ("1.234", ",", 1234), ("1 234,5", ",", 1234.5), ("1'234.5", ".", 1234.5), ("--", ".", None),
     (" -- ", ".", None), ("12,34,567.5", ".", 1234567.5), ("0.125", ".", 0.125), (".5", ".", 0.5),
     ("1.2E+3", ".", 1200)],
)  # fmt: skip
def test_numbers(cell: str, decimal: str, value: float | None) -> None:
    assert cells.number(cell, decimal) == value


@pytest.mark.parametrize(
    "cell", ["1,23", "1.2.3", "=1+1", "+SUM(A1)", "@x", "12a", "0,123", "1,234,56", "nan", "inf", "٣x"]
)
def test_what_is_no_number(cell: str) -> None:
    if cell == "nan":  # a spreadsheet's word for no value
        assert cells.number(cell, ".") is None
        return
    with pytest.raises(CellError):
        cells.number(cell, ".")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("$1,234.50", (1234.5, "USD")),
        ("12.50 €", (12.5, "EUR")),
        ("GBP 3", (3, "GBP")),
        ("US$5", (5, "")),
        ("4", (4, "")),
    ],
)
def test_money(cell: str, value: tuple[float, str]) -> None:
    assert cells.amount(cell, ".") == value


@pytest.mark.parametrize(
    "cell",
    ["2026-10-05", "20261005", "Oct 5, 2026", "5 October 2026", "05/10/2026", "5.10.2026", "2026-10-05 13:45:00"],
)
def test_dates(cell: str) -> None:
    assert cells.day(cell, "dmy") == date(2026, 10, 5)


def test_the_order_of_day_and_month_comes_from_all_rows() -> None:
    good, bad, _ = read(plain("A,100,5,1,03/04/2026", "B,100,5,1,13/04/2026"))
    assert [r.end for r in good] == [date(2026, 4, 3), date(2026, 4, 13)] and bad == []
    good, bad, _ = read(plain("A,100,5,1,03/04/2026", "B,100,5,1,04/13/2026"))
    assert [r.end for r in good] == [date(2026, 3, 4), date(2026, 4, 13)] and bad == []


def test_an_open_order_is_asked_and_not_guessed() -> None:
    data = plain("A,100,5,1,03/04/2026", "B,100,5,1,04/04/2026")
    good, bad, _ = read(data)
    assert [r.texts[0][1] for r in good] == ["B"]  # the fourth of April either way
    assert [(r.line, "whether the day or the month comes first" in r.reason) for r in bad] == [(2, True)]
    assert any("leave day and month open" in note for note in open_results(data, "x.csv").notes)
    good, _, _ = read(data, Options(dates="mdy"))
    assert good[0].end == date(2026, 3, 4)


def test_three_date_formats_in_one_file() -> None:
    good, bad, _ = read(
        plain(
            "A,9,1,1,2026-10-01", "B,9,1,1,13/10/2026", "C,9,1,1,5 Oct 2026", "D,9,1,1,10/13/2026", "E,9,1,1,01/02/2026"
        )
    )
    assert [(r.texts[0][1], r.end and r.end.day) for r in good] == [("A", 1), ("B", 13), ("C", 5), ("D", 13)]
    assert [r.line for r in bad] == [6]


# bad rows


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,-5,1,0,2026-10-01", "impressions is -5; a count cannot be negative"),
        ("A,100.5,1,0,2026-10-01", "impressions is 100.5; a count must be whole"),
        ("A,100,1.5,0,2026-10-01", "clicks is 1.5; a count must be whole"),
        ("A,100,101,0,2026-10-01", "clicks (101) are above impressions (100)"),
        ("A,100,1,-2,2026-10-01", "conversions are -2; they cannot be negative"),
        ("A,,1,0,2026-10-01", "impressions are missing"),
        ("A,--,1,0,2026-10-01", "impressions are missing"),
        (",100,1,0,2026-10-01", "it holds no ad text"),
        ("A,=50+50,1,0,2026-10-01", "impressions is a formula, which is never computed"),
        ("A,100,1,0,2026-13-45", "day is '2026-13-45', which is no date"),
        ("A,100,1,0", "it has 4 of 5 cells; the line is cut short"),
        ("A,100,1,0,2026-10-01,9", "it has 6 cells where the header has 5"),
        ("A;100;1;0;2026-10-01", "it has 1 of 5 cells; the line is cut short"),
        ('"A,100,1,0,2026-10-01', "a quote is opened in it and never closed; it may be cut short"),
        ("x" * (MAX_CELL + 1) + ",100,1,0,2026-10-01", f"a cell of 20,001 characters is larger than {MAX_CELL:,}"),
        ("y" * 3000 + ",100,1,0,2026-10-01", "a headline of 3,000 characters is no ad text"),
    ],
)
def test_a_bad_row_is_told_by_line_and_the_good_ones_are_kept(row: str, reason: str) -> None:
    good, bad, _ = read(plain("First,100,5,1,2026-10-01", row, "Last,100,5,1,2026-10-01"))
    assert [r.texts[0][1] for r in good] == ["First", "Last"]
    assert [(r.line, r.reason) for r in bad] == [(3, reason)]


def test_a_ten_megabyte_cell_costs_its_line_only() -> None:
    huge = "z" * 10_000_000
    for cell in (huge, f'"{huge}"', '"' + "z\n" * 5_000 + '"'):
        data = plain("First,100,5,1,2026-10-01", f"{cell},100,1,0,2026-10-01", "Last,100,5,1,2026-10-01")
        good, bad, _ = read(data)
        assert [r.texts[0][1] for r in good] == ["First", "Last"] and bad[0].line == 3


def test_a_text_may_hold_quotes_line_breaks_and_formulas() -> None:
    good, bad, _ = read(
        plain(
            '"Say ""hi"",\nthen go",100,5,1,2026-10-01',
            '=HYPERLINK("x"),100,5,1,2026-10-01',
            '5" screen,100,5,1,2026-10-01',
        )
    )
    assert [r.texts[0][1] for r in good] == ['Say "hi",\nthen go', '=HYPERLINK("x")', '5" screen'] and bad == []
    assert [r.line for r in good] == [2, 4, 5]


def test_more_conversions_than_clicks_are_kept_and_flagged() -> None:
    ((row,), bad, _) = read(plain("A,100,5,7.5,2026-10-01"))
    assert bad == [] and row.conversions == 7.5 and "view-through" in row.flags[0]


def test_duplicates_and_contradictions_are_told_by_line() -> None:
    _, bad, _ = read(plain("A,100,5,1,2026-10-01", "A,100,5,1,2026-10-01", "A,200,5,1,2026-10-01"))
    assert [(r.line, r.reason.split(";")[0]) for r in bad] == [
        (3, "it repeats line 2"),
        (4, "it is about the same ad, texts and days as line 2 but has other counts"),
    ]


# bad files


def _encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)


def _archive(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "file.csv is empty"),
        (b"\n\n  \n", "holds no table: it is blank; export it again"),
        (b"headline,impressions,clicks\n", "has a header but no rows"),
        (b"just some words\nand more\n", "has one column only"),
        (_encrypted(), "protected by a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "old kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "is a picture, whatever its name says"),
        (b"%PDF-1.7 x", "is a PDF"),
        (random.Random(0).randbytes(5000), "binary file"),
        (_archive("word/document.xml"), "no Excel workbook"),
        (meta_xlsx([meta_row("Lock it")])[:3000], "damaged or cut-off"),
        (_archive("xl/workbook.xml"), "damaged Excel workbook"),
        ((",".join(f"c{i}" for i in range(500)) + "\n" + ",".join("1" * 500) + "\n").encode(), "has 500 columns"),
        (b"a,b\n1,2\n", "Say which column holds Impressions and Clicks; the columns are a, b."),
        (b"Campaign,Clicks,Impr.\nA,1,2\n", "holds no ad texts; add the columns Headline 1 to 15"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ResultsError) as caught:
        open_results(data, "file.csv")
    assert sentence in str(caught.value) and str(caught.value).endswith(".")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as out:
        out.truncate(200_000_001)
    with pytest.raises(ResultsError, match=r"big\.csv is 200 MB; at most 200 MB"):
        open_results(path, path.name)


def test_a_truncated_file_keeps_its_whole_rows() -> None:
    data = google_report([google_row(f"Headline {i}", "4", "100") for i in range(20)])
    good, bad, _ = read(data[: len(data) // 2 + 1])
    assert 5 < len(good) < 20 and len(bad) == 1 and "cut short" in bad[0].reason


def test_options_typed_in_a_shell() -> None:
    options = options_from("generic", None, ["clicks=Hits"], None, ",", "2026-10-01..2026-10-31")
    assert options.mapping == {"clicks": "Hits"} and options.period == (date(2026, 10, 1), date(2026, 10, 31))
    for wrong in ({"mapping": ["clicks"], "days": None}, {"mapping": None, "days": "last week"}):
        with pytest.raises(ResultsError):
            options_from(None, None, wrong["mapping"], None, None, wrong["days"])  # type: ignore[arg-type]
