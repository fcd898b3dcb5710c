"""Sampling many texts of one brief at once, over one shared prompt cache.

All texts of a brief are branches of one prompt (branching.py): the brief is run once, each different request once,
then every step feeds one token of each unfinished text, which sees the brief and itself only (the layout that sft.py
trains).
Leaves out: which branches are wanted (draft.py) and the judgement of what comes (rewards/).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from relate_engine.brief import width
from relate_engine.policy.branching import Branching
from relate_engine.policy.guards import Guard

SHRINK = 0.75  # share of unfinished branches at which the finished ones are let go
TOP_K = 40  # candidates a step when guards are on; raw sampling takes the whole vocabulary


@dataclass(frozen=True)
class Branch:
    """One text to sample: the token ids after the shared prompt, its hard limit and its longest length."""

    request: tuple[int, ...]
    limit: int  # width units
    tokens: int  # most tokens to sample
    guard: Guard | None  # None = raw
    ends: frozenset[int]  # EOS; for the few-shot prompt of an untrained base also the line break
    lead: str = ""  # the text's beginning, where the request holds it already
    reserved: int = 0  # width units of the limit that something put behind the text will take


@dataclass(frozen=True)
class Sample:
    """A finished branch. `why` is empty for a text that ended by itself inside its limit."""

    branch: int
    text: str
    ids: tuple[int, ...]  # sampled ids, EOS included
    logprobs: tuple[float, ...]  # of the sampled ids at temperature 1, before guards
    why: str = ""


@dataclass
class _Row:
    number: int
    place: int  # among the branches that are fed
    branch: Branch
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    text: str = ""


@torch.inference_mode()
def sample(
    prompt: Branching,
    tokenizer: Any,
    branches: Sequence[Branch],
    temperature: float,
    generator: torch.Generator,
) -> Iterator[Sample]:
    """Yields each branch's Sample as it ends. All branches run together; keep them under about 40.

    `prompt`: of one prompt; `generator` makes it reproducible. With a guard, sampling takes the
    TOP_K allowed tokens at `temperature`; without, the full distribution.
    """
    model, device = prompt.model, prompt.model.device
    requests = list(dict.fromkeys(b.request for b in branches))
    lengths = torch.tensor([len(r) for r in requests])
    longest = int(lengths.max())
    prompt.open(len(requests))
    hidden = prompt.feed(
        torch.tensor([[[*r] + [r[-1]] * (longest - len(r)) for r in requests]], device=device),
        (torch.arange(longest) < lengths[:, None])[None].to(device),
    )[0, torch.arange(len(requests)), lengths - 1]  # (requests, H)
    asked = torch.tensor([requests.index(b.request) for b in branches])
    prompt.keep(asked[None].to(device))
    logits = model.lm_head(hidden).float().cpu()[asked]  # (rows, V)
    rows = [_Row(i, i, b, text=b.lead) for i, b in enumerate(branches)]
    fed = len(rows)
    while True:
        chosen, logprobs, stuck = _choose(rows, logits, temperature, generator)
        alive = []
        for row, token, logprob, no_word in zip(rows, chosen, logprobs, stuck, strict=True):
            if no_word:
                yield Sample(row.number, row.text.strip(), tuple(row.ids), tuple(row.logprobs), "no word fits")
                continue
            row.ids.append(token)
            row.logprobs.append(logprob)
            at_end = token in row.branch.ends
            if not at_end:
                row.text = row.branch.lead + tokenizer.decode(row.ids)
            why = _ended(row, at_end)
            if why is None:
                alive.append(row)
            else:
                yield Sample(row.number, row.text.strip(), tuple(row.ids), tuple(row.logprobs), why)
        if not alive:
            return
        rows = alive
        if len(rows) <= SHRINK * fed:  # to let go of finished branches costs about what they do
            prompt.keep(torch.tensor([[row.place for row in rows]], device=device))
            fed = len(rows)
            for place, row in enumerate(rows):
                row.place = place
        feed = torch.full((1, fed, 1), rows[0].ids[-1])
        places = [row.place for row in rows]
        feed[0, places, 0] = torch.tensor([row.ids[-1] for row in rows])
        logits = model.lm_head(prompt.feed(feed.to(device))[0, places, 0]).float().cpu()


def _ended(row: _Row, at_end: bool) -> str | None:
    """None while the branch goes on, "" when it ended well, else why it is dropped."""
    if at_end:
        if row.branch.guard and width(row.text.strip()) + row.branch.reserved > row.branch.limit:
            return f"longer than {row.branch.limit}"
        return "" if row.text.strip() else "empty"
    if row.branch.guard and width(row.text.strip()) + row.branch.reserved > row.branch.limit:
        return f"longer than {row.branch.limit}"
    if len(row.ids) >= row.branch.tokens:
        return "did not end"
    return None


def _choose(
    rows: list[_Row], logits: torch.Tensor, temperature: float, generator: torch.Generator
) -> tuple[list[int], list[float], list[bool]]:
    """A token for each row, its log-probability at temperature 1 before guards, and whether no token was allowed."""
    normaliser = logits.logsumexp(-1)
    tokens = torch.zeros(len(rows), dtype=torch.long)
    stuck = [False] * len(rows)
    kinds: dict[tuple[Guard | None, frozenset[int]], list[int]] = {}
    for i, row in enumerate(rows):
        kinds.setdefault((row.branch.guard, row.branch.ends), []).append(i)
    for (guard, ends), held in kinds.items():
        allowed = logits[held]  # a copy
        if guard is None:
            tokens[held] = torch.multinomial((allowed / temperature).softmax(-1), 1, generator=generator)[:, 0]
            continue
        stops = list(ends)
        stop = allowed[:, stops]
        allowed.masked_fill_(guard.mask, float("-inf"))
        for k, i in enumerate(held):
            allowed[k, stops] = stop[k] if rows[i].ids else float("-inf")
            guard.restrict(rows[i].text, allowed[k])
        allowed, index = allowed.topk(TOP_K, dim=-1)
        none = allowed[:, 0] == float("-inf")
        allowed[none] = 0.0  # any pick will do: the row is dropped
        for i, no_word in zip(held, none.tolist(), strict=True):
            stuck[i] = no_word
        picks = torch.multinomial((allowed / temperature).softmax(-1), 1, generator=generator)
        tokens[held] = index.gather(1, picks)[:, 0]
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - normaliser
    return tokens.tolist(), logprobs.tolist(), stuck
