"""The database itself refuses to change, replace or remove a row of the audit log, whoever asks.

The hash chain (app/services/audit.py) still shows what somebody who drops these triggers has done. A migration that
rebuilds the table on SQLite (batch_alter_table) has to make them anew; tests/unit/test_db.py looks for them.
"""

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"

WHY = "rows of the audit log are never changed or removed"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_events_no_{verb.lower()} BEFORE {verb} ON audit_events "
                f"BEGIN SELECT RAISE(ABORT, '{WHY}'); END"
            )
        # INSERT OR REPLACE removes a row without asking the trigger for that
        op.execute(
            "CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events WHEN EXISTS "
            "(SELECT 1 FROM audit_events WHERE id = NEW.id "
            "OR (workspace_id = NEW.workspace_id AND previous = NEW.previous)) "
            f"BEGIN SELECT RAISE(ABORT, '{WHY}'); END"
        )
        return
    op.execute(  # OR REPLACE: a restored older backup leaves it behind
        "CREATE OR REPLACE FUNCTION audit_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_events_only_grow()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER audit_events_no_{verb}")
        return
    op.execute("DROP TRIGGER audit_events_only_grow ON audit_events")
    op.execute("DROP FUNCTION audit_events_only_grow()")
