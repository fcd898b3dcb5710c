"""Words of a text with exact spans, and the crude stem under which two forms of a word are the same.

Why: correctness, relevance and diversity must cut a text in the same places, or their spans disagree. Spans
are code points of the original text; only single characters are replaced before matching, so no offset ever
moves.
Leaves out: a real lemmatiser. The stem is only ever compared with another stem, never shown.
"""

import re
from dataclasses import dataclass
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


STOP = word_set(
    """a an the and or but nor so yet if then than as at by for from in into of off on onto out over per to up
    upon with without within via until till while when where why how what which who whom whose that this
    these those there here it its it's i i'm me my mine we us our ours you your yours he him his she her
    hers they them their theirs one ones is are was were be been being am do does did done has have had
    having can could may might will would shall should must not no never n't don't doesn't isn't aren't
    won't can't cannot didn't wasn't hasn't haven't you're you'll you've we're we'll we've they're
    that's there's here's what's who's let's let get gets got just also too very more most much many
    some any every each all both own same such other another about after again against ago along already
    always around away back because before behind below between during else ever even few first last
    less like once only through together under well still soon now today down instead another's else's
    across near next"""
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SUFFIX = re.compile(
    r"(?:ingly|edly|ifications?|ations?|ances?|ables?|ibles?|ments?|ness|ings?|iest|iers?|ies|ied|ally|ily|est|"
    r"ers?|ors?|ed|es|ly|y|e|s)$"
)


@dataclass(frozen=True)
class Word:
    text: str  # as written
    lower: str  # lower case, straight apostrophe, no possessive
    start: int
    end: int


def spoken(text: str) -> str:
    """What a text says aloud: its words and numbers in one case, so that "Fits 2." and "fits 2" are the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, none of them empty."""
    return [s for s in _SENTENCE.split(text) if s]


def words(text: str) -> list[Word]:
    """Words of letters with inner apostrophes; numbers and punctuation are not words."""
    return list(_words(text))


@lru_cache(maxsize=4096)  # a brief is read for every text, a text by every reward
def _words(text: str) -> tuple[Word, ...]:
    found = []
    for match in WORD.finditer(text):
        lower = match[0].lower().replace("\u2019", "'")
        found.append(Word(match[0], lower.removesuffix("'s"), match.start(), match.end()))
    return tuple(found)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The part that the forms of a word share: shipping, shipped and ships are all 'ship'."""
    short = word
    for _ in range(2):  # twice, for "guaranteed" -> "guarante" -> "guarant"
        cut = _SUFFIX.sub("", short)
        if len(cut) < 3 or cut == short:
            break
        short = cut
    if len(short) > 3 and short[-1] == short[-2]:
        short = short[:-1]
    return short


@lru_cache(maxsize=512)
def own_words(facts: str) -> frozenset[str]:
    """The words of a brief in lower case: it is read once, not for each text that is held against it."""
    return frozenset(w.lower for w in words(facts))


@lru_cache(maxsize=512)
def own_stems(facts: str) -> frozenset[str]:
    """Stems of all words of a brief."""
    return frozenset(stem(w) for w in own_words(facts))


_LONG_NAME = re.compile(r"[A-Z][a-z]+(?: (?:of |for |and |the )*[A-Z][a-z]+){2,}")


@lru_cache(maxsize=512)
def initials(facts: str) -> frozenset[str]:
    """The short forms of long names: "rhs" of the Royal Horticultural Society."""
    return frozenset("".join(re.findall(r"[A-Z]", name)).lower() for name in _LONG_NAME.findall(facts))


def content(text: str) -> list[Word]:
    """The words that carry meaning: no function words, nothing of one letter."""
    return [w for w in words(text) if len(w.lower) > 1 and w.lower not in STOP]


def stems(text: str) -> frozenset[str]:
    """Stems of the content words of a text."""
    return frozenset(stem(w.lower) for w in content(text))


def is_title_case(text: str) -> bool:
    """True for a headline that capitalises nearly every longer word, so that capitals say nothing."""
    longer = [w for w in words(text)[1:] if len(w.text) > 3 and (w.lower not in STOP or w.text[0].isupper())]
    inner = longer or [w for w in words(text)[1:] if len(w.text) > 2]  # the first word is capital either way
    return len(inner) > 0 and sum(w.text[0].isupper() for w in inner) >= 0.85 * len(inner)
