"""The Rules page as reviewers and readers meet it, on a real database and without a model."""

from collections.abc import Callable
from typing import Any, cast

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import rules
from app.services import (
    briefs,
    drafting,
    jobs,
    rulebook,
    rulebook_draft,
    rulebook_publish,
    rulebook_recheck,
    scoring,
    statuses,
)
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings, settings
from relate_engine.policy.weights import WeightsError
from relate_engine.scorecard import Scorecard
from tests.unit.rulebook_world import BAN
from tests.unit.studio import Draft, brief, card, person

Open = Callable[[Actor], AppTest]


def _rules() -> None:
    from app.desks.rules import page

    page()


@pytest.fixture
def open_page(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    config = Settings(_env_file=None)  # type: ignore[call-arg]
    st.cache_data.clear()

    def opened(actor: Actor) -> AppTest:
        monkeypatch.setattr(rules, "context", lambda: Context(db, actor, Room(config), config))
        at = AppTest.from_function(_rules, default_timeout=60).run()
        assert not at.exception
        return at

    return opened


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.success, *at.warning, *at.error, *at.header)
    said = "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)
    return said.replace("\\", "").replace("&#58;", ":")


def _press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def _see(at: AppTest, view: str) -> AppTest:
    at.segmented_control(key="rules_view").set_value(view).run()
    assert not at.exception
    return at


def _approved(db: Database, *texts: str) -> list[int]:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    stored = drafting.store_generation(db, admin, saved.id, cast(Any, Draft(tuple(card(t) for t in texts)))).texts
    with db.write() as session:
        for text in stored:
            statuses.set_status(session, admin, text.id, "approved")
    return [text.id for text in stored]


def _fill(at: AppTest, **fields: str) -> None:
    for name, value in fields.items():
        kind = at.text_input if name in ("message", "fix", "source") else at.text_area
        kind(key=f"rule_new_{name}").input(value)


def test_a_ban_is_written_tried_tested_published_and_reopens_texts(db: Database, open_page: Open) -> None:
    turbo, calm = _approved(db, "Turbo Kayak Rack", "Calm Kayak Rack")
    rui = person(db, "reviewer")
    at = open_page(rui)
    assert "the shipped rules, unchanged" in _words(at)
    _press(at, "rules_new")
    _fill(at, words="turbo", message="The client never says turbo.", fix="Say what it does.", source="Brand guide",
          violating="Turbo Rack", clean="A turbo lock")  # fmt: skip
    _press(at, "rule_new_try")
    assert "1 not: mend the rule or its examples" in _words(at) and "not as it should" in _words(at)
    at.text_area(key="rule_new_clean").input("A turbot")
    _press(at, "rule_new_try")
    assert "2 of 2 tests came out as they should. It has no exception" in _words(at)
    assert rulebook_draft.draft(db, rui) is None  # tried, not saved

    _press(at, "rule_new_save")
    assert "OWN-001 is saved in your edits" in _words(at)
    again = _see(open_page(rui), "draft")  # a refreshed page
    assert "**OWN-001** added" in _words(again)
    _press(again, "rules_past")
    assert "Would have blocked 1 of the last 2 approved or live texts, cautioned 0." in _words(again)
    assert 'class="rl-mark rl-block"' in _words(again)
    _press(again, "rules_publish")
    assert "say in a few words why the rules change" in _words(again)
    again.text_input(key="rules_reason").input("The client asked")
    _press(again, "rules_publish")
    assert "Checked 2 approved and live texts again: 1 went back to review." in _words(again)
    assert "The client asked" in _words(again) and "1 back to review" in _words(again)
    with db.read() as session:
        assert statuses.status_of(session, rui, [turbo, calm]) == {turbo: "in_review", calm: "approved"}


def test_a_banned_phrase_blocks_newly_scored_texts_in_this_workspace_only(db: Database) -> None:
    settings.cache_clear()
    room = Room(settings())
    try:
        room.rewards()
    except WeightsError as error:
        pytest.skip(f"no weights: {error}")
    lines = [("headline", "Turbo Rack for Two Kayaks")]

    def scored(admin: Actor) -> Scorecard:
        stored = briefs.save_brief(db, admin, brief())
        text = scoring.bring_lines(db, admin, room, stored, lines).texts[0]
        assert text.card is not None
        again = scoring.score_wording(db, admin, room, stored.brief, text, "Turbo Rack for Three")
        assert again.versions["rules"] == text.card.versions["rules"]
        return again

    ours, theirs = person(db, "admin"), person(db, "admin", "Theirs")
    assert scored(ours).compliance.level != "blocked"
    rulebook_draft.save_rule(db, ours, None, BAN)
    rulebook_publish.publish(db, ours, "asked for")
    found = scored(ours)
    assert found.compliance.level == "blocked" and found.compliance.score == 0
    assert [(f.rule_id, f.start, f.end) for f in found.findings if f.severity == "block"] == [("OWN-001", 0, 5)]
    assert found.versions["rules"] == rulebook.rules_of(db, ours).version
    assert scored(theirs).compliance.level != "blocked"


def test_trouble_in_the_form_is_one_sentence_and_what_was_typed_stays(db: Database, open_page: Open) -> None:
    at = open_page(person(db, "reviewer"))
    _press(at, "rules_new")
    at.radio(key="rule_new_how").set_value("A pattern (regular expression)").run()
    _fill(at, pattern="(a+)+", message="m", fix="f", source="s", violating="aa", clean="b")
    _press(at, "rule_new_save")
    assert len(at.error) == 1 and "repeats a repetition without end" in at.error[0].value.replace("\\", "")
    assert at.text_area(key="rule_new_pattern").value == "(a+)+"
    at.text_area(key="rule_new_pattern").input("a{2}")
    at.selectbox(key="rule_new_source_status").set_value("memory")
    _press(at, "rule_new_save")
    assert "may warn but not block" in _words(at)
    _press(at, "rule_leave")
    assert at.radio(key="rules_open").value == "CHN-001" or at.radio(key="rules_open").options


def test_search_filter_detail_and_switching_off(db: Database, open_page: Open) -> None:
    rui = person(db, "reviewer")
    at = open_page(rui)
    at.text_input(key="rules_search").input("ranking claim source").run()
    assert at.radio(key="rules_open").value == "CLM-002" and len(at.radio(key="rules_open").options) == 1
    told = _words(at)
    assert "✖ blocks" in told and "source read on a copy" in told and "nobody has accepted or dismissed" in told
    at.text_input(key="rules_why_off").input("we hold a survey")
    _press(at, "rules_off")
    assert "Switched off in this workspace. we hold a survey" in _words(at)
    _press(at, "rules_undo")
    assert rulebook_draft.draft(db, rui) is None
    at.text_input(key="rules_search").input("zebra").run()
    assert "No rule matches" in _words(at)
    at.text_input(key="rules_search").input("FMT-001").run()
    assert "cannot be changed here" in _words(at)


def test_a_reader_sees_everything_and_can_change_nothing(db: Database, open_page: Open) -> None:
    rui = person(db, "reviewer")
    rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_publish.publish(db, rui, "asked for")
    at = open_page(person(db, "advertiser"))
    assert "with 1 of your own" in _words(at) and "reviewers and admins change them" in _words(at)
    assert [b.key for b in at.button] == [] and at.segmented_control(key="rules_view").options == ["Rules", "Versions"]
    _see(at, "versions")
    assert "asked for" in _words(at) and [b.key for b in at.button] == []


def test_the_second_editor_sees_what_changed_and_the_way_on(db: Database, open_page: Open) -> None:
    rui, ray = person(db, "reviewer"), person(db, "reviewer")
    rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_draft.switch_off(db, ray, "CLM-003", "allowed here")
    rulebook_publish.publish(db, ray, "first")
    at = _see(open_page(rui), "draft")
    assert "published other rules since you began" in _words(at) and "CLM-003" in _words(at)
    assert at.button(key="rules_publish").disabled
    _press(at, "rules_take_over")
    at.text_input(key="rules_reason").input("second")
    _press(at, "rules_publish")
    assert {r.origin for r in rulebook.book(db, rui).rules} == {"own", "off", "shipped"}


def test_an_earlier_version_is_put_back(db: Database, open_page: Open) -> None:
    rui = person(db, "reviewer")
    rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_publish.publish(db, rui, "asked for")
    at = _see(open_page(rui), "versions")
    at.text_input(key="rules_back_reason").input("they changed their mind")
    _press(at, "rules_use")
    assert "The shipped rules are in use." in _words(at) and rulebook.own_rules(db, rui) is None
    assert "they changed their mind" in _words(at)


def test_a_check_that_was_cancelled_is_said_on_the_page_with_the_way_on(
    db: Database, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook_publish, "SYNC", 0)
    rui, ada = person(db, "reviewer"), person(db, "advertiser")
    _approved(db, "Turbo Rack")
    rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_publish.publish(db, rui, "asked for")
    jobs.cancel(db, rui, jobs.jobs(db, rui, rulebook_recheck.RECHECK)[0].id)
    said = "1 approved or live text is not checked by the changed rules: the check was cancelled"
    reader = open_page(ada)
    assert said in _words(reader) and [b.key for b in reader.button] == []
    at = open_page(rui)
    assert said in _words(at)
    _press(at, "rules_go_on")
    assert said not in _words(at) and "The check goes on" in _words(at)
    (job, _) = jobs.jobs(db, rui, rulebook_recheck.RECHECK)
    assert job.open
