"""A whole round on the default policy: its peak memory, and what a draft takes while it runs.

A workspace of its own with the corpus's texts as shown sets: the first of each slot picked, one of another brief's
rejected. SFT, preferences and GRPO all run, with few GRPO steps, in a worker process as the studio has one; this
process drafts eight headlines again and again, first alone, then beside the round.
Run on an idle machine: `python -m tests.benchmarks.round [--steps 4]` (about 15 minutes).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from app.services import briefs, drafting, feedback, jobs
from app.services.people import Actor, local_actor
from app.services.writing import Room
from db.session import Database, open_database
from relate_engine.brief import Brief
from relate_engine.config import ASSETS, ROOT, Settings, settings
from relate_engine.draft import Drafted
from relate_engine.training.corpus import Entry, read_corpus
from tests.unit.studio import Draft, card

BRIEFS, ALONE = 40, 8


def fill(db: Database, actor: Actor, entries: list[Entry]) -> None:
    """For each brief a draft of its own headlines and two of the next brief's, which the advertiser rejects."""
    for entry, other in zip(entries, entries[1:] + entries[:1], strict=True):
        brief = entry.brief.model_copy(update={"placement": "google_rsa"})
        own, strange = ([t for t in e.texts if t.slot == "headline_30"] for e in (entry, other))
        cards = tuple(card(t.text, angle=t.angle) for t in [*own[:4], *strange[:2]])
        saved = briefs.save_brief(db, actor, brief)
        texts = drafting.store_generation(db, actor, saved.id, Draft(cards)).texts  # type: ignore[arg-type]
        for number, text in enumerate(texts):
            if number < 2:
                feedback.pick(db, actor, text.id)
            elif number >= len(own[:4]):
                feedback.reject(db, actor, text.id)


def drafted(room: Room, brief: Brief, seed: int) -> float:
    """Seconds of a draft of eight headlines."""
    begun = time.perf_counter()
    *_, last = room.draft(brief, {"headline": 8}, seed)
    if not isinstance(last, Drafted):
        raise AssertionError("a draft ends with what is shown")
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4)
    steps = parser.parse_args().steps
    corpus = read_corpus(ASSETS / "corpus")
    train = [e for e in corpus if e.split == "train"][:BRIEFS]
    test = [e.brief for e in corpus if e.split == "test"][:ALONE]
    with tempfile.TemporaryDirectory() as home:
        config = Settings(**settings().model_dump() | {"home": Path(home), "database_url": ""})
        db = open_database(config.database)
        actor = local_actor(db)
        fill(db, actor, train)
        room = Room(config)
        drafted(room, test[0], 0)  # loads and warms up
        alone = [drafted(room, b, n) for n, b in enumerate(test)]
        job = jobs.start(db, actor, "round", {"steps": steps}).id
        print(json.dumps(beside(config, db, actor, job, room, test) | {"alone_s": spread(alone)}, indent=2))


def beside(config: Settings, db: Database, actor: Actor, job: int, room: Room, test: list[Brief]) -> dict[str, Any]:
    """Drafts every half minute while a worker runs the job, and watches the worker's memory."""
    environment = {"RELATE_HOME": str(config.home), "RELATE_DATABASE_URL": config.database}
    worker = psutil.Popen(
        [sys.executable, "-m", "app.cli", "worker", "--once"],
        cwd=ROOT,
        env=psutil.Process().environ() | environment,
        stdout=subprocess.DEVNULL,
    )
    peak, seconds, begun, next_draft = 0.0, [], time.perf_counter(), 60.0
    phases: dict[str, float] = {}
    while worker.poll() is None:
        now = time.perf_counter() - begun
        told = next(j for j in jobs.jobs(db, actor, "round", 1) if j.id == job)
        gigabytes = worker.memory_info().rss / 1e9 if worker.is_running() else 0.0
        peak = max(peak, gigabytes)
        phase = told.message.split(":")[0][:40]
        phases[phase] = round(max(phases.get(phase, 0.0), gigabytes), 2)
        if now > next_draft:
            seconds.append(drafted(room, test[len(seconds) % len(test)], len(seconds)))
            next_draft = now + 45.0
        time.sleep(0.25)
    told = next(j for j in jobs.jobs(db, actor, "round", 1) if j.id == job)
    return {
        "round": f"{told.state}: {told.message}",
        "minutes": round((time.perf_counter() - begun) / 60, 1),
        "peak_gb": round(peak, 2),
        "peak_gb_by_step": phases,
        "beside_s": spread(seconds),
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"drafts": len(values), "median": round(statistics.median(values), 1), "max": round(max(values), 1)}


if __name__ == "__main__":
    main()
