"""How likely an editor would run a sampled text: what best-of-N chooses by, beside the rewards.

A small policy writes good and broken texts with the same ease, and no reward sees a broken sentence. Its
own confidence does, together with how closely the words keep to the brief, and, since most of its sentences stand in
the brief, where they were cut out of it: a logistic regression on these signals for each kind of slot (what makes a
headline good makes a primary text poor), fitted on texts that editors judged blind (finished, true, specific, would run
it; a primary text also says what is sold).
Serving only. It is no reward and never trains the policy, and texts by people are not judged by it.
Leaves out: the fit (training/acceptance.py) and whom it was learned from (judging.py).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from relate_engine.brief import Brief, width
from relate_engine.policy.points import is_long, points
from relate_engine.policy.selling import leads, says_what, what_it_is
from relate_engine.rewards.words import content, sentences, spoken, stem, stems, words

SIGNALS = (
    "likelihood",  # summed log-probability of the sampled tokens at temperature 1
    "per_token",
    "least",  # log-probability of the least likely token
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
    "says_what",  # is sold
    "filled",  # width over what the slot aims at
    "points",  # how many points of the brief it holds whole
    "covers",  # largest share of a point's words that it holds
    "opening",  # share of its words that stand in the description's first sentence
    "few",  # at most two content words
    "stop",  # ends in . ! or ?
    "sentences",
    "doing",  # begins with a word in -ing
    "refers",  # its first sentence says it, them, each … of something: perhaps of what was cut off
    "leading",  # begins as the description does: it says what the product is
    # of its sentences, the share that
    "verbatim",  # stands in the brief word for word
    "cut_before",  # and follows on another word there
    "cut_after",  # and is followed by another word there: it ends in the middle of something
    "in_benefit",
    "in_review",
    "covered",  # how much of the brief's sentence a verbatim one is, mean of all
)
KINDS = ("short", "long", "leading")  # slots of a line, of two sentences, and those that lead their ad
LIKELIHOODS = 3  # the first ones, which only a writer that tells its log-probabilities gives
_FOR = re.compile(r"for\b", re.I)
_DOING = re.compile(r"\w+ing\b", re.I)
_REFERS = re.compile(r"\b(?:its?|they|them|their|theirs|he|she|him|his|her|each|these|those|ones?)\b", re.I)
_ARTICLE = re.compile(r"^(?:a|an|the) ")
_FULL_STOP = re.compile(r"(?<=[.!?])\s+")
_GOES_ON = re.compile(r"\s?[\w$£€]")


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


class _Standing(NamedTuple):
    """How a sentence stands in the brief's facts; all 0 for one that does not."""

    verbatim: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    in_benefit: float = 0.0
    in_review: float = 0.0
    covered: float = 0.0


def _standing(sentence: str, brief: Brief) -> _Standing:
    text = sentence.strip().rstrip(".!?").lower()
    start = brief.facts.lower().find(text)
    if start < 0 or not text:
        return _Standing()
    before = _FULL_STOP.split(brief.facts[:start].rpartition("\n")[2])[-1]
    after = _FULL_STOP.split(brief.facts[start + len(text) :].partition("\n")[0])[0]
    return _Standing(
        1.0,
        float(bool(before.strip()) and before.rstrip()[-1].isalnum()),
        float(bool(_GOES_ON.match(after))),
        float(any(text in b.lower() for b in brief.benefits)),
        float(any(text in r.lower() for r in brief.reviews)),
        len(text) / (len(before) + len(text) + len(after)),
    )


def signals(text: str, aim: int, logprobs: Sequence[float], relevance: float, brief: Brief) -> tuple[float, ...]:
    """The SIGNALS of one text. `aim`: what its slot aims at in width; `logprobs`: of its tokens at temperature 1."""
    known, line, product, audience = _facts(brief)
    roots = [stem(w.lower) for w in words(text)]
    said = [stem(w.lower) for w in content(text)]
    runs, size = _runs(roots, line), max(1, len(roots))
    held = stems(text)
    shares = [len(held & p) / len(p) for p in map(stems, points(brief)) if p]
    first = stems(what_it_is(brief))
    parts = sentences(text)
    stand = [_standing(s, brief) for s in parts] or [_Standing()]
    return (
        sum(logprobs),
        sum(logprobs) / max(1, len(logprobs)),
        min(logprobs, default=0.0),
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
        float(says_what(brief, text)),
        width(text) / aim,
        float(sum(share == 1 for share in shares)),
        max(shares, default=0.0),
        len(held & first) / max(1, len(held)),
        float(len(said) <= 2),
        float(text.endswith((".", "!", "?"))),
        float(len(parts)),
        float(bool(_DOING.match(text))),
        float(bool(_REFERS.search(next(iter(parts), "")))),
        float(_ARTICLE.sub("", spoken(brief.description)).startswith(_ARTICLE.sub("", spoken(text)))),
        *(sum(part) / len(stand) for part in zip(*stand, strict=True)),
    )


def kind_of(aim: int) -> str:
    """The kind of a slot that aims at `aim` in width: one of KINDS."""
    return "leading" if leads(aim) else "long" if is_long(aim) else "short"


@dataclass(frozen=True)
class Fit:
    """A fitted regression: standardised signals, a weight each, and the constant."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float

    def probability(self, values: Sequence[float]) -> float:
        standard = ((v - m) / s for v, m, s in zip(values, self.mean, self.scale, strict=True))
        score = self.constant + sum(w * z for w, z in zip(self.weights, standard, strict=True))
        return 1 / (1 + math.exp(-score))

    def without_likelihood(self) -> "Fit":
        return replace(self, weights=(0.0,) * LIKELIHOODS + self.weights[LIKELIHOODS:])


@dataclass(frozen=True)
class Acceptance:
    """A Fit for each of KINDS."""

    fits: Mapping[str, Fit]
    version: str

    def probability(self, values: Sequence[float], aim: int) -> float:
        """P(an editor would run it), in (0, 1). `aim`: what its slot aims at in width."""
        return self.fits[kind_of(aim)].probability(values)

    def without_likelihood(self) -> "Acceptance":
        """For a writer that tells no log-probabilities: what is made of them counts as average for every text."""
        return replace(self, fits={kind: fit.without_likelihood() for kind, fit in self.fits.items()})


def load_acceptance(folder: Path) -> Acceptance:
    """From `folder`/acceptance.json. Raises FileNotFoundError with the remedy."""
    path = folder / "acceptance.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; restore the assets folder or run `relate train acceptance`.")
    data = json.loads(path.read_text("utf-8"))
    fits = {
        kind: Fit(tuple(f["mean"]), tuple(f["scale"]), tuple(f["weights"]), f["constant"])
        for kind, f in data["fits"].items()
    }
    return Acceptance(fits, data["version"])
