"""Unpublished edits of the rules: one draft a person, saved rule by rule, so a refresh or another tab loses none.

A draft is an inactive Version that holds the whole overlay and names the version it began from. Where somebody else
has published meanwhile, `draft` shows what they changed and `take_over` puts the person's edits on top of it.
Leaves out the form and its checks (rulebook_form.py) and running the rules (rulebook_trial.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.services.people import Actor, NotFound, require
from app.services.rulebook import DRAFT, KIND, laid, overlay_named, overlay_of, shipped
from app.services.rulebook_form import FIELDS, RuleForm, changes_of, checked, sentence, shipped_rule
from db import rulebook as queries
from db import versions as rows
from db.models import Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.rewards.overlay import OWN, Overlay, entry_of, rule_from
from relate_engine.rewards.rules import Rule, RuleError

MOST_OWN = 300
What = Literal["added", "removed", "changed", "switched off", "switched on"]
# fields of a rule and what people call them, in the order they are told


@dataclass(frozen=True)
class Edit:
    """What differs in one rule: (field, before, after) in words for a changed one."""

    rule_id: str
    what: What
    fields: tuple[tuple[str, str, str], ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Draft:
    """The actor's unpublished edits. `theirs`: what was published since it began, by `their_author`."""

    parent: str | None
    overlay: Overlay
    edits: tuple[Edit, ...]
    moved: bool  # another version is in use than the one it began from
    theirs: tuple[Edit, ...] = ()
    their_author: str = ""

    @property
    def clashes(self) -> tuple[str, ...]:
        """Rules that both sides changed."""
        mine = {edit.rule_id for edit in self.edits}
        return tuple(edit.rule_id for edit in self.theirs if edit.rule_id in mine)


def draft(db: Database, actor: Actor) -> Draft | None:
    """The actor's unpublished edits; None where there are none."""
    require(actor, "rule.write")
    with db.read() as session:
        row = draft_row(session, actor)
        if row is None:
            return None
        now = rows.active(session, actor.workspace_id, KIND)
        began = overlay_named(session, actor, row.manifest["parent"])
        mine, theirs = overlay_of(row), overlay_of(now)
        moved = (now.version if now else None) != row.manifest["parent"]
        return Draft(
            row.manifest["parent"], mine, differences(began, mine), moved,
            differences(began, theirs) if moved else (), queries.author_of(session, now) if moved and now else "",
        )  # fmt: skip


def save_rule(db: Database, actor: Actor, rule_id: str | None, form: RuleForm) -> str:
    """Saves one rule to the actor's draft; None makes a new one. Returns its id. BriefError says what to mend."""
    known, entry = checked(actor, rule_id, form)
    with db.write() as session:
        row, parts = _open(session, actor)
        if known is not None:
            parts["off"].pop(known.id, None)
            fields = changes_of(known, entry)
            parts["changed"].pop(known.id, None)
            parts["changed"] |= {known.id: fields} if fields else {}
            made = known.id
        else:
            if rule_id is not None and rule_id not in parts["added"]:
                raise NotFound(f"There is no rule {rule_id} in your workspace; choose one from the list.")
            if rule_id is None and len(parts["added"]) >= MOST_OWN:
                raise BriefError(f"Your workspace has {MOST_OWN} rules of its own, the most; put words into one rule.")
            made = rule_id or _next_id(session, actor)
            parts["added"][made] = {"id": made} | entry
        _keep(session, row, parts)
    return made


def rule_as_typed(actor: Actor, rule_id: str | None, form: RuleForm) -> Rule:
    """The rule that a form makes, to be tried before it is saved; BriefError as in `save_rule`."""
    known, entry = checked(actor, rule_id, form)
    fields = entry_of(known) | changes_of(known, entry) if known else {"id": rule_id or f"{OWN}001"} | entry
    return rule_from(fields)


def switch_off(db: Database, actor: Actor, rule_id: str, reason: str) -> None:
    """Switches a shipped rule off in the actor's draft; the reason is kept with it."""
    require(actor, "rule.write")
    known = shipped_rule(rule_id)
    if known is None:
        raise NotFound(f"{rule_id} is no shipped rule; a rule of your own is removed instead.")
    why = sentence("Reason", reason, needed=True)
    with db.write() as session:
        row, parts = _open(session, actor)
        parts["changed"].pop(known.id, None)
        parts["off"][known.id] = why
        _keep(session, row, parts)


def restore(db: Database, actor: Actor, rule_id: str) -> None:
    """Puts a shipped rule back as shipped, or removes one of the workspace's own; in the actor's draft."""
    require(actor, "rule.write")
    with db.write() as session:
        row, parts = _open(session, actor)
        if not any(rule_id in part for part in parts.values()):
            raise NotFound(f"{rule_id} is neither changed nor your own, so there is nothing to put back.")
        for part in parts.values():
            part.pop(rule_id, None)
        _keep(session, row, parts)


def undo_edit(db: Database, actor: Actor, rule_id: str) -> None:
    """Takes one rule's edits out of the draft: it is again as in the version that the draft began from."""
    require(actor, "rule.write")
    with db.write() as session:
        row, parts = _open(session, actor)
        began = overlay_named(session, actor, row.manifest["parent"])
        for name, part in parts.items():
            part.pop(rule_id, None)
            part |= {rule_id: began[name][rule_id]} if rule_id in began[name] else {}
        _keep(session, row, parts)


def discard(db: Database, actor: Actor) -> None:
    """Throws the actor's draft away."""
    require(actor, "rule.write")
    with db.write() as session:
        if (row := draft_row(session, actor)) is not None:
            session.delete(row)


def take_over(db: Database, actor: Actor) -> None:
    """Lets the draft begin from the version in use now, with the actor's edits on top; which win where both changed a
    rule."""
    require(actor, "rule.write")
    with db.write() as session:
        row, mine = _open(session, actor)
        now = rows.active(session, actor.workspace_id, KIND)
        began, merged = overlay_named(session, actor, row.manifest["parent"]), _copy(overlay_of(now))
        for edit in differences(began, mine):
            for name, part in merged.items():
                part.pop(edit.rule_id, None)
                part |= {edit.rule_id: mine[name][edit.rule_id]} if edit.rule_id in mine[name] else {}
        _keep(session, row, merged, parent=now.version if now else None)


def differences(before: Overlay, after: Overlay) -> tuple[Edit, ...]:
    """What is different under `after`, rule by rule."""
    ids = dict.fromkeys(i for overlay in (before, after) for part in overlay.values() for i in part)
    return tuple(edit for rule_id in sorted(ids) if (edit := _edit(rule_id, before, after)) is not None)


def draft_row(session: Session, actor: Actor) -> Version | None:
    return rows.named(session, actor.workspace_id, KIND, f"{DRAFT}{actor.user_id}")


def form_of(overlay: Overlay, rule: Rule) -> RuleForm:
    """The form of a rule as it stands under an overlay. A declared block that only warns is shown as a warning."""
    entry = _state(rule.id, overlay) or entry_of(rule)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    kept: dict[str, Any] = {
        name: fields[name] for name in RuleForm.__dataclass_fields__ if fields.get(name) is not None
    }
    return RuleForm(**kept | {"severity": rule.severity})


def _edit(rule_id: str, before: Overlay, after: Overlay) -> Edit | None:
    old, new = _state(rule_id, before), _state(rule_id, after)
    if old == new:
        return None
    own = rule_id.startswith(OWN)
    if new is None:
        why = str(after["off"].get(rule_id, ""))
        return Edit(rule_id, "removed" if own else "switched off", (), why or str((old or {}).get("message", "")))
    if old is None:
        return Edit(rule_id, "added" if own else "switched on", (), str(new.get("message", "")))
    names = [name for name in (*FIELDS, *sorted(set(old) | set(new))) if old.get(name) != new.get(name)]
    told = tuple((FIELDS.get(n, n), _words(old.get(n)), _words(new.get(n))) for n in dict.fromkeys(names))
    return Edit(rule_id, "changed", told, str(new.get("message", "")))


def _words(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _state(rule_id: str, overlay: Overlay) -> dict[str, Any] | None:
    """The fields of a rule under an overlay; None where it does not hold."""
    if rule_id in overlay["added"]:
        return dict(overlay["added"][rule_id])
    known = next((rule for rule in shipped().rules if rule.id == rule_id), None)
    if known is None or rule_id in overlay["off"]:
        return None
    whole = entry_of(known) | overlay["changed"].get(rule_id, {})
    return {name: value for name, value in whole.items() if value is not None}


def _open(session: Session, actor: Actor) -> tuple[Version, dict[str, dict[str, Any]]]:
    """The actor's draft, begun from the version in use where there is none, and a copy of its overlay to change."""
    row = draft_row(session, actor)
    if row is None:
        now = rows.active(session, actor.workspace_id, KIND)
        row = Version(
            workspace_id=actor.workspace_id, author_id=actor.user_id, kind=KIND, version=f"{DRAFT}{actor.user_id}",
            parent=None, manifest={"parent": now.version if now else None, "overlay": _copy(overlay_of(now))},
        )  # fmt: skip
        session.add(row)
    return row, _copy(overlay_of(row))


def _keep(session: Session, row: Version, parts: Mapping[str, Mapping[str, Any]], **manifest: Any) -> None:
    """Saves the draft; one that says the same as the version it began from is put away."""
    row.manifest = row.manifest | {"overlay": _copy(parts)} | manifest  # a new object, or it would not be seen
    began = rows.named(session, row.workspace_id, KIND, row.manifest["parent"]) if row.manifest["parent"] else None
    try:
        laid(parts)
    except RuleError as error:
        raise BriefError(str(error)) from error
    session.flush()
    if not differences(overlay_of(began), parts):
        session.delete(row)


def _copy(overlay: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    copied: dict[str, dict[str, Any]] = json.loads(json.dumps(overlay))
    return copied


def _next_id(session: Session, actor: Actor) -> str:
    """An id that no version or draft of the workspace has used, so that counts of old rules stay theirs."""
    found = rows.versions(session, actor.workspace_id, KIND)
    used = [int(i.removeprefix(OWN)) for row in found for i in overlay_of(row)["added"]]
    number = max(used, default=0) + 1
    if number > 999:
        raise BriefError("Your workspace has used up the ids OWN-001 to OWN-999; change a rule instead of adding one.")
    return f"{OWN}{number:03}"
