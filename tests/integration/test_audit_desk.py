"""The Audit page as a person meets it: rows in words, filters, pages, the check of the chain and the export."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import audit as desk
from app.services import audit
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from tests.unit.studio import person, tampered

Open = Callable[[Actor], AppTest]


def _page() -> None:
    from app.desks.audit import page

    page()


@pytest.fixture
def opened(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    def open_as(actor: Actor) -> AppTest:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        monkeypatch.setattr(desk, "context", lambda: Context(db, actor, Room(settings), settings))
        at = AppTest.from_function(_page, default_timeout=30).run()
        assert not at.exception
        return at

    return open_as


def note(db: Database, actor: Actor, action: str, number: int, **detail: object) -> None:
    with db.write() as session:
        audit.note(session, actor, action, action.partition(".")[0], number, {"rules": "r-1"}, **detail)


def rows(at: AppTest) -> list[str]:
    return [e.label.partition(" · ")[2] for e in at.expander]


def test_an_empty_log_says_what_will_stand_there(db: Database, opened: Open) -> None:
    at = opened(person(db, "analyst"))
    assert "Nothing has been noted yet" in at.info[0].value


def test_rows_filters_and_pages(db: Database, opened: Open) -> None:
    ann, rob = person(db, "admin"), person(db, "reviewer")
    for number in range(1, 31):
        note(db, ann, "text.approve", number)
    note(db, rob, "rule.publish", 7, name="# <b>core</b>")
    at = opened(ann)
    assert len(rows(at)) == 25 and rows(at)[1] == r"admin approved text 30 \(with rules r\-1\)"
    assert rows(at)[0].startswith("reviewer published rule 7 “") and "<b>" not in rows(at)[0]  # escaped
    at.button(key="audit_older").click().run()
    assert len(rows(at)) == 6 and at.button(key="audit_older").disabled
    at.button(key="audit_newer").click().run()
    assert len(rows(at)) == 25
    at.selectbox(key="audit_person").select(rob.user_id).run()
    assert len(rows(at)) == 1
    at.selectbox(key="audit_action").select("text.approve").run()
    assert rows(at) == [] and "widen" in at.info[0].value
    at.selectbox(key="audit_person").select(None).run()
    at.selectbox(key="audit_kind").select("text").run()
    at.number_input(key="audit_number").set_value(3).run()
    at.selectbox(key="audit_days").select("Today").run()
    assert not at.exception and rows(at) == [r"admin approved text 3 \(with rules r\-1\)"]


def test_the_check_says_which_row(db: Database, opened: Open) -> None:
    ann = person(db, "admin")
    for number in (1, 2, 3):
        note(db, ann, "text.approve", number)
    at = opened(ann)
    at.button(key="audit_verify").click().run()
    assert "The chain holds" in at.success[0].value
    at.text_input(key="audit_expect").set_value("e" * 64).run()
    at.button(key="audit_verify").click().run()
    assert "not in it" in at.error[0].value
    tampered(db, "UPDATE audit_events SET object_id = 9 WHERE object_id = 2")
    with db.read() as session:
        broken = session.execute(text("SELECT id FROM audit_events WHERE object_id = 9")).scalar_one()
    at.button(key="audit_verify").click().run()
    assert f"row {broken}" in at.error[0].value


def test_the_export_shows_the_last_hash_to_keep(db: Database, opened: Open) -> None:
    ann = person(db, "admin")
    note(db, ann, "text.approve", 1)
    last = audit.verify(db, ann).last_hash
    at = opened(ann)
    at.button(key="audit_make").click().run()
    assert not at.exception and at.code[0].value == last
    assert at.get("download_button")


def test_who_may_not_look_is_told(db: Database, opened: Open) -> None:
    at = opened(person(db, "advertiser"))
    assert "may not see the audit log" in at.error[0].value and not at.expander
