"""When a text was sent to review, which identical text speaks for it there, and which texts have all their looks.

Undoing a verdict puts its text back into review, but that is no new sending: looks since the sending go on counting.
Plain functions over an open session that answer from one workspace and never commit, as db/queries.py.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Brief, GoldText, ReviewSlot, StatusChange, Text, Verdict, Workspace
from db.queries import stands

TAKEN_BACK = "The verdict was taken back."  # the reason of the change that undoing makes
FINE, UNDECIDED = ("compliant", "allowed"), ("needs_proof", "escalate")


def sent(change: Any) -> ColumnElement[datetime]:
    """When the text was sent, of its newest change, which puts it in review."""
    other = aliased(StatusChange)
    before = select(func.max(other.created_at)).where(other.text_id == change.text_id, _sending(other))
    first = func.coalesce(before.correlate(change).scalar_subquery(), change.created_at)
    return case((change.reason == TAKEN_BACK, first), else_=change.created_at)


def sent_at(session: Session, change: StatusChange | None) -> datetime | None:
    """The same of a row at hand; None where it does not put the text in review."""
    if change is None or change.status != "in_review" or change.reason != TAKEN_BACK:
        return change.created_at if change is not None and change.status == "in_review" else None
    query = select(StatusChange.created_at).where(StatusChange.text_id == change.text_id, _sending(StatusChange))
    return session.scalar(query.order_by(StatusChange.id.desc()).limit(1)) or change.created_at


def spoken_for(text_id: Any) -> ColumnElement[bool]:
    """Verdicts on an identical text decide about it, so that nobody is asked."""
    return _speaking(text_id).exists()


def speaker(session: Session, text_id: int) -> int | None:
    """The identical text whose looks decide about this one, that with the newest verdict; None: it has its own."""
    return max(((row[0], row[1]) for row in session.execute(_speaking(text_id))), default=(0, None))[1]


def ready(session: Session, workspace_id: int, overlap: int, after: int, limit: int) -> list[tuple[int, int]]:
    """(change, text) of texts in review whose `overlap` looks, or those of the text that speaks for them, are complete
    and may agree, from a status change on."""
    change, newer = aliased(StatusChange), aliased(StatusChange)
    fine, violation = _said_since(change, FINE), _said_since(change, ("violation",))
    own = and_(
        _looks(change.text_id) >= overlap, or_(fine, violation), ~and_(fine, violation), ~_said_since(change, UNDECIDED)
    )
    query = select(change.id, change.text_id).where(
        change.workspace_id == workspace_id,
        change.status == "in_review",
        change.text_id.is_not(None),
        change.id > after,
        ~exists().where(newer.text_id == change.text_id, newer.id > change.id),
        or_(own, _speaking(change.text_id, overlap).exists()),
    )
    rows = session.execute(query.order_by(change.id).limit(limit))
    return [(row[0], row[1]) for row in rows if row[1] is not None]


def workspaces_with_any(session: Session) -> list[int]:
    """Workspaces in which a text was ever sent to review."""
    any_ = exists().where(StatusChange.workspace_id == Workspace.id, StatusChange.status == "in_review")
    return list(session.scalars(select(Workspace.id).where(any_).order_by(Workspace.id)))


def _sending(change: Any) -> ColumnElement[bool]:
    return and_(change.status == "in_review", change.reason != TAKEN_BACK)


def _speaking(text_id: Any, overlap: int = 0) -> Select[int, int]:
    """(verdict, its text) of verdicts on identical texts that speak for a text, of those with `overlap` looks at least.

    The text has no looks of its own and is not gold. The other one is open for looks or in review, its brief is not
    archived, and its newest verdict has reached this text since it was sent: else it could wait for ever.
    """
    said, by, newer, again = aliased(Verdict), aliased(Verdict), aliased(Verdict), aliased(StatusChange)
    lead, home, look, gold = aliased(Text), aliased(Brief), aliased(ReviewSlot), aliased(GoldText)
    settler, change, later = aliased(Verdict), aliased(StatusChange), aliased(StatusChange)
    in_review = exists().where(
        change.text_id == by.text_id,
        change.status == "in_review",
        ~exists().where(later.text_id == change.text_id, later.id > change.id),
    )
    settled = exists().where(settler.text_id == by.text_id, settler.settled_by_id.is_not(None), stands(settler))
    query = select(by.id, by.text_id).where(
        said.text_id == text_id,
        by.id == said.settled_by_id,
        by.text_id != said.text_id,
        stands(said),
        ~exists().where(again.text_id == said.text_id, _sending(again), again.created_at > said.created_at),
        ~exists().where(look.text_id == said.text_id),
        ~exists().where(gold.workspace_id == said.workspace_id, gold.text_id == said.text_id),
        lead.id == by.text_id,
        home.id == lead.brief_id,
        home.archived_at.is_(None),
        or_(in_review, ~settled),
        ~exists().where(newer.text_id == by.text_id, newer.id > by.id, newer.settled_by_id.is_(None), stands(newer)),
    )
    return query.where(_looks(by.text_id) >= overlap) if overlap else query


def _looks(text_id: Any) -> ColumnElement[int]:
    """How many completed looks a text has."""
    look = aliased(ReviewSlot)
    query = select(func.count(look.id)).where(look.text_id == text_id, look.verdict_id.is_not(None))
    return query.correlate_except(look).scalar_subquery()


def _said_since(change: Any, outcomes: tuple[str, ...]) -> ColumnElement[bool]:
    """A look since the text was sent says one of these."""
    look, said = aliased(ReviewSlot), aliased(Verdict)
    found = exists().where(
        look.text_id == change.text_id,
        said.id == look.verdict_id,
        said.created_at >= sent(change),
        said.outcome.in_(outcomes),
    )
    return found.correlate_except(look, said)
