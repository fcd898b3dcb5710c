"""The Briefs desk, and two people on one card of the Draft desk, without a browser and without a model."""

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import briefs as desk
from app.services import briefs, client_job, clients, comments, drafting, drafting_page, feedback
from app.services.client_file import read_client
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from tests.unit.studio import brief, card, person, small_draft
from tests.unit.test_client_file import BOARD, KAYAK, editor

Open = Callable[..., AppTest]
EVIL = "<img src=x onerror=alert(1)> **B** $x$"


def _briefs() -> None:
    from app.desks.briefs import page

    page()


def _draft_card() -> None:
    """One card of the Draft desk under an empty bar of picks, as results() draws them."""
    import streamlit as st

    from app.desks.draft_card import show_card
    from app.desks.draft_edit import BAR, WHOLE
    from tests.integration import test_briefs_desk as here

    def bar() -> None:
        st.caption("picks")

    for name in (BAR, WHOLE):
        st.fragment(key=name)(bar)()
    show_card(*here.SHOWN)


def _two_pages() -> None:
    """The Briefs desk beside a page at the address of the Draft desk, which says what it was opened with."""
    import streamlit as st

    from app.desks.briefs import page

    def draft() -> None:
        opened = st.session_state.draft_desk
        st.title(f"Draft {opened.brief_id} {st.session_state.brief_product} {st.query_params.to_dict()}")

    st.navigation([st.Page(page, title="Briefs", url_path="briefs"), st.Page(draft, title="D", url_path="draft")]).run()


SHOWN: tuple[Context, object, str, object]


@pytest.fixture
def ctx(db: Database, tmp_path: Path) -> Callable[[Actor], Context]:
    settings = Settings(_env_file=None, home=tmp_path, cache=tmp_path)  # type: ignore[call-arg]
    return lambda actor: Context(db, actor, Room(settings), settings)


@pytest.fixture
def open_desk(ctx: Callable[[Actor], Context], monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(actor: Actor) -> AppTest:
        monkeypatch.setattr(desk, "context", lambda: ctx(actor))
        at = AppTest.from_function(_briefs, default_timeout=30).run()
        assert not at.exception
        return at

    return opened


def words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.success, *at.error, *at.warning)
    raw = "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)
    return raw.replace("\\", "").replace("&#58;", ":")


def labels(at: AppTest) -> list[str]:
    names = [button.label for button in at.button if (button.key or "").startswith("brief_open_")]
    return [name.removeprefix("**").removesuffix("**").replace("\\", "") for name in names]


def pressed(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_the_list_says_what_each_brief_holds_and_finds_it(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    texts = drafting.store_generation(db, ada, saved.id, small_draft()).texts
    feedback.pick(db, ada, texts[0].id)
    comments.add_comment(db, ada, saved.id, "Look here")
    briefs.rename_brief(db, ada, saved.id, "Spring racks", "Spring", "Racks")
    briefs.save_brief(db, ada, brief(EVIL, placement="meta_feed"))
    briefs.save_brief(db, ada, brief("رف القوارب 架子"))
    at = open_desk(ada)
    assert labels(at) == ["رف القوارب 架子", EVIL, "Spring racks"]
    told = words(at)
    assert "Google responsive search ad · Spring › Racks · product TideLock Kayak Rack · 6 texts, 1 picked" in told
    assert "1 comment · changed" in told and "by advertiser" in told and "Briefs 1 to 3 of 3" in told
    at.text_input(key="briefs_search").input("spring tidelock").run()
    assert labels(at) == ["Spring racks"]
    at.text_input(key="briefs_search").input("nothing").run()
    assert "No brief matches" in words(at)
    at.text_input(key="briefs_search").input("").run()
    at.selectbox(key="briefs_placement").set_value("meta_feed").run()
    assert labels(at) == [EVIL]


def test_an_empty_studio_says_what_to_do_and_a_reader_may_only_read(db: Database, open_desk: Open) -> None:
    ada, rev = person(db, "advertiser"), person(db, "reviewer")
    assert "No briefs yet" in words(open_desk(ada))
    briefs.save_brief(db, ada, brief())
    at = open_desk(rev)
    assert labels(at) == ["TideLock Kayak Rack"] and not at.checkbox
    assert [b.key for b in at.button] == ["brief_open_1"]


def test_a_name_opens_its_brief_on_the_draft_desk(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    open_desk(ada)
    at = AppTest.from_function(_two_pages, default_timeout=30).run()
    at.button(key=f"brief_open_{saved.id}").click().run()
    assert not at.exception
    assert at.title[0].value == "Draft 1 TideLock Kayak Rack {'brief': '1'}"


def test_what_is_done_to_a_row_shows_at_once(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    at = open_desk(ada)
    briefs.duplicate_brief(db, ada, saved.id)
    briefs.archive_brief(db, ada, saved.id)  # in another tab
    at.checkbox(key=f"brief_tick_{saved.id}").check().run()
    assert not at.exception and labels(at) == ["Copy of TideLock Kayak Rack"]
    at.segmented_control(key="briefs_shown").set_value("Archived").run()
    assert labels(at) == ["TideLock Kayak Rack"] and "archived" in words(at)


def test_ticked_briefs_of_several_pages_become_one_job(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    for number in range(27):
        briefs.save_brief(db, ada, brief(f"Rack {number:02}"))
    at = open_desk(ada)
    at.checkbox(key="brief_tick_27").check().run()
    at.pagination[0].set_value(2).run()
    assert labels(at) == ["Rack 01", "Rack 00"]
    at.checkbox(key="brief_tick_1").check().run()
    assert "2 ticked" in words(at)
    pressed(at, "many_draft")
    state = clients.job_state(db, ada)
    assert state is not None and state.left == (27, 1) and "Waiting for the worker" not in str(at.exception)
    assert "Scoring and drafting many briefs" in words(at)
    pressed(at, "many_draft")  # a double click
    assert "still drafts briefs" in words(at)
    pressed(at, "briefs_tick_all")
    assert "27 ticked" in words(at)
    pressed(at, "briefs_tick_none")
    assert "ticked" not in words(at)


def test_a_client_is_imported_corrected_and_made(
    db: Database, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person(db, "advertiser")
    at = open_desk(ada)
    at.file_uploader[0].set_value(("client.csv", editor(KAYAK, BOARD), "text/csv")).run()
    assert not at.exception
    assert "2 ad groups with 8 texts" in words(at) and "UTF-16, tab-separated" in words(at)
    pressed(at, "client_make")
    assert "2 briefs are made" in words(at)
    assert labels(at) == ["Tidelock Board Racks", "TideLock Kayak Racks"]
    state = clients.job_state(db, ada)
    assert state is not None and state.total == 2

    at.file_uploader[0].set_value(("client.csv", editor(KAYAK, BOARD), "text/csv")).run()
    assert at.button(key="client_make").label == "Make 0 briefs"  # they have briefs already, so none is ticked
    at.file_uploader[0].set_value(("words.csv", editor(["a", "b"], header=["Campaign", "Keyword"]), "text/csv")).run()
    assert "no export of ads" in words(at)


def test_how_a_job_ended_is_told_with_what_is_left(db: Database, open_desk: Open) -> None:
    from db import jobs as queue
    from db.models import utc_now

    ada = person(db, "advertiser")
    planned = clients.plan(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    ids = clients.make_briefs(db, ada, planned, ["us"], True)
    with db.write() as session:
        job = queue.claim(session, "w", [client_job.KIND], utc_now())
        assert job is not None
        queue.keep_checkpoint(session, job.id, "w", utc_now(), {"done": {str(ids[0]): "skipped: too little"}})
        queue.end(session, job.id, "w", utc_now(), "cancelled", "Cancelled; nothing was changed.")
    at = open_desk(ada)
    assert "0 of 2 briefs are done; what was drafted stays" in words(at) and "no. 1: too little" in words(at)
    assert "nothing was changed" not in words(at)
    pressed(at, "many_go_on")
    state = clients.job_state(db, ada)
    assert state is not None and (state.state, state.left) == ("queued", (ids[1],))


def test_export_all_names_what_is_missing(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    briefs.save_brief(db, ada, brief())
    at = open_desk(ada)
    at.checkbox(key="brief_tick_1").check().run()
    pressed(at, "many_export")
    told = words(at)
    assert (
        "0 of 1 ads are complete" in told
        and "TideLock Kayak Rack" in told
        and "It has no campaign and no ad group" in told
    )


def test_two_people_on_one_card(db: Database, ctx: Callable[[Actor], Context], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada has the card open while Bo saves another wording: she sees both, and merges."""
    global SHOWN
    ada, bo = person(db, "advertiser"), person(db, "advertiser")
    stored = briefs.save_brief(db, ada, brief())
    text = drafting.store_generation(db, ada, stored.id, small_draft()).texts[0]
    mine = ctx(ada)
    SHOWN = (mine, stored, "1_headline_0", text)
    monkeypatch.setattr(Room, "score", lambda self, b, texts, *_, **__: [card(texts[0].text, author=texts[0].author)])
    monkeypatch.setattr("app.desks.draft_state.context", lambda: mine)
    monkeypatch.setattr(drafting_page.Jobs, "warm_up", lambda *_: None)
    st.cache_resource.clear()

    at = AppTest.from_function(_draft_card, default_timeout=30).run()
    assert not at.exception
    pressed(at, "edit_1_headline_0")
    at.text_input(key="wording_1_headline_0").set_value("Lock Kayaks Now").run()
    theirs = feedback.edit(db, bo, text.id, card("Lock Kayaks Fast"))
    pressed(at, "save_1_headline_0")
    told = words(at)
    assert "advertiser" in told and "edited this text on" in told
    assert "Theirs: Lock Kayaks Fast" in told.replace("**", "") and "Yours: Lock Kayaks Now" in told.replace("**", "")
    assert drafting.list_generations(db, ada, stored.id)[0].texts[0].id == theirs.id  # nothing of hers yet

    at.text_area(key="merge_1_headline_0").set_value("Lock Kayaks Fast Now").run()
    pressed(at, "merge_save_1_headline_0")
    now = drafting.list_generations(db, bo, stored.id)[0].texts[0]
    assert (now.text, now.parent_id) == ("Lock Kayaks Fast Now", theirs.id)
    assert "edited this text on" not in words(at)
    st.cache_resource.clear()
