"""Numbers of a brief in forms that only a brief uses: "open 11 to 5", "16 in gooseneck", "a pair of smiths".

Why: briefs are notes, and a text spells out what they shorten. These readings are added to the plain ones, so they
support a text and never contradict it.
Leaves out: everything that a text may say too (quantities.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Iterator

from relate_engine.rewards.quantities import Quantity, surroundings

_HOURS = re.compile(
    r"\b(?:open|hours)\b[^.;\n\d]{0,40}(\d{1,2}) ?(?:to|-|\u2013) ?(\d{1,2})(?![\d:.%]| ?[ap]\.?m)", re.I
)
_INCHES = re.compile(r"(?<![\d.,/])(?:(\d)/(\d{1,2})|(\d+(?:\.\d+)?))(?: in(?= [a-z])|[ -]inch(?=es\b|\b))", re.I)
_GROUP = re.compile(r"\b(pair|couple|trio) of (?=[a-z])", re.I)
_TERMS = re.compile(r"(?<![\d.])(\d+), (?=\d+(?:, \d+)*,? or \d+ (month|week|day|year)s?\b)", re.I)
_TWICE = re.compile(r"\btwice\b(?! (?:a|an|as|the)\b)|\bmonth[- ]to[- ]month\b", re.I)
_UNITS = {"day": ("time", 86400.0), "week": ("time", 604800.0), "month": ("month", 1.0), "year": ("month", 12.0)}


def spelled_out(facts: str) -> list[Quantity]:
    """The numbers of a brief that the plain reading leaves without their unit."""
    return [surroundings(facts, q) for q in _read(facts)]


def _read(facts: str) -> Iterator[Quantity]:
    for m in _HOURS.finditer(facts):
        first, last = int(m[1]), int(m[2])
        if 6 <= first <= 12 and 1 <= last <= 12:
            yield Quantity(first, first * 60.0, "clock", m.start(1), m.end(1))
            yield Quantity(last, (last % 12 + 12) * 60.0, "clock", m.start(2), m.end(2))
    for m in _INCHES.finditer(facts):
        value = float(m[3]) if m[3] else int(m[1]) / max(1, int(m[2]))
        yield Quantity(value, value, "inch", *m.span())
    for m in _GROUP.finditer(facts):
        n = 3.0 if m[1].lower() == "trio" else 2.0
        yield Quantity(n, n, "", m.start(), m.end() - 1, spoken=True)
    for m in _TERMS.finditer(facts):
        dim, size = _UNITS[m[2].lower()]
        yield Quantity(float(m[1]), float(m[1]) * size, dim, *m.span(1))
    for m in _TWICE.finditer(facts):
        often = m[0].lower() == "twice"
        yield Quantity(2 if often else 1, 2 if often else 1, "times" if often else "month", *m.span())
