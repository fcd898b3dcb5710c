"""Who changed which writer version drafts, and why."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    op.create_table(
        "version_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("from_version", sa.String(length=120), nullable=True),
        sa.Column("to_version", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint("kind IN ('promote', 'rollback', 'trial')", name=op.f("ck_version_changes_kind")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_version_changes_author_id_users")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_version_changes_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_changes")),
    )
    op.create_index(
        op.f("ix_version_changes_workspace_id_kind"), "version_changes", ["workspace_id", "kind"], unique=False
    )


def downgrade() -> None:
    op.drop_table("version_changes")
