"""One person goes round the pages of a running studio 500 times: the process does not grow on the way.

Real: the studio process, a database of some thousand texts, a session over the websocket (tab.py) that opens every
page of every desk and searches on those that have a search, with models loaded as the Draft desk loads them. The
process's memory is read from outside, so nothing is collected by force; a figure is the least of some reruns after
another, which leaves out what a run holds only while it lasts. What is loaded once (models, the libraries of a page)
is there by rerun 100, and what ten minutes' caches keep is bounded by their entries. Runs of `make soak`.
"""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest

from db.models import Version, VersionChange
from db.session import open_database
from tests.e2e.conftest import running
from tests.scale import seed
from tests.soak.tab import Tab

RERUNS = int(os.environ.get("RELATE_SOAK_RERUNS", "500"))
BEFORE = 100  # reruns until everything is loaded
BOUND = 0.05  # share by which the process may have grown since
LEAST_OF = 13  # reruns: each page once
TEXTS, FEEDBACK, BRIEFS = 4_000, 8_000, 100
LOADING_S = 120.0
SEARCHES = {  # pages with a field to search in, by its label
    "briefs": "Search title, product, campaign, ad group", "ads": "Search ads and briefs",
    "words": "Search in the texts", "people": "Find by name or e-mail",
}  # fmt: skip


@pytest.mark.soak
def test_memory_is_flat_over_reruns(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    db = open_database(f"sqlite:///{home / 'relate.db'}")
    seed(db, TEXTS, FEEDBACK, BRIEFS)
    with db.write() as session:  # the seed's writers have no files
        session.query(VersionChange).delete()
        session.query(Version).delete()
    with running(home, RELATE_CACHE=str(cache)) as studio, ThreadPoolExecutor(1) as thread:
        process = psutil.Process(studio.process.pid)
        # a browser's tests may have left an event loop in this thread
        used = thread.submit(asyncio.run, _rounds(Tab(studio.url, CookieJar()), process)).result()
    said = studio.log.read_text("utf-8", "replace")
    assert "Traceback" not in said, said[said.index("Traceback") :][:2000]
    figures = {n: min(used[n - LEAST_OF : n]) for n in range(BEFORE, RERUNS + 1, BEFORE)}
    grown = figures[RERUNS] / figures[BEFORE] - 1
    with capsys.disabled():
        kb = 1000 * (figures[RERUNS] - figures[BEFORE]) / (RERUNS - BEFORE)
        told = {n: round(mb, 1) for n, mb in figures.items()}
        print("\nMB after reruns:", told, f"grown {grown:+.1%}, {kb:.1f} kB each")
    assert grown <= BOUND


async def _rounds(tab: Tab, process: psutil.Process) -> list[float]:
    """MB after each rerun."""
    used: list[float] = []
    await tab.open("draft", "brief=1")  # its texts stay open in this tab
    await _loaded(process)
    visits = 0
    while len(used) < RERUNS:
        for path in tab.pages:
            await tab.go(path)
            used.append(_mb(process))
            assert not tab.problems(), (path, tab.problems())
            if path in SEARCHES:
                await tab.fill("text_input", SEARCHES[path], f"rack {visits}")
                used.append(_mb(process))
                assert not tab.problems(), (path, tab.problems())
        visits += 1
    await tab.close()
    return used[:RERUNS]


async def _loaded(process: psutil.Process) -> None:
    """Waits until the models that the Draft desk asks for are loaded: the process is idle for some seconds."""
    end, quiet = time.monotonic() + LOADING_S, 0
    process.cpu_percent()
    while quiet < 4:
        assert time.monotonic() < end, f"still loading after {LOADING_S:.0f} s"
        await asyncio.sleep(1)
        quiet = quiet + 1 if process.cpu_percent() < 10 else 0


def _mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6
