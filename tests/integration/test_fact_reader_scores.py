"""The shipped fact reader in real scorecards: what patterns cannot see is marked, and own words are left alone."""

from pathlib import Path

import pytest

from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.score import Rewards, Scope, load_rewards, score_texts
from relate_engine.scorecard import AdText, Finding

BRIEF = Brief(
    product="Harlow Weighted Blanket",
    description="A 15 lb weighted blanket for adults, filled with glass beads and covered in brushed cotton.",
    benefits=("Cover zips off and goes in the washing machine", "30-night trial", "Sewn in Asheville"),
    audience="adults who sleep badly",
)
TRUE = ("Wash the cover at home", "Try it for thirty nights", "Stitched in Asheville, weighted with glass beads")
WRONG = {
    "Keeps you cool all summer": "cool",
    "Comes with a matching pillow": "pillow",
    "Recommended by sleep doctors": "doctors",
    "A cozy blanket for toddlers": "toddlers",
}


@pytest.fixture(scope="module")
def rewards(cache: Path) -> Rewards:
    return load_rewards(cache, ASSETS)


def cautions(rewards: Rewards, brief: Brief | Scope, texts: list[str]) -> list[list[Finding]]:
    ads = [AdText(t, "description", None, "person:test") for t in texts]
    cards = score_texts(rewards, brief, ads, mates=False)
    return [[f for f in c.findings if f.reward == "correctness" and f.severity != "note"] for c in cards]


def test_unsupported_words_are_marked_and_a_paraphrase_is_clear(rewards: Rewards) -> None:
    for (text, word), found in zip(WRONG.items(), cautions(rewards, BRIEF, list(WRONG)), strict=True):
        assert any(word in text[f.start : f.end] for f in found), (text, found)
    assert cautions(rewards, BRIEF, list(TRUE)) == [[], [], []]


def test_without_a_brief_there_is_nothing_to_read_against(rewards: Rewards) -> None:
    assert cautions(rewards, Scope("google_rsa"), ["A cozy blanket for toddlers"]) == [[]]


def test_the_reader_counts_in_the_version_and_in_the_reward(rewards: Rewards) -> None:
    (card,) = score_texts(rewards, BRIEF, [AdText("A cozy blanket for toddlers", "headline", None, "person:test")])
    assert rewards.facts.version in card.versions["rewards"] and card.rewards["correctness"] == 0.75
    assert card.compliance.level == "caution"
