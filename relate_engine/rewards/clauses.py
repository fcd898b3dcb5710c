"""A brief cut into clauses, and which of them a piece of text speaks of.

Why: to judge what a text says of a thing, find what the brief says of it: the clause that shares most words and
figures, rare words counting more.
Leaves out: paraphrases that share no word with the brief.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.rewards.units import number_of
from relate_engine.rewards.words import STOP, stem, word_set, words

_CLAUSE = re.compile(
    r"[.;!?](?:\s|$)|\n|,\s(?=(?:but|not|except|while)\b)|\s(?=and [a-z]+ (?:for|cost))|\sor\s(?=have|get|pay)"
)
_SEGMENT = re.compile(r"[,;:]\s|\s[\u2013\u2014-]\s|\s(?:and|but|plus|then)\s|[.!?](?:\s|$)")
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?|[A-Za-z]+")
_BACK = re.compile(r"\b(?:your |every |the |all )*(?:money|dollar|penny|cent) back\b|\bmoney[- ]back\b", re.I)
ONE_WORD = {
    stem(word): stem(group[0])
    for group in (
        ("child", "children", "kids", "kid", "toddlers"), ("infant", "newborn", "newborns", "baby", "babies"),
        ("fragrance", "scent", "perfume"), 
        ("ship", "shipping", "delivery", "deliver", "post", "postage"), ("collect", "pickup", "collection"),
        ("warranty", "guarantee", "guaranteed", "cover", "covered", "backed"), ("discount", "off", "save", "savings"),
        ("test", "exam", "check"), ("refund", "refunded", "refundable"), ("repair", "fix", "mend"),
        ("cancel", "cancellation", "quit"), ("picture", "photo"), ("car", "auto"), ("doctor", "physician"),
    )
    for word in group
}  # fmt: skip
LIGHT = frozenset(
    stem(w)
    for w in word_set("""free comes come include includes included extra charge cost costs pay
    fee get make give need want day
    week month year night hour minute day time way one home new year-round""")
)


@dataclass(frozen=True)
class Clause:
    text: str
    roots: frozenset[str]
    figures: frozenset[float]


Fault = tuple[int, int, str, str, str]


@lru_cache(maxsize=512)
def read_clauses(facts: str) -> tuple[tuple[Clause, ...], dict[str, float]]:
    """The clauses of a brief after its title, and the weight of each stem: one over the clauses that have it."""
    parts = [p.strip() for p in _CLAUSE.split(facts) if p and p.strip()]
    brief: list[Clause] = []
    for part in parts:
        roots = roots_of(part)
        if brief and re.search(r"\b(?:is|are|does|do|was|were) ?(?:not|n't)$", part, re.I):
            roots |= roots_of(re.split(r"\b(?:is|are|does|do|was|were)\b", brief[-1].text, maxsplit=1)[-1])
        brief.append(Clause(part, roots, figures_of(part)))
    count = Counter(r for c in brief for r in c.roots)
    return tuple(brief), {r: 1 / n for r, n in count.items()}


@lru_cache(maxsize=4096)
def roots_of(text: str) -> frozenset[str]:
    """Stems of the content words, one stem for words that mean the same in an offer."""
    plain = _BACK.sub("refund", text)
    found = (stem(w.lower) for w in words(plain) if w.lower not in STOP and len(w.text) > 1)
    return frozenset(ONE_WORD.get(root, root) for root in found)


@lru_cache(maxsize=4096)
def figures_of(text: str) -> frozenset[float]:
    """The numbers of a text, in figures or words; ordinals too."""
    return frozenset(n for m in _FIGURE.finditer(text) if (n := number_of(m[0])) is not None)


def _overlap(piece: str, clause: Clause, weight: dict[str, float]) -> float:
    own = roots_of(piece)
    starts = {r[:6] for r in own if len(r) >= 6}
    shared = {r for r in clause.roots if r in own or r[:6] in starts} - LIGHT
    return sum(weight.get(r, 0) for r in shared) + len(figures_of(piece) & clause.figures)


def nearest(piece: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> tuple[float, list[Clause]]:
    scored = [(_overlap(piece, c, weight), c) for c in brief]
    most = max((s for s, _ in scored), default=0.0)
    return most, [c for s, c in scored if most > 0 and s >= most - 1e-9]


def pieces(sentence: str) -> list[tuple[int, str]]:
    """The segments of a sentence with their places."""
    found, at = [], 0
    for m in _SEGMENT.finditer(sentence):
        found.append((at, sentence[at : m.start()]))
        at = m.end()
    return [*found, (at, sentence[at:])]


def place_of(sentence: str, roots: frozenset[str]) -> tuple[int, int]:
    spot = next((w for w in words(sentence) if roots_of(w.text) & roots), words(sentence)[0])
    return spot.start, spot.end
