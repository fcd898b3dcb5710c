"""The studio in a real browser, with the real writer: what an advertiser, a reviewer and an analyst do first.

Elements are found by role, label and words, as people find them. Leaves out how good the texts are.
"""

import csv
import io
import re
import time
from pathlib import Path
from typing import Any

import pytest

from relate_engine.config import ROOT
from tests.e2e.conftest import Studio
from tests.e2e.hands import button, choose, no_sideways

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
DRAFT_MS = 300_000  # a first draft on a busy machine loads the writer


def draft_slot(page: Any, studio: Studio, example: str, count: int) -> None:
    """Opens an example and asks for some headlines of it."""
    page.goto(f"{studio.url}/")
    button(page, example).click()
    page.get_by_role("textbox", name="Product").and_(page.locator(f'[value="{example}"]')).wait_for()
    page.get_by_role("spinbutton", name="How many").fill(str(count))
    button(page, "Draft these").click()


def test_the_first_page_is_quick(page: Any, studio: Studio) -> None:
    started = time.monotonic()
    page.goto(f"{studio.url}/")
    button(page, "Draft the whole ad").wait_for(timeout=10_000)
    assert time.monotonic() - started < 10


def test_draft_pick_edit_export(page: Any, studio: Studio, tmp_path: Path) -> None:
    draft_slot(page, studio, "Brackwater Coffee Club", 4)
    button(page, "Pick").first.wait_for(timeout=DRAFT_MS)
    page.get_by_text(re.compile(r"^Headlines · \d")).wait_for()

    button(page, "Pick").first.click()
    page.get_by_text("Picked: 1 of 15 headlines").wait_for()

    page.get_by_role("button", name="Copy: ").nth(1).click()
    page.get_by_text("Picked: 2 of 15 headlines").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied and copied in page.locator(".rl-text").nth(1).inner_text()

    button(page, "Edit").nth(1).click()
    box = page.get_by_role("textbox", name="New wording")
    box.fill("Guaranteed to cure everything!!! Click here")
    page.get_by_text("not saved yet").wait_for()
    page.locator(".rl-tag.rl-block").first.wait_for()
    box.fill("Skip or Cancel Online")
    page.locator(".rl-text", has_text="Skip or Cancel Online").wait_for()
    button(page, "Save").click()
    page.get_by_text("edited", exact=True).wait_for()

    button(page, "Export").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("needs at least 3").wait_for()
    assert dialog.get_by_role("button", name="Download").is_disabled()
    choose(page, "File", "Plain CSV with all scores")
    with page.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    target = tmp_path / "texts.csv"
    started.value.save_as(target)
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))
    assert "Skip or Cancel Online" in [row["text"] for row in rows]
    assert len(rows) == 2 and all(row["choice"] == "picked" for row in rows)

    address = page.url
    assert "brief=" in address
    page.reload()
    page.locator(".rl-text", has_text="Skip or Cancel Online").wait_for()


def test_a_complete_ad_leaves_for_google_ads_editor(page: Any, studio: Studio, tmp_path: Path) -> None:
    page.goto(f"{studio.url}/")
    button(page, "Brackwater Coffee Club").click()
    page.get_by_role("textbox", name="Product").and_(page.locator('[value="Brackwater Coffee Club"]')).wait_for()
    button(page, "Save brief").click()
    button(page, "Edit brief").wait_for()
    page.get_by_text("Bring your own lines").click()
    for slot, lines in (
        ("Headlines", "Fresh Coffee Each Week\nSkip or Cancel Online\nRoasted on Monday"),
        ("Descriptions", "Roasted on Monday and shipped on Tuesday.\nPick whole bean or one of four grinds."),
    ):
        choose(page, "They are", slot)
        page.get_by_role("textbox", name="One a line").fill(lines)
        button(page, "Score my lines").click()
        page.get_by_text(f"{len(lines.splitlines())} lines scored").wait_for(timeout=DRAFT_MS)
        page.locator(".rl-text", has_text=lines.splitlines()[-1]).first.wait_for()  # no word of it is marked
    button(page, "Export").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("The campaign is missing").wait_for()
    dialog.get_by_role("textbox", name="Campaign").fill("Autumn")
    dialog.get_by_role("textbox", name="Ad group").fill("Subscription")
    download = dialog.get_by_role("button", name="Download")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[role=dialog] button')]"
        ".some(b => b.innerText.includes('Download') && !b.disabled)"
    )
    with page.expect_download() as started:
        download.click()
    target = tmp_path / "editor.csv"
    started.value.save_as(target)
    row = next(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))
    assert (row["Campaign"], row["Ad group"]) == ("Autumn", "Subscription")
    headlines = {row[f"Headline {i}"] for i in (1, 2, 3)}  # best first, as they were ranked
    assert headlines == {"Fresh Coffee Each Week", "Skip or Cancel Online", "Roasted on Monday"}


def test_two_tabs_draft_at_once_and_both_finish(browser: Any, studio: Studio) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    first, second = context.new_page(), context.new_page()
    for page, example in ((first, "Brackwater Coffee Club"), (second, "Ledgerline")):
        page.goto(f"{studio.url}/")
        button(page, example).click()
        page.get_by_role("textbox", name="Product").and_(page.locator(f'[value="{example}"]')).wait_for()
    button(first, "Draft the whole ad").click()
    first.get_by_text("Writing the whole").wait_for()
    button(second, "Draft the whole ad").click()
    second.get_by_text("you are number 2 in line").wait_for(timeout=DRAFT_MS)
    button(first, "Pick").first.wait_for(timeout=DRAFT_MS)
    button(second, "Pick").first.wait_for(timeout=DRAFT_MS)
    context.close()


def test_a_phone_needs_no_sideways_scrolling(browser: Any, studio: Studio) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{studio.url}/")
    button(page, "Draft the whole ad").wait_for()
    assert no_sideways(page)
    draft_slot(page, studio, "TideLock Kayak Rack", 2)
    button(page, "Pick").first.wait_for(timeout=DRAFT_MS)
    assert no_sideways(page)
    button(page, "Edit").first.click()
    page.get_by_role("textbox", name="New wording").wait_for()
    assert no_sideways(page)
    for desk in ("review", "rewards"):
        page.goto(f"{studio.url}/{desk}")
        page.get_by_role("heading", name=desk.capitalize()).first.wait_for()
        page.wait_for_timeout(1500)
        assert no_sideways(page), desk
    context.close()


def test_a_reviewer_labels_a_text_and_the_analyst_sees_charts(page: Any, studio: Studio) -> None:
    draft_slot(page, studio, "Ledgerline", 2)
    button(page, "Pick").first.wait_for(timeout=DRAFT_MS)
    page.goto(f"{studio.url}/review")
    page.get_by_role("heading", name="Text to judge").wait_for()
    page.get_by_role("button", name="Compliant").wait_for()
    page.wait_for_timeout(1000)  # quicker than reading counts as a double click
    if (dismiss := page.get_by_role("button", name="Dismiss all")).count():
        dismiss.click()  # a caution that nobody has answered keeps the text
        page.wait_for_timeout(1000)
    page.get_by_role("button", name="Compliant").click()
    page.get_by_text("Saved:").wait_for()
    page.get_by_text("Analysis", exact=True).click()
    page.get_by_text("Rewards", exact=True).click()
    page.get_by_role("heading", name="Rewards").wait_for()
    page.locator(".js-plotly-plot").first.wait_for(timeout=30_000)


def test_results_come_in_update_the_predictions_and_go(page: Any, studio: Studio) -> None:
    page.goto(f"{studio.url}/results")
    page.get_by_text("No results yet.").wait_for()
    page.locator("input[type=file]").set_input_files(ROOT / "assets" / "results" / "sample.csv")
    page.get_by_text(re.compile(r"The first \d+ of \d+ rows, as understood")).wait_for()
    button(page, "Import").click()
    page.get_by_text("What this traffic can show").wait_for()

    button(page, "Update the predictions from these results").click()
    page.get_by_text(re.compile(r"Made reward-\w+ from")).wait_for(timeout=180_000)
    page.set_viewport_size({"width": 390, "height": 844})
    assert no_sideways(page)
    page.set_viewport_size({"width": 1440, "height": 900})

    button(page, "Undo").last.click()
    page.get_by_text("is undone").wait_for()
