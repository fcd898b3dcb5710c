"""Backup and restore of SQLite: round trip, other processes at work, and every refusal leaves things as they were."""

import json
import shutil
import sqlite3
import tarfile
import threading
from datetime import datetime
from pathlib import Path

import pytest

from app.cli import main
from app.services import audit, backup, briefs, invitations, learning, presence, sessions, versions
from app.services.people import local_actor
from db.models import SignIn, utc_now
from db.session import StorageError, open_database
from relate_engine.config import Settings, settings
from tests.unit.studio import brief, signed_in
from tests.unit.writers import add_version, small_settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A home with one brief, a trained writer in use and a reward model's folder."""
    config = small_settings(tmp_path)
    db = open_database(config.database)
    actor = local_actor(db)
    briefs.save_brief(db, actor, brief("Before"))
    add_version(db, actor, config, "writer-2")
    versions.promote(db, actor, "writer-2", config, "better")
    rewards = learning.rewards_folder(config, actor.workspace_id) / "r-1"
    rewards.mkdir(parents=True)
    (rewards / "card.json").write_text("{}")
    db.close()
    return config


def titles(config: Settings) -> list[str]:
    db = open_database(config.database)
    try:
        return sorted(b.title for b in briefs.list_briefs(db, local_actor(db)))
    finally:
        db.close()


def add(config: Settings, product: str) -> None:
    db = open_database(config.database)
    briefs.save_brief(db, local_actor(db), brief(product))
    db.close()


def test_a_round_trip_brings_back_rows_and_trained_versions(config: Settings, tmp_path: Path) -> None:
    made = backup.make(config, tmp_path / "out" / "b.tar.gz")
    assert (made.kind, made.folders) == ("sqlite", ("policies", "versions"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b.tar.gz"]  # nothing else is left
    db = open_database(config.database)
    actor = local_actor(db)
    with db.read() as session:
        yesterday = audit.rows.last_hash(session, actor.workspace_id) or audit.BEGINNING
    with db.write() as session:
        audit.note(session, actor, "text.approve", "text", 1)
    today = audit.verify(db, actor).last_hash
    db.close()
    add(config, "After")
    shutil.rmtree(config.home / "policies")
    done = backup.restore(config, made.file)
    assert titles(config) == ["Before"]
    db = open_database(config.database)
    actor = local_actor(db)
    (folder,) = versions.writers(db, actor, config)
    versions.check(config, actor.workspace_id, folder.name)  # whole, and made on this base
    assert folder.name == "writer-2"
    assert (config.home / "versions" / str(actor.workspace_id) / "rewards" / "r-1" / "card.json").exists()
    # the log of the restored database holds, knows yesterday's hash and misses today's
    assert audit.verify(db, actor, yesterday).holds and audit.verify(db, actor, today).expected is False
    db.close()
    old = next(path for path in done.kept if path.name.startswith("relate.db.before-restore-"))
    assert sqlite3.connect(old).execute("SELECT count(*) FROM briefs").fetchone() == (2,)  # what was replaced is kept
    assert not list(config.home.glob(".restore-*"))


def test_a_backup_onto_an_empty_home_makes_a_studio(config: Settings, tmp_path: Path) -> None:
    made = backup.make(config, tmp_path / "b.tar.gz")
    moved = config.model_copy(update={"home": tmp_path / "elsewhere"})
    assert backup.restore(moved, made.file).kept == ()
    assert titles(moved) == ["Before"] and (moved.home / "policies").is_dir()


def test_a_backup_is_of_one_moment_while_others_write(config: Settings, tmp_path: Path) -> None:
    """A writer adds pairs of briefs in one transaction each; no copy holds half a pair."""
    db = open_database(config.database)
    actor, stop, wrote = local_actor(db), threading.Event(), [0]

    def work() -> None:
        from db import models

        while not stop.is_set():
            with db.write() as session:
                for _ in range(2):
                    session.add(models.Brief(
                        workspace_id=actor.workspace_id, author_id=actor.user_id, title="pair", placement="generic",
                        payload={}, checksum="c",
                    ))  # fmt: skip
            wrote[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(5):
            backup.make(config, tmp_path / f"{number}.tar.gz")
    finally:
        stop.set()
        thread.join()
        db.close()
    assert wrote[0] > 0
    for number in range(5):
        with tarfile.open(tmp_path / f"{number}.tar.gz") as tar:
            tar.extract("relate.db", tmp_path / str(number), filter="data")
        copy = sqlite3.connect(tmp_path / str(number) / "relate.db")
        (pairs,) = copy.execute("SELECT count(*) FROM briefs WHERE title = 'pair'").fetchone()
        assert pairs % 2 == 0 and copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_restore_waits_for_the_studio_to_end(config: Settings, tmp_path: Path) -> None:
    made = backup.make(config, tmp_path / "b.tar.gz")
    add(config, "After")
    studio = open_database(config.database)  # an idle page server still holds its connection
    local_actor(studio)
    with pytest.raises(StorageError, match="has the database open, so nothing was restored"):
        backup.restore(config, made.file)
    assert titles(config) == ["After", "Before"]
    backup.restore(config, made.file, force=True)
    studio.close()
    assert titles(config) == ["Before"]
    presence.mark(config, "worker")
    with pytest.raises(StorageError, match="A worker is running"):
        backup.restore(config, made.file)
    presence.unmark(config, "worker")
    backup.restore(config, made.file)


def _rewritten(file: Path, folder: Path, name: str, change: object) -> Path:
    """The backup with one of its files changed."""
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    change(folder / name)  # type: ignore[operator]
    out = folder.with_suffix(".tar.gz")
    with tarfile.open(out, "w:gz") as tar:
        for path in folder.iterdir():
            tar.add(path, path.name)
    return out


def test_a_restore_ends_every_session(config: Settings, tmp_path: Path) -> None:
    """Who signed out, or was removed, after the backup was made would be in again."""
    db = open_database(config.database)
    actor = local_actor(db)
    signed_in(db, actor)
    db.close()
    backup.restore(config, backup.make(config, tmp_path / "b.tar.gz").file)
    db = open_database(config.database)
    with db.read() as session:
        assert session.query(SignIn).one().ended_at is not None
    db.close()


def test_who_signed_in_after_the_backup_signs_in_again(config: Settings, tmp_path: Path) -> None:
    """That session's row is lost with the restore; it may have ended since, so its cookie counts no more."""
    db = open_database(config.database)
    invitations.invite(db, local_actor(db), "ann@example.com", "reviewer")
    made, now = backup.make(config, tmp_path / "b.tar.gz"), utc_now()

    def cookie(at: datetime) -> sessions.Identity:
        claims = {"iss": "https://id.example.com", "sub": "ann", "iat": at.timestamp(), "email": "ann@example.com"}
        return sessions.identity_of(claims | {"email_verified": True})

    signed = sessions.enter(db, cookie(now), 8.0)
    sessions.sign_out(db, signed)
    db.close()
    backup.restore(config, made.file)
    db = open_database(config.database)
    with pytest.raises(sessions.SignedOut, match="restored; sign in again"):
        sessions.enter(db, cookie(now), 8.0)
    assert sessions.enter(db, cookie(utc_now()), 8.0).memberships[0].role == "reviewer"
    db.close()


def test_a_server_that_refuses_a_restore_leaves_the_versions_too(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("pg_restore stopped: permission denied; the database is as it was.")

    for name, stand_in in (
        ("kind_of", lambda _: "postgresql"),
        ("require_program", lambda name: name),
        ("postgresql_in_use", lambda _: False),
        ("revision_of", lambda _: backup.files.check_sqlite(config.home / "relate.db")),
        ("dump_postgresql", lambda _, target: target.write_text("a dump")),
        ("restore_postgresql", refuse),
    ):
        monkeypatch.setattr(backup.files, name, stand_in)
    made = backup.make(config, tmp_path / "b.tar.gz")
    (config.home / "policies" / "newer").mkdir()
    with pytest.raises(StorageError, match="permission denied"):
        backup.restore(config, made.file)
    assert (config.home / "policies" / "newer").is_dir() and not list(config.home.glob("policies.before-restore-*"))


def test_what_is_no_sound_backup_is_refused_and_changes_nothing(config: Settings, tmp_path: Path) -> None:
    made = backup.make(config, tmp_path / "b.tar.gz")
    add(config, "After")

    def told(**more: object) -> object:
        return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | more))

    def sealed(statement: str) -> Path:
        folder = tmp_path / f"sealed-{len(statement)}"

        def change(path: Path) -> None:
            with sqlite3.connect(path.with_name("relate.db")) as copy:
                copy.execute(statement)
            told(sha256=backup._sha256(path.with_name("relate.db")))(path)  # type: ignore[operator]

        return _rewritten(made.file, folder, "backup.json", change)

    (tmp_path / "list.txt").write_text("my shopping list")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "list.txt", "list.txt")
    (tmp_path / "cut.tar.gz").write_bytes(made.file.read_bytes()[:2000])
    bad = {
        tmp_path / "none.tar.gz": "There is no file",
        tmp_path / "list.txt": "no backup of the studio",
        tmp_path / "other.tar.gz": "no backup of the studio",
        tmp_path / "cut.tar.gz": "damaged",
        tmp_path: "cannot be read",
        _rewritten(made.file, tmp_path / "n", "backup.json", told(format=2)): "newer version",
        _rewritten(made.file, tmp_path / "p", "backup.json", told(kind="postgresql")): "of the same kind",
        _rewritten(made.file, tmp_path / "x", "relate.db", lambda p: p.write_bytes(b"x")): "not the one",
        sealed("UPDATE alembic_version SET version_num = '9999'"): "newer version of the studio",
        sealed("DROP TABLE workspaces"): "none of the studio's",
    }
    for file, why in bad.items():
        with pytest.raises(StorageError, match=why):
            backup.restore(config, file)
        with pytest.raises(StorageError):
            backup.restore(config, file, force=True)
    assert titles(config) == ["After", "Before"] and not list(config.home.glob("*before-restore*"))


def test_a_path_that_leads_out_of_the_archive_is_refused(config: Settings, tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "evil", "../../evil-out")
    with pytest.raises(StorageError, match="nothing was changed"):
        backup.restore(config, tmp_path / "evil.tar.gz")
    assert not list(tmp_path.rglob("evil-out"))


def test_a_file_that_is_there_is_not_written_over(config: Settings, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_text("mine")
    with pytest.raises(StorageError, match="already"):
        backup.make(config, tmp_path / "b.tar.gz")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot be written"):
        backup.make(config, tmp_path / "file" / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "mine"


def test_nothing_to_back_up_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no database"):
        backup.make(Settings(home=tmp_path / "empty"), tmp_path / "b.tar.gz")


def test_the_shell_backs_up_and_restores(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELATE_HOME", str(config.home))
    monkeypatch.delenv("RELATE_DATABASE_URL", raising=False)
    settings.cache_clear()
    try:
        assert main(["backup", str(tmp_path / "b.tar.gz")]) == 0
        assert "the sqlite database, with policies and versions" in capsys.readouterr().out
        add(config, "After")
        assert main(["restore", str(tmp_path / "b.tar.gz")]) == 0
        assert "Kept what was there before" in capsys.readouterr().out
        assert titles(config) == ["Before"]
        assert main(["restore", str(tmp_path / "none.tar.gz")]) == 2
    finally:
        settings.cache_clear()
