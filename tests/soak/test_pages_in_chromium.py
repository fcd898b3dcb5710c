"""Every page with 100,000 texts and 500,000 rows of feedback in real Chromium: how long until a person can use it.

The studio's own process, its websocket and the browser's drawing are in the time; tests/soak/test_pages_at_scale.py
times the same pages, and what can be opened on them, without these. A page is opened from the menu, as people go
round, and what stands is said in tests/e2e/settled.py; a layout shift is the worst of all visits. Opening by address is
told beside, with what Streamlit's own page of one heading takes the same way, for most of that is Streamlit loading
itself. RELATE_SCALE_DB names a database seeded before (it is copied). Runs of `make soak`; no models are loaded.
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from db.session import open_database
from tests.e2e.conftest import browser as browser  # a fixture
from tests.e2e.conftest import free_port, running
from tests.e2e.hands import pages
from tests.e2e.settled import GOOD_SHIFT, shift, stood_at, visit, watch
from tests.scale import seed

RUNS = int(os.environ.get("RELATE_SOAK_RUNS", "20"))
BOUND_S = 1.5
BARE = "import streamlit as st\nst.title('One heading')\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("scale")
    if given := os.environ.get("RELATE_SCALE_DB"):
        shutil.copy(given, home / "relate.db")
    else:
        db = open_database(f"sqlite:///{home / 'relate.db'}")
        seed(db)
        db.close()
    with running(home) as studio:
        yield studio.url


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Streamlit with one heading, to compare with."""
    script, port = tmp_path_factory.mktemp("bare") / "bare.py", free_port()
    script.write_text(BARE)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, "--server.headless=true"], stdout=quiet, stderr=quiet) as process:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def from_menu(page: Any, title: str) -> float:
    """Seconds from the press on the page's link in the menu until it stands."""
    link = page.get_by_test_id("stTopNavDropdownLink").filter(has=page.get_by_text(title, exact=True))
    for section in page.get_by_test_id("stTopNavSection").all():
        section.click()
        if link.count():
            break
    link.hover()
    began = page.evaluate("performance.now()")
    link.click()
    return (stood_at(page, title) - float(began)) / 1000


@pytest.mark.soak
def test_every_page_can_be_used_in_time(
    browser: Any, address: str, bare: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context = watch(browser.new_context(viewport={"width": 1440, "height": 900}))
    page, wrong = context.new_page(), []
    opened = {title: name for name, title, *_ in pages()}
    visit(page, address)
    moves: dict[str, list[float]] = {title: [] for title in opened}
    for run in range(RUNS + 1):
        for title in opened:
            took = from_menu(page, title)
            if run:  # the first loads what each page imports
                moves[title].append(took)
    loads: dict[str, list[float]] = {title: [] for title in ("Streamlit, one heading", *opened)}
    shifts = dict.fromkeys(loads, 0.0)
    for _ in range(RUNS // 2 + 1):
        for title in loads:
            loads[title].append(visit(page, f"{address}/{opened[title]}" if title in opened else bare) / 1000)
            shifts[title] = max(shifts[title], shift(page)[0])
    context.close()
    with capsys.disabled():
        print()
        for title, times in loads.items():
            p50, p95 = np.percentile(moves[title], [50, 95]) if title in moves else (0.0, 0.0)
            menu = f"from the menu p50 {p50:5.2f} s  p95 {p95:5.2f} s" if title in moves else " " * 35
            line = f"{title:24} {menu}   by address p50 {np.median(times[1:]):5.2f} s   shift {shifts[title]:.3f}"
            print(line, flush=True)
            if title in opened and (p95 > BOUND_S or shifts[title] > GOOD_SHIFT):
                wrong.append(line)
    assert not wrong, "\n".join(wrong)
