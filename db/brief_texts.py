"""The texts of one brief that a page needs at once, where a brief may hold ten thousand: those picked, newest wordings.

Plain functions over an open session, as db/queries.py. A text that was edited into another is left out.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, Feedback, Text
from db.queries import NO_CHOICE


def picked(session: Session, workspace_id: int, brief_id: int, limit: int) -> Sequence[Text]:
    """Texts whose last choice is a pick, as queries.choices has it: the last picked ones, in the order written."""
    later = aliased(Feedback)
    last = ~exists().where(later.text_id == Feedback.text_id, later.id > Feedback.id, _chooses(later))
    query = (
        select(Text)
        .join(Feedback, Feedback.text_id == Text.id)
        .where(*_standing(workspace_id, brief_id), Feedback.kind.in_(PICKS), _chooses(Feedback), last)
        .order_by(Feedback.id.desc())
        .limit(limit)
    )
    return sorted(session.scalars(query), key=lambda row: row.id)


def wordings(session: Session, workspace_id: int, brief_id: int, slot: str, without: int, limit: int) -> list[str]:
    """The newest texts of a slot but one, newest first."""
    query = select(Text.text).where(*_standing(workspace_id, brief_id), Text.slot == slot, Text.id != without)
    return list(session.scalars(query.order_by(Text.id.desc()).limit(limit)))


def _standing(workspace_id: int, brief_id: int) -> tuple[ColumnElement[bool], ...]:
    edit = aliased(Text)
    return (
        Text.workspace_id == workspace_id,
        Text.brief_id == brief_id,
        ~exists().where(edit.parent_id == Text.id),
    )


def _chooses(row: Any) -> ColumnElement[bool]:
    """Whether a row of feedback changes the choice: ratings, edits and NO_CHOICE do not."""
    plain = and_(row.kind == "export", row.reason.in_(NO_CHOICE))
    found: ColumnElement[bool] = or_(row.kind.in_(("unpick", "reject")), and_(row.kind.in_(PICKS), ~plain))
    return found
