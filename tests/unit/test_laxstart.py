"""The ladder's start: what it learns beside rule-breaking headlines, and how those are asked for."""

import random
from collections.abc import Iterator
from typing import Any

from relate_engine.brief import Brief, supported_angles
from relate_engine.policy.decode import Sample
from relate_engine.policy.points import suited
from relate_engine.policy.writer import Wish
from relate_engine.training.ladder import search
from relate_engine.training.laxstart import lax_targets, own_targets

BRIEF = search(
    Brief(
        product="Marlow Cold Brew",
        description="Concentrate steeped for 18 hours.",
        benefits=("32 oz bottle makes 12 glasses",),
        placement="meta_feed",
    )
)


class Writing:
    """Writes for every wish a headline, nothing, one with a line break, one too long, or one that did not end."""

    def write(self, brief: Brief, wishes: list[Wish], seed: int, raw: bool) -> Iterator[tuple[Wish, Sample]]:
        assert raw and brief.placement == "google_rsa"
        texts = ["Twelve glasses", " ", "Steeped for\n 18 hours", "Concentrate steeped for 18 hours", "Never"]
        for n, wish in enumerate(wishes):
            yield wish, Sample(n, texts[n % 5], (), (), "did not end" if n % 5 == 4 else "")


def test_lax_texts_are_asked_for_as_the_ladder_asks() -> None:
    texts = [f"Miracle {i}" for i in range(5)]
    targets = lax_targets(BRIEF, texts, random.Random(0))
    assert [t.text for t in targets] == texts and all(t.point in suited(BRIEF, t.angle) for t in targets)


def test_the_writer_learns_to_go_on_writing_what_could_run() -> None:
    writing: Any = Writing()
    targets = own_targets(writing, BRIEF, 5, 0)
    assert [t.text for t in targets] == ["Twelve glasses", "Steeped for 18 hours"]
    assert all(t.angle in supported_angles(BRIEF) and t.point for t in targets)
