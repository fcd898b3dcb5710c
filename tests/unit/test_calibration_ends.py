"""The isotonic curve's ends: chosen for their extreme rates, they promise none that few rows have shown."""

import numpy as np
import pytest

from relate_engine.rewards.logistic import expit, logit
from relate_engine.training.calibration import ISOTONIC, curve


def test_the_ends_of_an_isotonic_curve_stand_on_twenty_hits() -> None:
    """One row above all others with one click that bought, one below them with none: neither says what a rate is."""
    body = np.linspace(-4, -2, 21)
    predicted = np.concatenate([[-4.1], body, [-1.9]])
    trials = np.array([3.0, *[2_000.0] * 21, 1.0])
    hits = np.array([0.0, *(2_000 * expit(body)), 1.0])
    made = curve(predicted, hits, trials)
    assert made.method == "isotonic" and list(made.x) == sorted(made.x) and list(made.y) == sorted(made.y)
    assert all(abs(made.shift(float(p))) < 0.11 for p in predicted)  # where it was more than 30
    lone = curve(np.array([-3.0, -2.0]), np.array([1_500.0, 1.0]), np.array([30_000.0, 1.0]))
    assert len(lone.x) == 1 and lone.shift(-2.0) == pytest.approx(float(logit(1501 / 30001)) - lone.x[0])


def test_a_text_that_is_predicted_best_is_served_about_as_predicted() -> None:
    """Good predictions, few clicks on most texts: over draws the best text's rate stays near what was predicted."""
    shifts = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = rng.normal(-3.2, 0.35, 200)
        predicted, clicks = truth + rng.normal(0, 0.2, 200), np.round(np.exp(rng.normal(4, 1.6, 200))).clip(1)
        bought = rng.binomial(clicks.astype(int), expit(truth)).astype(float)
        if bought.sum() > ISOTONIC:
            shifts.append(curve(predicted, bought, clicks).shift(float(predicted.max())))
    assert len(shifts) > 30 and max(map(abs, shifts)) < 1.0
