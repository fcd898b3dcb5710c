"""What reviewers said about the classifier's findings: calls on suggestions, and blind verdicts on flagged texts.

Bounded lists of the newest rows, found by an index. Plain functions over an open session, as db/queries.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Card, FindingCall, Text, Verdict
from db.queries import stands


@dataclass(frozen=True)
class Word:
    """One reviewer's word about one text, as part of a verdict."""

    verdict_id: int
    text_id: int
    text: str
    violation: bool


def calls_by_rule(session: Session, workspace_id: int, prefix: str) -> dict[str, int]:
    """How many calls there are on each rule whose id begins so, those taken back too; from the index alone."""
    query = (
        select(FindingCall.rule_id, func.count())
        .where(FindingCall.workspace_id == workspace_id, FindingCall.rule_id.startswith(prefix, autoescape=True))
        .group_by(FindingCall.rule_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def newest_calls(session: Session, workspace_id: int, rule_id: str, limit: int) -> list[Word]:
    """The newest calls on a rule whose verdicts stand, oldest first. An accepted finding is a violation."""
    query = (
        select(FindingCall.verdict_id, FindingCall.text_id, Text.text, FindingCall.accepted)
        .join(Verdict, Verdict.id == FindingCall.verdict_id)
        .join(Text, Text.id == FindingCall.text_id)
        .where(FindingCall.workspace_id == workspace_id, FindingCall.rule_id == rule_id, stands())
        .order_by(FindingCall.id.desc())
        .limit(limit)
    )
    return [Word(*row) for row in session.execute(query)][::-1]


def blind_words(
    session: Session, workspace_id: int, outcomes: Sequence[str], limit: int
) -> list[tuple[Word, Sequence[dict[str, Any]]]]:
    """The newest blind verdicts of these outcomes on texts that were not clear, oldest first, with the findings that
    the card of that moment had."""
    query = (
        select(Verdict.id, Verdict.text_id, Text.text, Verdict.outcome, Card.payload["findings"])
        .join(Card, Card.id == Verdict.card_id)
        .join(Text, Text.id == Verdict.text_id)
        .where(
            Verdict.workspace_id == workspace_id,
            Verdict.blind.is_(True),
            Verdict.settled_by_id.is_(None),
            Verdict.outcome.in_(outcomes),
            Card.level != "clear",
            stands(),
        )
        .order_by(Verdict.id.desc())
        .limit(limit)
    )
    return [(Word(r[0], r[1], r[2], r[3] == "violation"), r[4]) for r in session.execute(query)][::-1]
