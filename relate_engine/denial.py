"""What is denied: the parts of a brief that say something is not so, and whether a text says "no" of a thing.

Why: "no free trial" supports no free trial, and "not available in Alaska" supports no Alaska. The angles of a
brief, the fact checks and the serving guard must read denials alike, so the patterns stand here once. A denial
ends with its clause; denied fees, contracts and limits are offers and stay, and so do turns of phrase that deny
nothing ("not only", "no matter").
Leaves out: irony, and denials by meaning alone ("fails to", "lacks" are read; "anything but" is not).
Paper: serves the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.words import STOP, stem, words

_CLAUSE_END = r"(?=[.;:!?,](?:\s|$)|\n|$|[()\u2013\u2014]|\s(?:but|and|yet|so|because|until|unless|just|only)\b)"
_DENIAL = re.compile(
    r"(?:(?<![\w-])(?:no(?!\. ?\d| ?1\b)|not|never|nor|neither|without|cannot|lacks?|excludes|excluding|except)"
    r"|n't)(?![\w-])(?: yet)?"
    r"(?! (?:only|just|merely|simply|to mention|matter|later|longer|need|other|(?:more|less) than)\b)"
    r"(?!(?: (?:a|any))?(?: \w+){0,2} (?:fees?|charges?|costs?|contracts?|commitments?|obligations?|limits?|strings)\b)"
    rf"[^\n]*?{_CLAUSE_END}",
    re.I,
)
# "Batteries not included": what is denied stands before.
_DENIED_BEFORE = re.compile(
    r"(?:(?!\band\b)[^.;:!?,()\n])*(?:(?<![\w-])(?:not|never)|n't) (?:be |yet |currently )?"
    r"(?:included|available|offered|provided|covered|given|supplied|sold|possible|accepted|used|made|allowed|permitted|guaranteed)\b"
    r"|[^.;:!?,()\n]*\b(?:sold|quoted|billed|charged|priced) separately\b",
    re.I,
)
_TEXT_DENIES = re.compile(
    r"(?:(?<![\w-])(?:no|not|never|nor|nothing|nobody|without|zero|neither|except|excludes|excluding|outside|"
    r"free (?:of|from))"
    r"|n't)(?:,? [\w'-]+){0,5}[ -]$",
    re.I,
)
_NO = re.compile(r"\b(?:no|not|never|without|n't|nor|zero)\b|n't\b", re.I)


@lru_cache(maxsize=1024)
def affirmed(facts: str) -> str:
    """`facts` with every denied part of a clause blanked, each character still in its place."""
    plain = facts.replace("\u2019", "'")
    for pattern in (_DENIED_BEFORE, _DENIAL):
        plain = pattern.sub(lambda m: "\u00b7" * len(m[0]), plain)
    return plain


def denied_at(text: str, start: int, end: int) -> bool:
    """Is what stands at [start:end] denied by the text itself ("not waterproof", "leather-free", "no strings")?"""
    before = re.split(r"[.;:!?]\s|\n", text[max(0, start - 60) : start])[-1]
    return bool(
        _TEXT_DENIES.search(before)
        or re.match(r"[- ]free\b| (?:is |are )?(?:not|never)\b", text[end:], re.I)
        or re.match(r"(?:no|zero|never)\b", text[start:end], re.I)
    )


def denies_more(text: str, facts: str) -> bool:
    """Whether a text denies what its facts do not: "No crumb tray" of a toaster that has one.

    A small policy says "no" as easily as "with", and no other check sees the difference.
    """
    return bool(_NO.search(text)) and not _denied_words(text) & _denied_words(facts)


def _denied_words(text: str) -> set[str]:
    """Stems of the content words within three words after each denial."""
    found = set()
    for match in _NO.finditer(text):
        found |= {stem(w.lower) for w in words(text[match.end() :])[:3] if w.lower not in STOP}
    return found
