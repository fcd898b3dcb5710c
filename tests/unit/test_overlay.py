"""Rules laid over the shipped ones: their version, their words, and the expressions that cannot be trusted."""

from typing import Any

import pytest

from relate_engine.rewards import rulecheck
from relate_engine.rewards.overlay import EMPTY, editable, entry_of, expression_of, laid_over, rule_from
from relate_engine.rewards.rulecheck import expression_problem, magic_words, too_slow, tried
from relate_engine.rewards.rules import RuleError
from tests.unit.rulebook_world import CLM_002, SHIPPED


def test_an_overlay_changes_adds_and_switches_off_and_its_version_says_so() -> None:
    own = {"id": "OWN-001", "severity": "warn", "message": "m", "fix": "f", "source": "s", "source_status": "seen"}
    overlay: dict[str, dict[str, Any]] = {
        "changed": {"CLM-002": {"severity": "warn"}, "XXX-001": {"severity": "warn"}},
        "added": {"OWN-001": own | {"words": ["turbo"]}},
        "off": {"CLM-003": "we may", "FMT-001": "a limit stays"},
    }
    rules = laid_over(SHIPPED, overlay)
    by_id = {rule.id: rule for rule in rules.rules}
    assert by_id["CLM-002"].severity == "warn" and by_id["CLM-002"].pattern == CLM_002.pattern
    assert "CLM-003" not in by_id and "FMT-001" in by_id and "XXX-001" not in by_id
    assert by_id["OWN-001"].pattern and by_id["OWN-001"].pattern.search("More Turbo!")
    assert len(rules.rules) == len(SHIPPED.rules)  # one added, one off
    assert rules.version.startswith(f"{SHIPPED.version}+") and len(rules.version) == len(SHIPPED.version) + 9
    assert laid_over(SHIPPED, overlay | {"off": {}}).version != rules.version
    assert laid_over(SHIPPED, EMPTY) is SHIPPED


def test_every_shipped_rule_survives_the_way_through_its_fields() -> None:
    same = [rule for rule in SHIPPED.rules if editable(rule)]
    assert len(same) > 140 and [rule_from(entry_of(rule)) for rule in same] == same


def test_words_are_whole_in_any_case_and_spacing_and_chinese_needs_no_edges() -> None:
    pattern = rule_from(entry_of(CLM_002) | {"pattern": None, "words": ["warp drive", "5*", "最佳"]}).pattern
    assert pattern is not None
    assert [bool(pattern.search(t)) for t in ("A WARP  Drive", "warp drives", "a 5* hotel", "全国最佳选择")] == [
        True, False, True, True,
    ]  # fmt: skip
    with pytest.raises(RuleError):
        expression_of([" "])


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(a+)+b", "repeats a repetition"), (r"(?:\w+\s+)*x", "repeats a repetition"), ("(", "not a valid expression"),
        ("a*", "matches the empty text"), ("a" * 6001, "6,001 characters"), (r"(?:\w{1,20}\s){0,4}x", ""),
        (r"(?i)\bturbo\b", ""),
    ],
)  # fmt: skip
def test_expressions_that_cannot_be_trusted_are_refused(expression: str, said: str) -> None:
    problem = expression_problem(expression)
    assert said in problem if said else problem == ""


def test_a_slow_expression_is_ended_and_a_long_shipped_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = max((r for r in SHIPPED.rules if r.pattern), key=lambda r: len(r.pattern.pattern if r.pattern else ""))
    assert longest.pattern and not too_slow([longest.pattern.pattern], longest.violating)
    monkeypatch.setattr(rulecheck, "CPU_S", 1)  # each of these takes all of it
    assert too_slow(["(?:a|a)*b"], [])  # exponential without a nested repetition
    for hidden in (r"(?i)buy(?:-|-)+now\b", r"zip(?:[\-_]+){1,50}!", r"q(?:xy|x|y)+9"):  # only behind other words
        assert expression_problem(hidden) == "" and too_slow([hidden], ["buy-now zip-! qx9"])


def test_the_magic_words_of_an_exception_are_made_from_it() -> None:
    assert magic_words(r"(?i)source:?\s+\w|nielsen|j\.?d\.? power") == ("source a", "nielsen", "jd power")
    assert set(magic_words(r"award|rated \d")) == {"award", "rated 1"}


def test_a_bare_magic_word_lowers_and_never_clears_and_a_rule_where_it_clears_fails() -> None:
    rows = [t for t in tried(CLM_002) if t.word]
    assert rows and all(t.passed for t in rows) and {f.severity for t in rows for f in t.findings} == {"warn"}
    assert {"nielsen", "based on"} <= {t.word for t in rows}
    hole = rule_from(
        entry_of(CLM_002)
        | {"pattern": r"(?i)\bturbo\b(?!.*nielsen)", "unless": "(?i)nielsen", "violating": ["turbo now"], "magic": None}
    )
    (row,) = [t for t in tried(hole) if t.word]
    assert row.passed  # "nielsen: turbo now" is still hit, though "turbo now nielsen" is not
    shut = rule_from(entry_of(hole) | {"pattern": r"(?i)^(?!.*nielsen).*\bturbo\b"})
    assert [t.passed for t in tried(shut) if t.word] == [False]
