"""What comes first and what after, where the text turns the brief's order round.

Why: "start with dessert" of a tour that ends with it uses only words of the brief; the order alone is wrong. Of both
sides the pairs "this before that" are read from before, after, then, first, followed by, start with and end with, and
a pair of the text is wrong when the brief has it the other way round.
Leaves out: an order told by dates, by a list, or by verbs alone ("roasted, ground and packed").
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from relate_engine.rewards.clauses import place_of, roots_of
from relate_engine.scorecard import Finding, finding

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n")
_OPENS = re.compile(
    r"\b(?:start|begin|open|kick off|set off|commence|meet|depart|leave|set out)(?:s|ing)? (?:out )?(?:with|at|in|"
    r"on|from|by)\s(?P<what>[^,.;]+?)"
    r"(?=,|[.;!?]|$|\s(?:and|before|then|but)\s)",
    re.I,
)
_CLOSES = re.compile(
    r"\b(?:end|finish|clos|conclud|wrap up|round off)(?:e?s|ing|ed|e)? (?:up )?(?:with|at|in|on|by)\s(?!(?:the )?\d)"
    r"(?P<what>[^,.;]+?)(?=,|[.;!?]|$|\s(?:and|before|then|but|after)\s)"
    r"|(?P<last>[^,.;:!?]+?),? (?:to finish|to end|comes last)\b",
    re.I,
)
_JOINTS = (  # between this and that, in this order or turned round
    (re.compile(r",? (?:and |but )?(?:only )?then,? |,? followed by | first,? (?:and )?then | ahead of ", re.I), False),
    (re.compile(r"(?<=\w) before (?:being |it is |it's |they are |you |we )?", re.I), False),
    (re.compile(r"(?<=\w),? (?:only |right |straight |just )?(?:after|once) (?:being |it is |they are )?", re.I), True),
)
_NEVER = re.compile(r"\b(?:no|none|not|never|nothing|nobody)\b|n't\b", re.I)
_LEADS = re.compile(r"^(?P<word>before|after|once|following) (?P<one>[^,]+), (?P<other>.+)$", re.I)
_LATER = re.compile(r"^(?P<one>.+?)(?:, | and | - )(?P<other>.+?) (?:afterwards?|later|after that)\b", re.I)
_FIRST = re.compile(r"^(?P<one>.+?) first(?:,| and| -) (?P<other>.+)$", re.I)
_ANY = frozenset([""])  # stands for everything else: what opens comes before all
_TOO_PLAIN = roots_of("day days week month year time order start end first last minutes hours one get take make use")
# What the reader does with the product: "apply after cleansing and before moisturizer".
_USE = re.compile(
    r"\b(?:apply|use|take|drink|wear|feed|eat|press|smooth|massage|rub|spray|add|serve|put|brush|pat|dab|work|"
    r"spread)\b",
    re.I,
)
_BETWEEN = re.compile(r"\bafter (?P<after>[^,.;]+?) (?:and|but) before (?P<before>[^,.;]+)", re.I)
_IT = frozenset(["it"])
Pair = tuple[frozenset[str], frozenset[str]]


def reordered(text: str, facts: str) -> list[Finding]:
    """CLM-019 for each sentence that has two steps of the brief the wrong way round."""
    told = [p for s in _SENTENCE.split(facts) for p in _pairs(s)]
    found: list[Finding] = []
    at = 0
    for sentence in _SENTENCE.split(text) if told else ():
        at = text.index(sentence, at)
        for one, other in _pairs(sentence):
            turned = next(((a, b) for a, b in told if _turns(one, other, a, b)), None)
            if turned is None:
                continue
            start, end = place_of(sentence, (one | other) & (turned[0] | turned[1]))
            message = "The text turns the order of the brief round."
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", message, fix="Keep the order of the brief.",
                    start=at + start, end=at + end, source="brief",
                )
            )  # fmt: skip
            break
    return found


def _turns(one: frozenset[str], other: frozenset[str], before: frozenset[str], after: frozenset[str]) -> bool:
    """Is `one` before `other` the reverse of `before` before `after`? An open side fits everything."""
    early, late = before - after, after - before
    if (one == _ANY and before == _ANY) or (other == _ANY and after == _ANY):
        return False
    forth = _meets(one, early, open_=False) or _meets(other, late, open_=False)
    return not forth and _meets(one, late) and _meets(other, early)


def _meets(said: frozenset[str], told: frozenset[str], open_: bool = True) -> bool:
    if said == _ANY or told == _ANY:
        return open_
    return bool(said & told)


@lru_cache(maxsize=4096)
def _pairs(sentence: str) -> tuple[Pair, ...]:
    return tuple(_read(sentence))


def _read(sentence: str) -> Iterator[Pair]:
    """Each "this before that" of a sentence, as stems."""
    sentence = _USE.sub(r"it \g<0>", sentence.strip(" .!?;"))
    if between := _BETWEEN.search(sentence):
        after, before = _roots(between["after"]), _roots(between["before"])
        yield from (pair for pair in ((after, _IT), (_IT, before)) if pair[0] and pair[1])
        return
    for m in _OPENS.finditer(sentence):
        if what := _roots(m["what"]):
            yield what, _ANY
    for m in _CLOSES.finditer(sentence):
        if what := _roots(m["what"] or m["last"]):
            yield _ANY, what
    if lead := _LEADS.match(sentence):
        one, other = _roots(lead["one"]), _roots(lead["other"])
        if one and other:
            yield (other, one) if lead["word"].lower() == "before" else (one, other)
        return
    for pattern in (_LATER, _FIRST):
        if told := pattern.match(sentence):
            one, other = _roots(told["one"]), _roots(told["other"])
            if one and other:
                yield one, other
    for joint, turned in _JOINTS:
        for m in joint.finditer(sentence):
            one, other = _roots(sentence[: m.start()]), _roots(sentence[m.end() :])
            never = "before" in m[0] and _NEVER.search(sentence[: m.start()]) is not None  # not before is after
            if one and other:
                yield (other, one) if turned != never else (one, other)


def _roots(text: str) -> frozenset[str]:
    it = _IT if re.search(r"\bit (?=[a-z])", text) and _USE.search(text) else frozenset()
    return (roots_of(text) - _TOO_PLAIN) | it
