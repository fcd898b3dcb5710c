"""What a text does to the click and conversion rates: the served CTR head, and honest rates around it.

The head is linear in [embedding, surface, TF-IDF] and was fitted to headline A/B tests (training/ctr.py), so
`raw` is a log-odds effect on CTR against a typical news headline. An ad is not a news headline; the effect is
therefore shrunk with distance from the training texts. With m_k, s_k median and sd over the training texts:
    length      d = |characters - m| / s          encoder   d = max(0, m - similarity) / s  (nearest centroid)
    vocabulary  d = max(0, rarity - m) / s        rarity = mean inverse document frequency of its words
    shrink = exp(-½ Σ max(0, d - ½)²)             shrunk = shrink · raw
What is taken from the prediction goes back to the doubt: with spread² = true variance of text effects inside
a test (noise removed) and explained² = the part the head predicts, sd² = spread² - shrink² · explained².
Inside the training domain the slope did not fall with distance (see the manifest); beyond it the shrinking
is caution, not measurement. CVR has no public text data: its text effect is 0 with an assumed sd.
Leaves out: fitting, and any other reward. Rates are priors until results are imported.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from safetensors.numpy import load_file

from relate_engine.brief import BriefError, PlacementName, placement_of
from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.scorecard import Estimate

ARRAYS, WORDS, MANIFEST = "head.safetensors", "head.json", "manifest.json"
DEAD_BAND = 0.5  # sds from the median within which nothing is shrunk


@dataclass(frozen=True)
class BaseRate:
    """What an average text of a placement does. `where` says how it is known."""

    ctr: float
    cvr: float
    where: str = "assumed"


BASE_RATES: dict[PlacementName, BaseRate] = {
    "google_rsa": BaseRate(0.05, 0.04),
    "meta_feed": BaseRate(0.012, 0.02),
    "generic": BaseRate(0.015, 0.02),
}
ASSUMED_SD = 0.7  # sd on the logit of an assumed base rate: one sd is a factor of 2 either way
GIVEN_SD = 0.15  # of a base rate the advertiser gave: audiences and seasons still move it
CVR_TEXT_SD = 0.5  # assumed: no public data on what a text does to conversions
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
                vocabulary=vocabulary,
                domain=domain,
                spread=plain["spread"],
                explained=plain["explained"],
                version=f"ctr-{pinned[ARRAYS][:12]}",
            )
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"There is no CTR head in {folder} ({error}); run `relate train ctr`.") from error

    def raw(self, encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
        """(N,) log-odds effects before shrinking; differences between texts are what it was fitted to."""
        words = np.zeros(len(texts))
        for k, text in enumerate(texts):
            columns, values = self.vocabulary.row(text)
            words[k] = values @ self.terms[columns]
        dense: np.ndarray = encoder.encode(texts) @ self.embedding + surface(texts) @ self.surface
        return dense + words - self.offset

    def effects(self, encoder: Encoder, texts: Sequence[str]) -> list[Effect]:
        """The effect of each text, shrunk by its distance from news headlines."""
        raw = self.raw(encoder, texts)
        axes = self.domain.axes(texts, encoder.encode(texts), self.vocabulary)
        distances = self.domain.distances(axes)
        result = []
        for k, shrink in enumerate(map(float, shrink_of(distances))):
            sd = math.sqrt(max(0.0, self.spread**2 - (shrink * self.explained) ** 2))
            note = _note(shrink, distances[k], longer=axes[k, 0] > self.domain.median[0])
            result.append(Effect(float(raw[k]), shrink * float(raw[k]), sd, shrink, note, self.spread))
        return result


def _note(shrink: float, distance: np.ndarray, longer: bool) -> str:
    if shrink > 0.995:
        return "CTR effect learned on news headlines; this text is close to them, so it is not shrunk"
    names = ("longer" if longer else "shorter", "another subject", "other words")
    why = ", ".join(name for name, d in zip(names, distance, strict=True) if d > DEAD_BAND)
    share = f"{shrink:.0%}".replace("%", " %") if shrink >= 0.01 else "less than 1 %"
    far = "somewhat far" if shrink > 0.5 else "far"
    domain = f"this text is {far} from them ({why})"
    return f"CTR effect learned on news headlines, shrunk to {share} because {domain}"


def _base(kind: str, placement: str, given: Mapping[str, float], assumed: float) -> tuple[float, float]:
    """Logit of a base rate and its sd. Raises BriefError for a rate outside (0, 1)."""
    rate = given.get(placement, assumed)
    if not 0 < rate < 1:
        raise BriefError(f"Base {kind} for {placement} is {rate}; give a share between 0 and 1, such as 0.02.")
    return math.log(rate / (1 - rate)), GIVEN_SD if placement in given else ASSUMED_SD


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def rates(
    effect: Effect, placement: str, base_ctr: Mapping[str, float], base_cvr: Mapping[str, float], level: float
) -> tuple[Estimate, Estimate, Estimate]:
    """CTR, CVR and CTCVR with intervals of `level`, all `prior`. `mean` is the middle of the predicted
    distribution (its median). CTR = expit(logit base + shrunk effect ± z·√(base sd² + effect sd²)); CVR the
    same with a text effect of 0; CTCVR = CTR × CVR, variances added on the log scale, where a logit's sd
    counts (1 - rate) times."""
    known = BASE_RATES[placement_of(placement).name]
    z = NormalDist().inv_cdf(0.5 + level / 2)
    estimates, logs, variance = [], 0.0, 0.0
    for kind, given, assumed, shift, text_sd in (
        ("CTR", base_ctr, known.ctr, effect.shrunk, effect.sd),
        ("CVR", base_cvr, known.cvr, 0.0, CVR_TEXT_SD),
    ):
        logit, base_sd = _base(kind, placement, given, assumed)
        sd, middle = math.hypot(base_sd, text_sd), logit + shift
        rate = _expit(middle)
        estimates.append(Estimate(rate, _expit(middle - z * sd), _expit(middle + z * sd), level, "prior"))
        logs += math.log(rate)
        variance += ((1 - rate) * sd) ** 2
    half = z * math.sqrt(variance)
    both = Estimate(math.exp(logs), math.exp(logs - half), min(1.0, math.exp(logs + half)), level, "prior")
    return estimates[0], estimates[1], both


def beats_typical(effect: Effect) -> tuple[float, str]:
    """P(this text's effect > a typical text's) and its words. A typical text has effect ~ N(0, spread²), this
    one ~ N(shrunk, sd²), independent: Φ(shrunk / √(sd² + spread²)). The base rate is common and cancels."""
    doubt = math.hypot(effect.sd, effect.spread)
    p = NormalDist().cdf(effect.shrunk / doubt) if doubt else 0.5
    if abs(p - 0.5) < 0.03:
        return p, "no clear difference"
    if p > 0.5:
        return p, f"likely beats a typical text for this brief {100 * p:.0f} times in 100"
    return p, f"likely loses to a typical text for this brief, {100 * (1 - p):.0f} times in 100"
