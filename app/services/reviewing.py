"""The reviewer's work: the queue of stored texts and the verdicts about them.

Verdicts are only ever added; the newest one about a text counts and names the one it supersedes.
Leaves out overlap, gold texts and agreement between reviewers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.services.people import Actor, own, require
from app.services.stored import StoredText, StoredVerdict, text_records, verdict_record
from db import models, queries
from db.session import Database
from relate_engine.brief import BriefError

PAGE_SIZE = 20
LONGEST_COMMENT = 2000
Outcome = Literal["compliant", "violation"]


@dataclass(frozen=True)
class ReviewPage:
    """One page of the queue. `page` counts from 1 and is clipped to what exists."""

    texts: tuple[StoredText, ...]
    brief_titles: dict[int, str]  # by brief id
    total: int
    page: int
    pages: int


def queue(
    db: Database,
    actor: Actor,
    *,
    level: str | None = None,
    placement: str | None = None,
    search: str = "",
    labelled: bool | None = None,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> ReviewPage:
    """Stored texts, those without a verdict first, longest waiting first. Filters narrow it.

    `level` is blocked, caution or clear (by the newest scorecard); `search` looks in the text and the
    product's name; `labelled` keeps only texts with (True) or without (False) a verdict.
    """
    require(actor, "review.read")
    with db.read() as session:

        def look(at: int) -> tuple[int, Sequence[models.Text]]:
            return queries.review_page(
                session,
                actor.workspace_id,
                level=level,
                placement=placement,
                search=search.strip(),
                labelled=labelled,
                offset=(at - 1) * page_size,
                limit=page_size,
            )

        page = max(1, page)
        total, rows = look(page)
        pages = max(1, -(-total // page_size))
        if page > pages:
            page = pages
            total, rows = look(page)
        texts = text_records(session, actor, rows)
        titles = {
            brief_id: own(session, actor, models.Brief, brief_id, "brief").title
            for brief_id in {text.brief_id for text in texts}
        }
        return ReviewPage(texts, titles, total, page, pages)


def give_verdict(
    db: Database,
    actor: Actor,
    text_id: int,
    outcome: Outcome,
    rules: Sequence[str] = (),
    spans: Sequence[tuple[int, int]] = (),
    comment: str = "",
) -> StoredVerdict:
    """Adds a verdict; it supersedes the one before. Spans are [start, end) code points of the text."""
    require(actor, "review.judge")
    comment = comment.strip()
    with db.write() as session:
        text = own(session, actor, models.Text, text_id, "text")
        _check(text.text, outcome, rules, spans, comment)
        cards = queries.latest_cards(session, actor.workspace_id, [text_id])
        before = queries.latest_verdicts(session, actor.workspace_id, [text_id]).get(text_id)
        row = models.Verdict(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id,
            card_id=cards[text_id].id if text_id in cards else None,
            supersedes_id=before.id if before else None, outcome=outcome,
            rules=list(dict.fromkeys(rules)), spans=sorted([start, end] for start, end in set(spans)),
            comment=comment,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return verdict_record(row)


def verdict_history(db: Database, actor: Actor, text_id: int) -> list[StoredVerdict]:
    """Every verdict about a text, newest (the one that counts) first."""
    require(actor, "review.read")
    with db.read() as session:
        own(session, actor, models.Text, text_id, "text")
        rows = queries.verdicts_of(session, actor.workspace_id, text_id)
        return [verdict_record(row, superseded=place > 0) for place, row in enumerate(rows)]


def span_of(text: str, words: str) -> tuple[int, int]:
    """Where the first occurrence of some words stands in a text, capitals ignored."""
    if words.strip():
        for start in range(len(text) - len(words) + 1):
            if text[start : start + len(words)].casefold() == words.casefold():
                return start, start + len(words)
    raise BriefError(f"Marked words: '{words}' is not in the text; copy the words as they stand there.")


def _check(text: str, outcome: str, rules: Sequence[str], spans: Sequence[tuple[int, int]], comment: str) -> None:
    if outcome not in models.OUTCOMES:
        raise BriefError(f"Verdict: '{outcome}' is unknown; choose compliant or violation.")
    if outcome == "compliant" and (rules or spans):
        raise BriefError("Verdict: a compliant text breaks no rule; remove the rules and marks or choose violation.")
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            raise BriefError(
                f"Marked words: {start} to {end} lies outside the text of {len(text)} characters; mark again."
            )
    if len(comment) > LONGEST_COMMENT:
        raise BriefError(f"Comment: {len(comment):,} characters are too many; keep it under {LONGEST_COMMENT:,}.")
