"""The Draft desk in a real browser: its back button from brief to brief, and a session that ends while one types."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.services import briefs, drafting
from db.models import SignIn, utc_now
from tests.e2e.conftest import Gated
from tests.e2e.hands import button, heading, sign_in
from tests.unit.studio import brief, small_draft

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
SHOTS = os.environ.get("DRAFT_SHOTS", "")  # a folder for pictures to look at


def shows(page: Any, product: str, brief_id: int) -> None:
    """The summary of this brief and no other, with its address."""
    page.locator(".st-key-brief_summary").get_by_text(product, exact=True).wait_for()
    page.wait_for_url(f"**?brief={brief_id}")


def test_back_and_forward_between_two_briefs(window: Any, gated: Gated) -> None:
    one = briefs.save_brief(gated.db, gated.shell, brief("First Rack")).id
    two = briefs.save_brief(gated.db, gated.shell, brief("Second Rack")).id
    page = window()
    sign_in(page, gated, "advertiser", "Draft")
    for name, number in (("First Rack", one), ("Second Rack", two)):
        page.get_by_role("link", name="Briefs").click()
        heading(page, "Briefs").wait_for()
        button(page, name).click()
        shows(page, name, number)
    box = page.get_by_role("combobox", name="Saved briefs")  # and from brief to brief on the desk itself
    box.click()
    page.get_by_role("option", name=f"no. {one}").click()
    shows(page, "First Rack", one)
    page.go_back()
    shows(page, "Second Rack", two)
    page.go_forward()
    shows(page, "First Rack", one)
    page.go_back()
    shows(page, "Second Rack", two)
    page.go_back()
    heading(page, "Briefs").wait_for()
    for _ in range(3):  # a visit of a page may be several steps of the history
        if "/draft" not in page.url:
            page.go_back()
            page.wait_for_timeout(1000)
    shows(page, "First Rack", one)
    page.reload()
    shows(page, "First Rack", one)


def picture(page: Any, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(1500)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"))


def end_session(page: Any, gated: Gated) -> None:
    """As if half a day had gone by without a click: none is being answered, or its answer would be the sign-in page."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    with gated.db.write() as session:
        row = session.query(SignIn).order_by(SignIn.id.desc()).first()
        assert row is not None
        row.expires_at = utc_now() - timedelta(seconds=1)


def sign_in_again(page: Any, who: str) -> None:
    page.get_by_text("Your session has ended").wait_for()
    time.sleep(1.1)  # the provider's time of issue counts whole seconds
    page.get_by_role("button", name="Sign in").click()
    button(page, who).click()
    heading(page, "Draft").wait_for()


def test_what_is_typed_into_an_ended_session_is_found_again(window: Any, gated: Gated) -> None:
    saved = briefs.save_brief(gated.db, gated.shell, brief("Expiring Rack"))
    drafting.store_generation(gated.db, gated.shell, saved.id, small_draft())
    page = window()
    sign_in(page, gated, "advertiser", "Draft")
    page.goto(f"{gated.url}/draft?brief={saved.id}")
    button(page, "Edit brief").click()
    page.get_by_role("textbox", name="Tone").fill("dry, plain")
    end_session(page, gated)
    button(page, "Save brief").click()
    sign_in_again(page, "advertiser")
    page.get_by_text("You typed into the brief “Expiring Rack”").wait_for()
    page.reload()
    picture(page, "brief-back")
    button(page, "Bring it back").click()
    page.get_by_role("textbox", name="Tone").and_(page.locator('[value="dry, plain"]')).wait_for()
    playwright.expect(button(page, "Save brief")).to_have_count(1)  # the form of before is gone
    button(page, "Save brief").click()
    button(page, "Edit brief").wait_for()
    assert briefs.get_brief(gated.db, gated.shell, saved.id).brief.tone == "dry, plain"
    assert button(page, "Bring it back").count() == 0

    button(page, "Edit").first.click()
    box = page.get_by_role("textbox", name="New wording")
    box.wait_for()
    end_session(page, gated)
    box.fill("Lock Kayaks Before Coffee")  # no button is pressed
    sign_in_again(page, "advertiser")
    button(page, "Open it").click()
    page.get_by_text("Lock Kayaks Before Coffee").wait_for()
    picture(page, "wording-back")
    button(page, "Open it again").click()
    box = page.get_by_role("textbox", name="New wording")
    box.wait_for()
    assert box.input_value() == "Lock Kayaks Before Coffee"
    button(page, "Cancel").click()
    box.wait_for(state="detached")
    page.reload()
    page.get_by_text("Headlines · 3").wait_for()
    assert button(page, "Open it again").count() == 0


def test_the_browser_asks_before_typed_words_are_lost(window: Any, gated: Gated) -> None:
    saved = briefs.save_brief(gated.db, gated.shell, brief("Unsaved Rack"))
    page = window()
    sign_in(page, gated, "advertiser", "Draft")
    page.goto(f"{gated.url}/draft?brief={saved.id}")
    button(page, "Edit brief").click()
    box = page.get_by_role("textbox", name="Tone")
    box.wait_for()
    asked: list[str] = []
    leave = False

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept() if leave else dialog.dismiss()

    page.on("dialog", answer)
    page.reload()  # nothing was typed
    button(page, "Edit brief").click()
    box.click()
    box.press_sequentially("dry")
    with pytest.raises(playwright.TimeoutError):
        page.reload(timeout=3000)  # stays
    page.get_by_role("link", name="Briefs").click()  # stays, too
    page.wait_for_timeout(500)
    assert asked == ["beforeunload", "confirm"] and "dry" in box.input_value()
    button(page, "Save brief").click()
    button(page, "Edit brief").wait_for()
    page.reload()  # saved: no question
    button(page, "Edit brief").click()
    box.click()
    box.press_sequentially(" and plain")
    leave = True
    page.get_by_role("link", name="Briefs").click()
    heading(page, "Briefs").wait_for()
    page.reload()  # the form is left behind
    heading(page, "Briefs").wait_for()
    assert asked == ["beforeunload", "confirm", "confirm"]
