"""How many texts got how far, from drafted to sold: each stage is counted by itself.

A result is filed under the first drafted text of the ad it tells of (Result.text_id); the others of that ad ran with it
and are counted too, from the ids that its row holds. Plain functions over an open session, as db/queries.py.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from db.analytics import Window
from db.models import PICKS, Import, Result, Shown, StatusChange, Text, Verdict
from db.queries import CHUNK
from db.shown import last_choice

ADS = 20_000  # ads with several texts that are looked at, the newest first


def funnel(session: Session, window: Window) -> tuple[int, ...]:
    """Texts of the window that were drafted, shown, picked, in review, approved, live, have results, and sold."""
    status = [
        exists().where(StatusChange.text_id == Text.id, StatusChange.status.in_(names))
        for names in (("in_review", "approved", "rejected", "live"), ("approved", "live"), ("live",))
    ]
    judged = exists().where(Verdict.text_id == Text.id)
    results, converted = _results(), _converted()
    query: Any = select(
        func.count(),
        _count(exists().where(Shown.text_id == Text.id)),
        _count(last_choice().in_(PICKS)),
        _count(or_(status[0], judged)),
        _count(status[1]),
        _count(status[2]),
        _count(results),
        _count(converted),
    ).where(*window.texts())
    *first, seen, sold = (int(n or 0) for n in session.execute(query).one())
    beside, beside_sold = _beside(session, window.workspace_id)
    seen += _more(session, window, beside, results)
    sold += _more(session, window, beside_sold, converted)
    return *first, seen, sold


def _results() -> ColumnElement[bool]:
    return _visible().where(Result.impressions > 0)


def _converted() -> ColumnElement[bool]:
    return and_(_results(), _visible().where(Result.conversions > 0))


def _visible() -> Any:
    return exists().where(Result.text_id == Text.id, Result.import_id == Import.id, Import.state == "visible")


def _count(condition: ColumnElement[bool]) -> Any:
    return func.sum(cast(case((condition, 1), else_=0), Integer))


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


def _more(session: Session, window: Window, text_ids: set[int], counted: ColumnElement[bool]) -> int:
    """How many of these are texts of the window that are not counted by themselves."""
    query = select(func.count(Text.id)).where(*window.texts(), ~counted)
    return sum(session.scalar(query.where(Text.id.in_(ids))) or 0 for ids in _chunks(text_ids))


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    every = sorted(ids)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
