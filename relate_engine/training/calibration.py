"""The curve from predicted to observed rates, fitted on counts: isotonic where there are many, else Platt.

Leaves out: which rows it is fitted on (rewards.py) and how it is served (rewards/learned.py).
"""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from relate_engine.rewards.ctcvr import TOGETHER
from relate_engine.rewards.learned import Calibration
from relate_engine.rewards.logistic import fit, logit

ISOTONIC = 1000  # positives above which the curve is isotonic
PLATT_SD = (0.3, 0.2)  # prior sd of Platt's intercept and slope around 0 and 1


def curve(predicted: np.ndarray, hits: np.ndarray, trials: np.ndarray) -> Calibration:
    """Predicted logits (N,) against counts: isotonic above ISOTONIC hits, else Platt with a prior at no change."""
    seen = trials > 0
    predicted, hits, trials = predicted[seen], hits[seen], trials[seen]
    low, high = float(predicted.min()), float(predicted.max())
    if hits.sum() > ISOTONIC and high - low > 1e-6:
        steps = IsotonicRegression(out_of_bounds="clip").fit(predicted, hits / trials, sample_weight=trials)
        level = steps.predict(predicted)
        knots = [
            (np.average(predicted[b], weights=trials[b]), v) for v in np.unique(level) for b in [level == v] if v > 0
        ]
        if knots:
            x, y = zip(*knots, strict=True)
            return Calibration("isotonic", tuple(map(float, x)), tuple(map(float, logit(np.array(y)))))
    centre = float(np.average(predicted, weights=trials))
    design = np.stack([np.ones_like(predicted), predicted - centre], 1)
    found = fit(design, hits, trials, predicted, 1 / np.square(PLATT_SD), key_sd=0, trust=1 / TOGETHER).mean
    ends = (min(low, centre - 1), max(high, centre + 1))
    return Calibration("platt", ends, tuple(float(e + found[0] + found[1] * (e - centre)) for e in ends))
