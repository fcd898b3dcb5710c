"""What a writer is worth on held-out briefs: by hand, with texts that nobody will ever see among its samples."""

import math
from dataclasses import replace

import numpy as np
import pytest

from relate_engine.brief import Brief
from relate_engine.heldout import HeldPlan, Judges, Written, drawn, floor_of, judge
from relate_engine.scorecard import Scorecard
from relate_engine.training.judge import RewardError, Sampled
from tests.cards import card
from tests.tiny_round import brief

LIMIT = 10  # of the cards below


def judges() -> Judges:
    """A text is worth 0.8 and, in log-odds, a tenth of its characters for clicks and a fifth for sales."""

    def score(asked: list[Sampled]) -> list[object]:
        return [card(one.text, 0.8, visible=LIMIT) for one in asked]

    return Judges(
        score,  # type: ignore[arg-type]
        lambda texts: np.array([len(t) / 10 for t in texts]),
        lambda texts: np.zeros(len(texts)),
        lambda texts: np.array([len(t) / 5 for t in texts]),
        "evaluator-test",
        {"clicks": -0.5, "sales": -1.0},
    )


def written(*texts: str, about: str = "Oak Desk") -> list[Written]:
    return [Written(brief(about), "headline", "benefit", [1], [2], text) for text in texts]


def test_texts_that_cannot_run_or_did_not_end_count_as_the_floor() -> None:
    """Four samples: 5 characters that run, 20 that are over the limit of 10, and two that never ended."""
    found = judge(written("Oaken", "x" * 20, "", ""), judges())
    assert found["clicks"] == [pytest.approx((0.5 - 3 * 0.5) / 4)]
    assert found["sales"] == [pytest.approx((1.0 - 3 * 1.0) / 4)]
    assert found["reward"] == [pytest.approx(0.8 / 4)]  # as in training: of what does not run 0
    assert found["ended"] == [0.5] and found["over_limit"] == [0.5]  # of the two that ended one is too long
    assert found["length"] == [12.5]


def test_longer_texts_that_no_longer_fit_do_not_look_better() -> None:
    """A judge that likes long texts gives 11 characters more than 9, but 11 do not fit."""
    fit, over = (judge(written(*["x" * n] * 4), judges()) for n in (9, 11))
    assert over["sales"] < fit["sales"] and over["clicks"] < fit["clicks"] and over["reward"] < fit["reward"]


def test_a_brief_without_any_whole_text_is_the_worst_not_the_middle() -> None:
    found = judge([*written("", ""), *written("Oak", "Elm", about="Elm Desk")], judges())
    assert found["clicks"] == [-0.5, pytest.approx(0.3)] and found["sales"][0] == -1.0
    assert found["reward"][0] == 0 and found["over_limit"] == [0, 0] and found["ended"] == [0, 1]


def test_a_text_whose_reward_is_no_number_is_left_out() -> None:
    """Of four samples one has no reward and one never ended: two of three count, and three of four ended."""
    found = judge(written("Oaken", "Unscored", "Elm", ""), replace(judges(), score=unscored))
    assert found["reward"] == [pytest.approx(2 * 0.8 / 3)]
    assert found["clicks"] == [pytest.approx((0.5 + 0.3 - 0.5) / 3)]
    assert found["length"] == [4] and found["ended"] == [0.75]
    with pytest.raises(RewardError, match=r"None of 2 held-out texts .* \(a value is not a number\)\. Mend the reward"):
        judge(written("Unscored", "Unscored"), replace(judges(), score=unscored))


def test_a_reward_that_fails_says_why() -> None:
    def gone(asked: list[Sampled]) -> list[Scorecard]:
        raise OSError("the rate model is gone")

    def short(asked: list[Sampled]) -> list[Scorecard]:
        return unscored(asked)[1:]

    for score, why in ((gone, "the rate model is gone"), (short, "shorter")):
        with pytest.raises(RewardError, match=rf"could be scored \(.*{why}.*\)\. Mend the reward, then resume"):
            judge(written("Oak", "Elm"), replace(judges(), score=score))


def unscored(asked: list[Sampled]) -> list[Scorecard]:
    """A card of each text; the reward of one is no number."""
    return [card(one.text, math.nan if one.text == "Unscored" else 0.8, visible=LIMIT) for one in asked]


def test_the_floor_is_the_first_percentile_of_ordinary_texts() -> None:
    """Scores 0, 1, … 100: the first percentile is 1."""
    assert floor_of(lambda texts: np.array([len(t) for t in texts]), ["x" * n for n in range(101)]) == 1.0


def test_every_product_is_judged_before_any_has_two_briefs() -> None:
    """Two briefs of one product first, one of them stored twice: of three places each product gets one."""
    first, again, other, third = (
        brief("Oak Desk"), brief("Oak Desk"), Brief(product="OAK DESK", description="Another one."), brief("Elm Desk"),
    )  # fmt: skip
    assert drawn([first, again, other, third], HeldPlan(briefs=2)) == [first, third]
    assert drawn([first, again, other, third], HeldPlan(briefs=9)) == [first, third, other]
