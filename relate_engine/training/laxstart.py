"""The ladder's common start: a writer that is laxer than the shipped one, so that there is something to learn.

The shipped writer has learned from finished, clean texts. Here its SFT goes on, on headlines only, with a share of
headlines that the rules block, written for this alone (assets/ladder/lax.jsonl), of the brief's own vertical where
there are any. All arms of the ladder start from this one adapter; it never serves anybody.
Leaves out: the arms (ladder.py).
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed

from relate_engine.brief import BriefError, supported_angles
from relate_engine.policy.memory import keep
from relate_engine.policy.model import load_nf4, load_tokenizer, put_adapter
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.training.corpus import Entry
from relate_engine.training.sft import (
    PrefixSftTrainer,
    Progress,
    SharedPrefixCollator,
    Target,
    encode,
    prefix_config,
    save_adapter,
    targets_of,
)

_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True)
class LaxPlan:
    """Every choice of the run; written to the manifest."""

    briefs: int = 180  # each once
    briefs_a_step: int = 4
    lax: int = 4  # rule-breaking headlines beside a brief's own five
    learning_rate: float = 2e-4
    seed: int = 0


def lax_targets(entry: Entry, violating: Sequence[Mapping[str, str]], count: int, rng: random.Random) -> list[Target]:
    """`count` rule-breaking headlines for a brief: of verticals that share a word with its own, else of any."""
    words = set(_WORD.findall(entry.brief.vertical.lower()))
    near = [r["text"] for r in violating if words & set(_WORD.findall(r["vertical"].lower()))]
    pool = near if len(near) >= count else [r["text"] for r in violating]
    angles = supported_angles(entry.brief)
    return [Target(TEMPLATES["google_rsa", "headline"], rng.choice(angles), t) for t in rng.sample(pool, count)]


def train_lax(
    base: str,
    parent: Path,
    entries: Sequence[Entry],
    violating: Sequence[Mapping[str, str]],
    out: Path,
    work: Path,
    plan: LaxPlan = LaxPlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on and writes adapter and manifest to `out`. `violating`: rows with `text` and
    `vertical`. Raises BriefError for a parent that does not load."""
    keep()
    set_seed(plan.seed)
    rng = random.Random(plan.seed)
    tokenizer = load_tokenizer(base)
    rows = []
    for entry in rng.sample(list(entries), min(plan.briefs, len(entries))):
        own = targets_of([t for t in entry.texts if t.slot == "headline_30"])
        targets = [*own, *lax_targets(entry, violating, plan.lax, rng)]
        rows.append(encode(tokenizer, entry.brief.model_copy(update={"placement": "google_rsa"}), targets))
    model, state = put_adapter(load_nf4(base, torch.bfloat16), parent, base, trainable=True)
    if not state.trained:
        raise BriefError(f"The ladder needs a trained writer to start from: {state.problem}.")
    before = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}
    steps = len(rows) // plan.briefs_a_step
    trainer = PrefixSftTrainer(
        model=model,
        args=prefix_config(
            work, plan.briefs_a_step, plan.learning_rate, steps // 10, plan.seed, save_strategy="no", logging_steps=5
        ),
        train_dataset=Dataset.from_list(rows),
        data_collator=SharedPrefixCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[Progress(report)],
    )
    for name, parameter in model.named_parameters():  # small updates round away in bfloat16
        if name in before:
            parameter.data = before[name]
    trainer.train()
    told = {"command": "relate evaluate ladder", "parent": state.version, "briefs": len(rows), "plan": asdict(plan)}
    return save_adapter(model, base, out, "lax", told)
