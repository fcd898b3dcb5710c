"""Judges the CTR head on headline pairs it never saw: is it better than counting words, and is its doubt honest?

Accuracy beside TF-IDF + logistic regression, tuned on the training split by the head's measure. Coverage: how
often the interval of a pair's effect, widened by the known sampling variance of its two arms, holds the observed
log-odds difference. Every new run on the validation split is logged.
Leaves out: fitting the head (ctr.py).
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from relate_engine.policy.weights import sha256
from relate_engine.rewards.ctrhead import Head
from relate_engine.rewards.encoder import Encoder
from relate_engine.training.headcards import write_head_card
from relate_engine.training.pairs import (
    CITATION,
    Pairs,
    accuracy,
    calibrate,
    coverage,
    folds,
    plain_accuracy,
    read_pairs,
)

BASELINE_FOLDS = 5
BASELINE_GRID = list(product(((1, 1), (1, 2)), (0.1, 0.3, 1.0), (False, True)))  # n-grams, C, weight by |z|


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
        for inside, out in folds(pairs, BASELINE_FOLDS, seed):
            text = _baseline(pairs, inside, pairs.texts, *choice)
            score[out] = text[pairs.a[out]] - text[pairs.b[out]]
        found.append((float(np.corrcoef(score, pairs.z)[0, 1]), choice, plain_accuracy(score, pairs)))
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
    log: Path | None = None, seed: int = 0, report: Callable[[str], None] = print,
) -> dict[str, Any]:  # fmt: skip
    """Accuracy of head and baseline on validation pairs, with 95 % group-bootstrap intervals, and the coverage of
    the intervals of a pair's effect: as served (shrunk outside the domain) and unshrunk. A new run is appended to
    `log` and told on the head's card; None is for reproducing a logged run only."""
    head, train, val = Head.load(head_folder), read_pairs(train_parquet), read_pairs(val_parquet)
    if leak := set(train.texts) & set(val.texts) or set(train.group) & set(val.group):
        raise ValueError(f"{len(leak)} headlines or groups are in both splits; split by group_id first.")
    ours, effects = head.raw(encoder, val.texts), head.effects(encoder, val.texts)
    shrunk, variance = (np.array([f(e) for e in effects]) for f in (lambda e: e.shrunk, lambda e: e.sd**2))
    inside = np.full(len(val), 2 * (head.spread**2 - head.explained**2))
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
        "interval_coverage": {
            "what": "share of observed log-odds differences inside the interval, widened by their sampling variance",
            "served": coverage(shrunk[val.a] - shrunk[val.b], variance[val.a] + variance[val.b], val),
            "unshrunk": coverage(ours[val.a] - ours[val.b], inside, val),
        },
        "levels": {level: {names.get(k, k): v for k, v in row.items()} for level, row in found.items()},
    }
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        earlier = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        run = 1 + sum(e.get("kind") == "ctr" for e in earlier)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {
            "kind": "ctr",
            "run": run,
            "at": at,
            **{k: result[k] for k in ("head", "data", "interval_coverage", "levels")},
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        write_head_card("ctr", head_folder, log)
        result["validation_run"] = run
    return result
