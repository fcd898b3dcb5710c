"""What a workspace's reviewers have taught the classifier: a correction of its logit, learned from their calls.

A call says of one text whether it violates in one category. With z the classifier's logit, for each category k

    P(violation | x) = σ(z(x) + f_k(x)),   f_k ~ N(0, K),   K(x, x') = SHIFT + WORDS · J(x, x')

J is the overlap of the two texts' words (Jaccard). SHIFT is the prior variance of what is added in the whole category:
Platt's intercept (1999), with the slope left at 1. WORDS is that of what texts with the same words share. The
likeliest f given calls y (maximum a posteriori, Newton's steps as in Rasmussen and Williams 2006, algorithm 3.1) is

    f_k(x) = Σ_i a_i K(x, x_i),   a_i = y_i - σ(z_i + f_k(x_i))

A call moves a probability most where p² (1 - p) is largest, by at most (SHIFT + WORDS) · 4/27: two calls by less than
0.1, whatever the text. Thirty one-sided ones turn the verdict.
Leaves out violations that the classifier did not flag, since nobody has told their category. So a category that has
been lowered until it flags nothing is taught no more. Words are told apart by spaces and signs, so that texts in a
script without spaces are like each other only where whole runs agree. Whose calls count: app/services/teaching.py.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

SHIFT, WORDS = 0.2, 0.13  # prior variances, in squared log-odds
_STEPS, _CLOSE = 50, 1e-6


@dataclass(frozen=True)
class Call:
    """What reviewers last said of one text in one category."""

    text: str
    category: str
    violation: bool


@dataclass(frozen=True, eq=False)
class Correction:
    """What is added to the logit of texts of one category."""

    words: tuple[frozenset[str], ...]
    weights: np.ndarray  # (N,), a_i of the equation

    @property
    def shift(self) -> float:
        """What is added for a text that shares no word with any that was judged."""
        return SHIFT * float(self.weights.sum())

    def of(self, text: str) -> float:
        return float(self.weights @ _kernel([words_of(text)], self.words)[0])


def corrections(calls: Sequence[Call], logits: Sequence[float]) -> Mapping[str, Correction]:
    """By category. `logits`: the classifier's, of the calls' texts, in order."""
    return _corrections(tuple(calls), tuple(logits))


@lru_cache(maxsize=32)
def _corrections(calls: tuple[Call, ...], logits: tuple[float, ...]) -> Mapping[str, Correction]:
    found = {}
    for category in dict.fromkeys(call.category for call in calls):
        mine = [(call, logit) for call, logit in zip(calls, logits, strict=True) if call.category == category]
        words = tuple(words_of(call.text) for call, _ in mine)
        said = np.array([float(call.violation) for call, _ in mine])
        found[category] = Correction(words, _likeliest(_kernel(words, words), np.array([z for _, z in mine]), said))
    return found


@lru_cache(maxsize=32)
def version_of(calls: tuple[Call, ...]) -> str:
    """A short hash of what was said; "" where nothing was."""
    plain = json.dumps([asdict(call) for call in calls], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:6] if calls else ""


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _kernel(rows: Sequence[frozenset[str]], columns: Sequence[frozenset[str]]) -> np.ndarray:
    """(len(rows), len(columns)) of K."""
    overlap = [[len(a & b) / max(1, len(a | b)) for b in columns] for a in rows]
    return SHIFT + WORDS * np.array(overlap).reshape(len(rows), len(columns))


def _likeliest(kernel: np.ndarray, logits: np.ndarray, said: np.ndarray) -> np.ndarray:
    """(N,) weights a at the maximum of the posterior, which is concave; a step that overshoots is halved."""

    def value(a: np.ndarray) -> float:
        f = kernel @ a
        return float(-np.logaddexp(0, (1 - 2 * said) * (logits + f)).sum() - a @ f / 2)

    a = np.zeros(len(said))
    for _ in range(_STEPS):
        f = kernel @ a
        p = 1 / (1 + np.exp(-np.clip(logits + f, -60, 60)))
        root = np.sqrt(p * (1 - p))
        b = root**2 * f + said - p
        inner = np.eye(len(a)) + root[:, None] * kernel * root
        step = b - root * np.linalg.solve(inner, root * (kernel @ b)) - a
        size = 1.0
        while value(a + size * step) < value(a) and size > _CLOSE:
            size /= 2
        a = a + size * step
        if np.abs(size * step).max() < _CLOSE:
            break
    return a
