"""The questions about how well reviewing goes: the blind stream, gold texts, volume.

Bounded lists of the newest rows, found by an index; figures are made of them in app/services/review_quality.py.
Plain functions over an open session that answer from one workspace and never commit, as db/queries.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.analytics import Window, said
from db.models import Card, FindingCall, GoldText, ReviewSlot, StatusChange, Text, Verdict, Workspace
from db.queries import CHUNK, stands
from db.rulebook import CALLS, MAY_RUN
from db.sending import TAKEN_BACK


@dataclass(frozen=True)
class BlindRow:
    """One verdict given without suggestions, with the card of that moment."""

    text_id: int
    author_id: int
    outcome: str
    until: datetime | None
    level: str
    findings: Sequence[dict[str, Any]]


def blind_rows(
    session: Session, workspace_id: int, limit: int, flagged: bool = False, window: Window | None = None
) -> list[BlindRow]:
    """The newest blind verdicts that stand, oldest first; with a card only. `flagged`: on texts that were not clear;
    `window`: given in its days, on texts it looks at."""
    query = (
        select(Verdict.text_id, Verdict.author_id, Verdict.outcome, Verdict.until, Card.level, Card.payload)
        .join(Card, Card.id == Verdict.card_id)
        .where(
            Verdict.workspace_id == workspace_id,
            Verdict.blind.is_(True),
            Verdict.settled_by_id.is_(None),
            stands(),
            *([Card.level != "clear"] if flagged else []),
        )
        .order_by(Verdict.id.desc())
    )
    query = (said(query, Verdict, window) if window else query).limit(limit)
    rows = [BlindRow(r[0], r[1], r[2], r[3], r[4], r[5]["findings"]) for r in session.execute(query)]
    return rows[::-1]


def blind_flagged(session: Session, workspace_id: int, limit: int) -> int:
    """How many blind verdicts there are on texts that were not clear; counted up to `limit`."""
    query = (
        select(Verdict.id)
        .join(Card, Card.id == Verdict.card_id)
        .where(Verdict.workspace_id == workspace_id, Verdict.blind.is_(True), Card.level != "clear")
        .limit(limit)
    )
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def newest_verdict(session: Session, workspace_id: int) -> int | None:
    """The newest verdict, withdrawals and settled ones too; None where there is none."""
    query = select(Verdict.id).where(Verdict.workspace_id == workspace_id)
    return session.scalar(query.order_by(Verdict.created_at.desc(), Verdict.id.desc()).limit(1))


def cards_by_level(session: Session, workspace_id: int, window: Window | None = None) -> dict[str, int]:
    """How many scorecards there are of each level; `window`: of texts that were drafted in it."""
    query: Any = select(Card.level, func.count(Card.id))
    if window:  # begins at the index of texts by time; a text's cards are of its workspace
        query = query.join(Text, Text.id == Card.text_id).where(*window.texts())
    else:
        query = query.where(Card.workspace_id == workspace_id)
    return {row[0]: row[1] for row in session.execute(query.group_by(Card.level))}


def looks_at_gold(
    session: Session, workspace_id: int, limit: int, window: Window | None = None
) -> Sequence[tuple[int, str, str]]:
    """(reviewer, what they said, what is right) of completed looks at gold texts that were taken after it was gold;
    `window`: those done in its days, at texts it looks at."""
    query = (
        select(Verdict.author_id, Verdict.outcome, GoldText.outcome)
        .join(ReviewSlot, ReviewSlot.text_id == GoldText.text_id)
        .join(Verdict, Verdict.id == ReviewSlot.verdict_id)
        .where(
            GoldText.workspace_id == workspace_id,
            GoldText.retired_at.is_(None),
            ReviewSlot.created_at >= GoldText.created_at,
        )
        .order_by(Verdict.id.desc())
    )
    query = (said(query, Verdict, window) if window else query).limit(limit)
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def given(session: Session, window: Window, limit: int) -> Sequence[tuple[int, float | None]]:
    """(reviewer, seconds) of the window's verdicts, those of identical texts left out, newest first."""
    query: Any = select(Verdict.author_id, Verdict.seconds).where(Verdict.settled_by_id.is_(None), stands())
    query = said(query, Verdict, window).order_by(Verdict.created_at.desc()).limit(limit)
    return [(row[0], row[1]) for row in session.execute(query)]


def calls_by_rule(session: Session, workspace_id: int, limit: int) -> Sequence[tuple[str, int, int]]:
    """(rule, accepted, dismissed) of the newest calls whose verdicts stand, the rules most often dismissed first."""
    newest = select(FindingCall.rule_id, FindingCall.accepted).join(Verdict, Verdict.id == FindingCall.verdict_id)
    newest = newest.where(FindingCall.workspace_id == workspace_id, stands())
    calls = newest.order_by(FindingCall.id.desc()).limit(CALLS).subquery()
    dismissed = func.sum(case((calls.c.accepted, 0), else_=1))
    query = (
        select(calls.c.rule_id, func.sum(case((calls.c.accepted, 1), else_=0)), dismissed)
        .group_by(calls.c.rule_id)
        .order_by(dismissed.desc(), calls.c.rule_id)
        .limit(limit)
    )
    return [(row[0], int(row[1]), int(row[2])) for row in session.execute(query)]


def verdicts_of_looks(session: Session, text_ids: Sequence[int]) -> dict[int, list[Verdict]]:
    """By text, the verdict of each completed look, in the order of the looks."""
    found: dict[int, list[Verdict]] = {}
    query = (
        select(Verdict)
        .join(ReviewSlot, and_(ReviewSlot.verdict_id == Verdict.id, ReviewSlot.text_id == Verdict.text_id))
        .where(Verdict.text_id.in_(list(text_ids)[:CHUNK]))
    )
    for verdict in session.scalars(query.order_by(Verdict.text_id, ReviewSlot.number)):
        found.setdefault(verdict.text_id, []).append(verdict)
    return found


def lapsed(session: Session, workspace_id: int, now: datetime, limit: int) -> Sequence[tuple[Verdict, str]]:
    """Verdicts "allowed until" whose day has passed and that still count, longest past first, with the text."""
    query = select(Verdict, Text.text).join(Text, Text.id == Verdict.text_id).where(*_past(workspace_id, now))
    return [(row[0], row[1]) for row in session.execute(query.order_by(Verdict.until).limit(limit))]


def lapsed_running(
    session: Session, workspace_id: int, now: datetime, overlap: int, limit: int
) -> list[tuple[int, int]]:
    """(text, who allowed it) of texts that are approved or live by looks of which one said "allowed until" a day that
    has passed, longest past first; whatever was said after it."""
    later = aliased(StatusChange)
    query = (
        select(Verdict.text_id, Verdict.author_id)
        .join(StatusChange, StatusChange.text_id == Verdict.text_id)
        .where(
            Verdict.workspace_id == workspace_id,
            Verdict.until <= now,
            *_approves(overlap),
            StatusChange.status.in_(MAY_RUN),
            ~exists().where(later.text_id == Verdict.text_id, later.id > StatusChange.id),
        )
    )
    found: dict[int, int] = {}
    for row in session.execute(query.order_by(Verdict.until, Verdict.id).limit(limit)):
        found.setdefault(row[0], row[1])
    return list(found.items())


def allowed_until(session: Session, workspace_id: int, text_ids: Sequence[int], overlap: int) -> dict[int, datetime]:
    """By text, the earliest day until which one of the looks that count for it allowed it; only texts with one."""
    found: dict[int, datetime] = {}
    for start in range(0, len(text_ids), CHUNK):
        query = select(Verdict.text_id, Verdict.until).where(
            Verdict.text_id.in_(text_ids[start : start + CHUNK]),
            Verdict.workspace_id == workspace_id,
            Verdict.until.is_not(None),
            *_approves(overlap),
        )
        for text_id, until in session.execute(query.order_by(Verdict.until.desc())):
            if until is not None:
                found[text_id] = until
    return found


def _approves(overlap: int) -> tuple[ColumnElement[bool], ...]:
    """Verdicts "allowed until" that stand, that neither their reviewer's next word nor an admin has replaced, and that
    count since the text was last sent to review: it was sent before them, or while their looks were incomplete, and not
    after their day, which renews none. A reviewer's word for a country replaces none for others: not even the one for
    all, which goes on holding where no country is named (queries.opinion)."""
    newer, settler, sent, before = aliased(Verdict), aliased(Verdict), aliased(StatusChange), aliased(Verdict)
    looks = select(func.count(distinct(before.author_id))).where(
        before.text_id == sent.text_id, before.created_at < sent.created_at, stands(before)
    )
    return (
        Verdict.outcome == "allowed",
        stands(),
        ~exists().where(
            newer.text_id == Verdict.text_id,
            newer.id > Verdict.id,
            newer.author_id == Verdict.author_id,
            or_(_countries(newer) == "[]", _countries(newer) == _countries(Verdict)),
            stands(newer),
        ),
        ~exists().where(  # of an admin over this text or over an identical one
            newer.text_id == Verdict.text_id,
            newer.id > Verdict.id,
            settler.id == newer.settled_by_id,
            or_(settler.text_id == newer.text_id, settler.settled_by_id.is_not(None)),
            stands(newer),
        ),
        ~exists().where(
            sent.text_id == Verdict.text_id,
            sent.status == "in_review",
            sent.reason != TAKEN_BACK,
            sent.created_at > Verdict.created_at,
            or_(sent.created_at >= Verdict.until, looks.correlate(sent).scalar_subquery() >= overlap),
        ),
    )


def _countries(verdict: Any) -> ColumnElement[str]:
    """Those it names, as one string; "[]": it holds wherever the brief runs."""
    return cast(verdict.countries, String)


def _past(workspace_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Verdicts "allowed until" whose day has passed, and that are the last word on their text."""
    newer = aliased(Verdict)
    return (
        Verdict.workspace_id == workspace_id,
        Verdict.until <= now,
        stands(),
        ~exists().where(newer.text_id == Verdict.text_id, newer.id > Verdict.id, stands(newer)),
    )


def with_lapsed(session: Session, now: datetime) -> list[int]:
    """Workspaces that hold a verdict "allowed until" whose day has passed."""
    some = exists().where(Verdict.workspace_id == Workspace.id, Verdict.until <= now)
    return list(session.scalars(select(Workspace.id).where(some).order_by(Workspace.id)))


def gold(session: Session, workspace_id: int, limit: int) -> Sequence[tuple[GoldText, str]]:
    """Gold texts in use, newest first, with the text."""
    query = (
        select(GoldText, Text.text)
        .join(Text, Text.id == GoldText.text_id)
        .where(GoldText.workspace_id == workspace_id, GoldText.retired_at.is_(None))
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(GoldText.id.desc()).limit(limit))]
