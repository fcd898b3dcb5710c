"""Every call of the review desk: which roles may make it, and that a foreign workspace sees and changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.services import blocking, briefs, drafting, people, review_card, review_looks, review_quality, reviewing
from app.services.people import ALLOWED, Actor, Forbidden, NotFound
from db import models
from db.session import Database
from tests.unit.studio import brief, fresh, person, small_draft

ROLES: tuple[people.Role, ...] = ("advertiser", "reviewer", "analyst", "admin")
Do = Callable[[Database, Actor, int, int], object]

# what it needs, given database, actor, ids of a text and a verdict; True: it names no row, a stranger gets nothing
CALLS: dict[str, tuple[people.Action, Do, bool]] = {
    "next_text": ("review.judge", lambda d, a, t, v: review_looks.next_text(d, a), True),
    "look_at": ("review.judge", lambda d, a, t, v: review_looks.look_at(d, a), True),
    "skip": ("review.judge", lambda d, a, t, v: review_looks.skip(d, a, t), False),
    "waiting": ("review.read", lambda d, a, t, v: review_looks.waiting(d, a), True),
    "undo": ("review.judge", lambda d, a, t, v: reviewing.undo(d, a, v), False),
    "last_verdict": ("review.judge", lambda d, a, t, v: reviewing.last_verdict(d, a), True),
    "around": ("review.read", lambda d, a, t, v: review_card.around(d, a, t, False), False),
    "veiled": ("review.read", lambda d, a, t, v: review_card.veiled(d, a, [t]), True),
    "quality": ("analytics.read", lambda d, a, t, v: review_quality.quality(d, a).blind, True),
    "rights": ("analytics.read", lambda d, a, t, v: blocking.rights(d, a), True),
    "disputes": ("review.adjudicate", lambda d, a, t, v: review_quality.disputes(d, a), True),
    "adjudicate": ("review.adjudicate", lambda d, a, t, v: review_quality.adjudicate(d, a, t, "violation", "x"), False),
    "set_gold": ("review.adjudicate", lambda d, a, t, v: review_quality.set_gold(d, a, t), False),
    "retire_gold": ("review.adjudicate", lambda d, a, t, v: review_quality.retire_gold(d, a, t), False),
    "gold_texts": ("review.adjudicate", lambda d, a, t, v: review_quality.gold_texts(d, a), True),
    "lapsed": ("review.read", lambda d, a, t, v: review_quality.lapsed(d, a), True),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, int, int]:
    """A database with a text that is judged and gold; its id and the verdict's."""
    db = fresh(Path(tmp_path_factory.mktemp("rights")))
    saved = briefs.save_brief(db, person(db, "advertiser"), brief())
    text = drafting.store_generation(db, person(db, "advertiser"), saved.id, small_draft()).texts[0]
    given = reviewing.give_verdict(db, person(db, "reviewer"), text.id, "violation")
    review_quality.set_gold(db, person(db, "admin"), text.id)
    return db, text.id, given.id


def rows(db: Database) -> list[int]:
    with db.read() as session:
        tables = (models.Verdict, models.ReviewSlot, models.GoldText, models.AuditEvent, models.StatusChange)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_roles(shared: tuple[Database, int, int], role: people.Role, call: str) -> None:
    db, text_id, verdict_id = shared
    action, do, _ = CALLS[call]
    actor = person(db, role)
    if role in ALLOWED[action]:
        try:
            do(db, actor, text_id, verdict_id)
        except NotFound as refusal:
            assert call == "undo" and "Only your own" in str(refusal)
    else:
        before = rows(db)
        with pytest.raises(Forbidden, match=rf"^Your role, {role}, may not .*\.$"):
            do(db, actor, text_id, verdict_id)
        assert rows(db) == before


@pytest.mark.parametrize("call", CALLS)
def test_a_foreign_workspace_sees_and_changes_nothing(shared: tuple[Database, int, int], call: str) -> None:
    db, text_id, verdict_id = shared
    stranger, (_, do, no_row) = person(db, "admin", "Theirs"), CALLS[call]
    before = rows(db)
    if no_row:
        assert not do(db, stranger, text_id, verdict_id)
    else:
        with pytest.raises(NotFound, match="in your workspace"):
            do(db, stranger, text_id, verdict_id)
    assert rows(db) == before
