"""Ranking and choosing: worked by hand."""

from dataclasses import replace

import pytest

from relate_engine.rewards.mix import ACCEPTED, WEIGHTS, choose, distinct, rank_of, ranked, weighed
from relate_engine.scorecard import (
    AdText,
    Compliance,
    Estimate,
    Finding,
    Scorecard,
    finding,
    level_of,
    scorecard_from_json,
    value_of,
)

ESTIMATE = Estimate(0.05, 0.02, 0.12, 0.8, "prior")
PERFECT = dict.fromkeys(WEIGHTS, 1.0)


def card(text: str, rank: float = 0.9, **rewards: float) -> Scorecard:
    ad = AdText(text, "headline", "benefit", "policy:x")
    values = PERFECT | rewards
    return Scorecard(
        ad.text, ad.slot, ad.angle, ad.author, len(text), 30, 30, values, (), Compliance(100, "clear", ("google",), 9),
        ESTIMATE, ESTIMATE, ESTIMATE, 0.0, 0.5, "no clear difference", rank=rank,
    )  # fmt: skip


def test_weights_are_a_mean() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert rank_of(PERFECT) == pytest.approx(1)
    assert rank_of(PERFECT | {"compliance": 0.0}) == pytest.approx(1 - WEIGHTS["compliance"])


def test_a_missing_reward_is_left_out_of_the_mean() -> None:
    without = {k: v for k, v in PERFECT.items() if k != "relevance"} | {"compliance": 0.0}
    assert rank_of(without) == pytest.approx(1 - WEIGHTS["compliance"] / (1 - WEIGHTS["relevance"]))


def test_near_duplicates_are_not_shown_twice_and_say_why() -> None:
    cards = [
        card("cork sole from Porto", 0.9),
        card("Cork sole from Porto today", 0.95),
        card("light on long walks", 0.5),
    ]
    shown, why = choose(cards, 2)
    assert [c.text for c in shown] == ["Cork sole from Porto today", "light on long walks"]
    assert "too close to" in why["cork sole from Porto"]


def test_a_long_text_that_repeats_a_sentence_gives_way_to_one_that_does_not() -> None:
    first = card("Holds two kayaks with one key. Arms fold flat.", 0.95)
    again = card("Holds two kayaks with one key. Made of powder-coated steel in Ohio.", 0.9)
    other = card("Anchors and template in the box. Returns within 30 days.", 0.8)
    # worked by hand: half of `again` is said already (1 + 0) / 2 = 0.5 · 0.35 = 0.175 > 0.1
    assert [c.text for c in choose([first, again, other], 2)[0]] == [first.text, other.text]


def test_the_beginning_of_a_shown_text_gives_way() -> None:
    """As sets of words the two are apart: 3 of 8 in common."""
    whole = card("A metronome app with a practice log, made by a percussion teacher in Hobart.", 0.93)
    begun = card("A metronome app.", 0.9)
    other = card("Odd meters and accents on any beat.", 0.6)
    # by hand: one shown text says all of `begun`, so it counts 0.9 - 1 · 0.35 = 0.55
    assert [c.text for c in choose([whole, begun, other], 2)[0]] == [whole.text, other.text]


def test_a_fact_costs_more_with_every_text_that_tells_it() -> None:
    told = [
        card("Lock two kayaks with one key.", 0.95),
        card("The rack locks two kayaks with a single key. Arms fold flat against the wall.", 0.94),
        card("One key locks two kayaks. Bolts to studs in an hour.", 0.93),
    ]
    other = card("Anchors and template in the box. Returns within 30 days.", 0.6)
    # by hand: the second says half of itself again, 0.94 - 0.5 · 0.35 = 0.765 > 0.6; two texts have then told half of
    # the third, 0.93 - (2 + 0) / 2 · 0.35 = 0.58 < 0.6
    assert [c.text for c in choose([*told, other], 3)[0]] == [told[0].text, told[1].text, other.text]


def test_what_an_editor_would_run_weighs_two_thirds() -> None:
    person, drafted = weighed([card("by a person", 0.9), card("drafted", 0.9)], {"drafted": 0.3})
    assert person.rank == pytest.approx(0.9) and drafted.rank == pytest.approx(0.9 / 3 + 0.3 * ACCEPTED)


def test_the_rest_says_it_ranked_below() -> None:
    _, why = choose([card("one two"), card("three four", 0.8)], 1)
    assert why == {"three four": "ranked below the 1 shown"}


def test_the_sentence_names_what_lifts_and_what_holds_back() -> None:
    shown, _ = choose([card("one two", 0.95), card("three four", 0.5, relevance=0.2)], 2)
    assert shown[0].rank_words == "Ranked 1 of 2: it stays closest to the brief."
    assert shown[1].rank_words == "Ranked 2 of 2: it is further from the brief than the others."


def test_a_group_is_ranked_with_words_and_blocked_texts_stand_last() -> None:
    pasted = [
        replace(card("says a miracle", 0.99), compliance=Compliance(0, "blocked", ("google",), 9)),
        card("one two", 0.5, relevance=0.2),
        card("three four", 0.95),
    ]
    assert [(c.text, c.rank_words) for c in ranked(pasted)] == [
        ("three four", "Ranked 1 of 3: it stays closest to the brief."),
        ("one two", "Ranked 2 of 3: it is further from the brief than the others."),
        ("says a miracle", "Ranked 3 of 3: it is blocked, and blocked texts stand last."),
    ]
    assert [c.rank_words for c in ranked(pasted[1:2])] == ["Ranked 1 of 1: no other text stands beside it."]


def test_severity_sets_amount_value_and_level() -> None:
    block = finding("A", "compliance", "block", "m")
    warn = finding("B", "compliance", "warn", "m")
    note = finding("C", "diversity", "note", "m")
    assert (block.amount, warn.amount, note.amount) == (-1.0, -0.25, -0.05)
    assert value_of([warn, warn]) == pytest.approx(0.5) and value_of([block, warn]) == 0
    assert level_of([note]) == "clear" and level_of([note, warn]) == "caution" and level_of([warn, block]) == "blocked"
    assert not finding("D", "compliance", "block", "m", subject="ad").credit and block.credit


def test_a_scorecard_survives_json() -> None:
    full = replace(card("one"), findings=(Finding("A", "compliance", "warn", "m", start=0, end=3),), notes=("n",))
    assert scorecard_from_json(full.to_json()) == full


def test_a_text_that_tells_nothing_new_is_not_another_one() -> None:
    said = ["Shipping Included in the Price", "Four grinds or whole bean"]
    assert distinct([*said, "Skip or cancel online"], new=True) == 3
    assert distinct([*said, "Shipping Included", "Four grinds"]) == 4
    assert (
        distinct([*said, "Shipping Included", "Four grinds"], new=True) == 2
    )  # beginnings, alike in half their words only
    assert (
        distinct(["Shipping Included", "Shipping Included in the Price"], new=True) == 1
    )  # two of its three words that matter
    assert distinct(["Shipping Included", "Shipping in 2 Days from Leeds"], new=True) == 2


def test_a_text_counts_while_one_of_its_sentences_is_new() -> None:
    first = "Holds two kayaks with one key. Arms fold flat."
    assert distinct([first, "Holds two kayaks with one key. Fits boats up to 36 inches wide."], new=True) == 2
    assert (
        distinct(
            [first, "Fits boats up to 36 inches wide.", "Fits boats up to 36 inches wide. Arms fold flat."], new=True
        )
        == 2
    )
