"""The rule files: every text in them, loading and its errors, speed and safety of the patterns.

The 60 ordinary headlines in tests/data were written before the rules were tuned and stay as they are.
"""

import re
import time
from pathlib import Path

import pytest

from relate_engine.brief import Brief, parse_brief
from relate_engine.rewards.compliance import check_brief, check_text
from relate_engine.rewards.folding import fold
from relate_engine.rewards.rules import Rule, RuleError, RuleSet, load_rules
from relate_engine.rewards.structure import structure
from relate_engine.scorecard import Finding, level_of

ROOT = Path(__file__).parents[2]
RULES = load_rules(ROOT / "assets" / "rules")
PLAIN = {"product": "Sample", "description": "A sample."}
COUNTRY = {"eu": "de"}


def brief(**more: object) -> Brief:
    return parse_brief(PLAIN | more)


def spot(rule: Rule) -> tuple[str, str | None]:
    """A placement and slot in which the rule holds."""
    placement = sorted(rule.placements)[0] if rule.placements else "google_rsa"
    if rule.slots:
        return placement, sorted(rule.slots)[0]
    return placement, "primary_text" if placement == "meta_feed" else "headline"


def run(rule: Rule, text: str) -> list[Finding]:
    """Findings of this rule on the text, where and for whom the rule holds."""
    placement, slot = spot(rule)
    countries = [COUNTRY.get(c, c) for c in sorted(rule.countries)] or ["us"]
    about = brief(vertical=rule.verticals[0] if rule.verticals else "", countries=countries)
    if rule.check == "structure":
        assert slot
        found = structure(text, placement, slot)
    elif "text" in rule.subjects:
        found = check_text(RULES, text, placement, slot, countries, about)[0]
    elif "brief" in rule.subjects:
        found = check_brief(RULES, about.model_copy(update={"description": text}))
    else:
        assert rule.pattern
        return [Finding(rule.id, rule.reward, rule.severity, "")] if rule.pattern.search(text) else []
    return [f for f in found if f.rule_id == rule.id]


def cases(kind: str) -> list[object]:
    texts = ((r, t) for r in RULES.rules for t in getattr(r, kind))
    return [pytest.param(r, t, id=f"{r.id}:{t[:40]}") for r, t in texts]


@pytest.mark.parametrize(("rule", "text"), cases("violating"))
def test_violating_fires(rule: Rule, text: str) -> None:
    assert rule.severity in {f.severity for f in run(rule, text)}


@pytest.mark.parametrize(("rule", "text"), cases("clean"))
def test_clean_does_not_fire(rule: Rule, text: str) -> None:
    assert run(rule, text) == []


@pytest.mark.parametrize(("rule", "text"), cases("magic"))
def test_a_magic_word_never_clears(rule: Rule, text: str) -> None:
    found = run(rule, text)
    assert level_of(found) != "clear"
    assert rule.unless and rule.unless.search(fold(text).text), "the text must hold the exception"
    assert any("needs proof" in f.message for f in found)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda r: r.id)
def test_a_rule_is_complete(rule: Rule) -> None:
    if rule.pattern is None:
        return
    assert rule.violating
    assert len(rule.clean) >= 2
    assert bool(rule.magic) == bool(rule.unless)


def test_ordinary_headlines_pass() -> None:
    lines = (ROOT / "tests" / "data" / "ordinary_headlines.txt").read_text("utf-8").splitlines()
    levels = [level_of(check_text(RULES, t, "google_rsa", "headline", ["us"], None)[0]) for t in lines if t.strip()]
    assert len(levels) == 60
    assert levels.count("blocked") <= 1
    assert levels.count("caution") <= 3


# Loading, speed

RULE = (
    "rules:\n- id: ABC-001\n  severity: block\n  pattern: 'x+'\n  message: m\n  fix: f\n"
    "  source: s\n  source_status: seen\n"
)


def loaded(folder: Path, **files: str) -> RuleSet:
    (folder / "VERSION").write_text("2026.11\n")
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_rules(folder)


def test_version_follows_the_files(tmp_path: Path) -> None:
    first = loaded(tmp_path, a=RULE).version
    assert re.fullmatch(r"2026\.11\+[0-9a-f]{8}", first)
    assert loaded(tmp_path, a=RULE + "  negatable: true\n").version != first


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RULE.replace("'x+'", "'('"), "a.yaml, ABC-001: pattern is not a valid expression"),
        (RULE.replace("'x+'", "'x*'"), "matches the empty text"),
        (RULE.replace("block", "stop"), "severity is 'stop'"),
        (RULE + "  elsewhere: block\n", "elsewhere is 'block'"),
        (RULE + "  colour: red\n", "unknown field colour"),
        (RULE + "  check: never_say\n", "either a pattern or a check"),
        (RULE + "  placements: [google]\n", "placements is 'google'"),
        (RULE.replace("  fix: f\n", ""), "fix is missing"),
        (RULE + RULE.removeprefix("rules:\n"), "holds a rule of this id too"),
        (RULE.replace("ABC-001", "x"), "without an id"),
        ("rules: 3", "expected one list"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RuleError, match=re.escape(says)):
        loaded(tmp_path, a=text)


def test_no_rules_and_no_version(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="VERSION is missing"):
        load_rules(tmp_path)
    with pytest.raises(RuleError, match="No rules"):
        loaded(tmp_path)


LONG = 2200
HOSTILE = ["a", " ", "a ", "A", "!", "1", "1 ", "1-", "no ", "the best ", "up to ", "free ", "buy 2 ", "a.b."]
HOSTILE += [
    "get a free ",
    "only ",
    "{",
    "[insert ",
    "<a ",
    "é",
    "s@",
    "www.",
    "guaranteed ",
    "and the ",
    "$1 ",
]
HOSTILE += ["FrEe", "you have ", ". ", "\n", "1 in ", "voted best ", "a, ", "1.", "lose fat "]


def seconds(pattern: re.Pattern[str], text: str) -> float:
    began = time.perf_counter()
    for _ in pattern.finditer(text):
        pass
    return time.perf_counter() - began


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_catastrophic_backtracking(piece: str) -> None:
    """Not a speed test: a pattern that explodes takes minutes, so two seconds tell it on any machine."""
    text = (piece * LONG)[:LONG]
    for rule in RULES.rules:
        for pattern in filter(None, (rule.pattern, rule.unless)):
            assert min(seconds(pattern, text) for _ in range(2)) < 2, (rule.id, pattern.pattern[:60])
