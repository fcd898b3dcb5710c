"""The questions asked of users, invitations and sessions. What a sign-in is matched on (its subject, its e-mail, its
token) is asked of all workspaces, and the name says so; all else answers from one workspace.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from db.models import Invitation, SignIn, User, Workspace

CHUNK = 500


def names(session: Session, workspace_id: int, user_ids: Iterable[int]) -> Sequence[Row[int, str, str]]:
    """id, name and subject of some users of the workspace."""
    wanted = sorted(set(user_ids))
    rows: list[Row[int, str, str]] = []
    for start in range(0, len(wanted), CHUNK):
        query = select(User.id, User.name, User.subject).where(
            User.workspace_id == workspace_id, User.id.in_(wanted[start : start + CHUNK])
        )
        rows += session.execute(query).all()
    return rows


def user_of(session: Session, workspace_id: int, user_id: int) -> User | None:
    return session.scalar(select(User).where(User.workspace_id == workspace_id, User.id == user_id))


def user_by_subject(session: Session, workspace_id: int, subject: str) -> User | None:
    return session.scalar(select(User).where(User.workspace_id == workspace_id, User.subject == subject))


def users_by_email(session: Session, workspace_id: int, email: str) -> Sequence[User]:
    return session.scalars(select(User).where(User.workspace_id == workspace_id, User.email == email)).all()


def page_of_users(
    session: Session, workspace_id: int, local: str, search: str, offset: int, limit: int
) -> tuple[Sequence[User], int]:
    """Users by name, those in the workspace first, without the one with the subject `local`; and how many in all."""
    fits: list[ColumnElement[bool]] = [User.workspace_id == workspace_id, User.subject != local]
    if search:
        fits.append(or_(User.name.icontains(search, autoescape=True), User.email.icontains(search, autoescape=True)))
    query = select(User).where(*fits).order_by(User.active.desc(), func.lower(User.name), User.id)
    count = session.scalar(select(func.count(User.id)).where(*fits)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), count


def other_admins(session: Session, workspace_id: int, local: str, user_id: int) -> int:
    """How many people who can sign in are admins of the workspace, `user_id` apart."""
    query = select(func.count(User.id)).where(
        User.workspace_id == workspace_id, User.role == "admin", User.active, User.subject != local, User.id != user_id
    )
    return session.scalar(query) or 0


def memberships_anywhere(session: Session, subject: str) -> Sequence[Row[User, str]]:
    """Every workspace in which this subject is active, by name."""
    query = select(User, Workspace.name).join(Workspace, Workspace.id == User.workspace_id)
    return session.execute(query.where(User.subject == subject, User.active).order_by(Workspace.name)).all()


def invitations_anywhere(session: Session, email: str) -> Sequence[Invitation]:
    """The pending invitations of this e-mail in all workspaces."""
    query = select(Invitation).where(
        Invitation.email == email, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )
    return session.scalars(query.order_by(Invitation.id)).all()


def pending(session: Session, workspace_id: int, limit: int) -> Sequence[Invitation]:
    """The workspace's pending invitations, newest first."""
    query = select(Invitation).where(
        Invitation.workspace_id == workspace_id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )
    return session.scalars(query.order_by(Invitation.id.desc()).limit(limit)).all()


def pending_of(session: Session, workspace_id: int, email: str) -> Invitation | None:
    query = select(Invitation).where(
        Invitation.workspace_id == workspace_id, Invitation.email == email,
        Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None),
    )  # fmt: skip
    return session.scalar(query)


def sign_in_anywhere(session: Session, token_hash: str) -> SignIn | None:
    return session.scalar(select(SignIn).where(SignIn.token_hash == token_hash))


def newest_sign_in(session: Session, user_ids: Sequence[int]) -> SignIn | None:
    query = select(SignIn).where(SignIn.author_id.in_(user_ids)).order_by(SignIn.id.desc()).limit(1)
    return session.scalar(query)


def open_sign_ins(session: Session, user_id: int) -> Sequence[SignIn]:
    return session.scalars(select(SignIn).where(SignIn.author_id == user_id, SignIn.ended_at.is_(None))).all()


def role_in_session(session: Session, sign_in_id: int, user_id: int, now: datetime) -> str | None:
    """The user's role as of now if the session still runs and the user is still active."""
    query = select(User.role).join(SignIn, SignIn.id == sign_in_id)
    query = query.where(User.id == user_id, User.active, SignIn.ended_at.is_(None), SignIn.expires_at > now)
    return session.scalar(query)


def last_seen(session: Session, user_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of some users was last here, as far as sessions know."""
    query = select(SignIn.author_id, func.max(SignIn.seen_at)).where(SignIn.author_id.in_(user_ids))
    return {row[0]: row[1] for row in session.execute(query.group_by(SignIn.author_id))}
