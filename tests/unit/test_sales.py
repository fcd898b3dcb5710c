"""The held-out evaluator of sales: there is one only where it tells, on tests it has not seen, what sells here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relate_engine.evaluators.clicks import BUCKETS, Evaluator, grams, pairs_of, update_accuracy
from relate_engine.evaluators.sales import sales_evaluator
from relate_engine.results.observation import Observation

BLANK = Evaluator(np.zeros(BUCKETS), "evaluator-0")
THINGS = ("lamp", "rack", "kettle", "mat", "chair", "tent", "pan", "bottle", "sofa", "rug", "clock", "mug")


def results(sold: Callable[[int, int], int], things: tuple[str, ...] = THINGS) -> list[Observation]:
    """A test of each thing with a plain text and two that are shipped free; `sold(thing, text)` conversions of 5,000
    impressions."""
    return [
        Observation(text, "headline", "google_rsa", 5000, 200, float(sold(n, k)), "purchase", group=f"test {thing}")
        for n, thing in enumerate(things)
        for k, text in enumerate((f"A {thing} of steel", f"Your {thing} ships free", f"The {thing} that ships free"))
    ]


def test_what_sells_in_every_test_is_learned_and_shown_on_tests_that_were_not_seen(tmp_path: Path) -> None:
    """Free shipping sells 90 against 30: 24 of 36 pairs have a true order, the 12 between two free ones are ties (½
    each): (24 + 6) / 36 = 83 %."""
    rows = results(lambda n, k: 90 if k else 30)
    bought = pairs_of([replace(o, clicks=int(o.conversions or 0)) for o in rows])
    assert update_accuracy(BLANK, bought) == pytest.approx((30 / 36, 30 / 36, 30 / 36), abs=1e-4)
    made, why = sales_evaluator(rows, BLANK, tmp_path, "test")
    assert made is not None and why.startswith("the judge of sales puts 83% of 36 pairs of texts, of 12 tests")
    free, plain = made.score(["A mug that ships free", "A mug of steel"])
    assert free > plain


def test_fractions_of_conversions_are_added_up_before_they_are_rounded(tmp_path: Path) -> None:
    days = [
        replace(o, impressions=50, clicks=2, conversions=0.4 if "free" in o.text else 0.1)
        for o in results(lambda n, k: 0)
    ]
    made, why = sales_evaluator(days * 100, BLANK, tmp_path, "test")
    assert made is not None and "83% of 36 pairs" in why


def test_a_judge_of_clicks_that_cannot_tell_what_sells_is_none(tmp_path: Path) -> None:
    """Conversions by chance alone, and a taste for free shipping where steel sells: a trial has to decide."""
    chance = np.random.default_rng(0).poisson(40, (len(THINGS), 3))
    made, why = sales_evaluator(results(lambda n, k: int(chance[n, k])), BLANK, tmp_path, "test")
    assert made is None and "not shown to tell what sells here: it puts" in why
    liked = (grams(["ships free"]) - grams(["of steel"])).toarray()[0]
    made, why = sales_evaluator(
        results(lambda n, k: 30 if k else 90), Evaluator(9 * liked, "evaluator-1"), tmp_path, "test"
    )
    assert made is None and "not shown" in why
    assert not list(tmp_path.iterdir())


def test_too_little_to_judge_by_is_said(tmp_path: Path) -> None:
    few, why = sales_evaluator(results(lambda n, k: 90 if k else 30, THINGS[:7]), BLANK, tmp_path, "test")
    assert few is None and "make 21 pairs of texts in 7 separate tests, and it takes 20 in 12" in why
    none, why = sales_evaluator(results(lambda n, k: 0), BLANK, tmp_path, "test")
    assert none is None and why == "no campaign results with conversions are kept for judging"
    assert sales_evaluator([], BLANK, tmp_path, "test") == (None, why)


def test_tests_that_share_a_text_are_judged_as_one() -> None:
    """A text of one test that runs in the next is seen there too: the two are never on both sides."""
    rows = results(lambda n, k: 90 if k else 30, THINGS[:3])
    shared = Observation(rows[0].text, "headline", "google_rsa", 5000, 200, 30.0, "purchase", group="test rack")
    assert len(np.unique(pairs_of(rows).group)) == 3 and len(np.unique(pairs_of([*rows, shared]).group)) == 2
