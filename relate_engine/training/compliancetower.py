"""Tuning the upper layers of the encoder to tell violations from clean ad texts: the tower of the classifier.

Stage 1 tunes it for one pass over shared public data, each task with a head of its own that is thrown away: their
labels are about other kinds of text and only shape the features. Stage 2 tunes tower and head on the ad texts, with
texts of the corpus's train split as further clean ones. The layers below stay as published and are run once.
Leaves out: texts (compliancetexts.py), cross-validation and the combined score (compliance.py).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from relate_engine.policy.model import training_dtype
from relate_engine.rewards.classifier import CATEGORIES, FIRST, mean_state
from relate_engine.rewards.ctrtower import MATRICES, Weights, merge, run_layers, upper_weights
from relate_engine.rewards.encoder import DIMENSION, Encoder

States = list[Tensor]  # of each text: (tokens, D) bfloat16, entering the tuned layers
LONGEST = 96  # tokens read of a text; no ad text is longer


@dataclass(frozen=True)
class TowerPlan:
    rank: int = 32
    scale: float = 2.0  # the update is scale · B A
    rate: float = 7e-4
    epochs: int = 5
    batch: int = 32
    dropout: float = 0.1
    decay: float = 0.01
    kinds: float = 0.3  # weight of the category loss beside clean-or-violation
    ordinary: int = 1200  # clean corpus texts in each epoch


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
    layers = upper_weights(model, 0)[:FIRST]
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        inputs = encoder.tokenizer([texts[k] for k in part], padding=True, truncation=True, max_length=LONGEST,
                                   return_tensors="pt")  # fmt: skip
        mask = inputs["attention_mask"].bool()
        hidden = model.embeddings(input_ids=inputs["input_ids"], token_type_ids=inputs["token_type_ids"])
        hidden = run_layers(model, hidden, mask, layers)
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
    with torch.autocast("cpu", torch.bfloat16, enabled=training_dtype() == torch.bfloat16):
        hidden = run_layers(encoder.model, hidden, mask, layers, drop)
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
    layers = upper_weights(encoder.model, FIRST)
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
    tuned = {k: t.requires_grad_() for k, t in _start(upper_weights(encoder.model, FIRST), plan).items()}
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
    layers = merge(upper_weights(encoder.model, FIRST), fitted.tuned)
    found = np.zeros((len(rows), len(fitted.bias)))
    order = sorted(range(len(rows)), key=lambda k: len(states[rows[k]]))
    for k in range(0, len(order), 64):
        part = order[k : k + 64]
        means = _means(encoder, states, [int(rows[i]) for i in part], layers, 0.0)
        found[part] = (means @ fitted.weight.T + fitted.bias).numpy()
    return found
