"""A PostgreSQL server of the tests' own: made in a temporary folder, listening on a socket there, gone afterwards.

The server refuses to run as root, so as root it is started as another user. Where it cannot be started the reason is
a sentence in `NoServer`. `database_for` gives each test folder its own database, copied from one that is up to date;
after the test it is emptied for the next one, which takes a tenth of the time of a copy.
A killed test run takes its server along (Linux tells it of its parent's death); the folder goes at the next start.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

VARIABLE = "RELATE_TEST_DATABASE_URL"  # the address of a server that the tests' databases are made on
TEMPLATE = "relate_template"
PROGRAMS = ("postgres", "initdb")
FOLDERS = "relate-pg-"
START_S = 60.0
_taken: dict[Path, str] = {}  # databases of the test that runs, by folder
_free: list[str] = []  # empty ones
EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no foreign keys meanwhile
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$;
SELECT version_num FROM alembic_version
"""
TOLD_OF_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)


class NoServer(RuntimeError):  # noqa: N818
    """No server could be started; its text says why."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server, with the template made. Raises NoServer."""
    programs = {name: found for name in PROGRAMS if (found := _find(name))}
    if missing := [name for name in PROGRAMS if name not in programs]:
        raise NoServer(f"PostgreSQL's programs are not here ({', '.join(missing)})")
    user = _other_user()
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=FOLDERS))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run(user, programs["initdb"], "-D", folder / "data", "-U", "relate", "-A", "trust", "-N",
             "--no-instructions", "--locale=C", "--encoding=UTF8")  # fmt: skip
        process = _start(user, programs["postgres"], folder)
        try:
            url = f"postgresql://relate@/postgres?host={folder}"
            _wait(process, url, folder / "log")
            _make(url, TEMPLATE)
            _migrate(named(url, TEMPLATE))
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def named(url: str, database: str) -> str:
    """The address of another database of the same server."""
    return url.replace("/postgres?", f"/{database}?")


def database_for(url: str, folder: Path) -> str:
    """The address of this folder's database, empty at its first use."""
    folder = folder.resolve()
    if folder not in _taken:
        name = f"t_{os.getpid()}_{time.monotonic_ns()}"  # always another: the services remember things by address
        if _free:
            _ask(url, f"ALTER DATABASE {_free.pop()} RENAME TO {name}")
        else:
            _make(url, name, TEMPLATE)
        _taken[folder] = name
    return named(url, _taken[folder])


def taken() -> frozenset[Path]:
    """The folders that have a database now."""
    return frozenset(_taken)


def give_back(url: str, but: frozenset[Path]) -> None:
    """Empties the databases of all folders but some, for the next test."""
    for folder in taken() - but:
        name = _taken.pop(folder)
        if _ask(named(url, name), EMPTY) == [(_version(url),)]:
            _free.append(name)
        else:  # the test was about its version
            _ask(url, f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _version(url: str) -> str:
    ((found,),) = _ask(named(url, TEMPLATE), "SELECT version_num FROM alembic_version")
    return str(found)


def _make(url: str, name: str, template: str = "template0") -> None:
    _ask(url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")


def _migrate(url: str) -> None:
    from db.migrations import migrate

    migrate(url)


def _ask(url: str, statement: str) -> Sequence[Any]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)
        while found.nextset():  # the answer of the last one counts
            pass
        return found.fetchall() if found.description else []


def _find(name: str) -> str | None:
    """The program on PATH, or where Debian keeps it."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(kept[-1]) if kept else None)


def _other_user() -> Any:
    """Whom to run the server as: None for ourselves, else somebody who is not root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _start(user: Any, program: str, folder: Path) -> "subprocess.Popen[bytes]":
    """The server as a child of this process, which it does not outlive."""
    quick = ("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200")
    command = [program, "-D", str(folder / "data"), "-k", str(folder)]
    command += [word for setting in quick for word in ("-c", setting)]
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def bound() -> None:  # after the change of user, which would undo it
        if libc is not None:
            libc.prctl(TOLD_OF_DEATH, signal.SIGQUIT)

    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd="/",
                                env=_environment(), preexec_fn=bound, **_who(user))  # fmt: skip


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    import psycopg

    end = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > end:
                said = log.read_text("utf-8", "replace").strip().splitlines()
                raise NoServer(f"PostgreSQL could not be started ({said[-1] if said else error})") from error
            time.sleep(0.1)


def _sweep() -> None:
    """Removes what killed runs have left: folders whose server is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        try:
            if time.time() - folder.stat().st_mtime < START_S:  # perhaps about to start
                continue
            number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(number, 0)
        except PermissionError:
            continue  # it runs, as somebody else
        except (OSError, ValueError, IndexError):
            shutil.rmtree(folder, ignore_errors=True)


def _who(user: Any) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _run(user: Any, *command: object) -> None:
    try:
        # no pipe: the server would keep it open
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                cwd="/", timeout=120, env=_environment(), **_who(user),
            )  # fmt: skip
            said.seek(0)
            told = said.read().decode(errors="replace").strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise NoServer(f"PostgreSQL could not be started ({error})") from error
    if done.returncode:
        raise NoServer(f"PostgreSQL could not be started ({told.splitlines()[-1] if told else command[0]})")
