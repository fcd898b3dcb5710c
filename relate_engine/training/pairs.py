"""Headline pairs from A/B tests: how they are made, how they are tested, how a scorer is judged on them.

One pair = two different headlines of one test under the same image, outside the window where a cache fault
broke the randomisation. Arms that repeat a headline are added up first, so each pair appears once. Only the
difference inside a pair is used: what a story is worth by itself cancels out.
Leaves out: any model (ctr.py). Source: Upworthy Research Archive, CC BY 4.0, Matias, Munger, Aubin Le Quere,
Ebersole (2021), Scientific Data 8:195.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.special import erfc  # type: ignore[import-untyped]
from sklearn.model_selection import GroupKFold

LEVELS = {"all": 1.0, "p<.05": 0.05, "p<.01": 0.01, "p<.001": 0.001}
CITATION = "Upworthy Research Archive, Matias, Munger, Aubin Le Quere, Ebersole (2021), CC BY 4.0"
CLIP = 1.0  # log-odds: a difference beyond e-fold is taken for one
UNIT = 6.0  # brings the target to about unit variance, the scale the ridges are on
TRUE_VARIANCE = 0.04  # of a text's effect, first guess; only weights pairs (ctr.py `calibrate` measures it)
LEVEL_UNIT = 3.0  # the same for levels
LEVEL_VARIANCE = 0.2  # of what a story and its image do to a level; only weights arms
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

    def part(self, chosen: np.ndarray) -> "Pairs":
        """The `chosen` pairs over the same texts."""
        names = ("a", "b", "group", "z", "p", "difference", "variance")
        return Pairs(self.texts, *(getattr(self, name)[chosen] for name in names))


@dataclass(frozen=True)
class Levels:
    """M arms, one a headline and test, over `texts`: how each did in itself, with its story and image."""

    texts: list[str]
    text: np.ndarray  # (M,) int, indexes texts
    group: np.ndarray  # (M,) int
    level: np.ndarray  # (M,) log-odds of a click, less the mean of the arm's week
    variance: np.ndarray  # (M,) sampling variance of `level`

    def __len__(self) -> int:
        return len(self.level)


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


def make_levels(frame: pd.DataFrame) -> Levels:
    """Every headline of every test outside the problem window, its arms added up over images."""
    arms = frame[~frame["problem"].astype(bool)]
    arms = arms.groupby(["group_id", "test_id", "test_week", "headline"], as_index=False)[
        ["impressions", "clicks"]
    ].sum()
    n, clicks = arms["impressions"].to_numpy(float), arms["clicks"].to_numpy(float)
    odds = np.log((clicks + 0.5) / (n - clicks + 0.5))
    week = pd.Series(odds).groupby(arms["test_week"].to_numpy()).transform("mean").to_numpy()
    texts, index = np.unique(arms["headline"].to_numpy(str), return_inverse=True)
    noise = 1 / (clicks + 0.5) + 1 / (n - clicks + 0.5)
    return Levels(texts.tolist(), index, arms["group_id"].to_numpy(int), odds - week, noise)


def read_levels(parquet: Path) -> Levels:
    """`make_levels` of a parquet file of the archive."""
    return make_levels(pd.read_parquet(parquet, columns=[*COLUMNS, "test_week"]))


def over(texts: list[str], pairs: Pairs) -> Pairs:
    """The same pairs over a longer list of texts, which must hold all of theirs."""
    where = {text: k for k, text in enumerate(texts)}
    new = np.array([where[text] for text in pairs.texts])
    return replace(pairs, texts=texts, a=new[pairs.a], b=new[pairs.b])


def read_pairs(parquet: Path) -> Pairs:
    """`make_pairs` of a parquet file of the archive."""
    return make_pairs(pd.read_parquet(parquet, columns=COLUMNS))


def target(pairs: Pairs, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a model of the pairs `rows` is fitted to: the clipped difference times UNIT, and its weight (mean 1)."""
    weight = 1 / (pairs.variance[rows] + TRUE_VARIANCE)
    return np.clip(pairs.difference[rows], -CLIP, CLIP) * UNIT, weight / weight.mean()


def level_target(levels: Levels, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a model of the arms `rows` is fitted to: the level times LEVEL_UNIT, and its weight (mean 1)."""
    weight = 1 / (levels.variance[rows] + LEVEL_VARIANCE)
    centred = levels.level[rows] - np.average(levels.level[rows], weights=weight)
    return centred * LEVEL_UNIT, weight / weight.mean()


def folds(pairs: Pairs, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions of the pairs to fit on and of those held out; a group is never cut."""
    return list(GroupKFold(count, shuffle=True, random_state=seed).split(pairs.a, groups=pairs.group))


def hits(score: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(N,) 1 where the score difference has the sign of z, 0 where it has not, ½ where it is zero."""
    product: np.ndarray = score * pairs.z
    return np.where(product == 0, 0.5, (product > 0).astype(float))


def at_level(pairs: Pairs, level: float) -> np.ndarray:
    """(N,) which pairs differ with p below `level`; 1 = all."""
    chosen: np.ndarray = (pairs.p < level) | (level >= 1)
    return chosen


def coverage(mean: np.ndarray, variance: np.ndarray, pairs: Pairs) -> dict[str, float]:
    """Share of observed differences inside the 80 % and the 95 % interval around `mean`; `variance` is that of the
    true difference, to which the sampling variance is added."""
    sd, away = np.sqrt(variance + pairs.variance), np.abs(pairs.difference - mean)
    return {f"{level:.0%}": round(float((away <= NormalDist().inv_cdf(0.5 + level / 2) * sd).mean()), 4)
            for level in (0.8, 0.95)}  # fmt: skip


def _draws(pairs: Pairs, repeats: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(repeats, G) how often each group is drawn, and (N,) the group of each pair as 0..G-1."""
    names, group = np.unique(pairs.group, return_inverse=True)
    share = np.full(len(names), 1 / len(names))
    return np.random.default_rng(seed).multinomial(len(names), share, repeats), group


def calibrate(score: np.ndarray, pairs: Pairs) -> dict[str, float]:
    """Slope of observed on predicted differences (noise-weighted), and the sds of a text's effect: `spread`
    in all, `residual` beyond the prediction, `explained` by it. A pair holds two texts, hence the halves."""
    weight = 1 / (pairs.variance + 2 * TRUE_VARIANCE)
    slope = float((weight * pairs.difference * score).sum() / (weight * score**2).sum())
    total = float((weight * (pairs.difference**2 - pairs.variance)).sum() / weight.sum())
    rest = float((weight * ((pairs.difference - slope * score) ** 2 - pairs.variance)).sum() / weight.sum())
    halves = {"spread": total, "residual": rest, "explained": total - rest}
    return {"slope": slope} | {k: float(np.sqrt(max(0.0, v) / 2)) for k, v in halves.items()}


def stack(parts: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(K,) what each of the K predictions of `parts` (K, N) counts, at least 0, in their best sum: noise-weighted
    least squares on the observed differences, so the sum is in log-odds."""
    weight = np.sqrt(1 / (pairs.variance + 2 * TRUE_VARIANCE))
    counts: np.ndarray = nnls((parts * weight).T, pairs.difference * weight)[0]
    return counts


def plain_accuracy(score: np.ndarray, pairs: Pairs) -> dict[str, float]:
    """Share of right signs at each level, without intervals."""
    right = hits(score, pairs)
    return {name: round(float(right[at_level(pairs, p)].mean()), 4) for name, p in LEVELS.items()}


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
