"""Restores on a real PostgreSQL server: across an upgrade that added tables, and with a folder that refuses."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.services import audit, audit_log, backup, briefs, exchange
from app.services.people import local_actor
from db.models import SignIn
from db.session import StorageError, engine_of, open_database
from relate_engine.config import Settings
from tests.integration.test_postgres import need, url
from tests.postgres_server import database_for
from tests.unit.studio import brief, signed_in

__all__ = ["url"]


def at_revision(address: str, revision: str) -> None:
    """The tables of an older version, with a workspace and its local user."""
    from alembic import command
    from alembic.config import Config

    from db import migrations

    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(text("INSERT INTO workspaces (name, created_at) VALUES ('Old', now())"))
        connection.execute(text(
            "INSERT INTO users (workspace_id, created_at, subject, name, role, active) "
            "VALUES (1, now(), 'local', 'You', 'admin', true)"
        ))  # fmt: skip
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_a_backup_from_before_an_upgrade_comes_back_after_it(revision: str, url: str, tmp_path: Path) -> None:
    need("pg_dump", "pg_restore", "psql")
    config = Settings(home=tmp_path / "home", database_url=database_for(url, tmp_path))
    at_revision(config.database, revision)
    made = backup.make(config, tmp_path / "b.tar.gz")
    assert made.revision == revision
    db = open_database(config.database)  # upgraded, with tables that hold on to the old ones
    briefs.save_brief(db, local_actor(db), brief("After"))
    db.close()
    for _ in range(2):
        backup.restore(config, made.file)
    db = open_database(config.database)
    actor = local_actor(db)
    assert briefs.list_briefs(db, actor) == [] and audit_log.page(db, actor).events[0].action == "database.restore"
    briefs.save_brief(db, actor, brief("On it goes"))
    assert audit.verify(db, actor).holds
    with pytest.raises(StorageError), db.write() as session:  # the log's triggers are back
        session.execute(text("DELETE FROM audit_events"))
    db.close()


def test_a_dump_that_stops_half_way_leaves_the_database(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("pg_dump", "pg_restore", "psql")
    config = Settings(home=tmp_path / "home", database_url=database_for(url, tmp_path))
    db = open_database(config.database)
    briefs.save_brief(db, local_actor(db), brief("Here"))
    db.close()
    dump = tmp_path / "relate.dump"
    backup.files.dump_postgresql(config.database, dump)
    dump.write_bytes(dump.read_bytes()[:-2000])
    with pytest.raises(StorageError, match="pg_restore stopped"):
        backup.files.restore_postgresql(config.database, dump)
    monkeypatch.setattr(backup.files, "EMPTIED", backup.files.EMPTIED + "SELECT nothing FROM nowhere;")
    backup.files.dump_postgresql(config.database, dump)
    with pytest.raises(StorageError, match="psql stopped"):
        backup.files.restore_postgresql(config.database, dump)
    db = open_database(config.database)
    assert [b.title for b in briefs.list_briefs(db, local_actor(db))] == ["Here"]
    db.close()


def test_a_folder_that_refuses_leaves_database_and_folders(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("pg_dump", "pg_restore", "psql")
    config = Settings(home=tmp_path / "home", database_url=database_for(url, tmp_path))
    db = open_database(config.database)
    actor = local_actor(db)
    signed_in(db, actor)
    for name in ("policies", "versions"):
        (config.home / name / "1").mkdir(parents=True)
    made = backup.make(config, tmp_path / "b.tar.gz")
    briefs.save_brief(db, actor, brief("After"))
    (config.home / "policies" / "2").mkdir()
    db.close()
    real = Path.rename

    def rename(self: Path, target: Any) -> Path:
        if self.name == "versions":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(self))
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "_movable", lambda *_: True)
        patch.setattr(Path, "rename", rename)
        with pytest.raises(StorageError, match="everything is as it was"):
            backup.restore(config, made.file)
    db = open_database(config.database)
    assert [b.title for b in briefs.list_briefs(db, actor)] == ["After"] and (config.home / "policies" / "2").is_dir()
    with db.read() as session:
        assert session.query(SignIn).one().ended_at is None  # all of it is as it was
    assert sorted(path.name for path in config.home.iterdir()) == ["policies", "versions"]
    db.close()
    backup.restore(config, made.file)
    db = open_database(config.database)
    with db.read() as session:
        assert session.query(SignIn).one().ended_at is not None
    assert briefs.list_briefs(db, actor) == [] and not (config.home / "policies" / "2").exists()
    db.close()
