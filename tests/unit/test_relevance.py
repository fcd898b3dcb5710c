"""Relevance: the arithmetic on made vectors, and on the real encoder where it is in the cache folder."""

from collections.abc import Sequence

import numpy as np
import pytest

from relate_engine.brief import Brief
from relate_engine.config import settings
from relate_engine.policy.weights import WeightsError, encoder_folder
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.relevance import learn_words, relevance, value_of_signals

BRIEF = Brief(
    product="Harrow Mattress",
    description="A medium-firm mattress of natural latex over pocket springs. It comes rolled in a box.",
    benefits=("1,024 pocket springs", "100-night home trial"),
    audience="couples replacing an old mattress",
    vertical="mattresses & bedding",
)


class Made:
    """Everything of the brief lies along one axis; "coffee" lies along another."""

    calls = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        return np.array([[0.0, 1.0] if "coffee" in t.lower() else [1.0, 0.0] for t in texts], np.float32)


def test_value_and_spans_on_made_vectors() -> None:
    encoder = Made()
    text = "☕🔥 Coffee for couples"
    (good, none), (poor, found) = relevance(encoder, ["Pocket springs for couples", text], BRIEF)
    assert encoder.calls == 1
    assert good == pytest.approx(1 / (1 + np.exp(-(5 * 2 + 6 * 1 - 9)))) and none == []
    assert poor == pytest.approx(1 / (1 + np.exp(-(0 + 6 * 0.5 - 9))))
    assert [(f.rule_id, f.severity, text[f.start : f.end]) for f in found] == [("REL-001", "note", "Coffee")]


def test_value_rises_with_both_signals_and_stays_in_bounds() -> None:
    assert 0 < value_of_signals(0.2, 0.5) < value_of_signals(0.9, 0.5) < value_of_signals(0.9, 1.0) < 1


def test_empty_inputs() -> None:
    assert relevance(Made(), [], BRIEF) == []
    assert relevance(Made(), ["!!!"], BRIEF)[0][1] == []


def test_learned_words_are_used_by_several_verticals() -> None:
    bed = Brief(product="Bed", description="A bed.", vertical="beds")
    tea = Brief(product="Tea", description="A tea.", vertical="teas")
    general, topics = learn_words([(bed, ["A bed worth keeping"]), (tea, ["Tea worth sharing"])])
    assert general == ["worth"] and {"bed", "tea"} <= set(topics)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    try:
        return Encoder(encoder_folder(settings().cache))
    except WeightsError as error:
        pytest.skip(f"no encoder in {settings().cache}: {error}")


def test_own_text_beats_a_stranger_and_the_stray_noun_is_found(encoder: Encoder) -> None:
    texts = [
        "A hundred nights on pocket springs",
        "Fresh coffee over pocket springs",
        "Walk your dog in Asheville",
    ]
    (own, clean), (half, stray), (other, _) = relevance(encoder, texts, BRIEF)
    assert own > 0.7 > half > other and other < 0.1
    assert clean == [] and [texts[1][f.start : f.end] for f in stray] == ["coffee"]
