"""Names of places, people and brands in a text that its brief does not state.

Why: a capitalised word in the middle of a sentence is a name, and a name must come from the brief. In Title Case
capitals say nothing, so only known names and words that are in no dictionary count there.
Leaves out: names that are ordinary words ("Orange") in Title Case, and names of the brief misspelled (spellednames.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.config import ASSETS
from relate_engine.rewards.calendar import DAYS, MONTHS
from relate_engine.rewards.contradictions import fault
from relate_engine.rewards.dates import DAY, MONTH
from relate_engine.rewards.lexicon import (
    AFTER_PLACE_WORD,
    FIRST_NAMES,
    PROPER,
    SAME_PLACE,
    STATES,
    WITHIN,
)
from relate_engine.rewards.sheet import Sheet
from relate_engine.rewards.spelling import frequency, known, opens_sentence, suggestions
from relate_engine.rewards.words import STOP, WORD, initials, stem, word_set
from relate_engine.scorecard import Finding

_PLACE_WORD = re.compile(r"\b(?:in|from|near|across|around|to|of|outside|serving|throughout|downtown) $", re.I)
_ALLOWED = word_set("mom dad mum grandma grandpa santa internet earth fahrenheit celsius wi-fi year new eve wifi")
_ACRONYMS = word_set(
    "diy faq asap bbq vip ceo pdf gps usb led lcd hdmi sms app api url atm pin ssl vat gst rsvp aka fyi diy suv "
    "abv spf "
    "usa tv hq hr pr dj mc id pc ok ai am pm est pst gmt bst eta rrp msrp iou sos ufo xxl xl xs wifi evs tvs pcs "
    "cfo pto iot"
)
_COMPASS = word_set(
    "north south east west northern southern eastern western northeast northwest southeast southwest "
    "northeastern northwestern southeastern southwestern midwest midwestern northerner southerner"
)
_EVERYWHERE = re.compile(r"\b(?:all (?:50|fifty)|nationwide|every state)\b", re.I)
_DATES = frozenset(d[:3] for d in DAYS + MONTHS)
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


_STATE_CODES = dict(
    pair.split("=")
    for pair in [
        "AL=alabama",
        "AK=alaska",
        "AZ=arizona",
        "AR=arkansas",
        "CA=california",
        "CO=colorado",
        "CT=connecticut",
        "DE=delaware",
        "FL=florida",
        "GA=georgia",
        "ID=idaho",
        "IL=illinois",
        "IN=indiana",
        "IA=iowa",
        "KS=kansas",
        "KY=kentucky",
        "LA=louisiana",
        "ME=maine",
        "MD=maryland",
        "MA=massachusetts",
        "MI=michigan",
        "MN=minnesota",
        "MS=mississippi",
        "MO=missouri",
        "MT=montana",
        "NE=nebraska",
        "NV=nevada",
        "NH=hampshire",
        "NJ=jersey",
        "NM=mexico",
        "NY=york",
        "NC=carolina",
        "ND=dakota",
        "OH=ohio",
        "OK=oklahoma",
        "OR=oregon",
        "PA=pennsylvania",
        "RI=rhode",
        "SC=carolina",
        "SD=dakota",
        "TN=tennessee",
        "TX=texas",
        "UT=utah",
        "VT=vermont",
        "VA=virginia",
        "WA=washington",
        "WV=virginia",
        "WI=wisconsin",
        "WY=wyoming",
    ]
)


_STATE_NAMES = frozenset(_STATE_CODES.values())


def _coded(state: str, facts: str) -> bool:
    """Does the brief give the state by its code after a place: "Tacoma WA", "gloucester ma"?"""
    codes = "|".join(code for code, name in _STATE_CODES.items() if name == state)
    return re.search(rf"\b[a-z]{{3,}},? (?:{codes})\b(?! \w)", facts, re.I) is not None


def check_states(text: str, sheet: Sheet) -> list[Finding]:
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
    return re.search(r"(?:an|ans|ian|ians|ish|ese|ite|ites|er|ers)$", lower) is not None and lower[:4] in {
        w[:4] for w in sheet.words if len(w) > 4
    }


def check_proper_names(text: str, sheet: Sheet, title: bool) -> list[Finding]:
    fix = "Remove the name, or add it to the brief."
    found = []
    for m in WORD.finditer(text):
        bare = m[0].removesuffix("'s")
        lower = bare.lower()
        if not bare[0].isupper() or len(bare) < 2 or lower in sheet.words or lower in STOP or "'" in bare:
            continue
        if _inflected(lower, sheet):
            continue
        if lower[:3] in _DATES and (DAY.match(bare) or MONTH.match(bare) or lower in MONTHS):
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
        if lower in _STATE_NAMES and _coded(lower, sheet.facts):
            continue
        if lower in _COMPASS or (lower in STATES and _EVERYWHERE.search(sheet.facts)):
            continue
        placed = lower in AFTER_PLACE_WORD and _PLACE_WORD.search(text[:start])
        if (placed or lower in PROPER or lower in proper_names()) and not _COMMON_USE.match(text[start:]):
            found.append(fault(text, start, end, "a name", fix))
            continue
        if bare.isupper() and lower in initials(sheet.facts):
            continue
        if bare.rstrip("s").isupper() and len(bare) <= 5:
            if bare.isupper() and len(bare) >= 3 and lower not in _ACRONYMS and not text.isupper() and not known(lower):
                found.append(fault(text, start, end, "a name", fix, "warn"))
            continue  # an acronym; the claims know the ones that matter
        if bare.isupper() and known(lower) and not text.isupper():
            continue  # "write a SELECT": a word in capitals is no name
        compound = text[start - 1 : start] in {"-", "/", "+"} or text[end : end + 1] in {"-", "/"}
        strange = not known(lower) and not suggestions(lower)
        if title or opens_sentence(text, start) or compound:
            rare = _PLACE_WORD.search(text[:start]) is not None and frequency(lower) < 150
            if (strange or rare) and len(lower) >= 4:
                found.append(fault(text, start, end, "a name", fix))
        else:
            found.append(fault(text, start, end, "a name", fix, "block" if not known(lower) else "warn"))
    return found
