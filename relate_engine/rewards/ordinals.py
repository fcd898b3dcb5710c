"""A place in a row that the brief gives otherwise: "your third visit is free" of "every second visit free".

Why: an ordinal is a number too, and no count or price stands beside it.
Leaves out: "first" and "last", which sell rather than count, and fractions ("a third of").
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.rewards.contradictions import SAY, fact
from relate_engine.rewards.words import STOP, stem
from relate_engine.scorecard import Finding

_PLACE = re.compile(
    r"\b(?P<place>second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth) (?P<one>[a-z]+)(?: (?P<two>[a-z]+))?",
    re.I,
)


def check_ordinals(text: str, facts: str) -> list[Finding]:
    """A caution for a place of which the brief names another."""
    said = list(_PLACE.finditer(text))
    told = [(m["place"].lower(), _things(m)) for m in _PLACE.finditer(facts)] if said else []
    found = []
    for m in said:
        same = [place for place, things in told if things & _things(m)]
        if same and m["place"].lower() not in same:
            message = f"The brief says '{same[0]} {m['one']}', not '{m['place']} {m['one']}'."
            found.append(fact(message, m.start(), m.end("one"), SAY, "warn"))
    return found


def _things(m: re.Match[str]) -> set[str]:
    """Stems of what stands in the row."""
    after = [m["one"].lower()] if m["one"].lower() in STOP or m["two"] is None else [m["one"].lower(), m["two"].lower()]
    return {stem(w) for w in after if w not in STOP}
