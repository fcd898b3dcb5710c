"""The served CTR head: what a text does to its click rate, in log-odds, and how far to believe it.

The head adds a linear part over [embedding, surface, TF-IDF] and a tower, the encoder's upper layers tuned for
it (ctrtower.py). Both were fitted to headline A/B tests (training/ctr.py), so `raw` is a log-odds effect on CTR
against a typical news headline. An ad is not a news headline; the effect is therefore shrunk with distance from
the training texts. With m_k, s_k median and sd over the training texts:
    length      d = |characters - m| / s          encoder   d = max(0, m - similarity) / s  (nearest centroid)
    vocabulary  d = max(0, rarity - m) / s        rarity = mean inverse document frequency of its words
    shrink = exp(-½ Σ max(0, d - ½)²)             shrunk = shrink · raw
What is taken from the prediction goes back to the doubt: with spread² = true variance of text effects inside
a test (noise removed) and explained² = the part the head predicts, sd² = spread² - shrink² · explained².
Inside the training domain the slope did not fall with distance (see the manifest); beyond it the shrinking
is caution, not measurement.
Leaves out: fitting (training/ctr.py) and the rates themselves (ctcvr.py).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.rewards.ctrtower import Tower
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.textfeatures import Vocabulary, surface

ARRAYS, WORDS, MANIFEST = "head.safetensors", "head.json", "manifest.json"
TOWER = "tower."  # begins the names of the tower's arrays
DEAD_BAND = 0.5  # sds from the median within which nothing is shrunk
CTR_TEXT_SPREAD = 0.28  # sd of a typical text's effect on CTR where no head says (measured, see the manifest)


@dataclass(frozen=True)
class Effect:
    """A text's log-odds effect on CTR, and how far to believe it."""

    raw: float  # before shrinking, against a typical news headline
    shrunk: float
    sd: float  # of the true effect around `shrunk`
    shrink: float  # in [0, 1]; 1 = inside the training domain
    note: str
    spread: float = CTR_TEXT_SPREAD  # sd of a typical text's effect


@dataclass(frozen=True)
class Domain:
    """Where the training texts lie: centroids in encoder space; median and sd of each distance axis."""

    centroids: np.ndarray  # (K, 384) unit vectors
    median: tuple[float, float, float]  # characters, similarity, rarity
    sd: tuple[float, float, float]

    def axes(self, texts: Sequence[str], vectors: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        """(N, 3): characters, similarity to the nearest centroid, rarity."""
        nearest = (vectors @ self.centroids.T).max(1) if len(texts) else np.zeros(0)
        rows = [(len(t), s, vocabulary.rarity(t)) for t, s in zip(texts, nearest, strict=True)]
        return np.array(rows, np.float64).reshape(len(texts), 3)

    def distances(self, axes: np.ndarray) -> np.ndarray:
        """(N, 3) distances in training sds; length counts both ways, the others only outward."""
        away = (axes - np.array(self.median)) / np.array(self.sd)
        return np.stack([np.abs(away[:, 0]), np.maximum(0, -away[:, 1]), np.maximum(0, away[:, 2])], 1)


def shrink_of(distances: np.ndarray) -> np.ndarray:
    """(N,) factors in (0, 1] from (N, 3) distances: 1 within the dead band, then a Gaussian fall."""
    factors: np.ndarray = np.exp(-0.5 * (np.maximum(0, distances - DEAD_BAND) ** 2).sum(1))
    return factors


@dataclass(frozen=True)
class Head:
    """The served head. All weights are in log-odds of a click, calibrated."""

    embedding: np.ndarray  # (384,)
    surface: np.ndarray  # (len(SURFACE),)
    terms: np.ndarray  # (V,)
    offset: float  # the typical training text scores 0
    tower: Tower
    vocabulary: Vocabulary
    domain: Domain
    spread: float
    explained: float
    version: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Head":
        """The head in `folder`, checked against its manifest; raises WeightsError saying what to do."""
        try:
            pinned = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
            for name in (ARRAYS, WORDS):
                if sha256(folder / name) != pinned[name]:
                    raise WeightsError(f"{name} in {folder} is damaged; run `relate train ctr`.")
            arrays = load_file(folder / ARRAYS)
            tuned = {k.removeprefix(TOWER): torch.tensor(v).float() for k, v in arrays.items() if k.startswith(TOWER)}
            plain = json.loads((folder / WORDS).read_text("utf-8"))
            vocabulary = Vocabulary(
                {t: k for k, t in enumerate(plain["vocabulary"])}, arrays["idf"], plain["documents"]
            )
            domain = Domain(arrays["centroids"], tuple(plain["domain_median"]), tuple(plain["domain_sd"]))
            return cls(
                embedding=arrays["embedding"],
                surface=arrays["surface"],
                terms=arrays["terms"],
                offset=plain["offset"],
                tower=Tower(plain["tower_first"], tuned),
                vocabulary=vocabulary,
                domain=domain,
                spread=plain["spread"],
                explained=plain["explained"],
                version=name_of(pinned),
            )
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"There is no CTR head in {folder} ({error}); run `relate train ctr`.") from error

    def raw(self, encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
        """(N,) log-odds effects before shrinking; differences between texts are what it was fitted to."""
        encoder.prepare([self.tower], texts)
        return self._raw(texts, encoder.encode(texts), encoder.read(self.tower, texts))

    def _raw(self, texts: Sequence[str], vectors: np.ndarray, read: np.ndarray) -> np.ndarray:
        words = np.zeros(len(texts))
        for k, text in enumerate(texts):
            columns, values = self.vocabulary.row(text)
            words[k] = values @ self.terms[columns]
        dense: np.ndarray = vectors @ self.embedding + surface(texts) @ self.surface
        return dense + words + read - self.offset

    def effects(self, encoder: Encoder, texts: Sequence[str]) -> list[Effect]:
        """The effect of each text, shrunk by its distance from news headlines."""
        encoder.prepare([self.tower], texts)
        vectors = encoder.encode(texts)
        raw = self._raw(texts, vectors, encoder.read(self.tower, texts))
        axes = self.domain.axes(texts, vectors, self.vocabulary)
        distances = self.domain.distances(axes)
        result = []
        for k, shrink in enumerate(map(float, shrink_of(distances))):
            sd = math.sqrt(max(0.0, self.spread**2 - (shrink * self.explained) ** 2))
            note = _note(shrink, distances[k], longer=axes[k, 0] > self.domain.median[0])
            result.append(Effect(float(raw[k]), shrink * float(raw[k]), sd, shrink, note, self.spread))
        return result


def name_of(files: Mapping[str, str]) -> str:
    """The version of a head, from the sha256 of its files."""
    return f"ctr-{files[ARRAYS][:12]}"


def _note(shrink: float, distance: np.ndarray, longer: bool) -> str:
    if shrink > 0.995:
        return "CTR effect learned on news headlines; this text is close to them, so it is not shrunk"
    names = ("longer" if longer else "shorter", "another subject", "other words")
    why = ", ".join(name for name, d in zip(names, distance, strict=True) if d > DEAD_BAND)
    share = f"{shrink:.0%}".replace("%", " %") if shrink >= 0.01 else "less than 1 %"
    far = "somewhat far" if shrink > 0.5 else "far"
    domain = f"this text is {far} from them ({why})"
    return f"CTR effect learned on news headlines, shrunk to {share} because {domain}"
