"""A PostgreSQL server of the tests' own: made in a temporary folder, listening on a socket there, gone afterwards.

The server refuses to run as root, so as root it is started as another user. Where it cannot be started the reason is
a sentence in `NoServer`. `database_for` gives each test folder its own database, copied from one that is up to date.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "RELATE_TEST_DATABASE_URL"  # the address of a server that the tests' databases are made on
TEMPLATE = "relate_template"
PROGRAMS = ("postgres", "initdb", "pg_ctl")


class NoServer(RuntimeError):  # noqa: N818
    """No server could be started; its text says why."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server, with the template made. Raises NoServer."""
    programs = {name: found for name in PROGRAMS if (found := _find(name))}
    if missing := [name for name in PROGRAMS if name not in programs]:
        raise NoServer(f"PostgreSQL's programs are not here ({', '.join(missing)})")
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="relate-pg-"))
    data, log = folder / "data", folder / "log"
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run(user, programs["initdb"], "-D", data, "-U", "relate", "-A", "trust", "-N", "--no-instructions",
             "--locale=C", "--encoding=UTF8")  # fmt: skip
        options = f"-c listen_addresses= -k {folder} -c fsync=off -c full_page_writes=off -c max_connections=200"
        _run(user, programs["pg_ctl"], "-D", data, "-o", options, "-w", "-t", "60", "-l", log, "start")
        try:
            url = f"postgresql://relate@/postgres?host={folder}"
            _make(url, TEMPLATE)
            _migrate(named(url, TEMPLATE))
            yield url
        finally:
            _run(user, programs["pg_ctl"], "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def named(url: str, database: str) -> str:
    """The address of another database of the same server."""
    return url.replace("/postgres?", f"/{database}?")


def database_for(url: str, folder: Path) -> str:
    """The address of this folder's database, made at its first use."""
    name = "t_" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:20]
    if name not in databases(url):
        _make(url, name, TEMPLATE)
    return named(url, name)


def databases(url: str) -> set[str]:
    """The tests' databases there are."""
    return {row[0] for row in _ask(url, "SELECT datname FROM pg_database WHERE datname LIKE 't\\_%'")}


def drop(url: str, names: set[str]) -> None:
    for name in names:
        _ask(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _make(url: str, name: str, template: str = "template0") -> None:
    _ask(url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")


def _migrate(url: str) -> None:
    from db.migrations import migrate

    migrate(url)


def _ask(url: str, statement: str) -> Sequence[Any]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)
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


def _run(user: Any, *command: object) -> None:
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    try:
        # no pipe: the server would keep it open
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                cwd="/", timeout=120, env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}, **who,
            )  # fmt: skip
            said.seek(0)
            told = said.read().decode(errors="replace").strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise NoServer(f"PostgreSQL could not be started ({error})") from error
    if done.returncode:
        raise NoServer(f"PostgreSQL could not be started ({told.splitlines()[-1] if told else command[0]})")
