"""Which texts wait for an admin's word: looks that disagree, escalations, and texts stuck in review.

The doubtful verdicts of a workspace are walked by the index of their times, oldest first, until enough texts are found;
all else is asked of each by the indexes of its text. Where every one of 100,000 texts has two looks and next to none
disagree, so that all are walked, that takes about half a second.
Plain functions over an open session that answer from one workspace and never commit, as db/queries.py.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import GoldText, ReviewSlot, StatusChange, Verdict
from db.queries import stands
from db.review import live, settled
from db.sending import sent

DOUBTS = ("violation", "needs_proof", "escalate")  # what does not say fine


def texts(session: Session, workspace_id: int, overlap: int, agreed: str, limit: int) -> list[int]:
    """Texts that wait for an admin's word, those first whose first doubtful look is oldest; gold texts left out.

    However many looks follow, a text stays until it is settled: one whose looks say different things, unless looks
    given since have decided it (`agreed`: the reason of the status change they made); one that was escalated; and one
    that is still in review though its `overlap` looks are complete, as where all say needs proof.
    Texts of archived briefs wait for nobody.
    """
    earlier = aliased(Verdict)
    query = select(Verdict.text_id).where(
        Verdict.workspace_id == workspace_id,
        Verdict.outcome.in_(DOUBTS),
        or_(_disputed(agreed), _left_in_review(overlap)),
        _is_look(Verdict),
        ~exists().where(  # each text once
            earlier.text_id == Verdict.text_id,
            earlier.id < Verdict.id,
            earlier.outcome.in_(DOUBTS),
            _is_look(earlier),
        ),
        ~exists().where(
            GoldText.workspace_id == workspace_id, GoldText.text_id == Verdict.text_id, GoldText.retired_at.is_(None)
        ),
    )
    return list(session.scalars(live(query, Verdict.text_id).order_by(Verdict.created_at, Verdict.id).limit(limit)))


def _is_look(verdict: Any) -> ColumnElement[bool]:
    """It is what a completed look said."""
    look = aliased(ReviewSlot)
    return exists().where(look.text_id == verdict.text_id, look.verdict_id == verdict.id)


def _look(says: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    """The text of the verdict has a completed look whose verdict is so."""
    look, said = aliased(ReviewSlot), aliased(Verdict)
    found = exists().where(look.text_id == Verdict.text_id, said.id == look.verdict_id, says(said))
    return found.correlate_except(look, said)


def _disputed(agreed: str) -> ColumnElement[bool]:
    """Nobody has settled the text, and a look escalates it, or says something else than the verdict and no later look
    has decided it."""
    change = aliased(StatusChange)
    decided = exists().where(
        change.text_id == Verdict.text_id,
        change.reason == agreed,
        ~_look(lambda v: v.created_at > change.created_at),
    )
    return and_(
        _look(lambda v: or_(v.outcome != Verdict.outcome, v.outcome == "escalate")),
        ~settled(Verdict.text_id),
        or_(~decided, _look(lambda v: v.outcome == "escalate")),
    )


def _left_in_review(overlap: int) -> ColumnElement[bool]:
    """The text is in review, its looks are complete, and nobody has settled it since it was sent."""
    change, newer, look, word = aliased(StatusChange), aliased(StatusChange), aliased(ReviewSlot), aliased(Verdict)
    looks = select(func.count(look.id)).where(look.text_id == change.text_id, look.verdict_id.is_not(None))
    return exists().where(
        change.text_id == Verdict.text_id,
        change.status == "in_review",
        ~exists().where(newer.text_id == change.text_id, newer.id > change.id),
        looks.correlate(change).scalar_subquery() >= overlap,
        _look(lambda v: v.created_at >= sent(change)),
        ~exists().where(
            word.text_id == change.text_id,
            word.settled_by_id.is_not(None),
            word.created_at >= sent(change),
            stands(word),
        ),
    )
