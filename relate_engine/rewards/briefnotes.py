"""What the writer of a brief should look at: a point that denies another, and a name too long for a headline.

Why: a text can be true to one half of such a brief only, and a name that fits no headline stands in none. Nothing is
refused, and the engine reads every word (readable.py leaves out what check_brief finds, so these are no part of it).
A point denies another where it says no to a whole thing that the other gives ("No subscription", "Subscription from
$9 a month"), or "only" to its opposite ("Hand wash only.", "Machine washable"). A denial of a part, of one case or of
another thing is none.
Leaves out: figures that disagree, and opposites without "only", which may both be on offer.
"""

import re
from collections.abc import Iterator

from relate_engine.brief import Brief, placement_of, width
from relate_engine.denial import affirmed, denied_at
from relate_engine.rewards.contradictions import opposed
from relate_engine.rewards.words import STOP, content, sentences, stem, stems, word_set
from relate_engine.scorecard import Finding, finding

_MOST = 3  # notes on one brief: more say nothing new
# Denied fees and contracts are offers, and "gluten-free" is one word, so affirmed() leaves them standing.
_DENIED_TOO = re.compile(
    r"\b(?:no|without(?: an?)?|zero)\s(?:[\w-]+\s){0,2}?(?:fees?|charges?|contracts?|commitments?|obligations?)\b"
    r"[^.,;:!?()\n]*|\b[a-z]+(?=-free\b)",
    re.I,
)
# A case, a question or a saying: "when you are not driving", "no more cold coffee", "bikes, not".
_CASE = re.compile(
    r"\b(?:when|if|while|what|which|who|whose|where|until|unless|because|whether|how|than|no (?:more|longer))\b|[\"?]"
    r"|, not\b",
    re.I,
)
_OTHERWISE = re.compile(
    r"\b(?:no|not|never|nor|none|nothing|nobody|without|zero|cannot|skip\w*|instead|rather|avoid\w*|ditch|forget|goodbye|"
    r"unlike|most|others?|less|fewer|except\w*|replaces?|stops?|ends?|prevents?|fights?|removes?|blocks?|protect\w*|"
    r"against|resist\w*|repels?|proof)\b|n't\b|-free\b",
    re.I,
)
_CLAUSE = re.compile(r"[.,;:!?](?=\s|$)|\n|[()\u2013\u2014]|\s(?:and|but|or|plus)\s", re.I)
_ONLY = re.compile(r"\bonly(?=\s*(?:[.;:!]|$))", re.I)
# Verbs of a denial that are no part of its thing.
_VERBS = frozenset(
    stem(w)
    for w in word_set(
        """need needed needs require required requires include included accept accepted offer offered available provide
        provided come comes use used have contain contains supply supplied sell sold make made give given lack lacks
        exclude excludes excluding except"""
    )
)
_DOES = word_set("takes starts costs lasts begins runs comes arrives")  # after a thing: it speaks of the thing itself


def brief_notes(brief: Brief) -> list[Finding]:
    """Points that deny each other, at most three, and a name that fits no headline."""
    return [*_contradictions(brief), *_long_name(brief)]


def _contradictions(brief: Brief) -> list[Finding]:
    points = [*sentences(brief.description), *brief.benefits, *(claim.text for claim in brief.claims)]
    product = stems(brief.product)
    found: dict[frozenset[str], Finding] = {}
    for denier in points:
        for other in points:
            if other != denier and (_denies(denier, other, product) or _excludes(denier, other)):
                message = f"Brief: “{_short(denier)}” and “{_short(other)}” seem to contradict each other."
                found.setdefault(frozenset({denier, other}), finding(
                    "BRF-001", "correctness", "warn", message, source="brief", subject="brief",
                    fix="Keep the one that is true, or say when each of them holds.",
                ))  # fmt: skip
    return list(found.values())[:_MOST]


def _denies(denier: str, other: str, product: frozenset[str]) -> bool:
    """Does one clause of `other` give the whole of a thing that `denier` says no to?"""
    given = _given(other)
    for start, end in _denied(denier):
        thing = stems(denier[start:end]) - _VERBS
        about = stems(_CLAUSE.split(denier[:start])[-1]) - _VERBS - product
        if thing and any(about <= stems(clause) and _gives(clause, thing) for clause in given):
            return True
    return False


def _denied(point: str) -> Iterator[tuple[int, int]]:
    """Where a point says no to something, cases left out."""
    spans = [m.span() for m in re.finditer("\u00b7{2,}", affirmed(point))]
    spans += [m.span() for m in _DENIED_TOO.finditer(point)]
    return (span for span in spans if not _CASE.search(point[: span[1]]))


def _given(point: str) -> list[str]:
    """The clauses of a point before it speaks of doing without, or of a case."""
    stop = min((m.start() for p in (_OTHERWISE, _CASE) if (m := p.search(point))), default=len(point))
    ends = [m.start() for m in _CLAUSE.finditer(point)] + [len(point)]
    starts = [0, *(m.end() for m in _CLAUSE.finditer(point))]
    return [point[start:end] for start, end in zip(starts, ends, strict=True) if end <= stop]


def _gives(clause: str, thing: frozenset[str]) -> bool:
    """Does the clause hold every word of the thing, and the thing itself: "drill template" gives no drill."""
    said = [w for w in content(clause) if stem(w.lower) in thing and not denied_at(clause, w.start, w.end)]
    if {stem(w.lower) for w in said} != thing:
        return False
    after = re.match(r"(-?)\s*([^\W\d_]*)", clause[said[-1].end :])
    assert after is not None  # it matches the empty text
    word = after[2].lower()
    return not after[1] and (not word or word in STOP | _DOES or word.endswith("ed") or stem(word) in _VERBS)


def _excludes(point: str, other: str) -> bool:
    """ "Machine washable" beside "Hand wash only."."""
    return bool(_ONLY.search(point)) and any(f.severity == "warn" for f in opposed(other, point))


def _long_name(brief: Brief) -> list[Finding]:
    slot = placement_of(brief.placement).slot("headline")
    if any(width(name) <= slot.visible for name in brief.names):
        return []
    return [finding(
        "BRF-002", "structure", "note",
        f"Brief, product: “{brief.product}” is {width(brief.product)} wide and a headline shows {slot.visible}, "
        "so no headline can show it whole.",
        fix="Add the shorter name people use under brand names.", source="brief", subject="brief",
    )]  # fmt: skip


def _short(point: str) -> str:
    return point if len(point) <= 80 else f"{point[:79]}…"
