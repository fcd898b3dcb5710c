"""A round in a real browser: started, watched, cancelled, started again, and what it made is there to be decided on.

The worker is a process of its own that trains the tiny policy (tests/small_round.py), so nothing here is slow but the
steps. Leaves out what a round learns and a worker that is killed (tests/integration/test_round_job.py).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.services.people import local_actor
from db.session import open_database
from relate_engine.config import Settings
from tests.e2e.conftest import running
from tests.e2e.hands import button, fits_wide_and_narrow, heading
from tests.integration.test_round_job import work_in
from tests.small_round import started
from tests.tiny_round import write_policy

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
STEP_MS = 120_000  # until the next step of a round; a worker loads torch first
ROUND_MS = 300_000


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A home where people have picked, rejected and edited, and a tiny writer to learn from it."""
    base, adapter = write_policy(tmp_path / "policy")
    made = Settings(_env_file=None, home=tmp_path / "home", base_model=base, adapter=adapter)  # type: ignore[call-arg]
    made.home.mkdir()
    db = open_database(made.database)
    work_in(db, local_actor(db))
    db.close()
    return made


@contextmanager
def worker(config: Settings, steps: int) -> Iterator[None]:
    """A worker whose rounds take so many steps of GRPO."""
    process = started(config, config.home / "worker.log", steps)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_round_is_watched_cancelled_and_started_again(window: Callable[..., Any], config: Settings) -> None:
    base, adapter = config.base_model, str(config.adapter)
    with running(config.home, RELATE_BASE_MODEL=base, RELATE_ADAPTER=adapter) as studio:
        page = window()
        page.goto(f"{studio.url}/learning")
        heading(page, "Learning").wait_for()
        page.get_by_text("No round has finished with a judged version yet; start one above.").wait_for()
        button(page, "Start round").click()
        page.get_by_text("Waiting for the worker").wait_for()
        page.get_by_text("No worker is running, so this has to wait.").wait_for()
        playwright.expect(button(page, "Start round")).to_be_disabled()
        fits_wide_and_narrow(page, "round-waits")

        with worker(config, 200):  # longer than anybody here waits
            page.get_by_text(re.compile("^(Learning from|Training with) [a-z ]+: ")).wait_for(timeout=STEP_MS)
            assert page.get_by_text("No worker is running").count() == 0
            page.reload()  # the same round, not a second one
            page.get_by_text(re.compile("^Training with rewards: step ")).wait_for(timeout=STEP_MS)
            playwright.expect(button(page, "Start round")).to_be_disabled()
            page.get_by_role("tab", name="Inside a round").click()
            playwright.expect(page.get_by_role("combobox", name="Round that made")).to_have_value("the round under way")
            fits_wide_and_narrow(page, "round-runs")
            button(page, "Cancel").click()
            page.get_by_text(re.compile("was cancelled on .*; nothing was changed")).wait_for()
            playwright.expect(button(page, "Start round")).to_be_enabled()
            page.get_by_text("There is no round to look into yet; start one above.").wait_for()
            fits_wide_and_narrow(page, "round-cancelled")

        with worker(config, 3):
            button(page, "Start round").click()
            page.get_by_text("was cancelled on").wait_for(state="detached")
            page.get_by_text(re.compile("Round 2 made relate-")).wait_for(timeout=ROUND_MS)
        playwright.expect(button(page, "Start round")).to_be_enabled()
        page.get_by_role("heading", name="Training reward, step by step").wait_for()
        fits_wide_and_narrow(page, "round-done")
        page.goto(f"{studio.url}/decide")
        # which of the three the gate says hangs on a tiny random writer
        page.get_by_role("heading", name=re.compile("Not enough data|Don.t promote|Promote")).wait_for()
        fits_wide_and_narrow(page, "round-decide")
