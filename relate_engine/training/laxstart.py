"""The ladder's common start: a writer that is laxer than the shipped one, so that there is something to learn.

The shipped writer has learned from finished, clean texts. Here its SFT goes on, on headlines only, with a share of
headlines that the rules block, written for this alone (assets/ladder/lax.jsonl), of the brief's own vertical where
there are any. All arms of the ladder start from this one adapter; it never serves anybody.
Leaves out: the arms (ladder.py).
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relate_engine.brief import supported_angles
from relate_engine.policy.adapter import knows_points
from relate_engine.policy.model import load_tokenizer
from relate_engine.policy.points import suited
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.training.corpus import Entry
from relate_engine.training.sft import Target, encode, targets_of
from relate_engine.training.tuning import Shape, train_on

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
    chosen = rng.sample(pool, count)
    return [
        Target(TEMPLATES["google_rsa", "headline"], a := rng.choice(angles), t, rng.choice(suited(entry.brief, a)))
        for t in chosen
    ]


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
    rng = random.Random(plan.seed)
    tokenizer, points = load_tokenizer(base), knows_points(parent)
    rows = []
    for entry in rng.sample(list(entries), min(plan.briefs, len(entries))):
        own = targets_of(entry.brief, [t for t in entry.texts if t.slot == "headline_30"], rng)
        targets = [*own, *lax_targets(entry, violating, plan.lax, rng)]
        if not points:
            targets = [replace(t, point="") for t in targets]
        rows.append(encode(tokenizer, entry.brief.model_copy(update={"placement": "google_rsa"}), targets))
    told = {"command": "relate evaluate ladder", "briefs": len(rows), "plan": asdict(plan)}
    shape = Shape("lax", plan.briefs_a_step, plan.learning_rate, plan.seed)
    return train_on(base, parent, tokenizer, rows, shape, out, work, told, report)
