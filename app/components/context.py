"""What every page starts from: the open database, who asks, the writer's room and the settings.

Database and room live once a process, whatever pages and tabs do. Leaves out sign-in: until it is set up
the person at the keyboard is the one local user.
"""

from dataclasses import dataclass

import streamlit as st

from app.services.people import Actor, local_actor
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.config import Settings, settings


@dataclass(frozen=True)
class Context:
    db: Database
    actor: Actor
    room: Room
    settings: Settings


@st.cache_resource(show_spinner=False)
def _database(url: str) -> Database:
    return open_database(url)  # brings the tables up to date first


@st.cache_resource(show_spinner=False)
def _room() -> Room:
    return Room(settings())


def context() -> Context:
    """The Context of this run. Raises StorageError with one sentence when the database will not open."""
    now = settings()
    db = _database(now.database)
    return Context(db, local_actor(db), _room(), now)
