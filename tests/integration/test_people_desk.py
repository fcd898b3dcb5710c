"""The People page and the door as a person meets them, on a real database and without a browser."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.components import door, when
from app.components.context import Context
from app.desks import people
from app.services import briefs, invitations, members
from app.services.people import Actor, shell_actor
from app.services.workspace import name_of, workspace_settings
from app.services.writing import Room
from db.models import User
from db.session import Database
from relate_engine.config import ROOT, Settings, settings
from tests.unit.studio import fresh, person

Open = Callable[[Actor], AppTest]


def _people() -> None:
    from app.desks.people import page

    page()


@pytest.fixture
def open_page(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(actor: Actor) -> AppTest:
        config = Settings(_env_file=None)  # type: ignore[call-arg]
        monkeypatch.setattr(people, "context", lambda: Context(db, actor, Room(config), config))
        at = AppTest.from_function(_people, default_timeout=30).run()
        assert not at.exception
        return at

    return opened


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click()
    at.run()
    assert not at.exception
    return at


def test_invite_and_withdraw(db: Database, open_page: Open) -> None:
    admin = person(db, "admin")
    at = open_page(admin)
    at.text_input(key="people_email").input("Rob@Example.com")
    at.selectbox(key="people_role").set_value("reviewer")
    press(at, "Invite")
    assert "rob@example.com is invited as reviewer" in at.success[0].value.replace("\\", "").replace("\u2060", "")
    assert [(i.email, i.role) for i in invitations.pending(db, admin)] == [("rob@example.com", "reviewer")]
    assert at.text_input(key="people_email").value == ""

    at.text_input(key="people_email").input("rob@example.com")
    press(at, "Invite")
    assert "invited already" in at.error[0].value
    assert at.text_input(key="people_email").value == "rob@example.com"  # to be mended, not typed again

    press(at, "Withdraw")
    assert invitations.pending(db, admin) == []


def test_roles_removal_and_taking_back(db: Database, open_page: Open) -> None:
    admin, other = person(db, "admin"), person(db, "reviewer")
    at = open_page(admin)
    at.selectbox(key=f"role_{other.user_id}").set_value("analyst").run()
    assert not at.exception and "is analyst from the next click on" in at.success[0].value
    press(at, "Remove reviewer")
    with db.read() as session:
        user = session.get_one(User, other.user_id)
        assert (user.role, user.active) == ("analyst", False)
    press(at, "Take back")
    assert [m.active for m in members.members(db, admin).people] == [True, True]

    at.selectbox(key=f"role_{admin.user_id}").set_value("analyst").run()
    assert "last admin" in at.error[0].value
    assert at.selectbox(key=f"role_{admin.user_id}").value == "admin"  # the page shows what holds


def test_name_and_settings_of_the_workspace(db: Database, open_page: Open) -> None:
    admin = person(db, "admin")
    at = open_page(admin)
    at.text_input(key="workspace_name").input("Harbour & Co")
    at.toggle(key="workspace_approved").set_value(True)
    looks = at.number_input(key="workspace_overlap")
    assert looks.label == "Reviewers who judge each text" and looks.help.startswith("Every text is judged by so many")
    looks.set_value(4)
    press(at, "Save workspace")
    with db.read() as session:
        now = workspace_settings(session, admin)
        assert name_of(session, admin) == "Harbour & Co"
    assert (now.export_approved_only, now.review_overlap) == (True, 4)


@pytest.mark.parametrize("zone", ["Nowhere/At_All", None])
def test_a_browser_in_an_unknown_zone_reads_utc(
    db: Database, open_page: Open, monkeypatch: pytest.MonkeyPatch, zone: str | None
) -> None:
    admin = person(db, "admin")
    monkeypatch.setattr(when, "st", SimpleNamespace(context=SimpleNamespace(timezone=zone)))
    with db.write() as session:
        session.get_one(User, admin.user_id).created_at = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    at = open_page(admin)
    told = "".join(m.value for m in at.markdown).replace("\\", "").replace("&#58;", ":")
    assert "since 31 Dec 2025 23:30" in told and not at.error


def test_others_see_a_sentence(db: Database, open_page: Open) -> None:
    at = open_page(person(db, "reviewer"))
    assert "may not invite or remove people" in at.error[0].value
    assert not at.button and not at.text_input


# the door, as app/main.py draws it

CLAIMS = {"is_logged_in": True, "iss": "https://id.example.com", "email_verified": True, "nonce": "n"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The studio of this test has a home of its own."""
    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    settings.cache_clear()
    yield fresh(tmp_path)
    settings.cache_clear()


def studio(who: str | None = None) -> AppTest:
    """The studio with a sign-in set up, and `who` signed in a moment ago."""
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    at.secrets["auth"] = {"client_id": "studio"}
    now = int(datetime.now(UTC).timestamp())
    signed = CLAIMS | {"sub": who, "email": f"{who}@example.com", "name": f"{who}".title(), "iat": now}
    at.user = signed if who else {"is_logged_in": False}
    at.run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*at.title, *at.warning, *at.markdown, *at.error))


def test_the_door_asks_for_a_sign_in_and_lets_only_the_invited_in(home: Database) -> None:
    at = studio()
    assert [button.label for button in at.button] == ["Sign in"]
    at = studio("eve")
    assert "not invited" in words(at) and [button.label for button in at.button] == ["Sign out"]
    shell = shell_actor(home, "Acme", make=True)
    invitations.invite(home, shell, "eve@example.com", "reviewer")
    at = studio("eve")
    assert at.title[0].value == "Review" and "Role: reviewer" in words(at)


def test_a_click_after_removal_does_nothing(home: Database) -> None:
    shell = shell_actor(home, "Acme", make=True)
    invitations.invite(home, shell, "ann@example.com", "advertiser")
    at = studio("ann")
    at.button(key="example_0").click().run()
    members.remove(home, shell, members.by_email(home, shell, "ann@example.com").id)
    at.button(key="brief_save").click().run()  # on the page as it was drawn before
    assert not at.exception
    assert "no longer in a workspace" in words(at)
    assert briefs.list_briefs(home, shell) == []


def test_choosing_a_workspace_forgets_the_other(home: Database) -> None:
    for name, role in (("Acme", "admin"), ("Beta", "advertiser")):
        invitations.invite(home, shell_actor(home, name, make=True), "ann@example.com", role)
    at = studio("ann")
    at.button(key="example_0").click().run()
    at.button(key="brief_save").click().run()
    assert "Workspace: Acme" in words(at)
    beta = shell_actor(home, "Beta")
    at.selectbox(key="door_choice").set_value(beta.workspace_id).run()
    assert not at.exception and "Workspace: Beta" in words(at) and "Role: advertiser" in words(at)
    at.button(key="example_0").click().run()
    at.button(key="brief_save").click().run()
    assert [len(briefs.list_briefs(home, shell_actor(home, name))) for name in ("Acme", "Beta")] == [1, 1]


def test_single_user_mode_has_no_account_menu(home: Database) -> None:
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    assert not at.exception and at.title[0].value == "Draft"
    assert not [button for button in at.button if button.label == "Sign out"]


def test_single_user_mode_refuses_another_address(home: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else [])
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    assert not at.exception
    assert "answers only on the computer it runs on" in words(at) and not at.button


def test_the_host_that_a_browser_asked_for() -> None:
    asked = ("127.0.0.1:8501", "localhost", "[::1]:8501", "studio.example.com:443", "127.0.0.1.example.com")
    assert [door._host(a) for a in asked] == ["127.0.0.1", "localhost", "::1", "studio.example.com", asked[4]]
