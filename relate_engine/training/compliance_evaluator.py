"""Fits the compliance evaluator (evaluators/compliance.py) on its own texts, and nothing else.

Logistic regression on hashed character n-grams; the threshold is the lowest with at most FALSE_CAUTIONS of its
clean texts flagged, out of fold. Leaves out: any text, feature or threshold of the classifier that rewards.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from relate_engine.evaluators.compliance import ARRAYS, BUCKETS, PLAIN, features
from relate_engine.training.compliance import auc, write
from relate_engine.training.compliancetexts import AdLine, split_lines

FALSE_CAUTIONS = 0.05  # weak features: it is for comparing policies, not for verdicts. By file in the manifest
FOLDS = 5


def _matrix(texts: Sequence[str]) -> sparse.csr_matrix:
    found = [features(t) for t in texts]
    starts = np.cumsum([0, *(len(c) for c, _ in found)])
    columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return sparse.csr_matrix((values, columns, starts), (len(texts), BUCKETS))


def _by_file(lines: Sequence[AdLine], flagged: np.ndarray, counted: np.ndarray) -> dict[str, float]:
    files = np.array([ad.file for ad in lines])
    return {str(f): round(float(flagged[counted & (files == f)].mean()), 4) for f in np.unique(files[counted])}


def train_evaluator(folder: Path, out: Path, seed: int = 0) -> dict[str, Any]:
    """Fits on the evaluator's texts of `folder` and writes to `out`; returns the manifest."""
    _, lines = split_lines(folder)
    if not lines:
        raise ValueError(f"{folder} holds no texts for the evaluator: it needs second_*.jsonl.")
    x, truth = _matrix([ad.text for ad in lines]), np.array([ad.violates for ad in lines])
    scores = np.zeros(len(lines))
    for inside, outside in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(x, groups=[ad.set for ad in lines]):
        scores[outside] = (
            LogisticRegression(C=10, max_iter=2000).fit(x[inside], truth[inside]).decision_function(x[outside])
        )
    curve = LogisticRegression(C=100).fit(scores[:, None], truth)  # out-of-fold logits to probabilities
    slope, shift = float(curve.coef_[0, 0]), float(curve.intercept_[0])
    p = 1 / (1 + np.exp(-(slope * scores + shift)))
    threshold = float(np.quantile(p[~truth], 1 - FALSE_CAUTIONS))
    model = LogisticRegression(C=10, max_iter=2000).fit(x, truth)
    return write(
        out, ARRAYS, PLAIN, {"weight": (slope * model.coef_[0]).astype(np.float32)},
        {"offset": slope * float(model.intercept_[0]) + shift, "threshold": threshold},
        {
            "kind": "compliance evaluator",
            "command": f"relate train compliance --data DIR --seed {seed}",
            "use": "evaluation only: never a reward, never in serving",
            "data": {"texts": len(lines), "violations": int(truth.sum()),
                     "files": sorted({ad.file for ad in lines}),
                     "split": "second_*, and train_b where the first byte of sha256(set) is odd; the classifier never "
                              "sees them"},
            "features": f"hashed character n-grams, {BUCKETS} buckets",
            "cross_validation": {"folds": FOLDS, "by": "set", "auc": auc(scores, truth),
                                 "recall_at_threshold": round(float((p > threshold)[truth].mean()), 4),
                                 "clean_flagged_by_file": _by_file(lines, p > threshold, ~truth)},
        },
    )  # fmt: skip
