"""Rounds of one workspace: freeze its feedback, train and judge as a job, keep the result as a version not in use.

The job "round" (jobs.py): at its first attempt it writes what it learns from to its work folder, and every later
attempt uses that, so feedback that arrives meanwhile waits for the next round; one that failed keeps the folder and
can go on (jobs.resume). A finished version lies in
RELATE_HOME/policies/<workspace>/<version> with its row; versions.py puts it in use, trials.py tries it.
Leaves out: the steps themselves (relate_engine/rounds.py).
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services import audit, teaching, trials, versions
from app.services.jobrun import JobContext
from app.services.people import Actor, NotFound, require
from app.services.round_freeze import freeze, writer_in
from app.services.round_judges import SALES, judges_of, retrain_rewards, sales_judge
from db import models
from db import versions as rows
from db.session import Database
from relate_engine import gate
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.disk import sync
from relate_engine.snapshot import Snapshot, snapshot_from_json

if TYPE_CHECKING:  # at run time they bring torch with them
    from relate_engine.round_plan import RoundPlan, RoundReport

FROZEN = "frozen.json"
MOST_STEPS = 1000
AGAINST = "Against the gate: "  # before the reason of a promotion that it refused
MARK = 0.01  # of a round, between two checkpoints of the job


def round_job(context: JobContext) -> dict[str, Any]:
    """The job "round". `request`: `steps` of GRPO, if not the usual number. Publishes a version, not in use."""
    context.report(0.0, "Freezing briefs, feedback and versions")
    actor, config = context.actor(), context.config
    snapshot, sales, unsold, rewards = _frozen(context, actor)
    in_use = snapshot.policy["in_use"]
    folder = versions.policy_folder_of(config, context.workspace_id, in_use) if in_use else config.adapter
    _same_writer(snapshot, folder)
    context.report(0.01, "Loading what judges")
    judges = judges_of(config, snapshot, context.folder / SALES if sales else None, unsold)
    from relate_engine.policy.weights import policy_folder
    from relate_engine.rounds import run_round

    def report(share: float, message: str) -> None:
        share = 0.02 + 0.97 * share
        if context.last is None or share >= context.last.get("share", 0.0) + MARK:
            # further than ever: reboots that follow are counted from here
            context.checkpoint({**(context.last or {}), "share": share})
        context.report(share, message)

    with context.db.read() as session:
        gates = _gates(session, context.workspace_id, judges.lineage)
    made = run_round(
        snapshot,
        policy_folder(config.base_model, config.cache),
        folder,
        judges,
        context.folder / "round",
        plan_of(context.request),
        report,
        gates,
    )
    return _publish(context, snapshot, made, rewards)


def _same_writer(snapshot: Snapshot, folder: Path) -> None:
    """BriefError where another writer lies in the folder than when the round was frozen, as after an update."""
    began, now = snapshot.policy, writer_in(folder)
    if now["sha256"] != began["sha256"]:
        raise BriefError(
            f"This round started from the writer {began['version']}, and in its place is another one now "
            f"({now['version']}); put the first one back to go on, or start a new round."
        )


def _frozen(context: JobContext, actor: Actor) -> tuple[Snapshot, bool, str, str]:
    """The snapshot of the first attempt, whether there is an evaluator of sales beside it, why there is none, and what
    became of the reward model and that evaluator before it, in sentences."""
    path = context.folder / FROZEN
    if context.last is None or not path.exists():
        with context.db.read() as session:
            query = select(func.count(models.Job.id)).where(
                models.Job.workspace_id == context.workspace_id,
                models.Job.kind == "round",
                models.Job.id <= context.job_id,
            )
            number = session.scalar(query) or 1
        rewards = retrain_rewards(context, actor)
        snapshot = freeze(context.db, actor, context.config, number)
        sales, why = sales_judge(context, actor, snapshot.reward_version)
        kept = {
            "snapshot": snapshot.to_json(), "sales": sales, "unsold": "" if sales else why,
            "rewards": f"{rewards} Sales: {why}.",
        }  # fmt: skip
        part = path.with_suffix(".part")
        part.write_text(json.dumps(kept), "utf-8")
        sync(part)
        part.replace(path)
        sync(context.folder)
        context.checkpoint({**(context.last or {}), "share": 0.0})
    told = json.loads(path.read_text("utf-8"))
    snapshot = snapshot_from_json(told["snapshot"])
    return snapshot, bool(told["sales"]), told.get("unsold", ""), told.get("rewards", "")


def steps_of(request: dict[str, Any]) -> int | None:
    """The GRPO steps asked for, None for the usual number; BriefError for one that cannot be."""
    steps = request.get("steps")
    if steps is not None and (not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS):
        raise BriefError(f"--steps is {steps}; give 1 to {MOST_STEPS} steps.")
    return steps


def plan_of(request: dict[str, Any]) -> "RoundPlan":
    """The settings of a round, with the steps asked for."""
    from relate_engine.rounds import RoundPlan

    plan, steps = RoundPlan(), steps_of(request)
    return plan if steps is None else replace(plan, grpo=replace(plan.grpo, steps=steps))


def _gates(session: Session, workspace_id: int, lineage: str) -> int:
    """How many versions of the workspace evaluators of this lineage have judged so far. An import teaches the evaluator
    on and so renames it, but what it was worn out by stays in it. A version that notes no lineage counts."""
    found = (v.manifest.get("round", {}).get("evidence") for v in rows.versions(session, workspace_id, versions.KIND))
    return sum(told.get("lineage") in ("", None, lineage) for told in found if told)


def _publish(context: JobContext, snapshot: Snapshot, made: "RoundReport", rewards: str) -> dict[str, Any]:
    """Puts the adapter in its place and writes its row; nothing where the round made none."""
    from relate_engine.rounds import publish

    told = made.to_json()
    judged_by = f"{rewards} {teaching.frozen_in_words(snapshot.calls, snapshot.blocking)}"
    told["manifest"] = {**told["manifest"], "rewards": judged_by.strip()}
    if not made.version:
        return {"version": None, "round": told, "message": f"Round {snapshot.round} trained nothing: see its report."}
    target = versions.policy_folder_of(context.config, context.workspace_id, made.version)
    manifest = json.loads((Path(made.adapter) / "manifest.json").read_text("utf-8"))
    metrics = next(s.after for s in reversed(made.steps) if s.ran)
    if not target.exists():  # outside the transaction: nobody waits for the disk, and without a row it is no version
        part = target.with_name(f"{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(made.adapter, part)
        (part / "round.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
        publish(part, target)
    with context.write() as session:
        rows.add_candidate(
            session, context.workspace_id, context.author_id, versions.KIND, made.version,
            snapshot.policy["in_use"] or None, manifest | {"metrics": metrics, "round": told},
        )  # fmt: skip
        seen = {"policy": made.version, "rewards": rewards, "rules": snapshot.rule_version}
        audit.note(session, context.actor(), "round.finish", "job", context.job_id, seen, version=made.version)
    may = "the gate says yes" if made.decision.promote else made.decision.reasons[0]
    return {"version": made.version, "round": told, "message": f"Round {snapshot.round} made {made.version}. {may}"}


def promote(db: Database, actor: Actor, version: str, config: Settings, reason: str = "") -> None:
    """Puts a version in use, as versions.promote does; where its gate says no only with a reason, and the audit says
    that it was done against the gate. Raises BriefError for a no without a reason."""
    before = versions.way_back(db, actor)
    try:
        gate_says = decision(db, actor, version)
    except NotFound:  # no round made it, so no gate has judged it; versions.promote knows whether there is such a one
        gate_says = None
    if gate_says and not gate_says.promote:
        if not reason.strip():
            why = next(r.removeprefix("No: ") for r in gate_says.reasons if r.startswith("No: "))
            raise BriefError(f"The gate says no ({why.rstrip('.')}); give a reason to promote {version} all the same.")
        reason = f"{AGAINST}{reason.strip()}"
    versions.promote(db, actor, version, config, reason, before[0] if before else versions.SHIPPED)


def decision(db: Database, actor: Actor, version: str) -> gate.Decision:
    """What the gate says of a version with the choices of its trial so far; NotFound for one that no round made.

    A version that is not in use is held against the one that is: where its round or its trial compared it with another,
    a reason says so. Leaves out a shipped writer that another release replaced: it counts as the same."""
    require(actor, "writer.read")
    counts = trials.trial_counts(db, actor, version)
    with db.read() as session:
        row = rows.named(session, actor.workspace_id, versions.KIND, version)
        told = row.manifest.get("round", {}) if row else {}
        active = rows.active(session, actor.workspace_id, versions.KIND)
        rival = rows.named(session, actor.workspace_id, versions.KIND, counts.old) if counts else None
    if not told.get("evidence"):
        raise NotFound(f"No round of your workspace has made a version {version}; see `relate round status`.")
    trial = gate.Trial(counts.choices, counts.share or 0.0, *counts.interval, counts.together) if counts else None
    parent, now, tried = row.parent if row else None, active and active.version, rival and rival.version
    since = f"{now or versions.SHIPPED} is in use since."
    seen = {
        "trial": trial,
        "stale": f"it was compared with {parent or versions.SHIPPED}; {since}" if now not in (version, parent) else "",
        "stale_trial": f"its trial compared it with {tried or versions.SHIPPED}; {since}"
        if trial and now not in (version, tried)
        else "",
    }
    bounds = told["plan"]["bounds"]
    return gate.decide(
        gate.Evidence(**{"alarms": told.get("alarms", ())} | told["evidence"] | seen),
        gate.Bounds(**bounds | {"length": tuple(bounds["length"])}),
    )
