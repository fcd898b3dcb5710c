"""The Rewards desk as an analyst meets it, on a real database and without a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components import charts
from app.components.context import Context
from app.desks import rewards
from app.services import briefs, drafting, feedback, reviewing
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.brief import placement_of
from relate_engine.config import ASSETS, Settings
from relate_engine.training.card import Card, Curve, Metric, Point, read_card, write_card
from tests.unit.studio import brief, person, small_draft

Open = Callable[..., AppTest]


def _rewards() -> None:
    from app.desks.rewards import page

    page()


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the desk as an actor, at one of its tabs. The room is never used here, so nothing loads."""

    def opened(actor: Actor, tab: str = "Candidates", **url: str) -> AppTest:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        monkeypatch.setattr(rewards, "context", lambda: Context(db, actor, Room(settings), settings))
        at = AppTest.from_function(_rewards, default_timeout=30)
        for key, value in ({"part": tab} | url).items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
        return at

    return opened


def _drafted(db: Database) -> tuple[Actor, Any]:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    return admin, drafting.store_generation(db, admin, saved.id, small_draft())


def _words(at: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*at.markdown, *at.caption, *at.info, *at.header, *at.subheader))


def test_an_empty_studio_says_what_to_do(db: Database, open_desk: Open) -> None:
    at = open_desk(person(db, "admin"))
    assert "Draft desk" in at.info[0].value and not at.get("plotly_chart")
    at = open_desk(person(db, "admin"), "What the numbers are")
    assert "CTR head" in [header.value for header in at.subheader]


def test_a_role_without_the_right_sees_why(db: Database, open_desk: Open) -> None:
    _drafted(db)
    at = open_desk(person(db, "reviewer"))
    assert ["may not see the analysis" in error.value for error in at.error] == [True]
    assert not at.button and not at.get("plotly_chart") and not at.selectbox


def test_charts_appear_with_data_each_with_its_table(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db)
    first, second = drafted.texts[:2]
    feedback.pick(db, admin, first.id)
    feedback.rate(db, admin, first.id, 4)
    feedback.reject(db, admin, second.id)
    reviewing.give_verdict(db, admin, second.id, "violation")
    analyst = person(db, "analyst")
    at = open_desk(analyst)
    assert {m.label: m.value for m in at.metric}["Texts stored"] == "6" and "6 texts on 1 day" in _words(at)
    for tab, plots, heading in (
        ("Candidates", 1, "Texts a day by angle"),
        ("Scores", 5, "Predicted CTR by angle"),
        ("Feedback", 3, "Share of shown texts picked, by angle"),
        ("Verdicts", 2, "Share of judged texts that break a rule, by angle"),
    ):
        at = open_desk(analyst, tab)
        found = at.get("plotly_chart")
        assert len(found) == len(at.dataframe) == len(at.download_button) == plots, tab
        assert heading in [h.value for h in at.header] and all(plot.proto.alt for plot in found)
        for split in rewards.SPLITS:
            at.segmented_control(key="by").set_value(split).run()
            assert not at.exception and len(at.get("plotly_chart")) == plots
    assert "there is nothing to compare it with yet" in _words(at)  # by rules version there is one group
    at.selectbox(key="placement").set_value("meta_feed").run()
    assert not at.get("plotly_chart") and not at.exception


def test_a_link_reproduces_the_view(db: Database, open_desk: Open) -> None:
    _drafted(db)
    at = open_desk(person(db, "analyst"), placement=placement_of("meta_feed").label, by="Slot")
    assert at.selectbox(key="placement").value == "meta_feed" and at.segmented_control(key="by").value == "slot"
    assert "Nothing to chart for this choice" in _words(at)  # the draft was for another placement


def test_a_table_leaves_as_csv_that_no_spreadsheet_runs() -> None:
    import pandas as pd

    table = pd.DataFrame({"policy": ["=cmd|' /C calc'!A0", "writer-1"], "rate": [-0.5, 0.25]})
    rows = charts.csv_of(table).decode("utf-8-sig").split("\r\n")
    assert rows == ["policy,rate", "'=cmd|' /C calc'!A0,-0.5", "writer-1,0.25", ""]


def test_a_model_card_is_shown_with_its_intervals_diagram_and_limits(
    db: Database, open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Card(
        name="Clicks <b>learned</b>", version="ctcvr-test", summary="Learned from 12 ads.",
        command="relate train rewards",
        date="2026-11-25T00:00:00+00:00", data={"Results": "12 ads"},
        metrics=(Metric("ECE", 0.04, 0.02, 0.06, "held-out ads"),),
        reliability=(Curve("CTR", (Point(0.05, 0.06, 0.04, 0.08, 900.0), Point(0.09, 0.12, 0.10, 0.15, 900.0))),),
        limits=("Learned from search ads only.",), source="imported",
    )  # fmt: skip
    write_card(made, tmp_path / "heads" / "x")
    monkeypatch.setattr(rewards, "ASSETS", tmp_path)
    at = open_desk(person(db, "analyst"), "What the numbers are")
    words = "\n".join(str(element.value) for element in (*at.header, *at.subheader, *at.markdown, *at.caption))
    assert "learned" in words and "<b>" not in words.replace("\\<b\\>", "")
    assert "Learned from search ads only" in words.replace("\\", "")
    assert "In 1 of 2 groups the predicted CTR lies within what was observed" in words
    assert any("0.02 to 0.06" in table.value.to_string() for table in at.table)


def test_every_shipped_head_is_shown_with_its_card(db: Database, open_desk: Open) -> None:
    at = open_desk(person(db, "analyst"), "What the numbers are")
    said, tables = _words(at).replace("\\", ""), "\n".join(table.value.to_string() for table in at.table)
    for folder in (ASSETS / "heads").iterdir():
        made = read_card(folder)
        assert made is not None and made.name in [header.value for header in at.subheader]
        assert f"Version {made.version}, {made.date[:10]}" in said and made.limits[0] in said.replace("&#58;", ":")
    assert "0.5626 to 0.6247" in tables and "0.9035 to 0.9575" in tables  # held-out CTR pairs and violations
    plots = [header.value for header in at.header if header.value.startswith("Reliability of")]
    assert len(plots) == len(at.get("plotly_chart")) == 2  # the CTR head predicts no rate, and says so
    assert "so there is no reliability diagram" in said


def test_a_head_without_a_card_says_so(
    db: Database, open_desk: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heads" / "ctr").mkdir(parents=True)
    monkeypatch.setattr(rewards, "ASSETS", tmp_path)
    at = open_desk(person(db, "analyst"), "What the numbers are")
    assert ["ctr has no model card" in info.value for info in at.info] == [True]


def test_the_shipped_writer_is_reproduced_by_commands_that_run_here(db: Database, open_desk: Open) -> None:
    at = open_desk(person(db, "analyst"), "What the numbers are")
    (commands,) = at.code
    lines = commands.value.splitlines()
    assert len(lines) == 5 and "--judged assets/judged/twos.jsonl" in lines[-1] and "PARENT" not in commands.value
    assert "make writer" in _words(at)
    assert "The corpus is not the one that taught steps 1, 2, so they do not give the same bits today." in _words(at)
