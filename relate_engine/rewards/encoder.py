"""Sentence embeddings by all-MiniLM-L6-v2: what relevance, the CTR features and later the classifier share.

Mean pooling over tokens, then unit length, as the model was published. Texts are cached by value, because
the same brief and candidates are looked at by several rewards.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from relate_engine.policy.weights import WeightsError, remedy
from relate_engine.rewards.ctrtower import Tower, pool

DIMENSION = 384
_KEEP = 20_000  # vectors: 31 MB
_Cache = OrderedDict[str, Any]  # text → its vector, or its number


class Encoder:
    """Loads once; `encode` is what it does, `encode_with` the same with a tuned upper half read alongside."""

    def __init__(self, folder: Path) -> None:
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            self.model: Any = AutoModel.from_pretrained(
                str(folder), use_safetensors=True, trust_remote_code=False, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, SafetensorError) as error:
            raise WeightsError(f"The encoder in {folder} does not load ({error}); {remedy(str(folder))}.") from error
        self._cache: _Cache = OrderedDict()
        self._read: WeakKeyDictionary[Tower, _Cache] = WeakKeyDictionary()
        self._lock = threading.Lock()  # pages re-score while the generator thread drafts

    def encode(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        """(N, 384) float32 unit vectors, in order."""
        with self._lock:
            self._fill(texts, batch, None, self._cache)
            result = np.stack([self._cache[t] for t in texts]) if texts else np.zeros((0, DIMENSION), np.float32)
            _shorten(self._cache)
        return result

    def encode_with(self, tower: Tower, texts: Sequence[str], batch: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """`encode`, and the tower's number for each text (N,); both from one pass through the lower layers."""
        with self._lock:
            read = self._read.setdefault(tower, OrderedDict())
            self._fill(texts, batch, tower, read)
            numbers = np.array([read[t] for t in texts], np.float64).reshape(len(texts))
            _shorten(read)
        return self.encode(texts), numbers

    def _fill(self, texts: Sequence[str], batch: int, tower: Tower | None, cache: _Cache) -> None:
        """Adds what `cache` lacks; with a tower, what it reads, and the plain vectors besides."""
        missing = sorted({t for t in texts if t not in cache}, key=len)
        for start in range(0, len(missing), batch):
            part = missing[start : start + batch]
            vectors, numbers = self._embed(part, tower)
            self._cache.update(zip(part, vectors, strict=True))
            if numbers is not None:
                cache.update(zip(part, numbers, strict=True))

    @torch.inference_mode()
    def _embed(self, texts: Sequence[str], tower: Tower | None) -> tuple[np.ndarray, np.ndarray | None]:
        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        found = self.model(**inputs, output_hidden_states=tower is not None)
        mask = inputs["attention_mask"].bool()
        vectors: np.ndarray = pool(found.last_hidden_state, mask).numpy()
        if tower is None:
            return vectors, None
        return vectors, tower(self.model, found.hidden_states[tower.first], mask).numpy()


def _shorten(cache: _Cache) -> None:
    while len(cache) > _KEEP:
        cache.popitem(last=False)
