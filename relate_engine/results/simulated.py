"""Campaigns drawn from a simulator: what an import would have brought, had these texts run.

Each set is the texts of one brief and slot with traffic split evenly between them, so it is a randomised group;
counts come in `weeks` rows a text. `shift` moves every text of a workspace by the same log-odds: its audience is
better or worse than the assumed base rate. Whatever is learned from these rows is marked `simulated`.
Leaves out: the truth (simulator.py), delivery that favours the winner, and reporting lag.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from relate_engine.brief import Brief
from relate_engine.results.observation import Observation
from relate_engine.simulator import Simulator

START = date(2026, 1, 5)
WORKSPACE = "simulated"


@dataclass(frozen=True)
class Shift:
    """Log-odds by which a workspace's audience differs, in clicks and in purchases."""

    click: float = 0.0
    conversion: float = 0.0


@dataclass(frozen=True)
class AdSet:
    """Texts of one brief and slot that run against each other."""

    brief: Brief
    slot: str
    texts: tuple[str, ...]


def shifted(p: float, by: float) -> float:
    """`p` moved by log-odds. Raises ValueError for what is no probability above 0 and below 1."""
    if not 0 < p < 1:
        raise ValueError(f"The simulator gave {p} as a probability; both its functions must stay above 0 and below 1.")
    return 1 / (1 + math.exp(-(math.log(p / (1 - p)) + by)))


def truth(simulator: Simulator, sets: Sequence[AdSet], shift: Shift = Shift()) -> np.ndarray:
    """(N, 2): click and conversion probability of every text, sets in order."""
    rows = [
        (shifted(simulator.click(t, s.brief), shift.click), shifted(simulator.conversion(t, s.brief), shift.conversion))
        for s in sets
        for t in s.texts
    ]
    return np.array(rows, np.float64).reshape(len(rows), 2)


def draw(
    simulator: Simulator,
    sets: Sequence[AdSet],
    impressions: int,
    seed: int,
    shift: Shift = Shift(),
    weeks: int = 4,
) -> list[Observation]:
    """`impressions` of each text over `weeks` rows: clicks ~ Binomial(n, p), conversions ~ Binomial(clicks, q)."""
    rng = np.random.default_rng(seed)
    found = []
    texts = [(s, t) for s in sets for t in s.texts]
    parts = [impressions // weeks + (w < impressions % weeks) for w in range(weeks)]
    for (ad_set, text), (p, q) in zip(texts, truth(simulator, sets, shift), strict=True):
        for week, n in enumerate(parts):
            if not n:
                continue
            clicks = int(rng.binomial(n, p))
            found.append(
                Observation(
                    text,
                    ad_set.slot,
                    ad_set.brief.placement,
                    n,
                    clicks,
                    float(rng.binomial(clicks, q)),
                    action="purchase",
                    vertical=ad_set.brief.vertical,
                    workspace=WORKSPACE,
                    group=f"{ad_set.brief.product}|{ad_set.slot}",
                    end=START + timedelta(days=7 * week + 6),
                    brief=ad_set.brief,
                )
            )
    return found
