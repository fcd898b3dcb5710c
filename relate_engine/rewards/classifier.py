"""The compliance classifier: a second reader for what patterns miss. It cautions, and weighs rules' hints (hints.py).

Two readers of a text, combined by a fitted logistic curve into one calibrated P(violation):
    tower   the shared encoder with a low-rank update of its layers (LoRA, Hu et al. 2021), mean over tokens, then a
            softmax over "clean" and nine categories;
    words   linear in TF-IDF word 1- and 2-grams, the surface counts of textfeatures.py, and the mean state that
            enters the tuned layers.
The words that carry a verdict are those whose removal lowers it most: the text is read again
without each window of words, and once more without the marked words, which the message reports.
A rule may block, the classifier may not, until reviewers' labels confirm a category (`blocking`, none by default):
a learned reader can be talked round by a text, a pattern cannot. Probabilities are calibrated on training texts of
which about half violate; ordinary ads violate less often.
Leaves out: fitting and thresholds (training/compliance.py); editorial rules, which patterns settle.
"""

import hashlib
import json
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file

from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.rewards.ctrtower import Weights, merge, run_layers, served, upper_weights
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.reviewers import Call, Correction, corrections
from relate_engine.rewards.textfeatures import Vocabulary, surface
from relate_engine.scorecard import Finding, finding

ARRAYS, PLAIN, MANIFEST = "head.safetensors", "head.json", "manifest.json"
FIRST = 0  # layer of the encoder from which on the tower is tuned
_WINDOWS = 16  # most windows a text is re-read without
_KEEP = 20_000  # logits kept by text


@dataclass(frozen=True)
class Kind:
    """A category of violation: what the finding says, what to do, and the policy it rests on."""

    says: str
    fix: str
    source: str


KINDS: dict[str, Kind] = {
    "dark_pattern": Kind(
        "pressure, false scarcity, shaming or a hidden subscription",
        "Say what is on offer, until which date, and how to say no.",
        "https://www.legislation.gov.uk/uksi/2008/1277/schedule/1/paragraph/15/made/data.html",
    ),
    "clickbait": Kind(
        "bait that withholds what it is about",
        "Say what it is.",
        "https://support.google.com/adspolicy/answer/15936667",
    ),
    "hate_offence": Kind(
        "an insult, a swear word or contempt for a group",
        "Say it without putting anyone down.",
        "https://support.google.com/adspolicy/answer/6015406",
    ),
    "health": Kind(
        "a health result nobody can promise",
        "Say what the product is or contains, and leave the result out.",
        "https://support.google.com/adspolicy/answer/15936857",
    ),
    "finance": Kind(
        "easy money, sure returns or credit without a check",
        "State the rate, the risk and the check.",
        "https://support.google.com/adspolicy/answer/2464998",
    ),
    "personal_attributes": Kind(
        "something personal implied about the reader",
        "Describe the product and leave the reader's person out.",
        "https://transparency.meta.com/en-gb/policies/ad-standards/objectionable-content/"
        "privacy-violations-personal-attributes/",
    ),
    "unsubstantiated": Kind(
        "an absolute or superlative claim without proof",
        "State the measured fact and where it comes from.",
        "https://www.asa.org.uk/type/non_broadcast/code_section/03.html",
    ),
    "pricing": Kind(
        "a price or a “free” that hides its cost",
        "Give the full price and the condition.",
        "https://support.google.com/adspolicy/answer/15938375",
    ),
    "endorsement": Kind(
        "an endorsement or review without a real, named source",
        "Name who said it, when and whether they were paid.",
        "https://www.ecfr.gov/current/title-16/chapter-I/subchapter-D/part-465",
    ),
}
CATEGORIES = tuple(KINDS)  # class 0 of the tower is "clean", then these


@dataclass(frozen=True)
class Verdict:
    """What the classifier thinks of a text: P(violation), the likeliest category, and its logit. `shift`: how much of
    the logit reviewers' calls have added (reviewers.py)."""

    probability: float
    category: str
    logit: float
    shift: float = 0.0


def mean_state(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(N, D): the mean of the hidden states (N, T, D) over tokens."""
    kept = mask[..., None].to(hidden.dtype)
    mean: torch.Tensor = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
    return mean


def violation(logits: np.ndarray) -> np.ndarray:
    """(N,) log-odds of any violation from (N, 1 + categories) logits of the tower."""
    worst = logits[:, 1:].max(1)
    total: np.ndarray = worst + np.log(np.exp(logits[:, 1:] - worst[:, None]).sum(1)) - logits[:, 0]
    return total


@dataclass(frozen=True, eq=False)
class Words:
    """The linear reader: log-odds of a violation from word n-grams, surface counts and the lower mean state."""

    vocabulary: Vocabulary
    terms: np.ndarray  # (V,)
    surface: np.ndarray  # (len(SURFACE),), scaling folded in
    state: np.ndarray  # (D,), scaling folded in
    offset: float

    def logits(self, texts: Sequence[str], state: np.ndarray) -> np.ndarray:
        """(N,) from the texts and what the mean states below the tuned layers (N, D) say: states @ self.state."""
        found = np.zeros(len(texts))
        for k, text in enumerate(texts):
            columns, values = self.vocabulary.row(text)
            found[k] = values @ self.terms[columns]
        return found + surface(texts) @ self.surface + state + self.offset


@dataclass(frozen=True, eq=False)
class ComplianceTower:
    """What the encoder's lower layers say of texts: (N, 1 + categories logits, and the word reader's state term)."""

    layers: Sequence[Weights]  # merged
    weight: torch.Tensor  # (1 + categories, D)
    bias: torch.Tensor  # (1 + categories,)
    state: torch.Tensor  # (D,)
    first: int = FIRST

    def __call__(self, model: Any, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        said = mean_state(hidden, mask) @ self.state
        upper = mean_state(run_layers(model, hidden, mask, self.layers), mask)
        return torch.cat([upper @ self.weight.T + self.bias, said[:, None]], 1)


@dataclass(frozen=True, eq=False)
class Classifier:
    """The served classifier. Safe to use from several threads."""

    encoder: Encoder
    tower: ComplianceTower
    words: Words
    curve: tuple[float, float, float]  # logit = a · tower + b · words + c
    threshold: float  # P(violation) from which it cautions
    doubt: float  # P(violation) under which a rule's hint is only a note (hints.py)
    version: str = ""
    _seen: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, folder: Path, encoder: Encoder) -> "Classifier":
        """The classifier in `folder` on this encoder; raises WeightsError saying what to do."""
        try:
            pinned = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
            for name in (ARRAYS, PLAIN):
                if sha256(folder / name) != pinned[name]:
                    raise WeightsError(f"{name} in {folder} is damaged; run `relate train compliance`.")
            arrays, plain = load_file(folder / ARRAYS), json.loads((folder / PLAIN).read_text("utf-8"))
            return assembled(encoder, arrays, plain, name_of(pinned))
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(
                f"There is no compliance classifier in {folder} ({error}); run `relate train compliance`."
            ) from error

    def _logits(self, texts: Sequence[str]) -> list[tuple[float, int]]:
        """Logit and category index of each text, in order; read texts are remembered."""
        with self._lock:
            missing = list(dict.fromkeys(t for t in texts if t not in self._seen))
            if missing:
                rows = self.encoder.read(self.tower, missing)
                tower, (a, b, c) = rows[:, :-1], self.curve
                logits = a * violation(tower) + b * self.words.logits(missing, rows[:, -1]) + c
                for text, logit, row in zip(missing, logits, tower, strict=True):
                    self._seen[text] = float(logit), int(row[1:].argmax())
            found = [self._seen[t] for t in texts]
            while len(self._seen) > _KEEP:
                self._seen.popitem(last=False)
        return found

    def verdicts(self, texts: Sequence[str]) -> list[Verdict]:
        """P(violation) and the likeliest category of each text, in order."""
        return [Verdict(_expit(logit), CATEGORIES[kind], logit) for logit, kind in self._logits(texts)]

    def corrections(self, calls: Sequence[Call]) -> Mapping[str, Correction]:
        """What reviewers' calls add to the logit, by category."""
        return corrections(calls, [logit for logit, _ in self._logits([call.text for call in calls])])

    def corrected(self, texts: Sequence[str], calls: Sequence[Call] = ()) -> list[Verdict]:
        """Verdicts after what reviewers' calls have taught."""
        verdicts = self.verdicts(texts)
        taught = self.corrections(calls) if calls else {}
        for i, (text, v) in enumerate(zip(texts, verdicts, strict=True)):
            if v.category in taught:
                shift = taught[v.category].of(text)
                verdicts[i] = replace(v, probability=_expit(v.logit + shift), logit=v.logit + shift, shift=shift)
        return verdicts

    def chances(self, texts: Sequence[str], calls: Sequence[Call] = ()) -> list[float]:
        """P(violation) that rules' hints are weighed by (hints.py); 1 of an empty text. Reviewers' calls are about the
        classifier's own findings: they may raise it, and never lower a rule."""
        pairs = zip(self.verdicts(texts), self.corrected(texts, calls), strict=True)
        return [max(v.probability, w.probability) if t else 1.0 for t, (v, w) in zip(texts, pairs, strict=True)]

    def findings(
        self, texts: Sequence[str], blocking: Collection[str] = (), calls: Sequence[Call] = ()
    ) -> list[list[Finding]]:
        """At most one finding a text, with the span that carries it. `blocking`: categories that reviewers'
        labels have confirmed; all others caution. `calls`: what the workspace's reviewers said of other findings."""
        verdicts = self.corrected(texts, calls)
        held = [(t, v) for t, v in zip(texts, verdicts, strict=True) if v.probability >= self.threshold and t.strip()]
        spans = self._spans([t for t, _ in held], [v.logit - v.shift for _, v in held])
        found: dict[str, list[Finding]] = {}
        for (text, verdict), (start, end, left) in zip(held, spans, strict=True):
            kind = KINDS[verdict.category]
            rest = "" if left is None else f", {_expit(left + verdict.shift):.2f} without these words"
            before = _expit(verdict.logit - verdict.shift)
            if f"{before:.2f}" != f"{verdict.probability:.2f}":
                rest += f", {before:.2f} before your reviewers' calls were taken into account"
            found[text] = [
                finding(
                    f"CLS-{verdict.category}",
                    "compliance",
                    "block" if verdict.category in blocking else "warn",
                    f"This reads like {kind.says} (probability {verdict.probability:.2f}{rest}; learned, not a rule).",
                    fix=kind.fix,
                    start=start,
                    end=end,
                    source=kind.source,
                )
            ]
        return [found.get(t, []) for t in texts]

    def _spans(self, texts: Sequence[str], logits: Sequence[float]) -> list[tuple[int, int, float | None]]:
        """For each text the run of words whose removal lowers the logit most, and the logit without it
        (None where the run is the whole text)."""
        windows = [_windows(t) for t in texts]
        shortened = [_without(t, *w) for t, ws in zip(texts, windows, strict=True) for w in ws]
        read = iter(self._logits(shortened))
        runs = []
        for logit, found in zip(logits, windows, strict=True):
            drops = [logit - next(read)[0] for _ in found]
            first, last = _heaviest(drops)
            runs.append((found[first][0], found[last][1]))
        rests = [_without(t, *run) for t, run in zip(texts, runs, strict=True)]
        left = self._logits(rests)
        return [
            (*run, logit if rest.strip() else None) for run, rest, (logit, _) in zip(runs, rests, left, strict=True)
        ]


def name_of(files: Mapping[str, str]) -> str:
    """The version of a classifier, from the sha256 of its files."""
    return f"cls-{hashlib.sha256((files[ARRAYS] + files[PLAIN]).encode()).hexdigest()[:12]}"


def assembled(encoder: Encoder, arrays: dict[str, np.ndarray], plain: dict[str, Any], version: str) -> Classifier:
    """The classifier from its stored arrays and plain values; the updates are added to copies of the layers."""
    tuned = {
        name: torch.from_numpy(array.astype(np.float32))
        for name, array in arrays.items()
        if name.endswith((".A", ".B"))
    }
    vocabulary = Vocabulary({t: i for i, t in enumerate(plain["vocabulary"])}, arrays["idf"], plain["documents"])
    a, b, c = plain["curve"]
    return Classifier(
        encoder=encoder,
        tower=ComplianceTower(
            served(merge(upper_weights(encoder.model, FIRST), tuned)),
            weight=torch.from_numpy(arrays["weight"]),
            bias=torch.from_numpy(arrays["bias"]),
            state=torch.from_numpy(arrays["state"]),
        ),
        words=Words(vocabulary, arrays["terms"], arrays["surface"], arrays["state"], plain["words_offset"]),
        curve=(a, b, c),
        threshold=plain["threshold"],
        doubt=plain["doubt"],
        version=version,
    )


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))


def _windows(text: str) -> list[tuple[int, int]]:
    """Up to _WINDOWS neighbouring runs of words, as spans of the text."""
    words = [m.span() for m in re.finditer(r"\S+", text)]
    size = math.ceil(len(words) / _WINDOWS)
    runs = [words[k : k + size] for k in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()


def _heaviest(drops: Sequence[float]) -> tuple[int, int]:
    """First and last index of the run with the largest sum of drops, each less a fifth of the largest."""
    least = 0.2 * max(0.0, *drops) if len(drops) > 1 else 0.0
    best, value, total, first = (0, len(drops) - 1), 0.0, 0.0, 0
    for k, drop in enumerate(drops):
        if total <= 0:
            total, first = 0.0, k
        total += drop - least
        if total > value:
            best, value = (first, k), total
    return best
