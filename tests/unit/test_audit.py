"""The audit log: the chain and what breaks it, pages and filters, words, exports, and who may look."""

import csv
import io
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.cli import main
from app.services import audit, audit_export, audit_log, importing, jobs, trials, versions
from app.services.audit_log import Filter
from app.services.people import Actor, Forbidden, local_actor, shell_actor
from db import audit as rows
from db.models import utc_now
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import fresh, person, tampered
from tests.unit.writers import add_version, small_settings


def noted(db: Database, actor: Actor, count: int, action: str = "text.approve") -> list[int]:
    with db.write() as session:
        for number in range(count):
            audit.note(session, actor, action, action.partition(".")[0], number + 1, {"rules": "rules-7"}, why="fine")
    with db.read() as session:
        return [row.id for row in rows.rows(session, actor.workspace_id)]


def test_the_chain_holds_and_starts_anew_in_each_workspace(db: Database) -> None:
    ours, theirs = person(db, "admin"), person(db, "admin", "Theirs")
    noted(db, ours, 3)
    noted(db, theirs, 2)
    noted(db, ours, 1)
    assert (audit.verify(db, ours).events, audit.verify(db, theirs).events) == (4, 2)
    assert audit.verify(db, ours).holds and audit.verify(db, theirs).holds


def test_a_row_reads_back_as_it_was_hashed_whatever_it_holds(db: Database) -> None:
    actor = person(db, "admin")
    with db.write() as session:
        audit.note(session, actor, "x.y", "x", None, None, t=(1, 2), d={10: "a", 9: None}, f=0.1, s="عربي 中文 “q”")
    assert audit.verify(db, actor).holds
    (event,) = audit_log.page(db, actor).events
    assert event.detail == {"t": [1, 2], "d": {"10": "a", "9": None}, "f": 0.1, "s": "عربي 中文 “q”"}


@pytest.mark.parametrize(
    ("tamper", "at", "why"),
    [
        ("UPDATE audit_events SET action = 'text.reject' WHERE id = {1}", 1, "its content was changed"),
        ("UPDATE audit_events SET object_id = 99 WHERE id = {2}", 2, "its content was changed"),
        ("UPDATE audit_events SET author_id = 2 WHERE id = {0}", 0, "its content was changed"),
        ("DELETE FROM audit_events WHERE id = {1}", 2, "a row before it was removed, added or moved"),
        ("DELETE FROM audit_events WHERE id = {0}", 1, "a row before it was removed, added or moved"),
    ],
)
def test_a_changed_or_removed_row_is_named(db: Database, tamper: str, at: int, why: str) -> None:
    actor = person(db, "admin")
    person(db, "reviewer")
    ids = noted(db, actor, 4)
    tampered(db, tamper.format(*ids))
    found = audit.verify(db, actor)
    assert (found.broken_at, found.why, found.events) == (ids[at], why, ids.index(ids[at]) - ("DELETE" in tamper))
    assert not found.holds and f"row {ids[at]}" in found.words


def test_the_database_itself_refuses_to_change_or_remove_a_row(db: Database) -> None:
    actor = person(db, "admin")
    noted(db, actor, 2)
    replace = "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events"
    own = {"sqlite": replace, "postgresql": "TRUNCATE audit_events"}
    for statement in ("UPDATE audit_events SET object_id = 9", "DELETE FROM audit_events", own[db.engine.dialect.name]):
        with pytest.raises(DBAPIError, match="never changed or removed"), db.engine.begin() as connection:
            connection.execute(text(statement))
    assert audit.verify(db, actor).events == 2 and audit.verify(db, actor).holds


def test_rows_cut_off_at_the_end_show_against_a_kept_hash(db: Database) -> None:
    """A database restored from yesterday."""
    actor = person(db, "admin")
    ids = noted(db, actor, 2)
    yesterday = audit.verify(db, actor).last_hash
    ids = noted(db, actor, 3)
    today = audit.verify(db, actor).last_hash
    assert audit.verify(db, actor, yesterday).expected and audit.verify(db, actor, f" {today.upper()} ").expected
    tampered(db, f"DELETE FROM audit_events WHERE id > {ids[1]}")
    assert audit.verify(db, actor).holds
    found = audit.verify(db, actor, today)
    assert (found.expected, found.holds, found.broken_at) == (False, False, None) and "cut off" in found.words
    noted(db, actor, 1)  # it goes on from there
    assert audit.verify(db, actor, yesterday).holds
    with pytest.raises(BriefError, match="64 characters"):
        audit.verify(db, actor, "abc")


def test_pages_go_by_id_and_filters_narrow(db: Database) -> None:
    ann, rob = person(db, "admin"), person(db, "reviewer")
    noted(db, ann, 4)
    ids = noted(db, rob, 3, "brief.archive")
    first = audit_log.page(db, ann, limit=3)
    assert [e.id for e in first.events] == ids[:3:-1] and first.older == ids[4]
    second = audit_log.page(db, ann, before=first.older, limit=4)
    assert [e.id for e in second.events] == ids[3::-1] and second.older is None

    def found(**wanted: object) -> list[int]:
        return [e.id for e in audit_log.page(db, ann, Filter(**wanted)).events][::-1]  # type: ignore[arg-type]

    assert found(author_id=rob.user_id) == ids[4:] == found(action="brief.archive") == found(object_type="brief")
    assert found(object_type="text", object_id=2) == [ids[1]]
    assert found(since=utc_now() - timedelta(days=1)) == ids and found(since=utc_now() + timedelta(minutes=1)) == []
    assert found(until=utc_now() - timedelta(days=1)) == [] and found(until=utc_now() + timedelta(minutes=1)) == ids
    known = audit_log.choices(db, ann)
    assert (known.actions, known.object_types) == (("brief.archive", "text.approve"), ("brief", "text"))
    assert known.people == {ann.user_id: "admin", rob.user_id: "reviewer"}


def test_what_the_shell_did_is_not_called_yours(db: Database) -> None:
    shell = shell_actor(db, "Ours", make=True)
    noted(db, shell, 1)
    assert audit_log.page(db, person(db, "analyst")).events[0].person == "This computer"
    assert audit_log.page(db, shell).events[0].person == "You"


def test_nobody_sees_another_workspace_or_without_the_role(db: Database) -> None:
    ours, theirs = person(db, "admin"), person(db, "analyst", "Theirs")
    noted(db, ours, 2)
    assert audit_log.page(db, theirs).events == () and audit_log.choices(db, theirs).actions == ()
    assert audit_export.export_bytes(db, theirs, "csv")[1].events == 0
    for role in ("advertiser", "reviewer"):
        actor = person(db, role)
        for call in (audit_log.page, audit_log.choices, audit.verify):
            with pytest.raises(Forbidden, match="may not see the audit log"):
                call(db, actor)
        with pytest.raises(Forbidden):
            audit_export.export_bytes(db, actor, "csv")


@pytest.mark.parametrize(
    ("action", "kind", "number", "detail", "words"),
    [
        ("text.approve", "text", 12, {}, "approved text 12"),
        ("workspace.settings", "workspace", 1, {}, "changed the settings of workspace 1"),
        ("version.promote", "policy", None, {"version": "w-2"}, "promoted writer version “w-2”"),
        ("ad.send_back", "ad", 3, {"name": "Spring"}, "sent back ad 3 “Spring”"),
        ("import.undo", "import", 4, {}, "undid import 4"),
        ("verdict.withdraw", "text", 6, {}, "withdrew the verdict of text 6"),
        ("copy", "text", 5, {}, "copied text 5"),
    ],
)
def test_a_row_is_told_in_words(action: str, kind: str, number: int | None, detail: dict[str, str], words: str) -> None:
    assert audit_log.what(action, kind, number, detail) == words


def test_a_row_says_with_which_versions(db: Database) -> None:
    actor = person(db, "admin")
    noted(db, actor, 1)
    (event,) = audit_log.page(db, actor).events
    assert event.words == "admin approved text 1 (with rules rules-7)"
    assert ("Version of rules", "rules-7") in audit_log.detail_rows(event)
    assert ("why", "fine") in audit_log.detail_rows(event)


def test_json_lines_end_with_the_last_hash_and_the_export_is_noted(db: Database) -> None:
    actor = person(db, "admin")
    noted(db, actor, 2)
    last = audit.verify(db, actor).last_hash
    data, made = audit_export.export_bytes(db, actor, "jsonl")
    lines = [json.loads(line) for line in data.decode().splitlines()]
    assert [line.get("object_id") for line in lines] == [1, 2, None] and lines[1]["hash"] == last
    assert (lines[-1]["last_hash"], lines[-1]["events"], lines[-1]["whole_log"]) == (last, 2, True)
    assert (made.last_hash, made.events, made.cut) == (last, 2, False)
    newest = audit_log.page(db, actor).events[0]
    assert newest.action == "audit.export" and newest.detail == {"format": "jsonl", "rows": 2, "last_hash": last}
    part, _ = audit_export.export_bytes(db, actor, "jsonl", Filter(action="text.approve"))
    assert json.loads(part.decode().splitlines()[-1])["whole_log"] is False


def test_no_cell_of_the_csv_runs_as_a_formula(db: Database) -> None:
    actor = person(db, "admin")
    with db.write() as session:
        audit.note(session, actor, "=HYPERLINK(1)", "@x", 1, {}, name="+1")
    data, _ = audit_export.export_bytes(db, actor, "csv")
    header, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    told = dict(zip(header, row, strict=True))
    assert told["action"] == "'=HYPERLINK(1)" and told["object"] == "'@x" and told["detail"] == '{"name": "+1"}'


def test_an_export_may_be_cut_and_says_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_export, "MOST_ON_PAGE", 2)
    actor = person(db, "admin")
    noted(db, actor, 3)
    _, made = audit_export.export_bytes(db, actor, "csv")
    assert (made.events, made.cut) == (2, True)


@pytest.mark.skipif("RELATE_TEST_DATABASE_URL" in os.environ, reason="asks SQLite for its plan")
@pytest.mark.parametrize(
    "wanted",
    [{}, {"action": "a"}, {"author_id": 1}, {"object_type": "text"}, {"object_type": "text", "object_id": 7}],
)
def test_every_question_uses_an_index(db: Database, wanted: dict[str, object]) -> None:
    with db.read() as session:
        query = rows._ids(session, 1, Filter(**wanted))  # type: ignore[arg-type]
        query = query.where(rows.AuditEvent.id < 10**6).order_by(rows.AuditEvent.id.desc()).limit(25)
        plain = str(query.compile(session.connection().engine, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {plain}"))]
    assert plan[0].startswith("SEARCH audit_events USING COVERING INDEX"), plan
    assert len(plan) == 1 or "object_id" in wanted, plan  # those of one object are few: they may be sorted


def test_the_shell_verifies_lists_and_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from relate_engine.config import settings

    db = fresh(tmp_path)
    monkeypatch.setenv("RELATE_DATABASE_URL", f"sqlite:///{tmp_path / 'relate.db'}")
    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    settings.cache_clear()
    try:
        actor = local_actor(db)
        ids = noted(db, actor, 3)
        assert main(["audit", "list", "--action", "text.approve", "-n", "1"]) == 0
        assert "You approved text 3 (with rules rules-7)" in capsys.readouterr().out
        assert main(["audit", "export", str(tmp_path / "out.jsonl")]) == 0
        last = capsys.readouterr().out.strip()
        assert main(["audit", "verify", "--expect", last]) == 0
        assert "holds: 4 rows" in capsys.readouterr().out
        assert main(["audit", "verify", "--expect", "f" * 64]) == 1
        assert "not in it" in capsys.readouterr().out
        tampered(db, f"UPDATE audit_events SET detail = '{{}}' WHERE id = {ids[1]}")
        assert main(["audit", "verify"]) == 1
        assert f"breaks at row {ids[1]}" in capsys.readouterr().out
        assert main(["audit", "verify", "--workspace", "Nowhere"]) == 2
        assert main(["audit", "export", "out.txt"]) == 2
        assert main(["audit", "list", "--object", "text:x"]) == 2
    finally:
        settings.cache_clear()


def test_changes_of_versions_jobs_and_imports_are_noted_with_them(db: Database, tmp_path: Path) -> None:
    actor, config = person(db, "admin"), small_settings(tmp_path)
    for name in ("w-2", "w-3"):
        add_version(db, actor, config, name)
    versions.promote(db, actor, "w-2", config, "better")
    trials.start_trial(db, actor, "w-3", config)
    trials.stop_trial(db, actor, "enough")
    versions.rollback(db, actor, config, "worse")
    job = jobs.start(db, actor, "rewards")
    jobs.cancel(db, actor, job.id)
    jobs.cancel(db, actor, job.id)  # twice is once
    made = importing.import_file(db, actor, "r.csv", b"Headline,Impressions,Clicks\nAn oak desk,1000,10\n")
    importing.undo_import(db, actor, made.import_id)
    importing.undo_import(db, actor, made.import_id)
    told = [event.words.removeprefix("admin ") for event in audit_log.page(db, actor).events][::-1]
    assert told == [
        "promoted writer version “w-2” (with policy w-2)",
        "started a trial of writer version “w-3”",
        "ended the trial of writer version “w-3”",
        "rolled back writer version “w-2” (with policy the shipped writer)",
        f"started job {job.id} “Updating the predictions from campaign results”",
        f"cancelled job {job.id} “Updating the predictions from campaign results”",
        f"finished import {made.import_id} “r.csv”",
        f"undid import {made.import_id} “r.csv”",
    ]
    with pytest.raises(BriefError):
        versions.rollback(db, actor, config)  # what is refused is not noted
    assert audit.verify(db, actor).events == 8
