"""Full scorecards without explanations: texts a second in one batch of 256, and one by one.

Every run scores texts the process has not seen, so no cache helps. Run on an idle machine with two cores:
`python -m tests.benchmarks.scoring`.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence

from app.services.writing import Room
from relate_engine.config import ASSETS, settings
from relate_engine.score import score_texts
from relate_engine.scorecard import AdText
from relate_engine.training.corpus import read_corpus

BATCH, ALONE, RUNS = 256, 64, 5


def main() -> None:
    rewards = Room(settings()).rewards()
    entries = read_corpus(ASSETS / "corpus")
    brief = entries[0].brief
    texts = list(dict.fromkeys(t.text for e in entries[1:] for t in e.texts))
    ads = iter([AdText(t, "headline" if len(t) <= 30 else "description", None, "person:test") for t in texts])

    def speed(count: int, score: Callable[[Sequence[AdText]], object]) -> float:
        batch = [next(ads) for _ in range(count)]
        started = time.perf_counter()
        score(batch)
        return count / (time.perf_counter() - started)

    def one_by_one(batch: Sequence[AdText]) -> None:
        for ad in batch:
            score_texts(rewards, brief, [ad])

    speed(32, lambda batch: score_texts(rewards, brief, batch))  # warms up: spelling list, allocator
    together = [speed(BATCH, lambda batch: score_texts(rewards, brief, batch)) for _ in range(RUNS)]
    alone = [speed(ALONE, one_by_one) for _ in range(RUNS)]
    fast, slow = statistics.median(together), statistics.median(alone)
    found = {"batch of 256, texts/s": fast, "one by one, texts/s": slow, "ratio": fast / slow}
    print(json.dumps({k: round(v, 2) for k, v in found.items()} | {"runs": RUNS}, indent=2))


if __name__ == "__main__":
    main()
