"""First tables: people, briefs, shown sets, scorecards, feedback, verdicts, versions, jobs."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("name", name=op.f("uq_workspaces_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("role IN ('advertiser', 'reviewer', 'analyst', 'admin')", name=op.f("ck_users_role")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_users_author_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_users_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("workspace_id", "subject", name=op.f("uq_users_workspace_id_subject")),
    )
    op.create_table(
        "briefs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("placement", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_briefs_author_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_briefs_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefs")),
    )
    op.create_index(op.f("ix_briefs_workspace_id_updated_at"), "briefs", ["workspace_id", "updated_at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("checkpoint", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_jobs_progress")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_jobs_author_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_jobs_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_state_lease_until"), "jobs", ["state", "lease_until"], unique=False)
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=120), nullable=False),
        sa.Column("parent", sa.String(length=120), nullable=True),
        sa.Column("manifest", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('policy', 'reward', 'rule')", name=op.f("ck_versions_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_versions_author_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_versions_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("workspace_id", "kind", "version", name=op.f("uq_versions_workspace_id_kind_version")),
    )
    op.create_index(
        "uq_versions_active",
        "versions",
        ["workspace_id", "kind"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "generations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("placement", sa.String(length=40), nullable=False),
        sa.Column("policy_version", sa.String(length=120), nullable=False),
        sa.Column("reward_version", sa.String(length=120), nullable=False),
        sa.Column("rule_version", sa.String(length=120), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("brief_payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("ad_findings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("timing", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("short", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("kind IN ('draft', 'own_lines')", name=op.f("ck_generations_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_generations_author_id_users")),
        sa.ForeignKeyConstraint(["brief_id"], ["briefs.id"], name=op.f("fk_generations_brief_id_briefs")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_generations_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
    )
    op.create_index(
        op.f("ix_generations_workspace_id_brief_id"),
        "generations",
        ["workspace_id", "brief_id"],
        unique=False,
    )
    op.create_table(
        "dropped",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("angle", sa.String(length=40), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_dropped_author_id_users")),
        sa.ForeignKeyConstraint(
            ["generation_id"], ["generations.id"], name=op.f("fk_dropped_generation_id_generations")
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_dropped_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropped")),
    )
    op.create_index(op.f("ix_dropped_generation_id"), "dropped", ["generation_id"], unique=False)
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("placement", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("angle", sa.String(length=40), nullable=True),
        sa.Column("written_by", sa.String(length=160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_texts_author_id_users")),
        sa.ForeignKeyConstraint(["brief_id"], ["briefs.id"], name=op.f("fk_texts_brief_id_briefs")),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], name=op.f("fk_texts_generation_id_generations")),
        sa.ForeignKeyConstraint(["parent_id"], ["texts.id"], name=op.f("fk_texts_parent_id_texts")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_texts_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_texts")),
    )
    op.create_index(op.f("ix_texts_generation_id"), "texts", ["generation_id"], unique=False)
    op.create_index(op.f("ix_texts_parent_id"), "texts", ["parent_id"], unique=False)
    op.create_index(op.f("ix_texts_workspace_id_brief_id"), "texts", ["workspace_id", "brief_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("new_text_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(kind = 'rate') = (rating IS NOT NULL)", name=op.f("ck_feedback_rate_has_rating")),
        sa.CheckConstraint("kind <> 'edit' OR (before || after) IS NOT NULL", name=op.f("ck_feedback_edit_has_texts")),
        sa.CheckConstraint(
            "kind IN ('pick', 'unpick', 'reject', 'rate', 'copy', 'export', 'edit')",
            name=op.f("ck_feedback_kind"),
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_feedback_rating")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_feedback_author_id_users")),
        sa.ForeignKeyConstraint(
            ["generation_id"], ["generations.id"], name=op.f("fk_feedback_generation_id_generations")
        ),
        sa.ForeignKeyConstraint(["new_text_id"], ["texts.id"], name=op.f("fk_feedback_new_text_id_texts")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_feedback_text_id_texts")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_feedback_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_text_id"), "feedback", ["text_id"], unique=False)
    op.create_index(
        op.f("ix_feedback_workspace_id_created_at"), "feedback", ["workspace_id", "created_at"], unique=False
    )
    op.create_table(
        "scorecards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("brief_checksum", sa.String(length=64), nullable=False),
        sa.Column("policy_version", sa.String(length=120), nullable=False),
        sa.Column("reward_version", sa.String(length=120), nullable=False),
        sa.Column("rule_version", sa.String(length=120), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("ctr", sa.Double(), nullable=False),
        sa.Column("cvr", sa.Double(), nullable=False),
        sa.Column("ctcvr", sa.Double(), nullable=False),
        sa.Column("beats_typical", sa.Double(), nullable=False),
        sa.Column("rewards", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("level IN ('blocked', 'caution', 'clear')", name=op.f("ck_scorecards_level")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_scorecards_author_id_users")),
        sa.ForeignKeyConstraint(["brief_id"], ["briefs.id"], name=op.f("fk_scorecards_brief_id_briefs")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_scorecards_text_id_texts")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_scorecards_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecards")),
        sa.UniqueConstraint(
            "text_id",
            "brief_checksum",
            "policy_version",
            "reward_version",
            "rule_version",
            "path",
            name="uq_scorecards_key",
        ),
    )
    op.create_index(op.f("ix_scorecards_workspace_id_level"), "scorecards", ["workspace_id", "level"], unique=False)
    op.create_table(
        "shown",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_shown_author_id_users")),
        sa.ForeignKeyConstraint(["card_id"], ["scorecards.id"], name=op.f("fk_shown_card_id_scorecards")),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], name=op.f("fk_shown_generation_id_generations")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_shown_text_id_texts")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_shown_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shown")),
        sa.UniqueConstraint("generation_id", "slot", "position", name=op.f("uq_shown_generation_id_slot_position")),
    )
    op.create_index(op.f("ix_shown_text_id"), "shown", ["text_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=True),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("spans", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('compliant', 'violation')", name=op.f("ck_verdicts_outcome")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_verdicts_author_id_users")),
        sa.ForeignKeyConstraint(["card_id"], ["scorecards.id"], name=op.f("fk_verdicts_card_id_scorecards")),
        sa.ForeignKeyConstraint(["supersedes_id"], ["verdicts.id"], name=op.f("fk_verdicts_supersedes_id_verdicts")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_verdicts_text_id_texts")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_verdicts_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_text_id"), "verdicts", ["text_id"], unique=False)
    op.create_index(
        op.f("ix_verdicts_workspace_id_created_at"), "verdicts", ["workspace_id", "created_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_verdicts_workspace_id_created_at"), table_name="verdicts")
    op.drop_index(op.f("ix_verdicts_text_id"), table_name="verdicts")
    op.drop_table("verdicts")
    op.drop_index(op.f("ix_shown_text_id"), table_name="shown")
    op.drop_table("shown")
    op.drop_index(op.f("ix_scorecards_workspace_id_level"), table_name="scorecards")
    op.drop_table("scorecards")
    op.drop_index(op.f("ix_feedback_workspace_id_created_at"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_text_id"), table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(op.f("ix_texts_workspace_id_brief_id"), table_name="texts")
    op.drop_index(op.f("ix_texts_parent_id"), table_name="texts")
    op.drop_index(op.f("ix_texts_generation_id"), table_name="texts")
    op.drop_table("texts")
    op.drop_index(op.f("ix_dropped_generation_id"), table_name="dropped")
    op.drop_table("dropped")
    op.drop_index(op.f("ix_generations_workspace_id_brief_id"), table_name="generations")
    op.drop_table("generations")
    op.drop_index(
        "uq_versions_active",
        table_name="versions",
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.drop_table("versions")
    op.drop_index(op.f("ix_jobs_state_lease_until"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_briefs_workspace_id_updated_at"), table_name="briefs")
    op.drop_table("briefs")
    op.drop_table("users")
    op.drop_table("workspaces")
