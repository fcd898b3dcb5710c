"""A round is killed -9 twenty times at random moments: nothing is lost, and its weights are those of a quiet run.

The tiny policy of tests/small_round.py, a real worker process and one torch thread. Where a round is over before the
twentieth kill, the next workspace with the same feedback goes on. A job that ends three workers without a step
forward is given up by design (db/jobs.py), so the third kill in a row waits for a step.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.services import jobs, versions
from app.services.people import Actor
from db import models
from db.jobs import MOST_ATTEMPTS
from db.session import Database
from relate_engine.config import ROOT, Settings
from tests.integration.test_round_job import row, until, workspace
from tests.tiny_round import write_policy
from tests.unit.studio import fresh

KILLS, STEPS = int(os.environ.get("SOAK_KILLS", "20")), int(os.environ.get("SOAK_STEPS", "40"))
INSIDE = 0.8  # share of the kills that wait until a step has begun; the others land while the worker loads
STEPS_SAID = ("Judging", "sft", "preferences", "grpo", "Measuring")
SEED = int(os.environ.get("SOAK_SEED", "0"))
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    base, adapter = write_policy(tmp_path / "policy")
    return Settings(home=tmp_path, base_model=base, adapter=adapter, threads=1)


@pytest.fixture
def start(config: Settings) -> Iterator[Start]:
    made: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "RELATE_HOME": str(config.home),
        "RELATE_BASE_MODEL": config.base_model,
        "RELATE_ADAPTER": str(config.adapter),
        "RELATE_THREADS": "1",
        "SMALL_ROUND_STEPS": str(STEPS),
    }

    def run() -> "subprocess.Popen[bytes]":
        with (config.home / "workers.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.small_round"]
            made.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        return made[-1]

    yield run
    for process in made:
        process.kill()
        process.wait()


def counted(db: Database) -> dict[str, int]:
    """Rows of what people have given."""
    with db.read() as session:
        tables = (models.Brief, models.Generation, models.Text, models.Feedback)
        return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def weights(config: Settings, who: Actor, version: str) -> tuple[bytes, bytes]:
    folder = versions.policy_folder_of(config, who.workspace_id, version)
    return (folder / "adapter_model.safetensors").read_bytes(), (folder / "manifest.json").read_bytes()


def test_twenty_random_kills_lose_nothing(tmp_path: Path, config: Settings, start: Start) -> None:
    db, chance = fresh(tmp_path), random.Random(SEED)
    quiet = workspace(db, "Quiet")
    people: list[tuple[Actor, int]] = []
    shares: list[float] = []
    given: dict[str, int] = {}
    while len(shares) < KILLS:
        if not people or row(db, people[-1][1]).state == "done":
            who = workspace(db, f"Killed {len(people)}")
            people.append((who, jobs.start(db, who, "round").id))
            given = counted(db)
        number = people[-1][1]
        with db.write() as session:
            session.get_one(models.Job, number).message = ""  # so that what this attempt says is seen
        worker = start()
        if chance.random() < INSIDE:
            until(db, number, lambda job: job.state == "done" or job.message.startswith(STEPS_SAID))
        else:  # while it loads
            until(db, number, lambda job: job.state == "done" or job.message != "")
        time.sleep(chance.uniform(0.0, 3.0))
        now = until(db, number, lambda job: job.attempts < MOST_ATTEMPTS or job.state == "done")
        worker.kill()
        worker.wait()
        if now.state != "done":
            shares.append(now.progress)
            print(f"kill {len(shares)} at {now.progress:.0%}: {now.message}", flush=True)
        assert counted(db) == given
    start()
    ended = [(who, until(db, number, lambda job: job.state == "done")) for who, number in people]
    last = jobs.start(db, quiet, "round").id
    whole = until(db, last, lambda job: job.state == "done")
    assert counted(db) == given and whole.result
    for who, job in ended:
        assert job.result and job.result["version"] == whole.result["version"]
        assert weights(config, who, job.result["version"]) == weights(config, quiet, whole.result["version"])
        assert job.result["round"]["evidence"] == whole.result["round"]["evidence"]
    assert len(set(shares)) > KILLS // 3  # spread over the round
