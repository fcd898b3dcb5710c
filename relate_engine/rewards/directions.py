"""A bound turned round: "free on orders under £50" of "over £50", "15% off from 30 June" of "until 30 June".

Why: the figure stands in the brief, so looking it up finds nothing, and yet the offer is the opposite one.
Leaves out: bounds that do not follow the offer they limit, which may speak of something else ("gifts under £50, with
free delivery"), and any figure that the text or the brief bounds from both sides.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.denial import denied_at
from relate_engine.rewards.calendar import MONTHS
from relate_engine.rewards.contradictions import fact
from relate_engine.scorecard import Finding

_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NAME = rf"(?:{'|'.join(m[:3] for m in MONTHS)})[a-z]*"
_FIGURE = rf"(?:[$\u00a3\u20ac]\d[\d,]*(?:\.\d+)?|{_DAY} (?:of )?{_NAME}|{_NAME} {_DAY})(?!\w)"
_OFFER = r"(?<![\w-])(?:free|half[- ]price|\d+ ?% off)"
_BOUND = re.compile(
    r"\b(?:(?P<up>over|above|more than|at least|from|after|starts?|starting)|(?P<down>under|below|less than|up to|"
    rf"until|till|through|before|by|to|ends?))(?: on)? (?P<figure>{_FIGURE})",
    re.I,
)
_OFFERED = re.compile(rf"(?P<offer>{_OFFER})(?P<between>(?: [\w'-]+){{0,4}}?),? (?={_BOUND.pattern})", re.I)
_ENDS = re.compile(r"\b(?:no|not|never|ends?|ending|gone|over|stops?|closes?)\b|n't", re.I)
_SENTENCE = re.compile(r"[.;!?](?:\s|$)|\n")


def turned(text: str, facts: str) -> list[Finding]:
    """A caution for each offer of the text that starts where the brief's ends, or the other way about."""
    found = []
    for m in _OFFERED.finditer(text):
        told = [b for b in _BOUND.finditer(text) if _figure(b) == _figure(m)]
        known = [b for b in _BOUND.finditer(facts) if _figure(b) == _figure(m)]
        opposite = all(bool(b["up"]) != bool(m["up"]) for b in known)
        same = [b for b in known if _plain(m["offer"]) in _plain(_sentence(facts, b))]
        says = not _ENDS.search(m["between"]) and not denied_at(text, *m.span("offer"))
        if len(told) == 1 and same and opposite and says:
            message = f"'{told[0][0]}' is the other way round; the brief says: {same[0][0]}."
            found.append(fact(message, *told[0].span(), f"Write '{same[0][0]}'.", "warn"))
    return found


def _figure(bound: re.Match[str]) -> str:
    """The amount or the date in one form: "30 June" and "June 30th" are the same."""
    digits = re.sub(r"\D", "", bound["figure"].removesuffix(".00"))
    month = re.search(r"(?<![a-z])[a-z]{3}", bound["figure"].lower().replace(" of ", " "))
    return digits + (month[0] if month else bound["figure"][0])


def _sentence(facts: str, bound: re.Match[str]) -> str:
    return _SENTENCE.split(facts[: bound.start()])[-1] + _SENTENCE.split(facts[bound.start() :])[0]


def _plain(words: str) -> str:
    return re.sub(r"[ -]", "", words.lower())
