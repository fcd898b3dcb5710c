"""Trouble with the database's file, its folder and the disk: what the person is told, and that nothing is lost."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError
from sqlalchemy import Engine, event

from app.services import briefs, drafting
from app.services.people import Actor, local_actor
from app.services.trouble import sentence
from db import models
from db.session import Database, StorageError, open_database
from tests.unit.studio import Draft, brief, card, count, fresh, small_draft


def test_a_locked_database_loses_nothing(db: Database, ada: Actor, tmp_path: Path) -> None:
    saved = briefs.save_brief(db, ada, brief())
    impatient = open_database(f"sqlite:///{tmp_path / 'relate.db'}", busy_ms=50)
    other = sqlite3.connect(tmp_path / "relate.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"is busy, so nothing was saved; wait a moment and try again\.$"):
        drafting.store_generation(impatient, ada, saved.id, small_draft())
    other.close()
    assert count(db, models.Text) == count(db, models.Generation) == 0
    assert len(drafting.store_generation(impatient, ada, saved.id, small_draft()).texts) == 6


def test_a_full_disk_saves_nothing_half(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    db.engine.dispose()

    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # means: no page more than there are

    event.listen(db.engine, "connect", fill)
    large: Any = Draft(tuple(card("x" * 2000 + str(i)) for i in range(200)))
    with pytest.raises(StorageError, match=r"is full, so nothing was saved; free some space"):
        drafting.store_generation(db, ada, saved.id, large)
    event.remove(db.engine, "connect", fill)
    db.engine.dispose()
    assert count(db, models.Text) == count(db, models.Generation) == count(db, models.Card) == 0
    assert len(drafting.store_generation(db, ada, saved.id, large).texts) == 200


def test_a_disk_that_is_full_of_weights_is_told_as_such() -> None:
    """What safetensors and torch.save raised on a disk of one megabyte is no OSError."""
    for said in (
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
    ):
        assert sentence(said, "The job") == "The job stopped: the disk is full; free some space and try again."
    assert "an error (KeyError)" in sentence(KeyError("position"), "The job")


def test_a_read_only_file_can_be_read_and_says_so(db: Database, ada: Actor, tmp_path: Path) -> None:
    briefs.save_brief(db, ada, brief())
    db.close()
    frozen = open_database(f"sqlite:///file:{tmp_path / 'relate.db'}?mode=ro&uri=true")
    assert len(briefs.list_briefs(frozen, ada)) == 1
    with pytest.raises(StorageError, match=r"is read-only, so nothing was saved; allow writing"):
        briefs.save_brief(frozen, ada, brief("Other"))


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder nobody may write to; root, who may write anywhere, becomes nobody meanwhile."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    root = os.geteuid() == 0
    fresh_engine_modules()
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def fresh_engine_modules() -> None:
    """Imports what opening a database imports, since nobody may not read every environment."""
    with tempfile.TemporaryDirectory() as folder:
        fresh(Path(folder)).close()


def test_a_read_only_folder_says_so(read_only_folder: Path) -> None:
    for folder in (read_only_folder, read_only_folder / "below"):
        with pytest.raises(StorageError, match=r"cannot be opened; check that its folder exists and may be written"):
            fresh(folder)


def test_storage_trouble_names_no_password() -> None:
    with pytest.raises(StorageError) as caught:
        open_database("postgresql://ada:secret@127.0.0.1:1/relate")
    assert "secret" not in str(caught.value)


def test_engine_of_two_databases_stay_apart(tmp_path: Path) -> None:
    one, two = fresh(tmp_path / "one"), fresh(tmp_path / "two")
    briefs.save_brief(one, local_actor(one), brief())
    assert isinstance(two.engine, Engine) and briefs.list_briefs(two, local_actor(two)) == []
