"""The review queue: who gets which text when, and that a look is never given twice."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.services import briefs, drafting, review_card, review_looks, reviewing, statuses
from app.services.people import Actor, Forbidden, shell_actor
from app.services.review_looks import Look, next_text
from app.services.review_order import doubt, priority
from db import models
from db.review import Facts
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.scorecard import finding
from tests.unit.studio import BLOCK, WARN, Draft, brief, card, person, small_draft

PLAIN = 0.99  # the draw of an ordinary look; below .15 it is blind, below .2 gold


def plain(db: Database, actor: Actor) -> Look | None:
    return next_text(db, actor, lambda: PLAIN)


def draws(*numbers: float) -> Callable[[], float]:
    left: Iterator[float] = iter(numbers)
    return lambda: next(left, 0.0)


def drafted(db: Database, draft: Any = None, **more: object) -> list[int]:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief(**more))
    return [t.id for t in drafting.store_generation(db, ada, saved.id, draft or small_draft()).texts]


def aged(db: Database, **change: Any) -> None:
    with db.write() as session:
        for slot in session.scalars(select(models.ReviewSlot)):
            for name, value in change.items():
                setattr(slot, name, value)


def judge(db: Database, actor: Actor, outcome: reviewing.Outcome = "compliant", **more: Any) -> int:
    look = plain(db, actor)
    assert look is not None
    reviewing.give_verdict(db, actor, look.text.id, outcome, look_id=look.id, **more)
    return look.text.id


def test_two_reviewers_each_see_every_text_once(db: Database) -> None:
    ids = drafted(db)
    rita, rob = person(db, "reviewer"), person(db, "reviewer")
    assert sorted(judge(db, rita) for _ in ids) == ids
    assert plain(db, rita) is None
    assert sorted(judge(db, rob) for _ in ids) == ids
    assert plain(db, rob) is None
    assert plain(db, person(db, "reviewer")) is None  # two looks are enough


def test_one_reviewer_alone_gives_one_look(db: Database) -> None:
    ids = drafted(db)
    rita = person(db, "reviewer")
    assert len({judge(db, rita) for _ in ids}) == len(ids)
    assert plain(db, rita) is None


def test_a_refresh_brings_the_same_look_back(db: Database) -> None:
    drafted(db)
    rita = person(db, "reviewer")
    first = plain(db, rita)
    assert first is not None and next_text(db, rita, lambda: 0.0) == first == review_looks.look_at(db, rita)


def test_the_last_look_goes_to_one_of_many(db: Database) -> None:
    """Eight people ask at once for one text that gets two looks."""
    drafted(db, Draft((card("Lock Your Kayak in Seconds"),)))
    people = [person(db, "reviewer") for _ in range(8)]
    barrier, found = threading.Barrier(8), []

    def ask(actor: Actor) -> None:
        barrier.wait()
        found.append(plain(db, actor))

    threads = [threading.Thread(target=ask, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and sum(look is not None for look in found) == 2
    with db.read() as session:
        assert sorted(session.scalars(select(models.ReviewSlot.number))) == [1, 2]


def test_a_look_that_ran_out_goes_to_somebody_else(db: Database) -> None:
    drafted(db, Draft((card("Lock Your Kayak in Seconds"),)))
    rita, rob, tom = (person(db, "reviewer") for _ in range(3))
    hers, his = plain(db, rita), plain(db, rob)
    assert hers and his and plain(db, tom) is None
    with db.write() as session:
        slot = session.get_one(models.ReviewSlot, hers.id)
        slot.expires_at = models.utc_now() - timedelta(seconds=1)
    toms = plain(db, tom)
    assert toms is not None and toms.id == hers.id
    with pytest.raises(BriefError, match="ran out after 30 minutes"):
        reviewing.give_verdict(db, rita, hers.text.id, "compliant", look_id=hers.id)
    assert plain(db, rita) is None
    assert reviewing.verdict_history(db, rita, hers.text.id) == []


def test_a_late_verdict_counts_while_nobody_else_has_the_text(db: Database) -> None:
    drafted(db)
    rita = person(db, "reviewer")
    look = plain(db, rita)
    assert look is not None
    aged(db, expires_at=models.utc_now() - timedelta(minutes=5))
    reviewing.give_verdict(db, rita, look.text.id, "compliant", look_id=look.id)
    assert len(reviewing.verdict_history(db, rita, look.text.id)) == 1


def test_a_skipped_text_comes_back_last(db: Database) -> None:
    ids = drafted(db, Draft((card("Lock Your Kayak"), card("Two Kayaks, One Rack"))))
    rita = person(db, "reviewer")
    first = plain(db, rita)
    assert first is not None
    review_looks.skip(db, rita, first.text.id)
    assert judge(db, rita) == next(i for i in ids if i != first.text.id)
    assert judge(db, rita) == first.text.id


def test_cautions_come_before_blocks_before_clear_texts(db: Database) -> None:
    texts = (
        card("All is fine here"),
        card("Cure your pain", findings=(BLOCK,)),
        card("Maybe a claim", findings=(WARN,)),
    )
    ids = drafted(db, Draft(texts))
    rita = person(db, "reviewer")
    assert [judge(db, rita, "violation") for _ in ids] == [ids[2], ids[1], ids[0]]


def test_what_is_in_review_comes_first(db: Database) -> None:
    ids = drafted(db, Draft((card("All is fine here"), card("Fine as well"), card("A claim", findings=(WARN,)))))
    ada, rita = person(db, "advertiser"), person(db, "reviewer")
    with db.write() as session:
        statuses.set_status(session, ada, ids[1], "in_review")
    assert judge(db, rita) == ids[1]


def test_the_priority_by_hand() -> None:
    now = models.utc_now()
    unsure = finding(
        "CLS-health", "compliance", "warn", "This reads like x (probability 0.60, 0.2 without these words)."
    )
    flagged = Facts(
        1, now - timedelta(days=1), False, "caution", [{"rule_id": unsure.rule_id, "message": unsure.message}], ""
    )
    assert doubt(flagged) == pytest.approx(0.8)  # 1 - |2 · 0.6 - 1|
    assert priority(flagged, now) == pytest.approx(2 * 0.8 + 1)
    sent = Facts(2, now - timedelta(days=9), True, "clear", [], "violation")
    assert priority(sent, now) == pytest.approx(4 + 3 + 0 + 3)
    assert doubt(Facts(3, now, False, "caution", [{"rule_id": "CLM-002", "message": "x"}], "")) == 0.5


def test_one_look_in_ten_is_blind_and_stays_so(db: Database) -> None:
    drafted(db, Draft((card("All is fine here"), card("A claim", findings=(WARN,)))))
    rita, rob = person(db, "reviewer"), person(db, "reviewer")
    look = next_text(db, rita, draws(0.05, 0.0))
    assert look is not None and look.blind and look.text.text == "All is fine here" and look.text.card is None
    again = plain(db, rita)
    assert again is not None and again.blind and again.text.card is None
    verdict = reviewing.give_verdict(db, rita, look.text.id, "violation", look_id=look.id)
    assert verdict.blind

    seen = plain(db, rob)
    assert (
        seen is not None and not seen.blind and seen.text.text == "A claim"
    )  # the plain stream leaves blind texts alone
    reviewing.give_verdict(db, rob, seen.text.id, "violation", look_id=seen.id)
    second = next_text(db, rob, draws(0.05, 0.0))
    assert second is not None and second.blind and second.text.id == look.text.id


def test_a_flagged_text_can_be_blind_too(db: Database) -> None:
    drafted(db, Draft((card("All is fine here"), card("A claim", findings=(WARN,)))))
    look = next_text(db, person(db, "reviewer"), draws(0.12, 0.0, 0.0))
    assert look is not None and look.blind and look.text.text == "A claim" and look.text.card is None


def test_about_a_tenth_of_many_looks_is_blind_and_clear(db: Database) -> None:
    import random

    many = tuple(card(f"Kayak rack line {n}", findings=(WARN,) if n % 2 else ()) for n in range(160))
    drafted(db, Draft(many))
    rita, lots = person(db, "reviewer"), random.Random(4)
    blind = []
    for _ in range(100):
        look = next_text(db, rita, lots.random)
        assert look is not None
        blind.append(look.blind)
        reviewing.give_verdict(db, rita, look.text.id, "compliant", look_id=look.id)
    assert 5 <= sum(blind) <= 26  # 15 expected, three standard deviations


def test_one_look_in_ten_is_a_random_clear_text_and_one_in_twenty_a_flagged_one(db: Database) -> None:
    """A hundred draws, one in each hundredth: ten blind looks at clear texts, five at flagged ones, no other blind."""
    import random

    many = tuple(card(f"Kayak rack line {n}", findings=(WARN,) if n % 2 else ()) for n in range(200))
    drafted(db, Draft(many))
    rita, chance = person(db, "reviewer"), random.Random(7)
    lots = [(n + 0.5) / 100 for n in range(100)]
    chance.shuffle(lots)
    clear, flagged = [], []
    for lot in lots:
        first = [lot]
        look = next_text(db, rita, lambda first=first: first.pop() if first else chance.random())  # type: ignore[misc]
        assert look is not None and look.blind == (lot < 0.15)
        if look.blind:
            (clear if int(look.text.text.rsplit(" ", 1)[1]) % 2 == 0 else flagged).append(look.text.id)
        reviewing.give_verdict(db, rita, look.text.id, "compliant", look_id=look.id)
    assert (len(clear), len(flagged)) == (10, 5)
    assert max(clear) - min(clear) > 100  # from all over the queue, not its head
    with db.read() as session:
        stored = session.scalars(select(models.Verdict.text_id).where(models.Verdict.blind)).all()
    assert sorted(stored) == sorted(clear + flagged)


def test_archived_briefs_leave_the_queue_and_the_hand(db: Database) -> None:
    ids = drafted(db)
    rita, admin = person(db, "reviewer"), person(db, "admin")
    look = plain(db, rita)
    assert look is not None
    briefs.archive_brief(db, admin, look.text.brief_id)
    assert plain(db, rita) is None
    reviewing.give_verdict(db, rita, ids[0], "compliant")  # what was on screen is still stored


def test_only_judges_get_texts_and_only_of_their_workspace(db: Database) -> None:
    drafted(db)
    for role in ("advertiser", "analyst"):
        with pytest.raises(Forbidden):
            plain(db, person(db, role))  # type: ignore[arg-type]
    assert plain(db, person(db, "admin", "Theirs")) is None


def test_a_text_reopened_after_complete_looks_gets_one_new_look(db: Database) -> None:
    (text_id,) = drafted(db, Draft((card("Lock Your Kayak in Seconds"),)))
    ada, rita, rob = person(db, "advertiser"), person(db, "reviewer"), person(db, "reviewer")
    for actor in (rita, rob):
        judge(db, actor)
    assert plain(db, rita) is None
    with db.write() as session:
        statuses.set_status(session, ada, text_id, "in_review")
    assert judge(db, rita) == text_id
    assert plain(db, rob) is None
    with db.read() as session:
        assert statuses.status_of(session, rita, [text_id]) == {text_id: "approved"}


def test_an_order_from_before_hides_no_text(db: Database) -> None:
    """What one person's kept order holds was given to others meanwhile; a newer text still comes up."""
    ids = drafted(db, Draft((card("One rack"), card("Two racks"))))
    rita, rob, tom = (person(db, "reviewer") for _ in range(3))
    assert judge(db, rita) == ids[0]
    for actor in (rob, tom):
        reviewing.give_verdict(db, actor, ids[1], "compliant")
    (newer,) = drafted(db, Draft((card("Three racks"),)))
    assert judge(db, rita) == newer


def test_a_verdict_given_again_from_the_list_is_not_blind(db: Database) -> None:
    drafted(db, Draft((card("Lock Your Kayak"),)))
    rita = person(db, "reviewer")
    look = next_text(db, rita, draws(0.0))
    assert look is not None and look.blind
    assert reviewing.give_verdict(db, rita, look.text.id, "compliant", look_id=look.id).blind
    assert not reviewing.give_verdict(db, rita, look.text.id, "violation").blind  # suggestions were on screen


def test_the_user_of_the_shell_is_no_second_reviewer(db: Database) -> None:
    shell_actor(db, "Ours", make=True)  # as `relate people invite` makes one
    rita = person(db, "reviewer")
    with db.read() as session:
        assert review_looks.overlap_of(session, rita) == 1
    person(db, "reviewer")
    with db.read() as session:
        assert review_looks.overlap_of(session, rita) == 2


def test_a_blind_text_that_was_skipped_stays_blind(db: Database) -> None:
    """Else only the easy ones would be judged blind."""
    drafted(db, Draft((card("Lock Your Kayak"),)))
    rita, rob = person(db, "reviewer"), person(db, "reviewer")
    look = next_text(db, rita, draws(0.0))
    assert look is not None and look.blind
    review_looks.skip(db, rita, look.text.id)
    his = plain(db, rob)
    assert his is not None and his.blind
    review_looks.skip(db, rob, his.text.id)
    again = plain(db, rita)
    assert again is not None and again.blind


def test_the_most_doubtful_of_a_backlog_is_found_behind_older_cautions(db: Database) -> None:
    sure = tuple(card(f"Claim number {n}", findings=(WARN,)) for n in range(review_looks.POOL + 5))
    unsure = finding("CLS-claims", "compliance", "warn", "Reads like a claim (probability 0.50).", start=0, end=5)
    ids = drafted(db, Draft((*sure, card("Doubtful claim", findings=(unsure,)))))
    look = plain(db, person(db, "reviewer"))  # the draw begins near the newest card
    assert look is not None and look.text.id == ids[-1]


def test_a_text_that_comes_back_is_not_blind_because_earlier_looks_were(db: Database) -> None:
    (text_id,) = drafted(db, Draft((card("Lock Your Kayak"),)))
    ada, rita, rob = person(db, "advertiser"), person(db, "reviewer"), person(db, "reviewer")
    for actor in (rita, rob):
        look = next_text(db, actor, draws(0.0))
        assert look is not None and look.blind
        reviewing.give_verdict(db, actor, text_id, "compliant", look_id=look.id)
    with db.write() as session:
        statuses.set_status(session, ada, text_id, "in_review", "A rule has changed.")
    assert not review_card.veiled(db, rita, [text_id])
    again = plain(db, rita)
    assert again is not None and again.text.id == text_id and not again.blind
