"""Preference training: the policy is moved towards texts an editor passed and away from those it failed.

Direct preference optimisation (arXiv 2305.18290) over judged texts, in the layout of sft.py: all judged texts of
a brief are branches of one sequence, so the brief is computed once and not twice a pair. With
    r_i = beta · (log π(y_i | x_i) - log π_0(y_i | x_i))        π_0 = the policy this training starts from
x_i = the brief, slot and angle, and where the policy knows points what y_i was asked about, or else speaks of: the two
prompts of a pair may differ in it, so it is which of two asked-for texts is better, not which answer to one prompt;
a brief of passed texts P and failed texts F, paired inside a slot, has
    loss = mean over (i in P, j in F, same slot) of -log σ(r_i - r_j)  +  anchor · NLL(P) a token
Pairs may be given with weights w instead (round_lessons.py); the mean is then Σ w (-log σ) / max(1, Σ w), so that weak
pairs alone move a brief little.
The anchor keeps passed texts likely in themselves, not only likelier than failed ones (arXiv 2404.19733).
A passed text without a failed one in its slot teaches through the anchor alone; a lone failed one not at all.
Leaves out: where judgements come from, and RL (grpo.py).
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed

from relate_engine.brief import Brief, BriefError, width
from relate_engine.judging import Judged
from relate_engine.policy.memory import keep
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.points import half_empty, point_of
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.snapshot import product_of
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.sft import (
    IGNORE,
    PrefixSftTrainer,
    Progress,
    SharedPrefixCollator,
    Target,
    encode,
    prefix_config,
    save_adapter,
)

MOST, FAILED = 12, 4  # texts of a slot of a shown set that are learned from; failed ones of them at least


@dataclass(frozen=True)
class PreferencePlan:
    """Every choice of a run; written to the manifest."""

    epochs: int = 1
    briefs_a_step: int = 4
    learning_rate: float = 3e-4
    beta: float = 0.1
    anchor: float = 0.3
    validation: int = 12  # briefs or shown sets kept aside: how often the passed of a pair gains on the failed
    seed: int = 0


def pairs_of(judged: Sequence[Judged]) -> list[tuple[int, int]]:
    """(passed, failed) index pairs of texts for the same slot of the same placement."""
    return [
        (i, j)
        for i, good in enumerate(judged)
        for j, bad in enumerate(judged)
        if good.passed and not bad.passed and (good.placement, good.slot) == (bad.placement, bad.slot)
    ]


def worth_learning(judged: Judged) -> bool:
    """A passed text of one short sentence is no model where the slot is asked about two points (where it is known what
    it was asked): a policy that learns from it says ever less."""
    thin = half_empty(width(judged.text), TEMPLATES[judged.placement, judged.slot].aim)
    return not (judged.passed and thin and judged.point is not None)


def kept_aside(briefs: Sequence[Brief], most: int) -> set[str]:
    """The products whose briefs are not learned from: whole ones, first come first, that hold `most` of the briefs at
    most. Several sets of a round may share a brief, and a gain on a brief that was learned from proves nothing."""
    aside, left = set[str](), most
    for product, size in Counter(map(product_of, briefs)).items():
        if size <= left:
            aside.add(product)
            left -= size
    return aside


class Collator(SharedPrefixCollator):
    """As in SFT, with each sequence's pairs and reference log-probabilities carried beside the tensors."""

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().__call__(rows)
        longest = batch["input_ids"].shape[1]
        batch["branches"] = torch.tensor([r["branches"] + [0] * (longest - len(r["branches"])) for r in rows])
        batch["judged"] = [{k: r[k] for k in ("passed", "pairs", "weights", "reference")} for r in rows]
        return batch


class PreferenceTrainer(PrefixSftTrainer):
    """The loss of this file's docstring on prefix-shared sequences."""

    plan: PreferencePlan

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        total = preference_loss(*branch_logps(model, inputs), inputs["judged"], self.plan.beta, self.plan.anchor)
        if num_items_in_batch is not None:  # then TRL leaves the mean over a step's briefs to the loss
            total = total / self.current_gradient_accumulation_steps
        return (total, {"loss": total}) if return_outputs else total


def preference_loss(
    logps: torch.Tensor, tokens: torch.Tensor, judged: Sequence[dict[str, Any]], beta: float, anchor: float
) -> torch.Tensor:
    """The mean over B briefs of this file's loss, a scalar.

    `logps`, `tokens`: (B, branches) as `branch_logps` gives them; `judged`: for each brief `passed` and
    `reference` by branch, `pairs` of (passed, failed) branch numbers and their `weights`.
    """
    losses = []
    for row, told in enumerate(judged):
        passed = torch.tensor(told["passed"], dtype=torch.bool)
        own, length = logps[row, : len(passed)], tokens[row, : len(passed)]
        loss = logps.new_zeros(())
        if told["pairs"]:
            good, bad = torch.tensor(told["pairs"]).T
            gain = beta * (own - own.new_tensor(told["reference"]))
            weight = own.new_tensor(told["weights"])
            each = torch.nn.functional.logsigmoid(gain[good] - gain[bad])
            loss = loss - (weight * each).sum() / weight.sum().clamp(min=1)
        if passed.any():
            loss = loss - anchor * own[passed].sum() / length[passed].sum()
        losses.append(loss)
    return torch.stack(losses).mean()


def branch_logps(model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, branches) summed log-probability of each branch's labelled tokens, and how many they are."""
    labels, branches = inputs["labels"][:, 1:], inputs["branches"][:, 1:]
    causal = model.get_base_model()
    given = {k: inputs[k] for k in ("input_ids", "attention_mask", "position_ids")}
    hidden = causal.model(**given, use_cache=False).last_hidden_state[:, :-1]
    labelled = labels != IGNORE
    logits = causal.lm_head(hidden[labelled]).float()  # (labelled tokens, vocabulary)
    each = -torch.nn.functional.cross_entropy(logits, labels[labelled], reduction="none")
    most = int(branches.max())
    where = labelled.nonzero()[:, 0] * most + branches[labelled] - 1
    flat = each.new_zeros(len(labels) * most)
    summed, counted = flat.index_add(0, where, each), flat.index_add(0, where, torch.ones_like(each))
    return summed.view(len(labels), most), counted.view(len(labels), most)


Weighted = Mapping[tuple[int, int], float]  # (passed, failed) text numbers of a brief: weight


def _rows(
    tokenizer: Any,
    briefs: Sequence[tuple[Brief, Sequence[Judged], Weighted]],
    model: Any,
    collate: Collator,
    points: bool,
) -> list[dict[str, Any]]:
    """Encoded sequences with their pairs and the log-probabilities of the policy as it is now."""
    rows = []
    for brief, judged, pairs in briefs:
        targets = [
            Target(TEMPLATES[j.placement, j.slot], j.angle, j.text, _about(brief, j) if points else "") for j in judged
        ]
        row: dict[str, Any] = encode(tokenizer, brief, targets)
        row |= {"passed": [j.passed for j in judged], "pairs": [*pairs], "weights": [*pairs.values()], "reference": []}
        with torch.inference_mode():
            logps, _ = branch_logps(model, {k: _on(v) for k, v in collate([row]).items()})
        row["reference"] = logps[0].tolist()
        rows.append(row)
    return rows


def fewest(judged: Sequence[Judged], pairs: Weighted) -> tuple[list[Judged], dict[tuple[int, int], float]]:
    """What is learned of a shown set, one sequence that would take 10 GB for a hundred texts: of a slot all passed
    texts, and failed ones up to MOST in all, FAILED at least. Those stay that their pairs weigh most: what was
    rejected, then what was left alone and surely read, then what lies ever deeper; of equal ones those shown first."""
    most: dict[int, float] = {}
    for (_, j), weight in pairs.items():
        most[j] = max(weight, most.get(j, 0.0))
    kept = list[int]()
    for slot in dict.fromkeys((j.placement, j.slot) for j in judged):
        here = [i for i, j in enumerate(judged) if (j.placement, j.slot) == slot]
        passed = [i for i in here if judged[i].passed]
        failed = sorted((i for i in here if not judged[i].passed), key=lambda i: -most.get(i, 0.0))
        kept += passed + failed[: max(FAILED, MOST - len(passed))]
    number = {old: new for new, old in enumerate(sorted(kept))}
    left = {(number[i], number[j]): w for (i, j), w in pairs.items() if i in number and j in number}
    return [judged[i] for i in number], left


def _about(brief: Brief, judged: Judged) -> str:
    aim = TEMPLATES[judged.placement, judged.slot].aim
    return point_of(brief, judged.text, aim) if judged.point is None else judged.point


def _on(value: Any) -> Any:
    return value.to(device()) if isinstance(value, torch.Tensor) else value


def train_preferences(
    base: str,
    parent: Path,
    judged: Sequence[tuple[Brief, Sequence[Judged]]],
    told: Mapping[str, Any],
    out: Path,
    work: Path,
    plan: PreferencePlan = PreferencePlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
    resume: bool = False,
    weighted: Sequence[Weighted] | None = None,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on and writes adapter and manifest to `out`; returns the manifest.
    `told` goes into it: the command, and the hash of the judgements. `weighted`: the pairs of each brief of `judged`;
    else every passed and failed text of one slot make one, of weight 1.

    Raises BriefError if no brief holds both a passed and a failed text for one slot, or for checkpoints of another run.
    """
    keep()
    set_seed(plan.seed)
    rng = random.Random(plan.seed)
    pairs: Sequence[Weighted] = weighted or [dict.fromkeys(pairs_of(js), 1.0) for _, js in judged]
    found = [(b, js, made) for (b, js), made in zip(judged, pairs, strict=True) if made]
    useful = [(b, *(fewest(js, made) if weighted else (list(js), made))) for b, js, made in found]
    if not useful:
        raise BriefError("There is no brief with both a passed and a failed text for one slot: judge more texts first.")
    rng.shuffle(useful)
    aside = kept_aside([brief for brief, _, _ in useful], plan.validation)
    validation = [row for row in useful if product_of(row[0]) in aside]
    train = [row for row in useful if product_of(row[0]) not in aside]
    tokenizer = load_tokenizer(base)
    model, state = put_adapter(load_nf4(base, training_dtype()), parent, base, trainable=True)
    if not state.trained:
        raise BriefError(f"Preferences need a trained writer to start from: {state.problem}.")
    for parameter in model.parameters():  # small updates round away in bfloat16
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    collate = Collator(tokenizer.pad_token_id)
    model.eval()
    held = _rows(tokenizer, validation, model, collate, state.points)
    once = _rows(tokenizer, train, model, collate, state.points)
    rows = [r for _ in range(plan.epochs) for r in rng.sample(once, len(once))]
    before = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    steps = max(1, len(rows) // plan.briefs_a_step)
    times = {"save_steps": max(1, steps // 4), "logging_steps": 2}
    trainer = PreferenceTrainer(
        model=model,
        args=prefix_config(work, plan.briefs_a_step, plan.learning_rate, steps // 10, plan.seed, **times),
        train_dataset=Dataset.from_list(rows),
        data_collator=collate,
        processing_class=tokenizer,
        callbacks=[Progress(report)],
    )
    for name, parameter in model.named_parameters():
        if name in before:  # TRL has cast the adapter to bfloat16
            parameter.data = before[name]
    trainer.plan = plan
    asked = fingerprint({**row, "reference": []} for row in rows)  # references are measured anew
    run = {"parent": state.version, "plan": asdict(plan), "rows": asked}
    trainer.train(resume_from_checkpoint=goes_on_from(work, run, resume))
    manifest = {
        **told,
        "parent": json.loads((parent / "manifest.json").read_text("utf-8")),
        "briefs": len(train),
        "texts": sum(len(js) for _, js, _ in train),
        "pairs": sum(len(r["pairs"]) for r in once),
        "validation": _gains(model.eval(), held, collate, plan.beta),
        "plan": asdict(plan),
    }
    return save_adapter(model, base, out, "dpo", manifest, state.points)


@torch.inference_mode()
def _gains(model: Any, rows: Sequence[dict[str, Any]], collate: Collator, beta: float) -> dict[str, float]:
    """On held-out briefs: the share of pairs whose passed text gained on the failed one, and the mean margin."""
    margins: list[float] = []
    for row in rows:
        logps, _ = branch_logps(model, {k: _on(v) for k, v in collate([row]).items()})
        gain = [beta * (float(a) - b) for a, b in zip(logps[0], row["reference"], strict=True)]
        margins += [gain[i] - gain[j] for i, j in row["pairs"]]
    n = max(1, len(margins))
    return {
        "pairs": len(margins),
        "passed_gains": round(sum(m > 0 for m in margins) / n, 4),
        "margin": round(sum(margins) / n, 4),
    }
