"""How often: "weekly photos" of "a photo every month", "a monthly payment of $40" of "$40 once".

Why: a rhythm is a term of the offer, and it is written without a figure as often as with one. A rhythm the brief
never speaks of is wrong where the text says it of a thing to which the brief gives another.
Leaves out: rhythms the brief gives to something else, the period right behind a price (facts.py), and days and hours
of the clock (dates.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.clauses import figures_of, roots_of
from relate_engine.rewards.words import word_set
from relate_engine.scorecard import Finding, finding

_UNIT = r"hour|day|night|morning|evening|week|fortnight|month|quarter|season|year"
_RHYTHM = re.compile(
    rf"\b(?:(?:every|each|per|once an?|one an?) (?:single )?(?P<each>{_UNIT})(?! before| after| of)|"
    rf"an? (?P<per>{_UNIT})(?! (?:of|or|in|and|at|later|after|before|without|with|that|when|ago|out|off|on|early|"
    rf"to|trial))|"
    r"(?P<adverb>hourly|daily|nightly|weekly|fortnightly|monthly|quarterly|yearly|annual(?:ly)?))\b",
    re.I,
)
_ONCE = re.compile(r"[$\u00a3\u20ac][\d.,]+ (?P<once>once|one-off|one-time)\b", re.I)
# Words before "a month" that make it a length or a date, and counts and coins, which are read with it elsewhere.
_LENGTH = word_set(
    """for in of half within after quite such is was with on than at to take pick choose under about by get times twice
    days nights hours dollars pounds euros cents pence bucks quid what it's not like until over nearly almost"""
)
# Other ways a brief tells a rhythm, which a text may turn into it: days by name, so many weeks or months.
_TOLD = {
    "day": re.compile(r"\b(?:days?|nights?|daytime|mornings?|evenings?|24|breakfast|bedtime|weekdays?)\b", re.I),
    "week": re.compile(r"\bweeks?|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.I),
    "month": re.compile(r"\bmonths?\b", re.I),
    "quarter": re.compile(r"\bquarter|three months|3 months|seasons?\b", re.I),
    "season": re.compile(r"\bseason|quarter|spring|summer|autumn|winter\b", re.I),
    "year": re.compile(r"\byears?|annual", re.I),
    "hour": re.compile(r"\bhour", re.I),
}


@dataclass(frozen=True)
class Rhythm:
    period: str
    near: frozenset[str]  # stems of the words of its clause
    figures: frozenset[float]
    start: int
    end: int


def check_rhythms(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a rhythm that the brief never speaks of, said of a thing with another."""
    told = rhythms(facts)
    periods = {t.period for t in told}
    found = []
    for r in rhythms(text) if told else ():
        if r.period in periods or denied_at(text, r.start, r.end) or _in_other_words(r, facts):
            continue
        if r.period in _PRICED and _PRICE.search(text[: r.start]):
            continue  # a price's own period: flagged here it was as often wrong as right
        rival = next((t for t in told if r.near & t.near or r.figures & t.figures), None)
        if rival is not None:
            message = f"'{text[r.start : r.end]}' is another rhythm; the brief says: {facts[rival.start : rival.end]}."
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", message, fix="Say how often, as the brief does.",
                    start=r.start, end=r.end, source="brief",
                )
            )  # fmt: skip
    return found


def _in_other_words(r: Rhythm, facts: str) -> bool:
    """Does a clause that speaks of the same tell the period otherwise: "Fridays" of "each week"?"""
    told = _TOLD.get(r.period)
    return told is not None and any(told.search(c) and r.near & roots_of(c) for c in _END.split(facts))


_TIME = roots_of("hour day night week month year time minute hours days weeks months years minutes first")
_PRICE = re.compile(r"[$\u00a3\u20ac]\d[\d.,]* $")
_PRICED = {"hour", "day", "week", "month", "quarter", "year"}
_END = re.compile(r"[.;:!?](?=\s|$)|\n")


@lru_cache(maxsize=2048)
def rhythms(text: str) -> tuple[Rhythm, ...]:
    """Each rhythm of a text with what its clause speaks of."""
    found = []
    for m in (*_RHYTHM.finditer(text), *_ONCE.finditer(text)):
        name = (m[m.lastgroup or 0]).lower()
        period = {"daily": "day", "nightly": "day", "annually": "year", "one-off": "once", "one-time": "once"}.get(
            name, name.removesuffix("ly")
        )
        period = {"night": "day", "morning": "day", "evening": "day", "annual": "year"}.get(period, period)
        last = text[: m.start()].rsplit(maxsplit=1)[-1:]
        if m.re is _RHYTHM and m["per"] and (not last or last[0].lower() in _LENGTH or last[0][-1] in ",.;:!?"):
            continue
        start, end = m.span("once") if m.re is _ONCE else m.span()
        left = max((e.end() for e in _END.finditer(text, 0, start)), default=0)
        right = _END.search(text, end)
        before, after = text[left:start], text[end : right.start() if right else len(text)]
        around = f"{before} {after}"
        near = around if m.re is _ONCE or m["adverb"] is None else " ".join(before.split()[-2:] + after.split()[:1])
        found.append(Rhythm(period, roots_of(near) - _TIME, figures_of(around), start, end))
    return tuple(found)
