"""A rule's hint is lowered only by the classifier's clear disagreement, and only where the rule is a hint."""

from pathlib import Path

import numpy as np
import pytest

from relate_engine.config import ASSETS
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.hints import weighed
from relate_engine.rewards.overlay import laid_over
from relate_engine.rewards.rules import RuleError, load_rules, rule_of
from relate_engine.scorecard import level_of, value_of
from relate_engine.training.compliance import choose_doubt
from relate_engine.training.compliancetexts import AdLine, rule_levels

RULES = load_rules(Path(ASSETS / "rules"))
FEES = "Debt advice by phone. Set-up is free, and court fees apply."
BLOCKED = "Free bottle, just pay shipping"


def of(text: str) -> list:
    return check_text(RULES, text, "meta_feed", "primary_text", ["us"], None)[0]


def test_a_hint_under_doubt_stays_as_a_note() -> None:
    (before,) = (f for f in of(FEES) if f.severity == "warn")
    assert before.rule_id == "PRC-006" and level_of([before]) == "caution"
    (after,) = weighed([before], RULES.hints, 0.04, 0.1)
    assert after.severity == "note" and level_of([after]) == "clear" and value_of([after]) > value_of([before])
    assert after.message.startswith(before.message) and "0.04" in after.message
    assert (after.start, after.end, after.fix) == (before.start, before.end, before.fix)


def test_a_hint_stands_where_the_classifier_doubts_too() -> None:
    assert weighed(of(FEES), RULES.hints, 0.1, 0.1) == of(FEES)


def test_a_block_and_a_duty_are_never_lowered() -> None:
    blocks = [f for f in of(BLOCKED) if f.severity == "block"]
    assert blocks and weighed(blocks, RULES.hints, 0.0, 1.0) == blocks
    duties = {"FIN-006", "FIN-008", "FIN-010", "PRC-007", "SAF-001", "SAF-005"}
    assert duties <= {r.id for r in RULES.rules} and not duties & RULES.hints
    assert all(r.declared == "warn" for r in RULES.rules if r.hint)
    assert not {r.id for r in RULES.rules if r.countries} & RULES.hints


def test_a_workspace_that_makes_a_hint_block_is_obeyed_and_another_word_keeps_it_a_hint() -> None:
    def worst(text: str, rule: str, **fields: object) -> str:
        rules = laid_over(RULES, {"changed": {rule: fields}, "added": {}, "off": {}})
        found = check_text(rules, text, "meta_feed", "primary_text", ["us"], None)[0]
        return level_of(weighed(found, rules.hints, 0.0, 1.0))

    assert worst(FEES, "PRC-006", severity="block") == "blocked"
    assert worst(FEES, "PRC-006", message="We always show fees.") == "clear"
    assert worst(FEES, "PRC-006", countries=["us"]) == worst(FEES, "PRC-006", words=["court fees"]) == "caution"
    excepted = "Unbeatable prices, compared daily with 12 shops."  # a block that its exception lowers goes no further
    assert worst(excepted, "PRC-005", severity="block") == "caution"


def test_a_hint_is_a_pattern_for_every_country() -> None:
    entry = {"id": "PRC-999", "severity": "warn", "message": "m", "fix": "f", "source": "s", "source_status": "seen"}
    assert rule_of("x.yaml", entry | {"pattern": "abc", "hint": True}).hint
    pattern = {"pattern": "abc"}
    for more in (pattern | {"countries": ["us"]}, {"check": "never_say"}, pattern | {"reward": "structure"}):
        with pytest.raises(RuleError, match="hint is for"):
            rule_of("x.yaml", entry | more | {"hint": True})


def test_levels_by_hand() -> None:
    lines = [AdLine(t, "primary_text", "meta_feed", "clean", "pricing", "s", "f") for t in (FEES, FEES, BLOCKED)]
    assert rule_levels(RULES, lines) == ["caution", "caution", "blocked"]
    assert rule_levels(RULES, lines, [0.2, 0.05, 0.0], 0.1) == ["caution", "clear", "blocked"]


def test_doubt_loses_next_to_no_violation() -> None:
    p = np.linspace(0, 0.999, 1000)  # of 1,000 violations, each fourth only hinted at: 3 may be lost
    hinted = np.arange(1000) % 4 == 0
    doubt = choose_doubt(p, hinted)
    assert (hinted & (p < doubt)).sum() <= 3 < (hinted & (p < doubt + 0.01)).sum()
