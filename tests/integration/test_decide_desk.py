"""The Decide page: which version it opens on, what a link shows later, and that a trial and the gate agree."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import decide, rewards
from app.services import briefs, drafting, rounds, trials
from app.services.people import Actor
from app.services.writing import Room
from db import models
from db import versions as rows
from db.session import Database
from relate_engine.config import Settings
from tests.integration.test_analysis_desk import _made, _words
from tests.unit.studio import brief, person, small_draft
from tests.unit.test_gate_in_use import tried
from tests.unit.writers import add_version

Open = Callable[..., AppTest]
MODULES = {"decide": decide, "rewards": rewards}


def _desk(module: str) -> None:
    from importlib import import_module

    import_module(f"app.desks.{module}").page()


@pytest.fixture
def open_desk(db: Database, ann: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page with what its URL says."""

    def opened(name: str, **url: str) -> AppTest:
        monkeypatch.setattr(MODULES[name], "context", lambda: Context(db, ann, Room(config), config))
        at = AppTest.from_function(_desk, args=(name,), default_timeout=30)
        for key, value in url.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
        return at

    return opened


def _shown(at: AppTest) -> Any:
    return at.selectbox(key="version").value


def _buttons(at: AppTest) -> list[str]:
    return [button.label for button in at.button if not button.disabled]


def test_it_opens_on_the_trial_else_the_newest_never_on_an_older_one(
    db: Database, ann: Actor, config: Settings, open_desk: Open
) -> None:
    for name in ("v1", "v2"):
        add_version(db, ann, config, name, _made())
        rounds.promote(db, ann, name, config, "better")
    at = open_desk("decide")
    assert _shown(at) == "v2" and "Promote v1" not in _buttons(at)
    told = _words(at)
    assert "v2 against the shipped writer" in told and "Start a trial" not in told and "v2 is in use." in told
    for name in ("v3", "v4"):
        add_version(db, ann, config, name, _made())
    assert _shown(open_desk("decide")) == "v4"
    trials.start_trial(db, ann, "v3", config)
    at = open_desk("decide")
    assert _shown(at) == "v3" and "v3 is on trial." in _words(at)


def test_a_link_shows_the_same_version_once_it_is_in_use(
    db: Database, ann: Actor, config: Settings, open_desk: Open
) -> None:
    for name in ("v1", "v2"):
        add_version(db, ann, config, name, _made())
    assert _shown(open_desk("decide", version="v1")) == "v1"
    rounds.promote(db, ann, "v1", config, "better")
    at = open_desk("decide", version="v1")
    assert _shown(at) == "v1" and not [w for w in at.warning if "address" in w.value]
    at = open_desk("decide", version="v9")
    assert _shown(at) == "v2" and "The address names a version that is not here: v9." in _words(at)


def test_stop_in_an_older_tab_ends_no_other_trial(db: Database, ann: Actor, config: Settings, open_desk: Open) -> None:
    for name in ("v3", "v4"):
        add_version(db, ann, config, name, _made())
    trials.start_trial(db, ann, "v3", config)
    at = open_desk("decide")
    trials.stop_trial(db, ann, "in another tab")
    trials.start_trial(db, ann, "v4", config)
    at.button(key="trial_stop").click().run()
    state = trials.trial_state(db, ann)
    assert not at.exception and state is not None and state.version == "v4"
    assert "The trial of v3 has ended already; v4 is on trial now" in _words(at)


def test_no_trial_is_offered_that_cannot_promote(db: Database, ann: Actor, config: Settings, open_desk: Open) -> None:
    """B and C were made from the shipped writer; B is in use, and people prefer C to it."""
    for name in ("B", "C"):
        add_version(db, ann, config, name, _made())
    assert "Start trial" in _buttons(open_desk("decide"))
    with db.write() as session:
        rows.activate(session, ann.workspace_id, "policy", "B")
        rows.add_change(session, ann.workspace_id, ann.user_id, "promote", None, "B", "")
    tried(db, ann, "B", "C", 70)
    at = open_desk("decide", version="C")
    told = _words(at)
    assert "Start trial" not in _buttons(at) and at.button(key="trial_start").disabled
    assert "no trial can promote it" in told and "never compared" not in told and "the trial prefers it" not in told
    assert {m.label: m.value for m in at.metric}["Choices so far"] == "100"


def test_a_link_to_a_brief_that_was_renamed_still_shows_it(db: Database, ann: Actor, open_desk: Open) -> None:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    drafting.store_generation(db, ada, saved.id, small_draft())
    link = f"{saved.title} ({saved.id})"
    assert open_desk("rewards", brief=link).selectbox(key="brief").value == saved.id
    with db.write() as session:
        session.query(models.Brief).filter_by(id=saved.id).update({"title": "Renamed"})
    at = open_desk("rewards", brief=link)
    assert at.selectbox(key="brief").value == saved.id and not at.warning
    at.run()
    assert at.selectbox(key="brief").value == saved.id and at.query_params["brief"] == f"Renamed ({saved.id})"
    at = open_desk("rewards", brief="Gone (999)", writer="w-9")
    assert at.selectbox(key="brief").value is None
    assert "names a brief that is not here: Gone (999)" in _words(at) and "a writer that is not here: w-9" in _words(at)
