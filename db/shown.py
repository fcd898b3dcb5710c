"""What was shown where, by whom it was written, and whether it was chosen.

A text is chosen where it, or its newest edit, is picked now; copying and exporting it count. Sets are found by what
their request says of them: a trial of two writers, or positions that were shuffled. Plain functions over an open
session, as db/queries.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import queries
from db.models import Generation


@dataclass(frozen=True)
class Place:
    """One position of a shown set and the text that stood there; `position` counts from 0 inside its slot."""

    generation_id: int
    slot: str
    position: int
    written_by: str
    chosen: bool


def trial_sets(session: Session, workspace_id: int, new: str) -> list[tuple[int, str]]:
    """Sets of a trial of the writer version `new`, oldest first: id, and the version it was tried against."""
    against = Generation.request["trial"]["old"].as_string()
    query = select(Generation.id, against).where(
        Generation.workspace_id == workspace_id, Generation.request["trial"]["new"].as_string() == new
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Generation.id))]


def shuffled_sets(session: Session, workspace_id: int, limit: int) -> dict[int, dict[str, list[int]]]:
    """By set, the shuffled positions of its slots; of the newest `limit` drafts."""
    query = select(Generation.id, Generation.request).where(
        Generation.workspace_id == workspace_id, Generation.kind == "draft"
    )
    newest = session.execute(query.order_by(Generation.id.desc()).limit(limit))
    return {row[0]: row[1]["shuffled"] for row in newest if row[1].get("shuffled")}


def places(session: Session, workspace_id: int, generation_ids: Sequence[int]) -> list[Place]:
    """Every position of some sets, in the order shown."""
    rows = queries.shown(session, workspace_id, generation_ids)
    texts = queries.texts(session, workspace_id, [row.text_id for row in rows])
    edits = queries.edits(session, workspace_id, generation_ids)
    newest: dict[int, int] = {}
    for row in rows:
        now = row.text_id
        while now in edits:  # an edit has a later id than its parent, so this ends
            now = edits[now].id
        newest[row.text_id] = now
    choices = queries.choices(session, workspace_id, newest.values())
    return [
        Place(
            row.generation_id, row.slot, row.position, texts[row.text_id].written_by,
            choices.get(newest[row.text_id], queries.Choice()).state == "picked",
        )
        for row in rows
    ]  # fmt: skip
