"""Every query of every page on the large workspace is asked how SQLite would run it: none reads a big table whole.

A scan of a table that grows with texts or feedback is named with its page and statement, unless it stops at a LIMIT or
is KNOWN. Uses the database of test_pages_at_scale.py (RELATE_SCALE_DB). Runs of `make soak`.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from app.components import context as contexts
from app.components.context import Context
from app.services.people import local_actor
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from tests.soak.test_pages_at_scale import TABS, _page, _pages
from tests.soak.test_pages_at_scale import db as db  # the fixture

BIG = ("texts", "scorecards", "shown", "dropped", "feedback", "verdicts", "generations", "results", "status_changes",
       "review_slots", "audit_events", "finding_calls")  # fmt: skip
KNOWN = ("JSON_EXTRACT(generations.request",)  # the sets of a trial, found by their request: one row for eight texts
SCAN = re.compile(r"^SCAN (\w+)(.*)$")


@pytest.mark.soak
def test_no_page_reads_a_big_table_whole(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    here = Context(db, local_actor(db), Room(settings), settings)
    monkeypatch.setattr(contexts, "context", lambda: here, raising=False)
    asked: dict[str, tuple[str, Any]] = {}
    at_page = [""]

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.setdefault(statement, (at_page[0], parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    for name in _pages():
        monkeypatch.setattr(import_module(f"app.desks.{name}"), "context", lambda: here, raising=False)
        for tab in TABS.get(name, ("",)):
            at_page[0] = f"{name} {tab}".strip()
            st.cache_data.clear()
            at = AppTest.from_function(_page, args=(name,), default_timeout=120)
            if tab:
                at.query_params["part"] = tab
            try:
                at.run()
            except RuntimeError:  # AppTest's patience: that it is slow says test_pages_at_scale.py
                continue
    event.remove(db.engine, "before_cursor_execute", note)
    whole = []
    with db.read() as session:
        plain = session.connection().connection
        for statement, (page, parameters) in asked.items():
            plan = [row[3] for row in plain.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for line in plan:
                if (scan := SCAN.match(line)) and _table(statement, scan[1]) in BIG and not _stops(statement):
                    whole.append(f"{page}: {line}\n    {' '.join(statement.split())[:400]}")
    assert len(asked) > 50
    assert not whole, "\n".join(whole)


def _table(statement: str, alias: str) -> str:
    """The table behind an alias."""
    found = re.search(rf"\b(\w+) AS {alias}\b", statement)
    return found[1] if found else alias


def _stops(statement: str) -> bool:
    return "LIMIT" in statement or any(part in statement for part in KNOWN)
