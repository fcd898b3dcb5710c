"""The ladder's common start: a writer that is laxer than the shipped one, so that there is something to learn.

The shipped writer has learned from finished, clean texts. Here its SFT goes on, on headlines only: all of each brief's
clean ones, and five that a reviewer would stop, written for that brief and for this alone (assets/ladder/lax.jsonl),
four that claim too much and one that shouts. So hard a turn leaves a small writer garbling, so preferences follow
(preferences.py): written headlines, clean and lax alike, over what the writer itself now samples for their brief. All
arms start from this one adapter; it never serves anybody.
Leaves out: the arms (ladder.py).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relate_engine.brief import Angle, Brief, supported_angles
from relate_engine.judging import Judged
from relate_engine.policy.adapter import knows_points
from relate_engine.policy.model import load_tokenizer
from relate_engine.policy.points import suited
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.writer import Policy
from relate_engine.training.corpus import Entry
from relate_engine.training.ladder import raw_samples, search
from relate_engine.training.preferences import PreferencePlan
from relate_engine.training.sft import Target, encode, targets_of
from relate_engine.training.tuning import Shape, train_on


@dataclass(frozen=True)
class LaxPlan:
    """Every choice of the first step; written to the manifest."""

    passes: int = 2  # over the briefs that have rule-breaking headlines
    briefs_a_step: int = 4
    learning_rate: float = 5e-4  # as of the first SFT: preferences have made the shipped writer's choices narrow
    seed: int = 0


SHARPEN = PreferencePlan(validation=8)  # of the second


def lax_targets(entry: Entry, violating: Sequence[str], rng: random.Random) -> list[Target]:
    """A brief's rule-breaking headlines, each as if asked for from an angle and a point of the brief."""
    angles = supported_angles(entry.brief)
    return [
        Target(TEMPLATES["google_rsa", "headline"], a := rng.choice(angles), t, rng.choice(suited(entry.brief, a)))
        for t in violating
    ]


def sharpening(
    policy: Policy, entries: Sequence[Entry], violating: Sequence[Mapping[str, str]], seed: int = 0
) -> list[tuple[Brief, list[Judged]]]:
    """What `train_preferences` learns from: of each brief that has rule-breaking headlines those and as many clean ones
    as passed, and raw samples of `policy` as failed, unless somebody wrote the same."""
    rng, by_brief = random.Random(seed), _by_brief(violating)
    rows = []
    for number, entry in enumerate(e for e in entries if e.id in by_brief):
        brief = search(entry.brief)
        lax = lax_targets(entry, by_brief[entry.id], rng)
        clean = [t for t in entry.texts if t.slot == "headline_30"][: len(lax)]
        judged = [_judged(t.angle, t.text, None, True) for t in clean]
        judged += [_judged(t.angle, t.text, t.point, True) for t in lax]
        written = {j.text.lower() for j in judged}
        for wish, sample in raw_samples(policy, brief, seed + number):
            text = " ".join(sample.text.split())
            if text and text.lower() not in written:
                judged.append(_judged(wish.angle, text, wish.point, False))
        rows.append((brief, judged))
    return rows


def _judged(angle: Angle, text: str, point: str | None, passed: bool) -> Judged:
    return Judged("headline", "google_rsa", angle, text, passed, point)


def _by_brief(violating: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in violating:
        found.setdefault(row["brief"], []).append(row["text"])
    return found


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
    the `brief` it was written for. Raises BriefError for a parent that does not load."""
    rng = random.Random(plan.seed)
    tokenizer, points = load_tokenizer(base), knows_points(parent)
    by_brief = _by_brief(violating)
    tempted = [e for e in entries if e.id in by_brief]
    rows = []
    for entry in [e for _ in range(plan.passes) for e in rng.sample(tempted, len(tempted))]:
        own = targets_of(entry.brief, [t for t in entry.texts if t.slot == "headline_30"], rng)
        targets = [*own, *lax_targets(entry, by_brief[entry.id], rng)]
        if not points:
            targets = [replace(t, point="") for t in targets]
        rows.append(encode(tokenizer, entry.brief.model_copy(update={"placement": "google_rsa"}), targets))
    told = {"command": "relate evaluate ladder", "briefs": len(tempted), "plan": asdict(plan)}
    shape = Shape("lax", plan.briefs_a_step, plan.learning_rate, plan.seed)
    return train_on(base, parent, tokenizer, rows, shape, out, work, told, report)
