"""Shares said in another way: "nine in ten" of 88%, "75% of graduates" of "3 of 4 graduates".

Why: a part of a whole is a percentage to any reader, so either form supports the other.
Leaves out: shares of wholes that are not round, and prices after a discount (arithmetic.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence

from relate_engine.rewards.quantities import Quantity
from relate_engine.rewards.words import stem, words

_TO_TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NAMES = dict(zip(_TO_TEN, range(1, 11), strict=True))
_OF_TEN = re.compile(
    rf"\b(?P<part>{'|'.join(_NAMES)}|[1-9]) (?:in|out of|of every|of) (?:every )?(?P<whole>ten|five|four|three|"
    rf"10|5|4|3|100)\b",
    re.I,
)


def shared(text: str, q: Quantity, brief: Sequence[Quantity], facts: str) -> bool:
    """Is the text's quantity `q` a share that the brief states in the other form?"""
    for m in _OF_TEN.finditer(text):
        if m.start() <= q.start < m.end():
            return any(k.dim == "pct" and abs(k.value - _percent(m)) <= 4 for k in brief)
    if re.match(r" (?:of|from|in|out of) (?:every|each|the) dollar", text[q.end :]):
        return any(k.dim == "pct" and abs(k.value - 100 * q.value) < 0.01 for k in brief)
    of = re.match(r" of (?:our |the |all )?([a-z]+)", text[q.end :], re.I)
    if q.dim != "pct" or of is None:
        return False
    told = [m for m in _OF_TEN.finditer(facts) if abs(q.value - _percent(m)) < 0.5]
    return any(stem(of[1].lower()) in _counted(facts[m.end() : m.end() + 40]) for m in told)


def _percent(m: re.Match[str]) -> float:
    part, whole = (_NAMES.get(g.lower()) or float(g) for g in (m["part"], m["whole"]))
    return 100 * part / whole


def _counted(after: str) -> set[str]:
    """Stems of what the share is of: the words right after it."""
    return {stem(w.lower) for w in words(re.split(r"[.;:!?,]", after)[0])[:3]}
