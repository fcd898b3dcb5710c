"""The int8 copy: quantised as torch does it, and brought up to date with an adapter that is trained on."""

import copy
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

from relate_engine.policy.int8 import Int8Linear, Int8Twin, int8_copy
from relate_engine.policy.model import load_nf4
from tests import tiny


def test_weights_are_quantised_as_by_torchs_dynamic_quantisation() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(48, 24)
    layer.weight.data[3] = 0.0
    theirs = quantize_dynamic(nn.Sequential(layer), {nn.Linear: per_channel_dynamic_qconfig})[0]
    ours = Int8Linear(torch.zeros(24, 48), layer.bias)
    ours.refill(layer.weight.detach())
    assert torch.equal(torch.ops.quantized.linear_unpack(ours.packed)[0].int_repr(), theirs.weight().int_repr())
    x = torch.randn(5, 48)
    packed = theirs._packed_params._packed_params
    expected = torch.ops.quantized.linear_dynamic(x, packed, reduce_range=ours.reduce_range)
    assert torch.equal(ours(x), expected)


def test_a_refreshed_twin_is_the_int8_copy_of_the_policy_of_now(tmp_path: Path) -> None:
    tiny.model(3).save_pretrained(tmp_path)
    model = get_peft_model(load_nf4(str(tmp_path)), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    twin = Int8Twin(model)
    ids = torch.randint(0, 256, (2, 12), generator=torch.Generator().manual_seed(0))

    def logits(causal: object) -> torch.Tensor:
        with torch.inference_mode():
            return causal.lm_head(causal.model(input_ids=ids).last_hidden_state)  # type: ignore[attr-defined]

    before = logits(twin.model)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    assert torch.equal(logits(twin.model), before)
    twin.refresh()
    after = logits(twin.model)
    assert not torch.allclose(after, before, atol=1e-2)
    assert all(p.dtype == torch.float32 for p in twin.model.parameters())
    assert model.get_base_model().model.layers[0].mlp.up_proj.lora_B["default"].weight.requires_grad
    whole = int8_copy(copy.deepcopy(model))
    for name, layer in twin.model.named_modules():
        if isinstance(layer, Int8Linear):
            ours, theirs = (torch.ops.quantized.linear_unpack(m.packed)[0] for m in (layer, whole.get_submodule(name)))
            assert torch.equal(ours.int_repr(), theirs.int_repr()), name


def test_a_scale_for_each_row_keeps_small_rows_exact_beside_a_large_one() -> None:
    torch.manual_seed(0)
    weight, bias, x = torch.randn(24, 48), torch.randn(24), torch.randn(4, 48)
    x[0] *= 200
    exact = x @ weight.T + bias
    by_row, by_call = (Int8Linear(weight, bias, by_row=b)(x)[1:] - exact[1:] for b in (True, False))
    assert by_row.abs().mean() < 0.1 < by_call.abs().mean()
