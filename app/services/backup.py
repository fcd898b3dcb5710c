"""Backup and restore: the database and the versions trained from it, in one file; for the shell of the machine.

A backup is a .tar.gz with `backup.json`, the database (an SQLite file or PostgreSQL's dump), and the folders of
RELATE_HOME that the database's rows point to: `policies` (trained writers) and `versions` (reward models and what
belongs to them). Not in it: downloaded base weights (RELATE_CACHE), settings and secrets (environment,
.streamlit/secrets.toml), checkpoints of jobs under way (they begin anew), logs.
A restore checks everything before it changes anything, does all of it or nothing, and keeps what it replaces beside it
(exchange.py). What people have not saved (aside.py) is put away with it: it goes by numbers that are given out anew.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.services import aside, audit, audit_shell, exchange, presence, sessions
from app.services.exchange import KEPT, Exchange, left_alone
from app.services.people import shell_actor
from db import backup as files
from db.models import utc_now
from db.session import StorageError, open_database
from relate_engine.config import Settings

FORMAT = 1
TOLD = "backup.json"
FOLDERS = ("policies", "versions")  # of RELATE_HOME, as versions.py and learning.py lay them out
NAMES = {"sqlite": "relate.db", "postgresql": "relate.dump"}


@dataclass(frozen=True)
class Backup:
    """What is in a backup file."""

    file: Path
    kind: str  # sqlite or postgresql
    revision: str
    made_at: datetime
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """What a restore did: the backup, and where that which it replaced is kept."""

    backup: Backup
    kept: tuple[Path, ...]


def make(config: Settings, file: Path) -> Backup:
    """Writes a backup while the studio may go on. StorageError where it cannot; a file that is there is kept."""
    if file.exists():
        raise StorageError(f"There is a file {file} already; give another name.")
    kind, now = files.kind_of(config.database), datetime.now(UTC)
    if kind == "postgresql":
        files.require_program("pg_dump")
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as temporary:
            copy = Path(temporary) / NAMES[kind]
            if kind == "sqlite":
                files.copy_sqlite(files.file_of(config.database), copy)
                revision = files.check_sqlite(copy)
            else:
                revision = files.revision_of(config.database)
                files.dump_postgresql(config.database, copy)
            # after the database: a version's folder is whole before its row is written
            folders = tuple(name for name in FOLDERS if (config.home / name).is_dir())
            told = {
                "format": FORMAT, "kind": kind, "revision": revision, "made_at": now.isoformat(),
                "sha256": _sha256(copy), "folders": list(folders),
            }  # fmt: skip
            (Path(temporary) / TOLD).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
            with tarfile.open(part, "w:gz", compresslevel=3) as tar:
                tar.add(Path(temporary) / TOLD, TOLD)
                tar.add(copy, NAMES[kind])
                for name in folders:
                    _add(tar, config.home / name, name)
        part.replace(file)
    except OSError as error:
        raise StorageError(
            f"The backup {file} cannot be written ({error.strerror or error}); give another place."
        ) from error
    finally:
        with suppress(OSError):  # not there, or no folder to be in
            part.unlink()
    return Backup(file, kind, revision, now, folders)


def restore(config: Settings, file: Path, force: bool = False) -> Restored:
    """Puts a backup in the place of today's database and versions, which are kept beside it.

    Refuses, with nothing changed: a file that is no sound backup, of a newer studio or of the other kind of database,
    and (unless `force`) while the studio, a worker or anything else has the database open."""
    kind = files.kind_of(config.database)
    config.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=config.home) as temporary:
        folder = Path(temporary)
        found = _unpacked(file, folder, kind)
        if not force and (using := _in_use(config, kind)):
            raise StorageError(
                f"{using}, so nothing was restored; end it first (or give --force and restart it after)."
            )
        stamp = _stamp(config.home, files.file_of(config.database).parent if kind == "sqlite" else config.home)
        try:
            pairs = [(config.home / name, folder / name) for name in FOLDERS]
            swap = exchange.prepared(pairs, aside.rooms(config), stamp)
            try:
                put = _put_postgresql if kind == "postgresql" else _put_sqlite
                kept = put(config, found, folder / NAMES[kind], swap, stamp)
            except BaseException:
                swap.undone()
                raise
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            raise StorageError(
                f"The restore stopped ({error.strerror or error}{where}) and everything is as it was; mend that and "
                "restore again."
            ) from error
        swap.tidied()
    return Restored(found, (*kept, *swap.kept))


def _put_sqlite(config: Settings, found: Backup, copy: Path, swap: Exchange, stamp: str) -> list[Path]:
    """The folders and the copy in their places, the copy brought up to date before; returns the database kept."""
    path = files.file_of(config.database)
    _brought_up_to_date(files.url_of(copy), found)
    near, old = _near(copy, path), path.with_name(f"{path.name}.{stamp}")
    try:
        swap.done()
        files.replace_sqlite(path, near, old)
    finally:
        near.unlink(missing_ok=True)
    return [old] if old.exists() else []


def _put_postgresql(config: Settings, found: Backup, copy: Path, swap: Exchange, stamp: str) -> list[Path]:
    """The dump in the database, first since a server may refuse it, and the folders in their places; returns the dump
    of what was there, which is put back where the rest fails."""
    old = config.home / f"relate.{stamp}.dump"
    try:
        files.dump_postgresql(config.database, old)
        files.restore_postgresql(config.database, copy)
    except BaseException:
        old.unlink(missing_ok=True)  # nothing was replaced
        raise
    try:
        _brought_up_to_date(config.database, found)  # at once: its sessions count as long as they are not ended
        swap.done()
    except BaseException as error:
        try:
            files.restore_postgresql(config.database, old)
        except StorageError as worse:
            raise StorageError(
                f"The restore stopped half way ({error}): the database is the backup's, its versions are not, and what "
                f"was there could not be put back from {old.name} ({worse}); mend that and restore again."
            ) from error
        old.unlink()
        raise
    return [old]


def _unpacked(file: Path, folder: Path, kind: str) -> Backup:
    """The backup laid out in `folder` and checked."""
    try:
        with tarfile.open(file, "r:*") as tar:
            tar.extractall(folder, filter="data")  # no path leads out of the folder
        told: dict[str, Any] = json.loads((folder / TOLD).read_text("utf-8"))
        found = Backup(
            file, told["kind"], str(told["revision"]), datetime.fromisoformat(told["made_at"]), tuple(told["folders"])
        )
        newer = int(told["format"]) > FORMAT
    except FileNotFoundError as error:
        what = f"There is no file {file}" if not file.exists() else f"{file.name} is no backup of the studio"
        raise StorageError(f"{what}; give a file that `relate backup` wrote.") from error
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{file.name} is damaged or no backup of the studio; nothing was changed.") from error
    except OSError as error:
        raise StorageError(f"{file} cannot be read ({error.strerror or error}); nothing was changed.") from error
    if newer:
        raise StorageError("This backup was written by a newer version of the studio; update it and restore then.")
    if found.kind != kind:
        raise StorageError(
            f"This backup is of a {found.kind} database and the studio uses {kind}; set RELATE_DATABASE_URL to one of "
            "the same kind. Nothing was changed."
        )
    copy = folder / NAMES[kind]
    if not copy.exists() or _sha256(copy) != told["sha256"]:
        raise StorageError(f"The database in {file.name} is not the one that was written; use another backup.")
    if kind == "sqlite":
        files.check_sqlite(copy)
    else:
        files.require_known(found.revision)
        for program in ("pg_restore", "psql", "pg_dump"):
            files.require_program(program)
    return found


def _in_use(config: Settings, kind: str) -> str:
    """Who works on the database now, as the beginning of a sentence; "" for nobody."""
    if presence.alive(config, "worker"):
        return "A worker is running on this home folder"
    if presence.alive(config, "drafting"):
        return "The studio is drafting in this home folder"
    if kind == "postgresql":
        return "Somebody is connected to the database" if files.postgresql_in_use(config.database) else ""
    used = files.sqlite_in_use(files.file_of(config.database))
    return "The studio or another program has the database open" if used else ""


def _stamp(*folders: Path) -> str:
    """The ending of what is kept: the time, unlike that of any restore before."""
    stamp, number = f"{KEPT[1:]}{datetime.now(UTC):%Y%m%d-%H%M%S}", 1
    named = stamp
    while any(True for folder in folders for _ in folder.glob(f"*.{named}*")):
        number += 1
        named = f"{stamp}-{number}"
    return named


def _near(copy: Path, path: Path) -> Path:
    """The copy on the file system of its place, so that it can be put there in one step."""
    near = path.with_name(f".{path.name}.restored")
    near.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(copy, near)
    return near


def _brought_up_to_date(url: str, found: Backup) -> None:
    """Upgrades the tables, ends every session (who signed out or was removed since would be in again), and notes the
    restore in every workspace, in the name of the person of this computer there."""
    db = open_database(url)
    try:
        with db.write() as session:  # for itself: no note that fails keeps a session open
            sessions.end_all(session, utc_now())
        name, made_at = readable(found.file.name), found.made_at.isoformat()
        for workspace in audit_shell.workspaces(db):
            me = shell_actor(db, workspace)
            with db.write() as session:
                audit.note(session, me, "database.restore", "database", file=name, made_at=made_at)
    finally:
        db.close()


def readable(name: str) -> str:
    """A file's name that can be printed and stored, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


def _add(tar: tarfile.TarFile, path: Path, name: str, within: tuple[Path, ...] = ()) -> None:
    """What a path leads to, links followed, under its own name. Leaves out what is still being written, what restores
    have kept, links to nothing and links back to a folder they are in."""
    real = path.resolve()
    if name.endswith(".part") or left_alone(path.name) or real in within or not real.exists():
        return
    tar.add(real, name, recursive=False)
    if real.is_dir():
        for inner in sorted(real.iterdir()):
            _add(tar, inner, f"{name}/{inner.name}", (*within, real))


def _sha256(path: Path) -> str:
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
