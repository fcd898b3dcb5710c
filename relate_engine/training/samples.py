"""What the policy wrote while it was trained: a few whole groups of texts, as JSON lines beside the adapter.

Of about GROUPS generation batches of a run, the last among them, the first group is kept: which task that is changes
from batch to batch. One line a group; of every text what it earned and what each word of it earned beside that:
    advantage   A_sent, the same for every token of the text                                     (credit.py)
    credit      A - A_sent of the word's worst token, as the loss used it: λ · A_tok, or its mean over the text. It is
                relative to the group: 0 is its average token, and where others did worse it is above 0
    fault       z of that token: the weighted amounts of its findings, ≤ 0
A file that a killed run left may be ahead of the checkpoint that the next one goes on from. A step is sampled again as
it was (grpo.py), so keeping one first drops what the file holds of it and of later ones: nothing is lost or twice in.
Leaves out the numbers of every step (steplog.py) and how the texts are shown (app).
"""

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal, get_args

from relate_engine.scorecard import Finding
from relate_engine.training.credit import credits_of, responsible
from relate_engine.training.judge import Judge, Verdict

FILE = "samples.jsonl"
GROUPS, TEXTS = 20, 8
LONGEST = 60_000  # bytes of a line; texts of a group beyond it are left out
MOST = 2 * GROUPS + 1  # lines: with so many batches that every one of them is kept, and the last
State = Literal["judged", "open", "empty", "unscored"]  # open: it did not end within its tokens


@dataclass(frozen=True)
class SampledWord:
    """A word at [start, end) of its text; `why` are the findings behind its fault."""

    start: int
    end: int
    credit: float
    fault: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class SampledText:
    """`rewards`: the sentence rewards by name, each in [0, 1]; `reward`: their weighted sum, None if unscored."""

    text: str
    state: State
    rewards: dict[str, float]
    reward: float | None
    advantage: float
    words: tuple[SampledWord, ...]


@dataclass(frozen=True)
class SampledGroup:
    """`size`: texts of the group, of which `texts` holds the first; `mean`, `std`: of the reward over all that were
    scored (None for fewer than one, and than two)."""

    step: int
    product: str
    placement: str
    slot: str
    angle: str
    size: int
    mean: float | None
    std: float | None
    texts: tuple[SampledText, ...]


def is_kept(done: int, steps: int, iterations: int) -> bool:
    """Whether the batch that is sampled after `done` of `steps` optimiser steps is one of those kept."""
    number, batches = done // iterations, -(-steps // iterations)
    return number % max(1, batches // GROUPS) == 0 or number == batches - 1


def group_of(
    step: int, row: Mapping[str, Any], judge: Judge, sentence: Sequence[float], token: Sequence[Sequence[float]]
) -> SampledGroup:
    """The first group of the batch that `judge` judged last. `row`: its task, as grpo.rows_of makes it; `sentence`:
    A_sent of each of its texts; `token`: A - A_sent of each of their tokens."""
    brief, verdicts = json.loads(row["brief"]), judge.verdicts[: judge.group]
    rewards = [judge.rewards_of(verdict) for verdict in verdicts]
    totals = [sum(judge.arm.sentence[name] * value for name, value in r.items()) if r else None for r in rewards]
    scored = [total for total in totals if total is not None]
    texts = tuple(
        SampledText(
            verdict.text,
            _state(verdict),
            {name: round(value, 4) for name, value in each.items()},
            None if total is None else round(total, 4),
            round(float(advantage), 4),
            _words(verdict, judge, own),
        )
        for verdict, each, total, advantage, own in zip(verdicts, rewards, totals, sentence, token, strict=True)
    )
    return SampledGroup(
        step,
        brief["product"],
        brief["placement"],
        row["slot"],
        row["angle"],
        len(verdicts),
        round(fmean(scored), 4) if scored else None,
        round(stdev(scored), 4) if len(scored) > 1 else None,
        texts[:TEXTS],
    )


def _state(verdict: Verdict) -> State:
    if not verdict.text:
        return "empty"
    return "unscored" if verdict.unscored else "judged" if verdict.card else "open"


def _words(verdict: Verdict, judge: Judge, own: Sequence[float]) -> tuple[SampledWord, ...]:
    """The words of a text; what stands behind the last one, such as the token that ends the text, counts as its."""
    arm, cover = judge.arm, verdict.cover
    found = [f for f in verdict.card.findings if f.credit and arm.token.get(f.reward)] if verdict.card else []
    fault = credits_of(found, cover, arm.token)
    held = [(_said(f), frozenset(responsible(cover, f.start, f.end))) for f in found]
    spans = [match.span() for match in re.finditer(r"\S+", verdict.text)]
    made = []
    for number, (start, end) in enumerate(spans):
        last = number == len(spans) - 1
        mine = [t for t, (a, b) in enumerate(cover) if b > start and (a < end or last)]
        why = dict.fromkeys(said for said, at in held if arm.spread == "mean" or at.intersection(mine))
        credit = min((own[t] for t in mine), default=0.0)
        worst = min((fault[t] for t in mine), default=0.0)
        made.append(SampledWord(start, end, round(credit, 4) + 0.0, round(worst, 4), tuple(why)))
    return tuple(made)


def _said(found: Finding) -> str:
    return f"{found.rule_id}: {found.message}"


def keep_group(group: SampledGroup, path: Path) -> None:
    """Adds a group to the file, in place of what it holds of its step and of later ones. Whole or not at all."""
    kept = [*(g for g in read_groups(path) if g.step < group.step), group]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.writelines(_line(g) for g in kept[:MOST])
        file.flush()
        os.fsync(file.fileno())  # a checkpoint that outlives a power cut must find it
    part.replace(path)


def _line(group: SampledGroup) -> str:
    """A group as JSON; a text tells each of its findings once, and its words only their numbers."""
    told = asdict(group)
    for text in told["texts"]:
        said = list(dict.fromkeys(why for word in text["words"] for why in word["why"]))
        text["why"] = said
        text["words"] = [
            [w["start"], w["end"], w["credit"], w["fault"], [said.index(why) for why in w["why"]]]
            for w in text["words"]
        ]
    while len(line := json.dumps(told)) > LONGEST and told["texts"]:
        told["texts"] = told["texts"][:-1]
    return f"{line}\n"


def read_groups(path: Path) -> list[SampledGroup]:
    """The groups that a run kept, in order; [] where there are none. A line that cannot be read is passed over."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = file.read(MOST * (LONGEST + 1)).splitlines()[:MOST]
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        try:
            found.append(_group(json.loads(line)))
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
            continue
    return found


def _group(told: dict[str, Any]) -> SampledGroup:
    return SampledGroup(
        step=int(told["step"]),
        product=str(told["product"]),
        placement=str(told["placement"]),
        slot=str(told["slot"]),
        angle=str(told["angle"]),
        size=int(told["size"]),
        mean=_number(told["mean"]),
        std=_number(told["std"]),
        texts=tuple(_text(t) for t in told["texts"]),
    )


def _text(told: dict[str, Any]) -> SampledText:
    if told["state"] not in get_args(State):
        raise ValueError(told["state"])
    said = [str(why) for why in told["why"]]
    words = tuple(
        SampledWord(int(start), int(end), float(credit), float(fault), tuple(said[n] for n in why))
        for start, end, credit, fault, why in told["words"]
    )
    rewards = {str(name): float(value) for name, value in told["rewards"].items()}
    return SampledText(
        str(told["text"]), told["state"], rewards, _number(told["reward"]), float(told["advantage"]), words
    )


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
