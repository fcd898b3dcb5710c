"""What can be found in a text without a model: structure, correctness and rules together, in reading order.

Kept apart from draft.py so that `relate check` and the tests of the corpus need no weights and no torch. What the
classifier adds needs the encoder; draft.py asks it about all texts of a group at once.
"""

from collections.abc import Sequence
from functools import lru_cache

from relate_engine.brief import Brief
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.correctness import correctness
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.structure import structure
from relate_engine.scorecard import Finding


def text_findings(
    rules: RuleSet, text: str, placement: str, slot: str | None, countries: Sequence[str], brief: Brief | None
) -> tuple[list[Finding], int, tuple[str, ...]]:
    """What rules, structure and correctness find in a text; how many rules ran; which packs. No model needed.

    Without a slot no limit is checked; without a brief no fact.
    """
    found, count, packs = _found(rules, text, placement, slot, tuple(countries), brief)
    return list(found), count, packs


@lru_cache(maxsize=4096)  # a drafted text is looked at when it ends, when it is ranked and when it is shown
def _found(
    rules: RuleSet, text: str, placement: str, slot: str | None, countries: tuple[str, ...], brief: Brief | None
) -> tuple[tuple[Finding, ...], int, tuple[str, ...]]:
    found, count, packs = check_text(rules, text, placement, slot, countries, brief)
    found = correctness(text, brief, countries) + found
    if slot:
        found = structure(text, placement, slot) + found
    return tuple(in_order(found)), count, packs


def in_order(found: Sequence[Finding]) -> list[Finding]:
    """Findings in reading order."""
    return sorted(found, key=lambda f: (f.start or 0, f.end or 0))
