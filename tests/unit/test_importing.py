"""Campaign results come in: nothing twice, nothing half, undo, roles, matching, and what a row may teach."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import briefs, drafting, importing, results_page
from app.services.import_report import details, headline
from app.services.people import Actor, Forbidden, NotFound, Role
from db import models
from db.session import Database, open_database
from relate_engine.results.lines import ResultsError
from relate_engine.results.observation import Observation
from relate_engine.results.reading import Options
from relate_engine.rewards.ctrhead import Effect
from relate_engine.training.counting import action_of
from relate_engine.training.counting import count as count_rows
from tests.unit.result_files import google_assets, google_report, google_row, meta_csv, meta_row
from tests.unit.studio import brief, count, person, small_draft

TODAY = datetime.now(UTC).date()
OLD = (TODAY - timedelta(days=30)).isoformat()
HEADER = "test,headline,body,impressions,clicks,conversions,action,window,day"


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def seen(db: Database, actor: Actor) -> list[tuple[str, int, int, float | None]]:
    return [(o.text, o.impressions, o.clicks, o.conversions) for o in importing.observations(db, actor)]


def test_a_report_says_what_became_of_every_row(db: Database, ana: Actor) -> None:
    rows = [google_row("Lock Your Kayak", "40", "1,234"), google_row("Too many clicks", "50", "20")]
    told: list[tuple[int, int]] = []
    report = importing.import_file(db, ana, "ads.csv", google_report(rows), progress=lambda *at: told.append(at))
    assert (report.read, report.kept, report.rejected, report.skipped) == (4, 1, 1, {"totals": 2})
    assert headline(report) == "4 rows read, 1 kept, 1 rejected, 2 left out (totals)."
    assert report.reasons == {"clicks (…) are above impressions (…)": 1} and told[-1] == (4, 4)
    assert [(r.line, r.reason) for r in report.told] == [(5, "clicks (50) are above impressions (20)")]
    assert any("Google Ads (UTF-16, tab-separated)" in line for line in details(report))


def test_the_same_file_twice_changes_nothing(db: Database, ana: Actor) -> None:
    data = meta_csv([meta_row("Lock it"), meta_row("Lift it")])
    first = importing.import_file(db, ana, "a.csv", data)
    before = seen(db, ana)
    again = importing.import_file(db, person(db, "advertiser"), "other name.csv", data)
    assert again.already and again.import_id == first.import_id and "nothing was changed" in headline(again)
    assert seen(db, ana) == before and count(db, models.Result) == 2 and len(importing.list_imports(db, ana)) == 1


def test_the_same_rows_in_another_file_count_once_and_newer_counts_replace(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_csv([meta_row("Lock it"), meta_row("Lift it")]))
    before = seen(db, ana)
    later = importing.import_file(
        db, ana, "b.csv", meta_csv([meta_row("Lock it"), meta_row("Lift it", clicks=35), meta_row("New")])
    )
    assert (later.known, later.updated) == (1, 1)
    bodies = {o.text: o.clicks for o in importing.observations(db, ana) if o.slot == "primary_text"}
    assert bodies == {"Lock it": 30, "Lift it": 35, "New": 30}
    importing.undo_import(db, ana, later.import_id)
    assert sorted(seen(db, ana)) == sorted(before)


def test_undo_reverses_and_the_file_may_come_again(db: Database, ana: Actor) -> None:
    data = google_report([google_row("Lock Your Kayak", "40", "1,234"), google_row("Bad", "9", "1")])
    first = importing.import_file(db, ana, "a.csv", data)
    importing.undo_import(db, ana, first.import_id)
    importing.undo_import(db, ana, first.import_id)  # twice is once
    assert seen(db, ana) == [] and count(db, models.Result) == 0 and results_page.traffic(db, ana) is None
    (stored,) = importing.list_imports(db, ana)
    assert stored.state == "undone" and b"clicks (9)" in importing.rejected_csv(db, ana, stored.id)
    again = importing.import_file(db, ana, "a.csv", data)
    assert not again.already and again.import_id != first.import_id and len(seen(db, ana)) == 2


def test_a_broken_import_leaves_nothing(db: Database, ana: Actor) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    rows = [f"t,H{i},B,100,5,1,buy,,{OLD}" for i in range(1200)]
    with pytest.raises(KeyboardInterrupt):
        importing.import_file(db, ana, "a.csv", table(*rows), progress=stop)
    assert count(db, models.Result) == count(db, models.Import) == 0


def test_what_a_killed_process_staged_is_not_visible_and_swept_away(db: Database, ana: Actor) -> None:
    owner = {"workspace_id": ana.workspace_id, "author_id": ana.user_id}
    with db.write() as session:
        dead = models.Import(**owner, name="x", content="c", format="generic", placement="generic", summary={})
        dead.created_at = datetime.now(UTC) - timedelta(hours=2)
        session.add(dead)
        session.flush()
        session.add(
            models.Result(
                **owner, import_id=dead.id, line=2, row_key="k", arm="a", impressions=10, clicks=1, meaning={}
            )
        )
    assert importing.list_imports(db, ana) == [] and seen(db, ana) == []
    importing.import_file(db, ana, "a.csv", table(f"t,H,B,100,5,1,buy,,{OLD}"))
    assert count(db, models.Import) == count(db, models.Result) == 1


def test_what_is_still_being_read_cannot_be_undone(db: Database, ana: Actor) -> None:
    """Undoing it then would delete rows of an import that becomes visible a moment later."""
    refused: list[str] = []

    def undo(*_: object) -> None:
        if not refused:
            with pytest.raises(ResultsError, match="still being read") as caught:
                importing.undo_import(db, ana, 1)
            refused.append(str(caught.value))

    rows = [f"t,Headline {i},Body,1000,50,5,buy,,{OLD}" for i in range(700)]
    report = importing.import_file(db, ana, "a.csv", table(*rows), progress=undo)
    assert refused and report.import_id == 1 and count(db, models.Result) == report.kept == 700


def test_a_file_without_one_good_row_changes_nothing_and_may_be_tried_again(db: Database, ana: Actor) -> None:
    data = b"headline,impressions,clicks,day\nA,100,5,03/04/2026\nB,100,5,05/04/2026\n"
    report = importing.import_file(db, ana, "a.csv", data)
    assert report.kept == 0 and "Nothing was kept" in headline(report) and seen(db, ana) == []
    assert importing.import_file(db, ana, "a.csv", data, Options(dates="dmy")).kept == 2


def test_rejected_rows_leave_as_csv_that_no_spreadsheet_runs(db: Database, ana: Actor) -> None:
    report = importing.import_file(
        db, ana, "a.csv", table("t,=cmd|x,B,1,5,1,buy,,2026-10-01", f"t,A,B,9,5,1,buy,,{OLD}")
    )
    lines = importing.rejected_csv(db, ana, report.import_id).decode("utf-8-sig").split("\r\n")
    assert lines[1] == "2,clicks (5) are above impressions (1),t,'=cmd|x,B,1,5,1,buy,,2026-10-01"


# who


@pytest.mark.parametrize("role", ["advertiser", "reviewer", "analyst", "admin"])
def test_roles(db: Database, ana: Actor, role: Role) -> None:
    data = table(f"t,A,B,100,5,1,buy,,{OLD}")
    stored = importing.import_file(db, ana, "a.csv", data).import_id
    actor = person(db, role)
    calls = [
        lambda: importing.import_file(db, actor, "b.csv", data + b"\n"),
        lambda: importing.list_imports(db, actor),
        lambda: importing.rejected_csv(db, actor, stored),
        lambda: importing.observations(db, actor),
        lambda: results_page.traffic(db, actor),
        lambda: results_page.counting(db, actor),
        lambda: results_page.look(actor, "b.csv", data, Options()),
        lambda: results_page.opened(actor, "b.csv", data),
        lambda: results_page.suggested(actor, "b.csv", data, "generic"),
        lambda: importing.undo_import(db, actor, stored),
    ]
    for call in calls:
        if role == "reviewer":
            with pytest.raises(Forbidden, match="campaign results"):
                call()
        else:
            call()
    assert bool(seen(db, ana)) == (role == "reviewer" or count(db, models.Result) > 0)


def test_a_foreign_workspace_sees_and_changes_nothing(db: Database, ana: Actor) -> None:
    data = table(f"t,A,B,100,5,1,buy,,{OLD}", f"t,C,B,100,7,1,buy,,{OLD}")
    stored = importing.import_file(db, ana, "a.csv", data).import_id
    stranger = person(db, "admin", "Theirs")
    assert importing.list_imports(db, stranger) == [] and seen(db, stranger) == []
    assert results_page.traffic(db, stranger) is None and results_page.counting(db, stranger) == {}
    for call in (importing.undo_import, importing.rejected_csv):
        with pytest.raises(NotFound, match="in your workspace"):
            call(db, stranger, stored)
    assert not importing.import_file(db, stranger, "a.csv", data).already and len(seen(db, ana)) == 4


# what rows mean and teach


def taught(db: Database, actor: Actor, *rows: str) -> list[Observation]:
    importing.import_file(db, actor, "t.csv", table(*rows))
    return importing.observations(db, actor)


def test_texts_are_matched_exactly_then_normalised_else_external(db: Database, ana: Actor) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief(vertical="outdoor"))
    drafted = drafting.store_generation(db, ada, saved.id, small_draft())
    rows = [
        google_row("Lock Your Kayak in Seconds", "4", "100", group="1"),
        google_row("two kayaks,  one locked RACK", "4", "100", group="2"),
        google_row("Never drafted here", "4", "100", group="3"),
    ]
    report = importing.import_file(db, ana, "a.csv", google_report(rows))
    assert (report.matched, report.external) == (2, 2)  # the description is one external text
    with db.read() as session:
        ids = session.scalars(select(models.Result.text_id).order_by(models.Result.id)).all()
    by_text = {text.text: text.id for text in drafted.texts}
    assert ids == [by_text["Lock Your Kayak in Seconds"], by_text["Two Kayaks, One Locked Rack"], None]
    found = {o.text: o for o in importing.observations(db, ana) if o.slot == "headline"}
    assert found["Lock Your Kayak in Seconds"].brief == saved.brief
    assert found["Lock Your Kayak in Seconds"].vertical == "outdoor" and found["Never drafted here"].brief is None


def test_young_days_teach_ctr_and_not_cvr(db: Database, ana: Actor) -> None:
    day = {age: (TODAY - timedelta(days=age)).isoformat() for age in (6, 7, 8)}
    found = taught(db, ana, *(f"t,{age},B,100,5,2,buy,,{day[age]}" for age in day), "t,none,B,100,5,2,buy,,")
    headlines = {o.text: o for o in found if o.slot == "headline"}
    assert {text: o.conversions for text, o in headlines.items()} == {"6": None, "7": 2.0, "8": 2.0, "none": None}
    assert all(o.clicks == 5 for o in headlines.values())
    assert {o.text: o.conversions for o in importing.observations(db, ana, 8) if o.slot == "headline"}["7"] is None


def test_days_age_until_the_import_and_not_until_today(db: Database, ana: Actor) -> None:
    """Conversions that came after the file was made are not in it, however long it has been stored."""
    day = (TODAY - timedelta(days=30)).isoformat()
    found = importing.import_file(db, ana, "a.csv", table(f"t,A,B,100,5,2,buy,,{day}"))
    with db.write() as session:
        row = session.get_one(models.Import, found.import_id)
        row.created_at = datetime.now(UTC) - timedelta(days=28)
    assert all(o.conversions is None for o in importing.observations(db, ana))


def test_actions_and_windows_are_never_pooled(db: Database, ana: Actor) -> None:
    found = taught(
        db, ana, f"t,A,B,100,9,5,buy,7-day,{OLD}", f"t,A,B,100,9,2,buy,1-day,{OLD}", f"t,A,B,100,9,8,lead,7-day,{OLD}"
    )
    headlines = [o for o in found if o.slot == "headline"]
    assert [(o.action, o.conversions) for o in headlines] == [
        ("buy · 7-day", 5),
        ("buy · 1-day", 2),
        ("lead · 7-day", 8),
    ]
    assert sum(o.impressions for o in found if o.summable) == 100  # the same impressions, told three times
    assert [o.action for o in found if o.summable] == ["lead · 7-day"]  # the action with most conversions owns them


def test_asset_rows_are_never_paired_nor_added_up(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "assets.csv", google_assets())
    found = importing.observations(db, ana)
    assert [o.text for o in found] == ["Lock Your Kayak", "Two Kayaks One Rack", "A wall rack that locks."]
    assert {o.group for o in found} == {""} and not any(o.summable for o in found)


def test_asset_rows_teach_their_clicks_beside_another_action(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "assets.csv", google_assets())
    found = taught(db, ana, f",A,B,100,9,2,buy,,{OLD}")
    effects = [Effect(0.0, 0.0, 0.28, 0.0, "")]
    counted = count_rows(found, lambda texts: effects * len(texts), action_of(found))
    assert {c.ad.text: (c.clicks, c.clicks_cvr, c.base_clicks) for c in counted} == {
        "Lock Your Kayak": (30, 0, 0), "Two Kayaks One Rack": (25, 0, 0), "A wall rack that locks.": (30, 0, 0),
        "A": (9, 9, 9), "B": (9, 9, 0),
    }  # fmt: skip


def test_only_a_test_makes_groups_and_only_where_one_text_differs(db: Database, ana: Actor) -> None:
    found = taught(
        db, ana,
        f"t1,A,Same,100,5,1,buy,,{OLD}", f"t1,B,Same,100,5,1,buy,,{OLD}", f"t1,C,Other,100,5,1,buy,,{OLD}",
        f",D,Same,100,5,1,buy,,{OLD}", f",E,Same,100,5,1,buy,,{OLD}", f"t1,A,Same,100,5,1,buy,,{TODAY}",
    )  # fmt: skip
    group = {(o.text, str(o.end)): o.group for o in found if o.slot == "headline"}
    assert group["A", OLD] == group["B", OLD] != ""
    assert {group[t, OLD] for t in "CDE"} == {""} and group["A", str(TODAY)] == ""


@pytest.mark.parametrize("none", ["--", "n/a", "None", "-"])
def test_rows_of_no_test_are_no_test_together(db: Database, ana: Actor, none: str) -> None:
    found = taught(db, ana, *(f"{none},{text},Same,100,5,1,{none},,{OLD}" for text in "AB"))
    assert {(o.group, o.action) for o in found} == {("", "conversions")}


def test_a_test_is_one_group_over_the_days_on_which_the_same_texts_ran(db: Database, ana: Actor) -> None:
    """A group a day would count a text's own luck anew every day, and ten days of one test as ten tests."""
    first, second, third = ((TODAY - timedelta(days=d)).isoformat() for d in (40, 39, 38))
    found = taught(
        db, ana,
        *(f"t1,{text},Same,100,5,1,buy,,{day}" for day in (first, second) for text in "AB"),
        *(f"t1,{text},Same,100,5,1,buy,,{third}" for text in "ABC"),
    )  # fmt: skip
    group = {(o.text, str(o.end)): o.group for o in found if o.slot == "headline"}
    assert len({group[text, day] for text in "AB" for day in (first, second)}) == 1
    assert len({group[text, third] for text in "ABC"}) == 1 and group["A", third] != group["A", first]


def test_impressions_told_once_for_each_action_teach_clicks_once(db: Database, ana: Actor) -> None:
    """They belong to the action with most conversions, whatever the order, even on days that teach no CVR yet."""
    found = taught(
        db, ana,
        f"t,A,B,100,9,2,buy,,{OLD}", f"t,A,B,100,9,8,lead,,{OLD}",
        f"t,A,B,100,9,8,lead,,{TODAY}", f"t,A,B,100,9,2,buy,,{TODAY}",
    )  # fmt: skip
    assert {o.action for o in found if o.summable} == {"lead", ""}
    effects = [Effect(0.0, 0.0, 0.28, 0.0, "")]
    counted = count_rows(found, lambda texts: effects * len(texts), action_of(found))
    headline = [c for c in counted if c.ad.text == "A"]
    assert sum(c.impressions for c in headline) == sum(c.base_impressions for c in headline) == 200
    assert sum(c.conversions for c in headline) == 8


def test_several_headlines_of_an_ad_teach_none_of_them(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", google_report([google_row("One", "4", "100", second="Two")]))
    lessons = importing.taught(db, ana, 7)
    assert [o.slot for o in lessons.observations] == ["description"]
    importing.import_file(db, ana, "m.csv", meta_csv([meta_row("One", second="Two")]))
    assert [o.slot for o in importing.observations(db, ana) if o.placement == "meta_feed"] == ["headline"]


def test_link_clicks_and_all_clicks_do_not_mix(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_csv([meta_row("Lock it"), meta_row("Lift it")]))
    other = meta_csv([meta_row("All clicks")]).replace(b"Link clicks", b"Landing")
    importing.import_file(db, ana, "b.csv", other)
    lessons = importing.taught(db, ana, 7)
    assert "All clicks" not in [o.text for o in lessons.observations]
    assert lessons.left_out["clicks are counted in another way than in most rows"] == 1


def test_view_through_rows_teach_ctr_only(db: Database, ana: Actor) -> None:
    found = taught(db, ana, f"t,A,B,100,5,9,buy,,{OLD}")
    assert {o.conversions for o in found} == {None} and found[0].clicks == 5


def test_the_smallest_gap_compares_variations_of_one_test(db: Database, ana: Actor) -> None:
    importing.import_file(
        db, ana, "a.csv",
        table(f"t1,A,S,9000,300,1,buy,,{OLD}", f"t2,B,S,8000,300,1,buy,,{OLD}", f"t2,C,S,7000,300,1,buy,,{OLD}"),
    )  # fmt: skip
    importing.import_file(db, ana, "b.csv", table(*(f"t2,{t},8,lead,,{OLD}" for t in ("B,S,8000,300", "C,S,7000,300"))))
    found = results_page.traffic(db, ana)  # the leads of the same impressions are no more traffic
    assert found is not None and found.impressions == (8000, 7000) and found.grain == "variation"
    assert found.gap is not None and 0.008 < found.gap < 0.012


# others keep working


class Held(Database):
    """Notes how long each of its writes works while the others wait, in this thread's own CPU seconds: a busy
    machine or a slow disk makes every wait longer and none of these. What others wait on an idle machine, in
    seconds, tests/benchmarks/imports.py prints."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            began = time.thread_time()
            yield session
        HELD.append(time.thread_time() - began)


HELD: list[float] = []


def test_no_other_writer_waits_a_second(db: Database, ana: Actor) -> None:
    rows = [f"t,Headline {i},Body,1000,50,5,buy,,{OLD}" for i in range(6000)]
    turns: list[int] = []  # after which of the import's writes another writer came in
    done = threading.Event()
    other = open_database(str(db.engine.url))
    HELD.clear()

    def one() -> None:
        with other.write() as session:
            session.add(models.Job(workspace_id=1, author_id=ana.user_id, kind="x", request={}))

    def write() -> None:
        while not done.is_set():
            one()
            turns.append(len(HELD))
            time.sleep(0.01)

    one()  # a server takes its time to connect, which is no waiting for others
    thread = threading.Thread(target=write)
    thread.start()
    gc.collect()
    gc.disable()  # a full collection of what a thousand other tests left takes a second, in whichever thread it falls
    try:
        report = importing.import_file(Held(db.engine), ana, "a.csv", table(*rows))
        importing.undo_import(Held(db.engine), ana, report.import_id)
    finally:
        gc.enable()
        done.set()
        thread.join()
    other.close()
    assert report.kept == 6000 and len(HELD) > 10 and max(HELD) < 0.5
    assert len(set(turns)) > len(HELD) / 3, "others get their turn between its batches, not after the whole import"
