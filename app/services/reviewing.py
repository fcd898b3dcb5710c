"""Verdicts: giving one, taking it back, and the list of texts to browse.

Verdicts are only ever added. The newest that stands about a text counts; taking one back adds a withdrawal, and what
stood before counts again. A verdict completes the reviewer's look at the text (review_looks.py) once it covers every
country of the brief, settles identical texts (review_groups.py) and, where the looks agree, moves the text's status.
Given twice for one look (a double click) it is stored once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy.orm import Session

from app.services import audit, review_groups, review_status
from app.services.judged import seen_with
from app.services.people import Actor, NotFound, own, require
from app.services.review_looks import HOLD, overlap_of
from app.services.stored import StoredText, StoredVerdict, text_records, verdict_record
from db import judgements, models, queries, review, review_list
from db.queries import WORST
from db.session import Database
from relate_engine.brief import BriefError, country_codes

PAGE_SIZE = 20
LONGEST_COMMENT, LONGEST_REASON = 2000, 500
LONGEST_SECONDS = HOLD.total_seconds()
Outcome = Literal["compliant", "violation", "needs_proof", "allowed", "escalate"]


@dataclass(frozen=True)
class Call:
    """A reviewer's word about one suggested finding."""

    rule_id: str
    start: int | None
    end: int | None
    accepted: bool
    reason: str = ""


@dataclass(frozen=True)
class ReviewPage:
    """One page of the list. `page` counts from 1 and is clipped to what exists; `total` stops at review_list.MOST."""

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
    """Stored texts to browse, those without a verdict first, the oldest first. Filters narrow it.

    `level` is blocked, caution or clear (by the newest scorecard); `search` looks in the text and the
    product's name; `labelled` keeps only texts with (True) or without (False) a verdict.
    """
    require(actor, "review.read")
    with db.read() as session:

        def look(at: int) -> tuple[int, Sequence[models.Text]]:
            return review_list.browse(
                session,
                actor.workspace_id,
                review_list.Filter(level, placement, search.strip(), labelled),
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
    *,
    countries: Sequence[str] = (),
    until: datetime | None = None,
    calls: Sequence[Call] = (),
    seconds: float | None = None,
    look_id: int | None = None,
) -> StoredVerdict:
    """Adds a verdict. Spans are [start, end) code points of the text; no `countries` means all of the brief's.

    `look_id`: the look it answers; without one it answers whatever look this person has at the text, or a new one.
    """
    require(actor, "review.judge")
    comment = comment.strip()
    with db.write() as session:
        text = own(session, actor, models.Text, text_id, "text")
        brief = own(session, actor, models.Brief, text.brief_id, "brief")
        where = _countries(brief, countries)
        check_verdict(text.text, outcome, rules, spans, comment, until, calls)
        slot = _slot(session, actor, text_id, look_id)
        if again := _given_already(session, actor, slot, where, look_id):
            return verdict_record(again)
        cards = queries.latest_cards(session, actor.workspace_id, [text_id])
        before = queries.latest_verdicts(session, actor.workspace_id, [text_id]).get(text_id)
        row = models.Verdict(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id,
            card_id=cards[text_id].id if text_id in cards else None,
            supersedes_id=before.id if before else None, outcome=outcome,
            rules=list(dict.fromkeys(rules)), spans=sorted([start, end] for start, end in set(spans)),
            comment=comment, countries=list(where), until=until if outcome == "allowed" else None,
            blind=slot.blind and look_id is not None,  # given again from the list, the suggestions were on screen
            seconds=min(seconds, LONGEST_SECONDS) if seconds is not None else None, claim=text.claim,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add_all(
            models.FindingCall(
                workspace_id=actor.workspace_id, author_id=actor.user_id, verdict_id=row.id, text_id=text_id,
                rule_id=c.rule_id, start=c.start, end=c.end, accepted=c.accepted, reason=c.reason.strip(),
            )
            for c in calls
        )  # fmt: skip
        others = review_groups.settle(session, actor, row, text)
        session.flush()
        slot.verdict_id = _completes(session, slot, brief)
        session.flush()
        if slot.verdict_id is not None:
            _follow(session, actor, text_id, others)
        _agreed_gold_stands(session, actor, row)
        audit.note(
            session, actor, "verdict.give", "text", text_id, seen_with(session, row), verdict=row.id, outcome=outcome,
            settles=len(others),
        )  # fmt: skip
        return verdict_record(row)


def undo(db: Database, actor: Actor, verdict_id: int) -> int:
    """Takes back one's own verdict and what it settled; returns the text. It is this person's look again, or waits for
    an admin's word where it was one."""
    require(actor, "review.judge")
    with db.write() as session:
        row = own(session, actor, models.Verdict, verdict_id, "verdict")
        if row.author_id != actor.user_id or row.outcome == "withdrawn":
            raise NotFound("Only your own verdicts can be taken back; an admin settles the others on the Quality tab.")
        if not judgements.stands_now(session, row.id):
            return row.text_id  # a double click
        others, word = [row, *judgements.settled_by(session, row)], judgements.is_word(session, row)
        review_groups.withdraw(session, actor, others)
        reason = review_status.SETTLED if word else review_status.AGREED
        review_status.back_to_review(session, actor, [v.text_id for v in others], row, reason)
        if not word:
            _look_again(session, actor, row)
        audit.note(
            session, actor, "verdict.withdraw", "text", row.text_id, seen_with(session, row), verdict=row.id,
            settled=len(others) - 1,
        )  # fmt: skip
        return row.text_id


def last_verdict(db: Database, actor: Actor) -> StoredVerdict | None:
    """The newest verdict that this person gave since yesterday and that stands: what "undo" takes back."""
    require(actor, "review.judge")
    with db.read() as session:
        row = judgements.last_own(session, actor.workspace_id, actor.user_id, models.utc_now() - timedelta(days=1))
        return verdict_record(row) if row else None


def verdict_history(db: Database, actor: Actor, text_id: int) -> list[StoredVerdict]:
    """Every verdict about a text, newest first; `superseded` are all but the newest that stands."""
    require(actor, "review.read")
    with db.read() as session:
        own(session, actor, models.Text, text_id, "text")
        rows = queries.verdicts_of(session, actor.workspace_id, text_id)
        counts = queries.latest_verdicts(session, actor.workspace_id, [text_id]).get(text_id)
        return [verdict_record(row, superseded=counts is None or row.id != counts.id) for row in rows]


def _agreed_gold_stands(session: Session, actor: Actor, row: models.Verdict) -> None:
    """A verdict on a gold text measures the reviewer; the agreed one goes on counting. Inside a transaction."""
    gold = review.gold_of(session, actor.workspace_id, row.text_id)
    if gold is None or gold.retired_at is not None:
        return
    session.add(
        models.Verdict(
            workspace_id=actor.workspace_id, author_id=gold.author_id, text_id=row.text_id, card_id=row.card_id,
            supersedes_id=row.id, outcome=gold.outcome, rules=list(gold.rules), spans=[],
            comment="A gold text: the agreed verdict stands.", claim=row.claim, settled_by_id=row.id,
        )
    )  # fmt: skip
    session.flush()


def _slot(session: Session, actor: Actor, text_id: int, look_id: int | None) -> models.ReviewSlot:
    """The look that a verdict answers."""
    slots = review.slots_of(session, actor.workspace_id, text_id)
    mine = next((s for s in slots if s.author_id == actor.user_id), None)
    if look_id is not None and (mine is None or mine.id != look_id):
        raise BriefError(
            "Your look at this text ran out after 30 minutes and it went to somebody else, so this verdict was not "
            "stored; go on with the next text."
        )
    if mine is None:
        now, number = models.utc_now(), max((s.number for s in slots), default=0) + 1
        mine = models.ReviewSlot(
            workspace_id=actor.workspace_id, author_id=actor.user_id, created_at=now, text_id=text_id, number=number,
            blind=False, expires_at=now + HOLD, verdict_id=None,
        )  # fmt: skip
        session.add(mine)
        session.flush()
    return mine


def _look_again(session: Session, actor: Actor, taken_back: models.Verdict) -> None:
    """The look is this person's again. What it says about other countries stands, and stays part of it."""
    now = models.utc_now()
    for slot in review.slots_of(session, actor.workspace_id, taken_back.text_id):
        if slot.author_id != actor.user_id:
            continue
        said = judgements.mine_since(session, slot.text_id, actor.user_id, slot.created_at)
        if not taken_back.countries or not any(verdict.countries for verdict in said):
            slot.created_at = now
        slot.verdict_id, slot.expires_at = None, now + HOLD


def _given_already(
    session: Session, actor: Actor, slot: models.ReviewSlot, where: Sequence[str], look_id: int | None
) -> models.Verdict | None:
    """The verdict that this look has already had for these countries."""
    if look_id is None:
        return None  # given from the list, on purpose
    if slot.verdict_id is not None:
        return session.get(models.Verdict, slot.verdict_id)
    for verdict in judgements.mine_since(session, slot.text_id, actor.user_id, slot.created_at):
        if where and set(where) <= set(verdict.countries):
            return verdict
    return None


def _completes(session: Session, slot: models.ReviewSlot, brief: models.Brief) -> int | None:
    """The verdict of the look, the worst one, once every country has one; None while some are open."""
    said = judgements.mine_since(session, slot.text_id, slot.author_id, slot.created_at)
    whole = [v for v in said if not v.countries]
    if whole:
        return whole[-1].id
    covered = {country for v in said for country in v.countries}
    if not covered >= set(brief.payload.get("countries", [])):
        return None
    return min(said, key=lambda v: WORST.index(v.outcome)).id


def _follow(session: Session, actor: Actor, text_id: int, others: Sequence[int]) -> None:
    side = review_status.decided(session, actor.workspace_id, text_id, overlap_of(session, actor))
    review_status.follow(session, actor, [text_id, *others], side, review_status.AGREED)


def _countries(brief: models.Brief, given: Sequence[str]) -> tuple[str, ...]:
    """The countries of a verdict; all of the brief's are written as none."""
    known = tuple(brief.payload.get("countries", []))
    chosen = country_codes(given)
    for code in chosen:
        if code not in known:
            raise BriefError(f"Countries: the brief does not run in {code.upper()}; choose from {', '.join(known)}.")
    return () if set(chosen) == set(known) else chosen


def check_verdict(
    text: str,
    outcome: str,
    rules: Sequence[str] = (),
    spans: Sequence[tuple[int, int]] = (),
    comment: str = "",
    until: datetime | None = None,
    calls: Sequence[Call] = (),
) -> None:
    """Raises BriefError in one sentence where a verdict cannot be what it says."""
    if outcome not in get_args(Outcome):
        raise BriefError(
            f"Verdict: '{outcome}' is unknown; choose compliant or violation, needs proof, allowed or escalate."
        )
    if outcome == "compliant" and (rules or spans):
        raise BriefError("Verdict: a compliant text breaks no rule; remove the rules and marks or choose violation.")
    if outcome == "allowed" and (until is None or until <= models.utc_now()):
        raise BriefError("Allowed until: choose a day in the future, on which the proof is looked at again.")
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            raise BriefError(
                f"Marked words: {start} to {end} lies outside the text of {len(text)} characters; mark again."
            )
    if len(comment) > LONGEST_COMMENT:
        raise BriefError(f"Comment: {len(comment):,} characters are too many; keep it under {LONGEST_COMMENT:,}.")
    if any(len(call.reason) > LONGEST_REASON for call in calls):
        raise BriefError(f"Reason for dismissing: keep it under {LONGEST_REASON} characters.")
