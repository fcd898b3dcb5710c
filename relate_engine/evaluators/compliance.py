"""A second opinion on compliance, for evaluation only: never a reward, never in serving.

It shares neither labels nor features with the classifier that rewards (rewards/classifier.py): other authors'
texts, and hashed character n-grams instead of an encoder. So a policy that learned to please the classifier
shows here. (A held-out evaluator against reward hacking: AdLlama, arXiv 2507.21983.)
Leaves out: categories and spans; it only says how likely a text is a violation.
"""

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from relate_engine.policy.weights import WeightsError, sha256

ARRAYS, PLAIN, MANIFEST = "evaluator.safetensors", "evaluator.json", "manifest.json"
BUCKETS = 1 << 15
SIZES = (2, 3, 4, 5)


def features(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of a text: hashed character n-grams inside words and whole words, to unit length."""
    words = [f" {w} " for w in re.findall(r"[a-z0-9$€£%']+|[!?]", text.lower().replace("’", "'"))]
    grams = [w[k : k + n] for w in words for n in SIZES for k in range(max(1, len(w) - n + 1))]
    grams += [f"{a}{b}" for a, b in pairwise(words)]
    counts = Counter(zlib.crc32(g.encode()) % BUCKETS for g in grams)
    columns = np.array(sorted(counts), np.int64)
    values = np.array([1 + math.log(counts[int(c)]) for c in columns], np.float64)
    return columns, values / max(1e-12, float(np.linalg.norm(values)))


@dataclass(frozen=True, eq=False)
class Evaluator:
    weight: np.ndarray  # (BUCKETS,)
    offset: float
    threshold: float
    version: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Evaluator":
        """The evaluator in `folder`; raises WeightsError saying what to do."""
        try:
            pinned = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
            for name in (ARRAYS, PLAIN):
                if sha256(folder / name) != pinned[name]:
                    raise WeightsError(f"{name} in {folder} is damaged; run `relate train compliance`.")
            plain = json.loads((folder / PLAIN).read_text("utf-8"))
            weight = load_file(folder / ARRAYS)["weight"].astype(np.float64)
            return cls(weight, plain["offset"], plain["threshold"], f"cls2-{pinned[ARRAYS][:12]}")
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(
                f"There is no compliance evaluator in {folder} ({error}); run `relate train compliance`."
            ) from error

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """(N,) P(violation)."""
        logits = [float(values @ self.weight[columns]) + self.offset for columns, values in map(features, texts)]
        result: np.ndarray = 1 / (1 + np.exp(-np.array(logits, np.float64)))
        return result
