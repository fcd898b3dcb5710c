"""The points of a brief that a text can be about: a second control code beside the angle.

A small policy that is only told an angle says the same three things again and again. Told which fact to speak of, it
keeps to that fact, and a draft that goes through all points of a brief gets as many different texts; a long text is
told two. In training the point of a text is what it was asked about, or else the one that it shares most words with.
An adapter whose manifest does not say `points` has not learned the line and is never asked with it; a server's model
that was trained here is taken to have. (CREATER, arXiv 2205.08943: aspects.)
Leaves out: the wording of the prompt (prompt.py).
"""

import re
from functools import lru_cache
from itertools import pairwise

from relate_engine.brief import OFFER, PROOF, Angle, Brief, width
from relate_engine.denial import affirmed
from relate_engine.policy.prompt import one_line
from relate_engine.policy.selling import leads, small_print, what_it_is
from relate_engine.rewards.words import sentences, stems

LONGEST = 120  # characters; a longer passage is no single point
CLAUSE, SHORTEST = 40, 12  # characters of a clause, about and at least
ENOUGH = 4  # points that must be left before small print is asked for no more
ALIKE = 0.5  # share of the shorter point's stems that another holds: both would say the same
_MARK = re.compile(r"(?<!\d)(?:[,;:]|\s[-\u2013\u2014])\s+")
_JOINING = re.compile(
    r"(?:and|or|but|with|without|for|from|in|at|on|by|to|of|per|plus|than|that|which|when|if|until|unless|after|before"
    r"|over|under|except|excluding|including|only|not|subject)\s",
    re.I,
)


@lru_cache(maxsize=512)
def points(brief: Brief) -> tuple[str, ...]:
    """Benefits, claims, the sentences of the description, the audience and reviews, each on one line."""
    claimed = [c.text for c in brief.claims]
    found = [*brief.benefits, *claimed, *sentences(brief.description), brief.audience, *brief.reviews]
    return tuple(dict.fromkeys(p for p in map(_line, found) if re.search(r"\w", p) and len(p) <= LONGEST))


def asked(brief: Brief, angle: Angle, turn: int, nth: int, aim: int) -> str:
    """What the `turn`th text of the `nth` angle is asked about, in a slot that aims at `aim` characters. A slot of one
    clause's width needs more that differs than a brief has points: it goes through the clauses of long ones on every
    other pass. A slot of two sentences' width is asked about two points. Never about none: left to choose, the writer
    names the product or the audience (editors passed 6 of 100 such headlines, 54 of 100 others)."""
    whole, narrow = suited(brief, angle), is_narrow(aim)
    passes = turn // len(whole)
    if narrow:
        parts = tuple(c for p in whole for c in clauses(p) if c not in whole)
        of = parts if parts and passes % 2 else whole
        return of[(turn + nth) % len(of)]
    point = whole[(turn + nth) % len(whole)]
    if width(point) > aim:
        point = clauses(point)[0]
    if not is_long(aim):
        return point
    return joined(brief, point, passes + nth, aim, told=leads(aim) and (turn + nth) % 2 == 0)


def is_narrow(aim: int) -> bool:
    """Has a slot that aims at `aim` characters room for one clause only?"""
    return aim <= CLAUSE


def is_long(aim: int) -> bool:
    """Has a slot that aims at `aim` characters room for two sentences, and so is asked about two points?"""
    return aim > 2 * CLAUSE


def half_empty(taken: int, aim: int) -> bool:
    """Does a text `taken` wide leave half of a long slot empty?"""
    return is_long(aim) and taken < aim / 2


def joined(brief: Brief, point: str, turn: int, room: int, told: bool = False) -> str:
    """`point` with another one behind it, so that a long slot says two things and is filled; the `turn`th of those
    that fit in `room` and say something else, or `point` alone. `told`: what the product is, where that fits (before
    it, the writer often stops after the one)."""
    kind = _line(clauses(_line(what_it_is(brief)))[0])
    if told and kind and point and not _alike(kind, point) and width(f"{_sentences(brief, point, kind)}.") <= room:
        return _sentences(brief, point, kind)
    others = [p for p in suited(brief, "benefit") if point and p and not _alike(p, point)]
    both = [s for s in (_sentences(brief, point, p) for p in others) if width(f"{s}.") <= room]
    return both[turn % len(both)] if both else point


def _sentences(brief: Brief, first: str, second: str) -> str:
    """Two points as two sentences, without a last full stop."""
    named = any(second.startswith(name) for name in brief.names)
    stop = "" if first.endswith((".", "!", "?", "…")) else "."
    return f"{first}{stop} {second if named else second[0].upper() + second[1:]}"


def _alike(one: str, other: str) -> bool:
    a, b = stems(one), stems(other)
    return len(a & b) >= ALIKE * max(1, min(len(a), len(b)))


def clauses(point: str) -> list[str]:
    """A point cut at its marks into parts of about CLAUSE characters. A part that begins with a joining word says
    nothing by itself and stays with the one before it; where a part is but a word or two, the point is a list and
    stays whole."""
    cuts = [m.end() for m in _MARK.finditer(point)] if len(point) > CLAUSE else []
    parts = [point[a:b] for a, b in pairwise((0, *cuts, len(point)))]
    if any(len(part.strip()) < SHORTEST for part in parts):
        return [point]
    found: list[str] = []
    for part in parts:
        if found and (_JOINING.match(part) or len(found[-1] + part) <= CLAUSE):
            found[-1] += part
        else:
            found.append(part)
    return [re.sub(r"(?:[,;:]|\s[-\u2013\u2014])\s*$", "", part) for part in found]


@lru_cache(maxsize=4096)
def suited(brief: Brief, angle: Angle) -> tuple[str, ...]:
    """The points that an angle can be argued from; ("",) where there is none. What a review says is proof only. The
    audience is nobody's: asked about it, the writer names it and says nothing. Small print is nobody's either, where
    enough else is left."""
    said = {_line(r) for r in brief.reviews}
    own = [p for p in points(brief) if p != _line(brief.audience) and p not in said]
    selling = [p for p in own if not small_print(p)]
    own = selling if len(selling) >= ENOUGH else own
    if angle == "offer":
        return tuple(p for p in own if OFFER.search(affirmed(p))) or tuple(own) or ("",)
    if angle == "proof":
        claimed = {_line(c.text) for c in brief.claims}
        held = [p for p in points(brief) if p in claimed or p in said or (p in own and PROOF.search(affirmed(p)))]
        return tuple(held) or tuple(own) or ("",)
    return tuple(own) or ("",)


def _line(text: str) -> str:
    return one_line(text).rstrip(".")


def point_of(brief: Brief, text: str, aim: int = 0) -> str:
    """The point that a text speaks of: the one with most words in common, the shorter of two; "" if none has any. Of a
    text for a slot that is asked about two (`aim`), also the one that most of its other words come from."""
    said = stems(text) - stems(brief.product)
    best = _nearest(brief, said)
    if not best or not is_long(aim):
        return best
    second = _nearest(brief, said - stems(best), least=2)
    return _sentences(brief, best, second) if second else best


def _nearest(brief: Brief, said: frozenset[str], least: int = 1) -> str:
    best = max(points(brief), key=lambda p: (len(said & stems(p)), -len(p)), default="")
    return best if len(said & stems(best)) >= least else ""
