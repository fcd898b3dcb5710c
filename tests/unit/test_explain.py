"""Explanations on what a workspace's results taught, worked out by hand on a model of three words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.components.explanation import better_words, change_words, shown_words
from relate_engine.brief import Brief
from relate_engine.explain import HEAD_SCORES, explain
from relate_engine.rewards.adfeatures import RELATIONS, Features
from relate_engine.rewards.ctcvr import Cell
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.learned import RewardModel, Taught, run_key
from relate_engine.rewards.rules import load_rules
from relate_engine.rewards.textfeatures import SURFACE
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText

BRIEF = Brief(
    product="Kids bottle",
    description="A steel bottle for kids.",
    benefits=("Free shipping", "Fast shipping"),
    vertical="Kitchen",
)
TEXT, OTHER = "Kids bottle, free shipping", "Kids bottle, fast shipping"
WEIGHTS = {"fre": -0.8, "fast": 0.6, "steel": 0.0}  # by stem
RAN = run_key(TEXT, BRIEF.product)


class _Encoder:
    """One unit vector for every text."""

    def prepare(self, towers: Any, texts: Sequence[str]) -> None:
        pass

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(1, 384, dtype=np.float32).repeat(len(texts), 0)


@dataclass
class _Head:
    """Raw 0.5 for a text with "free", else 0, and a tenth of it shrunk; remembers how many texts each pass had."""

    tower: Any = None
    version: str = "ctr-1"
    passes: list[int] = field(default_factory=list)

    def effects(self, _: Any, texts: Sequence[str]) -> list[Effect]:
        self.passes.append(len(texts))
        raw = [0.5 * ("free" in text.lower()) for text in texts]
        return [Effect(r, 0.1 * r, 0.28, 0.1, "") for r in raw]


class _Classifier:
    tower, doubt, version = None, 0.0, "c-1"

    def findings(self, texts: Sequence[str], *_: Any) -> list[list[Any]]:
        return [[] for _ in texts]

    def chances(self, texts: Sequence[str], *_: Any) -> list[float]:
        return [1.0] * len(texts)


def rewards(learned: RewardModel | None) -> Any:
    given: Any = (_Encoder(), load_rules(Path("assets/rules")), _Classifier(), _Head())
    return Rewards(*given, learned=learned)


def learned(shown: float = 20_000, **own: tuple[float, float]) -> RewardModel:
    """Its only features are whether "free", "fast" and "steel" are in a text, each 1 / √(words of the text)."""
    size = 384 + len(SURFACE) + len(WEIGHTS) + len(RELATIONS)
    at = slice(384 + len(SURFACE), 384 + len(SURFACE) + len(WEIGHTS))
    mean, scale = np.zeros(size), np.zeros(size)
    mean[at], scale[at] = list(WEIGHTS.values()), 1.0
    taught = Taught(mean, np.zeros((size, size)), 0.02, own)
    cell = Cell("ctr", "google_rsa", "kitchen", "7", BRIEF.product, shown, shown / 20, 0.0, 20)
    return RewardModel(
        Features(tuple(WEIGHTS), np.zeros(size), scale, np.ones(size)),
        taught, replace(taught, mean=np.zeros(size), own={}), (cell,), {}, "imported", "7", "", "ctr-1", "reward-1",
    )  # fmt: skip


def explained(model: RewardModel | None) -> Any:
    return explain(rewards(model), BRIEF, AdText(TEXT, "headline", None, "person:1"), [OTHER])


def effects(found: Any) -> dict[str, float]:
    return {w.words: w.effect for w in found.words}


def test_words_move_what_the_workspace_has_learned_and_not_the_head() -> None:
    """Four words, so "free" is 1/2: 0.05 (head, shrunk) - 0.8/2 = -0.35; without a neutral word it is 1/√3, without
    two 1/√2, and without "free" the text scores 0."""
    found = explained(learned())
    assert found.score == pytest.approx(-0.35)
    said = effects(found)
    assert said["free"] == said["free shipping"] == pytest.approx(-0.35)
    assert said["shipping"] == said["Kids"] == said["bottle"] == pytest.approx(-0.4 + 0.8 / math.sqrt(3))
    assert said["Kids bottle"] == pytest.approx(-0.4 + 0.8 / math.sqrt(2))
    assert ("free", "click score down 0.35") in [(w.words, change_words(w.effect)) for w in shown_words(found)]
    assert "the text's part in the predicted CTR" in found.scores and "(imported)" in found.scores


def test_the_effect_of_a_word_is_what_the_predicted_ctr_of_two_cards_says() -> None:
    model = rewards(replace(learned(), source="simulated"))
    found = explain(model, BRIEF, AdText(TEXT, "headline", None, "person:1"))
    (free,) = [w for w in found.words if w.words == "free"]
    (without,) = score_texts(model, BRIEF, [AdText(free.without, "headline", None, "person:1")])
    odds = [c.ctr.mean / (1 - c.ctr.mean) for c in (found.card, without)]
    # all is known of "free" (1/4 of 0.02, and half of it back in the rate), nothing was to learn of the other words
    assert math.log(odds[0] / odds[1]) == pytest.approx(free.effect - 0.02 / 4 / 2, abs=1e-6)
    assert free.without == "Kids bottle, shipping" and "(simulated)" in found.scores


def test_what_the_workspace_has_learned_to_be_better_is_called_stronger() -> None:
    """0.6/2 instead of -0.35; the head would have called it weaker, 0 instead of 0.5."""
    found = explained(learned())
    (better,) = [a for a in found.alternatives if a.card.text == OTHER]
    assert "stronger" in better.better and better.score == pytest.approx(0.3)
    assert "click score +0.30 instead of −0.35" in better_words(better, found)
    before = [a.better for a in explained(None).alternatives if a.card.text == OTHER]
    assert not any("stronger" in label for label in before)


def test_what_a_text_did_beyond_its_words_is_no_words_effect() -> None:
    found = explained(learned(**{RAN: (-0.3, 0.01)}))
    assert found.score == pytest.approx(-0.65)
    assert effects(found) == pytest.approx(effects(explained(learned())))
    assert "This text has run" in found.scores and "has run" not in explained(learned()).scores


def nothing_learned() -> RewardModel:
    """A reward model that is still its prior."""
    size = 384 + len(SURFACE) + len(WEIGHTS) + len(RELATIONS)
    return replace(learned(0), ctr=Taught(np.zeros(size), 0.02 * np.eye(size), 0.02, {}))


@pytest.mark.parametrize("model", [None, nothing_learned()])
def test_where_nothing_was_learned_the_head_tells(model: RewardModel | None) -> None:
    found = explained(model)
    said = effects(found)
    assert (found.score, found.scores, found.card.ctr.source) == (0.5, HEAD_SCORES, "prior")
    assert said["free"] == 0.5 and said["Kids"] == said["shipping"] == 0


def test_all_shortened_texts_are_read_in_one_pass() -> None:
    model = rewards(learned())
    found = explain(model, BRIEF, AdText(TEXT, "headline", None, "person:1"), [OTHER])
    one, alternatives, all_of_them = model.head.passes
    assert (one, alternatives) == (1, found.tried) and all_of_them == 1 + len(found.words) + found.tried
