"""What the analyst's pages count: worked out by hand on small workspaces, and never another workspace's."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.components import charts_results
from app.services import analytics, analytics_rates, analytics_words, briefs, drafting, feedback, importing, reviewing
from app.services.analytics import OWN, View
from app.services.analytics_rates import Pcoc
from app.services.people import Actor, Forbidden
from app.services.stored import StoredGeneration
from db import models
from db.session import Database
from relate_engine.results.reading import Options
from relate_engine.results.rows import ResultRow
from relate_engine.scorecard import finding
from tests import tiny
from tests.unit.result_files import google_assets
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


def test_rows_of_asset_reports_are_never_added_up(db: Database, ada: Actor) -> None:
    """Each of three texts tells the 1,000 impressions of their one ad; of its own a text has 400."""
    saved = briefs.save_brief(db, ada, brief())
    cards = (card("Lock Your Kayak"), card("Two Kayaks One Rack"), card("A wall rack that locks.", "description"))
    one = drafting.store_generation(db, ada, saved.id, Draft(cards)).texts[0]
    importing.import_file(db, ada, "assets.csv", google_assets(), Options())
    seen = analytics_rates.observed(db, ada, _today())
    assert seen.frame.empty and seen.assets == 3 and analytics_rates.sold(seen.frame, "policy").empty
    with db.write() as session:
        _import(session, {"workspace_id": ada.workspace_id, "author_id": ada.user_id}, one.id, 400, 9, 1.0)
    seen = analytics_rates.observed(db, ada, _today())
    assert _sums(seen) == {one.id: [400, 9, 1, 9, 400]} and seen.assets == 2
    assert seen.left_out["of an asset report, beside rows about the text alone"] == 1
    (every, _), curve = analytics_rates.pcoc(seen.frame, "placement", "CTR"), analytics_rates.curve(seen.frame, "CTR")
    assert (every.group, every.texts, every.observed, curve.points[0].trials) == ("All of these", 1, 9, 400)
    (sold,) = analytics_rates.sold(seen.frame, "policy").to_dict("records")
    assert (sold["impressions"], sold["sales"]) == (400, 1)


def _shown(sales: list[float], impressions: float, policy: str = "w", clicks: float = 1000.0) -> pd.DataFrame:
    """A text with results a number of sales; 2 % of the clicks are predicted to buy."""
    return pd.DataFrame({"policy": policy, "cvr": 0.02, "ctr": 0.03, "impressions": impressions, "clicks": clicks,
                         "conversions": sales, "tried": clicks, "told": impressions})  # fmt: skip


def test_writers_who_sell_alike_are_seldom_told_apart() -> None:
    """Texts differ, and the interval is of texts: of two writers alike Wilson's told one in three apart."""
    draw, apart, rounds = np.random.default_rng(0), 0, 200
    for _ in range(rounds):
        rates = 0.001 * np.exp(draw.normal(0, 0.5, (2, 12)))
        one, two = (_shown(list(draw.binomial(40_000, r).astype(float)), 40_000, n) for n, r in enumerate(rates, 1))
        low, high = analytics_rates.sold(pd.concat([one, two]), "policy").sort_values("observed").to_dict("records")
        apart += high["observed_low"] > low["observed_high"]
    assert apart / rounds <= 0.05


def test_writers_who_differ_are_told_apart_and_alike_texts_get_chance_at_least() -> None:
    both = pd.concat([_shown([30.0] * 12, 40_000, "a"), _shown([90.0] * 12, 40_000, "b")])
    low, high = analytics_rates.sold(both, "policy").to_dict("records")
    assert low["observed_high"] < high["observed_low"]
    assert low["observed_low"] < low["observed"] * 0.95  # Wilson: no text differs, yet the sales are counted


def test_a_bin_is_judged_over_its_texts() -> None:
    """Predictions right on average: most bins hold theirs, where Wilson's intervals held one in five."""
    draw, held = np.random.default_rng(0), []
    for _ in range(60):
        predicted = 0.03 * np.exp(draw.normal(0, 0.3, 40))
        true = predicted * np.exp(draw.normal(0, 0.3, 40) - 0.045)
        frame = _shown([0.0] * 40, 20_000, clicks=0).assign(ctr=predicted, clicks=draw.binomial(20_000, true) * 1.0)
        held += [p.low <= p.predicted <= p.high for p in analytics_rates.curve(frame, "CTR").points]
    assert len(held) == 60 * 4 and np.mean(held) > 0.85
    (few,) = analytics_rates.curve(_shown([0.0] * 4, 1000), "CTR").points
    assert math.isnan(few.low) and math.isnan(few.high)


def test_pcoc_has_an_interval_from_five_texts_with_a_sale() -> None:
    four = analytics_rates.pcoc(_shown([9.0, 9.0, 9.0, 9.0, 0.0], 30_000), "policy", "CVR")[0]
    assert four.value == pytest.approx(100 / 36) and four.low is None and four.high is None
    five = analytics_rates.pcoc(_shown([9.0, 12.0, 7.0, 10.0, 12.0, 0.0], 30_000), "policy", "CVR")[0]
    assert five.low is not None and five.high is not None and five.low < 2.4 < five.high < 10
    sparse = analytics_rates.pcoc(_shown([40.0] * 5 + [0.0] * 95, 30_000), "policy", "CVR")[0]
    assert sparse.low is not None and (sparse.high is None or sparse.high < 1000)


def test_where_nothing_came_three_at_most_were_due() -> None:
    none = analytics_rates.pcoc(_shown([0.0] * 20, 30_000), "policy", "CVR")[0]
    assert none.value is None and none.high is None and none.low == pytest.approx(20 * 20 / 3)


def test_pcoc_tells_what_may_be_chance_and_what_is_a_miss() -> None:
    def told(*found: Pcoc) -> str:
        return charts_results.pcoc("H", found, "n").reading

    few = Pcoc("All of these", "CVR", 6, 12.0, 9.0, 1.33)
    assert told(few).endswith("is 1.33; fewer than 5 texts have a sale, too few to say whether that is chance.")
    assert told(replace(few, low=1.2)).endswith("(95% interval at least 1.20): they promise too much.")
    assert told(replace(few, low=0.8)).endswith(
        "(95% interval at least 0.80): 1 lies inside, so the predictions may well be right."
    )
    assert told(replace(few, value=0.4, low=0.2, high=0.7)).endswith(
        "(95% interval 0.20 to 0.70): they promise too little."
    )
    none = Pcoc("Meta", "CVR", 20, 400.0, 0.0, None, 400 / 3)
    miss = "400 were predicted, none came: up to 3 may have been due (95% bound), so they promise too much, at least "
    assert charts_results.none_came(none) == f"{miss}133.3 times what was due."
    assert f" Meta: {miss}" in told(few, none)
    assert charts_results.none_came(replace(none, predicted=2.0, low=2 / 3)).endswith("so that may be chance.")


def _cells(*given: tuple[str, str, int, float]) -> pd.DataFrame:
    """A cube: writer, placement, texts, mean CTCVR; a fifth of the mean is the deviation of its texts."""
    return pd.DataFrame([
        {"policy": who, "placement": place, "level": "clear", "texts": n, "ctcvr_sum": n * mean,
         "ctcvr_squares": n * 1.04 * mean**2} for who, place, n, mean in given
    ])  # fmt: skip


def test_writers_are_compared_at_one_mix_of_placements() -> None:
    """Both write alike, one mostly where texts sell five times as often: pooled, it seems to sell four times better."""
    cube = _cells(("A", "google_rsa", 300, 0.0022), ("A", "meta_feed", 20, 0.0004),
                  ("B", "google_rsa", 20, 0.0022), ("B", "meta_feed", 300, 0.0004))  # fmt: skip
    groups, places = analytics.alike(cube, "policy")
    assert sorted(groups) == ["A", "B"] and places == ["google_rsa", "meta_feed"]
    mixed = analytics.mixed_means(cube, "policy", "ctcvr", groups, places)
    assert mixed["ctcvr"].tolist() == pytest.approx([0.0013, 0.0013]) and mixed["texts"].tolist() == [320, 320]
    # of B: two halves, 20 texts of variance 20/19 (.2 × .0022)² and 300 of 300/299 (.2 × .0004)²
    half = 1.96 * 0.5 * math.sqrt((0.2 * 0.0022) ** 2 / 19 + (0.2 * 0.0004) ** 2 / 299)
    low: Any = mixed.set_index("policy").loc["B", "low"]
    assert 0.0013 - low == pytest.approx(half)
    alone = _cells(("A", "google_rsa", 9, 0.002), ("B", "google_rsa", 9, 0.001))
    plain = analytics.means(alone, "policy", "ctcvr")
    assert analytics.mixed_means(alone, "policy", "ctcvr", *analytics.alike(alone, "policy")).equals(plain)


def test_writers_without_a_common_placement_are_not_compared() -> None:
    cube = _cells(("A", "google_rsa", 9, 0.002), ("B", "meta_feed", 9, 0.001), ("B", "google_rsa", 1, 0.002))
    assert analytics.alike(cube, "policy") == ([], [])
    more = pd.concat([cube, _cells(("C", "google_rsa", 3, 0.002))])
    assert analytics.alike(more, "policy") == (["A", "C"], ["google_rsa"])  # and B, with most texts, is left out


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
    ours: Any = found.loc["writer-1"]
    assert (ours["observed_texts"], ours["impressions"], ours["sales"], ours["observed"]) == (2, 4000, 33, 0.00825)
    people: Any = found.loc[OWN]
    assert people["observed"] == 0
    assert found[["observed_low", "observed_high"]].isna().all(axis=None)  # of one text and of two: nothing known
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
    assert analytics.interval(1, 3.0, 9.0) == pytest.approx((3.0, math.nan, math.nan), nan_ok=True)


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
