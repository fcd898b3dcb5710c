"""Questions behind the rule book: texts that may run, how often rules hit and were dismissed, who published what.

Plain functions over an open session that answer from one workspace and never commit, as db/queries.py. Counts look at
a bounded number of the newest rows and say whether that was all.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from db.models import PICKS, AuditEvent, Card, Feedback, FindingCall, StatusChange, Text, User, Verdict, Version
from db.queries import stands

CARDS, CALLS = 2000, 50_000  # newest ones that are counted: scorecards of a level, and calls of everybody
MAY_RUN = ("approved", "live")


@dataclass
class Counts:
    """By rule: texts it was found in, and findings accepted and dismissed. `all_cards`: no scorecard was left out."""

    hits: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    dismissed: Counter[str] = field(default_factory=Counter)
    all_cards: bool = True


def may_run(session: Session, workspace_id: int, limit: int, after: int | None = None) -> Sequence[Text]:
    """Texts whose newest status is approved or live: the last changed first, or, with `after`, by id from there on."""
    newer = aliased(StatusChange)
    query = (
        select(Text)
        .join(StatusChange, StatusChange.text_id == Text.id)
        .where(StatusChange.workspace_id == workspace_id, StatusChange.status.in_(MAY_RUN))
        .where(~exists().where(newer.text_id == StatusChange.text_id, newer.id > StatusChange.id))
    )
    newest_first = query.order_by(StatusChange.id.desc())
    query = newest_first if after is None else query.where(Text.id > after).order_by(Text.id)
    return session.scalars(query.limit(limit)).all()


def count_may_run(session: Session, workspace_id: int, after: int, limit: int) -> int:
    """How many texts may run of those with a higher id than `after`; counted up to `limit`."""
    newer = aliased(StatusChange)
    query = (
        select(StatusChange.id)
        .where(StatusChange.workspace_id == workspace_id, StatusChange.status.in_(MAY_RUN))
        .where(StatusChange.text_id > after)
        .where(~exists().where(newer.text_id == StatusChange.text_id, newer.id > StatusChange.id))
        .limit(limit)
    )
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def chosen(session: Session, workspace_id: int, limit: int) -> Sequence[Text]:
    """Texts that people picked, copied or exported, the last chosen first."""
    query = select(Feedback.text_id).where(Feedback.workspace_id == workspace_id, Feedback.kind.in_(PICKS))
    query = query.order_by(Feedback.created_at.desc()).limit(limit * 4)  # one text is often chosen more than once
    ids = list(dict.fromkeys(session.scalars(query)))[:limit]
    found = {row.id: row for row in session.scalars(select(Text).where(Text.id.in_(ids)))}
    return [found[i] for i in ids if i in found]


def counts(session: Session, workspace_id: int, since: datetime) -> Counts:
    """What rules found in texts scored since then, and what reviewers said of it in the newest calls of those
    whose verdicts stand."""
    told = Counts()
    seen: set[tuple[str, int]] = set()
    for level in ("blocked", "caution"):
        query = select(Card.text_id, Card.payload["findings"], Card.created_at)
        query = query.where(Card.workspace_id == workspace_id, Card.level == level)
        rows = session.execute(query.order_by(Card.id.desc()).limit(CARDS)).all()
        told.all_cards &= len(rows) < CARDS or rows[-1][2] < since
        seen |= {(f["rule_id"], text_id) for text_id, found, at in rows if at >= since for f in found}
    told.hits.update(rule_id for rule_id, _ in seen)
    newest = session.scalar(select(func.max(FindingCall.id))) or 0
    calls = select(FindingCall.rule_id, FindingCall.accepted).join(Verdict, Verdict.id == FindingCall.verdict_id)
    calls = calls.where(FindingCall.workspace_id == workspace_id, stands())
    for rule_id, accepted in session.execute(calls.where(FindingCall.id > newest - CALLS)):  # an id is cheap to bound
        (told.accepted if accepted else told.dismissed)[rule_id] += 1
    return told


def publications(session: Session, workspace_id: int, actions: Sequence[str], limit: int) -> list[AuditEvent]:
    """Events of these actions, newest first."""
    query = select(AuditEvent).where(AuditEvent.workspace_id == workspace_id, AuditEvent.action.in_(actions))
    return list(session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit)))


def author_of(session: Session, row: Version) -> str:
    """Who made a version."""
    return session.scalar(select(User.name).where(User.id == row.author_id)) or ""
