"""Campaign results: imports, their rows, and the rows that could not be used."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("placement", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('staged', 'visible', 'undone')", name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_imports_author_id_users")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_imports_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_workspace_id_state"), "imports", ["workspace_id", "state"], unique=False)
    op.create_index(
        "uq_imports_visible",
        "imports",
        ["workspace_id", "content"],
        unique=True,
        sqlite_where=sa.text("state = 'visible'"),
        postgresql_where=sa.text("state = 'visible'"),
    )
    op.create_table(
        "rejected_results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("cells", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_rejected_results_author_id_users")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_rejected_results_import_id_imports")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_rejected_results_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_results")),
    )
    op.create_index(op.f("ix_rejected_results_import_id"), "rejected_results", ["import_id"], unique=False)
    op.create_table(
        "results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=32), nullable=False),
        sa.Column("arm", sa.String(length=16), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("impressions", sa.BigInteger(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), nullable=False),
        sa.Column("conversions", sa.Double(), nullable=True),
        sa.Column("meaning", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("clicks BETWEEN 0 AND impressions", name=op.f("ck_results_clicks")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_results_author_id_users")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_results_import_id_imports")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_results_text_id_texts")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_results_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_import_id"), "results", ["import_id"], unique=False)
    op.create_index(op.f("ix_results_text_id"), "results", ["text_id"], unique=False)
    op.create_index(op.f("ix_results_workspace_id_row_key"), "results", ["workspace_id", "row_key"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_results_workspace_id_row_key"), table_name="results")
    op.drop_index(op.f("ix_results_text_id"), table_name="results")
    op.drop_index(op.f("ix_results_import_id"), table_name="results")
    op.drop_table("results")
    op.drop_index(op.f("ix_rejected_results_import_id"), table_name="rejected_results")
    op.drop_table("rejected_results")
    op.drop_index(
        "uq_imports_visible",
        table_name="imports",
        sqlite_where=sa.text("state = 'visible'"),
        postgresql_where=sa.text("state = 'visible'"),
    )
    op.drop_index(op.f("ix_imports_workspace_id_state"), table_name="imports")
    op.drop_table("imports")
