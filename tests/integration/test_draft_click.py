"""A click in a card of the Draft desk keeps the session, though it draws the card alone."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.desks import draft_card
from app.services import sessions
from app.services.sessions import SignedIn
from db.models import SignIn, utc_now
from db.session import Database, StorageError
from relate_engine.config import Settings
from tests.integration.test_draft_back import run
from tests.unit.studio import person


@dataclass
class Seen:
    """As much of a Context as a click needs."""

    db: Database
    signed: SignedIn | None
    settings: Settings


def test_a_click_in_a_card_is_written_down_once_a_minute(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, began = person(db, "advertiser"), utc_now() - timedelta(minutes=50)
    with db.write() as session:
        row = SignIn(
            workspace_id=ada.workspace_id, author_id=ada.user_id, token_hash="a" * 64, created_at=began, seen_at=began,
            expires_at=began + timedelta(hours=1),
        )  # fmt: skip
        session.add(row)
        session.flush()
    config = Settings(_env_file=None, home=tmp_path, session_hours=1.0)  # type: ignore[call-arg]
    ctx, clock = Seen(db, SignedIn(row.id, ada.user_id, ()), config), [1000.0]
    monkeypatch.setattr(draft_card.time, "monotonic", lambda: clock[0])
    held: dict[str, float] = {}
    monkeypatch.setattr(st, "session_state", held)

    def left() -> timedelta:
        draft_card._touch(ctx)  # type: ignore[arg-type]
        with db.read() as session:
            return session.get_one(SignIn, row.id).expires_at - utc_now()

    held[draft_card.TOUCHED] = 1000.0  # the page was drawn just now
    assert left() < timedelta(minutes=11)
    clock[0] += 61
    assert left() > timedelta(minutes=59)
    monkeypatch.setattr(sessions, "touch", lambda *_: (_ for _ in ()).throw(StorageError("busy")))
    clock[0] += 61
    left()  # a database that is busy stops nobody
    ctx.signed = None
    clock[0] += 61
    left()  # single-user mode has no session


def _cards() -> None:
    import streamlit as st

    from app.desks import draft_card

    if "drawn" not in st.session_state:
        st.session_state.drawn = 0
    st.session_state.drawn += 1
    draft_card.show_card(None, None, "1_headline_0", None)  # type: ignore[arg-type]


def test_a_page_that_is_drawn_is_a_click_already(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(draft_card, "state", lambda: type("State", (), {"texts": {}})())
    monkeypatch.setattr(draft_card, "_card", lambda *_: seen.append(draft_card.TOUCHED in st.session_state))
    run(AppTest.from_function(_cards, default_timeout=60))
    assert seen == [True]
