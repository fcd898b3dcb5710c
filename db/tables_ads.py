"""Tables of the ad builder: ads with their revisions, the status of texts and ads, and comments."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, append_only, one_of

STATUSES = ("draft", "in_review", "approved", "rejected", "live")


class Ad(Owned, Base):
    """One ad put together for a brief; what is in it says its newest revision."""

    __tablename__ = "ads"
    brief_id: Mapped[int] = mapped_column(ForeignKey("briefs.id"))
    name: Mapped[str] = mapped_column(String(200))
    placement: Mapped[str] = mapped_column(String(40))
    archived_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "workspace_id", "brief_id"),)


class AdRevision(Owned, Base):
    """What an ad holds from now on: `slots` is a list of {slot, text_id, pin}; `number` counts from 1."""

    __tablename__ = "ad_revisions"
    ad_id: Mapped[int] = mapped_column(ForeignKey("ads.id"))
    number: Mapped[int]
    slots: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(String(500), default="")
    __table_args__ = (UniqueConstraint("ad_id", "number"),)


class StatusChange(Owned, Base):
    """From now on a text, or an ad as of a revision, has this status; the newest row counts, none is "draft"."""

    __tablename__ = "status_changes"
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"), index=True)
    ad_id: Mapped[int | None] = mapped_column(ForeignKey("ads.id"), index=True)
    ad_revision_id: Mapped[int | None] = mapped_column(ForeignKey("ad_revisions.id"))
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    __table_args__ = (
        one_of("status", STATUSES),
        CheckConstraint("(text_id IS NULL) <> (ad_id IS NULL)", name="about_one_thing"),
        Index(None, "workspace_id", "status"),
    )


class Comment(Owned, Base):
    """What somebody said about a brief, a text of it or an ad of it."""

    __tablename__ = "comments"
    brief_id: Mapped[int] = mapped_column(ForeignKey("briefs.id"))
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"), index=True)
    ad_id: Mapped[int | None] = mapped_column(ForeignKey("ads.id"), index=True)
    body: Mapped[str] = mapped_column(LongText)
    __table_args__ = (Index(None, "workspace_id", "brief_id"),)


append_only(AdRevision, StatusChange, Comment)
