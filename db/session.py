"""Opening the database: one engine, a reading and a writing session, and errors a person can act on.

SQLite keeps every update only if writes begin IMMEDIATE (a deferred transaction that read an old
snapshot cannot be upgraded, and no timeout helps), so `write()` does and `read()` begins plainly.
PostgreSQL gets the same guarantee from one advisory lock that writers take in turn; a read is one snapshot there too.
All trouble of the database leaves here as `StorageError`; a failed `write()` saves nothing.
Leaves out backups (db/backup.py) and how to set up a PostgreSQL server (docs/postgresql.md).
"""

import errno
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

BUSY_MS = 5000
_POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 20}  # connections to a server that one process may hold
WRITERS_LOCK = 7_283_001  # any constant: PostgreSQL's advisory lock that writers take in turn

RUNNING = (DBAPIError, sqlite3.Error, PoolTimeout)
OPENING = (*RUNNING, OSError, ImportError, NoSuchModuleError)


class StorageError(RuntimeError):
    """The database could not be read or written; its text is one sentence with the remedy."""


@dataclass(frozen=True)
class Database:
    """An open database. `with db.read() as session` looks; `with db.write() as session` changes."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot; whatever it holds is rolled back at the end."""
        with storage_errors(self.engine.url), self._sessions(write=False)() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: all of it is saved when the block ends well, none of it otherwise."""
        with storage_errors(self.engine.url), self._sessions(write=True).begin() as session:
            if self.engine.dialect.name == "postgresql":
                session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
            yield session

    def _sessions(self, write: bool) -> sessionmaker[Session]:
        options: dict[str, Any] = {"relate_write": write}
        if not write and self.engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"  # one snapshot, as SQLite gives
        return sessionmaker(self.engine.execution_options(**options), expire_on_commit=False)

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, busy_ms: int = BUSY_MS) -> Database:
    """The database at `url`, its folder made and its tables brought up to date."""
    from db.migrations import migrate  # here, because migrations open their own engine with this module

    migrate(url)
    return Database(engine_of(url, busy_ms))


def engine_of(url: str, busy_ms: int = BUSY_MS, foreign_keys: bool = True) -> Engine:
    """An engine with SQLite's settings applied; makes the folder of an SQLite file."""
    parsed = _parse(url)
    with storage_errors(parsed, OPENING):
        if path := _file_of(parsed):
            path.parent.mkdir(parents=True, exist_ok=True)
        server = parsed.get_backend_name() == "postgresql"
        engine = create_engine(parsed, json_serializer=_to_json, pool_pre_ping=server, **(_POOL if server else {}))
    if server:
        _postgresql(engine, busy_ms)
    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # Python 3.11: we say BEGIN ourselves, below
        connection.execute(f"PRAGMA busy_timeout = {busy_ms}")  # first: the next ones may have to wait
        with suppress(sqlite3.OperationalError):  # a read-only file keeps the mode it has
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("relate_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(engine: Engine, busy_ms: int) -> None:
    """What each connection to a server is told first."""

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(f"SET lock_timeout = {busy_ms}")  # a writer waits no longer for its turn than on SQLite
            cursor.execute("SET jit = off")  # compiling takes longer than these bounded queries
        connection.commit()


@contextmanager
def storage_errors(url: URL, kinds: tuple[type[Exception], ...] = RUNNING) -> Iterator[None]:
    """Turns what the driver (and, when opening, the system) raises into a StorageError."""
    try:
        yield
    except kinds as error:
        raise StorageError(_sentence(error, url)) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError) as error:  # the text may hold a password: it is not repeated
        raise StorageError(
            "RELATE_DATABASE_URL is not a database address; write sqlite:////folder/relate.db "
            "or postgresql://user:password@host/name."
        ) from error
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def _file_of(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database.removeprefix("file:"))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sentence(error: Exception, url: URL) -> str:
    file = _file_of(url)
    where = str(file) if file else url.render_as_string(hide_password=True)
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    low, code = said.lower(), error.errno if isinstance(error, OSError) else None
    if isinstance(error, IntegrityError):
        return "Something this belongs to has changed, so nothing was saved; reload and try again."
    if "locked" in low or "busy" in low or "lock timeout" in low or isinstance(error, PoolTimeout):
        return f"The database {where} is busy, so nothing was saved; wait a moment and try again."
    if "disk is full" in low or "no space" in low or code in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {where} is full, so nothing was saved; free some space and try again."
    if "readonly" in low or "read-only" in low or code == errno.EROFS:
        return f"The database {where} is read-only, so nothing was saved; allow writing to it and its folder."
    if file is None and "connect" in low:
        return f"The database server {where} cannot be reached; check that it runs and RELATE_DATABASE_URL."
    if "unable to open" in low or code is not None:
        return f"The database {where} cannot be opened; check that its folder exists and may be written to."
    if "not a database" in low or "malformed" in low or "disk i/o" in low:
        return f"The file {where} is damaged or no studio database; restore a backup or move the file away."
    if "no such table" in low or "no such column" in low or "does not exist" in low:
        return f"The tables of {where} are not up to date; start the studio again to bring them there."
    if isinstance(error, NoSuchModuleError):
        return f"RELATE_DATABASE_URL names an unknown kind of database ({where}); use sqlite or postgresql."
    if isinstance(error, ImportError):
        return f"The driver for {where} is not installed; run `pip install 'psycopg[binary]'` and retry."
    return f"The database {where} refused the operation ({said.splitlines()[0][:120]}), so nothing was saved."
