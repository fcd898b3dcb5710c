"""Questions of the list of briefs: one page of it, what its rows hold, and whose client they came with.

Counts are asked for the rows of one page only, grouped, along the index of texts by brief. Plain functions over an
open session, as db/queries.py; every one takes a workspace and answers from that one only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, AuditEvent, Brief, Comment, Feedback, Generation, StatusChange, Text
from db.queries import NO_CHOICE


@dataclass(frozen=True)
class Counts:
    """What one brief holds. A text and its edits count once; a status is that of the newest wording."""

    texts: int = 0
    picked: int = 0
    in_review: int = 0
    approved: int = 0
    comments: int = 0


def page(
    session: Session,
    workspace_id: int,
    *,
    search: str,
    placement: str | None,
    author_id: int | None,
    archived: bool,
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Brief]]:
    """How many briefs match, and one page of them, last changed first."""
    where: list[ColumnElement[bool]] = [
        Brief.workspace_id == workspace_id,
        Brief.archived_at.is_not(None) if archived else Brief.archived_at.is_(None),
    ]
    if placement:
        where.append(Brief.placement == placement)
    if author_id is not None:
        where.append(Brief.author_id == author_id)
    for word in search.split():
        places = (Brief.title, Brief.payload["product"].as_string(), Brief.campaign, Brief.ad_group)
        where.append(or_(*(place.icontains(word, autoescape=True) for place in places)))
    total = session.scalar(select(func.count(Brief.id)).where(*where)) or 0
    query = select(Brief).where(*where).order_by(Brief.updated_at.desc(), Brief.id.desc())
    return total, session.scalars(query.offset(offset).limit(limit)).all()


def counts(session: Session, workspace_id: int, brief_ids: Sequence[int]) -> dict[int, Counts]:
    """What each of a page's briefs holds."""
    if not brief_ids:
        return {}
    mine = (Text.workspace_id == workspace_id, Text.brief_id.in_(brief_ids))
    texts = _grouped(
        session, select(Text.brief_id, func.count(Text.id)).where(*mine, Text.parent_id.is_(None)), Text.brief_id
    )
    later, edited = aliased(Feedback), aliased(Text)
    as_it_stands = ~exists().where(edited.parent_id == Text.id)
    picked = _grouped(
        session,
        select(Text.brief_id, func.count(Feedback.id))
        .join(Feedback, Feedback.text_id == Text.id)
        .where(
            *mine, _chooses(Feedback), Feedback.kind.in_(PICKS), as_it_stands,
            ~exists().where(later.text_id == Feedback.text_id, later.id > Feedback.id, _chooses(later)),
        ),
        Text.brief_id,
    )  # fmt: skip
    newer = aliased(StatusChange)
    status = (
        select(Text.brief_id, StatusChange.status, func.count(StatusChange.id))
        .join(StatusChange, StatusChange.text_id == Text.id)
        .where(*mine, as_it_stands, ~exists().where(newer.text_id == StatusChange.text_id, newer.id > StatusChange.id))
        .group_by(Text.brief_id, StatusChange.status)
    )
    by_status: dict[tuple[int, str], int] = {(b, s): n for b, s, n in session.execute(status)}
    said = select(Comment.brief_id, func.count(Comment.id))
    said = said.where(Comment.workspace_id == workspace_id, Comment.brief_id.in_(brief_ids))
    comments = _grouped(session, said, Comment.brief_id)
    return {
        i: Counts(
            texts.get(i, 0), picked.get(i, 0), by_status.get((i, "in_review"), 0),
            by_status.get((i, "approved"), 0) + by_status.get((i, "live"), 0), comments.get(i, 0),
        )
        for i in brief_ids
    }  # fmt: skip


def changed_by(session: Session, workspace_id: int, brief_ids: Iterable[int]) -> dict[int, int]:
    """Who changed each brief last, by the audit log; a brief that the log does not know is absent."""
    newest = (
        select(func.max(AuditEvent.id))
        .where(
            AuditEvent.workspace_id == workspace_id, AuditEvent.object_type == "brief",
            AuditEvent.object_id.in_(list(brief_ids)),
        )
        .group_by(AuditEvent.object_id)
    )  # fmt: skip
    query = select(AuditEvent.object_id, AuditEvent.author_id).where(AuditEvent.id.in_(newest))
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


def last_change(
    session: Session, workspace_id: int, brief_id: int, actions: Sequence[str]
) -> tuple[int, datetime] | None:
    """Who did the newest of these actions to a brief, and when, by the audit log."""
    query = select(AuditEvent.author_id, AuditEvent.created_at).where(
        AuditEvent.workspace_id == workspace_id, AuditEvent.object_type == "brief", AuditEvent.object_id == brief_id,
        AuditEvent.action.in_(actions),
    )  # fmt: skip
    row = session.execute(query.order_by(AuditEvent.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def filed(session: Session, workspace_id: int) -> dict[tuple[str, str], int]:
    """Briefs that are not archived, by campaign and ad group in small letters."""
    query = select(Brief.campaign, Brief.ad_group, Brief.id).where(
        Brief.workspace_id == workspace_id, Brief.archived_at.is_(None), Brief.ad_group.is_not(None)
    )
    return {((c or "").casefold(), (g or "").casefold()): i for c, g, i in session.execute(query.order_by(Brief.id))}


def drafted_by_job(session: Session, workspace_id: int, brief_id: int, job_id: int) -> bool:
    """Whether a job has stored its draft of this brief, whatever its checkpoint says."""
    query = select(Generation.id).where(
        Generation.workspace_id == workspace_id, Generation.brief_id == brief_id,
        Generation.request["job"].as_integer() == job_id,
    )  # fmt: skip
    return session.scalar(query.limit(1)) is not None


def lines_of(session: Session, workspace_id: int, brief_id: int) -> set[tuple[str, str]]:
    """Slot and wording, in small letters, of every text of a brief."""
    query = select(Text.slot, Text.text).where(Text.workspace_id == workspace_id, Text.brief_id == brief_id)
    return {(slot, text.casefold()) for slot, text in session.execute(query)}


def picked_ids(session: Session, workspace_id: int, brief_id: int, limit: int) -> list[int]:
    """The texts of a brief that are picked now, oldest first."""
    later, edited = aliased(Feedback), aliased(Text)
    query = (
        select(Text.id)
        .join(Feedback, Feedback.text_id == Text.id)
        .where(
            Text.workspace_id == workspace_id, Text.brief_id == brief_id, _chooses(Feedback), Feedback.kind.in_(PICKS),
            ~exists().where(edited.parent_id == Text.id),
            ~exists().where(later.text_id == Feedback.text_id, later.id > Feedback.id, _chooses(later)),
        )
        .order_by(Text.id).limit(limit)
    )  # fmt: skip
    return list(session.scalars(query))


def newest_ids(session: Session, workspace_id: int, brief_id: int, limit: int) -> list[int]:
    """The newest texts of a brief as they stand, newest first."""
    edited = aliased(Text)
    query = select(Text.id).where(
        Text.workspace_id == workspace_id, Text.brief_id == brief_id, ~exists().where(edited.parent_id == Text.id)
    )
    return list(session.scalars(query.order_by(Text.id.desc()).limit(limit)))


def _chooses(event: Any) -> ColumnElement[bool]:
    """Events that say whether a text is picked; NO_CHOICE and a rating do not."""
    exported = and_(event.kind == "export", event.reason.not_in(NO_CHOICE))
    return or_(event.kind.in_(("pick", "unpick", "reject", "copy")), exported)


def _grouped(session: Session, query: Any, by: Any) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(query.group_by(by))}
