"""The database room: migration, settings of SQLite, no lost updates, links, append-only rows."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from db import models
from db.migrations import migrate
from db.session import Database, StorageError, engine_of, open_database
from tests.unit.studio import fresh, person


def test_migration_makes_the_folder_and_may_run_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'deep %20 folder' / 'relate.db'}"
    migrate(url)
    migrate(url)
    with engine_of(url).connect() as connection:
        tables = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    assert set(models.Base.metadata.tables) <= tables


def test_migration_equals_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, models.Base.metadata) == []


def test_migration_has_the_models_checks_and_names(db: Database, tmp_path: Path) -> None:
    """What Alembic does not compare on SQLite: check constraints, partial indexes, names."""
    made = engine_of(f"sqlite:///{tmp_path / 'made.db'}")
    models.Base.metadata.create_all(made)

    tables = "sql IS NOT NULL AND type <> 'trigger'"

    def schema(engine: object) -> dict[str, list[str]]:
        with engine.connect() as connection:  # type: ignore[attr-defined]
            rows = connection.execute(text(f"SELECT name, sql FROM sqlite_master WHERE {tables}")).all()
        # a rebuilt table is quoted by SQLite itself
        parts = {n: sorted(p.strip(" ,\t") for p in sql.replace('"', "").splitlines()) for n, sql in rows}
        return {n: p for n, p in parts.items() if n != "alembic_version"}

    assert schema(db.engine) == schema(made)
    with db.engine.connect() as connection:
        triggers = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    assert triggers == {f"audit_events_no_{what}" for what in ("update", "delete", "replace")}


def test_two_processes_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'relate.db'}"
    code = f"from db.migrations import migrate; migrate({url!r})"
    runs = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    errors = [run.communicate(timeout=60)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors


def test_a_newer_database_is_refused(db: Database, tmp_path: Path) -> None:
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer version of the studio"):
        fresh(tmp_path)


def test_sqlite_settings(db: Database) -> None:
    with db.read() as session:
        names = ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
        found = [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]
    assert found == ["wal", 5000, 1, 1]


def test_no_update_is_lost(db: Database) -> None:
    """8 threads × 40 read-then-increment transactions on one row."""
    actor = person(db, "admin")
    with db.write() as session:
        job = models.Job(workspace_id=actor.workspace_id, author_id=actor.user_id, kind="round", request={})
        session.add(job)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(40):
                with db.write() as session:
                    row = session.get_one(models.Job, job.id)
                    row.attempts += 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert (errors, session.get_one(models.Job, job.id).attempts) == ([], 320)


def test_links_are_enforced_and_nothing_is_half_saved(db: Database) -> None:
    actor = person(db, "admin")
    owner = {"workspace_id": actor.workspace_id, "author_id": actor.user_id}
    with pytest.raises(StorageError, match="nothing was saved"), db.write() as session:
        session.add(models.Version(**owner, kind="policy", version="1", manifest={}))
        session.flush()
        session.add(models.Verdict(**owner, text_id=99, outcome="compliant", rules=[], spans=[]))
    with db.read() as session:
        assert session.scalars(select(models.Version)).all() == []


def test_only_one_version_of_a_kind_is_active(db: Database) -> None:
    actor = person(db, "admin")
    owner = {"workspace_id": actor.workspace_id, "author_id": actor.user_id, "manifest": {}}
    with db.write() as session:
        session.add(models.Version(**owner, kind="policy", version="1", active=True))
        session.add(models.Version(**owner, kind="policy", version="2"))
        session.add(models.Version(**owner, kind="rule", version="1", active=True))
    with pytest.raises(StorageError), db.write() as session:
        session.add(models.Version(**owner, kind="policy", version="3", active=True))


def test_times_come_back_in_utc(db: Database) -> None:
    person(db, "admin")
    with db.read() as session:
        at = session.scalars(select(models.User.created_at)).one()
    assert at.utcoffset() is not None and abs((models.utc_now() - at).total_seconds()) < 60


def test_a_locked_database_says_so(db: Database, tmp_path: Path) -> None:
    impatient = open_database(f"sqlite:///{tmp_path / 'relate.db'}", busy_ms=50)
    other = sqlite3.connect(tmp_path / "relate.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"busy.*try again"), impatient.write() as session:
        session.add(models.Workspace(name="x"))
    with impatient.read() as session:  # readers are not held up
        assert session.scalars(select(models.Workspace)).all() == []
    other.close()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "relate.db").write_bytes(b"my shopping list " * 100)
    with pytest.raises(StorageError, match="damaged or no studio database"):
        fresh(tmp_path)
    assert (tmp_path / "relate.db").read_bytes().startswith(b"my shopping list")


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="check that its folder exists"):
        fresh(tmp_path / "file" / "below")


@pytest.mark.parametrize("url", ["nonsense", "mysterydb://user:secret@host/name"])
def test_a_bad_address_says_so_without_the_password(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_database(url)
    assert "secret" not in str(caught.value) and str(caught.value).count("\n") == 0
