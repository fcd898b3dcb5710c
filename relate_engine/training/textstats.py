"""How alike a set of texts is: Distinct-2 and self-BLEU.

    Distinct-2   different word pairs / word pairs of all texts                  Li et al. 2016, arXiv 1510.03055
    self-BLEU    mean over texts of BLEU-4 against the other texts               Zhu et al. 2018, arXiv 1802.01886
BLEU is the geometric mean of the clipped n-gram precisions, n = 1..4 as far as the text is long enough, add-one
smoothed above n = 1 as texts of an ad hold few n-grams, times the brevity penalty for the nearest reference length.
Leaves out: what is told a writer about a single text (rewards/diversity.py).
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """Words in lower case, as both measures count them."""
    return [m[0].lower().replace("’", "'") for m in _TOKEN.finditer(text)]


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def distinct_2(texts: Sequence[str]) -> float:
    """In [0, 1], 1 where no word pair comes twice; 1 where there is none at all."""
    pairs = [pair for t in texts for pair in _grams(tokens(t), 2).elements()]
    return len(set(pairs)) / len(pairs) if pairs else 1.0


@dataclass(frozen=True)
class References:
    """Texts to be held against, counted once: the most often each n-gram stands in one of them, and their lengths."""

    most: tuple[Counter[tuple[str, ...]], ...]  # n = 1..4
    lengths: tuple[int, ...]  # different ones, in words

    @classmethod
    def of(cls, texts: Iterable[str]) -> "References":
        most: tuple[Counter[tuple[str, ...]], ...] = tuple(Counter() for _ in range(4))
        lengths = set()
        for words in filter(None, map(tokens, texts)):
            lengths.add(len(words))
            for n, known in enumerate(most, 1):
                for gram, times in _grams(words, n).items():
                    known[gram] = max(known[gram], times)
        return cls(most, tuple(sorted(lengths)))


def bleu(text: str, references: References) -> float:
    """BLEU-4 of one text in [0, 1]; 0 for an empty text or without references."""
    words = tokens(text)
    if not words or not references.lengths:
        return 0.0
    logs = []
    for n in range(1, min(4, len(words)) + 1):
        own = _grams(words, n)
        hits = sum(min(times, references.most[n - 1][gram]) for gram, times in own.items())
        extra = int(n > 1)
        if not hits + extra:
            return 0.0
        logs.append(math.log((hits + extra) / (sum(own.values()) + extra)))
    nearest = min(references.lengths, key=lambda length: (abs(length - len(words)), length))
    return math.exp(sum(logs) / len(logs) + min(0.0, 1 - nearest / len(words)))


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU of each text against the others, in [0, 1]; 0 for fewer than two texts."""
    if len(texts) < 2:
        return 0.0
    return sum(bleu(t, References.of([*texts[:i], *texts[i + 1 :]])) for i, t in enumerate(texts)) / len(texts)
