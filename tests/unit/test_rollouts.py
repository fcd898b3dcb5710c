"""Rollouts over shared prompts: the log-probabilities of separate sequences, and the distribution of the policy."""

from typing import Any

import pytest
import torch

from relate_engine.training.rollouts import completions_of
from tests import tiny

TOKENIZER = tiny.tokenizer()
MODEL = tiny.model(5)
PROMPTS = [TOKENIZER.encode(t) for t in ("Product: Oak Desk\n", "About: tea\nTone: calm\n", "x", "Product: Oak Desk\n")]
ENDS = frozenset({256, *range(0, 256, 8)})


def sampled(prompts: list[list[int]], tokens: int, seed: int = 0) -> tuple[list[list[int]], list[list[float]]]:
    return completions_of(MODEL, prompts, tokens, ENDS, torch.Generator().manual_seed(seed))


def test_log_probabilities_equal_those_of_each_text_alone() -> None:
    rows = [p for p in PROMPTS for _ in range(4)]
    ids, logps = sampled(rows, 12)
    assert {len(i) for i in ids} != {12}
    for before, text, given in zip(rows, ids, logps, strict=True):
        with torch.inference_mode():
            own = MODEL(torch.tensor([before + text])).logits[0, len(before) - 1 : -1].log_softmax(-1)
        alone = own[torch.arange(len(text)), torch.tensor(text)]
        assert torch.allclose(alone, torch.tensor(given), atol=1e-4)
        assert not ENDS & set(text[:-1]) and (text[-1] in ENDS or len(text) == 12)


@pytest.mark.parametrize("texts", [1, 2, 8])
def test_each_prompt_is_run_once_however_many_texts_its_group_has(monkeypatch: pytest.MonkeyPatch, texts: int) -> None:
    """Three prompts, two of the four rows being the same: their first tokens together, then the rest, then tokens."""
    passes: list[tuple[int, ...]] = []
    forward = MODEL.model.forward

    def counted(*args: Any, input_ids: torch.Tensor, **more: Any) -> Any:
        passes.append(tuple(input_ids.shape))
        return forward(*args, input_ids=input_ids, **more)

    monkeypatch.setattr(MODEL.model, "forward", counted)
    ids, _ = sampled(PROMPTS * texts, 12)
    longest = max(map(len, PROMPTS))
    assert passes[:2] == [(3, 1), (3, longest - 1)] and longest > 12
    steps = passes[2:]
    assert len(steps) == max(map(len, ids)) - 1  # the last token is sampled and not fed
    assert all(wide == 1 and rows <= 3 * 2 * texts for rows, wide in steps)  # the widest group has 2 · texts


def test_a_seed_repeats_and_another_differs() -> None:
    rows = [PROMPTS[0]] * 6
    assert sampled(rows, 8, 1) == sampled(rows, 8, 1) != sampled(rows, 8, 2)


def test_the_whole_distribution_is_sampled_at_temperature_one() -> None:
    ids, _ = sampled([PROMPTS[0]] * 20_000, 1)
    with torch.inference_mode():
        expected = MODEL(torch.tensor([PROMPTS[0]])).logits[0, -1].softmax(-1)
    counts = torch.bincount(torch.tensor([i for (i,) in ids]), minlength=257)
    deviation = (counts - 20_000 * expected) / (20_000 * expected).sqrt()
    assert 0.8 < deviation.square().mean() < 1.2  # chi-square over its 256 degrees of freedom
