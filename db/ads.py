"""Questions about ads: their revisions, and the newest status of texts and revisions.

Plain functions over an open session that answer from one workspace and never commit, as db/queries.py.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from db.models import Ad, AdRevision, Brief, StatusChange
from db.queries import CHUNK


def text_statuses(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, StatusChange]:
    """The newest status change of each text that has one."""
    found: dict[int, StatusChange] = {}
    for ids in _chunks(text_ids):
        newest = select(func.max(StatusChange.id)).where(StatusChange.text_id.in_(ids)).group_by(StatusChange.text_id)
        query = select(StatusChange).where(StatusChange.workspace_id == workspace_id, StatusChange.id.in_(newest))
        found |= {row.text_id: row for row in session.scalars(query) if row.text_id}
    return found


def revision_statuses(session: Session, workspace_id: int, ad_ids: Iterable[int]) -> dict[int, StatusChange]:
    """By revision of some ads: its newest status change, if it has one."""
    found: dict[int, StatusChange] = {}
    for ids in _chunks(ad_ids):
        newest = (
            select(func.max(StatusChange.id)).where(StatusChange.ad_id.in_(ids)).group_by(StatusChange.ad_revision_id)
        )
        query = select(StatusChange).where(StatusChange.workspace_id == workspace_id, StatusChange.id.in_(newest))
        found |= {row.ad_revision_id: row for row in session.scalars(query) if row.ad_revision_id}
    return found


def newest_revisions(session: Session, workspace_id: int, ad_ids: Iterable[int]) -> dict[int, AdRevision]:
    """By ad: its revision with the highest number."""
    found: dict[int, AdRevision] = {}
    for ids in _chunks(ad_ids):
        newest = select(func.max(AdRevision.id)).where(AdRevision.ad_id.in_(ids)).group_by(AdRevision.ad_id)
        query = select(AdRevision).where(AdRevision.workspace_id == workspace_id, AdRevision.id.in_(newest))
        found |= {row.ad_id: row for row in session.scalars(query)}
    return found


def revisions(session: Session, workspace_id: int, ad_id: int, limit: int = 200) -> Sequence[AdRevision]:
    """Revisions of one ad, newest first."""
    query = select(AdRevision).where(AdRevision.workspace_id == workspace_id, AdRevision.ad_id == ad_id)
    return session.scalars(query.order_by(AdRevision.number.desc()).limit(limit)).all()


def revision(session: Session, workspace_id: int, ad_id: int, number: int) -> AdRevision | None:
    query = select(AdRevision).where(AdRevision.workspace_id == workspace_id, AdRevision.ad_id == ad_id)
    return session.scalar(query.where(AdRevision.number == number))


def by_ids(session: Session, workspace_id: int, revision_ids: Iterable[int]) -> dict[int, AdRevision]:
    found: dict[int, AdRevision] = {}
    for ids in _chunks(revision_ids):
        query = select(AdRevision).where(AdRevision.workspace_id == workspace_id, AdRevision.id.in_(ids))
        found |= {row.id: row for row in session.scalars(query)}
    return found


def ads_of_brief(session: Session, workspace_id: int, brief_id: int) -> Sequence[Ad]:
    """Ads of a brief, oldest first."""
    query = select(Ad).where(Ad.workspace_id == workspace_id, Ad.brief_id == brief_id)
    return session.scalars(query.order_by(Ad.id)).all()


def page(
    session: Session,
    workspace_id: int,
    *,
    brief_id: int | None,
    search: str,
    archived: bool,
    status: str | None,
    offset: int,
    limit: int,
) -> tuple[int, Sequence[tuple[Ad, Brief]]]:
    """How many ads match, and one page of them with their briefs, newest first. `status`: of the newest revision."""
    where: list[ColumnElement[bool]] = [
        Ad.workspace_id == workspace_id,
        Ad.archived_at.is_not(None) if archived else Ad.archived_at.is_(None),
    ]
    if brief_id is not None:
        where.append(Ad.brief_id == brief_id)
    if search:
        where.append(
            or_(Ad.name.icontains(search, autoescape=True), Brief.title.icontains(search, autoescape=True)),
        )
    if status:
        newest = select(func.max(AdRevision.id)).where(AdRevision.ad_id == Ad.id).correlate(Ad).scalar_subquery()
        last = select(StatusChange.status).where(
            StatusChange.ad_id == Ad.id, StatusChange.ad_revision_id == newest
        )  # fmt: skip
        now = last.order_by(StatusChange.id.desc()).limit(1).correlate(Ad).scalar_subquery()
        where.append(func.coalesce(now, "draft") == status)
    joined = select(Ad, Brief).join(Brief, Brief.id == Ad.brief_id).where(*where)
    total = session.scalar(select(func.count()).select_from(Ad).join(Brief, Brief.id == Ad.brief_id).where(*where))
    rows = session.execute(joined.order_by(Ad.id.desc()).offset(offset).limit(limit))
    return total or 0, [(row[0], row[1]) for row in rows]


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    unique = list(dict.fromkeys(ids))
    return [unique[start : start + CHUNK] for start in range(0, len(unique), CHUNK)]
