"""Comparisons with things outside the brief: "cheaper than station lockers", "sturdier than any other".

Why: a comparison with a rival, with other goods or with another way of doing it needs evidence, and neither its
adjective nor its noun need be a word that claims anything. It is supported where the brief compares with the same
thing, or with any.
Leaves out: comparisons with the reader's own past and wishes ("easier than you think", "more than a mattress"),
numbers ("more than 300"), what it is worse than ("duller than any drum solo"), and the direction of a comparison the
brief makes (comparisons.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.clauses import roots_of
from relate_engine.scorecard import Finding, finding

_THING = r"[^,.;:!?\n]+?(?=[,.;:!?\n]|$| (?:and|or|but|when|before|after|while|with|at|in|on|for|to|from|because|so)\b)"
_COMPARE = re.compile(
    r"\b(?P<more>(?!(?:other|rather|whether|either|neither|later|sooner|after|older|younger|over|under|never)\b)"
    r"(?:[a-z]{2,}er|more|less|fewer|better|worse))(?P<of>(?: (?!to\b)[a-z'-]+){0,3}?) than "
    rf"(?P<than>{_THING})"
    rf"|\b(?:out-[a-z]+|outperform\w*|outlast\w*|outsell\w*) (?P<out>{_THING})",
    re.I,
)
_RIVAL = re.compile(
    r"\b(?:any|others?|most|rivals?|competit\w+|brands?|typical|usual|average|standard|ordinary|regular|"
    r"conventional|traditional|normal|rest)\b",
    re.I,
)
# What a comparison with nobody else begins with: a number, a person, a clause, one thing pointed at.
_OWN = re.compile(
    r"[^a-z]|(?:(?:half )?a|an|the|this|that|these|those|my|your|our|their|his|her|its|you|we|they|he|she|it|i|one|two|"
    r"three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|sixty|hundred\w*|thousand\w*|ever|"
    r"before|just|only|what\w*|when\w*|how|to|in|on|at|for|with|usual|last|yours?|never|once|twice|having|"
    r"expected|needed|words)\b",
    re.I,
)


_WORSE = ("worse", "dull", "less fun", "hard", "trick", "messi", "fussi", "scari", "bor", "sad", "rar", "young", "few")


def check_rivals(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a comparison with something the brief does not compare with."""
    found = []
    for m in _COMPARE.finditer(text):
        other = m["than"] or m["out"]
        if not _outside(m, other) or denied_at(text, *m.span()):
            continue
        told = _told(facts)
        roots = roots_of(other)
        if any(roots & roots_of(t) or (_RIVAL.search(other) and _RIVAL.search(t)) for t in told):
            continue
        found.append(
            finding(
                "CLM-019", "correctness", "warn", f"The brief does not support '{m[0].strip()}' (a comparison).",
                fix="Remove it, or add it to the brief as a claim with evidence.", start=m.start(), end=m.end(),
                source="brief",
            )
        )  # fmt: skip
    return found


def _outside(m: re.Match[str], other: str) -> bool:
    """Is it compared with goods, a rival or another way, not with a figure, a person or a turn of phrase?"""
    if (m["more"] or "").lower().startswith(_WORSE):
        return False
    if m["out"] and "-" not in m[0]:
        return bool(_RIVAL.search(other))
    if _RIVAL.search(other) and not _OWN.match(other.removeprefix("the ").removeprefix("a ").removeprefix("your ")):
        return True
    if re.match(r"(?:the|a|an|your) [a-z]+(?: [a-z]+)?'s?(?= |$)", other, re.I):
        return True  # "than the bank's"
    if re.match(r"an? ", other, re.I):
        return bool(m["of"])  # "less waste than a pod"
    return not _OWN.match(other) and (m["more"] or "").lower() + (m["of"] or "") not in {"more", "less", "better"}


@lru_cache(maxsize=512)
def _told(facts: str) -> tuple[str, ...]:
    """What the brief compares with."""
    return tuple(m["than"] or m["out"] for m in _COMPARE.finditer(facts))
