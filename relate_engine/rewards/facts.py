"""Facts of a text that its brief does not state: numbers with units, times, dates, places, names, and claims.

Why: the one thing an advertiser cannot repair is a published promise nobody made. Equal values match
(quantities.py); a claim needs its support in the brief (claims.py); a capitalised word in the middle of a
sentence is a name, and a name must come from the brief. In Title Case capitals say nothing, so only known
places and brands and words that are in no dictionary count there. The brief is read once and kept.
Leaves out: who does what to whom ("$149 for a couple" when it is $149 for one), and sums of the brief's
numbers.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.brief import Brief
from relate_engine.rewards.claims import affirmed, check_claims
from relate_engine.rewards.lexicon import AT_HOME, COUNTED, PROPER, SAME_PLACE
from relate_engine.rewards.quantities import MONEY, Quantity, codes, equal, quantities
from relate_engine.rewards.spelling import known, opens_sentence, suggestions
from relate_engine.rewards.words import STOP, WORD, is_title_case, stem, words
from relate_engine.scorecard import Finding, Severity, finding

_MASK = "\ufffc"
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = re.compile(
    r"\b(January|February|April|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|"
    r"Jul|Aug|Sept?|Oct|Nov"
    r"|Dec|(?:(?<=in )|(?<=to )|(?<=by )|(?<=from )|(?<=until )|(?<=since )|(?<=through )|(?<=on )|"
    r"(?<=early )|(?<=late )|(?<=\d ))"
    r"(?:March|May)|(?:March|May)(?= \d|-| to ))\b"
)
_DAY = re.compile(r"\b(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tues?|Wed|Thurs?|Fri)s?\b")
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
_IDIOM = re.compile(r"on (?:two|four) (?:wheels|legs|feet)\b", re.I)
# What "100%" adds nothing to, where the brief says it; of a material or an origin it adds a share.
_WHOLLY = re.compile(
    r" ([a-z]+[- ]?(?:proof|free)|vegan|vegetarian|online|remote|digital|encrypted|washable|recyclable)\b", re.I
)
_NEGATED = re.compile(r"(?:\b(?:no|not|never|nor|nothing|without|zero)|n't)(?: \w+){0,2} $", re.I)
_COMMON_USE = re.compile(
    r"french (?:press|toast|door|fries|roast)|swiss army|danish pastr|turkish (?:towel|delight)|"
    r"indian summer",
    re.I,
)


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


@lru_cache(maxsize=512)
def sheet_of(facts: str, more: str) -> Sheet:
    """Read the brief's facts once; `more` are words allowed that state nothing (vertical, home country)."""
    plain = facts.replace("\u2019", "'")
    own = {w.lower for w in words(f"{plain} {more}")} | set(more.lower().split())
    own |= {part for w in own for part in w.split("'")}
    spoken = "|".join(d[:3] for d in DAYS + MONTHS)
    dates = {m[1].lower() for m in re.finditer(rf"\b({spoken})[a-z]*\b", plain, re.I)}
    for names in (DAYS, MONTHS):
        some = "|".join(d[:3] for d in names)
        for m in re.finditer(rf"\b({some})[a-z]*\s?(?:to|-|\u2013|through|until)\s?({some})", plain, re.I):
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
        quantities=tuple(quantities(plain, brief=True)),
        codes=frozenset(c for c, _, _ in codes(plain))
        | frozenset(re.findall(r"[a-z]+\d+[a-z]*|\d+[a-z]+", plain.lower())),
        words=frozenset(own),
        stems=frozenset(stem(w) for w in own),
        prefixes=frozenset(w[:5] for w in own if len(w) >= 4),
        dates=frozenset(dates),
    )


def stem_date(name: str) -> str:
    return name.lower()[:3]


def sheet(brief: Brief, countries: Sequence[str] = ()) -> Sheet:
    home = " ".join(AT_HOME.get(c, "") for c in (*brief.countries, *countries))
    return sheet_of(brief.facts, f"{brief.vertical} {brief.tone} {home}")


def masked(text: str, names: Sequence[str]) -> str:
    """`text` with straight apostrophes and its names blanked out, every character still in its place."""
    plain = text.replace("\u2019", "'")
    models = [m[0] for n in names if (m := re.match(r"\S+ \w*\d\w*", n))]  # "Ridgeback 2" of "Ridgeback 2 Tent"
    for name in (*names, *models):
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I)
        plain = pattern.sub(lambda m: _MASK * len(m[0]), plain)
    return plain


def check_facts(text: str, brief: Brief, countries: Sequence[str] = ()) -> list[Finding]:
    """CLM-019 for each fact that the brief does not state; of overlapping findings the widest."""
    known_facts, plain = sheet(brief, countries), masked(text, brief.names)
    found = [
        *_numbers(plain, known_facts),
        *_codes(plain, known_facts),
        *_dates(plain, known_facts),
        *check_claims(plain, known_facts.facts),
        *_contradicted(plain, known_facts),
        *_names(plain, known_facts, is_title_case(text)),
    ]
    found.sort(key=lambda f: (f.severity != "block", -((f.end or 0) - (f.start or 0))))
    kept: list[Finding] = []
    for f in found:
        if not any((k.start or 0) < (f.end or 0) and (f.start or 0) < (k.end or 0) for k in kept):
            kept.append(f)
    return sorted(kept, key=lambda f: f.start or 0)


def _fault(text: str, start: int, end: int, what: str, fix: str, severity: Severity = "block") -> Finding:
    return finding(
        "CLM-019", "correctness", severity, f"'{text[start:end]}' is {what} that is not in the brief.",
        fix=fix, start=start, end=end, source="brief",
    )  # fmt: skip


def _numbers(text: str, sheet: Sheet) -> list[Finding]:
    found = []
    for q in quantities(text):
        same = [k for k in sheet.quantities if equal(q, k)]
        if same and (_same_price(text, q, sheet) if q.dim in MONEY else q.dim or _same_thing(q, same, sheet)):
            continue
        if _equal_in_words(text, q, sheet):
            continue
        weight = q.dim == "\u00a3" and text[q.end - 1].isalpha()  # "15 pounds" may be no money
        if weight and any(k.raw == q.raw and k.dim in {"oz", ""} for k in sheet.quantities):
            continue
        kind = "a price" if q.dim in MONEY else "a time of day" if q.dim == "clock" else "a number"
        if same:
            kind = "a number of something else"
        severity: Severity = "block"
        if text[q.start].lower() in "nm" and q.dim == "clock" and not _promises(text, q.start, q.end):
            # "at noon" sets a scene
            severity = "warn" if any(k.dim == "clock" for k in sheet.quantities) else "note"
        fix = f"Use a figure of the brief, or add '{text[q.start : q.end]}' to it, with its evidence."
        found.append(_fault(text, q.start, q.end, kind, fix, severity))
    return found


def _equal_in_words(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "Under $1,500" of $1,499, "100% waterproof" of waterproof; and "on two wheels" counts nothing."""
    before = text[: q.start]
    if before.lower().endswith("on ") and _IDIOM.match(text[q.start - 3 :]):
        return True
    if q.dim in MONEY and re.search(r"\b(?:under|below|less than) $", before, re.I):
        prices = [k for k in sheet.quantities if k.dim == q.dim and not (q.period and k.period not in {"", q.period})]
        return any(0.8 * q.value <= k.value < q.value for k in prices)
    if q.dim == "pct" and q.raw == 100 and (wholly := _WHOLLY.match(text[q.end :])):
        said = re.sub(r"[- ]", "[- ]?", wholly[1].lower())
        return re.search(rf"(?<![\w-]){said}\b", affirmed(sheet.facts), re.I) is not None
    return False


def _promises(text: str, start: int, end: int) -> bool:
    """Does an offer or a schedule verb stand in the sentence of this date?"""
    before = re.split(r"[.;!?]\s|\n", text[max(0, start - 60) : start])[-1]
    after = re.split(r"[.;!?](?:\s|$)|\n", text[end : end + 40])[0]
    return bool(_SCHEDULE.search(before) or _PROMISE.search(before) or _PROMISE.search(after))


def _same_thing(q: Quantity, same: list[Quantity], sheet: Sheet) -> bool:
    """A bare number is supported only for the things the brief counts: "9,000 users" is not "9,000 banks"."""
    things = {stem(n) for n in q.nouns if n not in STOP}
    if not things or q.nouns[0] in STOP:
        return True  # nothing is counted: "try it for 100"
    if any(things & k.near for k in same):
        return True
    bare = [k for k in same if not k.dim]
    first = next(stem(n) for n in q.nouns if n not in STOP)
    if any(k.nouns and stem(k.nouns[0]) == first for k in sheet.quantities if not k.dim):
        return False  # the brief counts these, and there are not so many: "8 rooms" of "5 rooms"
    counted = {stem(n) for n in q.nouns if n in COUNTED}
    return bool(bare) and (not counted or any(not k.nouns for k in bare) or bool(counted & sheet.stems))


def _same_price(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "$149 for a couple" is wrong where the brief's couple pays $229."""
    who = re.match(r" for (?:a |an |one |two |the )?([a-z]{3,})", text[q.end :])
    if who is None:
        return True
    parts = [p for p in re.split(r"[,;.]\s|\n|\band\b", sheet.facts) if re.search(rf"\b{re.escape(stem(who[1]))}", p)]
    prices = [k for p in parts for k in quantities(p) if k.dim in MONEY]
    return not prices or any(equal(q, k) for k in prices)


def _codes(text: str, sheet: Sheet) -> list[Finding]:
    fix = "Remove it, or add it to the brief."
    return [
        _fault(text, s, e, "a code or version", fix)
        for code, s, e in codes(text)
        if code not in sheet.codes and code not in {"24/7", "#1"} and code.strip("#-") not in sheet.codes
    ]


def _dates(text: str, sheet: Sheet) -> list[Finding]:
    fix = "Use a date of the brief, or add this one to it."
    found = []
    for pattern in (_MONTH, _DAY):
        for m in pattern.finditer(text):
            if stem_date(m[1]) in sheet.dates:
                continue
            # "A rainy Saturday" sets a scene; beside an offer or a schedule verb a day is a promise.
            severity: Severity = "note"
            if pattern is _MONTH or sheet.dates & {d[:3] for d in DAYS}:
                severity = "warn"
            numbered = re.match(r"s? \d", text[m.end() :]) or re.search(r"\d(?:st|nd|rd|th)? $", text[: m.start()])
            if (
                numbered
                or _SCHEDULE.search(text[: m.start()])
                or (severity == "warn" and _promises(text, m.start(), m.end()))
            ):
                severity = "block"
            found.append(_fault(text, m.start(), m.end(), "a date", fix, severity))
    return found


_SAY = "Say what the brief says."


def _contradicted(text: str, sheet: Sheet) -> list[Finding]:
    """ "Painted" where the brief says only "unpainted"."""
    return [
        _fault(text, w.start, w.start + len(w.lower), f"the opposite of 'un{w.lower}', a statement", _SAY)
        for w in words(text)
        if len(w.lower) > 4 and f"un{w.lower}" in sheet.words and stem(w.lower) not in sheet.stems
        and not _NEGATED.search(text[: w.start]) and f"un{w.lower}" not in text.lower()
    ]  # fmt: skip


def _names(text: str, sheet: Sheet, title: bool) -> list[Finding]:
    fix = "Remove the name, or add it to the brief."
    found = []
    for m in WORD.finditer(text):
        bare = m[0].removesuffix("'s")
        lower = bare.lower()
        if not bare[0].isupper() or len(bare) < 2 or lower in sheet.words or lower in STOP or "'" in bare:
            continue
        if stem(lower) in sheet.stems or (len(lower) >= 5 and lower[:5] in sheet.prefixes):
            continue
        if lower[:3] in {d[:3] for d in DAYS + MONTHS} and (_DAY.match(bare) or _MONTH.match(bare) or lower in MONTHS):
            continue
        start, end = m.start(), m.start() + len(bare)
        if SAME_PLACE.get(lower, "-") in sheet.words:
            continue
        if lower in PROPER and not _COMMON_USE.match(text[start:]):
            found.append(_fault(text, start, end, "a name", fix))
            continue
        if bare.rstrip("s").isupper() and len(bare) <= 5:
            continue  # an acronym; the claims know the ones that matter
        compound = text[start - 1 : start] in {"-", "/", "+"} or text[end : end + 1] in {"-", "/"}
        strange = not known(lower) and not suggestions(lower)
        if title or opens_sentence(text, start) or compound:
            if strange and len(lower) >= 4:
                found.append(_fault(text, start, end, "a name", fix))
        else:
            found.append(_fault(text, start, end, "a name", fix, "block" if not known(lower) else "warn"))
    return found
