"""Rules on one text without a brief or a model: what `relate check` and quick questions need.

Leaves out facts (there is no brief to hold them against) and everything that needs weights.
"""

from collections.abc import Sequence

from relate_engine.brief import placement_of
from relate_engine.config import ASSETS
from relate_engine.rewards.findings import text_findings
from relate_engine.rewards.rules import load_rules
from relate_engine.scorecard import Compliance, Finding, level_of, value_of


def check(text: str, placement: str, slot: str | None, countries: Sequence[str]) -> tuple[list[Finding], Compliance]:
    """Findings of rules, structure and spelling, in reading order, and the compliance they add up to.

    Without a `slot` the text's limit is not checked, only rules of the whole placement.
    Raises BriefError for an unknown placement or slot.
    """
    known = placement_of(placement)
    if slot:
        known.slot(slot)
    found, count, packs = text_findings(load_rules(ASSETS / "rules"), text, placement, slot, countries, None)
    score = 100 * value_of(f for f in found if f.reward == "compliance")
    return found, Compliance(score, level_of(found), packs, count)
