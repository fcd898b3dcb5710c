"""Which writer drafts in a workspace: list its versions, promote one, roll back.

A version is a folder RELATE_HOME/policies/<workspace>/<version>/ (adapter and manifest) and a row that says which
one is in use; where none is, the shipped adapter (RELATE_ADAPTER) writes. Every change is one transaction with a row
in version_changes, from which a rollback finds its way. Drafts use the version in use from the next one on.
Leaves out: making a version (rounds) and trying one beside another (trials.py).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.services import audit
from app.services.people import Actor, NotFound, local_actor, require
from db import versions as rows
from db.session import Database, open_database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.policy.adapter import MANIFEST, checked_manifest
from relate_engine.policy.weights import WeightsError, policy_folder

KIND = "policy"
SHIPPED = "the shipped writer"
LONGEST_REASON = 500


@dataclass(frozen=True)
class WriterVersion:
    """One version. `made_at` is None for the shipped one; `parent` is None where that is the shipped one."""

    version: str
    parent: str | None
    made_at: datetime | None
    active: bool
    manifest: dict[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        """Means on held-out briefs after its round (relate_engine/rounds.py); {} where no round made it."""
        return dict(self.manifest.get("metrics") or {})


@dataclass(frozen=True)
class Change:
    """A row of the audit. None is the shipped writer; a trial without `after` was ended."""

    at: datetime
    author_id: int
    kind: str  # promote, rollback or trial
    before: str | None
    after: str | None
    reason: str


def policy_folder_of(config: Settings, workspace_id: int, version: str) -> Path:
    """Where the adapter of a workspace's version lies."""
    return config.home / "policies" / str(workspace_id) / version


def versions(db: Database, actor: Actor, config: Settings) -> list[WriterVersion]:
    """The workspace's versions, newest first, and last the shipped one."""
    require(actor, "writer.read")
    with db.read() as session:
        found = rows.versions(session, actor.workspace_id, KIND)
        mine = [WriterVersion(v.version, v.parent, v.created_at, v.active, v.manifest) for v in found]
    manifest = _shipped_manifest(config)
    shipped = WriterVersion(shipped_name(config), None, None, not any(v.active for v in mine), manifest)
    return [*mine, shipped]


def changes(db: Database, actor: Actor, most: int = 20) -> list[Change]:
    """Who changed what, and why; newest first."""
    require(actor, "writer.read")
    with db.read() as session:
        found = rows.changes(session, actor.workspace_id)
        return [
            Change(c.created_at, c.author_id, c.kind, c.from_version, c.to_version, c.reason)
            for c in reversed(found[-most:])
        ]


def shipped_name(config: Settings) -> str:
    """The version of the shipped adapter, "untrained" where it has none: as drafts name it."""
    return str(_shipped_manifest(config).get("version", "untrained"))


def promote(
    db: Database, actor: Actor, version: str, config: Settings, reason: str = "", instead_of: str | None = None
) -> None:
    """Puts a version in use from the next draft on, and ends a running trial. `instead_of`: what must be in use still
    (SHIPPED for the shipped one), as it was when the gate was asked.

    Raises NotFound for a version that is not the workspace's, BriefError where it is in use already or another is by
    now, and WeightsError where its adapter is missing, damaged or made on another base; nothing is changed then.
    """
    require(actor, "writer.change")
    reason = checked_reason(reason)
    usable(db, actor, version, config)
    with db.write() as session:
        now = _active(session, actor)
        if now == version:
            raise BriefError(f"{version} is in use already, so nothing was changed.")
        if instead_of not in (None, now or SHIPPED):
            raise BriefError(f"{now or SHIPPED} came in use meanwhile, so nothing was changed; ask the gate again.")
        end_trial(session, actor, f"{version} was promoted")
        rows.activate(session, actor.workspace_id, KIND, version)
        rows.add_change(session, actor.workspace_id, actor.user_id, "promote", now, version, reason)
        told = {"version": version, "before": now, "reason": reason}
        audit.note(session, actor, "version.promote", "policy", None, {"policy": version}, **told)


def rollback(db: Database, actor: Actor, config: Settings, reason: str = "", version: str | None = None) -> str | None:
    """Puts the version that was in use before this one back, at last the shipped one (None); ends a running trial.

    One whose adapter can no longer be used is passed over, which the audit's reason then says. `version`: the one to
    roll back from, as a page showed it; BriefError where another is in use by now, or none but the shipped one.
    """
    require(actor, "writer.change")
    reason = checked_reason(reason)
    with db.write() as session:
        now = _active(session, actor)
        if now is None:
            raise BriefError("The shipped writer is in use, so there is nothing to roll back to.")
        if version not in (None, now):
            raise BriefError(f"{version} is no longer in use ({now} is), so nothing was changed.")
        passed: list[str] = []
        back = None
        for before in _before(session, actor, now):
            try:
                check(config, actor.workspace_id, before)
            except WeightsError as error:
                passed.append(str(error))
                continue
            back = before
            break
        end_trial(session, actor, f"{now} was rolled back")
        rows.activate(session, actor.workspace_id, KIND, back)
        said = " ".join([reason, *passed]).strip()[:LONGEST_REASON]
        rows.add_change(session, actor.workspace_id, actor.user_id, "rollback", now, back, said)
        told = {"version": now, "back_to": back or SHIPPED, "reason": said}
        audit.note(session, actor, "version.rollback", "policy", None, {"policy": back or SHIPPED}, **told)
        return back


def way_back(db: Database, actor: Actor) -> tuple[str, str | None] | None:
    """What is in use and what a rollback would put back (None: the shipped one); None where the shipped one is."""
    require(actor, "writer.read")
    with db.read() as session:
        now = _active(session, actor)
        return (now, next(iter(_before(session, actor, now)), None)) if now else None


def writers(db: Database, actor: Actor, config: Settings) -> tuple[Path, ...]:
    """The adapter folders that a draft of the actor's workspace is written with: one, or in a trial the one in use
    and the one on trial; none where a server writes (RELATE_POLICY_URL)."""
    require(actor, "text.read")
    if config.policy_url:
        return ()
    with db.read() as session:
        now, trial = _active(session, actor), rows.trial(session, actor.workspace_id)
    names = [now, *([trial.to_version] if trial else [])]
    return tuple(policy_folder_of(config, actor.workspace_id, n) if n else config.adapter for n in names)


def active_here(config: Settings) -> Path | None:
    """The adapter in use for the one person of the shell; None where there is no database yet, or a server writes."""
    if not config.database_url and not (config.home / "relate.db").exists():
        return None
    db = open_database(config.database)
    return next(iter(writers(db, local_actor(db), config)), None)


def usable(db: Database, actor: Actor, version: str, config: Settings) -> None:
    """Raises NotFound unless the version is one of the actor's workspace, WeightsError unless its adapter is sound,
    and BriefError where a server writes, which knows nothing of the versions here."""
    with db.read() as session:
        row = rows.named(session, actor.workspace_id, KIND, version)
    if row is None:
        raise NotFound(f"There is no writer version {version} in your workspace; choose one from the list.")
    if "recorded" in row.manifest:  # came with the demo (demo_round.py)
        raise BriefError(f"{version} was recorded for the demo and its weights are not shipped; start a round instead.")
    if config.policy_url:
        raise BriefError("A server writes (RELATE_POLICY_URL), so a version here would change nothing; unset it first.")
    check(config, actor.workspace_id, version)


def check(config: Settings, workspace_id: int, version: str) -> None:
    """Raises WeightsError with one sentence unless the version's adapter is whole and made on today's base."""
    try:
        folder = policy_folder_of(config, workspace_id, version)
        named = checked_manifest(folder, policy_folder(config.base_model, config.cache))["version"]
        if named != version:
            raise WeightsError(f"its folder holds another adapter, {named}")
    except WeightsError as error:
        raise WeightsError(
            f"Writer version {version} cannot be used: {error}; restore its folder or use another version."
        ) from error


def checked_reason(reason: str) -> str:
    """The reason as it is kept; BriefError where it is too long."""
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BriefError(f"Reason: {len(reason):,} characters are too many; keep it under {LONGEST_REASON}.")
    return reason


def end_trial(session: Session, actor: Actor, reason: str) -> bool:
    """Ends the running trial inside the caller's transaction; False where there is none."""
    trial = rows.trial(session, actor.workspace_id)
    if trial is None:
        return False
    rows.add_change(session, actor.workspace_id, actor.user_id, "trial", trial.to_version, None, reason)
    audit.note(session, actor, "version.trial_stop", "policy", version=trial.to_version, reason=reason)
    return True


def _active(session: Session, actor: Actor) -> str | None:
    now = rows.active(session, actor.workspace_id, KIND)
    return now.version if now else None


def _before(session: Session, actor: Actor, now: str) -> list[str]:
    """What was in use before `now` and not rolled back since, the last one first."""
    stack: list[str] = []
    for change in rows.changes(session, actor.workspace_id):
        if change.kind == "promote" and change.to_version:
            stack.append(change.to_version)
        elif change.kind == "rollback":
            while stack and stack[-1] != change.to_version:
                stack.pop()
    if now in stack:  # one put in use again counts from its last time
        stack = stack[: len(stack) - 1 - stack[::-1].index(now)]
    return [version for version in reversed(stack) if version != now]


def _shipped_manifest(config: Settings) -> dict[str, Any]:
    try:
        data = json.loads((config.adapter / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):  # not there or unreadable: then drafts say that the writer is untrained
        return {}
    return data if isinstance(data, dict) else {}
