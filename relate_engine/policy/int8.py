"""The int8 copy of the policy that serves and samples on a CPU: NF4 dequantised + LoRA, then int8.

Decoding on a CPU is bound by reading weights; int8 dynamic quantisation reads a quarter of float32 and
was measured 2.4 × faster than NF4 itself. It is made from the NF4 weights, never from the originals, so
it is the policy that is trained; tests/integration/test_policy.py measures the drift against NF4. torch's
quantised tensors are deprecated: this is the one file that uses them.
`int8_copy` turns a model into its copy, for serving. `Int8Twin` keeps a copy beside a model that is trained
and brings it up to each new state of the adapter, for rollouts.
Leaves out: GPUs, where the NF4 model serves itself.
"""

import copy
import warnings
from typing import Any

import torch
from bitsandbytes.functional import _convert_weight_packed_for_cpu_inverse, dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from peft.tuners.lora import Linear4bit as LoraLinear4bit
from torch import nn


def _dequantised(layer: Linear4bit) -> torch.Tensor:
    """(out, in) float32 weight of a 4-bit layer."""
    data, state = layer.weight.data, layer.weight.quant_state
    if getattr(state, "packing_format_for_cpu", False):  # bitsandbytes repacks a layer at its first CPU forward
        data, state = _convert_weight_packed_for_cpu_inverse(data, copy.copy(state))
    return dequantize_4bit(data, state).float()


def _merged(layer: nn.Module) -> torch.Tensor | None:
    """(out, in) float32: the NF4 weight plus the active LoRA update; None if not a 4-bit layer."""
    if isinstance(layer, LoraLinear4bit):
        weight = _dequantised(layer.base_layer)
        for name in layer.active_adapters:
            a, b = layer.lora_A[name].weight.float(), layer.lora_B[name].weight.float()
            weight += layer.scaling[name] * (b @ a)
        return weight
    return _dequantised(layer) if isinstance(layer, Linear4bit) else None


class Int8Linear(nn.Module):
    """x @ W.T + b with int8 weights (a scale per output) and activations quantised by one scale per call.

    `by_row`: by a scale for each row of x instead, a little slower and twice as close (training/rollouts.py).
    torch's own wrapper gives up one bit of the activations against overflow on old CPUs; where VNNI
    accumulates in 32 bits that is not needed, and keeping it raised the loss by 0.2 nats.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, by_row: bool = False) -> None:
        super().__init__()
        self.by_row = by_row
        self.bias = None if bias is None else bias.detach().float()
        self.reduce_range = not torch.cpu._is_vnni_supported()
        self.refill(weight)

    def refill(self, weight: torch.Tensor) -> None:
        """Takes another (out, in) float32 weight, quantised as torch's dynamic quantisation does it."""
        low, high = weight.aminmax(dim=1)
        scale = torch.maximum(-low, high).clamp(min=0) / 127.5
        scale = scale.clamp(min=torch.finfo(torch.float32).eps)
        zero = torch.zeros(len(weight), dtype=torch.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self.packed = torch.ops.quantized.linear_prepack(quantised, None if self.by_row else self.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(…, in) float32 → (…, out) float32."""
        largest = x.abs().amax(-1, keepdim=True).clamp(min=1e-8) if self.by_row else None
        x = x if largest is None else x / largest  # every row now has the same range
        y: torch.Tensor = torch.ops.quantized.linear_dynamic(x, self.packed, reduce_range=self.reduce_range)
        if largest is not None:
            y = y * largest if self.bias is None else y * largest + self.bias
        return y


@torch.inference_mode()
def int8_copy(model: Any) -> Any:
    """`model` (NF4 with or without LoRA, on the CPU) turned in place into its int8 copy and returned.

    Layer by layer, so that the peak is one float32 layer above what is kept. The input embedding stays
    float32; the output head is quantised.
    """
    causal = model.get_base_model() if isinstance(model, PeftModel) else model
    head = causal.get_output_embeddings()
    for name, layer in list(causal.named_modules()):
        if name.endswith(".base_layer"):  # inside a LoRA layer, which is merged as a whole
            continue
        weight = head.weight.data.float() if layer is head else _merged(layer)
        if weight is not None:
            parent = causal.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], Int8Linear(weight, _bias(layer)))
    return causal.eval()


class Int8Twin:
    """The int8 copy beside a model that goes on being trained. `model` samples; `refresh` brings it up to date."""

    @torch.no_grad()
    def __init__(self, model: Any) -> None:
        causal = model.get_base_model() if isinstance(model, PeftModel) else model
        self._layers: list[tuple[nn.Module, Int8Linear]] = []  # those with an adapter
        self._head = causal.get_output_embeddings()
        self.model: Any = self._twin(causal).eval()

    def _twin(self, module: nn.Module) -> nn.Module:
        """A copy of a module tree: 4-bit layers and the head as int8, all else in float32."""
        if module is self._head:
            return Int8Linear(module.weight.detach().float(), _bias(module), by_row=True)
        if (weight := _merged(module)) is not None:
            twin = Int8Linear(weight, _bias(module), by_row=True)
            if isinstance(module, LoraLinear4bit):
                self._layers.append((module, twin))
            return twin
        if not module._modules:
            return copy.deepcopy(module).float().requires_grad_(False)
        twin_of = copy.copy(module)
        twin_of.__dict__.pop("forward", None)  # a trainer may have replaced it by one bound to the original
        twin_of._modules = {name: child and self._twin(child) for name, child in module._modules.items()}
        return twin_of

    @torch.no_grad()
    def refresh(self) -> None:
        """Takes the adapter's weights of now into the copy."""
        for layer, twin in self._layers:
            weight = _merged(layer)
            assert weight is not None
            twin.refill(weight)


def _bias(layer: Any) -> torch.Tensor | None:
    bias = getattr(layer, "bias", None)
    return bias if isinstance(bias, torch.Tensor) else None
