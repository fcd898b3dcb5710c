"""A rule of one's own in real browsers: a reviewer writes, tries and publishes it, an advertiser's lines meet it.

The scores are real, the advertiser and the reviewer two signed-in people. At the end the reviewer puts the shipped
rules back, so that the studio is as the tests before left it. Leaves out what a form refuses (test_rules_desk.py).
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from app.services import briefs, drafting, rulebook, statuses
from tests.e2e.conftest import Gated
from tests.e2e.hands import button, fits_wide_and_narrow, heading, sign_in
from tests.unit.studio import Draft, brief, card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
SCORE_MS = 120_000  # the first score loads what judges
OURS = "The client never says turbo."
FORM = {
    "Words or phrases, one a line": "turbo",
    "What is wrong, in one sentence": OURS,
    "What to do instead": "Say how fast it is.",
    "Source": "Brand guide of 3 March 2026, page 4",
    "Texts it must hit, one a line": "Turbo Kayak Rack",
}
LEAVES, HIT = "Texts it must leave alone, one a line", "A turbo rack"


def approved(gated: Gated, *texts: str) -> int:
    """A brief with these texts, approved; returns its id."""
    saved = briefs.save_brief(gated.db, gated.shell, brief("Ruled Rack"))
    draft = Draft(tuple(card(text) for text in texts))
    made = drafting.store_generation(gated.db, gated.shell, saved.id, draft).texts  # type: ignore[arg-type]
    with gated.db.write() as session:
        for text in made:
            statuses.set_status(session, gated.shell, text.id, "approved")
    return saved.id


def score_line(page: Any, rest: str) -> Any:
    """Brings one headline on the Draft desk; returns its card. It is found by its last words: a mark may stand behind
    the first."""
    box = page.get_by_role("textbox", name="One a line")
    if not box.is_visible():
        page.get_by_text("Bring your own lines").click()
    box.fill(f"Turbo {rest}")
    button(page, "Score my lines").click()
    page.get_by_text("1 line scored and added below.").wait_for(timeout=SCORE_MS)
    return a_card(page, rest)


def a_card(page: Any, rest: str) -> Any:
    found = page.locator(".rl-card", has_text=rest)
    found.wait_for()
    return found


def fill(page: Any, clean: str) -> None:
    for label, words in {**FORM, LEAVES: clean}.items():
        page.get_by_role("textbox", name=label).fill(words)


def test_a_rule_is_tried_published_met_and_taken_back(window: Callable[..., Any], gated: Gated) -> None:
    brief_id = approved(gated, "Turbo Rack for Two", "Calm Rack for Two")
    writer, page = window(), window()
    sign_in(writer, gated, "advertiser", "Draft")
    writer.goto(f"{gated.url}/draft?brief={brief_id}")
    sign_in(page, gated, "reviewer", "Review")
    page.get_by_role("link", name="Rules").click()
    page.get_by_text("the shipped rules, unchanged").wait_for()

    button(page, "New rule").click()
    fill(page, HIT)  # wrong on purpose
    button(page, "Try it").click()
    page.get_by_text("1 not: mend the rule or its examples").wait_for()
    page.get_by_role("row", name="must not hit").get_by_text("not as it should").wait_for()
    page.get_by_role("textbox", name=LEAVES).fill("A turbot for dinner")
    button(page, "Try it").click()
    page.get_by_text("2 of 2 tests came out as they should").wait_for()
    fits_wide_and_narrow(page, "rules-try")
    button(page, "Save to my edits").click()
    page.get_by_text("OWN-001 is saved in your edits. It judges nothing until you publish it.").wait_for()

    page.reload()  # what was saved is there, and in force it is not
    page.get_by_text("the shipped rules, unchanged").wait_for()
    page.get_by_text("Shown with your 1 unpublished edit").wait_for()
    page.get_by_role("radio", name="Your edits (1)").click()
    page.get_by_text("OWN-001 added").wait_for()
    score_line(writer, "Rack That Locks Kayaks").locator(".rl-level", has_text="no issue found").wait_for()

    button(page, "Test on history").click()
    page.get_by_text(re.compile(r"Would have blocked 1 of the last \d+ approved or live texts")).wait_for()
    fits_wide_and_narrow(page, "rules-history")
    button(page, "Publish").click()
    page.get_by_text("say in a few words why the rules change").wait_for()
    page.get_by_role("textbox", name="Why the rules change").fill("The client asked")
    button(page, "Publish").click()
    page.get_by_text(re.compile(r"Version \S+ is in use\. Checked \d+ approved.*: 1 went back to review")).wait_for()
    version = rulebook.rules_of(gated.db, gated.shell).version
    page.get_by_text(f"{version} · in use").wait_for()
    page.get_by_text("· The client asked").wait_for()
    fits_wide_and_narrow(page, "rules-published")
    page.reload()
    page.get_by_text(f"Version {version}: the shipped rules with 1 of your own").wait_for()
    page.get_by_role("radio", name="Your edits (0)").wait_for()

    found = score_line(writer, "Rack to Lock Kayaks")
    found.locator(".rl-level", has_text="blocked").wait_for()
    writer.get_by_text(re.compile("^Details · 1 blocked")).click()
    writer.get_by_text(OURS).wait_for()
    a_card(writer, "Turbo Rack for Two").get_by_text("in review").wait_for()  # approved until then
    a_card(writer, "Calm Rack for Two").get_by_text("approved").wait_for()
    fits_wide_and_narrow(writer, "rules-met")

    page.get_by_role("radio", name="Versions").click()
    page.get_by_role("textbox", name="Why", exact=True).fill("They changed their mind")
    button(page, "Put it in use").click()
    page.get_by_text("The shipped rules are in use.").wait_for()
    page.get_by_text("· They changed their mind").wait_for()
    score_line(writer, "Rack Locks Your Kayaks").locator(".rl-level", has_text="no issue found").wait_for()
    heading(page, "Rules").wait_for()
