"""Hints in real scorecards: honest small print is clear, bait of the same words is not, no dismissal lowers a rule."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.services.checking import check
from relate_engine.config import ASSETS
from relate_engine.rewards.reviewers import Call
from relate_engine.score import Rewards, Scope, load_rewards, score_texts
from relate_engine.scorecard import AdText

HONEST = "Payroll for up to 5 staff at £29 a month plus VAT. Rolling month, no set-up fee."
BAIT = "Boiler cover, 100% free for life! From £29 a month plus fees you only see once we have your card."
HINT = "PRC-006"


@pytest.fixture(scope="module")
def rewards(cache: Path) -> Rewards:
    return load_rewards(cache, ASSETS)


def severity(rewards: Rewards, text: str) -> tuple[str, str]:
    """Of the hint's finding, and the level of the whole text."""
    (card,) = score_texts(rewards, Scope("meta_feed"), [AdText(text, "primary_text", None, "person:test")])
    return next(f.severity for f in card.findings if f.rule_id == HINT), card.compliance.level


def test_a_hint_is_a_note_in_an_honest_text_and_a_caution_in_bait(rewards: Rewards) -> None:
    assert severity(rewards, HONEST) == ("note", "clear")
    assert severity(rewards, BAIT) == ("warn", "caution")


def test_relate_check_agrees_with_the_scorecard_and_is_stricter_without_the_classifier(cache: Path) -> None:
    assert check(HONEST, "meta_feed", "primary_text", ("us",), cache).compliance.level == "clear"
    assert check(BAIT, "meta_feed", "primary_text", ("us",), cache).compliance.level == "caution"
    assert check(HONEST, "meta_feed", "primary_text", ("us",)).compliance.level == "caution"


def test_dismissals_of_the_classifier_never_lower_a_rule(rewards: Rewards) -> None:
    calls = tuple(Call(f"{BAIT} {n}", "pricing", False) for n in range(30))
    classifier = rewards.classifier
    assert classifier.corrected([BAIT], calls)[0].probability < classifier.verdicts([BAIT])[0].probability
    assert classifier.chances([BAIT], calls) == [classifier.verdicts([BAIT])[0].probability]
    assert severity(replace(rewards, calls=calls), BAIT)[0] == "warn"
