"""Ten whole ads in a row: the process stays under 1.5 GB and, after the first few, does not grow."""

from pathlib import Path

import psutil

from app.services.writing import Room
from relate_engine.brief import PLACEMENTS
from relate_engine.config import ASSETS, settings
from relate_engine.draft import Drafted
from relate_engine.training.corpus import read_corpus


def test_memory_is_flat_over_ten_drafts(cache: Path) -> None:
    room = Room(settings())
    counts = {s.name: s.full_ad for s in PLACEMENTS["google_rsa"].slots}
    used = []
    for number, entry in enumerate([e for e in read_corpus(ASSETS / "corpus") if e.split == "test"][:10]):
        assert isinstance(list(room.draft(entry.brief, counts, number))[-1], Drafted)
        used.append(psutil.Process().memory_info().rss / 1e9)
    print("GB after each draft:", [round(u, 2) for u in used])
    assert max(used) < 1.5
    assert used[-1] < used[4] + 0.03
