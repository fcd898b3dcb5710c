"""The analyst's main path in a real browser, on a seeded workspace: decide, compare blind, a link, a CSV."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from db.session import open_database
from tests.e2e.conftest import running
from tests.scale import seed

pytestmark = pytest.mark.e2e
PAGES = ("decide", "learning", "performance", "words", "rewards")
LONG = 60_000  # ms


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a studio on a small seeded workspace of its own."""
    home = tmp_path_factory.mktemp("analysis")
    db = open_database(f"sqlite:///{home / 'relate.db'}")
    seed(db, texts=1_600, feedback=4_000, briefs=40)
    db.close()
    with running(home) as studio:
        yield studio.url


@pytest.fixture
def tab(window: Callable[..., Any]) -> Any:
    opened = window()
    opened.set_default_timeout(LONG)
    return opened


def test_an_analyst_decides_and_compares_blind(tab: Any, seeded: str) -> None:
    tab.goto(f"{seeded}/decide")
    tab.get_by_text("what was looked at").wait_for()
    tab.get_by_text("Still needed").wait_for()
    tab.get_by_role("button", name="I would run A").click()
    tab.get_by_text("Show the count").click()
    tab.get_by_text("1 blind comparison by 1 person").wait_for()
    tab.reload()
    tab.get_by_text("Show the count").click()
    tab.get_by_text("1 blind comparison by 1 person").wait_for()  # it was kept
    tab.get_by_role("button", name="Stop trial").click()
    tab.get_by_text("Last trial").wait_for()
    tab.get_by_role("button", name="Promote grpo").click()
    tab.get_by_text("give a reason").wait_for()


def test_a_link_reproduces_the_view_and_its_table_leaves_as_csv(tab: Any, seeded: str) -> None:
    tab.goto(f"{seeded}/performance?part=Predicted+and+observed&writer=grpo-1")
    tab.get_by_role("heading", name="Reliability of CTR").wait_for()
    assert "writer=grpo-1" in tab.url
    tab.get_by_text("The numbers as a table").first.click()
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Download CSV").first.click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    assert text.startswith("predicted,observed,low,high,trials")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_phone(tab: Any, seeded: str, name: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"{seeded}/{name}")
    tab.get_by_role("heading", level=1).wait_for()
    tab.wait_for_timeout(1500)
    wide = tab.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the screen"
