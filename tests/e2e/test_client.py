"""A whole client in a real browser: its Google Ads Editor export comes in, becomes briefs with scored lines, leaves.

The worker beside the studio scores the lines, so nothing waits for the writer; a hundred ad groups and what a file
may hold are tested without a browser (test_client_file.py, test_briefs_desk.py).
"""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Studio
from tests.e2e.hands import button, fits_wide_and_narrow, heading
from tests.unit.test_client_file import editor, row

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
JOB_MS = 240_000  # the worker loads what judges; other work may share the machine
KAYAK = "Wall Racks - Exact"
GROUPS = (
    row("Harbour | Search", KAYAK, "Harbour Wall Racks", "Hang Two Kayaks", "Locks in Ten Seconds",
        "A wall rack for two kayaks.", "It locks in ten seconds.", "Racks", url="https://www.harbour.com/racks"),
    row("Harbour | Search", "Roof Racks", "Harbour Roof Racks", "Carry Two Kayaks", "Fits Most Cars",
        "A roof rack for two kayaks.", "It fits most cars.", "Roof", url="https://www.harbour.com/roof"),
    row("Harbour | Search", "Old Racks", "A Removed Line", status="Removed"),
)  # fmt: skip


def bring(page: Any, data: bytes, name: str = "harbour.csv") -> None:
    """Chooses the file in the folded part, which is opened if it is not."""
    choose = page.get_by_text("Upload", exact=True)
    if not choose.is_visible():
        page.get_by_text("Import a whole client from Google Ads Editor").click()
        choose.wait_for()
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})


def test_a_client_comes_in_is_scored_and_leaves_again(page: Any, studio: Studio, tmp_path: Path) -> None:
    page.goto(f"{studio.url}/briefs")
    heading(page, "Briefs").wait_for()
    bring(page, b"Campaign,Keyword\r\nHarbour,rack\r\n", "keywords.csv")
    page.get_by_text("is no export of ads: it has no column Headline 1 or Description 1").wait_for()
    page.reload()  # as people do with a wrong file
    heading(page, "Briefs").wait_for()
    bring(page, editor(*GROUPS))
    page.get_by_text("2 ad groups with 12 texts").wait_for()
    page.get_by_text("Removed ads and keywords left out: 1.").wait_for()
    fits_wide_and_narrow(page, "client-file")
    button(page, "Make 2 briefs").click()
    page.get_by_text("2 briefs are made. The worker now scores their lines; you may leave this page.").wait_for()
    for product in ("Harbour Wall Racks", "Harbour Roof Racks"):
        button(page, product).wait_for()

    page.reload()  # the job goes on without the page
    page.get_by_text("Scored the lines of 2 of 2 briefs.").wait_for(timeout=JOB_MS)
    page.get_by_text("Harbour | Search › Roof Racks").wait_for()
    fits_wide_and_narrow(page, "client-briefs")
    bring(page, editor(*GROUPS))  # once more: nothing is made twice
    page.get_by_text(re.compile(f"Ad group “{KAYAK}” has brief no. \\d+ already")).wait_for()
    assert button(page, "Make 0 briefs").is_disabled()
    fits_wide_and_narrow(page, "client-again")

    for product in ("Harbour Wall Racks", "Harbour Roof Racks"):
        box = page.get_by_role("checkbox", name=f"Tick {product}")
        page.locator("label").filter(has=box).click()
        playwright.expect(box).to_be_checked()
    page.get_by_text("2 ticked").wait_for()
    button(page, "Export all").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("2 of 2 ads are complete, with 12 texts.").wait_for()
    fits_wide_and_narrow(page, "client-export")
    with page.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    target = tmp_path / "client.csv"
    started.value.save_as(target)
    out = {row["Ad group"]: row for row in csv.DictReader(io.StringIO(target.read_text("utf-8-sig")))}
    assert set(out) == {KAYAK, "Roof Racks"} and out[KAYAK]["Campaign"] == "Harbour | Search"
    assert {out[KAYAK][f"Headline {n}"] for n in (1, 2, 3)} == set(GROUPS[0][3:6])
    page.keyboard.press("Escape")

    button(page, "Harbour Wall Racks").click()  # what came in is there, each line with its card
    heading(page, "Draft").wait_for()
    for line in ("Hang Two Kayaks", "It locks in ten seconds."):
        page.locator(".rl-card", has_text=line).locator(".rl-level").wait_for()
    fits_wide_and_narrow(page, "client-draft")
