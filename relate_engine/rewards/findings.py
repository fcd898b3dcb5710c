"""What can be found in a text without a model: structure, correctness and rules together, in reading order.

Kept apart from draft.py so that `relate check` and the tests of the corpus need no weights and no torch.
"""

from collections.abc import Sequence

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
    found, count, packs = check_text(rules, text, placement, slot, countries, brief)
    found = correctness(text, brief, countries) + found
    if slot:
        found = structure(text, placement, slot) + found
    return sorted(found, key=lambda f: (f.start or 0, f.end or 0)), count, packs
