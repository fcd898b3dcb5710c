"""How likely an editor would run a sampled text: what best-of-N chooses by, beside the rewards.

A small policy writes good and broken texts with the same ease, and no reward sees a broken sentence. Its
own confidence does, together with how closely the words keep to the brief: a logistic regression on these
signals, fitted on texts that an editor judged blind (finished, true, specific, would run it).
Serving only. It is no reward and never trains the policy, and texts by people are not judged by it.
"""

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from relate_engine.brief import Brief
from relate_engine.rewards.words import STOP, stem, words

SIGNALS = ("likelihood", "per_token", "strangers", "grounded", "asks", "copied", "relevance", "words")


@lru_cache(maxsize=64)
def _facts(brief: Brief) -> tuple[frozenset[str], str]:
    """Stems of the brief's facts, and the facts as one line of stems."""
    roots = [stem(w.lower) for w in words(brief.facts)]
    return frozenset(roots), f" {' '.join(roots)} "


def signals(text: str, logprobs: Sequence[float], relevance: float, brief: Brief) -> tuple[float, ...]:
    """The SIGNALS of one text. `logprobs`: of its sampled tokens at temperature 1."""
    known, line = _facts(brief)
    roots = [stem(w.lower) for w in words(text)]
    content = [stem(w.lower) for w in words(text) if w.lower not in STOP]
    strangers = sum(r not in known for r in content)
    spans = (
        j - i for i in range(len(roots)) for j in range(i + 1, len(roots) + 1) if f" {' '.join(roots[i:j])} " in line
    )
    return (
        sum(logprobs),
        sum(logprobs) / max(1, len(logprobs)),
        float(strangers),
        1 - strangers / len(content) if content else 0.0,
        float("?" in text),
        max(spans, default=0) / max(1, len(roots)),
        relevance,
        float(len(roots)),
    )


_DENIAL = re.compile(r"\b(?:no|not|never|without|n't|nor|zero)\b|n't\b", re.I)


def _denied(text: str) -> set[str]:
    """Stems of the content words within three words after each denial."""
    found = set()
    for match in _DENIAL.finditer(text):
        after = [w for w in words(text[match.end() :])[:3] if w.lower not in STOP]
        found |= {stem(w.lower) for w in after}
    return found


def denies(text: str, brief: Brief) -> bool:
    """Whether a text denies what the brief does not: "No crumb tray" of a toaster that has one.

    A small policy says "no" as easily as "with", and nothing else sees the difference.
    """
    return bool(_DENIAL.search(text)) and not _denied(text) & _denied(brief.facts)


@dataclass(frozen=True)
class Acceptance:
    """The fitted regression: standardised signals, a weight each, and the constant."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float
    version: str

    def probability(self, values: Sequence[float]) -> float:
        """P(an editor would run it), in (0, 1)."""
        standard = ((v - m) / s for v, m, s in zip(values, self.mean, self.scale, strict=True))
        score = self.constant + sum(w * z for w, z in zip(self.weights, standard, strict=True))
        return 1 / (1 + math.exp(-score))


def load_acceptance(folder: Path) -> Acceptance:
    """From `folder`/acceptance.json. Raises FileNotFoundError with the remedy."""
    path = folder / "acceptance.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; restore the assets folder or run `relate train acceptance`.")
    data = json.loads(path.read_text("utf-8"))
    return Acceptance(
        tuple(data["mean"]), tuple(data["scale"]), tuple(data["weights"]), data["constant"], data["version"]
    )


def train_acceptance(judged: Path, out: Path) -> dict[str, Any]:
    """Fits on judged texts ({"brief", "signals", "pass"} a line) and writes `out`/acceptance.json; returns it.

    Reports the area under the curve by cross-validation that keeps a brief's texts together.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = [json.loads(line) for line in judged.read_text("utf-8").splitlines()]
    x = np.array([r["signals"] for r in rows])  # (texts, signals)
    y = np.array([r["pass"] for r in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3))
    held = cross_val_predict(model, x, y, groups=[r["brief"] for r in rows], cv=GroupKFold(8), method="predict_proba")[
        :, 1
    ]
    scaler, fit = model.fit(x, y)[0], model[1]
    best = np.argsort(-held)[: len(rows) // 10]
    fitted = {
        "signals": SIGNALS,
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "weights": fit.coef_[0].tolist(),
        "constant": float(fit.intercept_[0]),
    }
    report = fitted | {
        "version": "acceptance-" + hashlib.sha256(json.dumps(fitted).encode()).hexdigest()[:8],
        "command": "relate train acceptance",
        "data_sha256": hashlib.sha256(judged.read_bytes()).hexdigest(),
        "texts": len(rows),
        "passed": int(y.sum()),
        "auc_grouped_cv": round(float(roc_auc_score(y, held)), 3),
        "passed_among_top_tenth": round(float(y[best].mean()), 3),
        "licence": "Apache-2.0",
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "acceptance.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report
