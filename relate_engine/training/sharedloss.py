"""Log-probabilities of many completions of few prompts, each prompt computed once.

The G texts of a group share their prompt, which is most of their tokens. So each group is one sequence: the prompt
once, then every completion as a branch that sees the prompt and itself at the positions it would have alone (the
layout of sft.py). Numbers and gradients equal those of separate rows; on a CPU the policy loss costs about a third.
TRL shuffles rows across micro-batches, so rows are grouped anew by their prompt. Only sampled tokens go through the
LM head, by TRL's own kernel, which never holds the logits of all of them.
Leaves out: several processes (gradients are exchanged by the wrapper that this goes around), heads that cap or scale
their logits, and the loss itself (TRL).
"""

from typing import Any

import torch
from trl.kernels import ChunkedLogProbFunction

from relate_engine.training.sft import IGNORE, SharedPrefixCollator

_VOCABULARY_TILE = 32_768  # of the LM head at a time, as TRL
_SCALED = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def layout(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int
) -> tuple[list[dict[str, list[int]]], list[int]]:
    """One sequence for each distinct prompt, and where its sampled tokens belong in a flat (B · keep) result.

    `input_ids`, `attention_mask`: (B, P + keep), prompts padded on the left, completions on the right. `labels` are
    already shifted: the token to be predicted at each position. The last prompt token opens every branch, because
    it predicts another first token in each.
    """
    groups: dict[tuple[int, ...], dict[str, list[int]]] = {}
    places: dict[tuple[int, ...], list[int]] = {}
    for i, (ids, seen) in enumerate(zip(input_ids.tolist(), attention_mask.tolist(), strict=True)):
        split = len(ids) - keep
        prompt = tuple(t for t, s in zip(ids[:split], seen[:split], strict=True) if s)
        completion = [(t, i * keep + n) for n, (t, s) in enumerate(zip(ids[split:], seen[split:], strict=True)) if s]
        row = groups.setdefault(
            prompt,
            {
                "input_ids": list(prompt[:-1]),
                "labels": [IGNORE] * (len(prompt) - 1),
                "positions": list(range(len(prompt) - 1)),
                "branches": [0] * (len(prompt) - 1),
            },
        )
        tokens = [t for t, _ in completion]
        row["input_ids"] += [prompt[-1], *tokens][: len(tokens)]
        row["labels"] += tokens
        row["positions"] += range(len(prompt) - 1, len(prompt) - 1 + len(tokens))
        row["branches"] += [max(row["branches"], default=0) + 1] * len(tokens)
        places.setdefault(prompt, []).extend(at for _, at in completion)
    return list(groups.values()), [at for prompt in groups for at in places[prompt]]


def shared_logps(
    causal: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, keep: int, temperature: float, pad_id: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, keep) log-probability and entropy of each sampled token; 0 on padding. Differentiable.

    `causal`: the causal language model inside any adapter; the rest as `layout`. Raises NotImplementedError for a
    model whose head caps or scales its logits.
    """
    if any(getattr(causal.config, name, None) is not None for name in _SCALED):
        raise NotImplementedError("This base caps or scales its logits; train it with losses 'stock'.")
    rows, places = layout(input_ids, attention_mask, keep)
    device = input_ids.device
    batch = {name: value.to(device) for name, value in SharedPrefixCollator(pad_id)(rows).items()}
    hidden = causal.model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        position_ids=batch["position_ids"],
        use_cache=False,
    ).last_hidden_state  # (groups, L, H)
    labelled = batch["labels"] != IGNORE
    logps, entropy, *_ = ChunkedLogProbFunction.apply(
        hidden[labelled],  # (sampled tokens, H)
        causal.lm_head.weight,
        causal.lm_head.bias,
        batch["labels"][labelled],
        temperature,
        _VOCABULARY_TILE,
        None,
        1.0,
        ("entropy",),
    )
    where = torch.tensor(places, device=device, dtype=torch.long)

    def placed(values: torch.Tensor) -> torch.Tensor:
        return values.new_zeros(len(input_ids) * keep).index_copy(0, where, values).view(len(input_ids), keep)

    return placed(logps), placed(entropy)
