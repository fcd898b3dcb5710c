"""Facts of a text that its brief does not state: numbers with units, times, dates, places, names, and claims.

Why: the one thing an advertiser cannot repair is a published promise nobody made. Equal values match
(quantities.py); a claim needs its support in the brief (claims.py); a capitalised word in the middle of a
sentence is a name, and a name must come from the brief. In Title Case capitals say nothing, so only known
places and brands and words that are in no dictionary count there. The brief is read once and kept.
A true number beside the wrong thing (relations.py), a condition left out (conditions.py), a denial asserted
(contradictions.py) and what follows from the brief's numbers (arithmetic.py) are judged in their own files.
Leaves out: who does what to whom where no number is involved.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.denial import affirmed
from relate_engine.rewards.arithmetic import follows
from relate_engine.rewards.claims import check_claims
from relate_engine.rewards.conditions import check_conditions
from relate_engine.rewards.contradictions import SAY, asserted, contradicted, denied_things, fact, fault, opposed
from relate_engine.rewards.lexicon import (
    AFTER_PLACE_WORD,
    AT_HOME,
    COUNTED,
    FIRST_NAMES,
    PROPER,
    SAME_PLACE,
    STATES,
    WITHIN,
)
from relate_engine.rewards.quantities import MONEY, Quantity, codes, equal, number_of, quantities
from relate_engine.rewards.relations import misplaced
from relate_engine.rewards.spelling import frequency, known, opens_sentence, suggestions
from relate_engine.rewards.statements import check_statements
from relate_engine.rewards.words import STOP, WORD, is_title_case, stem, word_set, words
from relate_engine.scorecard import Finding, Severity

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
_PLACE_WORD = re.compile(r"\b(?:in|from|near|across|around|to|of|outside|serving|throughout|downtown) $", re.I)
_ALLOWED = word_set("mom dad mum grandma grandpa santa internet earth fahrenheit celsius wi-fi year new eve wifi")
_COMPASS = word_set("north south east west northern southern eastern western northeast northwest southeast southwest "
                    "northeastern northwestern southeastern southwestern midwest midwestern northerner southerner")
_COMMON_USE = re.compile(
    r"french (?:press|toast|door|fries|roast)|swiss army|danish pastr|turkish (?:towel|delight)|"
    r"indian summer",
    re.I,
)


@lru_cache(maxsize=1)
def proper_names() -> frozenset[str]:
    """Names of places, peoples and persons that are no other English word (assets/vocabulary/names.txt says whence)."""
    lines = (ASSETS / "vocabulary/names.txt").read_text("utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split())


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


def check_facts(text: str, brief: Brief, countries: Sequence[str] = ()) -> list[Finding]:
    """CLM-019 for each fact that the brief does not state; of overlapping findings the widest."""
    known_facts, plain = sheet(brief, countries), masked(text, brief.names)
    found = [
        *_numbers(plain, known_facts),
        *_codes(plain, known_facts),
        *_dates(plain, known_facts),
        *_states(plain, known_facts),
        *check_claims(plain, known_facts.facts),
        *check_conditions(plain, known_facts.facts),
        *check_statements(plain, known_facts.facts),
        *contradicted(plain, known_facts.words, known_facts.stems),
        *asserted(plain, known_facts.denied),
        *opposed(plain, known_facts.facts),
        *_names(plain, known_facts, is_title_case(text)),
    ]
    found.sort(key=lambda f: (f.severity != "block", -((f.end or 0) - (f.start or 0))))
    kept: list[Finding] = []
    for f in found:
        if not any((k.start or 0) < (f.end or 0) and (f.start or 0) < (k.end or 0) for k in kept):
            kept.append(f)
    return sorted(kept, key=lambda f: f.start or 0)


def _numbers(text: str, sheet: Sheet) -> list[Finding]:
    found = []
    spoken_to = 0  # the end of "seven pounds fifty"
    for q in quantities(text):
        same = [k for k in sheet.quantities if equal(q, k)]
        if not same and text[q.start : q.end].lower().endswith(("pounds", "pound")):
            pence = re.match(r" (twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ]five)?\b", text[q.end :], re.I)
            value = q.raw + ((number_of(pence[1]) or 0) / 100 if pence else 0)
            same = [k for k in sheet.quantities if k.dim == "\u00a3" and int(k.value) == q.raw and k.value - value < 0.06]
            if same:
                spoken_to = q.end + (pence.end() if pence else 0)
                continue
        if q.start < spoken_to or _in_range(text, q, sheet.facts):
            continue
        if same and (_same_price(text, q, sheet) if q.dim in MONEY else q.dim or _same_thing(q, same, sheet)):
            if wrong_end := _other_end(text, q, same, sheet.facts):
                message = f"'{text[q.start : q.end]}' is the other end; the brief says: {wrong_end}."
                found.append(fact(message, q.start, q.end, SAY, "warn"))
            elif beside := misplaced(text, q, same, sheet.quantities, sheet.facts, sheet.titles):
                message = f"'{text[q.start : q.end]}' is said of another thing; the brief says: {beside}."
                found.append(fact(message, q.start, q.end, "Say what the brief says it of.", "warn"))
            continue
        if _equal_in_words(text, q, sheet) or follows(text, q, sheet.quantities, sheet.facts):
            continue
        kind = "a price" if q.dim in MONEY else "a time of day" if q.dim == "clock" else "a number"
        if same:
            kind = "a number of something else"
        severity: Severity = "block"
        if q.spoken and not q.dim and 2 <= q.raw <= 12 and not _counts(q, sheet):
            severity = "note"  # "two ways to", "all three": a turn of phrase, or the length of a list
        if text[q.start].lower() in "nm" and q.dim == "clock" and not _promises(text, q.start, q.end):
            # "at noon" sets a scene
            severity = "warn" if any(k.dim == "clock" for k in sheet.quantities) else "note"
        fix = f"Use a figure of the brief, or add '{text[q.start : q.end]}' to it, with its evidence."
        found.append(fault(text, q.start, q.end, kind, fix, severity))
    return found


def _in_range(text: str, q: Quantity, facts: str) -> bool:
    """Does the whole range stand in the brief: "2 to 11"?"""
    around = text[max(0, q.start - 8) : q.end + 8]
    ranges = (m[0] for m in re.finditer(r"\d+ (?:to|or|and) \d+", around))
    return not q.dim and any(re.search(rf"(?<!\d){m}(?!\d)", facts) for m in ranges)


_FLOOR = re.compile(r"(?:\bfrom|\bstart(?:s|ing)? (?:at|from)|\bat least|\bas low as) $", re.I)
_CEILING = re.compile(r"(?:\bup to|\bas much as|\bat most) $", re.I)
_TOP = re.compile(r"(?:\d|[a-z%\"]) ?(?:\bto|-|\u2013) $")


def _other_end(text: str, q: Quantity, same: list[Quantity], facts: str) -> str:
    """The brief's words where the text makes a floor of its ceiling ("from $24" of "$18.50 to $24"), or nothing."""
    before = text[max(0, q.start - 16) : q.start]
    around = [facts[max(0, k.start - 16) : k.start] for k in same]
    if _FLOOR.search(before) and not re.match(r" ?(?:to|-|\u2013) ?\S*\d", text[q.end :]):
        wrong = [
            bool(_CEILING.search(a) or (_TOP.search(a) and re.search(r"\d[^.;\n]* (?:to|-|\u2013) $", a)))
            for a in around
        ]
    elif _CEILING.search(before):
        wrong = [
            bool(_FLOOR.search(a)) and not re.match(r" ?(?:to|-|\u2013) ?\S*\d", facts[k.end :])
            for a, k in zip(around, same, strict=True)
        ]
    else:
        return ""
    return facts[max(0, same[0].start - 16) : same[0].end].split("\n")[-1].strip() if wrong and all(wrong) else ""


def _equal_in_words(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "Under $1,500" of $1,499, "100% waterproof" of waterproof; and "on two wheels" counts nothing."""
    before = text[: q.start]
    if before.lower().endswith("on ") and _IDIOM.match(text[q.start - 3 :]):
        return True
    if q.dim in MONEY and re.search(r"\b(?:under|below|less than) $", before, re.I):
        prices = [k for k in sheet.quantities if k.dim == q.dim and not (q.period and k.period not in {"", q.period})]
        return any(0.6 * q.value <= k.value < q.value for k in prices)
    if q.dim == "pct" and q.raw == 100 and (wholly := _WHOLLY.match(text[q.end :])):
        said = re.sub(r"[- ]", "[- ]?", wholly[1].lower())
        return re.search(rf"(?<![\w-]){said}\b", affirmed(sheet.facts), re.I) is not None
    return False


def _promises(text: str, start: int, end: int) -> bool:
    """Does an offer or a schedule verb stand in the sentence of this date?"""
    before = re.split(r"[.;!?]\s|\n", text[max(0, start - 60) : start])[-1]
    after = re.split(r"[.;!?](?:\s|$)|\n", text[end : end + 40])[0]
    return bool(_SCHEDULE.search(before) or _PROMISE.search(before) or _PROMISE.search(after))


def _counts(q: Quantity, sheet: Sheet) -> bool:
    """Does the brief count what follows the number, or is it a thing whose number is always a claim?"""
    nouns = [n for n in q.nouns if n not in STOP][:2]
    counted = {stem(n) for k in sheet.quantities if not k.dim for n in k.nouns[:2]}
    return any(n in COUNTED or stem(n) in counted for n in nouns)


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


_EACH = re.compile(
    r" (?:for )?(?:each\b|apiece\b|(?:per|an?|every) (?:person|piece|item|bottle|bar|pillow|shoe|glove|ticket)\b)", re.I
)
_LOT = re.compile(
    r" (?:an?|per|for an?|for) (?:pair|set|couple|dozen|pack|case|family|bundle|trio|two|three|four|six)\b", re.I
)


def _same_price(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "$149 for a couple" is wrong where the brief's couple pays $229."""
    if _EACH.match(text[q.end :]) and all(_LOT.match(sheet.facts[k.end :]) for k in sheet.quantities if equal(q, k)):
        return False
    who = re.match(r" for (?:a |an |one |two |the )?([a-z]{3,})", text[q.end :])
    if who is None:
        return True
    parts = [p for p in re.split(r"[,;.]\s|\n|\band\b", sheet.facts) if re.search(rf"\b{re.escape(stem(who[1]))}", p)]
    prices = [k for p in parts for k in quantities(p) if k.dim in MONEY]
    return not prices or any(equal(q, k) for k in prices)


def _codes(text: str, sheet: Sheet) -> list[Finding]:
    fix = "Remove it, or add it to the brief."
    return [
        fault(text, s, e, "a code or version", fix)
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
            if sheet.dates & {d[:3] for d in (MONTHS if pattern is _MONTH else DAYS)}:
                severity = "warn"
            if _outside(text, m, sheet.dates):
                continue
            numbered = re.match(r"s? \d", text[m.end() :]) or re.search(r"\d(?:st|nd|rd|th)? $", text[: m.start()])
            if (
                numbered
                or _SCHEDULE.search(text[: m.start()])
                or (severity == "warn" and _promises(text, m.start(), m.end()))
            ):
                severity = "block"
            else:
                severity = "note"
            found.append(fault(text, m.start(), m.end(), "a date", fix, severity))
    return found


_BUT = re.compile(r"\b(?:but|except(?: for)?|other than|save|apart from) (?:on )?$", re.I)


def _outside(text: str, m: re.Match[str], stated: frozenset[str]) -> bool:
    """A day that follows from a stated one: "any day but Sunday", "before February" of January, "Sunday-night dread"."""
    names = [d[:3] for d in (MONTHS if m[1][:3].lower() in {n[:3] for n in MONTHS} else DAYS)]
    at = names.index(m[1][:3].lower())
    before = text[: m.start()]
    if _BUT.search(before) or re.match(r"s?-", text[m.end() :]):
        return True
    if re.search(r"\bbefore $", before, re.I) and names[at - 1] in stated:
        return True
    return len(names) == 7 and names[at - 1] in stated and re.search(rf"\b{names[at - 1]}", before, re.I) is not None


_STATE_CODES = dict(
    pair.split("=")
    for pair in """AL=alabama AK=alaska AZ=arizona AR=arkansas CA=california CO=colorado CT=connecticut DE=delaware FL=florida
    GA=georgia ID=idaho IL=illinois IN=indiana IA=iowa KS=kansas KY=kentucky LA=louisiana ME=maine MD=maryland
    MA=massachusetts MI=michigan MN=minnesota MS=mississippi MO=missouri MT=montana NE=nebraska NV=nevada NH=hampshire
    NJ=jersey NM=mexico NY=york NC=carolina ND=dakota OH=ohio OK=oklahoma OR=oregon PA=pennsylvania RI=rhode SC=carolina
    SD=dakota TN=tennessee TX=texas UT=utah VT=vermont VA=virginia WA=washington WV=virginia WI=wisconsin
    WY=wyoming""".split()
)


def _states(text: str, sheet: Sheet) -> list[Finding]:
    """ "Charleston, WV" of Charleston, South Carolina."""
    return [
        fault(text, m.start(1), m.end(1), "a state", "Use the place of the brief.")
        for m in re.finditer(r"[a-z], ([A-Z]{2})\b", text)
        if m[1] in _STATE_CODES and m[1].lower() not in sheet.words and _STATE_CODES[m[1]] not in sheet.words
    ]


def _inflected(lower: str, sheet: Sheet) -> bool:
    """Is it another form of a word of the brief: Texans of Texas, but not Hall of Hale?"""
    if len(lower) >= 5 and lower[:5] in sheet.prefixes:
        return True
    if stem(lower) in sheet.stems and any(
        lower.startswith(w[:-1]) or w.startswith(lower[:-1])
        for w in sheet.words
        if len(w) > 2 and stem(w) == stem(lower)
    ):
        return not (
            len(lower) == 4
            and lower not in sheet.words
            and any(len(w) == 4 and stem(w) == stem(lower) for w in sheet.words)
        )
    return (
        lower[:4] in {w[:4] for w in sheet.words if len(w) > 4}
        and re.search(r"(?:an|ans|ian|ians|ish|ese|ite|ites|er|ers)$", lower) is not None
    )


def _names(text: str, sheet: Sheet, title: bool) -> list[Finding]:
    fix = "Remove the name, or add it to the brief."
    found = []
    everywhere = re.search(r"\b(?:all (?:50|fifty)|nationwide|every state)\b", sheet.facts, re.I) is not None
    for m in WORD.finditer(text):
        bare = m[0].removesuffix("'s")
        lower = bare.lower()
        if not bare[0].isupper() or len(bare) < 2 or lower in sheet.words or lower in STOP or "'" in bare:
            continue
        if _inflected(lower, sheet):
            continue
        if lower[:3] in {d[:3] for d in DAYS + MONTHS} and (_DAY.match(bare) or _MONTH.match(bare) or lower in MONTHS):
            continue
        start, end = m.start(), m.start() + len(bare)
        if SAME_PLACE.get(lower, "-") in sheet.words:
            continue
        if lower in FIRST_NAMES:
            found.append(fault(text, start, end, "a name", fix))
            continue
        if any(re.search(rf"\b(?:{places})\b", sheet.facts, re.I) for places in WITHIN.get(lower, ())):
            continue  # Oregon of Portland, Christmas of December
        if lower in _ALLOWED:
            continue
        if lower in _COMPASS or (everywhere and lower in STATES):
            continue
        placed = lower in AFTER_PLACE_WORD and _PLACE_WORD.search(text[:start])
        if (placed or lower in PROPER or lower in proper_names()) and not _COMMON_USE.match(text[start:]):
            found.append(fault(text, start, end, "a name", fix))
            continue
        if bare.rstrip("s").isupper() and len(bare) <= 5:
            continue  # an acronym; the claims know the ones that matter
        compound = text[start - 1 : start] in {"-", "/", "+"} or text[end : end + 1] in {"-", "/"}
        strange = not known(lower) and not suggestions(lower)
        if title or opens_sentence(text, start) or compound:
            rare = _PLACE_WORD.search(text[:start]) is not None and frequency(lower) < 150
            if (strange or rare) and len(lower) >= 4:
                found.append(fault(text, start, end, "a name", fix))
        else:
            found.append(fault(text, start, end, "a name", fix, "block" if not known(lower) else "warn"))
    return found
