"""Sampling many texts of one brief at once, over one shared prompt cache.

All texts of a brief are branches of one sequence: the brief is prefilled once, then every step feeds one
token of each unfinished branch, masked to see the brief and its own branch only (the layout that sft.py
trains). The cache holds the brief once, not once a text, and a finished branch costs nothing more.
Leaves out: which branches are wanted (draft.py) and the judgement of what comes (rewards/).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from relate_engine.brief import width
from relate_engine.policy.guards import Guard

TOP_K = 40  # candidates a step when guards are on; raw sampling takes the whole vocabulary


@dataclass(frozen=True)
class Branch:
    """One text to sample: the token ids after the shared prefix, its hard limit and its longest length."""

    request: tuple[int, ...]
    limit: int  # width units
    tokens: int  # most tokens to sample
    guard: Guard | None  # None = raw
    ends: frozenset[int]  # EOS; for the few-shot prompt of an untrained base also the line break


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
    branch: Branch
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)  # where its keys lie in the cache
    text: str = ""


class Prefix:
    """The prefilled cache of one shared prompt; `reset` returns it to just the prompt."""

    def __init__(self, model: Any, ids: Sequence[int]) -> None:
        self.length = len(ids)
        self.cache = DynamicCache()
        with torch.inference_mode():
            # The first token draws activations a hundred times larger than all others (an attention sink). Fed
            # alone, it does not set the int8 scale of the rest: apart, the loss is 0.9 nats lower.
            for part in (ids[:1], ids[1:]):
                model.model(
                    input_ids=torch.tensor([list(part)], device=model.device),
                    past_key_values=self.cache,
                    use_cache=True,
                )

    def reset(self) -> None:
        if (extra := self.cache.get_seq_length() - self.length) > 0:
            self.cache.crop(-extra)  # a negative number removes that many from the end


def _mask(rows: list[_Row], width_now: int, prefix: int, fresh: list[list[int]], device: Any) -> torch.Tensor:
    """(1, 1, N, width_now) bool: query i of row r sees the prefix and r's own slots up to itself."""
    queries = sum(map(len, fresh))
    mask = torch.zeros(queries, width_now, dtype=torch.bool)
    mask[:, :prefix] = True
    at = 0
    for row, new in zip(rows, fresh, strict=True):
        old = row.slots[: len(row.slots) - len(new)]
        for slot in new:
            mask[at, old] = True
            old = [*old, slot]
            mask[at, slot] = True
            at += 1
    return mask[None, None].to(device)


@torch.inference_mode()
def sample(
    model: Any,
    tokenizer: Any,
    prefix: Prefix,
    branches: Sequence[Branch],
    temperature: float,
    generator: torch.Generator,
) -> Iterator[Sample]:
    """Yields each branch's Sample as it ends. All branches run together; keep them under about 40.

    `model` is a causal language model; `generator` makes it reproducible. With a guard, sampling takes the
    TOP_K allowed tokens at `temperature`; without, the full distribution.
    """
    prefix.reset()
    device = model.device
    rows = [_Row(i, b) for i, b in enumerate(branches)]
    feed = [list(r.branch.request) for r in rows]
    while rows:
        start = prefix.cache.get_seq_length()
        fresh: list[list[int]] = []
        positions: list[int] = []
        at = start
        for row, tokens in zip(rows, feed, strict=True):
            new = list(range(at, at + len(tokens)))
            positions += range(prefix.length + len(row.slots), prefix.length + len(row.slots) + len(tokens))
            row.slots += new
            fresh.append(new)
            at += len(tokens)
        hidden = model.model(
            input_ids=torch.tensor([[t for tokens in feed for t in tokens]], device=device),
            attention_mask=_mask(rows, at, prefix.length, fresh, device),
            position_ids=torch.tensor([positions], device=device),
            past_key_values=prefix.cache,
            use_cache=True,
        ).last_hidden_state[0]  # (tokens fed, hidden)
        last = torch.tensor([new[-1] - start for new in fresh], device=device)
        logits = model.lm_head(hidden[last]).float().cpu()  # (rows, V)
        chosen, logprobs, stuck = _choose(rows, logits, temperature, generator)

        alive, feed = [], []
        for row, token, logprob, no_word in zip(rows, chosen, logprobs, stuck, strict=True):
            if no_word:
                yield Sample(row.number, row.text.strip(), tuple(row.ids), tuple(row.logprobs), "no word fits")
                continue
            row.ids.append(token)
            row.logprobs.append(logprob)
            at_end = token in row.branch.ends
            if not at_end:
                row.text = tokenizer.decode(row.ids)
            why = _ended(row, at_end)
            if why is None:
                alive.append(row)
                feed.append([token])
            else:
                yield Sample(row.number, row.text.strip(), tuple(row.ids), tuple(row.logprobs), why)
        rows = alive


def _ended(row: _Row, at_end: bool) -> str | None:
    """None while the branch goes on, "" when it ended well, else why it is dropped."""
    if at_end:
        if row.branch.guard and width(row.text.strip()) > row.branch.limit:
            return f"longer than {row.branch.limit}"
        return "" if row.text.strip() else "empty"
    if row.branch.guard and width(row.text.strip()) > row.branch.limit:
        return f"longer than {row.branch.limit}"
    if len(row.ids) >= row.branch.tokens:
        return "did not end"
    return None


def _choose(
    rows: list[_Row], logits: torch.Tensor, temperature: float, generator: torch.Generator
) -> tuple[list[int], list[float], list[bool]]:
    """A token for each row, its log-probability at temperature 1 before guards, and whether no token was allowed."""
    normaliser = logits.logsumexp(-1)
    guarded = [r.branch.guard for r in rows]
    allowed = logits
    stuck = [False] * len(rows)
    if any(guarded):
        allowed = logits.clone()
        for i, (row, guard) in enumerate(zip(rows, guarded, strict=True)):
            if guard is not None:
                ends = list(row.branch.ends)
                stop = allowed[i, ends].clone()
                allowed[i].masked_fill_(guard.mask, float("-inf"))
                allowed[i, ends] = stop if row.ids else float("-inf")
                guard.restrict(row.text, allowed[i])
        allowed, index = allowed.topk(TOP_K, dim=-1)
        none = allowed[:, 0] == float("-inf")
        allowed[none] = 0.0  # any pick will do: the row is dropped
        stuck = none.tolist()
        picks = torch.multinomial((allowed / temperature).softmax(-1), 1, generator=generator)
        tokens = index.gather(1, picks)[:, 0]
    else:
        tokens = torch.multinomial((allowed / temperature).softmax(-1), 1, generator=generator)[:, 0]
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - normaliser
    return tokens.tolist(), logprobs.tolist(), stuck
