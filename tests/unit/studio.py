"""What the tests of database and services share: a fresh database, actors, scorecards without a model."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.services.people import Actor, Role
from db.models import Card, SignIn, User, Verdict, Workspace, utc_now
from db.session import Database, open_database
from relate_engine.brief import Angle, Brief
from relate_engine.scorecard import Compliance, Estimate, Finding, Scorecard, finding, level_of
from tests.postgres_server import VARIABLE, database_for

VERSIONS = {"policy": "writer-1", "rewards": "ctr-1", "rules": "rules-1", "path": "int8"}


def fresh(folder: Path) -> Database:
    """The folder's database: SQLite, or PostgreSQL where RELATE_TEST_DATABASE_URL names a server of the tests."""
    return open_database(fresh_url(folder))


def fresh_url(folder: Path) -> str:
    """Its address; tests that would do something to the file itself are `sqlite_only`."""
    if server := os.environ.get(VARIABLE):
        return database_for(server, folder)
    return sqlite_url(folder)


def sqlite_url(folder: Path) -> str:
    """The address of the folder's SQLite file, made up to date and empty if it is not there."""
    file = folder / "relate.db"
    with suppress(OSError):  # a folder that refuses: opening it says so
        if not file.exists():
            file.write_bytes(_up_to_date())
    return f"sqlite:///{file}"


@cache
def _up_to_date() -> bytes:
    """What an empty file holds after all migrations; copied, because migrating takes twenty times as long."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "relate.db")
        open_database(f"sqlite:///{file}").close()
        return file.read_bytes()


sqlite_only = pytest.mark.skipif(VARIABLE in os.environ, reason="about SQLite's file")


def person(db: Database, role: Role, workspace: str = "Ours") -> Actor:
    """A user of this role in a workspace of this name, made if missing."""
    with db.write() as session:
        home = session.query(Workspace).filter_by(name=workspace).one_or_none() or _add(session, workspace)
        user = User(workspace_id=home.id, subject=f"{role}-{home.id}-{_count(session)}", name=role, role=role)
        session.add(user)
        session.flush()
        return Actor(user.id, role, home.id)


def _add(session: Session, name: str) -> Workspace:
    home = Workspace(name=name)
    session.add(home)
    session.flush()
    return home


def _count(session: Session) -> int:
    return session.query(User).count()


def count(db: Database, table: Any) -> int:
    """How many rows a table has."""
    with db.read() as session:
        return session.query(table).count()


def tampered(db: Database, statement: str) -> None:
    """Changes the audit log past its triggers, as who has the file (SQLite) or all rights (PostgreSQL) can."""
    sqlite = ("DROP TRIGGER IF EXISTS audit_events_no_update", "DROP TRIGGER IF EXISTS audit_events_no_delete")
    first = sqlite if db.engine.dialect.name == "sqlite" else ("SET LOCAL session_replication_role = replica",)
    with db.write() as session:
        for each in (*first, statement):
            session.execute(text(each))


def brief(product: str = "TideLock Kayak Rack", **more: object) -> Brief:
    return Brief.model_validate({"product": product, "description": "A rack that locks kayaks."} | more)


def card(
    text: str,
    slot: str = "headline",
    angle: Angle | None = "benefit",
    findings: tuple[Finding, ...] = (),
    author: str = "policy:writer-1",
    limit: int = 30,
    versions: dict[str, str] | None = None,
) -> Scorecard:
    rate = Estimate(0.031, 0.02, 0.045, 0.8, "prior")
    return Scorecard(
        text=text,
        slot=slot,
        angle=angle,
        author=author,
        width=len(text),
        limit=limit,
        visible=limit,
        rewards={"structure": 1.0, "correctness": 0.95, "compliance": 1.0, "ctcvr": 0.58},
        findings=findings,
        compliance=Compliance(100.0, level_of(findings), ("core",), 120),
        ctr=rate,
        cvr=rate,
        ctcvr=rate,
        ctr_effect=-0.12,
        beats_typical=0.58,
        beats_words="likely beats a typical text for this brief 58 times in 100",
        versions=VERSIONS if versions is None else versions,
    )


BLOCK = finding("SAF-001", "compliance", "block", "Promises a cure.", start=0, end=4)
WARN = finding("CLM-002", "compliance", "warn", "Needs proof.", start=0, end=4)


@dataclass(frozen=True)
class Drop:
    text: str
    slot: str
    angle: str | None
    reason: str


@dataclass(frozen=True)
class Draft:
    """As relate_engine.draft.Draft, without importing the model's room."""

    candidates: tuple[Scorecard, ...]
    dropped: tuple[Drop, ...] = ()
    ad_findings: tuple[Finding, ...] = ()
    timing: dict[str, float] = field(default_factory=lambda: {"generate_s": 1.5})
    versions: dict[str, str] = field(default_factory=lambda: dict(VERSIONS))
    short: dict[str, int] = field(default_factory=dict)


def small_draft() -> Any:
    """Three headlines, two descriptions, one path; one candidate dropped."""
    return Draft(
        (
            card("Lock Your Kayak in Seconds"),
            card("Two Kayaks, One Locked Rack", angle="how"),
            card("Kayaks Off the Garage Floor", angle="problem", findings=(WARN,)),
            card("A wall rack that holds and locks two kayaks.", "description", "how", limit=90),
            card("Lift, lock, walk away: your kayak stays put.", "description", "benefit", limit=90),
            card("Kayak-Racks", "path", None, limit=15),
        ),
        (Drop("The best rack in the world", "headline", "benefit", "CLM-001: superlative without proof"),),
    )


def blindly(db: Database, actor: Actor, text_ids: Sequence[int], outcome: str = "violation") -> None:
    """Blind verdicts, as blind looks would have stored them."""
    with db.write() as session:
        for text_id in text_ids:
            card_id = session.scalars(select(Card.id).where(Card.text_id == text_id)).one()
            session.add(
                Verdict(
                    workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id, card_id=card_id,
                    outcome=outcome, rules=[], spans=[], blind=True,
                )
            )  # fmt: skip


def signed_in(db: Database, actor: Actor) -> None:
    """A session of theirs that goes on for hours."""
    now = utc_now()
    with db.write() as session:
        session.add(
            SignIn(
                workspace_id=actor.workspace_id, author_id=actor.user_id, token_hash="a" * 64, seen_at=now,
                expires_at=now + timedelta(hours=8),
            )
        )  # fmt: skip
