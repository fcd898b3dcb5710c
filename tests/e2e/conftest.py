"""The real studio on a free port with a home of its own, and a real Chromium to use it with.

Without a browser, playwright or weights these tests are skipped with the reason; with CI=true that is a failure.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from relate_engine.config import ROOT, settings
from relate_engine.policy.weights import WeightsError, encoder_folder, policy_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_S = 60


@dataclass(frozen=True)
class Studio:
    url: str
    process: "subprocess.Popen[bytes]"
    log: Path


def missing(reason: str) -> NoReturn:
    """Skips, or fails where everything is expected to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio process, ready to answer."""
    config = settings()
    try:
        encoder_folder(config.cache)
        policy_folder(config.base_model, config.cache)
    except WeightsError as error:
        missing(str(error))
    folder = tmp_path_factory.mktemp("studio")
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "studio", "--port", str(port)]  # pages and worker, as make run does
    environment = os.environ | {"RELATE_HOME": str(folder / "home"), "RELATE_CACHE": str(config.cache)}
    environment["RELATE_OVERSAMPLE"] = "1"  # how texts are chosen is tested elsewhere; here time counts
    log = folder / "studio.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{url}/_stcore/health", log)
        yield Studio(url, process, log)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the studio did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium of the system."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("no Chromium here (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed (pip install -e .[test])")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Any, studio: Studio) -> Iterator[Any]:
    """A page of 1440 × 900 that fails the test on an error in the browser's console."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, errors
