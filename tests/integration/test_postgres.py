"""The services on a real PostgreSQL server: the unit tests' own files, run once more against a server started here.

Left out by name: what is about SQLite's file, and a few that load a model or take long and say nothing about the
database. Left out as files: test_review_rights and test_denial, in which the database is not asked, and what stores
nothing. Without the server's programs this is skipped with the reason; with CI=true it fails if they are here but do
not start, or if the server is here without pg_dump and pg_restore.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from sqlalchemy import text

from app.services import audit, backup, briefs
from app.services.people import local_actor
from db.session import StorageError, open_database
from relate_engine.config import Settings
from tests.postgres_server import PROGRAMS, VARIABLE, NoServer, _find, database_for, named, server
from tests.unit.studio import brief, person

ROOT = Path(__file__).resolve().parents[2]
UNIT = "tests/unit"
FILES = (
    "db", "audit", "jobs", "services", "importing", "versions", "positions", "exporting", "learning", "review_verdicts",
    "review_looks", "review_quality", "ads", "statuses", "comments", "history", "clients", "rulebook", "analytics",
    "analytics_counts", "sessions", "briefs_list", "brief_merge", "blocking", "client_file", "rounds", "own_lines",
    "audit_texts", "teaching", "decisions", "brief_texts", "jobs_resume", "people_services", "ad_working",
    "draft_working", "ad_review", "ad_export", "client_export", "draft_turns", "rulebook_draft", "rulebook_publish",
    "rulebook_recheck", "people_removed", "review_batches",
)  # fmt: skip
SQLITE_ONLY = (
    "test_db.py::test_migration_makes_the_folder_and_may_run_again",
    "test_db.py::test_migration_has_the_models_checks_and_names",
    "test_db.py::test_sqlite_settings",
    "test_db.py::test_a_locked_database_says_so",
    "test_db.py::test_a_file_that_is_no_database_is_left_alone",
    "test_db.py::test_a_folder_that_cannot_be_made_says_so",
    "test_db.py::test_two_processes_migrate_at_once",
    "test_audit.py::test_the_shell_verifies_lists_and_exports",
    "test_rulebook.py::test_the_shell_uses_the_rules_of_the_local_workspace",
    "test_briefs_list.py::test_no_part_of_the_list_walks_through_every_text",  # asks for SQLite's plan
    "test_exporting.py::test_formulas_are_refused_for_platforms_and_escaped_in_tables[\\x00]",  # no NUL
)
NOT_ABOUT_THE_DATABASE = (
    "test_importing.py::test_no_other_writer_waits_a_second",  # by the clock; held no longer than on SQLite
    "test_review_looks.py::test_about_a_tenth_of_many_looks_is_blind_and_clear",
    "test_review_looks.py::test_one_look_in_ten_is_a_random_clear_text_and_one_in_twenty_a_flagged_one",
    "test_rounds.py::test_where_only_single_verdicts_exist_kto_learns_from_them",  # trains, as others of the file do
    "test_rounds.py::test_a_stopped_round_goes_on_to_the_same_adapter[sft]",
    "test_rounds.py::test_a_stopped_round_goes_on_to_the_same_adapter[late]",
    "test_versions.py::test_drafts_follow_the_version_in_use_without_a_restart",
    "test_versions.py::test_a_trial_mixes_both_writers_and_stores_who_wrote_what",
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with server() as running:
            yield running
    except NoServer as error:
        if os.environ.get("CI") == "true" and all(_find(name) for name in PROGRAMS):
            pytest.fail(str(error))
        pytest.skip(str(error))


def test_the_suite_of_services_passes_on_postgresql(url: str) -> None:
    skipped = [f"--deselect={UNIT}/{name}" for name in (*SQLITE_ONLY, *NOT_ABOUT_THE_DATABASE)]
    files = [f"{UNIT}/test_{name}.py" for name in FILES]
    environment = {name: value for name, value in os.environ.items() if name != "RELATE_THREADS"} | {VARIABLE: url}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=12", *skipped, *files],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    print(done.stdout[-4000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_run_leaves_no_server(url: str) -> None:
    code = "from tests.postgres_server import server\nwith server() as url: print(url, flush=True); input()"
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.stdout is not None
    folder = Path(run.stdout.readline().decode().strip().partition("host=")[2])
    number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    run.kill()
    run.wait()
    end = time.monotonic() + 20
    while Path(f"/proc/{number}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{number}").exists()


def test_an_upgrade_from_every_older_version_keeps_the_rows(url: str, tmp_path: Path) -> None:
    """0001 with a workspace and a verdict in it, then to the newest."""
    from alembic import command
    from alembic.config import Config

    from db import migrations
    from db.session import engine_of

    address = database_for(url, tmp_path)
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO workspaces (name, created_at) VALUES ('Old', now())"))
        connection.execute(text(
            "INSERT INTO users (workspace_id, created_at, subject, name, role, active) "
            "VALUES (1, now(), 'local', 'You', 'admin', true)"
        ))  # fmt: skip
    db = open_database(address)
    with db.read() as session:
        assert session.execute(text("SELECT name, settings::text FROM workspaces")).one() == ("Old", "{}")
    person(db, "analyst", "Old")
    db.close()


def test_two_processes_upgrade_at_once(url: str, tmp_path: Path) -> None:
    address = database_for(url, tmp_path)
    db = open_database(address)
    with db.write() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    db.close()
    code = f"from db.migrations import migrate; migrate({address!r})"
    runs = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    errors = [run.communicate(timeout=120)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors


def test_a_busy_and_a_missing_server_are_told_in_one_sentence(url: str, tmp_path: Path) -> None:
    address = database_for(url, tmp_path)
    db, impatient = open_database(address), open_database(address, busy_ms=100)
    with db.write(), pytest.raises(StorageError, match=r"busy.*try again"), impatient.write():
        pass
    with pytest.raises(StorageError, match="cannot be reached"):
        open_database(address.replace("?host=", "?host=/nowhere"))
    with pytest.raises(StorageError, match="RELATE_DATABASE_URL"):
        open_database(named(url, "no_such_database"))
    db.close()
    impatient.close()


def need(*programs: str) -> None:
    """Skips where one of them is not here; fails where everything is expected to be."""
    if missing := [name for name in programs if which(name) is None]:
        reason = f"not here: {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def test_a_missing_program_is_a_failure_only_where_all_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    need()
    for value, told in (("true", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CI", value)
        with pytest.raises(told, match="not here: no-such-dump"):
            need("no-such-dump")


def test_a_backup_comes_back_whole_or_not_at_all(url: str, tmp_path: Path) -> None:
    need("pg_dump", "pg_restore")
    config = Settings(home=tmp_path / "home", database_url=database_for(url, tmp_path))
    db = open_database(config.database)
    actor = local_actor(db)
    briefs.save_brief(db, actor, brief("Before"))
    (config.home / "policies" / "1" / "w-2").mkdir(parents=True)
    made = backup.make(config, tmp_path / "b.tar.gz")
    briefs.save_brief(db, actor, brief("After"))
    with pytest.raises(StorageError, match="connected to the database, so nothing was restored"):
        backup.restore(config, made.file)
    assert len(briefs.list_briefs(db, actor)) == 2
    db.close()
    done = backup.restore(config, made.file)
    assert done.kept[0].suffix == ".dump" and done.kept[0].stat().st_size > 1000
    db = open_database(config.database)
    assert [b.title for b in briefs.list_briefs(db, local_actor(db))] == ["Before"]
    briefs.save_brief(db, actor, brief("On it goes"))  # sequences came back too
    assert audit.verify(db, actor).holds and (config.home / "policies" / "1" / "w-2").is_dir()
    db.close()


def test_a_read_is_one_snapshot(url: str, tmp_path: Path) -> None:
    db = open_database(database_for(url, tmp_path))
    count = text("SELECT count(*) FROM workspaces")
    with db.read() as session:
        assert session.scalar(count) == 0
        person(db, "admin")
        assert session.scalar(count) == 0
    with db.read() as session:
        assert session.scalar(count) == 1
    db.close()
