"""One GRPO step of RelateTrainer against stock TRL: same model, settings, tasks and rewards, in the same process.

4 briefs × 8 texts of at most 32 tokens on the default base in NF4 with a fresh LoRA of rank 16; ours includes the
refresh of the int8 copy. The two run one after the other, and the first step of each warms up. A fresh LoRA is the
base itself, whose texts rarely end, so both sides work on about 32 tokens a text; `--writer` takes the shipped adapter
instead, whose texts end by themselves. Run on an idle machine: `python -m tests.benchmarks.grpo`.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import TrainerCallback
from trl import GRPOTrainer

from relate_engine.config import ASSETS, WRITER, settings
from relate_engine.policy.memory import keep
from relate_engine.policy.model import load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.weights import policy_folder
from relate_engine.scorecard import Scorecard
from relate_engine.training.corpus import read_corpus
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import trainer_of
from relate_engine.training.grpo_plan import GrpoPlan, Task, config_of, rows_of
from relate_engine.training.judge import Judge, Sampled
from tests.cards import card

PLAN = GrpoPlan(groups=4, generations=8, tokens=32, micro_batch=32, save_every=1000)


def score(asked: list[Sampled]) -> list[Scorecard]:
    """A reward that costs nothing: how many words of the brief a text holds."""
    return [card(s.text, sum(w in s.brief.facts for w in s.text.split()) / len(s.text.split())) for s in asked]


class Clock(TrainerCallback):
    """Seconds of each optimiser step, generation included."""

    def __init__(self) -> None:
        self.begun, self.steps = 0.0, list[float]()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.begun = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.steps.append(time.perf_counter() - self.begun)
        self.begun = time.perf_counter()


def model_of(folder: str, writer: bool) -> Any:
    base = load_nf4(folder, training_dtype())
    if writer:
        return put_adapter(base, WRITER, folder, trainable=True)[0]
    torch.manual_seed(0)
    return get_peft_model(base, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))


def ours(model: Any, tokenizer: Any, tasks: list[Task], plan: GrpoPlan, work: Path) -> Any:
    return trainer_of(model, tokenizer, tasks, ARMS["relate"], score, work / "relate", plan)


def stock(model: Any, tokenizer: Any, tasks: list[Task], plan: GrpoPlan, work: Path) -> Any:
    """TRL's GRPOTrainer itself, with the same configuration and rewards."""
    judge = Judge(ARMS["relate"], score, tokenizer, [tokenizer.eos_token_id], plan.generations)
    return GRPOTrainer(
        model=model,
        reward_funcs=judge.reward_functions(),
        args=config_of(plan, ARMS["relate"], work / "stock"),
        train_dataset=Dataset.from_list(rows_of(tasks, plan)),
        processing_class=tokenizer,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each, after one to warm up")
    parser.add_argument("--writer", action="store_true", help="start from the shipped adapter")
    given = parser.parse_args()
    keep()
    folder = policy_folder("smollm2", settings().cache)
    tokenizer = load_tokenizer(folder)
    briefs = [
        e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "train" and e.brief.placement != "meta_feed"
    ]
    tasks = [Task(b, "headline", "benefit") for b in briefs[:8]]
    plan = replace(PLAN, steps=given.steps + 1)
    seconds: dict[str, list[float]] = {}
    lengths: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as work:
        for name, make in (("relate", ours), ("stock TRL", stock)):
            trainer, clock = make(model_of(folder, given.writer), tokenizer, tasks, plan, Path(work)), Clock()
            trainer.add_callback(clock)
            trainer.train()
            seconds[name] = clock.steps[1:]
            logged = [h["completions/mean_length"] for h in trainer.state.log_history if "reward" in h]
            lengths[name] = statistics.mean(logged[1:])
            del trainer
    fast, slow = (statistics.median(v) for v in seconds.values())
    print(
        json.dumps(
            {
                "threads": torch.get_num_threads(),
                "products in": str(training_dtype()),
                "start": "writer" if given.writer else "fresh LoRA, r = 16",
                **{f"{n} s/step (median)": round(statistics.median(v), 2) for n, v in seconds.items()},
                **{f"{n} s/step": [round(s, 2) for s in v] for n, v in seconds.items()},
                **{f"{n} tokens a text": round(v, 1) for n, v in lengths.items()},
                "ratio (of medians)": round(slow / fast, 2),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
