"""A true number beside the wrong thing: "a 30-year battery" where 30 years is the length of the frame's warranty.

Why: every figure of such a text stands in the brief, so looking figures up finds nothing; what they measure has to
match as well. A number of a text is held against each place where the brief states it. It is wrong when the thing
it measures is one the brief speaks of, but nowhere beside that number, or when the brief ties the number to a
promise (a warranty, a trial, a delivery) that the sentence does not make. Things the brief has no word for are
taken as other words for its own: a false alarm costs a good text.
Leaves out: relations without a number, and sums of the brief's numbers.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.rewards.quantities import Quantity
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import STOP, stem, word_set, words

_PHRASE_END = re.compile(
    r"[,.;:!?][\"\u201d\u2019]?(?:\s|$)|\n|[()\u2013\u2014|]|\s-\s|\s(?:and|plus|then|but|or|while)\s", re.I
)
_SENTENCE_END = re.compile(r"[.!?][\"\u201d\u2019]?(?:\s|$)|\n")
# Words that say nothing of what is measured.
_LIGHT = frozenset(
    stem(w)
    for w in word_set(
        """take takes last lasts come comes cost costs get pay make give include includes included start starts
        hold run runs offer go need have be keep ship ships day week month year night hour minute warranty
        guarantee guaranteed trial two three four five six seven eight nine ten twelve half buy buys long
        full new use used every each only about over up set billed payment cover covered covers"""
    )
)
_TERMS = {"time", "month", "night", "bday"}
# What the brief calls a promise for a term, and the words that carry the same promise in a text.
_PROMISES = (
    (
        re.compile(r"\bwarrant|\bguarante", re.I),
        re.compile(
            r"warrant|guarant|cover|back|protect|promis|repair|replac|\bfix|\bcare\b|stand|peace|mend|safe|"
            r"worry|fault|refund|return|money|send|run|try|tri|test|free|home",
            re.I,
        ),
    ),
    (
        re.compile(r"\btrial|\breturns\b|\breturn (?:policy|window|it)|\brefund|\bexchange", re.I),
        re.compile(
            r"trial|\btr(?:y|ied|ies)\b|test|return|refund|money|back|free|risk|decide|keep|swap|exchange|"
            r"\bsend|lov|home|"
            r"sure|mind|explore|first|sleep|\$|wear|use|start|pay|live|change|change|see|worn|fit",
            re.I,
        ),
    ),
)  # fmt: skip


def misplaced(text: str, q: Quantity, same: Sequence[Quantity], brief: Sequence[Quantity], facts: str, own: str) -> str:
    """What the number stands beside in the brief, where the text puts it beside another thing; "" if all is well.

    `same`: the brief's quantities that equal `q`; `brief`: all of them; `facts`: the text they were read from;
    `own`: the names and keywords of the product, which any number of the brief may measure.
    """
    if not same or re.match(r"[- ]olds?\b", text[q.end :]):
        return ""
    places = [_context(facts, k.start, k.end) for k in same]
    beside = frozenset().union(*(p.phrase for p in places))
    if q.dim not in MONEY and _attributive(text, q):
        things = _things(text, q)
        lines = frozenset().union(*(p.line for p in places))
        if things and not things & (lines | _roots(own)) and things & _roots(facts):
            return places[0].words
    said = _roots(_between(text, q)) - _roots(own)
    sentence = _around(text, q.start, q.end, _SENTENCE_END)
    nearby = _roots(sentence) - _LIGHT
    if q.dim in MONEY:  # what stands right beside the price
        left = [w.lower for w in words(_between(text, q, left_only=True)) if w.lower not in STOP][-3:]
        said = (_things(text, q) | frozenset(stem(w) for w in left)) - _roots(own)
    for other in brief if q.dim not in {"", "clock"} else ():
        if other.dim != q.dim or other in same or abs(other.value - q.value) < 1e-6 or _partners(facts, other, same):
            continue
        rival = _context(facts, other.start, other.end).phrase
        theirs, ours = rival - beside - _LIGHT, beside - rival - _LIGHT
        if said & theirs and said - _LIGHT <= _roots(facts) and beside - rival and not nearby & ours:
            return places[0].words
    if q.dim in _TERMS:
        for promise, echo in _PROMISES:
            if (
                not (said | nearby) & (beside - _LIGHT)
                and all(promise.search(p.words) for p in places)
                and not echo.search(sentence)
            ):
                return places[0].words
    return ""


def _attributive(text: str, q: Quantity) -> bool:
    """Does the number stand before its noun: "a 30-year battery", "12-hour service"?"""
    written = text[q.start : q.end]
    return q.raw > 1 and re.search(r"(?:-|\d )(?:second|minute|hour|day|week|month|year)$", written, re.I) is not None


def _partners(facts: str, other: Quantity, same: Sequence[Quantity]) -> bool:
    """Do the two stand together in the brief, as in "8 to 30" or "$75, or 3 for $195"?"""
    gaps = (facts[min(other.end, k.end) : max(other.start, k.start)] for k in same)
    return any(re.fullmatch(r"\W*(?:(?:to|or|and|until|for|from|at|by|of)\W*)?", gap) for gap in gaps)


# How long a battery lasts, not how long it charges.
_PER_CHARGE = re.compile(r"\b(?:between|per) charges?\b", re.I)


def _between(text: str, q: Quantity, left_only: bool = False) -> str:
    """The phrase of the number without its neighbours: from the number before it to the one after."""
    before = _around(text, q.start, q.end, _PHRASE_END)
    at = text.index(before)
    left = re.split(r"[$\u00a3\u20ac]?\d[\d,.]*", text[at : q.start])[-1]
    right = re.split(r"[$\u00a3\u20ac]?\d", text[q.end : at + len(before)])[0]
    return left if left_only else _PER_CHARGE.sub(" ", f"{left} {right}")


@dataclass(frozen=True)
class _Place:
    """Where the brief states a number: stems of its phrase and of its line or sentence, and the phrase as written."""

    phrase: frozenset[str]
    line: frozenset[str]
    words: str


def _things(text: str, q: Quantity) -> frozenset[str]:
    """Stems of the words right after the number, up to the first function word or mark: what it measures."""
    after = _PHRASE_END.split(text[q.end : q.end + 60])[0]
    found: list[str] = []
    for word in words(after):
        if word.lower in STOP:
            break
        if len(word.text) > 1:
            found.append(stem(word.lower.removesuffix("es")))
    return frozenset(found[:3])


@lru_cache(maxsize=4096)
def _context(facts: str, start: int, end: int) -> _Place:
    phrase = _around(facts, start, end, _PHRASE_END)
    if not _roots(phrase) - _LIGHT:
        phrase = _around(facts, start, end, _SENTENCE_END)
    return _Place(_roots(phrase), _roots(_around(facts, start, end, _SENTENCE_END)), phrase.strip())


@lru_cache(maxsize=4096)
def _roots(text: str) -> frozenset[str]:
    return frozenset(stem(w.lower.removesuffix("es")) for w in words(text) if w.lower not in STOP and len(w.text) > 1)


def _around(text: str, start: int, end: int, ends: re.Pattern[str]) -> str:
    """The piece of `text` between the two nearest marks around [start:end]."""
    left = max((m.end() for m in ends.finditer(text, 0, start)), default=0)
    right = ends.search(text, end)
    return text[left : right.start() if right else len(text)]
