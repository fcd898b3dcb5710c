"""Counts for the analyst's pages, made by the database: no page ever loads all texts or all feedback.

`Window` is what a page looks at: a workspace, days, and if wanted a placement, an author or a brief. Every question
begins at the index of texts by workspace and time and looks up what belongs to a text by its id.
Plain functions over an open session, as db/queries.py. Leaves out words and intervals (app/services/analytics.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, String, and_, case, cast, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from db import models
from db.base import utc_now
from db.models import PICKS, Brief, Card, Dropped, Feedback, Generation, Import, Result, Shown, StatusChange, Text
from db.models import Verdict as VerdictRow
from db.queries import CHUNK, of_the_newest, opinion, stands
from db.results import REPLACED
from db.shown import FIRST, last_choice, newest_edits

REWARDS = ("structure", "correctness", "relevance", "compliance", "diversity", "ctcvr")
PEOPLE = "people"  # the author of every text that no writer version wrote
MOST_TEXTS = 1_000_000  # of one cube
SUMMED = ("score", "ctr", "ctcvr", "beats_typical", "rating", *(f"reward_{name}" for name in REWARDS))
Rows = Sequence[Any]  # of columns, in the order that each question names them


@dataclass(frozen=True)
class Window:
    """`until` is exclusive. `author`: "policy:<version>", or PEOPLE."""

    workspace_id: int
    since: datetime
    until: datetime
    placement: str = ""
    author: str = ""
    brief_id: int | None = None

    def texts(self) -> list[ColumnElement[bool]]:
        """What holds of the texts looked at."""
        where = [Text.workspace_id == self.workspace_id, Text.created_at >= self.since, Text.created_at < self.until]
        if self.placement:
            where.append(Text.placement == self.placement)
        if self.author == PEOPLE:
            where.append(Text.written_by.not_like("policy:%"))
        elif self.author:
            where.append(Text.written_by == self.author)
        if self.brief_id is not None:
            where.append(Text.brief_id == self.brief_id)
        return where


def stamp(session: Session, results: bool = False) -> tuple[int, ...]:
    """The newest row ids of what the pages count, and of writers and their changes: while they stay, a count and an
    answer stay. `results`: of campaign results only; the texts they are about, with first cards, were there before."""
    writers = (models.Version, models.VersionChange)
    tables = (Result,) if results else (Text, Card, Feedback, VerdictRow, StatusChange, Result, *writers)
    imported = session.scalar(select(func.count(Import.id)).where(Import.state == "visible")) or 0
    return (*(session.scalar(select(func.max(table.id))) or 0 for table in tables), imported)


def cube(session: Session, window: Window) -> Rows:
    """Texts by day, placement, slot, angle, author, rules and level; with sums of their scores and squares, and how
    many were shown, picked, rejected, judged and found in violation, rated. A shown text that was edited is picked or
    rejected where its newest edit is (as in db/shown.py). Texts judged by country are rows of their own."""
    newest = select(func.max(Card.id)).where(Card.text_id == Text.id).correlate(Text).scalar_subquery()
    became = newest_edits(window.texts())
    choice, rating = last_choice(of=func.coalesce(became.c.now, Text.id)), _last_rating()
    by_country = cast(VerdictRow.countries, String) != "[]"
    inner: Any = (
        select(
            func.date(Text.created_at).label("day"), Text.placement, Text.slot, Text.angle, _author().label("author"),
            Card.rule_version.label("rules"), Card.level, Card.score, Card.ctr, Card.ctcvr, Card.beats_typical,
            *(Card.rewards[name].as_float().label(f"reward_{name}") for name in REWARDS),
            case((exists().where(Shown.text_id == Text.id), 1), else_=0).label("shown"),
            choice.label("choice"), case((~by_country, _decided())).label("verdict"),
            cast(rating, Float).label("rating"), case((by_country, Text.id)).label("alone"),
        )
        .outerjoin(Card, Card.id == newest)
        .outerjoin(VerdictRow, VerdictRow.id == _newest_verdict())
        .outerjoin(became, became.c.first == Text.id)
        .where(*window.texts())
        .limit(MOST_TEXTS)  # also keeps SQLite from asking every question again for each sum
        .subquery()
    )  # fmt: skip
    c = inner.c
    keys = (c.day, c.placement, c.slot, c.angle, c.author, c.rules, c.level)
    sums = [_both(c[name], name) for name in SUMMED]
    query: Any = select(
        *keys,
        func.count().label("texts"),
        func.sum(c.shown).label("shown"),
        _share(and_(c.shown == 1, c.choice.in_(PICKS)), "picked"),
        _share(and_(c.shown == 1, c.choice == "reject"), "rejected"),
        _share(c.verdict.is_not(None), "judged"),
        _share(c.verdict == "violation", "violations"),
        func.count(c.rating).label("rated"),
        *(column for pair in sums for column in pair),
        c.alone,
    )
    found = session.execute(query.group_by(*keys, c.alone)).all()
    judged, at = _judged_by_country(session, [row.alone for row in found if row.alone]), len(keys) + 4
    return [(*row[:at], *judged.get(row.alone, row[at : at + 2]), *row[at + 2 : -1]) for row in found]


def said(query: Any, model: Any, window: Window) -> Any:
    """The query, of rows of `model` that were made in the days, whenever the text they are about was drafted."""
    query = query.where(
        model.workspace_id == window.workspace_id, model.created_at >= window.since, model.created_at < window.until
    )
    if window.placement or window.author or window.brief_id is not None:
        query = query.join(Text, Text.id == model.text_id).where(*window.texts()[3:])
    return query


def events_a_day(session: Session, window: Window) -> tuple[Rows, Rows]:
    """What was done to texts, and what was said of them, a day: (day, kind or outcome, count). Of verdicts those that
    reviewers gave and that stand, without what these settled."""
    found = []
    for model, kind, where in ((Feedback, Feedback.kind, ()), (VerdictRow, VerdictRow.outcome, _given())):
        day = func.date(model.created_at)
        query = said(select(day, kind, func.count()).where(*where), model, window)
        found.append(session.execute(query.group_by(day, kind)).all())
    return found[0], found[1]


def dropped(session: Session, window: Window, limit: int = 300) -> Rows:
    """Why candidates of the drafts of these days were not shown: (reason, count), most frequent first.

    No draft has people's own lines. Of a trial's sets nobody stored which writer wrote what was dropped, so they count
    only where no writer is asked for. Drafts lie between those of the texts before and after the days: ids are indexed,
    their times are not."""
    if window.author == PEOPLE:
        return []
    of: Any = select(Text.generation_id).where(Text.workspace_id == window.workspace_id, FIRST)
    first = session.scalar(of.where(Text.created_at < window.since).order_by(Text.created_at.desc()).limit(1)) or 0
    last = session.scalar(of.where(Text.created_at >= window.until).order_by(Text.created_at).limit(1))
    where = [Dropped.workspace_id == window.workspace_id, Dropped.generation_id >= first]
    where += [Dropped.generation_id <= last] if last is not None else []
    where += [Generation.created_at >= window.since, Generation.created_at < window.until]
    where += [Generation.placement == window.placement] if window.placement else []
    where += [Generation.brief_id == window.brief_id] if window.brief_id is not None else []
    if window.author:
        where += [Generation.policy_version == window.author.removeprefix("policy:")]
        where += [Generation.request["trial"]["old"].as_string().is_(None)]
    query: Any = select(Dropped.reason, func.count()).join(Generation, Generation.id == Dropped.generation_id)
    query = query.where(*where)
    return session.execute(query.group_by(Dropped.reason).order_by(func.count().desc()).limit(limit)).all()


def refusals(session: Session, window: Window, limit: int = 5_000) -> list[list[str]]:
    """The rules that reviewers named in the newest violations of the window, a list each verdict that they gave and
    that stands, without what it settled."""
    query = said(select(VerdictRow.rules).where(VerdictRow.outcome == "violation", *_given()), VerdictRow, window)
    return [list(rules) for rules in session.scalars(query.order_by(VerdictRow.created_at.desc()).limit(limit))]


def results(session: Session, window: Window) -> Iterator[Any]:
    """The rows that count about one text of the window alone, oldest first, streamed: the text's id, line, counts and
    meaning, and the time of the import."""
    newest = (
        select(func.max(Result.id))
        .join(Import, Import.id == Result.import_id)
        .join(Text, Text.id == Result.text_id)
        .where(Result.workspace_id == window.workspace_id, Import.state == "visible", *window.texts())
        .where(Result.meaning["texts"][1].as_string().is_(None))
        .group_by(Result.row_key)
    )
    query: Any = (
        select(
            Result.text_id, Result.line, Result.impressions, Result.clicks, Result.conversions, Result.meaning,
            Import.created_at,
        )
        .join(Import, Import.id == Result.import_id)
        .where(Result.id.in_(newest), Result.arm != REPLACED)
        .order_by(Result.id)
    )  # fmt: skip
    yield from session.execute(query.execution_options(yield_per=2000))


def predicted(session: Session, text_ids: Sequence[int]) -> list[Any]:
    """What was predicted for texts when they were drafted, by their first scorecards."""
    first: Any = select(func.min(Card.id)).where(Card.text_id == Text.id).correlate(Text).scalar_subquery()
    query: Any = select(
        Text.id.label("text_id"), Text.placement, _author().label("author"), Card.ctr, Card.cvr, Card.level,
        Card.reward_version.label("rewards"),
    ).join(Card, Card.id == first)  # fmt: skip
    found: list[Any] = []
    for start in range(0, len(text_ids), CHUNK):
        found += session.execute(query.where(Text.id.in_(text_ids[start : start + CHUNK]))).all()
    return found


def completions(
    session: Session, window: Window, slot: str, level: str, search: str, offset: int, limit: int
) -> tuple[int, Rows]:
    """How many written texts match (counted to 10,000), and a page of them with their newest cards, newest first."""
    where = window.texts()
    if slot:
        where.append(Text.slot == slot)
    if search:
        where.append(Text.text.icontains(search, autoescape=True))
    newest = select(func.max(Card.id)).where(Card.text_id == Text.id).correlate(Text).scalar_subquery()
    matching: Any = select(Text.id)
    if level:
        where.append(Card.level == level)
        matching = matching.join(Card, Card.id == newest)
    total = session.scalar(select(func.count()).select_from(matching.where(*where).limit(10_000).subquery()))
    query: Any = (
        select(
            Text.id, Text.created_at, Text.placement, Text.slot, Text.angle, Text.written_by, Text.text,
            Brief.title.label("brief"), Card.payload,
        )
        .join(Brief, Brief.id == Text.brief_id)
        .outerjoin(Card, Card.id == newest)
        .where(*where)
        .order_by(Text.created_at.desc(), Text.id.desc())
        .offset(offset)
        .limit(limit)
    )  # fmt: skip
    return total or 0, session.execute(query).all()


def newest_texts(session: Session, workspace_id: int, author: str, limit: int) -> Sequence[Text]:
    """The newest texts by one writer version; edits are by people, so none is among them."""
    query = select(Text).where(Text.workspace_id == workspace_id, Text.written_by == author)
    return session.scalars(query.order_by(Text.id.desc()).limit(limit)).all()


def texts_beside(
    session: Session, workspace_id: int, author: str, brief_ids: Sequence[int], limit: int
) -> Sequence[Text]:
    """The newest texts by another writer version for these briefs."""
    query = select(Text).where(Text.workspace_id == workspace_id, Text.written_by == author)
    query = query.where(Text.brief_id.in_(brief_ids))
    return session.scalars(query.order_by(Text.id.desc()).limit(limit)).all()


def events(session: Session, workspace_id: int, action: str, limit: int) -> Sequence[models.AuditEvent]:
    """The newest audit events of one action."""
    event = models.AuditEvent
    query = select(event).where(event.workspace_id == workspace_id, event.action == action)
    return session.scalars(query.order_by(event.id.desc()).limit(limit)).all()


def _author() -> ColumnElement[str]:
    return case((Text.written_by.like("policy:%"), Text.written_by), else_=literal(PEOPLE))


def _newest_verdict() -> Any:
    """The id of the newest verdict that stands."""
    verdict = aliased(VerdictRow)
    mine = select(func.max(verdict.id)).where(verdict.text_id == Text.id, stands(verdict))
    return mine.correlate(Text).scalar_subquery()


def _decided() -> Any:
    """Compliant or violation; needs proof, escalate and a lapsed verdict are none."""
    return case(
        (VerdictRow.outcome.in_(("compliant", "violation")), VerdictRow.outcome),
        ((VerdictRow.outcome == "allowed") & (VerdictRow.until > utc_now()), "compliant"),
    )


def _judged_by_country(session: Session, text_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Whether each is judged and in violation, by the rule of queries.latest_verdicts, many texts a question."""
    found = {}
    query: Any = select(VerdictRow, _decided(), Brief.payload["countries"]).where(stands())
    query = query.join(Text, Text.id == VerdictRow.text_id).join(Brief, Brief.id == Text.brief_id)
    query = query.order_by(VerdictRow.text_id, VerdictRow.id.desc())
    for start in range(0, len(text_ids), CHUNK):
        rows = session.execute(query.where(VerdictRow.text_id.in_(text_ids[start : start + CHUNK])))
        for text_id, about in groupby(rows, key=lambda row: row[0].text_id):
            newest_first = [tuple(row) for row in about]
            said_now = opinion(of_the_newest([row[0] for row in newest_first]), frozenset(newest_first[0][2] or ()))
            side = next(row[1] for row in newest_first if row[0] is said_now)
            found[text_id] = (int(side is not None), int(side == "violation"))
    return found


def _given() -> tuple[ColumnElement[bool], ...]:
    """Of a verdict: it stands, and a reviewer gave it, not an admin over it or what settles identical texts."""
    return stands(), VerdictRow.settled_by_id.is_(None)


def _last_rating() -> Any:
    mine = select(Feedback.rating).where(Feedback.text_id == Text.id, Feedback.kind == "rate")
    return mine.order_by(Feedback.id.desc()).limit(1).correlate(Text).scalar_subquery()


def _both(column: Any, name: str) -> tuple[Any, Any]:
    return func.sum(column).label(f"{name}_sum"), func.sum(column * column).label(f"{name}_squares")


def _share(holds: ColumnElement[bool], name: str) -> Any:
    return func.sum(cast(case((holds, 1), else_=0), Integer)).label(name)
