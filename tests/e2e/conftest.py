"""The real studio on a free port with a home of its own, and a real Chromium to use it with.

`running` starts one on any home; `studio` is shared by the tests that need the writer, `gated` (with a sign-in, and a
person for each role) by those of several people. A test finds its own briefs and ads there by name or number.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from app.services import invitations
from app.services.people import Actor, shell_actor
from db.session import Database, open_database
from relate_engine.config import ROOT, settings
from relate_engine.policy.weights import WeightsError, encoder_folder, policy_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_S = 60
PATIENT_MS = 40_000  # a busy machine loads a page slowly
ROLES = ("advertiser", "reviewer", "analyst", "admin")
OTHERS = ("stranger", "removed", "twin", "idle", "leaving", "fickle")  # invited by the tests they are for


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


@contextmanager
def running(home: Path, port: int = 0, worker: bool = False, **environment: str) -> Iterator[Studio]:
    """A studio of this home, ready to answer; with `worker` as `make run` starts it."""
    home.mkdir(parents=True, exist_ok=True)
    port, log = port or free_port(), home / "studio.log"
    pages = ["-m", "streamlit", "run", str(ROOT / "app" / "main.py"), "--server.port", str(port)]
    command = [sys.executable, *(["-m", "app.cli", "studio", "--port", str(port)] if worker else pages)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                                   env=os.environ | {"RELATE_HOME": str(home)} | environment)  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{url}/_stcore/health", log)
        yield Studio(url, process, log)
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def weights() -> Path:
    """The cache with the weights that the Draft desk asks for."""
    config = settings()
    try:
        encoder_folder(config.cache)
        policy_folder(config.base_model, config.cache)
    except WeightsError as error:
        missing(str(error))
    return config.cache


@pytest.fixture(scope="session")
def studio(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with the real writer and its worker; one oversample, because here time counts."""
    home = tmp_path_factory.mktemp("studio")
    with running(home, worker=True, RELATE_CACHE=str(weights), RELATE_OVERSAMPLE="1") as found:
        yield found


@dataclass(frozen=True)
class Gated:
    url: str
    db: Database
    shell: Actor
    home: Path


@pytest.fixture(scope="session")
def gated(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gated]:
    """A studio that asks for a sign-in, with one invited person for each role."""
    provider_mock = pytest.importorskip("oidc_provider_mock", reason="oidc-provider-mock is not installed")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the provider of the test speaks http
    users = [
        provider_mock.User(
            sub=name, claims={"email": f"{name}@example.com", "email_verified": True, "name": f"{name.title()} Example"}
        )
        for name in (*ROLES, *OTHERS)
    ] + [provider_mock.User(sub="unverified", claims={"email": "admin@example.com", "email_verified": False})]
    home, port = tmp_path_factory.mktemp("gated"), free_port()
    db = open_database(f"sqlite:///{home / 'relate.db'}")
    shell = shell_actor(db, "Acme", make=True)
    for role in ROLES:
        invitations.invite(db, shell, f"{role}@example.com", role)
    with provider_mock.run_server_in_thread(user_claims=users) as provider:
        secrets = home / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            'cookie_secret = "a-secret-of-the-test-0123456789"\nclient_id = "studio"\nclient_secret = "studio"\n'
            f'server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"\n'
        )
        with running(home, port, RELATE_CACHE=str(weights), STREAMLIT_SECRETS_FILES=str(secrets)) as found:
            yield Gated(found.url, db, shell, home)
    db.close()


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
def window(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages, each with cookies of its own, as different people at different computers have.

    The test fails on an error in the console of any of them."""
    contexts: list[Any] = []
    errors: list[str] = []

    def opened(width: int = 1440, height: int = 900, **more: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **more)
        context.set_default_timeout(PATIENT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors, errors


@pytest.fixture
def page(window: Callable[..., Any]) -> Any:
    """One such page, which may use the clipboard."""
    opened = window()
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return opened
