"""Sessions: from the identity in Streamlit's sign-in cookie to what the person may do now.

Streamlit's cookie is signed, lasts 30 days and cannot be taken back, so it only says who signed in and when. Whether
that sign-in still counts says the table sign_ins: one row for one sign-in at the provider, found by the hash of what
only that sign-in has (issuer, subject, time of issue, nonce). All tabs of a browser share the row. It ends when the
person signs out, is removed, after `hours` without a click (on a page or, by `touch`, in a part of one), or LONGEST
after the sign-in. An ended row stays, and the
hash is unique, so a reload with the same cookie finds it ended; a cookie without a row counts only within `hours` of
its issue, and not where it is older than the last restore of the database: its row may have been lost, ended, with what
happened since the backup. Only a new sign-in at the provider makes a new row.

These functions run before there is an Actor, so they take an Identity, which only the signed cookie can make.
Leaves out Streamlit (app/components/door.py) and who is invited (invitations.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.services import audit, invitations
from app.services.people import Actor, NotFound, Role
from db import people
from db.models import SignIn, User, Workspace, utc_now
from db.session import Database

LONGEST = timedelta(days=7)
TOUCH = timedelta(seconds=60)  # a click is written down at most so often
SUBJECT_LENGTH = 255
RESTORED = "restored_at"  # in the settings of a workspace: sign-ins before it count no more

Why = Literal["ended", "expired", "uninvited", "unverified", "unusable"]


class SignedOut(Exception):  # noqa: N818  (a state, not a fault)
    """Nobody acts here now; its text is one sentence for the person."""

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why


@dataclass(frozen=True)
class Identity:
    """Who signed in, as the provider said. `email` is lower case, "" unless the provider has verified it."""

    subject: str  # "issuer|sub"
    email: str
    name: str
    issued_at: datetime
    token_hash: str


@dataclass(frozen=True)
class Membership:
    """One workspace of the person."""

    user_id: int
    name: str
    role: Role
    workspace_id: int
    workspace: str


@dataclass(frozen=True)
class SignedIn:
    """A session that counts. `last_user_id`: as whom the person acted last, where the tab has chosen nothing yet."""

    id: int
    last_user_id: int
    memberships: tuple[Membership, ...]

    def member(self, workspace_id: int | None) -> Membership | None:
        """The person's membership of this workspace; None where it is not theirs."""
        return next((m for m in self.memberships if m.workspace_id == workspace_id), None)

    @property
    def last(self) -> Membership:
        return next((m for m in self.memberships if m.user_id == self.last_user_id), self.memberships[0])


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """The identity in the claims of an ID token; SignedOut where they name nobody or no time."""
    issuer, sub, issued = claims.get("iss"), claims.get("sub"), claims.get("iat")
    if not (isinstance(issuer, str) and isinstance(sub, str) and issuer and sub and isinstance(issued, (int, float))):
        raise SignedOut("unusable", "Your sign-in provider did not say who you are and when you signed in; ask the "
                        "person who set up the studio.")  # fmt: skip
    subject = f"{issuer}|{sub}"
    if len(subject) > SUBJECT_LENGTH:
        subject = f"sha256|{hashlib.sha256(subject.encode()).hexdigest()}"
    email = str(claims.get("email") or "").strip().lower() if claims.get("email_verified") is True else ""
    name = " ".join(str(claims.get("name") or "").split()) or email.partition("@")[0] or "Somebody"
    only_here = json.dumps([issuer, sub, issued, claims.get("nonce")])
    return Identity(
        subject, email, name[:120], datetime.fromtimestamp(issued, UTC), hashlib.sha256(only_here.encode()).hexdigest()
    )


def enter(db: Database, identity: Identity, hours: float, now: datetime | None = None) -> SignedIn:
    """The session of this sign-in, begun if it is new; SignedOut with the reason where there is none.

    Asked at every run of a page, so a removal or another role counts from the next click on, and an invitation to one
    more workspace within TOUCH of it.
    """
    now, idle = now or utc_now(), timedelta(hours=hours)
    with db.read() as session:
        row = people.sign_in_anywhere(session, identity.token_hash)
        found = _memberships(session, identity)
    if row is None or not found:
        return _begin(db, identity, idle, now)
    if row.ended_at is not None:
        raise SignedOut("ended", "Your session has ended; sign in again to go on.")
    if row.expires_at <= now:
        _end(db, row.id, now, "expired")
        raise _expired(hours)
    if now - row.seen_at >= TOUCH:
        with db.write() as session:
            seen = session.get_one(SignIn, row.id)
            seen.seen_at, seen.expires_at = now, min(now + idle, _started(identity, now) + LONGEST)
            invitations.accept_all(session, identity.subject, identity.email, identity.name, now)  # since the sign-in
            found = _memberships(session, identity)
    return SignedIn(row.id, row.author_id, found)


def _begin(db: Database, identity: Identity, idle: timedelta, now: datetime) -> SignedIn:
    started = _started(identity, now)
    with db.write() as session:
        row = people.sign_in_anywhere(session, identity.token_hash)
        invitations.accept_all(session, identity.subject, identity.email, identity.name, now)
        found = _memberships(session, identity)
        if not found:
            raise _uninvited(identity, row is not None)
        if row is None and started + idle <= now:
            raise _expired(idle.total_seconds() / 3600)
        if row is None and started <= _restored(session, found):
            raise SignedOut("ended", "Your session has ended: the studio's data were restored; sign in again to go on.")
        if row is None:
            before = people.newest_sign_in(session, [m.user_id for m in found])
            member = next((m for m in found if before and m.user_id == before.author_id), found[0])
            if identity.email:
                for one in found:
                    session.get_one(User, one.user_id).email = identity.email
            row = SignIn(
                workspace_id=member.workspace_id, author_id=member.user_id, created_at=started,
                token_hash=identity.token_hash, seen_at=now, expires_at=min(now + idle, started + LONGEST),
            )  # fmt: skip
            session.add(row)
            session.flush()
            actor = Actor(member.user_id, member.role, member.workspace_id)
            audit.note(session, actor, "session.start", "sign_in", row.id)
        if row.ended_at is not None:
            raise SignedOut("ended", "Your session has ended; sign in again to go on.")
        if row.expires_at <= now:
            raise _expired(idle.total_seconds() / 3600)
        return SignedIn(row.id, row.author_id, found)


def end_all(session: Session, now: datetime) -> None:
    """Ends every session, also those that this database does not know of: it has just been restored."""
    session.execute(update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now))
    for workspace in session.scalars(select(Workspace)):
        workspace.settings = (workspace.settings or {}) | {RESTORED: now.isoformat()}


def sign_out(db: Database, signed: SignedIn) -> None:
    """Ends the session in all tabs that share it."""
    _end(db, signed.id, utc_now(), "signed out")


def choose(db: Database, signed: SignedIn, workspace_id: int) -> Membership:
    """Remembers in which of the person's own workspaces they act now, for their next tab."""
    member = signed.member(workspace_id)
    if member is None:
        raise NotFound("That workspace is not one of yours; choose one from the list.")
    with db.write() as session:
        row = session.get_one(SignIn, signed.id)
        if row.ended_at is None and row.author_id != member.user_id:
            row.author_id, row.workspace_id = member.user_id, member.workspace_id
    return member


def role_now(db: Database, sign_in_id: int, user_id: int) -> Role | None:
    """The role that counts at this moment; None once the session has ended or the person was removed."""
    with db.read() as session:
        return cast("Role | None", people.role_in_session(session, sign_in_id, user_id, utc_now()))


def touch(db: Database, signed: SignedIn, hours: float, now: datetime | None = None) -> None:
    """Writes a click in a part of a page down, which `enter` does not see; nothing where the session has ended.

    Not for parts that draw themselves anew by the clock: an open page alone keeps nobody in."""
    now = now or utc_now()
    with db.read() as session:
        row = session.get(SignIn, signed.id)
    if row is None or row.ended_at is not None or row.expires_at <= now or now - row.seen_at < TOUCH:
        return
    with db.write() as session:
        row = session.get_one(SignIn, signed.id)
        if row.ended_at is None:
            row.seen_at, row.expires_at = now, min(now + timedelta(hours=hours), row.created_at + LONGEST)


def _end(db: Database, sign_in_id: int, now: datetime, how: str) -> None:
    with db.write() as session:
        row = session.get_one(SignIn, sign_in_id)
        if row.ended_at is None:
            row.ended_at = now
            user = session.get_one(User, row.author_id)
            actor = Actor(user.id, cast(Role, user.role), user.workspace_id)
            audit.note(session, actor, "session.end", "sign_in", row.id, how=how)


def _memberships(session: Session, identity: Identity) -> tuple[Membership, ...]:
    return tuple(
        Membership(user.id, user.name, cast(Role, user.role), user.workspace_id, workspace)
        for user, workspace in people.memberships_anywhere(session, identity.subject)
    )


def _restored(session: Session, found: tuple[Membership, ...]) -> datetime:
    """When the database was last restored; the beginning of time where it never was."""
    ids = [member.workspace_id for member in found]
    every = session.scalars(select(Workspace.settings).where(Workspace.id.in_(ids)))
    told = [str(settings[RESTORED]) for settings in every if settings and RESTORED in settings]
    return max((datetime.fromisoformat(at) for at in told), default=datetime.min.replace(tzinfo=UTC))


def _started(identity: Identity, now: datetime) -> datetime:
    return min(identity.issued_at, now)  # a provider's clock that runs ahead grants nothing


def _expired(hours: float) -> SignedOut:
    lasts = f"{hours:g} hours without a click, and {LONGEST.days} days at most"
    return SignedOut(
        "expired", f"Your session has ended: it lasts {lasts}; sign in again to go on. What was saved is still there."
    )


def _uninvited(identity: Identity, was_in: bool) -> SignedOut:
    if was_in:
        return SignedOut("uninvited", "You are no longer in a workspace of this studio; an admin can take you back.")
    if not identity.email:
        return SignedOut(
            "unverified", "Your sign-in provider did not name a verified e-mail address, so no invitation can be "
            "found; verify your address there, or ask an admin.",
        )  # fmt: skip
    return SignedOut("uninvited", f"{identity.email} is not invited to this studio; ask an admin to invite you.")
