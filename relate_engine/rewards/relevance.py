"""Relevance: does the text speak about what the brief advertises, and which words wander off?

Why: a small policy drifts into nouns nobody asked for ("coffee" in an ad for mattresses). The value joins
two signals: the text's cosine to the nearest point of the brief plus its cosine to their centre, and its
grounding, the share of its content words that occur in the brief or in the general ad vocabulary. Their
logistic weights are set by hand, gentler than a fit on training briefs (own texts against texts of other
briefs, brand name exchanged), so that the value still rises between poor texts. An off-topic
word (REL-001, a note) is one that is not grounded
and is far from every word of the brief; a word that names what other verticals sell (a topic word) must lie
nearer than any other, for "far" is vague between single words. Two lists come from the training briefs
(`assets/vocabulary/`): `ad_words.txt`, stems that texts of several verticals use although their briefs do
not, and `topic_words.txt`, stems of products, keywords and verticals that few share. `python -m
relate_engine.rewards.relevance` writes them anew.
Leaves out: phrases (a word is judged alone), and words of two senses.
Paper: RELATE, semantic quality (relevance), token granularity for the spans.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from typing import Protocol

import numpy as np

from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.rewards.units import NUMBER_WORDS
from relate_engine.rewards.words import Word, content, sentences, stem, stems
from relate_engine.scorecard import Finding, finding

VOCABULARY = ASSETS / "vocabulary"
FAR, FAR_TOPIC = (
    0.36,
    0.48,
)  # cosine to the nearest word of the brief below which a word, a topic word is off topic
WEIGHTS = (5.0, 6.0, -9.0)  # of similarity, grounding, and the constant


class Encodes(Protocol):
    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


def relevance(encoder: Encodes, texts: Sequence[str], brief: Brief) -> list[tuple[float, list[Finding]]]:
    """Each text's value in [0, 1] and off-topic words, from one call of the encoder for all of them."""
    points, own, own_stems = _points(brief), _words(brief), _stems(brief)
    inside = [content(t) for t in texts]
    starts = {s[:5] for s in own_stems if len(s) > 4}
    loose = [[w for w in ws if not _grounded(w, own_stems, starts)] for ws in inside]
    strangers = sorted({w.lower for ws in loose for w in ws})
    vectors = encoder.encode([*texts, *points, *own, *strangers])  # (N, 384)
    n, p, o = len(texts), len(points), len(own)
    point_vectors, own_vectors = vectors[n : n + p], vectors[n + p : n + p + o]
    near = (vectors[n + p + o :] @ own_vectors.T).max(1) if strangers else np.zeros(0)  # (strangers,)
    closeness = dict(zip(strangers, near.tolist(), strict=True))
    centre = point_vectors.mean(0)
    centre = centre / np.linalg.norm(centre)
    similar = (vectors[:n] @ point_vectors.T).max(1) + vectors[:n] @ centre  # (n,)
    results = []
    for i in range(n):
        grounding = 1 - len(loose[i]) / len(inside[i]) if inside[i] else 1.0
        value = value_of_signals(float(similar[i]), grounding)
        results.append((value, [_off_topic(w) for w in loose[i] if closeness[w.lower] < _far(w)]))
    return results


def value_of_signals(similarity: float, grounding: float) -> float:
    """The logistic of the two signals: similarity in [-2, 2], grounding in [0, 1]."""
    a, b, c = WEIGHTS
    return 1 / (1 + math.exp(-(a * similarity + b * grounding + c)))


def _far(word: Word) -> float:
    return FAR_TOPIC if stem(word.lower) in listed("topic_words") else FAR


def _off_topic(word: Word) -> Finding:
    return finding(
        "REL-001", "relevance", "note", f"'{word.text}' has nothing to do with the brief.",
        fix="Say something of the brief instead, or add it to the brief.",
        start=word.start, end=word.start + len(word.lower), source="encoder",
    )  # fmt: skip


def _grounded(word: Word, own: Set[str], starts: Set[str]) -> bool:
    if word.lower in NUMBER_WORDS:
        return True  # numbers are judged by correctness
    root = stem(word.lower)
    return root in own or root in listed("ad_words") or (len(root) > 4 and root[:5] in starts)


@lru_cache(maxsize=256)
def _points(brief: Brief) -> tuple[str, ...]:
    said = sentences(brief.description)
    more = [brief.audience, *brief.keywords, *brief.reviews, *(c.text for c in brief.claims)]
    return tuple(
        dict.fromkeys(p for p in (f"{brief.product}. {said[0]}", brief.product, *said, *brief.benefits, *more) if p)
    )


@lru_cache(maxsize=256)
def _words(brief: Brief) -> tuple[str, ...]:
    return tuple(sorted({w.lower for w in content(f"{brief.facts}\n{brief.vertical}")}))


@lru_cache(maxsize=256)
def _stems(brief: Brief) -> frozenset[str]:
    return stems(f"{brief.facts}\n{brief.vertical}\n{brief.tone}")


@lru_cache(maxsize=2)
def listed(name: str) -> frozenset[str]:
    """The stems of a vocabulary file; an absent file is an empty list."""
    path = VOCABULARY / f"{name}.txt"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


def learn_words(entries: Iterable[tuple[Brief, Sequence[str]]]) -> tuple[list[str], list[str]]:
    """General and topic stems, from briefs with their texts."""
    stated: dict[str, set[str]] = defaultdict(set)
    used: dict[str, set[str]] = defaultdict(set)
    sold: dict[str, set[str]] = defaultdict(set)
    for brief, texts in entries:
        vertical, own = brief.vertical, stems(brief.facts)
        for root in stems(" ".join((brief.product, *brief.keywords, vertical))):
            sold[root].add(vertical)
        for root in own:
            stated[root].add(vertical)
        for text in texts:
            for root in stems(text) - own:
                used[root].add(vertical)
    general = {r for r, v in used.items() if len(v) >= (4 if 0 < len(sold[r]) <= 3 else 2)}
    return sorted(general), sorted(r for r in sold if sold[r] and len(stated[r]) <= 8 and r not in general)


if __name__ == "__main__":
    from relate_engine.training.corpus import read_corpus

    train = [e for e in read_corpus(ASSETS / "corpus") if e.split == "train"]
    learned = learn_words((e.brief, [t.text for t in e.texts]) for e in train)
    VOCABULARY.mkdir(parents=True, exist_ok=True)
    for name, found in zip(("ad_words", "topic_words"), learned, strict=True):
        head = "# Stems learned from the training briefs by: python -m relate_engine.rewards.relevance\n"
        (VOCABULARY / f"{name}.txt").write_text(head + "\n".join(found) + "\n", "utf-8")
        print(f"{name}: {len(found)} stems from {len(train)} briefs")
