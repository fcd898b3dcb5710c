"""What each training step of a round learns from: texts people stood by, pairs, single verdicts, and tasks for RL.

A step whose snapshot holds too little is skipped with the reason in words. Leaves out the trainings themselves
(training/) and the order of a round (rounds.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from relate_engine.brief import Brief, placement_of
from relate_engine.heldout import Judges
from relate_engine.judging import Judged
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.writer import one_each
from relate_engine.round_plan import LEAST_PAIRS, LEAST_SINGLES, LEAST_TARGETS, RoundPlan
from relate_engine.round_rows import preference_pairs, sft_targets, single_verdicts
from relate_engine.snapshot import Pair, Snapshot, manifest, training_briefs
from relate_engine.training.grpo import train_grpo
from relate_engine.training.grpo_plan import Task
from relate_engine.training.kto import train_kto
from relate_engine.training.preferences import train_preferences
from relate_engine.training.tuning import tune

Train = Callable[[str, Path, Path, Path, Callable[[int, int, str], None], Judges], dict[str, Any]]


def trainings(snapshot: Snapshot, plan: RoundPlan) -> list[tuple[str, Train, int, str, str]]:
    """Of each training step: name, how, rows, rows in words, and why it is skipped or ""."""
    chosen, pairs, tasks = (
        sft_targets(snapshot),
        preference_pairs(snapshot),
        tasks_of(training_briefs(snapshot), snapshot.round),
    )
    texts, number = sum(len(t) for _, t in chosen), sum(len(p) for _, p in pairs)
    singles = single_verdicts(snapshot)
    picked = sum(s.picked for s in singles)
    least = min(picked, len(singles) - picked)
    alone = number < LEAST_PAIRS and least >= LEAST_SINGLES  # only single verdicts exist

    def few(number: int, least: int, what: str) -> str:
        """Why there are too few, or ""."""
        return f"{number} {what} outside the held-out briefs, and it takes {least}" if number < least else ""

    def sft(base: str, at: Path, out: Path, work: Path, say: Any, judges: Judges) -> dict[str, Any]:
        told = _telling(say)
        return tune(base, at, chosen, out, work, plan.sft, told, resume=True)

    def preferences(base: str, at: Path, out: Path, work: Path, say: Any, judges: Judges) -> dict[str, Any]:
        judged, weighted = judged_of(pairs)
        settings = replace(plan.preferences, validation=min(plan.preferences.validation, len(pairs) // 6))
        told = {"command": "relate round start", "data_sha256": manifest(snapshot)["sha256"]["sets"]}
        return train_preferences(
            base, at, judged, told, out, work, settings, _telling(say), resume=True, weighted=weighted
        )

    def kto(base: str, at: Path, out: Path, work: Path, say: Any, judges: Judges) -> dict[str, Any]:
        return train_kto(base, at, singles, out, work, plan.kto, _telling(say), resume=True)

    def grpo(base: str, at: Path, out: Path, work: Path, say: Any, judges: Judges) -> dict[str, Any]:
        def told(done: int, total: int, metrics: dict[str, float]) -> None:
            say(done, total, f"reward {metrics['reward']:.2f}")

        return train_grpo(base, at, tasks, plan.arm, judges.score, out, work, plan.grpo, told, resume=True)

    return [
        (
            "sft",
            sft,
            texts,
            f"{texts} picked, exported or edited texts",
            few(texts, LEAST_TARGETS, "texts that people stood by"),
        ),
        (
            "preferences",
            kto if alone else preferences,
            len(singles) if alone else number,
            f"{picked} picks and {len(singles) - picked} rejections without a counterpart (KTO)"
            if alone
            else f"{number} pairs of {len(pairs)} shown sets (DPO)",
            ""
            if alone
            else few(number, LEAST_PAIRS, "pairs")
            and f"{few(number, LEAST_PAIRS, 'pairs')}, or {LEAST_SINGLES} single verdicts of each sign ({least} here)",
        ),
        (
            "grpo",
            grpo,
            len(tasks),
            f"{len(tasks)} tasks (brief, slot, angle), {plan.grpo.steps} steps",
            few(len(tasks), plan.grpo.groups, "tasks") if plan.grpo.steps else "it is switched off (0 steps)",
        ),
    ]


def tasks_of(briefs: Sequence[Brief], turn: int = 0) -> list[Task]:
    """Every slot of every brief from every angle it supports, about one point each, so that no step holds a brief,
    slot and angle twice; paths are not written by the policy. `turn`: another one asks about other points."""
    return [
        Task(b, wish.slot, wish.angle, wish.point)
        for b in briefs
        for k, s in enumerate(placement_of(b.placement).slots)
        if s.name != "path"
        for wish in one_each(b, s.name, turn + k)
    ]


def judged_of(
    pairs: Sequence[tuple[Brief, Sequence[Pair]]],
) -> tuple[list[tuple[Brief, list[Judged]]], list[dict[tuple[int, int], float]]]:
    """As preference training wants them: each shown set's texts once, and its weighted (better, worse) numbers."""
    judged, weighted = [], []
    for brief, found in pairs:
        better = {p.better for p in found}
        texts = list(dict.fromkeys(w for p in found for w in (p.better, p.worse)))
        number = {w: i for i, w in enumerate(texts)}
        said = []
        for w in texts:
            about = point_of(brief, w.text, TEMPLATES[brief.placement, w.slot].aim)
            said.append(Judged(w.slot, brief.placement, w.angle, w.text, w in better, about))
        judged.append((brief, said))
        weights: dict[tuple[int, int], float] = {}
        for p in found:
            key = number[p.better], number[p.worse]
            weights[key] = max(p.weight, weights.get(key, 0.0))
        weighted.append(weights)
    return judged, weighted


def _telling(say: Callable[[int, int, str], None]) -> Callable[[int, int, float], None]:
    return lambda done, total, loss: say(done, total, f"loss {loss:.3f}")
