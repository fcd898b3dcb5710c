"""Verdicts: what counts, groups of identical claims, countries, taking back, and the status that follows."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services import audit, briefs, drafting, review_quality, reviewing, statuses
from app.services.people import Actor, NotFound
from app.services.review_looks import next_text
from app.services.review_status import reopen_everywhere, reopen_lapsed, until_of
from app.services.reviewing import Call, give_verdict, undo, verdict_history
from db import models
from db.claims import claim_of
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import WARN, Draft, brief, card, person

SOON = timedelta(days=30)


@pytest.fixture
def rita(db: Database) -> Actor:
    return person(db, "reviewer")


def drafted(db: Database, *texts: Any, **more: object) -> list[int]:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief(**more))
    cards = tuple(card(t) if isinstance(t, str) else t for t in texts)
    return [t.id for t in drafting.store_generation(db, ada, saved.id, Draft(cards)).texts]


def counting(db: Database, actor: Actor, text_id: int) -> str | None:
    verdict = drafting.get_texts(db, actor, [text_id])[0].verdict
    return verdict.outcome if verdict else None


def status(db: Database, actor: Actor, text_id: int) -> str:
    with db.read() as session:
        return statuses.status_of(session, actor, [text_id])[text_id]


def send(db: Database, *ids: int) -> None:
    ada = person(db, "advertiser")
    with db.write() as session:
        for i in ids:
            statuses.set_status(session, ada, i, "in_review")


def test_wordings_that_are_one_claim() -> None:
    assert claim_of("Lock your  kayak!") == claim_of("lock YOUR kayak") == claim_of("Lock your kayak.")
    assert claim_of("Don’t wait") == claim_of("Don't wait")
    assert len({claim_of(t) for t in ("Save 50", "Save 50%", "Save $50", "Save 50?", "May save 50")}) == 5


def test_a_double_click_is_stored_once(db: Database, rita: Actor) -> None:
    drafted(db, "Lock Your Kayak", "Two Kayaks, One Rack")
    look = next_text(db, rita, lambda: 0.99)
    assert look is not None
    first, again = (give_verdict(db, rita, look.text.id, "violation", look_id=look.id) for _ in range(2))
    assert first == again and len(verdict_history(db, rita, look.text.id)) == 1


def test_outcomes_that_decide_nothing_teach_nothing(db: Database, rita: Actor) -> None:
    ids = drafted(db, "One line", "Two lines", "Three lines", "Four lines")
    give_verdict(db, rita, ids[0], "needs_proof")
    give_verdict(db, rita, ids[1], "escalate")
    give_verdict(db, rita, ids[2], "allowed", until=models.utc_now() + SOON)
    undo(db, rita, give_verdict(db, rita, ids[3], "violation").id)
    said = [drafting.get_texts(db, rita, [i])[0].verdict for i in ids]
    assert [v.decision if v else None for v in said] == ["", "", "compliant", None]


def test_allowed_ends_with_its_day(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line")
    with pytest.raises(BriefError, match="choose a day in the future"):
        give_verdict(db, rita, text_id, "allowed", until=models.utc_now() - SOON)
    with pytest.raises(BriefError, match="choose a day in the future"):
        give_verdict(db, rita, text_id, "allowed")
    verdict = give_verdict(db, rita, text_id, "allowed", until=models.utc_now() + SOON)
    assert verdict.decision == "compliant"
    assert replace(verdict, until=models.utc_now() - SOON).decision == ""


def test_an_identical_claim_is_settled_once_and_undone_once(db: Database, rita: Actor) -> None:
    ids = drafted(db, "Lock your kayak", "Something else")
    more = drafted(db, "Lock Your Kayak!", "lock your kayak", product="Another Rack")
    given = give_verdict(db, rita, ids[0], "violation", ["CLM-001"], [(0, 4)], "no proof")
    assert [counting(db, rita, i) for i in (*ids, *more)] == ["violation", None, "violation", "violation"]
    (settled,) = verdict_history(db, rita, more[0])
    assert settled.settled_by_id == given.id and settled.rules == ("CLM-001",)
    assert {look.text.id for look in [next_text(db, rita, lambda: 0.99)] if look} == {ids[1]}

    assert undo(db, rita, given.id) == ids[0] == undo(db, rita, given.id)
    assert [counting(db, rita, i) for i in (*ids, *more)] == [None] * 4
    assert len(verdict_history(db, rita, more[0])) == 2  # the verdict and its withdrawal: nothing is deleted


def test_what_another_brief_can_prove_is_another_claim(db: Database, rita: Actor) -> None:
    (first,) = drafted(db, card("Holds 200 lb", findings=(WARN,)))
    (proved,) = drafted(db, "Holds 200 lb", product="Proved")
    (abroad,) = drafted(db, card("Holds 200 lb", findings=(WARN,)), countries=("us", "de"))
    give_verdict(db, rita, first, "violation")
    assert counting(db, rita, proved) is None and counting(db, rita, abroad) is None


def test_undo_brings_the_verdict_before_back(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line")
    rob = person(db, "reviewer")
    give_verdict(db, rita, text_id, "compliant")
    his = give_verdict(db, rob, text_id, "violation")
    assert counting(db, rita, text_id) == "violation"
    with pytest.raises(NotFound, match="Only your own"):
        undo(db, rita, his.id)
    undo(db, rob, his.id)
    assert counting(db, rita, text_id) == "compliant"
    look = next_text(db, rob, lambda: 0.99)
    assert look is not None and look.text.id == text_id  # it is his to judge again


def test_verdicts_by_country(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line", countries=("us", "uk"))
    send(db, text_id)
    look = next_text(db, rita, lambda: 0.99)
    assert look is not None
    with pytest.raises(BriefError, match="does not run in DE"):
        give_verdict(db, rita, text_id, "violation", countries=["de"], look_id=look.id)
    give_verdict(db, rita, text_id, "violation", countries=["uk"], look_id=look.id)
    give_verdict(db, rita, text_id, "violation", countries=["uk"], look_id=look.id)  # clicked twice
    assert status(db, rita, text_id) == "in_review"
    again = next_text(db, rita, lambda: 0.99)
    assert again is not None and again.id == look.id  # the US is still open
    give_verdict(db, rita, text_id, "compliant", countries=["us"], look_id=look.id)
    assert counting(db, rita, text_id) == "violation"  # the worst counts
    assert status(db, rita, text_id) == "rejected"
    assert len(verdict_history(db, rita, text_id)) == 2 and next_text(db, rita) is None


@pytest.mark.parametrize(
    ("corrected", "side", "counts"),
    [
        (("uk",), "in_review", "violation"),  # the violation stands in the US
        (("uk", "us"), "approved", "compliant"),  # one by one, everywhere
        (("",), "approved", "compliant"),  # at once, everywhere
    ],
)
def test_a_correction_for_one_country_leaves_the_verdict_on_the_others(
    db: Database, rita: Actor, corrected: tuple[str, ...], side: str, counts: str
) -> None:
    (text_id,) = drafted(db, "One line", countries=("us", "uk"))
    rob = person(db, "reviewer")
    send(db, text_id)
    give_verdict(db, rita, text_id, "violation", comment="No proof")
    for country in corrected:
        give_verdict(db, rita, text_id, "compliant", countries=[country] if country else [])
    assert counting(db, rita, text_id) == counts
    give_verdict(db, rob, text_id, "compliant")
    assert status(db, rita, text_id) == side
    waits = [d.text.id for d in review_quality.disputes(db, person(db, "admin"))]
    assert waits == ([text_id] if side == "in_review" else [])


def test_a_rejected_text_keeps_its_reason_when_one_country_is_corrected(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line", countries=("us", "uk"))
    send(db, text_id)
    give_verdict(db, rita, text_id, "violation", comment="No proof")
    give_verdict(db, rita, text_id, "compliant", countries=["uk"])
    verdict = drafting.get_texts(db, rita, [text_id])[0].verdict
    assert status(db, rita, text_id) == "rejected" and verdict is not None and verdict.comment == "No proof"


def test_complete_agreeing_looks_move_the_status(db: Database, rita: Actor) -> None:
    ids = drafted(db, "One line", "Two lines", "Three lines", "Four lines")
    rob = person(db, "reviewer")
    send(db, *ids[:3])
    says: dict[int, tuple[reviewing.Outcome, reviewing.Outcome]] = {
        ids[0]: ("compliant", "allowed"), ids[1]: ("violation", "violation"), ids[2]: ("compliant", "violation"),
        ids[3]: ("compliant", "compliant"),
    }  # fmt: skip
    for place, actor in enumerate((rita, rob)):
        for text_id, outcomes in says.items():
            give_verdict(db, actor, text_id, outcomes[place], until=models.utc_now() + SOON)
        if not place:
            assert {status(db, rita, i) for i in ids[:3]} == {"in_review"}
    assert [status(db, rita, i) for i in ids] == ["approved", "rejected", "in_review", "draft"]


def test_taking_a_verdict_back_reopens_what_it_decided(db: Database, rita: Actor) -> None:
    ids = drafted(db, "One line", "one line")
    send(db, *ids)
    given = give_verdict(db, rita, ids[0], "violation")
    assert [status(db, rita, i) for i in ids] == ["rejected", "rejected"]
    undo(db, rita, given.id)
    assert [status(db, rita, i) for i in ids] == ["in_review", "in_review"]
    give_verdict(db, rita, ids[0], "compliant")
    assert [status(db, rita, i) for i in ids] == ["approved", "approved"]


def test_taking_a_verdict_back_reaches_a_text_that_went_live_meanwhile(db: Database, rita: Actor) -> None:
    ids = drafted(db, "One line", "Another")
    send(db, *ids)
    ada = person(db, "advertiser")
    for text_id, after in zip(ids, (("live",), ("live", "approved")), strict=True):
        given = give_verdict(db, rita, text_id, "compliant")
        with db.write() as session:
            for new in after:
                statuses.set_status(session, ada, text_id, new)
        undo(db, rita, given.id)
        assert status(db, rita, text_id) == "in_review"


def test_calls_on_findings_are_kept_with_the_verdict(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, card("Cure for all", findings=(WARN,)))
    call = Call("CLM-002", 0, 4, False, "the brief proves it")
    given = give_verdict(db, rita, text_id, "compliant", calls=[call])
    with db.read() as session:
        (row,) = session.scalars(select(models.FindingCall))
        assert (row.verdict_id, row.rule_id, row.accepted, row.reason) == (given.id, "CLM-002", False, call.reason)


def test_every_verdict_and_withdrawal_is_in_the_audit_log(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line")
    undo(db, rita, give_verdict(db, rita, text_id, "violation").id)
    with db.read() as session:
        actions = list(session.scalars(select(models.AuditEvent.action).order_by(models.AuditEvent.id)))
        assert actions[-2:] == ["verdict.give", "verdict.withdraw"]
        assert session.scalar(select(func.count(models.Verdict.id))) == 2
    assert audit.verify(db, person(db, "admin")).broken_at is None


def allowed_until(db: Database, rita: Actor, text_ids: list[int], day: datetime) -> None:
    send(db, *text_ids)
    with db.write() as session:
        for text_id in text_ids:
            session.add(
                models.Verdict(
                    workspace_id=rita.workspace_id, author_id=rita.user_id, text_id=text_id, outcome="allowed",
                    until=day, rules=[], spans=[],
                )
            )  # fmt: skip
            statuses.set_status(session, rita, text_id, "approved")


def test_an_allowance_that_has_run_out_goes_back_to_review(db: Database, rita: Actor) -> None:
    lapsed, holds = drafted(db, "Lock Your Kayak", "Two Kayaks, One Rack")
    allowed_until(db, rita, [lapsed], models.utc_now() - SOON)
    allowed_until(db, rita, [holds], models.utc_now() + SOON)
    look = next_text(db, rita, lambda: 0.99)
    assert (status(db, rita, lapsed), status(db, rita, holds)) == ("in_review", "approved")
    assert look is not None and look.text.id == lapsed
    assert reopen_lapsed(db, rita) == 0


def test_the_worker_sends_it_back_without_a_reviewer(db: Database, rita: Actor) -> None:
    lapsed, holds = drafted(db, "Lock Your Kayak", "Two Kayaks, One Rack")
    allowed_until(db, rita, [lapsed], models.utc_now() - SOON)
    allowed_until(db, rita, [holds], models.utc_now() + SOON)
    assert reopen_everywhere(db) == 1 and reopen_everywhere(db) == 0
    assert (status(db, rita, lapsed), status(db, rita, holds)) == ("in_review", "approved")
    with db.read() as session:
        change = session.scalars(select(models.StatusChange).order_by(models.StatusChange.id.desc())).first()
        assert change is not None and (change.author_id, change.text_id) == (rita.user_id, lapsed)
        assert change.reason == "The day until which it was allowed has passed."


def ends(db: Database, actor: Actor, text_id: int) -> datetime | None:
    with db.read() as session:
        return until_of(session, actor, [text_id]).get(text_id)


def test_a_day_of_one_look_counts_whoever_spoke_last(db: Database, rita: Actor) -> None:
    one, both = drafted(db, "Lock Your Kayak", "Two Kayaks, One Rack")
    rob, day = person(db, "reviewer"), models.utc_now() + SOON
    send(db, one, both)
    for text_id in (one, both):
        give_verdict(db, rita, text_id, "allowed", until=day)
    give_verdict(db, rob, one, "compliant")
    give_verdict(db, rob, both, "allowed", until=day - timedelta(days=9))
    assert (status(db, rita, one), status(db, rita, both)) == ("approved", "approved")
    assert (ends(db, rita, one), ends(db, rita, both)) == (day, day - timedelta(days=9))


def test_a_text_lapses_though_another_reviewer_found_it_compliant(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "Lock Your Kayak")
    rob, ron = person(db, "reviewer"), person(db, "reviewer")
    send(db, text_id)
    with db.write() as session:
        session.add(
            models.Verdict(
                workspace_id=rita.workspace_id, author_id=rita.user_id, text_id=text_id, outcome="allowed",
                until=models.utc_now() - timedelta(hours=1), rules=[], spans=[],
            )
        )  # fmt: skip
    give_verdict(db, rob, text_id, "compliant")
    assert status(db, rita, text_id) == "approved"
    assert reopen_everywhere(db) == 1 and status(db, rita, text_id) == "in_review"
    give_verdict(db, ron, text_id, "compliant")  # the one new look that it gets decides, and names no day
    assert status(db, rita, text_id) == "approved" and ends(db, rita, text_id) is None
    assert reopen_everywhere(db) == 0


def test_a_day_that_its_reviewer_or_an_admin_took_back_does_not_count(db: Database, rita: Actor) -> None:
    again, settled, undone, by_country = drafted(db, "One", "Two", "Three", "Four", countries=("us", "uk"))
    rob, admin, day = person(db, "reviewer"), person(db, "admin"), models.utc_now() + SOON
    send(db, again, settled, undone, by_country)
    for text_id in (again, settled):
        give_verdict(db, rita, text_id, "allowed", until=day)
    give_verdict(db, rita, again, "compliant")
    give_verdict(db, rob, settled, "violation", comment="No proof")
    review_quality.adjudicate(db, admin, settled, "compliant")
    given = give_verdict(db, rita, undone, "allowed", until=day)
    assert ends(db, rita, undone) == day
    undo(db, rita, given.id)
    give_verdict(db, rita, by_country, "allowed", until=day, countries=["uk"])
    give_verdict(db, rita, by_country, "compliant", countries=["us"])
    give_verdict(db, rob, by_country, "compliant")
    assert [ends(db, rita, i) for i in (again, settled, undone, by_country)] == [None, None, None, day]


def test_a_word_for_one_country_leaves_the_day_of_the_others(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "Lock Your Kayak", countries=("us", "uk"))
    rob, day = person(db, "reviewer"), models.utc_now() + SOON
    send(db, text_id)
    give_verdict(db, rita, text_id, "allowed", until=day)
    give_verdict(db, rita, text_id, "compliant", countries=["us"])
    give_verdict(db, rob, text_id, "compliant")
    assert status(db, rita, text_id) == "approved" and ends(db, rita, text_id) == day
    give_verdict(db, rita, text_id, "compliant")  # for all of them
    assert ends(db, rita, text_id) is None


def test_proof_renewed_by_a_new_look_runs_to_its_new_day(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "Lock Your Kayak")
    rob, ron, day = person(db, "reviewer"), person(db, "reviewer"), models.utc_now() + SOON
    send(db, text_id)
    give_verdict(db, rita, text_id, "allowed", until=day)
    give_verdict(db, rob, text_id, "compliant")
    ada = person(db, "advertiser")
    with db.write() as session:
        statuses.set_status(session, ada, text_id, "draft")
        statuses.set_status(session, ada, text_id, "in_review")
    give_verdict(db, ron, text_id, "allowed", until=day + SOON)
    assert status(db, rita, text_id) == "approved" and ends(db, rita, text_id) == day + SOON


def test_many_that_wait_for_a_look_do_not_hide_the_next(
    db: Database, rita: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.review_status.LAPSED", 2)
    ids = drafted(db, "One", "Two", "Three")
    allowed_until(db, rita, ids, models.utc_now() - SOON)
    assert [reopen_everywhere(db) for _ in range(3)] == [2, 1, 0]
