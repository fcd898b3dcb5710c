"""Supervised tuning of a trained adapter on texts that people chose: the first step of a round.

As sft.py (prefix-shared sequences, TRL's SFTTrainer), but from the policy in use instead of a fresh adapter, on few
texts and gently, so that what it knows is kept. One sequence holds the texts of one shown set.
The ladder's start (laxstart.py) is trained by the same `train_on`.
Leaves out: which texts are chosen (round_rows.py) and held-out judging (heldout.py).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import set_seed

from relate_engine.brief import Brief, BriefError
from relate_engine.policy.adapter import knows_points
from relate_engine.policy.memory import keep
from relate_engine.policy.model import load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.snapshot import Wording
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.sft import (
    PrefixSftTrainer,
    Progress,
    SharedPrefixCollator,
    Target,
    encode,
    prefix_config,
    save_adapter,
)


@dataclass(frozen=True)
class TunePlan:
    """Every choice of a run; written to the manifest."""

    epochs: int = 2
    sets_a_step: int = 4
    learning_rate: float = 1e-4
    seed: int = 0


def tune(
    base: str,
    parent: Path,
    chosen: Sequence[tuple[Brief, Sequence[Wording]]],
    out: Path,
    work: Path,
    plan: TunePlan = TunePlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on and writes adapter and manifest to `out`; checkpoints go to `work`.

    With `resume` the run goes on from its last whole checkpoint and ends with the weights it would have had.
    Returns the manifest. Raises BriefError for a parent that does not load.
    """
    rng = random.Random(plan.seed)
    tokenizer = load_tokenizer(base)
    points = knows_points(parent)

    def target(brief: Brief, w: Wording) -> Target:
        template = TEMPLATES[brief.placement, w.slot]
        return Target(template, w.angle, w.text, point_of(brief, w.text, template.aim) if points else "")

    once = [encode(tokenizer, brief, [target(brief, w) for w in texts]) for brief, texts in chosen]
    rows = [row for _ in range(plan.epochs) for row in rng.sample(once, len(once))]
    told = {
        "command": "relate round start",
        "sets": len(chosen),
        "texts": sum(len(texts) for _, texts in chosen),
        "plan": asdict(plan),
    }
    shape = Shape("sft", plan.sets_a_step, plan.learning_rate, plan.seed)
    return train_on(base, parent, tokenizer, rows, shape, out, work, told, report, resume)


@dataclass(frozen=True)
class Shape:
    """How encoded sequences are learned; `kind` begins the version's name."""

    kind: str
    a_step: int  # sequences
    learning_rate: float
    seed: int


def train_on(
    base: str,
    parent: Path,
    tokenizer: Any,
    rows: Sequence[dict[str, list[int]]],
    shape: Shape,
    out: Path,
    work: Path,
    told: dict[str, Any],
    report: Callable[[int, int, float], None],
    resume: bool = False,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on `rows` (sft.encode), in their order, and writes it to `out`.

    `told` goes into the manifest, which is returned. Raises BriefError for a parent that does not load or checkpoints
    of another run.
    """
    keep()
    set_seed(shape.seed)
    model, state = put_adapter(load_nf4(base, training_dtype()), parent, base, trainable=True)
    if not state.trained:
        raise BriefError(f"Training on needs a trained writer to start from: {state.problem}.")
    before = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}
    steps = -(-len(rows) // shape.a_step)
    trainer = PrefixSftTrainer(
        model=model,
        args=prefix_config(
            work,
            shape.a_step,
            shape.learning_rate,
            steps // 10,
            shape.seed,
            save_steps=max(1, steps // 4),
            logging_steps=1,
        ),
        train_dataset=Dataset.from_list(list(rows)),
        data_collator=SharedPrefixCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[Progress(report)],
    )
    for name, parameter in model.named_parameters():
        if name in before:  # TRL casts LoRA to bfloat16, in which small updates round away
            parameter.data = before[name]
    run = {"parent": state.version, "shape": asdict(shape), "rows": fingerprint(rows)}
    trainer.train(resume_from_checkpoint=goes_on_from(work, run, resume))
    return save_adapter(model, base, out, shape.kind, {"parent": state.version} | told, state.points)
