"""What a reviewer is told of a text that came back to review, and what nobody is told of a blind one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from streamlit.testing.v1 import AppTest

from app.components.plain import plain
from app.services import ad_review, briefs, drafting, review_looks, review_quality, reviewing, rulebook, statuses
from app.services.people import Actor
from db import models
from db.session import Database
from db.versions import add_change
from tests.integration.test_review_desk import _press, _view, _words, marks, open_desk
from tests.unit.rulebook_world import BAN, approved, publish
from tests.unit.studio import VERSIONS, WARN, Draft, brief, card, person

__all__ = ["marks", "open_desk"]
Open = Callable[..., AppTest]
TURBO = "Turbo Kayak Rack"


def _stored(db: Database, *cards: Any) -> list[int]:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    return [t.id for t in drafting.store_generation(db, admin, saved.id, cast(Any, Draft(cards))).texts]


def _calls(at: AppTest) -> list[Any]:
    return [c for c in at.segmented_control if "Accept" in c.options]


def _reopened(db: Database) -> tuple[Actor, int]:
    """A text that was approved, and that a rule published since blocks; who published it."""
    rui = person(db, "reviewer")
    (text_id,) = approved(db, TURBO)
    publish(db, rui)
    return rui, text_id


def test_a_reopened_text_comes_with_the_rule_and_its_finding_can_be_accepted(db: Database, open_desk: Open) -> None:
    rui, text_id = _reopened(db)
    at = open_desk(rui)
    words = _words(at)
    assert "**Why it is in review:** Rule OWN" in words and plain(BAN.message) in words
    assert "Today's rules have 1 more finding, which is listed below" in words
    (call,) = _calls(at)
    assert "OWN\\-001 “Turbo”" in call.label and "Blocked" in call.label
    call.set_value("Accept")
    _press(at, "Violation")
    (verdict,) = reviewing.verdict_history(db, rui, text_id)
    assert verdict.rules == ("OWN-001",) and verdict.spans == ((0, 5),)


def test_its_finding_can_be_dismissed_and_an_undone_dismissal_does_not_count(db: Database, open_desk: Open) -> None:
    rui, text_id = _reopened(db)
    at = open_desk(rui)
    for _ in range(3):
        at.segmented_control(key=f"review_{text_id}_call_0").set_value("Dismiss")
        _press(at, "Compliant")
        assert rulebook.counts(db, rui).of("OWN-001") == (0, 0, 1)
        _press(at, "Undo")
        assert rulebook.counts(db, rui).of("OWN-001") == (0, 0, 0)
    admin = person(db, "admin")
    assert review_quality.quality(db, admin).calls == ()
    at.segmented_control(key=f"review_{text_id}_call_0").set_value("Dismiss")
    _press(at, "Compliant")
    assert list(review_quality.quality(db, admin).calls) == [("OWN-001", 0, 1)]


def test_todays_word_replaces_that_of_the_scorecard_about_the_same_words(db: Database, open_desk: Open) -> None:
    old = replace(WARN, rule_id="OWN-001", start=0, end=5, message="A note of yesterday.")
    rui = person(db, "reviewer")
    publish(db, rui)
    _stored(db, card(TURBO, findings=(old,)))
    at = open_desk(rui)
    (call,) = _calls(at)
    assert "Blocked" in call.label and "yesterday" not in call.label


def test_a_scorecard_of_todays_rules_is_not_asked_again(db: Database, open_desk: Open) -> None:
    rui = person(db, "reviewer")
    publish(db, rui)
    now = VERSIONS | {"rules": rulebook.rules_of(db, rui).version}
    _stored(db, card(TURBO, versions=now))
    at = open_desk(rui)
    assert not _calls(at) and "Today's rules" not in _words(at) and "Why it is in review" not in _words(at)


def test_the_note_of_who_asked_again_is_shown_as_it_was_written(db: Database, open_desk: Open) -> None:
    admin, rita = person(db, "admin"), person(db, "reviewer")
    (text_id,) = _stored(db, card("Holds 200 lb"))
    with db.write() as session:
        statuses.set_status(session, admin, text_id, "in_review")
    for judge in (rita, admin):
        reviewing.give_verdict(db, judge, text_id, "violation", comment="no proof")
    assert ad_review.ask_again(db, admin, text_id, "The *load test* is in the brief now")
    at = open_desk(rita)
    note = plain("The *load test* is in the brief now")
    assert "\\*load test\\*" in note and f"**Why it is in review:** {note}" in _words(at)
    assert "· admin]" in _words(at)


def test_a_blind_look_tells_no_reason_no_finding_and_no_writer(db: Database, open_desk: Open) -> None:
    rui, text_id = _reopened(db)
    with db.write() as session:
        now = models.utc_now()
        slot = models.ReviewSlot(workspace_id=rui.workspace_id, author_id=rui.user_id, text_id=text_id, number=1,
                                 created_at=now, expires_at=now + review_looks.HOLD, blind=True)  # fmt: skip
        session.add(slot)
    at = open_desk(rui)
    for view in ("Queue", "Browse"):
        words = _words(_view(at, view))
        assert "Without suggestions" in words and "Why it is in review" not in words and not _calls(at)
        assert "OWN" not in words and "writer" not in words and "rl-mark" not in words and "found nothing" not in words


def test_the_writer_is_not_named_while_a_trial_runs(db: Database, open_desk: Open) -> None:
    rita = person(db, "reviewer")
    _stored(db, card("One rack"))
    assert plain("writer writer-1") in _words(open_desk(rita))
    with db.write() as session:
        add_change(session, rita.workspace_id, rita.user_id, "trial", None, "grpo-2", "try it")
    words = _words(open_desk(rita))
    assert plain("writer-1") not in words and "one of the two writers on trial" in words


def test_the_list_tells_nothing_of_a_text_that_is_held_blind_or_comes_blind(db: Database, open_desk: Open) -> None:
    rita, rob, anna = person(db, "reviewer"), person(db, "reviewer"), person(db, "analyst")
    first, _ = _stored(db, card("One rack of sorts", findings=(WARN,)), card("Two racks"))
    look = review_looks.next_text(db, rita, iter((0.12, 0.0, 0.0, 0.0)).__next__)
    assert look is not None and look.blind and look.text.id == first

    def captions(actor: Actor, level: str | None = None) -> list[str]:
        at = _view(open_desk(actor), "Browse")
        at.segmented_control(key="review_state").set_value("All").run()
        if level:
            at.selectbox(key="review_level").set_value(level).run()
        return [str(c) for c in at.radio(key="review_list").proto.captions] if at.radio else []

    hidden = "yours to judge without suggestions"
    for actor in (rita, rob):  # she holds it, he gets the second look at it
        told = captions(actor)
        assert told[0].endswith(hidden) and "rules changed" in told[1] and "no verdict" in told[1]
        assert captions(actor, "caution") == []
    assert not any(hidden in words for words in captions(anna))  # she judges nothing
    words = _words(_view(open_desk(rob), "Browse"))
    assert "Without suggestions" in words and "Needs proof." not in words and "Verdicts so far" not in words
    reviewing.give_verdict(db, rita, first, "violation", comment="no", look_id=look.id)
    assert not any(hidden in words for words in captions(rita))
    told = captions(rob)  # neither the level nor what she said of it
    assert [words.endswith(hidden) for words in told] == [False, True] and not any("violation" in t for t in told)


def test_an_admin_takes_back_what_was_just_settled(db: Database, open_desk: Open) -> None:
    admin = person(db, "admin")
    (text_id,) = _stored(db, card("One rack"))
    reviewing.give_verdict(db, person(db, "reviewer"), text_id, "compliant")
    reviewing.give_verdict(db, person(db, "reviewer"), text_id, "violation", comment="no proof")
    at = _view(open_desk(admin), "Quality")
    at.checkbox(key=f"settle_gold_{text_id}").check()
    at.button(key=f"settle_compliant_{text_id}").click().run()
    assert "Settled: **compliant** · One rack · now a gold text" in _words(at)
    assert [g[0] for g in review_quality.gold_texts(db, admin)] == [text_id]
    at.button(key="settle_undo").click().run()
    assert not at.exception and not at.error and "Settled:" not in _words(at)
    assert at.button(key=f"settle_compliant_{text_id}")  # it waits for a word again
    assert review_quality.gold_texts(db, admin) == []
    newest = drafting.get_texts(db, admin, [text_id])[0].verdict
    assert newest is not None and newest.outcome == "violation"
