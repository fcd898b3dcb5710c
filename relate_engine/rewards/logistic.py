"""Logistic regression on counts, with a Gaussian prior and the doubt that is left: the one fit behind all rates.

    successes_i ~ Binomial(trials_i, expit(offset_i + x_i · w + b_key(i)))     w ~ N(0, 1/precision), b ~ N(0, sd²)

Aggregated counts go in as they are: ten impressions weigh ten. The intercepts b of the keys (sets of texts that
ran against each other) are integrated out of w by a Schur complement, so only differences inside a key teach w.
`trust` ≤ 1 multiplies a row's information: counts that hang together are worth fewer than they are many (Kish's
design effect). `row_variance` is what each row's logit holds of its own beyond sampling: it adds to the row's
variance and is left out of its mean (marginal quasi-likelihood, Breslow & Clayton 1993). `own`, what each row showed,
is therefore on the linear scale, (observed - expected rate) / p(1 - p). Solved by Newton steps; the covariance of w
is Laplace's.
Leaves out: which features and priors (adfeatures.py, ctcvr.py, training/rewards.py).
"""

from dataclasses import dataclass

import numpy as np

STEPS, CLOSE, FAR = 60, 1e-6, 3.0


@dataclass(frozen=True)
class Posterior:
    """Of the weights: w ~ N(mean, covariance). `own`, `information` are of the fitted rows, not of the weights."""

    mean: np.ndarray  # (D,)
    covariance: np.ndarray  # (D, D)
    own: np.ndarray  # (N,) what is left of each row's observed logit after x · w and its key
    information: np.ndarray  # (N,) 1 / sampling variance of that

    def variance(self, x: np.ndarray) -> np.ndarray:
        """(N,) variance of x · w for each row of x (N, D)."""
        result: np.ndarray = np.einsum("nd,nd->n", x @ self.covariance, x)
        return result


def expit(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return result


def logit(p: np.ndarray | float) -> np.ndarray:
    p = np.clip(np.asarray(p, np.float64), 1e-9, 1 - 1e-9)
    result: np.ndarray = np.log(p / (1 - p))
    return result


def fit(
    x: np.ndarray,  # (N, D)
    successes: np.ndarray,  # (N,) may be fractions
    trials: np.ndarray,  # (N,)
    offset: np.ndarray,  # (N,)
    precision: np.ndarray,  # (D,) of the prior of w
    keys: np.ndarray | None = None,  # (N,) int in [0, K)
    key_sd: float = 1.0,
    trust: np.ndarray | float = 1.0,
    row_variance: np.ndarray | float = 0.0,
) -> Posterior:
    """The posterior of w. Without rows it is the prior."""
    n, d = x.shape
    keys = np.zeros(n, int) if keys is None else keys
    count = int(keys.max()) + 1 if n and key_sd > 0 else 0
    w, b = np.zeros(d), np.zeros(max(1, count))
    information = np.diag(precision).astype(np.float64)
    for _ in range(STEPS):
        eta = offset + x @ w + b[keys] if n else offset
        p = expit(eta)
        plain = np.maximum(trials * p * (1 - p), 1e-12)
        weight = np.where(trials > 0, 1 / (1 / np.maximum(trust * plain, 1e-12) + row_variance), 0.0)
        aim = x @ w + b[keys] + np.clip((successes - trials * p) / plain, -FAR, FAR)  # working response
        information = (x * weight[:, None]).T @ x + np.diag(precision)
        right = x.T @ (weight * aim)
        if count:
            total = np.bincount(keys, weight, count) + 1 / key_sd**2  # (K,)
            sums = np.zeros((count, d))
            np.add.at(sums, keys, x * weight[:, None])
            aims = np.bincount(keys, weight * aim, count)
            information -= sums.T @ (sums / total[:, None])
            right -= sums.T @ (aims / total)
        new = np.linalg.solve(information, right)
        moved = float(np.abs(new - w).max(initial=0.0))
        w = new
        if count:
            fresh = (aims - sums @ w) / total
            moved, b = max(moved, float(np.abs(fresh - b).max())), fresh
        if moved < CLOSE:
            break
    left = (aim - x @ w - b[keys]) if n else np.zeros(0)
    return Posterior(w, np.linalg.inv(information), left, (trust * plain) * (trials > 0) if n else np.zeros(0))
