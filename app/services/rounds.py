"""Rounds of one workspace: freeze its feedback, train and judge as a job, keep the result as a version not in use.

The job "round" (jobs.py): at its first attempt it writes what it learns from to its work folder, and every later
attempt uses that, so feedback that arrives meanwhile waits for the next round; one that failed keeps the folder and
can go on (jobs.resume). A finished version lies in
RELATE_HOME/policies/<workspace>/<version> with its row; versions.py puts it in use, trials.py tries it.
Leaves out: the steps themselves (relate_engine/rounds.py).
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services import audit, blocking, learning, positions, rulebook, teaching, trials, versions
from app.services.jobrun import JobContext
from app.services.people import Actor, NotFound, may, require
from app.services.stored import StoredText, as_they_stand
from db import models, queries
from db import versions as rows
from db.session import Database
from relate_engine import gate
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.config import ASSETS, Settings
from relate_engine.disk import sync
from relate_engine.rewards.readable import readable
from relate_engine.rewards.rules import RuleSet
from relate_engine.snapshot import ShownSet, ShownText, Snapshot, examined, snapshot_from_json

if TYPE_CHECKING:  # at run time they bring torch with them
    from relate_engine.heldout import Judges
    from relate_engine.rounds import RoundPlan, RoundReport

SETS, BRIEFS, SERVED = 1000, 1000, 500  # newest ones that a round looks at
FROZEN, SALES = "frozen.json", "sales"
MOST_STEPS = 1000
AGAINST = "Against the gate: "  # before the reason of a promotion that it refused
ORDINARY = 12  # every so manieth text of the corpus says where an evaluator's floor lies
MARK = 0.01  # of a round, between two checkpoints of the job


def freeze(db: Database, actor: Actor, config: Settings, number: int) -> Snapshot:
    """What the workspace holds now, as round `number` would learn from it. BriefError for an untrained writer."""
    require(actor, "round.run")
    learned = learning.active_version(db, actor)
    overlay = rulebook.book(db, actor).overlay
    rules = rulebook.laid(overlay)
    calls, confirmed = teaching.calls_of(db, actor), blocking.confirmed(db, actor)
    with db.read() as session:
        now = rows.active(session, actor.workspace_id, versions.KIND)
        payloads = [b.payload for b in queries.briefs(session, actor.workspace_id, limit=BRIEFS)]
        briefs = tuple(b for payload in payloads if (b := _as_read(rules, payload)))
        sets = _sets(session, actor, rules, confirmed)
    folder = versions.policy_folder_of(config, actor.workspace_id, now.version) if now else config.adapter
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        policy = {"version": manifest["version"], "sha256": manifest["sha256"], "in_use": now.version if now else ""}
    except (OSError, ValueError, KeyError) as error:
        raise BriefError(
            f"A round needs a trained writer to start from, and the manifest in {folder.name} cannot be read; "
            "run `relate train sft` or roll the writer back."
        ) from error
    served = list(dict.fromkeys(t.edited or t.text for s in reversed(sets) for t in s.texts))[:SERVED]
    seen = examined((r.slot, r.position, r.shown, r.chosen) for r in positions.position_bias(db, actor))
    return Snapshot(
        actor.workspace_id, number, briefs, sets, tuple(served), policy, learned or "", rules.version, overlay, seen,
        calls, tuple(sorted(confirmed)),
    )  # fmt: skip


def _as_read(rules: RuleSet, payload: dict[str, Any]) -> Brief | None:
    """A brief as the writer may read it, without orders and personal data; None where its product is one."""
    try:
        return readable(rules, parse_brief(payload))
    except BriefError:
        return None


def _sets(session: Session, actor: Actor, rules: RuleSet, confirmed: Set[str]) -> tuple[ShownSet, ...]:
    """The newest shown sets, oldest first, with what became of their texts. `confirmed`: see blocking.py."""
    workspace = actor.workspace_id
    query = select(models.Generation).where(models.Generation.workspace_id == workspace)
    found = session.scalars(query.order_by(models.Generation.id.desc()).limit(SETS)).all()[::-1]
    did: dict[int, list[str]] = defaultdict(list)
    for event in queries.event_rows(session, models.Feedback, workspace, None):
        did[event.text_id].append(event.kind)
    texts = as_they_stand(session, actor, [g.id for g in found])
    return tuple(
        ShownSet(g.id, brief, tuple(_shown(t, tuple(did[t.id]), confirmed) for t in texts[g.id]))
        for g in found
        if (brief := _as_read(rules, g.brief_payload))
    )


def _shown(text: StoredText, did: tuple[str, ...], confirmed: Set[str]) -> ShownText:
    held = text.card is not None and any(blocking.blocks(f, confirmed, text.cleared) for f in text.card.findings)
    return ShownText(
        id=text.id,
        slot=text.slot,
        angle=text.angle,
        text=text.shown_as if text.shown_as is not None else text.text,
        position=text.position or 0,
        author=text.author,
        choice="picked" if text.choice == "picked" else "rejected" if text.choice == "rejected" else "",
        did=did,
        edited=text.text if text.shown_as is not None else "",
        verdict=text.verdict.decision if text.verdict else "",
        level="blocked" if held else text.card.compliance.level if text.card else "",
    )


def round_job(context: JobContext) -> dict[str, Any]:
    """The job "round". `request`: `steps` of GRPO, if not the usual number. Publishes a version, not in use."""
    context.report(0.0, "Freezing briefs, feedback and versions")
    actor, config = context.actor(), context.config
    snapshot, sales, unsold, rewards = _frozen(context, actor)
    context.report(0.01, "Loading what judges")
    judges = judges_of(config, snapshot, context.folder / SALES if sales else None, unsold)
    from relate_engine.policy.weights import policy_folder
    from relate_engine.rounds import run_round

    in_use = snapshot.policy["in_use"]
    folder = versions.policy_folder_of(config, context.workspace_id, in_use) if in_use else config.adapter

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
        rewards = _retrain_rewards(context, actor)
        snapshot = freeze(context.db, actor, context.config, number)
        sales, why = _sales(context, actor)
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


def _retrain_rewards(context: JobContext, actor: Actor) -> str:
    """Trains the reward model on and puts it in use where results have come, or gone, since the newest was made.

    Returns what was done in a sentence. A version that somebody has undone is not brought back: only newer results
    are a reason. Verdicts are none: this model learns rates, verdicts reach the writer as targets and violations.
    An attempt that finds nothing to do tells what one before it has done, if that was killed before it froze."""
    from app.services.importing import observations

    done = _retrained(context, actor)
    if not may(actor, "rewards.train"):
        return done or "The reward model was not retrained: whoever started the round may not do so."
    with context.db.read() as session:
        newest = next(iter(rows.versions(session, context.workspace_id, learning.KIND)), None)
        last = session.execute(
            select(func.max(models.Import.finished_at), func.max(models.Import.undone_at)).where(
                models.Import.workspace_id == context.workspace_id
            )
        ).one()
    changed = max((at for at in last if at is not None), default=None)
    if newest is not None and (changed is None or changed <= newest.created_at):
        return done or f"The reward model was not retrained: no results have come since {newest.version} was made."
    seen = observations(context.db, actor, context.config.conversion_lag_days)
    if not seen:
        return done or "The reward model was not retrained: there are no campaign results."
    context.report(0.0, f"Retraining the reward model on {len(seen):,} counts")
    from relate_engine.training.rewardversion import make_version

    manifest = make_version(
        seen,
        learning.setting_of(context.config),
        learning.rewards_folder(context.config, context.workspace_id),
        ASSETS / "evaluators" / "ctr",
        "relate round start",
        lambda share, message: context.report(0.01 * share, message),
    )
    version = manifest["version"]
    words = (
        f"The reward model was retrained on {manifest['data']['rows']:,} counts of single texts: {version} is in use; "
        "`relate train rewards --undo` puts the one before back."
    )
    kept = {
        "changed": f"it had put the reward model {version} in use before, which the page Results can undo",
        "retrained": {"version": version, "words": words},
    }
    with context.write({**(context.last or {}), **kept}) as session:
        rows.add_version(session, context.workspace_id, context.author_id, learning.KIND, version, manifest)
        audit.note(
            session, actor, "version.train", "reward", None, {"rewards": version}, version=version, round=context.job_id
        )
    return words


def _retrained(context: JobContext, actor: Actor) -> str:
    """What an attempt of this round before said of the reward model that it put in use, if that is in use still."""
    told = (context.last or {}).get("retrained", {})
    return told["words"] if told and told["version"] == learning.active_version(context.db, actor) else ""


def _sales(context: JobContext, actor: Actor) -> tuple[bool, str]:
    """Writes the held-out evaluator of sales where the campaign results can teach one, and says why or why not."""
    from app.services.importing import observations
    from relate_engine.evaluators.clicks import Evaluator
    from relate_engine.evaluators.sales import sales_evaluator
    from relate_engine.training.families import split_off

    _, kept = split_off(observations(context.db, actor, context.config.conversion_lag_days))
    shipped = Evaluator.load(ASSETS / "evaluators" / "ctr")
    made, why = sales_evaluator(kept, shipped, context.folder / SALES, "relate round start")
    return made is not None, why


def judges_of(config: Settings, snapshot: Snapshot, sales: Path | None, unsold: str = "") -> "Judges":
    """The workspace's rewards as frozen, and the judges that nothing has learned from. WeightsError with a remedy.

    `sales`: where the evaluator of sales lies; `unsold`: why there is none."""
    from app.services.judging import Judging
    from app.services.writing import Room
    from relate_engine.evaluators.clicks import Evaluator
    from relate_engine.evaluators.compliance import Evaluator as Compliance
    from relate_engine.heldout import Judges, excused_by, floor_of
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.rewardversion import EVALUATOR
    from relate_engine.training.scoring import scorer

    learned = learning.rewards_folder(config, snapshot.workspace) / snapshot.reward_version
    rules = rulebook.laid(snapshot.rule_overlay) if any(snapshot.rule_overlay.values()) else None
    own_model = learned if snapshot.reward_version else None
    rewards = Room(config).rewards_with(Judging(own_model, rules, frozenset(snapshot.blocking), snapshot.calls))
    if rewards.problem:
        raise BriefError(f"A round needs the reward model that is in use. {rewards.problem}")
    own = learned / EVALUATOR
    shipped = Evaluator.load(ASSETS / "evaluators" / "ctr")
    clicks = Evaluator.load(own) if snapshot.reward_version and own.exists() else shipped
    second = Compliance.load(ASSETS / "evaluators" / "compliance")
    seller = Evaluator.load(sales) if sales else None
    ordinary = [t.text for e in read_corpus(ASSETS / "corpus") for t in e.texts][::ORDINARY]
    floors = {"clicks": floor_of(clicks.score, ordinary)}
    floors |= {"sales": floor_of(seller.score, ordinary)} if seller else {}
    return Judges(
        scorer(rewards, snapshot.served),
        clicks.score,
        lambda texts: second.probabilities(texts) >= second.threshold,
        seller.score if seller else None,
        seller.version if seller else clicks.version,
        floors,
        unsold,
        shipped.version,
        excused_by(rewards.rules),
    )


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
    try:
        gate_says = decision(db, actor, version)
    except NotFound:  # no round made it, so no gate has judged it; versions.promote knows whether there is such a one
        gate_says = None
    if gate_says and not gate_says.promote:
        if not reason.strip():
            why = next(r.removeprefix("No: ") for r in gate_says.reasons if r.startswith("No: "))
            raise BriefError(f"The gate says no ({why.rstrip('.')}); give a reason to promote {version} all the same.")
        reason = f"{AGAINST}{reason.strip()}"
    versions.promote(db, actor, version, config, reason)


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
    trial = gate.Trial(counts.choices, counts.share or 0.0, *counts.interval) if counts else None
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
