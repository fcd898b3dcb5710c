"""How many texts got how far, from drafted to sold: each stage is counted by itself.

A text and all that it was edited into are one, drafted when its first wording was, and it has reached what one of them
has ever reached. Imports that were undone are the exception: their results never were.
A result is filed under the first drafted text of the ad it tells of (Result.text_id); the others of that ad ran with it
and are counted too, from the ids that its row holds. Plain functions over an open session, as db/queries.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.analytics import Window
from db.models import Import, Result, Shown, StatusChange, Text, Verdict
from db.queries import CHUNK
from db.shown import FIRST, ever_picked

ADS = 20_000  # ads with several texts that are looked at, the newest first
TextId = ColumnElement[int]
Conditions = Sequence[ColumnElement[bool]]


def funnel(session: Session, window: Window) -> tuple[int, ...]:
    """Texts first drafted in the window, and of them those shown, ever picked, ever in review, approved and live, with
    results, and sold."""
    *first, seen, sold = _counts(session, window.texts(), _stages)
    beside, beside_sold = _beside(session, window.workspace_id)
    seen += _more(session, window, beside, _results)
    sold += _more(session, window, beside_sold, _converted)
    return *first, seen, sold


def _stages(one: TextId) -> list[ColumnElement[bool]]:
    status = [
        exists().where(StatusChange.text_id == one, StatusChange.status.in_(names))
        for names in (("in_review", "approved", "rejected", "live"), ("approved", "live"), ("live",))
    ]
    return [
        exists().where(Shown.text_id == one),
        ever_picked(one),
        or_(status[0], exists().where(Verdict.text_id == one)),
        status[1],
        status[2],
        _results(one),
        _converted(one),
    ]


def _results(one: TextId) -> ColumnElement[bool]:
    return _visible(one).where(Result.impressions > 0)


def _converted(one: TextId) -> ColumnElement[bool]:
    return and_(_results(one), _visible(one).where(Result.conversions > 0))


def _visible(one: TextId) -> Any:
    return exists().where(Result.text_id == one, Result.import_id == Import.id, Import.state == "visible")


def _counts(session: Session, where: Conditions, stages: Callable[[TextId], Conditions]) -> list[int]:
    """How many first wordings there are of which this holds, and how many reach each stage, by themselves or by what
    they were edited into."""
    edit = aliased(Text)
    family: Any = select(Text.id.label("first"), Text.id.label("id")).where(*where, FIRST)
    family = family.cte("family", recursive=True)
    family = family.union_all(select(family.c.first, edit.id).join(family, edit.parent_id == family.c.id))
    reached = [func.max(case((stage, 1), else_=0)).label(f"stage_{n}") for n, stage in enumerate(stages(family.c.id))]
    texts = select(*reached).select_from(family).group_by(family.c.first).subquery()
    row = session.execute(select(func.count(), *(func.sum(stage) for stage in texts.c)).select_from(texts)).one()
    return [int(n or 0) for n in row]


def _beside(session: Session, workspace_id: int) -> tuple[set[int], set[int]]:
    """Texts in ads of several texts that have results, and those in ads that sold."""
    sold = func.max(case((Result.conversions > 0, 1), else_=0))
    query = (
        select(func.max(Result.id), sold)
        .join(Import, Import.id == Result.import_id)
        .where(Result.workspace_id == workspace_id, Import.state == "visible", Result.impressions > 0)
        .where(Result.meaning["texts"][1].as_string().is_not(None))
        .group_by(Result.arm)
        .order_by(func.max(Result.id).desc())
        .limit(ADS)
    )
    sells = {row[0]: bool(row[1]) for row in session.execute(query)}
    seen, converted = set[int](), set[int]()
    for ids in _chunks(sells):
        for row_id, texts in session.execute(select(Result.id, Result.meaning["text_ids"]).where(Result.id.in_(ids))):
            found = {text_id for text_id in texts or () if text_id}
            seen |= found
            converted |= found if sells[row_id] else set()
    return seen, converted


def _more(
    session: Session, window: Window, text_ids: set[int], counted: Callable[[TextId], ColumnElement[bool]]
) -> int:
    """How many first wordings of the window became one of these and are not counted by themselves."""
    first, parent = set[int](), aliased(Text)
    for ids in _chunks(text_ids):
        line: Any = select(Text.id, Text.parent_id).where(Text.id.in_(ids)).cte("line", recursive=True)
        line = line.union(select(parent.id, parent.parent_id).join(line, parent.id == line.c.parent_id))
        query = select(Text.id).join(line, line.c.id == Text.id).where(*window.texts(), FIRST)
        first |= set(session.scalars(query))
    alone = (_counts(session, [Text.id.in_(ids)], lambda one: [counted(one)])[1] for ids in _chunks(first))
    return len(first) - sum(alone)


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    every = sorted(ids)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
