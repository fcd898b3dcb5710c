"""The questions of the review desk: which texts wait for a look, their groups, and past decisions.

A text is open while it has fewer looks than it needs. Texts in review ask again from when they were sent: one look if
their looks were complete before, as many as are missing otherwise. Every list is bounded and found by an index.
Plain functions over an open session that answer from one workspace and never commit, as db/queries.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Brief, Card, GoldText, ReviewSlot, Shown, StatusChange, Text, User, Verdict
from db.queries import CHUNK, stands
from db.sending import sent, spoken_for

JUDGES = ("reviewer", "admin")  # admins count where there is no reviewer


@dataclass(frozen=True)
class Asked:
    """Who asks for a text, with how many looks a text gets and what time it is."""

    workspace_id: int
    user_id: int
    overlap: int
    now: datetime


@dataclass(frozen=True)
class Facts:
    """What the order of the queue is made of."""

    text_id: int
    waiting_since: datetime
    in_review: bool
    level: str  # of the newest card, "" without one
    findings: Sequence[dict[str, Any]]
    outcome: str  # of the newest standing verdict, "" without one


def judges(session: Session, workspace_id: int, local: str) -> int:
    """How many people judge: the reviewers, or the admins where there are none. Admins may judge beside reviewers, but
    no text waits for that. Not the user with the subject `local`, who is nobody once others sign in."""
    for role in JUDGES:
        query = select(func.count(User.id)).where(
            User.workspace_id == workspace_id, User.role == role, User.active, User.subject != local
        )
        if found := session.scalar(query):
            return found
    return 0


# --- looks ------------------------------------------------------------------------------------------------------------


def slots_of(session: Session, workspace_id: int, text_id: int) -> Sequence[ReviewSlot]:
    """All looks at a text, in the order of their numbers."""
    query = select(ReviewSlot).where(ReviewSlot.workspace_id == workspace_id, ReviewSlot.text_id == text_id)
    return session.scalars(query.order_by(ReviewSlot.number)).all()


def held(session: Session, workspace_id: int, user_id: int, now: datetime) -> ReviewSlot | None:
    """The look that this person has under way."""
    query = select(ReviewSlot).where(
        ReviewSlot.workspace_id == workspace_id,
        ReviewSlot.author_id == user_id,
        ReviewSlot.verdict_id.is_(None),
        ReviewSlot.expires_at > now,
    )
    return session.scalar(query.order_by(ReviewSlot.expires_at.desc()).limit(1))


def last_change(session: Session, text_id: int) -> StatusChange | None:
    """The newest status change of a text."""
    query = select(StatusChange).where(StatusChange.text_id == text_id).order_by(StatusChange.id.desc())
    return session.scalar(query.limit(1))


def changes(session: Session, text_id: int, limit: int = 50) -> Sequence[StatusChange]:
    """The status changes of a text, newest first."""
    query = select(StatusChange).where(StatusChange.text_id == text_id).order_by(StatusChange.id.desc())
    return session.scalars(query.limit(limit)).all()


def run_out(session: Session, asked: Asked, limit: int, own: bool) -> list[int]:
    """Texts with a look that expired without a verdict: this person's own, or other people's."""
    slot, mine = aliased(ReviewSlot), ReviewSlot.author_id == asked.user_id
    query = select(ReviewSlot.text_id).where(
        ReviewSlot.workspace_id == asked.workspace_id,
        ReviewSlot.verdict_id.is_(None),
        ReviewSlot.expires_at <= asked.now,
        mine if own else ~mine,
    )
    if not own:  # somebody who has had the text does not get it again
        query = query.where(~exists().where(slot.text_id == ReviewSlot.text_id, slot.author_id == asked.user_id))
    return list(session.scalars(live(query, ReviewSlot.text_id).order_by(ReviewSlot.expires_at).limit(limit)))


def in_review(session: Session, asked: Asked, limit: int) -> list[int]:
    """Texts sent to review that still lack looks, longest waiting first; without those an identical text speaks for."""
    change, newer, since, mine = StatusChange, aliased(StatusChange), aliased(ReviewSlot), aliased(ReviewSlot)
    sent_then = sent(change)
    had = (
        select(func.count(Verdict.author_id.distinct()))
        .where(
            Verdict.text_id == change.text_id,
            Verdict.created_at < sent_then,
            Verdict.settled_by_id.is_(None),
            stands(),
        )
        .correlate(change)
        .scalar_subquery()
    )
    taken = (
        select(func.count(since.id))
        .where(
            since.text_id == change.text_id,
            since.created_at >= sent_then,
            or_(since.verdict_id.is_not(None), since.expires_at > asked.now),
        )
        .correlate(change)
        .scalar_subquery()
    )
    query = select(change.text_id).where(
        change.workspace_id == asked.workspace_id,
        change.status == "in_review",
        change.text_id.is_not(None),
        ~exists().where(newer.text_id == change.text_id, newer.id > change.id),
        ~exists().where(
            mine.text_id == change.text_id,
            mine.author_id == asked.user_id,
            or_(mine.created_at >= sent_then, had < asked.overlap),
        ),
        ~spoken_for(change.text_id),
        taken < case((had >= asked.overlap, 1), else_=asked.overlap - had),
    )
    return [i for i in session.scalars(live(query, change.text_id).order_by(change.id).limit(limit)) if i is not None]


def half_looked(session: Session, asked: Asked, limit: int, blind: bool) -> list[int]:
    """Texts somebody else has or had, and that lack further looks, oldest look first."""
    more = aliased(ReviewSlot)
    query = select(ReviewSlot.text_id).where(
        ReviewSlot.workspace_id == asked.workspace_id,
        ReviewSlot.number < asked.overlap,
        or_(ReviewSlot.verdict_id.is_not(None), ReviewSlot.expires_at > asked.now),
        ReviewSlot.blind.is_(blind),
        ~exists().where(more.text_id == ReviewSlot.text_id, more.number > ReviewSlot.number),
        ~exists().where(more.text_id == ReviewSlot.text_id, more.author_id == asked.user_id),
        ~settled(ReviewSlot.text_id),
    )
    return list(session.scalars(live(query, ReviewSlot.text_id).order_by(ReviewSlot.id).limit(limit)))


def of_level(session: Session, asked: Asked, level: str, limit: int, after: int = 0) -> list[int]:
    """Texts nobody has looked at whose newest card has this level, oldest card first, from a card id on."""
    newer = aliased(Card)
    query = select(Card.text_id).where(
        Card.workspace_id == asked.workspace_id,
        Card.level == level,
        Card.id > after,
        ~exists().where(newer.text_id == Card.text_id, newer.id > Card.id),
        _untouched(Card.text_id),
    )
    return list(session.scalars(live(query, Card.text_id).order_by(Card.id).limit(limit)))


def untouched(session: Session, asked: Asked, limit: int) -> list[int]:
    """Texts nobody has looked at, the oldest first."""
    query = select(Text.id).where(Text.workspace_id == asked.workspace_id, _untouched(Text.id))
    return list(session.scalars(live(query, Text.id).order_by(Text.id).limit(limit)))


def gold_for(session: Session, asked: Asked, limit: int) -> list[int]:
    """Gold texts that this person has not had."""
    query = select(GoldText.text_id).where(
        GoldText.workspace_id == asked.workspace_id,
        GoldText.retired_at.is_(None),
        ~exists().where(ReviewSlot.text_id == GoldText.text_id, ReviewSlot.author_id == asked.user_id),
        ~exists().where(
            Verdict.text_id == GoldText.text_id,
            Verdict.author_id == asked.user_id,
            Verdict.settled_by_id.is_(None),
        ),
    )
    return list(session.scalars(live(query, GoldText.text_id).order_by(GoldText.id).limit(limit)))


def highest_card(session: Session, workspace_id: int, level: str) -> int:
    query = select(func.max(Card.id)).where(Card.workspace_id == workspace_id, Card.level == level)
    return session.scalar(query) or 0


def _untouched(text_id: Any) -> ColumnElement[bool]:
    """No look was taken and no verdict stands."""
    return ~exists().where(ReviewSlot.text_id == text_id) & ~exists().where(Verdict.text_id == text_id, stands())


def open_for_looks(session: Session, text_id: int) -> bool:
    """Its brief is not archived, and no verdict on an identical text or of an admin has decided it, or it was sent
    to review since and no identical text speaks for it."""
    found = live(select(Text.id).where(Text.id == text_id), Text.id)
    touched = exists().where(ReviewSlot.text_id == Text.id) | ~exists().where(Verdict.text_id == Text.id, stands())
    newest = (
        select(StatusChange.status)
        .where(StatusChange.text_id == Text.id)
        .order_by(StatusChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    waits = (newest == "in_review") & ~spoken_for(Text.id)
    return session.scalar(found.where(waits | (touched & ~settled(Text.id)))) is not None


def settled(text_id: Any) -> ColumnElement[bool]:
    """A verdict on an identical text, or of an admin over disagreeing looks, has decided it."""
    other = aliased(Verdict)
    return exists().where(other.text_id == text_id, other.settled_by_id.is_not(None), stands(other))


def live(query: Select[Any], text_id: Any) -> Select[Any]:
    """Without texts of archived briefs."""
    of = aliased(Text)
    return query.where(
        exists()
        .where(of.id == text_id, of.brief_id == Brief.id, Brief.archived_at.is_(None))
        .correlate_except(of, Brief)
    )


def looked_at(session: Session, workspace_id: int, text_ids: Iterable[int]) -> set[int]:
    """Those of some texts that have looks of their own, or are gold."""
    ids = list(text_ids)[:CHUNK]
    slots = select(ReviewSlot.text_id).where(ReviewSlot.workspace_id == workspace_id, ReviewSlot.text_id.in_(ids))
    golds = select(GoldText.text_id).where(GoldText.workspace_id == workspace_id, GoldText.text_id.in_(ids))
    return {*session.scalars(slots), *session.scalars(golds)}


def gold_of(session: Session, workspace_id: int, text_id: int) -> GoldText | None:
    return session.scalar(select(GoldText).where(GoldText.workspace_id == workspace_id, GoldText.text_id == text_id))


# --- facts about texts ------------------------------------------------------------------------------------------------


def facts(session: Session, workspace_id: int, text_ids: Iterable[int]) -> list[Facts]:
    """What the order is made of, for a short list of texts."""
    ids = list(dict.fromkeys(text_ids))[:CHUNK]
    newest = select(func.max(Card.id)).where(Card.text_id.in_(ids)).group_by(Card.text_id)
    cards = {
        row[0]: (row[1], row[2]["findings"])
        for row in session.execute(select(Card.text_id, Card.level, Card.payload).where(Card.id.in_(newest)))
    }
    last = select(func.max(StatusChange.id)).where(StatusChange.text_id.in_(ids)).group_by(StatusChange.text_id)
    sent = {
        row[0]: row[1]
        for row in session.execute(
            select(StatusChange.text_id, StatusChange.created_at).where(
                StatusChange.id.in_(last), StatusChange.status == "in_review"
            )
        )
    }
    verdict = select(func.max(Verdict.id)).where(Verdict.text_id.in_(ids), stands()).group_by(Verdict.text_id)
    said = {
        r[0]: r[1] for r in session.execute(select(Verdict.text_id, Verdict.outcome).where(Verdict.id.in_(verdict)))
    }
    rows = session.execute(
        select(Text.id, Text.created_at).where(Text.workspace_id == workspace_id, Text.id.in_(ids))
    ).all()
    return [Facts(i, sent.get(i, at), i in sent, *cards.get(i, ("", ())), outcome=said.get(i, "")) for i, at in rows]


def shown_with(session: Session, workspace_id: int, generation_id: int, limit: int) -> list[int]:
    """The first texts of a shown set, in the order shown."""
    query = select(Shown.text_id).where(Shown.workspace_id == workspace_id, Shown.generation_id == generation_id)
    return list(session.scalars(query.order_by(Shown.id).limit(limit)))
