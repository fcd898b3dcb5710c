"""The questions asked of the tables. Every one takes a workspace and answers from that one only.

Plain functions over an open session; they return rows and small dataclasses, and never commit.
Lists of ids are asked for in chunks, since SQLite bounds the variables of one statement.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, exists, func, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, Brief, Card, Dropped, Feedback, Generation, Owned, Shown, Text, Verdict

CHUNK = 500
WORST = ("violation", "needs_proof", "escalate", "allowed", "compliant")  # of verdicts by country the worst counts
PLAIN = "plain"  # the export target that is a table to look at, not an ad
FILLED = "editor, filled"  # of a text that the ranking put into an ad where people had picked too few
NO_CHOICE = (PLAIN, FILLED)  # exporting for these reasons chooses nothing
Row_ = TypeVar("Row_", bound=Owned)


@dataclass(frozen=True)
class Choice:
    """What people have done with a text so far: the last choice, its reason and the last rating."""

    state: str = ""  # "picked", "rejected" or "" (neither)
    reason: str = ""
    rating: int | None = None
    last_kind: str = ""  # the newest event among pick, unpick, reject, copy and export
    last_at: datetime | None = None


def owned(session: Session, model: type[Row_], workspace_id: int, row_id: int) -> Row_ | None:
    """The row with this id if it belongs to the workspace, else None."""
    return session.scalar(select(model).where(model.id == row_id, model.workspace_id == workspace_id))


def briefs(
    session: Session, workspace_id: int, search: str = "", archived: bool = False, limit: int = 200
) -> Sequence[Brief]:
    """Saved briefs, last changed first."""
    query = select(Brief).where(
        Brief.workspace_id == workspace_id,
        Brief.archived_at.is_not(None) if archived else Brief.archived_at.is_(None),
    )
    if search:
        query = query.where(Brief.title.icontains(search, autoescape=True))
    return session.scalars(query.order_by(Brief.updated_at.desc(), Brief.id.desc()).limit(limit)).all()


def payloads(session: Session, workspace_id: int, brief_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What some briefs say today, archived ones too."""
    found: dict[int, dict[str, Any]] = {}
    for ids in _chunks(brief_ids):
        query = select(Brief.id, Brief.payload).where(Brief.workspace_id == workspace_id, Brief.id.in_(ids))
        found |= {row.id: row.payload for row in session.execute(query)}
    return found


def generations(session: Session, workspace_id: int, brief_id: int, limit: int) -> Sequence[Generation]:
    """Shown sets of a brief, newest first."""
    query = select(Generation).where(Generation.workspace_id == workspace_id, Generation.brief_id == brief_id)
    return session.scalars(query.order_by(Generation.id.desc()).limit(limit)).all()


def count_generations(session: Session, workspace_id: int, brief_id: int) -> int:
    query = select(func.count(Generation.id))
    query = query.where(Generation.workspace_id == workspace_id, Generation.brief_id == brief_id)
    return session.scalar(query) or 0


def shown(session: Session, workspace_id: int, generation_ids: Sequence[int]) -> list[Shown]:
    """Positions of some shown sets, in the order they were shown."""
    rows: list[Shown] = []
    for ids in _chunks(generation_ids):
        query = select(Shown).where(Shown.workspace_id == workspace_id, Shown.generation_id.in_(ids))
        rows += session.scalars(query.order_by(Shown.id))
    return rows


def positions(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, int]:
    """Where each text stood in its shown set; a text that was never shown itself is absent."""
    found: dict[int, int] = {}
    for ids in _chunks(text_ids):
        query = select(Shown.text_id, Shown.position).where(Shown.workspace_id == workspace_id, Shown.text_id.in_(ids))
        found |= {row.text_id: row.position for row in session.execute(query)}
    return found


def dropped(session: Session, workspace_id: int, generation_id: int) -> Sequence[Dropped]:
    query = select(Dropped).where(Dropped.workspace_id == workspace_id, Dropped.generation_id == generation_id)
    return session.scalars(query.order_by(Dropped.id)).all()


def texts(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, Text]:
    rows: dict[int, Text] = {}
    for ids in _chunks(text_ids):
        query = select(Text).where(Text.workspace_id == workspace_id, Text.id.in_(ids))
        rows |= {row.id: row for row in session.scalars(query)}
    return rows


def texts_of_brief(session: Session, workspace_id: int, brief_id: int) -> Sequence[Text]:
    query = select(Text).where(Text.workspace_id == workspace_id, Text.brief_id == brief_id)
    return session.scalars(query.order_by(Text.id)).all()


def edits(session: Session, workspace_id: int, generation_ids: Iterable[int]) -> dict[int, Text]:
    """For each edited text of some sets, its newest edit."""
    newest: dict[int, Text] = {}
    for ids in _chunks(generation_ids):
        query = select(Text).where(
            Text.workspace_id == workspace_id, Text.generation_id.in_(ids), Text.parent_id.is_not(None)
        )
        newest |= {row.parent_id: row for row in session.scalars(query.order_by(Text.id)) if row.parent_id}
    return newest


def served(
    session: Session, workspace_id: int, brief_id: int, slot: str | None, without: Iterable[int], limit: int
) -> list[str]:
    """Distinct texts of a brief that were shown, brought or edited, newest first."""
    newest = func.max(Text.id)
    query = select(Text.text).where(Text.workspace_id == workspace_id, Text.brief_id == brief_id)
    if slot is not None:
        query = query.where(Text.slot == slot)
    for ids in _chunks(without):
        query = query.where(Text.id.not_in(ids))
    return list(session.scalars(query.group_by(Text.text).order_by(newest.desc()).limit(limit)))


def served_by_slot(
    session: Session, workspace_id: int, brief_ids: Iterable[int], limit: int
) -> dict[tuple[int, str], list[str]]:
    """As `served`, of some briefs: by brief and slot."""
    found: dict[tuple[int, str], list[str]] = {}
    for ids in _chunks(brief_ids):
        query = select(Text.brief_id, Text.slot, Text.text)
        query = query.where(Text.workspace_id == workspace_id, Text.brief_id.in_(ids))
        query = query.group_by(Text.brief_id, Text.slot, Text.text).order_by(func.max(Text.id).desc())
        for brief_id, slot, text in session.execute(query):
            texts = found.setdefault((brief_id, slot), [])
            if len(texts) < limit:
                texts.append(text)
    return found


def latest_cards(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, Card]:
    """The newest scorecard of each text."""
    cards: dict[int, Card] = {}
    for ids in _chunks(text_ids):
        newest = select(func.max(Card.id)).where(Card.text_id.in_(ids)).group_by(Card.text_id)
        query = select(Card).where(Card.workspace_id == workspace_id, Card.id.in_(newest))
        cards |= {card.text_id: card for card in session.scalars(query)}
    return cards


def choices(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, Choice]:
    """What was done with each text. Copying and exporting count as picks, NO_CHOICE does not."""
    found: dict[int, Choice] = {}
    for ids in _chunks(text_ids):
        query = select(Feedback.text_id, Feedback.kind, Feedback.reason, Feedback.rating, Feedback.created_at).where(
            Feedback.workspace_id == workspace_id, Feedback.text_id.in_(ids)
        )
        for text_id, kind, reason, rating, at in session.execute(query.order_by(Feedback.id)):
            found[text_id] = _after(found.get(text_id, Choice()), kind, reason, rating, at)
    return found


def _after(choice: Choice, kind: str, reason: str, rating: int | None, at: datetime) -> Choice:
    if kind == "rate":
        return replace(choice, rating=rating)
    if kind == "edit" or (kind == "export" and reason in NO_CHOICE):
        return choice
    state = "picked" if kind in PICKS else "rejected" if kind == "reject" else ""
    return replace(choice, state=state, reason=reason, last_kind=kind, last_at=at)


def latest_verdicts(session: Session, workspace_id: int, text_ids: Iterable[int]) -> dict[int, Verdict]:
    """The verdict that counts for each text: the newest that stands, or what its reviewer's by country come to."""
    verdicts: dict[int, Verdict] = {}
    for ids in _chunks(text_ids):
        newest = select(func.max(Verdict.id)).where(Verdict.text_id.in_(ids), stands()).group_by(Verdict.text_id)
        query = select(Verdict).where(Verdict.workspace_id == workspace_id, Verdict.id.in_(newest))
        verdicts |= {verdict.text_id: verdict for verdict in session.scalars(query)}
    for text_id in [i for i, verdict in verdicts.items() if verdict.countries]:
        rows = session.scalars(select(Verdict).where(Verdict.text_id == text_id, stands()).order_by(Verdict.id.desc()))
        verdicts[text_id] = opinion(of_the_newest(rows.all()), countries_of(session, text_id))
    return verdicts


def of_the_newest(newest_first: Sequence[Verdict]) -> list[Verdict]:
    """What the reviewer who spoke last has said since somebody else settled the text."""
    who = newest_first[0].author_id
    since = takewhile(lambda verdict: verdict.author_id == who or verdict.settled_by_id is None, newest_first)
    return [verdict for verdict in since if verdict.author_id == who]


def opinion(newest_first: Sequence[Verdict], countries: frozenset[str]) -> Verdict:
    """Of one reviewer's verdicts about a text the one that counts: the newest, or the worst of the newest by country.
    Where these leave some of the brief's `countries` open, the last one for all of them holds there and counts too."""
    newest = list(takewhile(lambda verdict: verdict.countries, newest_first))
    named = {country for verdict in newest for country in verdict.countries}
    if not newest or not named >= countries:
        newest += newest_first[len(newest) :][:1]
    return min(newest, key=lambda verdict: WORST.index(verdict.outcome))


def countries_of(session: Session, text_id: int) -> frozenset[str]:
    """Where the brief of a text runs today."""
    query = select(Brief.payload).join(Text, Text.brief_id == Brief.id).where(Text.id == text_id)
    return frozenset((session.scalar(query) or {}).get("countries", []))


def stands(verdict: Any = Verdict) -> ColumnElement[bool]:
    """Of a verdict: it is no withdrawal and was not taken back by one."""
    taken_back = aliased(Verdict)
    found: ColumnElement[bool] = (verdict.outcome != "withdrawn") & ~exists().where(
        taken_back.text_id == verdict.text_id,
        taken_back.supersedes_id == verdict.id,
        taken_back.outcome == "withdrawn",
    )
    return found


def verdicts_of(session: Session, workspace_id: int, text_id: int) -> Sequence[Verdict]:
    """All verdicts about a text, newest first."""
    query = select(Verdict).where(Verdict.workspace_id == workspace_id, Verdict.text_id == text_id)
    return session.scalars(query.order_by(Verdict.id.desc())).all()


def event_rows(
    session: Session, model: type[Feedback] | type[Verdict], workspace_id: int, since: datetime | None
) -> Sequence[Row[tuple[Any, ...]]]:
    """One row a feedback event or verdict, with the text it is about, oldest first."""
    own: tuple[Any, ...] = (
        (Feedback.kind, Feedback.reason, Feedback.rating, Feedback.before, Feedback.after)
        if model is Feedback
        else (Verdict.outcome, Verdict.rules, Verdict.comment, Verdict.supersedes_id)
    )
    query: Any = (
        select(
            model.id, model.created_at, model.author_id, model.text_id, *own,
            Text.text, Text.slot, Text.angle, Text.placement, Text.written_by,
            Generation.policy_version.label("policy"), Shown.position,
        )
        .join(Text, Text.id == model.text_id)
        .join(Generation, Generation.id == Text.generation_id)
        .outerjoin(Shown, Shown.text_id == Text.id)
        .where(model.workspace_id == workspace_id)
        .order_by(model.id)
    )  # fmt: skip
    return session.execute(query.where(model.created_at >= since) if since else query).all()


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), CHUNK):
        yield unique[start : start + CHUNK]
