"""A restore on folders that are links or mounts, one that stops half way, and what is put away and noted with it."""

import errno
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.services import ad_working, aside, audit, audit_log, backup, briefs, draft_working, exchange, versions
from app.services.people import Actor, local_actor, shell_actor
from db.models import SignIn
from db.session import StorageError, open_database
from relate_engine.config import Settings, settings
from tests.unit.studio import brief, person, signed_in
from tests.unit.writers import add_version, small_settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A home with one brief, an open session and a trained writer in use."""
    config = small_settings(tmp_path)
    db = open_database(config.database)
    actor = local_actor(db)
    briefs.save_brief(db, actor, brief("Before"))
    use(config, "writer-2")
    signed_in(db, actor)
    db.close()
    return config


def use(config: Settings, version: str) -> None:
    db = open_database(config.database)
    actor = local_actor(db)
    add_version(db, actor, config, version)
    versions.promote(db, actor, version, config, "better")
    db.close()


def in_use(config: Settings) -> str:
    """The writer that the database has in use, whole in its folder."""
    db = open_database(config.database)
    (folder,) = versions.writers(db, local_actor(db), config)
    versions.check(config, local_actor(db).workspace_id, folder.name)
    db.close()
    return folder.name


def ended(config: Settings) -> bool:
    db = open_database(config.database)
    with db.read() as session:
        found = session.query(SignIn).one().ended_at is not None
    db.close()
    return found


def linked(config: Settings, shared: Path) -> None:
    """`policies` is a link to a shared disk, and in it one version is a link to yet another place."""
    shared.mkdir()
    (config.home / "policies").rename(shared / "policies")
    (config.home / "policies").symlink_to(shared / "policies")
    inner = shared / "policies" / "1" / "writer-2"
    inner.rename(shared / "far")
    inner.symlink_to(shared / "far")
    (inner.parent / "gone").symlink_to(shared / "nothing")
    (inner.parent / "round").symlink_to(inner.parent)


def test_linked_folders_are_backed_up_with_what_they_hold(config: Settings, tmp_path: Path) -> None:
    linked(config, tmp_path / "shared")
    made = backup.make(config, tmp_path / "b.tar.gz")
    with tarfile.open(made.file) as tar:
        assert not [entry.name for entry in tar if entry.issym()]
        assert "policies/1/writer-2/manifest.json" in tar.getnames()
    moved = config.model_copy(update={"home": tmp_path / "elsewhere"})
    backup.restore(moved, made.file)
    assert in_use(moved) == "writer-2" and not (moved.home / "policies").is_symlink()


def test_a_restore_keeps_the_link_and_exchanges_what_is_behind_it(config: Settings, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    linked(config, shared)
    made = backup.make(config, tmp_path / "b.tar.gz")
    use(config, "writer-3")
    done = backup.restore(config, made.file)
    assert (config.home / "policies").readlink() == shared / "policies" and in_use(config) == "writer-2"
    kept = next(path for path in done.kept if path.parent == shared / "policies")
    assert (kept / "1" / "writer-3" / "manifest.json").exists()
    assert {path.name for path in (shared / "policies").iterdir()} == {"1", kept.name}
    again = backup.make(config, tmp_path / "again.tar.gz")  # without what was kept
    with tarfile.open(again.file) as tar:
        assert not [name for name in tar.getnames() if "before-restore" in name]


def test_of_a_mount_what_is_inside_is_exchanged(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.make(config, tmp_path / "b.tar.gz")
    use(config, "writer-3")
    number = (config.home / "policies").stat().st_ino
    refuse(monkeypatch, "policies", errno.EBUSY)
    backup.restore(config, made.file)
    assert in_use(config) == "writer-2" and (config.home / "policies").stat().st_ino == number
    assert not list((config.home / "policies").glob(".*"))


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, code: int, times: int = 1000) -> None:
    """The next renamings of what has this name fail."""
    real, left = Path.rename, [times]

    def rename(self: Path, target: Any) -> Path:
        if self.name == name and left[0]:
            left[0] -= 1
            raise OSError(code, os.strerror(code), str(self))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)


def everything(config: Settings) -> set[str]:
    found = {str(path.relative_to(config.home)) for path in config.home.rglob("*")}
    return found - {"relate.db-wal", "relate.db-shm"}


@pytest.mark.parametrize("how", ["refused", "folder", "database", "mount"])
def test_a_restore_that_cannot_be_done_changes_nothing(
    how: str, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not ours, one that fails after the trial, the database's file itself, a mount half exchanged."""
    (config.home / "versions").mkdir()
    draft_working.keep_brief(Actor(1, "admin", 1), config, None, {"product": "Typed"}, None)
    made = backup.make(config, tmp_path / "b.tar.gz")
    use(config, "writer-3")
    before = everything(config)
    with monkeypatch.context() as patch:
        if how == "refused":
            refuse(patch, "versions", errno.EACCES)
        elif how == "folder":
            patch.setattr(exchange, "_movable", lambda *_: True)
            refuse(patch, "versions", errno.EBUSY, 1)
        elif how == "mount":
            patch.setattr(exchange, "_movable", lambda old, _: old.name != "policies")
            refuse(patch, "versions", errno.EBUSY, 1)
        else:
            patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        with pytest.raises(StorageError, match="everything is as it was"):
            backup.restore(config, made.file)
    assert everything(config) == before
    assert in_use(config) == "writer-3" and not ended(config)
    backup.restore(config, made.file)  # and then it can be done
    assert in_use(config) == "writer-2" and ended(config)


def test_a_path_with_any_characters_is_backed_up(tmp_path: Path) -> None:
    for name in ("Team #1", "a%20b", "100% ours"):
        config = Settings(home=tmp_path / name / "home")
        db = open_database(config.database)
        briefs.save_brief(db, local_actor(db), brief(name))
        db.close()
        made = backup.make(config, tmp_path / name / "b#%41.tar.gz")
        backup.restore(config, made.file)
        db = open_database(config.database)
        assert [b.title for b in briefs.list_briefs(db, local_actor(db))] == [name]
        db.close()


def test_a_file_name_that_is_no_text_ends_every_session_too(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELATE_HOME", str(config.home))
    monkeypatch.delenv("RELATE_DATABASE_URL", raising=False)
    settings.cache_clear()
    name = str(tmp_path / os.fsdecode(b"f\xfcr.tar.gz"))
    try:
        assert main(["backup", name]) == 0 and main(["restore", name]) == 0
    finally:
        settings.cache_clear()
    assert ended(config)
    db = open_database(config.database)
    newest = audit_log.page(db, local_actor(db)).events[0]
    assert (newest.action, newest.detail["file"]) == ("database.restore", "f\N{REPLACEMENT CHARACTER}r.tar.gz")
    assert audit.verify(db, local_actor(db)).holds
    db.close()


def test_sessions_end_though_the_note_fails(config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = backup.files.url_of(tmp_path / "copy.db")
    made = backup.make(config, tmp_path / "b.tar.gz")
    with tarfile.open(made.file) as tar:
        tar.extract("relate.db", tmp_path, filter="data")
    (tmp_path / "relate.db").rename(tmp_path / "copy.db")
    monkeypatch.setattr(audit, "note", lambda *_, **__: (_ for _ in ()).throw(ValueError("no note")))
    with pytest.raises(ValueError, match="no note"):
        backup._brought_up_to_date(url, made)
    assert ended(config.model_copy(update={"database_url": url}))


def test_every_workspace_is_told_of_a_restore_by_one_of_its_own(config: Settings, tmp_path: Path) -> None:
    db = open_database(config.database)
    homes = [local_actor(db), shell_actor(db, "Acme", make=True)]
    with_people = person(db, "admin", "Nobody local")
    db.close()
    backup.restore(config, backup.make(config, tmp_path / "b.tar.gz").file)
    db = open_database(config.database)
    for actor in (*homes, with_people):
        event = audit_log.page(db, actor).events[0]
        assert event.action == "database.restore" and event.author_id in audit_log.choices(db, actor).people
        assert audit.verify(db, actor).holds
    assert audit_log.page(db, homes[1]).events[0].author_id == homes[1].user_id
    db.close()


def test_what_one_person_typed_is_not_offered_to_the_next_with_the_same_number(
    config: Settings, tmp_path: Path
) -> None:
    made = backup.make(config, tmp_path / "b.tar.gz")
    db = open_database(config.database)
    bob = person(db, "advertiser", "Acme")
    draft_working.keep_brief(bob, config, None, {"product": "Bob's secret"}, None)
    db.close()
    done = backup.restore(config, made.file)
    db = open_database(config.database)
    carol = person(db, "advertiser", "Other")
    assert (carol.user_id, carol.workspace_id) == (bob.user_id, bob.workspace_id)
    assert draft_working.kept_briefs(db, carol, config) == []
    db.close()
    kept = next(path for path in done.kept if path.parent == config.home / "work")
    assert kept.name.startswith("briefs.before-restore-") and list(kept.glob("*/*.json"))
    assert {draft_working.BRIEFS, draft_working.WORDINGS, ad_working.ROOM} == {*aside.ROOMS}
