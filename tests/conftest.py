"""Shared by all tests: nothing of this machine is written to, and missing weights skip with a reason.

`make test` runs two processes of pytest at a time (pytest-xdist). A file stays in one of them; the real browser, with
the studio that its files share, stays in the first. What takes longest begins first, so that both end together.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.services import exporting
from app.services.people import Actor
from db.session import Database
from relate_engine.config import Settings
from tests.postgres_server import VARIABLE, give_back, taken
from tests.unit.studio import VERSIONS, fresh, person
from tests.unit.writers import small_settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "PYTEST_XDIST_WORKER" in os.environ:  # torch with two threads in each of two processes is many times slower
    os.environ.setdefault("OMP_NUM_THREADS", "1")

CROWD = "e2e/test_ten_people"  # starts a studio of its own and needs no browser
LONGEST = ("browser", "integration/test_postgres", CROWD)  # by the minute; they begin first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest groups first where two processes share the tests; one process keeps its order."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = {group: number for number, group in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(group_of(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's; its own --dist loadgroup does nothing under pytest 9.2
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out whole groups, in their order."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def group_of(nodeid: str) -> str:
    """What stays in one process: a file, and all that use the browser."""
    name = nodeid.partition("::")[0].removeprefix("tests/").removesuffix(".py")
    return "browser" if name.startswith("e2e/") and name != CROWD else name


@pytest.fixture(scope="session")
def cache() -> Path:
    """The folder with the fetched base weights. Without them the test is skipped; with CI=true it fails."""
    from relate_engine.config import settings
    from relate_engine.policy.weights import WeightsError, encoder_folder, policy_folder

    folder = settings().cache
    try:
        encoder_folder(folder)
        policy_folder("smollm2", folder)
    except WeightsError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    return folder


@pytest.fixture(autouse=True)
def _own_databases() -> Iterator[None]:
    """On a PostgreSQL server of the tests, the databases of one test are emptied for the next one.

    What stood before it was made for a whole module, and stays as it is."""
    before = taken()
    yield
    if server := os.environ.get(VARIABLE):
        give_back(server, but=before)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    """An empty database of the test's own."""
    return fresh(tmp_path)


@pytest.fixture
def ada(db: Database) -> Actor:
    """An advertiser."""
    return person(db, "advertiser")


@pytest.fixture
def ann(db: Database) -> Actor:
    """An analyst."""
    return person(db, "analyst")


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Settings of a small studio with a shipped writer."""
    return small_settings(tmp_path)


@pytest.fixture
def rules_of_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's rules are those that judged the cards of studio.py."""
    rules = replace(exporting.rules_of_today(), version=VERSIONS["rules"])
    monkeypatch.setattr(exporting, "rules_of_today", lambda: rules)
