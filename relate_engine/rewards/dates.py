"""Days and months of a text that its brief does not state, or states as closed.

Why: "until Sunday" and "in May" are promises beside an offer or a schedule; elsewhere they set a scene and pass.
Leaves out: years and days of the month (quantities.py), times of day (facts.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.rewards.contradictions import SAY, fact, fault
from relate_engine.rewards.sheet import DAYS, MONTHS, Sheet, stem_date
from relate_engine.scorecard import Finding, Severity

MONTH = re.compile(
    r"\b(January|February|April|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|"
    r"Jul|Aug|Sept?|Oct|Nov"
    r"|Dec|(?:(?<=in )|(?<=to )|(?<=by )|(?<=from )|(?<=until )|(?<=since )|(?<=through )|(?<=on )|"
    r"(?<=early )|(?<=late )|(?<=\d ))"
    r"(?:March|May)|(?:March|May)(?= \d|-| to ))\b"
)
DAY = re.compile(r"\b(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tues?|Wed|Thurs?|Fri)s?\b")
_SCHEDULE = re.compile(
    r"\b(?:every|each|until|till|open|closed|before|next|this|from|through|to|ends?|starts?|"
    r"arrives?(?: on)?)\s$",
    re.I,
)
# An offer or a schedule in the same sentence makes a day or a month a promise; without one it sets a scene.
_PROMISE = re.compile(
    r"\b(?:open\w*|clos(?:e|es|ed|ing)|ship\w*|deliver\w*|sen[dt]s?|daily|a day|arriv\w+|end(?:s|ed|ing)?|start\w*|"
    r"begin\w*|launch\w*|"
    r"sales?|deals?|offers?|free|save|off|discount\w*|until|till|by|from|before|through|every|each|order\w*|book\w*|"
    r"enrol\w*|regist\w+|only)\b|[$\u00a3\u20ac%]",
    re.I,
)


def promises(text: str, start: int, end: int) -> bool:
    """Does an offer or a schedule verb stand in the sentence of this date?"""
    before = re.split(r"[.;!?]\s|\n", text[max(0, start - 60) : start])[-1]
    after = re.split(r"[.;!?](?:\s|$)|\n", text[end : end + 40])[0]
    return bool(_SCHEDULE.search(before) or _PROMISE.search(before) or _PROMISE.search(after))


def check_dates(text: str, sheet: Sheet) -> list[Finding]:
    fix = "Use a date of the brief, or add this one to it."
    found = []
    for pattern in (MONTH, DAY):
        for m in pattern.finditer(text):
            # "A rainy Saturday" sets a scene; beside an offer or a schedule verb a day is a promise.
            severity: Severity = "note"
            if pattern is MONTH or sheet.dates & {d[:3] for d in DAYS}:
                severity = "warn"
            closed = re.search(rf"\bclose[ds] (?:on )?(?:[a-z]+ (?:and|to) )?{m[1][:3]}[a-z]*day", sheet.facts, re.I)
            if closed and re.search(r"\bopen\b", text, re.I) and not re.search(r"\bclosed?\b", text, re.I):
                found.append(fact(f"The brief says: {closed[0]}.", m.start(), m.end(), SAY, "warn"))
                continue
            nth = re.search(rf"\b(?:first|second|third|last|every other) {m[1][:3]}[a-z]*day\b", sheet.facts, re.I)
            if nth and re.search(r"\b(?:every|each|all) $", text[: m.start()], re.I):
                found.append(fact(f"The brief says: {nth[0]}.", m.start(), m.end(), SAY, "warn"))
                continue
            if stem_date(m[1]) in sheet.dates or _outside(text, m, sheet.dates):
                continue
            numbered = re.match(r"s? \d", text[m.end() :]) or re.search(r"\d(?:st|nd|rd|th)? $", text[: m.start()])
            if (
                numbered
                or _SCHEDULE.search(text[: m.start()])
                or (severity == "warn" and promises(text, m.start(), m.end()))
            ):
                severity = "block"
            else:
                severity = "note"
            found.append(fault(text, m.start(), m.end(), "a date", fix, severity))
    return found


_BUT = re.compile(r"\b(?:but|except(?: for)?|other than|save|apart from) (?:on )?$", re.I)


def _outside(text: str, m: re.Match[str], stated: frozenset[str]) -> bool:
    """A day that follows from a stated one: "any day but Sunday" and "before February" of January."""
    names = [d[:3] for d in (MONTHS if m[1][:3].lower() in {n[:3] for n in MONTHS} else DAYS)]
    at = names.index(m[1][:3].lower())
    before = text[: m.start()]
    if _BUT.search(before) or re.match(r"s?-", text[m.end() :]):
        return True
    if re.search(r"\bbefore $", before, re.I) and names[at - 1] in stated:
        return True
    return len(names) == 7 and names[at - 1] in stated and re.search(rf"\b{names[at - 1]}", before, re.I) is not None
