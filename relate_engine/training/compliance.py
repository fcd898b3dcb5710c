"""Fits the compliance classifier (rewards/classifier.py) and its evaluator (evaluators/compliance.py).

Texts: `assets/compliance/*.jsonl`, labelled by hand, in sets of a violation and its near-miss clean twins, and the
examples of the rules.
Cross-validation by `set` gives out-of-fold logits; on them alone the combining curve is fitted. `doubt` (hints.py) is
the highest P under which rules' hints may be lowered with at most LOST of the violations lost, and the threshold the
lowest with at most FALSE_CAUTIONS of the clean ad texts (nearly all of them near misses) cautioned by rules and
classifier together, both on the GUIDED files (compliancetexts.py), and at most ORDINARY_CAUTIONED of other clean texts
of the corpus, by the final classifier.
Leaves out: reading texts (compliancetexts.py), the tower (compliancetower.py), and the held-out texts
(compliance_report.py), which nothing here reads.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from relate_engine.policy.weights import sha256
from relate_engine.rewards.classifier import (
    ARRAYS,
    CATEGORIES,
    FIRST,
    MANIFEST,
    PLAIN,
    Words,
    violation,
)
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.training.card import auc_interval
from relate_engine.training.compliancetexts import (
    GUIDED,
    AdLine,
    read_profanity,
    read_shared,
    rule_levels,
    rule_lines,
    split_lines,
)
from relate_engine.training.compliancetower import TowerPlan, fit_tower, lower_states, read_tower, shared_stage
from relate_engine.training.corpus import Entry
from relate_engine.training.headcards import write_head_card

Report = Callable[[str], None]
FOLDS = 3
FALSE_CAUTIONS = 0.03
LOST = 0.003
ORDINARY_CAUTIONED = 0.01
ORDINARY_ROWS, CHECK_ROWS = 4000, 1500  # clean corpus texts that are trained on and that are not
SURFACE_WEIGHT = 0.1  # of a surface count or a number of the mean state in sds, beside unit vectors
SHARED_WEIGHT = 0.05  # of a shared text in the word reader, beside an ad text
SHARED_ROWS = 600  # of each shared task
ORDINARY = {"headline_30": ("google_rsa", "headline"), "description_90": ("google_rsa", "description"),
            "primary_125": ("meta_feed", "primary_text"), "headline_60": ("generic", "headline")}  # fmt: skip


def fit_words(
    texts: Sequence[str], states: np.ndarray, violates: np.ndarray, weight: np.ndarray, c: float = 3.0
) -> Words:
    """Logistic regression on TF-IDF, surface counts and mean states (N, D); scaling is folded into the weights."""
    vocabulary = Vocabulary.fit(texts)
    found = [vocabulary.row(t) for t in texts]
    columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    starts = np.cumsum([0, *(len(k) for k, _ in found)])
    counts = sparse.csr_matrix((values, columns.astype(int), starts), (len(found), len(vocabulary.idf)))
    plain = np.hstack([surface(texts), states])
    mean, sd = plain.mean(0), plain.std(0) + 1e-6
    dense = sparse.csr_matrix(SURFACE_WEIGHT * (plain - mean) / sd)
    model = LogisticRegression(C=c, max_iter=3000)
    model.fit(sparse.hstack([counts, dense]).tocsr(), violates, sample_weight=weight)
    size, split = len(vocabulary.idf), plain.shape[1] - states.shape[1]
    per_number = model.coef_[0, size:] * SURFACE_WEIGHT / sd
    offset = float(model.intercept_[0] - mean @ per_number)
    terms, numbers = model.coef_[0, :size].astype(np.float32), per_number.astype(np.float32)
    return Words(vocabulary, terms, numbers[:split], numbers[split:], offset)


# ---- everything -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """All texts of a fit: ad lines first, then ordinary corpus lines (train, then check), then shared ones."""

    lines: list[AdLine]
    ordinary: np.ndarray  # rows of clean corpus texts that are trained on
    check: np.ndarray  # rows of other clean corpus texts of the train split, to see how many are cautioned
    shared: np.ndarray
    texts: list[str]
    kind: np.ndarray  # 0 clean, 1… category
    violates: np.ndarray
    task: np.ndarray  # of a shared text, its task


def bench(lines: list[AdLine], corpus: Sequence[Entry], data: Path, seed: int) -> Bench:
    draw = np.random.default_rng(seed)
    plain = [t.text for e in corpus if e.split == "train" for t in e.texts]
    chosen = [plain[k] for k in draw.permutation(len(plain))[: ORDINARY_ROWS + CHECK_ROWS]]
    shared = [(t, p, k) for k, task in enumerate(read_shared(data, SHARED_ROWS, seed)) for t, p in task]
    shared += [(w, True, 2) for w in read_profanity(data)[:300]]
    n, m = len(lines), len(lines) + len(chosen)
    held = min(CHECK_ROWS, len(chosen) // 3)
    return Bench(
        lines,
        np.arange(n, m - held),
        np.arange(m - held, m),
        np.arange(m, m + len(shared)),
        [ad.text for ad in lines] + chosen + [t for t, _, _ in shared],
        np.array(
            [1 + CATEGORIES.index(ad.category) if ad.violates else 0 for ad in lines]
            + [0] * (len(chosen) + len(shared))
        ),
        np.array([ad.violates for ad in lines] + [False] * len(chosen) + [p for _, p, _ in shared]),
        np.array([0] * m + [k for _, _, k in shared]),
    )


def _word_reader(b: Bench, means: np.ndarray, rows: np.ndarray) -> Words:
    used = np.r_[rows, b.ordinary, b.shared]
    weight = np.where(used >= b.shared[0], SHARED_WEIGHT, np.where(used >= len(b.lines), 0.5, 1.0))
    return fit_words([b.texts[k] for k in used], means[used], b.violates[used], weight)


def choose_threshold(p: np.ndarray, flagged: np.ndarray, ordinary: np.ndarray) -> float:
    """The lowest P at which at most FALSE_CAUTIONS of clean texts are cautioned by classifier or rules, and at most
    ORDINARY_CAUTIONED of ordinary ones by the classifier; `p` and `flagged` (by the rules) are of clean texts, out of
    fold, `ordinary` is P of ordinary texts."""
    for threshold in np.arange(0.05, 1.0, 0.005):
        few = float((ordinary >= threshold).mean()) <= ORDINARY_CAUTIONED
        if few and float(((p >= threshold) | flagged).mean()) <= FALSE_CAUTIONS:
            return round(float(threshold), 3)
    if float(flagged.mean()) > FALSE_CAUTIONS:
        raise ValueError(
            f"The rules alone caution more than {FALSE_CAUTIONS:.0%} of the clean training texts; mend them."
        )
    raise ValueError(
        f"No threshold leaves under {ORDINARY_CAUTIONED:.0%} of ordinary texts cautioned; train on more of them."
    )


def choose_doubt(p: np.ndarray, hinted: np.ndarray) -> float:
    """The highest P under which at most LOST of the violations are a mere hint; `p` and `hinted` (cautioned by rules
    that are hints, and by nothing else) are of violations, out of fold."""
    return max(float(d) for d in np.arange(0.0, 0.5, 0.01).round(2) if float((hinted & (p < d)).mean()) <= LOST)


def _expit(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-x))
    return result


def train_compliance(
    encoder: Encoder, rules: RuleSet, folder: Path, corpus: Sequence[Entry], data: Path, out: Path, seed: int = 0,
    report: Report = print, plan: TowerPlan | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fits the classifier by the steps in the docstring above and writes it with its card to `out`; returns its
    manifest."""
    plan = plan or TowerPlan()
    lines, evaluators = split_lines(folder)
    known = {ad.text.lower() for ad in [*lines, *evaluators]}
    lines += [ad for ad in rule_lines(rules) if ad.text.lower() not in known]
    b = bench(lines, corpus, data, seed)
    report(f"{len(lines)} ad texts, {int(b.violates[: len(lines)].sum())} of them violations; reading lower layers")
    states = lower_states(encoder, b.texts)
    means = np.stack([s.float().mean(0).numpy() for s in states])
    start = shared_stage(encoder, states, b.shared, b.task, b.violates, replace(plan, epochs=1), seed)
    report("stage 1 done")
    rows = np.arange(len(lines))
    tower, words = np.zeros(len(lines)), np.zeros(len(lines))
    kinds = np.zeros(len(lines), int)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(rows, groups=[ad.set for ad in lines])
    for number, (inside, outside) in enumerate(folds):
        fitted = fit_tower(encoder, states, start, inside, b.ordinary, b.kind, plan, seed)
        logits = read_tower(encoder, states, fitted, outside)
        tower[outside], kinds[outside] = violation(logits), 1 + logits[:, 1:].argmax(1)
        reader = _word_reader(b, means, inside)
        words[outside] = reader.logits([b.texts[k] for k in outside], means[outside] @ reader.state)
        one, two = (auc(score[outside], b.violates[outside]) for score in (tower, words))
        report(f"fold {number + 1} of {FOLDS}: AUC of the tower {one:.3f}, of the words {two:.3f}")
    truth = b.violates[: len(lines)]
    curve = LogisticRegression(C=100.0).fit(np.c_[tower, words], truth)
    a, w, c = (*map(float, curve.coef_[0]), float(curve.intercept_[0]))
    p = _expit(a * tower + w * words + c)
    alone = np.array([level != "clear" for level in rule_levels(rules, lines)])
    hinted = alone & np.array([level == "clear" for level in rule_levels(rules, lines, [0.0] * len(lines), 1.0)])
    own = np.array([ad.file in GUIDED for ad in lines])
    if not (truth & own).any() or not (~truth & own).any():
        raise ValueError(f"{folder} holds no clean or no violating text of {', '.join(sorted(GUIDED))}.")
    doubt = choose_doubt(p[truth & own], hinted[truth & own])
    flagged = alone & ~(hinted & (p < doubt))

    fitted = fit_tower(encoder, states, start, rows, b.ordinary, b.kind, plan, seed)
    reader = _word_reader(b, means, rows)
    upper = violation(read_tower(encoder, states, fitted, b.check))
    lower = reader.logits([b.texts[k] for k in b.check], means[b.check] @ reader.state)
    p_check = _expit(a * upper + w * lower + c)
    threshold = choose_threshold(p[~truth & own], flagged[~truth & own], p_check)
    arrays = {name: t.numpy().astype(np.float16) for name, t in fitted.tuned.items()} | {
        "weight": fitted.weight.numpy(), "bias": fitted.bias.numpy(), "terms": reader.terms,
        "surface": reader.surface, "state": reader.state, "idf": reader.vocabulary.idf,
    }  # fmt: skip
    plain = {"vocabulary": list(reader.vocabulary.index), "documents": reader.vocabulary.documents,
             "words_offset": reader.offset, "curve": [a, w, c], "threshold": threshold, "doubt": doubt}  # fmt: skip
    caution = p >= threshold
    manifest = write(
        out, ARRAYS, PLAIN, arrays, plain,
        {
            "kind": "compliance classifier",
            "command": f"relate train compliance --data DIR --seed {seed}",
            "seed": seed,
            "data": _described(folder, data, lines, b),
            "encoder": {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0",
                        "sha256": sha256(Path(encoder.tokenizer.name_or_path) / "model.safetensors")},
            "rules": rules.version,
            "plan": asdict(plan) | {"tuned_from_layer": FIRST},
            "curve": {"tower": round(a, 4), "words": round(w, 4), "offset": round(c, 4)},
            "threshold": threshold,
            "doubt": doubt,
            "cross_validation": {
                "folds": FOLDS, "by": "set", "counted_on": sorted({ad.file for ad in lines} & GUIDED),
                "auc": {"tower": auc(tower, truth), "words": auc(words, truth), "both": auc(p, truth)},
                "auc_interval": auc_interval(p, truth, [ad.set for ad in lines]),
                "auc_by_author": {
                    name: auc(p[[ad.file == name for ad in lines]], truth[[ad.file == name for ad in lines]])
                    for name in sorted({ad.file for ad in lines if ad.violates})  # one file holds clean texts only
                },
                "calibration": calibration(p, truth),
                "ordinary_cautioned": round(float((p_check >= threshold).mean()), 4),
                "clean_cautioned": {"rules": _mean(alone[~truth & own]), "rules_weighed": _mean(flagged[~truth & own]),
                                    "classifier": _mean(caution[~truth & own]),
                                    "together": _mean((flagged | caution)[~truth & own])},
                "recall": {"rules": _mean(alone[truth & own]), "rules_weighed": _mean(flagged[truth & own]),
                           "classifier": _mean(caution[truth & own]),
                           "together": _mean((flagged | caution)[truth & own])},
                "recall_by_category": {
                    name: _mean((flagged | caution)[truth & own & (b.kind[: len(lines)] == k)])
                    for k, name in enumerate(CATEGORIES, 1)
                },
                "right_category": _mean((kinds == b.kind[: len(lines)])[truth & caution]),
            },
        },
    )  # fmt: skip
    write_head_card("compliance", out)
    return manifest


def write(
    out: Path, arrays_name: str, plain_name: str, arrays: dict[str, np.ndarray], plain: dict[str, Any],
    manifest: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Writes arrays, plain values and the manifest that pins them; returns the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, out / arrays_name)
    (out / plain_name).write_text(json.dumps(plain, ensure_ascii=False) + "\n", "utf-8")
    manifest |= {"licence": "Apache-2.0", "files": {name: sha256(out / name) for name in (arrays_name, plain_name)}}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def _described(folder: Path, data: Path, lines: Sequence[AdLine], b: Bench) -> dict[str, Any]:
    return {
        "ad_texts": {path.name: sha256(path) for path in sorted(folder.glob("train_*.jsonl"))},
        "split": "train_b by the first byte of sha256(set): even here, odd the evaluator's alone",
        "used": {"texts": len(lines), "violations": int(b.violates[: len(lines)].sum()),
                 "ordinary": len(b.ordinary), "ordinary_check": len(b.check), "shared": len(b.shared)},
        "ordinary_sha256": hashlib.sha256("\n".join(b.texts[k] for k in (*b.ordinary, *b.check)).encode()).hexdigest(),
        "shared": {
            "ec_darkpattern": "Yada et al. 2022 from Mathur et al. 2019, Apache-2.0",
            "stop_clickbait": "Chakraborty et al. 2016, MIT",
            "hate_offensive": "Davidson et al. 2017, MIT",
            "profanity_lists": "surge-ai/profanity, MIT",
        },
    }  # fmt: skip


def _mean(values: np.ndarray) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """The area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return round(float(roc_auc_score(truth, score)), 4)


def calibration(p: np.ndarray, truth: np.ndarray, bins: int = 5) -> dict[str, Any]:
    """Mean P and observed share by equal-width bin of P, and the expected calibration error."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    rows = [(int(k), p[which == k], truth[which == k]) for k in range(bins) if (which == k).any()]
    error = sum(len(q) * abs(float(q.mean()) - float(t.mean())) for _, q, t in rows) / len(p)
    return {"expected_error": round(error, 4),
            "bins": [{"texts": len(q), "said": _mean(q), "true": _mean(t)} for _, q, t in rows]}  # fmt: skip
