"""Questions about what happened to a text: its chain of edits, and everything that was noted along it.

A chain begins with the text as it was first written; every edit points to the text it was made from, and two people
may have edited the same one. Plain functions over an open session, as db/queries.py.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Ad, AdRevision, Card, Comment, Feedback, Import, Result, StatusChange, Text, Verdict

MOST = 500  # texts of one chain, and rows of each kind along it


def chain(session: Session, workspace_id: int, text: Text) -> list[Text]:
    """The text with all it was edited from and into, the first wording first."""
    root = text
    while root.parent_id is not None:
        parent = session.scalar(select(Text).where(Text.id == root.parent_id, Text.workspace_id == workspace_id))
        if parent is None:
            break
        root = parent
    found, last = [root], [root.id]
    while last and len(found) < MOST:
        query = select(Text).where(Text.workspace_id == workspace_id, Text.parent_id.in_(last)).order_by(Text.id)
        below = session.scalars(query.limit(MOST)).all()
        found += below
        last = [row.id for row in below]
    return found


def families(session: Session, workspace_id: int, brief_id: int, ids: Iterable[int]) -> set[int]:
    """These texts of a brief with all that they were edited from and into."""
    edits = select(Text.id, Text.parent_id).where(Text.workspace_id == workspace_id, Text.brief_id == brief_id)
    beside: dict[int, list[int]] = {}
    for child, parent in session.execute(edits):
        if parent is not None:
            beside.setdefault(child, []).append(parent)
            beside.setdefault(parent, []).append(child)
    found, last = set[int](), set(ids)
    while last:
        found |= last
        last = {other for one in last for other in beside.get(one, ())} - found
    return found


def newest_edit(session: Session, workspace_id: int, text: Text) -> Text:
    """What a text has become by its newest edits; itself where nobody edited it."""
    now = text
    while True:
        query = select(Text).where(Text.workspace_id == workspace_id, Text.parent_id == now.id)
        after = session.scalar(query.order_by(Text.id.desc()).limit(1))
        if after is None:
            return now
        now = after


def cards(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[Card]:
    return session.scalars(_about(Card, workspace_id, ids)).all()


def feedback(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[Feedback]:
    return session.scalars(_about(Feedback, workspace_id, ids)).all()


def verdicts(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[Verdict]:
    return session.scalars(_about(Verdict, workspace_id, ids)).all()


def statuses(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[StatusChange]:
    return session.scalars(_about(StatusChange, workspace_id, ids)).all()


def comments(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[Comment]:
    return session.scalars(_about(Comment, workspace_id, ids)).all()


def results(session: Session, workspace_id: int, ids: Sequence[int]) -> Sequence[Any]:
    """Per import that is visible and names one of these texts: id, name, when, by whom, impressions, clicks and
    conversions."""
    query: Any = (
        select(
            Import.id, Import.name, Import.created_at, Import.author_id, func.sum(Result.impressions),
            func.sum(Result.clicks), func.sum(Result.conversions),
        )
        .join(Result, Result.import_id == Import.id)
        .where(Result.workspace_id == workspace_id, Result.text_id.in_(ids), Import.state == "visible")
        .group_by(Import.id, Import.name, Import.created_at, Import.author_id)
        .order_by(Import.id)
        .limit(MOST)
    )  # fmt: skip
    return session.execute(query).all()


def revisions(session: Session, workspace_id: int, brief_id: int) -> Sequence[tuple[AdRevision, Ad]]:
    """The revisions of a brief's ads, oldest first; what they hold is looked at by the caller."""
    query = (
        select(AdRevision, Ad)
        .join(Ad, Ad.id == AdRevision.ad_id)
        .where(Ad.workspace_id == workspace_id, Ad.brief_id == brief_id)
    )
    return session.execute(query.order_by(AdRevision.id).limit(MOST)).tuples().all()


def ad_statuses(session: Session, workspace_id: int, ad_ids: Sequence[int]) -> Sequence[StatusChange]:
    query = select(StatusChange).where(StatusChange.workspace_id == workspace_id, StatusChange.ad_id.in_(ad_ids))
    return session.scalars(query.order_by(StatusChange.id).limit(MOST)).all()


def comment_page(
    session: Session, workspace_id: int, brief_id: int, text_ids: Sequence[int] | None, ad_id: int | None, limit: int
) -> tuple[int, list[Comment]]:
    """How many comments there are about a brief (about some of its texts, or one of its ads), and the newest of them,
    newest last."""
    where = [Comment.workspace_id == workspace_id, Comment.brief_id == brief_id]
    if text_ids is not None:
        where.append(Comment.text_id.in_(text_ids))
    if ad_id is not None:
        where.append(Comment.ad_id == ad_id)
    total = session.scalar(select(func.count(Comment.id)).where(*where)) or 0
    found = session.scalars(select(Comment).where(*where).order_by(Comment.id.desc()).limit(limit)).all()
    return total, list(reversed(found))


def _about(model: Any, workspace_id: int, ids: Sequence[int]) -> Any:
    query = select(model).where(model.workspace_id == workspace_id, model.text_id.in_(ids))
    return query.order_by(model.id).limit(MOST)
