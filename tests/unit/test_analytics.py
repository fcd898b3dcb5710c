"""What the analyst's pages count: worked out by hand on small workspaces, and never another workspace's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from app.services import analytics, analytics_rates, analytics_words, briefs, drafting, feedback, importing, reviewing
from app.services.analytics import OWN, View
from app.services.people import Actor, Forbidden
from app.services.stored import StoredGeneration
from db import models
from db.session import Database
from relate_engine.results.reading import Options
from relate_engine.results.rows import ResultRow
from relate_engine.scorecard import finding
from tests import tiny
from tests.unit.studio import Draft, brief, card, person, small_draft


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "admin")


@pytest.fixture
def drafted(db: Database, ada: Actor) -> StoredGeneration:
    saved = briefs.save_brief(db, ada, brief())
    return drafting.store_generation(db, ada, saved.id, small_draft())


def _today(**more: Any) -> View:
    today = datetime.now(UTC).date()
    return View(today - timedelta(days=6), today, **more)


def test_the_cube_counts_texts_choices_and_verdicts(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, three = (t.id for t in drafted.of_slot("headline"))
    feedback.pick(db, ada, one)
    feedback.rate(db, ada, one, 4)  # a rating is no choice: the text stays picked
    feedback.export(db, ada, [two], "plain")  # a table picks nothing
    feedback.reject(db, ada, three)
    feedback.edit(db, ada, two, card("Edited", angle="how"))
    reviewing.give_verdict(db, ada, one, "violation")
    cube = analytics.cube(db, person(db, "analyst"), _today())
    assert int(cube["texts"].sum()) == 7 and int(cube["shown"].sum()) == 6
    assert [int(cube[name].sum()) for name in ("picked", "rejected", "judged", "violations", "rated")] == [
        1,
        1,
        1,
        1,
        1,
    ]
    rates = analytics.shares(cube, "angle", "picked", "shown").set_index("angle")
    benefit: Any = rates.loc["benefit"]
    assert (benefit["shown"], benefit["picked"], benefit["rate"]) == (2, 1, 0.5)
    assert benefit["low"] < 0.5 < benefit["high"]
    assert set(cube["policy"]) == {"writer-1", OWN}
    assert analytics.per_day(cube, "slot")["count"].sum() == 7
    ctr: Any = analytics.means(cube, "policy", "ctr").set_index("policy").loc["writer-1"]
    assert ctr["ctr"] == pytest.approx(0.031) and ctr["low"] == pytest.approx(0.031)
    kinds, outcomes = analytics.events(db, ada, _today())
    assert dict(zip(kinds["kind"], kinds["count"], strict=True)) == {
        "pick": 1,
        "rate": 1,
        "export": 1,
        "reject": 1,
        "edit": 1,
    }
    assert outcomes[["outcome", "count"]].to_numpy().tolist() == [["violation", 1]]


def test_filters_and_other_workspaces(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    other = person(db, "admin", "Theirs")
    for view, texts in (
        (_today(placement=drafted.placement), 6),
        (_today(version="writer-1"), 6),
        (_today(version="writer-2"), 0),
        (_today(version=OWN), 0),
        (_today(brief_id=drafted.brief_id), 6),
        (_today(brief_id=drafted.brief_id + 1), 0),
        (View(date(2020, 1, 1), date(2020, 1, 2)), 0),
    ):
        assert int(analytics.cube(db, ada, view)["texts"].sum()) == texts
    assert analytics.cube(db, other, _today()).empty
    assert int(analytics.funnel(db, other, _today())["texts"].sum()) == 0
    assert analytics_words.completions(db, other, _today(), "", "", "", 0) == (0, [])


def test_every_question_needs_the_right(db: Database) -> None:
    rita = person(db, "reviewer")
    for ask in (analytics.cube, analytics.events, analytics.funnel, analytics.reasons, analytics_rates.observed):
        with pytest.raises(Forbidden):
            ask(db, rita, _today())
    with pytest.raises(Forbidden):
        analytics.stamp(db, rita)
    with pytest.raises(Forbidden):
        analytics_words.completions(db, rita, _today(), "", "", "", 0)


def test_the_way_from_draft_to_sale_and_the_reasons(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, three = (t.id for t in drafted.of_slot("headline")[:3])
    feedback.pick(db, ada, one)
    reviewing.give_verdict(db, ada, two, "violation", ["CLM-001"])
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        for status in ("in_review", "approved", "live"):
            session.add(models.StatusChange(text_id=one, status=status, **own))
        _import(session, own, one, 1000, 40, 2.0)
        _import(session, own, three, 1000, 40, 0.0)
        _import(session, own, three, 900, 40, 2.0, state="undone")  # a sale that was taken back
    stages = analytics.funnel(db, ada, _today()).set_index("stage")["texts"].to_dict()
    # `two` counts as reviewed too, and a verdict may itself move its status
    assert stages["Drafted"] == stages["Shown"] == 6 and stages["Picked"] == 1 and stages["In review"] == 2
    assert [stages[s] for s in ("Approved", "Live", "With results", "Converted")] == [1, 1, 2, 1]
    dropped, named = analytics.reasons(db, ada, _today())
    assert dropped.to_numpy().tolist() == [["CLM-001", 1]] and named.to_numpy().tolist() == [["CLM-001", 1]]


def test_every_text_of_an_imported_ad_is_on_the_way(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    """An ad's result is filed under its first text; the others ran with it. One text has a result of its own too."""
    one, two, three = (t.id for t in drafted.of_slot("headline")[:3])
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        _import(session, own, one, 1000, 40, 2.0, ad=[one, two, None])
        _import(session, own, two, 1000, 40, 0.0)
        _import(session, own, three, 1000, 40, 2.0, ad=[three, drafted.of_slot("description")[0].id], state="undone")
    stages = analytics.funnel(db, ada, _today()).set_index("stage")["texts"].to_dict()
    assert (stages["With results"], stages["Converted"]) == (2, 2)
    theirs = analytics.funnel(db, person(db, "analyst", "Theirs"), _today())
    assert int(theirs["texts"].sum()) == 0


def _import(
    session: Any, own: dict[str, int], text_id: int, shown: int, clicks: int, sold: float | None, texts: int = 1,
    state: str = "visible", ad: list[int | None] | None = None,
) -> None:  # fmt: skip
    batch = models.Import(
        name="r.csv",
        content=f"{text_id:064d}",
        format="generic",
        placement="google_rsa",
        state=state,
        summary={},
        **own,
    )
    session.add(batch)
    session.flush()
    ids = ad or [text_id]
    day = date(2026, 10, 14)
    for line, action in ((1, "purchase"), (2, "lead")):  # the same impressions, told again for a second action
        row = ResultRow(line, "generic", "google_rsa", "ad", (("headline", f"{text_id}"),) * max(texts, len(ids)),
                        shown, clicks, "all", sold, action if sold is not None else "", "", day, day)  # fmt: skip
        session.add(
            models.Result(import_id=batch.id, line=line, row_key=f"{text_id}-{line}", arm=str(text_id), text_id=text_id,
                          impressions=shown, clicks=clicks, conversions=sold, meaning=row.meaning() | {"text_ids": ids},
                          **own)
        )  # fmt: skip


def test_predicted_over_observed_by_hand(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, three = (t.id for t in drafted.of_slot("headline"))
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        _import(session, own, one, 1000, 62, 0.0)  # predicted 31
        _import(session, own, two, 1000, 31, 1.0)  # predicted 31
        _import(session, own, three, 5000, 500, 50.0, texts=3)  # of a whole ad: says nothing about one text
    frame = analytics_rates.observed(db, ada, _today()).frame
    assert sorted(frame["text_id"]) == [one, two] and frame["impressions"].tolist() == [1000.0, 1000.0]
    every, placed = analytics_rates.pcoc(frame, "placement", "CTR")
    assert every.value == pytest.approx(62 / 93) and every.low is None and placed.group == drafted.placement
    assert analytics_rates.pcoc(frame, "placement", "CVR")[0].value == pytest.approx(0.031 * 93 / 1.0)
    assert analytics_rates.curve(frame, "CTR").points[0].predicted == pytest.approx(0.031)


OLD, TODAY = date(2026, 10, 14), datetime.now(UTC).date()  # the lag is 7 days


def _results(db: Database, ada: Actor, *lines: str) -> None:
    data = "\n".join(["headline,impressions,clicks,conversions,conversion action,start,end", *lines])
    importing.import_file(db, ada, f"{len(data)}.csv", data.encode(), Options(placement="google_rsa"))


def _sums(seen: analytics_rates.Observed) -> dict[int, list[float]]:
    return {int(row.text_id): [getattr(row, name) for name in analytics_rates.SUMS] for row in seen.frame.itertuples()}


def _learned(db: Database, ada: Actor, action: str) -> None:
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        session.add(models.Version(kind="reward", version="rewards-1", active=True,
                                   manifest={"data": {"action": action}}, **own))  # fmt: skip


def test_actions_are_never_pooled(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    """500 clicks told for 200 in the basket and for 10 bought: 40% or 2%, never one for the other."""
    one, two, three = drafted.of_slot("headline")
    _results(
        db, ada,
        f'"{one.text}",20000,500,200,Add to cart,{OLD},{OLD}', f'"{one.text}",20000,500,10,Purchase,{OLD},{OLD}',
        f'"{two.text}",10000,300,7,Purchase,{OLD},{OLD}', f'"{three.text}",1000,40,30,Add to cart,{OLD},{OLD}',
    )  # fmt: skip
    seen = analytics_rates.observed(db, ada, _today())  # no model: the action with most conversions, 230 to 17
    assert (seen.action, seen.learned) == ("Add to cart", False)
    assert _sums(seen) == {one.id: [20000, 500, 200, 500, 20000], two.id: [10000, 300, 0, 0, 0],
                           three.id: [1000, 40, 30, 40, 1000]}  # fmt: skip
    _learned(db, ada, "Purchase")
    seen = analytics_rates.observed(db, ada, _today())
    assert (seen.action, seen.learned) == ("Purchase", True)
    assert _sums(seen) == {one.id: [20000, 500, 10, 500, 20000], two.id: [10000, 300, 7, 300, 10000],
                           three.id: [1000, 40, 0, 0, 0]}  # fmt: skip
    assert seen.left_out == {"no CVR: it counts another action (Add to cart)": 2}
    bought, clicked = (analytics_rates.pcoc(seen.frame, "placement", rate)[0] for rate in ("CVR", "CTR"))
    assert (bought.texts, bought.observed) == (2, 17) and bought.predicted == pytest.approx(0.031 * 800)
    assert (clicked.texts, clicked.observed) == (3, 840)  # 500 + 300 + 40: each click once
    (sold,) = analytics_rates.sold(seen.frame, "policy").to_dict("records")
    assert (sold["observed_texts"], sold["impressions"], sold["sales"]) == (2, 30000, 17)


def test_conversions_that_may_not_count_yet_are_no_cvr(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, _ = drafted.of_slot("headline")
    _results(
        db, ada,
        f'"{one.text}",2000,50,5,buy,{OLD},{OLD}', f'"{one.text}",1000,30,0,buy,{TODAY},{TODAY}',
        f'"{one.text}",500,10,11,buy,{OLD - timedelta(1)},{OLD - timedelta(1)}', f'"{two.text}",400,8,0,buy,,',
    )  # fmt: skip
    seen = analytics_rates.observed(db, ada, _today(), 7)
    assert _sums(seen) == {one.id: [3500, 90, 5, 50, 2000], two.id: [400, 8, 0, 0, 0]}
    assert seen.left_out == {
        "no CVR: younger than the conversion lag when it was imported": 1,
        "no CVR: more conversions than clicks": 1,
        "no CVR: the row has no days": 1,
    }
    assert _sums(analytics_rates.observed(db, ada, _today(), 0))[one.id] == [3500, 90, 5, 80, 3000]


def test_days_of_meta_without_a_result_are_days_that_sold_nothing(
    db: Database, ada: Actor, drafted: StoredGeneration
) -> None:
    text = drafted.of_slot("headline")[0].text
    head = (
        "Reporting starts,Reporting ends,Ad name,Attribution setting,Results,Result indicator,Impressions,Link clicks"
    )
    saved = briefs.save_brief(db, ada, brief().model_copy(update={"placement": "meta_feed"})).id
    made = drafting.store_generation(db, ada, saved, Draft((card(text, slot="headline"),)))
    lines = [f"{head},Title", f'{OLD},{OLD},A,7-day,2,actions:purchase,1000,40,"{text}"',
             f'{OLD - timedelta(1)},{OLD - timedelta(1)},A,7-day,,,900,20,"{text}"']  # fmt: skip
    importing.import_file(db, ada, "m.csv", "\n".join(lines).encode())
    seen = analytics_rates.observed(db, ada, _today(placement="meta_feed"))
    assert seen.action == "purchase · 7-day" and _sums(seen) == {made.texts[0].id: [1900, 60, 2, 60, 1900]}


def test_what_each_writer_sold_by_hand(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, three = (t.id for t in drafted.of_slot("headline"))
    feedback.edit(db, ada, one, card("Edited", angle="how", author="people"))
    with db.read() as session:
        edited = session.query(models.Text.id).filter_by(text="Edited").scalar()
    own = {"workspace_id": ada.workspace_id, "author_id": ada.user_id}
    with db.write() as session:
        _import(session, own, one, 1000, 62, 2.0)
        _import(session, own, two, 3000, 41, 31.0)
        _import(session, own, three, 9000, 90, None)  # tells no conversions
        _import(session, own, edited, 500, 5, 0.0)
    found = analytics_rates.sold(analytics_rates.observed(db, ada, _today()).frame, "policy").set_index("policy")
    # 2 + 31 sales in 1000 + 3000 impressions; Wilson: .008722 ± .002841
    ours: Any = found.loc["writer-1"]
    assert (ours["observed_texts"], ours["impressions"], ours["sales"], ours["observed"]) == (2, 4000, 33, 0.00825)
    assert (ours["observed_low"], ours["observed_high"]) == pytest.approx((0.005881, 0.011563), abs=1e-6)
    people: Any = found.loc[OWN]
    assert (people["observed"], people["observed_low"]) == (0, 0)
    assert people["observed_high"] == pytest.approx(3.8416 / 503.8416)
    none = analytics_rates.sold(analytics_rates.observed(db, ada, _today(version="writer-2")).frame, "policy")
    assert none.empty and list(none) == ["policy", *analytics_rates.SOLD]


def test_a_words_credit_is_that_of_its_findings() -> None:
    found = (
        finding("CLM-001", "compliance", "block", "A cure.", start=0, end=4),
        finding("COR-002", "correctness", "warn", "A number.", start=10, end=11),
        finding("FMT-001", "structure", "warn", "Caps.", start=5, end=9),  # no reward of this arm
        finding("AD-001", "compliance", "block", "Too few.", subject="ad"),  # does not train
    )
    words = analytics_words.words_of("Cure back 5 pains", found, "relate", tiny.tokenizer())
    assert [(w.text, w.credit) for w in words] == [("Cure", -4.0), ("back", 0.0), ("5", -0.25), ("pains", 0.0)]
    assert words[0].why == ("CLM-001: A cure.",) and words[1].why == ()
    spread = analytics_words.words_of("Cure back 5 pains", found, "m4", tiny.tokenizer())
    assert len({w.credit for w in spread}) == 1 and -1 < spread[0].credit < 0
    assert analytics_words.words_of("رف 皮划艇 架", (), "relate", tiny.tokenizer())[1].text == "皮划艇"


def test_means_and_intervals_by_hand() -> None:
    mean, low, high = analytics.interval(4, 2.0, 2.0)  # 1, 1, 0, 0: variance 1/3
    assert mean == 0.5 and high - mean == pytest.approx(1.96 * (1 / 3 / 4) ** 0.5) and low == pytest.approx(1 - high)
    assert analytics.interval(1, 3.0, 9.0) == (3.0, 3.0, 3.0)


def test_an_empty_workspace_gives_empty_frames_with_their_columns(db: Database, ada: Actor) -> None:
    cube = analytics.cube(db, ada, _today())
    assert cube.empty and {*analytics.KEYS, *analytics.COUNTS, "policy"} <= set(cube.columns)
    for by in ("angle", "policy", "day"):
        assert analytics.shares(cube, by, "picked", "shown").empty and analytics.means(cube, by, "score").empty
        assert analytics.reward_means(cube, by).empty
    assert analytics.per_day(cube, "angle").empty
    kinds, outcomes = analytics.events(db, ada, _today())
    assert kinds.empty and outcomes.empty and isinstance(kinds, pd.DataFrame)
    nothing = analytics_rates.observed(db, ada, _today())
    assert nothing.frame.empty and not nothing.action and not nothing.left_out


def test_blocked_texts_are_found_by_level_and_words(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    bad = finding("SAF-001", "compliance", "block", "A cure.", start=0, end=4)
    drafting.store_generation(db, ada, saved.id, Draft((card("Cure 100% now", findings=(bad,)), card("Calm rack"))))
    total, found = analytics_words.completions(db, ada, _today(), "headline", "blocked", "", 0)
    assert (total, [t.text for t in found]) == (1, ["Cure 100% now"])
    assert analytics_words.completions(db, ada, _today(), "", "", "100%", 0)[0] == 1
    assert analytics_words.completions(db, ada, _today(), "path", "", "", 0)[0] == 0
