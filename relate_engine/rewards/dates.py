"""Days and months of a text that its brief does not state, or states as closed.

Why: "until Sunday" and "in May" are promises beside an offer or a schedule; elsewhere they set a scene and pass.
Leaves out: years and days of the month (quantities.py), times of day (facts.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.rewards.calendar import DAYS, MONTHS, name_of
from relate_engine.rewards.clauses import LIGHT, roots_of
from relate_engine.rewards.contradictions import SAY, fact, fault
from relate_engine.rewards.sheet import Sheet, stem_date
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
    r"arrives?(?: on)?)\s$|\b(?:use|enter|order|book|buy|join|apply|enrol|sign up)\b[^.!?\n]* by $",
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
            if pattern is DAY and _open_on(m[1], sheet.facts):
                continue
            nth = re.search(rf"\b(?:first|second|third|last|every other) {m[1][:3]}[a-z]*day\b", sheet.facts, re.I)
            if nth and re.search(r"\b(?:every|each|all) $", text[: m.start()], re.I):
                found.append(fact(f"The brief says: {nth[0]}.", m.start(), m.end(), SAY, "warn"))
                continue
            if stem_date(m[1]) in sheet.dates or _outside(text, m, sheet.dates) or _stay(text, m, sheet):
                continue
            part = re.match(r"s? (?:morning|evening|afternoon|night|lunchtime)s\b", text[m.end() :])
            if pattern is DAY and part and sheet.dates & {d[:3] for d in DAYS}:
                found.append(fault(text, m.start(), m.end(), "a day", fix, "warn"))
                continue
            if (
                pattern is DAY
                and m[0].endswith("days")
                and re.search(r"\bon $", text[: m.start()])
                and severity == "warn"
            ):
                found.append(fault(text, m.start(), m.end(), "a day", fix, "warn"))
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
            if severity == "note" and _same_subject(text, m, pattern, sheet.facts):
                severity = "warn"
            if severity == "note" and pattern is DAY and _timetable(text, m, sheet):
                severity = "warn"
            found.append(fault(text, m.start(), m.end(), "a date", fix, severity))
    return found + _whole_week(text, sheet) + _whole_day(text, sheet) + _season(text, sheet)


_DAILY = re.compile(
    r"\b(?:every (?:single )?day|each day|daily|(?:seven|7) days(?: a week)?|all week(?: long)?|any day(?: of the "
    r"week)?|"
    r"every morning|every evening|every night|(?:at |on |every )?weekends?|(?:on |every )?weekdays?)\b",
    re.I,
)
_EVERY = re.compile(r"\b(?:every day|each day|daily|(?:seven|7) days|all week|any day|any time|anytime|24/7)\b", re.I)
_NAMED = re.compile(rf"\b{name_of(DAYS)}|\bweekdays?\b|\bweekends?\b", re.I)


def _whole_week(text: str, sheet: Sheet) -> list[Finding]:
    """ "Paid every day" of "paid every Friday": days the clause of the brief does not name."""
    days = {d[:3] for d in DAYS} & sheet.dates
    told = list(_DAILY.finditer(text))
    if not told or not days or len(days) == 7:
        return []
    clauses = [c for c in re.split(r"[.;!?](?:\s|$)|\n", sheet.facts) if _NAMED.search(c)]
    found = []
    for m in told:
        word = m[0].lower()
        wanted = DAYS[5:] if "weekend" in word else DAYS[:5] if "weekday" in word else DAYS
        if {d[:3] for d in wanted} <= days or re.search(r"\b(?:but|except)\b", text, re.I):
            continue
        own = (
            roots_of(re.split(r"[.!?]\s", text[: m.start()])[-1] + " " + re.split(r"[.!?]", text[m.end() :])[0]) - LIGHT
        )
        near = [c for c in clauses if own & roots_of(c) - LIGHT]
        if near and not _EVERY.search(sheet.facts):
            found.append(fact(f"The brief says: {near[0].strip()}.", m.start(), m.end(), SAY, "warn"))
    return found


_ALL_DAY = re.compile(r"\ball (?:day|night|evening|weekend|afternoon|morning)\b(?! long (?:wear|comfort))", re.I)
_FROM = re.compile(r"\b(?:from|at|until|by|starts?) \d{1,2}(?:[:.]\d\d)? ?(?:[ap]\.?m|-)|\d ?[ap]m", re.I)


def _whole_day(text: str, sheet: Sheet) -> list[Finding]:
    """ "Live music all day" of "live music from 2pm"."""
    told = list(_ALL_DAY.finditer(text))
    if not told or _ALL_DAY.search(sheet.facts):
        return []
    clauses = [c for c in re.split(r"[.;!?](?:\s|$)|\n", sheet.facts) if _FROM.search(c)]
    found = []
    for m in told:
        own = roots_of(re.split(r"[.!?]\s", text[: m.start()])[-1]) - LIGHT
        if near := [c for c in clauses if own & roots_of(c) - LIGHT]:
            found.append(fact(f"The brief says: {near[0].strip()}.", m.start(), m.end(), SAY, "warn"))
    return found


def _same_subject(text: str, m: re.Match[str], pattern: re.Pattern[str], facts: str) -> bool:
    """ "Harvested in October" of "harvested in August": does the clause before speak of what the brief dates?"""
    before = re.split(r"[.;!?,]\s|\n", text[: m.start()])[-1]
    if not re.search(r"\b(?:in|on|every|early|late|each) $", before, re.I):
        return False
    own = roots_of(before) - LIGHT
    return any(own & roots_of(c) for c in re.split(r"[.;!?](?:\s|$)|\n", facts) if pattern.search(c))


_DAYS = rf"{DAY.pattern}(?:(?:,|,? and| &) {DAY.pattern})*"
_TIMETABLE = re.compile(rf"(?P<days>{_DAYS})(?P<hour>,? (?:at|from) \d)?")


def _timetable(text: str, m: re.Match[str], sheet: Sheet) -> bool:
    """ "Classes Tuesday and Thursday", "Jazz, Thursdays at 8": only other days than those the brief has it on?"""
    if any(stem_date(day[1]) in sheet.dates for day in DAY.finditer(text)):
        return False
    run = next((r for r in _TIMETABLE.finditer(text) if r.start() <= m.start() < r.end()), None)
    if run is None or not (run["hour"] or len(DAY.findall(run["days"])) > 1):
        return False
    before = re.split(r"[.;!?]\s|\n", text[: run.start()])[-1]
    own = roots_of(before if run["hour"] else " ".join(before.split()[-1:])) - LIGHT
    return any(own & roots_of(c) for c in re.split(r"[.;!?](?:\s|$)|\n", sheet.facts) if DAY.search(c))


_SEASONS = {
    "spring": (2, 3, 4), "summer": (5, 6, 7), "autumn": (8, 9, 10), "fall": (8, 9, 10), "winter": (11, 0, 1)
}  # fmt: skip
_SEASON = re.compile(
    r"\b(?:open|available|runs?|ship\w*|deliver\w*|picked|harvested|season)\b[^.!?\n]{0,20}\b"
    r"(?P<season>spring|summer|autumn|fall|winter)\b",
    re.I,
)


def _season(text: str, sheet: Sheet) -> list[Finding]:
    """ "Open all winter" of a house open March to October."""
    months = {at for at, name in enumerate(MONTHS) if name[:3] in sheet.dates}
    if len(months) < 2:
        return []
    return [
        fact("The brief gives other months.", m.start("season"), m.end("season"), SAY, "warn")
        for m in _SEASON.finditer(text)
        if not months & set(_SEASONS[m["season"].lower()]) and m["season"].lower() not in sheet.words
    ]


def _open_on(day: str, facts: str) -> bool:
    """A day the brief does not close: "open Tuesday to Saturday" of "closes on Sundays and Mondays"."""
    closed = re.search(r"\bclose[ds](?: on)? ((?:(?:[A-Z][a-z]+days?)(?:,? and |, | to )?)+)", facts)
    if closed is None:
        return False
    return stem_date(day) not in {d[:3].lower() for d in re.findall(r"[A-Z][a-z]+day", closed[1])}


_SPAN = re.compile(rf"{DAY.pattern} (?:to|until|till|through) {DAY.pattern}")


def _stay(text: str, m: re.Match[str], sheet: Sheet) -> bool:
    """ "Friday to Monday" of a stay of three nights that the text names too: an example of it."""
    names = [d[:3] for d in DAYS]
    for span in _SPAN.finditer(text):
        nights = (names.index(span[2][:3].lower()) - names.index(span[1][:3].lower())) % 7
        if span.start() <= m.start() < span.end() and re.search(r"\bnights?\b", text, re.I):
            return any(k.dim == "night" and k.raw == nights for k in sheet.quantities)
    return False


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
    if re.search(r"\b(?:every|each) [A-Za-z]+ and $", before, re.I):
        return False  # "every Saturday and Sunday"
    return len(names) == 7 and names[at - 1] in stated and re.search(rf"\b{names[at - 1]}", before, re.I) is not None
