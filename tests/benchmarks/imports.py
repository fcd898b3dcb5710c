"""100,000 rows of results: seconds and peak memory of an import, of undo, and how long another writer waits.

A second process writes to the same database all the while. Run on an idle machine:
`python -m tests.benchmarks.imports`.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.services import importing, results_page
from app.services.people import local_actor
from db.session import open_database

ROWS = 100_000
WRITER = """
import sys, time
from db import models
from db.session import open_database
db, longest, count = open_database(sys.argv[1]), 0.0, 0
while not sys.stdin.closed:
    started = time.monotonic()
    with db.write() as session:
        session.add(models.Job(workspace_id=1, author_id=1, kind="benchmark", request={}))
    longest, count = max(longest, time.monotonic() - started), count + 1
    print(longest, count, flush=True)
    time.sleep(0.02)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, url = Path(folder) / "results.csv", f"sqlite:///{folder}/relate.db"
        write(path)
        db = open_database(url)
        actor = local_actor(db)
        out = Path(folder) / "writer"
        with out.open("w") as log:
            writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdin=subprocess.PIPE, stdout=log)
            started, cpu = time.perf_counter(), time.process_time()
            report = importing.import_file(db, actor, path.name, path)
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            peak = peak_mb()
            started = time.perf_counter()
            found = importing.observations(db, actor)
            taught, peak_taught = time.perf_counter() - started, peak_mb()
            started = time.perf_counter()
            results_page.traffic(db, actor)
            gap = time.perf_counter() - started
            started = time.perf_counter()
            importing.undo_import(db, actor, report.import_id)
            undo = time.perf_counter() - started
            writer.terminate()
            writer.wait()
        longest, count = out.read_text().splitlines()[-1].split()
        print(
            json.dumps(
                {
                    "rows": report.read, "kept": report.kept, "file_mb": round(path.stat().st_size / 1e6, 1),
                    "import_s": round(seconds, 1), "import_cpu_s": round(cpu, 1), "import_peak_mb": peak,
                    "undo_s": round(undo, 1),
                    "observations": len(found), "observations_s": round(taught, 1),
                    "observations_peak_mb": peak_taught, "smallest_gap_s": round(gap, 2),
                    "other_writer_longest_wait_s": round(float(longest), 3), "other_writes": int(count),
                },
                indent=2,
            )
        )  # fmt: skip


def peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def write(path: Path) -> None:
    """A Google ads report by day: 500 ads of five headlines and a description over 200 days."""
    draw = random.Random(0)
    header = ["Ad ID", "Campaign", "Ad group", *(f"Headline {i}" for i in range(1, 6)), "Description 1",
              "Ad type", "Day", "Clicks", "Impr.", "Cost", "Conversions"]  # fmt: skip
    with path.open("w", encoding="utf-8-sig") as out:
        print("Ad report", "January 1, 2026 - July 19, 2026", ",".join(header), sep="\n", file=out)
        for number in range(ROWS):
            ad, day = divmod(number, 200)
            texts = [f"Headline {i} of the ad {ad}" for i in range(5)]
            texts.append(f"The description of ad {ad}: a wall rack that holds two kayaks and locks them.")
            month, date = divmod(day, 28)
            impressions = draw.randint(100, 5000)
            counts = [str(draw.randint(0, 90)), f'"{impressions:,}"', "12.50", f"{draw.random() * 5:.2f}"]
            when = f"2026-{month + 1:02}-{date + 1:02}"
            print(ad, "C", "G", *texts, "Responsive search ad", when, *counts, sep=",", file=out)


if __name__ == "__main__":
    main()
