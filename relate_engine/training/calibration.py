"""The curve from predicted to observed rates, fitted on counts: isotonic where there are many, else Platt.

The isotonic fit chooses its blocks at both ends for their extreme rates, and they hold as little as one row: one lucky
click there would promise a rate near 1 to every text predicted as high, and none a rate of 0. So end blocks are joined
with their neighbours until they hold END hits, from which on a rate is known to 1 / √END = 22 %. Inner blocks lie
between their neighbours whatever they hold, and stay as they are.
Leaves out: which rows it is fitted on (rewards.py) and how it is served (rewards/learned.py).
"""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from relate_engine.rewards.ctcvr import TOGETHER
from relate_engine.rewards.learned import Calibration
from relate_engine.rewards.logistic import fit, logit

ISOTONIC = 1000  # positives above which the curve is isotonic
END = 20.0  # least positives of the lowest and of the highest block
PLATT_SD = (0.3, 0.2)  # prior sd of Platt's intercept and slope around 0 and 1


def curve(predicted: np.ndarray, hits: np.ndarray, trials: np.ndarray) -> Calibration:
    """Predicted logits (N,) against counts: isotonic above ISOTONIC hits, else Platt with a prior at no change."""
    seen = trials > 0
    predicted, hits, trials = predicted[seen], hits[seen], trials[seen]
    low, high = float(predicted.min()), float(predicted.max())
    if hits.sum() > ISOTONIC and high - low > 1e-6:
        order = np.argsort(predicted, kind="stable")
        steps = IsotonicRegression(out_of_bounds="clip").fit(predicted, hits / trials, sample_weight=trials)
        level = steps.predict(predicted[order])  # equal inside a block but for rounding
        blocks = _with_hits(np.split(order, np.flatnonzero(np.diff(level) > 1e-9 * level[1:]) + 1), hits)
        x = [float(np.average(predicted[b], weights=trials[b])) for b in blocks]
        rate = np.array([hits[b].sum() / trials[b].sum() for b in blocks])
        return Calibration("isotonic", tuple(x), tuple(map(float, logit(rate))))
    centre = float(np.average(predicted, weights=trials))
    design = np.stack([np.ones_like(predicted), predicted - centre], 1)
    found = fit(design, hits, trials, predicted, 1 / np.square(PLATT_SD), key_sd=0, trust=1 / TOGETHER).mean
    ends = (min(low, centre - 1), max(high, centre + 1))
    return Calibration("platt", ends, tuple(float(e + found[0] + found[1] * (e - centre)) for e in ends))


def _with_hits(blocks: list[np.ndarray], hits: np.ndarray) -> list[np.ndarray]:
    """The blocks, numbers of rows from the lowest to the highest, with both ends joined until they hold END hits."""
    for at, into in ((0, 1), (-1, -2)):
        while len(blocks) > 1 and hits[blocks[at]].sum() < END:
            blocks[into] = np.concatenate([blocks[into], blocks[at]])
            del blocks[at]
    return blocks
