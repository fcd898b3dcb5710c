"""Ten signed-in people for one minute: no error, no lost or doubled verdict, every draft arrives.

6 read, 2 review, 2 draft. Prints how long actions took by kind; all of them together are held to a bound that other
tests on the machine leave room for.
What is real and what is not: tests/soak/crowd.py. Fifty people for five minutes: `make soak`.
"""

from pathlib import Path

import pytest

from tests.soak.crowd import missing_drafts, missing_verdicts, run_crowd

pytest.importorskip("oidc_provider_mock", reason="oidc-provider-mock is not installed")
pytestmark = pytest.mark.e2e
BOUND_S = 3.0


def test_ten_people(tmp_path: Path, cache: Path) -> None:
    crowd = run_crowd(tmp_path, readers=6, reviewers=2, drafters=2, seconds=60)
    print(f"\n{crowd.figures()}")
    assert not crowd.errors, "\n".join(crowd.errors[:20])
    assert not missing_verdicts(crowd) and sum(crowd.told.values()) > 5
    assert not missing_drafts(crowd) and len(crowd.drafts) >= 2
    assert crowd.p95() <= BOUND_S, crowd.figures()
    assert {"page", "verdict", "ask for a draft"} <= {kind for kind, _ in crowd.actions}
