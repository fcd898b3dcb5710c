"""A real worker process whose rounds train the tiny policy: `python -m tests.small_round [--once]`.

RELATE_BASE_MODEL and RELATE_ADAPTER name the tiny base and adapter, SMALL_ROUND_STEPS the steps of GRPO; judging takes
its time, so that a kill lands inside a step.
"""

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.services import jobrun, round_judges, rounds
from app.worker import work
from relate_engine.config import ROOT, Settings, settings
from tests.tiny_round import PLAN, judges, score

LEASE = timedelta(seconds=2)
STEPS = int(os.environ.get("SMALL_ROUND_STEPS", "8"))


def started(config: Settings, log: Path, steps: int = STEPS) -> "subprocess.Popen[bytes]":
    """Such a worker on this home, base and adapter; whoever starts it ends it."""
    environment = os.environ | {
        "RELATE_HOME": str(config.home),
        "RELATE_BASE_MODEL": config.base_model,
        "RELATE_ADAPTER": str(config.adapter),
        "RELATE_THREADS": "1",
        "SMALL_ROUND_STEPS": str(steps),
    }
    with log.open("wb") as out:
        command = [sys.executable, "-m", "tests.small_round"]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)


def slowly(asked: Any) -> Any:
    time.sleep(0.2)
    return score(asked)


if __name__ == "__main__":
    round_judges.judges_of = lambda config, snapshot, sales, unsold: judges(score=slowly)
    rounds.plan_of = lambda request: replace(PLAN, grpo=replace(PLAN.grpo, steps=STEPS))
    jobrun.GRACE_S, jobrun.REPORT_S = 0.5, 0.05
    sys.exit(work(settings(), "--once" in sys.argv, LEASE, 0.3))
