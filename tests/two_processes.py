"""Two GRPO steps of the tiny policy on fixed completions, in as many processes as torchrun started.

Run by tests/integration/test_two_processes.py, once in its own process and once under torchrun. Rank 0 writes what
came of it: world size, losses, the gradient of each step before the optimiser used it, and the weights at the end.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import TrainerCallback

from relate_engine.brief import Brief
from relate_engine.scorecard import Finding, Scorecard
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import trainer_of
from relate_engine.training.grpo_plan import GrpoPlan, Task
from relate_engine.training.judge import Sampled
from tests import tiny
from tests.cards import card

TEXTS = ("oak desk", "a sad bad cab", "solid wood", "aeiou", "x", "dab a dab of oil", "work on oak", "no end to")
TASKS = [Task(Brief(product=f"{n} Desk", description="A desk of solid oak."), "headline", "benefit")
         for n in ("Oak", "Elm", "Fir", "Ash")]  # fmt: skip
# 2 groups of 4 a step: one process takes all 8 texts at once, two take a group each
PLAN = GrpoPlan(steps=2, groups=2, generations=4, tokens=20, micro_batch=4, learning_rate=1e-2, beta=0.04,
                rollouts="stock", losses="stock", save_every=50)  # fmt: skip


def score(asked: list[Sampled]) -> list[Scorecard]:
    """Vowels are worth something, and every letter before 'd' is a fault."""
    return [
        card(t, sum(c in "aeiou" for c in t) / len(t),
             [Finding("X", "correctness", "warn", "", start=i, end=i + 1, amount=-0.25) for i, c in enumerate(t)
              if c in "abc"])
        for _, _, _, t in asked
    ]  # fmt: skip


class _Gradients(TrainerCallback):
    def __init__(self, model: Any) -> None:
        self.model = model
        self.found: list[torch.Tensor] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        parts = [p.grad.flatten() for p in self.model.parameters() if p.grad is not None]
        self.found.append(torch.cat(parts).clone())


def run(work: Path) -> dict[str, Any]:
    """World size, losses, gradients and final weights; the same in every process but for the number of its texts."""
    torch.set_num_threads(1)
    tokenizer = tiny.tokenizer()
    model = get_peft_model(tiny.model(3), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(9)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    trainer = trainer_of(model, tokenizer, TASKS, ARMS["relate"], score, work, PLAN)
    seen = 0

    def fixed(prompt_ids: list[list[int]], *_: Any, **__: Any) -> tuple[list[list[int]], list[list[float]]]:
        """Each prompt's texts by prompt and number, and log-probabilities that put the ratio off 1."""
        nonlocal seen
        seen += len(prompt_ids)
        nth: Counter[tuple[int, ...]] = Counter()
        made = []
        for ids in map(tuple, prompt_ids):
            text = TEXTS[(sum(ids) + nth[ids]) % len(TEXTS)]
            made.append([*tokenizer.encode(text), tokenizer.eos_token_id])
            nth[ids] += 1
        return made, [[-5.5] * len(ids) for ids in made]

    trainer._generate_single_turn = fixed  # type: ignore[method-assign]
    gradients = _Gradients(model)
    trainer.add_callback(gradients)
    trainer.train()
    return {
        "world": trainer.accelerator.num_processes,
        "seen": seen,
        "losses": torch.tensor([h["loss"] for h in trainer.state.log_history if "loss" in h]),
        "norms": torch.tensor([h["grad_norm"] for h in trainer.state.log_history if "grad_norm" in h]),
        "gradients": torch.stack(gradients.found),
        "weights": torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad]),
    }


if __name__ == "__main__":
    result = run(Path(sys.argv[1]) / "work")
    if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
        torch.save(result, Path(sys.argv[1]) / "result.pt")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
