"""Numbers that follow from the brief's numbers: "over a thousand" of 1,024, "75 years" of "founded in 1951".

Why: a copywriter rounds, converts and counts, and none of that is a false fact. Only steps that a reader can
check in the head are allowed: rounding in the direction the text names, another unit, years since a date, the
length of a list, a share as a percentage, and a price by the piece or by the period where the text says so.
Leaves out: chains of steps and sums of unlike things, which are read as new facts.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence
from datetime import date

from relate_engine.rewards.counting import between_hours, counts_same, halved, nth, open_for, rest_of, scale_of
from relate_engine.rewards.quantities import Quantity, quantities
from relate_engine.rewards.shares import shared
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import stem, words
from relate_engine.rewards.worked import worked

_ABOUT = re.compile(
    r"\b(about|around|barely|just over|a little over|a touch over|a bit over|a little under|a shade under|"
    r"roughly|approximately|approx\.?|some|close to|nearly|almost|just under|under|less than|"
    r"fewer than|"
    r"over|more than|just over|upwards of|well over|at least|north of|not quite|within|up to|inside) (?:an? |the )?$",
    re.I,
)
_ABOVE = {
    "over",
    "more than",
    "just over",
    "a little over",
    "a touch over",
    "a bit over",
    "upwards of",
    "well over",
    "at least",
    "north of",
}
_BELOW = {
    "nearly",
    "almost",
    "just under",
    "a little under",
    "a shade under",
    "under",
    "less than",
    "fewer than",
    "not quite",
}
# One unit of the first in the second.
_CONVERT = {
    ("inch", "mm"): 25.4, ("mile", "mm"): 1_609_344, ("gram", "oz"): 1 / 28.3495, ("ml", "oz"): 1 / 29.5735,
    ("gallon", "ml"): 3785.4, ("gallon", "oz"): 128, ("area", "area m"): 0.0929, ("night", "time"): 86400,
    ("night", "month"): 1 / 30.4, ("time", "month"): 1 / (30.4 * 86400), ("bday", "time"): 86400,
    ("inch", "mile"): 1 / 63360, ("acre", "area"): 43560,
}  # fmt: skip
_OR_MANY = re.compile(r"(?: [a-z]+)? or (?:[a-z]+ )?(?:hundred|thousand|million)\b", re.I)
_OLD = re.compile(r"[- ]olds?\b")
_ALWAYS = re.compile(r"24/7|24[- ]hours?\b|around the clock|round the clock|any hour|day and night", re.I)
_SENT = re.compile(r"\b(?:sen[dt]s?|deliver|post|arriv|order|call)", re.I)
_SINCE = re.compile(
    r"\b(?:since|established|est\.?|founded|opened|began|started|in business|from|in|by) (?:in "
    r")?((?:18|19|20)\d\d)\b",
    re.I,
)
_LIST = re.compile(r"[^,.;:\n()]+(?:, [^,.;:\n()]+)+,? (?:and|or|&) [^,.;:\n()]+|[\w'-]+ (?:and|or|&) [\w'-]+")


def follows(text: str, q: Quantity, brief: Sequence[Quantity], facts: str, today: date | None = None) -> bool:
    """Does the text's quantity `q` follow from the brief's by one of the steps above?"""
    about = _ABOUT.search(text[max(0, q.start - 20) : q.start])
    word = about[1].lower() if about else ""
    return (
        _near(q, word, brief)
        or _years(q, word, facts, (today or date.today()).year)
        or (q.spoken and q.dim == "" and 2 <= q.raw <= 12 and _counted(q, brief, facts))
        or (q.dim in MONEY and _price(text, q, word, brief))
        or shared(text, q, brief, facts)
        or (q.dim == "month" and q.end < len(text) and _OLD.match(text[q.end :]) is not None and _aged(q, facts))
        or (q.dim == "night" and any(k.dim in MONEY and k.period == "night" for k in brief))
        or (
            q.dim == ""
            and text[q.start - 1 : q.start] == "'"
            and re.search(rf"\b(?:19|20){q.raw:02.0f}\b", facts) is not None
        )
        or _multiple(text, q, brief)
        or scale_of(q, brief)
        or between_hours(text, q, brief)
        or rest_of(text, q, brief)
        or nth(q, facts)
        or open_for(q, brief, facts)
        or (q.dim == "pct" and q.raw == 50 and halved(brief))
        or _unit_before(text, q, brief, facts)
        or (q.dim == "clock" and _ALWAYS.search(facts) is not None and not _SENT.search(text))
        or (q.spoken and not q.dim and re.search(r"\b[a-z]+ or $", text[: q.start], re.I) is not None)
        or (q.spoken and not q.dim and _OR_MANY.match(text, q.end) is not None)
        or worked(text, q, brief, facts)
    )


def _near(q: Quantity, word: str, brief: Sequence[Quantity]) -> bool:
    """Equal in another unit, or a rounding in the direction of the word before it."""
    if not q.dim and word in {"under", "within", "inside", "up to"}:
        return False
    for k in brief:
        value = _in_unit_of(q, k)
        if k.period == "every" or value is None or value <= 0:
            continue
        ratio = k.value / value  # above 1: the brief has more than the text says
        converted = k.dim != q.dim
        if word in _ABOVE:
            good = 1 <= ratio <= 1.5 or (converted and 0.97 <= ratio <= 1.5)
        elif word in _BELOW:
            good = 0.6 <= ratio <= 1 or (converted and 0.4 <= ratio <= 1.03)
        elif word in {"up to", "within", "inside"}:
            good = converted and 0.97 <= ratio <= 1.03
        elif word:
            good = 0.85 <= ratio <= 1.15
        else:
            good = (converted and 0.97 <= ratio <= 1.03) or (q.spoken and q.dim == "time" and 0.93 <= ratio <= 1.07)
        if good and not (q.period and k.period and q.period != k.period):
            return True
    return False


def _in_unit_of(q: Quantity, k: Quantity) -> float | None:
    """The value of `q` in the unit of `k`, or None where they measure different things."""
    if q.dim == k.dim and q.dim not in {"clock", "thousands", "hundreds", "millions", "dozens"}:
        return q.value
    if (q.dim, k.dim) in _CONVERT:
        return q.value * _CONVERT[q.dim, k.dim]
    if (k.dim, q.dim) in _CONVERT:
        return q.value / _CONVERT[k.dim, q.dim]
    return None


def _years(q: Quantity, word: str, facts: str, now: int) -> bool:
    """ "For 50 years" of a firm that began in 1974."""
    if q.dim != "month" or q.value < 12:
        return False
    years = q.value / 12
    for m in _SINCE.finditer(facts):
        passed = now - int(m[1])
        if passed - 1 <= years <= passed or (word in _ABOVE and 0.7 * passed <= years <= passed):
            return True
        if word and word not in _ABOVE and passed <= years <= passed * 1.15 + 1:
            return True
    return False


_PAIR = re.compile(r"(?-i:[A-Z])[\w'-]+ (?:and|or|&) (?-i:[A-Z])[\w'-]+")


def _counted(q: Quantity, brief: Sequence[Quantity], facts: str) -> bool:
    """ "Three colors" of "in moss, slate and rust"; the first item may be the end of a clause before.

    What the brief counts, or speaks of away from the list, is no other word for the things of the list.
    """
    noun = stem(q.nouns[0]) if q.nouns else ""
    if any(counts_same(q, k) for k in brief):
        return False
    lines = re.split(r"[.;]\s|\n", facts)
    away = noun and any(noun in {stem(w.lower) for w in words(line)} for line in lines)
    if away:
        lines = [line for line in lines if noun in {stem(w.lower) for w in words(line)}]
    found = [m[0] for line in lines for m in (*_LIST.finditer(line), *_PAIR.finditer(line))]
    sizes = [len(re.split(r", (?:and |or |& )?| (?:and|or|&) ", one)) for one in found]
    return int(q.raw) in sizes or int(q.raw) + 1 in (n for n in sizes if n > 3)


_TOGETHER = re.compile(
    r"\b(?:total|altogether|together|in (?:a|the|one|each) \S* ?set|set of|trio|both|each|every|per|combined|"
    r"adds? up|comes? to|worth|in "
    r"all|left|extra|twice|of (?:two|three|four|"
    r"five|six|\d+)|"
    r"times|in between|apart|later|a (?:day|week|month|year))\b",
    re.I,
)


_PARTED = re.compile(
    r"\b(?:each|every|per|both|apiece|half|set of|trio|in between|apart|of (?:two|three|four|five|six))\b", re.I
)


def _multiple(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "Two pounds in a box of four" of half-pound slices; "six hours a week" of two classes of three hours."""
    if not q.dim or q.dim in {*MONEY, "pct", "clock"} or not _TOGETHER.search(text) or _TERM.match(text, q.end):
        return False
    same = [k.value for k in brief if k.dim == q.dim and k.period != "every"]
    told = {k.raw for k in quantities(text) if not k.dim}
    counts = {k.raw for k in brief if not k.dim and (2 <= k.raw <= 12 or k.raw in told)} | {
        float(_PIECES[w]) for w in _PIECES if w in text.lower()
    }

    def close(value: float) -> bool:
        return abs(value - q.value) <= 1e-6 * q.value

    parts = counts if _PARTED.search(text) else set()
    return (
        any(close(a * n) for a in same for n in counts)
        or any(close(a / n) for a in same for n in parts)
        or any(close(a + b) or close(a - b) for i, a in enumerate(same) for b in same[i + 1 :])
    )


_TERM = re.compile(r"[ -](?:[a-z]+ )?(?:warrant|guarant)", re.I)  # two years on both parts are no four
_GOES_ON = re.compile(r"\b(?:after|for|another|in|to|or|then|within|every) $", re.I)


def _unit_before(text: str, q: Quantity, brief: Sequence[Quantity], facts: str) -> bool:
    """ "Four hours later" of "dry in 1 hour, recoat after 4", "30-minute" of "30, 45 or 60 minutes"."""
    unit = re.search(r"([a-z]{3,}?)s?$", text[q.start : q.end], re.I)
    if not q.dim or unit is None:
        return False
    with_unit = re.compile(rf"\d[ -]?{unit[1]}", re.I)
    listed = re.compile(rf"(?:(?:,|/|,? (?:or|and|to|&)) ?\d+)*(?:/|,? (?:or|and|to|&) )\d+[ -]?{unit[1]}", re.I)
    for k in brief:
        if k.dim or k.raw != q.raw:
            continue
        before = re.split(r"[.;!?]\s|\n", facts[: k.start])[-1]
        goes_on = _GOES_ON.search(before) and with_unit.search(before) and not re.match(r" \w", facts[k.end :])
        if goes_on or listed.match(facts, k.end):
            return True
    return False


def _aged(q: Quantity, facts: str) -> bool:
    """Is a child of that age within the ages the brief gives: "ages 3 to 10", "under 8", "5 and up"?"""
    years = q.value / 12
    for m in _AGES.finditer(facts):
        low, high, under, up = (float(g) if g else None for g in m.groups())
        if low is not None and high is not None and low <= years <= high:
            return True
        if (under is not None and years < under) or (up is not None and years >= up):
            return True
    return False


_AGES = re.compile(r"(\d+)\u00bd? ?(?:to|-|\u2013) ?(\d+)|under (\d+)|(\d+) (?:and|or) (?:up|over|older)", re.I)


def _price(text: str, q: Quantity, word: str, brief: Sequence[Quantity]) -> bool:
    """A price of the brief by the piece or times the pieces, after its discount, or a sum or difference of two."""
    money = [k for k in brief if k.dim == q.dim]
    if any(abs(k.value - q.value) < 1e-6 for k in money):
        return False  # the figure stands there, for something else
    prices = {k.value for k in money}
    counts = {float(n) for n in re.findall(r"(?<![\d.,$\u00a3\u20ac])\d{1,2}(?![\d.,%])", text)}
    counts |= {_PIECES[w.lower()] for w in re.findall(r"[A-Za-z]+", text) if w.lower() in _PIECES}
    if q.spoken or re.search(r"\b(?:each|every|per|apiece|one|a)\b", text, re.I):
        counts |= {k.raw for k in brief if not k.dim and 2 <= k.raw <= 12}
    if _PER.search(text):
        counts |= {7, 12, 30, 52, 365}
    counts.discard(0)  # of nothing there is no price
    shares = {k.value / 100 for k in brief if k.dim == "pct" and 0 < k.value < 100}
    slack = max(0.5, 0.1 * q.value) if word else 0.011

    def close(value: float) -> bool:
        return abs(value - q.value) <= slack

    pieces = (close(p / n) or close(p * n) for p in prices for n in counts)
    reduced = (close(p * s) or close(p * (1 - s)) for p in prices for s in shares)
    pairs = (close(a - b) or close(a + b) or close(12 * a - b) for a in prices for b in prices if a != b)
    trios = (close(a * n - b) for a in prices for b in prices for n in counts if n <= 4)
    return any(pieces) or any(reduced) or any(pairs) or (any(trios) and _SAVES.search(text) is not None)


_SAVES = re.compile(r"\b(?:save|saves|saving|less|cheaper|off|more)\b", re.I)
_PIECES = {
    "two": 2,
    "both": 2,
    "pair": 2,
    "couple": 2,
    "three": 3,
    "trio": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "dozen": 12,
}
_PER = re.compile(
    r"\b(?:a|an|per|each|every) (?:day|week|month|year)\b|\b(?:daily|weekly|monthly|yearly|annually)\b", re.I
)
