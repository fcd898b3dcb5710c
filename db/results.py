"""The questions asked of imports and their rows. Every one takes a workspace and answers from that one only.

A row counts while its import is visible and no newer visible row has its key: an export of the same days
supersedes an earlier one, and undoing it brings the earlier one back. Where the days of two exports overlap without
being the same, the newer import has a row without counts (its arm is REPLACED) of each older row's key, so that the
same rule takes the older one out and brings it back. Nothing here commits.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from db.models import Generation, Import, RejectedResult, Result, Text
from db.queries import CHUNK

REPLACED = ""  # arm of a row that only says: older rows of this key count no longer
BATCH = 500  # rows a transaction: a few milliseconds of the writers' lock


@dataclass(frozen=True)
class Arm:
    """What is compared: an ad or text with all its counting rows added up."""

    impressions: int
    clicks: int
    meaning: dict[str, Any]  # of its first row


def imports(session: Session, workspace_id: int, limit: int = 200) -> Sequence[Import]:
    """Finished imports, undone ones too, newest first."""
    query = select(Import).where(Import.workspace_id == workspace_id, Import.finished_at.is_not(None))
    return session.scalars(query.order_by(Import.id.desc()).limit(limit)).all()


def visible_import(session: Session, workspace_id: int, content: str) -> Import | None:
    """The visible import of a file with these bytes."""
    return session.scalar(
        select(Import).where(Import.workspace_id == workspace_id, Import.content == content, Import.state == "visible")
    )


def visible_ids(session: Session, workspace_id: int) -> set[int]:
    """The imports whose rows count."""
    query = select(Import.id).where(Import.workspace_id == workspace_id, Import.state == "visible")
    return set(session.scalars(query))


def changed_at(session: Session, workspace_id: int) -> datetime | None:
    """When rows last came or went. A file without one good row is kept as undone and has changed nothing."""
    query = select(func.max(Import.finished_at), func.max(Import.undone_at)).where(
        Import.workspace_id == workspace_id,
        or_(Import.state == "visible", Import.summary["kept"].as_integer() > 0),
    )
    return max((at for at in session.execute(query).one() if at is not None), default=None)


def days_of(
    session: Session, workspace_id: int, import_ids: Iterable[int]
) -> list[Row[int, str, str | None, str | None]]:
    """Id, name, first and last day (ISO) of these imports, oldest first."""
    first, last = (Import.summary[name].as_string() for name in ("first", "last"))
    query = select(Import.id, Import.name, first, last).where(Import.workspace_id == workspace_id).order_by(Import.id)
    ids = sorted(import_ids)
    found: list[Row[int, str, str | None, str | None]] = []
    for start in range(0, len(ids), CHUNK):
        found += session.execute(query.where(Import.id.in_(ids[start : start + CHUNK]))).all()
    return found


def rows_beside(
    session: Session, workspace_id: int, import_id: int, other_id: int
) -> Iterator[Row[int, str, int, int, float | None, dict[str, Any]]]:
    """Line, key, counts and meaning of an import's rows of ads and texts that the other import has too, streamed."""
    others = select(Result.arm).where(Result.import_id == other_id)
    query = select(
        Result.line, Result.row_key, Result.impressions, Result.clicks, Result.conversions, Result.meaning
    ).where(Result.workspace_id == workspace_id, Result.import_id == import_id)
    query = query.where(Result.arm != REPLACED, Result.arm.in_(others))
    yield from session.execute(query.order_by(Result.id).execution_options(yield_per=2000))


def unfinished(session: Session, workspace_id: int, before: datetime) -> Sequence[int]:
    """Imports begun before this time that never ended: their process was killed."""
    return session.scalars(
        select(Import.id).where(
            Import.workspace_id == workspace_id, Import.state == "staged", Import.created_at < before
        )
    ).all()


def known_counts(session: Session, workspace_id: int, keys: Sequence[str]) -> dict[str, tuple[int, int, float | None]]:
    """The counts that count now, by row key."""
    found: dict[str, tuple[int, int, float | None]] = {}
    query = (
        select(Result.row_key, Result.arm, Result.impressions, Result.clicks, Result.conversions)
        .join(Import, Import.id == Result.import_id)
        .where(Result.workspace_id == workspace_id, Import.state == "visible")
        .order_by(Result.id)
    )
    for start in range(0, len(keys), CHUNK):
        for key, arm, impressions, clicks, conversions in session.execute(
            query.where(Result.row_key.in_(keys[start : start + CHUNK]))
        ):
            if arm == REPLACED:
                found.pop(key, None)
            else:
                found[key] = impressions, clicks, conversions
    return found


def add_rows(session: Session, model: type[Result] | type[RejectedResult], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(model), rows)


def ids_by_line(session: Session, workspace_id: int, import_id: int, lines: Container[int]) -> dict[int, int]:
    """The ids of an import's rows on these lines. One pass: `line` has no index."""
    query = select(Result.line, Result.id).where(Result.workspace_id == workspace_id, Result.import_id == import_id)
    rows = session.execute(query.execution_options(yield_per=2000))
    return {line: row_id for line, row_id in rows if line in lines}


def delete_rows(session: Session, ids: Sequence[int]) -> None:
    """Deletes up to BATCH rows."""
    session.execute(delete(Result).where(Result.id.in_(ids)))


def delete_batch(session: Session, import_id: int, rejected_too: bool) -> int:
    """Deletes up to BATCH rows of an import; returns how many."""
    deleted = 0
    for model in (Result, RejectedResult) if rejected_too else (Result,):
        some = select(model.id).where(model.import_id == import_id).limit(BATCH - deleted)
        if ids := session.scalars(some).all():
            session.execute(delete(model).where(model.id.in_(ids)))
            deleted += len(ids)
        if deleted >= BATCH:
            break
    return deleted


def rejected(session: Session, workspace_id: int, import_id: int, limit: int) -> Sequence[RejectedResult]:
    """Rows of an import that could not be used, in the file's order."""
    query = select(RejectedResult).where(
        RejectedResult.workspace_id == workspace_id, RejectedResult.import_id == import_id
    )
    return session.scalars(query.order_by(RejectedResult.line, RejectedResult.id).limit(limit)).all()


def counting_rows(
    session: Session, workspace_id: int
) -> Iterator[Row[int, int, int, float | None, dict[str, Any], datetime]]:
    """Line, counts and meaning of every row that counts, with the time of its import, oldest first, streamed."""
    query = select(
        Result.line, Result.impressions, Result.clicks, Result.conversions, Result.meaning, Import.created_at
    ).join(Import, Import.id == Result.import_id)
    query = query.where(_counts(workspace_id)).order_by(Result.id)
    yield from session.execute(query.execution_options(yield_per=2000))


def counting_by_import(session: Session, workspace_id: int) -> dict[int, int]:
    """How many rows of each import count; an import of which none does is left out."""
    query = select(Result.import_id, func.count()).where(_counts(workspace_id)).group_by(Result.import_id)
    return dict(session.execute(query).tuples().all())


def top_arms(session: Session, workspace_id: int, limit: int) -> tuple[int, list[Arm]]:
    """How many ads and texts there are, and the most shown ones. Rows that tell the same impressions once for each
    conversion action count once."""
    total = func.sum(Result.impressions)
    same = [Result.meaning[name].as_string() for name in ("start", "end", "breakdown")]
    once = (
        select(func.min(Result.id))
        .where(_counts(workspace_id))
        .group_by(Result.arm, *same, Result.impressions, Result.clicks)
    )
    grouped = (
        select(func.min(Result.id).label("id"), total.label("impressions"), func.sum(Result.clicks).label("clicks"))
        .where(Result.id.in_(once))
        .group_by(Result.arm)
        .subquery()
    )
    count = session.scalar(select(func.count()).select_from(grouped)) or 0
    query = select(grouped.c.impressions, grouped.c.clicks, Result.meaning).join(Result, Result.id == grouped.c.id)
    rows = session.execute(query.order_by(grouped.c.impressions.desc(), grouped.c.id).limit(limit))
    return count, [Arm(int(impressions), int(clicks), meaning) for impressions, clicks, meaning in rows]


def drafted(session: Session, workspace_id: int) -> Iterator[tuple[int, str, str, str]]:
    """(id, placement, slot, text) of every text written here."""
    query = select(Text.id, Text.placement, Text.slot, Text.text).where(Text.workspace_id == workspace_id)
    for row in session.execute(query.order_by(Text.id).execution_options(yield_per=5000)):
        yield row.id, row.placement, row.slot, row.text


def briefs_of(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    """For each text: the id of its shown set and the brief as it was then."""
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    ids = list(dict.fromkeys(text_ids))
    for start in range(0, len(ids), CHUNK):
        query = (
            select(Text.id, Text.generation_id, Generation.brief_payload)
            .join(Generation, Generation.id == Text.generation_id)
            .where(Text.workspace_id == workspace_id, Text.id.in_(ids[start : start + CHUNK]))
        )
        found |= {row.id: (row.generation_id, row.brief_payload) for row in session.execute(query)}
    return found


def _counts(workspace_id: int) -> ColumnElement[bool]:
    newest = (
        select(func.max(Result.id))
        .join(Import, Import.id == Result.import_id)
        .where(Result.workspace_id == workspace_id, Import.state == "visible")
        .group_by(Result.row_key)
    )
    return and_(Result.id.in_(newest), Result.arm != REPLACED)
