"""A learned reader of a text beside its brief: which words say what the brief does not.

Patterns (facts.py) know numbers, dates and claims by their form; that "for kids and adults" or "melts stress" stands in
no line of a brief is a matter of meaning. The reader is the shared encoder with a low-rank update of all its layers
(LoRA). It reads the brief alone, once, and each text after it: a token of the text attends to the brief's kept keys and
to its own text, so a further text costs no more than without a brief. Each token also learns whether the brief holds
its word. It says of each token how little the brief supports it, t_j, and of the text
    z = w · mean_j h_j + b + m · logsumexp_j t_j             h_j: the last layer's states of the text's tokens
    P(unsupported) = σ(c_0 + c_1 [a pattern blocks] + c_2 [a pattern cautions] + c_3 z)     fitted on pairs kept apart
Where P reaches the threshold and no pattern has spoken, a caution marks the heaviest words; where it does not, the
patterns' cautions become notes, as with hints (hints.py). What patterns block is never lowered.
Leaves out: fitting (training/factreading.py), what patterns find (facts.py), texts without a brief.
Paper: RELATE, correctness at token granularity; keeping the brief's keys as language models keep a prompt's is ours.
"""

import hashlib
import json
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor

from relate_engine.brief import Brief
from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.rewards.ctrtower import Before, Weights, kept, merge, run_layer, served, upper_weights
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.words import stem
from relate_engine.scorecard import AMOUNT, Finding, finding

ARRAYS, PLAIN, MANIFEST = "head.safetensors", "head.json", "manifest.json"
RULE = "FCT-001"
FACTS = frozenset({"CLM-019", "CLM-020", RULE})  # findings about what the brief supports; others are of spelling
BRIEF_TOKENS, TEXT_TOKENS = 320, 96  # most that are read of each
_BATCH = 64
_KEEP = 20_000  # readings kept, by brief and text
_BRIEFS = 64  # briefs whose keys are kept: 3 MB each
_WORD = re.compile(r"[^\W_]+")
LOWERED = " Read as a whole, the brief seems to support it (probability of a wrong fact {:.2f})."


@dataclass(frozen=True)
class Reading:
    """What the reader says of one text: z, and the characters [start, end) that carry it."""

    logit: float
    start: int
    end: int


def told(brief: Brief) -> str:
    """What the brief says, as sentences."""
    claims = (c.text for c in brief.claims)
    audience = (f"For {brief.audience}",) if brief.audience else ()
    parts = (brief.product, brief.description, *brief.benefits, *claims, *brief.reviews, *audience,
             *brief.brand_kit.must_say)  # fmt: skip
    return " ".join(p if p.endswith((".", "!", "?")) else f"{p}." for p in map(str.strip, parts) if p)


def word_stems(text: str) -> frozenset[str]:
    return frozenset(stem(m[0].lower()) for m in _WORD.finditer(text))


@dataclass(frozen=True)
class Tokens:
    """A text as the reader takes it."""

    ids: list[int]
    spans: list[tuple[int, int]]  # characters of each token; (0, 0) of the two marks around the text
    known: list[int]  # 1 where the brief holds the token's word


def tokens_of(tokenizer: Any, text: str, stems: frozenset[str]) -> Tokens:
    found = tokenizer(text, truncation=True, max_length=TEXT_TOKENS, return_offsets_mapping=True)
    held = [m.span() for m in _WORD.finditer(text) if stem(m[0].lower()) in stems]
    spans = [(int(a), int(b)) for a, b in found["offset_mapping"]]
    return Tokens(found["input_ids"], spans, [int(any(a < y and b > x for x, y in held)) for a, b in spans])


@dataclass(frozen=True, eq=False)
class Head:
    """What is learned beside the layers' update."""

    known: Tensor  # (2, D), added to a token's embedding by whether the brief holds its word
    token: Tensor  # (D + 1,): t_j, the offset last
    text: Tensor  # (D + 1,): w and b
    mixed: Tensor  # (): m


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(N, longest) of the rows, and its mask."""
    longest = max(map(len, rows))
    values = torch.tensor([[*r, *[0] * (longest - len(r))] for r in rows])
    return values, torch.arange(longest)[None] < torch.tensor([len(r) for r in rows])[:, None]


def keep_brief(model: Any, layers: Sequence[Weights], ids: Tensor, mask: Tensor, drop: float = 0.0) -> list[Before]:
    """What each layer keeps of briefs, (N, S) token ids."""
    heads, eps = model.config.num_attention_heads, model.config.layer_norm_eps
    hidden = model.embeddings(input_ids=ids, token_type_ids=torch.zeros_like(ids))
    found = []
    for weights in layers:
        found.append(kept(hidden, mask, weights, heads))
        if len(found) < len(layers):
            hidden = run_layer(hidden, mask, weights, heads, eps, drop)
    return found


def read_after(
    model: Any, layers: Sequence[Weights], head: Head, before: Sequence[Before], texts: Sequence[Tokens],
    drop: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """z (N,), the tokens' t (N, T) and their mask (N, T), of texts each read after its row of `before`."""
    heads, eps = model.config.num_attention_heads, model.config.layer_norm_eps
    ids, mask = padded([t.ids for t in texts])
    known, _ = padded([t.known for t in texts])
    hidden = model.embeddings(input_ids=ids, token_type_ids=torch.ones_like(ids)) + head.known[known]
    for weights, stands in zip(layers, before, strict=True):
        hidden = run_layer(hidden, mask, weights, heads, eps, drop, stands)
    said = hidden @ head.token[:-1] + head.token[-1]
    inner = mask.clone()
    inner[:, 0] = False  # the mark before the text stands for no word
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    heaviest = said.masked_fill(~inner, -1e4).logsumexp(1)
    return mean @ head.text[:-1] + head.text[-1] + head.mixed * heaviest, said, mask


@dataclass(frozen=True, eq=False)
class FactReader:
    """The served reader. Safe to use from several threads."""

    encoder: Encoder
    layers: Sequence[Weights]
    head: Head
    curve: tuple[float, float, float, float]  # c_0 … c_3
    threshold: float
    version: str = ""
    _seen: OrderedDict[tuple[str, str], Reading] = field(default_factory=OrderedDict)
    _briefs: OrderedDict[str, list[Before]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, folder: Path, encoder: Encoder) -> "FactReader":
        """The reader in `folder` on this encoder; raises WeightsError saying what to do."""
        try:
            pinned = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
            for name in (ARRAYS, PLAIN):
                if sha256(folder / name) != pinned[name]:
                    raise WeightsError(f"{name} in {folder} is damaged; run `relate train facts`.")
            plain = json.loads((folder / PLAIN).read_text("utf-8"))
            arrays = {k: torch.from_numpy(a.astype(np.float32)) for k, a in load_file(folder / ARRAYS).items()}
            return assembled(encoder, arrays, plain, name_of(pinned))
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"There is no fact reader in {folder} ({error}); run `relate train facts`.") from error

    def read(self, brief: Brief, texts: Sequence[str]) -> list[Reading]:
        """A reading of each text, in order; read ones are remembered."""
        said = told(brief)
        with self._lock:
            missing = sorted({t for t in texts if (said, t) not in self._seen}, key=len)
            for start in range(0, len(missing), _BATCH):
                part = missing[start : start + _BATCH]
                self._seen.update(zip([(said, t) for t in part], self._read(said, part), strict=True))
            found = [self._seen[said, t] for t in texts]
            while len(self._seen) > _KEEP:
                self._seen.popitem(last=False)
        return found

    @torch.inference_mode()
    def _read(self, said: str, texts: Sequence[str]) -> list[Reading]:
        stems = word_stems(said)
        tokens = [tokens_of(self.encoder.tokenizer, text, stems) for text in texts]
        if said not in self._briefs:
            ids = self.encoder.tokenizer(said, truncation=True, max_length=BRIEF_TOKENS, return_tensors="pt")
            mask = ids["attention_mask"].bool()
            self._briefs[said] = keep_brief(self.encoder.model, self.layers, ids["input_ids"], mask)
            if len(self._briefs) > _BRIEFS:
                self._briefs.popitem(last=False)
        before = [Before(*(x.expand(len(texts), *x.shape[1:]) for x in layer)) for layer in self._briefs[said]]
        z, t, _ = read_after(self.encoder.model, self.layers, self.head, before, tokens)
        return [
            Reading(float(logit), *_heaviest(text, row.spans, said_of[: len(row.ids)].tolist()))
            for text, logit, row, said_of in zip(texts, z, tokens, t, strict=True)
        ]

    def chance(self, reading: Reading, found: Sequence[Finding]) -> float:
        """P(the text says what the brief does not support), patterns' findings counted in."""
        severities = {f.severity for f in found if f.rule_id in FACTS}
        blocks = "block" in severities
        a, b, c, d = self.curve
        logit = a + b * blocks + c * ("warn" in severities and not blocks) + d * reading.logit
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))

    def weighed(self, text: str, reading: Reading, found: Sequence[Finding]) -> list[Finding]:
        """`found` with the reader's caution added, or the patterns' cautions lowered."""
        p = self.chance(reading, found)
        spoken = any(f.rule_id in FACTS and f.severity != "note" for f in found)
        if p < self.threshold:
            return [
                replace(f, severity="note", amount=AMOUNT["note"], message=f.message + LOWERED.format(p))
                if f.rule_id in FACTS and f.severity == "warn"
                else f
                for f in found
            ]
        if spoken or not text.strip():
            return list(found)
        words = text[reading.start : reading.end]
        return [
            *found,
            finding(
                RULE, "correctness", "warn",
                f"The brief does not seem to support '{words}' (probability {p:.2f}; learned, not a rule).",
                fix="Say what the brief says, or add this to it, with its evidence.",
                start=reading.start, end=reading.end, source="brief",
            ),
        ]  # fmt: skip


def assembled(encoder: Encoder, arrays: dict[str, Tensor], plain: dict[str, Any], version: str) -> FactReader:
    """The reader from its stored arrays and plain values."""
    tuned = {name: a for name, a in arrays.items() if name.endswith((".A", ".B"))}
    head = Head(arrays["known"], arrays["token"], arrays["text"], arrays["mixed"].reshape(()))
    a, b, c, d = plain["curve"]
    layers = served(merge(upper_weights(encoder.model, 0), tuned))
    return FactReader(encoder, layers, head, (a, b, c, d), plain["threshold"], version)


def name_of(files: dict[str, str]) -> str:
    return f"facts-{hashlib.sha256((files[ARRAYS] + files[PLAIN]).encode()).hexdigest()[:12]}"


def _heaviest(text: str, spans: Sequence[tuple[int, int]], said: Sequence[float]) -> tuple[int, int]:
    """The whole words around the run of tokens about the least supported one that are likelier unsupported than not."""
    real = [k for k, (a, b) in enumerate(spans) if b > a]
    if not real:
        return 0, len(text)
    first = last = max(real, key=lambda k: said[k])
    while first - 1 in real and said[first - 1] > 0:
        first -= 1
    while last + 1 in real and said[last + 1] > 0:
        last += 1
    words = [m.span() for m in re.finditer(r"[^\s]*[^\W_][^\s]*", text)]
    touched = [(a, b) for a, b in words if a < spans[last][1] and b > spans[first][0]]
    if not touched:
        return spans[first][0], spans[last][1]
    start, end = touched[0][0], touched[-1][1]
    bare = text[start:end]
    left, right = len(bare) - len(bare.lstrip("\"'“‘(")), len(bare.rstrip(".,;:!?\"'”’)"))
    return start + left, start + max(right, left + 1)
