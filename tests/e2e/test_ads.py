"""From picked texts to an ad in a real browser: build, pin, preview, save, refresh, send to review, export, phone."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Studio
from tests.e2e.hands import button, choose, no_sideways
from tests.e2e.test_studio import DRAFT_MS

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e

HEADLINES = ("Fresh Coffee Each Week", "Skip or Cancel Online", "Roasted on Monday", "Pick Your Grind")
DESCRIPTIONS = ("Roasted on Monday and shipped on Tuesday.", "Pick whole bean or one of four grinds.")


def test_an_ad_is_built_pinned_sent_and_exported(page: Any, studio: Studio, tmp_path: Path) -> None:
    page.goto(f"{studio.url}/")
    button(page, "Brackwater Coffee Club").click()
    page.get_by_role("textbox", name="Product").and_(page.locator('[value="Brackwater Coffee Club"]')).wait_for()
    button(page, "Save brief").click()
    button(page, "Edit brief").wait_for()
    page.get_by_text("Bring your own lines").click()
    for slot, lines in (("Headlines", HEADLINES), ("Descriptions", DESCRIPTIONS)):
        choose(page, "They are", slot)
        page.get_by_role("textbox", name="One a line").fill("\n".join(lines))
        button(page, "Score my lines").click()
        page.get_by_text(f"{len(lines)} lines scored").wait_for(timeout=DRAFT_MS)
    total = len(HEADLINES) + len(DESCRIPTIONS)
    for _ in range(total):
        before = button(page, "Picked").count()
        button(page, "Pick").first.click()
        playwright.expect(button(page, "Picked")).to_have_count(before + 1)
    button(page, "Build an ad from picked texts").click()

    page.get_by_role("heading", name="Headlines · 4 of 15").wait_for(timeout=30_000)
    page.get_by_text("Combination 1 of 48").wait_for()  # 4·3·2 headlines, 2·1 descriptions
    choose(page, "Pin of H1", "Pin to 2")
    page.get_by_text("H1 stands at 2").wait_for()
    page.get_by_text("Combination 1 of 12").wait_for()  # 3·2 around the pin, twice
    pinned = page.locator(".rl-serp-title").inner_text().split("|")[1].strip()
    button(page, "Save version 2").click()
    button(page, "Saved").wait_for()
    page.reload()
    page.get_by_text("H1 stands at 2").wait_for(timeout=30_000)

    button(page, "Export").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Campaign").fill("Spring")
    dialog.get_by_label("Ad group").fill("Club")
    dialog.get_by_label("Final URL").fill("https://brackwater.example/club")
    with page.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    target = tmp_path / "ad.csv"
    started.value.save_as(target)
    (row,) = csv.DictReader(io.StringIO(target.read_text("utf-8-sig")))
    assert row["Headline 1"] == pinned
    assert {row[f"Headline {i}"] for i in range(1, 5)} == set(HEADLINES)  # best first, as they were ranked
    assert (row["Headline 1 position"], row["Headline 2 position"]) == ("2", "")
    page.keyboard.press("Escape")

    button(page, "Send to review").click()
    page.get_by_text("Version 2: → in review").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("heading", name="On Google search").wait_for()
    assert no_sideways(page)
    page.goto(f"{studio.url}/ads")
    page.get_by_text("1 ad, newest first").wait_for(timeout=30_000)
    page.go_back()
    page.get_by_text("Version 2: → in review").wait_for(timeout=30_000)
