"""Own lines: what is read from a paste or an Editor file, and each refusal's sentence."""

import codecs

import pytest

from app.services.own_lines import MAX_FILE_BYTES, parse_editor_csv, parse_pasted
from relate_engine.brief import BriefError

HEADER = "Campaign,Ad group,Ad type,Headline 1,Headline 1 position,Headline 2,Description 1,Path 1,Final URL"
ROW = 'C,G,Responsive search ad,"Racks, locked",1,=1+1,It says ""hi"" — café.,Racks,https://a.example'
ROW = ROW.replace('It says ""hi"" — café.', '"It says ""hi"" — café."')
LINES = (
    ("headline", "Racks, locked"),
    ("headline", "=1+1"),
    ("description", 'It says "hi" — café.'),
    ("path", "Racks"),
)
FILE = f"{HEADER}\r\n{ROW}\r\n"


def test_pasted_lines() -> None:
    found = parse_pasted("One line\n\n  Two\tlines \r\n=cmd|' /C calc'!A0\none  LINE\n", "google_rsa", "headline")
    assert found.lines == (
        ("headline", "One line"),
        ("headline", "Two lines"),
        ("headline", "=cmd|' /C calc'!A0"),
    )
    assert found.notes == ("Left out 1 repeated lines.",)


@pytest.mark.parametrize(
    ("pasted", "slot", "words"),
    [
        (" \n\t\n", "headline", "the box is empty"),
        ("\n".join(f"Line {i}" for i in range(51)), "headline", "51 lines are too many; paste 50 or fewer"),
        ("fine\n" + "x" * 20_000, "headline", "line 2: 20,000 characters are too many"),
        ("fine", "body", "has no slot 'body'"),
    ],
)
def test_pastes_that_are_refused(pasted: str, slot: str, words: str) -> None:
    with pytest.raises(BriefError, match=words):
        parse_pasted(pasted, "google_rsa", slot)


def test_fifty_lines_and_their_repeats_are_accepted() -> None:
    assert len(parse_pasted("\n".join(f"Line {i % 50}" for i in range(120)), "generic", "body").lines) == 50


@pytest.mark.parametrize(
    "data",
    [
        FILE.encode(),
        FILE.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + FILE.replace(",", "\t").replace("Racks\t locked", "Racks, locked").encode("utf-16-le"),
        codecs.BOM_UTF16_BE + FILE.encode("utf-16-be"),
        FILE.encode("utf-16-le"),
        FILE.replace("Headline 1,", "HEADLINE_1,").replace("Description 1", "description1").encode(),
        ("Ad report\r\n1 May 2026\r\n" + FILE).encode(),
        FILE.replace("\r\n", "\n").encode(),
    ],
)  # fmt: skip
def test_editor_files_of_many_kinds(data: bytes) -> None:
    assert parse_editor_csv(data).lines == LINES


def test_semicolons_as_european_spreadsheets_write() -> None:
    data = b"Campaign;Headline 1;Headline 2;Description 1\r\nC;One, two;Three;Four\r\n"
    assert parse_editor_csv(data).lines == (
        ("headline", "One, two"),
        ("headline", "Three"),
        ("description", "Four"),
    )


def test_other_ads_empty_cells_and_erasures_are_left_out() -> None:
    data = f"{HEADER}\n{ROW}\nC,G,Call ad,Ring us,,,,,\nC,G,,[],,racks  LOCKED,,,\nC\n\nC,G,,,,Short row\n".encode()
    found = parse_editor_csv(data)
    assert found.lines == (*LINES, ("headline", "racks LOCKED"), ("headline", "Short row"))
    assert found.notes == ("Ads of other types left out: 1.",)


def test_columns_beyond_the_placement_are_not_read() -> None:
    data = b"Headline 1,Headline 16,Description 5,Path 3,Long headline 1\nOne,Two,Three,Four,Five\n"
    assert parse_editor_csv(data).lines == (("headline", "One"),)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04 rest", "Excel workbook; save it as CSV"),
        (b"Headline 1\n\xff\xfe\xfa\n", "neither UTF-8 nor UTF-16"),
        (b"Titel 1,Beschreibung 1\nA,B\n", "no column is called Headline 1"),
        (b"Headline 1\n\n", "no search ad was found"),
        (b'Headline 1\n"never closed\n', "no complete CSV"),
        (b"Headline 1\n" + b"x" * MAX_FILE_BYTES, "2.0 MB is too large"),
        (b"Headline 1\n" + b"x" * 3000 + b"\n", "row 2: a headline of 3,000 characters"),
        (b"Headline 1\n" + b"".join(b"Line %d\n" % i for i in range(501)), "501 texts are too many"),
    ],
)
def test_files_that_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(BriefError, match=words) as caught:
        parse_editor_csv(data)
    assert str(caught.value).startswith("Editor file") and "\n" not in str(caught.value)


def test_an_editor_file_needs_a_search_brief() -> None:
    with pytest.raises(BriefError, match="Google responsive search ads"):
        parse_editor_csv(FILE.encode(), "meta_feed")
