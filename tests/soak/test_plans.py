"""Every query of every page on the large workspace is asked how SQLite would run it: none reads a big table whole.

A scan of a table that grows with texts or feedback is named with its page and statement, and so is a search by nothing
but the workspace whose rows are then sorted: both read everything there is. A LIMIT excuses a scan only where nothing
is sorted or grouped after it, since it cannot stop before. What is KNOWN is let through, with its reason. Uses the
database of test_pages_at_scale.py (RELATE_SCALE_DB). Runs of `make soak`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import event

from db.session import Database
from tests.soak.test_pages_at_scale import OPENED, PLAIN, _pages, at_the_desk, on
from tests.soak.test_pages_at_scale import db as db  # the fixture

BIG = ("texts", "scorecards", "shown", "dropped", "feedback", "verdicts", "generations", "results", "status_changes",
       "review_slots", "audit_events", "finding_calls")  # fmt: skip
KNOWN = (
    "JSON_EXTRACT(generations.request",  # the sets of a trial, found by their request: one row for eight texts
    "GROUP BY results.arm ORDER BY max(results.id) DESC",  # results of ads of several texts: no index
)
READS = re.compile(r"^(SCAN|SEARCH) (\w+)(.*)$")
SORTS = re.compile(r"^USE TEMP B-TREE FOR (ORDER BY|GROUP BY|DISTINCT)")


@pytest.mark.soak
def test_no_page_reads_a_big_table_whole(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, tuple[str, Any]] = {}
    at_page = [""]

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.setdefault(statement, (at_page[0], parameters))

    at_the_desk(db, tmp_path, monkeypatch, _pages())
    event.listen(db.engine, "before_cursor_execute", note)
    for name in _pages():
        for what in OPENED.get(name, PLAIN):
            at_page[0] = f"{name} {what.label}".strip()
            st.cache_data.clear()
            try:
                on(name, what).run()
            except RuntimeError:  # AppTest's patience: that it is slow says test_pages_at_scale.py
                continue
    event.remove(db.engine, "before_cursor_execute", note)
    whole = []
    with db.read() as session:
        plain = session.connection().connection
        for statement, (page, parameters) in asked.items():
            plan = list(plain.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
            whole += [
                f"{page}: {line}\n    {' '.join(statement.split())[:400]}"
                for line in read_whole(statement, plan)
                if not any(part in statement for part in KNOWN)
            ]
    assert len(asked) > 50
    assert not whole, "\n".join(whole)


def read_whole(statement: str, plan: Sequence[Any]) -> Iterator[str]:
    """Lines of a plan that read a big table whole. `plan`: rows of (id, parent, unused, line)."""
    levels = defaultdict(list)
    for _, parent, _, line in plan:
        levels[parent].append(line)
    for lines in levels.values():
        sorts = any(SORTS.match(line) for line in lines)
        for line in lines:
            read = READS.match(line)
            if read is None or _table(statement, read[2]) not in BIG:
                continue
            if read[1] == "SCAN" and ("LIMIT" not in statement or sorts):
                yield f"{line} (then sorted)" if sorts else line
            elif read[1] == "SEARCH" and sorts and read[3].endswith("(workspace_id=?)"):
                yield f"{line} (then sorted)"


def test_what_counts_as_reading_whole() -> None:
    scan, search = "SCAN texts USING INDEX x", "SEARCH texts USING INDEX x (workspace_id=?)"
    sort = "USE TEMP B-TREE FOR ORDER BY"

    def found(statement: str, *lines: str, below: tuple[str, ...] = ()) -> list[str]:
        rows = [(n, 0, 0, line) for n, line in enumerate(lines)] + [
            (90 + n, 9, 0, line) for n, line in enumerate(below)
        ]
        return list(read_whole(statement, rows))

    assert found("SELECT", scan) == [scan] and found("SELECT LIMIT", scan) == []
    assert found("SELECT LIMIT", scan, sort) == [f"{scan} (then sorted)"]
    assert found("SELECT LIMIT", search, sort) == [f"{search} (then sorted)"] and found("SELECT LIMIT", search) == []
    assert found("SELECT LIMIT", "SEARCH texts USING INDEX x (workspace_id=? AND brief_id=?)", sort) == []
    assert found("SELECT LIMIT", scan, below=(sort,)) == [], "what is sorted is something else"
    assert found("SELECT FROM texts AS t LIMIT", "SCAN t", sort) == ["SCAN t (then sorted)"]
    assert found("SELECT", "SCAN users", sort) == []


def _table(statement: str, alias: str) -> str:
    """The table behind an alias."""
    found = re.search(rf"\b(\w+) AS {alias}\b", statement)
    return found[1] if found else alias
