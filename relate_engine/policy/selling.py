"""What a text that leads its ad has to do, and no reward asks for: say what is sold, and not argue from small print.

A small policy gives every fact of a brief the same weight. Asked about "Base not included" it writes just that, and a
primary text such as "30-day trial. Imports CSV files." could be anybody's. So what the product is goes with every
other point asked for in such a slot, and small print is asked for only where little else is left; that a text says what
is sold also counts in the choice (acceptance.py). The sixth blind reader stopped half of them, mostly for that.
Leaves out: what the points of a brief are (points.py) and the choice itself (draft.py).
"""

import re

from relate_engine.brief import Brief
from relate_engine.rewards.words import sentences, stems, words

LEADING = 100  # characters at which a slot aims that leads its ad
_SMALL = re.compile(
    r"\b(?:exclud(?:es|ed|ing)|(?:sold|quoted|billed|charged) separately|"
    r"(?:late|return|application|establishment|transfer|set-?up|booking|cancellation|court) (?:fee|charge|postage)s?|"
    r"plus postage|fee of|(?:costs?|parts|is|are) extra|deposit (?:of|taken|required)|"
    r"current wait|waiting (?:list|time)|unworn|unopened|unused|non-refundable|may (?:change|vary)|var(?:y|ies)|"
    r"call first|(?:do not|don't) say|(?:one|two|three|\d+)[- ](?:year|month) contract)\b"
    r"|[$\u00a3\u20ac%]\d* deposit\b|\d% deposit\b"
    r"|^(?:note: )?(?:please|closed(?!-)|contains|minimum|replacement\b.*[$\u00a3\u20ac]|"
    r"(?:delivery|shipping|postage|installation|set-?up) [$\u00a3\u20ac]\d|[\w' -]{1,30} (?:only|minimum|apply)$)",
    re.I,
)
_REFUSES = re.compile(
    r"\bnot (?:included|covered|available|offered|supported|promised|possible)\b|\b(?:can't|cannot|don't) promise\b"
    r"|^no (?:delivery|shipping|service|refunds?|returns?|collection) (?:to|in|on|after|for)\b",
    re.I,
)
_KIND_TO = re.compile(
    r"[$\u00a3\u20ac]0\b|\b0%|\b(?:free|includ\w+|waived|no|without|never|zero|refunded|returned|saves?)\b",
    re.I,
)


def leads(aim: int) -> bool:
    """Does a slot that aims at `aim` characters lead its ad (a primary text, a body)? People read it before anything
    that could tell them what is sold."""
    return aim >= LEADING


def what_it_is(brief: Brief) -> str:
    """What the product is: the description's first sentence, without its full stop."""
    return next(iter(sentences(brief.description)), "").rstrip(".")


def says_what(brief: Brief, text: str) -> bool:
    """Does a text say what is sold: a name of the product, the last word of one ("hob"), or two words of what the
    description begins with?"""
    said = stems(text)
    kinds = [stems(kind_word(name)) for name in (brief.product, *brief.names)]
    return any(k and k <= said for k in kinds) or len(said & stems(what_it_is(brief))) >= 2


def kind_word(name: str) -> str:
    """The last word of a name, which mostly says what it is a name of: "Cooler" of "Pronghorn Cooler 40"; or ""."""
    return next((w.text for w in reversed(words(name)) if not w.text.isdigit()), "")


def small_print(text: str) -> bool:
    """Is every sentence of a text a cost, a limit or an exclusion, and so no reason to buy?"""
    found = sentences(text)
    return bool(found) and all(_is_small(s.rstrip(".!").replace("\u2019", "'")) for s in found)


def _is_small(sentence: str) -> bool:
    return bool(_REFUSES.search(sentence) or (_SMALL.search(sentence) and not _KIND_TO.search(sentence)))
