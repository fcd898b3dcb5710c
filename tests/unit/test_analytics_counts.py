"""Counts of the analyst's pages where a text was edited, a draft is older than its edit, or a verdict did not last."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.services import analytics, briefs, drafting, feedback, reviewing
from app.services.analytics import OWN, View
from app.services.people import Actor
from app.services.stored import StoredGeneration
from db import models, queries, shown
from db.session import Database
from relate_engine.results.rows import ResultRow
from tests.unit.studio import VERSIONS, Draft, Drop, brief, card, person, small_draft


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "admin")


@pytest.fixture
def ten(db: Database, ada: Actor) -> StoredGeneration:
    """Ten headlines of one writer."""
    saved = briefs.save_brief(db, ada, brief(countries=["us", "uk"]))
    cards = tuple(card(f"Line {n}") for n in range(10))
    return drafting.store_generation(db, ada, saved.id, Draft(cards, versions={**VERSIONS, "policy": "writer-1"}))


def _today(**more: Any) -> View:
    today = datetime.now(UTC).date()
    return View(today - timedelta(days=6), today, **more)


def _ids(made: StoredGeneration) -> list[int]:
    return [text.id for text in made.of_slot("headline")]


def _sums(db: Database, ada: Actor, *names: str) -> list[int]:
    cube = analytics.cube(db, ada, _today())
    return [int(cube[name].sum()) for name in names]


def _stages(db: Database, ada: Actor, **more: Any) -> dict[str, int]:
    return {row.stage: int(row.texts) for row in analytics.funnel(db, ada, _today(**more)).itertuples()}


def _mended(db: Database, ada: Actor, text_id: int, times: int = 1) -> int:
    for n in range(times):
        text_id = feedback.edit(db, ada, text_id, card(f"Mended {text_id} {n}")).id
    return text_id


def test_a_shown_text_is_picked_where_its_newest_edit_is(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    """Four are mended (one of them three times) and then picked, one is picked as it was: as a trial counts."""
    texts = _ids(ten)
    for n, text_id in enumerate(texts[:4]):
        feedback.pick(db, ada, _mended(db, ada, text_id, times=3 if n == 0 else 1))
    feedback.pick(db, ada, texts[4])
    feedback.reject(db, ada, _mended(db, ada, texts[5]))
    feedback.unpick(db, ada, _picked_and_mended(db, ada, texts[6]))
    (rate,) = analytics.shares(analytics.cube(db, ada, _today()), "policy", "picked", "shown").to_dict("records")
    assert (rate["policy"], rate["picked"], rate["shown"]) == ("writer-1", 5, 10)
    assert _sums(db, ada, "texts", "shown", "picked", "rejected") == [18, 10, 5, 1]
    with db.read() as session:
        assert sum(place.chosen for place in shown.places(session, ada.workspace_id, [ten.id])) == 5


def _picked_and_mended(db: Database, ada: Actor, text_id: int) -> int:
    feedback.pick(db, ada, text_id)
    return _mended(db, ada, text_id)


def test_a_text_and_its_edits_are_one_on_the_way(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    texts = _ids(ten)
    for text_id in texts[:4]:
        feedback.pick(db, ada, _mended(db, ada, text_id))
    feedback.pick(db, ada, texts[4])
    _picked_and_mended(db, ada, texts[5])  # one pick, noted of both wordings
    feedback.export(db, ada, [texts[6]], "plain")  # a table picks nothing
    stages = _stages(db, ada)
    assert (stages["Drafted"], stages["Shown"], stages["Picked"]) == (10, 10, 6)
    assert _stages(db, ada, version="writer-1") == stages
    assert _stages(db, ada, version=OWN)["Drafted"] == 0, "an edit is no draft of its own"


def test_a_stage_once_reached_stays_reached(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    one = _ids(ten)[0]
    feedback.pick(db, ada, one)
    feedback.unpick(db, ada, one)
    assert _stages(db, ada)["Picked"] == 1 and _sums(db, ada, "picked") == [0], "the cube tells what is picked now"


def test_what_an_edit_reaches_its_first_wording_has_reached(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    """The edit of the first text is live and sold; those of the next two ran in the ad that its result is filed
    under, one of them beside its own first wording: three texts have results, each once."""
    one, two, three, *_ = _ids(ten)
    edits = [_mended(db, ada, one, times=2), _mended(db, ada, two), _mended(db, ada, three)]
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        for status in ("in_review", "approved", "live"):
            session.add(models.StatusChange(text_id=edits[0], status=status, **own))
        _result(session, own, [*edits, three])
    stages = _stages(db, ada)
    assert [stages[name] for name in ("In review", "Approved", "Live")] == [1, 1, 1]
    assert (stages["Drafted"], stages["With results"], stages["Converted"]) == (10, 3, 3)
    assert sum(_stages(db, person(db, "analyst", "Theirs")).values()) == 0


def _result(session: Any, own: dict[str, int], ad: Sequence[int]) -> None:
    batch = models.Import(name="r.csv", content="0" * 64, format="generic", placement="google_rsa", state="visible",
                          summary={}, **own)  # fmt: skip
    session.add(batch)
    session.flush()
    day = date(2026, 10, 14)
    row = ResultRow(2, "generic", "google_rsa", "ad", tuple(("headline", f"{n}") for n in ad), 1000, 40, "all", 2.0,
                    "purchase", "", day, day)  # fmt: skip
    session.add(
        models.Result(import_id=batch.id, line=2, row_key="1", arm="1", text_id=ad[0], impressions=1000, clicks=40,
                      conversions=2.0, meaning=row.meaning() | {"text_ids": list(ad)}, **own)
    )  # fmt: skip


def _dropped(db: Database, ada: Actor, **more: Any) -> dict[str, int]:
    found = analytics.reasons(db, ada, _today(**more))[0]
    return {row.reason: int(row.count) for row in found.itertuples(name="Row")} if len(found) else {}


def _set_back(db: Database, days: int) -> None:
    with db.write() as session:
        for table in (models.Text, models.Generation, models.Dropped, models.Shown, models.Card):
            session.execute(update(table).values(created_at=datetime.now(UTC) - timedelta(days=days)))


def test_an_edit_of_an_old_draft_drops_nothing_today(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    old, *_, newest = [drafting.store_generation(db, ada, saved.id, small_draft()) for _ in range(4)]
    _set_back(db, 90)
    _mended(db, ada, _ids(old)[0])
    _mended(db, ada, _ids(newest)[0])
    assert _dropped(db, ada) == {}
    drafting.store_generation(db, ada, saved.id, small_draft())
    assert _dropped(db, ada) == {"CLM-001": 1}
    assert _dropped(db, person(db, "analyst", "Theirs")) == {}
    then = date.today() - timedelta(days=90)
    past = analytics.reasons(db, ada, View(then - timedelta(days=3), then + timedelta(days=3)))[0]
    assert past["count"].tolist() == [4]


def test_a_draft_that_showed_nothing_is_counted(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    drop = Drop("The best", "headline", "benefit", "CLM-001: superlative")
    drafting.store_generation(db, ada, ten.brief_id, Draft((), (drop,)))
    assert _dropped(db, ada) == {"CLM-001": 1}


def test_candidates_too_close_to_others_are_counted_together(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    drops = tuple(Drop("The best", "headline", "benefit", f"too close to “{twin}”") for twin in ("A rack", "B: two"))
    drafting.store_generation(db, ada, ten.brief_id, Draft((), drops))
    assert _dropped(db, ada) == {"too close to another text": 2}


def test_dropped_candidates_are_those_of_the_writer_asked_for(db: Database, ada: Actor) -> None:
    one, two = (briefs.save_brief(db, ada, brief(name)).id for name in ("One", "Two"))
    for saved, versions, reason in (
        (one, VERSIONS, "AAA-001"),
        (two, VERSIONS | {"policy": "writer-2"}, "BBB-001"),
        (two, VERSIONS | {"rival": "writer-2"}, "CCC-001"),  # a trial: which of the two wrote it is not stored
    ):
        drop = Drop("The best", "headline", "benefit", f"{reason}: superlative")
        made = drafting.store_generation(db, ada, saved, Draft((card("Line"),), (drop,), versions=versions))
        _mended(db, ada, _ids(made)[0])
    assert _dropped(db, ada) == {"AAA-001": 1, "BBB-001": 1, "CCC-001": 1}
    assert _dropped(db, ada, version="writer-1") == {"AAA-001": 1}
    assert _dropped(db, ada, version="writer-2") == {"BBB-001": 1}
    assert _dropped(db, ada, version=OWN) == {}, "people's lines are never dropped"
    assert _dropped(db, ada, brief_id=one) == {"AAA-001": 1}
    assert _dropped(db, ada, placement="google_rsa") == _dropped(db, ada)
    assert _dropped(db, ada, placement="meta_feed") == {}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([("violation", ["uk"]), ("compliant", ["us"])], [1, 1]),
        ([("compliant", ["us"])], [1, 0]),
        ([("violation", []), ("compliant", ["us"])], [1, 1]),  # it still holds in the UK
        ([("violation", []), ("compliant", ["us"]), ("compliant", ["uk"])], [1, 0]),
        ([("violation", ["uk"]), ("compliant", [])], [1, 0]),
        ([("compliant", ["us"]), ("needs_proof", ["uk"])], [0, 0]),
    ],
)
def test_of_verdicts_by_country_the_worst_counts(
    db: Database, ada: Actor, ten: StoredGeneration, said: list[tuple[Any, list[str]]], counts: list[int]
) -> None:
    """As everywhere else."""
    one, two, *_ = _ids(ten)
    reviewing.give_verdict(db, ada, two, "compliant")
    for outcome, countries in said:
        reviewing.give_verdict(db, ada, one, outcome, countries=countries)
    assert _sums(db, ada, "texts", "judged", "violations") == [10, 1 + counts[0], counts[1]]
    with db.read() as session:
        verdict = queries.latest_verdicts(session, ada.workspace_id, [one])[one]
    assert counts == [int(verdict.outcome in ("compliant", "violation")), int(verdict.outcome == "violation")]


def test_another_reviewers_word_before_the_newest_does_not_count(
    db: Database, ada: Actor, ten: StoredGeneration
) -> None:
    one, rita = _ids(ten)[0], person(db, "reviewer")
    reviewing.give_verdict(db, rita, one, "violation", countries=["uk"])
    reviewing.give_verdict(db, ada, one, "compliant", countries=["us"])
    assert _sums(db, ada, "judged", "violations") == [1, 0]


def test_verdicts_a_day_are_those_that_were_given_and_stand(db: Database, ada: Actor, ten: StoredGeneration) -> None:
    """Three stand, one was taken back; a text of the same wording in another draft is settled by one of them."""
    one, two, three, *_ = _ids(ten)
    again = drafting.store_generation(db, ada, ten.brief_id, Draft((card("Line 0"),)))
    reviewing.give_verdict(db, ada, one, "violation", ["CLM-001"])
    with db.read() as session:
        assert queries.latest_verdicts(session, ada.workspace_id, _ids(again)), "settled with it"
    reviewing.undo(db, ada, reviewing.give_verdict(db, ada, two, "violation", ["CLM-002"]).id)
    reviewing.give_verdict(db, ada, two, "compliant")
    reviewing.give_verdict(db, ada, three, "compliant")
    days = analytics.events(db, ada, _today())[1]
    assert dict(zip(days["outcome"], days["count"], strict=True)) == {"compliant": 2, "violation": 1}
    named = analytics.reasons(db, ada, _today())[1]
    assert named.to_numpy().tolist() == [["CLM-001", 1]]
    assert _sums(db, ada, "judged", "violations") == [4, 2], "the settled text is judged too"
