"""Which texts could go into an ad: picked ones first, then the newest; a page at a time, out of ten thousands.

Plain functions over an open session, as db/queries.py. A text that was edited into another gives way to it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, Text
from db.queries import CHUNK
from db.shown import last_choice


def page(
    session: Session,
    workspace_id: int,
    brief_id: int,
    placement: str,
    slot: str,
    *,
    search: str,
    by: str,
    without: Sequence[int],
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Text]]:
    """How many texts fit a slot, and one page of them. `by`: "person", "writer" or ""; `without`: a few ids."""
    where = _standing(workspace_id, brief_id, placement, slot)
    last = last_choice()
    where.append(func.coalesce(last, "") != "reject")
    if without:
        where.append(Text.id.not_in(without))
    if search:
        where.append(Text.text.icontains(search, autoescape=True))
    if by:
        mine = Text.written_by.startswith("person:")
        where.append(mine if by == "person" else ~mine)
    total = session.scalar(select(func.count()).select_from(Text).where(*where)) or 0
    first = case((last.in_(PICKS), 0), else_=1)
    query = select(Text).where(*where).order_by(first, Text.id.desc()).offset(offset).limit(limit)
    return total, session.scalars(query).all()


def picked(session: Session, workspace_id: int, brief_id: int, placement: str, slot: str, limit: int) -> Sequence[Text]:
    """Texts of a slot that are picked now, oldest first."""
    where = [*_standing(workspace_id, brief_id, placement, slot), last_choice().in_(PICKS)]
    return session.scalars(select(Text).where(*where).order_by(Text.id).limit(limit)).all()


def newer_wordings(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, int]:
    """For each text that was edited since: the text at the end of its edits."""
    newest: dict[int, int] = {}
    at = {text_id: text_id for text_id in text_ids}  # where each chain has come to
    while at:
        children: dict[int, int] = {}
        unique = list(dict.fromkeys(at.values()))
        for start in range(0, len(unique), CHUNK):
            query = (
                select(Text.parent_id, func.max(Text.id))
                .where(Text.workspace_id == workspace_id, Text.parent_id.in_(unique[start : start + CHUNK]))
                .group_by(Text.parent_id)
            )
            children |= {row[0]: row[1] for row in session.execute(query) if row[0] is not None}
        at = {text_id: children[now] for text_id, now in at.items() if now in children}  # ids grow, so this ends
        newest |= at
    return newest


def _standing(workspace_id: int, brief_id: int, placement: str, slot: str) -> list[ColumnElement[bool]]:
    """Texts of a slot of a brief that were not edited into another."""
    child = aliased(Text)
    return [
        Text.workspace_id == workspace_id,
        Text.brief_id == brief_id,
        Text.placement == placement,
        Text.slot == slot,
        ~exists().where(child.parent_id == Text.id),
    ]
