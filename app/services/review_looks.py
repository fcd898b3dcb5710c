"""Taking a look: which text a reviewer gets next, and that nobody else gets the same look.

Each text gets `review_overlap` looks by different people (as many as there are reviewers, if those are fewer; admins
count only where there is no reviewer, though they may look). A look
is held for HOLD; without a verdict by then it goes to somebody else. What is under way comes back after a refresh.
Looks are given in one write transaction each, and the table's unique constraints stand behind that.

Of a hundred looks about
    10   are at a random clear text        shown without suggestions (blind)
     5   are at a random flagged text      blind too: precision needs it, and "no suggestions" then tells nothing
     5   are at a gold text                shown like any other
    80   follow the order of review_order.py
Which it is is drawn here when the look is taken, and stored. The second look at a blind text is blind as well.
A text in review again after its looks were complete (the rules changed) gets one new look.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.services.people import LOCAL, Actor, own, require
from app.services.review_order import ordered
from app.services.review_status import reopen_lapsed, round_of
from app.services.stored import StoredText, text_records
from app.services.workspace import workspace_settings
from db import judgements, models, review, review_quality
from db.review import Asked
from db.session import Database, StorageError

HOLD = timedelta(minutes=30)
BLIND_CLEAR, BLIND_FLAGGED, GOLD = 0.10, 0.05, 0.05
POOL = 25  # candidates of each kind
KEEP_S = 120.0  # how long an order of candidates is used; whether one is still free is asked each time
TRIES = 3
MOST_PLANS = 200  # people whose order is kept
_plans: dict[tuple[str, int, int], tuple[float, list[int]]] = {}
_lock = threading.Lock()
Draw = Callable[[], float]  # a number in [0, 1)


@dataclass(frozen=True)
class Look:
    """A text in front of a reviewer. Blind: `text` carries no scorecard and no earlier verdict."""

    id: int
    text: StoredText
    blind: bool
    expires_at: datetime
    judged: tuple[str, ...] = ()  # countries that this look has a verdict for already


def overlap_of(session: Session, actor: Actor) -> int:
    """How many looks a text gets: the workspace's setting, but no more than there are reviewers, or admins alone."""
    wanted = workspace_settings(session, actor).review_overlap
    return max(1, min(wanted, review.judges(session, actor.workspace_id, LOCAL)))


def next_text(db: Database, actor: Actor, draw: Draw = random.random) -> Look | None:
    """The text this reviewer should judge now: the one under way, else the next. None if none is left."""
    require(actor, "review.judge")
    reopen_lapsed(db, actor)
    for attempt in range(TRIES):
        with db.read() as session:
            session.info["url"] = str(db.engine.url)
            asked = Asked(actor.workspace_id, actor.user_id, overlap_of(session, actor), models.utc_now())
            slot = _held(session, asked)
            if slot is not None:
                return _look(session, actor, slot)
            candidates = _candidates(session, asked, draw)
        if not candidates:
            return None
        try:
            with db.write() as session:
                taken = _held(session, asked)  # in another tab meanwhile
                for text_id, kind in candidates:
                    taken = taken or _take(session, asked, text_id, kind)
                    if taken:
                        session.flush()
                        _strike(str(db.engine.url), asked, text_id)
                        return _look(session, actor, taken)
            with _lock:  # all of them were gone: an order from before is of no more use
                _plans.pop((str(db.engine.url), asked.workspace_id, asked.user_id), None)
        except StorageError:  # a unique constraint spoke: somebody was quicker
            if attempt == TRIES - 1:
                raise
    return None


def look_at(db: Database, actor: Actor) -> Look | None:
    """The look that is under way, if any; takes none."""
    require(actor, "review.judge")
    with db.read() as session:
        asked = Asked(actor.workspace_id, actor.user_id, 1, models.utc_now())
        slot = _held(session, asked)
        return _look(session, actor, slot) if slot else None


def skip(db: Database, actor: Actor, text_id: int) -> None:
    """Gives a look back: others get the text; this person only when nothing else is left."""
    require(actor, "review.judge")
    with db.write() as session:
        own(session, actor, models.Text, text_id, "text")
        for slot in review.slots_of(session, actor.workspace_id, text_id):
            if slot.author_id == actor.user_id and slot.verdict_id is None:
                slot.expires_at = models.utc_now()


def waiting(db: Database, actor: Actor) -> bool:
    """Whether anything has been stored that could be reviewed at all."""
    require(actor, "review.read")
    with db.read() as session:
        return session.query(models.Text.id).filter_by(workspace_id=actor.workspace_id).limit(1).first() is not None


def _held(session: Session, asked: Asked) -> models.ReviewSlot | None:
    """What is under way, unless its brief was archived meanwhile."""
    slot = review.held(session, asked.workspace_id, asked.user_id, asked.now)
    if slot is None:
        return None
    text = session.get_one(models.Text, slot.text_id)
    return slot if session.get_one(models.Brief, text.brief_id).archived_at is None else None


def _look(session: Session, actor: Actor, slot: models.ReviewSlot) -> Look:
    text = text_records(session, actor, [session.get_one(models.Text, slot.text_id)])[0]
    if slot.blind:
        text = replace(text, card=None, verdict=None)
    said = judgements.mine_since(session, slot.text_id, slot.author_id, slot.created_at)
    judged = tuple(sorted({country for verdict in said for country in verdict.countries}))
    return Look(slot.id, text, slot.blind, slot.expires_at, judged)


def _candidates(session: Session, asked: Asked, draw: Draw) -> list[tuple[int, str]]:
    """(text, kind of look) in the order in which they are tried."""
    lot = draw()
    found: list[tuple[int, str]] = []
    if lot < BLIND_CLEAR + BLIND_FLAGGED:
        second = review.half_looked(session, asked, 5, blind=True)
        first = _random(session, asked, draw, flagged=lot >= BLIND_CLEAR)
        found += [(i, "blind") for i in [*second, *first]]
    elif lot < BLIND_CLEAR + BLIND_FLAGGED + GOLD:
        gold = review.gold_for(session, asked, POOL)
        at = int(draw() * len(gold))
        found += [(i, "gold") for i in [*gold[at:], *gold[:at]]]
    found += [(i, "plain") for i in planned(session, asked, draw)]
    if not found:
        found += [(i, "blind") for i in review.half_looked(session, asked, POOL, blind=True)]
        found += [(i, "plain") for i in review.run_out(session, asked, POOL, own=True)]  # what they skipped
    return found


def planned(session: Session, asked: Asked, draw: Draw = random.random) -> list[int]:
    """The order of candidates, kept for KEEP_S: making it costs more than all else, and `_take` asks again anyway."""
    key = (session.info["url"], asked.workspace_id, asked.user_id)
    with _lock:
        made, ids = _plans.get(key, (0.0, []))
        if ids and time.monotonic() - made < KEEP_S:
            return list(ids)
    fresh = _urgent(session, asked, draw)
    with _lock:
        _plans[key] = time.monotonic(), list(fresh)
        while len(_plans) > MOST_PLANS:
            _plans.pop(next(iter(_plans)))
    return fresh


def _strike(url: str, asked: Asked, text_id: int) -> None:
    """Takes a text, and those that were refused before it, out of the order."""
    with _lock:
        _, ids = _plans.get((url, asked.workspace_id, asked.user_id), (0.0, list[int]()))
        if text_id in ids:
            del ids[: ids.index(text_id) + 1]


def _urgent(session: Session, asked: Asked, draw: Draw) -> list[int]:
    """The order of candidates for this person, made anew. Doubt orders the oldest cautions and as many from a random
    place on, so that a backlog does not keep the most doubtful text from everybody."""
    somewhere = int(draw() * review.highest_card(session, asked.workspace_id, "caution"))
    pool = [
        *review.run_out(session, asked, POOL, own=False),
        *review.in_review(session, asked, POOL),
        *review.half_looked(session, asked, POOL, blind=False),
        *review.of_level(session, asked, "caution", POOL),
        *review.of_level(session, asked, "caution", POOL, somewhere),
        *review.of_level(session, asked, "blocked", POOL),
        *review.untouched(session, asked, POOL),
    ]
    return ordered(review.facts(session, asked.workspace_id, pool), asked.now)


def _random(session: Session, asked: Asked, draw: Draw, flagged: bool) -> list[int]:
    """Texts of the level from a random place on; flagged is caution or blocked, as often as they occur."""
    level = "clear"
    if flagged:
        counts = review_quality.cards_by_level(session, asked.workspace_id)
        cautions, blocks = counts.get("caution", 0), counts.get("blocked", 0)
        level = "caution" if draw() * (cautions + blocks) < cautions else "blocked"
    start = int(draw() * review.highest_card(session, asked.workspace_id, level))
    return review.of_level(session, asked, level, 3, start) or review.of_level(session, asked, level, 3)


@dataclass(frozen=True)
class Offer:
    """A look that a text has for a person. `slot`: the row that it goes on in; None: it needs a row of its own."""

    slot: models.ReviewSlot | None
    number: int
    blind: bool


def offered(session: Session, asked: Asked, text_id: int, kind: str = "plain") -> Offer | None:
    """The look that the text has for this person, if it has one. A second look at a blind text is blind, and so is one
    that was given back or ran out; of a text that was sent back to review the looks count that decide now."""
    if kind != "gold" and not review.open_for_looks(session, text_id):
        return None
    slots = review.slots_of(session, asked.workspace_id, text_id)
    mine = next((s for s in slots if s.author_id == asked.user_id), None)
    active = [s for s in slots if s.verdict_id is not None or s.expires_at > asked.now]
    free = next((s for s in slots if s not in active and s is not mine), None)
    slot = mine or (free if kind != "gold" else None)
    number = slot.number if slot else max((s.number for s in slots), default=0) + 1
    if kind == "gold":
        return Offer(None, number, False) if mine is None else None
    needed, counted, sent = asked.overlap, frozenset[int](), None
    change = review.last_change(session, text_id)
    if change is not None and change.status == "in_review":
        since = round_of(session, asked.workspace_id, text_id, asked.overlap, change)
        needed, counted, sent = since.needed, since.counted, since.sent
        active = [s for s in active if sent is not None and s.created_at >= sent]
    if len(active) >= needed or asked.user_id in counted or (mine is not None and mine in active):
        return None
    given_back = slot if slot is not None and slot.verdict_id is None else None
    again = given_back is not None and given_back.blind and (sent is None or given_back.created_at >= sent)
    deciding = [*active, *(s for s in slots if s.author_id in counted and s is not mine)]
    return Offer(slot, number, kind == "blind" or again or any(s.blind for s in deciding))


def _take(session: Session, asked: Asked, text_id: int, kind: str) -> models.ReviewSlot | None:
    """The look, if the text still has one for this person; inside the writers' lock, so nobody comes between."""
    offer = offered(session, asked, text_id, kind)
    if offer is None:
        return None
    slot = offer.slot
    if slot is None:
        slot = models.ReviewSlot(workspace_id=asked.workspace_id, text_id=text_id, number=offer.number)
        session.add(slot)
    slot.author_id, slot.created_at, slot.expires_at = asked.user_id, asked.now, asked.now + HOLD
    slot.verdict_id, slot.blind = None, offer.blind
    return slot
