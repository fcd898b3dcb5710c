"""Reviewing in a real browser, by keyboard and by touch, on a database filled beforehand; no model is loaded.

The time from a key to the next text is printed (`pytest -s`), and held to its bound on an idle machine (tests/idle.py).
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import briefs, drafting, reviewing
from app.services.people import local_actor
from app.services.rulebook import shipped
from db.session import Database, open_database
from relate_engine.scorecard import finding
from tests.e2e.conftest import Studio, running
from tests.idle import bounded
from tests.unit.studio import BLOCK, VERSIONS, Draft, brief, card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
EMOJI = "🛶👍🏽 Cure back pain with one lift"
ENDS = "back pain with one lift"  # what stands on the page as it was written: a finding's words carry its mark
LINES = 40
KEY_S = 0.3  # from a key to the next text, p95


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Studio, Database]]:
    """A studio whose database holds texts to judge."""
    db = open_database(f"sqlite:///{tmp_path / 'relate.db'}")
    me = local_actor(db)
    saved = briefs.save_brief(db, me, brief(claims=({"text": "Holds 200 lb", "evidence": "Load test 14"},)))
    held = finding("SAF-001", "compliance", "block", BLOCK.message, start=4, end=8)
    today = VERSIONS | {"rules": shipped().version}  # else the rules are asked again and find more in it
    lines = tuple(card(f"Rack line number {n}", versions=today) for n in range(LINES))
    drafting.store_generation(db, me, saved.id, Draft((card(EMOJI, findings=(held,), versions=today), *lines)))
    with running(tmp_path) as studio:
        yield studio, db
    db.close()


def opened(browser: Any, studio: Studio, width: int, **more: Any) -> Any:
    context = browser.new_context(viewport={"width": width, "height": 900}, **more)
    page = context.new_page()
    page.goto(f"{studio.url}/review")
    page.get_by_role("heading", name="Text to judge").wait_for(timeout=60_000)
    page.locator(".rl-text").wait_for()
    return page


def shown(page: Any) -> str:
    return str(page.locator(".rl-text").first.inner_text())


def until_next(page: Any, before: str) -> float:
    """Seconds until another text is on screen."""
    started = time.perf_counter()
    page.wait_for_function(
        "before => { const e = document.querySelector('.rl-text'); return e && e.innerText !== before }",
        arg=before, polling=10, timeout=20_000,
    )  # fmt: skip
    return time.perf_counter() - started


def brought(page: Any) -> None:
    """Skips on to the text with emoji: one look in ten is at a text drawn at random, so it need not come first."""
    for _ in range(LINES):
        if ENDS in (before := shown(page)):
            return
        page.wait_for_timeout(450)  # a key just after a new text is not meant for it
        page.keyboard.press("n")
        until_next(page, before)
    raise AssertionError(f"the text with emoji was not shown; last was {before!r}")


def dismissed(page: Any, press: Any) -> None:
    """Answers what is suggested, by `press`; a blind look suggests nothing."""
    if page.get_by_role("button", name="Dismiss all").count():
        press()
        page.get_by_role("radio", name="Dismiss", checked=True).wait_for()
        page.wait_for_timeout(600)


def given(db: Database) -> list[reviewing.StoredVerdict]:
    actor = local_actor(db)
    texts = drafting.list_generations(db, actor, 1)[0].texts
    found = [v for t in texts for v in reviewing.verdict_history(db, actor, t.id)]
    return sorted(found, key=lambda v: v.id)


def test_judging_by_keyboard_and_marking_words(browser: Any, desk: tuple[Studio, Database]) -> None:
    studio, db = desk
    page = opened(browser, studio, 1440)
    brought(page)
    page.get_by_role("button", name="Cure", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_text("2 words marked").wait_for()
    page.wait_for_timeout(600)
    dismissed(page, lambda: page.keyboard.press("d"))
    before = shown(page)
    page.keyboard.press("2")
    until_next(page, before)
    (verdict,) = given(db)
    assert verdict.outcome == "violation" and verdict.spans == ((4, 13),)
    assert EMOJI[4:13] == "Cure back"  # code points: two emoji and a skin tone before them

    page.wait_for_timeout(600)
    page.keyboard.press("u")  # and back
    page.get_by_role("button", name="pain", exact=True).wait_for()
    assert [v.outcome for v in given(db)] == ["violation", "withdrawn"]
    page.get_by_text("No words marked").wait_for()
    page.get_by_role("textbox", name="Comment").click()
    page.keyboard.type("2 of 5 say so: n, u")  # keys are words while somebody types
    assert len(given(db)) == 2
    page.locator("h1").click()
    dismissed(page, lambda: page.keyboard.press("d"))

    times = []
    for _ in range(20):
        page.wait_for_timeout(450)
        before = shown(page)
        page.keyboard.press("1")
        times.append(until_next(page, before))
    page.wait_for_timeout(500)
    assert len(given(db)) == 22
    worst = statistics.quantiles(times, n=20)[-1]
    print(f"\nkey to next text: median {1000 * statistics.median(times):.0f} ms")
    bounded("key to next text, p95", worst, KEY_S)

    before = shown(page)
    page.get_by_role("button", name="Compliant").dblclick(delay=20)
    until_next(page, before)
    page.wait_for_timeout(1000)
    assert len(given(db)) == 23  # the second click was not meant for the next text
    before = shown(page)
    page.reload()
    page.get_by_role("heading", name="Text to judge").wait_for()
    page.locator(".rl-text").wait_for()
    assert shown(page) == before  # a refresh keeps the look
    page.context.close()


def test_marking_by_touch_on_a_phone(browser: Any, desk: tuple[Studio, Database]) -> None:
    studio, db = desk
    page = opened(browser, studio, 390, has_touch=True)
    wide = page.evaluate(
        "document.querySelector('.stApp').scrollWidth > document.querySelector('.stApp').clientWidth + 1"
    )
    assert not wide
    brought(page)
    page.get_by_role("button", name="lift", exact=True).tap()
    page.get_by_text("1 word marked").wait_for()
    page.wait_for_timeout(600)
    dismissed(page, page.get_by_role("button", name="Dismiss all").tap)
    before = shown(page)
    page.get_by_role("button", name="Violation").tap()
    until_next(page, before)
    (verdict,) = given(db)
    assert [EMOJI[a:b] for a, b in verdict.spans] == ["lift"]
    page.context.close()
