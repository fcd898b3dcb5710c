"""Rewards of a batch: what texts that did not end, rewards that fail and values that are no number come to."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from relate_engine.brief import Brief
from relate_engine.scorecard import Finding, Scorecard
from relate_engine.training.credit import ARMS
from relate_engine.training.judge import SENTENCE, Judge, RewardError, Sampled, form, length
from tests import tiny
from tests.cards import card

TOKENIZER = tiny.tokenizer()
BRIEF = Brief(product="Oak Desk", description="A desk of solid oak.")
TEXTS = [" oak desk", "solid oak", "bad words", "desk"]


def judged(score: Callable[[list[Sampled]], Any], texts: list[str] = TEXTS, end: bool = True) -> tuple[Judge, Any]:
    judge = Judge(ARMS["m4"], score, TOKENIZER, [TOKENIZER.eos_token_id], 2)
    ids = [TOKENIZER.encode(t) + [TOKENIZER.eos_token_id] * end for t in texts]
    metrics: dict[str, float] = {}
    n = len(texts)
    columns = {"brief": [BRIEF.model_dump_json()] * n, "slot": ["headline"] * n, "angle": ["benefit"] * n}
    values = {
        f.__name__: f(completion_ids=ids, log_metric=metrics.__setitem__, prompts=[], completions=[], **columns)
        for f in judge.reward_functions()
    }
    return judge, (values, metrics)


def test_scores_are_asked_for_once_and_spans_fall_on_the_sampled_tokens() -> None:
    calls: list[list[Sampled]] = []

    def score(asked: list[Sampled]) -> list[Scorecard]:
        calls.append(asked)
        bad = Finding("X-1", "compliance", "block", "", start=0, end=3, amount=-1.0)
        return [card(t, 0.25, [bad] if t.startswith(("bad", "oak")) else []) for _, _, _, t in asked]

    judge, (values, metrics) = judged(score)
    assert len(calls) == 1 and [s.text for s in calls[0]] == [t.strip() for t in TEXTS]
    assert calls[0][0].brief == BRIEF and calls[0][0].slot == "headline"
    assert values["ctcvr"] == [0.25] * 4 and metrics["judged/blocked"] == 0.5
    z, counted = judge.credits(12)
    assert z[0, :5].tolist() == [0, -4, -4, -4, 0]  # weight 4; the sampled text begins with a space
    assert z[2, :4].tolist() == [-4, -4, -4, 0] and z[1].sum() == 0
    assert counted.sum(1).tolist() == [len(t) + 1 for t in TEXTS]  # EOS counts


def test_length_and_format() -> None:
    arm = ARMS["m4"]
    assert length(card("x" * 9), arm) == pytest.approx(0.6) and length(card("x" * 15), arm) == 1
    assert length(card("x" * 30), arm) == 1
    assert length(card("x" * 33), arm) == pytest.approx(math.exp(-0.4))
    fold = Finding("FMT-007", "structure", "note", "", amount=-0.05)
    over = Finding("FMT-001", "structure", "block", "", amount=-1.0)
    cut = Finding("FMT-010", "structure", "warn", "", amount=-0.25)
    assert [form(card("a", findings=[f]), arm) for f in (fold, over, cut)] == [1, 0, 0.75]
    assert form(card("a\nb"), arm) == 0


def test_a_text_that_cannot_run_is_neither_clicked_nor_bought() -> None:
    fits, over = card("x" * 30), card("x" * 31)
    assert (fits.limit, over.limit) == (30, 30)
    for name, worth in (("ctr", fits.ctr.mean), ("ctcvr", fits.rewards["ctcvr"])):
        assert SENTENCE[name](fits, ARMS["m4"]) == worth > 0
        assert SENTENCE[name](over, ARMS["m4"]) == 0


def test_texts_that_did_not_end_or_are_empty_earn_nothing_and_are_not_scored() -> None:
    def score(asked: list[Sampled]) -> list[Scorecard]:
        raise AssertionError("nothing is to be scored")

    for texts, end in ((TEXTS, False), (["", " "], True)):
        judge, (values, metrics) = judged(score, texts, end)
        assert all(v == [0.0] * len(texts) for v in values.values())
        assert not judge.credits(12)[1].any() and metrics["judged/ended"] == 0


def test_a_value_that_is_no_number_leaves_its_text_out() -> None:
    def score(asked: list[Sampled]) -> list[Scorecard]:
        return [card(t, math.nan if t == "solid oak" else 0.5) for _, _, _, t in asked]

    judge, (values, metrics) = judged(score)
    assert [v[1] for v in values.values()] == [None] * 3 and values["ctcvr"][0] == 0.5
    assert not judge.credits(12)[1][1].any() and metrics["judged/unscored"] == 0.25
    with pytest.raises(RewardError, match=r"None of 4 sampled texts could be scored .*not a number"):
        judged(lambda asked: [card(t, math.nan) for _, _, _, t in asked])


def test_a_reward_that_fails_costs_its_group_only_unless_all_fail(caplog: pytest.LogCaptureFixture) -> None:
    def score(asked: list[Sampled]) -> list[Scorecard]:
        if any(t == "bad words" for _, _, _, t in asked):
            raise RuntimeError("encoder ran out of memory")
        return [card(t) for _, _, _, t in asked]

    _, (values, _) = judged(score)
    assert values["ctcvr"] == [0.5, 0.5, None, None]
    assert "encoder ran out of memory" in caplog.text
    with pytest.raises(RewardError, match=r"encoder ran out of memory.*resume"):
        judged(score, ["bad words", "bad words"])
    with pytest.raises(RewardError, match="1 scorecards came back"):
        judged(lambda asked: [card("a")], ["a", "b"])


def test_an_arm_without_sentence_rewards_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sentence reward"):
        Judge(replace(ARMS["m4"], sentence={}), lambda asked: [], TOKENIZER, [0], 2)
