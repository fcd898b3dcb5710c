"""What a workspace's results can teach about: the features of an ad text that learned effects are linear in.

Four blocks: the sentence embedding; the surface (textfeatures.py); the words that several texts share; and how
the text stands to its brief (likeness, grounding, true and false numbers, the benefit it states, the shown
width it fills) with the head's raw prediction. Each feature is centred and scaled by the training texts, clipped
at three sds, and its block by the square root of SHARE, so that a typical text's row has length 1 and one prior
variance serves all. A text without a brief takes the training mean in the last block.
Leaves out: what a feature is worth (learned.py, training/rewards.py).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relate_engine.brief import Brief
from relate_engine.policy.guards import numbers
from relate_engine.rewards.relevance import Encodes
from relate_engine.rewards.textfeatures import SURFACE, surface
from relate_engine.rewards.words import content, stem, stems

RELATIONS = (
    "nearest_point", "centre", "grounded", "strangers", "true_numbers", "false_numbers", "benefit", "filled", "head",
)  # fmt: skip
SHARE = {"embedding": 0.35, "surface": 0.2, "words": 0.2, "relations": 0.25}  # of the prior variance
CLIP = 3.0
MOST_WORDS, LEAST_TEXTS = 300, 3


@dataclass(frozen=True)
class AdText:
    """A text as the model sees it: words, where it stands, the brief if there is one, the head's raw effect."""

    text: str
    brief: Brief | None
    raw: float


def relations(encoder: Encodes, ads: Sequence[AdText]) -> np.ndarray:
    """(N, len(RELATIONS)); NaN where there is no brief."""
    rows = np.full((len(ads), len(RELATIONS)), np.nan)
    rows[:, -1] = [ad.raw for ad in ads]
    briefs = {ad.brief for ad in ads if ad.brief is not None}
    known = {b: _Known.of(encoder, b) for b in briefs}
    vectors = encoder.encode([ad.text for ad in ads])
    for k, ad in enumerate(ads):
        if ad.brief is None:
            continue
        b = known[ad.brief]
        inside = [stem(w.lower) for w in content(ad.text)]
        loose = sum(s not in b.stems for s in inside)
        said = numbers(ad.text)
        rows[k, :-1] = (
            float((b.points @ vectors[k]).max()),
            float(b.centre @ vectors[k]),
            1 - loose / max(1, len(inside)),
            math.log1p(loose),
            math.log1p(len(said & b.numbers)),
            len(said - b.numbers) > 0,
            max((len(set(inside) & one) / max(2, len(one)) for one in b.benefits), default=0.0),
            min(1.5, len(ad.text) / 90),
        )
    return rows


@dataclass(frozen=True)
class _Known:
    """What a brief holds, worked out once."""

    points: np.ndarray  # (P, 384)
    centre: np.ndarray  # (384,)
    stems: frozenset[str]
    numbers: frozenset[str]
    benefits: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, encoder: Encodes, brief: Brief) -> "_Known":
        points = encoder.encode([brief.product, brief.description, *brief.benefits])
        centre = points.mean(0)
        return cls(
            points,
            centre / max(1e-9, float(np.linalg.norm(centre))),
            stems(brief.facts),
            numbers(brief.facts),
            tuple(stems(b) for b in brief.benefits),
        )


@dataclass(frozen=True)
class Features:
    """The scaling that makes rows; fitted on the training texts, stored with the model."""

    words: tuple[str, ...]
    mean: np.ndarray  # (D,)
    scale: np.ndarray  # (D,) block weight / sd
    bound: np.ndarray  # (D,) block weight × CLIP

    @classmethod
    def fit(cls, encoder: Encodes, ads: Sequence[AdText]) -> "Features":
        """From the distinct texts of the results."""
        seen = Counter(s for ad in ads for s in stems(ad.text))
        words = tuple(sorted(s for s, n in seen.most_common(MOST_WORDS) if n >= LEAST_TEXTS))
        rows = _rows(encoder, ads, words)
        known = np.where(np.isnan(rows), 0.0, 1.0)
        count = np.maximum(known.sum(0), 1)
        mean = np.nansum(rows, 0) / count
        sd = np.sqrt(np.nansum((rows - mean) ** 2, 0) / count)
        sizes = {"embedding": rows.shape[1] - len(SURFACE) - len(words) - len(RELATIONS), "surface": len(SURFACE),
                 "words": len(words), "relations": len(RELATIONS)}  # fmt: skip
        weight = np.concatenate([np.full(n, math.sqrt(SHARE[b] / max(1, n))) for b, n in sizes.items()])
        return cls(words, mean, weight / np.maximum(sd, 0.02), weight * CLIP)

    def rows(self, encoder: Encodes, ads: Sequence[AdText]) -> np.ndarray:
        """(N, D) rows of length about 1."""
        raw = _rows(encoder, ads, self.words)
        away = np.where(np.isnan(raw), 0.0, (raw - self.mean) * self.scale)
        result: np.ndarray = np.clip(away, -self.bound, self.bound)
        return result


def _rows(encoder: Encodes, ads: Sequence[AdText], words: Sequence[str]) -> np.ndarray:
    texts = [ad.text for ad in ads]
    index = {w: k for k, w in enumerate(words)}
    bag = np.zeros((len(ads), len(words)))
    for k, text in enumerate(texts):
        inside = stems(text)
        for s in inside & index.keys():
            bag[k, index[s]] = 1 / math.sqrt(len(inside))
    parts = (encoder.encode(texts), surface(texts), bag, relations(encoder, ads))
    return np.concatenate([np.asarray(p, np.float64) for p in parts], axis=1)
