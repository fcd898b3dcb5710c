"""Words, from training, as a person meets it: the switch, the version, the painting, paging, and what is not there."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import words
from app.services.demo_round import RECORDED
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from relate_engine.training.samples import FILE, keep_group
from tests.unit.studio import person
from tests.unit.test_analytics_samples import CALM, CURE, OPEN, group
from tests.unit.writers import add_version, small_settings


def _desk() -> None:
    from app.desks import words

    words.page()


def opened(monkeypatch: pytest.MonkeyPatch, db: Database, actor: Actor, config: Settings) -> AppTest:
    """Words, switched to training as its address says."""
    monkeypatch.setattr(words, "context", lambda: Context(db, actor, Room(config), config))
    at = AppTest.from_function(_desk, default_timeout=30)
    at.query_params["texts"] = words.TRAINING
    at.run()
    assert not at.exception and not at.error
    return at


def said(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info)
    told = "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)
    return told.replace("\\", "").replace("&#58;", ":")


def test_the_texts_of_training_are_painted_and_paged(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    folder = add_version(db, admin, config, "grpo-77")
    keep_group(group(1, "headline", OPEN), folder / FILE)
    for step in (4, 7):
        keep_group(group(step, "headline", CURE, CALM), folder / FILE)
    at = opened(monkeypatch, db, admin, config)
    told = said(at)
    assert "5 texts from 3 steps, last step first." in told and "credit is relative to its group" in told
    assert "Step 7" in told and "Step 4" in told and "Step 1**" not in told  # two groups a page
    assert told.index("Step 7") < told.index("Step 4") and "headline, How it works, TideLock" in told
    assert "minus 1.50" in told and "CLM-001: A" in told and "To every word alike: minus 0.70." in told
    assert "&lt;b&gt;pains&lt;/b&gt;" in told and "<b>pains" not in told
    table = at.dataframe[1].value  # the worse text of step 7
    assert list(table["credit"]) == [-1.5, 0.25] and list(table["with the whole text"]) == [-2.2, -0.45]
    assert list(table["weighed faults"]) == [-1.0, 0.0] and table["why"][1] == "no fault"
    assert len(at.download_button) == 5 and len(at.get("pagination")) == 1
    at.session_state["words_trained_page"] = 2
    at.run()
    assert "Step 1" in said(at) and "Step 7" not in said(at)
    at.text_input(key="search").input("On and").run()
    assert "1 text from 1 step" in said(at) and "did not end within its tokens" in said(at)
    at.text_input(key="search").input("kayak").run()
    assert "No text matches these filters" in said(at) and not at.exception


def test_where_nothing_was_kept_the_page_says_why(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    assert "No round has made a version yet" in said(opened(monkeypatch, db, admin, config))
    add_version(db, admin, config, "old-1")
    assert "it was trained before texts were kept" in said(opened(monkeypatch, db, admin, config))
    demo = {RECORDED: {"at": "1 May 2026", "steps": 5, "parent": "writer-1", "texts": 8}}
    add_version(db, admin, config, "demo-1", demo)
    at = opened(monkeypatch, db, admin, config)
    at.selectbox(key="trained").select("demo-1").run()
    assert "demo-1 was recorded for the demo, and the texts of its training were not kept." in said(at)


def test_the_filters_of_shown_texts_are_kept_while_training_is_looked_at(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    at = opened(monkeypatch, db, admin, config)
    at.segmented_control(key="texts").set_value(words.SHOWN).run()
    at.selectbox(key="level").select("caution")
    at.selectbox(key="placement").select("meta_feed")
    at.selectbox(key="slot").select("headline")
    at.text_input(key="search").input("kayak").run()
    at.segmented_control(key="texts").set_value(words.TRAINING).run()
    at.run()  # they are not drawn there, and come back as they were, in the address too
    at.segmented_control(key="texts").set_value(words.SHOWN).run()
    kept = [at.selectbox(key=name).value for name in ("level", "placement", "slot")]
    assert [*kept, at.text_input(key="search").value] == ["caution", "meta_feed", "headline", "kayak"]
    address = {"level": "caution", "placement": "Meta feed ad", "slot": "Headline", "search": "kayak"}
    assert {name: at.query_params.get(name) for name in address} == address and not at.exception
