"""How well predicted rates match counts: PCOC, calibration error and within-brief pair accuracy, with intervals.

    PCOC          predicted / observed total; 1 is right (predicted clicks over clicks)
    ECE           mean gap of 15 bins of equal mass / base rate
    pair accuracy share of pairs of texts in one key (a randomised group, or one product and slot) whose observed
                  rates are in the predicted order; equal rates count half

Intervals (95 %) are bootstraps over keys, because texts of one key share their base rate; with fewer than LEAST_KEYS
keys there is none. Of a key with more than MOST texts, as many drawn at random make the pairs.
Leaves out: which rows are held out (the caller decides) and the card (card.py).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from relate_engine.results.observation import Observation
from relate_engine.training.card import Curve, Metric, ece, reliability
from relate_engine.training.families import key_of

DRAWS = 500
LEAST_KEYS = 5
MOST = 300  # texts of one key: 44,850 pairs


@dataclass(frozen=True)
class Measured:
    """Metrics with intervals, and the points of the reliability diagrams."""

    metrics: tuple[Metric, ...]
    curves: tuple[Curve, ...]

    def value(self, name: str) -> float:
        return next(m.value for m in self.metrics if m.name == name)


@dataclass(frozen=True)
class _Text:
    key: object
    ctr: float
    cvr: float
    shown: float
    clicks: float
    clicks_cvr: float
    shown_cvr: float
    bought: float


def measure(ctr: np.ndarray, cvr: np.ndarray, rows: Sequence[Observation], action: str, note: str = "") -> Measured:
    """`ctr`, `cvr` (N,): predicted rates of each row. Only rows that may be added up count."""
    texts = _texts(ctr, cvr, rows, action)
    metrics: list[Metric] = []
    curves = []
    columns = {
        "CTR": ([t.ctr for t in texts], [t.clicks for t in texts], [t.shown for t in texts]),
        "CVR": ([t.cvr for t in texts], [t.bought for t in texts], [t.clicks_cvr for t in texts]),
        "CTCVR": ([t.ctr * t.cvr for t in texts], [t.bought for t in texts], [t.shown_cvr for t in texts]),
    }
    keys = _numbers([t.key for t in texts])
    for name, parts in columns.items():
        predicted, hits, trials = (np.array(p, np.float64) for p in parts)
        if hits.sum() <= 0:
            continue
        curve = reliability(name, predicted, hits, trials)
        curves.append(curve)
        metrics.append(_with_interval(f"PCOC {name}", keys, _pcoc(predicted, hits, trials), note))
        said = f"share of the base rate; no interval, since drawing again inflates it; {note}"
        metrics.append(Metric(f"ECE {name}", ece(curve), note=said))
        pairs = _pairs(predicted, hits, trials, keys)
        if len(pairs):
            metrics.append(_with_interval(f"pair accuracy {name}", pairs[:, 0].astype(int), _share(pairs[:, 1]), note))
    return Measured(tuple(metrics), tuple(curves))


def _texts(ctr: np.ndarray, cvr: np.ndarray, rows: Sequence[Observation], action: str) -> list[_Text]:
    """Rows of one text in one key added up, predictions weighted by impressions."""
    sums: dict[tuple[object, str], np.ndarray] = defaultdict(lambda: np.zeros(7))
    for p, q, o in zip(ctr, cvr, rows, strict=True):
        if o.summable and o.impressions:
            key = key_of(o)
            teaches = o.conversions is not None and o.action == action
            bought = min(o.conversions or 0.0, float(o.clicks)) if teaches else 0.0
            n = o.impressions
            sums[key, o.text] += (p * n, q * n, n, o.clicks, o.clicks * teaches, n * teaches, bought)
    return [_Text(key, s[0] / s[2], s[1] / s[2], *map(float, s[2:])) for (key, _), s in sums.items()]


def _numbers(keys: Sequence[object]) -> np.ndarray:
    order = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys], int)


def _pcoc(predicted: np.ndarray, hits: np.ndarray, trials: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda w: float((w * predicted * trials).sum() / max(1e-12, (w * hits).sum()))


def _share(right: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda w: float((w * right).sum() / max(1e-12, w.sum()))


def _pairs(predicted: np.ndarray, hits: np.ndarray, trials: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(P, 2): key and 1, ½ or 0 for each pair inside a key."""
    inside: dict[int, list[int]] = defaultdict(list)
    for k, key in enumerate(keys):
        if trials[k] > 0:
            inside[int(key)].append(k)
    rows = [np.zeros((0, 2))]
    for key, found in inside.items():
        members = np.array(found)
        if len(members) > MOST:
            members = np.random.default_rng(0).choice(members, MOST, replace=False)
        i, j = members[np.stack(np.triu_indices(len(members), 1))]
        way = (predicted[i] - predicted[j]) * (hits[i] / trials[i] - hits[j] / trials[j])
        rows.append(np.stack([np.full(len(way), key), np.where(way == 0, 0.5, way > 0)], 1))
    return np.concatenate(rows)


def _with_interval(name: str, keys: np.ndarray, of: Callable[[np.ndarray], float], note: str) -> Metric:
    value = of(np.ones(len(keys)))
    names, place = np.unique(keys, return_inverse=True)
    if len(names) < LEAST_KEYS:
        return Metric(name, value, note=f"{note}; no interval: too few sets of texts to draw from ({len(names)})")
    draws = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    low, high = np.percentile([of(d[place].astype(float)) for d in draws], [2.5, 97.5])
    return Metric(name, value, float(low), float(high), note)
