"""Fits the CTR head on headline pairs, and judges it once on the validation split.

Ridge without intercept on feature differences [MiniLM, surface, TF-IDF] of a pair; target = its clipped
log-odds difference; weight = 1 / (sampling variance + true variance), so noisy pairs count little. Group
cross-validation inside the training split picks ridge and word weight (by correlation with z, the steadiest
measure), gives the slope that makes a prediction a log-odds effect (out-of-fold regression of observed on
predicted), and the true spread of text effects (observed variance minus sampling variance).
The baseline is TF-IDF + logistic regression, tuned the same way on the same folds.
Leaves out: fine-tuning the encoder; shrinking outside the domain (rewards/ctcvr.py).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold

from relate_engine.policy.weights import sha256
from relate_engine.rewards.ctcvr import ARRAYS, DEAD_BAND, MANIFEST, WORDS, Domain, Head, shrink_of
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.training.pairs import LEVELS, Pairs, accuracy, at_level, hits, read_pairs

Report = Callable[[str], None]
FOLDS, CENTROIDS = 5, 64
CLIP = 1.0  # log-odds: a difference beyond e-fold is taken for one
UNIT = 6.0  # brings the target to about unit variance, the scale the ridges of GRID are on
TRUE_VARIANCE = 0.04  # of a text's effect, first guess; only weights pairs (`calibrate` measures it)
SURFACE_WEIGHT = 0.05  # of a surface feature in sds, beside unit vectors
CITATION = "Upworthy Research Archive, Matias, Munger, Aubin Le Quere, Ebersole (2021), CC BY 4.0"


@dataclass(frozen=True)
class Plan:
    ridge: float
    word_weight: float


GRID = [Plan(r, w) for r, w in product((30.0, 60.0, 100.0), (0.7, 1.0))]
BASELINE_GRID = list(product(((1, 1), (1, 2)), (0.1, 0.3, 1.0), (False, True)))  # n-grams, C, weight by |z|


@dataclass(frozen=True)
class _Fit:
    weights: np.ndarray  # (384 + surface + V,) on the scaled features
    vocabulary: Vocabulary
    mean: np.ndarray  # of surface features over the fitted texts
    sd: np.ndarray
    features: Any  # (T, 384 + surface + V) csr of every text of the Pairs


def _folds(pairs: Pairs, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(pairs.a, groups=pairs.group))


def _fit(pairs: Pairs, vectors: np.ndarray, rows: np.ndarray, plan: Plan) -> _Fit:
    """Ridge on the pairs `rows`; vocabulary and scaling come from the texts of those pairs alone."""
    used = np.unique(np.r_[pairs.a[rows], pairs.b[rows]])
    vocabulary = Vocabulary.fit([pairs.texts[k] for k in used])
    plain = surface(pairs.texts)
    mean, sd = plain[used].mean(0), plain[used].std(0) + 1e-9
    found = [vocabulary.row(t) for t in pairs.texts]
    columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    starts = np.cumsum([0, *(len(c) for c, _ in found)])
    counts = sparse.csr_matrix((values, columns.astype(int), starts), (len(found), len(vocabulary.idf)))
    dense = np.hstack([vectors, SURFACE_WEIGHT * (plain - mean) / sd])
    features = sparse.hstack([sparse.csr_matrix(dense), plan.word_weight * counts]).tocsr()
    weight = 1 / (pairs.variance[rows] + TRUE_VARIANCE)
    model = Ridge(alpha=plan.ridge, fit_intercept=False, solver="sparse_cg", tol=1e-5)
    model.fit(
        features[pairs.a[rows]] - features[pairs.b[rows]],
        np.clip(pairs.difference[rows], -CLIP, CLIP) * UNIT,
        sample_weight=weight / weight.mean(),
    )
    return _Fit(model.coef_ / UNIT, vocabulary, mean, sd, features)


def _domain(pairs: Pairs, vectors: np.ndarray, vocabulary: Vocabulary, used: np.ndarray, seed: int) -> Domain:
    """Where the texts `used` lie."""
    centres = KMeans(CENTROIDS, n_init=1, random_state=seed).fit(vectors[used]).cluster_centers_
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    empty = Domain(centres.astype(np.float32), (0, 0, 0), (1, 1, 1))
    axes = empty.axes([pairs.texts[k] for k in used], vectors[used], vocabulary)
    median, sd = (tuple(map(float, f(axes, 0))) for f in (np.median, np.std))
    return Domain(empty.centroids, (median[0], median[1], median[2]), (sd[0], sd[1], sd[2]))


def _out_of_fold(
    pairs: Pairs, vectors: np.ndarray, plan: Plan, seed: int, far: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) predicted differences of pairs held out, and with `far` their mean distance shrink factor."""
    score, shrink = np.zeros(len(pairs)), np.ones(len(pairs))
    for inside, out in _folds(pairs, seed):
        fit = _fit(pairs, vectors, inside, plan)
        text = fit.features @ fit.weights
        score[out] = text[pairs.a[out]] - text[pairs.b[out]]
        if far:
            used = np.unique(np.r_[pairs.a[inside], pairs.b[inside]])
            domain = _domain(pairs, vectors, fit.vocabulary, used, seed)
            factor = shrink_of(domain.distances(domain.axes(pairs.texts, vectors, fit.vocabulary)))
            shrink[out] = (factor[pairs.a[out]] + factor[pairs.b[out]]) / 2
    return score, shrink


def calibrate(score: np.ndarray, pairs: Pairs) -> dict[str, float]:
    """Slope of observed on predicted differences (noise-weighted), and the sds of a text's effect: `spread`
    in all, `residual` beyond the prediction, `explained` by it. A pair holds two texts, hence the halves."""
    weight = 1 / (pairs.variance + 2 * TRUE_VARIANCE)
    slope = float((weight * pairs.difference * score).sum() / (weight * score**2).sum())
    total = float((weight * (pairs.difference**2 - pairs.variance)).sum() / weight.sum())
    rest = float((weight * ((pairs.difference - slope * score) ** 2 - pairs.variance)).sum() / weight.sum())
    halves = {"spread": total, "residual": rest, "explained": total - rest}
    return {"slope": slope} | {k: float(np.sqrt(max(0.0, v) / 2)) for k, v in halves.items()}


def _plain_accuracy(score: np.ndarray, pairs: Pairs) -> dict[str, float]:
    right = hits(score, pairs)
    return {name: round(float(right[at_level(pairs, p)].mean()), 4) for name, p in LEVELS.items()}


def _served(
    fit: _Fit, plan: Plan, scale: dict[str, float], domain: Domain
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and plain values of rewards.ctcvr.Head: scaling and slope folded into the weights."""
    weights = scale["slope"] * fit.weights
    size, stop = domain.centroids.shape[1], domain.centroids.shape[1] + len(fit.mean)
    per_surface = weights[size:stop] * SURFACE_WEIGHT / fit.sd
    arrays = {
        "embedding": weights[:size],
        "surface": per_surface,
        "terms": weights[stop:] * plan.word_weight,
        "idf": fit.vocabulary.idf,
        "centroids": domain.centroids,
    }
    plain = {
        "vocabulary": list(fit.vocabulary.index),
        "documents": fit.vocabulary.documents,
        "offset": float((fit.features @ weights).mean() + fit.mean @ per_surface),
        "spread": scale["spread"],
        "explained": scale["explained"],
        "domain_median": domain.median,
        "domain_sd": domain.sd,
    }
    return {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}, plain


def train_ctr(
    encoder: Encoder, train_parquet: Path, out: Path, seed: int = 0, report: Report = print
) -> dict[str, Any]:
    """Tunes by group cross-validation, fits on all of train, writes the head to `out`; returns its manifest.
    `report` is told each step in a sentence."""
    pairs = read_pairs(train_parquet)
    report(f"{len(pairs):,} pairs of {len(pairs.texts):,} headlines in {len(np.unique(pairs.group)):,} groups")
    vectors = encoder.encode(pairs.texts)
    tried = []
    for plan in GRID:
        score, _ = _out_of_fold(pairs, vectors, plan, seed)
        tried.append((float(np.corrcoef(score, pairs.z)[0, 1]), plan, _plain_accuracy(score, pairs)))
        report(f"{plan}: r = {tried[-1][0]:.4f}, accuracy {tried[-1][2]}")
    best = max(tried, key=lambda t: t[0])[1]
    score, shrink = _out_of_fold(pairs, vectors, best, seed, far=True)
    scale = calibrate(score, pairs)
    thirds = np.digitize(shrink, np.quantile(shrink, [1 / 3, 2 / 3]))
    by_distance = [round(calibrate(score[t], _part(pairs, t))["slope"] / scale["slope"], 3)
                   for t in (thirds == 2, thirds == 1, thirds == 0)]  # fmt: skip

    fit = _fit(pairs, vectors, np.arange(len(pairs)), best)
    domain = _domain(pairs, vectors, fit.vocabulary, np.arange(len(pairs.texts)), seed)
    arrays, plain = _served(fit, best, scale, domain)
    out.mkdir(parents=True, exist_ok=True)
    save_file(arrays, out / ARRAYS)
    (out / WORDS).write_text(json.dumps(plain, ensure_ascii=False) + "\n", "utf-8")
    manifest = {
        "kind": "ctr head",
        "command": f"relate train ctr --data DIR --seed {seed}",
        "seed": seed,
        "data": {"name": CITATION, "file": train_parquet.name, "sha256": sha256(train_parquet),
                 "pairs": len(pairs), "groups": len(np.unique(pairs.group)), "licence": "CC BY 4.0"},
        "licence": "Apache-2.0",
        "encoder": {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0",
                    "sha256": sha256(Path(encoder.tokenizer.name_or_path) / "model.safetensors")},
        "plan": asdict(best),
        "cross_validation": {
            "folds": FOLDS, "by": "group_id", "chosen_by": "r",
            "tried": [asdict(p) | {"r": round(r, 4), "accuracy": a} for r, p, a in tried],
            "chosen": accuracy([score], pairs),
        },
        "calibration": {k: round(v, 4) for k, v in scale.items()},
        "shrinking": {
            "formula": "exp(-0.5 * sum(max(0, distance - dead_band)^2)) over length, encoder, vocabulary",
            "dead_band": DEAD_BAND,
            "mean_factor_of_held_out_headlines": round(float(shrink.mean()), 3),
            "relative_slope_near_middle_far_third": by_distance,
        },
        "files": {name: sha256(out / name) for name in (ARRAYS, WORDS)},
    }  # fmt: skip
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def _part(pairs: Pairs, chosen: np.ndarray) -> Pairs:
    arrays = (getattr(pairs, n)[chosen] for n in ("a", "b", "group", "z", "p", "difference", "variance"))
    return Pairs(pairs.texts, *arrays)


def _baseline(
    pairs: Pairs, rows: np.ndarray, texts: Sequence[str], ngrams: tuple[int, int], c: float, weighted: bool
) -> np.ndarray:
    """Scores of `texts` by TF-IDF + logistic regression (sign of z from the difference) on pairs `rows`."""
    used = np.unique(np.r_[pairs.a[rows], pairs.b[rows]])
    vectoriser = TfidfVectorizer(sublinear_tf=True, ngram_range=ngrams).fit([pairs.texts[k] for k in used])
    words = vectoriser.transform(pairs.texts).tocsr()
    model = LogisticRegression(C=c, fit_intercept=False, max_iter=2000)
    weight = np.minimum(np.abs(pairs.z[rows]), 4) if weighted else None
    model.fit(words[pairs.a[rows]] - words[pairs.b[rows]], pairs.z[rows] > 0, sample_weight=weight)
    result: np.ndarray = vectoriser.transform(texts) @ model.coef_[0]
    return result


def tuned_baseline(pairs: Pairs, texts: Sequence[str], seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Scores of `texts` by the baseline, tuned on the head's folds by its measure, fitted on all pairs."""
    found = []
    for choice in BASELINE_GRID:
        score = np.zeros(len(pairs))
        for inside, out in _folds(pairs, seed):
            text = _baseline(pairs, inside, pairs.texts, *choice)
            score[out] = text[pairs.a[out]] - text[pairs.b[out]]
        found.append((float(np.corrcoef(score, pairs.z)[0, 1]), choice, _plain_accuracy(score, pairs)))
    r, choice, plain = max(found, key=lambda f: f[0])
    told = {
        "ngrams": choice[0],
        "C": choice[1],
        "weighted_by_z": choice[2],
        "cv_r": round(r, 4),
        "cv_accuracy": plain,
    }
    return _baseline(pairs, np.arange(len(pairs)), texts, *choice), told


def evaluate_ctr(
    encoder: Encoder, head_folder: Path, train_parquet: Path, val_parquet: Path,
    log: Path | None = None, seed: int = 0, report: Report = print,
) -> dict[str, Any]:  # fmt: skip
    """Accuracy of head and baseline on validation pairs, with 95 % group-bootstrap intervals. A new
    run is appended to `log`; None is for reproducing a logged run only."""
    head, train, val = Head.load(head_folder), read_pairs(train_parquet), read_pairs(val_parquet)
    if leak := set(train.texts) & set(val.texts) or set(train.group) & set(val.group):
        raise ValueError(f"{len(leak)} headlines or groups are in both splits; split by group_id first.")
    ours = head.raw(encoder, val.texts)
    report(f"{len(val):,} validation pairs; tuning the baseline on train")
    theirs, told = tuned_baseline(train, val.texts, seed)
    found = accuracy([s[val.a] - s[val.b] for s in (ours, theirs)], val)
    names = {"accuracy_0": "head", "accuracy_1": "tfidf_logistic", "difference": "head_minus_tfidf"}
    result = {
        "command": "relate evaluate ctr --data DIR",
        "what": "accuracy on within-test headline pairs; 95 % intervals by bootstrap over groups",
        "data": {"name": CITATION, "train_sha256": sha256(train_parquet), "val_sha256": sha256(val_parquet)},
        "head": head.version,
        "baseline": told,
        "slope_on_validation": round(calibrate(ours[val.a] - ours[val.b], val)["slope"], 3),
        "levels": {level: {names.get(k, k): v for k, v in row.items()} for level, row in found.items()},
    }
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        earlier = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        run = 1 + sum(e.get("kind") == "ctr" for e in earlier)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"kind": "ctr", "run": run, "at": at, **{k: result[k] for k in ("head", "data", "levels")}}
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        result["validation_run"] = run
    return result
