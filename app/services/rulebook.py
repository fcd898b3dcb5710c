"""The rules of a workspace: the shipped set with the workspace's own overlay, as scoring uses them and pages list them.

A published overlay is a Version of kind "rule"; the active one counts, none is the shipped set. One RuleSet is made of
an overlay and shared by the process, because findings are remembered by it. Its version names the shipped set and the
overlay, so a scorecard made by other rules is known to be stale.
Leaves out editing (rulebook_draft.py), testing (rulebook_trial.py) and publishing (rulebook_publish.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from sqlalchemy.orm import Session

from app.services.people import Actor, require
from db import rulebook as queries
from db import versions as rows
from db.models import Version, utc_now
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import ASSETS
from relate_engine.rewards import overlay as engine
from relate_engine.rewards.overlay import EMPTY, Overlay
from relate_engine.rewards.rules import Rule, RuleError, RuleSet, load_rules

KIND = "rule"
DRAFT = "draft:"  # versions so named hold one person's unpublished edits
SHIPPED = "the shipped rules"
DAYS = 30
Origin = Literal["shipped", "changed", "own", "off"]


@dataclass(frozen=True)
class Listed:
    """A rule as the workspace has it. One that is switched off is shown as shipped, with why it is off."""

    rule: Rule
    origin: Origin
    editable: bool
    why_off: str = ""


@dataclass(frozen=True)
class Book:
    """The rules in use. `published`: the name of the active version, None for the shipped set."""

    version: str
    published: str | None
    overlay: Overlay
    rules: tuple[Listed, ...]

    def find(self, rule_id: str) -> Listed | None:
        return next((listed for listed in self.rules if listed.rule.id == rule_id), None)


@dataclass(frozen=True)
class Counts:
    """By rule: texts it was found in, and findings accepted and dismissed. `all_cards`: no score was left out."""

    hits: Mapping[str, int]
    accepted: Mapping[str, int]
    dismissed: Mapping[str, int]
    all_cards: bool

    def of(self, rule_id: str) -> tuple[int, int, int]:
        """Hits, accepted and dismissed of one rule."""
        return self.hits.get(rule_id, 0), self.accepted.get(rule_id, 0), self.dismissed.get(rule_id, 0)


@lru_cache(maxsize=1)
def shipped() -> RuleSet:
    """The rules that come with the program."""
    return load_rules(ASSETS / "rules")


def laid(overlay: Overlay) -> RuleSet:
    """The shipped rules with this overlay, the same object for the same overlay. Raises RuleError."""
    return _laid(json.dumps(overlay, sort_keys=True)) if any(overlay.values()) else shipped()


@lru_cache(maxsize=64)
def _laid(plain: str) -> RuleSet:
    return engine.laid_over(shipped(), json.loads(plain))


def rules_of(db: Database, actor: Actor) -> RuleSet:
    """The rules that judge texts of the actor's workspace today."""
    require(actor, "rule.read")
    with db.read() as session:
        return rules_in(session, actor)


def rules_in(session: Session, actor: Actor) -> RuleSet:
    """As `rules_of`, inside a transaction whose call has asked the role."""
    return _usable(overlay_of(rows.active(session, actor.workspace_id, KIND)))


def own_rules(db: Database, actor: Actor) -> RuleSet | None:
    """The same, None where the shipped set is in use: the writer's room has that one already."""
    found = rules_of(db, actor)
    return None if found is shipped() else found


def version_in(session: Session, actor: Actor) -> str:
    """The version of the workspace's rules inside an open session; "" where the shipped set is in use."""
    overlay = overlay_of(rows.active(session, actor.workspace_id, KIND))
    return engine.version_of(shipped(), overlay) if any(overlay.values()) else ""


def book(db: Database, actor: Actor) -> Book:
    """The rules in use in the actor's workspace, its own first."""
    require(actor, "rule.read")
    with db.read() as session:
        now = rows.active(session, actor.workspace_id, KIND)
    overlay = overlay_of(now)
    return Book(_usable(overlay).version, now.version if now else None, overlay, listed(overlay))


def listed(overlay: Overlay) -> tuple[Listed, ...]:
    """Every rule under an overlay, the workspace's own first, switched-off ones included."""
    rules = {rule.id: rule for rule in laid(overlay).rules}
    found = [Listed(rules[rule_id], "own", True) for rule_id in overlay["added"]]
    for rule in shipped().rules:
        may = engine.editable(rule)
        if rule.id not in rules:
            found.append(Listed(rule, "off", may, str(overlay["off"].get(rule.id, ""))))
        else:
            found.append(Listed(rules[rule.id], "changed" if rule.id in overlay["changed"] else "shipped", may))
    return tuple(found)


def counts(db: Database, actor: Actor) -> Counts:
    """Hits of the last DAYS days, and how often reviewers accepted or dismissed a finding, by rule."""
    require(actor, "rule.read")
    with db.read() as session:
        found = queries.counts(session, actor.workspace_id, utc_now() - timedelta(days=DAYS))
        return Counts(dict(found.hits), dict(found.accepted), dict(found.dismissed), found.all_cards)


def overlay_of(row: Version | None) -> Overlay:
    """The overlay that a version holds; the empty one for none."""
    return EMPTY if row is None else {part: dict(row.manifest["overlay"].get(part, {})) for part in EMPTY}


def overlay_named(session: Session, actor: Actor, version: str | None) -> Overlay:
    """The overlay of a published version of the actor's workspace; the empty one where there is no such version."""
    return overlay_of(rows.named(session, actor.workspace_id, KIND, version) if version else None)


def _usable(overlay: Overlay) -> RuleSet:
    """As `laid`. The workspace's own bans are never left out in silence: where they do not load, nothing is judged."""
    try:
        return laid(overlay)
    except RuleError as error:
        raise BriefError(
            f"The rules of your workspace cannot be used ({str(error).rstrip('.')}); "
            "put another version in use on the Rules page."
        ) from error
