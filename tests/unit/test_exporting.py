"""Files: the columns, everything that is refused, formulas, and the way back in."""

import csv
import io
import re
from dataclasses import replace

import pytest

from app.services import briefs, drafting, exporting
from app.services.exporting import EDITOR_COLUMNS, META_COLUMNS, ExportRefused
from app.services.exporting_table import PLAIN_COLUMNS, escaped, plain_csv
from app.services.own_lines import parse_editor_csv
from app.services.people import Actor
from app.services.stored import StoredText
from db.session import Database
from relate_engine.brief import PlacementName
from relate_engine.scorecard import Scorecard
from tests.unit.studio import BLOCK, VERSIONS, WARN, brief, card, small_draft

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")

AD = ("Spring, racks", 'Kayak "locks"', "https://tidelock.example/racks?a=1")


def stored(
    db: Database, ada: Actor, cards: list[Scorecard], placement: PlacementName = "google_rsa"
) -> tuple[StoredText, ...]:
    saved = briefs.save_brief(db, ada, brief(placement=placement))
    return drafting.add_own_lines(db, ada, saved.id, cards).texts


def ids(texts: tuple[StoredText, ...]) -> list[int]:
    return [text.id for text in texts]


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_editors_columns_are_exact() -> None:
    expected = "Campaign,Ad group,Ad type,"
    expected += ",".join(f"Headline {i}" for i in range(1, 16)) + ","
    expected += ",".join(f"Headline {i} position" for i in range(1, 16)) + ","
    expected += "Description 1,Description 2,Description 3,Description 4,"
    expected += "Description 1 position,Description 2 position,Description 3 position,Description 4 position,"
    expected += "Path 1,Path 2,Final URL,Status"
    assert ",".join(EDITOR_COLUMNS) == expected


def test_a_complete_ad_goes_out_paused_and_comes_back(db: Database, ada: Actor) -> None:
    cards = list(small_draft().candidates)
    cards[0] = card('Racks, "locked" & café – 日本')
    texts = stored(db, ada, cards)
    data = exporting.editor_csv(db, ada, ids(texts), *AD, pins={texts[1].id: 1, texts[3].id: 2})
    (row,) = rows(data)
    assert (row["Campaign"], row["Ad group"], row["Final URL"]) == AD
    assert (row["Ad type"], row["Status"]) == ("Responsive search ad", "Paused")
    assert [row[f"Headline {i}"] for i in range(1, 5)] == [t.text for t in texts[:3]] + [""]
    assert (row["Headline 1 position"], row["Headline 2 position"], row["Description 1 position"]) == (
        "",
        "1",
        "2",
    )
    assert (row["Path 1"], row["Path 2"]) == ("Kayak-Racks", "")
    assert parse_editor_csv(data).lines == tuple((t.slot, t.text) for t in texts)
    assert parse_editor_csv(data).notes == ()


def test_a_refusal_lists_everything_that_is_missing(db: Database, ada: Actor) -> None:
    texts = stored(db, ada, [card("One"), card("x" * 31), card("Cure it", "description", findings=(BLOCK,))])
    with pytest.raises(ExportRefused) as caught:
        exporting.editor_csv(db, ada, ids(texts), " ", "=group", "tidelock dot com")
    assert caught.value.problems == (
        "The campaign is missing; type its name.",
        "The ad group begins with =, which a spreadsheet runs as a formula; reword its start.",
        "The final URL 'tidelock dot com' is not a web address; it begins with https:// and has no spaces.",
        "The ad has 2 headlines and needs at least 3; pick 1 more.",
        "The ad has 1 description and needs at least 2; pick 1 more.",
        f"The headline '{'x' * 31}' is 31 wide and the limit is 30; shorten it.",
        "The description 'Cure it' is blocked by SAF-001; mend, unpick or reject it.",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_formulas_are_refused_for_platforms_and_escaped_in_tables(db: Database, ada: Actor, start: str) -> None:
    cards = [*small_draft().candidates, card(f"{start}cmd|'/c calc'!A1")]
    texts = stored(db, ada, cards)
    with pytest.raises(ExportRefused) as caught:
        exporting.editor_csv(db, ada, ids(texts), *AD)
    assert len(caught.value.problems) == 1 and "runs as a formula" in caught.value.problems[0]
    data = plain_csv(db, ada, ids(texts))
    assert rows(data)[-1]["text"] == f"'{start}cmd|'/c calc'!A1"
    assert rows(data)[0]["text"] == texts[0].text


@pytest.mark.parametrize(
    "text, safe, words",
    [
        ("Save;=cmd|'/c calc'!A1", "Save;'=cmd|'/c calc'!A1", "has = after a semicolon"),
        ("Save; +1 ;@now", "Save; '+1 ;'@now", "has + after a semicolon"),
        ("Save\t-2", "Save\t'-2", "has - after a tab"),
        ("  =1+1", "  '=1+1", "begins with ="),
    ],
)
def test_a_formula_behind_a_separator_is_one_too(db: Database, ada: Actor, text: str, safe: str, words: str) -> None:
    """Excel parts the columns at semicolons where the comma is the decimal sign."""
    good = stored(db, ada, list(small_draft().candidates))
    with pytest.raises(ExportRefused, match=f"The campaign {re.escape(words)}"):
        exporting.editor_csv(db, ada, ids(good), f" {text}" if text[0] == " " else text, *AD[1:])
    assert escaped(text) == safe and escaped(escaped(text)) == safe
    texts = stored(db, ada, [*small_draft().candidates, card(text)])
    with pytest.raises(ExportRefused) as caught:
        exporting.editor_csv(db, ada, ids(texts), *AD)
    assert len(caught.value.problems) == 1 and f"{words}, which a spreadsheet runs" in caught.value.problems[0]
    assert rows(plain_csv(db, ada, ids(texts)))[-1]["text"] == safe
    assert exporting.editor_problems(good, *AD[:2], "https://a.example/x;=cmd") != []
    assert escaped("Locks; holds two - or three = more") == "Locks; holds two - or three = more"


@pytest.mark.parametrize(
    "url",
    ["", "http://", "https://nodots", "ftp://a.example", "https://a.example/a b", "javascript:alert(1)",
     "https://a.example:99999", "https://[a.example", "=https://a.example", "https://a.example/" + "x" * 2048],
)  # fmt: skip
def test_bad_addresses_are_refused(db: Database, ada: Actor, url: str) -> None:
    texts = stored(db, ada, list(small_draft().candidates))
    with pytest.raises(ExportRefused, match="final URL"):
        exporting.editor_csv(db, ada, ids(texts), "C", "G", url)


def test_more_of_what_is_refused(db: Database, ada: Actor) -> None:
    good = list(small_draft().candidates)
    bad = [
        (card("lock your kayak in seconds"), "is there twice; unpick or reject one"),
        (card("[]"), "reads as 'erase'"),
        (card("Two\nlines"), "has a line break"),
        (card("a/b", "path", None, limit=15), "has a slash or a space"),
        (card("日本語日本語日本語日本語", "path", None, limit=15), "is 24 wide and the limit is 15"),
    ]
    for one, words in bad:
        texts = stored(db, ada, [*good, one])
        problems = exporting.editor_problems(texts, *AD)
        assert len(problems) == 1 and words in problems[0], problems
    many = stored(db, ada, [*good, *(card(f"Headline number {i}") for i in range(13))])
    assert exporting.editor_problems(many, *AD) == ["The ad has 16 headlines and takes at most 15; unpick or reject 1."]
    texts = stored(db, ada, good)
    pins = {texts[0].id: 4, texts[3].id: 3, texts[5].id: 1, 999: 1}
    assert len(exporting.editor_problems(texts, *AD, pins=pins)) == 4
    meta = stored(db, ada, [card("A Meta line", "primary_text", limit=2200)], "meta_feed")
    assert any("another placement" in p for p in exporting.editor_problems((*texts, *meta), *AD))


def test_caution_does_not_stop_an_export(db: Database, ada: Actor) -> None:
    texts = stored(db, ada, [*small_draft().candidates, card("Needs proof", findings=(WARN,))])
    assert exporting.editor_problems(texts, *AD) == []


def test_a_text_scored_before_a_change_is_scored_again_first(db: Database, ada: Actor) -> None:
    old = card("Scored by other rules", versions=VERSIONS | {"rules": "rules-0"})
    texts = stored(db, ada, [*small_draft().candidates, old])
    words = "was scored before the rules were changed; score it again first."
    assert exporting.editor_problems(texts, *AD) == [f"The headline 'Scored by other rules' {words}"]
    assert any(words in p for p in exporting.meta_problems(texts, "C", "S", "A", AD[2]))
    other_rewards = card("Other rewards", versions=VERSIONS | {"rewards": "ctr-0"})
    texts = stored(db, ada, [*small_draft().candidates, other_rewards])
    assert exporting.editor_problems(texts, *AD) == []
    briefs.save_brief(db, ada, brief(tone="dry"), texts[0].brief_id)
    with pytest.raises(ExportRefused) as caught:
        exporting.editor_csv(db, ada, ids(texts), *AD)
    assert len(caught.value.problems) == 7
    assert all("before its brief was changed; score it again first" in p for p in caught.value.problems)
    assert len(rows(plain_csv(db, ada, ids(texts)))) == 7


def test_findings_about_the_whole_ad_are_told_once(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = briefs.save_brief(db, ada, brief(brand_kit={"must_say": ["Since 1986"]}))
    texts = drafting.add_own_lines(db, ada, saved.id, small_draft().candidates).texts
    (gap,) = exporting.editor_problems(texts, *AD, pins={texts[0].id: 1, texts[1].id: 1, texts[2].id: 1})
    assert "headline position 3 is left without a text" in gap
    (caution,) = exporting.ad_cautions(db, ada, ids(texts))
    assert "Since 1986" in caution
    assert exporting.editor_csv(db, ada, ids(texts), *AD)
    rules = exporting.rules_of_today()
    strict = tuple(replace(r, severity="block") if r.check == "must_say" else r for r in rules.rules)
    monkeypatch.setattr(exporting, "rules_of_today", lambda: replace(rules, rules=strict))
    with pytest.raises(ExportRefused, match="Since 1986"):
        exporting.editor_csv(db, ada, ids(texts), *AD)


def test_meta_takes_up_to_five_options_of_each_text(db: Database, ada: Actor) -> None:
    cards = [card(f"Body {i}\nwith a second line", "primary_text", limit=2200) for i in range(5)]
    cards += [
        card("Title A", limit=255),
        card("Title B", limit=255),
        card("Ships free", "description", limit=255),
    ]
    texts = stored(db, ada, cards, "meta_feed")
    (row,) = rows(exporting.meta_csv(db, ada, ids(texts), "C", "S", "A", AD[2]))
    assert tuple(row) == META_COLUMNS
    assert (row["Body"], row["Additional Body 4"]) == (texts[0].text, texts[4].text)
    assert (row["Title"], row["Additional Title 1"], row["Additional Title 2"]) == ("Title A", "Title B", "")
    assert (row["Link Description"], row["Link"], row["Ad Status"]) == ("Ships free", AD[2], "PAUSED")
    with pytest.raises(ExportRefused) as caught:
        exporting.meta_csv(db, ada, ids(texts[5:]), "C", "", "-A", AD[2])
    assert len(caught.value.problems) == 3
    assert "not checked against a live account" in exporting.META_NOTE


def test_the_plain_table_says_where_each_rate_comes_from(db: Database, ada: Actor) -> None:
    """Results with clicks and no conversions teach the CTR alone."""
    plain = card("Two Kayaks, One Locked Rack")
    taught = replace(plain, ctr=replace(plain.ctr, source="imported"))
    (row,) = rows(plain_csv(db, ada, ids(stored(db, ada, [taught]))))
    assert (row["ctr_source"], row["cvr_source"], row["ctcvr_source"]) == ("imported", "prior", "prior")
    assert "rate_source" not in row


def test_the_plain_table_keeps_numbers_as_numbers(db: Database, ada: Actor) -> None:
    texts = stored(db, ada, [card('Say "hi", now', findings=(WARN, BLOCK))])
    data = plain_csv(db, ada, ids(texts))
    (row,) = rows(data)
    assert tuple(row) == PLAIN_COLUMNS and b'"Say ""hi"", now"' in data
    assert (row["ctr"], row["ctr_low"], row["ctr_high"]) == ("0.031", "0.02", "0.045")
    assert row["findings"] == "warn CLM-002: Needs proof.; block SAF-001: Promises a cure."
    assert (row["compliance_level"], row["rules_version"]) == ("blocked", "rules-1")
    assert (row["ctr_source"], row["cvr_source"], row["ctcvr_source"]) == ("prior", "prior", "prior")
    assert [escaped(cell) for cell in (-0.12, -3, None, "-0.12", "a=1")] == [-0.12, -3, None, "'-0.12", "a=1"]
    assert plain_csv(db, ada, []).decode("utf-8-sig") == ",".join(PLAIN_COLUMNS) + "\r\n"
