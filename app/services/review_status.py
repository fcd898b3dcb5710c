"""What the looks at a text come to, and the status that follows: approved or rejected once they are complete and agree.

A side is "fine" (compliant, or allowed with proof), "violation", or none: needs proof and escalate decide nothing.
Looks that disagree wait for an admin (review_quality.py). A text in review counts its looks from when it was sent, and
those before it only where they were too few to be complete. Looks may also become complete without a verdict, when
fewer are asked for or a reviewer leaves: the worker decides those. Leaves out who may move what (statuses.py).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from app.services import audit, statuses
from app.services.people import Actor, own, require
from db import judgements, models, queries, review, review_quality, sending
from db.session import Database

AGREED = "Reviewers agree."  # the reason of what the looks decided; only that is undone with a verdict
SETTLED = "Settled by an admin."  # and this with the admin's
LAPSED = 50
PAGE = 50  # texts with complete looks that are read, and decided, at a time
HOLD_S = 1.0  # so long at most one batch of them holds the one write lock, on a slow machine too
PAUSE_S = 0.05  # between batches, in which others write
UPKEEP_S = 10.0  # of the worker's minute, whose job goes on meanwhile
LAPSED_REASON = "The day until which it was allowed has passed."
SIDES = {"compliant": "fine", "allowed": "fine", "violation": "violation"}


@dataclass(frozen=True)
class Round:
    """The looks that decide about a text now. `counted`: reviewers whose earlier verdict is one of them."""

    needed: int  # new looks
    counted: frozenset[int]
    verdicts: tuple[models.Verdict, ...]  # one for each look so far, earlier ones that count included
    sent: datetime | None  # to review; None of a text that is not there


def round_of(
    session: Session, workspace_id: int, text_id: int, overlap: int, change: models.StatusChange | None
) -> Round:
    """`change`: the newest status change of the text."""
    given, countries = judgements.hand_verdicts(session, text_id), queries.countries_of(session, text_id)
    sent = sending.sent_at(session, change)
    before = opinions([v for v in given if sent is not None and v.created_at < sent], countries)
    since = opinions([v for v in given if sent is None or v.created_at >= sent], countries)
    for slot in review.slots_of(session, workspace_id, text_id):
        if slot.verdict_id is None:
            since.pop(slot.author_id, None)  # countries are still open
    if len(before) >= overlap:
        return Round(1, frozenset(), tuple(since.values()), sent)
    both = (*(v for a, v in before.items() if a not in since), *since.values())
    return Round(overlap - len(before), frozenset(before), both, sent)


def opinions(newest_first: Sequence[models.Verdict], countries: frozenset[str]) -> dict[int, models.Verdict]:
    """What each reviewer thinks. `countries`: where the brief runs."""
    said: dict[int, list[models.Verdict]] = {}
    for verdict in newest_first:
        said.setdefault(verdict.author_id, []).append(verdict)
    return {who: queries.opinion(own, countries) for who, own in said.items()}


def decided(session: Session, workspace_id: int, text_id: int, overlap: int) -> str:
    """ "fine", "violation", or "" while looks are missing, disagree or decide nothing. An admin's word is enough."""
    settled = judgements.settling(session, text_id)
    change = review.last_change(session, text_id)
    sent = sending.sent_at(session, change)
    if settled is not None and (sent is None or settled.created_at >= sent):
        return SIDES.get(settled.outcome, "")
    now = round_of(session, workspace_id, text_id, overlap, change)
    sides = {SIDES.get(v.outcome, "") for v in now.verdicts}
    complete = len(now.verdicts) >= (now.needed + len(now.counted))
    return sides.pop() if complete and len(sides) == 1 else ""


def follow(session: Session, actor: Actor, text_ids: Sequence[int], side: str, reason: str) -> int:
    """Moves texts in review to what was decided, and returns how many. A violation also stops a text that is approved
    or live."""
    if side not in ("fine", "violation"):
        return 0
    now, moved = statuses.status_of(session, actor, text_ids), 0
    for text_id in text_ids:
        if side == "fine" and now[text_id] == "in_review":
            moved += statuses.set_status(session, actor, text_id, "approved", reason)
        elif side == "violation" and now[text_id] in ("in_review", "approved", "live"):
            moved += statuses.set_status(session, actor, text_id, "rejected", reason)
    return moved


def back_to_review(
    session: Session, actor: Actor, text_ids: Sequence[int], since: models.Verdict, decided_by: str
) -> None:
    """After a verdict was taken back: texts that it approved or rejected are in review again. `decided_by`: the reason
    of the change it made.

    Not through `statuses.set_status`: a reviewer may not send a text to review, but may undo a rejection.
    """
    for text_id in text_ids:
        changes = review.changes(session, text_id)
        change = _decision(changes)
        if change is None or change.reason != decided_by or change.created_at < since.created_at:
            continue
        was = changes[0].status
        reason = sending.TAKEN_BACK
        row = models.StatusChange(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id, status="in_review", reason=reason
        )
        session.add(row)
        session.flush()
        audit.note(session, actor, "text.reopen", "text", text_id, status="in_review", was=was, reason=reason)
        statuses.follow_text(session, actor, own(session, actor, models.Text, text_id, "text"))


def reopen_lapsed(db: Database, actor: Actor) -> int:
    """Texts allowed until a day that has passed, and approved or live since, are in review again; returns how many.

    At most LAPSED at a time, longest past first. Asked by the reviewer who looks for work, who need not wait for the
    worker."""
    require(actor, "review.judge")
    return _reopen(db, actor.workspace_id)


def reopen_everywhere(db: Database) -> int:
    """The same in every workspace; the worker does it every minute, whoever is there or not."""
    with db.read() as session:
        workspaces = review_quality.with_lapsed(session, models.utc_now())
    return sum(_reopen(db, workspace_id) for workspace_id in workspaces)


def _reopen(db: Database, workspace_id: int) -> int:
    """In the name of the reviewer who allowed each text until then: it is what that verdict said, however others saw
    it."""
    with db.read() as session:
        overlap = _overlap(session, workspace_id)
        if not review_quality.lapsed_running(session, workspace_id, models.utc_now(), overlap, LAPSED):
            return 0
    with db.write() as session:
        rows = review_quality.lapsed_running(session, workspace_id, models.utc_now(), overlap, LAPSED)
        for text_id, author_id in rows:
            reviewer = Actor(author_id, "reviewer", workspace_id)
            statuses.set_status(session, reviewer, text_id, "in_review", LAPSED_REASON)
        return len(rows)


def decide_everywhere(db: Database) -> int:
    """Moves texts whose looks have become complete without a verdict, in every workspace; returns how many. The worker
    does it every minute, for UPKEEP_S at most, in the name of the reviewer whose verdict counts."""
    with db.read() as session:
        waiting = [w for w in sending.workspaces_with_any(session) if next(_complete(session, w), None)]
    end = time.monotonic() + UPKEEP_S
    return sum(decide_complete(db, w, None, end - time.monotonic()) for w in waiting if time.monotonic() < end)


def decide_complete(db: Database, workspace_id: int, by: Actor | None, seconds: float = float("inf")) -> int:
    """The same in one workspace, in transactions of a batch each, one of them at least; `by`: whose act made the looks
    complete."""
    end, moved = time.monotonic() + seconds, 0
    while True:
        with db.read() as session:
            left = [text_id for text_id, _ in islice(_complete(session, workspace_id), PAGE)]
        before = moved
        while left:
            with db.write() as session:
                done, looked_at = _decide(session, workspace_id, left, by)
            moved, left = moved + done, left[looked_at:]
            time.sleep(PAUSE_S)
            if time.monotonic() > end:
                return moved
        if moved == before:  # nothing was left, or others were quicker
            return moved


def _decide(session: Session, workspace_id: int, text_ids: Sequence[int], by: Actor | None) -> tuple[int, int]:
    """Moves those of some texts that are decided still, for HOLD_S at most; how many it moved, and looked at."""
    overlap, end = _overlap(session, workspace_id), time.monotonic() + HOLD_S
    counts = queries.latest_verdicts(session, workspace_id, text_ids)
    done = looked_at = 0
    for text_id in text_ids:
        looked_at += 1
        side = decided(session, workspace_id, sending.speaker(session, text_id) or text_id, overlap)
        if side:
            who = by or Actor(counts[text_id].author_id, "reviewer", workspace_id)
            done += follow(session, who, [text_id], side, AGREED)
        if time.monotonic() > end:
            break
    return done, looked_at


def _complete(session: Session, workspace_id: int) -> Iterator[tuple[int, str]]:
    """(text, side) of texts in review that their looks, or those of the text that speaks for them, have decided."""
    overlap, after = _overlap(session, workspace_id), 0
    while page := sending.ready(session, workspace_id, overlap, after, PAGE):
        after = page[-1][0]
        for _, text_id in page:
            side = decided(session, workspace_id, sending.speaker(session, text_id) or text_id, overlap)
            if side:
                yield text_id, side


def until_of(session: Session, actor: Actor, text_ids: Sequence[int]) -> dict[int, datetime]:
    """By text, the day at whose end what its looks allowed runs out: the earliest of theirs, whoever spoke last. Not of
    a text that every look found fine without a day."""
    overlap = _overlap(session, actor.workspace_id)
    return review_quality.allowed_until(session, actor.workspace_id, text_ids, overlap)


def _overlap(session: Session, workspace_id: int) -> int:
    from app.services.review_looks import overlap_of  # which needs this module

    return overlap_of(session, Actor(0, "reviewer", workspace_id))


def _decision(newest_first: Sequence[models.StatusChange]) -> models.StatusChange | None:
    """The change that approved or rejected a text as it stands; going live and offline since takes nothing from it."""
    for change, before in zip(newest_first, [*newest_first[1:], None], strict=False):
        offline = change.status == "approved" and before is not None and before.status == "live"
        if change.status != "live" and not offline:
            return change if change.status in ("approved", "rejected") else None
    return None
