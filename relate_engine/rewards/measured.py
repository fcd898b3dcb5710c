"""A figure of one clause said of the thing of another: "14 days in the fridge" of "four days in the fridge".

Why: every figure of such a text stands in the brief, beside something else.
Leaves out: prices joined in one list, and times of day.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.clauses import LIGHT, ONE_WORD, Clause, Fault, figures_of, roots_of
from relate_engine.rewards.quantities import Quantity, equal, quantities
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import stem

_AND = re.compile(r", and (?=your|the|our|we|you|it)")


def mismeasured(sentence: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[Fault]:
    """A figure of one clause said of the thing of another: "14 days in the fridge" of "four days in the fridge"."""
    for q in quantities(sentence):
        if not q.dim or q.dim in {"clock", "pct"}:
            continue
        kin = [(c, k) for whole in brief for c in _parts(whole) for k in _of(c.text) if k.dim == q.dim]
        same = [c for c, k in kin if equal(q, k)]
        others = [c for c, k in kin if c not in same and not equal(q, k) and k.period != "every"]
        if not same or not others:
            continue
        start = max((m.end() for m in _AND.finditer(sentence, 0, q.start)), default=0)
        near = sentence[start : q.start] + sentence[q.end :]
        best = max(_shared(near, c, weight) for c in same)
        rival = max(others, key=lambda c: _shared(near, c, weight))
        joined = q.dim not in MONEY and _joined(near, frozenset().union(*(c.roots for c in same)), rival.roots)
        if _told_figures(rival, sentence):
            continue
        plain = roots_of(near) - {ONE_WORD[stem("warranty")]}
        apart = best == 0 and not any(plain & c.roots for c in same)
        if joined or (apart and _shared(near, rival, weight) >= 0.5):
            message = f"'{sentence[q.start : q.end]}' is said of another thing; the brief says: {rival.text}."
            return [(q.start, q.end, "CLM-019", message, "Say what the brief says it of.")]
    return []


@lru_cache(maxsize=2048)
def _parts(clause: Clause) -> tuple[Clause, ...]:
    """ "5 years on canvas", "2 years on zips" of one clause with several figures."""
    parts = re.split(r",\s(?:and\s)?(?=\$?\d)", clause.text)
    return tuple(Clause(p, roots_of(p), figures_of(p)) for p in parts)


def _told_figures(clause: Clause, text: str) -> bool:
    return bool(clause.figures & figures_of(text))


def _joined(text: str, ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Is a thing of the figure's own clause joined to one of the other's: "castings, glass and gaskets"?"""
    for m in re.finditer(r"([A-Za-z'-]+)(?:,? (?:and|or|&) (?:the |your )?|, )([A-Za-z'-]+)", text):
        a, b = roots_of(m[1]) - LIGHT, roots_of(m[2]) - LIGHT
        if (a & ours - theirs and b & theirs - ours) or (b & ours - theirs and a & theirs - ours):
            return True
    return False


@lru_cache(maxsize=4096)
def _of(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, brief=True))


def _shared(piece: str, clause: Clause, weight: dict[str, float]) -> float:
    promise = {ONE_WORD[stem("warranty")]}
    return sum(weight.get(r, 0) for r in clause.roots & roots_of(piece) - LIGHT - promise)
