"""Rollouts: sampling all completions of a generation batch together, each prompt prefilled once.

One step advances all branches of all groups (policy/branching.py), because on a CPU a step costs the reading of the
weights more than the number of texts. Raw sampling at temperature 1 from the whole
vocabulary: no top-p and no decoding guards, which act when serving only.
The sampler's own log-probabilities come with the ids: the int8 copy is slightly off the policy that is trained, and
the loss corrects for it by their ratio (grpo.py).
Leaves out: guards and serving (policy/decode.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from relate_engine.policy.branching import Branching
from relate_engine.policy.decode import SHRINK


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
    prompt = Branching(causal, prompts)
    fed = max(counts)
    prompt.open(fed)
    done = [[Rollout() for _ in range(count)] for count in counts]
    alive = [list(range(count)) for count in counts]  # by group: the unfinished branches
    place = [list(range(count)) for count in counts]  # where each is among those that are fed
    logits = causal.lm_head(prompt.last).float().cpu().repeat_interleave(torch.tensor(counts), 0)  # (alive, V)
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
        if wide <= SHRINK * fed:
            kept = [[place[k][b] for b in branches] for k, branches in enumerate(alive)]
            prompt.keep(torch.tensor([[*row] + [0] * (wide - len(row)) for row in kept], device=causal.device))
            fed = wide
            for k, branches in enumerate(alive):
                for j, b in enumerate(branches):
                    place[k][b] = j
        live = [(k, place[k][b], done[k][b].ids[-1]) for k, branches in enumerate(alive) for b in branches]
        group, branch, last = torch.tensor(live).unbind(1)
        feed = torch.tensor([p[-1] for p in prompts])[:, None].repeat(1, fed)  # to finished ones: anything
        feed[group, branch] = last
        state = prompt.feed(feed[..., None].to(causal.device))
        logits = causal.lm_head(state[group, branch, 0]).float().cpu()
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
