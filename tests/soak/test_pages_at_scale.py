"""Every page with 100,000 texts and 500,000 rows of feedback: how long it takes until it stands.

Each page of the studio is opened on the seeded workspace (tests/scale.py) and run again a few times; prints p50 and
p95 by page and fails where p95 is above the bound. Kept counts are thrown away before every run, and CPU time is told
beside the clock's, for a machine that does other things too. A first, unmeasured run pays for imports.
RELATE_SCALE_DB names a database seeded before (it is only read by opening pages); without it one is seeded here,
about half a minute of work. Runs of `make soak`, not of `make test`.
"""

import ast
import os
import time
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components import context as contexts
from app.components.context import Context
from app.services.people import local_actor
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.config import ROOT, Settings
from tests.scale import seed

RUNS = int(os.environ.get("RELATE_SOAK_RUNS", "20"))
BOUND_S = 1.5
TABS = {
    "learning": ("Version by version", "Inside a round", "Refused", "Ways of credit"),
    "performance": ("Drafted to sold", "Predicted and observed", "Sales and compliance", "Reviewers"),
    "rewards": ("Candidates", "Scores", "Feedback", "Verdicts", "What the numbers are"),
}


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


@pytest.mark.soak
def test_every_page_stands_in_time(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import import_module

    actor, settings = local_actor(db), Settings(home=tmp_path)
    here = Context(db, actor, Room(settings), settings)
    monkeypatch.setattr(contexts, "context", lambda: here, raising=False)
    slow, lines = [], []
    for name in _pages():
        monkeypatch.setattr(import_module(f"app.desks.{name}"), "context", lambda: here, raising=False)
        for tab in TABS.get(name, ("",)):
            times, work = [], []
            at = AppTest.from_function(_page, args=(name,), default_timeout=120)
            if tab:
                at.query_params["part"] = tab
            for run in range(RUNS + 1):
                st.cache_data.clear()  # as after a new row: nothing is kept
                began, used = time.perf_counter(), time.process_time()
                at.run()
                times.append(time.perf_counter() - began)
                work.append(time.process_time() - used)
                assert not at.exception, (name, tab, at.exception[0].message)
                assert run == 0 or not at.error or "weights" in at.error[0].value.lower(), (name, at.error[0].value)
            p50, p95 = np.percentile(times[1:], [50, 95])
            lines.append(f"{name:12} {tab:22} first {times[0]:6.2f} s   p50 {p50:5.2f} s   p95 {p95:5.2f} s   "
                         f"of which CPU p95 {np.percentile(work[1:], 95):5.2f} s")  # fmt: skip
            with capsys.disabled():
                print(lines[-1], flush=True)
            if p95 > BOUND_S:
                slow.append(lines[-1])
    assert not slow, "\n".join(slow)
