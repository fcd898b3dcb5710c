"""The points of a brief that a text can be about: a second control code beside the angle.

A small policy that is only told an angle says the same three things again and again. Told which fact to speak of, it
keeps to that fact, and a draft that goes through all points of a brief gets as many different texts. In training the
point of a text is the one that it shares most words with, whoever wrote it. An adapter whose manifest does not say
`points` has not learned the line and is never asked with it; a server's model that was trained here is taken to have.
(CREATER, arXiv 2205.08943: aspects.)
Leaves out: the wording of the prompt (prompt.py).
"""

import re
from functools import lru_cache

from relate_engine.brief import OFFER, PROOF, Angle, Brief
from relate_engine.denial import affirmed
from relate_engine.policy.prompt import one_line
from relate_engine.rewards.words import sentences, stems

LONGEST = 120  # characters; a longer passage is no single point
CLAUSE, SHORTEST = 40, 12  # characters of a clause, about and at least
_MARKS = re.compile(r"[,;:]\s+|\s+[-\u2013\u2014]\s+")
_JOINING = re.compile(
    r"(?:and|or|but|with|for|from|in|at|on|by|to|of|per|than|that|which|when|if|until|after|before)\b", re.I
)


@lru_cache(maxsize=512)
def points(brief: Brief) -> tuple[str, ...]:
    """Benefits, claims, the sentences of the description, the audience and reviews, each on one line."""
    claimed = [c.text for c in brief.claims]
    found = [*brief.benefits, *claimed, *sentences(brief.description), brief.audience, *brief.reviews]
    return tuple(dict.fromkeys(p for p in map(_line, found) if re.search(r"\w", p) and len(p) <= LONGEST))


@lru_cache(maxsize=4096)
def suited(brief: Brief, angle: Angle, narrow: bool = False) -> tuple[str, ...]:
    """The points that an angle can be argued from; ("",) where there is none. What a review says is proof only. The
    audience is nobody's: asked about it, the writer names it and says nothing. `narrow`: for a slot of one clause's
    width; when all points have had their turn, so have the clauses of long ones, and there is more to tell apart."""
    found = _suited(brief, angle)
    return tuple(dict.fromkeys((*found, *(part for p in found for part in clauses(p))))) if narrow else found


def joined(brief: Brief, point: str, turn: int, room: int) -> str:
    """`point` with another one behind it, so that a long slot says two things and is filled; the `turn`th of those
    that fit in `room` characters, or `point` alone."""
    others = [p for p in suited(brief, "benefit") if p != point and len(point) + 2 + len(p) <= room]
    return f"{point}. {others[turn % len(others)]}" if point and others else point


def clauses(point: str) -> list[str]:
    """A point cut at its marks into parts of about CLAUSE characters. A part that is short or begins with a joining
    word says nothing by itself and stays with the one before it."""
    found: list[str] = []
    for part in _MARKS.split(point) if len(point) > CLAUSE else [point]:
        if found and (_JOINING.match(part) or len(part) < SHORTEST or len(found[-1]) + 2 + len(part) <= CLAUSE):
            found[-1] += f", {part}"
        else:
            found.append(part)
    return found


def _suited(brief: Brief, angle: Angle) -> tuple[str, ...]:
    said = {_line(r) for r in brief.reviews}
    own = [p for p in points(brief) if p != _line(brief.audience) and p not in said]
    if angle == "offer":
        return tuple(p for p in own if OFFER.search(affirmed(p))) or tuple(own) or ("",)
    if angle == "proof":
        claimed = {_line(c.text) for c in brief.claims}
        held = [p for p in points(brief) if p in claimed or p in said or (p in own and PROOF.search(affirmed(p)))]
        return tuple(held) or tuple(own) or ("",)
    return tuple(own) or ("",)


def _line(text: str) -> str:
    return one_line(text).rstrip(".")


def point_of(brief: Brief, text: str) -> str:
    """The point that a text speaks of: the one with most words in common, the shorter of two; "" if none has any."""
    said = stems(text) - stems(brief.product)
    best = max(points(brief), key=lambda p: (len(said & stems(p)), -len(p)), default="")
    return best if said & stems(best) else ""
