"""How likely an editor would run a sampled text: what best-of-N chooses by, beside the rewards.

A small policy writes good and broken texts with the same ease, and no reward sees a broken sentence. Its
own confidence does, together with how closely the words keep to the brief: a logistic regression on these
signals, fitted on texts that an editor judged blind (finished, true, specific, would run it).
Serving only. It is no reward and never trains the policy, and texts by people are not judged by it.
Leaves out: the fit (training/acceptance.py) and whom it was learned from (judging.py).
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from relate_engine.brief import Brief
from relate_engine.rewards.words import content, stem, stems, words

SIGNALS = (
    "likelihood",  # summed log-probability of the sampled tokens at temperature 1
    "per_token",
    "strangers",  # content words whose stem the brief does not hold
    "copied",  # share of the words in the longest run taken from the brief
    "seams",  # runs of the brief's words that the text is pieced together from, a word
    "relevance",
    "words",
    "asks",
    "names_audience",  # "For registered nurses: …"
    "colon",
    "quotes",
    "bare",  # no content word but the product's name: it says nothing
    "audience",  # share of the content words that only name the audience
    "figure",  # holds a number
    "headline",
)
_FOR = re.compile(r"for\b", re.I)


@lru_cache(maxsize=64)
def _facts(brief: Brief) -> tuple[frozenset[str], str, frozenset[str], frozenset[str]]:
    """Stems of the brief's facts, the facts as one line of stems, stems of the product's name and of the audience."""
    roots = [stem(w.lower) for w in words(brief.facts)]
    return (
        frozenset(roots),
        f" {' '.join(roots)} ",
        stems(brief.product),
        stems(brief.audience),
    )


def _runs(roots: Sequence[str], line: str) -> list[int]:
    """Lengths of the runs of `line` that cover the stems from left to right, longest first; 1 also for a stranger."""
    runs, at = [], 0
    while at < len(roots):
        length = 1
        while at + length < len(roots) and f" {' '.join(roots[at : at + length + 1])} " in line:
            length += 1
        runs.append(length)
        at += length
    return runs


def signals(text: str, slot: str, logprobs: Sequence[float], relevance: float, brief: Brief) -> tuple[float, ...]:
    """The SIGNALS of one text. `logprobs`: of its sampled tokens at temperature 1."""
    known, line, product, audience = _facts(brief)
    roots = [stem(w.lower) for w in words(text)]
    said = [stem(w.lower) for w in content(text)]
    runs, size = _runs(roots, line), max(1, len(roots))
    return (
        sum(logprobs),
        sum(logprobs) / max(1, len(logprobs)),
        float(sum(r not in known for r in said)),
        max(runs, default=0) / size,
        len(runs) / size,
        relevance,
        float(len(roots)),
        float("?" in text),
        float(_FOR.match(text) is not None),
        float(":" in text),
        float(any(c in text for c in '"“”')),
        float(product.issuperset(said)),
        sum(r in audience for r in said) / max(1, len(said)),
        float(any(c.isdigit() for c in text)),
        float(slot == "headline"),
    )


@dataclass(frozen=True)
class Acceptance:
    """The fitted regression: standardised signals, a weight each, and the constant."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float
    version: str

    def probability(self, values: Sequence[float]) -> float:
        """P(an editor would run it), in (0, 1)."""
        standard = ((v - m) / s for v, m, s in zip(values, self.mean, self.scale, strict=True))
        score = self.constant + sum(w * z for w, z in zip(self.weights, standard, strict=True))
        return 1 / (1 + math.exp(-score))

    def without_likelihood(self) -> "Acceptance":
        """For a writer that tells no log-probabilities: likelihood and per_token count as average for every text."""
        return replace(self, weights=(0.0, 0.0, *self.weights[2:]))


def load_acceptance(folder: Path) -> Acceptance:
    """From `folder`/acceptance.json. Raises FileNotFoundError with the remedy."""
    path = folder / "acceptance.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; restore the assets folder or run `relate train acceptance`.")
    data = json.loads(path.read_text("utf-8"))
    return Acceptance(
        tuple(data["mean"]), tuple(data["scale"]), tuple(data["weights"]), data["constant"], data["version"]
    )
