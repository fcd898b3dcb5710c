"""Fits how likely an editor would run a sampled text (policy/acceptance.py) from texts that editors judged blind.

A logistic regression on the standardised signals for each kind of slot; reported by cross-validation that keeps a
brief's texts together. Earlier editors did not ask a primary text to say what is sold and let scraps pass as headlines,
so their verdicts count for less there (EARLIER), and the fit is reported on the latest ones alone.
Leaves out: the texts and verdicts themselves (judging.py).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from relate_engine.brief import Brief
from relate_engine.judging import read_judged
from relate_engine.policy.acceptance import KINDS, SIGNALS, kind_of, signals
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.weights import sha256
from relate_engine.training.card import auc_interval, now, reliability, write_card
from relate_engine.training.headcards import acceptance_card

# What an earlier verdict weighs, by kind of slot: the best of 0, .03, .1, .3 and 1 by cross-validation on the latest
EARLIER = {"short": 0.03, "long": 1.0, "leading": 0.0}
FOLDS = 8


def train_acceptance(
    latest: Sequence[Path], earlier: Sequence[Path], briefs: Mapping[str, Brief], out: Path
) -> dict[str, Any]:
    """Fits on the judged texts of the files and writes `out`/acceptance.json with its card; returns what it wrote.

    `briefs`: by the id that the texts name.
    """
    new, old = _rows(latest), _rows(earlier)
    rows = [*new, *old]
    x = np.array([_signals(r, briefs[r["brief"]]) for r in rows])  # (texts, signals)
    y = np.array([r["passed"] for r in rows])  # (texts,)
    kinds = np.array([kind_of(_aim(r)) for r in rows])
    weight = np.array([1.0] * len(new) + [EARLIER[kind] for kind in kinds[len(new) :]])
    group = np.array([r["brief"] for r in rows])
    held = np.zeros(len(new))  # P of the latest texts by fits that saw none of their brief
    for _, outside in GroupKFold(FOLDS).split(new, groups=group[: len(new)]):
        inside = ~np.isin(group, group[outside])
        for kind in KINDS:
            asked = outside[kinds[outside] == kind]
            if len(asked):
                seen = inside & (kinds == kind) & (weight > 0)
                held[asked] = _fit(x[seen], y[seen], weight[seen]).predict_proba(x[asked])[:, 1]
    of = {kind: (kinds == kind) & (weight > 0) for kind in KINDS}
    fits = {kind: _plain(_fit(x[seen], y[seen], weight[seen])) for kind, seen in of.items()}
    fitted = {"signals": SIGNALS, "fits": fits}
    judged, kinds = y[: len(new)], kinds[: len(new)]
    report = fitted | {
        "version": version_of(fitted),
        "command": "relate train acceptance",
        "data_sha256": {file.name: sha256(file) for file in (*latest, *earlier)},
        "texts": len(new),
        "passed": int(judged.sum()),
        "earlier": len(old),
        "auc_grouped_cv": round(float(roc_auc_score(judged, held)), 3),
        "auc_by_kind": {k: round(float(roc_auc_score(judged[kinds == k], held[kinds == k])), 3) for k in KINDS},
        "passed_among_top": {f"{share:.0%}": round(_of_top(judged, held, share), 3) for share in (0.1, 0.2, 0.3)},
        "passed_among_top_30%_by_kind": {
            k: round(_of_top(judged[kinds == k], held[kinds == k], 0.3), 3) for k in KINDS
        },
        "licence": "Apache-2.0",
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "acceptance.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    curve = reliability("P(an editor runs it)", held, judged.astype(float), np.ones(len(new)), bins=10)
    interval = auc_interval(held, judged, [r["brief"] for r in new])
    write_card(acceptance_card(report, now(), interval, curve), out)
    return report


def version_of(fitted: Mapping[str, Any]) -> str:
    """The name of a fit: the hash of its numbers, by which a damaged file is known."""
    numbers = {name: fitted[name] for name in ("signals", "fits")}
    return "acceptance-" + hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:8]


def _rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    return [row for file in files for row in read_judged(file) if "why" not in row]  # what serving drops is not chosen


def _fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    return model.fit(x, y, logisticregression__sample_weight=weight)


def _plain(model: Pipeline) -> dict[str, Any]:
    scaler, fit = model[0], model[1]
    return {
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "weights": fit.coef_[0].tolist(),
        "constant": float(fit.intercept_[0]),
    }


def _of_top(judged: np.ndarray, held: np.ndarray, share: float) -> float:
    """The share that passed of the `share` of texts with the highest P."""
    return float(judged[np.argsort(-held)[: int(share * len(held))]].mean())


def _aim(row: Mapping[str, Any]) -> int:
    return TEMPLATES[row["placement"], row["slot"]].aim


def _signals(row: Mapping[str, Any], brief: Brief) -> tuple[float, ...]:
    return signals(row["text"], _aim(row), row["logprobs"], row["relevance"], brief)
