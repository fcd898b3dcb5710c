"""A round: one workspace's feedback and rewards become a candidate for a better policy. Plain data in and out.

    sft          on texts that people picked, exported or edited             (training/tuning.py)
    preferences  on pairs that were both shown                               (training/preferences.py);
                 where single picks and rejections say more, on these        (training/kto.py)
    grpo         RELATE: the scorecard's rewards, credit to their words      (training/grpo.py)
    evaluate     old and new policy on held-out briefs, by judges training never saw   (heldout.py)
    gate         whether the new one may be promoted, in words               (gate.py)

Each step runs only where the snapshot holds enough for it, else it is skipped with the reason. A finished step is a
folder with its adapter and `step.json` that appears whole, by a rename, so a killed round goes on after the last
finished step, and inside a step from its last checkpoint; the final adapter is the one of an uninterrupted run.
Preferences are the project's DPO on prefix-shared sequences (a subclass of TRL's SFTTrainer): DPOTrainer's loss of a
pair, with weights and an anchor, at about a third of the tokens. Single verdicts are TRL's KTOTrainer's. Reward models
are the snapshot's; the service retrains them before it freezes one (app/services/round_judges.py).
Paper: RELATE (arXiv 2602.11780): GRPO from an SFT start.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relate_engine import gate
from relate_engine.brief import Brief, BriefError
from relate_engine.disk import sync
from relate_engine.heldout import Judges, Values, divergence, drawn, measure
from relate_engine.round_lessons import Learned, Train, trainings
from relate_engine.round_plan import RoundPlan, RoundReport, Step
from relate_engine.round_rows import acceptance
from relate_engine.snapshot import Snapshot, held_briefs, manifest, product_of
from relate_engine.training.checkpoint import OtherRunError
from relate_engine.training.judge import RewardError

STEP = "step.json"
Report = Callable[[float, str], None]  # share and message; may raise to end the round
SHARES = {"start": 0.0, "sft": 0.05, "preferences": 0.2, "grpo": 0.35, "evaluate": 0.9, "gate": 0.99, "": 1.0}


def run_round(
    snapshot: Snapshot,
    base: str,
    parent: Path,
    judges: Judges,
    work: Path,
    plan: RoundPlan = RoundPlan(),
    report: Report = lambda share, message: None,
    gates: int = 0,
) -> RoundReport:
    """Runs the steps that are not finished in `work` yet. `parent`: the adapter in use; `gates`: see gate.Evidence.

    The same snapshot, settings and thread count give the same adapter, however often the round was killed.
    Raises BriefError where the parent does not load, there is nothing to train or hold out, no text can be scored, or
    torchrun has started several processes: they would write the same folders.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise BriefError("A round runs in one process; start it without torchrun (docs/scaling.md).")
    held = held_briefs(snapshot)
    if not held:
        raise BriefError(
            "A round needs briefs of two products at least: one to learn from, one held out to judge by; save another."
        )
    work.mkdir(parents=True, exist_ok=True)
    run = _Round(base, held, judges, work, plan, report)
    at = parent
    steps: list[Step] = []
    try:
        values = run.start(parent)
        old = values
        for name, train, words, learned, short in trainings(snapshot, plan):
            step, values, at = run.train(name, train, words, learned, short, values, at)
            steps.append(step)
    except RewardError as error:
        raise BriefError(str(error)) from error
    told, settings = manifest(snapshot), asdict(plan)
    if at == parent:
        never = gate.Decision(False, ("No: nothing was trained, so there is no new version.",), 0)
        return RoundReport(told, tuple(steps), never, (), {}, settings)
    evidence = run.evaluate(parent, at, old, values, gates)
    report(SHARES["gate"], "Deciding")
    made = json.loads((at / "manifest.json").read_text("utf-8"))
    alarms = gate.alarms(_reward(at), old, values, drift=plan.drift, products=evidence.products)
    alarms += looked_back(parent, snapshot, plan.drift)
    evidence = replace(evidence, alarms=alarms)
    return RoundReport(
        told,
        tuple(steps),
        gate.decide(evidence, plan.bounds),
        alarms,
        asdict(evidence),
        settings,
        made["version"],
        str(at),
    )


@dataclass(frozen=True)
class _Round:
    """What all steps share, and how a step is finished once and found again."""

    base: str
    held: Sequence[Brief]
    judges: Judges
    work: Path
    plan: RoundPlan
    report: Report

    def start(self, parent: Path) -> Values:
        """The starting policy on the held-out briefs."""
        judged = drawn(self.held, self.plan.held)
        self.report(SHARES["start"], f"Judging the writer in use on {len(judged)} held-out briefs")
        say = self._part(SHARES["start"], _next("start"), "Judging the writer in use")
        made = self._once("start", lambda part: {"values": self._measure(parent, say)})
        values: Values = made["values"]
        return values

    def train(
        self, name: str, how: Train, words: str, learned: Learned, short: str, before: Values, at: Path
    ) -> tuple[Step, Values, Path]:
        """Trains on from the adapter `at`, or skips; returns the step, the held-out values and the adapter then."""
        if short:
            self.report(SHARES[name], f"{name} skipped: {short}")
            self._once(name, lambda part: {"skipped": short})
            return Step(name, False, f"{name} was skipped: {short}."), before, at
        begin, width = SHARES[name], _next(name) - SHARES[name]

        def say(done: int, total: int, more: str) -> None:
            self.report(begin + 0.8 * width * done / total, f"{name}: step {done} of {total}, {more}")

        def body(part: Path) -> dict[str, Any]:
            self.report(begin, f"{name}: {words}")
            training = self.work / f"{name}.training"
            try:
                made = how(self.base, at, part / "adapter", training, say, self.judges)
            except OtherRunError:  # as an upgrade leaves them: what this release would have written is the step anew
                self.report(begin, f"{name} starts anew: what was trained of it is of another release's settings")
                shutil.rmtree(training)
                made = how(self.base, at, part / "adapter", training, say, self.judges)
            self.report(begin + 0.8 * width, f"{name}: judging on held-out briefs")
            judging = self._part(begin + 0.8 * width, begin + width, f"{name}: judging")
            return {"version": made["version"], "values": self._measure(part / "adapter", judging)}

        done = self._once(name, body)
        shutil.rmtree(self.work / f"{name}.training", ignore_errors=True)
        after: Values = done["values"]
        old, new = _means(before), _means(after)
        adapter = self.work / name / "adapter"
        rows, on = learned(json.loads((adapter / "manifest.json").read_text("utf-8")))
        step = Step(name, True, f"{name} ran on {on}: {changes(old, new)}.", rows, done["version"], old, new)
        return step, after, adapter

    def evaluate(self, old: Path, new: Path, before: Values, after: Values, gates: int) -> gate.Evidence:
        """What the gate needs to know; the drift is measured here, everything else was when the steps ended."""
        self.report(SHARES["evaluate"], "Measuring how far the new writer moved")
        say = self._part(SHARES["evaluate"], _next("evaluate"), "Measuring how far the new writer moved")
        held, plan = self.held, self.plan.held
        made = self._once(
            "evaluate", lambda part: {"kl": divergence(self.base, old, new, held, plan, say), "gates": gates}
        )
        return gate.Evidence(
            before, after, made["kl"], self.judges.name, made["gates"],
            products=[product_of(b) for b in drawn(held, self.plan.held)],
            unsold=self.judges.unsold, lineage=self.judges.lineage,
        )  # fmt: skip

    def _measure(self, adapter: Path, say: Report) -> Values:
        return measure(self.base, adapter, self.held, self.judges, self.plan.held, say)

    def _part(self, begin: float, end: float, doing: str) -> Report:
        """Of what goes from 0 to 1 within the shares `begin` to `end` of the round."""
        return lambda share, message: self.report(begin + (end - begin) * share, f"{doing}, {message}")

    def _once(self, name: str, body: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """What the step `name` said when it was finished, now or by an earlier attempt."""
        final, part = self.work / name, self.work / f"{name}.part"
        if not (final / STEP).exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            told = body(part)
            (part / STEP).write_text(json.dumps({"step": name, **told}) + "\n", "utf-8")
            publish(part, final)
        made: dict[str, Any] = json.loads((final / STEP).read_text("utf-8"))
        return made


def publish(part: Path, final: Path) -> None:
    """Gives a folder its final name once all of it is on the disk: it is there whole or not at all."""
    sync(*part.rglob("*"), part)
    part.rename(final)
    sync(final.parent)


def looked_back(parent: Path, snapshot: Snapshot, drift: gate.Drift) -> tuple[str, ...]:
    """The alarm of the round that made the parent, which people have judged by now. It says whose it is: it stands
    among the reasons about the new version."""
    whose = f"Alarm: about {snapshot.policy['version']}, which this round started from: "
    rung = gate.alarms(_reward(parent), {}, {}, acceptance(snapshot), drift)
    return tuple(whose + alarm.removeprefix("Alarm: ") for alarm in rung)


def _reward(adapter: Path) -> tuple[float, float] | None:
    """Mean training reward in the first and the last quarter of the GRPO that made an adapter, if one did."""
    reward = json.loads((adapter / "manifest.json").read_text("utf-8")).get("reward")
    return (reward["first"], reward["last"]) if reward else None


def _next(name: str) -> float:
    names = list(SHARES)
    return SHARES[names[names.index(name) + 1]]


def _means(values: Values) -> dict[str, float]:
    return {name: round(sum(v) / len(v), 4) for name, v in values.items()}


def changes(old: dict[str, float], new: dict[str, float]) -> str:
    """The change of each held-out mean, in words."""
    words = {
        "reward": "reward", "clicks": "second evaluator of clicks", "sales": "CTCVR score",
        "blocked_rules": "blocked by rules", "blocked_classifier": "blocked by the second classifier",
        "wrong_facts": "wrong facts", "exceptions": "words of exceptions", "over_limit": "too long for their slot",
        "distinct2": "distinct bigrams", "length": "length",
    }  # fmt: skip
    return "held-out " + ", ".join(f"{words[n]} {old[n]:.2f} → {new[n]:.2f}" for n in words if n in new and n in old)
