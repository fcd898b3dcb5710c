"""Tables about people and what they did: invitations, sessions after sign-in, and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, append_only, one_of

ROLES = ("advertiser", "reviewer", "analyst", "admin")


class Invitation(Owned, Base):
    """A place kept for somebody: who signs in with this verified e-mail gets the role. No mail is sent."""

    __tablename__ = "invitations"
    email: Mapped[str] = mapped_column(String(255))  # lower case
    role: Mapped[str] = mapped_column(String(20))
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("role", ROLES),
        Index(None, "email"),
        Index(
            "uq_invitations_pending", "workspace_id", "email", unique=True,
            sqlite_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )  # fmt: skip


class SignIn(Owned, Base):
    """One session of a signed-in person (`author_id`). Only the hash of its token is kept."""

    __tablename__ = "sign_ins"
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "author_id"),)


class AuditEvent(Owned, Base):
    """Who did what to which object, with which versions. Each row holds the hash of the one before it."""

    __tablename__ = "audit_events"
    action: Mapped[str] = mapped_column(String(60))  # "text.approve", "version.promote", …
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int | None]
    versions: Mapped[dict[str, Any]]
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index(None, "workspace_id", "action"),
        Index(None, "workspace_id", "object_type", "object_id"),
        Index(None, "workspace_id", "object_type", "id"),
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "author_id"),
        Index(None, "workspace_id", "created_at"),
        Index("uq_audit_events_previous", "workspace_id", "previous", unique=True),  # a chain does not fork
    )


append_only(AuditEvent)
