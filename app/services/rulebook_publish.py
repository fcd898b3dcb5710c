"""Publishing rules: a draft becomes the version in use, an earlier one is put back, and who did it and why is kept.

Both are one transaction: the active version flips, it is noted in the audit log, and texts that may run are checked
again by the rules that differ. A text that one of them now objects to goes back to review, with the rule as reason.
Up to SYNC texts are checked at once; more are left to the job "recheck" (rulebook_recheck.py) in the same transaction.
A draft that began from another version than the one in use is refused: somebody has published meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services import audit, rulebook_recheck
from app.services.people import Actor, NotFound, names_in, require
from app.services.rulebook import DRAFT, KIND, SHIPPED, laid, overlay_named, overlay_of, shipped
from app.services.rulebook_draft import Edit, differences, draft_row
from app.services.rulebook_trial import examples
from db import rulebook as queries
from db import versions as rows
from db.models import Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.rewards.overlay import version_of
from relate_engine.rewards.rules import RuleError

SYNC = 500  # texts checked again in the transaction; more are the job's
LONGEST_REASON = 500
NAMED = 50  # reopened texts that the audit names
ACTIONS = ("rule.publish", "rule.rollback")


@dataclass(frozen=True)
class Published:
    """What came of it. `version` None: the shipped rules. `later`: the worker checks the texts, not done yet."""

    version: str | None
    checked: int
    reopened: tuple[int, ...]
    later: bool


@dataclass(frozen=True)
class Publication:
    """One line of the history. None is the shipped rules."""

    at: datetime
    by: str
    rollback: bool
    before: str | None
    after: str | None
    reason: str
    checked: int
    reopened: int
    later: bool
    edits: tuple[Edit, ...]


def publish(db: Database, actor: Actor, reason: str) -> Published:
    """Puts the actor's draft in use. BriefError where a test fails, nothing was changed, or somebody was first."""
    require(actor, "rule.write")
    reason = _reason(reason)
    with db.read() as session:
        tested = draft_row(session, actor)
    if tested is None:
        raise BriefError("You have no unpublished edits, so nothing was published.")
    _stands(examples(db, actor))
    with db.write() as session:
        row, now = draft_row(session, actor), rows.active(session, actor.workspace_id, KIND)
        if row is None or overlay_of(row) != overlay_of(tested):
            raise BriefError("Your edits were changed in another tab meanwhile, so nothing was published; look again.")
        if (now.version if now else None) != row.manifest["parent"]:
            who = queries.author_of(session, now) if now else ""
            by = f"{who} published {now.version}" if now else "the shipped rules were put back"
            raise BriefError(
                f"Since you began, {by}, so nothing was published; compare their changes below and take them over."
            )
        overlay = overlay_of(row)
        edits = differences(overlay_of(now), overlay)
        session.delete(row)
        session.flush()
        version = version_of(shipped(), overlay) if any(overlay.values()) else None
        if version is not None and rows.named(session, actor.workspace_id, KIND, version) is None:
            session.add(
                Version(
                    workspace_id=actor.workspace_id, author_id=actor.user_id, kind=KIND, version=version,
                    parent=now.version if now else None,
                    manifest={"overlay": overlay, "shipped": shipped().version, "reason": reason},
                )
            )  # fmt: skip
            session.flush()
        return _flip(session, actor, "rule.publish", now, version, reason, [edit.rule_id for edit in edits])


def use_version(db: Database, actor: Actor, version: str | None, reason: str, now: str | None) -> Published:
    """Puts an earlier version, or the shipped rules (None), back in use. `now`: the one in use as a page showed it;
    BriefError where another is by now."""
    require(actor, "rule.write")
    reason = _reason(reason)
    with db.write() as session:
        active = rows.active(session, actor.workspace_id, KIND)
        if (active.version if active else None) != now:
            in_use = active.version if active else SHIPPED
            raise BriefError(f"{now or SHIPPED} is no longer in use ({in_use} is), so nothing was changed; look again.")
        if version == now:
            raise BriefError(f"{version or SHIPPED} is in use already, so nothing was changed.")
        if version is not None:
            row = rows.named(session, actor.workspace_id, KIND, version)
            if row is None or version.startswith(DRAFT):
                raise NotFound(f"There is no rule version {version} in your workspace; choose one from the list.")
            try:
                laid(overlay_of(row))
            except RuleError as error:
                raise BriefError(f"{version} cannot be used with today's program: {error}") from error
        edits = differences(overlay_of(active), overlay_named(session, actor, version))
        return _flip(session, actor, "rule.rollback", active, version, reason, [edit.rule_id for edit in edits])


def history(db: Database, actor: Actor, most: int = 20) -> list[Publication]:
    """Who put which rules in use, and why; newest first."""
    require(actor, "rule.read")
    with db.read() as session:
        found = []
        events = queries.publications(session, actor.workspace_id, ACTIONS, most)
        names = names_in(session, actor, {event.author_id for event in events})
        for event in events:
            before, after = event.detail["before"], event.detail["after"]
            told = {part: event.detail[part] for part in ("reason", "checked", "reopened", "later")}
            edits = differences(overlay_named(session, actor, before), overlay_named(session, actor, after))
            rollback = event.action == "rule.rollback"
            name = names.get(event.author_id, "somebody")
            found.append(Publication(event.created_at, name, rollback, before, after, edits=edits, **told))
        return found


def versions(db: Database, actor: Actor) -> list[str | None]:
    """The versions that can be put in use, newest first, and last the shipped rules (None)."""
    require(actor, "rule.read")
    with db.read() as session:
        found = rows.versions(session, actor.workspace_id, KIND)
        return [*(row.version for row in found if not row.version.startswith(DRAFT)), None]


def _flip(
    session: Session, actor: Actor, action: str, now: Version | None, version: str | None, reason: str,
    rule_ids: Sequence[str],
) -> Published:  # fmt: skip
    """Changes the version in use, checks what may run, and notes it, inside the caller's transaction."""
    after = laid(overlay_named(session, actor, version))
    try:
        before = laid(overlay_of(now))
    except RuleError:  # the version that is put away does not load any more
        before = shipped()
    rows.activate(session, actor.workspace_id, KIND, version)
    texts = queries.may_run(session, actor.workspace_id, SYNC + 1)
    later = len(texts) > SYNC
    if later:
        rulebook_recheck.later(session, actor, now.version if now else None)
    reopened = [] if later else rulebook_recheck.reopen(session, actor, before, after, texts)
    row = rows.named(session, actor.workspace_id, KIND, version) if version else None
    audit.note(
        session, actor, action, "rules", row.id if row else None,
        {"rules_before": before.version, "rules": after.version},
        before=now.version if now else None, after=version, reason=reason, rules=list(rule_ids),
        checked=0 if later else len(texts), reopened=len(reopened), texts=reopened[:NAMED], later=later,
    )  # fmt: skip
    return Published(version, 0 if later else len(texts), tuple(reopened), later)


def _stands(examples: dict[str, list[Any]]) -> None:
    """BriefError for the first rule that does not do what its examples say."""
    for rule_id, found in examples.items():
        failed = next((t for t in found if not t.passed), None)
        if failed is not None:
            said = {
                "violating": "does not hit its violating example",
                "clean": "hits its clean example",
                "magic": f"is switched off by “{failed.word}” in" if failed.word else "is switched off in",
            }[failed.kind]
            raise BriefError(f"{rule_id} {said} “{failed.text[:80]}”, so nothing was published; mend the rule first.")


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise BriefError("Reason: say in a few words why the rules change; it is kept with the version.")
    if len(reason) > LONGEST_REASON:
        raise BriefError(f"Reason: {len(reason):,} characters are too many; keep it under {LONGEST_REASON}.")
    return reason
