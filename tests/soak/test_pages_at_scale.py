"""Every page with 100,000 texts and 500,000 rows of feedback, and with one brief of 10,000: how long until it stands.

Each page of the studio, with what can be opened on it, is opened on the seeded workspace (tests/scale.py) and run again
a few times; prints p50 and p95 by page and fails where p95 is above the bound. Kept counts are thrown away before every
run, and CPU time is told beside the clock's, for a machine that does other things too. A first, unmeasured run pays for
imports. The models are not loaded beside it. RELATE_SCALE_DB names a database seeded before (it is only read by opening
pages); without it one is seeded here, about half a minute of work. Runs of `make soak`, not of `make test`.
"""

import ast
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components import context as contexts
from app.components.context import Context
from app.services import ads, briefs, drafting, feedback
from app.services.drafting_page import Jobs
from app.services.people import local_actor
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.brief import placement_of
from relate_engine.config import ROOT, Settings
from tests.scale import seed
from tests.unit import studio

TEXTS = 10_000  # of the large brief
RUNS = int(os.environ.get("RELATE_SOAK_RUNS", "20"))
BOUND_S = 1.5
EXPECTED = ("weights", "rejected")  # said in red: no weights are here; a text of the seeded ad was rejected


@dataclass(frozen=True)
class Opened:
    """What is opened on a page: by its address, and by what was pressed before."""

    label: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    pressed: Mapping[str, str] = field(default_factory=dict)


PLAIN = (Opened(),)
BRIEF, AD = Opened("an open brief", {"brief": "1"}), Opened("an open ad", {"ad": "1"})
REVIEW = (Opened("Queue"), *(Opened(view, pressed={"review_view": view}) for view in ("Browse", "Quality")))


def _parts(*names: str) -> tuple[Opened, ...]:
    return tuple(Opened(name, {"part": name}) for name in names)


OPENED: Mapping[str, tuple[Opened, ...]] = {
    "draft": (*PLAIN, BRIEF),
    "ads": (*PLAIN, AD),
    "review": REVIEW,
    "learning": _parts("Version by version", "Inside a round", "Refused", "Ways of credit"),
    "performance": _parts("Drafted to sold", "Predicted and observed", "Sales and compliance", "Reviewers"),
    "rewards": _parts("Candidates", "Scores", "Feedback", "Verdicts", "What the numbers are"),
}
LARGE: Mapping[str, tuple[Opened, ...]] = {"draft": (BRIEF,), "ads": (*PLAIN, AD), "review": REVIEW}


def _page(module: str) -> None:
    from importlib import import_module

    import_module(f"app.desks.{module}").page()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Database:
    if given := os.environ.get("RELATE_SCALE_DB"):
        return open_database(f"sqlite:///{Path(given).resolve()}")
    made = open_database(f"sqlite:///{tmp_path_factory.mktemp('scale') / 'relate.db'}")
    seed(made)
    return made


def _pages() -> list[str]:
    """Modules of the pages in app/main.py, read from its source: importing it would run the studio."""
    tree = ast.parse((ROOT / "app" / "main.py").read_text("utf-8"))
    named = [node for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PAGES"]
    assert named and named[0].value is not None
    return [page[0] for page in ast.literal_eval(named[0].value)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """One brief of 10,000 texts in the sets that drafting stores: whole ads, and after some of them more of the same,
    so that one view is as long as a view can be. A tenth is picked, and an ad is made of that."""
    made = open_database(f"sqlite:///{tmp_path_factory.mktemp('large') / 'relate.db'}")
    me, brief = local_actor(made), studio.brief()
    saved = briefs.save_brief(made, me, brief)
    full = {slot.name: slot.full_ad for slot in placement_of(brief.placement).slots}
    for number in range(math.ceil(TEXTS / sum(full.values()))):
        cards = [studio.card(f"Rack {number} {place}", slot) for slot, count in full.items() for place in range(count)]
        asked = {"title": "Ad", "whole": number % 200 == 0, "counts": full}
        stored = drafting.store_generation(made, me, saved.id, studio.Draft(tuple(cards)), request=asked)
        for text in stored.texts[:2]:
            feedback.pick(made, me, text.id)
    ads.create_ad(made, me, saved.id, "Large")  # from what is picked
    return made


@pytest.mark.soak
def test_every_page_stands_in_time(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        slow = _measured(db, tmp_path, monkeypatch, {name: OPENED.get(name, PLAIN) for name in _pages()})
    assert not slow, "\n".join(slow)


@pytest.mark.soak
def test_a_brief_of_ten_thousand_texts_stands_in_time(
    large: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        slow = _measured(large, tmp_path, monkeypatch, LARGE)
    assert not slow, "\n".join(slow)


def at_the_desk(db: Database, home: Path, monkeypatch: pytest.MonkeyPatch, names: Sequence[str]) -> None:
    """Pages read this database, as its one user; no model is loaded."""
    from importlib import import_module

    settings = Settings(home=home)
    here = Context(db, local_actor(db), Room(settings), settings)
    monkeypatch.setattr(contexts, "context", lambda: here, raising=False)
    monkeypatch.setattr(Jobs, "warm_up", lambda *_: None)
    for name in names:
        monkeypatch.setattr(import_module(f"app.desks.{name}"), "context", lambda: here, raising=False)


def on(name: str, what: Opened) -> AppTest:
    """The page with that opened, not run yet."""
    at = AppTest.from_function(_page, args=(name,), default_timeout=120)
    for key, value in what.address.items():
        at.query_params[key] = value
    for key, value in what.pressed.items():
        at.session_state[key] = value
    return at


def _measured(
    db: Database, home: Path, monkeypatch: pytest.MonkeyPatch, pages: Mapping[str, Sequence[Opened]]
) -> list[str]:
    """Prints a line for each page, and returns those that are too slow."""
    at_the_desk(db, home, monkeypatch, list(pages))
    slow = []
    for name, opened in pages.items():
        for what in opened:
            times, work, at = [], [], on(name, what)
            for run in range(RUNS + 1):
                st.cache_data.clear()  # as after a new row: nothing is kept
                began, used = time.perf_counter(), time.process_time()
                at.run()
                times.append(time.perf_counter() - began)
                work.append(time.process_time() - used)
                assert not at.exception, (name, what.label, at.exception[0].message)
                trouble = [e.value for e in at.error if not any(word in e.value.lower() for word in EXPECTED)]
                assert run == 0 or not trouble, (name, what.label, trouble)
            p50, p95 = np.percentile(times[1:], [50, 95])
            line = (f"{name:12} {what.label:22} first {times[0]:6.2f} s   p50 {p50:5.2f} s   p95 {p95:5.2f} s   "
                    f"of which CPU p95 {np.percentile(work[1:], 95):5.2f} s")  # fmt: skip
            print(line, flush=True)
            if p95 > BOUND_S:
                slow.append(line)
    return slow
