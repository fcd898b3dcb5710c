"""The corpus keeps the promises it teaches: size, slots, angles, and no text that a rule blocks."""

from collections import Counter

import pytest

from relate_engine.brief import ANGLES, supported_angles
from relate_engine.config import ASSETS
from relate_engine.rewards.diversity import jaccard
from relate_engine.rewards.findings import text_findings
from relate_engine.rewards.rules import load_rules
from relate_engine.training.corpus import Entry, read_corpus, training_entries

ENTRIES = read_corpus(ASSETS / "corpus")
PLACES = {
    "headline_30": ("google_rsa", "headline", 30),
    "description_90": ("google_rsa", "description", 90),
    "primary_125": ("meta_feed", "primary_text", 125),
    "headline_60": ("generic", "headline", 60),
}


def test_size_and_split() -> None:
    assert len(ENTRIES) >= 300 and len({e.id for e in ENTRIES}) == len(ENTRIES)
    verticals = {e.brief.vertical for e in ENTRIES}
    assert len(verticals) >= 25
    assert verticals >= {"supplements", "personal loans", "weight loss programmes", "dating apps"}
    held = [e for e in ENTRIES if e.split == "test"]
    assert len(held) >= len(ENTRIES) / 10
    texts = {t.text.lower() for e in held for t in e.texts}
    train = training_entries(ENTRIES)
    assert len(train) == len(ENTRIES) - len(held)
    assert not texts & {t.text.lower() for e in train for t in e.texts}
    every = sum(len(e.texts) for e in ENTRIES if e.split == "train")
    assert every - sum(len(e.texts) for e in train) <= 4  # written twice by chance


def test_every_brief_has_texts_of_every_slot_and_several_angles() -> None:
    for entry in ENTRIES:
        slots = Counter(t.slot for t in entry.texts)
        assert set(slots) == set(PLACES) and min(slots.values()) >= 2, entry.id
        assert len({t.angle for t in entry.texts}) >= 4, entry.id
        assert {t.angle for t in entry.texts} <= set(ANGLES) and all(t.uses for t in entry.texts), entry.id


def test_texts_fit_and_no_rule_blocks_them() -> None:
    rules = load_rules(ASSETS / "rules")
    wrong = []
    for entry in ENTRIES:
        for text in entry.texts:
            placement, slot, limit = PLACES[text.slot]
            brief = entry.brief.model_copy(update={"placement": placement})
            findings, _, _ = text_findings(rules, text.text, placement, slot, brief.countries, brief)
            if len(text.text) > limit or any(f.severity == "block" for f in findings):
                wrong.append((entry.id, text.text, [f.rule_id for f in findings if f.severity == "block"]))
    assert not wrong


def near(entry: Entry) -> int:
    texts = [t.text for t in entry.texts]
    return sum(jaccard(a, b) > 0.6 for i, a in enumerate(texts) for b in texts[:i])


def test_texts_of_a_brief_differ() -> None:
    assert sum(map(near, ENTRIES)) <= 0.005 * sum(len(e.texts) for e in ENTRIES)


def test_offer_texts_only_where_the_brief_has_an_offer() -> None:
    loose = [e.id for e in ENTRIES for t in e.texts if t.angle == "offer" and "offer" not in supported_angles(e.brief)]
    if loose:
        pytest.fail(f"{len(loose)} offer texts without an offer in the brief: {loose[:10]}")
