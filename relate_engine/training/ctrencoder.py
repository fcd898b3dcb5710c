"""Tunes the upper layers of the sentence encoder on headline tests (the head's tower, rewards/ctrtower.py).

Low-rank changes to the matrices of the upper layers are fitted together with two weightings of the pooled vector:
OUT, for the differences inside pairs, and LEVEL, for how arms do beside their week (ctr.py says why both). A batch
is whole groups: each headline is read once, and every pair and arm inside counts. What the lower layers say is
computed once and kept, since they do not change. The weightings start at ridges on the published vectors (linear
probing before fine-tuning keeps the features from being torn: Kumar et al. 2022, arXiv 2202.10054). Several seeds
are averaged as weights, not as answers, so serving costs one tower (Wortsman et al. 2022, arXiv 2203.05482).
Leaves out: cross-validation and how the parts of the head are added up (ctr.py).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from relate_engine.policy.model import training_dtype
from relate_engine.rewards.ctrtower import MATRICES, OUT, Weights, merge, pool, run_layers, upper_weights
from relate_engine.rewards.encoder import Encoder
from relate_engine.training.pairs import Levels, Pairs, level_target, target

SCALE = 10.0  # a weighting is learned as a tenth of itself, so that it moves ten times faster
LEVEL, BIAS = "level", "bias"  # a second weighting of the pooled vector, for levels, and its constant
Report = Callable[[str], None]


@dataclass(frozen=True)
class TowerPlan:
    """How a tower is tuned: usual values, not searched; only `levels` 0 and 0.5 were compared, on one fold."""

    first: int = 3  # layers before this one stay as published
    rank: int = 16
    epochs: int = 3
    rate: float = 5e-4
    dropout: float = 0.1
    decay: float = 0.01
    texts: int = 64  # headlines a step, at least
    probe: float = 20.0  # ridge of the starting weighting
    levels: float = 0.5  # what the loss on levels counts beside the loss on pairs
    seeds: int = 1  # averaged


States = list[Tensor]  # of each text: (tokens, D) bfloat16, entering layer `first`


@torch.inference_mode()
def lower_states(encoder: Encoder, texts: Sequence[str], first: int, batch: int = 64) -> States:
    """What the lower layers say about each text."""
    found: list[Tensor] = [torch.empty(0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda k: len(texts[k]))
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        inputs = encoder.tokenizer([texts[k] for k in part], padding=True, truncation=True, return_tensors="pt")
        hidden = encoder.model(**inputs, output_hidden_states=True).hidden_states[first]
        for k, row, mask in zip(part, hidden, inputs["attention_mask"], strict=True):
            found[k] = row[: int(mask.sum())].to(torch.bfloat16)
    return found


def read_texts(
    encoder: Encoder, states: States, first: int, tuned: Weights, texts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays (len(states),): what the weightings OUT and LEVEL make of each of `texts` (indices), else 0."""
    found, layers = np.zeros((2, len(states))), merge(upper_weights(encoder.model, first), tuned)
    both = torch.stack([tuned[OUT], tuned[LEVEL]])
    order = sorted(texts, key=lambda k: len(states[k]))
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            part = order[start : start + 64]
            found[:, part] = (both @ _pooled(encoder, states, part, layers, 0.0).T).numpy()
    return found[0], found[1]


def _pooled(encoder: Encoder, states: States, texts: Sequence[int], layers: Sequence[Weights], drop: float) -> Tensor:
    parts = [states[k] for k in texts]
    hidden = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True).float()
    mask = torch.arange(hidden.shape[1])[None] < torch.tensor([len(p) for p in parts])[:, None]
    with torch.autocast("cpu", torch.bfloat16, enabled=training_dtype() == torch.bfloat16):
        hidden = run_layers(encoder.model, hidden, mask, layers, drop)
    return pool(hidden.float(), mask)


@dataclass(frozen=True)
class Tests:
    """What a tower is tuned on: pairs and arms over one list of texts."""

    pairs: Pairs
    levels: Levels
    vectors: np.ndarray  # (T, D) of the published encoder
    states: States


def _batches(
    tests: Tests, rows: np.ndarray, arms: np.ndarray, texts: int, draw: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions in `rows` and in `arms`, whole groups together, of at least `texts` arms each but the last."""
    inside, among = (_by_group(g) for g in (tests.pairs.group[rows], tests.levels.group[arms]))
    none = np.zeros(0, int)
    names = list(among)
    batch: list[int] = []
    size = 0
    for k in draw.permutation(len(names)):
        batch.append(names[k])
        size += len(among[names[k]])
        if size >= texts:
            yield np.concatenate([inside.get(g, none) for g in batch]), np.concatenate([among[g] for g in batch])
            batch, size = [], 0
    if batch:
        yield np.concatenate([inside.get(g, none) for g in batch]), np.concatenate([among[g] for g in batch])


def _by_group(group: np.ndarray) -> dict[int, np.ndarray]:
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return {int(group[p[0]]): p for p in parts if len(p)}


def _start(
    layers: Sequence[Weights], tests: Tests, rows: np.ndarray, arms: np.ndarray, plan: TowerPlan
) -> dict[str, Tensor]:
    """No change to any matrix, and the weightings of ridges on the published vectors."""
    pairs, levels, vectors = tests.pairs, tests.levels, tests.vectors
    ridge = Ridge(alpha=plan.probe, fit_intercept=False)
    wanted, weight = target(pairs, rows)
    out = ridge.fit(vectors[pairs.a[rows]] - vectors[pairs.b[rows]], wanted, sample_weight=weight).coef_.copy()
    wanted, weight = level_target(levels, arms)
    level = Ridge(alpha=plan.probe).fit(vectors[levels.text[arms]], wanted, sample_weight=weight)
    tuned = {k: torch.tensor(w / SCALE, dtype=torch.float32) for k, w in ((OUT, out), (LEVEL, level.coef_))}
    tuned[BIAS] = torch.tensor(level.intercept_ / SCALE, dtype=torch.float32)
    for k, layer in enumerate(layers):
        for name in MATRICES:
            size, width = layer[f"{name}.weight"].shape
            tuned[f"{k}.{name}.A"] = torch.randn(plan.rank, width) / math.sqrt(width)
            tuned[f"{k}.{name}.B"] = torch.zeros(size, plan.rank)
    return tuned


def fit_tower(
    encoder: Encoder, tests: Tests, rows: np.ndarray, arms: np.ndarray, plan: TowerPlan, seed: int, report: Report
) -> dict[str, Tensor]:
    """What a Tower holds, tuned on the pairs `rows` and the arms `arms` (indices), and LEVEL. What OUT makes of a
    text is UNIT times a log-odds effect, what LEVEL makes of it LEVEL_UNIT times a log-odds level."""
    pairs, levels, draw = tests.pairs, tests.levels, np.random.default_rng(seed)
    layers = upper_weights(encoder.model, plan.first)
    wanted, weight = (torch.tensor(part, dtype=torch.float32) for part in target(pairs, rows))
    height, trust = (torch.tensor(part, dtype=torch.float32) for part in level_target(levels, arms))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tuned = {k: t.requires_grad_() for k, t in _start(layers, tests, rows, arms, plan).items()}
        weightings = [t for k, t in tuned.items() if k in (OUT, LEVEL, BIAS)]
        optimiser = torch.optim.AdamW(
            [{"params": [t for k, t in tuned.items() if k not in (OUT, LEVEL, BIAS)], "weight_decay": plan.decay},
             {"params": weightings, "weight_decay": 0.0}],
            lr=plan.rate, betas=(0.9, 0.98),
        )  # fmt: skip
        steps = [b for _ in range(plan.epochs) for b in _batches(tests, rows, arms, plan.texts, draw)]
        usual, usual_arms = (sum(len(s[k]) for s in steps) / len(steps) for k in (0, 1))
        total = 0.0
        for done, (batch, among) in enumerate(steps):
            pace = plan.rate * min(1, (done + 1) / (0.1 * len(steps))) * max(0.02, 1 - done / len(steps))
            for group in optimiser.param_groups:
                group["lr"] = pace
            a, b, c = pairs.a[rows[batch]], pairs.b[rows[batch]], levels.text[arms[among]]
            texts, where = np.unique(np.r_[a, b, c], return_inverse=True)
            pooled = _pooled(encoder, tests.states, texts.tolist(), merge(layers, tuned), plan.dropout) * SCALE
            out, level = pooled @ tuned[OUT], pooled @ tuned[LEVEL] + SCALE * tuned[BIAS]
            difference = out[where[: len(a)]] - out[where[len(a) : 2 * len(a)]]
            loss = (weight[batch] * (difference - wanted[batch]) ** 2).sum() / usual
            apart = (trust[among] * (level[where[2 * len(a) :]] - height[among]) ** 2).sum() / usual_arms
            optimiser.zero_grad()
            (loss + plan.levels * apart).backward()
            torch.nn.utils.clip_grad_norm_(list(tuned.values()), 5.0)
            optimiser.step()
            total += loss.item()
            if (done + 1) % 50 == 0 or done + 1 == len(steps):
                report(f"  step {done + 1} of {len(steps)}, mean loss {total / (done % 50 + 1):.3f}")
                total = 0.0
    result = {k: t.detach() for k, t in tuned.items() if k != BIAS}
    return result | {k: SCALE * result[k] for k in (OUT, LEVEL)}


def average(towers: Sequence[Weights]) -> dict[str, Tensor]:
    """One tower whose every change is the mean of the changes of `towers`: ranks add up."""
    count = len(towers)
    mean = {k: torch.stack([t[k] for t in towers]).mean(0) for k in (OUT, LEVEL)}
    for name in (k for k in towers[0] if k not in mean):
        parts = [t[name] for t in towers]
        mean[name] = torch.cat(parts, 0) if name.endswith(".A") else torch.cat(parts, 1) / count
    return mean
