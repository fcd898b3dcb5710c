"""Two people at one brief on the real pages (Draft and Briefs), without a browser and without a model."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.components.plain import plain
from app.desks import briefs_rename, draft, draft_write
from app.services import briefs
from app.services.people import Actor
from app.services.stored import StoredBrief
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from tests.unit.studio import brief, person

Open = Callable[[Actor, StoredBrief], AppTest]
EVIL = "<img src=x onerror=alert(1)> **B** $x$"
CTX: list[Context] = []


def _draft() -> None:
    from app.desks.draft import page

    page()


def _renaming(brief_id: int) -> None:
    """The dialog, open at every run as a browser keeps it."""
    import streamlit as st

    from app.desks import briefs_rename
    from app.services.briefs import brief_page
    from tests.integration import test_brief_conflict as here

    ctx = here.CTX[-1]
    if "row" not in st.session_state:
        st.session_state.row = brief_page(ctx.db, ctx.actor).rows[0]
        briefs_rename.rename(ctx, st.session_state.row)
    elif not st.session_state[f"renaming_{brief_id}"].done:
        briefs_rename._rename(ctx, st.session_state.row)


@pytest.fixture
def context(db: Database, tmp_path: Path) -> Callable[[Actor], Context]:
    settings = Settings(_env_file=None, home=tmp_path, cache=tmp_path)  # type: ignore[call-arg]
    return lambda actor: Context(db, actor, Room(settings), settings)


@pytest.fixture
def edit(context: Callable[[Actor], Context], monkeypatch: pytest.MonkeyPatch) -> Open:
    """The Draft desk of an actor with a saved brief open in the form."""
    jobs = SimpleNamespace(versions=(), problem="", warm_up=lambda actor: None)
    for module in (draft, draft_write):
        monkeypatch.setattr(module, "jobs_of", lambda ctx: jobs)
    for name in ("check_weights", "under_way", "own_lines", "results"):
        monkeypatch.setattr(draft, name, lambda *_: None)

    def opened(actor: Actor, saved: StoredBrief) -> AppTest:
        monkeypatch.setattr(draft, "context", lambda: context(actor))
        at = AppTest.from_function(_draft, default_timeout=30)
        at.query_params["brief"] = str(saved.id)
        at.run()
        return press(at, "brief_edit")

    return opened


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception[0].message
    return at


def words(at: AppTest) -> str:
    return " ".join(str(e.value) for kind in ("markdown", "caption", "warning", "error") for e in getattr(at, kind))


def choices(at: AppTest) -> dict[str, str]:
    return {radio.label.removesuffix(": which one goes on"): str(radio.value) for radio in at.radio}


def test_the_second_chooses_field_by_field(db: Database, edit: Open) -> None:
    ada, bo = person(db, "advertiser"), person(db, "admin")
    saved = briefs.save_brief(db, ada, brief(tone="plain", benefits=["Locks two"]))
    at = edit(ada, saved)
    at.text_input(key="brief_tone").input("dry")
    at.text_area(key="brief_benefits").input("Locks two\nOak")
    at.text_input(key="brief_vertical").input("outdoor gear")
    briefs.save_brief(
        db, bo, brief(tone="warm", benefits=["Locks two", "Steel"], audience=EVIL, countries=["de"]), saved.id
    )
    press(at, "brief_save")

    said = words(at)
    assert "**admin** changed this brief on" in said and "differ in 5 fields" in said
    assert choices(at) == {"Benefits": "mine", "Audience": "theirs", "Tone": "mine", "Vertical": "mine",
                           "Countries": "theirs"}  # fmt: skip
    assert "Locks two\n- **Steel** (only here)" in said and "Germany" in said and "*(empty)*" in said
    assert plain(EVIL) in said and EVIL not in said  # somebody's words are no markup
    assert briefs.get_brief(db, ada, saved.id).brief.tone == "warm"  # nothing is saved yet

    press(at, "brief_merge_back")
    assert at.text_input(key="brief_tone").value == "dry"
    assert at.text_area(key="brief_benefits").value == "Locks two\nOak"
    press(at, "brief_save")
    benefits = next(radio for radio in at.radio if radio.label.startswith("Benefits"))
    benefits.set_value("theirs").run()
    press(at, "brief_merge_save")
    now = briefs.get_brief(db, ada, saved.id).brief
    assert (now.tone, now.vertical, now.benefits) == ("dry", "outdoor gear", ("Locks two", "Steel"))
    assert (now.audience, now.countries) == (brief(audience=EVIL).audience, ("de",))
    press(at, "brief_edit")  # the form holds what was saved, and saving it is no conflict
    assert at.text_area(key="brief_benefits").value == "Locks two\nSteel"
    at.text_input(key="brief_tone").input("drier")
    press(at, "brief_save")
    assert not at.radio and briefs.get_brief(db, ada, saved.id).brief.tone == "drier"


def test_a_third_save_while_choosing_is_shown_again(db: Database, edit: Open) -> None:
    ada, bo = person(db, "advertiser"), person(db, "admin")
    saved = briefs.save_brief(db, ada, brief(tone="plain"))
    at = edit(ada, saved)
    at.text_input(key="brief_tone").input("dry")
    briefs.save_brief(db, bo, brief(tone="warm"), saved.id)
    press(at, "brief_save")
    briefs.save_brief(db, bo, brief(tone="warm", audience="paddlers"), saved.id)
    press(at, "brief_merge_save")
    assert choices(at) == {"Audience": "theirs", "Tone": "mine"}
    press(at, "brief_merge_save")
    now = briefs.get_brief(db, ada, saved.id).brief
    assert (now.tone, now.audience) == ("dry", "paddlers")


def test_a_brief_archived_in_another_tab_keeps_what_was_typed(db: Database, edit: Open) -> None:
    ada, bo = person(db, "advertiser"), person(db, "admin")
    saved = briefs.save_brief(db, ada, brief())
    at = edit(ada, saved)
    at.text_input(key="brief_tone").input("dry")
    briefs.archive_brief(db, bo, saved.id)
    for key in ("brief_save", "draft_whole"):
        press(at, key)
        said = words(at)
        assert (
            plain("“TideLock Kayak Rack” was archived by admin; restore it on the page Briefs, or save yours") in said
        )
        assert at.text_input(key="brief_tone").value == "dry"
        now = briefs.get_brief(db, ada, saved.id)
        assert now.archived and now.brief.tone == ""
    press(at, "brief_save_new")
    new = at.session_state["draft_desk"].brief_id
    assert new != saved.id and briefs.get_brief(db, ada, new).brief.tone == "dry"
    assert [found.id for found in briefs.list_briefs(db, ada)] == [new]


def test_restoring_an_archived_brief_goes_on_with_what_was_typed(db: Database, edit: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    at = edit(ada, saved)
    briefs.archive_brief(db, ada, saved.id)
    at.text_input(key="brief_tone").input("dry")
    press(press(at, "brief_save"), "brief_restore")
    assert at.text_input(key="brief_tone").value == "dry"
    press(at, "brief_save")
    now = briefs.get_brief(db, ada, saved.id)
    assert not now.archived and now.brief.tone == "dry"


def test_no_draft_begins_for_a_brief_archived_in_another_tab(db: Database, edit: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    at = press(edit(ada, saved), "brief_save")  # the summary, where nothing is saved before drafting
    briefs.archive_brief(db, ada, saved.id)
    press(at, "draft_whole")
    assert "was archived by you" in words(at)
    press(at, "brief_restore")
    assert not briefs.get_brief(db, ada, saved.id).archived


def test_two_who_rename_one_brief(db: Database, context: Callable[[Actor], Context]) -> None:
    ada, bo = person(db, "advertiser"), person(db, "admin")
    saved = briefs.save_brief(db, ada, brief())
    CTX.append(context(ada))
    at = AppTest.from_function(_renaming, args=(saved.id,), default_timeout=30).run()
    assert not at.exception and at.text_input(key=f"rename_title_{saved.id}").value == "TideLock Kayak Rack"
    at.text_input(key=f"rename_title_{saved.id}").input("Racks")
    at.text_input(key=f"rename_ad_group_{saved.id}").input("Walls")
    briefs.rename_brief(db, bo, saved.id, "Spring racks", "Spring")
    press(at, f"rename_save_{saved.id}")
    assert "**admin** changed this" in words(at)
    assert choices(at) == {"Title in the list": "mine", "Campaign": "theirs", "Ad group": "mine"}
    press(at, f"rename_merge_{saved.id}")
    row = briefs.brief_page(db, ada).rows[0]
    assert (row.title, row.campaign, row.ad_group) == ("Racks", "Spring", "Walls")
    assert set(briefs_rename.FILED) == {"title", "campaign", "ad_group"}
