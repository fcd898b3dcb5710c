"""A confirmed category in real scorecards: the classifier blocks, the card says so, and it is another version."""

from pathlib import Path

from app.services.judging import SHIPPED, Judging
from app.services.writing import Room
from relate_engine.brief import Brief
from relate_engine.config import settings
from relate_engine.scorecard import AdText

BRIEF = Brief(product="Tarn Tea", description="A herbal tea from a small garden.")
TEXTS = (
    "Our bot has never lost a trade and your money doubles every month. Zero risk.",
    "A cream so powerful that surgeons beg us to stop selling it.",
    "A herbal tea from a small garden.",
)


def test_what_reviewers_have_confirmed_blocks(cache: Path) -> None:
    room = Room(settings())
    texts = [AdText(text, "description", None, "person:test") for text in TEXTS]
    before = room.score(BRIEF, texts, judging=SHIPPED)
    learned = [f for card in before for f in card.findings if f.rule_id.startswith("CLS-")]
    assert learned and all(f.severity == "warn" for f in learned), "the classifier cautions about one of them at least"
    category = learned[0].rule_id.removeprefix("CLS-")
    after = room.score(BRIEF, texts, judging=Judging(blocking=frozenset({category})))
    for old, new in zip(before, after, strict=True):
        flagged = any(f.rule_id == f"CLS-{category}" for f in old.findings)
        assert [f.severity for f in new.findings if f.rule_id == f"CLS-{category}"] == ["block"] * flagged
        assert not flagged or new.compliance.level == "blocked"
        assert new.versions["blocking"] == category and "blocking" not in old.versions
        assert new.versions["rewards"] != old.versions["rewards"], "an older card is known to be stale"
    assert len(after[0].versions["rewards"]) <= 120  # its column
