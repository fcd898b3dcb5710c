"""Supervised fine-tuning of the NF4 base on the corpus: the warm start that every round begins from.

TRL's SFTTrainer, completion-only loss. All texts of a brief are trained in one sequence: the brief once,
then one branch for each text (slot line, angle line, point line, completion). A branch sees the brief and itself, at
the positions it would have alone, so the loss equals that of separate sequences at about a third of the
tokens; serving shares the same prefix. Each epoch sees a brief with its optional fields dropped or
reordered anew, because advertisers leave them out.
Leaves out: preferences and RL. (RELATE, arXiv 2602.11780: GRPO starts from an SFT policy.)
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

from relate_engine.brief import Angle, Brief, BriefError
from relate_engine.policy.memory import keep
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import Template, brief_lines, request_lines
from relate_engine.policy.weights import base_checksum, sha256
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.corpus import CorpusText, Entry, template_for, training_entries

IGNORE = -100
PLAIN = 0.15  # share of texts that are asked for without their point


@dataclass(frozen=True)
class SftPlan:
    """Every choice of a run; written to the manifest."""

    epochs: int = 2
    briefs_a_step: int = 4
    texts_a_brief: int | None = None  # drawn anew in each epoch, two thirds of them short headlines; None: all
    learning_rate: float = 5e-4
    rank: int = 32
    alpha: int = 64
    validation: int = 16  # training briefs kept aside to watch the loss
    seed: int = 0


def vary(entry: Entry, rng: random.Random) -> tuple[Brief, tuple[CorpusText, ...]]:
    """The brief with optional fields dropped or reordered, and the texts that this version still supports."""
    brief, used = entry.brief, {u.split("[")[0] for t in entry.texts for u in t.uses}
    change: dict[str, Any] = {"benefits": tuple(rng.sample(brief.benefits, len(brief.benefits)))}
    for name in ("tone", "vertical", "audience"):
        if name not in used and rng.random() < 0.3:
            change[name] = ""
    texts = list(entry.texts)
    rng.shuffle(texts)
    return brief.model_copy(update=change), tuple(texts)


def draw(texts: Sequence[CorpusText], count: int | None) -> tuple[CorpusText, ...]:
    """The first `count` of the texts, two thirds of them short headlines where there are as many; None: all."""
    if count is None:
        return tuple(texts)
    heads = [t for t in texts if t.slot == "headline_30"][: -(-2 * count // 3)]
    others = [t for t in texts if t.slot != "headline_30"][: count - len(heads)]
    return (*heads, *others)


@dataclass(frozen=True)
class Target:
    """One text to learn, as the prompt asks for it."""

    template: Template
    angle: Angle
    text: str
    point: str = ""


def targets_of(brief: Brief, texts: Sequence[CorpusText], rng: random.Random) -> list[Target]:
    """The texts with their points; one in PLAIN is asked for without, so that the writer also chooses for itself."""
    found = [Target(template_for(t), t.angle, t.text, point_of(brief, t.text, template_for(t).aim)) for t in texts]
    return [replace(t, point="") if rng.random() < PLAIN else t for t in found]


def encode(tokenizer: Any, brief: Brief, targets: Sequence[Target]) -> dict[str, list[int]]:
    """One prefix-shared sequence: token ids, labels, positions and the branch of each token (0 = the brief)."""
    prefix = tokenizer.encode(brief_lines(brief), add_special_tokens=False)
    ids, labels = list(prefix), [IGNORE] * len(prefix)
    positions, branches = list(range(len(prefix))), [0] * len(prefix)
    for number, target in enumerate(targets, 1):
        request = tokenizer.encode(request_lines(target.template, target.angle, target.point), add_special_tokens=False)
        answer = [*tokenizer.encode(target.text, add_special_tokens=False), tokenizer.eos_token_id]
        ids += request + answer
        labels += [IGNORE] * len(request) + answer
        positions += range(len(prefix), len(prefix) + len(request) + len(answer))
        branches += [number] * (len(request) + len(answer))
    return {"input_ids": ids, "labels": labels, "positions": positions, "branches": branches}


class SharedPrefixCollator:
    """Pads to the longest of B sequences and builds the (B, 1, T, T) mask: causal, own branch or the brief."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        longest = max(len(r["input_ids"]) for r in rows)

        def pad(name: str, value: int) -> torch.Tensor:
            return torch.tensor([r[name] + [value] * (longest - len(r[name])) for r in rows])

        branch = pad("branches", -1)
        same = (branch[:, :, None] == branch[:, None, :]) | (branch[:, None, :] == 0)
        causal = torch.ones(longest, longest, dtype=torch.bool).tril()
        return {
            "input_ids": pad("input_ids", self.pad_id),
            "labels": pad("labels", IGNORE),
            "position_ids": pad("positions", 0),
            "attention_mask": (same & causal)[:, None],
        }


class PrefixSftTrainer(SFTTrainer):
    """SFTTrainer whose LM head sees only the labelled positions (TRL does so on a GPU only): 1.5 × on a CPU."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean negative log-likelihood of the labelled tokens; a scalar. `num_items_in_batch`: those of the step."""
        labels = inputs["labels"][:, 1:]
        causal = model.get_base_model()
        hidden = causal.model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            position_ids=inputs["position_ids"],
            use_cache=False,
        ).last_hidden_state[:, :-1]
        labelled = labels != IGNORE
        logits = causal.lm_head(hidden[labelled]).float()  # (labelled tokens, vocabulary)
        loss = torch.nn.functional.cross_entropy(logits, labels[labelled], reduction="sum")
        loss = loss / (labelled.sum() if num_items_in_batch is None else num_items_in_batch)
        return (loss, {"loss": loss}) if return_outputs else loss


def prefix_config(work: Path, batch: int, rate: float, warmup: int, seed: int, **more: Any) -> SFTConfig:
    """TRL's settings for one pass over prefix-shared sequences, `batch` of them a step, in the order given; one
    by one, which leaves a step's gradients as they are and takes the memory of one sequence."""
    return SFTConfig(
        output_dir=str(work),
        use_cpu=device().type == "cpu",
        bf16=False,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=batch,
        num_train_epochs=1,
        learning_rate=rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, warmup),
        weight_decay=0.0,
        max_grad_norm=1.0,
        gradient_checkpointing=False,
        max_length=None,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
        train_sampling_strategy="sequential",
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        **more,
    )


class Progress(TrainerCallback):
    """Reports (done, total, loss) after each logged step."""

    def __init__(self, report: Callable[[int, int, float], None]) -> None:
        self.report = report

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.report(state.global_step, state.max_steps, logs["loss"])


def train_sft(
    base: str,
    entries: Sequence[Entry],
    corpus_sha256: str,
    out: Path,
    work: Path,
    plan: SftPlan = SftPlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
    resume: bool = False,
    parent: Path | None = None,
) -> dict[str, Any]:
    """Train on the `train` split and write adapter and manifest to `out`; checkpoints go to `work`.

    `parent`: an adapter to train on; a fresh one without. Returns the manifest. `report(steps done, steps in all,
    loss)` is called every few steps. Raises BriefError for a parent that does not load or
    checkpoints of another run.
    """
    if plan.epochs < 1 or (plan.texts_a_brief is not None and plan.texts_a_brief < 1):
        raise BriefError("Passes over the corpus and texts of a brief are whole numbers of at least 1.")
    keep()
    set_seed(plan.seed)
    rng = random.Random(plan.seed)
    train = training_entries(entries)
    rng.shuffle(train)
    validation, train = train[: plan.validation], train[plan.validation :]
    tokenizer = load_tokenizer(base)
    rows = []
    for _ in range(plan.epochs):  # an epoch is a fresh variation of every brief, so Trainer runs it all once
        for entry in rng.sample(train, len(train)):
            brief, texts = vary(entry, rng)
            rows.append(encode(tokenizer, brief, targets_of(brief, draw(texts, plan.texts_a_brief), rng)))
    held = [encode(tokenizer, e.brief, targets_of(e.brief, e.texts, rng)) for e in validation]

    model: Any = load_nf4(base, training_dtype())
    if parent:
        model, state = put_adapter(model, parent, base, trainable=True)
        if not state.trained:
            raise BriefError(f"Training on needs a trained writer to start from: {state.problem}.")
    else:
        shape = LoraConfig(r=plan.rank, lora_alpha=plan.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(model, shape)
    steps = len(rows) // plan.briefs_a_step
    trainer = PrefixSftTrainer(
        model=model,
        args=prefix_config(
            work,
            plan.briefs_a_step,
            plan.learning_rate,
            steps // 20,
            plan.seed,
            per_device_eval_batch_size=plan.briefs_a_step,
            eval_strategy="steps",
            eval_steps=max(1, steps // plan.epochs),
            save_steps=max(1, steps // 8),
            logging_steps=5,
        ),
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(held),
        data_collator=SharedPrefixCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[Progress(report)],
    )
    for parameter in model.parameters():  # TRL casts LoRA to bfloat16, in which small updates round away
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    given = {"parent": json.loads((parent / "manifest.json").read_text("utf-8"))} if parent else {}
    run = given | {"plan": asdict(plan), "rows": fingerprint(rows)}
    trainer.train(resume_from_checkpoint=goes_on_from(work, run, resume))
    losses = [h["eval_loss"] for h in trainer.state.log_history if "eval_loss" in h]

    manifest = {
        "command": command_of(plan, parent),
        **given,
        "data_sha256": corpus_sha256,
        "briefs": len(train),
        "texts": sum(len(e.texts) for e in train),
        "validation_loss_by_epoch": [round(x, 4) for x in losses],
        "plan": plan.__dict__,
    }
    return save_adapter(model, base, out, "sft", manifest, points=True)


def command_of(plan: SftPlan, parent: Path | None) -> str:
    """The shell command that makes the run: every choice that differs from the default."""
    said, default = "relate train sft" + (" --from PARENT" if parent else ""), SftPlan()
    for option, name in (("texts", "texts_a_brief"), ("epochs", "epochs"), ("rate", "learning_rate"), ("seed", "seed")):
        value = getattr(plan, name)
        said += f" --{option} {value:g}" if value != getattr(default, name) else ""
    return said


def save_adapter(model: Any, base: str, out: Path, kind: str, manifest: dict[str, Any], points: bool) -> dict[str, Any]:
    """Writes the adapter in bfloat16 and its manifest (`manifest` with version, base, checksums and licence added).
    `points`: whether it was asked about points of the brief (policy/points.py)."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)
    out.mkdir(parents=True, exist_ok=True)
    model.peft_config["default"].base_model_name_or_path = Path(base).name  # not a path of this machine
    model.save_pretrained(str(out), safe_serialization=True, selected_adapters=["default"])
    (out / "README.md").unlink(missing_ok=True)
    weights = sha256(out / "adapter_model.safetensors")
    whole = {
        "version": f"{kind}-{weights[:8]}",
        "base": Path(base).name,
        "base_sha256": base_checksum(base),
        "sha256": weights,
        "points": points,
        **manifest,
        "licence": "Apache-2.0",
    }
    (out / "manifest.json").write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
    return whole
