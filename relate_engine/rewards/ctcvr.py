"""Honest click and conversion rates around what a text does to them: CTR, CVR and CTCVR = CTR × CVR.

A rate has two parts on the logit: the base rate of where the text runs, and what the text does. The text's effect
on CTR comes from ctrhead.py and, once results are there, from learned.py; CVR has no public text data, so without
results its text effect is 0 with an assumed sd.
Base rates are pooled in part: placement → workspace → vertical → product, so that results of texts whose
vertical nobody knows still move the rates of the workspace. Their doubt at no data (ASSUMED_SD, or
GIVEN_SD where the advertiser gave a rate) is split over the levels by LEVELS, and the counts of `Cell`s update
them (logistic.py). Impressions of one campaign hang together (days, people, position), so TOGETHER of them
count as one, an assumption: ten change nothing, ten thousand do.
Leaves out: the effects themselves, fitting, and any other reward.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from relate_engine.brief import BriefError, PlacementName, placement_of
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.logistic import expit, fit, logit
from relate_engine.scorecard import Estimate, Source, times_in_100

Kind = Literal["ctr", "cvr"]


@dataclass(frozen=True)
class BaseRate:
    """What an average text of a placement does. `where` says how it is known."""

    ctr: float
    cvr: float
    where: str = "assumed"


BASE_RATES: dict[PlacementName, BaseRate] = {
    "google_rsa": BaseRate(0.05, 0.04),
    "meta_feed": BaseRate(0.012, 0.02),
    "generic": BaseRate(0.015, 0.02),
}
ASSUMED_SD = 0.7  # sd on the logit of an assumed base rate: one sd is a factor of 2 either way
GIVEN_SD = 0.15  # of a base rate the advertiser gave: audiences and seasons still move it
CVR_TEXT_SD = 0.5  # assumed: no public data on what a text does to conversions
LEVELS = (0.5, 0.2, 0.2, 0.1)  # how the variance of a base rate splits over placement, workspace, vertical, product
TOGETHER = 20.0  # impressions (or clicks) of a campaign that count as one; assumed
# sd of what a text does beyond its predicted effect, in an average over a cell's texts
REST_SD: dict[Kind, float] = {"ctr": 0.25, "cvr": 0.45}
MOVED = 0.05  # share of the doubt that results must have removed before a rate is called imported


@dataclass(frozen=True)
class Cell:
    """Counts of one product in one place. `effect`: log of the mean factor its texts had on the odds."""

    kind: Kind
    placement: PlacementName
    vertical: str
    workspace: str
    product: str  # "" where no brief is known
    trials: float
    successes: float
    effect: float
    texts: float  # how many equally shown ones would average as well: (sum of trials)² / sum of squares

    @property
    def levels(self) -> list[tuple[str, ...]]:
        """The nodes of the pool it counts for, widest first."""
        return _levels(self.placement, self.workspace, self.vertical, self.product)


@dataclass(frozen=True)
class Side:
    """One rate of one text before it is shown: base and text on the logit, each with its sd."""

    base: float
    base_sd: float
    text: float
    text_sd: float
    typical_sd: float  # of a typical text's effect
    source: Source = "prior"
    shift: float = 0.0  # what calibration and better knowledge of the text add to the logit
    own: float = 0.0  # of `text`, what this very text showed when it ran, beyond what its features tell

    @property
    def middle(self) -> float:
        return self.base + self.text + self.shift

    @property
    def sd(self) -> float:
        return math.hypot(self.base_sd, self.text_sd)


@dataclass(frozen=True)
class Told:
    """What results say about one text: both sides, and one sentence."""

    ctr: Side
    cvr: Side
    note: str


def base_prior(kind: Kind, placement: str, given: Mapping[str, float]) -> tuple[float, float]:
    """Logit of a base rate before any result, and its sd. Raises BriefError for a rate outside (0, 1)."""
    known = BASE_RATES[placement_of(placement).name]
    rate = given.get(placement, known.ctr if kind == "ctr" else known.cvr)
    if not 0 < rate < 1:
        raise BriefError(f"Base {kind.upper()} for {placement} is {rate}; give a share between 0 and 1, such as 0.02.")
    return math.log(rate / (1 - rate)), GIVEN_SD if placement in given else ASSUMED_SD


@dataclass(frozen=True)
class Pool:
    """Base rates of one kind after results: deviations of levels from the prior, jointly normal."""

    kind: Kind
    given: Mapping[str, float]
    nodes: Mapping[tuple[str, ...], int]  # (placement,), (placement, workspace), … down to the product
    mean: np.ndarray
    covariance: np.ndarray
    rest: Mapping[tuple[str, ...], float]  # by cell: what its texts showed beyond base rate and predicted effect

    @classmethod
    def of(cls, kind: Kind, cells: Sequence[Cell], given: Mapping[str, float]) -> "Pool":
        mine = [c for c in cells if c.kind == kind and c.trials > 0]
        nodes = {p: k for k, p in enumerate(sorted({p for c in mine for p in c.levels}))}
        x, offset = np.zeros((len(mine), len(nodes))), np.zeros(len(mine))
        for i, cell in enumerate(mine):
            x[i, [nodes[p] for p in cell.levels]] = 1
            offset[i] = base_prior(kind, cell.placement, given)[0] + cell.effect
        precision = np.array([1 / (base_prior(kind, p[0], given)[1] ** 2 * LEVELS[len(p) - 1]) for p in nodes])
        trials, successes = (np.array([getattr(c, n) for c in mine], np.float64) for n in ("trials", "successes"))
        own = np.array([REST_SD[kind] ** 2 / c.texts for c in mine])
        found = fit(x, successes, trials, offset, precision, key_sd=0, trust=1 / TOGETHER, row_variance=own)
        known = own * found.information / (1 + own * found.information)
        p = expit(offset + x @ found.mean)
        more = logit(p + known * (successes / trials - p)) - logit(p)
        rest = {c.levels[-1]: float(v) for c, v in zip(mine, more, strict=True)}
        return cls(kind, dict(given), nodes, found.mean, found.covariance, rest)

    def at(self, placement: str, vertical: str, workspace: str, product: str) -> tuple[float, float, float]:
        """Logit of the base rate there, its sd, and the share of the prior's doubt that results removed."""
        middle, sd = base_prior(self.kind, placement, self.given)
        levels = _levels(placement, workspace, vertical, product)
        known = [self.nodes[p] for p in levels if p in self.nodes]
        unknown = sum(LEVELS[len(p) - 1] for p in levels if p not in self.nodes) * sd**2
        variance = float(self.covariance[np.ix_(known, known)].sum()) + unknown
        return middle + float(self.mean[known].sum()), math.sqrt(variance), 1 - variance / sd**2


def _levels(*place: str) -> list[tuple[str, ...]]:
    return [place[:k] for k in range(1, len(LEVELS) + 1)]


def rates(
    effect: Effect,
    placement: str,
    base_ctr: Mapping[str, float],
    base_cvr: Mapping[str, float],
    level: float,
    told: Told | None = None,
) -> tuple[Estimate, Estimate, Estimate]:
    """CTR, CVR and CTCVR with intervals of `level`. `mean` is the middle of the predicted distribution (its
    median). A rate = expit(base + text ± z·√(base sd² + text sd²)); CTCVR = CTR × CVR, variances added on the
    log scale, where a logit's sd counts (1 - rate) times. Without `told` all are priors."""
    if told is None:
        told = prior(effect, placement, base_ctr, base_cvr)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    estimates, logs, variance = [], 0.0, 0.0
    for side in (told.ctr, told.cvr):
        rate = _expit(side.middle)
        low, high = _expit(side.middle - z * side.sd), _expit(side.middle + z * side.sd)
        estimates.append(Estimate(rate, low, high, level, side.source))
        logs += math.log(rate)
        variance += ((1 - rate) * side.sd) ** 2
    half = z * math.sqrt(variance)
    # the product is only as well founded as its weaker factor
    source: Source = told.ctr.source if told.ctr.source == told.cvr.source else "prior"
    both = Estimate(math.exp(logs), math.exp(logs - half), min(1.0, math.exp(logs + half)), level, source)
    return estimates[0], estimates[1], both


def prior(effect: Effect, placement: str, base_ctr: Mapping[str, float], base_cvr: Mapping[str, float]) -> Told:
    """What is known of a text without results."""
    ctr, ctr_sd = base_prior("ctr", placement, base_ctr)
    cvr, cvr_sd = base_prior("cvr", placement, base_cvr)
    return Told(
        Side(ctr, ctr_sd, effect.shrunk, effect.sd, effect.spread),
        Side(cvr, cvr_sd, 0.0, CVR_TEXT_SD, CVR_TEXT_SD),
        "",
    )


def beats_typical(effect: Effect, told: Told | None = None) -> tuple[float, str]:
    """P(this text > a typical text) and its words. A typical text has effect ~ N(0, spread²), this one
    ~ N(mean, sd²), independent: Φ(mean / √(sd² + spread²)). The base rate is common and cancels.

    On clicks where no conversions have taught anything; on CTCVR, the sum of both effects, where they have."""
    sides = [told.ctr, told.cvr] if told and told.cvr.source != "prior" else [told.ctr] if told else []
    mean = sum(s.text for s in sides) if sides else effect.shrunk
    doubt = math.hypot(*(d for s in sides for d in (s.text_sd, s.typical_sd))) if sides else 0.0
    doubt = doubt if sides else math.hypot(effect.sd, effect.spread)
    p = NormalDist().cdf(mean / doubt) if doubt else 0.5
    if abs(p - 0.5) < 0.03:
        return p, "no clear difference"
    if p > 0.5:
        return p, f"likely beats a typical text for this brief {times_in_100(p)}"
    return p, f"likely loses to a typical text for this brief, {times_in_100(1 - p)}"


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))
