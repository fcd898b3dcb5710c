"""The Review desk as a person meets it, on a real database and without a model."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.components.plain import plain
from app.desks import review, review_browse, review_figures, review_form
from app.services import briefs, drafting, review_looks, review_quality, reviewing, rulebook, teaching
from app.services.people import Actor
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.config import Settings
from relate_engine.policy.weights import WeightsError
from relate_engine.rewards.reviewers import corrections
from tests.unit.studio import BLOCK, VERSIONS, WARN, Draft, brief, card, person, small_draft
from tests.unit.test_blocking import confirm, flagged
from tests.unit.test_teaching import give

Open = Callable[..., AppTest]
TODAY = VERSIONS | {"rules": rulebook.shipped().version}


def _review() -> None:
    from app.desks.review import page

    page()


@pytest.fixture
def marks() -> dict[str, list[tuple[int, int]]]:
    """What the component for marking words would send, by the text's id."""
    return {}


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch, marks: dict[str, list[tuple[int, int]]]) -> Open:
    """Opens the desk as an actor. No look is blind or gold by chance, and a press is never too quick."""
    config = Settings(_env_file=None)  # type: ignore[call-arg]
    plain_look = review_looks.next_text
    monkeypatch.setattr(review, "next_text", lambda d, a: plain_look(d, a, lambda: 0.99))
    monkeypatch.setattr(review_form, "SOONEST", 0.0)
    monkeypatch.setattr(review_form, "word_marks", lambda text, label, key: None)
    monkeypatch.setattr(review_form, "marked_spans", lambda key, text: marks.get(key, []))

    def opened(actor: Actor) -> AppTest:
        for module in (review, review_form, review_figures):
            monkeypatch.setattr(module, "context", lambda: Context(db, actor, Room(config), config))
        at = AppTest.from_function(_review, default_timeout=60).run()
        assert not at.exception
        return at

    return opened


def _drafted(db: Database, draft: Any = None, **more: object) -> tuple[Actor, Any]:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief(claims=({"text": "Holds 200 lb", "evidence": "Load test 14"},), **more))
    return admin, drafting.store_generation(db, admin, saved.id, draft or small_draft())


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.success, *at.error, *at.header, *at.subheader)
    return "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)


def _press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click()
    at.run()
    assert not at.exception
    return at


def _judge(at: AppTest, label: str) -> AppTest:
    """A verdict that takes none of what was suggested."""
    if any(button.label == "Dismiss all" for button in at.button):
        _press(at, "Dismiss all")
    return _press(at, label)


def _view(at: AppTest, name: str) -> AppTest:
    at.segmented_control(key="review_view").set_value(name).run()
    assert not at.exception
    return at


def test_a_verdict_end_to_end_and_the_next_text_comes_up(
    db: Database, open_desk: Open, marks: dict[str, list[tuple[int, int]]]
) -> None:
    admin, drafted = _drafted(
        db, Draft((card("Cure Your Back Pain", findings=(BLOCK,), versions=TODAY), card("Two Kayaks, One Locked Rack")))
    )
    at = open_desk(admin)
    first, second = (t.id for t in drafted.texts)
    words = _words(at)
    assert "Load test 14" in words and "← **this text**" in words and "Two Kayaks" in words  # claims, the whole ad
    call = at.segmented_control(key=f"review_{first}_call_0")
    assert "SAF\\-001" in call.label and "Blocked" in call.label
    call.set_value("Accept")
    rule = next(iter(review_browse.findings_of(drafted.texts[0]))).rule_id
    marks[f"review_{first}_marks"] = [(10, 19)]
    at.text_area(key=f"review_{first}_comment").input("No proof")
    _press(at, "Violation")

    (verdict,) = reviewing.verdict_history(db, admin, first)
    assert (verdict.outcome, verdict.comment, verdict.rules) == ("violation", "No proof", (rule,))
    assert verdict.spans == ((0, 4), (10, 19)) and not verdict.blind
    assert "Saved: **violation**" in _words(at) and "Past decisions" in _words(at)
    assert at.button(key=f"review_{second}_skip")

    marks.clear()
    _press(at, "Undo")
    assert at.text_area(key=f"review_{first}_comment").value == ""
    _judge(at, "Compliant")
    assert [v.outcome for v in reviewing.verdict_history(db, admin, first)] == ["compliant", "withdrawn", "violation"]
    _judge(at, "Compliant")
    assert "No text is waiting for your look" in _words(at)


def test_a_wrong_verdict_gives_one_sentence_and_keeps_the_form(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db, Draft((card("Cure Your Back Pain", findings=(BLOCK,), versions=TODAY),)))
    at, key = open_desk(admin), f"review_{drafted.texts[0].id}"
    at.segmented_control(key=f"{key}_call_0").set_value("Accept")
    at.text_area(key=f"{key}_comment").input("See the words")
    _press(at, "Compliant")
    assert len(at.error) == 1 and "compliant text breaks no rule" in at.error[0].value
    assert at.text_area(key=f"{key}_comment").value == "See the words"
    at.segmented_control(key=f"{key}_call_0").set_value("Dismiss")
    at.text_input(key=f"{key}_why").input("It is the product's name")
    _press(at, "Compliant")
    assert not at.error and "No text is waiting" in _words(at)
    at = _view(at, "Quality")
    assert at.dataframe[-1].value.to_dict("records") == [{"Rule": "SAF-001", "Accepted": 0, "Dismissed": 1}]


def _say_why(at: AppTest) -> None:
    next(area for area in at.text_area if str(area.key).endswith("_comment")).input("Nobody has shown it")


def test_a_violation_says_why_and_one_key_takes_every_suggestion(db: Database, open_desk: Open) -> None:
    text = card("Cure Your Back Pain", findings=(BLOCK, WARN), versions=TODAY)
    admin, drafted = _drafted(db, Draft((text, card("Two Kayaks, One Locked Rack"))))
    first = drafted.texts[0].id
    at = open_desk(admin)
    _press(at, "Violation")
    assert "2 suggested findings are neither accepted nor dismissed" in at.error[0].value
    at.segmented_control(key=f"review_{first}_call_0").set_value("Dismiss")
    _press(at, "Compliant")
    assert "1 suggested finding is neither" in at.error[0].value
    _judge(at, "Violation")
    assert "Say why" in at.error[0].value and "A accepts all" in at.error[0].value
    assert reviewing.verdict_history(db, admin, first) == []
    keys = {button.label: button.proto.shortcut for button in at.button}
    assert (keys["Accept all"], keys["Dismiss all"]) == ("a", "d")
    _press(at, "Accept all")
    _press(at, "Violation")
    (verdict,) = reviewing.verdict_history(db, admin, first)
    assert set(verdict.rules) == {BLOCK.rule_id, WARN.rule_id}
    with db.read() as session:
        assert [c.accepted for c in session.query(models.FindingCall)] == [True, True]


def test_every_outcome_has_its_button_and_key(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db)
    at = open_desk(admin)
    labels = ("Compliant", "Violation", "Needs proof", "Allowed until the date", "Escalate")
    for label in labels:
        if label == "Violation":
            _say_why(at)
        (_press if label == "Escalate" else _judge)(at, label)  # who cannot tell need not say of each finding
    said = [drafting.get_texts(db, admin, [t.id])[0].verdict for t in drafted.texts]
    assert sorted(v.outcome for v in said if v) == ["allowed", "compliant", "escalate", "needs_proof", "violation"]
    assert all(v.until for v in said if v and v.outcome == "allowed")
    keys = {button.label: button.proto.shortcut for button in at.button}
    assert [keys[label] for label in (*labels, "Skip", "Undo")] == ["1", "2", "3", "4", "5", "n", "u"]


def test_a_double_click_does_not_judge_the_next_text(
    db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, drafted = _drafted(db, Draft((card("One rack"), card("Two racks"))))
    at = open_desk(admin)
    _press(at, "Compliant")
    monkeypatch.setattr(review_form, "SOONEST", 60.0)
    _press(at, "Compliant")
    assert "nothing was stored for this text" in at.error[0].value
    assert reviewing.verdict_history(db, admin, drafted.texts[1].id) == []


def test_a_role_taken_away_meanwhile_is_refused(db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, drafted = _drafted(db)
    at = open_desk(admin)
    config = Settings(_env_file=None)  # type: ignore[call-arg]
    demoted = Actor(admin.user_id, "advertiser", admin.workspace_id)
    for module in (review, review_form):
        monkeypatch.setattr(module, "context", lambda: Context(db, demoted, Room(config), config))
    _press(at, "Compliant")
    assert any("may not" in error.value for error in at.error)
    assert all(reviewing.verdict_history(db, admin, t.id) == [] for t in drafted.texts)


def test_a_blind_look_shows_no_suggestion(db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, _ = _drafted(db, Draft((card("A claim of sorts", findings=(WARN,)),)))
    assert review_looks.next_text(db, admin, iter((0.12, 0.0, 0.0, 0.0)).__next__)
    at = open_desk(admin)
    words = _words(at)
    assert "Without suggestions" in words and "Needs proof." not in words and "Past decisions" not in words
    assert "caution" not in words and not [c for c in at.segmented_control if "Accept" in c.options]


def test_identical_texts_are_settled_together(db: Database, open_desk: Open) -> None:
    admin, _ = _drafted(db, Draft((card("Lock your kayak"), card("Lock Your Kayak!"), card("lock your kayak"))))
    at = open_desk(admin)
    assert "Also settles 2 identical texts" in _words(at)
    _say_why(at)
    _press(at, "Violation")
    assert "also settled 2 identical texts" in _words(at) and "No text is waiting" in _words(at)
    _press(at, "Undo")
    assert "Also settles 2 identical texts" in _words(at)


def test_countries_are_judged_apart(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db, Draft((card("One rack"),)), countries=("us", "uk"))
    at, key = open_desk(admin), f"review_{drafted.texts[0].id}_countries"
    at.multiselect(key=key).set_value(["uk"])
    _say_why(at)
    _press(at, "Violation")
    assert "This verdict is for: United States" in _words(at) and len(at.multiselect) == 1  # what is left
    _press(at, "Compliant")
    assert "No text is waiting" in _words(at)
    assert [v.countries for v in reviewing.verdict_history(db, admin, drafted.texts[0].id)] == [("us",), ("uk",)]


def test_browsing_filters_pages_and_opens_a_text(db: Database, open_desk: Open) -> None:
    many = tuple(card(f"Kayak line number {n}") for n in range(12))
    admin, drafted = _drafted(db, Draft((*many, card("Cure Your Back Pain", findings=(BLOCK,)))))
    at = _view(open_desk(admin), "Browse")
    assert len(at.radio(key="review_list").options) == review_browse.ON_A_PAGE and at.pagination
    at.radio(key="review_list").set_value(drafted.texts[3].id).run()
    assert "Text 4 of 13" in _words(at)
    told = _words(at)  # the cards are of no rules of today
    assert "↺ Scored before the rules changed; then" in told and "✓" not in told
    assert "Today's rules find nothing more. The classifier was not asked again." in told
    assert "scored before the rules changed" in at.radio(key="review_list").proto.captions[0]
    at.pagination[0].set_value(2).run()
    assert "Text 11 of 13" in _words(at)
    at.selectbox(key="review_level").set_value("blocked").run()
    assert "Text 1 of 1" in _words(at) and "Your Back Pain" in _words(at)
    at.text_input(key="review_search").input("no such words").run()
    assert "No text matches these filters" in _words(at) and not at.exception


def test_a_text_is_shown_as_it_stands(db: Database, open_desk: Open) -> None:
    text = "<b>Now</b> $5 & $6 *off* :fire:"
    admin, _ = _drafted(db, Draft((card(text, "description", limit=90, versions=TODAY),)))
    at = open_desk(admin)
    assert "&lt;b&gt;Now&lt;/b&gt; $5 &amp; $6 *off* :fire:" in at.get("html")[0].proto.body


def test_an_admin_settles_a_dispute_and_makes_it_gold(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db, Draft((card("One rack"),)))
    text_id = drafted.texts[0].id
    reviewing.give_verdict(db, person(db, "reviewer"), text_id, "compliant")
    reviewing.give_verdict(db, person(db, "reviewer"), text_id, "violation", comment="no proof")
    at = _view(open_desk(admin), "Quality")
    assert "no proof" in _words(at) and "Not enough blind verdicts yet on flagged texts (0 of 30)" in _words(at)
    at.checkbox(key=f"settle_gold_{text_id}").check()
    at.button(key=f"settle_violation_{text_id}").click().run()
    assert "Say why it is a violation" in _words(at) and review_quality.gold_texts(db, admin) == []
    assert at.checkbox(key=f"settle_gold_{text_id}").value  # nothing is lost
    at.text_input(key=f"settle_why_{text_id}").input("Nothing proves it")
    at.button(key=f"settle_violation_{text_id}").click().run()
    assert not at.exception and "No reviewers disagree" in _words(at) and "Retire" in [b.label for b in at.button]
    assert review_quality.gold_texts(db, admin) == [(text_id, "One rack", "violation")]


def test_a_reviewer_has_no_quality_view_and_an_analyst_no_queue(db: Database, open_desk: Open) -> None:
    _drafted(db)
    at = open_desk(person(db, "reviewer"))
    assert at.segmented_control(key="review_view").options == ["Queue", "Browse"]
    at = open_desk(person(db, "analyst"))
    assert at.segmented_control(key="review_view").options == ["Browse", "Quality"]
    assert "verdicts are given by reviewers" in _words(at) and not at.button


def test_empty_and_forbidden_say_why(db: Database, open_desk: Open) -> None:
    assert "Draft an ad" in open_desk(person(db, "admin")).info[0].value
    at = open_desk(person(db, "advertiser"))
    assert ["may not see the review queue" in e.value for e in at.error] == [True] and not at.button


def _without_weights(*_: object) -> Any:
    raise WeightsError("There is no encoder; run `relate setup`.")


def test_quality_says_what_reviewers_taught_the_classifier(
    db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, _ = _drafted(db)
    monkeypatch.setattr(Room, "rewards", _without_weights)
    at = _view(open_desk(admin), "Quality")
    assert "**Nothing yet.** It learns with every 5 answers about a category" in _words(at) and not at.warning
    give(db, flagged(db, "health", 10), False)
    at = _view(open_desk(admin), "Quality")
    assert plain("Health: 10 calls, 0 of them a violation and 10 not") in _words(at)
    assert "By how much cannot be told: There is no encoder" in at.warning[0].value
    stub = SimpleNamespace(threshold=0.94, corrections=lambda calls: corrections(calls, [4.0] * len(calls)))
    monkeypatch.setattr(Room, "rewards", lambda *_: SimpleNamespace(classifier=stub))
    at = _view(open_desk(admin), "Quality")
    shift = stub.corrections(teaching.calls_of(db, admin))["health"].shift
    after = 1 / (1 + math.exp(-math.log(0.94 / 0.06) - shift))
    moved = plain(f"a text that it would just flag goes from 0.94 to {after:.2f}")
    assert -2 < shift < -1 and moved in _words(at)


def test_quality_says_what_the_classifier_blocks_now(
    db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "rewards", _without_weights)
    admin, _ = _drafted(db)
    at = _view(open_desk(admin), "Quality")
    assert "It blocks nothing now, it only cautions" in _words(at)
    confirm(db)
    at = _view(open_desk(admin), "Quality")
    assert "It blocks now:** health" in _words(at) and "80 of 80 texts that it flagged" in _words(at)
