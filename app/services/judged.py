"""With which versions texts were judged, for the audit log: of what is said about texts that stand in the tables.

As `drafting.judged_with`, which takes a scorecard at hand: the rewards, the rules and the path, without the writer.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.services.people import Actor
from db import models, queries


def versions_of(cards: Iterable[models.Card | None]) -> dict[str, str]:
    """The versions on some scorecards; where texts were judged with several, all of them, in order, with commas."""
    found: dict[str, set[str]] = {"rewards": set(), "rules": set(), "path": set()}
    for card in cards:
        if card is not None:
            found["rewards"].add(card.reward_version)
            found["rules"].add(card.rule_version)
            found["path"].add(card.path)
    return {name: ", ".join(sorted(told - {""})) for name, told in found.items() if told - {""}}


def judged(session: Session, actor: Actor, text_ids: Iterable[int]) -> dict[str, str]:
    """The versions on the newest scorecard of each text. Inside the caller's transaction."""
    return versions_of(queries.latest_cards(session, actor.workspace_id, text_ids).values())


def seen_with(session: Session, verdict: models.Verdict) -> dict[str, str]:
    """The versions on the scorecard that a verdict was given on; none where there was no card."""
    return versions_of([session.get(models.Card, verdict.card_id)] if verdict.card_id is not None else [])
