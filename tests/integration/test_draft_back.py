"""A session that ends before the save: what was typed on the Draft desk is offered back after signing in again.

The real pages without a browser and without a model: cards are stored as they are, and nothing is scored.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.desks import draft
from app.services import briefs, drafting, invitations
from app.services.drafting_page import Jobs
from app.services.people import Actor, shell_actor
from db.models import SignIn, utc_now
from db.session import Database
from relate_engine.config import ROOT, settings
from tests.unit.studio import brief, fresh, small_draft

NONCES = itertools.count()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    monkeypatch.setattr(draft, "check_weights", lambda _: None)
    monkeypatch.setattr(Jobs, "warm_up", lambda *_: None)
    settings.cache_clear()
    st.cache_resource.clear()
    yield fresh(tmp_path)
    st.cache_resource.clear()
    settings.cache_clear()


@pytest.fixture
def shell(home: Database) -> Actor:
    actor = shell_actor(home, "Acme", make=True)
    invitations.invite(home, actor, "ann@example.com", "advertiser")
    return actor


def signed_in(brief_id: int | None = None) -> AppTest:
    """A new tab of Ann, who has signed in a moment ago."""
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    at.secrets["auth"] = {"client_id": "studio"}
    at.user = {
        "is_logged_in": True, "iss": "https://id.example.com", "sub": "ann", "email": "ann@example.com",
        "email_verified": True, "name": "Ann", "nonce": str(next(NONCES)), "iat": int(datetime.now(UTC).timestamp()),
    }  # fmt: skip
    if brief_id is not None:
        at.query_params["brief"] = str(brief_id)
    return run(at)


def run(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click()
    return run(at)


def expire(db: Database) -> None:
    """As if half a day had gone by without a click."""
    with db.write() as session:
        for row in session.query(SignIn):
            row.expires_at = utc_now() - timedelta(seconds=1)


def words(at: AppTest) -> str:
    shown = (*at.title, *at.markdown, *at.warning, *at.error)
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def keys(at: AppTest) -> set[str]:
    return {button.key or "" for button in at.button}


def test_a_new_brief_typed_into_an_ended_session(home: Database, shell: Actor) -> None:
    at = signed_in()
    at.text_input(key="brief_product").input("Oak Desk")
    at.text_area(key="brief_description").input("A desk of solid oak.")
    expire(home)
    press(at, "brief_save")
    assert "Your session has ended" in words(at) and briefs.list_briefs(home, shell) == []

    at = signed_in()
    assert "You typed into a new brief, “Oak Desk”," in words(at)
    assert at.text_input(key="brief_product").value == ""
    at = signed_in()  # a refresh does not lose the offer
    press(at, "back_0")
    assert at.text_input(key="brief_product").value == "Oak Desk"
    assert at.text_area(key="brief_description").value == "A desk of solid oak." and "back_0" not in keys(at)
    press(at, "brief_save")
    assert [found.title for found in briefs.list_briefs(home, shell)] == ["Oak Desk"]
    assert not any(key.startswith("back_") for key in keys(at) | keys(signed_in()))


def test_a_changed_brief_typed_into_an_ended_session(home: Database, shell: Actor) -> None:
    saved = briefs.save_brief(home, shell, brief())
    at = press(signed_in(saved.id), "brief_edit")
    at.text_input(key="brief_tone").input("dry")
    expire(home)
    press(at, "draft_whole")
    assert "Your session has ended" in words(at) and briefs.get_brief(home, shell, saved.id).brief.tone == ""

    other = briefs.save_brief(home, shell, brief("Other"))
    assert not any(key.startswith("back_") for key in keys(signed_in(other.id)))
    assert f"back_{saved.id}" in keys(signed_in())  # wherever the person comes in
    briefs.save_brief(home, shell, brief(audience="paddlers"), saved.id)  # somebody else, meanwhile
    at = press(signed_in(saved.id), f"back_{saved.id}")
    assert at.text_input(key="brief_tone").value == "dry"
    press(at, "brief_save")
    assert "changed this brief on" in words(at)  # it knows what it began from
    press(at, "brief_merge_save")
    now = briefs.get_brief(home, shell, saved.id).brief
    assert (now.tone, now.audience) == ("dry", "paddlers")
    assert f"back_{saved.id}" not in keys(signed_in(saved.id))


def test_a_refused_save_comes_back_after_a_refresh_or_is_discarded(home: Database, shell: Actor) -> None:
    at = signed_in()
    at.text_input(key="brief_tone").input("dry")
    press(at, "brief_save")
    assert "product is empty" in words(at) and "back_0" not in keys(at)  # it stands in the form
    assert at.text_input(key="brief_tone").value == "dry"
    at = press(signed_in(), "back_0")
    assert at.text_input(key="brief_tone").value == "dry"
    press(signed_in(), "back_not_0")
    assert "back_0" not in keys(signed_in())


def test_an_open_wording_typed_into_an_ended_session(home: Database, shell: Actor) -> None:
    saved = briefs.save_brief(home, shell, brief())
    drafting.store_generation(home, shell, saved.id, small_draft())
    place = "1_headline_0"
    at = press(signed_in(saved.id), f"edit_{place}")
    at.text_input(key=f"wording_{place}").input("Lock It *Fast*")
    expire(home)
    press(at, f"save_{place}")
    assert "Your session has ended" in words(at)

    at = signed_in()  # the sign-in comes back to the desk without a brief
    assert "In the brief “TideLock Kayak Rack” you reworded texts" in words(at)
    press(at, f"wordings_open_{saved.id}")
    assert "you reworded “Lock Your Kayak in Seconds” and it was not saved: **Lock It *Fast***" in words(at)
    text_id = drafting.list_generations(home, shell, saved.id)[0].texts[0].id
    at.selectbox(key="draft_view").set_value("picked")
    assert run(at).button(key=f"reword_{text_id}").disabled  # its card is not in this view
    at = signed_in(saved.id)
    at.session_state["draft_desk"].previews[place] = ("Lock It *Fast*", None)  # no model here
    at.button(key=f"reword_{text_id}").click()
    at.run()
    assert at.text_input(key=f"wording_{place}").value == "Lock It *Fast*" and f"reword_{text_id}" not in keys(at)
    press(at, f"cancel_{place}")
    assert f"reword_{text_id}" not in keys(signed_in(saved.id))
    assert f"wordings_open_{saved.id}" not in keys(signed_in())


def test_a_wording_is_kept_while_it_is_typed(home: Database, shell: Actor) -> None:
    """Before any button: the next letter after the end of the session is the last one that arrives."""
    saved = briefs.save_brief(home, shell, brief())
    text = drafting.store_generation(home, shell, saved.id, small_draft()).texts[0]
    place = "1_headline_0"
    at = press(signed_in(saved.id), f"edit_{place}")
    expire(home)
    at.text_input(key=f"wording_{place}").input("Lock It Fas")
    run(at)
    assert "Your session has ended" in words(at)
    at = signed_in(saved.id)
    assert "**Lock It Fas**" in words(at)
    press(at, f"reword_not_{text.id}")
    assert f"reword_{text.id}" not in keys(signed_in(saved.id))


def test_the_address_opens_another_brief_and_else_follows_the_desk(home: Database, shell: Actor) -> None:
    one, two = (briefs.save_brief(home, shell, brief(name)).id for name in ("One", "Two"))

    def is_open(at: AppTest) -> int | None:
        found: int | None = at.session_state["draft_desk"].brief_id
        assert at.query_params.get("brief") == (str(found) if found else None)
        return found

    at = signed_in()
    assert is_open(at) is None
    at.selectbox(key="brief_choice").set_value(one)
    assert is_open(run(at)) == one
    at.selectbox(key="brief_choice").set_value(two)
    assert is_open(run(at)) == two
    at.query_params["brief"] = str(one)  # the browser went back
    assert is_open(run(at)) == one
    press(at, "brief_edit")
    assert is_open(at) == one and at.text_input(key="brief_product").value == "One"
    at.query_params["brief"] = str(two)
    assert is_open(run(at)) == two and not at.session_state["draft_desk"].editing
    at.query_params["brief"] = "999"
    assert is_open(run(at)) == two and "no brief 999" in words(at)
    del at.query_params["brief"]  # back to where no brief was open
    assert is_open(run(at)) is None
    at.query_params["brief"] = str(two)
    assert is_open(run(at)) == two
    press(at, "brief_edit")
    del at.query_params["brief"]  # a click on the name of the desk takes no form away
    assert is_open(run(at)) == two
