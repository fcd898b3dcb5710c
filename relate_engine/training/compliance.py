"""Fits the compliance classifier (rewards/classifier.py) and its evaluator (evaluators/compliance.py).

Texts: `assets/compliance/*.jsonl`, labelled by hand, in sets of a violation and its near-miss clean twins, and the
examples of the rules.
`train_b` is split by a hash of its `set`: the even half is the classifier's, the odd half the evaluator's alone.
Stage 1 tunes the tower for one pass over shared public data (dark patterns, clickbait, offence), each with a
head of its own that is thrown away: their labels are about other kinds of text and only shape the features.
Stage 2 tunes tower and head on the ad texts, with texts of the corpus's train split as further clean ones.
Cross-validation by `set` gives out-of-fold logits; on them alone the combining curve is fitted, and the
threshold is the lowest with at most FALSE_CAUTIONS of the clean ad texts (nearly all of them near misses) cautioned
by rules and classifier together.
Leaves out: the held-out texts (training/compliance_report.py), which nothing here reads.
"""

import csv
import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from relate_engine.policy.weights import sha256
from relate_engine.rewards.classifier import (
    ARRAYS,
    CATEGORIES,
    LAYERS,
    LONGEST,
    MANIFEST,
    PLAIN,
    TUNED,
    Words,
    above,
    lower_layers,
    mean_state,
    run,
    violation,
)
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.ctrtower import MATRICES, Weights, merge
from relate_engine.rewards.encoder import DIMENSION, Encoder
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.scorecard import level_of
from relate_engine.training.corpus import Entry

Report = Callable[[str], None]
States = list[Tensor]  # of each text: (tokens, D) bfloat16, entering the tuned layers
FOLDS = 3
FALSE_CAUTIONS = 0.02
SURFACE_WEIGHT = 0.1  # of a surface count or a number of the mean state in sds, beside unit vectors
SHARED_WEIGHT = 0.05  # of a shared text in the word reader, beside an ad text
SHARED_ROWS = 600  # of each shared task
FIRST = LAYERS - TUNED
OF_RULES = {"URG": "dark_pattern", "CLB": "clickbait", "HLT": "health", "FIN": "finance", "PRC": "pricing",
            "PAT": "personal_attributes", "CLM": "unsubstantiated", "END": "endorsement"}  # fmt: skip
_NAMES = re.compile(r"@\w+|https?://\S+|&#?\w+;|\bRT\b")  # handles, links and marks of a tweet: nobody's name is kept
ORDINARY = {"headline_30": ("google_rsa", "headline"), "description_90": ("google_rsa", "description"),
            "primary_125": ("meta_feed", "primary_text"), "headline_60": ("generic", "headline")}  # fmt: skip


@dataclass(frozen=True)
class AdLine:
    """A labelled text. `category` of a clean one is what it nearly misses."""

    text: str
    slot: str
    placement: str
    label: str  # clean | violation
    category: str
    set: str
    file: str

    @property
    def violates(self) -> bool:
        return self.label == "violation"


@dataclass(frozen=True)
class TowerPlan:
    rank: int = 8
    scale: float = 2.0  # the update is scale · B A
    rate: float = 1e-3
    epochs: int = 4
    batch: int = 32
    dropout: float = 0.1
    decay: float = 0.01
    kinds: float = 0.3  # weight of the category loss beside clean-or-violation
    ordinary: int = 300  # clean corpus texts in each epoch


def read_lines(path: Path) -> list[AdLine]:
    """The labelled texts of one file. Raises ValueError naming file and line."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            ad = AdLine(row["text"], row["slot"], row["placement"], row["label"], row["category"],
                        row.get("set", ""), path.stem)  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
        if ad.label not in ("clean", "violation"):
            raise ValueError(f"{path.name}, line {number}: label is '{ad.label}'; use clean or violation.")
        found.append(ad)
    return found


def for_evaluator(line: AdLine) -> bool:
    """Whether a text is the evaluator's alone: train_b, where the first byte of sha256(set) is odd."""
    return line.file == "train_b" and hashlib.sha256(line.set.encode()).digest()[0] % 2 == 1


def split_lines(folder: Path) -> tuple[list[AdLine], list[AdLine]]:
    """The classifier's texts and the evaluator's, without a text that is in both or twice."""
    lines = [ad for path in sorted(folder.glob("train_*.jsonl")) for ad in read_lines(path)]
    known = {ad.text.lower(): ad for ad in reversed(lines)}
    unique = [ad for ad in lines if known[ad.text.lower()] is ad and (ad.category in CATEGORIES or not ad.violates)]
    if not unique:
        raise ValueError(f"No labelled texts in {folder}: expected files named train_*.jsonl.")
    return [ad for ad in unique if not for_evaluator(ad)], [ad for ad in unique if for_evaluator(ad)]


def rule_lines(rules: RuleSet) -> list[AdLine]:
    """The rules' own examples: their violating texts, and their clean ones that no rule objects to."""
    found = []
    for rule in rules.rules:
        category = OF_RULES.get(rule.id[:3])
        if category and "text" in rule.subjects and rule.pattern is not None:
            place = sorted(rule.placements)[0] if rule.placements else "google_rsa"
            slot = "primary_text" if place == "meta_feed" else "description"
            for text, label in [*((t, "violation") for t in rule.violating), *((t, "clean") for t in rule.clean)]:
                found.append(AdLine(text, slot, place, label, category, f"rule-{rule.id}", "rules"))
    levels = rule_levels(rules, found)
    return [ad for ad, level in zip(found, levels, strict=True) if ad.violates or level == "clear"]


def read_shared(data: Path, rows: int, seed: int) -> list[list[tuple[str, bool]]]:
    """Dark patterns, clickbait and offence: `rows` texts of each task, half of them positive."""
    tasks: list[list[tuple[str, bool]]] = [[], [], []]
    wanted = [data / "ec_darkpattern" / "dataset.tsv", data / "stop_clickbait" / "stop_clickbait.csv",
              data / "hate_offensive" / "labeled_data.csv"]  # fmt: skip
    for path in wanted:
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}; --data names the folder that holds {path.parent.name}/.")
    with wanted[0].open(encoding="utf-8", newline="") as file:
        tasks[0] = [(r["text"], r["label"] == "1") for r in csv.DictReader(file, delimiter="\t")]
    with wanted[1].open(encoding="utf-8", newline="") as file:
        tasks[1] = [(r["headline"], r["clickbait"] == "1") for r in csv.DictReader(file)]
    with wanted[2].open(encoding="utf-8", newline="") as file:
        tasks[2] = [(_NAMES.sub(" ", r["tweet"]).strip(), r["class"] != "2") for r in csv.DictReader(file)]
    draw = np.random.default_rng(seed)
    return [
        [group[k] for group in ([t for t in task if t[1]], [t for t in task if not t[1]])
         for k in draw.permutation(len(group))[: rows // 2]]
        for task in tasks
    ]  # fmt: skip


def read_profanity(data: Path) -> list[str]:
    """Strong English swear words and slurs of the shared list, one or two words each."""
    path = data / "profanity_lists" / "profanity_en.csv"
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}; --data names the folder that holds {path.parent.name}/.")
    with path.open(encoding="utf-8", newline="") as file:
        return [r["text"] for r in csv.DictReader(file) if float(r["severity_rating"]) >= 2]


# ---- the tower ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fitted:
    """A tuned tower: its update (scale folded in) and its head."""

    tuned: dict[str, Tensor]
    weight: Tensor  # (1 + categories, D)
    bias: Tensor


@torch.inference_mode()
def lower_states(encoder: Encoder, texts: Sequence[str], batch: int = 64) -> States:
    """What the layers below the tuned ones say about each text; they stay as published, so it is read once."""
    found: States = [torch.empty(0)] * len(texts)
    model, order = encoder.model, sorted(range(len(texts)), key=lambda k: len(texts[k]))
    layers = lower_layers(model)[:FIRST]
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        inputs = encoder.tokenizer([texts[k] for k in part], padding=True, truncation=True, max_length=LONGEST,
                                   return_tensors="pt")  # fmt: skip
        hidden, mask = run(model, inputs, layers)
        for k, row, kept in zip(part, hidden, mask, strict=True):
            found[k] = row[: int(kept.sum())].to(torch.bfloat16)
    return found


def _start(layers: Sequence[Weights], plan: TowerPlan) -> dict[str, Tensor]:
    tuned = {}
    for k, layer in enumerate(layers):
        for name in MATRICES:
            size, width = layer[f"{name}.weight"].shape
            tuned[f"{k}.{name}.A"] = torch.randn(plan.rank, width) / math.sqrt(width)
            tuned[f"{k}.{name}.B"] = torch.zeros(size, plan.rank)
    return tuned


def _scaled(tuned: Weights, scale: float) -> dict[str, Tensor]:
    return {k: t * scale if k.endswith(".B") else t for k, t in tuned.items()}


def _means(encoder: Encoder, states: States, rows: Sequence[int], layers: Sequence[Weights], drop: float) -> Tensor:
    """(N, D) means of the tuned layers' output over tokens."""
    parts = [states[k] for k in rows]
    hidden = nn.utils.rnn.pad_sequence(parts, batch_first=True).float()
    mask = torch.arange(hidden.shape[1])[None] < torch.tensor([len(p) for p in parts])[:, None]
    with torch.autocast("cpu", torch.bfloat16):
        hidden = above(encoder.model, hidden, mask, layers, drop)
    return mean_state(hidden.float(), mask)


def _batches(rows: np.ndarray, states: States, size: int, draw: np.random.Generator) -> list[np.ndarray]:
    """Random batches of texts of like length."""
    rows = draw.permutation(rows)
    chunks = [rows[k : k + 8 * size] for k in range(0, len(rows), 8 * size)]
    found = [
        part
        for chunk in chunks
        for part in np.array_split(
            np.array(sorted(chunk, key=lambda k: len(states[k]))), max(1, round(len(chunk) / size))
        )
    ]
    return [found[k] for k in draw.permutation(len(found))]


def _tune(
    encoder: Encoder, states: States, tuned: dict[str, Tensor], head: nn.Linear, plan: TowerPlan,
    epochs: Sequence[np.ndarray], loss_of: Callable[[Tensor, np.ndarray], Tensor], draw: np.random.Generator,
) -> float:  # fmt: skip
    """Steps over the rows of each epoch, in place; returns the last epoch's mean loss."""
    layers = lower_layers(encoder.model)[FIRST:]
    pace = {"lr": plan.rate}
    optimiser = torch.optim.AdamW(
        [{"params": list(tuned.values()), **pace}, {"params": list(head.parameters()), "lr": 3 * plan.rate}],
        weight_decay=plan.decay,
    )
    steps = [(e, b) for e, rows in enumerate(epochs) for b in _batches(rows, states, plan.batch, draw)]
    losses = []
    for done, (epoch, batch) in enumerate(steps):
        share = min(1.0, (done + 1) / (0.1 * len(steps))) * (1 - done / len(steps))
        for group, rate in zip(optimiser.param_groups, (plan.rate, 3 * plan.rate), strict=True):
            group["lr"] = rate * share
        means = _means(encoder, states, batch.tolist(), merge(layers, _scaled(tuned, plan.scale)), plan.dropout)
        loss = loss_of(head(nn.functional.dropout(means, plan.dropout)), batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(list(tuned.values()), 1.0)
        optimiser.step()
        if epoch == len(epochs) - 1:
            losses.append(loss.item())
    return sum(losses) / max(1, len(losses))


def shared_stage(
    encoder: Encoder, states: States, shared: np.ndarray, task: np.ndarray, positive: np.ndarray,
    plan: TowerPlan, seed: int,
) -> dict[str, Tensor]:  # fmt: skip
    """Stage 1: the update after one pass over the shared texts, whose heads are thrown away."""
    torch.manual_seed(seed)
    tuned = {k: t.requires_grad_() for k, t in _start(lower_layers(encoder.model)[FIRST:], plan).items()}
    head, target = nn.Linear(DIMENSION, 3), torch.tensor(positive, dtype=torch.float32)

    def loss(logits: Tensor, rows: np.ndarray) -> Tensor:
        own = logits[torch.arange(len(rows)), torch.tensor(task[rows])]
        return binary_cross_entropy_with_logits(own, target[rows])

    _tune(encoder, states, tuned, head, plan, [shared], loss, np.random.default_rng(seed))
    return {k: t.detach() for k, t in tuned.items()}


def fit_tower(
    encoder: Encoder, states: States, start: Weights, rows: np.ndarray, ordinary: np.ndarray, kind: np.ndarray,
    plan: TowerPlan, seed: int,
) -> Fitted:  # fmt: skip
    """Stage 2 on the ad texts `rows` and, in each epoch, other texts of `ordinary`; `kind` 0 is clean."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    tuned = {k: t.clone().requires_grad_() for k, t in start.items()}
    head, target = nn.Linear(DIMENSION, 1 + len(CATEGORIES)), torch.tensor(kind)

    def loss(logits: Tensor, batch: np.ndarray) -> Tensor:
        own = target[batch]
        any_kind = torch.logsumexp(logits[:, 1:], 1) - logits[:, 0]
        two = binary_cross_entropy_with_logits(any_kind, (own > 0).float())
        return two + plan.kinds * cross_entropy(logits, own)

    epochs = [np.r_[rows, draw.permutation(ordinary)[: plan.ordinary]] for _ in range(plan.epochs)]
    _tune(encoder, states, tuned, head, plan, epochs, loss, draw)
    done = {k: t.detach() for k, t in _scaled(tuned, plan.scale).items()}
    return Fitted(done, head.weight.detach(), head.bias.detach())


@torch.inference_mode()
def read_tower(encoder: Encoder, states: States, fitted: Fitted, rows: np.ndarray) -> np.ndarray:
    """(N, 1 + categories) logits of the texts `rows`, in order."""
    layers = merge(lower_layers(encoder.model)[FIRST:], fitted.tuned)
    found = np.zeros((len(rows), len(fitted.bias)))
    order = sorted(range(len(rows)), key=lambda k: len(states[rows[k]]))
    for k in range(0, len(order), 64):
        part = order[k : k + 64]
        means = _means(encoder, states, [int(rows[i]) for i in part], layers, 0.0)
        found[part] = (means @ fitted.weight.T + fitted.bias).numpy()
    return found


# ---- the word reader ------------------------------------------------------------------------------------------------


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


def bench(lines: list[AdLine], corpus: Sequence[Entry], data: Path, seed: int, corpus_rows: int = 800) -> Bench:
    draw = np.random.default_rng(seed)
    plain = [t.text for e in corpus if e.split == "train" for t in e.texts]
    chosen = [plain[k] for k in draw.permutation(len(plain))[: 2 * corpus_rows]]
    shared = [(t, p, k) for k, task in enumerate(read_shared(data, SHARED_ROWS, seed)) for t, p in task]
    shared += [(w, True, 2) for w in read_profanity(data)[:300]]
    n, m = len(lines), len(lines) + len(chosen)
    return Bench(
        lines,
        np.arange(n, n + len(chosen) // 2),
        np.arange(n + len(chosen) // 2, m),
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


def rule_levels(rules: RuleSet, lines: Sequence[AdLine]) -> list[str]:
    """Level of each text by the rules alone, in the US, without a brief."""
    return [level_of(check_text(rules, ad.text, ad.placement, ad.slot, ["us"], None)[0]) for ad in lines]


def choose_threshold(p: np.ndarray, flagged: np.ndarray) -> float:
    """The lowest P at which at most FALSE_CAUTIONS of clean texts are cautioned by classifier or rules; `p` and
    `flagged` (by the rules) are of clean texts, out of fold."""
    for threshold in np.arange(0.05, 1.0, 0.005):
        if float(((p >= threshold) | flagged).mean()) <= FALSE_CAUTIONS:
            return round(float(threshold), 3)
    raise ValueError(f"The rules alone caution more than {FALSE_CAUTIONS:.0%} of the clean training texts; mend them.")


def _expit(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-x))
    return result


def train_compliance(
    encoder: Encoder, rules: RuleSet, folder: Path, corpus: Sequence[Entry], data: Path, out: Path, seed: int = 0,
    report: Report = print, plan: TowerPlan | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fits the classifier by the steps in the docstring above and writes it to `out`; returns its manifest."""
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
    kinds, check = np.zeros(len(lines), int), np.zeros((FOLDS, 2, len(b.check)))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(rows, groups=[ad.set for ad in lines])
    for number, (inside, outside) in enumerate(folds):
        fitted = fit_tower(encoder, states, start, inside, b.ordinary, b.kind, plan, seed)
        logits = read_tower(encoder, states, fitted, outside)
        tower[outside], kinds[outside] = violation(logits), 1 + logits[:, 1:].argmax(1)
        reader = _word_reader(b, means, inside)
        words[outside] = reader.logits([b.texts[k] for k in outside], means[outside])
        check[number, 0] = violation(read_tower(encoder, states, fitted, b.check))
        check[number, 1] = reader.logits([b.texts[k] for k in b.check], means[b.check])
        one, two = (auc(score[outside], b.violates[outside]) for score in (tower, words))
        report(f"fold {number + 1} of {FOLDS}: AUC of the tower {one:.3f}, of the words {two:.3f}")
    truth = b.violates[: len(lines)]
    curve = LogisticRegression(C=100.0).fit(np.c_[tower, words], truth)
    a, w, c = (*map(float, curve.coef_[0]), float(curve.intercept_[0]))
    p = _expit(a * tower + w * words + c)
    p_check = _expit(a * check[:, 0] + w * check[:, 1] + c)
    flagged = np.array([level != "clear" for level in rule_levels(rules, lines)])
    own = np.array([ad.file != "rules" for ad in lines])  # the rules know their own examples: not for counting
    threshold = choose_threshold(p[~truth & own], flagged[~truth & own])

    fitted = fit_tower(encoder, states, start, rows, b.ordinary, b.kind, plan, seed)
    reader = _word_reader(b, means, rows)
    arrays = {name: t.numpy().astype(np.float16) for name, t in fitted.tuned.items()} | {
        "weight": fitted.weight.numpy(), "bias": fitted.bias.numpy(), "terms": reader.terms,
        "surface": reader.surface, "state": reader.state, "idf": reader.vocabulary.idf,
    }  # fmt: skip
    plain = {"vocabulary": list(reader.vocabulary.index), "documents": reader.vocabulary.documents,
             "words_offset": reader.offset, "curve": [a, w, c], "threshold": threshold}  # fmt: skip
    caution = p >= threshold
    return write(
        out, ARRAYS, PLAIN, arrays, plain,
        {
            "kind": "compliance classifier",
            "command": f"relate train compliance --data DIR --seed {seed}",
            "seed": seed,
            "data": _described(folder, data, lines, b),
            "encoder": {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0",
                        "sha256": sha256(Path(encoder.tokenizer.name_or_path) / "model.safetensors")},
            "rules": rules.version,
            "plan": asdict(plan) | {"layers": LAYERS, "tuned": TUNED},
            "curve": {"tower": round(a, 4), "words": round(w, 4), "offset": round(c, 4)},
            "threshold": threshold,
            "cross_validation": {
                "folds": FOLDS, "by": "set",
                "auc": {"tower": auc(tower, truth), "words": auc(words, truth), "both": auc(p, truth)},
                "auc_by_author": {
                    name: auc(p[[ad.file == name for ad in lines]], truth[[ad.file == name for ad in lines]])
                    for name in sorted({ad.file for ad in lines})
                },
                "calibration": calibration(p, truth),
                "ordinary_cautioned": round(float((p_check >= threshold).mean()), 4),
                "clean_cautioned": {"rules": _mean(flagged[~truth & own]), "classifier": _mean(caution[~truth & own]),
                                    "together": _mean((flagged | caution)[~truth & own])},
                "recall": {"rules": _mean(flagged[truth & own]), "classifier": _mean(caution[truth & own]),
                           "together": _mean((flagged | caution)[truth & own])},
                "recall_by_category": {
                    name: _mean((flagged | caution)[truth & own & (b.kind[: len(lines)] == k)])
                    for k, name in enumerate(CATEGORIES, 1)
                },
                "right_category": _mean((kinds == b.kind[: len(lines)])[truth & caution]),
            },
        },
    )  # fmt: skip


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
