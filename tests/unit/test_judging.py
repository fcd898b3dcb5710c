"""What editors said of drafts, counted by writer; and what serving refuses before anybody is asked."""

import json
from pathlib import Path
from types import SimpleNamespace

from relate_engine.brief import BrandKit, Brief
from relate_engine.config import ASSETS
from relate_engine.draft import _worth
from relate_engine.judging import copies, judged_report
from relate_engine.refusal import refusal
from relate_engine.rewards.rules import load_rules
from relate_engine.rewards.words import sentences, spoken

RULES = load_rules(ASSETS / "rules")
BRIEF = Brief(product="Oak Desk", description="Arms fold flat.", brand_kit=BrandKit(names=("iDesk",)))


def test_passed_of_judged_by_writer_slot_and_kind_of_brief(tmp_path: Path) -> None:
    rows = [
        {"brief": "new-1", "slot": "headline", "text": "Desk", "passed": 1, "policy": "a", "again": 1},
        {"brief": "new-1", "slot": "headline", "text": "Oak", "passed": 0, "policy": "a", "again": 1},
        {"brief": "new-2", "slot": "description", "text": "Its arms fold flat", "passed": 1, "policy": "a"},
        {"brief": "new-2", "slot": "description", "text": "ARMS FOLD FLAT", "passed": 1, "policy": "a"},
        {"brief": "oak-1", "slot": "headline", "text": "Oak", "passed": 0, "policy": "a"},
        {"brief": "oak-1", "slot": "headline", "text": "A", "passed": 0, "policy": "a", "why": "refused by serving"},
        {"id": "new-1", "brief": {}},  # the file of briefs
    ]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = judged_report(tmp_path, "new-", dict.fromkeys(("new-1", "new-2", "oak-1"), BRIEF))
    assert found["again"] == [1, 2]
    told = ("passed", "judged", "share", "own_words")
    assert {k: {s: [v[t] for t in told] for s, v in found[k].items()} for k in found if k != "again"} == {
        "a, of new briefs": {"all": [3, 4, 0.75, 1], "headline": [1, 2, 0.5, 0], "description": [2, 2, 1.0, 1]},
        "a, of training briefs": {"all": [0, 1, 0.0, 0], "headline": [0, 1, 0.0, 0]},
    }
    one = found["a, of new briefs"]["headline"]
    assert one["low"] < 0.1 and one["high"] > 0.9  # two texts say little


def test_a_text_that_begins_like_the_rest_of_a_sentence_is_refused_and_a_name_may_be_small() -> None:
    assert "lower case" in refusal(RULES, "arms fold flat", "headline", BRIEF)
    assert refusal(RULES, "Arms fold flat", "headline", BRIEF) == ""
    assert "lower case" not in refusal(RULES, "iDesk arms fold flat", "headline", BRIEF)
    assert "lower case" not in refusal(RULES, "oak-desk", "path", BRIEF)


def test_a_word_that_is_made_up_or_a_label_of_the_prompt_is_refused() -> None:
    """Each was sampled, and no editor passed any text like it."""
    assert "'Accredated' is no English word" in refusal(RULES, "Accredated for a hall", "headline", BRIEF)
    for text, label in (("Curiosity: arms that fold", "Curiosity"), ("Arms fold to a point", "point"),
                        ("Problem it ends: arms fold", "Problem it ends:")):  # fmt: skip
        assert f"'{label}' is a word of the prompt" in refusal(RULES, text, "headline", BRIEF)
    asked = BRIEF.model_copy(update={"description": "Arms fold flat, to a point, by appointment. Sold by Accredated."})
    assert refusal(RULES, "Arms fold to a point", "headline", asked) == ""
    assert refusal(RULES, "Sold by Accredated", "headline", asked) == ""
    without = BRIEF.model_copy(update={"description": "Arms fold flat, by appointment."})
    assert "prompt" in refusal(RULES, "Arms fold to a point", "headline", without)


def test_a_small_letter_after_a_full_stop_is_refused_but_in_a_name() -> None:
    assert "lower case" in refusal(RULES, "Arms fold flat. arms fold.", "description", BRIEF)
    assert refusal(RULES, "Arms fold flat. iDesk arms fold.", "description", BRIEF) == ""


def test_an_item_of_a_list_and_words_run_together_are_refused() -> None:
    feed = BRIEF.model_copy(update={"placement": "meta_feed"})  # in a search ad a rule forbids it
    assert "dash" in refusal(RULES, "- Arms fold flat", "primary_text", feed)
    assert "twice" in refusal(RULES, "Arms fold flat. Arms fold flat.", "description", BRIEF)
    assert "lacks a space" in refusal(RULES, "Arms fold flat.Arms fold.", "description", BRIEF)
    assert "'Armsfold' is no English word" in refusal(RULES, "Armsfold flat", "headline", BRIEF)
    assert refusal(RULES, "Armrest folds flat outside", "headline", BRIEF) == ""  # listed compounds


def test_a_label_of_the_audience_and_a_name_in_capitals_are_refused() -> None:
    brief = BRIEF.model_copy(
        update={"audience": "people who draft at home", "benefits": ("Works with Xero", "Access for 12 months")}
    )
    for text in ("People who draft at home", "For People Who Draft at Home", "It is for people"):
        assert refusal(RULES, text, "headline", brief) == "names only whom it is for"
    assert refusal(RULES, "Draft at home?", "headline", brief) == ""  # asks
    home = brief.model_copy(update={"description": "Arms fold flat to draft at home."})
    assert refusal(RULES, "Draft at home", "headline", home) == ""  # what it does, too
    assert "'XERO' is not written so" in refusal(RULES, "Works with XERO", "headline", brief)
    assert refusal(RULES, "Works with Xero", "headline", brief) == ""
    assert "'waIST' is not written so" in refusal(RULES, "Works at waIST height", "headline", brief.model_copy(
        update={"description": "Works at waist height on an iPad."}))  # fmt: skip
    assert "lacks a space" in refusal(RULES, "Access for 12Months", "headline", brief)


def test_words_said_twice_are_refused() -> None:
    twice = "Arms fold flat at home, arms fold flat at home."
    assert "four words twice" in refusal(RULES, twice, "description", BRIEF)
    assert refusal(RULES, "Arms fold flat. Arms fold fast.", "description", BRIEF) == ""


def test_capitals_here_and_there_are_refused_and_title_case_is_not() -> None:
    brief = BRIEF.model_copy(update={"benefits": ("Ramp up to waist high tubs in Leeds",)})
    assert "'Waist' begins with a capital" in refusal(RULES, "Ramp up to Waist high tubs", "headline", brief)
    for text in (
        "Ramp up to waist high tubs",
        "Ramp Up to Waist High Tubs",
        "Leeds: Waist high tubs",
        "Tubs in Leeds. Waist high",
    ):
        assert refusal(RULES, text, "headline", brief) == "", text


def test_a_text_that_goes_on_from_another_is_refused() -> None:
    for text in ("Then folds flat", "They can swap it", "And its arms fold flat"):
        assert "like what comes after something else" in refusal(RULES, text, "headline", BRIEF)
    for text in ("Who needs a desk?", "Also a desk?", "Thentic arms fold flat"):
        assert "like what comes after" not in refusal(RULES, text, "headline", BRIEF)


def test_a_text_under_a_name_does_not_say_the_name_again() -> None:
    assert "says 'Desk' of the name" in refusal(RULES, "Oak Desk: a desk, arms fold flat", "description", BRIEF)
    assert refusal(RULES, "Oak Desk: arms fold flat", "description", BRIEF) == ""


def test_only_a_customers_words_stand_in_quotation_marks_and_only_there() -> None:
    brief = BRIEF.model_copy(update={"reviews": ("I folded it with one hand. - Dana, Boise",)})
    assert refusal(RULES, '"I folded it with one hand"', "headline", brief) == ""
    assert "quotes what no review" in refusal(RULES, '"Arms fold flat"', "headline", brief)
    assert "quotes what no review" in refusal(RULES, '""Folded it with one hand""', "headline", brief)
    assert "a customer's words" in refusal(RULES, "I folded it with one hand", "headline", brief)
    assert "a customer's words" in refusal(RULES, "iDesk: I folded it with one hand", "description", brief)


def test_a_long_slot_that_is_left_half_empty_is_worth_half() -> None:
    cards = [SimpleNamespace(text=text, width=len(text)) for text in ("Arms fold flat.", "Arms fold flat. " * 4)]
    accepted = dict.fromkeys((c.text for c in cards), 0.8)
    assert list(_worth(cards, accepted, 90).values()) == [0.4, 0.8]  # type: ignore[arg-type]
    assert list(_worth(cards, accepted, 30).values()) == [0.8, 0.8]  # type: ignore[arg-type]


def test_two_facts_of_the_brief_side_by_side_are_a_copy() -> None:
    brief = Brief(product="Oak Desk", description="Arms fold flat.", benefits=("two drawers", "solid oak"))
    assert copies("Solid oak. Arms fold flat!", brief) and copies("Two Drawers", brief)
    assert not copies("Solid oak with two drawers.", brief) and not copies("Arms fold flat. And fast.", brief)


def test_what_is_said_alike_is_the_same_text() -> None:
    assert spoken("Fits 2, folds.") == spoken("“Fits 2 FOLDS”") == "fits 2 folds" != spoken("Fits 3, folds")
    assert sentences("One. Two!\n\nThree") == ["One.", "Two!", "Three"]
