"""One word of a fixed pair exchanged: "lemon balm" of "lemon verbena", "Garden District" of "French Quarter".

Why: a scent, a variety or a part of town is a pair of ordinary words, and half of it is still the brief's. A pair is
fixed where the brief never writes its first word without its second, and writes it twice or more; the head of a place
name ("Street", "District") is fixed by what stands before it.
Leaves out: pairs the brief writes once, which a paraphrase may well take apart.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache
from itertools import pairwise

from relate_engine.denial import denied_at
from relate_engine.rewards.spelling import frequency, known
from relate_engine.rewards.words import STOP, Word, is_title_case, own_stems, own_words, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_HEADS = re.compile(
    r"\b(?P<name>(?:[A-Z][\w'-]+ ){1,3})(?P<head>District|Quarter|Street|Road|Avenue|Lane|Square|Park|Valley|Peninsula|"
    r"Island|Islands|Lake|Mountains|Hills|Beach|Coast|Harbou?r|Dales|County|Moor|Downs|Forest|Bridge|Market|Museum|"
    r"Theatre|Theater|University|College|School|Station|Airport|Cathedral|Castle)\b"
)
_COMMON = word_set("the our your a an this every each in at of from to visit taste see explore book your local free")


def check_exchanges(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a fixed pair of the brief, or a place, with one word changed."""
    fixed, own, roots = _fixed(facts), own_words(facts), own_stems(facts)
    names, title = _names(facts), is_title_case(text)
    found = []
    for one, other in _pairs(text):
        right = fixed.get(stem(one.lower))
        person = names.get(one.text)
        if person and other.text[0].isupper() and other.lower not in own and not title:
            found.append(_finding(f"The brief says '{one.text} {person}'.", one.start, other.end))
        elif right and stem(other.lower) not in roots and other.lower[:5] != right[:5] and _a_thing(other.lower):
            message = f"The brief says '{one.lower} {right}'."
            found.append(_finding(message, one.start, other.end))
    found += _turned_round(text, own, facts)
    for m in _HEADS.finditer(text):
        name = [w for w in words(m["name"]) if w.lower not in _COMMON | STOP]
        last = name[-1] if name else None
        if last is not None and last.lower not in own and stem(last.lower) not in roots:
            message = f"'{last.text} {m['head']}' is a place that is not in the brief."
            found.append(_finding(message, m.start("name") + last.start, m.end()))
    return found


_OPPOSITE = {
    word: other.split()
    for pair in (
        "cold:warm hot", "wet:dry", "soft:hard firm", "thick:thin", "light:dark heavy", "low:high", "small:large big",
        "long:short", "wide:narrow", "smooth:rough", "sweet:sour dry bitter", "fresh:frozen dried tinned", "raw:cooked",
        "left:right", "upper:lower", "front:back rear", "inner:outer", "single:double triple", "early:late",
        "strong:weak mild", "natural:artificial synthetic", "local:imported", "men's:women's",
        "morning:evening afternoon",
        "summer:winter autumn spring", "north:south", "east:west", "full:half", "open:closed", "fast:slow", "new:used",
        "public:private", "family:individual", "annual:monthly", "red:white", "black:white green", "loose:bagged",
    )
    for a, b in [pair.split(":")]
    for word, other in [(a, b), *((w, a) for w in b.split())]
}  # fmt: skip


def _turned_round(text: str, own: frozenset[str], facts: str) -> list[Finding]:
    """ "Warm water" of "cold water": the opposite adjective before a noun of the brief."""
    told = _told(facts)
    found = []
    for one, other in _pairs(text):
        if (one.lower, stem(other.lower)) in told or one.lower in own:
            continue
        right = [w for w in _OPPOSITE.get(one.lower, ()) if (w, stem(other.lower)) in told]
        if right and not denied_at(text, one.start, other.end):
            found.append(_finding(f"The brief says '{right[0]} {other.lower}'.", one.start, other.end))
    return found


@lru_cache(maxsize=512)
def _told(facts: str) -> frozenset[tuple[str, str]]:
    return frozenset((a.lower, stem(b.lower)) for a, b in _pairs(facts))


def _a_thing(word: str) -> bool:
    """No form of a verb, and no word that stands beside anything."""
    return len(word) > 2 and not re.search(r"(?:s|ed|ing|ly|er)$", word) and frequency(word) < 20_000


@lru_cache(maxsize=512)
def _fixed(facts: str) -> dict[str, str]:
    """First words that the brief always follows by the same second, twice or more."""
    after: dict[str, list[str]] = {}
    paired = {one.start: other.lower for one, other in _pairs(facts)}
    for w in words(facts):
        after.setdefault(stem(w.lower), []).append(paired.get(w.start, ""))
    return {root: seen[0] for root, seen in after.items() if len(seen) >= 2 and seen[0] and len(set(seen)) == 1}


@lru_cache(maxsize=512)
def _names(facts: str) -> dict[str, str]:
    """First words of two in capitals, inside a line, that the brief never writes otherwise: "Amara Voss"."""
    after: dict[str, set[str]] = {}
    for one, other in _pairs(facts):
        if one.text[0].isupper() and not known(one.lower):
            after.setdefault(one.text, set()).add(other.text)
    return {one: next(iter(seen)) for one, seen in after.items() if len(seen) == 1 and next(iter(seen))[0].isupper()}


def _pairs(text: str) -> list[tuple[Word, Word]]:
    found = words(text)
    return [
        (a, b)
        for a, b in pairwise(found)
        if text[a.end : b.start] in (" ", "-")
        and a.lower not in STOP
        and b.lower not in STOP
        and min(len(a.text), len(b.text)) > 2
    ]


def _finding(message: str, start: int, end: int) -> Finding:
    return finding(
        "CLM-019",
        "correctness",
        "warn",
        message,
        fix="Use the name of the brief.",
        start=start,
        end=end,
        source="brief",
    )
