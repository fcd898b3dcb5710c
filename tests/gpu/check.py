"""`make gpu-check`: what only a GPU can show. NF4 load with the shipped writer, a served draft, one GRPO step.

Leaves out: several GPUs (docs/scaling.md). It needs the fetched weights (`make setup`).
"""

import sys
import tempfile
import time
from pathlib import Path

import torch

from relate_engine.brief import Brief
from relate_engine.config import ASSETS, WRITER, settings
from relate_engine.draft import Drafted, draft, load_policy
from relate_engine.policy.weights import policy_folder
from relate_engine.policy.writer import Policy
from relate_engine.score import Rewards, load_rewards
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import train_grpo
from relate_engine.training.grpo_plan import GrpoPlan, Task
from relate_engine.training.scoring import scorer

BRIEF = Brief(
    placement="google_rsa", product="Larkfield Oak Desk", audience="people who work from home",
    description="A desk of solid oak with a drawer for cables, made to order.",
    benefits=("solid oak", "a drawer for cables", "made to order"),
)  # fmt: skip


def check_draft(policy: Policy, rewards: Rewards) -> str:
    """Eight headlines that pass every check."""
    started = time.perf_counter()
    made = next(e.draft for e in draft(policy, rewards, BRIEF, {"headline": 8}) if isinstance(e, Drafted))
    assert len(made.candidates) == 8, f"{len(made.candidates)} of 8 headlines passed"
    return f"8 headlines in {time.perf_counter() - started:.1f} s, such as “{made.candidates[0].text}”"


def check_grpo(base: str, rewards: Rewards, work: Path) -> str:
    """One step on two groups with the default way of sampling; the loss is a number and the adapter is written."""
    started = time.perf_counter()
    seen: list[dict[str, float]] = []
    plan = GrpoPlan(steps=1, groups=2, generations=4, tokens=24, micro_batch=8)
    tasks = [Task(BRIEF, "headline", "benefit"), Task(BRIEF, "headline", "how")]
    train_grpo(
        base, WRITER, tasks, ARMS["relate"], scorer(rewards), work / "out", work / "work", plan,
        lambda done, total, metrics: seen.append(metrics),
    )  # fmt: skip
    loss = seen[-1]["loss"]
    assert loss == loss and (work / "out" / "adapter_model.safetensors").exists()
    return f"loss {loss:.4f}, reward {seen[-1]['reward']:.3f} in {time.perf_counter() - started:.1f} s"


def main() -> int:
    """Exit code 0 also where there is no GPU, which it says; an assertion or an error fails it."""
    if not torch.cuda.is_available():
        print("no GPU here: nothing was checked")
        return 0
    config = settings()
    base = policy_folder(config.base_model, config.cache)
    policy = load_policy(config.base_model, config.cache, WRITER, ASSETS)
    assert policy.path == "NF4" and policy.state.trained, policy.state.problem
    print(f"NF4: {policy.version} on {torch.cuda.get_device_name(0)}, {torch.cuda.memory_allocated() / 1e6:.0f} MB")
    rewards = load_rewards(config.cache, ASSETS)
    print(f"draft: {check_draft(policy, rewards)}")
    del policy
    with tempfile.TemporaryDirectory() as work:
        print(f"GRPO: {check_grpo(base, rewards, Path(work))}")
    print(f"peak memory: {torch.cuda.max_memory_allocated() / 1e9:.2f} GB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
