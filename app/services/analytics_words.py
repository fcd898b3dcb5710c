"""Which word of a text earned what: the credit that training gives its tokens, told by word.

The findings of a text's newest scorecard are weighed as an arm of training weighs them (training/credit.py) and go to
the tokens that spell their span; the tokens are those of the writer's own tokenizer. A word's credit is that of its
worst token: 0, or how much training holds against it; an arm that spreads credit gives every word the mean. What judges
a text as a whole (sales, length, format) goes to every word alike and is shown beside it. Leaves out the group's mean,
which training subtracts: it needs the other texts of the step, and is told of those that training sampled
(analytics_samples.py).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.services.analytics import View, writer
from app.services.people import Actor, require
from app.services.process import libraries
from db import analytics as rows
from db.session import Database
from relate_engine.config import Settings
from relate_engine.policy.spelling import Speller
from relate_engine.policy.weights import policy_folder
from relate_engine.scorecard import Finding, Scorecard, scorecard_from_json

PAGE = 10
ARMS = ("relate", "m4", "m3")  # those whose findings give credit
DEFAULT = "relate"


@dataclass(frozen=True)
class Completion:
    """A text as it was judged last. `card` is None where it was never scored."""

    id: int
    created_at: datetime
    brief: str
    placement: str
    slot: str
    angle: str
    writer: str
    text: str
    card: Scorecard | None


@dataclass(frozen=True)
class Word:
    """One word with its place in the text, its credit, and the findings behind it. Credit is ≤ 0, but for a text of
    training (analytics_samples.py), whose credit is relative to its group."""

    text: str
    start: int
    end: int
    credit: float
    why: tuple[str, ...]


def completions(
    db: Database, actor: Actor, view: View, slot: str, level: str, search: str, page: int
) -> tuple[int, list[Completion]]:
    """How many texts match (10,000 at most are counted), and one page of them, newest first; `page` counts from 0."""
    require(actor, "analytics.read")
    with db.read() as session:
        total, found = rows.completions(
            session, view.window(actor), slot, level, search.strip(), PAGE * page, PAGE
        )  # fmt: skip
    return total, [
        Completion(
            row.id, row.created_at, row.brief, row.placement, row.slot, row.angle or "", writer(row.written_by),
            row.text, scorecard_from_json(row.payload) if row.payload else None,
        )
        for row in found
    ]  # fmt: skip


def tokenizer_of(config: Settings) -> Any:
    """The writer's tokenizer. WeightsError where the base is not there.

    Only a base without a tokenizer.json, such as one named by hub id, needs torch and transformers, which take
    seconds to import the first time.
    """
    folder = policy_folder(config.base_model, config.cache)
    if (Path(folder) / "tokenizer.json").is_file():
        return Speller(folder)
    libraries()
    from relate_engine.policy.model import load_tokenizer

    return load_tokenizer(folder)


def words_of(text: str, findings: tuple[Finding, ...], arm: str, tokenizer: Any) -> list[Word]:
    """The words of a text in order with their credit. `findings` are spans of exactly this text."""
    from relate_engine.training import credit

    chosen = credit.ARMS[arm]
    spelled, cover = credit.spell(tokenizer, tokenizer.encode(text, add_special_tokens=False))
    if spelled != text or not cover:  # the tokenizer does not give the text back: by character then
        cover = [(i, i + 1) for i in range(len(text))]
    earned = credit.credits_of(findings, cover, chosen.token)
    whole = chosen.spread == "mean"
    if whole and earned:
        earned = [sum(earned) / len(earned)] * len(earned)
    weighed = [f for f in findings if f.credit and chosen.token.get(f.reward)]
    found = []
    for match in re.finditer(r"\S+", text):
        start, end = match.span()
        mine = min((z for z, (a, b) in zip(earned, cover, strict=True) if a < end and b > start), default=0.0)
        why = dict.fromkeys(f"{f.rule_id}: {f.message}" for f in weighed if whole or _meets(f, start, end))
        found.append(Word(match.group(), start, end, round(mine, 4), tuple(why) if mine else ()))
    return found


def _meets(found: Finding, start: int, end: int) -> bool:
    """Whether a finding is about the word at [start, end)."""
    if found.start is None or found.end is None:
        return True
    return (found.start < end and found.end > start) or (found.start == found.end and start <= found.start < end)


def sentence_rewards(card: Scorecard, arm: str) -> dict[str, float]:
    """What every word of a text shares: the arm's sentence rewards, each in [0, 1]."""
    from relate_engine.training import credit
    from relate_engine.training.judge import SENTENCE

    chosen = credit.ARMS[arm]
    return {name: SENTENCE[name](card, chosen) for name in chosen.sentence}
