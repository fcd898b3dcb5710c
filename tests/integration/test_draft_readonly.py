"""The Draft desk for a role that may only read: texts and why, and nothing that the role may not do.

The real page without a browser and without a model. Also what any click of the desk meets when its brief is gone or
the database is busy: one sentence.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from app.components.context import Context
from app.desks import draft, draft_back, draft_brief, draft_card, draft_state
from app.services import briefs, drafting, drafting_page, feedback
from app.services.draft_working import keep_wording
from app.services.drafting_page import Jobs
from app.services.people import Actor, NotFound, Role
from app.services.sessions import SignedIn
from app.services.stored import StoredBrief
from app.services.writing import Room
from db.session import Database, StorageError
from relate_engine.config import Settings
from relate_engine.scorecard import finding
from tests.integration.test_draft_back import press, run
from tests.integration.test_draft_jobs import StillWriting
from tests.unit.studio import brief, person, small_draft

Open = Callable[[Actor, StoredBrief | None], AppTest]
BUSY = "The database is busy, so nothing was saved; try again in a moment."
PLACE = "1_headline_0"


def _draft() -> None:
    from app.desks.draft import page

    page()


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path, cache=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def desk(db: Database, config: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """The desk of an actor, with a brief open or none."""
    monkeypatch.setattr(draft, "check_weights", lambda _: None)
    monkeypatch.setattr(Jobs, "warm_up", lambda *_: None)
    st.cache_resource.clear()

    def opened(actor: Actor, saved: StoredBrief | None) -> AppTest:
        ctx = Context(db, actor, Room(config), config)
        for module in (draft, draft_state):
            monkeypatch.setattr(module, "context", lambda: ctx)
        at = AppTest.from_function(_draft, default_timeout=60)
        if saved is not None:
            at.query_params["brief"] = str(saved.id)
        return run(at)

    yield opened
    st.cache_resource.clear()


def words(at: AppTest) -> str:
    shown = (*at.title, *at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.get("html"))
    return "\n".join(str(getattr(e, "value", None) or e.proto.body) for e in shown).replace("\\", "")


def keys(at: AppTest) -> set[str]:
    """The keys of all widgets of the page, whatever their kind."""
    elements = [element for element in at.main if not isinstance(element, Block)]  # containers have keys too
    ids = [str(getattr(element.proto, "id", "")) for element in elements]
    return {found.split("-", 2)[2] for found in ids if found.startswith("$$ID-")}


def offered(at: AppTest) -> set[str]:
    """What can be pressed, typed into or chosen from, without the places of cards."""
    return {key.partition("_1_")[0] for key in keys(at)}


def drafted(db: Database) -> tuple[Actor, StoredBrief]:
    """A brief with six texts whose scores are old, the first picked and mendable, by an advertiser."""
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    mend = finding("COR-001", "correctness", "warn", "A slip.", start=0, end=4, replacement="Bolt")
    first, *others = small_draft().candidates
    made_of = replace(small_draft(), candidates=(replace(first, findings=(mend,)), *others))
    made = drafting.store_generation(db, ada, saved.id, made_of)
    feedback.pick(db, ada, made.texts[0].id)
    return ada, saved


@pytest.mark.parametrize("role", ["reviewer", "analyst"])
def test_readers_read_and_are_offered_nothing_else(db: Database, desk: Open, role: Role) -> None:
    ada, saved = drafted(db)
    work = {
        "brief_new", "brief_archive", "brief_edit", "draft_whole", "draft_one", "draft_slot_google_rsa", "draft_count",
        "draft_angle", "lines_score", "score_again", "build_ad", "export", "unpick", "pick", "reject", "copy", "edit",
        "explain", "more",
    }  # fmt: skip
    assert work <= offered(desk(ada, saved))  # or nothing would follow from what is missing below

    at = desk(person(db, role), saved)
    table = {"export"} if role == "analyst" else set()  # analysts may take tables
    assert offered(at) == {"brief_choice", "draft_view"} | table
    shown = words(at)
    assert "Two Kayaks, One Locked Rack" in shown and "TideLock Kayak Rack" in shown
    assert "scorecards are out of date" in shown and "Picked: 1 of 15 headlines" in shown
    assert at.selectbox(key="brief_choice").options[0] == "Choose a brief"

    at.session_state[f"details_{PLACE}"] = at.session_state[f"talk_{PLACE}"] = True
    more = offered(run(at)) - {"brief_choice", "draft_view"} - table
    assert more == {"comment_talk", "comment_add_talk"}  # everybody may comment
    assert "A slip." in words(at) and "Written by writer-1" in words(at) and "History" in words(at)


@pytest.mark.parametrize("role", ["reviewer", "analyst"])
def test_readers_choose_a_brief(db: Database, desk: Open, role: Role) -> None:
    reader = person(db, role)
    at = desk(reader, None)
    assert keys(at) == {"brief_choice"} and "No briefs yet; an advertiser or an admin writes them." in words(at)
    ada, saved = drafted(db)
    empty = briefs.save_brief(db, ada, brief("Oak Desk"))
    at = desk(reader, None)
    assert keys(at) == {"brief_choice"} and "Choose a brief above to read its texts." in words(at)
    at.selectbox(key="brief_choice").set_value(saved.id)
    assert "Two Kayaks, One Locked Rack" in words(run(at))
    at.selectbox(key="brief_choice").set_value(empty.id)
    assert "No texts yet." in words(run(at)) and "Draft the whole ad" not in words(at)
    briefs.archive_brief(db, ada, saved.id)
    at = desk(reader, saved)
    assert "This brief is archived." in words(at) and "brief_restore" not in keys(at)


def test_an_analyst_takes_the_table_and_no_ad(db: Database, desk: Open) -> None:
    _, saved = drafted(db)
    at = press(desk(person(db, "analyst"), saved), "export")
    assert at.selectbox(key="export_file").options == ["Plain CSV with all scores"]
    assert "1 text. " in words(at) and "This table picks nothing." in words(at)


def test_a_role_that_ends_between_page_and_click(db: Database, desk: Open) -> None:
    ada, saved = drafted(db)
    roles: list[Role] = ["advertiser"]
    at = desk(replace(ada, role_now=lambda: roles[-1]), saved)
    roles.append("reviewer")
    press(at, "brief_archive")
    assert "Your role, reviewer, may not change briefs" in words(at)
    assert not briefs.get_brief(db, ada, saved.id).archived


def test_who_may_no_longer_write_finds_no_open_form(db: Database, desk: Open) -> None:
    _, saved = drafted(db)
    shown = desk(person(db, "reviewer"), saved)
    shown.session_state["draft_desk"].editing = True  # as it stands in the tab of who was an advertiser
    shown.session_state["draft_desk"].editing_cards.add(PLACE)
    assert offered(run(shown)) == {"brief_choice", "draft_view"}


def test_clicks_meet_a_busy_database_or_a_brief_that_is_gone(
    db: Database, desk: Open, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, saved = drafted(db)
    text = drafting.list_generations(db, ada, saved.id)[0].texts[1]

    def busy(*_: object) -> None:
        raise StorageError(BUSY)

    def gone(*_: object) -> None:
        raise NotFound("There is no brief 1 in your workspace; choose one from the list.")

    for trouble, said in ((busy, BUSY), (gone, "There is no brief 1 in your workspace")):
        with monkeypatch.context() as broken:
            broken.setattr(draft_brief, "get_brief", trouble)
            at = desk(ada, None)
            at.selectbox(key="brief_choice").set_value(saved.id)
            assert said in words(run(at)) and at.session_state["draft_desk"].brief_id is None
        with monkeypatch.context() as broken:
            broken.setattr(draft_brief, "archive_brief", trouble)
            at = press(desk(ada, saved), "brief_archive")
            assert said in words(at) and at.session_state["draft_desk"].brief_id == saved.id
        with monkeypatch.context() as broken:
            keep_wording(ada, config, saved.id, text.id, "Two Kayaks, One Lock")
            broken.setattr(draft_back, "get_brief", trouble)
            assert said in words(press(desk(ada, None), f"wordings_open_{saved.id}"))
        with monkeypatch.context() as broken:  # a part of the page that is drawn on its own
            broken.setattr(draft_card, "talk", trouble)
            assert said in words(desk(ada, saved))


def test_a_double_click_on_the_page_starts_one_draft(db: Database, desk: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting_page, "TWICE", 60.0)  # the page takes its time here
    room = StillWriting()
    monkeypatch.setattr(Room, "draft", lambda self, *asked, **more: room.draft(*asked, **more))
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    at = press(press(desk(ada, saved), "draft_whole"), "draft_whole")
    assert room.asked == [{"headline": 15, "description": 4, "path": 2}] and "stop_1" in keys(at)
    reader = desk(person(db, "analyst"), saved)
    assert "Writing the whole" in words(reader) and "stop_1" not in keys(reader)
    press(at, "stop_1")


def test_base_rates_say_who_sets_them(
    db: Database, desk: Open, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person(db, "advertiser")
    generic = words(desk(ada, briefs.save_brief(db, ada, brief(placement="generic"))))
    assert "The whole ad: 5 headlines, 3 bodies." in generic
    alone = words(desk(ada, briefs.save_brief(db, ada, brief(placement="meta_feed"))))
    assert (
        """Base rates: assumed. To use your own, set `RELATE_BASE_CTR='{"meta_feed": 0.05}'` and """
        "`RELATE_BASE_CVR` before the studio starts."
    ) in alone
    signed = Context(db, ada, Room(config), config, SignedIn(1, ada.user_id, ()))
    monkeypatch.setattr(draft, "context", lambda: signed)
    at = run(AppTest.from_function(_draft, default_timeout=60))
    assert "ask whoever runs the studio to set them" in words(at) and "RELATE_BASE_CTR" not in words(at)
