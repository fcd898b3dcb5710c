"""Examples that a text works out from its brief: "three tickets come to £42", "80% of a $1,000 bill is $800".

Why: an advertiser may reckon for the reader, and the figures of the example then stand in no brief. Each is accepted
only with its partner in the same text, so that a lone figure that fits by chance stays a new fact.
Leaves out: steps that need no second figure of the text (arithmetic.py, counting.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Sequence

from relate_engine.rewards.quantities import Quantity, equal, quantities
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import STOP, stem, word_set

_SECONDS = {"day": 86400.0, "week": 604800.0}
_RHYTHM = re.compile(r"\b(?:a|per|each|every) (day|week)\b|\b(dai|week)ly\b", re.I)
_EVENINGS = frozenset(stem(w) for w in ("dinners", "suppers", "evenings"))
_COMPANY = frozenset(
    stem(w) for w in word_set("strangers people players friends team table group party guests diners members couples")
)
_OTHERS = re.compile(r" (?:(?:new|other|more|of your) )?(?:friends|faces|people|others|strangers|mates|guests)\b", re.I)
_JOINED = re.compile(r"\b(?:with|bring|invite|meet|join|plus)\b[^.!?]*$", re.I)
_LESS = re.compile(r" (?:less|more|cheaper|off|saved)\b", re.I)
_EACH = re.compile(r" (?:apiece|each|a head|per person|a person)\b", re.I)
_FIRST_FREE = re.compile(r"\bfirst [a-z]+ (?:is )?free\b|\bfree first\b", re.I)


def worked(text: str, q: Quantity, brief: Sequence[Quantity], facts: str) -> bool:
    """Is `q` a figure of an example that the text works out from the brief?"""
    said = quantities(text)
    if q.dim in MONEY or not q.dim:
        prices = [p for p in said if p.dim in MONEY and not any(equal(p, k) for k in brief)]
        return (
            _priced(text, q, said, prices, brief, facts)
            or _shared(q, prices, brief)
            or (q.dim in MONEY and _LESS.match(text, q.end) is not None and _apart(q, prices, brief))
            or (not q.dim and (_portions(q, said, brief) or _with_you(text, q, brief) or _listed(text, q, brief)))
            or _tried(text, q, said, brief)
        )
    return _lasts(text, q, brief) or _tried(text, q, said, brief)


def _priced(
    text: str, q: Quantity, said: Sequence[Quantity], prices: Sequence[Quantity], brief: Sequence[Quantity], facts: str
) -> bool:
    """So many times a price, with or without a base, and its count: "10 staff: $90" of "$40 plus $5 a head"."""
    free = 1 if _FIRST_FREE.search(facts) else 0
    counts = [m.raw for m in said if not m.dim] if q.dim else [q.raw]
    for price in prices:
        if q.dim and price.start != q.start:
            continue
        own = [k.value for k in brief if k.dim == price.dim]
        for n in (c for c in counts if c >= 2):
            if _EACH.match(text, price.end):
                reckoned = {b / n for b in own}
            else:
                reckoned = {base + c * b for b in own for base in (0.0, *own) for c in (n, n - free)}
            if any(abs(r - price.value) < 0.01 for r in reckoned):
                return True
    return False


def _shared(q: Quantity, prices: Sequence[Quantity], brief: Sequence[Quantity]) -> bool:
    """A round sum and the brief's share of it: "of each $1,000 you keep $800" of 80%."""
    shares = [k.value / 100 for k in brief if k.dim == "pct" and 0 < k.value < 100]
    return any(
        q.start in (whole.start, part.start) and abs(part.value - share * whole.value) < 0.01
        for whole in prices
        if whole.value % 10 == 0
        for part in prices
        for one in shares
        for share in (one, 1 - one)
    )


def _apart(q: Quantity, prices: Sequence[Quantity], brief: Sequence[Quantity]) -> bool:
    """ "$3 less than one on its own": the difference of a price of the brief and one worked out."""
    own = [k.value for k in brief if k.dim == q.dim]
    return any(abs(abs(b - p.value) - q.value) < 0.01 for b in own for p in prices if p.start != q.start)


def _portions(q: Quantity, said: Sequence[Quantity], brief: Sequence[Quantity]) -> bool:
    """ "Four 20 g servings" of an 80 g bag with 20 g servings."""
    after = next((m for m in said if m.start >= q.end), None)
    if after is None or not after.dim or after.start - q.end > 1 or not any(equal(after, k) for k in brief):
        return False
    return any(k.dim == after.dim and abs(k.value - q.raw * after.value) < 1e-6 for k in brief)


def _with_you(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "Dinner with three others" of a table of four: the reader is one of them."""
    if not _OTHERS.match(text, q.end) or not _JOINED.search(text[: q.start]):
        return False
    return any(not k.dim and k.raw == q.raw + 1 and k.near & _COMPANY for k in brief)


def _listed(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "Rain, wind and ten more sounds" of twelve sounds: the named ones count too."""
    if q.nouns[:1] not in (("more",), ("other",)):
        return False
    things = {stem(n) for n in q.nouns if n not in STOP}
    named = re.split(r"[.;:!?]\s", text[: q.start])[-1].count(",") + 1
    return any(not k.dim and q.raw < k.raw <= q.raw + named and things & k.near for k in brief)


def _lasts(text: str, q: Quantity, brief: Sequence[Quantity]) -> bool:
    """ "Four weeks at a scoop a day" of 28 scoops, "six weeks" of six weekly calls, "five nights" of five dinners."""
    counts = [k for k in brief if not k.dim and k.raw >= 2]
    if q.dim == "night":
        return any(k.raw == q.raw and k.nouns and stem(k.nouns[0]) in _EVENINGS for k in counts)
    if q.dim != "time":
        return False
    weekly = {"daily": "day", "weekly": "week"}
    if any(abs(k.raw * _SECONDS[weekly[n]] - q.value) < 1 for k in counts for n in k.nouns[:1] if n in weekly):
        return True
    rhythm = _RHYTHM.search(text)
    if rhythm is None:
        return False
    each = _SECONDS[rhythm[1].lower() if rhythm[1] else "day" if rhythm[2].lower() == "dai" else "week"]
    slack = 0.1 if re.search(r"\b(?:about|around|roughly|nearly|almost) $", text[: q.start], re.I) else 0.01
    return q.value >= 3 * each and any(abs(k.raw * each / q.value - 1) <= slack for k in counts)


def _tried(text: str, q: Quantity, said: Sequence[Quantity], brief: Sequence[Quantity]) -> bool:
    """A figure that the reader asks about, below a limit that the text then gives: "4 lb? It holds up to 4.4 lb"."""
    asked = re.match(r"[^.!?]*\?", text[q.end :])
    if asked is None:
        return False
    end = q.end + asked.end()
    start = max((m.end() for m in re.finditer(r"[.!?]\s", text[: q.start])), default=0)
    dims = {m.dim for m in said if start <= m.start < end and m.dim}
    limits = [m for m in said if m.start >= end and any(equal(m, k) for k in brief)]
    return any(
        m.dim in ({q.dim} if q.dim else dims)
        and (m.raw if not q.dim else m.value) >= (q.value if q.dim else q.raw)
        and re.search(r"\b(?:up to|to|at most|as much as) $", text[: m.start], re.I)
        for m in limits
    )
