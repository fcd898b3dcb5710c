"""Which judged texts preferences learn from, so that a writer is taught to write and not to copy.

An editor passes a bullet of the brief that is repeated word for word, and a policy that learns from its own passed
drafts alone soon repeats bullets only. So passed drafts that stand in the brief as they are teach nothing here, and
the corpus's human texts of the brief join those that passed. A slot gives as many of each kind as LESSONS says, drawn
at random, so that no brief weighs more for being judged more often.
Leaves out: the loss (preferences.py).
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from relate_engine.brief import Brief
from relate_engine.judging import copies
from relate_engine.training.corpus import Entry

LESSONS = {"human": 2, "passed": 2, "failed": 2, "refused": 2}  # texts of a slot
SLOTS = {
    "headline_30": ("google_rsa", "headline"),
    "description_90": ("google_rsa", "description"),
    "primary_125": ("meta_feed", "primary_text"),
}


def human_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The corpus's texts as passed rows, of the slots that are judged."""
    return [
        {"brief": e.id, "placement": placement, "slot": slot, "angle": t.angle, "text": t.text, "passed": 1, "human": 1}
        for e in entries
        for t in e.texts
        if t.slot in SLOTS
        for placement, slot in [SLOTS[t.slot]]
    ]


def lessons(
    judged: Sequence[Mapping[str, Any]], human: Sequence[Mapping[str, Any]], briefs: Mapping[str, Brief], seed: int
) -> list[Mapping[str, Any]]:
    """At most LESSONS rows of each kind for each slot that was judged."""
    rng = random.Random(seed)
    kinds: dict[tuple[str, str, str], dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in [*judged, *human]:
        place = (row["brief"], row["placement"], row["slot"])
        if "human" in row:
            if place in kinds:  # the judged rows come first
                kinds[place]["human"].append(row)
        elif "why" in row:
            kinds[place]["refused"].append(row)
        elif not row["passed"]:
            kinds[place]["failed"].append(row)
        elif not copies(row["text"], briefs[row["brief"]]):
            kinds[place]["passed"].append(row)
    return [
        row
        for found in kinds.values()
        for kind, most in LESSONS.items()
        for row in rng.sample(found[kind], min(most, len(found[kind])))
    ]
