"""Learns CTR, CVR and CTCVR from one workspace's results.

Text weights come first, from differences inside a key: a randomised group, or, at 1/TOGETHER of the weight because
audiences differ too, the ads of one product and slot. Base rates come after, from counts by cell, given what the
texts in them do. A curve fitted on the latest quarter of the impressions calibrates them. Binomial likelihoods
throughout: a row weighs what it counted.
Three ways to learn the text weights are compared (ratemodels.py); the best ranker on the simulator is shipped.
Leaves out: serving (rewards/learned.py), the comparison (simulation.py) and who trains when (app).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from relate_engine.brief import Brief
from relate_engine.results.observation import Observation
from relate_engine.rewards.adfeatures import Features
from relate_engine.rewards.ctcvr import Cell, Kind, base_prior
from relate_engine.rewards.learned import Calibration, RewardModel, Taught, run_key
from relate_engine.rewards.relevance import Encodes
from relate_engine.scorecard import Source
from relate_engine.training.calibration import curve
from relate_engine.training.counting import Counted, Effects, action_of, count, others_of, split_by_time
from relate_engine.training.ratemodels import FITS, Data, Method

SHIPPED: Method = "clicked"  # the best ranker on the simulator: assets/reports/ctcvr.json


@dataclass(frozen=True)
class Setting:
    """What every fit of one training run shares. `effects`: the head's effects of texts; `head`: its version."""

    encoder: Encodes
    effects: Effects
    head: str
    base_ctr: Mapping[str, float]
    base_cvr: Mapping[str, float]
    source: Source = "imported"
    method: Method = SHIPPED


def fit_rewards(observations: Sequence[Observation], setting: Setting) -> RewardModel:
    """The model of one workspace's observations: fitted on all but the latest slice, calibrated on that."""
    action = action_of(observations)
    early, late = split_by_time(observations)
    model = replace(_fit(early, setting, action), others=others_of(observations, action))
    late = [o for o in late if o.summable and o.impressions]
    return replace(model, calibration=_calibration(model, late, setting)) if late else model


def _fit(observations: Sequence[Observation], setting: Setting, action: str) -> RewardModel:
    counted = count(observations, setting.effects, action)
    features = Features.fit(setting.encoder, list({c.ad.text: c.ad for c in counted}.values()))
    x = features.rows(setting.encoder, [c.ad for c in counted])
    data = _columns(x, counted, setting.base_ctr, setting.base_cvr)
    ctr, cvr = FITS[setting.method](data)
    return RewardModel(
        features,
        ctr,
        cvr,
        _cells(counted, data, ctr, cvr),
        {},
        setting.source,
        observations[0].workspace if observations else "",
        action,
        setting.head,
    )


def _columns(
    x: np.ndarray, counted: Sequence[Counted], base_ctr: Mapping[str, float], base_cvr: Mapping[str, float]
) -> Data:
    def column(name: str) -> np.ndarray:
        return np.array([getattr(c, name) for c in counted], np.float64)

    return Data(
        x,
        [run_key(c.ad.text, c.ad.brief.product if c.ad.brief else "") for c in counted],
        column("key").astype(int),
        column("trust"),
        np.array([c.effect.shrunk for c in counted]),
        column("impressions"),
        column("clicks"),
        column("shown_cvr"),
        column("clicks_cvr"),
        column("conversions"),
        np.array([base_prior("ctr", c.placement, base_ctr)[0] for c in counted]),
        np.array([base_prior("cvr", c.placement, base_cvr)[0] for c in counted]),
    )


@dataclass
class _Sum:
    trials: float = 0.0
    successes: float = 0.0
    odds: float = 0.0
    texts: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # trials of each


def _cells(counted: Sequence[Counted], data: Data, ctr: Taught, cvr: Taught) -> tuple[Cell, ...]:
    """Counts by placement, vertical, workspace and product, with what their texts are predicted to do on average."""
    sums: dict[tuple[Kind, str, str, str, str], _Sum] = defaultdict(_Sum)
    (click, known_ctr), (buy, known_cvr) = ctr.effect(data.x, data.run), cvr.effect(data.x, data.run)
    click, buy = data.shrunk + click - known_ctr / 2, buy - known_cvr / 2  # as served, see learned.py
    for k, c in enumerate(counted):
        product = c.ad.brief.product if c.ad.brief else ""
        parts: tuple[tuple[Kind, float, float, float], ...] = (
            ("ctr", c.base_impressions, c.base_clicks, click[k]),
            ("cvr", c.base_clicks_cvr, c.base_conversions, buy[k]),
        )
        for kind, trials, hits, effect in parts:
            if trials:
                s = sums[kind, c.placement, c.vertical, c.workspace, product]
                s.trials, s.successes = s.trials + trials, s.successes + hits
                s.odds += trials * math.exp(effect)
                s.texts[c.ad.text] += trials
    return tuple(
        Cell(kind, place, v, w, product, s.trials, s.successes, math.log(s.odds / s.trials), _even(s.texts.values()))  # type: ignore[arg-type]
        for (kind, place, v, w, product), s in sums.items()
    )


def _even(trials: Iterable[float]) -> float:
    """How many texts with equal trials average as well (Kish): one ad that dwarfs the rest is one, not twenty."""
    shown = np.array(list(trials), np.float64)
    return float(shown.sum() ** 2 / (shown**2).sum())


def predict(model: RewardModel, observations: Sequence[Observation], setting: Setting) -> np.ndarray:
    """(N, 2) logits of CTR and CVR of each observation's text, as served."""
    by: dict[tuple[Brief | None, str], list[int]] = defaultdict(list)
    for k, o in enumerate(observations):
        by[o.brief, o.placement].append(k)
    result = np.zeros((len(observations), 2))
    for (brief, placement), rows in by.items():
        texts = list(dict.fromkeys(observations[k].text for k in rows))  # a text runs on many days
        effects = setting.effects(texts)
        told = model.told(setting.encoder, effects, texts, placement, brief, setting.base_ctr, setting.base_cvr)
        known = dict(zip(texts, told, strict=True))
        for k in rows:
            one = known[observations[k].text]
            result[k] = one.ctr.middle, one.cvr.middle
    return result


def _calibration(model: RewardModel, late: Sequence[Observation], setting: Setting) -> dict[Kind, Calibration]:
    """A curve for each rate that the late rows can teach."""
    found = predict(model, late, setting)
    clicks = np.array([o.clicks for o in late], np.float64)
    shown = np.array([o.impressions for o in late], np.float64)
    teaches = np.array([o.conversions is not None and o.action == model.action for o in late])
    bought = np.minimum([o.conversions or 0.0 for o in late], clicks)
    curves: dict[Kind, Calibration] = {"ctr": curve(found[:, 0], clicks, shown)}
    if clicks[teaches].sum():
        curves["cvr"] = curve(found[teaches, 1], bought[teaches], clicks[teaches])
    return curves
