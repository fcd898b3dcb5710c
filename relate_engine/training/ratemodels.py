"""The three models that are compared, on the same features, priors and binomial likelihoods.

    clicked      click | impression and buy | click, each its own logistic regression
    independent  click | impression and buy | impression; log-odds of buy | click = their difference
    esmm         both losses over all impressions, click and click-and-buy, pCTCVR = pCTR x pCVR, on a shared bottom
                 (Ma et al. 2018, arXiv 1804.07931; ours: linear, aggregated counts, intercepts by key)
Each gives for clicks and purchases the text weights with their doubt, and what texts that ran showed of their own.
Leaves out: base rates, calibration and which is shipped (rewards.py).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from relate_engine.rewards.ctcvr import CVR_TEXT_SD, Kind
from relate_engine.rewards.learned import LEARNABLE, Taught
from relate_engine.rewards.logistic import Posterior, expit, fit

Method = Literal["clicked", "independent", "esmm"]
METHODS: tuple[Method, ...] = ("clicked", "independent", "esmm")
CTR_SPREAD = 0.28  # sd of a text's effect on CTR, log-odds (training/ctr.py `calibrate`)
KEY_SD = 1.0  # of a key's intercept around the assumed base rate
BOTTOM = 8  # width of ESMM's shared bottom
ESMM_STEPS = 80


@dataclass(frozen=True)
class Data:
    """Columns of N counted rows."""

    x: np.ndarray  # (N, D)
    run: Sequence[str]  # (N,) run_key of each
    key: np.ndarray
    trust: np.ndarray
    shrunk: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    shown_cvr: np.ndarray
    clicks_cvr: np.ndarray
    conversions: np.ndarray
    base_ctr: np.ndarray  # (N,) prior logits of the base rates
    base_cvr: np.ndarray


def _text_fit(data: Data, kind: Kind, hits: np.ndarray, trials: np.ndarray, offset: np.ndarray) -> Taught:
    spread = (CTR_SPREAD if kind == "ctr" else CVR_TEXT_SD) ** 2
    variance, rest = LEARNABLE * spread, (1 - LEARNABLE) * spread
    precision = np.full(data.x.shape[1], 1 / variance)
    found = fit(data.x, hits, trials, offset, precision, data.key, KEY_SD, data.trust, rest)
    return Taught(found.mean, found.covariance, variance, _own(data.run, found, rest))


def _own(runs: Sequence[str], found: Posterior, rest: float) -> dict[str, tuple[float, float]]:
    """What each text showed of its own, shrunk by how little it was shown, and the variance that this took away."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for run, left, information in zip(runs, found.own, found.information, strict=True):
        sums[run][0] += float(information * left)
        sums[run][1] += float(information)
    return {run: (a / (n + 1 / rest), rest * n / (n + 1 / rest)) for run, (a, n) in sums.items()}


def _ctr(data: Data) -> Taught:
    return _text_fit(data, "ctr", data.clicks, data.impressions, data.base_ctr + data.shrunk)


def _clicked(data: Data) -> tuple[Taught, Taught]:
    return _ctr(data), _text_fit(data, "cvr", data.conversions, data.clicks_cvr, data.base_cvr)


def _independent(data: Data) -> tuple[Taught, Taught]:
    ctr, cvr = _clicked(data)
    offset = np.log(expit(data.base_ctr) * expit(data.base_cvr)) + data.shrunk
    both = _text_fit(data, "cvr", data.conversions, data.shown_cvr, offset)
    own = {run: (both.own[run][0] - ctr.own[run][0], cvr.own[run][1]) for run in cvr.own}
    return ctr, replace(cvr, mean=both.mean - ctr.mean, own=own)


def _esmm(data: Data, seed: int = 0) -> tuple[Taught, Taught]:
    """MAP by L-BFGS; the doubt is that of the clicked-only fit, since a bottom has no closed form."""
    ctr, cvr = _clicked(data)
    if not data.impressions.sum():
        return ctr, cvr
    torch.manual_seed(seed)
    t = {
        n: torch.tensor(getattr(data, n), dtype=torch.float64)
        for n in data.__dataclass_fields__
        if n not in ("key", "run")
    }
    key = torch.tensor(data.key)
    keys, size = int(key.max()) + 1, data.x.shape[1]
    bottom = torch.randn(size, BOTTOM, dtype=torch.float64, requires_grad=True)
    towers = (torch.randn(BOTTOM, 2, dtype=torch.float64) / BOTTOM**0.5).requires_grad_()
    start = torch.zeros(keys, 2, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor([ctr.prior_variance, cvr.prior_variance], dtype=torch.float64).sqrt()
    step = torch.optim.LBFGS([bottom, towers, start], max_iter=ESMM_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        text = (t["x"] @ bottom @ towers) * scale  # (N, 2)
        click = torch.nn.functional.logsigmoid
        a = t["base_ctr"] + t["shrunk"] + text[:, 0] + start[key, 0]
        both = click(a) + click(t["base_cvr"] + text[:, 1] + start[key, 1])  # log pCTCVR
        clicks = t["clicks"] * click(a) + (t["impressions"] - t["clicks"]) * click(-a)
        bought = t["conversions"] * both + (t["shown_cvr"] - t["conversions"]) * torch.log1p(-both.exp())
        prior = (bottom**2).sum() + BOTTOM * (towers**2).sum() + (start**2).sum() / KEY_SD**2
        result: torch.Tensor = prior / 2 - (t["trust"] * (clicks + bought)).sum()
        return result

    def closure() -> torch.Tensor:
        step.zero_grad()
        value = loss()
        value.backward()
        return value

    step.step(closure)
    weights = ((bottom @ towers) * scale).detach().numpy()
    return replace(ctr, mean=weights[:, 0], own={}), replace(cvr, mean=weights[:, 1], own={})


FITS: dict[Method, Callable[[Data], tuple[Taught, Taught]]] = {
    "clicked": _clicked,
    "independent": _independent,
    "esmm": _esmm,
}
