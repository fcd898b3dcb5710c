"""Verdicts by people: those about one text, the rest of its group, and past decisions about words like it.

Plain functions over an open session that answer from one workspace and never commit, as db/queries.py. Leaves out which
texts wait for a look (review.py) and figures over many verdicts (review_quality.py).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Brief, Text, Verdict
from db.queries import CHUNK, stands


def hand_verdicts(session: Session, text_id: int) -> Sequence[Verdict]:
    """What reviewers said about a text and stands, newest first; without what identical texts or admins decided."""
    query = select(Verdict).where(Verdict.text_id == text_id, Verdict.settled_by_id.is_(None), stands())
    return session.scalars(query.order_by(Verdict.id.desc())).all()


def settling(session: Session, text_id: int) -> Verdict | None:
    """The newest standing verdict that decided this very text over its looks: an admin's, or that of a gold text."""
    settler = aliased(Verdict)
    query = (
        select(Verdict)
        .join(settler, settler.id == Verdict.settled_by_id)
        .where(Verdict.text_id == text_id, settler.text_id == text_id, stands())
    )
    return session.scalar(query.order_by(Verdict.id.desc()).limit(1))


def is_word(session: Session, verdict: Verdict) -> bool:
    """The verdict was given over the looks at its text: an admin's, or that of a gold text."""
    settler = session.get(Verdict, verdict.settled_by_id) if verdict.settled_by_id is not None else None
    return settler is not None and settler.text_id == verdict.text_id


def identical(session: Session, text: Text, limit: int) -> Sequence[Text]:
    """Other texts of the workspace with the same wording and placement, whose briefs are not archived."""
    query = (
        select(Text)
        .join(Brief, Brief.id == Text.brief_id)
        .where(
            Text.workspace_id == text.workspace_id,
            Text.claim == text.claim,
            Text.id != text.id,
            Text.placement == text.placement,
            Brief.archived_at.is_(None),
        )
    )
    return session.scalars(query.order_by(Text.id).limit(limit)).all()


def decided_alike(session: Session, workspace_id: int, claim: str, limit: int) -> Sequence[tuple[Verdict, str]]:
    """Standing verdicts of reviewers about this wording, newest first, with the text."""
    query = (
        select(Verdict, Text.text)
        .join(Text, Text.id == Verdict.text_id)
        .where(Verdict.workspace_id == workspace_id, Verdict.claim == claim, _by_hand(), stands())
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Verdict.id.desc()).limit(limit))]


def newest_decided(session: Session, workspace_id: int, limit: int) -> Sequence[tuple[int, str]]:
    """Verdict id and text of the newest verdicts of reviewers."""
    query = (
        select(Verdict.id, Text.text)
        .join(Text, Text.id == Verdict.text_id)
        .where(Verdict.workspace_id == workspace_id, _by_hand(), stands())
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Verdict.id.desc()).limit(limit))]


def _by_hand() -> ColumnElement[bool]:
    """Given to this very text by somebody, not brought about by the verdict on an identical one."""
    settler = aliased(Verdict)
    return or_(
        Verdict.settled_by_id.is_(None),
        exists().where(settler.id == Verdict.settled_by_id, settler.text_id == Verdict.text_id),
    )


def verdicts_by_id(session: Session, workspace_id: int, ids: Iterable[int]) -> dict[int, Verdict]:
    query = select(Verdict).where(Verdict.workspace_id == workspace_id, Verdict.id.in_(list(ids)[:CHUNK]))
    return {row.id: row for row in session.scalars(query)}


def settled_by(session: Session, verdict: Verdict) -> Sequence[Verdict]:
    """Verdicts on identical texts that this one brought about and that stand."""
    query = select(Verdict).where(Verdict.settled_by_id == verdict.id, Verdict.text_id != verdict.text_id, stands())
    return session.scalars(query).all()


def mine_since(session: Session, text_id: int, user_id: int, since: datetime) -> Sequence[Verdict]:
    """What this person said about a text from then on and that stands, oldest first."""
    query = select(Verdict).where(
        Verdict.text_id == text_id,
        Verdict.author_id == user_id,
        Verdict.created_at >= since,
        Verdict.settled_by_id.is_(None),
        stands(),
    )
    return session.scalars(query.order_by(Verdict.id)).all()


def stands_now(session: Session, verdict_id: int) -> bool:
    return session.scalar(select(Verdict.id).where(Verdict.id == verdict_id, stands())) is not None


def last_own(session: Session, workspace_id: int, user_id: int, since: datetime) -> Verdict | None:
    """The newest verdict that this person gave from then on and that stands."""
    query = select(Verdict).where(
        Verdict.workspace_id == workspace_id,
        Verdict.created_at >= since,
        Verdict.author_id == user_id,
        Verdict.settled_by_id.is_(None),
        stands(),
    )
    return session.scalar(query.order_by(Verdict.created_at.desc()).limit(1))
