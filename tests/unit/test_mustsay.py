"""Words the whole ad has to hold: asked for while texts are written, let in where the choice left them out."""

import pytest

from relate_engine.brief import BrandKit, Brief
from relate_engine.config import ASSETS
from relate_engine.mustsay import EVERY, NAMED, asked_to_say, let_in, under_name
from relate_engine.policy.writer import Wish
from relate_engine.rewards.compliance import check_ad, says
from relate_engine.rewards.rules import load_rules
from relate_engine.scorecard import Scorecard
from tests.cards import card

RISK = "Capital at risk"
BRIEF = Brief(
    product="Oak & Ash Savings",
    description="A savings account for clubs.",
    brand_kit=BrandKit(names=("Ashby",), must_say=("Ashby", RISK)),
)


def test_one_wish_in_so_many_says_a_phrase_and_each_phrase_gets_its_turn() -> None:
    plain = [Wish("headline", "benefit")] * (3 * EVERY)
    asked = asked_to_say(BRIEF, "headline", plain, 0)
    assert [w.say for w in asked if w.say] == ["Ashby", RISK, "Ashby"]
    assert [w.say for w in asked_to_say(BRIEF, "headline", plain[:EVERY], EVERY) if w.say] == [
        RISK
    ]  # a later round goes on
    assert asked_to_say(BRIEF.model_copy(update={"brand_kit": BrandKit()}), "headline", plain, 0) == plain


def test_one_headline_in_so_many_stands_under_the_shortest_name_where_there_is_room() -> None:
    plain, feed = [Wish("headline", "benefit")] * (2 * NAMED), BRIEF.model_copy(update={"placement": "meta_feed"})
    assert [w.say for w in under_name(feed, "headline", plain, 0)] == ["", "", "Ashby:"] * 2
    assert [w.say for w in under_name(feed, "headline", plain[:2], NAMED - 1)] == ["Ashby:", ""]  # goes on
    assert [w.say for w in under_name(feed, "primary_text", plain, 0)] == ["", "", "Ashby:"] * 2  # people read it first
    assert under_name(BRIEF, "description", plain, 0) == plain  # a headline has said it
    said = feed.model_copy(update={"reviews": ("I keep my savings here.",)})
    proof = [Wish("headline", "proof", "I keep my savings here")] * NAMED
    assert under_name(said, "headline", proof, 0) == proof  # not the brand's words
    assert under_name(BRIEF, "headline", plain, 0) == plain  # 30 - 7 leave 23 to the fact
    long = feed.model_copy(update={"brand_kit": BrandKit()})
    assert under_name(long, "headline", plain, 0) == plain  # "Oak & Ash Savings: " leaves 21 of 40


@pytest.mark.parametrize(
    ("say", "lead", "text", "whole"),
    [
        ("Ashby", "Ashby", "Ashby pays 4%", "Ashby pays 4%"),
        ("Oak & Ash", "Oak & Ash", "Oak & Ash Savings", "Oak & Ash Savings"),  # a part of the product's name
        ("Ash", "Ash", "Ash pays", "Ash pays"),
        ("Ashby:", "Ashby:", "Ashby: 4%", "Ashby: 4%"),
        ("Ashb", "", "Pays 4%", "Pays 4%. Ashb."),  # no whole word of a name
        (RISK, "", "Pays 4%", f"Pays 4%. {RISK}."),
        (RISK, "", "Pays 4%.", f"Pays 4%. {RISK}."),
        ("18+ only!", "", "Is it for you?", "Is it for you? 18+ only!"),
        (RISK, "", "", ""),  # a text that came to nothing stays nothing
        ("", "", "Pays 4%", "Pays 4%"),
    ],
)
def test_a_name_begins_the_text_and_anything_else_ends_it(say: str, lead: str, text: str, whole: str) -> None:
    wish = Wish("headline", "benefit", say=say)
    assert wish.lead(BRIEF) == lead and wish.end(BRIEF, text) == whole
    assert wish.written(BRIEF, whole).removesuffix(".") == text.removesuffix(".")
    assert len(whole) - len(text) <= wish.room(BRIEF)


def test_the_best_text_that_says_it_takes_the_place_of_the_last() -> None:
    shown: dict[str, list[Scorecard]] = {"headline": [card("One"), card("Two")], "body": [card("Three")]}
    left = {"headline": [card("Ashby pays"), card(f"Four. {RISK}."), card("Five")]}
    changes = let_in(BRIEF, shown, left)
    assert [c.text for c in shown["headline"]] == [f"Four. {RISK}.", "Ashby pays"]  # none pushed out the other
    assert [(new.text, out.text) for new, out, _ in changes] == [("Ashby pays", "Two"), (f"Four. {RISK}.", "One")]
    assert changes[0][2] == "made room for a text that says “Ashby”"
    assert shown["headline"][1].rank_words == "Shown because it says “Ashby”."
    texts = {slot: [c.text for c in cards] for slot, cards in shown.items()}
    found = check_ad(load_rules(ASSETS / "rules"), "generic", texts, must_say=BRIEF.brand_kit.must_say)
    assert "FMT-012" not in {f.rule_id for f in found}


def test_a_phrase_that_fills_the_slot_is_not_asked_for_there() -> None:
    long = "Your home may be repossessed if you do not keep up"
    kit = BrandKit(must_say=(long, RISK))
    brief = BRIEF.model_copy(update={"brand_kit": kit, "placement": "google_rsa"})
    plain = [Wish("headline", "benefit")] * (2 * EVERY)
    assert {w.say for w in asked_to_say(brief, "headline", plain, 0)} == {"", RISK}  # 50 of 30 units do not fit
    assert {w.say for w in asked_to_say(brief, "description", plain, 0)} == {"", RISK, long}


def test_the_text_it_is_too_close_to_makes_room() -> None:
    shown = {"headline": [card("Fresh bread daily in Leeds"), card("Order by noon")]}
    (change,) = let_in(
        BRIEF.model_copy(update={"brand_kit": BrandKit(must_say=("Ashby",))}),
        shown,
        {"headline": [card("Ashby fresh bread daily in Leeds")]},
    )
    assert [c.text for c in shown["headline"]] == ["Ashby fresh bread daily in Leeds", "Order by noon"]
    assert change[1].text == "Fresh bread daily in Leeds"


def test_nothing_is_changed_where_the_ad_says_it_or_nobody_wrote_it() -> None:
    shown = {"headline": [card("ASHBY  pays"), card("Two")]}
    assert let_in(BRIEF, shown, {"headline": [card("Ashby"), card("Five")]}) == []
    assert [c.text for c in shown["headline"]] == ["ASHBY  pays", "Two"]


def test_says_takes_whole_words_in_any_case() -> None:
    assert says("Save with ashby.", "Ashby") and says("capital  AT risk", RISK)
    assert not says("Ashbys", "Ashby")
