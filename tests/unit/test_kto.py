"""KTO: TRL's loss on our rows against values worked out text by text, and single verdicts that move the policy."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from relate_engine.brief import BriefError
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.snapshot import Single, Wording
from relate_engine.training.kto import KtoPlan, rows_of, train_kto, trainer_of, weights_of
from tests import tiny
from tests.tiny_round import brief, write_policy

TOKENIZER = tiny.tokenizer()
SINGLES = [
    Single(brief("Oak Desk"), Wording("headline", "benefit", "Solid oak"), True),
    Single(brief("Elm Desk"), Wording("headline", "how", "Two drawers of elm"), False),
]


def alone(model: Any, single: Single, text: str) -> float:
    """Log-probability of a text with its EOS after a verdict's prompt."""
    template = TEMPLATES[single.brief.placement, single.wording.slot]
    before = TOKENIZER.encode(
        prompt(single.brief, template, single.wording.angle, point_of(single.brief, single.wording.text))
    )
    ids = before + TOKENIZER.encode(text) + [TOKENIZER.eos_token_id]
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
    target = torch.tensor(ids[1:])
    return float(logits[torch.arange(len(target)), target][len(before) - 1 :].sum())


def test_both_signs_weigh_the_same_in_all() -> None:
    assert weights_of(20, 60) == (3.0, 1.0) and weights_of(60, 40) == (1.0, 1.5)


def test_the_loss_is_the_equation_of_this_file(tmp_path: Path) -> None:
    """r of each text, z from each text after the other's prompt, by plain forward passes."""
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(tiny.model(3), lora).eval()
    start = [[alone(model, s, other.wording.text) for other in SINGLES] for s in SINGLES]
    trainer = trainer_of(
        model, TOKENIZER, rows_of(SINGLES, points=True), (3.0, 1.0), tmp_path, KtoPlan(texts_a_step=2, beta=0.5)
    )
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_B" in name:
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(2)])
    with torch.no_grad():
        loss = float(trainer.compute_loss(model, batch))
    now = [[alone(model, s, other.wording.text) for other in SINGLES] for s in SINGLES]
    r = [[now[i][j] - start[i][j] for j in range(2)] for i in range(2)]
    z = max(0.0, (r[0][1] + r[1][0]) / 2)
    sigma = [1 / (1 + math.exp(-0.5 * x)) for x in (r[0][0] - z, z - r[1][1])]
    assert abs(r[0][0]) > 0.01 and loss == pytest.approx((3 * (1 - sigma[0]) + (1 - sigma[1])) / 2, abs=1e-4)


def test_single_verdicts_move_the_policy_and_a_stopped_run_ends_alike(tmp_path: Path) -> None:
    base, parent = write_policy(tmp_path / "policy")
    singles = [s for s in SINGLES for _ in range(8)]
    plan = KtoPlan(epochs=2, texts_a_step=4, learning_rate=1e-2)
    told = train_kto(base, parent, singles, tmp_path / "whole", tmp_path / "work", plan)
    assert told["version"].startswith("kto-") and (told["picked"], told["rejected"]) == (8, 8)

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int, loss: float) -> None:
        if done == 6:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_kto(base, parent, singles, tmp_path / "again", tmp_path / "work-2", plan, stop)
    assert list((tmp_path / "work-2").glob("checkpoint-*"))
    train_kto(base, parent, singles, tmp_path / "again", tmp_path / "work-2", plan, resume=True)
    for name in ("adapter_model.safetensors", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert (
        json.loads((tmp_path / "whole" / "manifest.json").read_text())["sha256"]
        != json.loads((parent / "manifest.json").read_text())["sha256"]
    )
    with pytest.raises(BriefError, match="picks and rejections; there are 8 and 0"):
        train_kto(base, parent, singles[:8], tmp_path / "none", tmp_path / "work-3", plan)
