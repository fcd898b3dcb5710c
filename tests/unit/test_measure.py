"""What a card's figures mean: worked out by hand, with an interval only where there is something to draw from."""

from typing import Any

import numpy as np
import pytest

from relate_engine.results.observation import Observation
from relate_engine.training.measure import LEAST_KEYS, MOST, Measured, measure


def seen(text: str, impressions: int, clicks: int, conversions: float = 0.0, **more: Any) -> Observation:
    given: dict[str, Any] = {"action": "purchase"} | more
    return Observation(text, "headline", "google_rsa", impressions, clicks, conversions, **given)


def of(ctr: list[float], rows: list[Observation]) -> Measured:
    return measure(np.array(ctr), np.full(len(ctr), 0.1), rows, "purchase")


def test_figures_by_hand() -> None:
    rows = [seen("A", 1_000, 30, 4, group="g"), seen("B", 1_000, 20, 2, group="g"), seen("C", 1_000, 10, 9, group="g")]
    rows += [seen("A", 1_000, 30, 4, group="g", summable=False)]  # an asset row is not added up
    found = of([0.03, 0.01, 0.02, 0.9], rows)
    assert found.value("PCOC CTR") == pytest.approx(60 / 60)
    assert found.value("pair accuracy CTR") == pytest.approx(2 / 3)  # A over B and C; B and C the wrong way round
    assert found.value("PCOC CVR") == pytest.approx(0.1 * 60 / 15)
    assert found.value("PCOC CTCVR") == pytest.approx(0.1 * 60 / 15)
    assert found.value("ECE CTR") == pytest.approx((0.0 + 0.01 + 0.01) / 3 / 0.02)


def test_one_set_of_texts_has_no_interval_and_many_have() -> None:
    """Drawn again, one key is always itself: its interval would be a point and claim certainty."""
    for keys in (1, LEAST_KEYS):
        rows = [seen(f"{k}{t}", 1_000, 20 + 5 * k + 9 * t, group=f"g{k}") for k in range(keys) for t in (0, 1)]
        metrics = {m.name: m for m in of([0.02, 0.03] * keys, rows).metrics}
        pcoc = metrics["PCOC CTR"]
        if keys == 1:
            assert pcoc.low is None and "too few sets of texts" in pcoc.note
        else:
            assert pcoc.low is not None and pcoc.high is not None and pcoc.low < pcoc.value < pcoc.high
        assert metrics["ECE CTR"].low is None and "no interval" in metrics["ECE CTR"].note


def test_thousands_of_texts_in_one_key_are_measured_on_a_draw_of_them() -> None:
    """External texts of a slot are all in one key; twenty thousand of them make 200 million pairs."""
    count = 20 * MOST
    rate = np.linspace(0.01, 0.05, count)
    rows = [seen(f"text {k}", 100_000, int(100_000 * r)) for k, r in enumerate(rate)]
    assert of(list(rate), rows).value("pair accuracy CTR") == pytest.approx(1.0, abs=0.01)
