"""The people of a workspace: who is in it, another role, removing somebody and taking them back.

Nothing of a removed person's work is touched, and their sessions end at once. A workspace keeps at least one admin who
can sign in; only the shell of the studio's computer may take the last one away. Leaves out invitations.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from app.services import audit
from app.services.invitations import InvitationError, clean_email, role_named, withdraw_of
from app.services.people import LOCAL, Actor, NotFound, Role, require
from db import people
from db.models import User, utc_now
from db.session import Database

PAGE = 50


class MemberError(ValueError):
    """A change of people that cannot be; its text is one sentence for the person."""


@dataclass(frozen=True)
class Member:
    id: int
    name: str
    email: str
    role: Role
    active: bool
    since: datetime
    seen_at: datetime | None  # the last click of a session, to the minute


@dataclass(frozen=True)
class Members:
    """One page of the list. `page` counts from 1."""

    people: tuple[Member, ...]
    count: int
    page: int
    pages: int


def members(db: Database, actor: Actor, search: str = "", page: int = 1) -> Members:
    """People of the workspace by name, those who are in it first."""
    require(actor, "people.manage")
    with db.read() as session:
        _, count = people.page_of_users(session, actor.workspace_id, LOCAL, search.strip(), 0, 1)
        pages = max(1, -(-count // PAGE))
        page = min(max(1, page), pages)
        rows, _ = people.page_of_users(session, actor.workspace_id, LOCAL, search.strip(), (page - 1) * PAGE, PAGE)
        seen = people.last_seen(session, [row.id for row in rows])
    return Members(tuple(_record(row, seen.get(row.id)) for row in rows), count, page, pages)


def change_role(db: Database, actor: Actor, user_id: int, role: str) -> Member:
    """Gives somebody another role, from their next click on."""
    require(actor, "people.manage")
    wanted = role_named(role)
    with db.write() as session:
        row = _member(session, actor, user_id)
        if row.role != wanted:
            if row.role == "admin" and row.active:
                _keep_an_admin(session, actor, row)
            before, row.role = row.role, wanted
            audit.note(session, actor, "person.role", "user", row.id, before=before, after=wanted)
        return _record(row, None)


def remove(db: Database, actor: Actor, user_id: int) -> Member:
    """Takes somebody out of the workspace and ends the sessions they have in it; an open invitation of theirs too."""
    require(actor, "people.manage")
    with db.write() as session:
        row = _member(session, actor, user_id)
        if row.active:
            if row.role == "admin":
                _keep_an_admin(session, actor, row)
            row.active = False
            for sign_in in people.open_sign_ins(session, row.id):
                sign_in.ended_at = utc_now()
            audit.note(session, actor, "person.remove", "user", row.id, role=row.role)
        withdraw_of(session, actor, row.email or "")
        return _record(row, None)


def take_back(db: Database, actor: Actor, user_id: int) -> Member:
    """Puts a removed person back with the role they had, whatever an open invitation says; they sign in again."""
    require(actor, "people.manage")
    with db.write() as session:
        row = _member(session, actor, user_id)
        if not row.active:
            row.active = True
            audit.note(session, actor, "person.take_back", "user", row.id, role=row.role)
        withdraw_of(session, actor, row.email or "")
        return _record(row, None)


def by_email(db: Database, actor: Actor, email: str) -> Member:
    """The person with this address in the workspace."""
    require(actor, "people.manage")
    address = clean_email(email)
    with db.read() as session:
        rows = people.users_by_email(session, actor.workspace_id, address)
        row = next((r for r in rows if r.active), rows[0] if rows else None)
        if row is None:
            raise NotFound(f"Nobody with the address {address} is in this workspace.")
        return _record(row, None)


def _member(session: Session, actor: Actor, user_id: int) -> User:
    row = people.user_of(session, actor.workspace_id, user_id)
    if row is None or row.subject == LOCAL:
        raise NotFound(f"There is no person {user_id} in your workspace; choose one from the list.")
    return row


def _keep_an_admin(session: Session, actor: Actor, row: User) -> None:
    asking = session.get(User, actor.user_id)
    if asking is not None and asking.subject == LOCAL:
        return
    if not people.other_admins(session, actor.workspace_id, LOCAL, row.id):
        raise MemberError(f"{row.name} is the last admin of this workspace; make somebody else an admin first.")


def _record(row: User, seen_at: datetime | None) -> Member:
    return Member(row.id, row.name, row.email or "", cast(Role, row.role), row.active, row.created_at, seen_at)


__all__ = ["InvitationError", "Member", "MemberError", "Members", "by_email", "change_role", "members", "remove",
           "take_back"]  # fmt: skip
