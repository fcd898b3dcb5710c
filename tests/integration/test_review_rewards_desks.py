"""The Review and Rewards desks as a person meets them, on a real database and without a model."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components import charts
from app.components.context import Context
from app.desks import review, rewards
from app.desks.rewards_versions import trial_words
from app.services import briefs, drafting, feedback, reviewing, versions
from app.services.people import Actor, Role
from app.services.trials import TrialCounts
from app.services.writing import Room
from db.session import Database
from relate_engine import gate
from relate_engine.config import Settings
from relate_engine.gate import Bounds
from relate_engine.training.card import Card, Curve, Metric, Point, write_card
from tests.unit.studio import BLOCK, Draft, brief, card, fresh, person, small_draft
from tests.unit.writers import add_version, small_settings

Open = Callable[..., AppTest]


def _review() -> None:
    from app.desks.review import page

    page()


def _rewards() -> None:
    from app.desks.rewards import page

    page()


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return fresh(tmp_path)


@pytest.fixture
def open_desk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a desk as an actor. The room is never used here, so nothing loads."""

    def opened(desk: Callable[[], None], actor: Actor, config: Settings | None = None) -> AppTest:
        settings = config or Settings(_env_file=None)  # type: ignore[call-arg]
        for module in (review, rewards):
            monkeypatch.setattr(module, "context", lambda: Context(db, actor, Room(settings), settings))
        at = AppTest.from_function(desk, default_timeout=30).run()
        assert not at.exception
        return at

    return opened


def _drafted(db: Database, texts: Draft | None = None) -> tuple[Actor, Any]:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief(claims=({"text": "Holds 200 lb", "evidence": "Load test 14"},)))
    return admin, drafting.store_generation(db, admin, saved.id, texts or small_draft())


def _words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.success, *at.error, *at.subheader)
    return "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)


def _press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click()
    at.run()
    assert not at.exception
    return at


def _own_charts(at: AppTest) -> list[Any]:
    """The charts of this workspace, without the shipped ladder's."""
    return [chart for chart in at.get("plotly_chart") if chart.key != "chart_ladder"]


def test_a_verdict_end_to_end_and_the_next_text_comes_up(db: Database, open_desk: Open) -> None:
    text = card("Cure Your Back Pain", findings=(BLOCK,))
    admin, drafted = _drafted(db, Draft((text, card("Two Kayaks, One Locked Rack"))))
    at = open_desk(_review, admin)
    assert "Text 1 of 2" in _words(at) and "Load test 14" in _words(at) and "SAF\\-001" in at.checkbox[0].label
    first = drafted.texts[0].id
    at.checkbox[0].check()
    rule = next(iter(review._choices(drafted.texts[0])))
    at.multiselect(key=f"review_{first}_rules").select(rule)
    at.text_area(key=f"review_{first}_words").input("back pain\nYOUR")
    at.text_area(key=f"review_{first}_comment").input("No proof")
    _press(at, "Violation")

    (verdict,) = reviewing.verdict_history(db, admin, first)
    assert (verdict.outcome, verdict.comment) == ("violation", "No proof")
    assert set(verdict.rules) == {"SAF-001", rule} and verdict.spans == ((0, 4), (5, 9), (10, 19))
    assert "Text 1 of 1" in _words(at) and "Two Kayaks" in _words(at) and "Saved: **violation**" in _words(at)

    _press(at, "Change it")
    assert "Opened again" in _words(at) and "No proof" in _words(at)
    _press(at, "Compliant")
    newest, before = reviewing.verdict_history(db, admin, first)
    assert newest.outcome == "compliant" and before.superseded

    _press(at, "Compliant")
    assert reviewing.queue(db, admin, labelled=False).total == 0
    assert "Every text has a verdict" in _words(at)


def test_wrong_words_give_one_sentence_and_keep_the_form(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db)
    at = open_desk(_review, admin)
    key = f"review_{drafted.texts[0].id}"
    at.text_area(key=f"{key}_words").input("guaranteed")
    at.text_area(key=f"{key}_comment").input("See the words")
    _press(at, "Violation")
    assert [e.value.replace("\\", "").replace("&#58;", ":") for e in at.error] == [
        "Marked words: 'guaranteed' is not in the text; copy the words as they stand there."
    ]
    assert at.text_area(key=f"{key}_comment").value == "See the words"
    assert reviewing.verdict_history(db, admin, drafted.texts[0].id) == []

    at.text_area(key=f"{key}_words").input("kayak")
    _press(at, "Compliant")
    assert len(at.error) == 1 and "compliant text breaks no rule" in at.error[0].value


def test_filters_paging_and_the_list(db: Database, open_desk: Open) -> None:
    many = tuple(card(f"Kayak line number {n}") for n in range(12))
    admin, drafted = _drafted(db, Draft((*many, card("Cure Your Back Pain", findings=(BLOCK,)))))
    at = open_desk(_review, admin)
    assert len(at.radio(key="review_list").options) == review.ON_A_PAGE and at.pagination
    at.radio(key="review_list").set_value(drafted.texts[3].id).run()
    assert "Text 4 of 13" in _words(at)
    at.pagination[0].set_value(2).run()
    assert "Text 11 of 13" in _words(at)
    at.selectbox(key="review_level").set_value("blocked").run()
    assert "Text 1 of 1" in _words(at) and "Your Back Pain" in _words(at)
    at.text_input(key="review_search").input("no such words").run()
    assert "No text matches these filters" in _words(at) and not at.exception


def test_a_text_is_shown_as_it_stands(db: Database, open_desk: Open) -> None:
    text = "<b>Now</b> $5 & $6 *off* :fire:"
    admin, _ = _drafted(db, Draft((card(text, "description", limit=90),)))
    at = open_desk(_review, admin)
    assert "&lt;b&gt;Now&lt;/b&gt; $5 &amp; $6 *off* :fire:" in at.get("html")[0].proto.body


def test_empty_studio_says_what_to_do(db: Database, open_desk: Open) -> None:
    admin = person(db, "admin")
    assert "Draft an ad" in open_desk(_review, admin).info[0].value
    at = open_desk(_rewards, admin)
    assert "Draft desk" in at.info[0].value and not _own_charts(at)
    assert "What the numbers are" in [header.value for header in at.header]


@pytest.mark.parametrize(
    ("desk", "role", "refusal"),
    [(_review, "advertiser", "may not see the review queue"), (_rewards, "reviewer", "may not see the analysis")],
)
def test_a_role_without_the_right_sees_why(
    db: Database, open_desk: Open, desk: Callable[[], None], role: Role, refusal: str
) -> None:
    _drafted(db)
    at = open_desk(desk, person(db, role))
    assert [refusal in error.value for error in at.error] == [True]
    assert not at.button and not at.get("plotly_chart")


def test_an_analyst_reads_the_queue_but_gives_no_verdict(db: Database, open_desk: Open) -> None:
    _drafted(db)
    at = open_desk(_review, person(db, "analyst"))
    assert not at.button and "verdicts are given by reviewers" in _words(at)


def test_charts_appear_with_data_each_with_its_table(db: Database, open_desk: Open) -> None:
    admin, drafted = _drafted(db)
    first, second = drafted.texts[:2]
    feedback.pick(db, admin, first.id)
    feedback.rate(db, admin, first.id, 4)
    feedback.reject(db, admin, second.id)
    reviewing.give_verdict(db, admin, second.id, "violation")
    at = open_desk(_rewards, person(db, "analyst"))
    plots, headings = _own_charts(at), [h.value for h in at.subheader]
    assert len(plots) == 11
    assert len(at.dataframe) == len(at.download_button) == 12  # with the ladder's, which is the same for everybody
    assert "Share of shown texts picked, by angle" in headings and "Predicted CTR by angle" in headings
    assert all(plot.proto.alt for plot in plots)
    assert "6 texts on 1 day" in _words(at) and "is no clear difference yet" in _words(at)
    assert {m.label: m.value for m in at.metric}["Texts stored"] == "6"

    for split in rewards.SPLITS:
        at.segmented_control(key="rewards_by").set_value(split).run()
        assert not at.exception and len(_own_charts(at)) == 11
    at.selectbox(key="rewards_placement").set_value("meta_feed").run()
    assert not _own_charts(at) and not at.exception


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
    at = open_desk(_rewards, person(db, "analyst"))
    words = "\n".join(str(element.value) for element in (*at.subheader, *at.markdown, *at.caption))
    assert "learned" in words and "<b>" not in words.replace("\\<b\\>", "")
    assert "Learned from search ads only" in words.replace("\\", "")
    assert "In 1 of 2 groups the predicted CTR lies within what was observed" in words
    assert any("0.02 to 0.06" in table.value.to_string() for table in at.table)


def test_a_writer_version_is_tried_promoted_and_taken_back(db: Database, open_desk: Open, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    same = dict.fromkeys(
        ("blocked_rules", "blocked_classifier", "wrong_facts", "ended", "distinct2", "length"), [0.5] * 9
    )
    evidence = asdict(gate.Evidence(same, same, 0.1, "clicks-1"))
    made = {"metrics": {"blocked_rules": 0.031}, "round": {"evidence": evidence, "plan": {"bounds": asdict(Bounds())}}}
    add_version(db, admin, config, "grpo-77", made)
    at = open_desk(_rewards, admin, config)

    def uses() -> list[str]:
        """What the table says of grpo-77 and of the shipped one."""
        table = next(str(e.proto.body) for e in at.get("html") if "grpo-77" in str(e.proto.body))
        rows = [[cell.partition("</td>")[0] for cell in row.split("<td>")[1:]] for row in table.split("<tr>")[2:]]
        assert [row[0] for row in rows] == ["grpo-77", "writer-1"] and rows[0][4:] == [
            "no, 100 choices missing",
            "0.031",
        ]
        return [row[1] for row in rows]

    assert uses() == ["", "in use"]
    _press(at, "Start trial")
    assert uses() == ["on trial", "in use"] and "Trial running" in _words(at)
    assert "no sales evidence" in _words(at).replace("\\", "").lower()
    assert "No draft has been written in it yet" in _words(at)
    _press(at, "Promote")
    assert "give a reason" in at.error[0].value and uses() == ["on trial", "in use"]
    at.text_input(key="versions_reason").input("reads better <b>")
    _press(at, "Promote")
    assert uses() == ["in use", ""] and "Last trial" in _words(at)
    assert [c.kind for c in versions.changes(db, admin)] == ["promote", "trial", "trial"]
    assert versions.changes(db, admin)[
        0
    ].reason == "Against the gate: reads better <b>" and "reads better &lt;b&gt;" in _words(at)
    assert at.text_input(key="versions_reason").value == ""

    _press(at, "Roll back to the shipped writer")
    assert uses() == ["", "in use"]
    (versions.policy_folder_of(config, admin.workspace_id, "grpo-77") / "manifest.json").unlink()
    at.text_input(key="versions_reason").input("again")
    _press(at, "Promote")
    assert any("grpo-77 cannot be used" in error.value.replace("\\", "") for error in at.error)
    assert uses() == ["", "in use"]


def test_a_trial_in_words() -> None:
    def said(*counts: int) -> str:
        return trial_words(TrialCounts("writer-1", "grpo-77", *counts))

    assert "Nothing was picked" in said(8, 8, 0, 0) and "100 choices are needed" in said(8, 8, 0, 0)
    assert "Of 10 choices 7 fell on it: 70%" in said(40, 40, 3, 7) and "90 more choices" in said(40, 40, 3, 7)
    assert said(300, 300, 60, 90).endswith("People prefer it.")
    assert said(300, 300, 90, 60).endswith("People prefer the old one.")
    assert said(300, 300, 75, 76).endswith("It does not tell which one people prefer.")
