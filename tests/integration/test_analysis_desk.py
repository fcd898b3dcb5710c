"""The analyst's pages (Decide, Learning, Performance, Words) as a person meets them, without a model."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import decide, learning, performance, words
from app.services import (
    analytics_blind,
    analytics_rates,
    analytics_words,
    briefs,
    drafting,
    feedback,
    importing,
    jobs,
    versions,
)
from app.services.analytics_blind import Preference
from app.services.people import Actor
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine import gate
from relate_engine.config import Settings
from relate_engine.gate import Bounds
from relate_engine.results.reading import Options
from relate_engine.results.rows import ResultRow
from relate_engine.training.steplog import write_steps
from tests import tiny
from tests.unit.result_files import google_assets
from tests.unit.studio import BLOCK, WARN, Draft, blindly, brief, card, person, small_draft
from tests.unit.writers import add_version, small_settings

Open = Callable[..., AppTest]
MODULES = {"decide": decide, "learning": learning, "performance": performance, "words": words}


def _desk(module: str) -> None:
    from importlib import import_module

    import_module(f"app.desks.{module}").page()


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page as an actor with what its URL says."""

    def opened(name: str, actor: Actor, config: Settings | None = None, **url: str) -> AppTest:
        settings = config or Settings(_env_file=None)  # type: ignore[call-arg]
        monkeypatch.setattr(MODULES[name], "context", lambda: Context(db, actor, Room(settings), settings))
        monkeypatch.setattr(analytics_words, "tokenizer_of", lambda config: tiny.tokenizer())
        at = AppTest.from_function(_desk, args=(name,), default_timeout=30)
        for key, value in url.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
        return at

    return opened


def _made(**more: list[float]) -> dict[str, Any]:
    """The manifest of a version whose held-out values equal the old ones but for `more`."""
    names = ("reward", "clicks", "blocked_rules", "blocked_classifier", "wrong_facts", "ended", "distinct2", "length")
    old = {name: [0.5] * 9 for name in names}
    evidence = asdict(gate.Evidence(old, old | more, 0.1, "clicks-1", 3))
    report = {
        "evidence": evidence,
        "alarms": ["Alarm: texts repeat each other more."],
        "plan": {"bounds": asdict(Bounds())},
    }
    return {"metrics": {"blocked_rules": 0.031}, "reward": {"first": 0.4, "last": 0.6}, "round": report}


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.warning, *at.error, *at.header, *at.subheader)
    told = "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)
    return told.replace("\\", "").replace("&#58;", ":")


def _press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label.replace("\\", "") == label).click()
    at.run()
    assert not at.exception
    return at


@pytest.mark.parametrize(
    ("name", "says"),
    [("decide", "no new version"), ("learning", "No round"), ("performance", "No text was drafted"),
     ("words", "No text matches")],
)  # fmt: skip
def test_an_empty_studio_says_what_to_do(db: Database, open_desk: Open, name: str, says: str) -> None:
    at = open_desk(name, person(db, "analyst"))
    assert says in _words(at) and not at.error


@pytest.mark.parametrize("name", MODULES)
def test_a_role_without_the_right_sees_one_sentence(db: Database, open_desk: Open, name: str) -> None:
    at = open_desk(name, person(db, "reviewer"))
    assert len(at.error) == 1 and "may not see" in at.error[0].value and not at.button and not at.selectbox


def test_a_version_is_decided_tried_promoted_and_taken_back(db: Database, open_desk: Open, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    add_version(db, admin, config, "grpo-77", _made())
    at = open_desk("decide", admin, config)
    assert "Not enough data" in at.header[0].value
    assert "nobody has chosen between the two yet" in _words(at) and "it takes 100 choices at least" in _words(at)
    assert {m.label: m.value for m in at.metric} == {
        "Choices so far": "0", "Still needed": "100", "Gates judged": "3", "Alarms": "1",
    }  # fmt: skip
    assert "texts repeat each other more" in at.warning[0].value
    assert "✗ against" in _words(at) and "✓ for" in _words(at)

    def uses() -> list[str]:
        """What the table says of grpo-77 and of the shipped one."""
        table = next(str(e.proto.body) for e in at.get("html") if "<th>made from" in str(e.proto.body))
        cells = [row.split('<td dir="auto">')[1:] for row in table.split("<tr>")[2:]]
        rows = [[cell.partition("</td>")[0] for cell in row] for row in cells]
        assert [row[0] for row in rows] == ["grpo-77", "writer-1"]
        assert rows[0][4:] == ["no, 100 choices missing", "3.1%"]
        return [row[1] for row in rows]

    assert uses() == ["", "in use"]
    _press(at, "Start trial")
    assert uses() == ["on trial", "in use"] and "Trial running" in _words(at)
    assert "No draft has been written in it yet" in _words(at)
    _press(at, "Promote grpo-77")
    assert "give a reason" in at.error[0].value and uses() == ["on trial", "in use"]
    at.text_input(key="versions_reason").input("reads better <b>")
    _press(at, "Promote grpo-77")
    assert uses() == ["in use", ""] and "Last trial" in _words(at) and "It is live now" in _words(at)
    assert [c.kind for c in versions.changes(db, admin)] == ["promote", "trial", "trial"]
    assert versions.changes(db, admin)[0].reason == "Against the gate: reads better <b>"
    assert "reads better &lt;b&gt;" in _words(at) and at.text_input(key="versions_reason").value == ""

    _press(at, "Roll back to the shipped writer")
    assert uses() == ["", "in use"]
    (versions.policy_folder_of(config, admin.workspace_id, "grpo-77") / "manifest.json").unlink()
    at.text_input(key="versions_reason").input("again")
    _press(at, "Promote grpo-77")
    assert any("grpo-77 cannot be used" in error.value.replace("\\", "") for error in at.error)
    assert uses() == ["", "in use"]


def test_a_broken_bound_says_dont(db: Database, open_desk: Open, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    add_version(db, admin, config, "grpo-9", _made(blocked_rules=[0.6] * 9))
    at = open_desk("decide", admin, config)
    assert "Don't promote" in at.header[0].value and "blocked by the rules: 50.0% → 60.0%" in _words(at)


def test_an_answer_is_asked_anew_once_another_version_is_in_use(db: Database, open_desk: Open, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    for name in ("grpo-77", "grpo-78"):
        add_version(db, admin, config, name, _made())
    gone = "it was compared with the shipped writer; grpo-78 is in use since"
    assert gone not in _words(open_desk("decide", admin, config, version="grpo-77")).lower()
    at = open_desk("decide", admin, config, version="grpo-78")
    at.text_input(key="versions_reason").input("reads better")
    _press(at, "Promote grpo-78")
    assert gone in _words(open_desk("decide", admin, config, version="grpo-77")).lower()
    _press(open_desk("decide", admin, config, version="grpo-78"), "Roll back to the shipped writer")
    assert gone not in _words(open_desk("decide", admin, config, version="grpo-77")).lower()


def _both(db: Database, admin: Actor) -> None:
    """A trial's draft: two texts by each version for one brief."""
    saved = briefs.save_brief(db, admin, brief())
    made = tuple(
        card(f"Kayak rack {n} by {n % 2}", author=f"policy:{'grpo-77' if n % 2 else 'writer-1'}") for n in range(4)
    )
    drafting.store_generation(db, admin, saved.id, Draft(made))


def test_blind_choices_are_kept_once_each_and_counted(db: Database, open_desk: Open, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    add_version(db, admin, config, "grpo-77", _made())
    _both(db, admin)
    at = open_desk("decide", admin, config)
    assert "writer-1" not in "".join(m.value for m in at.markdown[-3:])
    for _ in range(4):  # 2 × 2 pairs
        shown = {b.label: b for b in at.button}
        pair = analytics_blind.next_pair(db, admin, "writer-1", "grpo-77")
        assert pair is not None
        new = "A" if pair.left.text.endswith("by 1") else "B"
        shown[f"I would run {new}"].click()
        at.run()
        assert not at.exception
    assert "No pair waits for your choice" in _words(at)
    at.toggle(key="blind_count").set_value(True).run()
    assert "grpo-77 was chosen in 4 of 4 blind comparisons by 1 person, 0 without a preference" in _words(at)
    assert analytics_blind.preference(db, admin, "writer-1", "grpo-77") == Preference(4, 4, 0, 1)
    other = person(db, "analyst", "Theirs")
    assert analytics_blind.preference(db, other, "writer-1", "grpo-77").decided == 0
    assert analytics_blind.next_pair(db, other, "writer-1", "grpo-77") is None


def test_learning_shows_a_hacked_reward_and_the_steps_of_its_round(
    db: Database, open_desk: Open, tmp_path: Path
) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    folder = add_version(db, admin, config, "grpo-77", _made(reward=[0.7] * 9, clicks=[0.3] * 9))
    at = open_desk("learning", admin, config)
    assert "The reward rose while the judge fell: that is gaming, do not promote it." in _words(at)
    assert "grpo-77 moved 0.100 nats a token from" in _words(at) and "within the 0.5 that the gate allows" in _words(at)
    assert len(at.get("plotly_chart")) == len(at.download_button) == 5
    at = open_desk("learning", admin, config, part="Inside a round")
    assert "No step of grpo-77 was kept" in _words(at)
    history = [
        {"step": n, "reward": 0.4 + 0.01 * n, "reward_std": 0.2, "kl": 0.01 * n, "judged/compliance": 0.9,
         "judged/blocked": 0.1, "rewards/ctcvr/mean": 0.5, "rewards/ctcvr/std": 0.1, "entropy": 2.0}
        for n in range(1, 11)
    ]  # fmt: skip
    write_steps(history, 32, folder / "steps.jsonl")
    at = open_desk("learning", admin, config, part="Inside a round")
    headings = [h.value for h in at.header]
    assert "Training reward, step by step" in headings and "How far the writer moved" in headings
    assert "Over 10 steps training reward moved: 0.415 in the first fifth, 0.495 in the last." in _words(at)
    assert len(at.get("plotly_chart")) == len(at.dataframe) == 5


def test_performance_follows_texts_and_words_shows_what_each_earned(db: Database, open_desk: Open) -> None:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    drafted = drafting.store_generation(db, admin, saved.id, small_draft())
    feedback.pick(db, admin, drafted.texts[0].id)
    hurt = card("Cure your <b>back</b> pain", findings=(BLOCK,))
    drafting.store_generation(db, admin, saved.id, Draft((hurt,)))
    analyst = person(db, "analyst")
    at = open_desk("performance", analyst)
    assert "Of 7 drafted texts 0 went live" in _words(at) and "most stop between" in _words(at)
    at = open_desk("performance", analyst, part="Predicted and observed")
    assert "Import a results file" in _words(at)
    at = open_desk("performance", analyst, part="Sales and compliance")
    assert "writer-1 alone wrote in these days" in _words(at)

    at = open_desk("words", analyst, level="blocked")
    assert "1 text match" in _words(at) and "minus 4.00" in _words(at) and "SAF-001: Promises a cure." in _words(at)
    assert "&lt;b&gt;back&lt;/b&gt;" in _words(at) and "<b>back" not in _words(at)
    assert "most all" not in _words(at) and "To every word alike: length" in _words(at)
    table = at.dataframe[0].value
    assert list(table["credit"]) == [-4.0, 0.0, 0.0, 0.0] and table["why"][1] == "no fault"
    at.text_input(key="search").input("Garage").run()
    assert "No text matches" in _words(at)


def test_a_round_is_started_once_and_cancelled_from_the_page(db: Database, open_desk: Open, tmp_path: Path) -> None:
    anna = person(db, "analyst")
    config = small_settings(tmp_path)
    at = open_desk("learning", anna, config)
    _press(at, "Start round")
    (job,) = jobs.jobs(db, anna, "round")
    assert (job.state, job.cancelling) == ("queued", False)
    assert "No worker is running, so this has to wait" in _words(at)
    assert at.button(key="round_start").disabled  # a second one is not even offered
    second = open_desk("learning", anna, config)  # as after a refresh
    assert second.button(key="round_start").disabled
    _press(at, "Cancel")
    (job,) = jobs.jobs(db, anna, "round")
    assert job.state == "cancelled"
    assert "was cancelled on" in _words(at) and not at.button(key="round_start").disabled
    _press(at, "Start round")
    assert [job.state for job in jobs.jobs(db, anna, "round")] == ["queued", "cancelled"]


def test_a_round_started_meanwhile_in_another_tab_is_told(db: Database, open_desk: Open, tmp_path: Path) -> None:
    anna = person(db, "analyst")
    at = open_desk("learning", anna, small_settings(tmp_path))
    jobs.start(db, person(db, "admin"), "round")
    _press(at, "Start round")
    assert "already waits for the worker" in at.error[0].value.replace("\\", "")
    assert len(jobs.jobs(db, anna, "round")) == 1


def test_writers_in_the_plane_are_those_of_the_stored_texts(
    db: Database, open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers, three texts each: points, readings and table follow the cards, each mean beside its own writer."""
    ada, config = person(db, "advertiser"), small_settings(tmp_path)
    saved = briefs.save_brief(db, ada, brief()).id
    for writer, rate, score in (("w-new", 0.004, 70.0), ("w-old", 0.002, 90.0)):
        made = [
            replace(c, author=f"policy:{writer}", versions=c.versions | {"policy": writer},
                    ctcvr=replace(c.ctcvr, mean=rate + 0.0001 * n),
                    compliance=replace(c.compliance, score=score + n))
            for n, c in enumerate(card(f"{writer} text {n}") for n in (-1, 0, 1))
        ]  # fmt: skip
        drafting.store_generation(db, ada, saved, Draft(tuple(made)))
    at = open_desk("performance", person(db, "analyst"), config, part="Sales and compliance")
    told = _words(at)
    assert "w-new is predicted to sell most (0.410% an impression) at compliance 71; w-old is the safest (91)" in told
    assert "No campaign results tell what one of these texts alone sold" in told
    _sold(db, ada, "w-old text 0", 4000, 100, 40.0)
    at = open_desk("performance", person(db, "analyst"), config, part="Sales and compliance")
    assert (
        "Observed: w-old sold in 1.000% of 4,000 impressions (one text: nothing known of others); 1 writer without "
        "results."
    ) in _words(at)
    table = at.dataframe[0].value.set_index("policy")
    assert list(table.loc["w-old", ["predicted", "observed", "sales"]]) == [0.0021, 0.01, 40.0]
    assert len(at.get("plotly_chart")) == len(at.download_button) == 1
    assert "most shown" not in _words(at)
    monkeypatch.setattr(analytics_rates, "MOST", 1)  # as many texts have results as are counted at most
    at = open_desk("performance", person(db, "analyst"), config, part="Sales and compliance")
    assert "Observed: the 1 most shown texts of these days are counted." in _words(at)
    assert "results of their own and are among the most shown, at the compliance" in _words(at)


def test_the_page_says_which_action_is_observed_and_what_is_left_out(db: Database, open_desk: Open) -> None:
    admin, analyst = person(db, "admin"), person(db, "analyst")
    drafted = drafting.store_generation(db, admin, briefs.save_brief(db, admin, brief()).id, small_draft())
    one, two, _ = (t.text for t in drafted.of_slot("headline"))
    head, day = "headline,impressions,clicks,conversions,conversion action,start,end", "2026-10-14,2026-10-14"
    told = [f'"{one}",20000,500,200,Add to cart,{day}', f'"{one}",20000,500,10,Purchase,{day}',
            f'"{two}",9000,90,30,Add to cart,{day}']  # fmt: skip
    importing.import_file(db, analyst, "r.csv", "\n".join([head, *told]).encode(), Options(placement="google_rsa"))
    at = open_desk("performance", analyst, part="Predicted and observed")
    assert "Sales are **Add to cart** alone, the conversion action with most conversions in these results" in _words(at)
    own = {"workspace_id": admin.workspace_id, "author_id": admin.user_id}
    with db.write() as session:
        session.add(models.Version(kind="reward", version="rewards-1", active=True,
                                   manifest={"data": {"action": "Purchase"}}, **own))  # fmt: skip
    for part in ("Predicted and observed", "Sales and compliance"):
        said = _words(open_desk("performance", analyst, part=part))
        assert (
            "Sales are **Purchase** alone, the conversion action that the reward model in use has learned; they "
            in said
        )
        assert "count once 7 days had passed when they were imported (RELATE_CONVERSION_LAG_DAYS)." in said
        assert "1 of 2 texts has no observed CVR, only a CTR." in said
        assert "- 2 rows: no CVR: it counts another action (Add to cart)" in said
    with db.write() as session:
        session.query(models.Version).filter_by(version="rewards-1").update({"manifest": {"data": {"action": "Lead"}}})
    st.cache_data.clear()
    said = _words(open_desk("performance", analyst, part="Predicted and observed"))
    assert "None of these texts has an observed CVR; why is told below." in said and "Sales are **Lead** alone" in said


def test_texts_known_only_from_asset_reports_are_left_out_and_told(db: Database, open_desk: Open) -> None:
    ada, analyst = person(db, "advertiser"), person(db, "analyst")
    made = tuple(card(text) for text in ("Lock Your Kayak", "Two Kayaks One Rack"))
    drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, Draft(made))
    importing.import_file(db, analyst, "assets.csv", google_assets(), Options())
    for part in ("Predicted and observed", "Sales and compliance"):
        said = _words(open_desk("performance", analyst, part=part))
        assert "2 texts known only from asset reports are left out: there one impression counts once for each" in said
        assert "Import a results file" not in said


def test_where_no_sale_came_the_page_tells_how_many_were_predicted(db: Database, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, Draft((card("Lock Your Kayak"),)))
    _sold(db, ada, "Lock Your Kayak", 100_000, 1_000, 0.0)  # 3.1 % of 1,000 clicks
    said = _words(open_desk("performance", person(db, "analyst"), part="Predicted and observed"))
    assert (
        "Sales: 31 were predicted, none came: up to 3 may have been due (95% bound), so they promise too much" in said
    )
    assert "fewer than 5 texts have a click" in said


def test_writers_are_compared_in_the_placements_they_share(db: Database, open_desk: Open) -> None:
    """Each text of one writer beats that of the other in its placement, but it wrote mostly where less is sold."""
    ada, analyst = person(db, "advertiser"), person(db, "analyst")

    def wrote(placement: str, writer: str, number: int, rate: float) -> None:
        saved = briefs.save_brief(db, ada, brief().model_copy(update={"placement": placement})).id
        made = [card(f"{writer} text {n}", author=f"policy:{writer}") for n in range(number)]
        made = [replace(c, ctcvr=replace(c.ctcvr, mean=rate + 0.00001 * n)) for n, c in enumerate(made)]
        drafting.store_generation(db, ada, saved, Draft(tuple(made)))

    wrote("google_rsa", "w-a", 6, 0.0022)
    wrote("meta_feed", "w-b", 6, 0.0005)
    assert "Not compared: w-a, w-b; rates differ between placements" in _words(
        open_desk("performance", analyst, part="Sales and compliance")
    )
    wrote("meta_feed", "w-a", 2, 0.0004)
    wrote("google_rsa", "w-b", 2, 0.0024)
    said = _words(open_desk("performance", analyst, part="Sales and compliance"))
    assert "w-b is predicted to sell most" in said or "w-b leads on both" in said
    assert "Predicted: compared writers are weighed to one mix of placements" in said


def _sold(db: Database, actor: Actor, wording: str, shown: int, clicks: int, sales: float) -> None:
    """A visible import with one row about one text alone."""
    own = {"workspace_id": actor.workspace_id, "author_id": actor.user_id}
    with db.write() as session:
        text_id = session.query(models.Text.id).filter_by(text=wording).scalar()
        batch = models.Import(
            name="r.csv", content="0" * 64, format="generic", placement="google_rsa", state="visible", summary={}, **own
        )
        session.add(batch)
        session.flush()
        day = date(2026, 10, 14)
        texts = (("headline", wording),)
        row = ResultRow(1, "generic", "google_rsa", "ad", texts, shown, clicks, "all", sales, "buy", "", day, day)
        session.add(
            models.Result(import_id=batch.id, line=1, row_key="1", arm="1", text_id=text_id, impressions=shown,
                          clicks=clicks, conversions=sales, meaning=row.meaning() | {"text_ids": [text_id]}, **own)
        )  # fmt: skip


def test_reviewers_are_those_of_the_chosen_days(db: Database, open_desk: Open) -> None:
    """A chart with reading, table and CSV of blind verdicts; none of it in days without verdicts."""
    ada, rita, analyst = person(db, "advertiser"), person(db, "reviewer"), person(db, "analyst")
    saved = briefs.save_brief(db, ada, brief()).id
    made = tuple(card(f"Flagged {n}", findings=(WARN,)) for n in range(30))
    ids = [t.id for t in drafting.store_generation(db, ada, saved, Draft(made)).texts]
    blindly(db, rita, ids[:24], "violation")
    blindly(db, rita, ids[24:], "compliant")
    at = open_desk("performance", analyst, part="Reviewers")
    assert "Blind agreement, precision and recall" in [h.value for h in at.header]
    assert "of flagged texts 80% (63% to 90%) were violations" in _words(at)
    assert "In these days 1 reviewer gave 30 verdicts" in _words(at)
    assert len(at.get("plotly_chart")) == len(at.dataframe) == len(at.download_button) == 3
    today = datetime.now(UTC).date()
    at.date_input(key="days").set_value((today - timedelta(days=9), today - timedelta(days=3))).run()
    assert not at.exception and "No verdict was given in these days" in _words(at) and not at.get("plotly_chart")
    at.date_input(key="days").set_value((today - timedelta(days=3), today)).run()
    assert "of flagged texts 80%" in _words(at)
