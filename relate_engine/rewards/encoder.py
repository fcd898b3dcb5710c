"""Sentence embeddings by all-MiniLM-L6-v2, and the towers on its lower layers: what the learned rewards share.

Mean pooling over tokens, then unit length, as the model was published. A tower is a tuned continuation of the encoder
from one of its layers on (CTR, compliance); several are read in one pass. Texts are cached by value, because the same
brief and candidates are looked at by several rewards.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from relate_engine.policy.weights import WeightsError, remedy
from relate_engine.rewards.ctrtower import pool, run_layer, served, upper_weights

DIMENSION = 384
_KEEP = 20_000  # vectors: 31 MB
BATCH = 64
_Cache = OrderedDict[str, Any]  # text → its vector, or what a tower reads


class Tower(Protocol):
    """Reads texts from the states (B, T, D) that enter layer `first`, mask (B, T): a row of any shape for each."""

    @property
    def first(self) -> int: ...

    def __call__(self, model: Any, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor: ...


class Encoder:
    """Loads once. `encode`: the vectors; `read`: what a tower says; `prepare` does both for several towers at once."""

    def __init__(self, folder: Path) -> None:
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            self.model: Any = AutoModel.from_pretrained(
                str(folder), use_safetensors=True, trust_remote_code=False, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, SafetensorError) as error:
            raise WeightsError(f"The encoder in {folder} does not load ({error}); {remedy(str(folder))}.") from error
        self._layers = served(upper_weights(self.model, 0))
        self._vectors: _Cache = OrderedDict()
        self._rows: WeakKeyDictionary[Tower, _Cache] = WeakKeyDictionary()
        self._lock = threading.Lock()  # pages re-score while the generator thread drafts

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(N, 384) float32 unit vectors, in order."""
        return self._ask(texts, None, self._vectors, np.zeros((0, DIMENSION), np.float32))

    def read(self, tower: Tower, texts: Sequence[str]) -> np.ndarray:
        """(N, …) float32: what the tower says of each text, in order."""
        return self._ask(texts, tower, self._rows.setdefault(tower, OrderedDict()), np.zeros(0, np.float32))

    def prepare(self, towers: Sequence[Tower], texts: Sequence[str]) -> None:
        """One pass for the vectors and all towers; `encode` and `read` then find them in the cache."""
        with self._lock:
            caches = [self._vectors, *(self._rows.setdefault(t, OrderedDict()) for t in towers)]
            self._fill(texts, towers, caches)
            for cache in caches:
                _shorten(cache)

    def _ask(self, texts: Sequence[str], tower: Tower | None, cache: _Cache, none: np.ndarray) -> np.ndarray:
        with self._lock:
            self._fill(texts, [tower], [cache]) if tower else self._fill(texts, [], [cache])
            result = np.stack([cache[t] for t in texts]) if texts else none
            _shorten(cache)
        return result

    def _fill(self, texts: Sequence[str], towers: Sequence[Tower], caches: Sequence[_Cache]) -> None:
        """Adds the texts that one of the caches lacks: of the towers, and before them of the vectors if wanted."""
        missing = sorted({t for t in texts if any(t not in cache for cache in caches)}, key=len)
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            for cache, rows in zip(caches, self._pass(part, towers, len(caches) > len(towers)), strict=True):
                cache.update(zip(part, rows, strict=True))

    @torch.inference_mode()
    def _pass(self, texts: Sequence[str], towers: Sequence[Tower], plain: bool) -> list[np.ndarray]:
        """The vectors if `plain`, then what each tower reads, from one pass through the layers they share."""
        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        mask = inputs["attention_mask"].bool()
        hidden = self.model.embeddings(input_ids=inputs["input_ids"], token_type_ids=inputs["token_type_ids"])
        config = self.model.config
        last = len(self._layers) if plain else max(t.first for t in towers)
        found: dict[Tower, torch.Tensor] = {}
        for number in range(last + 1):
            found |= {t: t(self.model, hidden, mask) for t in towers if t.first == number}
            if number < last:
                layer = self._layers[number]
                hidden = run_layer(hidden, mask, layer, config.num_attention_heads, config.layer_norm_eps)
        return [*([pool(hidden, mask).numpy()] if plain else []), *(found[t].numpy() for t in towers)]


def _shorten(cache: _Cache) -> None:
    while len(cache) > _KEEP:
        cache.popitem(last=False)
