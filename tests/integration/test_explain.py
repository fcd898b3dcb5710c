"""Explanations with the real rewards: effects are differences of scores, alternatives are better by their cards."""

from dataclasses import replace

import pytest

from app.services.writing import Room
from relate_engine.brief import parse_brief
from relate_engine.config import settings
from relate_engine.explain import NOT_TRAINED, explain, risk_of
from relate_engine.policy.weights import WeightsError
from relate_engine.results.observation import Observation
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText
from relate_engine.training.rewards import Setting, fit_rewards

BRIEF = parse_brief(
    {
        "product": "Tarn Bottle",
        "description": "A steel bottle that keeps drinks cold for 24 hours and fits a car cup holder.",
        "benefits": ["Dishwasher safe lid", "$29 with free shipping on orders over $50"],
    }
)
TEXT = "Hurry! Tarn Bottle keeps drinks cold for 24 hours, with free shipping and a lifetime warranty"
ROUNDED = 2e-3  # log-odds; a CPU that multiplies bfloat16 itself rounds by what else is in the batch
OTHER = "A steel bottle that stays cold for 24 hours and fits your cup holder."


@pytest.fixture(scope="module")
def rewards() -> Rewards:
    settings.cache_clear()
    try:
        return Room(settings()).rewards()
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")


def test_every_effect_is_a_difference_of_two_scores(rewards: Rewards) -> None:
    ad = AdText(TEXT, "description", "benefit", "person:test")
    found = explain(rewards, BRIEF, ad)
    assert {"drinks", "lifetime warranty"} <= {w.words for w in found.words}
    for word in found.words:
        assert TEXT[word.start : word.end] == word.words and word.words not in word.without
        (scored,) = score_texts(rewards, BRIEF, [AdText(word.without, "description", None, "person:test")])
        assert word.effect == pytest.approx(found.card.ctr_effect - scored.ctr_effect, abs=ROUNDED)


def test_alternatives_are_what_their_label_says(rewards: Rewards) -> None:
    ad = AdText(TEXT, "description", "benefit", "person:test")
    found = explain(rewards, BRIEF, ad, [OTHER, "The best bottle ever, free!!!"])
    assert OTHER in {a.card.text for a in found.alternatives} and found.note == NOT_TRAINED
    for a in found.alternatives:
        (again,) = score_texts(rewards, BRIEF, [AdText(a.card.text, "description", None, "person:test")])
        assert again.ctr_effect == pytest.approx(a.card.ctr_effect, abs=ROUNDED)
        assert ("safer" in a.better) == (risk_of(a.card) < risk_of(found.card))
        assert risk_of(a.card) <= risk_of(found.card)
        if "stronger" in a.better:
            assert a.card.ctr_effect > found.card.ctr_effect
    assert not any("best bottle ever" in a.card.text for a in found.alternatives)


def test_the_condition_of_the_brief_is_offered(rewards: Rewards) -> None:
    ad = AdText("Tarn Bottle with free shipping", "description", None, "person:test")
    found = explain(rewards, BRIEF, ad)
    assert "Tarn Bottle with free shipping on orders over $50" in {a.card.text for a in found.alternatives}


def test_what_eight_tests_of_the_workspace_taught_is_explained(rewards: Rewards) -> None:
    """In each, "free shipping" had half the clicks of "fast shipping"; none was about this product."""
    things = ("Steel cup", "Travel mug", "Lunch box", "Oak desk", "Wool socks", "Camp stove", "Rain coat", "Desk lamp")
    seen = [
        Observation(
            f"{thing}, {how} shipping", "headline", "google_rsa", 20_000, clicks, None, vertical="Kitchen",
            workspace="7", brief=parse_brief({"product": thing, "description": f"A good {thing}."}), group=thing,
        )
        for thing in things
        for how, clicks in (("free", 400), ("fast", 800))
    ]  # fmt: skip
    encoder, head = rewards.encoder, rewards.head
    model = fit_rewards(seen, Setting(encoder, lambda texts: head.effects(encoder, texts), head.version, {}, {}))
    more = {"product": "Kids bottle", "benefits": ["Fast shipping", "Free shipping"], "vertical": "Kitchen"}
    brief = parse_brief(BRIEF.model_dump() | more)
    ad = AdText("Kids bottle, free shipping", "headline", None, "person:test")
    other = "Kids bottle, fast shipping"
    before = {w.words: w.effect for w in explain(rewards, brief, ad).words}
    found = explain(replace(rewards, learned=model), brief, ad, [other])
    said = {w.words: w.effect for w in found.words}
    assert abs(before["free"]) < 0.02 and said["free"] < -0.1 and "(imported)" in found.scores
    assert ["stronger" in a.better for a in found.alternatives if a.card.text == other] == [True]
