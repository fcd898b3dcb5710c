"""Copying a whole database out and in: SQLite by its own online copy, PostgreSQL by pg_dump and pg_restore.

A copy is one consistent state, taken while others write. What comes in is checked before anything is replaced.
Leaves out the files beside the database, and who may do it (app/services/backup.py).
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from db.session import StorageError, _file_of, _parse, engine_of, storage_errors

TABLES = ("alembic_version", "workspaces", "texts")  # what makes a database one of the studio's


def kind_of(url: str) -> str:
    """ "sqlite" or "postgresql"."""
    return _parse(url).get_backend_name()


def file_of(url: str) -> Path:
    """The file of an SQLite database."""
    path = _file_of(_parse(url))
    if path is None:
        raise StorageError("A database in memory cannot be backed up; give it a file by RELATE_DATABASE_URL.")
    return path


def copy_sqlite(source: Path, target: Path) -> None:
    """A copy of `source` in the state of one moment, checked; other processes may go on writing."""
    if not source.exists():
        raise StorageError(f"There is no database {source} to back up; start the studio once, or check RELATE_HOME.")
    with (
        _told(source),
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)  # in one step: a reader of the write-ahead log holds up nobody
        new.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    check_sqlite(target)


def check_sqlite(path: Path) -> str:
    """The revision of a sound database of the studio, not newer than this program. StorageError says what is wrong."""
    with _told(path), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StorageError(f"The database {path.name} is damaged ({said}); use another backup.")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables.issuperset(TABLES):
            raise StorageError(f"The database {path.name} is none of the studio's; nothing was changed.")
        revision = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    require_known(revision)
    return revision


def require_known(revision: str) -> None:
    """StorageError unless this program has the revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    if revision not in {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}:
        raise StorageError(
            "This backup was written by a newer version of the studio; update the studio and restore it then."
        )


def sqlite_in_use(path: Path) -> bool:
    """Whether another process has the database open. Where none has, its log is folded into the file."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=0.5)) as connection:
        try:  # leaving write-ahead logging needs the file for oneself
            return bool(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete")
        except sqlite3.OperationalError as error:
            if "locked" in str(error).lower() or "busy" in str(error).lower():
                return True
            raise StorageError(f"The database {path} cannot be replaced ({error}); check its permissions.") from error
        except sqlite3.DatabaseError:  # damaged: then a restore is what it needs
            return False


def replace_sqlite(path: Path, new: Path, kept: Path) -> None:
    """Puts `new` in the place of `path`, which stays as `kept`; at no moment is there no database."""
    for ending in ("-wal", "-shm"):  # of processes that still have it open (--force): belongs to the old file
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + ending))
    if path.exists():
        try:
            os.link(path, kept)
        except OSError:  # a file system without links
            shutil.copyfile(path, kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.replace(path)


def revision_of(url: str) -> str:
    """The revision of an open database's tables, "" where it has none yet."""
    engine = engine_of(url)
    try:
        with storage_errors(engine.url), engine.connect() as connection:
            if not engine.dialect.has_table(connection, "alembic_version"):
                return ""
            return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
    finally:
        engine.dispose()


def postgresql_in_use(url: str) -> bool:
    """Whether somebody else is connected to the database."""
    engine = engine_of(url)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        with storage_errors(engine.url), engine.connect() as connection:
            return bool(connection.scalar(text(query)))
    finally:
        engine.dispose()


def dump_postgresql(url: str, target: Path) -> None:
    """A dump in pg_dump's own format, of one moment."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def restore_postgresql(url: str, source: Path) -> None:
    """Puts a dump in the place of what the database holds, in one transaction: all of it or nothing."""
    _run(
        "pg_restore", url, "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
        "--exit-on-error", str(source),
    )  # fmt: skip


def require_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StorageError(
            f"{name} is not installed here; install PostgreSQL's client programs (such as postgresql-client), "
            "or use your server's own backups."
        )
    return found


def _run(program: str, url: str, *arguments: str) -> None:
    """Runs a client program; the password goes by the environment, where other users do not see it."""
    parsed: URL = make_url(_parse(url).render_as_string(hide_password=False)).set(drivername="postgresql")
    environment = dict(os.environ)
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    plain = parsed.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [require_program(program), f"--dbname={plain}", *arguments], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line.lower()), done.stderr.strip()[:200])
        raise StorageError(f"{program} stopped: {said.strip() or done.returncode}; the database is as it was.")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        low = str(error).lower()
        if "not a database" in low or "malformed" in low:
            raise StorageError(f"The file {path.name} is damaged or no studio database; nothing was changed.") from None
        if "full" in low or "disk i/o" in low:
            raise StorageError(f"The disk is full, so {path.name} was not copied; free some space.") from None
        raise StorageError(f"The database {path.name} could not be copied ({error}); try again.") from None
