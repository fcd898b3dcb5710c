"""The smallest gap between two texts that this much traffic can show."""

import math
import random

from relate_engine.results.gap import smallest_gap


def test_smallest_gap_is_the_textbook_sample_size_turned_round() -> None:
    """Fleiss: 0.05 against 0.10 takes 435 a group at 80 % power and 5 % (two-sided, no correction)."""
    gap = smallest_gap(435, 435, 0.05)
    assert gap is not None and math.isclose(gap, 0.05, rel_tol=0.002)


def test_the_gap_found_is_found_about_eight_times_in_ten() -> None:
    gap = smallest_gap(4000, 2000, 0.03)
    assert gap is not None
    draw, found, trials = random.Random(7), 0, 1500
    for _ in range(trials):
        x = _binomial(draw, 4000, 0.03)
        y = _binomial(draw, 2000, 0.03 + gap)
        pooled = (x + y) / 6000
        z = (y / 2000 - x / 4000) / math.sqrt(pooled * (1 - pooled) * (1 / 4000 + 1 / 2000))
        found += abs(z) > 1.96
    assert 0.76 < found / trials < 0.84


def test_too_little_traffic_shows_no_gap() -> None:
    assert smallest_gap(2, 2, 0.5) is None and smallest_gap(0, 100, 0.1) is None
    assert smallest_gap(10**6, 10**6, 0.03) < smallest_gap(10**4, 10**4, 0.03)  # type: ignore[operator]


def _binomial(draw: random.Random, n: int, p: float) -> int:
    return round(draw.gauss(n * p, math.sqrt(n * p * (1 - p))))
