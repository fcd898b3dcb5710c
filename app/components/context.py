"""What every page starts from: the open database, who asks, the writer's room and the settings.

Database and room live once a process, whatever pages and tabs do; who asks is read anew at every run. Without a
sign-in that is the one local user of this computer (app/components/door.py).
"""

from dataclasses import dataclass

import streamlit as st

from app.components import door
from app.services.people import Actor, local_actor
from app.services.sessions import SignedIn
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.config import Settings, settings


@dataclass(frozen=True)
class Context:
    db: Database
    actor: Actor
    room: Room
    settings: Settings
    signed: SignedIn | None = None  # None in single-user mode


@st.cache_resource(show_spinner=False)
def _database(url: str) -> Database:
    return open_database(url)  # brings the tables up to date first


@st.cache_resource(show_spinner=False)
def _room() -> Room:
    return Room(settings())


def context() -> Context:
    """The Context of this run. Raises StorageError with one sentence when the database will not open, SignedOut when
    nobody may act."""
    now = settings()
    if not door.sign_in_is_set_up():
        door.refuse_strangers()
        db = _database(now.database)
        return Context(db, local_actor(db), _room(), now)
    db = _database(now.database)
    actor, signed = door.enter(db, now.session_hours)
    return Context(db, actor, _room(), now, signed)
