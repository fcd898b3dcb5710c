"""Structure: limits by width, the fold, empty texts and the '/' of a path."""

import pytest

from relate_engine.brief import BriefError
from relate_engine.rewards.structure import structure


@pytest.mark.parametrize(
    ("text", "placement", "slot", "rule"),
    [
        ("x" * 31, "google_rsa", "headline", "FMT-001"),
        ("靴" * 16, "google_rsa", "headline", "FMT-001"),
        ("x" * 91, "google_rsa", "description", "FMT-002"),
        ("x" * 16, "google_rsa", "path", "FMT-003"),
        ("a/b", "google_rsa", "path", "FMT-003"),
        ("x" * 2201, "meta_feed", "primary_text", "FMT-002"),
        ("x" * 256, "meta_feed", "headline", "FMT-001"),
        ("x" * 151, "generic", "body", "FMT-002"),
        ("", "generic", "headline", "FMT-001"),
        ("{KeyWord:" + "x" * 31 + "}", "google_rsa", "headline", "FMT-001"),
        ("{KeyWord:" + "x" * 51 + "}", "generic", "headline", "FMT-001"),  # only Google fills it in
        ("Our Big Sofa Sale Ends in {COUNTDOWN(2026-12-24 18:00)}", "google_rsa", "headline", "FMT-001"),
        ("Plumbers in {LOCATION(City):" + "x" * 19 + "}", "google_rsa", "headline", "FMT-001"),
        (" \n", "google_rsa", "description", "FMT-002"),
    ],
)
def test_blocks(text: str, placement: str, slot: str, rule: str) -> None:
    found = structure(text, placement, slot)
    assert [(f.rule_id, f.severity, f.reward) for f in found] == [(rule, "block", "structure")]


@pytest.mark.parametrize(
    ("text", "placement", "slot"),
    [
        ("x" * 30, "google_rsa", "headline"),
        ("靴" * 15, "google_rsa", "headline"),
        ("e\u0301" * 30, "google_rsa", "headline"),
        ("x" * 90, "google_rsa", "description"),
        ("summer-sale", "google_rsa", "path"),
        ("{KeyWord:Kayak Racks} From $129", "google_rsa", "headline"),  # 31 written, 22 shown
        ("{CUSTOMIZER.Price: $129 } Kayak Rack", "google_rsa", "headline"),
        ("Plumbers in {LOCATION(City):London}", "google_rsa", "headline"),  # 35 written, 18 shown
        ("Our Big Sale Ends in {COUNTDOWN(2026-12-24 18:00)}", "google_rsa", "headline"),  # 29 at most
        ("x" * 125, "meta_feed", "primary_text"),
        ("x" * 60, "generic", "headline"),
    ],
)
def test_fits(text: str, placement: str, slot: str) -> None:
    assert structure(text, placement, slot) == []


def test_beyond_the_fold_is_a_note_on_the_hidden_part() -> None:
    text = "a" * 124 + "靴 and more"
    [found] = structure(text, "meta_feed", "primary_text")
    assert (found.rule_id, found.severity) == ("FMT-007", "note")
    assert text[found.start : found.end] == "靴 and more"


def test_the_span_starts_where_the_limit_ends_and_keeps_marks_with_their_letter() -> None:
    text = "e\u0301" * 31
    [found] = structure(text, "google_rsa", "headline")
    assert text[found.start : found.end] == "e\u0301"
    assert "Cut 1" in found.fix


def test_an_assumed_limit_says_so() -> None:
    [found] = structure("x" * 300, "meta_feed", "headline")
    assert "assumed" in found.message


def test_unknown_slot() -> None:
    with pytest.raises(BriefError, match="no slot 'body'"):
        structure("x", "google_rsa", "body")
