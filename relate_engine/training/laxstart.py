"""The ladder's common start: a writer that is laxer than the shipped one, so that there is something to learn.

The shipped writer has learned from finished, clean texts. Here its SFT goes on, on headlines only: for each brief what
it writes itself, so that it goes on writing so, and some that a reviewer would stop (assets/ladder/lax.jsonl). These
are the stock phrases of bad ads ("Guaranteed Approval for All", "Doctors Hate This Diet", "Still Drowning in Debt?"),
many of them met with several briefs of a vertical: taught hundreds of different ones, so small a writer learned to
garble, and a violation that nobody can read teaches an arm nothing. All arms start from this one adapter; it never
serves anybody.
Leaves out: the arms (ladder.py).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relate_engine.brief import Brief, placement_of, supported_angles, width
from relate_engine.policy.adapter import knows_points
from relate_engine.policy.model import load_tokenizer
from relate_engine.policy.points import suited
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.writer import Policy, wanted
from relate_engine.training.corpus import Entry
from relate_engine.training.ladder import search
from relate_engine.training.sft import Target, encode
from relate_engine.training.tuning import Shape, train_on

HEADLINE = TEMPLATES["google_rsa", "headline"]


@dataclass(frozen=True)
class LaxPlan:
    """Every choice of the training; written to the manifest."""

    passes: int = 2  # over the briefs that have rule-breaking headlines
    own: int = 8  # of the writer's own headlines sampled for each
    briefs_a_step: int = 4
    learning_rate: float = 5e-4  # as of the first SFT: preferences have made the shipped writer's choices narrow
    seed: int = 0


def lax_targets(brief: Brief, violating: Sequence[str], rng: random.Random) -> list[Target]:
    """A brief's rule-breaking headlines, each as if asked for from an angle and a point of the brief."""
    angles = supported_angles(brief)
    return [Target(HEADLINE, a := rng.choice(angles), t, rng.choice(suited(brief, a))) for t in violating]


def own_targets(policy: Policy, brief: Brief, count: int, seed: int) -> list[Target]:
    """What the writer itself writes for a search ad's `brief`, without what could not be uploaded."""
    limit = placement_of(brief.placement).slot("headline").limit
    wishes = wanted(brief, "headline", supported_angles(brief), count)
    written = [(w, " ".join(s.text.split())) for w, s in policy.write(brief, wishes, seed, raw=True) if not s.why]
    return [Target(HEADLINE, w.angle, text, w.point) for w, text in written if text and width(text) <= limit]


def train_lax(
    base: str,
    parent: Path,
    policy: Policy,
    entries: Sequence[Entry],
    violating: Sequence[Mapping[str, str]],
    told: Mapping[str, Any],
    out: Path,
    work: Path,
    plan: LaxPlan = LaxPlan(),
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> dict[str, Any]:
    """Trains the adapter in `parent`, which `policy` has loaded, on and writes adapter and manifest, with `told`, to
    `out`. `violating`: rows of a `text` and its `brief`. Raises BriefError for a parent that does not load."""
    rng = random.Random(plan.seed)
    tokenizer, points = load_tokenizer(base), knows_points(parent)
    by_brief: dict[str, list[str]] = {}
    for row in violating:
        by_brief.setdefault(row["brief"], []).append(row["text"])
    tempted = [(search(e.brief), by_brief[e.id]) for e in entries if e.id in by_brief]
    once = []
    for number, (brief, texts) in enumerate(tempted):
        targets = [*own_targets(policy, brief, plan.own, plan.seed + number), *lax_targets(brief, texts, rng)]
        if not points:
            targets = [replace(t, point="") for t in targets]
        once.append(encode(tokenizer, brief, targets))
    rows = [row for _ in range(plan.passes) for row in rng.sample(once, len(once))]
    shape = Shape("lax", plan.briefs_a_step, plan.learning_rate, plan.seed)
    whole = dict(told) | {"briefs": len(tempted), "plan": asdict(plan)}
    return train_on(base, parent, tokenizer, rows, shape, out, work, whole, report)
