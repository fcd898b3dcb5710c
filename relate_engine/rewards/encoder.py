"""Sentence embeddings by all-MiniLM-L6-v2: what relevance, the CTR features and later the classifier share.

Mean pooling over tokens, then unit length, as the model was published. Texts are cached by value, because
the same brief and candidates are looked at by several rewards.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from relate_engine.policy.weights import WeightsError, remedy

DIMENSION = 384
_KEEP = 20_000  # vectors: 31 MB


class Encoder:
    """Loads once; `encode` is the only thing it does."""

    def __init__(self, folder: Path) -> None:
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            self.model: Any = AutoModel.from_pretrained(
                str(folder), use_safetensors=True, trust_remote_code=False, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, SafetensorError) as error:
            raise WeightsError(f"The encoder in {folder} does not load ({error}); {remedy(str(folder))}.") from error
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()  # pages re-score while the generator thread drafts

    def encode(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        """(N, 384) float32 unit vectors, in order."""
        with self._lock:
            missing = sorted({t for t in texts if t not in self._cache}, key=len)
            for start in range(0, len(missing), batch):
                part = missing[start : start + batch]
                for text, vector in zip(part, self._embed(part), strict=True):
                    self._cache[text] = vector
            result = np.stack([self._cache[t] for t in texts]) if texts else np.zeros((0, DIMENSION), np.float32)
            while len(self._cache) > _KEEP:
                self._cache.popitem(last=False)
        return result

    @torch.inference_mode()
    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        hidden = self.model(**inputs).last_hidden_state  # (B, T, 384)
        mask = inputs["attention_mask"][..., None].to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        vectors: np.ndarray = torch.nn.functional.normalize(pooled, dim=-1).numpy()
        return vectors
