"""Several exports of the same days: no impression counts twice, undo goes in any order, and a person is told."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from app.services import briefs, drafting, importing, results_page
from app.services.import_report import details, headline
from app.services.people import Actor
from db import analytics, models
from db import results as queries
from db.session import Database
from relate_engine.results.lines import ResultsError
from relate_engine.results.reading import Options, open_results
from relate_engine.results.rows import Rejected, ResultRow
from tests.unit.result_files import google_days, meta_days
from tests.unit.studio import brief, count, person, small_draft


@pytest.fixture
def ana(db: Database) -> Actor:
    return person(db, "analyst")


def shown(db: Database, actor: Actor) -> int:
    """All impressions that teach, which what the page adds up must be too."""
    taught = sum(o.impressions for o in importing.observations(db, actor) if o.summable)
    with db.read() as session:
        assert sum(arm.impressions for arm in queries.top_arms(session, actor.workspace_id, 100)[1]) == taught
    return taught


def spans(db: Database, actor: Actor) -> list[str]:
    """First and last days that count, of one ad. No day may be in two of them."""
    with db.read() as session:
        meanings = [row.meaning for row in queries.counting_rows(session, actor.workspace_id)]
    found = sorted((m["start"], m["end"]) for m in meanings)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found)), found
    return [f"{first[5:]} {last[5:]}" for first, last in found]


YEAR = ("2025-11-26", "2026-11-25", 36500)
WEEK = ("2026-11-24", "2026-11-30", 700)


def test_month_to_date_exports_count_once_and_undo_in_any_order(db: Database, ana: Actor) -> None:
    files = {"2026-10-21": 1000, "2026-10-28": 2000, "2026-11-04": 3000}
    for order in itertools.permutations(files):
        ids = {}
        for end, impressions in files.items():
            report = importing.import_file(db, ana, f"{end}.csv", meta_days(("2026-10-14", end, impressions)))
            ids[end] = report.import_id
            assert shown(db, ana) == impressions
        left = dict(files)
        for end in order:
            importing.undo_import(db, ana, ids[end])
            del left[end]
            assert shown(db, ana) == max(left.values(), default=0), "the newest that is left counts"
        assert count(db, models.Result) == 0
    for end, impressions in reversed(files.items()):
        importing.import_file(db, ana, f"{end}.csv", meta_days(("2026-10-14", end, impressions)))
        assert shown(db, ana) == 3000, "an older export of fewer days takes nothing away"


def test_the_last_days_leave_a_years_report_alone(db: Database, ana: Actor) -> None:
    year = importing.import_file(db, ana, "year.csv", meta_days(YEAR))
    report = importing.import_file(db, ana, "week.csv", meta_days(WEEK))
    assert spans(db, ana) == ["11-26 11-25"] and count(db, models.Result) == 1
    assert (report.read, report.kept, report.rejected, report.first, report.notes) == (1, 0, 1, None, [])
    assert [(r.line, r.reason) for r in report.told] == [
        (2, "Days up to 2026-11-25 of this ad are already counted in import 1 (year.csv), whose row covers more days; "
            "export from 2026-11-26 on, or undo that import first.")
    ]  # fmt: skip
    assert "Nothing was kept" in headline(report) and importing.list_imports(db, ana)[0].state == "undone"
    assert b"Lock it" in importing.rejected_csv(db, ana, report.import_id), "the cells as the file has them"
    told = importing.import_file(db, ana, "rest.csv", meta_days(("2026-11-26", "2026-11-30", 500)))
    assert told.kept == 1 and told.notes == [] and shown(db, ana) == 37000
    importing.undo_import(db, ana, told.import_id)
    importing.undo_import(db, ana, year.import_id)
    assert importing.import_file(db, ana, "week.csv", meta_days(WEEK)).kept == 1 and shown(db, ana) == 700


def test_a_years_report_takes_the_place_of_days_in_it(db: Database, ana: Actor) -> None:
    week = meta_days(("2026-11-01", "2026-11-07", 700))
    importing.import_file(db, ana, "week.csv", week)
    year = importing.import_file(db, ana, "year.csv", meta_days(YEAR))
    assert len(year.notes) == 1 and "in place of 1 older row" in year.notes[0] and shown(db, ana) == 36500
    again = importing.import_file(db, ana, "again.csv", week + b"\n")
    assert again.kept == 0 and shown(db, ana) == 36500
    importing.undo_import(db, ana, year.import_id)
    assert shown(db, ana) == 700


@pytest.mark.parametrize(
    ("first", "last", "days", "others"),
    [
        ("2025-11-20", "2025-11-26", "Days from 2025-11-26 on of this ad", "up to 2025-11-25"),
        ("2026-11-25", "2026-11-26", "Days up to 2026-11-25 of this ad", "from 2026-11-26 on"),
        ("2026-10-01", "2026-10-01", "All days of this row", "from 2026-11-26 on"),
    ],
)
def test_which_days_to_export_instead_is_told(
    db: Database, ana: Actor, first: str, last: str, days: str, others: str
) -> None:
    name = f"{'year ' * 50}.csv"
    importing.import_file(db, ana, name, meta_days(YEAR))
    report = importing.import_file(db, ana, "b.csv", meta_days((first, last, 100)))
    reason = report.told[0].reason
    assert reason.startswith(f"{days} are already counted in import 1 (year ") and len(reason) <= 300
    assert reason.endswith(f"whose row covers more days; export {others}, or undo that import first.")


def test_new_rows_that_meet_an_older_one_weigh_together(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_days(("2026-10-03", "2026-10-12", 100)))
    week, rest = ("2026-10-01", "2026-10-05", 50), ("2026-10-08", "2026-10-12", 50)
    assert importing.import_file(db, ana, "b.csv", meta_days(week)).kept == 0
    assert importing.import_file(db, ana, "c.csv", meta_days(week, rest)).kept == 2
    assert spans(db, ana) == ["10-01 10-05", "10-08 10-12"]


def test_a_row_that_is_left_out_replaces_nothing(db: Database, ana: Actor) -> None:
    """Its file's other rows are then too few for what it would have replaced with them."""
    importing.import_file(
        db, ana, "a.csv", meta_days(("2026-10-01", "2026-10-10", 100), ("2026-10-11", "2026-11-09", 300))
    )
    files = [("2026-10-01", "2026-10-06", 60), ("2026-10-07", "2026-10-16", 100), ("2026-11-10", "2026-11-12", 30)]
    report = importing.import_file(db, ana, "b.csv", meta_days(*files))
    assert [r.line for r in report.told] == [2, 3] and (report.kept, report.notes) == (1, [])
    assert spans(db, ana) == ["10-01 10-10", "10-11 11-09", "11-10 11-12"]


def test_only_what_counts_leaves_rows_out(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "year.csv", meta_days(("2025-01-01", "2025-12-31", 365)))
    later = importing.import_file(db, ana, "later.csv", meta_days(("2025-07-01", "2026-07-01", 366)))
    january = importing.import_file(db, ana, "january.csv", meta_days(("2025-01-01", "2025-01-31", 31)))
    assert (january.kept, january.notes) == (1, []) and shown(db, ana) == 366 + 31
    importing.undo_import(db, ana, later.import_id)
    assert shown(db, ana) == 31, "the year would count January again"
    importing.undo_import(db, ana, january.import_id)
    assert shown(db, ana) == 365


def test_the_report_is_right_after_rows_were_left_out(db: Database, ana: Actor) -> None:
    def joined(*files: bytes) -> bytes:
        return b"\n".join([files[0], *(file.split(b"\n", 1)[1] for file in files[1:])])

    days = [(date(2026, 1, 1) + timedelta(n)).isoformat() for n in range(600)]
    every_day = meta_days(*((day, day, 100) for day in days)).replace(b"purchase", b"lead").replace(b"Lock it", b"Lift")
    span = meta_days((days[0], days[-1], 60000)).replace(b"purchase", b"lead").replace(b"Lock it", b"Lift")
    bad, good = meta_days(("2026-10-01", "2026-10-02", -1)), meta_days(("2026-11-01", "2026-11-30", 1000), ad="B")
    importing.import_file(db, ana, "span.csv", span)
    part = b"\n".join(every_day.split(b"\n")[:-1])
    report = importing.import_file(db, ana, "b.csv", joined(good, part, bad))
    assert (report.read, report.kept, report.rejected, report.known, report.updated) == (601, 1, 600, 0, 0)
    assert [r.line for r in report.told] == list(range(3, 203)) and sorted(report.reasons.values()) == [1, 599]
    assert (report.first, report.last) == ("2026-11-01", "2026-11-30") and report.actions == ["purchase"]
    assert (report.flagged, report.matched, report.external) == ({}, 0, 1) and shown(db, ana) == 61000
    lines = importing.rejected_csv(db, ana, report.import_id).decode("utf-8-sig").split("\r\n")[1:-1]
    assert [int(line.split(",")[0]) for line in lines] == list(range(3, 603)), "in the file's order"
    assert count(db, models.Result) == 2
    again = importing.import_file(db, ana, "c.csv", joined(good, part))
    assert (again.kept, again.known, again.rejected) == (1, 1, 599) and shown(db, ana) == 61000
    all_days = importing.import_file(db, ana, "d.csv", every_day)
    assert all_days.kept == 600 and "600 rows in place of 1 older row" in all_days.notes[0]


@pytest.mark.parametrize(
    "files",
    [
        [[YEAR], [WEEK]],
        [[WEEK], [YEAR]],
        [[("2026-11-01", "2026-11-20", 20)], [YEAR], [WEEK, ("2026-12-01", "2026-12-02", 2)]],
        [[("2026-10-01", "2026-10-10", 10)], [("2026-10-06", "2026-10-15", 10)], [("2026-10-11", "2026-10-20", 10)]],
        [[(f"2026-10-0{n}", f"2026-10-0{n}", 1) for n in range(1, 10)], [("2026-10-01", "2026-10-31", 31)],
         [("2026-10-08", "2026-10-08", 1), ("2026-10-30", "2026-11-02", 4)], [("2026-10-02", "2026-11-02", 32)]],
    ],
)  # fmt: skip
def test_whatever_is_undone_first_no_day_counts_twice(
    db: Database, ana: Actor, files: list[list[tuple[str, str, int]]]
) -> None:
    for order in itertools.permutations(range(len(files))):
        ids = []
        for number, rows in enumerate(files):
            ids.append(importing.import_file(db, ana, f"{number}.csv", meta_days(*rows)).import_id)
            spans(db, ana)
        for number in order:
            importing.undo_import(db, ana, ids[number])
            counted = spans(db, ana)
            assert counted or not count(db, models.Result), "something of what is left counts"
        assert count(db, models.Result) == 0


def test_a_person_is_told_which_rows_replaced_which(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_days(("2026-10-01", "2026-10-31", 900)))
    importing.import_file(db, ana, "b.csv", meta_days(("2026-10-01", "2026-10-31", 800), ad="Other"))
    report = importing.import_file(db, ana, "c.csv", meta_days(("2026-10-10", "2026-11-09", 950)))
    assert report.notes == [
        "1 row in place of 1 older row of the same ads whose days overlap: 1 of import 1 (a.csv); such as line 2 "
        "(2026-10-10 to 2026-11-09) in place of line 2 (2026-10-01 to 2026-10-31) there. Undo this import to count the "
        "older ones again.",
        "1 of the older ones also covered days that this file does not; those days count no longer.",
    ]
    assert set(report.notes) <= set(details(report)) and shown(db, ana) == 800 + 950
    assert results_page.counting(db, ana) == {2: 1, 3: 1}, "of a.csv no row counts"


def test_days_then_their_month_then_the_days_again(db: Database, ana: Actor) -> None:
    october = [((date(2026, 10, 1) + timedelta(d)).isoformat(), 10) for d in range(31)]
    importing.import_file(db, ana, "days.csv", google_days("Day", *october))
    month = importing.import_file(db, ana, "month.csv", google_days("Month", ("October 2026", 311)))
    assert shown(db, ana) == 311 and "in place of 31 older rows" in month.notes[0] and len(month.notes) == 1
    again = importing.import_file(db, ana, "days again.csv", google_days("Day", *october) + b"\n")
    assert shown(db, ana) == 310 and "31 rows in place of 1 older row" in again.notes[0]
    assert (again.known, again.updated) == (0, 0), "its counts of these days did not count any more"
    importing.undo_import(db, ana, month.import_id)
    assert shown(db, ana) == 310


def test_an_ad_and_its_parts_count_once_and_undo_in_any_order(db: Database, ana: Actor) -> None:
    parts = [("2026-10-{:02},Mobile", 60), ("2026-10-{:02},Desktop", 40)]
    files = {
        "month": google_days("Month", ("October 2026", 1000)),
        "by device": google_days("Month,Device", ("October 2026,Mobile", 600), ("October 2026,Desktop", 400)),
        "total": google_days("Month,Age", ("October 2026,All", 1000)),
        "20 days": google_days("Day,Device", *((c.format(d), n) for d in range(1, 21) for c, n in parts)),
        "by device again": google_days("Month,Device", ("October 2026,Mobile", 601), ("October 2026,Desktop", 399)),
    }
    orders = list(itertools.permutations(name for name in files if name != "20 days"))
    for order in orders[::5]:  # of 24, for time
        ids = {}
        for name, data in files.items():
            report = importing.import_file(db, ana, f"{name}.csv", data)
            ids[name] = report.import_id
            assert shown(db, ana) == 1000 and report.kept == (0 if name == "20 days" else data.count(b"October"))
            assert not any("also covered days" in note for note in report.notes)
        for place, name in enumerate(order):
            importing.undo_import(db, ana, ids[name])
            assert shown(db, ana) == (1000 if place < 3 else 0), "the newest that is left counts"
        assert count(db, models.Result) == 0


def test_an_ads_total_beside_its_parts_in_one_file_is_told_by_line() -> None:
    for cell in ("All", "Total", ""):
        data = google_days("Month,Age", ("October 2026,18-24", 600), (f"October 2026,{cell}", 1000), ("May 2026,", 9))
        rows = list(open_results(data, "x.csv").rows())
        (refused,) = [r for r in rows if isinstance(r, Rejected)]
        assert refused.line == 4 and "impressions of line 3 again" in refused.reason and len(refused.reason) <= 300


def test_the_same_rows_again_change_nothing(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_days(("2026-10-14", "2026-10-21", 1000)))
    importing.import_file(db, ana, "b.csv", meta_days(("2026-10-14", "2026-10-28", 2000)))
    before = importing.observations(db, ana)
    assert importing.import_file(db, ana, "c.csv", meta_days(("2026-10-14", "2026-10-28", 2000))).already
    report = importing.import_file(db, ana, "d.csv", meta_days(("2026-10-14", "2026-10-28", 2000)) + b"\n")
    assert (report.known, report.updated, report.notes) == (1, 0, []) and importing.observations(db, ana) == before


def test_what_differs_in_more_than_its_days_counts_beside(db: Database, ana: Actor) -> None:
    october = ("2026-10-01", "2026-10-31", 100)
    importing.import_file(db, ana, "a.csv", meta_days(("2026-10-01", "2026-10-20", 100)))
    for name, data in {
        "ad": meta_days(october, ad="B"), "window": meta_days(october).replace(b"7-day", b"1-day"),
        "action": meta_days(october).replace(b"purchase", b"lead"),
        "text": meta_days(october).replace(b"Lock it", b"Lift it"),
        "days": meta_days(("2026-10-21", "2026-10-31", 100)),
    }.items():  # fmt: skip
        report = importing.import_file(db, ana, f"{name}.csv", data)
        assert report.notes == [], name
    assert importing.import_file(db, person(db, "admin", "Theirs"), "x.csv", meta_days(october)).notes == []


def test_sums_by_drafted_text_leave_replaced_rows_out(db: Database, ana: Actor) -> None:
    ada = person(db, "advertiser")
    drafted = drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, small_draft())
    text = drafted.texts[0]
    for last, impressions in (("21", 1000), ("28", 2000)):
        header = f"{text.slot},impressions,clicks,start,end"
        data = f'{header}\n"{text.text}",{impressions},9,2026-10-14,2026-10-{last}'.encode()
        importing.import_file(db, ana, f"{last}.csv", data, Options(placement="google_rsa"))
    day = timedelta(days=1)
    window = analytics.Window(ana.workspace_id, datetime.now(UTC) - day, datetime.now(UTC) + day)
    with db.read() as session:
        assert [(r.text_id, r.impressions) for r in analytics.results(session, window)] == [(text.id, 2000)]


def meta_day(last: str, results: object, action: str, impressions: int) -> bytes:
    """A Meta export of one ad from 14 October on."""
    named = meta_days(("2026-10-14", f"2026-10-{last}", impressions))
    return named.replace(b",3,actions:purchase,", f",{results},{action},".encode())


def test_a_day_without_a_result_gives_way_to_the_same_day_with_one(db: Database, ana: Actor) -> None:
    """Meta names no action until something happened, so the rows have different keys. Other counts of the same day:
    1,010 impressions, not 1,000 + 1,010."""
    first = importing.import_file(db, ana, "a.csv", meta_day("14", "", "", 1000))
    second = importing.import_file(db, ana, "b.csv", meta_day("14", 1, "actions:purchase", 1010))
    assert shown(db, ana) == 1010 and "1 row in place of 1 older row" in second.notes[0]
    third = importing.import_file(db, ana, "c.csv", meta_day("14", "", "", 1020))  # Meta took it back
    assert shown(db, ana) == 1020 and [o.conversions for o in importing.observations(db, ana)] == [None]
    importing.undo_import(db, ana, third.import_id)
    assert shown(db, ana) == 1010 and [o.conversions for o in importing.observations(db, ana)] == [1]
    importing.undo_import(db, ana, second.import_id)
    assert shown(db, ana) == 1000
    importing.undo_import(db, ana, first.import_id)
    assert shown(db, ana) == 0 and count(db, models.Result) == 0


def test_days_without_a_result_give_way_to_longer_ones_with_one(db: Database, ana: Actor) -> None:
    importing.import_file(db, ana, "a.csv", meta_day("21", "", "", 1000))
    importing.import_file(db, ana, "b.csv", meta_day("28", 1, "actions:purchase", 2000))
    assert shown(db, ana) == 2000
    shorter = importing.import_file(db, ana, "c.csv", meta_day("15", "", "", 100))
    assert shown(db, ana) == 2000 and shorter.kept == 0
    other = importing.import_file(db, ana, "d.csv", meta_day("28", "", "", 9).replace(b",Ad,", b",Other ad,"))
    assert other.notes == [] and shown(db, ana) == 2009


def without_conversions(data: bytes) -> bytes:
    """A Meta export of the same rows without its columns of results."""
    keep = [i for i, name in enumerate(data.decode().split("\n")[0].split(",")) if name not in RESULTS]
    return "\n".join(",".join(line.split(",")[i] for i in keep) for line in data.decode().split("\n")).encode()


RESULTS = ("Attribution setting", "Results", "Result indicator")


def test_an_export_with_conversions_takes_the_place_of_one_without_and_not_the_other_way_round(
    db: Database, ana: Actor
) -> None:
    short, long = ("2026-10-01", "2026-10-14", 1000), ("2026-10-01", "2026-10-31", 2000)
    plain = importing.import_file(db, ana, "plain.csv", without_conversions(meta_days(short)))
    assert shown(db, ana) == 1000 and [o.conversions for o in importing.observations(db, ana)] == [None]
    sold = importing.import_file(db, ana, "sold.csv", meta_days(long))
    assert shown(db, ana) == 2000 and "1 row in place of 1 older row" in sold.notes[0]
    later = importing.import_file(
        db, ana, "later.csv", without_conversions(meta_days(("2026-10-01", "2026-10-31", 2010)))
    )
    assert later.kept == 0 and shown(db, ana) == 2000
    assert later.told[0].reason == (
        "Days of this ad are already counted with their conversions in import 2 (sold.csv), and this row tells none; "
        "export it with its conversions, or undo that import first."
    )
    importing.undo_import(db, ana, sold.import_id)
    assert shown(db, ana) == 1000
    again = importing.import_file(db, ana, "again.csv", without_conversions(meta_days(long)))
    assert again.kept == 1 and shown(db, ana) == 2000, "neither tells conversions: the longer one counts"
    importing.undo_import(db, ana, again.import_id)
    importing.undo_import(db, ana, plain.import_id)
    assert count(db, models.Result) == 0


def test_an_ad_is_told_once_a_day_in_one_file_with_a_result_or_without() -> None:
    data = meta_day("14", "", "", 1000) + b"\n" + meta_day("14", 1, "actions:purchase", 1010).split(b"\n")[1]
    refused = [r for r in open_results(data, "x.csv").rows() if isinstance(r, Rejected)]
    assert [r.line for r in refused] == [3] and "same ad, texts and days as line 2" in refused[0].reason


def test_an_import_that_ends_meanwhile_about_the_same_days_is_given_way(db: Database, ana: Actor) -> None:
    """Rows staged among each other have no order, so neither could be said to be the newer."""
    others = {
        "same": meta_days(("2026-10-14", "2026-10-28", 2000)),
        "another": meta_days(("2026-10-14", "2026-10-28", 9), ad="B"),
    }
    for name, other in others.items():

        def meanwhile(*_: int, name: str = name, other: bytes = other) -> None:
            importing.import_file(db, person(db, "advertiser"), f"{name}.csv", other)

        mine = meta_days(("2026-10-14", "2026-10-21", 1000))
        if name == "same":
            with pytest.raises(ResultsError, match="ended while this file was read"):
                importing.import_file(db, ana, "mine.csv", mine, progress=meanwhile)
            assert count(db, models.Result) == 1 and shown(db, ana) == 2000
            importing.undo_import(db, ana, importing.list_imports(db, ana)[0].id)
        else:
            assert importing.import_file(db, ana, "mine.csv", mine, progress=meanwhile).notes == []
            assert shown(db, ana) == 1009


def test_overlapping_days_in_one_file_are_told_by_line() -> None:
    data = meta_days(
        ("2026-10-01", "2026-10-07", 70), ("2026-10-08", "2026-10-14", 70), ("2026-10-01", "2026-10-14", 140),
        ("2026-10-15", "2026-10-15", 10), ("2026-10-08", "2026-10-14", 70),
    )  # fmt: skip
    rows = list(open_results(data, "x.csv").rows())
    assert [r.line for r in rows if isinstance(r, ResultRow)] == [2, 3, 5]
    assert [r.reason for r in rows if isinstance(r, Rejected)] == [
        "its days overlap those of line 2, which is about the same ad and texts; export either each day or the whole "
        "time",
        "it repeats line 3",
    ]
