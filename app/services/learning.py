"""What a workspace has learned from its campaign results: train, use, undo.

A version is a folder under RELATE_HOME/versions/<workspace>/rewards and a row that says which one is in use; it
belongs to its workspace and learns from no other. Training is the job "rewards" (jobs.py), which can be cancelled
between steps. Leaves out: fitting (relate_engine/training) and the bringing in of results (importing.py).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.services import audit
from app.services.demo_mark import is_demo
from app.services.importing import observations
from app.services.jobrun import JobContext
from app.services.people import Actor, require
from app.services.process import set_threads
from db import results
from db import versions as rows
from db.models import Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import ASSETS, Settings
from relate_engine.results.observation import Observation

if TYPE_CHECKING:
    from relate_engine.training.rewards import Setting

KIND = "reward"
CHANGED_AT = "results_changed_at"  # in the manifest of a version's row: the last change of what it was fitted on


def rewards_folder(config: Settings, workspace_id: int) -> Path:
    """Where the reward models of a workspace lie."""
    return config.home / "versions" / str(workspace_id) / "rewards"


def active_rewards(db: Database, actor: Actor, config: Settings) -> Path | None:
    """The folder of the reward model in use, or None: then rates are priors."""
    version = active_version(db, actor)
    return rewards_folder(config, actor.workspace_id) / version if version else None


def active_version(db: Database, actor: Actor) -> str | None:
    """The name of the reward model in use in the actor's workspace."""
    now = in_use(db, actor)
    return now.version if now else None


@dataclass(frozen=True)
class InUse:
    """The version in use; an undo puts `parent` back, None being the priors."""

    version: str
    parent: str | None
    made_at: datetime


def in_use(db: Database, actor: Actor) -> InUse | None:
    """The reward model in use in the actor's workspace, or None: then rates are priors."""
    with db.read() as session:
        found = rows.active(session, actor.workspace_id, KIND)
        return InUse(found.version, found.parent, found.created_at) if found else None


def newest(db: Database, actor: Actor) -> str | None:
    """The version made, or made again, last in the actor's workspace, in use or not."""
    with db.read() as session:
        made = last_fit(session, actor.workspace_id)
        return made.version if made else None


def last_fit(session: Session, workspace_id: int) -> Version | None:
    """The version whose fit has read the newest results: one that is known may have been made again since."""
    return max(rows.versions(session, workspace_id, KIND), key=read_until, default=None)


def read_until(version: Version) -> datetime:
    """Up to when a version has read how results came and went; an earlier release noted only when its fit had ended."""
    changed = version.manifest.get(CHANGED_AT)
    return datetime.fromisoformat(changed) if changed else version.created_at


def rewards_job(context: JobContext) -> dict[str, Any]:
    """The job "rewards": learns from the visible results, writes the version with its card, and puts it in use.

    The same results make the same version, so an attempt after a kill begins anew and nothing is made twice."""
    context.report(0.0, "Reading the results")
    actor = context.actor()
    with context.db.read() as session:  # before they are read: what comes during the fit is news afterwards
        changed = results.changed_at(session, context.workspace_id)
    seen = require_results(context.db, actor, context.config)
    context.report(0.02, "Loading the text encoder")
    setting = setting_of(context.config)
    from relate_engine.training.rewardversion import make_version

    folder, evaluator = rewards_folder(context.config, context.workspace_id), ASSETS / "evaluators" / "ctr"
    manifest = make_version(seen, setting, folder, evaluator, "relate train rewards", context.report)
    version = manifest["version"]
    with context.write() as session:
        told = manifest | {CHANGED_AT: changed and changed.isoformat()}
        rows.add_version(session, context.workspace_id, context.author_id, KIND, version, told)
        audit.note(session, actor, "version.train", "reward", None, {"rewards": version}, version=version)
    rows_read = manifest["data"]["rows"]
    return {"version": version, "message": f"Made {version} from {rows_read:,} counts of single texts."}


def setting_of(config: Settings) -> "Setting":
    """What a fit of rewards starts from: encoder, CTR head and base rates. Raises WeightsError with the remedy."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.ctrhead import Head
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.rewards import Setting

    set_threads(config)
    encoder, head = Encoder(encoder_folder(config.cache)), Head.load(ASSETS / "heads" / "ctr")
    made = Setting(encoder, lambda texts: head.effects(encoder, texts), head.version, config.base_ctr, config.base_cvr)
    return replace(made, source="simulated") if is_demo(config) else made


def require_results(db: Database, actor: Actor, config: Settings) -> list[Observation]:
    """What the visible results teach; BriefError where there are none."""
    seen = observations(db, actor, config.conversion_lag_days)
    if not seen:
        raise BriefError("There are no campaign results to learn from; bring some in with `relate import FILE`.")
    return seen


def undo_rewards(db: Database, actor: Actor, version: str | None = None) -> str | None:
    """Puts the version before the one in use back; returns its name, None where rates are priors again.

    `version`: the one that is to be undone, as a page showed it; BriefError if another is in use by now."""
    require(actor, "rewards.train")
    with db.write() as session:
        now = rows.active(session, actor.workspace_id, KIND)
        if now is None:
            raise BriefError("No reward model is in use, so there is nothing to undo.")
        if version not in (None, now.version):
            raise BriefError(f"{version} is no longer in use ({now.version} is), so nothing was undone.")
        rows.activate(session, actor.workspace_id, KIND, now.parent)
        told = {"version": now.version, "back_to": now.parent or "priors"}
        audit.note(session, actor, "version.undo", "reward", None, {"rewards": now.parent or "priors"}, **told)
        return now.parent


def use_rewards(db: Database, actor: Actor, version: str) -> None:
    """Puts a version that was made before in use again."""
    require(actor, "rewards.train")
    with db.write() as session:
        if rows.named(session, actor.workspace_id, KIND, version) is None:
            known = ", ".join(v.version for v in rows.versions(session, actor.workspace_id, KIND)) or "none"
            raise BriefError(f"There is no reward model {version} in this workspace; the versions are: {known}.")
        rows.activate(session, actor.workspace_id, KIND, version)
        audit.note(session, actor, "version.use", "reward", None, {"rewards": version}, version=version)
