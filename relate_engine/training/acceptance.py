"""Fits how likely an editor would run a sampled text (policy/acceptance.py) from texts an editor judged blind.

A logistic regression on the standardised signals; reported by cross-validation that keeps a brief's texts
together. Leaves out: the texts and verdicts themselves (judging.py).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from relate_engine.brief import Brief
from relate_engine.judging import read_judged
from relate_engine.policy.acceptance import SIGNALS, signals
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.weights import sha256
from relate_engine.training.card import auc_interval, now, reliability, write_card
from relate_engine.training.headcards import acceptance_card


def train_acceptance(judged: Sequence[Path], briefs: Mapping[str, Brief], out: Path) -> dict[str, Any]:
    """Fits on the judged texts of the files and writes `out`/acceptance.json with its card; returns what it
    wrote.

    `briefs`: by the id that the texts name.
    """
    rows = [row for file in judged for row in read_judged(file) if "why" not in row]  # what serving drops is not chosen
    x = np.array([_signals(r, briefs[r["brief"]]) for r in rows])  # (texts, signals)
    y = np.array([r["passed"] for r in rows])  # (texts,)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    folds = GroupKFold(8)
    held = cross_val_predict(model, x, y, groups=[r["brief"] for r in rows], cv=folds, method="predict_proba")[:, 1]
    scaler, fit = model.fit(x, y)[0], model[1]
    order = np.argsort(-held)
    fitted = {
        "signals": SIGNALS,
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "weights": fit.coef_[0].tolist(),
        "constant": float(fit.intercept_[0]),
    }
    report = fitted | {
        "version": version_of(fitted),
        "command": "relate train acceptance",
        "data_sha256": {file.name: sha256(file) for file in judged},
        "texts": len(rows),
        "passed": int(y.sum()),
        "auc_grouped_cv": round(float(roc_auc_score(y, held)), 3),
        "passed_among_top": {f"{share:.0%}": round(float(y[order[: int(share * len(y))]].mean()), 3)
                             for share in (0.05, 0.1, 0.2, 0.3)},
        "licence": "Apache-2.0",
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / "acceptance.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    curve = reliability("P(an editor runs it)", held, y.astype(float), np.ones(len(y)), bins=10)
    interval = auc_interval(held, y, [r["brief"] for r in rows])
    write_card(acceptance_card(report, now(), interval, curve), out)
    return report


def version_of(fitted: Mapping[str, Any]) -> str:
    """The name of a fit: the hash of its numbers, by which a damaged file is known."""
    numbers = {name: fitted[name] for name in ("signals", "mean", "scale", "weights", "constant")}
    return "acceptance-" + hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:8]


def _signals(row: Mapping[str, Any], brief: Brief) -> tuple[float, ...]:
    aim = TEMPLATES[row["placement"], row["slot"]].aim
    return signals(row["text"], row["slot"], aim, row["logprobs"], row["relevance"], brief)
