"""The index of patterns leaves out none that matches: tried on every character and on every rule and claim."""

import re
from string import ascii_lowercase

import pytest

from relate_engine.config import ASSETS
from relate_engine.rewards.claimlist import CLAIMS
from relate_engine.rewards.literals import Index, needed
from relate_engine.rewards.rulecheck import magic_words
from relate_engine.rewards.rules import load_rules

RULES = load_rules(ASSETS / "rules")
PATTERNS = [r.pattern for r in RULES.rules if r.pattern] + [c.pattern for c in CLAIMS]
ODD = str.maketrans("iIsSkK", "\u0131\u0130\u017f\u017f\u212a\u212a")


@pytest.mark.parametrize(
    ("expression", "strings"),
    [
        (r"(?i)\bGuarantee[ds]?\b", {"guarantee"}),
        (r"(?i)colou?r", {"color", "colour"}),
        (r"\b(?:best|better|the best)\b", {"best", "better"}),  # "the best" holds "best"
        (r"(?:no|zero)[- ]risk", {"no risk", "no-risk", "zero risk", "zero-risk"}),
        (r"free\s+(?:\w+ )?shipping", {"shipping"}),
        (r"(?<!gluten )free(?! from)", {"free"}),  # what stands around is no part of the match
        (r"(?:act now){1,3}", {"act now"}),
        (r"a(?:b|c)?\d*", {"a"}),
        (r"(?:hurry)?!*", set()),
        (r"[A-Z]{4,}|\d+ left", set()),  # one way needs nothing
        (r"[^x]caf\u00e9", {"caf"}),
        (r"(a)\1", {"a"}),
    ],
)
def test_what_a_pattern_needs(expression: str, strings: set[str]) -> None:
    assert needed(expression) == strings


def test_a_pattern_finds_a_letter_in_any_character_that_it_takes_for_it() -> None:
    every = "".join(map(chr, range(0x110000)))
    for letter in ascii_lowercase:
        pattern = re.compile(letter, re.I)
        index = Index([pattern])
        assert all(index.possible(char) for char in pattern.findall(every))


@pytest.mark.parametrize("pattern", PATTERNS, ids=[p.pattern[:30] for p in PATTERNS])
def test_no_pattern_is_passed_over_on_what_it_matches(pattern: re.Pattern[str]) -> None:
    index = Index([None, pattern])
    made = magic_words(pattern.pattern)
    for text in (form for word in made for form in (word, word.upper(), word.swapcase(), word.translate(ODD))):
        assert index.possible(text) == {0, 1} or not pattern.search(text)


def test_no_rule_is_passed_over_on_its_examples() -> None:
    for rule in RULES.rules:
        for text in (*rule.violating, *rule.clean, *rule.magic):
            for form in (text, text.upper(), text.translate(ODD), f"\u201c{text}\u201d \u2013 \u00a35"):
                assert not rule.pattern or not rule.pattern.search(form) or rule.id in RULES.possible(form)


def test_most_patterns_are_passed_over() -> None:
    index = Index(PATTERNS)
    assert len(index.possible("Fresh bread every morning, baked at four.")) < len(PATTERNS) / 4
