"""Invitations: a place kept for an e-mail address until somebody signs in with it. No mail is sent.

An invitation is matched only on an address that the sign-in's provider has verified, and becomes a user of the
workspace in the transaction that accepts it. Leaves out roles of those who are in already (members.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from app.services import audit
from app.services.people import Actor, Role, names_of, own, require
from db import people
from db.models import ROLES, Invitation, User, utc_now
from db.session import Database

EMAIL = re.compile(r"[^@\s,;<>()\"]+@[^@\s,;<>()\"]+")
PENDING_SHOWN = 200


class InvitationError(ValueError):
    """An invitation that cannot be; its text is one sentence for the person."""


@dataclass(frozen=True)
class StoredInvitation:
    id: int
    email: str
    role: Role
    by: str
    created_at: datetime


def clean_email(email: str) -> str:
    """The address in lower case, or an InvitationError."""
    wanted = email.strip().lower()
    if len(wanted) > 255 or not EMAIL.fullmatch(wanted):
        raise InvitationError(f"'{email.strip()[:80]}' is not an e-mail address; write it as name@example.com.")
    return wanted


def role_named(role: str) -> Role:
    """`role` if there is such a role, or an InvitationError."""
    if role not in ROLES:
        raise InvitationError(f"There is no role '{role}'; choose one of {', '.join(ROLES)}.")
    return cast(Role, role)


def invite(db: Database, actor: Actor, email: str, role: str) -> StoredInvitation:
    """Keeps a place in the actor's workspace for who signs in with this address."""
    require(actor, "people.manage")
    address, wanted = clean_email(email), role_named(role)
    with db.write() as session:
        if any(user.active for user in people.users_by_email(session, actor.workspace_id, address)):
            raise InvitationError(f"{address} is in this workspace already; change the role in the list of people.")
        if there := people.pending_of(session, actor.workspace_id, address):
            raise InvitationError(f"{address} is invited already, as {there.role}; withdraw that invitation first.")
        row = Invitation(workspace_id=actor.workspace_id, author_id=actor.user_id, email=address, role=wanted)
        session.add(row)
        session.flush()
        audit.note(session, actor, "invitation.add", "invitation", row.id, email=address, role=wanted)
    by = names_of(db, actor, [actor.user_id])[actor.user_id]
    return StoredInvitation(row.id, address, wanted, by, row.created_at)


def withdraw(db: Database, actor: Actor, invitation_id: int) -> None:
    """Takes a pending invitation back."""
    require(actor, "people.manage")
    with db.write() as session:
        row = own(session, actor, Invitation, invitation_id, "invitation")
        if row.accepted_at is not None:
            raise InvitationError(f"{row.email} has accepted already; remove the person from the list instead.")
        if row.withdrawn_at is None:
            _withdrawn(session, actor, row)


def withdraw_of(session: Session, actor: Actor, email: str) -> None:
    """The same for an address that has one pending, inside the caller's transaction: who was removed would come back by
    it, with its role."""
    row = people.pending_of(session, actor.workspace_id, email) if email else None
    if row is not None:
        _withdrawn(session, actor, row)


def _withdrawn(session: Session, actor: Actor, row: Invitation) -> None:
    row.withdrawn_at = utc_now()
    audit.note(session, actor, "invitation.withdraw", "invitation", row.id, email=row.email, role=row.role)


def pending(db: Database, actor: Actor, email: str = "") -> list[StoredInvitation]:
    """The workspace's open invitations, newest first, PENDING_SHOWN at most; or that of one address."""
    require(actor, "people.manage")
    with db.read() as session:
        if email:
            one = people.pending_of(session, actor.workspace_id, clean_email(email))
            rows: Sequence[Invitation] = [one] if one else []
        else:
            rows = people.pending(session, actor.workspace_id, PENDING_SHOWN)
    names = names_of(db, actor, [row.author_id for row in rows])
    return [
        StoredInvitation(row.id, row.email, cast(Role, row.role), names.get(row.author_id, ""), row.created_at)
        for row in rows
    ]


def accept_all(session: Session, subject: str, email: str, name: str, now: datetime) -> None:
    """Turns every pending invitation of a verified address into a user; inside the sign-in's transaction."""
    if not email:
        return
    for row in people.invitations_anywhere(session, email):
        user = people.user_by_subject(session, row.workspace_id, subject)
        if user is None:
            home, by = row.workspace_id, row.author_id
            user = User(workspace_id=home, author_id=by, subject=subject, name=name, role=row.role)
            session.add(user)
        elif not user.active:  # removed once, invited again
            user.active, user.role = True, row.role
        user.email = email
        session.flush()
        row.accepted_by_id, row.accepted_at = user.id, now
        actor = Actor(user.id, cast(Role, user.role), user.workspace_id)
        audit.note(session, actor, "invitation.accept", "invitation", row.id, email=email, role=user.role)
