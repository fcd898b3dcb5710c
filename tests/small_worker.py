"""A real worker process with small jobs and short leases, for tests: `python -m tests.small_worker [--once]`.

`count` does its steps one after another and keeps each finished one in the checkpoint; every step it begins is a
line of the log file that the request names. `stuck` never comes to a report.
"""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.services import jobrun, jobs
from app.services.jobrun import JobContext
from app.services.jobs import Kind
from app.worker import work
from relate_engine.config import settings

LEASE = timedelta(seconds=2)


def count(context: JobContext) -> dict[str, Any]:
    """Finishes `steps`, each after `pause` seconds."""
    finished: list[int] = list((context.last or {"finished": []})["finished"])
    steps, pause, log = context.request["steps"], context.request["pause"], Path(context.request["log"])
    for step in range(len(finished), steps):
        context.report(step / steps, f"Step {step}")
        with log.open("a", encoding="utf-8") as out:
            out.write(f"{context.job_id} {step} {os.getpid()}\n")
        time.sleep(pause)
        finished.append(step)
        context.checkpoint({"finished": finished})
    return {"finished": finished, "message": f"Counted {steps}."}


def stuck(context: JobContext) -> dict[str, Any]:
    """Says that it began, and nothing more."""
    context.checkpoint({"begun": True})
    time.sleep(60)
    return {}


SMALL = {"count": Kind(count, "Counting", "rewards.train"), "stuck": Kind(stuck, "Stuck", "rewards.train")}

if __name__ == "__main__":
    jobs.KINDS.update(SMALL)
    jobrun.GRACE_S, jobrun.REPORT_S = 0.5, 0.1
    sys.exit(work(settings(), "--once" in sys.argv, LEASE, 0.3))
