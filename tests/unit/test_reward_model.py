"""What results teach: few change nothing, many do; pairs move texts; versions are whole; calibration by hand."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relate_engine.brief import Brief
from relate_engine.policy.weights import WeightsError
from relate_engine.results.observation import Observation
from relate_engine.rewards.ctcvr import (
    ASSUMED_SD,
    BASE_RATES,
    CVR_TEXT_SD,
    GIVEN_SD,
    TOGETHER,
    Cell,
    Pool,
    beats_typical,
    prior,
    rates,
)
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.learned import Calibration, RewardModel, run_key
from relate_engine.rewards.logistic import expit, fit, logit
from relate_engine.training.calibration import curve
from relate_engine.training.counting import action_of, count, split_by_time
from relate_engine.training.families import families, split_off
from relate_engine.training.ratemodels import METHODS
from relate_engine.training.rewards import Setting, fit_rewards, predict

BRIEF = Brief(
    product="Tarn Bottle",
    description="A steel bottle for the road.",
    benefits=("Keeps cold 24 hours",),
    vertical="Kitchen",
)
FLAT = Effect(0.0, 0.0, 0.28, 0.0, "")


class _Encoder:
    """Unit vectors that depend on the text only."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(abs(hash(t)) % 2**32).normal(size=384) for t in texts]
        stacked = np.array(rows, np.float32).reshape(len(texts), 384)
        return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


def setting(**more: Any) -> Setting:
    return replace(Setting(_Encoder(), lambda texts: [FLAT] * len(texts), "ctr-1", {}, {}), **more)


def seen(text: str, impressions: int, clicks: int, conversions: float | None = None, **more: Any) -> Observation:
    given: dict[str, Any] = {"action": "purchase", "vertical": "Kitchen", "workspace": "7", "brief": BRIEF} | more
    return Observation(text, "headline", "google_rsa", impressions, clicks, conversions, **given)


def told(model: RewardModel, text: str, base_ctr: dict[str, float] | None = None) -> Any:
    return model.told(_Encoder(), [FLAT], [text], "google_rsa", BRIEF, base_ctr or {}, {})[0]


# ---- the fit --------------------------------------------------------------------------------------------------------


def test_a_single_intercept_is_the_posterior_mode_of_a_rate() -> None:
    # d/dw of k·w - n·log(1 + e^w) - w²/2s² = 0 at w, checked by the score equation itself
    found = fit(np.ones((1, 1)), np.array([30.0]), np.array([100.0]), np.zeros(1), np.array([4.0]), key_sd=0)
    w = found.mean[0]
    assert 30 - 100 / (1 + math.exp(-w)) - 4 * w == pytest.approx(0, abs=1e-5)
    p = 1 / (1 + math.exp(-w))
    assert found.covariance[0, 0] == pytest.approx(1 / (100 * p * (1 - p) + 4), rel=1e-5)


def test_only_differences_inside_a_key_teach() -> None:
    x = np.array([[1.0], [1.0], [0.0], [0.0]])
    apart = np.array([0, 0, 1, 1])  # the feature differs between keys only
    hits, trials = np.array([300.0, 300.0, 100.0, 100.0]), np.full(4, 1000.0)
    confounded = fit(x, hits, trials, np.zeros(4), np.array([1.0]), apart, key_sd=50)
    inside = fit(x, hits, trials, np.zeros(4), np.array([1.0]), np.array([0, 1, 0, 1]), key_sd=50)
    assert abs(confounded.mean[0]) < 0.01 and confounded.covariance[0, 0] > 0.95
    assert inside.mean[0] == pytest.approx(logit(0.3) - logit(0.1), abs=0.05)


def test_without_rows_it_is_the_prior() -> None:
    found = fit(np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.zeros(0), np.array([1.0, 2.0, 4.0]))
    assert found.mean.tolist() == [0, 0, 0] and np.diag(found.covariance).tolist() == [1, 0.5, 0.25]


# ---- base rates -----------------------------------------------------------------------------------------------------


def cell(trials: float, successes: float, **more: Any) -> Cell:
    given: dict[str, Any] = {"kind": "ctr", "placement": "google_rsa", "vertical": "kitchen", "workspace": "7",
                             "product": "Tarn Bottle", "effect": 0.0, "texts": 20} | more  # fmt: skip
    return Cell(trials=trials, successes=successes, **given)


def at(cells: Sequence[Cell], given: dict[str, float] | None = None, **place: str) -> tuple[float, float, float]:
    where = {"placement": "google_rsa", "vertical": "kitchen", "workspace": "7", "product": "Tarn Bottle"} | place
    return Pool.of("ctr", cells, given or {}).at(**where)


def test_ten_impressions_change_nothing_and_ten_thousand_do() -> None:
    start, sd, gained = at([])
    assert (expit(np.array(start)), sd, gained) == (pytest.approx(0.05), pytest.approx(ASSUMED_SD), pytest.approx(0))
    for clicks in (0, 1):
        base, ten_sd, gained = at([cell(10, clicks)])
        assert float(expit(np.array(base))) == pytest.approx(0.05, rel=0.015) and gained < 0.02
        assert ten_sd == pytest.approx(sd, rel=0.01)
    base, many_sd, gained = at([cell(10_000, 1_000)])
    assert float(expit(np.array(base))) == pytest.approx(0.1, rel=0.1) and many_sd < 0.3 * sd and gained > 0.9


def test_pooling_is_partial() -> None:
    cells = [cell(20_000, 2_000)]
    rate = {name: at(cells, **place)[0] for name, place in {
        "here": {}, "other product": {"product": "x"}, "other workspace": {"workspace": "8"},
        "other vertical": {"vertical": "x"}, "other placement": {"placement": "meta_feed"},
    }.items()}  # fmt: skip
    start = at([])[0]
    assert rate["here"] > rate["other product"] > rate["other vertical"] > rate["other workspace"] > start
    assert rate["other placement"] == pytest.approx(float(logit(BASE_RATES["meta_feed"].ctr)))


def test_a_given_base_rate_holds_longer_than_an_assumed_one() -> None:
    cells = [cell(2_000, 200)]
    assumed, given = at(cells)[0], at(cells, {"google_rsa": 0.05})[0]
    assert float(logit(0.05)) < given < assumed
    assert at([], {"google_rsa": 0.05})[1] == pytest.approx(GIVEN_SD)


# ---- the model ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_nothing_learned_is_the_prior(method: Any) -> None:
    model = fit_rewards([], setting(method=method))
    one = told(model, "Cold for a Day")
    assert replace(one, note="") == prior(FLAT, "google_rsa", {}, {})


def test_few_results_leave_every_number_alone() -> None:
    model = fit_rewards([seen("A", 5, 1, 0.0, group="g"), seen("B", 5, 0, 0.0, group="g")], setting())
    for text in ("A", "B", "C"):
        was, now = rates(FLAT, "google_rsa", {}, {}, 0.8), rates(FLAT, "google_rsa", {}, {}, 0.8, told(model, text))
        for before, after in zip(was, now, strict=True):
            assert after.source == "prior" and after.mean == pytest.approx(before.mean, rel=0.06)
            assert after.high - after.low == pytest.approx(before.high - before.low, rel=0.06)


def test_many_results_move_rates_and_narrow_them() -> None:
    rows = [seen("A", 50_000, 2_000, 100.0, group="g"), seen("B", 50_000, 1_000, 10.0, group="g")]
    model = fit_rewards(rows, setting())
    a, b = told(model, "A"), told(model, "B")
    ctr, cvr, both = rates(FLAT, "google_rsa", {}, {}, 0.8, a)
    assert {e.source for e in (ctr, cvr, both)} == {"imported"}
    was = rates(FLAT, "google_rsa", {}, {}, 0.8)[0]
    assert ctr.mean == pytest.approx(0.04, rel=0.15) and ctr.high / ctr.low < 0.7 * was.high / was.low
    assert a.ctr.middle - b.ctr.middle == pytest.approx(math.log(2), abs=0.25)
    assert a.cvr.middle > b.cvr.middle
    assert beats_typical(FLAT, a)[0] > 0.6 > 0.4 > beats_typical(FLAT, b)[0]
    assert "100,000 imported impressions" in model.note and "purchase" in model.note


def test_clicks_alone_leave_cvr_a_prior() -> None:
    model = fit_rewards([seen("A", 50_000, 2_000, group="g"), seen("B", 50_000, 1_000, group="g")], setting())
    ctr, cvr, both = rates(FLAT, "google_rsa", {}, {}, 0.8, told(model, "A"))
    assert (ctr.source, cvr.source, both.source) == ("imported", "prior", "prior")
    assert cvr.mean == pytest.approx(BASE_RATES["google_rsa"].cvr) and model.action == ""


def test_ads_that_are_no_test_teach_a_twentieth() -> None:
    tested = [seen("A", 20_000, 1_200, group="g"), seen("B", 20_000, 800, group="g")]
    loose = [replace(o, group="") for o in tested]
    gaps = []
    for rows in (tested, loose):
        model = fit_rewards(rows, setting())
        gaps.append(told(model, "A").ctr.text - told(model, "B").ctr.text)
    assert gaps[0] > gaps[1] > 0
    assert count(loose, setting().effects, "")[0].trust == 1 / TOGETHER


def test_different_actions_are_never_pooled_and_repeats_teach_once() -> None:
    rows = [
        seen("A", 1_000, 100, 9.0),
        seen("A", 1_000, 100, 70.0, action="sign-up", summable=False, repeats=True),  # the same, of another action
    ]
    assert action_of(rows) == "purchase"
    (one,) = count(rows, setting().effects, "purchase")
    assert (one.impressions, one.clicks, one.conversions) == (1_000, 100, 9.0)
    asset = count([seen("A", 1_000, 100, 9.0, summable=False)], setting().effects, "purchase")[0]
    assert (asset.impressions, asset.base_impressions) == (1_000, 0)  # teaches its text, no base rate


def test_a_version_is_saved_whole_and_refused_when_damaged_or_for_another_head(tmp_path: Path) -> None:
    days = [date(2026, 1, d) for d in (7, 14, 21, 28)]
    rows = [seen(t, 9_000, c, c / 20, group="g", end=d) for d in days for t, c in (("A", 500), ("B", 300))]
    model = fit_rewards(rows, setting())
    assert model.calibration["ctr"].method == "platt"  # 1,600 clicks in all, 800 of them late
    saved = model.save(tmp_path / "v", {"command": "relate train rewards"})
    again = RewardModel.load(tmp_path / "v", "ctr-1")
    assert again.version == saved.version and saved.version.startswith("reward-")
    for text in ("A", "new"):
        assert told(again, text).ctr.middle == pytest.approx(told(model, text).ctr.middle, abs=1e-5)
        assert told(again, text).cvr.sd == pytest.approx(told(model, text).cvr.sd, abs=1e-5)
    with pytest.raises(WeightsError, match=r"another CTR head.*relate train rewards"):
        RewardModel.load(tmp_path / "v", "ctr-2")
    (tmp_path / "v" / "model.json").write_text("{}")
    with pytest.raises(WeightsError, match="damaged; run `relate train rewards`"):
        RewardModel.load(tmp_path / "v", "ctr-1")
    with pytest.raises(WeightsError, match="no reward model"):
        RewardModel.load(tmp_path / "none", "ctr-1")
    assert json.loads((tmp_path / "v" / "manifest.json").read_text())["command"] == "relate train rewards"


# ---- time and calibration -------------------------------------------------------------------------------------------


def test_the_latest_quarter_calibrates() -> None:
    rows = [seen("A", 100, 1, end=date(2026, 1, d)) for d in range(1, 9)] + [seen("A", 100, 1)]
    early, late = split_by_time(rows)
    assert [o.end.day for o in late if o.end] == [7, 8] and len(early) == 7  # the undated row is early
    assert split_by_time([seen("A", 100, 1, end=date(2026, 1, 1))])[1] == []


def test_curves_by_hand() -> None:
    predicted = logit(np.array([0.02, 0.04]))
    few = curve(np.repeat(predicted, 1), np.array([2.0, 4.0]), np.array([50.0, 50.0]))
    assert few.method == "platt" and abs(few.shift(float(predicted[0]))) < 0.1  # six clicks move nothing
    many = curve(predicted, np.array([4_000.0, 8_000.0]), np.array([100_000.0, 100_000.0]))
    assert many.method == "isotonic"
    for p, seen_rate in zip(predicted, (0.04, 0.08), strict=True):
        assert float(p) + many.shift(float(p)) == pytest.approx(float(logit(seen_rate)), abs=1e-6)
    beyond = float(predicted[1]) + 1  # slope 1 outside: the shift of the end stays
    assert many.shift(beyond) == pytest.approx(many.shift(float(predicted[1])))
    assert Calibration("platt", (0.0, 1.0), (1.0, 1.5)).shift(0.5) == pytest.approx(0.75)


def test_prediction_is_level_with_what_it_learned() -> None:
    rng = np.random.default_rng(0)
    rows = [
        seen(f"text {g} {k}", 20_000, int(rng.binomial(20_000, 0.02)), group=f"g{g}", end=date(2026, 1, d))
        for g in range(12) for k in range(3) for d in (7, 14, 21, 28)
    ]  # fmt: skip
    model = fit_rewards(rows, setting())
    p = expit(predict(model, rows, setting()))[:, 0]
    assert p.mean() == pytest.approx(0.02, rel=0.03)


# ---- families -------------------------------------------------------------------------------------------------------


def test_families_join_what_ran_together_and_the_evaluators_share_is_disjoint() -> None:
    rows = [seen("A", 9, 1, group="g1"), seen("B", 9, 1, group="g1"), seen("B", 9, 1, group="g2"),
            seen("C", 9, 1, group="g2"), seen("D", 9, 1, group="g3"), seen("E", 9, 1, group="g3")]  # fmt: skip
    assert families(rows) == ["A", "A", "A", "A", "D", "D"]
    many = [seen(f"{g}-{k}", 9, 1, group=f"g{g}") for g in range(200) for k in range(2)]
    ours, kept = split_off(many)
    assert not {o.text for o in ours} & {o.text for o in kept}
    assert 0.1 < len(kept) / len(many) < 0.3 and len(ours) + len(kept) == len(many)
    assert split_off([replace(o, group="") for o in many])[1] == []
    assert split_off(many[:18])[1] == []  # nine tests: none can be spared


def test_beats_typical_counts_purchases_once_they_are_learned() -> None:
    start = prior(FLAT, "google_rsa", {}, {})
    clicked = replace(start, ctr=replace(start.ctr, text=0.3))
    assert beats_typical(FLAT, clicked)[0] > 0.7
    unsold = replace(clicked, cvr=replace(start.cvr, text=-0.9, text_sd=0.2, source="imported"))
    p, said = beats_typical(FLAT, unsold)
    doubt = math.hypot(0.28, 0.28, 0.2, CVR_TEXT_SD)
    assert p == pytest.approx(0.5 * (1 + math.erf(-0.6 / doubt / math.sqrt(2)))) and "loses" in said


# ---- what a workspace brings ---------------------------------------------------------------------------------------


def test_no_sale_in_many_clicks_teaches_too() -> None:
    rows = [seen(t, 200_000, 10_000, 0.0, group="g") for t in ("A", "B")]
    assert action_of(rows) == "purchase"
    cvr = rates(FLAT, "google_rsa", {}, {}, 0.8, told(fit_rewards(rows, setting()), "A"))[1]
    assert cvr.source == "imported" and cvr.mean < 0.2 * BASE_RATES["google_rsa"].cvr
    rows += [seen("C", 1_000, 100, 3.0, action="sign-up")]
    assert action_of(rows) == "sign-up"  # where something was bought, that is learned


def test_a_product_that_counts_another_action_keeps_the_prior_of_cvr(tmp_path: Path) -> None:
    shoes = BRIEF.model_copy(update={"product": "Shoes"})
    rows = [seen(f"lead {i}", 50_000, 2_500, 500.0, action="lead") for i in range(4)]
    rows += [seen(f"buy {i}", 50_000, 2_500, 25.0, brief=shoes) for i in range(4)]
    made = fit_rewards(rows, setting())
    made.save(tmp_path / "v", {})
    for model in (made, RewardModel.load(tmp_path / "v", "ctr-1")):
        (one,) = model.told(_Encoder(), [FLAT], ["buy 1"], "google_rsa", shoes, {}, {})
        assert model.action == "lead" and told(model, "lead 1").cvr.source == "imported"
        assert one.cvr == prior(FLAT, "google_rsa", {}, {}).cvr and one.ctr.source == "imported"
        assert "purchase instead" in one.note and "instead" not in told(model, "lead 1").note


def test_calibration_moves_no_rate_of_a_placement_without_results() -> None:
    days = (date(2026, 1, d) for d in (7, 14, 21, 28))
    rows = [seen(t, 50_000, k if d.day < 28 else int(0.6 * k), group="g", end=d)
            for d in days for t, k in (("A", 3_000), ("B", 2_000), ("C", 2_500))]  # fmt: skip
    model = fit_rewards(rows, setting())
    assert model.calibration["ctr"].method == "isotonic"
    for brief in (BRIEF, None):
        (one,) = model.told(_Encoder(), [FLAT], ["new"], "meta_feed", brief, {}, {})
        assert one.ctr.base == float(logit(BASE_RATES["meta_feed"].ctr)) and abs(one.ctr.shift) < 0.01


@pytest.mark.parametrize(("observed", "given"), [(0.10, {"google_rsa": 0.05}), (0.24, {})])
def test_one_ad_with_a_million_impressions_has_the_rate_it_has(observed: float, given: dict[str, float]) -> None:
    model = fit_rewards([seen("A", 1_000_000, int(1_000_000 * observed))], setting(base_ctr=given))
    ctr = rates(FLAT, "google_rsa", given, {}, 0.8, told(model, "A", given))[0]
    assert ctr.mean == pytest.approx(observed, rel=0.06)
    new = rates(FLAT, "google_rsa", given, {}, 0.8, told(model, "B", given))[0]
    start = given.get("google_rsa", BASE_RATES["google_rsa"].ctr)
    assert min(start, observed) < new.mean < max(start, observed)  # of another text only so much is known
    few = fit_rewards([seen("A", 10, 3)], setting(base_ctr=given))
    assert abs(told(few, "A", given).ctr.shift) < 0.01


def test_one_ad_that_dwarfs_the_rest_counts_as_one() -> None:
    uneven = fit_rewards([seen("A", 1_000_000, 50_000)] + [seen(f"t{i}", 200, 10) for i in range(19)], setting())
    even = fit_rewards([seen(f"t{i}", 50_000, 2_500) for i in range(20)], setting())
    (cell,) = uneven.cells
    assert cell.texts == pytest.approx(1.01, abs=0.01) and even.cells[0].texts == pytest.approx(20)
    assert told(uneven, "new").ctr.base_sd > 1.5 * told(even, "new").ctr.base_sd


def test_a_text_that_ran_is_known_however_the_platform_writes_it() -> None:
    rows = [seen("Rider\u2019s  Choice", 50_000, 2_500, group="g"), seen("Other", 50_000, 1_250, group="g")]
    taught = fit_rewards(rows, setting()).ctr
    assert taught.own[run_key("rider's choice", BRIEF.product)][0] > 0.1
    assert run_key("Riders Choice", BRIEF.product) not in taught.own


def test_asset_results_alone_are_not_told_as_no_impressions() -> None:
    rows = [seen(f"asset {i}", 100_000, 3_000 + 500 * i, summable=False) for i in range(5)]
    note = fit_rewards(rows, setting()).note
    assert "asset results" in note and "0 imported" not in note


def test_the_evaluator_never_takes_most_of_a_workspace() -> None:
    for seed in range(30):
        rows = [seen(f"{seed} t{g} {k}", 10_000, 300, group=f"g{g}") for g in range(12) for k in "ab"]
        rows += [seen(f"{seed} t0 a", 100_000, 3_000)]  # joins its test to all loose ads
        rows += [seen(f"{seed} loose {i}", 100_000, 3_000) for i in range(19)]
        ours, kept = split_off(rows)
        assert sum(o.impressions for o in ours) > 0.7 * sum(o.impressions for o in rows)
        assert not {o.text for o in ours} & {o.text for o in kept}


def test_nothing_is_beaten_a_hundred_times_in_a_hundred() -> None:
    start = prior(FLAT, "google_rsa", {}, {})
    for text, word in ((3.0, "beats"), (-3.0, "loses")):
        said = beats_typical(FLAT, replace(start, ctr=replace(start.ctr, text=text)))[1]
        assert word in said and said.endswith("more than 99 times in 100")
