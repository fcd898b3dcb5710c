"""Tables of the review desk: who has which text, gold texts, and what was said about each suggested finding."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, append_only


class ReviewSlot(Owned, Base):
    """One of the looks that a text gets, taken by a reviewer (`author_id`). Nobody gets a text twice, and no look is
    given to two; one that expires without a verdict may be taken by somebody else."""

    __tablename__ = "review_slots"
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    number: Mapped[int]  # counts from 1 to the text's overlap
    blind: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
    verdict_id: Mapped[int | None] = mapped_column(ForeignKey("verdicts.id"))
    __table_args__ = (
        UniqueConstraint("text_id", "number"),
        UniqueConstraint("text_id", "author_id"),
        Index(None, "workspace_id", "author_id"),
        Index(
            "ix_review_slots_open", "workspace_id", "expires_at",
            sqlite_where=text("verdict_id IS NULL"), postgresql_where=text("verdict_id IS NULL"),
        ),
    )  # fmt: skip


class GoldText(Owned, Base):
    """A text whose right verdict is agreed, mixed into the queue to measure reviewers."""

    __tablename__ = "gold_texts"
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    rules: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(String(500), default="")
    retired_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("workspace_id", "text_id"),)


class FindingCall(Owned, Base):
    """A reviewer's word about one suggested finding: accepted, or dismissed with a reason."""

    __tablename__ = "finding_calls"
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdicts.id"), index=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"), index=True)
    rule_id: Mapped[str] = mapped_column(String(60))
    start: Mapped[int | None]
    end: Mapped[int | None]
    accepted: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    __table_args__ = (Index(None, "workspace_id", "rule_id"),)


append_only(FindingCall)
