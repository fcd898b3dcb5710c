"""What was shown where, by whom it was written, and whether it was chosen.

A text is chosen where it, or its newest edit, is picked now; copying and exporting it count. Sets are found by what
their request says of them: a trial of two writers, or positions that were shuffled. Plain functions over an open
session, as db/queries.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Subquery, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, Feedback, Generation, Shown, Text
from db.queries import CHUNK, NO_CHOICE

# of a text that is no edit; SQLite would answer IS NULL by the index of edits, and so read nearly all texts
FIRST = func.coalesce(Text.parent_id, 0) == 0


@dataclass(frozen=True)
class TrialSet:
    """A set of a trial: when it was stored, and the version that the new one was tried against."""

    id: int
    at: datetime
    old: str


@dataclass(frozen=True)
class Place:
    """One position of a shown set and the text that stood there; `position` counts from 0 inside its slot."""

    generation_id: int
    placement: str  # of the set
    slot: str
    position: int
    written_by: str
    chosen: bool


def trial_sets(session: Session, workspace_id: int, new: str) -> list[TrialSet]:
    """Sets of trials of the writer version `new`, oldest first."""
    against = Generation.request["trial"]["old"].as_string()
    query = select(Generation.id, Generation.created_at, against).where(
        Generation.workspace_id == workspace_id, Generation.request["trial"]["new"].as_string() == new
    )
    return [TrialSet(row[0], row[1], row[2]) for row in session.execute(query.order_by(Generation.id))]


def shuffled_sets(session: Session, workspace_id: int, limit: int) -> dict[int, dict[str, list[int]]]:
    """By set, the shuffled positions of its slots; of the newest `limit` drafts."""
    query = select(Generation.id, Generation.request).where(
        Generation.workspace_id == workspace_id, Generation.kind == "draft"
    )
    newest = session.execute(query.order_by(Generation.id.desc()).limit(limit))
    return {row[0]: row[1]["shuffled"] for row in newest if row[1].get("shuffled")}


def places(
    session: Session, workspace_id: int, generation_ids: Sequence[int], until: datetime | None = None
) -> list[Place]:
    """Every position of some sets, in the order shown; chosen as it stood `until` then, None: now."""
    rows: list[Row[int, int, str, str, int, str]] = []
    newest: dict[int, int] = {}
    for start in range(0, len(generation_ids), CHUNK):
        ids = generation_ids[start : start + CHUNK]
        query = (
            select(
                Shown.text_id, Shown.generation_id, Generation.placement, Shown.slot, Shown.position, Text.written_by
            )
            .join(Text, Text.id == Shown.text_id)
            .join(Generation, Generation.id == Shown.generation_id)
            .where(Shown.workspace_id == workspace_id, Shown.generation_id.in_(ids))
        )
        rows += session.execute(query.order_by(Shown.id)).all()
        edits = select(Text.parent_id, Text.id).where(
            Text.workspace_id == workspace_id, Text.generation_id.in_(ids), Text.parent_id.is_not(None)
        )
        edits = edits if until is None else edits.where(Text.created_at <= until)
        newest |= {parent: edit for parent, edit in session.execute(edits.order_by(Text.id)) if parent}
    now = {row[0]: row[0] for row in rows}
    for first in now:
        while now[first] in newest:  # an edit has a later id than its parent, so this ends
            now[first] = newest[now[first]]
    picked = chosen(session, workspace_id, list(now.values()), until)
    return [Place(row[1], row[2], row[3], row[4], row[5], now[row[0]] in picked) for row in rows]


def chosen(session: Session, workspace_id: int, text_ids: Sequence[int], until: datetime | None = None) -> set[int]:
    """Which of these texts are picked now, or were `until` then."""
    found: set[int] = set()
    for start in range(0, len(text_ids), CHUNK):
        query = select(Text.id).where(
            Text.workspace_id == workspace_id,
            Text.id.in_(text_ids[start : start + CHUNK]),
            last_choice(until).in_(PICKS),
        )
        found |= set(session.scalars(query))
    return found


def last_choice(until: datetime | None = None, of: ColumnElement[int] | None = None) -> ScalarSelect[str]:
    """What people last did (`until` then) with the text of the query around it, or with the text `of` this id; ratings,
    edits and exports that choose nothing are left out."""
    query = select(Feedback.kind).where(
        Feedback.text_id == (Text.id if of is None else of), Feedback.kind.in_((*PICKS, "unpick", "reject")), _chooses()
    )
    query = query if until is None else query.where(Feedback.created_at <= until)
    return query.order_by(Feedback.id.desc()).limit(1).correlate_except(Feedback).scalar_subquery()


def ever_picked(of: ColumnElement[int]) -> ColumnElement[bool]:
    """Somebody has picked the text `of` this id, whatever they did with it later."""
    return exists().where(Feedback.text_id == of, Feedback.kind.in_(PICKS), _chooses())


def newest_edits(where: Sequence[ColumnElement[bool]]) -> Subquery:
    """What the texts of which this holds have become `now` by their newest edits: (first, now) of those with edits."""
    edit, later = aliased(Text), aliased(Text)
    once: Any = select(Text.id.label("first"), func.max(edit.id).label("now")).join(edit, edit.parent_id == Text.id)
    chain = once.where(*where).group_by(Text.id).cte("edited", recursive=True)
    after = select(func.max(later.id)).where(later.parent_id == chain.c.now).correlate(chain).scalar_subquery()
    chain = chain.union_all(select(chain.c.first, after).where(chain.c.now.is_not(None)))
    # an edit has a later id than its parent, so the chain ends, and its highest id is its end
    return select(chain.c.first, func.max(chain.c.now).label("now")).group_by(chain.c.first).subquery("became")


def _chooses() -> ColumnElement[bool]:
    return or_(Feedback.kind != "export", Feedback.reason.not_in(NO_CHOICE))
