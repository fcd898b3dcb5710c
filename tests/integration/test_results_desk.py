"""The Results desk as a person meets it, on a real database and without a model."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import results
from app.services import importing, jobs, learning, results_page
from app.services.people import Actor
from app.services.writing import Room
from db import jobs as rows
from db import versions
from db.models import utc_now
from db.session import Database
from relate_engine.config import Settings
from tests.unit.result_files import google_days, google_report, google_row, meta_days
from tests.unit.studio import person

Open = Callable[[Actor], AppTest]


def _results() -> None:
    from app.desks.results import page

    page()


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(actor: Actor) -> AppTest:
        settings = Settings(home=Path(db.engine.url.database or "").parent)
        monkeypatch.setattr(results, "context", lambda: Context(db, actor, Room(settings), settings))
        at = AppTest.from_function(_results, default_timeout=30).run()
        assert not at.exception
        return at

    return opened


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.info, *at.success, *at.warning, *at.error, *at.header, *at.subheader)
    return "\n".join(str(element.value) for element in shown).replace("\\", "").replace("&#58;", ":")


def _upload(at: AppTest, name: str, data: bytes) -> AppTest:
    at.file_uploader[0].set_value((name, data, "text/csv")).run()
    assert not at.exception
    return at


def _press(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label.replace("\\", "") == label).click().run()
    assert not at.exception
    return at


def test_an_empty_desk_says_what_to_do(db: Database, open_desk: Open) -> None:
    at = open_desk(person(db, "analyst"))
    assert "No results yet" in _words(at) and [b.label for b in at.download_button] == ["Sample file"]


def test_a_google_report_is_shown_imported_reported_and_undone(db: Database, open_desk: Open) -> None:
    actor = person(db, "advertiser")
    rows = [google_row("Lock Your Kayak", "40", "1,234"), google_row("Two", "32", "1,234"), google_row("Bad", "9", "1")]
    at = _upload(open_desk(actor), "ads.csv", google_report(rows))
    assert "Google Ads · UTF-16, tab-separated" in _words(at)
    preview = at.dataframe[0].value
    assert list(preview["impressions"]) == [1234, 1234] and preview["texts"][0].startswith("Lock Your Kayak | ")
    assert importing.list_imports(db, actor) == []  # nothing is stored by looking

    _press(at, "Import")
    said = _words(at)
    assert "ads.csv: 5 rows read, 2 kept, 1 rejected, 2 left out (totals)." in said
    assert "1 × clicks (…) are above impressions (…)" in said and "percentage points" in said
    assert "the platform chose whom to show each ad" in said
    assert "Download rejected rows (1)" in [b.label for b in at.download_button]
    _press(at, "What these rows teach")
    assert "teach CTR" in _words(at)

    _press(at, "Undo")
    (stored,) = importing.list_imports(db, actor)
    assert stored.state == "undone" and importing.observations(db, actor) == []
    assert "percentage points" not in _words(at) and "Undo" not in [b.label for b in at.button]


def test_another_file_is_mapped_column_by_column(db: Database, open_desk: Open) -> None:
    actor = person(db, "analyst")
    at = _upload(open_desk(actor), "x.csv", "Zeile;Anzeigen;Hits\nHallo;1.000;50\nWelt;2.000;60\n".encode("latin-1"))
    assert "Say which column holds Impressions and Clicks" in _words(at)
    assert next(b for b in at.button if b.label == "Import").disabled
    for label, column in (("Headline", "Zeile"), ("Impressions", "Anzeigen"), ("Clicks", "Hits")):
        next(box for box in at.selectbox if box.label == label).select(column).run()
    assert list(at.dataframe[0].value["impressions"]) == [1000, 2000]
    at.date_input[0].set_value((date(2026, 10, 1), date(2026, 10, 31))).run()
    _press(at, "Import")
    assert {o.end for o in importing.observations(db, actor)} == {date(2026, 10, 31)}
    assert [(o.text, o.impressions) for o in importing.observations(db, actor)] == [("Hallo", 1000), ("Welt", 2000)]


def test_the_days_of_a_report_without_any_are_asked_for(db: Database, open_desk: Open) -> None:
    """The note says that they are needed, so there must be a place to say them, whatever the platform."""
    actor = person(db, "analyst")
    at = _upload(open_desk(actor), "told.csv", google_days("Week", ("2026-10-05", 1000)))
    assert not at.date_input
    at = _upload(open_desk(actor), "untold.csv", google_days("Device", ("Mobile", 1000)))
    assert "until you say the days" in _words(at)
    at.date_input[0].set_value((date(2026, 10, 1), date(2026, 10, 14))).run()
    assert "until you say the days" not in _words(at)
    _press(at, "Import")
    assert {o.end for o in importing.observations(db, actor)} == {date(2026, 10, 14)}


def test_a_column_that_splits_an_ad_is_chosen_as_its_breakdown(db: Database, open_desk: Open) -> None:
    actor = person(db, "analyst")
    data = b"Headline,Impressions,Clicks,Shop\nA,100,5,North\nA,120,6,South\n"
    at = _upload(open_desk(actor), "x.csv", data)
    assert "choose that column as its breakdown" in str(at.dataframe[1].value["reason"][0])
    next(box for box in at.selectbox if box.label.startswith("Breakdown")).select("Shop").run()
    assert list(at.dataframe[0].value["impressions"]) == [100, 120] and len(at.dataframe) == 1


def test_an_overlap_with_an_earlier_import_is_told_and_undone(db: Database, open_desk: Open) -> None:
    actor = person(db, "analyst")
    for last, impressions in ((21, 1000), (28, 2000)):
        data = meta_days(("2026-10-14", f"2026-10-{last}", impressions))
        at = _press(_upload(open_desk(actor), f"{last}.csv", data), "Import")
    assert "1 row in place of 1 older row of the same ads whose days overlap: 1 of import 1 (21.csv)" in _words(at)
    assert sum(o.impressions for o in importing.observations(db, actor)) == 2000
    assert "counts" in _words(at) and "replaced" in _words(at)
    _press(at, "Undo")  # the newest stands first
    assert "undone" in _words(at) and "replaced" not in _words(at)
    assert sum(o.impressions for o in importing.observations(db, actor)) == 1000


def test_the_sample_can_be_imported_as_it_is(db: Database, open_desk: Open) -> None:
    actor = person(db, "analyst")
    at = _press(_upload(open_desk(actor), "sample.csv", results.SAMPLE.read_bytes()), "Import")
    assert "7 rows read, 5 kept, 1 rejected, 1 left out (totals)." in _words(at)
    assert len({o.group for o in importing.observations(db, actor) if o.group}) == 2


def test_a_bad_file_is_one_sentence_and_the_desk_stays(db: Database, open_desk: Open) -> None:
    at = _upload(open_desk(person(db, "analyst")), "x.csv", b"%PDF-1.7 nothing")
    assert [e.value.replace("\\", "") for e in at.error] == [
        "x.csv is a PDF, whatever its name says; choose a CSV or Excel report."
    ]
    assert at.file_uploader


def _button(at: AppTest, label: str) -> Any:
    return next((b for b in at.button if b.label.replace("\\", "") == label), None)


def _with_results(db: Database, open_desk: Open) -> tuple[Actor, AppTest]:
    analyst = person(db, "analyst")
    return analyst, _press(_upload(open_desk(analyst), "sample.csv", results.SAMPLE.read_bytes()), "Import")


UPDATE = "Update the predictions from these results"


def test_an_update_is_a_job_that_survives_the_page_and_can_be_cancelled(db: Database, open_desk: Open) -> None:
    analyst, at = _with_results(db, open_desk)
    assert "CTR and CVR are **priors**" in _words(at) and not _button(at, UPDATE).disabled
    _press(at, UPDATE)
    assert _button(at, UPDATE).disabled and "No worker is running, so this has to wait." in _words(at)

    with db.write() as session:  # a worker takes it
        job = rows.claim(session, "w", ["rewards"], utc_now())
        assert job is not None
        rows.hold(session, job.id, "w", utc_now(), progress=0.4, message="Learning from all rows")
    fresh_page = open_desk(analyst)  # a refresh, or another tab
    (bar,) = fresh_page.get("progress")
    assert (bar.proto.value, bar.proto.text) == (40, "Learning from all rows")
    assert "No worker is running" not in _words(fresh_page)
    _press(fresh_page, "Cancel")
    assert fresh_page.get("progress")[0].proto.text == "Stopping at the next step"
    assert jobs.look(db, analyst, job.id).cancelling and _button(fresh_page, "Cancel").disabled
    with db.write() as session:
        rows.end(session, job.id, "w", utc_now(), "cancelled", "Cancelled; nothing was changed.")
    fresh_page.run()
    assert "was cancelled" in _words(fresh_page) and not _button(fresh_page, UPDATE).disabled


def test_a_made_version_is_named_and_undone_with_one_click(db: Database, open_desk: Open) -> None:
    analyst, at = _with_results(db, open_desk)
    for version in ("reward-1", "reward-2"):
        with db.write() as session:
            versions.add_version(session, analyst.workspace_id, analyst.user_id, "reward", version, {})
    job = jobs.start(db, analyst, "rewards")
    with db.write() as session:
        rows.claim(session, "w", ["rewards"], utc_now())
        rows.end(session, job.id, "w", utc_now(), "done", "Made reward-2 from 9 counts of single texts.", {})
    at.run()
    assert "come from **reward-2**" in _words(at) and "Made reward-2 from 9 counts" in _words(at)
    _press(at, "Undo: back to reward-1")
    assert "come from **reward-1**" in _words(at)
    _press(at, "Undo: back to priors")
    assert "CTR and CVR are **priors**" in _words(at) and learning.in_use(db, analyst) is None
    _press(at, "Use reward-2")
    assert "come from **reward-2**" in _words(at) and not _button(at, "Use reward-2")


def test_a_failed_update_says_why_and_may_be_tried_again(db: Database, open_desk: Open) -> None:
    analyst, at = _with_results(db, open_desk)
    job = jobs.start(db, analyst, "rewards")
    with db.write() as session:
        rows.claim(session, "w", ["rewards"], utc_now())
        rows.end(session, job.id, "w", utc_now(), "failed", "The disk is full; free some space and try again.")
    at.run()
    assert "The disk is full; free some space and try again." in _words(at)
    _press(at, UPDATE)
    assert [j.state for j in jobs.jobs(db, analyst, "rewards")] == ["queued", "failed"]
    assert not _button(open_desk(person(db, "advertiser")), UPDATE)  # sees it, may not start or stop it
    assert not _button(open_desk(person(db, "advertiser")), "Cancel")


def test_texts_of_a_file_are_shown_as_they_stand(db: Database, open_desk: Open) -> None:
    data = b"headline,impressions,clicks\n**bold** :fire: <b>,100,5\n**bold** :fire: <b>,9,10\n"
    at = _press(_upload(open_desk(person(db, "analyst")), "*x*.csv", data), "Import")
    assert "\\*x\\*\\.csv" in at.warning[0].value


def test_a_role_without_the_right_sees_why(db: Database, open_desk: Open) -> None:
    at = open_desk(person(db, "reviewer"))
    assert "may not see campaign results" in at.error[0].value and not at.button


@pytest.mark.parametrize(
    ("traffic", "told"),
    [
        (None, "nothing can be compared yet"),
        (results_page.Traffic(2, "ad", "Generic ad", (3, 2), 0.5, None), "too few impressions to show any gap"),
        (results_page.Traffic(2, "ad", "Generic ad", (30, 20), 0.0, None), "had no clicks yet"),
        (results_page.Traffic(2, "asset", "Generic ad", (9000, 9000), 0.03, 0.0075), "counts for several texts"),
    ],
)
def test_the_smallest_gap_in_words(traffic: results_page.Traffic | None, told: str) -> None:
    assert told in results.gap_words(traffic)
