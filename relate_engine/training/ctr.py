"""Fits the CTR head: a linear part and a tuned upper half of the encoder, each read twice, and their stack.

Two things are fitted in each part. Pairs: two headlines of one test under one image, where only the text differs;
target = the clipped log-odds difference, weight = 1 / (sampling variance + true variance), so noisy pairs count
little. Levels: every headline of every test, its log-odds against its week; the story and the image are in it, but
what draws clicks between stories also draws them within one. Linear part: ridge on [MiniLM, surface, TF-IDF], for
pairs on the difference and without intercept. Tower: ctrencoder.py. The four predictions of a pair's difference
are added up with the weights (least squares, none negative) that fit the pairs held out in group cross-validation
inside the training split; so the sum is in log-odds. The same held-out pairs give the true spread of text effects
(observed variance minus sampling variance) and what is left of it unexplained.
Leaves out: the validation split (ctrvalidation.py); shrinking outside the domain (rewards/ctrhead.py).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge

from relate_engine.policy.weights import sha256
from relate_engine.rewards.ctrhead import ARRAYS, DEAD_BAND, MANIFEST, TOWER, WORDS, Domain, shrink_of
from relate_engine.rewards.ctrtower import OUT
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.training.ctrencoder import (
    LEVEL,
    Report,
    Tests,
    TowerPlan,
    average,
    fit_tower,
    lower_states,
    read_texts,
)
from relate_engine.training.headcards import write_head_card
from relate_engine.training.pairs import (
    CITATION,
    LEVEL_UNIT,
    UNIT,
    Levels,
    Pairs,
    accuracy,
    calibrate,
    coverage,
    folds,
    level_target,
    over,
    plain_accuracy,
    read_levels,
    read_pairs,
    stack,
    target,
)

FOLDS, CENTROIDS = 3, 64
SURFACE_WEIGHT = 0.05  # of a surface feature in sds, beside unit vectors
PARTS = ("linear_pairs", "linear_levels", "tower_pairs", "tower_levels")


@dataclass(frozen=True)
class Plan:
    ridge: float  # of pairs
    level_ridge: float
    word_weight: float = 1.0


GRID = [Plan(r, level) for r, level in product((60.0, 100.0), (3.0, 10.0))]


@dataclass(frozen=True)
class _Fit:
    weights: np.ndarray  # (2, 384 + surface + V) on the scaled features: for pairs, for levels; in log-odds
    vocabulary: Vocabulary
    mean: np.ndarray  # of surface features over the fitted texts
    sd: np.ndarray
    features: Any  # (T, 384 + surface + V) csr of every text


def _fit(tests: Tests, rows: np.ndarray, arms: np.ndarray, plan: Plan) -> _Fit:
    """Ridges on the pairs `rows` and the arms `arms`; vocabulary and scaling come from the texts of those alone."""
    pairs, levels = tests.pairs, tests.levels
    used = np.unique(levels.text[arms])
    vocabulary = Vocabulary.fit([pairs.texts[k] for k in used])
    plain = surface(pairs.texts)
    mean, sd = plain[used].mean(0), plain[used].std(0) + 1e-9
    found = [vocabulary.row(t) for t in pairs.texts]
    columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    starts = np.cumsum([0, *(len(c) for c, _ in found)])
    counts = sparse.csr_matrix((values, columns.astype(int), starts), (len(found), len(vocabulary.idf)))
    dense = np.hstack([tests.vectors, SURFACE_WEIGHT * (plain - mean) / sd])
    features = sparse.hstack([sparse.csr_matrix(dense), plan.word_weight * counts]).tocsr()
    wanted, weight = target(pairs, rows)
    one = Ridge(alpha=plan.ridge, fit_intercept=False, solver="sparse_cg", tol=1e-5)
    one.fit(features[pairs.a[rows]] - features[pairs.b[rows]], wanted, sample_weight=weight)
    wanted, weight = level_target(levels, arms)
    two = Ridge(alpha=plan.level_ridge, solver="sparse_cg", tol=1e-5)
    two.fit(features[levels.text[arms]], wanted, sample_weight=weight)
    return _Fit(np.stack([one.coef_ / UNIT, two.coef_ / LEVEL_UNIT]), vocabulary, mean, sd, features)


def _apart(levels: Levels, pairs: Pairs, out: np.ndarray) -> np.ndarray:
    """The arms of groups that hold none of the pairs `out`."""
    return np.flatnonzero(~np.isin(levels.group, pairs.group[out]))


def _domain(pairs: Pairs, vectors: np.ndarray, vocabulary: Vocabulary, used: np.ndarray, seed: int) -> Domain:
    """Where the texts `used` lie."""
    centres = KMeans(CENTROIDS, n_init=1, random_state=seed).fit(vectors[used]).cluster_centers_
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    empty = Domain(centres.astype(np.float32), (0, 0, 0), (1, 1, 1))
    axes = empty.axes([pairs.texts[k] for k in used], vectors[used], vocabulary)
    median, sd = (tuple(map(float, f(axes, 0))) for f in (np.median, np.std))
    return Domain(empty.centroids, (median[0], median[1], median[2]), (sd[0], sd[1], sd[2]))


def _out_of_fold(tests: Tests, plan: Plan, seed: int, far: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(2, N) differences of pairs held out as pairs and levels predict them, and with `far` (N,) their mean
    distance shrink factor."""
    pairs, texts = tests.pairs, tests.pairs.texts
    score, shrink = np.zeros((2, len(pairs))), np.ones(len(pairs))
    for inside, out in folds(pairs, FOLDS, seed):
        arms = _apart(tests.levels, pairs, out)
        fit = _fit(tests, inside, arms, plan)
        score[:, out] = _differences((fit.features @ fit.weights.T).T, pairs)[:, out]
        if far:
            domain = _domain(pairs, tests.vectors, fit.vocabulary, np.unique(tests.levels.text[arms]), seed)
            factor = shrink_of(domain.distances(domain.axes(texts, tests.vectors, fit.vocabulary)))
            shrink[out] = (factor[pairs.a[out]] + factor[pairs.b[out]]) / 2
    return score, shrink


def _differences(texts: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(..., N) of each pair from (..., T) of each text."""
    result: np.ndarray = texts[..., pairs.a] - texts[..., pairs.b]
    return result


@dataclass(frozen=True)
class _Towers:
    """Fits towers and keeps them in `work`: what was fitted once is not fitted again."""

    encoder: Encoder
    tests: Tests
    plan: TowerPlan
    work: Path
    data: str  # hash
    seed: int
    report: Report

    def fit(self, name: str, rows: np.ndarray, arms: np.ndarray) -> dict[str, torch.Tensor]:
        """The tower of these pairs and arms: the average over the plan's seeds."""
        found = []
        plan = replace(self.plan, seeds=1)  # one more seed leaves the others as they are
        key = hashlib.sha256(f"{self.data} {plan} {self.seed}".encode()).hexdigest()[:12]
        for seed in range(self.seed, self.seed + self.plan.seeds):
            path = self.work / f"tower-{key}-{name}-{seed}.safetensors"
            if not path.exists():
                self.report(f"tower {name}, seed {seed}: {len(rows):,} pairs, {len(arms):,} arms")
                tuned = fit_tower(self.encoder, self.tests, rows, arms, self.plan, seed, self.report)
                path.parent.mkdir(parents=True, exist_ok=True)
                save_torch(tuned, path)
            found.append(load_torch(path))
        return average(found)

    def read(self, tuned: dict[str, torch.Tensor], texts: np.ndarray) -> np.ndarray:
        """(2, T) log-odds of `texts` (indices): as pairs and as levels predict them."""
        out, level = read_texts(self.encoder, self.tests.states, self.plan.first, tuned, texts)
        return np.stack([out / UNIT, level / LEVEL_UNIT])

    def out_of_fold(self) -> np.ndarray:
        """(2, N) predicted differences of pairs held out."""
        pairs, score = self.tests.pairs, np.zeros((2, len(self.tests.pairs)))
        for k, (inside, out) in enumerate(folds(pairs, FOLDS, self.seed)):
            tuned = self.fit(f"fold{k}", inside, _apart(self.tests.levels, pairs, out))
            read = self.read(tuned, np.unique(np.r_[pairs.a[out], pairs.b[out]]))
            score[:, out] = _differences(read, pairs)[:, out]
        return score


def _served(
    fit: _Fit, plan: Plan, tuned: dict[str, torch.Tensor], first: int, read: np.ndarray, counts: np.ndarray,
    scale: dict[str, float], domain: Domain,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:  # fmt: skip
    """The arrays and plain values of rewards.ctrhead.Head: scaling and what each part counts folded in."""
    weights = counts[:2] @ fit.weights
    size, stop = domain.centroids.shape[1], domain.centroids.shape[1] + len(fit.mean)
    per_surface = weights[size:stop] * SURFACE_WEIGHT / fit.sd
    arrays = {
        "embedding": weights[:size],
        "surface": per_surface,
        "terms": weights[stop:] * plan.word_weight,
        "idf": fit.vocabulary.idf,
        "centroids": domain.centroids,
    }
    shipped = {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
    out = tuned[OUT] * (counts[2] / UNIT) + tuned[LEVEL] * (counts[3] / LEVEL_UNIT)
    matrices = {k: t for k, t in tuned.items() if k not in (OUT, LEVEL)}
    shipped |= {TOWER + k: t.to(torch.float16).numpy() for k, t in (matrices | {OUT: out}).items()}
    plain = {
        "vocabulary": list(fit.vocabulary.index),
        "documents": fit.vocabulary.documents,
        "offset": float((fit.features @ weights + counts[2:] @ read).mean() + fit.mean @ per_surface),
        "tower_first": first,
        "spread": scale["spread"],
        "explained": scale["explained"],
        "domain_median": domain.median,
        "domain_sd": domain.sd,
    }
    return shipped, plain


def train_ctr(
    encoder: Encoder, train_parquet: Path, out: Path, work: Path, seed: int = 0, report: Report = print
) -> dict[str, Any]:
    """Tunes by group cross-validation, fits on all of train, writes head and card to `out`; returns its manifest.
    `report` is told each step in a sentence; fitted towers are kept in `work`, so a run goes on where it stopped."""
    data, tower_plan = sha256(train_parquet), TowerPlan()
    levels, pairs = read_levels(train_parquet), read_pairs(train_parquet)
    pairs = over(levels.texts, pairs)
    rows, arms, texts = np.arange(len(pairs)), np.arange(len(levels)), np.arange(len(levels.texts))
    report(f"{len(pairs):,} pairs and {len(levels):,} arms in {len(np.unique(levels.group)):,} groups")
    states = lower_states(encoder, levels.texts, tower_plan.first)
    tests = Tests(pairs, levels, encoder.encode(levels.texts), states)
    tried = []
    for plan in GRID:
        parts, _ = _out_of_fold(tests, plan, seed)
        score = stack(parts, pairs) @ parts
        tried.append((_r(score, pairs), plan, plain_accuracy(score, pairs)))
        report(f"{plan}: r = {tried[-1][0]:.4f}, accuracy {tried[-1][2]}")
    best = max(tried, key=lambda t: t[0])[1]
    linear, shrink = _out_of_fold(tests, best, seed, far=True)
    towers = _Towers(encoder, tests, tower_plan, work, data, seed, report)
    parts = np.concatenate([linear, towers.out_of_fold()])
    counts = stack(parts, pairs)
    score, linear_score = counts @ parts, stack(linear, pairs) @ linear
    scale = calibrate(score, pairs)
    thirds = np.digitize(shrink, np.quantile(shrink, [1 / 3, 2 / 3]))
    by_distance = [round(calibrate(score[t], pairs.part(t))["slope"], 3)
                   for t in (thirds == 2, thirds == 1, thirds == 0)]  # fmt: skip
    report(f"stack {counts.round(3)}: r = {_r(score, pairs):.4f}, accuracy {plain_accuracy(score, pairs)}")

    fit, tuned = _fit(tests, rows, arms, best), towers.fit("all", rows, arms)
    domain = _domain(pairs, tests.vectors, fit.vocabulary, np.unique(np.r_[pairs.a, pairs.b]), seed)
    read = towers.read(tuned, texts)
    arrays, plain = _served(fit, best, tuned, tower_plan.first, read, counts, scale, domain)
    out.mkdir(parents=True, exist_ok=True)
    save_file(arrays, out / ARRAYS)
    (out / WORDS).write_text(json.dumps(plain, ensure_ascii=False) + "\n", "utf-8")
    manifest = {
        "kind": "ctr head",
        "command": f"relate train ctr --data DIR --seed {seed}",
        "seed": seed,
        "data": {"name": CITATION, "file": train_parquet.name, "sha256": data,
                 "pairs": len(pairs), "groups": len(np.unique(pairs.group)),
                 "arms": len(levels), "licence": "CC BY 4.0"},
        "licence": "Apache-2.0",
        "encoder": {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0",
                    "sha256": sha256(Path(encoder.tokenizer.name_or_path) / "model.safetensors")},
        "plan": {"linear": asdict(best), "tower": asdict(tower_plan),
                 "counts": dict(zip(PARTS, counts.round(4).tolist(), strict=True))},
        "cross_validation": {
            "folds": FOLDS, "by": "group_id", "chosen_by": "r",
            "tried": [asdict(p) | {"r": round(r, 4), "accuracy": a} for r, p, a in tried],
            "parts": {name: {"r": round(_r(part, pairs), 4), "accuracy": plain_accuracy(part, pairs)}
                      for name, part in zip(PARTS, parts, strict=True)},
            "linear": {"r": round(_r(linear_score, pairs), 4), "accuracy": plain_accuracy(linear_score, pairs)},
            "chosen": accuracy([score], pairs),
            "chosen_r": round(_r(score, pairs), 4),
            "chosen_minus_linear": {k: v["difference"] for k, v in accuracy([score, linear_score], pairs).items()},
            "interval_coverage": coverage(score, np.full(len(pairs), 2 * scale["residual"] ** 2), pairs),
        },
        "calibration": {k: round(v, 4) for k, v in scale.items() if k != "slope"},
        "shrinking": {
            "formula": "exp(-0.5 * sum(max(0, distance - dead_band)^2)) over length, encoder, vocabulary",
            "dead_band": DEAD_BAND,
            "mean_factor_of_held_out_headlines": round(float(shrink.mean()), 3),
            "relative_slope_near_middle_far_third": by_distance,
        },
        "files": {name: sha256(out / name) for name in (ARRAYS, WORDS)},
    }  # fmt: skip
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    write_head_card("ctr", out)
    return manifest


def _r(score: np.ndarray, pairs: Pairs) -> float:
    return float(np.corrcoef(score, pairs.z)[0, 1])
