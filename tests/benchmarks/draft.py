"""What an advertiser waits for: a slot of eight, a whole search ad, the first text; and memory over ten drafts.

Run on an idle machine: `python -m tests.benchmarks.draft`.
"""

import json
import statistics
import time

import psutil

from app.services.writing import Room
from relate_engine.brief import Brief
from relate_engine.config import ASSETS, settings
from relate_engine.draft import Drafted, Provisional, draft, full_ad
from relate_engine.policy.memory import release
from relate_engine.training.corpus import read_corpus


def main() -> None:
    begun = time.perf_counter()
    room = Room(settings())
    policy, rewards = room.policy(), room.rewards()
    loaded = time.perf_counter() - begun
    briefs = [e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "test"]

    def timed(brief: Brief, counts: dict[str, int], seed: int) -> tuple[float, float]:
        start = time.perf_counter()
        first = 0.0
        for event in draft(policy, rewards, brief, counts, seed):
            if isinstance(event, Provisional) and not first:
                first = time.perf_counter() - start
            if isinstance(event, Drafted):
                return first, time.perf_counter() - start
        raise AssertionError("no draft")

    timed(briefs[0], {"headline": 2}, 0)  # warms up: spelling list, allocator
    eight = [timed(b, {"headline": 8}, i) for i, b in enumerate(briefs[1:8])]
    lines = [timed(b, {"description": 4}, i) for i, b in enumerate(briefs[1:8])]
    memory, whole = [], []
    for i, brief in enumerate(briefs[8:18]):
        whole.append(timed(brief, full_ad(brief), i))
        release()  # as the studio does after each draft
        memory.append(round(psutil.Process().memory_info().rss / 1e9, 3))
    print(
        json.dumps(
            {
                "load_s": round(loaded, 1),
                "eight headlines, s (median, max)": spread([t for _, t in eight]),
                "first text, s (median, max)": spread([f for f, _ in eight]),
                "four descriptions, s (median, max)": spread([t for _, t in lines]),
                "whole search ad, s (median, max)": spread([t for _, t in whole]),
                "memory after each of ten drafts, GB": memory,
            },
            indent=2,
        )
    )


def spread(values: list[float]) -> list[float]:
    return [round(statistics.median(values), 2), round(max(values), 2)]


if __name__ == "__main__":
    main()
