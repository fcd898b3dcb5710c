"""Preferences from single verdicts: texts that were picked or rejected with nothing to hold them against.

Where no slot of a shown set holds both a chosen text and another one, there are no pairs to learn from
(preferences.py). KTO (arXiv 2402.01306) needs none. With r = log π(y | x) - log π_0(y | x), π_0 the policy this
training starts from, and z = max(0, the batch's mean of r over completions put to each other's prompts), not
differentiated,
    picked      weight · (1 - σ(β (r - z)))
    rejected    weight · (1 - σ(β (z - r)))
and the loss is their mean. The rarer sign is weighted up so that both weigh the same in all (the paper's Eq. 8 allows
1 to 4/3 times that for picks).
TRL's KTOTrainer, on the NF4 model with its adapter; TRL keeps π_0 as the frozen adapter `ref`. Its rows are whole
prompts: at a few hundred verdicts sharing prefixes would save little.
Leaves out: which verdicts are single (round_rows.py).
"""

import random
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import set_seed
from trl import KTOConfig, KTOTrainer

from relate_engine.brief import BriefError
from relate_engine.policy.memory import keep
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.snapshot import Single
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.sft import Progress, save_adapter


@dataclass(frozen=True)
class KtoPlan:
    """Every choice of a run; written to the manifest."""

    epochs: int = 4
    texts_a_step: int = 8  # two at least: z is estimated inside a batch
    learning_rate: float = 1e-4
    beta: float = 0.1
    seed: int = 0


def weights_of(picked: int, rejected: int) -> tuple[float, float]:
    """(weight of a pick, of a rejection): the more frequent sign has 1, and both the same in all."""
    most = max(picked, rejected)
    return most / picked, most / rejected


def rows_of(singles: Sequence[Single], points: bool) -> list[dict[str, Any]]:
    """As KTOTrainer reads them; it adds the EOS. `points`: each is asked for by the point it speaks of."""
    rows = []
    for s in singles:
        template = TEMPLATES[s.brief.placement, s.wording.slot]
        about = point_of(s.brief, s.wording.text, template.aim) if points else ""
        asked = prompt(s.brief, template, s.wording.angle, about)
        rows.append({"prompt": asked, "completion": s.wording.text, "label": s.picked})
    return rows


def adds_nothing(tokenizer: Any, prompts: Iterable[str]) -> Any:
    """The tokenizer as TRL's own tokenisation is to have it: a copy that adds no special tokens unless it is told to.

    SFT, DPO, judging and serving put none before a prompt, and many bases' tokenizers (Llama's, Gemma's) would add a
    BOS. One that adds none is given back as it is. Raises BriefError if a prompt still becomes other tokens."""

    def same(candidate: Any) -> bool:
        return all(candidate(p)["input_ids"] == tokenizer.encode(p, add_special_tokens=False) for p in asked)

    asked = dict.fromkeys(prompts)
    if same(tokenizer):
        return tokenizer
    kind = type(tokenizer)

    def call(self: Any, *args: Any, add_special_tokens: bool = False, **more: Any) -> Any:
        return kind.__call__(self, *args, add_special_tokens=add_special_tokens, **more)

    bare = deepcopy(tokenizer)
    bare.__class__ = type(kind.__name__, (kind,), {"__call__": call})
    if not same(bare):
        raise BriefError(
            "The base's tokenizer puts tokens of its own around a prompt even when told not to, so it would train on "
            "other prompts than it is served; use another base."
        )
    return bare


def train_kto(
    base: str,
    parent: Path,
    singles: Sequence[Single],
    out: Path,
    work: Path,
    plan: KtoPlan = KtoPlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on and writes adapter and manifest to `out`; checkpoints go to `work`.

    With `resume` the run goes on from its last whole checkpoint and ends with the weights it would have had.
    Returns the manifest. Raises BriefError where one sign is missing, the parent does not load, or the
    checkpoints are of another run.
    """
    picked = sum(s.picked for s in singles)
    if not 0 < picked < len(singles):
        raise BriefError(f"KTO needs picks and rejections; there are {picked} and {len(singles) - picked}.")
    keep()
    set_seed(plan.seed)
    rng = random.Random(plan.seed)
    tokenizer = load_tokenizer(base)
    model, state = put_adapter(load_nf4(base, training_dtype()), parent, base, trainable=True)
    if not state.trained:
        raise BriefError(f"Preferences need a trained writer to start from: {state.problem}.")
    once = rows_of(singles, state.points)
    rows = [row for _ in range(plan.epochs) for row in rng.sample(once, len(once))]
    rows = rows[: max(1, len(rows) // plan.texts_a_step) * plan.texts_a_step]  # no batch of one text
    trainer = trainer_of(model, tokenizer, rows, weights_of(picked, len(singles) - picked), work, plan, report)
    run = {"parent": state.version, "plan": asdict(plan), "rows": fingerprint(rows)}
    trainer.train(resume_from_checkpoint=goes_on_from(work, run, resume))
    manifest = {
        "command": "relate round start",
        "parent": state.version,
        "picked": picked,
        "rejected": len(singles) - picked,
        "plan": asdict(plan),
    }
    return save_adapter(model, base, out, "kto", manifest, state.points)


def trainer_of(
    model: Any,
    tokenizer: Any,
    rows: Sequence[dict[str, Any]],
    weights: tuple[float, float],
    work: Path,
    plan: KtoPlan,
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> KTOTrainer:
    """TRL's trainer over the rows in their order, the adapter in float32."""
    before = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}
    steps = max(1, len(rows) // plan.texts_a_step)
    trainer = KTOTrainer(
        model=model,
        args=KTOConfig(
            output_dir=str(work),
            use_cpu=device().type == "cpu",
            bf16=False,
            beta=plan.beta,
            desirable_weight=weights[0],
            undesirable_weight=weights[1],
            per_device_train_batch_size=plan.texts_a_step,
            num_train_epochs=1,
            learning_rate=plan.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=max(1, steps // 10),
            weight_decay=0.0,
            max_grad_norm=1.0,
            gradient_checkpointing=False,
            max_length=None,
            train_sampling_strategy="sequential",
            dataloader_pin_memory=False,
            save_steps=max(1, steps // 4),
            save_total_limit=2,
            logging_steps=2,
            report_to="none",
            disable_tqdm=True,
            seed=plan.seed,
        ),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=adds_nothing(tokenizer, [row["prompt"] for row in rows]),
        callbacks=[Progress(report)],
    )
    for name, parameter in model.named_parameters():
        if name in before:  # TRL has cast the adapter to bfloat16, in which small updates round away
            parameter.data = before[name]
    return trainer
