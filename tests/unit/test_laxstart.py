"""The ladder's start: what it learns as passed and as failed, of which briefs."""

import random
from collections.abc import Iterator
from typing import Any

from relate_engine.brief import Brief, supported_angles
from relate_engine.policy.decode import Sample
from relate_engine.policy.points import suited
from relate_engine.policy.writer import Wish
from relate_engine.training.corpus import CorpusText, Entry
from relate_engine.training.laxstart import lax_targets, sharpening

BRIEF = Brief(
    product="Marlow Cold Brew",
    description="Concentrate steeped for 18 hours.",
    benefits=("32 oz bottle makes 12 glasses",),
    placement="meta_feed",
)
CLEAN = tuple(CorpusText("headline_30", "benefit", (), f"Twelve glasses, take {n}") for n in range(5))


class Garbling:
    """Writes, for every wish, a headline that a person wrote, nothing, or garble with a line break in it."""

    def write(self, brief: Brief, wishes: list[Wish], seed: int, raw: bool) -> Iterator[tuple[Wish, Sample]]:
        assert raw and brief.placement == "google_rsa"
        for n, wish in enumerate(wishes):
            yield wish, Sample(n, ["miracle 1", " ", "Brew of\n Brew", "Glass glasses"][n % 4], (), ())


def test_lax_texts_are_asked_for_as_the_ladder_asks() -> None:
    texts = [f"Miracle {i}" for i in range(5)]
    targets = lax_targets(Entry("x", "train", BRIEF, ()), texts, random.Random(0))
    assert [t.text for t in targets] == texts and all(t.point in suited(BRIEF, t.angle) for t in targets)


def test_written_headlines_are_preferred_to_the_writers_own() -> None:
    other = CorpusText("description_90", "benefit", (), "A description is no headline")
    entries = [Entry("x", "train", BRIEF, (other, *CLEAN)), Entry("untempted", "train", BRIEF, CLEAN)]
    violating = [{"brief": "x", "text": f"Miracle {n}"} for n in range(3)]
    garbling: Any = Garbling()
    [(brief, judged)] = sharpening(garbling, entries, violating)
    assert brief.placement == "google_rsa"
    assert [j.text for j in judged if j.passed] == [t.text for t in CLEAN[:3]] + [f"Miracle {n}" for n in range(3)]
    assert [j.text for j in judged if not j.passed] == ["Brew of Brew", "Glass glasses"]
    assert all(j.angle in supported_angles(BRIEF) and j.point for j in judged if not j.passed)
