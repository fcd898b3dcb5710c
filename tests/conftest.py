"""Shared by all tests: nothing of this machine is written to, and missing weights skip with a reason."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_server import VARIABLE, drop_made, made

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


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
    """On a PostgreSQL server of the tests, what one test made is dropped after it.

    What stood before it was made for a whole module; it goes with the server."""
    before = made()
    yield
    if server := os.environ.get(VARIABLE):
        drop_made(server, but=before)
