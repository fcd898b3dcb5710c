"""Jobs keep their result and when they ended, and are found by workspace and kind."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    # SQLite appends columns behind the constraints; rebuilt, the table reads as its model does
    rebuild = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("jobs", recreate="always" if rebuild else "never") as table:
        table.add_column(sa.Column("result", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_jobs_workspace_id_kind_state"), "jobs", ["workspace_id", "kind", "state"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_jobs_workspace_id_kind_state"), table_name="jobs")
    op.drop_column("jobs", "finished_at")
    op.drop_column("jobs", "result")
