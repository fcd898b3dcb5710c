"""Copying a whole database out and in: SQLite by its own online copy, PostgreSQL by pg_dump, pg_restore and psql.

A copy is one consistent state, taken while others write. What comes in is checked before anything is replaced.
Leaves out the files beside the database, and who may do it (app/services/backup.py).
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from db.session import StorageError, _file_of, _parse, engine_of, storage_errors

TABLES = ("alembic_version", "workspaces", "texts")  # what makes a database one of the studio's
EMPTIED = """
DO $$ DECLARE one record; BEGIN
    SET LOCAL client_min_messages = warning;
    FOR one IN SELECT c.oid, c.oid::regclass AS name,
            CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                AND d.deptype IN ('e', 'a', 'i')) LOOP
        IF EXISTS (SELECT FROM pg_class WHERE oid = one.oid) THEN  -- not gone with another one
            EXECUTE format('DROP %s %s CASCADE', one.kind, one.name);
        END IF;
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure AS name,
            CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS kind
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                AND d.deptype = 'e') LOOP
        EXECUTE format('DROP %s %s CASCADE', one.kind, one.name);
    END LOOP;
    FOR one IN SELECT t.oid::regtype AS name FROM pg_type t
            WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid
                AND d.deptype = 'e') LOOP
        EXECUTE format('DROP TYPE %s CASCADE', one.name);
    END LOOP;
END $$;
"""  # the studio's tables and functions, whatever version they are of


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
        closing(sqlite3.connect(_only_read(source), uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)  # in one step: a reader of the write-ahead log holds up nobody
        new.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    check_sqlite(target)


def check_sqlite(path: Path) -> str:
    """The revision of a sound database of the studio, not newer than this program. StorageError says what is wrong."""
    with _told(path), closing(sqlite3.connect(_only_read(path), uri=True)) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise StorageError(f"The database {path.name} is damaged ({said}); use another backup.")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables.issuperset(TABLES):
            raise StorageError(f"The database {path.name} is none of the studio's; nothing was changed.")
        revision = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    require_known(revision)
    return revision


def url_of(path: Path) -> str:
    """The address of an SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


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
    """Puts `new` in the place of `path`, which stays as `kept`; at no moment is there no database. All or nothing."""
    moved: list[tuple[Path, Path]] = []
    try:
        if path.exists():
            try:
                os.link(path, kept)
            except OSError:  # a file system without links
                shutil.copyfile(path, kept)
        for ending in ("-wal", "-shm"):  # of processes that still have it open (--force): belongs to the old file
            beside, away = path.with_name(path.name + ending), kept.with_name(kept.name + ending)
            if beside.exists():
                beside.replace(away)
                moved.append((beside, away))
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)
    except OSError:
        for beside, away in moved:
            away.replace(beside)
        kept.unlink(missing_ok=True)
        raise


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
    """Puts a dump in the place of what the database holds, in one transaction: all of it or nothing.

    The dump is written out as statements first, beside it: piped, one that breaks off would be taken for a whole one.
    What the schema holds is removed by kind, not with the schema, which the database's owner may not own before
    PostgreSQL 15; and all of it, since tables younger than the dump would hold on to those in it."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=source.parent) as folder:
        script = Path(folder) / "all.sql"
        _run("pg_restore", None, "--no-owner", "--no-privileges", "--exit-on-error", f"--file={script}", str(source))
        _run(
            "psql", url, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
            f"--command={EMPTIED}", f"--file={script}",
        )  # fmt: skip


def require_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StorageError(
            f"{name} is not installed here; install PostgreSQL's client programs (such as postgresql-client), "
            "or use your server's own backups."
        )
    return found


def _run(program: str, url: str | None, *arguments: str) -> None:
    """Runs a client program, on a database or (None) on files alone; the password goes by the environment, where other
    users do not see it."""
    environment = dict(os.environ)
    if url is not None:
        parsed: URL = make_url(_parse(url).render_as_string(hide_password=False)).set(drivername="postgresql")
        if parsed.password:
            environment["PGPASSWORD"] = str(parsed.password)
        plain = parsed.set(password=None).render_as_string(hide_password=False)
        arguments = (f"--dbname={plain}", *arguments)
    done = subprocess.run([require_program(program), *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line.lower()), done.stderr.strip()[:200])
        raise StorageError(f"{program} stopped: {said.strip() or done.returncode}; the database is as it was.")


def _only_read(path: Path) -> str:
    """SQLite's address of a file to read, whatever characters its path has."""
    return path.resolve().as_uri() + "?mode=ro"


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
