"""Reading an Editor export of a whole client: its groups, their products, and what is left out and said."""

import csv
import io

import pytest

from app.services.client_file import product_of, read_client
from relate_engine.brief import BriefError
from relate_engine.results.lines import ResultsError

HEADER = ["Campaign", "Ad Group", "Ad type", *(f"Headline {i}" for i in range(1, 4)), "Description 1", "Description 2",
          "Path 1", "Final URL", "Status", "Keyword", "Criterion Type"]  # fmt: skip
RSA = "Responsive search ad"


def row(campaign: str, group: str, *texts: str, kind: str = RSA, url: str = "https://www.tidelock.com/racks",
        status: str = "Enabled", keyword: str = "", criterion: str = "") -> list[str]:  # fmt: skip
    return [campaign, group, kind, *texts, *[""] * (6 - len(texts)), url, status, keyword, criterion]


KAYAK = row("Spring | Search", "Kayak Racks - Exact", "TideLock Kayak Racks", "Lock Two Kayaks", "[]",
            "Two kayaks on one wall rack", "Locks in ten seconds.", "Racks")  # fmt: skip
BOARD = row(
    "Spring | Search", "Board Racks", "Racks for Boards", "{KeyWord:Board Racks}", "", "Holds four boards.", "", ""
)


def editor(*rows: list[str], encoding: str = "utf-16", delimiter: str = "\t", header: list[str] = HEADER) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-16", "\t"), ("utf-8-sig", ","), ("utf-8", ";")])
def test_one_group_per_ad_group_in_any_encoding(encoding: str, delimiter: str) -> None:
    second = row(
        "spring | search", "KAYAK RACKS - EXACT", "Lock two kayaks", "Off the Floor"
    )  # the same, typed otherwise
    keyword = row("Spring | Search", "Kayak Racks - Exact", kind="", keyword="[kayak rack]", criterion="Exact")
    negative = row("Spring | Search", "Kayak Racks - Exact", kind="", keyword="free", criterion="Negative Broad")
    campaign = row("Spring | Search", "", kind="")
    file = read_client(editor(campaign, KAYAK, BOARD, second, keyword, negative, encoding=encoding,
                              delimiter=delimiter), "client.csv")  # fmt: skip
    kayak, board = file.groups
    assert (kayak.campaign, kayak.ad_group, kayak.ads) == ("Spring | Search", "Kayak Racks - Exact", 2)
    assert kayak.lines == (
        ("headline", "TideLock Kayak Racks"), ("headline", "Lock Two Kayaks"),
        ("description", "Two kayaks on one wall rack"), ("description", "Locks in ten seconds."), ("path", "Racks"),
        ("headline", "Off the Floor"),
    )  # fmt: skip
    assert kayak.product == "TideLock Kayak Racks" and kayak.keywords == ("kayak rack",)
    assert kayak.description == "Two kayaks on one wall rack. Locks in ten seconds."
    assert kayak.benefits == ("TideLock Kayak Racks", "Lock Two Kayaks", "Off the Floor")
    assert board.product == "Tidelock Board Racks" and board.benefits == ("Racks for Boards", "Board Racks")
    assert board.lines[1] == ("headline", "{KeyWord:Board Racks}")  # the line itself stays as it is


@pytest.mark.parametrize(
    ("campaign", "group", "url", "texts", "product"),
    [
        ("C", "Kayak Racks", "https://www.tide-lock.co.uk/a", ["Buy Tide Lock now"], "Tide Lock Kayak Racks"),
        ("US | Brand | Exact", "TideLock", "https://tidelock.com", [], "TideLock"),
        ("Garden Tools 2026", "Ad group 1", "", [], "Garden Tools"),
        ("C", "12", "https://shop.hillcoffee.com", [], "Hillcoffee C"),
        ("广告系列", "皮划艇架", "", [], "皮划艇架"),
        ("", "Exact", "", [], "Exact"),
        ("C", "New Balance 574 Exact", "", [], "New Balance 574"),
        ("C", "Kayak_Racks_Broad", "", [], "Kayak Racks"),
        ("C", "US / Display Cabinets / Search", "", [], "Display Cabinets"),
    ],
)
def test_the_product_is_guessed_from_names_host_and_texts(
    campaign: str, group: str, url: str, texts: list[str], product: str
) -> None:
    assert product_of(campaign, group, url, texts) == product


def test_what_is_left_out_is_said() -> None:
    removed = row("C", "Old", "A Removed Line", status="Removed")
    call = row("C", "Call", "Call Us Today", kind="Call-only ad")
    nowhere = row("C", "", "Nowhere to Put It")
    cut = BOARD[:4]
    header = [*HEADER, *(f"Unknown {i}" for i in range(50))]
    wide = [[*cells, *["x"] * 50] for cells in (KAYAK, removed, call, nowhere)]
    file = read_client(editor(*wide, cut, header=header), "client.csv")
    assert [group.ad_group for group in file.groups] == ["Kayak Racks - Exact"]
    told = " ".join(file.notes)
    for words in ("Removed ads and keywords left out: 1.", "Ads of other types left out: 1.",
                  "Ads without an ad group left out: 1.", "Line 6 was left out",
                  "50 columns are not used (Unknown 0, Unknown 1"):  # fmt: skip
        assert words in told, words


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (editor(["Spring", "Racks", "kayak"], header=["Campaign", "Ad group", "Keyword"]), "no export of ads"),
        (editor(["Spring", "1000", "3"], header=["Campaign", "Impressions", "Clicks"]), "no export of ads"),
        (editor(["Spring", "Lock It"], header=["Campaign", "Headline 1"]), "no column Ad group"),
        (editor(row("C", "G", kind="")), "holds no search ad"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 400, "a picture"),
        (editor(*(row("C", f"Group {i}", f"Line {i}") for i in range(301))), "301 ad groups"),
    ],
)
def test_a_file_of_something_else_says_what_it_is(data: bytes, said: str) -> None:
    with pytest.raises((BriefError, ResultsError), match=said):
        read_client(data, "client.csv")
