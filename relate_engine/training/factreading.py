"""Fits the fact reader (rewards/factreader.py): which words of a text its brief does not support.

Stage 1 shapes the update on the corpus: its texts as they are, the same with one word or number put in from another
brief of the vertical, and whole texts of such briefs. Stage 2 fits it on pairs written for this one by one
(assets/facts: true texts in other words, and texts with one unsupported fact, its words marked), and on drafts that an
editor passed, as further true texts. A fifth of the corpus briefs is kept from both stages: on its written pairs alone
the curve that joins reader and patterns is fitted, and the threshold chosen where misses and false alarms, which have
the same aim, add up to least. The patterns were mended on `earlier_*`, so those fit no curve.
    loss = BCE(z, wrong) + mean over marked texts of BCE(t, token is unsupported), unsupported tokens twice
Leaves out: the held-out pairs (factcheck.py), which nothing here reads.
"""

import hashlib
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from relate_engine.policy.weights import sha256
from relate_engine.rewards.correctness import correctness
from relate_engine.rewards.ctrtower import MATRICES, Before, Weights, merge, upper_weights
from relate_engine.rewards.encoder import DIMENSION, Encoder
from relate_engine.rewards.factreader import (
    ARRAYS,
    BRIEF_TOKENS,
    FACTS,
    PLAIN,
    Head,
    Tokens,
    keep_brief,
    padded,
    read_after,
    tokens_of,
    told,
    word_stems,
)
from relate_engine.training.card import auc_interval
from relate_engine.training.compliance import auc, calibration, write
from relate_engine.training.corpus import Entry
from relate_engine.training.factpairs import Pair, corrupted, read_pairs
from relate_engine.training.headcards import write_head_card

Report = Callable[[str], None]
KEPT = 5  # one written brief in so many fits the curve and trains nothing


@dataclass(frozen=True)
class FactPlan:
    rank: int = 32
    scale: float = 2.0  # the update is scale · B A
    shaping_rate: float = 5e-4
    rate: float = 7e-4
    epochs: int = 5  # of stage 2; stage 1 is one pass
    briefs: int = 4  # of a step
    texts: int = 12  # of a brief in a step
    corpus_texts: int = 8  # of each corpus brief in stage 1
    drafts: int = 1000  # passed drafts in stage 2
    dropout: float = 0.1
    decay: float = 0.01


@dataclass(frozen=True)
class _Row:
    pair: Pair
    brief: list[int]  # its tokens
    tokens: Tokens

    def targets(self) -> Tensor | None:
        """1 for each token of the unsupported words; None where these are not told."""
        if self.pair.wrong and not self.pair.span:
            return None
        a, b = self.pair.span or (0, 0)
        return torch.tensor([float(x < b and y > a and y > x) for x, y in self.tokens.spans])


def _rows(encoder: Encoder, pairs: Sequence[Pair]) -> list[_Row]:
    known: dict[str, tuple[list[int], frozenset[str]]] = {}
    found = []
    for p in pairs:
        if p.name not in known:
            said = told(p.brief)
            ids = encoder.tokenizer(said, truncation=True, max_length=BRIEF_TOKENS)["input_ids"]
            known[p.name] = ids, word_stems(said)
        ids, stems = known[p.name]
        found.append(_Row(p, ids, tokens_of(encoder.tokenizer, p.text, stems)))
    return found


def _steps(rows: Sequence[_Row], plan: FactPlan, draw: random.Random) -> Iterator[list[_Row]]:
    """One pass: `plan.briefs` briefs a step, up to `plan.texts` of each."""
    by_brief = defaultdict(list)
    for row in draw.sample(list(rows), len(rows)):
        by_brief[row.pair.name].append(row)
    parts = [r[k : k + plan.texts] for r in by_brief.values() for k in range(0, len(r), plan.texts)]
    draw.shuffle(parts)
    for k in range(0, len(parts), plan.briefs):
        yield [row for part in parts[k : k + plan.briefs] for row in part]


def _read(
    encoder: Encoder, layers: Sequence[Weights], head: Head, rows: Sequence[_Row], drop: float = 0.0
) -> tuple[Tensor, Tensor]:
    """z (N,) and t (N, T) of the rows; each brief is read once."""
    place: dict[str, int] = {}
    which = torch.tensor([place.setdefault(r.pair.name, len(place)) for r in rows])
    ids, mask = padded([next(r.brief for r in rows if r.pair.name == name) for name in place])
    held = keep_brief(encoder.model, layers, ids, mask, drop)
    before = [Before(*(x[which] for x in layer)) for layer in held]
    z, t, _ = read_after(encoder.model, layers, head, before, [r.tokens for r in rows], drop)
    return z, t


def loss_of(z: Tensor, t: Tensor, rows: Sequence[_Row]) -> Tensor:
    """The loss of this file's docstring; the marks around a text count as no tokens."""
    loss = cross_entropy(z, torch.tensor([float(r.pair.wrong) for r in rows]))
    twice, marked = torch.tensor(2.0), []
    for said, row in zip(t, rows, strict=True):
        target = row.targets()
        if target is not None and len(target) > 2:
            marked.append(cross_entropy(said[1 : len(target) - 1], target[1:-1], pos_weight=twice))
    return loss + torch.stack(marked).mean() if marked else loss


class _Tuned:
    """What is trained: the layers' update and the head."""

    def __init__(self, encoder: Encoder, plan: FactPlan) -> None:
        self.base, self.scale = upper_weights(encoder.model, 0), plan.scale
        self.update: dict[str, Tensor] = {}
        for k, layer in enumerate(self.base):
            for name in MATRICES:
                size, width = layer[f"{name}.weight"].shape
                self.update[f"{k}.{name}.A"] = (torch.randn(plan.rank, width) / math.sqrt(width)).requires_grad_()
                self.update[f"{k}.{name}.B"] = torch.zeros(size, plan.rank).requires_grad_()
        start = torch.randn(2, DIMENSION + 1) / math.sqrt(DIMENSION)
        start[:, -1] = 0.0
        self.head = Head(
            torch.zeros(2, DIMENSION).requires_grad_(), start[0].clone().requires_grad_(),
            start[1].clone().requires_grad_(), torch.tensor(0.5).requires_grad_(),
        )  # fmt: skip

    def heads(self) -> dict[str, Tensor]:
        return {"known": self.head.known, "token": self.head.token, "text": self.head.text, "mixed": self.head.mixed}

    def scaled(self) -> dict[str, Tensor]:
        return {k: t * self.scale if k.endswith(".B") else t for k, t in self.update.items()}

    def layers(self) -> list[dict[str, Tensor]]:
        return merge(self.base, self.scaled())


def _tune(
    encoder: Encoder, tuned: _Tuned, rows: Sequence[_Row], epochs: int, rate: float, plan: FactPlan,
    draw: random.Random, say: Report,
) -> None:  # fmt: skip
    update, heads = list(tuned.update.values()), list(tuned.heads().values())
    optimiser = torch.optim.AdamW([{"params": update}, {"params": heads}], lr=rate, weight_decay=plan.decay)
    steps = [step for _ in range(epochs) for step in _steps(rows, plan, draw)]
    recent = []
    for done, step in enumerate(steps):
        share = min(1.0, (done + 1) / (0.1 * len(steps))) * (1 - done / len(steps))
        for group, pace in zip(optimiser.param_groups, (rate, 3 * rate), strict=True):
            group["lr"] = pace * share
        loss = loss_of(*_read(encoder, tuned.layers(), tuned.head, step, plan.dropout), step)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*update, *heads], 1.0)
        optimiser.step()
        recent.append(loss.item())
        if done % 50 == 49 or done + 1 == len(steps):
            say(f"step {done + 1} of {len(steps)}, loss {np.mean(recent[-50:]):.3f}")


@torch.inference_mode()
def _logits(encoder: Encoder, tuned: _Tuned, rows: Sequence[_Row]) -> np.ndarray:
    layers, found = tuned.layers(), np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda k: rows[k].pair.name)
    for k in range(0, len(order), 48):
        part = order[k : k + 48]
        found[part] = _read(encoder, layers, tuned.head, [rows[i] for i in part])[0].numpy()
    return found


def patterns(pairs: Sequence[Pair]) -> np.ndarray:
    """(N, 2): do patterns block the text for a fact, and if not, do they caution."""
    found = []
    for p in pairs:
        said = {f.severity for f in correctness(p.text, p.brief, p.brief.countries) if f.rule_id in FACTS}
        found.append(("block" in said, "warn" in said and "block" not in said))
    return np.array(found, float)


def choose_threshold(p: np.ndarray, wrong: np.ndarray, blocked: np.ndarray) -> float:
    """Where misses and false alarms add up to least; what patterns block is flagged at any."""
    grid = np.arange(0.2, 0.9, 0.01)
    sums = [(~(blocked | (p >= g)))[wrong].mean() + (blocked | (p >= g))[~wrong].mean() for g in grid]
    return round(float(grid[int(np.argmin(sums))]), 2)


def kept_apart(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % KEPT == 0


def train_facts(
    encoder: Encoder, corpus: Sequence[Entry], folder: Path, drafts: Sequence[Pair], out: Path, seed: int = 0,
    plan: FactPlan = FactPlan(), say: Report = print,
) -> dict[str, Any]:  # fmt: skip
    """Trains on the pairs in `folder` and writes the reader to `out`; returns its manifest. `drafts`: passed drafts."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    for parameter in encoder.model.parameters():
        parameter.requires_grad_(False)
    briefs = {e.id: e.brief for e in corpus if e.split == "train"}
    train = [e for e in corpus if e.id in briefs and not kept_apart(e.id)]
    pairs = read_pairs(folder, "pairs_*.jsonl", briefs)
    own = [p for p in pairs if not kept_apart(p.name)] + read_pairs(folder, "earlier_*.jsonl", briefs)
    kept = [p for p in pairs if kept_apart(p.name)]
    drafts = [d for d in drafts if not kept_apart(d.name)]
    tuned = _Tuned(encoder, plan)
    shaping = corrupted(train, plan.corpus_texts, draw)
    say(f"Stage 1: {len(shaping)} texts of the corpus, whole and corrupted")
    _tune(encoder, tuned, _rows(encoder, shaping), 1, plan.shaping_rate, plan, draw, say)
    passed = draw.sample(list(drafts), min(plan.drafts, len(drafts)))
    say(f"Stage 2: {len(own)} written texts and {len(passed)} passed drafts")
    _tune(encoder, tuned, _rows(encoder, [*own, *passed]), plan.epochs, plan.rate, plan, draw, say)
    z, said = _logits(encoder, tuned, _rows(encoder, kept)), patterns(kept)
    wrong, features = np.array([p.wrong for p in kept]), np.column_stack([said, z])
    curve, p = _curve(features, wrong), _crossed(features, wrong, [p.name for p in kept])
    threshold = choose_threshold(p, wrong, said[:, 0] > 0)
    arrays = {k: t.detach().numpy().astype(np.float16) for k, t in tuned.scaled().items()}
    arrays |= {k: t.detach().reshape(-1, DIMENSION).numpy() if k == "known" else t.detach().reshape(-1).numpy()
               for k, t in tuned.heads().items()}  # fmt: skip
    manifest = write(
        out, ARRAYS, PLAIN, arrays, {"curve": curve, "threshold": threshold},
        {
            "kind": "fact reader",
            "command": f"relate train facts --seed {seed}",
            "seed": seed,
            "data": {
                "pairs_sha256": {path.name: sha256(path) for path in sorted(folder.glob("*.jsonl"))},
                "used": {"corpus texts, whole and corrupted": len(shaping), "written texts": len(own),
                         "of them wrong": sum(p.wrong for p in own), "passed drafts": len(passed)},
            },
            "encoder": {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0",
                        "sha256": sha256(Path(encoder.tokenizer.name_or_path) / "model.safetensors")},
            "plan": asdict(plan),
            "kept_apart": _measured(kept, p, z, said, threshold),
            "threshold": threshold,
        },
    )  # fmt: skip
    write_head_card("correctness", out)
    return manifest


def _curve(features: np.ndarray, wrong: np.ndarray) -> list[float]:
    model = LogisticRegression().fit(features, wrong)
    return [round(float(model.intercept_[0]), 4), *(round(float(w), 4) for w in model.coef_[0])]


def _crossed(features: np.ndarray, wrong: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """P of each kept text by a curve fitted on the other half of the kept briefs."""
    half = np.array([hashlib.sha256(n.encode()).digest()[1] % 2 for n in names])
    p = np.zeros(len(wrong))
    for k in (0, 1):
        a, *b = _curve(features[half != k], wrong[half != k])
        p[half == k] = 1 / (1 + np.exp(-(a + features[half == k] @ np.array(b))))
    return p


def _measured(kept: Sequence[Pair], p: np.ndarray, z: np.ndarray, said: np.ndarray, threshold: float) -> dict[str, Any]:
    wrong = np.array([x.wrong for x in kept])
    alone = np.asarray(said.any(1))
    together = np.asarray((said[:, 0] > 0) | (p >= threshold))
    kind = np.array([x.kind or "other" for x in kept])
    return {
        "texts": len(kept), "wrong": int(wrong.sum()), "briefs": len({x.name for x in kept}),
        "auc": {"patterns": auc(alone, wrong), "reader": auc(z, wrong), "together": auc(p, wrong)},
        "auc_interval": auc_interval(p, wrong, [x.name for x in kept]),
        "calibration": calibration(p, wrong),
        "wrong_flagged": {"patterns": _share(alone[wrong]), "together": _share(together[wrong])},
        "true_flagged": {"patterns": _share(alone[~wrong]), "together": _share(together[~wrong])},
        "wrong_flagged_by_kind": {
            k: [int(together[kind == k].sum()), int((kind == k).sum())] for k in sorted(set(kind[wrong]))
        },
    }  # fmt: skip


def _share(flags: np.ndarray) -> dict[str, float]:
    return {"value": round(float(flags.mean()), 4), "flagged": int(flags.sum()), "texts": len(flags)}
