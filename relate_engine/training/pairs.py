"""Headline pairs from A/B tests: how they are made, how they are tested, how a scorer is judged on them.

One pair = two different headlines of one test under the same image, outside the window where a cache fault
broke the randomisation. Arms that repeat a headline are added up first, so each pair appears once. Only the
difference inside a pair is used: what a story is worth by itself cancels out.
Leaves out: any model (ctr.py). Source: Upworthy Research Archive, CC BY 4.0, Matias, Munger, Aubin Le Quere,
Ebersole (2021), Scientific Data 8:195.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import erfc  # type: ignore[import-untyped]

LEVELS = {"all": 1.0, "p<.05": 0.05, "p<.01": 0.01, "p<.001": 0.001}
COLUMNS = ["test_id", "group_id", "headline", "eyecatcher_id", "impressions", "clicks", "problem"]


@dataclass(frozen=True)
class Pairs:
    """N pairs over `texts`. `a`, `b` index texts; positive `z`, `difference`: a was clicked more."""

    texts: list[str]
    a: np.ndarray  # (N,) int
    b: np.ndarray  # (N,) int
    group: np.ndarray  # (N,) int: tests that share a story or a headline; never split
    z: np.ndarray  # (N,) pooled two-proportion z
    p: np.ndarray  # (N,) two-sided
    difference: np.ndarray  # (N,) log-odds of a click, a minus b
    variance: np.ndarray  # (N,) sampling variance of `difference`

    def __len__(self) -> int:
        return len(self.z)


def two_proportion(
    clicks_a: np.ndarray, n_a: np.ndarray, clicks_b: np.ndarray, n_b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """z and two-sided p of the pooled two-proportion test. NaN where both arms have no or only clicks."""
    pooled = (clicks_a + clicks_b) / (n_a + n_b)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (clicks_a / n_a - clicks_b / n_b) / np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    return z, erfc(np.abs(z) / np.sqrt(2))


def make_pairs(frame: pd.DataFrame) -> Pairs:
    """Every pair of different headlines with the same test and image; see the top of the file."""
    arms = frame[~frame["problem"].astype(bool) & frame["eyecatcher_id"].notna()]
    arms = arms.groupby(["group_id", "test_id", "eyecatcher_id", "headline"], as_index=False)[
        ["impressions", "clicks"]
    ].sum()
    left: list[int] = []
    right: list[int] = []
    for _, rows in arms.groupby(["test_id", "eyecatcher_id"]):
        for i, j in combinations(rows.index, 2):
            left.append(i)
            right.append(j)
    n, clicks = arms["impressions"].to_numpy(float), arms["clicks"].to_numpy(float)
    i, j = np.array(left, int), np.array(right, int)
    z, p = two_proportion(clicks[i], n[i], clicks[j], n[j])
    odds = np.log((clicks + 0.5) / (n - clicks + 0.5))
    noise = 1 / (clicks + 0.5) + 1 / (n - clicks + 0.5)
    keep = ~np.isnan(z)
    i, j = i[keep], j[keep]
    texts = sorted(set(arms["headline"].iloc[np.r_[i, j]]))
    where = {text: k for k, text in enumerate(texts)}
    index = np.array([where.get(text, -1) for text in arms["headline"]], int)
    return Pairs(
        texts,
        index[i],
        index[j],
        arms["group_id"].to_numpy(int)[i],
        z[keep],
        p[keep],
        odds[i] - odds[j],
        noise[i] + noise[j],
    )


def read_pairs(parquet: Path) -> Pairs:
    """`make_pairs` of a parquet file of the archive."""
    return make_pairs(pd.read_parquet(parquet, columns=COLUMNS))


def hits(score: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(N,) 1 where the score difference has the sign of z, 0 where it has not, ½ where it is zero."""
    product: np.ndarray = score * pairs.z
    return np.where(product == 0, 0.5, (product > 0).astype(float))


def at_level(pairs: Pairs, level: float) -> np.ndarray:
    """(N,) which pairs differ with p below `level`; 1 = all."""
    chosen: np.ndarray = (pairs.p < level) | (level >= 1)
    return chosen


def _draws(pairs: Pairs, repeats: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(repeats, G) how often each group is drawn, and (N,) the group of each pair as 0..G-1."""
    names, group = np.unique(pairs.group, return_inverse=True)
    share = np.full(len(names), 1 / len(names))
    return np.random.default_rng(seed).multinomial(len(names), share, repeats), group


def accuracy(
    scores: Sequence[np.ndarray], pairs: Pairs, repeats: int = 4000, seed: int = 0
) -> dict[str, dict[str, object]]:
    """For each level of LEVELS: pairs, groups, accuracy of each scorer with its 95 % group-bootstrap interval
    and, where two are given, their paired difference (first minus second) under the same draws."""
    times, group = _draws(pairs, repeats, seed)
    correct = [hits(score, pairs) for score in scores]
    result: dict[str, dict[str, object]] = {}
    for name, level in LEVELS.items():
        chosen = at_level(pairs, level)
        size = times.shape[1]
        count = times @ np.bincount(group, chosen, size)
        drawn = [times @ np.bincount(group, c * chosen, size) / np.maximum(count, 1) for c in correct]
        exact = [float(c[chosen].mean()) for c in correct]
        result[name] = {"pairs": int(chosen.sum()), "groups": len(np.unique(pairs.group[chosen]))} | {
            f"accuracy_{k}": _interval(e, d) for k, (e, d) in enumerate(zip(exact, drawn, strict=True))
        }
        if len(scores) == 2:
            result[name]["difference"] = _interval(exact[0] - exact[1], drawn[0] - drawn[1])
    return result


def _interval(value: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}
