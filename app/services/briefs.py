"""Saving and finding briefs. A changed brief keeps its id; each shown set keeps the brief as it was."""

from app.services.people import Actor, own, require
from app.services.stored import StoredBrief, brief_record, checksum_of
from db import models, queries
from db.session import Database
from relate_engine.brief import Brief


def save_brief(db: Database, actor: Actor, brief: Brief, brief_id: int | None = None) -> StoredBrief:
    """Saves a new brief, or changes the one with `brief_id`. The same content twice changes nothing."""
    require(actor, "brief.write")
    checksum = checksum_of(brief)
    with db.write() as session:
        if brief_id is None:
            row = models.Brief(workspace_id=actor.workspace_id, author_id=actor.user_id)
            session.add(row)
        else:
            row = own(session, actor, models.Brief, brief_id, "brief")
            if row.checksum == checksum and row.archived_at is None:
                return brief_record(row)
        row.title, row.placement, row.checksum = brief.product, brief.placement, checksum
        row.payload = brief.model_dump(mode="json")
        row.updated_at, row.archived_at = models.utc_now(), None
        session.flush()
        return brief_record(row)


def list_briefs(
    db: Database, actor: Actor, search: str = "", archived: bool = False, limit: int = 200
) -> list[StoredBrief]:
    """The workspace's briefs, last changed first; `search` looks in the product's name."""
    require(actor, "brief.read")
    with db.read() as session:
        rows = queries.briefs(session, actor.workspace_id, search.strip(), archived, limit)
        return [brief_record(row) for row in rows]


def get_brief(db: Database, actor: Actor, brief_id: int) -> StoredBrief:
    require(actor, "brief.read")
    with db.read() as session:
        return brief_record(own(session, actor, models.Brief, brief_id, "brief"))


def archive_brief(db: Database, actor: Actor, brief_id: int) -> None:
    """Takes a brief off the list. Its texts and feedback stay; saving it again brings it back."""
    require(actor, "brief.write")
    with db.write() as session:
        row = own(session, actor, models.Brief, brief_id, "brief")
        row.archived_at = row.archived_at or models.utc_now()
