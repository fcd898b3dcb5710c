"""Identical claims are settled once: a verdict on one text makes verdicts on the others of its group.

A group is texts of the workspace with the same wording (db/claims.py) in the same situation: the same placement, the
same countries, and cards that found the same. The last matters: a claim that one brief can prove and another cannot is
not the same claim. Nobody is asked about a text that its group has settled; undoing the verdict undoes the group.
A text in review takes the status of the group once the looks at the text that was judged are complete.
Leaves out texts with looks of their own and gold texts: their reviewers have the word.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.services.people import Actor
from db import judgements, models, queries, review

MOST = 200  # texts that one verdict settles; more of them are settled by the next


def twins(session: Session, actor: Actor, text: models.Text) -> list[models.Text]:
    """The other texts of its group that a verdict would settle."""
    alike = judgements.identical(session, text, MOST)
    if not alike:
        return []
    ids = [text.id, *(t.id for t in alike)]
    cards = queries.latest_cards(session, actor.workspace_id, ids)
    briefs = {b: session.get_one(models.Brief, b) for b in {text.brief_id, *(t.brief_id for t in alike)}}
    here = _situation(cards.get(text.id), briefs[text.brief_id])
    busy = review.looked_at(session, actor.workspace_id, [t.id for t in alike])
    return [t for t in alike if t.id not in busy and _situation(cards.get(t.id), briefs[t.brief_id]) == here]


def settle(session: Session, actor: Actor, verdict: models.Verdict, text: models.Text) -> list[int]:
    """Gives the same verdict to the rest of the group; returns their ids. Inside the caller's transaction."""
    others = twins(session, actor, text)
    before = queries.latest_verdicts(session, actor.workspace_id, [t.id for t in others])
    cards = queries.latest_cards(session, actor.workspace_id, [t.id for t in others])
    for other in others:
        session.add(
            models.Verdict(
                workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=other.id,
                card_id=cards[other.id].id if other.id in cards else None,
                supersedes_id=before[other.id].id if other.id in before else None, outcome=verdict.outcome,
                rules=list(verdict.rules), spans=list(verdict.spans) if other.text == text.text else [],
                comment=verdict.comment, countries=list(verdict.countries), until=verdict.until, claim=verdict.claim,
                settled_by_id=verdict.id,
            )
        )  # fmt: skip
    return [t.id for t in others]


def withdraw(session: Session, actor: Actor, verdicts: Sequence[models.Verdict]) -> None:
    """Takes verdicts back: what stood before them counts again."""
    for verdict in verdicts:
        session.add(
            models.Verdict(
                workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=verdict.text_id,
                card_id=verdict.card_id, supersedes_id=verdict.id, outcome="withdrawn", rules=[], spans=[],
                claim=verdict.claim, settled_by_id=verdict.settled_by_id,
            )
        )  # fmt: skip
    session.flush()


def _situation(card: models.Card | None, brief: models.Brief) -> tuple[object, ...]:
    found = sorted({f["rule_id"] for f in card.payload["findings"]}) if card else None
    return sorted(brief.payload.get("countries", [])), card.level if card else None, found
