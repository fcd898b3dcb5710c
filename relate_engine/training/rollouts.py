"""Rollouts: sampling all completions of a generation batch together, each prompt prefilled once.

A row of the batch is a group: its prompt's cache once, then one column for each token of any of its branches, masked
so that a branch sees the prompt and itself only. One step advances all branches of all groups, because on a CPU a
step costs the reading of the weights and not the number of texts. Raw sampling at temperature 1 from the whole
vocabulary: no top-p and no decoding guards, which act when serving only.
The sampler's own log-probabilities come with the ids: the int8 copy is slightly off the policy that is trained, and
the loss corrects for it by their ratio (grpo.py).
Leaves out: guards and serving (policy/decode.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

_PROMPT, _NOBODY = -1, -2  # owners of cache columns that are no branch's


@dataclass
class Rollout:
    """One sampled completion: its ids, EOS included if it ended, and their log-probabilities."""

    ids: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)


@torch.no_grad()
def sample_groups(
    causal: Any,
    prompts: Sequence[Sequence[int]],
    counts: Sequence[int],
    tokens: int,
    ends: Collection[int],
    generator: torch.Generator,
) -> list[list[Rollout]]:
    """`counts[k]` completions of at most `tokens` tokens for the ids `prompts[k]`, by group.

    `causal`: a causal language model, or its int8 copy; `generator`: on the CPU, makes it reproducible.
    """
    device = causal.device
    lengths = [len(p) for p in prompts]
    longest = max(lengths)
    padded = torch.tensor([[*p] + [p[-1]] * (longest - len(p)) for p in prompts], device=device)
    cache = DynamicCache()
    hidden = causal.model(input_ids=padded, past_key_values=cache, use_cache=True).last_hidden_state
    last = hidden[torch.arange(len(prompts)), torch.tensor(lengths) - 1]  # (groups, H)
    column = torch.arange(longest).expand(len(prompts), -1)
    owner = torch.where(column < torch.tensor(lengths)[:, None], _PROMPT, _NOBODY)  # (groups, columns)

    done = [[Rollout() for _ in range(count)] for count in counts]
    alive = [list(range(count)) for count in counts]
    logits = causal.lm_head(last).float().cpu().repeat_interleave(torch.tensor(counts), 0)  # (alive branches, V)
    for step in range(tokens):
        chosen = torch.multinomial(logits.softmax(-1), 1, generator=generator)
        logps = logits.gather(1, chosen)[:, 0] - logits.logsumexp(-1)
        drawn = iter(zip(chosen[:, 0].tolist(), logps.tolist(), strict=True))
        for k, branches in enumerate(alive):
            for b in branches:
                token, logp = next(drawn)
                done[k][b].ids.append(token)
                done[k][b].logps.append(logp)
            alive[k] = [b for b in branches if done[k][b].ids[-1] not in ends]
        wide = max(map(len, alive))
        if not wide or step == tokens - 1:
            break
        feed = torch.tensor([p[-1] for p in prompts])[:, None].repeat(1, wide)
        branch = torch.full((len(prompts), wide), _NOBODY)
        position = torch.tensor(lengths)[:, None].repeat(1, wide) - 1
        for k, branches in enumerate(alive):
            for j, b in enumerate(branches):
                feed[k, j], branch[k, j] = done[k][b].ids[-1], b
                position[k, j] = lengths[k] + step
        owner = torch.cat([owner, branch], 1)
        held = owner[:, None, :]
        sees = (held == _PROMPT) | ((held == branch[:, :, None]) & (held != _NOBODY))  # (groups, wide, columns)
        state = causal.model(
            input_ids=feed.to(device),
            attention_mask=sees[:, None].to(device),
            position_ids=position.to(device),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        logits = causal.lm_head(state[branch.to(device) != _NOBODY]).float().cpu()
    return done


def completions_of(
    causal: Any,
    prompt_ids: Sequence[Sequence[int]],
    tokens: int,
    ends: Collection[int],
    generator: torch.Generator,
) -> tuple[list[list[int]], list[list[float]]]:
    """As TRL wants them: ids and log-probabilities of one completion for each of B rows, in their order.

    Rows with the same prompt are one group and share its cache.
    """
    rows: dict[tuple[int, ...], list[int]] = {}
    for i, ids in enumerate(prompt_ids):
        rows.setdefault(tuple(ids), []).append(i)
    groups = sample_groups(causal, list(rows), [len(r) for r in rows.values()], tokens, ends, generator)
    made = {i: one for members, group in zip(rows.values(), groups) for i, one in zip(members, group)}
    return [made[i].ids for i in range(len(prompt_ids))], [made[i].logps for i in range(len(prompt_ids))]
