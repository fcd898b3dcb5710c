"""Is a superlative of the text one of the brief's: "the biggest" of "the largest", but not "strongest" of "strong"?

Why: the stem of a superlative stands in every brief that praises the same quality without placing it first.
Leaves out: "best" and first places (claims.py), and among which things it is the most.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

MOST = re.compile(r"\bmost [a-z]{3,}|\b(?!best|latest|rest|first)[a-z]{2,}est\b", re.I)
# Other words for the same place.
_SAME = tuple(
    frozenset(group.split("|"))
    for group in (
        "biggest|largest|greatest|roomiest|widest|longest|tallest|highest",
        "smallest|tiniest|shortest|littlest",
        "cheapest|lowest|least expensive|best value|lowest-priced",
        "fastest|quickest|speediest|shortest",
        "oldest|longest-running|longest|first|original|earliest",
        "newest|latest|most recent|youngest",
        "easiest|simplest",
        "toughest|strongest|sturdiest|hardest",
        "softest|gentlest|mildest",
        "calmest|quietest",
        "hottest|warmest|spiciest",
        "coldest|coolest",
        "busiest|most popular|best-selling|bestselling|favourite|favorite",
    )
)


_WHERE = re.compile(
    r"\b(?:world|country|nation|city|town|state|county|region|industry|market|america|britain|uk|europe|scotland|"
    r"england|"
    r"earth|planet)\b",
    re.I,
)


_IN = re.compile(r"^[^,.;:!?\n]{0,40}?\bin (?:the |all (?:of )?(?:the )?)?(?P<place>[A-Z][\w'-]+)")


def wider(around: str, after: str, facts: str) -> bool:
    """Does the text make it the most of a place, where the brief names none: "the world's lightest" of "our
    lightest"?"""
    where, place = _WHERE.search(around), _IN.match(after)
    if (
        place
        and re.search(rf"\b(?:in|across) (?:the |all (?:of )?(?:the )?)?{place['place']}\b", _most_of(facts)) is None
    ):
        return True
    return where is not None and re.search(rf"\b{where[0]}", facts, re.I) is None


def _most_of(facts: str) -> str:
    """The lines and sentences of the facts that place something first."""
    return "\n".join(c for c in re.split(r"[.;]\s|\n", facts) if MOST.search(c))


def superlative(words: str, facts: str) -> bool:
    """Do the facts say it, in these words, in others for the same place, or as "taller than any"?"""
    said = re.sub(r"\s+", " ", words.lower())
    root = said.removeprefix("most ") if said.startswith("most ") else said[: -len("est")].rstrip("i")
    alike = {said, *(w for group in _SAME if said in group for w in group)}
    if any(re.search(rf"\b{re.escape(w)}", facts, re.I) for w in alike):
        return True
    more = (
        rf"\b(?:{re.escape(root)}\w{{0,3}}er|more {re.escape(root)}) [\w' -]*?than (?:any|all|every|the (?:other|rest))"
    )
    none = rf"\b(?:none|nothing|no other)\b[^.;\n]*\b(?:{re.escape(root)}\w{{0,3}}er\b|more {re.escape(root)})"
    return re.search(rf"{more}|{none}|\bmost {re.escape(root)}|\b{re.escape(root)}i?est\b", facts, re.I) is not None
