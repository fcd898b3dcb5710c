"""Fifty signed-in people for five minutes: no error, no lost or doubled verdict, quick pages, a fair line of drafts.

40 read, 5 review, 5 draft; RELATE_SOAK_MINUTES makes it shorter. Runs of `make soak`. What is real: crowd.py.
"""

import os
from pathlib import Path

import pytest

from tests.soak.crowd import missing_drafts, missing_verdicts, run_crowd

MINUTES = float(os.environ.get("RELATE_SOAK_MINUTES", "5"))
BOUND_S = 3.0


@pytest.mark.soak
def test_fifty_people(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crowd = run_crowd(tmp_path, readers=40, reviewers=5, drafters=5, seconds=60 * MINUTES)
    with capsys.disabled():
        slow = ", ".join(f"{kind} {p95:.2f} s" for kind, p95 in crowd.p95_by_kind().items() if p95 > BOUND_S)
        print(f"\n{crowd.figures()}\nkinds with a p95 over {BOUND_S:.0f} s: {slow or 'none'}")
        print(f"{sum(crowd.told.values())} verdicts; in line: {sorted(crowd.places)}")
    assert not crowd.errors, "\n".join(crowd.errors[:20])
    assert not missing_verdicts(crowd) and sum(crowd.told.values()) > 20
    assert not missing_drafts(crowd) and len(crowd.drafts) >= 5 and crowd.places
    assert crowd.p95() <= BOUND_S, crowd.figures()
