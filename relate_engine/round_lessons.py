"""What each training step of a round learns from: texts people stood by, pairs, single verdicts, and tasks for RL.

A step whose snapshot holds too little is skipped with the reason in words. Preferences are learned from single verdicts
(KTO) or from pairs (DPO), never both: from whichever weighs more, a verdict 1 and a pair its weight (round_rows.py),
single verdicts only where both signs are common enough. What is left out is told. Leaves out the trainings themselves
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
from relate_engine.training.grpo_plan import Task, rows_of
from relate_engine.training.kto import train_kto
from relate_engine.training.preferences import train_preferences
from relate_engine.training.tuning import tune

Train = Callable[[str, Path, Path, Path, Callable[[int, int, str], None], Judges], dict[str, Any]]
Learned = Callable[[dict[str, Any]], tuple[int, str]]  # from the manifest that a training wrote


def trainings(snapshot: Snapshot, plan: RoundPlan) -> list[tuple[str, Train, str, Learned, str]]:
    """Of each training step: name, how, what there is in words, the rows that it has learned from then, as a number and
    in words, and why it is skipped or ""."""
    chosen, pairs, tasks = (
        sft_targets(snapshot),
        preference_pairs(snapshot),
        list(dict.fromkeys(tasks_of(training_briefs(snapshot), snapshot.round))),  # a brief may be saved twice
    )
    texts, number = sum(len(t) for _, t in chosen), sum(len(p) for _, p in pairs)
    singles = single_verdicts(snapshot)
    picked = sum(s.picked for s in singles)
    least = min(picked, len(singles) - picked)
    weight = sum(p.weight for _, of in pairs for p in of)
    alone = least >= LEAST_SINGLES and len(singles) > weight  # then KTO learns, from single verdicts alone
    few_tasks = _few(len(tasks), plan.grpo.groups, "tasks") if plan.grpo.steps else "it is switched off (0 steps)"
    drawn = 0 if few_tasks else len({tuple(row.values()) for row in rows_of(tasks, plan.grpo)})

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
        return train_kto(base, at, singles, out, work / "kto", plan.kto, _telling(say), resume=True)

    def grpo(base: str, at: Path, out: Path, work: Path, say: Any, judges: Judges) -> dict[str, Any]:
        def told(done: int, total: int, metrics: dict[str, float]) -> None:
            say(done, total, f"reward {metrics['reward']:.2f}")

        return train_grpo(base, at, tasks, plan.arm, judges.score, out, work, plan.grpo, told, resume=True)

    def learned_pairs(made: dict[str, Any]) -> tuple[int, str]:
        """Without the sets that were kept aside to judge the training by."""
        return made["pairs"], _paired(made["pairs"], made["briefs"]) + aside

    few_texts = _few(texts, LEAST_TARGETS, "texts that people stood by")
    few_pairs = _few(number, LEAST_PAIRS, "pairs")
    if few_pairs:
        few_pairs += f", or {LEAST_SINGLES} single verdicts of each sign ({least} here)"
    targets = f"{texts} picked, exported or edited texts"
    verdicts = f"{picked} picks and {len(singles) - picked} rejections without a counterpart (KTO)"
    verdicts += _left_out(number, "pairs")
    aside = _left_out(len(singles), "single verdicts")
    asked = f"{drawn} of {len(tasks)} tasks (brief, slot, angle), {plan.grpo.steps} steps"
    return [
        ("sft", sft, targets, lambda made: (texts, targets), few_texts),
        ("preferences", kto, verdicts, lambda made: (len(singles), verdicts), "")
        if alone
        else ("preferences", preferences, _paired(number, len(pairs)) + aside, learned_pairs, few_pairs),
        ("grpo", grpo, asked, lambda made: (drawn, asked), few_tasks),
    ]


def _few(number: int, least: int, what: str) -> str:
    """Why there are too few, or ""."""
    return f"{number} {what} outside the held-out briefs, and it takes {least}" if number < least else ""


def _paired(pairs: int, sets: int) -> str:
    return f"{pairs} pairs of {sets} shown sets (DPO)"


def _left_out(number: int, what: str) -> str:
    return f", leaving out {number} {what}" if number else ""


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
