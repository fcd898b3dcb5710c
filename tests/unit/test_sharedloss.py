"""Shared losses: values and gradients of rows computed one by one, however rows are shuffled and padded."""

import random

import torch

from relate_engine.training.sharedloss import layout, shared_logps
from tests import tiny

PROMPTS = ([7, 8, 9, 10, 11], [7, 8, 9], [3])
KEEP = 6


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Nine completions of three prompts in random order, and one row that is wholly masked."""
    rng = random.Random(seed)
    rows = [(p, [rng.randrange(256) for _ in range(rng.randint(1, KEEP))]) for p in PROMPTS for _ in range(3)]
    rows.append((PROMPTS[0], []))
    rng.shuffle(rows)
    ids, mask = [], []
    for prompt, text in rows:
        left, right = 5 - len(prompt), KEEP - len(text)
        ids.append([256] * left + list(prompt) + text + [256] * right)
        mask.append([0] * left + [1] * (len(prompt) + len(text)) + [0] * right)
    return torch.tensor(ids), torch.tensor(mask)


def alone(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, temperature: float) -> list[torch.Tensor]:
    """(2, T) log-probabilities and entropies of each row, in a sequence of its own."""
    found = []
    for row, seen in zip(ids, mask, strict=True):
        text = row[-KEEP:][seen[-KEEP:].bool()]
        whole = row[seen.bool()]
        logits = model(whole[None]).logits[0, len(whole) - len(text) - 1 : -1] / temperature
        spread = logits.log_softmax(-1)
        own = spread[torch.arange(len(text)), text]
        found.append(torch.stack([own, -(spread.exp() * spread).sum(-1)]))
    return found


def test_values_and_gradients_equal_those_of_separate_rows() -> None:
    model = tiny.model(4)
    ids, mask = batch(0)
    weight = torch.randn(2, len(ids), KEEP, generator=torch.Generator().manual_seed(0))
    logps, entropy = shared_logps(model, ids, mask, KEEP, 0.7, 256)
    separate = alone(model, ids, mask, 0.7)
    for i, own in enumerate(separate):
        n = own.shape[1]
        assert torch.allclose(logps[i, :n], own[0], atol=1e-5) and torch.allclose(entropy[i, :n], own[1], atol=1e-5)
        assert not logps[i, n:].any() and not entropy[i, n:].any()
    (logps * weight[0] + entropy * weight[1]).sum().backward()
    shared = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    sum((own * weight[:, i, : own.shape[1]]).sum() for i, own in enumerate(separate)).backward()  # type: ignore[union-attr]
    for name, p in model.named_parameters():
        assert p.grad is not None and torch.allclose(shared[name], p.grad, atol=1e-4), name


def test_each_prompt_is_computed_once() -> None:
    ids, mask = batch(1)
    rows, places = layout(ids, mask, KEEP)
    assert len(rows) == 3
    sampled = int(mask[:, -KEEP:].sum())
    assert sum(len(r["input_ids"]) for r in rows) == sum(len(p) - 1 for p in PROMPTS) + sampled
    assert len(places) == len(set(places)) == sampled


def test_a_batch_with_every_text_left_out_has_no_gradient_and_no_error() -> None:
    model = tiny.model(4)
    ids, mask = batch(2)
    mask[:, -KEEP:] = 0
    logps, _ = shared_logps(model, ids, mask, KEEP, 1.0, 256)
    assert not logps.any()
    logps.sum().backward()
