"""Counts, hours and shares that follow from the brief in one step: "thousands" of 7,400, "two hours" of 6.45 to 8.45.

Why: a copywriter multiplies and subtracts in the head, and none of that is a false fact.
Leaves out: rounding, units and prices (arithmetic.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from relate_engine.rewards.quantities import Quantity
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import STOP, stem


def open_for(q: Quantity, brief: Sequence[Quantity], facts: str) -> bool:
    """ "Two hours" of 6.45 to 8.45 pm, "six days a week" of Mon-Sat."""
    if q.dim != "time":
        return False
    if q.value == 7 * 86400 and _EVERY_DAY.search(facts):
        return True
    hours = [k.value for k in brief if k.dim == "clock"]
    if any(abs(60 * ((b - a) % 1440) - q.value) < 1 for a, b in pairwise(hours)):
        return True
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    spans = re.finditer(
        r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s?(?:to|-|\u2013|through)\s?(mon|tue|wed|thu|fri|sat|sun)", facts, re.I
    )
    return any(86400 * ((week.index(m[2].lower()) - week.index(m[1].lower())) % 7 + 1) == q.value for m in spans)


_EVERY_DAY = re.compile(r"\b(?:every|each) day\b|\bdaily\b", re.I)


def at_hour(text: str, q: Quantity, same: Sequence[Quantity]) -> bool:
    """ "At 7 Eastern" of an hour the brief names."""
    return text[: q.start].endswith(" at ") and any(k.dim == "clock" for k in same)


def between_two(text: str, q: Quantity) -> bool:
    """ "Between two leases" counts nothing; "choose between two sizes" does."""
    return q.raw == 2 and re.search(r"(?<!choose )(?<!pick )(?<!choice )\bbetween $", text[: q.start], re.I) is not None


_NO_FEE = re.compile(r"\bno (?:[a-z]+ ){0,2}(?:fees?|charge|cost)\b|\b(?:[a-z]+ ){0,2}free(?: [a-z]+){0,2}", re.I)


def costs_nothing(q: Quantity, facts: str) -> bool:
    """ "$0 a month" of "no monthly fee"."""
    said = q.near | {stem(q.period)}
    return any(said & {stem(w) for w in m[0].lower().split()} for m in _NO_FEE.finditer(facts))


_PERSONS = frozenset(stem(w) for w in ("people", "persons", "folk", "folks"))
_DOER = re.compile(r"(?:[^s]ers?|ors?|ents?|ants?|ees?|ists?|women|men|families)$")


def persons(q: Quantity, same: Sequence[Quantity]) -> bool:
    """ "400 people who ride with us" of 400 riders: is it so many people of whom the brief says what they are?"""
    return bool(q.nouns) and stem(q.nouns[0]) in _PERSONS and any(_DOER.search(n) for k in same for n in k.nouns[:2])


def halved(brief: Sequence[Quantity]) -> bool:
    prices = [k.value for k in brief if k.dim in MONEY]
    return any(abs(a - 2 * b) < 0.01 for a in prices for b in prices)


_ORDERS = {"dozens": 24, "hundreds": 200, "thousands": 2_000, "millions": 2_000_000}


def scale_of(q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "Thousands" of 7,400, and "twenty classes" of two a week for ten weeks: a count in words, of two counts."""
    if q.dim in _ORDERS:
        return any(k.value >= _ORDERS[q.dim] for k in brief if not k.dim)
    if not q.spoken or q.dim or q.raw < 4:
        return False
    counts = [k for k in brief if 2 <= k.raw <= 60 and k.dim not in {*MONEY, "pct", "clock"}]
    same = [k for k in counts if counts_same(q, k)]  # where the brief counts the same, it must be a factor
    pairs = ((a, b) for i, a in enumerate(counts) for b in counts[i + 1 :])
    return any(
        a.raw * b.raw == q.raw and (not same or any(k in same and k.near & _PER for k in (a, b))) for a, b in pairs
    )


_PER = frozenset(stem(w) for w in ("week", "day", "month", "term", "each", "per", "every"))


def counts_same(q: Quantity, known: Quantity) -> bool:
    """Do both count the same things: "eight temperatures" and "six temperature settings"?"""
    things = {stem(n) for n in known.nouns[:2] if n not in STOP}
    return bool(q.nouns) and not known.dim and stem(q.nouns[0]) in things


def between_hours(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "At 10 p.m." of a shop open from 9 pm to 5 am, unless the text makes it the end of the hours."""
    if q.dim != "clock" or _EDGE.search(text[: q.start]) or re.match(r" (?:to|until|-|\u2013)", text[q.end :]):
        return False
    hours = [k.value for k in brief if k.dim == "clock"]
    return any(a <= q.value <= b if a < b else q.value >= a or q.value <= b for a, b in pairwise(hours))


_EDGE = re.compile(
    r"\b(?:until|till|to|by|from|open(?:s|ing)?(?: at)?|clos(?:e|es|ing)(?: at)?|before|after|starts?(?: at)?|"
    r"through) $",
    re.I,
)


def rest_of(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "All but twelve cents" of 88 cents in the dollar: what a share leaves of a hundred."""
    share = q.value if q.dim == "pct" else 100 * q.value if q.dim == "$" and "cent" in text[q.start : q.end] else None
    left = re.search(r"\b(?:all but|except|other|rest|remaining|only|just) (?:for |the )?$", text[: q.start], re.I)
    return (
        share is not None
        and left is not None
        and any(k.dim == "pct" and abs(100 - k.value - share) < 0.01 for k in brief)
    )


_ORDINAL = dict(
    zip(
        (2, 3, 4, 5, 6, 7, 8, 9, 10),
        ["second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"],
        strict=True,
    )
)


def nth(q: Quantity, facts: str) -> bool:
    """ "Three nights" of "third night free"."""
    word = _ORDINAL.get(int(q.raw)) if q.raw == int(q.raw) else None
    noun = q.nouns[0] if q.nouns else ""
    if q.dim:
        return word is not None and q.spoken and re.search(rf"\b{word}\b", facts, re.I) is not None
    return word is not None and re.search(rf"\b{word} {re.escape(noun.rstrip('s'))}", facts, re.I) is not None
