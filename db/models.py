"""The tables. Every row names its workspace, the user who caused it and when (UTC).

What happened is append-only: texts, scorecards, shown positions, feedback and verdicts are written
once (`append_only` refuses an update); a later row supersedes an earlier one. Judgements and briefs are
JSON payloads of the engine's dataclasses with the few columns that are filtered or charted beside
them, so this room need not know the engine. Tables of the desks lie in tables_*.py and are named here too.
Leaves out who may do what (app/services).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, UTCDateTime, append_only, one_of, utc_now
from db.claims import claim_of
from db.tables_ads import STATUSES, Ad, AdRevision, Comment, StatusChange
from db.tables_people import ROLES, AuditEvent, Invitation, SignIn
from db.tables_review import FindingCall, GoldText, ReviewSlot

__all__ = [
    "ROLES", "STATUSES", "Ad", "AdRevision", "AuditEvent", "Base", "Comment", "FindingCall", "GoldText", "Invitation",
    "Owned", "ReviewSlot", "SignIn", "StatusChange", "UTCDateTime", "utc_now",
]  # fmt: skip

FEEDBACK = ("pick", "unpick", "reject", "rate", "copy", "export", "edit")
PICKS = ("pick", "copy", "export")  # copying or exporting a text is choosing it, but for queries.NO_CHOICE
OUTCOMES = ("compliant", "violation", "needs_proof", "allowed", "escalate", "withdrawn")
VERSION_KINDS = ("policy", "reward", "rule")
CHANGE_KINDS = ("promote", "rollback", "trial")
IMPORT_STATES = ("staged", "visible", "undone")
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")


class Workspace(Base):
    __tablename__ = "workspaces"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    author_id: Mapped[int | None]  # no foreign key: workspaces and users would point at each other
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # app/services/workspace.py knows the names


class User(Base):
    """One person in one workspace; the same `subject` in several is one person.

    `subject` is the sign-in's identity ("issuer|sub"), "local" in single-user mode.
    """

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: added by the program
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    subject: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    email: Mapped[str | None] = mapped_column(String(255))  # lower case, as verified at sign-in
    __table_args__ = (UniqueConstraint("workspace_id", "subject"), one_of("role", ROLES), Index(None, "subject"))


class Brief(Owned, Base):
    """A saved brief; `checksum` of the payload tells a scorecard that the brief has changed since."""

    __tablename__ = "briefs"
    title: Mapped[str] = mapped_column(String(200))
    placement: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    checksum: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    archived_at: Mapped[datetime | None]
    campaign: Mapped[str | None] = mapped_column(String(255))  # where it came from, if from a client's export
    ad_group: Mapped[str | None] = mapped_column(String(255))
    __table_args__ = (Index(None, "workspace_id", "updated_at"),)


class Generation(Owned, Base):
    """One shown set: a draft by the policy, or lines a person brought, with the brief as it was then."""

    __tablename__ = "generations"
    brief_id: Mapped[int] = mapped_column(ForeignKey("briefs.id"))
    kind: Mapped[str] = mapped_column(String(20))
    placement: Mapped[str] = mapped_column(String(40))
    policy_version: Mapped[str] = mapped_column(String(120))
    reward_version: Mapped[str] = mapped_column(String(120))
    rule_version: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(120))
    seed: Mapped[int | None]
    request: Mapped[dict[str, Any]]  # counts, angle, "more like this"
    brief_payload: Mapped[dict[str, Any]]
    ad_findings: Mapped[list[Any]]
    timing: Mapped[dict[str, Any]]
    short: Mapped[dict[str, Any]]  # slots left short: how many are missing
    __table_args__ = (one_of("kind", ("draft", "own_lines")), Index(None, "workspace_id", "brief_id"))


def _claim(context: Any) -> str:
    return claim_of(context.get_current_parameters()["text"])


class Text(Owned, Base):
    """One text for one slot. `written_by` is "policy:<version>" or "person:<user id>"."""

    __tablename__ = "texts"
    brief_id: Mapped[int] = mapped_column(ForeignKey("briefs.id"))
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"), index=True)  # edited from
    placement: Mapped[str] = mapped_column(String(40))
    slot: Mapped[str] = mapped_column(String(40))
    angle: Mapped[str | None] = mapped_column(String(40))
    written_by: Mapped[str] = mapped_column(String(160))
    text: Mapped[str] = mapped_column(LongText)
    claim: Mapped[str | None] = mapped_column(String(64), default=_claim)  # alike for texts of the same wording
    __table_args__ = (
        Index(None, "workspace_id", "brief_id"),
        Index(None, "workspace_id", "created_at"),
        Index(None, "workspace_id", "written_by"),
        Index(None, "workspace_id", "claim"),
    )


class Card(Owned, Base):
    """A scorecard: immutable, keyed by text, brief and the versions that judged."""

    __tablename__ = "scorecards"
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    brief_id: Mapped[int] = mapped_column(ForeignKey("briefs.id"))
    brief_checksum: Mapped[str] = mapped_column(String(64))
    policy_version: Mapped[str] = mapped_column(String(120))
    reward_version: Mapped[str] = mapped_column(String(120))
    rule_version: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(120))
    level: Mapped[str] = mapped_column(String(20))
    score: Mapped[float]  # compliance, 0 to 100
    ctr: Mapped[float]
    cvr: Mapped[float]
    ctcvr: Mapped[float]
    beats_typical: Mapped[float]
    rewards: Mapped[dict[str, Any]]
    payload: Mapped[dict[str, Any]]
    __table_args__ = (
        UniqueConstraint(
            "text_id", "brief_checksum", "policy_version", "reward_version", "rule_version", "path",
            name="uq_scorecards_key",
        ),
        one_of("level", ("blocked", "caution", "clear")),
        Index(None, "workspace_id", "level"),
    )  # fmt: skip


class Shown(Owned, Base):
    """Where a text stood in the shown set (0 is best, inside its slot), with the card shown beside it."""

    __tablename__ = "shown"
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id"))
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"), index=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("scorecards.id"))
    slot: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    __table_args__ = (UniqueConstraint("generation_id", "slot", "position"),)


class Dropped(Owned, Base):
    """A candidate that was written but not shown, and why."""

    __tablename__ = "dropped"
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id"), index=True)
    slot: Mapped[str] = mapped_column(String(40))
    angle: Mapped[str | None] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(LongText)
    reason: Mapped[str] = mapped_column(LongText)


class Feedback(Owned, Base):
    """What a person did with a shown text. An edit holds both texts and the id of the new one."""

    __tablename__ = "feedback"
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"), index=True)
    generation_id: Mapped[int] = mapped_column(ForeignKey("generations.id"))
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500), default="")
    rating: Mapped[int | None]
    before: Mapped[str | None] = mapped_column(LongText)
    after: Mapped[str | None] = mapped_column(LongText)
    new_text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    __table_args__ = (
        one_of("kind", FEEDBACK),
        CheckConstraint("(kind = 'rate') = (rating IS NOT NULL)", name="rate_has_rating"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("kind <> 'edit' OR (before || after) IS NOT NULL", name="edit_has_texts"),
        Index(None, "workspace_id", "created_at"),
    )


class Verdict(Owned, Base):
    """A reviewer's decision about a text; the newest that stands counts. A withdrawal takes back the one it supersedes.

    Spans are [start, end) code points. `countries`: where it holds, [] = wherever the brief runs. `claim`: hash of the
    normalised wording, alike for identical texts. A verdict given to a whole group of them names in `settled_by_id`
    the one that the reviewer gave.
    """

    __tablename__ = "verdicts"
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"), index=True)
    card_id: Mapped[int | None] = mapped_column(ForeignKey("scorecards.id"))  # what the reviewer saw
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("verdicts.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    rules: Mapped[list[Any]]
    spans: Mapped[list[Any]]
    comment: Mapped[str] = mapped_column(LongText, default="")
    countries: Mapped[list[Any]] = mapped_column(default=list)
    until: Mapped[datetime | None]  # the end of "allowed with proof until DATE"
    blind: Mapped[bool] = mapped_column(default=False)  # given without suggestions, on a random clear text
    seconds: Mapped[float | None]  # from the text on screen to the verdict
    claim: Mapped[str | None] = mapped_column(String(64))
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("verdicts.id"), index=True)
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("outcome <> 'allowed' OR until IS NOT NULL", name="allowed_until"),
        Index(None, "workspace_id", "created_at"),
        Index(None, "workspace_id", "claim"),
        Index(None, "workspace_id", "blind"),
        Index(None, "workspace_id", "until"),
    )


class Version(Owned, Base):
    """A policy, reward or rule version of one workspace; at most one of a kind is active."""

    __tablename__ = "versions"
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(120))
    parent: Mapped[str | None] = mapped_column(String(120))
    manifest: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        UniqueConstraint("workspace_id", "kind", "version"),
        one_of("kind", VERSION_KINDS),
        Index(
            "uq_versions_active", "workspace_id", "kind", unique=True,
            sqlite_where=text("active"), postgresql_where=text("active"),
        ),
    )  # fmt: skip


class VersionChange(Owned, Base):
    """Who changed which writer drafts, and why. None is the shipped writer; a trial without `to_version` has ended."""

    __tablename__ = "version_changes"
    kind: Mapped[str] = mapped_column(String(20))
    from_version: Mapped[str | None] = mapped_column(String(120))
    to_version: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(500))
    __table_args__ = (one_of("kind", CHANGE_KINDS), Index(None, "workspace_id", "kind"))


class Job(Owned, Base):
    """A piece of work for the worker process. This table is the only truth about it."""

    __tablename__ = "jobs"
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="queued")
    request: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(LongText, default="")
    cancel: Mapped[bool] = mapped_column(default=False)
    checkpoint: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", JOB_STATES),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index(None, "state", "lease_until"),
        Index(None, "workspace_id", "kind", "state"),
    )


class Import(Owned, Base):
    """One file of campaign results. Its rows count only while it is visible; `content` is the hash of its bytes."""

    __tablename__ = "imports"
    name: Mapped[str] = mapped_column(String(255))
    content: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(20))
    placement: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="staged")
    summary: Mapped[dict[str, Any]]  # the report: counts, reasons, notes
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", IMPORT_STATES),
        Index(None, "workspace_id", "state"),
        Index(
            "uq_imports_visible", "workspace_id", "content", unique=True,
            sqlite_where=text("state = 'visible'"), postgresql_where=text("state = 'visible'"),
        ),
    )  # fmt: skip


class Result(Owned, Base):
    """Counts of one row as the platform reported them; the newest visible row of a key counts.

    `meaning`: all that says what the counts are (grain, texts, action, window, days, …), as the engine wrote it.
    """

    __tablename__ = "results"
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int]
    row_key: Mapped[str] = mapped_column(String(32))
    arm: Mapped[str] = mapped_column(String(16))  # the ad or text, whatever the day
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"), index=True)  # the first drafted text in it
    impressions: Mapped[int] = mapped_column(BigInteger)
    clicks: Mapped[int] = mapped_column(BigInteger)
    conversions: Mapped[float | None]
    meaning: Mapped[dict[str, Any]]
    __table_args__ = (
        CheckConstraint("clicks BETWEEN 0 AND impressions", name="clicks"),
        Index(None, "workspace_id", "row_key"),
    )


class RejectedResult(Owned, Base):
    """A row of an import that could not be used, with the line and the reason."""

    __tablename__ = "rejected_results"
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    cells: Mapped[list[Any]]


append_only(Text, Card, Shown, Dropped, Feedback, Verdict, VersionChange)
