"""The list of stored texts that a reviewer browses: filters, one page, and a count that stops at MOST.

Without filters it reads as far as the page goes; a search reads the texts of the workspace. Texts without a verdict
come first, then those with one; the oldest first in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Brief, Card, Text, Verdict
from db.queries import stands

MOST = 1000


@dataclass(frozen=True)
class Filter:
    """None or "" lets everything through."""

    level: str | None = None
    placement: str | None = None
    search: str = ""
    labelled: bool | None = None


def browse(session: Session, workspace_id: int, only: Filter, *, offset: int, limit: int) -> tuple[int, Sequence[Text]]:
    """How many texts match, up to MOST, and one page of them."""
    judged = exists().where(Verdict.text_id == Text.id, stands())
    where = _conditions(workspace_id, only)
    every: dict[bool | None, list[ColumnElement[bool]]] = {
        True: [judged], False: [~judged], None: [~judged, judged],
    }  # fmt: skip
    total, rows = 0, list[Text]()
    for part in every[only.labelled]:
        some = select(Text.id).where(*where, part).limit(MOST - total)
        here = session.scalar(select(func.count()).select_from(some.subquery())) or 0
        start = max(0, offset - total)
        if start < here and len(rows) < limit:
            page = select(Text).where(*where, part).order_by(Text.id).offset(start).limit(limit - len(rows))
            rows += session.scalars(page)
        total += here
        if total >= MOST:
            break
    return total, rows


def _conditions(workspace_id: int, only: Filter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Text.workspace_id == workspace_id]
    if only.placement:
        where.append(Text.placement == only.placement)
    if only.search:
        titles = select(Brief.id).where(
            Brief.workspace_id == workspace_id, Brief.title.icontains(only.search, autoescape=True)
        )
        where.append(or_(Text.text.icontains(only.search, autoescape=True), Text.brief_id.in_(titles)))
    if only.level:
        newer = aliased(Card)
        is_newest = ~exists().where(newer.text_id == Card.text_id, newer.id > Card.id)
        where.append(exists().where(Card.text_id == Text.id, Card.level == only.level, is_newest))
    return where
