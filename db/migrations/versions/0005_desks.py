"""People, ads, review and audit: what the three desks need.

Invitations, sessions and the audit log; ads with revisions, statuses and comments; looks of the review queue, gold
texts and calls on findings; verdicts by country, with proof until a day, blind or for a group of identical claims.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.claims import claim_of

revision: str = "0005"
down_revision: str | None = "0004"

OLD = "outcome IN ('compliant', 'violation')"
NEW = "outcome IN ('compliant', 'violation', 'needs_proof', 'allowed', 'escalate', 'withdrawn')"
TABLES = (
    "review_slots", "finding_calls", "gold_texts", "status_changes", "comments", "ad_revisions", "ads", "sign_ins",
    "invitations", "audit_events",
)  # fmt: skip


def upgrade() -> None:
    _columns()
    _tables()
    op.create_index(op.f("ix_texts_workspace_id_created_at"), "texts", ["workspace_id", "created_at"], unique=False)
    op.create_index(op.f("ix_texts_workspace_id_written_by"), "texts", ["workspace_id", "written_by"], unique=False)


def _columns() -> None:
    # SQLite appends columns behind the constraints; rebuilt, the tables read as their models do
    rebuild: Any = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("briefs", recreate=rebuild) as table:
        table.add_column(sa.Column("campaign", sa.String(length=255), nullable=True))
        table.add_column(sa.Column("ad_group", sa.String(length=255), nullable=True))
    with op.batch_alter_table("users", recreate=rebuild) as table:
        table.add_column(sa.Column("email", sa.String(length=255), nullable=True))
        table.create_index(op.f("ix_users_subject"), ["subject"], unique=False)
    with op.batch_alter_table("workspaces", recreate=rebuild) as table:
        table.add_column(sa.Column("settings", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("verdicts", recreate=rebuild) as table:
        table.add_column(sa.Column("countries", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("blind", sa.Boolean(), nullable=True))
        table.add_column(sa.Column("seconds", sa.Double(), nullable=True))
        table.add_column(sa.Column("claim", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("settled_by_id", sa.Integer(), nullable=True))
        table.drop_constraint(op.f("ck_verdicts_outcome"), type_="check")
    op.execute("UPDATE workspaces SET settings = '{}'")
    op.execute(sa.text("UPDATE verdicts SET countries = '[]', blind = :no").bindparams(no=False))
    with op.batch_alter_table("workspaces", recreate=rebuild) as table:
        table.alter_column("settings", existing_type=sa.JSON(none_as_null=True), nullable=False)
    with op.batch_alter_table("verdicts", recreate=rebuild) as table:
        table.alter_column("countries", existing_type=sa.JSON(none_as_null=True), nullable=False)
        table.alter_column("blind", existing_type=sa.Boolean(), nullable=False)
        table.create_check_constraint("outcome", NEW)
        table.create_check_constraint("allowed_until", "outcome <> 'allowed' OR until IS NOT NULL")
        table.create_foreign_key(op.f("fk_verdicts_settled_by_id_verdicts"), "verdicts", ["settled_by_id"], ["id"])
        table.create_index(op.f("ix_verdicts_settled_by_id"), ["settled_by_id"], unique=False)
        table.create_index(op.f("ix_verdicts_workspace_id_blind"), ["workspace_id", "blind"], unique=False)
        table.create_index(op.f("ix_verdicts_workspace_id_claim"), ["workspace_id", "claim"], unique=False)
        table.create_index(op.f("ix_verdicts_workspace_id_until"), ["workspace_id", "until"], unique=False)
    with op.batch_alter_table("texts", recreate=rebuild) as table:
        table.add_column(sa.Column("claim", sa.String(length=64), nullable=True))
        table.create_index(op.f("ix_texts_workspace_id_claim"), ["workspace_id", "claim"], unique=False)
    _claims()


def _claims() -> None:
    """Fills texts.claim, some rows at a time."""
    texts = sa.table("texts", sa.column("id"), sa.column("text"), sa.column("claim"))
    after = 0
    while True:
        some = sa.select(texts.c.id, texts.c.text).where(texts.c.id > after).order_by(texts.c.id).limit(5000)
        rows = op.get_bind().execute(some).all()
        if not rows:
            return
        change = texts.update().where(texts.c.id == sa.bindparam("at")).values(claim=sa.bindparam("wording"))
        op.get_bind().execute(change, [{"at": row.id, "wording": claim_of(row.text)} for row in rows])
        after = rows[-1].id


def _tables() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=True),
        sa.Column("versions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_audit_events_author_id_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_events_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        op.f("ix_audit_events_workspace_id_action"), "audit_events", ["workspace_id", "action"], unique=False
    )
    op.create_index(
        op.f("ix_audit_events_workspace_id_object_type_object_id"),
        "audit_events",
        ["workspace_id", "object_type", "object_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_events_workspace_id_object_type_id"),
        "audit_events",
        ["workspace_id", "object_type", "id"],
        unique=False,
    )
    for column in ("id", "author_id", "created_at"):
        op.create_index(
            op.f(f"ix_audit_events_workspace_id_{column}"), "audit_events", ["workspace_id", column], unique=False
        )
    op.create_index("uq_audit_events_previous", "audit_events", ["workspace_id", "previous"], unique=True)

    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("accepted_by_id", sa.Integer(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('advertiser', 'reviewer', 'analyst', 'admin')",
            name=op.f("ck_invitations_role"),
        ),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["users.id"], name=op.f("fk_invitations_accepted_by_id_users")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_invitations_author_id_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_invitations_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_email"), "invitations", ["email"], unique=False)
    op.create_index(
        "uq_invitations_pending",
        "invitations",
        ["workspace_id", "email"],
        unique=True,
        sqlite_where=sa.text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        postgresql_where=sa.text("accepted_at IS NULL AND withdrawn_at IS NULL"),
    )

    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_sign_ins_author_id_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_sign_ins_workspace_id_workspaces"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
    )
    op.create_index(op.f("ix_sign_ins_author_id"), "sign_ins", ["author_id"], unique=False)

    op.create_table(
        "ads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("placement", sa.String(length=40), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_ads_author_id_users")),
        sa.ForeignKeyConstraint(["brief_id"], ["briefs.id"], name=op.f("fk_ads_brief_id_briefs")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_ads_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ads")),
    )
    op.create_index(op.f("ix_ads_workspace_id_brief_id"), "ads", ["workspace_id", "brief_id"], unique=False)

    op.create_table(
        "ad_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ad_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("slots", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["ad_id"], ["ads.id"], name=op.f("fk_ad_revisions_ad_id_ads")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_ad_revisions_author_id_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_ad_revisions_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ad_revisions")),
        sa.UniqueConstraint("ad_id", "number", name=op.f("uq_ad_revisions_ad_id_number")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("ad_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ad_id"], ["ads.id"], name=op.f("fk_comments_ad_id_ads")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_comments_author_id_users")),
        sa.ForeignKeyConstraint(["brief_id"], ["briefs.id"], name=op.f("fk_comments_brief_id_briefs")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_comments_text_id_texts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_comments_workspace_id_workspaces"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_ad_id"), "comments", ["ad_id"], unique=False)
    op.create_index(op.f("ix_comments_text_id"), "comments", ["text_id"], unique=False)
    op.create_index(op.f("ix_comments_workspace_id_brief_id"), "comments", ["workspace_id", "brief_id"], unique=False)

    op.create_table(
        "gold_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_gold_texts_author_id_users")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_gold_texts_text_id_texts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_gold_texts_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gold_texts")),
        sa.UniqueConstraint("workspace_id", "text_id", name=op.f("uq_gold_texts_workspace_id_text_id")),
    )
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("ad_id", sa.Integer(), nullable=True),
        sa.Column("ad_revision_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'in_review', 'approved', 'rejected', 'live')", name=op.f("ck_status_changes_status")
        ),
        sa.CheckConstraint("(text_id IS NULL) <> (ad_id IS NULL)", name=op.f("ck_status_changes_about_one_thing")),
        sa.ForeignKeyConstraint(["ad_id"], ["ads.id"], name=op.f("fk_status_changes_ad_id_ads")),
        sa.ForeignKeyConstraint(
            ["ad_revision_id"], ["ad_revisions.id"], name=op.f("fk_status_changes_ad_revision_id_ad_revisions")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_status_changes_author_id_users")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_status_changes_text_id_texts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_status_changes_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
    )
    op.create_index(op.f("ix_status_changes_ad_id"), "status_changes", ["ad_id"], unique=False)
    op.create_index(op.f("ix_status_changes_text_id"), "status_changes", ["text_id"], unique=False)
    op.create_index(
        op.f("ix_status_changes_workspace_id_status"), "status_changes", ["workspace_id", "status"], unique=False
    )

    op.create_table(
        "finding_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=60), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_finding_calls_author_id_users")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_finding_calls_text_id_texts")),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], name=op.f("fk_finding_calls_verdict_id_verdicts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_finding_calls_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_calls")),
    )
    op.create_index(op.f("ix_finding_calls_text_id"), "finding_calls", ["text_id"], unique=False)
    op.create_index(op.f("ix_finding_calls_verdict_id"), "finding_calls", ["verdict_id"], unique=False)
    op.create_index(
        op.f("ix_finding_calls_workspace_id_rule_id"), "finding_calls", ["workspace_id", "rule_id"], unique=False
    )

    op.create_table(
        "review_slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_review_slots_author_id_users")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_review_slots_text_id_texts")),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], name=op.f("fk_review_slots_verdict_id_verdicts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_review_slots_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_slots")),
        sa.UniqueConstraint("text_id", "author_id", name=op.f("uq_review_slots_text_id_author_id")),
        sa.UniqueConstraint("text_id", "number", name=op.f("uq_review_slots_text_id_number")),
    )
    op.create_index(
        op.f("ix_review_slots_workspace_id_author_id"), "review_slots", ["workspace_id", "author_id"], unique=False
    )
    op.create_index(
        "ix_review_slots_open",
        "review_slots",
        ["workspace_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("verdict_id IS NULL"),
        postgresql_where=sa.text("verdict_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_texts_workspace_id_written_by", table_name="texts")
    op.drop_index("ix_texts_workspace_id_created_at", table_name="texts")
    for name in TABLES:
        op.drop_table(name)
    for name in ("settled_by_id", "workspace_id_blind", "workspace_id_claim", "workspace_id_until"):
        op.drop_index(f"ix_verdicts_{name}", table_name="verdicts")
    op.drop_index("ix_texts_workspace_id_claim", table_name="texts")
    op.drop_column("texts", "claim")
    with op.batch_alter_table("verdicts") as table:
        table.drop_constraint(op.f("ck_verdicts_outcome"), type_="check")
        table.drop_constraint(op.f("ck_verdicts_allowed_until"), type_="check")
        for column in ("countries", "until", "blind", "seconds", "claim", "settled_by_id"):
            table.drop_column(column)
        table.create_check_constraint("outcome", OLD)
    op.drop_index("ix_users_subject", table_name="users")
    for table_name, columns in (
        ("users", ["email"]),
        ("briefs", ["campaign", "ad_group"]),
        ("workspaces", ["settings"]),
    ):
        for column in columns:
            op.drop_column(table_name, column)
