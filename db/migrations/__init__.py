"""Bringing a database up to date, from any process and without an alembic.ini.

The whole upgrade is one write transaction: a second process that starts at the same time waits and
then finds nothing left to do; an upgrade that fails leaves the database as it was.
Foreign keys are off meanwhile (Alembic rebuilds SQLite's tables) and checked before the commit.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.session import WRITERS_LOCK, StorageError, engine_of, storage_errors

PATIENCE_MS = 60_000  # how long a second process waits for the first one's upgrade


def migrate(url: str) -> None:
    """Upgrades the database at `url` to the newest revision; does nothing if it is there already."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    engine = engine_of(url, busy_ms=PATIENCE_MS, foreign_keys=False)
    try:
        with storage_errors(engine.url):
            with engine.connect() as connection:
                if _is_current(connection, script):
                    return
            with engine.execution_options(relate_write=True).begin() as connection:
                if engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
                if _is_current(connection, script):
                    return
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                if engine.dialect.name == "sqlite":
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if broken:
                        raise StorageError(
                            f"The upgrade would break links of the table {broken[0]}, so nothing "
                            "was changed; restore a backup or report this."
                        )
    finally:
        engine.dispose()


def _is_current(connection: Connection, script: ScriptDirectory) -> bool:
    """True at the newest revision; raises if the revision is not one of ours."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            "This database was written by a newer version of the studio; update the studio and start again."
        )
    return current == script.get_current_head()
