"""RelateTrainer: group-relative policy optimisation with credit to the words that earned it.

TRL's GRPOTrainer, pinned, with three overrides and no loop of our own:
    _generate_single_turn                  rollouts: all groups at once, on the int8 copy (rollouts.py)
    _generate_and_score_completions        advantages of shape (B, T): sentence plus token credit (credit.py)
    _get_per_token_logps_and_entropies     losses: each prompt computed once (sharedloss.py)
The loss is TRL's: the clipped ratio times the advantage, plus β · KL to the policy that this training started from (TRL
keeps it as the frozen adapter `ref`; in a round that is the writer after its tuning and preferences, so that it is held
to what people taught it). With the sampler's own log-probabilities the ratio is π_θ / π_sampler, so it also corrects
for the int8 copy being slightly off π_θ; `delta` bounds it where the clip does not.
Leaves out: where rewards come from (`score` is given), evaluation and gates, shared losses in
several processes. Under torchrun a step's groups are shared out, each whole, and gradients are averaged (DDP).
Paper: RELATE (arXiv 2602.11780): GRPO from an SFT policy; GRPO: arXiv 2402.03300.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import TrainerCallback, set_seed
from trl import GRPOTrainer

from relate_engine.brief import BriefError
from relate_engine.policy.int8 import Int8Twin
from relate_engine.policy.memory import keep
from relate_engine.policy.model import load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.credit import Arm, advantages
from relate_engine.training.grpo_plan import GrpoPlan, Task, config_of, rows_of, runnable
from relate_engine.training.judge import DEFINITION, Judge, Score
from relate_engine.training.kto import adds_nothing
from relate_engine.training.rollouts import completions_of
from relate_engine.training.samples import FILE as SAMPLES
from relate_engine.training.samples import group_of, is_kept, keep_group
from relate_engine.training.sft import save_adapter
from relate_engine.training.sharedloss import shared_logps
from relate_engine.training.steplog import FILE as STEPS
from relate_engine.training.steplog import ends_of, write_steps


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
    rows = rows_of(tasks, plan)
    before = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}
    trainer = RelateTrainer(
        model=model,
        reward_funcs=judge.reward_functions(),
        args=config_of(plan, arm, work, **machine),
        train_dataset=Dataset.from_list(rows),
        processing_class=adds_nothing(tokenizer, [row["prompt"] for row in rows]),
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
    with the weights it would have had. Returns the manifest. Raises BriefError for a parent that does not load,
    too few tasks or checkpoints of another run, RewardError when nothing can be scored.
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
    run = {
        "parent": state.version,
        "arm": asdict(arm),
        "plan": asdict(plan),
        "reward_definition": DEFINITION,
        "rows": fingerprint(rows_of(tasks, plan)),
    }
    trainer.train(resume_from_checkpoint=goes_on_from(work, run, resume, trainer.accelerator.is_main_process))
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
