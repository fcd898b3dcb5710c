"""The upper half of the sentence encoder, tuned on headline tests: what the CTR head reads in the wording.

The lower layers stay as published, so one pass through them serves both halves (encoder.py runs it). A tuned
matrix is W + B·A of low rank; what ships is A and B, merged once per encoder. The tower's number is a weighting
of the mean token vector, in log-odds of a click.
Leaves out: fitting (training/ctrencoder.py) and what the number is worth beside the other features (ctrhead.py).
Source: BERT layers as in transformers' modeling_bert; LoRA, Hu et al. 2021 (arXiv 2106.09685).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, bfloat16, cpu
from torch.nn import functional

ATTENTION = ("attention.self.query", "attention.self.key", "attention.self.value")
MATRICES = (*ATTENTION, "attention.output.dense", "intermediate.dense", "output.dense")
OUT = "out"  # the weighting of the pooled vector
Weights = Mapping[str, Tensor]  # of one layer, named as in BERT


def upper_weights(model: Any, first: int) -> list[dict[str, Tensor]]:
    """The published weights of the encoder's layers from number `first` on."""
    return [{k: v.detach() for k, v in layer.state_dict().items()} for layer in model.encoder.layer[first:]]


def merge(layers: Sequence[Weights], tuned: Weights) -> list[dict[str, Tensor]]:
    """`layers` with B·A added to each matrix; `tuned` holds "<layer>.<matrix>.A" (r, in) and ".B" (out, r)."""
    merged = []
    for k, layer in enumerate(layers):
        change = {f"{m}.weight": tuned[f"{k}.{m}.B"] @ tuned[f"{k}.{m}.A"] for m in MATRICES}
        merged.append({name: w + change[name] if name in change else w for name, w in layer.items()})
    return merged


def served(layers: Sequence[Weights]) -> Sequence[Weights]:
    """`layers` with their matrices in bfloat16 where the CPU multiplies it natively; the towers are tuned so."""
    if not cpu._is_avx512_bf16_supported():
        return layers
    cast = {f"{matrix}.{part}" for matrix in MATRICES for part in ("weight", "bias")}
    return [{name: w.to(bfloat16) if name in cast else w for name, w in layer.items()} for layer in layers]


def run_layer(hidden: Tensor, mask: Tensor, weights: Weights, heads: int, eps: float, drop: float = 0.0) -> Tensor:
    """(B, T, D) after one BERT layer; `mask` (B, T) is True on tokens; `drop` acts on both residual branches."""

    def linear(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps)

    low = weights["output.dense.weight"].dtype == bfloat16  # matrix products and what is between them
    seen = hidden.to(bfloat16) if low else hidden
    q, k, v = (linear(seen, name).unflatten(-1, (heads, -1)).transpose(1, 2) for name in ATTENTION)
    heat = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).masked_fill(~mask[:, None, None, :], float("-inf"))
    mixed = (heat.softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(2)  # short texts: faster than fused attention
    hidden = norm(hidden + functional.dropout(linear(mixed, MATRICES[3]), drop), "attention.output.LayerNorm")
    wide = functional.gelu(linear(hidden.to(bfloat16) if low else hidden, MATRICES[4]))
    return norm(hidden + functional.dropout(linear(wide, MATRICES[5]), drop), "output.LayerNorm")


def run_layers(model: Any, hidden: Tensor, mask: Tensor, layers: Sequence[Weights], drop: float = 0.0) -> Tensor:
    """`hidden` (B, T, D) after `layers` of the encoder `model`."""
    for weights in layers:
        hidden = run_layer(hidden, mask, weights, model.config.num_attention_heads, model.config.layer_norm_eps, drop)
    return hidden


def pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """(B, D) unit vectors: the mean over tokens."""
    kept = mask[..., None].to(hidden.dtype)
    return functional.normalize((hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9), dim=-1)


class Tower:
    """Tuned layers from number `first` on; `tuned` as for `merge`, and OUT (D,)."""

    def __init__(self, first: int, tuned: Weights) -> None:
        self.first = first
        self.tuned = tuned
        self._layers: WeakKeyDictionary[Any, Sequence[Weights]] = WeakKeyDictionary()

    def __call__(self, model: Any, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B,) from the `hidden` (B, T, D) states that enter layer `first` of the encoder `model`."""
        if model not in self._layers:
            self._layers[model] = served(merge(upper_weights(model, self.first), self.tuned))
        return pool(run_layers(model, hidden, mask, self._layers[model]), mask) @ self.tuned[OUT]
