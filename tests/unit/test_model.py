"""The 4-bit base in memory: an evaluation must not change what training computes."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from relate_engine.policy.model import load_nf4
from tests import tiny


def gradients(model: torch.nn.Module) -> torch.Tensor:
    """All gradients of the adapter for one fixed batch, as one vector."""
    model.train()
    model.zero_grad()
    model(input_ids=torch.arange(40, 60)[None], labels=torch.arange(40, 60)[None]).loss.backward()
    return torch.cat([p.grad.float().flatten() for p in model.parameters() if p.grad is not None])


def test_gradients_are_the_same_after_an_evaluation(tmp_path: Path) -> None:
    # bitsandbytes packs a layer at its first evaluation on some CPUs, and a packed layer passes no gradient on
    tiny.model(1).save_pretrained(tmp_path)
    torch.manual_seed(0)
    lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    model = get_peft_model(load_nf4(str(tmp_path), torch.bfloat16), lora)
    before = gradients(model)
    model.eval()
    with torch.no_grad():
        model(input_ids=torch.arange(40, 60)[None])
    after = gradients(model)
    assert before.norm() > 0
    torch.testing.assert_close(after, before)
