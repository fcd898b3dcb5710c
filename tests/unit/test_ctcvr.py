"""Rates around a text's effect: intervals and words by hand."""

import math

import pytest

from relate_engine.brief import BriefError
from relate_engine.rewards.ctcvr import ASSUMED_SD, CVR_TEXT_SD, GIVEN_SD, Cell, Pool, beats_typical, rates
from relate_engine.rewards.ctrhead import Effect


def test_rates_by_hand() -> None:
    effect = Effect(raw=0.4, shrunk=0.2, sd=0.3, shrink=0.5, note="")
    ctr, cvr, both = rates(effect, "meta_feed", {"meta_feed": 0.02}, {}, 0.8)
    z = 1.2815516
    logit = math.log(0.02 / 0.98) + 0.2
    sd_ctr, sd_cvr = math.hypot(GIVEN_SD, 0.3), math.hypot(ASSUMED_SD, CVR_TEXT_SD)
    assert ctr.mean == pytest.approx(1 / (1 + math.exp(-logit)))
    assert ctr.low == pytest.approx(1 / (1 + math.exp(-(logit - z * sd_ctr))))
    assert ctr.high == pytest.approx(1 / (1 + math.exp(-(logit + z * sd_ctr))))
    assert both.mean == pytest.approx(ctr.mean * cvr.mean)
    spread = math.hypot((1 - ctr.mean) * sd_ctr, (1 - cvr.mean) * sd_cvr)
    assert both.low == pytest.approx(both.mean * math.exp(-z * spread))
    assert both.high == pytest.approx(both.mean * math.exp(z * spread))
    assert {e.source for e in (ctr, cvr, both)} == {"prior"} and both.level == 0.8


def test_text_moves_ctr_but_not_cvr_and_an_assumed_base_is_wide() -> None:
    up, flat = (Effect(s, s, 0.25, 1.0, "") for s in (0.5, 0.0))
    ctr_up, cvr_up, _ = rates(up, "google_rsa", {}, {}, 0.8)
    ctr_flat, cvr_flat, _ = rates(flat, "google_rsa", {}, {}, 0.8)
    assert ctr_up.mean > ctr_flat.mean == pytest.approx(0.05)
    assert cvr_up == cvr_flat and cvr_up.mean == pytest.approx(0.04)
    assert cvr_up.high / cvr_up.low > 4
    known = rates(flat, "google_rsa", {"google_rsa": 0.05}, {}, 0.8)[0]
    assert ctr_flat.low < known.low < known.high < ctr_flat.high
    wide = rates(flat, "google_rsa", {}, {}, 0.95)[0]
    assert wide.low < ctr_flat.low and wide.high > ctr_flat.high


def test_a_base_rate_in_percent_is_refused_in_words() -> None:
    effect = Effect(0, 0, 0.25, 1.0, "")
    with pytest.raises(BriefError, match="Base CTR for generic is 5; give a share"):
        rates(effect, "generic", {"generic": 5}, {}, 0.8)
    with pytest.raises(BriefError, match="no placement"):
        rates(effect, "billboard", {}, {}, 0.8)


def test_beats_typical_by_hand_and_in_words() -> None:
    p, said = beats_typical(Effect(0.2, 0.2, 0.3, 1.0, "", spread=0.4))  # Φ(.2 / .5) = Φ(.4)
    assert p == pytest.approx(0.65542, abs=1e-5)
    assert said == "likely beats a typical text for this brief 66 times in 100"
    p, said = beats_typical(Effect(-0.2, -0.2, 0.3, 1.0, "", spread=0.4))
    assert said == "likely loses to a typical text for this brief, 66 times in 100"
    assert beats_typical(Effect(0.4, 0.02, 0.3, 0.05, "", spread=0.4))[1] == "no clear difference"


def test_results_of_unknown_vertical_move_the_rates_of_the_workspace() -> None:
    cell = Cell("ctr", "generic", "", "acme", "", trials=900_000, successes=29_700, effect=0.0, texts=50)  # 3.3 %
    pool = Pool.of("ctr", [cell], {})
    drafted, _, _ = pool.at("generic", "coffee", "acme", "Oak Mug")
    stranger, _, gained = pool.at("generic", "coffee", "other", "Oak Mug")
    assert 1 / (1 + math.exp(-drafted)) == pytest.approx(0.028, abs=0.003)
    assert stranger < drafted and gained < 0.5
