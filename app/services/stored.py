"""What services hand to pages: plain, frozen records read from the tables, with their scorecards.

Pages never hold a database row, so nothing they do can change or lazily load one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services.people import Actor
from app.services.rulebook import shipped, version_in
from db import models, queries
from relate_engine.brief import ANGLES, Angle, Brief, parse_brief
from relate_engine.scorecard import Scorecard, scorecard_from_json


@dataclass(frozen=True)
class StoredBrief:
    id: int
    title: str
    brief: Brief
    checksum: str
    created_at: datetime
    updated_at: datetime
    archived: bool


@dataclass(frozen=True)
class StoredVerdict:
    """A reviewer's decision. `spans` are [start, end) code points of the text."""

    id: int
    text_id: int
    reviewer_id: int
    outcome: str  # one of db.models.OUTCOMES
    rules: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    comment: str
    created_at: datetime
    superseded: bool  # a later verdict counts instead
    countries: tuple[str, ...] = ()  # where it holds; none: wherever the brief runs
    until: datetime | None = None  # the end of "allowed with proof until"
    blind: bool = False
    settled_by_id: int | None = None  # the verdict on an identical text that settled this one too

    @property
    def decision(self) -> str:
        """What training and figures count: compliant, violation or "" (none). Allowed is compliant until its end."""
        if self.outcome == "allowed":
            return "compliant" if self.until is not None and self.until > models.utc_now() else ""
        return self.outcome if self.outcome in ("compliant", "violation") else ""


@dataclass(frozen=True)
class StoredText:
    """A text with its newest scorecard and what was done with it."""

    id: int
    brief_id: int
    generation_id: int
    placement: str
    slot: str
    text: str
    angle: Angle | None
    author: str  # "policy:<version>" or "person:<id>"
    created_at: datetime
    card: Scorecard | None
    brief_changed: bool  # the brief was changed after the card was made
    position: int | None  # place in the shown set inside its slot, 0 first; an edit keeps its parent's
    parent_id: int | None = None
    shown_as: str | None = None  # the text as first shown, if it was edited since
    choice: str = ""  # "picked", "rejected" or ""
    reason: str = ""
    rating: int | None = None
    verdict: StoredVerdict | None = None
    rules_today: str = ""  # the version of the workspace's own rules when it was read; "": it has none

    @property
    def by_person(self) -> bool:
        return self.author.startswith("person:")

    @property
    def cleared(self) -> bool:
        """Whether a person has judged this very text and lets it run."""
        return self.verdict is not None and self.verdict.decision == "compliant"


@dataclass(frozen=True)
class DroppedText:
    text: str
    slot: str
    angle: Angle | None
    reason: str


@dataclass(frozen=True)
class StoredGeneration:
    """One shown set as it stands now: each position holds its text's newest edit."""

    id: int
    brief_id: int
    kind: str  # "draft" or "own_lines"
    placement: str
    created_at: datetime
    texts: tuple[StoredText, ...]
    timing: dict[str, float]
    short: dict[str, int]  # slots left short: how many are missing
    versions: dict[str, str]
    request: dict[str, Any]
    seed: int | None

    def of_slot(self, slot: str) -> tuple[StoredText, ...]:
        return tuple(t for t in self.texts if t.slot == slot)


def checksum_of(brief: Brief) -> str:
    """A short hash of everything in a brief."""
    plain = json.dumps(brief.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def is_stale(text: StoredText, versions: Mapping[str, str]) -> bool:
    """Whether the text should be scored again: no card, a changed brief, other rewards or rules.

    A newer policy does not make a score stale: it says who writes, not how a text is judged.
    """
    if text.card is None or text.brief_changed:
        return True
    return any(
        text.card.versions.get(name) != today for name, today in versions.items() if name in ("rewards", "rules")
    )


def old_words(text: StoredText, versions: Mapping[str, str] | None = None) -> str:
    """Why a text's scores say little about it now; "" where it has none, or they are of today.

    `versions`: of what judges today, where it is loaded; the rules are always known."""
    today = {"rules": text.rules_today or shipped().version, **(versions or {})}
    if text.card is None or not is_stale(text, today):
        return ""
    if text.brief_changed:
        return "scored before the brief changed"
    same_rules = text.card.versions.get("rules") == today["rules"]
    return "scored by an earlier model" if same_rules else "scored before the rules changed"


def brief_record(row: models.Brief) -> StoredBrief:
    return StoredBrief(
        row.id, row.title, parse_brief(row.payload), row.checksum, row.created_at, row.updated_at,
        row.archived_at is not None,
    )  # fmt: skip


def verdict_record(row: models.Verdict, superseded: bool = False) -> StoredVerdict:
    spans = tuple((int(start), int(end)) for start, end in row.spans)
    return StoredVerdict(
        row.id, row.text_id, row.author_id, row.outcome, tuple(row.rules), spans, row.comment,
        row.created_at, superseded, tuple(row.countries), row.until, row.blind, row.settled_by_id,
    )  # fmt: skip


def angle_of(name: str | None) -> Angle | None:
    return next((angle for angle in ANGLES if angle == name), None)


def text_records(session: Session, actor: Actor, rows: Sequence[models.Text]) -> tuple[StoredText, ...]:
    """Records of some texts, in order. An edit has the position of the text it was first shown as."""
    workspace, ids = actor.workspace_id, [row.id for row in rows]
    cards = queries.latest_cards(session, workspace, ids)
    choices = queries.choices(session, workspace, ids)
    verdicts = queries.latest_verdicts(session, workspace, ids)
    firsts = _firsts(session, actor, rows)
    positions = queries.positions(session, workspace, [first.id for first in firsts.values()])
    briefs: dict[int, str] = {}
    for brief_id in {row.brief_id for row in rows}:
        brief = queries.owned(session, models.Brief, workspace, brief_id)
        briefs[brief_id] = brief.checksum if brief else ""
    rules_today = version_in(session, actor)
    records = []
    for row in rows:
        card, choice = cards.get(row.id), choices.get(row.id, queries.Choice())
        first, verdict = firsts[row.id], verdicts.get(row.id)
        records.append(
            StoredText(
                id=row.id,
                brief_id=row.brief_id,
                generation_id=row.generation_id,
                placement=row.placement,
                slot=row.slot,
                text=row.text,
                angle=angle_of(row.angle),
                author=row.written_by,
                created_at=row.created_at,
                card=scorecard_from_json(card.payload) if card else None,
                brief_changed=card is not None and card.brief_checksum != briefs[row.brief_id],
                position=positions.get(first.id),
                parent_id=row.parent_id,
                shown_as=first.text if first.id != row.id else None,
                choice=choice.state,
                reason=choice.reason,
                rating=choice.rating,
                verdict=verdict_record(verdict) if verdict else None,
                rules_today=rules_today,
            )
        )
    return tuple(records)


def as_they_stand(session: Session, actor: Actor, generation_ids: Sequence[int]) -> dict[int, tuple[StoredText, ...]]:
    """For each shown set: its texts in the order shown, each replaced by its newest edit."""
    workspace = actor.workspace_id
    places = queries.shown(session, workspace, generation_ids)
    texts = queries.texts(session, workspace, [place.text_id for place in places])
    edits = queries.edits(session, workspace, generation_ids)
    now: list[models.Text] = []
    for place in places:
        row = texts[place.text_id]
        while row.id in edits:  # an edit has a later id than its parent, so this ends
            row = edits[row.id]
        now.append(row)
    sets: dict[int, list[StoredText]] = {i: [] for i in generation_ids}
    for record in text_records(session, actor, now):
        sets[record.generation_id].append(record)
    return {i: tuple(records) for i, records in sets.items()}


def _firsts(session: Session, actor: Actor, rows: Sequence[models.Text]) -> dict[int, models.Text]:
    """For each text, the one that its chain of edits began with: itself if it is no edit."""
    firsts = {row.id: row for row in rows}
    while parents := {i: row.parent_id for i, row in firsts.items() if row.parent_id}:
        found = queries.texts(session, actor.workspace_id, parents.values())
        firsts |= {i: found[parent] for i, parent in parents.items()}
    return firsts
