"""The second evaluator: a judge of clicks that no policy and no reward has learned from.

Why: a reward keeps rising while the texts get worse, so a judge is needed that was trained on other groups with
another feature family (AdLlama, arXiv 2507.21983: held-out evaluation reward model). The head sees sentence embeddings,
surface and word n-grams; this one sees character 2- to 4-grams alone, hashed. It learns from pairs of texts that
ran against each other, ridge on the clipped log-odds difference weighted by its noise, as the head does, and from
groups the head has not seen: Upworthy's validation groups as shipped, and of a workspace's imports the families
that training/families.py `split_off` keeps out of every reward model.
It only ranks. Never imported from rewards/, policy/, draft.py or the fit of a reward, training/rewards.py (a test
enforces it); training/rewardversion.py only hands it the families that were set apart.
Leaves out: rates, conversions.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.results.observation import Observation
from relate_engine.training.card import Card, Metric, now, write_card
from relate_engine.training.families import families
from relate_engine.training.pairs import CLIP, COLUMNS, TRUE_VARIANCE, UNIT, Pairs, accuracy, make_pairs

ARRAYS, MANIFEST = "evaluator.safetensors", "manifest.json"
BUCKETS, GRAMS = 1 << 14, (2, 3, 4)
RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
UPDATE_RIDGE = 30.0  # a workspace has few pairs: they move the shipped weights little
FOLDS = 5


def grams(texts: Sequence[str]) -> Any:
    """(N, BUCKETS) csr: hashed character n-grams of each text, lower case, rows of unit length."""
    columns, values, starts = [], [], [0]
    for text in texts:
        padded = f" {' '.join(text.lower().split())} "
        found = [padded[i : i + n] for n in GRAMS for i in range(len(padded) - n + 1)]
        buckets = [int.from_bytes(hashlib.blake2b(g.encode(), digest_size=4).digest(), "big") for g in found]
        place, count = np.unique(np.array(buckets, np.int64) % BUCKETS, return_counts=True)
        weight = 1 + np.log(count)
        columns += place.tolist()
        values += (weight / max(1e-12, float(np.linalg.norm(weight)))).tolist()
        starts.append(len(columns))
    return sparse.csr_matrix((values, columns, starts), (len(texts), BUCKETS))


@dataclass(frozen=True)
class Evaluator:
    """Higher scores: more clicks, among texts for one brief and slot."""

    weights: np.ndarray  # (BUCKETS,)
    version: str = ""

    def score(self, texts: Sequence[str]) -> np.ndarray:
        """(N,) log-odds up to a constant."""
        result: np.ndarray = grams(texts) @ self.weights if len(texts) else np.zeros(0)
        return result

    @classmethod
    def load(cls, folder: Path) -> "Evaluator":
        """The evaluator in `folder`, checked; raises WeightsError with the remedy."""
        try:
            pinned = json.loads((folder / MANIFEST).read_text("utf-8"))["files"][ARRAYS]
            if sha256(folder / ARRAYS) != pinned:
                raise WeightsError(f"{ARRAYS} in {folder} is damaged; run `relate train evaluator`.")
            return cls(load_file(folder / ARRAYS)["weights"].astype(np.float64), f"evaluator-{pinned[:12]}")
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"There is no evaluator in {folder} ({error}); run `relate train evaluator`.") from error


def train_evaluator(pairs: Pairs, out: Path, command: str, data: dict[str, str]) -> dict[str, Any]:
    """Tunes the ridge by group cross-validation, fits on all pairs, writes weights, manifest and card to `out`."""
    features = grams(pairs.texts)
    found = []
    for ridge in RIDGES:
        score = np.zeros(len(pairs))
        for inside, held in GroupKFold(FOLDS, shuffle=True, random_state=0).split(pairs.a, groups=pairs.group):
            text = features @ _fit(features, pairs, inside, ridge)
            score[held] = text[pairs.a[held]] - text[pairs.b[held]]
        found.append((float(np.corrcoef(score, pairs.z)[0, 1]), ridge, score))
    r, ridge, score = max(found, key=lambda f: f[0])
    weights = _fit(features, pairs, np.arange(len(pairs)), ridge)
    out.mkdir(parents=True, exist_ok=True)
    save_file({"weights": np.ascontiguousarray(weights, np.float32)}, out / ARRAYS)
    held_out: Any = accuracy([score], pairs)
    digest = sha256(out / ARRAYS)
    manifest = {
        "kind": "evaluator",
        "command": command,
        "data": data | {"pairs": f"{len(pairs):,}", "groups": f"{len(np.unique(pairs.group)):,}"},
        "features": f"character {GRAMS[0]}- to {GRAMS[-1]}-grams, {BUCKETS:,} buckets",
        "ridge": ridge,
        "cross_validation": {"folds": FOLDS, "by": "group", "r": round(r, 4), "accuracy": held_out},
        "licence": "Apache-2.0",
        "files": {ARRAYS: digest},
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    metrics = []
    for level, row in held_out.items():
        if row["pairs"]:
            a, on = row["accuracy_0"], f"{row['pairs']:,} pairs, cross-validated by group"
            metrics.append(Metric(f"pair accuracy, {level}", a["value"], a["low"], a["high"], on))
    write_card(
        Card(
            "Second evaluator of clicks",
            f"evaluator-{digest[:12]}",
            "Ranks texts by character n-grams alone; used to judge policies, never to train one.",
            command,
            now(),
            manifest["data"],  # type: ignore[arg-type]
            tuple(metrics),
            (),
            (
                "It only ranks texts of one brief and slot; it predicts no rate, so there is no reliability diagram.",
                "Learned on news headlines: on short ads it is weak evidence.",
                "Accuracy is cross-validated on its own groups; the ridge was chosen on the same folds.",
            ),
            "imported",
        ),
        out,
    )
    return manifest


def update_evaluator(shipped: Evaluator, pairs: Pairs, out: Path, command: str) -> Evaluator:
    """The shipped evaluator taught by a workspace's own pairs: the ridge pulls towards its weights, not to zero."""
    features = grams(pairs.texts)
    weights = _fit(features, pairs, np.arange(len(pairs)), UPDATE_RIDGE, shipped.weights)
    out.mkdir(parents=True, exist_ok=True)
    save_file({"weights": np.ascontiguousarray(weights, np.float32)}, out / ARRAYS)
    told = {
        "kind": "evaluator",
        "command": command,
        "parent": shipped.version,
        "pairs": len(pairs),
        "ridge": UPDATE_RIDGE,
        "files": {ARRAYS: sha256(out / ARRAYS)},
    }
    (out / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return Evaluator.load(out)


def update_accuracy(shipped: Evaluator, pairs: Pairs) -> tuple[float, float, float]:
    """Share of the pairs that the update orders rightly when it has not seen their group, with its 95 % interval over
    groups: `update_evaluator` on four fifths of the groups, judged on the last, five times."""
    features = grams(pairs.texts)
    score = np.zeros(len(pairs))
    for inside, held in GroupKFold(FOLDS, shuffle=True, random_state=0).split(pairs.a, groups=pairs.group):
        text = features @ _fit(features, pairs, inside, UPDATE_RIDGE, shipped.weights)
        score[held] = text[pairs.a[held]] - text[pairs.b[held]]
    found: Any = accuracy([score], pairs)["all"]["accuracy_0"]
    return found["value"], found["low"], found["high"]


def pairs_of(observations: Sequence[Observation]) -> Pairs:
    """Pairs of texts inside the randomised groups. Groups that share a text are never split: they are one `group`."""
    rows = [o for o in observations if o.group and o.impressions]
    family = families(rows)
    number = {f: k for k, f in enumerate(dict.fromkeys(family))}
    table = [
        (o.group, number[f], o.text, o.group, o.impressions, o.clicks, False) for o, f in zip(rows, family, strict=True)
    ]
    return make_pairs(pd.DataFrame(table, columns=COLUMNS))


def _fit(features: Any, pairs: Pairs, rows: np.ndarray, ridge: float, start: np.ndarray | float = 0.0) -> np.ndarray:
    """Weights that stay near `start` where the pairs say nothing."""
    apart = features[pairs.a[rows]] - features[pairs.b[rows]]
    begin = np.zeros(BUCKETS) + start
    weight = 1 / (pairs.variance[rows] + TRUE_VARIANCE)
    model = Ridge(alpha=ridge, fit_intercept=False, solver="sparse_cg", tol=1e-4)
    target = (np.clip(pairs.difference[rows], -CLIP, CLIP) - apart @ begin) * UNIT
    model.fit(apart, target, sample_weight=weight / weight.mean())
    result: np.ndarray = begin + model.coef_ / UNIT
    return result
