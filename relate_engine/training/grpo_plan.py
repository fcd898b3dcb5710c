"""What one RL run is asked: its tasks, its choices, and TRL's configuration made of them.

Leaves out the trainer (grpo.py).
"""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from trl import GRPOConfig

from relate_engine.brief import Angle, Brief, BriefError
from relate_engine.policy.model import device
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.training.credit import Arm


class Task(NamedTuple):
    """What one group writes: a slot of a brief, from one angle, about one point if any."""

    brief: Brief
    slot: str
    angle: Angle
    point: str = ""


@dataclass(frozen=True)
class GrpoPlan:
    """Every choice of a run but the arm; written to the manifest."""

    steps: int = 60  # optimiser steps
    groups: int = 4  # tasks sampled for a step
    generations: int = 8  # G: texts of a group
    tokens: int = 48  # most tokens of a text
    micro_batch: int = 32  # texts of one backward pass; must divide groups · generations
    iterations: int = 1  # optimiser steps on one generation batch
    learning_rate: float = 2e-5
    beta: float = 0.02  # weight of the KL to the starting policy; 0 = none
    epsilon: float = 0.4  # the ratio is clipped to [1 - epsilon, 1 + epsilon]; the int8 copy alone strays by 0.2
    delta: float | None = 4.0  # and to this where the clip does not bound it (a negative advantage)
    loss: str = "dapo"  # how TRL averages over tokens
    mask_truncated: bool = False  # True: texts that did not end are left out of the loss
    rollouts: Literal["int8", "model", "stock"] = "int8"  # int8 copy (CPU only, see runnable), the model, TRL's
    losses: Literal["shared", "stock"] = "shared"
    save_every: int = 10  # steps
    seed: int = 0


def rows_of(tasks: Sequence[Task], plan: GrpoPlan) -> list[dict[str, str]]:
    """The dataset: one row for each group of the run, in the order of the run, pass after pass over the tasks.

    Laid out whole, so that a resumed run meets the same tasks. Raises BriefError for too few tasks.
    """
    different = list(dict.fromkeys(tasks))
    if len(different) < plan.groups:
        raise BriefError(
            f"A step needs {plan.groups} different tasks (brief, slot, angle, point), and there are {len(different)}."
        )
    rng = random.Random(plan.seed)
    wanted = plan.groups * -(-plan.steps // plan.iterations)
    order: list[Task] = []
    while len(order) < wanted:
        order += _pass(different, plan.groups, rng)
    return [
        {
            "prompt": prompt(t.brief, TEMPLATES[t.brief.placement, t.slot], t.angle, t.point),
            "brief": t.brief.model_dump_json(),
            "slot": t.slot,
            "angle": t.angle,
        }
        for t in order[:wanted]
    ]


def _pass(tasks: Sequence[Task], groups: int, rng: random.Random) -> list[Task]:
    """The tasks in chance order, `groups` a step, of one brief and slot where it has so many: an ad's texts are to
    differ from one another, so they must meet. What is left of the briefs makes mixed steps, the last of them filled up
    with others."""
    ads: dict[tuple[Brief, str], list[Task]] = {}
    for task in rng.sample(tasks, len(tasks)):
        ads.setdefault(task[:2], []).append(task)
    steps, rest = [], []
    for ad in ads.values():
        whole = len(ad) // groups * groups
        steps += [ad[i : i + groups] for i in range(0, whole, groups)]
        rest += ad[whole:]
    last = set(rest[len(rest) // groups * groups :])
    if last:
        rest += rng.sample([task for task in tasks if task not in last], groups - len(last))
    steps += [rest[i : i + groups] for i in range(0, len(rest), groups)]
    return [task for step in rng.sample(steps, len(steps)) for task in step]


def runnable(plan: GrpoPlan) -> GrpoPlan:
    """The plan as this machine can run it: int8 copies are for CPUs, so off one the model itself samples."""
    return replace(plan, rollouts="model") if plan.rollouts == "int8" and device().type != "cpu" else plan


def config_of(plan: GrpoPlan, arm: Arm, work: Path, **machine: Any) -> Any:
    """The plan, and the weights of the arm's sentence rewards, as TRL's GRPOConfig. `machine`: see trainer_of."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # as torchrun and accelerate set it
    if plan.groups % processes:
        raise ValueError(f"{processes} processes cannot share {plan.groups} groups evenly; a group stays whole.")
    rows = plan.groups * plan.generations // processes  # texts of a step in each process
    if rows % plan.micro_batch:
        shared = f"{plan.groups} · {plan.generations} texts" + (f" / {processes} processes" if processes > 1 else "")
        raise ValueError(f"micro_batch {plan.micro_batch} does not divide {shared}.")
    return GRPOConfig(
        output_dir=str(work),
        use_cpu=device().type == "cpu",
        bf16=False,
        per_device_train_batch_size=plan.micro_batch,
        gradient_accumulation_steps=rows // plan.micro_batch,
        num_generations=plan.generations,
        max_completion_length=plan.tokens,
        num_iterations=plan.iterations,
        max_steps=plan.steps,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        learning_rate=plan.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=1.0,
        beta=plan.beta,
        epsilon=plan.epsilon,
        delta=plan.delta,
        loss_type=plan.loss,
        reward_weights=list(arm.sentence.values()),
        scale_rewards="group",
        mask_truncated_completions=plan.mask_truncated,
        disable_dropout=True,
        gradient_checkpointing=False,
        shuffle_dataset=False,  # rows_of has
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        save_steps=plan.save_every * plan.iterations,  # never inside a generation batch
        save_total_limit=2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        seed=plan.seed,
        **machine,
    )
