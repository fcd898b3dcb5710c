"""An ad on its way between two people in real browsers: sent, judged, proof asked for, approved, exported, live."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from app.services import ads, briefs, drafting, feedback, rulebook
from tests.e2e.conftest import Gated
from tests.e2e.hands import button, sign_in
from tests.unit.studio import VERSIONS, brief, card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e

HEADLINES = ("Hand Over Rack", "Two Kayaks, One Key", "Folds Flat by Hand")
DESCRIPTIONS = ("The hand-over rack holds two kayaks on a garage wall.", "One key locks both kayaks to the rack.")
MOST = 60  # texts of other tests may wait in the same queue


def test_an_ad_goes_from_hand_to_hand(window: Any, gated: Gated, tmp_path: Path) -> None:
    saved = briefs.save_brief(gated.db, gated.shell, brief("Hand Over Rack", placement="google_rsa"))
    today = VERSIONS | {"rules": rulebook.shipped().version}  # scored by older rules, a text would not be exported
    lines = [card(t, versions=today) for t in HEADLINES]
    lines += [card(t, "description", versions=today) for t in DESCRIPTIONS]
    for text in drafting.add_own_lines(gated.db, gated.shell, saved.id, lines).texts:
        feedback.pick(gated.db, gated.shell, text.id)
    ad = ads.create_ad(gated.db, gated.shell, saved.id)
    writer, reviewer = window(), window()
    sign_in(writer, gated, "advertiser", "Draft")
    writer.goto(f"{gated.url}/ads?ad={ad.id}")
    button(writer, "Send to review").click()
    writer.get_by_text("Version 1: → in review").wait_for()

    sign_in(reviewer, gated, "reviewer", "Review")
    judge(reviewer, {HEADLINES[0]: "Needs proof"} | dict.fromkeys((*HEADLINES[1:], *DESCRIPTIONS), "Compliant"))

    writer.reload()
    writer.get_by_text("H1 needs proof: Which rack").wait_for()
    button(writer, "Ask again for H1").click()
    writer.get_by_role("textbox", name="What has changed").fill("The brief names the rack.")
    button(writer, "Ask again").click()
    writer.get_by_text("H1 needs proof").wait_for(state="detached")

    reviewer.reload()
    judge(reviewer, {HEADLINES[0]: "Compliant"})
    writer.reload()
    writer.get_by_text("Version 1: ✓ approved").wait_for()
    button(writer, "Export").click()
    dialog = writer.get_by_role("dialog")
    for label, words in (("Campaign", "Spring"), ("Ad group", "Racks"), ("Final URL", "https://rack.example/")):
        dialog.get_by_label(label).fill(words)
    with writer.expect_download() as started:
        dialog.get_by_role("button", name="Download").click()
    started.value.save_as(tmp_path / "ad.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "ad.csv").read_text("utf-8-sig")))
    assert [row[f"Headline {n}"] for n in (1, 2, 3)] == list(HEADLINES)
    writer.keyboard.press("Escape")
    button(writer, "Mark as live").click()
    writer.get_by_text("Version 1: ▶ live").wait_for()


def judge(page: Any, wanted: dict[str, str]) -> None:
    """Gives each wanted verdict as its text comes up and skips the others."""
    left = dict(wanted)
    for _ in range(MOST):
        if not left:
            return
        text = page.locator(".rl-text").first
        text.wait_for()
        shown = text.inner_text()
        page.wait_for_timeout(600)  # a press just after a new text is not meant for it
        outcome = left.pop(shown, "Skip")
        if outcome == "Needs proof":
            page.get_by_role("textbox", name="Comment").fill("Which rack is it?")
        page.get_by_role("button", name=outcome).click()  # its key stands in its name
        page.wait_for_function(
            "before => { const e = document.querySelector('.rl-text'); return !e || e.innerText !== before }",
            arg=shown, polling=50,
        )  # fmt: skip
    raise AssertionError(f"these texts never came up: {list(left)}")
