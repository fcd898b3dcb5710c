"""RelateTrainer: group-relative policy optimisation with credit to the words that earned it.

TRL's GRPOTrainer, pinned, with three overrides and no loop of our own:
    _generate_single_turn                  rollouts: all groups at once, on the int8 copy (rollouts.py)
    _generate_and_score_completions        advantages of shape (B, T): sentence plus token credit (credit.py)
    _get_per_token_logps_and_entropies     losses: each prompt computed once (sharedloss.py)
The loss is TRL's: the clipped ratio times the advantage, plus β · KL to the policy that the round started from (TRL
keeps it as the frozen adapter `ref`). With the sampler's own log-probabilities the ratio is π_θ / π_sampler, so it
also corrects for the int8 copy being slightly off π_θ; `delta` bounds it where the clip does not.
Leaves out: where rewards come from (`score` is given), evaluation and gates, shared losses in
several processes. Under torchrun a step's groups are shared out, each whole, and gradients are averaged (DDP).
Paper: RELATE (arXiv 2602.11780): GRPO from an SFT policy; GRPO: arXiv 2402.03300.
"""

import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import TrainerCallback, set_seed
from trl import GRPOConfig, GRPOTrainer

from relate_engine.brief import Angle, Brief, BriefError
from relate_engine.policy.int8 import Int8Twin
from relate_engine.policy.memory import keep
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.training.checkpoint import last_checkpoint
from relate_engine.training.credit import Arm, advantages
from relate_engine.training.judge import DEFINITION, Judge, Score
from relate_engine.training.rollouts import completions_of
from relate_engine.training.samples import FILE as SAMPLES
from relate_engine.training.samples import group_of, is_kept, keep_group
from relate_engine.training.sft import save_adapter
from relate_engine.training.sharedloss import shared_logps
from relate_engine.training.steplog import FILE as STEPS
from relate_engine.training.steplog import ends_of, write_steps


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


class RelateTrainer(GRPOTrainer):
    """See this file's docstring. `plan`, `judge` and `samples` (the file) are set by `trainer_of`."""

    plan: GrpoPlan
    judge: Judge
    samples: Path
    twin: Int8Twin | None = None

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: dict[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        """Ids of one completion for each of B prompts, and the sampler's log-probabilities of them.

        The generator is derived from the step, so that a resumed run samples what the first would have.
        """
        if self.plan.rollouts == "stock":
            made: tuple[list[list[int]], list[list[float]] | None] = super()._generate_single_turn(
                prompt_ids, images, multimodal_fields, num_generations, has_tool_images
            )
            return made
        model = self.accelerator.unwrap_model(self.model)
        if self.plan.rollouts == "int8":
            self.twin = self.twin or Int8Twin(model)
            self.twin.refresh()
            sampler = self.twin.model
        else:
            sampler = _causal(model)
        seed = (self.plan.seed * 1_000_003 + self.state.global_step) * 1_009 + self.accelerator.process_index
        generator = torch.Generator().manual_seed(seed)
        return completions_of(
            sampler,
            prompt_ids,
            self.max_completion_length,
            frozenset(self.eos_token_ids),
            generator,
        )

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """TRL's batch with `advantages` of shape (B, T), and the sampler as the old policy where it is known.

        Of some batches the first group is kept to be looked at (samples.py).
        """
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        mask, sentence = output["completion_mask"], output["advantages"]
        z, counted = (x.to(mask.device) for x in self.judge.credits(mask.shape[1]))
        counted &= mask.bool()
        group = self.num_generations if self.model.training else self.num_generations_eval
        output["advantages"] = advantages(sentence, z, counted, mask, group, self.judge.arm)
        done = self.state.global_step
        if (
            self.model.training
            and self.accelerator.is_main_process
            and is_kept(done, self.plan.steps, self.plan.iterations)
        ):
            own = (output["advantages"] - sentence[:, None]) * counted
            sampled = group_of(done + 1, inputs[0], self.judge, sentence[:group].tolist(), own[:group].tolist())
            keep_group(sampled, self.samples)
        if "sampling_per_token_logps" in output:
            output["old_per_token_logps"] = output.pop("sampling_per_token_logps")
        return output

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **multimodal: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """(B, T) log-probabilities and entropies of the completions; `input_ids` is (B, P + T)."""
        if self.plan.losses == "stock":
            stock: tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None] = (
                super()._get_per_token_logps_and_entropies(
                    model,
                    input_ids,
                    attention_mask,
                    logits_to_keep,
                    batch_size=batch_size,
                    compute_entropy=compute_entropy,
                    compute_aux_loss=compute_aux_loss,
                    **multimodal,
                )
            )
            return stock
        causal, pad = _causal(self.accelerator.unwrap_model(model)), self._tokenizer.pad_token_id
        size = batch_size or len(input_ids)
        parts = []
        for start in range(0, len(input_ids), size):
            rows = slice(start, start + size)
            with self.accelerator.autocast():
                parts.append(
                    shared_logps(causal, input_ids[rows], attention_mask[rows], logits_to_keep, self.temperature, pad)
                )
        logps, entropies = (torch.cat(x) for x in zip(*parts, strict=True))
        return logps, entropies if compute_entropy else None, None


def _causal(model: Any) -> Any:
    return model.get_base_model() if isinstance(model, PeftModel) else model


class _Report(TrainerCallback):
    """Hands on (steps done, steps in all, TRL's metrics of the step), and keeps all steps so far in a file."""

    def __init__(self, report: Callable[[int, int, dict[str, float]], None], texts: int, steps: Path) -> None:
        self.report, self.texts, self.steps = report, texts, steps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs and "reward" in logs:
            if state.is_world_process_zero:
                write_steps(state.log_history, self.texts, self.steps)
            self.report(state.global_step, state.max_steps, {k: v for k, v in logs.items() if v is not None})


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
    while len(order) < wanted:  # whole steps of a pass over the tasks, so that no step holds a task twice
        order += rng.sample(different, len(different) // plan.groups * plan.groups)
    return [
        {
            "prompt": prompt(t.brief, TEMPLATES[t.brief.placement, t.slot], t.angle, t.point),
            "brief": t.brief.model_dump_json(),
            "slot": t.slot,
            "angle": t.angle,
        }
        for t in order[:wanted]
    ]


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


def trainer_of(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[Task],
    arm: Arm,
    score: Score,
    work: Path,
    plan: GrpoPlan,
    report: Callable[[int, int, dict[str, float]], None] = lambda done, total, metrics: None,
    **machine: Any,
) -> RelateTrainer:
    """A RelateTrainer ready to train `model`, whose adapter it keeps in float32 (TRL casts it to bfloat16).

    `machine`: options of GRPOConfig that are about where it runs and not about what is learned, such as vLLM's.
    """
    judge = Judge(arm, score, tokenizer, [tokenizer.eos_token_id], plan.generations)
    before = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}
    trainer = RelateTrainer(
        model=model,
        reward_funcs=judge.reward_functions(),
        args=config_of(plan, arm, work, **machine),
        train_dataset=Dataset.from_list(rows_of(tasks, plan)),
        processing_class=tokenizer,
        callbacks=[_Report(report, plan.groups * plan.generations, work / STEPS)],
    )
    for name, parameter in model.named_parameters():
        if name in before:  # small updates round away in bfloat16
            parameter.data = before[name]
    if plan.losses == "shared" and trainer.accelerator.num_processes > 1:
        raise ValueError("Shared losses run in one process; set losses to 'stock' for several.")
    judge.ends = frozenset(trainer.eos_token_ids)
    trainer.plan, trainer.judge, trainer.samples = plan, judge, work / SAMPLES
    return trainer


def train_grpo(
    base: str,
    parent: Path,
    tasks: Sequence[Task],
    arm: Arm,
    score: Score,
    out: Path,
    work: Path,
    plan: GrpoPlan = GrpoPlan(),
    report: Callable[[int, int, dict[str, float]], None] = lambda done, total, metrics: None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on and writes adapter and manifest to `out`; checkpoints go to `work`.

    `score` judges texts in batches (judge.py). With `resume` the run goes on from its last whole checkpoint and ends
    with the weights it would have had. Returns the manifest. Raises BriefError for a parent that does not load or
    too few tasks, RewardError when nothing can be scored.
    """
    keep()
    plan = runnable(plan)
    set_seed(plan.seed)
    tokenizer = load_tokenizer(base)
    model, state = put_adapter(load_nf4(base, training_dtype()), parent, base, trainable=True)
    if not state.trained:
        raise BriefError(f"Rewards need a trained writer to start from: {state.problem}.")
    if not state.points:
        tasks = [task._replace(point="") for task in tasks]
    trainer = trainer_of(model, tokenizer, tasks, arm, score, work, plan, report)
    trainer.train(resume_from_checkpoint=last_checkpoint(work) if resume else None)
    logged = [h for h in trainer.state.log_history if "reward" in h]
    manifest = {
        "command": "relate train grpo",
        "parent": state.version,
        "tasks": len(tasks),
        "arm": asdict(arm),
        "plan": asdict(plan),
        "reward": ends_of(logged),
        "reward_definition": DEFINITION,
    }
    if trainer.accelerator.is_main_process:
        manifest = save_adapter(model, base, out, "relate", manifest, state.points)
        write_steps(logged, plan.groups * plan.generations, out / STEPS)
        if trainer.samples.exists():  # not where a run from before there was this file had only its end left
            shutil.copyfile(trainer.samples, out / SAMPLES)
    trainer.accelerator.wait_for_everyone()
    return manifest
