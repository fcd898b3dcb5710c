"""The points of a brief that a text can be about: a second control code beside the angle.

A small policy that is only told an angle says the same three things again and again. Told which fact to speak of, it
keeps to that fact, and a draft that goes through all points of a brief gets as many different texts. In training the
point of a text is the one that it shares most words with, whoever wrote it. (CREATER, arXiv 2205.08943: aspects.)
Leaves out: the wording of the prompt (prompt.py).
"""

import re
from functools import lru_cache

from relate_engine.brief import Angle, Brief
from relate_engine.rewards.words import STOP, stem, words

_OFFER = re.compile(r"[$€£%]|\b(?:free|off|trial|discount|code|included|complimentary|no charge|half price)\b", re.I)
_PROOF = re.compile(r"\d|\b(?:rated|award|certified|tested|reviews?|since|years)\b", re.I)


@lru_cache(maxsize=512)
def points(brief: Brief) -> tuple[str, ...]:
    """Benefits, claims, reviews, the sentences of the description and the audience, each on one line."""
    sentences = re.split(r"(?<=[.!?])\s+|\n", brief.description)
    found = [*brief.benefits, *(c.text for c in brief.claims), *brief.reviews, *sentences, brief.audience]
    return tuple(dict.fromkeys(" ".join(p.split()).rstrip(".") for p in found if p.strip()))


def suited(brief: Brief, angle: Angle) -> tuple[str, ...]:
    """The points that an angle can be argued from; all where none stands out."""
    every = points(brief)
    if angle == "audience" and brief.audience:
        return (" ".join(brief.audience.split()).rstrip("."),)
    wanted = {"offer": _OFFER, "proof": _PROOF}.get(angle)
    others = [p for p in every if p != brief.audience]
    return tuple([p for p in others if wanted.search(p)] if wanted else others) or every


@lru_cache(maxsize=65536)
def _roots(text: str) -> frozenset[str]:
    return frozenset(stem(w.lower) for w in words(text) if w.lower not in STOP)


def point_of(brief: Brief, text: str) -> str:
    """The point that a text speaks of: the one with most words in common, the shorter of two; "" if none has any."""
    said = _roots(text) - _roots(brief.product)
    best = max(points(brief), key=lambda p: (len(said & _roots(p)), -len(p)), default="")
    return best if said & _roots(best) else ""
