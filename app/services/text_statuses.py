"""The statuses of the texts that a page shows, all with one question. Leaves out moving them (statuses.py)."""

from collections.abc import Iterable

from app.services.people import Actor, require
from app.services.statuses import Status, status_of
from db.session import Database


def statuses_of(db: Database, actor: Actor, text_ids: Iterable[int]) -> dict[int, Status]:
    """By text; of another workspace's texts nothing is told, as of one that nobody has moved."""
    require(actor, "text.read")
    with db.read() as session:
        return status_of(session, actor, text_ids)
