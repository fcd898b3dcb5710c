"""What the brief affirms and the text denies: "the tabs don't dissolve in cold water" of tabs that do.

Why: a "not" of the text turns a true sentence false with no new word in it. A verb or a thing that stands right behind
a "not" of the text must not be one that the brief affirms, in a clause that shares another word with the sentence.
Leaves out: denials of what the brief does not speak of (claims.py), and advice to the reader ("don't wait").
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.clauses import LIGHT, read_clauses, roots_of
from relate_engine.rewards.words import STOP, Word, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_NOT = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|will|can|has|have)(?:n't| not)|won't|can't|cannot|not|never|no longer|"
    r"without|no|zero)\b"
    r"(?! (?:only|just|matter|to mention|if|so|yet|even|sure|right|another|(?:more|less|fewer|longer|later|under|over) "
    r"than)\b)",
    re.I,
)
_BRIEF_DENIES = re.compile(
    r"\b(?:no|not|never|without|nor|neither|cannot|only|except|excluding|zero|none|un\w+|non|skip|"
    r"free (?:of|from))\b|n't\b|"
    r"-(?:free|proof)\b|\b(?:fragrance|perfume|gluten|dairy|sugar|nut|cruelty) free\b|less\b",
    re.I,
)
_ADVICE = re.compile(
    r"(?:^|[.!?,;:]\s+)(?:do not|don't|never)\b|\?|\b(?:if|whether|when|unless|until|why|you|they|who|what|nobody|"
    r"no one|"
    r"than|other|others|most|so)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n|;\s|:\s|,\s(?=(?:and|but|so|yet)\b)|\s[\u2013\u2014-]\s")
_PART = re.compile(r"\s(?:and|but|so|yet)\s(?=\S+\s\S+\s\S)|,\s(?=(?:without|not|never|no|but|except|excluding)\b)")
_FREE_OF = re.compile(r"\b(?P<what>[a-z]{3,})-free\b", re.I)
_LEFT_OUT = re.compile(
    r"\b(?P<what>[a-z]{3,}) (?:(?:(?:is |are )?not|isn't|aren't) (?:included|provided|supplied)|costs? extra|"
    r"(?:is |are )?(?:sold separately|up to you))\b",
    re.I,
)
_GIVEN = re.compile(r"\binclud\w+|\bcomes? with\b|\bfree\b|\bprovided\b|\bsupplied\b", re.I)
_PLAIN = frozenset(
    stem(w)
    for w in word_set("""need needs want have get make take give use come comes go like want just extra wait worry
    think know
    all much more always every everything charge pay cost costs contain contains include includes""")
)


def reversed_(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a verb or a thing that the text denies and the brief affirms."""
    affirmed, refused = _parts(facts)
    found = []
    at = 0
    for m in _LEFT_OUT.finditer(text):
        root = next(iter(roots_of(m["what"])), "")
        given = [p for p, roots in affirmed if root in roots and _GIVEN.search(p)]
        if given and root not in refused:
            message = f"The brief says: {given[0]}."
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", message, fix="Say what the brief says.", start=m.start(),
                    end=m.end(), source="brief",
                )
            )  # fmt: skip
    for sentence in _SENTENCE.split(text):
        at = text.index(sentence, at)
        no = _NOT.search(sentence)
        if no is None or sentence.rstrip().endswith("?") or _ADVICE.search(sentence[: no.end()]):
            continue
        after = [w for w in words(sentence[no.end() :]) if w.lower not in STOP][:2]
        if no[0].lower() in {"no", "zero", "without"}:
            head = _thing(sentence[no.end() :])
            after = [head] if head is not None else []
        own = roots_of(sentence)
        for word in after:
            root = next(iter(roots_of(word.text)), "")
            if not root or root in refused | LIGHT | _PLAIN or stem(word.lower) in _PLAIN:
                continue
            alone = no[0].lower() in {"no", "without"} or len(own - LIGHT - {root}) == 0  # "It does not fold"
            said = [p for p, roots in affirmed if root in roots and (alone or len((roots & own) - LIGHT) >= 2)]
            if said:
                start, end = at + no.start(), at + no.end() + word.end
                message = f"The brief says: {said[0]}."
                found.append(
                    finding(
                        "CLM-019", "correctness", "warn", message, fix="Say what the brief says.", start=start, end=end,
                        source="brief",
                    )
                )  # fmt: skip
                break
    return found


def _thing(after: str) -> Word | None:
    """The one word denied by "no" or "without", where it stands alone: "no fringe", but not "no entry fee"."""
    if re.match(r"(?: [\w-]+){1,2} to\b", after):
        return None  # "no tip to work out"
    phrase = re.split(r"[^\w' ]|\s(?:and|or|in|on|at|for|to|with|from|of|when|if)\b", after)[0]
    inside = [w for w in words(phrase) if w.lower not in STOP]
    return inside[0] if len(inside) == 1 else None


@lru_cache(maxsize=512)
def _parts(facts: str) -> tuple[tuple[tuple[str, frozenset[str]], ...], frozenset[str]]:
    """The parts of the brief that affirm, with their stems, and the stems of those that deny."""
    parts = [p for c in read_clauses(facts)[0] for p in _PART.split(c.text) if p]
    denying = [p for p in parts if _BRIEF_DENIES.search(p)]
    affirmed = tuple((p, roots_of(p)) for p in parts if p not in denying)
    return affirmed, frozenset().union(*(roots_of(p) for p in denying))
