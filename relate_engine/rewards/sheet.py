"""What a brief states, read once into the forms that facts are looked up in.

Why: every check of a text asks the same of the brief: its quantities, codes, words, days and denials.
Leaves out: what any of it means for a text (facts.py, dates.py, propernames.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.brief import Brief
from relate_engine.rewards.calendar import DAYS, MONTHS, name_of
from relate_engine.rewards.contradictions import denied_things
from relate_engine.rewards.lexicon import (
    AT_HOME,
)
from relate_engine.rewards.quantities import Quantity, codes, quantities
from relate_engine.rewards.readings import spelled_out
from relate_engine.rewards.words import stem, words

_MASK = "\ufffc"


@dataclass(frozen=True)
class Sheet:
    """What the brief states, in the forms that facts are looked up in."""

    facts: str
    quantities: tuple[Quantity, ...]
    codes: frozenset[str]
    words: frozenset[str]  # lower case
    stems: frozenset[str]
    prefixes: frozenset[str]
    dates: frozenset[str]
    denied: frozenset[str]  # stems that stand in denials only
    titles: str  # names and keywords of the product


@lru_cache(maxsize=512)
def sheet_of(facts: str, more: str, titles: str) -> Sheet:
    """Read the brief's facts once; `more` are words allowed that state nothing (vertical, home country)."""
    plain = facts.replace("\u2019", "'")
    own = {w.lower for w in words(f"{plain} {more}")} | set(more.lower().split())
    own |= {part for w in own for part in w.split("'")}
    dates = {m[1].lower() for m in re.finditer(rf"\b{name_of(DAYS + MONTHS)}", plain, re.I)}
    for names in (DAYS, MONTHS):
        one = name_of(names)
        for m in re.finditer(rf"\b{one}\s?(?:to|-|\u2013|through|until)\s?{one}", plain, re.I):
            first, last = ([d[:3] for d in names].index(m[i].lower()) for i in (1, 2))
            span = names[first : last + 1] if first <= last else names[first:] + names[: last + 1]
            dates |= {d[:3] for d in span}
    for word, days in (
        ("weekday", DAYS[:5]),
        ("weekend", DAYS[5:]),
        ("daily", DAYS),
        ("every day", DAYS),
        ("seven days", DAYS),
    ):
        if word in plain.lower():
            dates |= {d[:3] for d in days}
    return Sheet(
        facts=plain,
        quantities=(*quantities(plain, brief=True), *spelled_out(plain)),
        codes=frozenset(c for c, _, _ in codes(plain))
        | frozenset(re.findall(r"[a-z]+\d+[a-z]*|\d+[a-z]+", plain.lower())),
        words=frozenset(own),
        stems=frozenset(stem(w) for w in own),
        prefixes=frozenset(w[:5] for w in own if len(w) >= 4),
        dates=frozenset(dates),
        denied=denied_things(plain),
        titles=titles,
    )


def stem_date(name: str) -> str:
    return name.lower()[:3]


def sheet(brief: Brief, countries: Sequence[str] = ()) -> Sheet:
    home = " ".join(AT_HOME.get(c, "") for c in (*brief.countries, *countries))
    return sheet_of(brief.facts, f"{brief.vertical} {brief.tone} {home}", "\n".join((*brief.names, *brief.keywords)))


def masked(text: str, names: Sequence[str]) -> str:
    """`text` with straight apostrophes and its names blanked out, every character still in its place."""
    plain = text.replace("\u2019", "'")
    models = [m[0] for n in names if (m := re.match(r"\S+ \w*\d\w*", n))]  # "Ridgeback 2" of "Ridgeback 2 Tent"
    for name in (*names, *models):
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I)
        plain = pattern.sub(lambda m: _MASK * len(m[0]), plain)
    return plain
