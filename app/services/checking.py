"""Rules, and the classifier where its encoder is there, on one text without a brief: what `relate check` needs.

Leaves out facts (there is no brief to hold them against) and everything that ranks.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from relate_engine.brief import placement_of
from relate_engine.config import ASSETS
from relate_engine.rewards.findings import in_order, text_findings
from relate_engine.rewards.hints import weighed
from relate_engine.rewards.rules import RuleSet, load_rules
from relate_engine.scorecard import Compliance, Finding, level_of, value_of

if TYPE_CHECKING:
    from relate_engine.rewards.classifier import Classifier
    from relate_engine.rewards.reviewers import Call


@dataclass(frozen=True)
class Checked:
    """Findings in reading order, the compliance they add up to, and what the classifier did."""

    findings: list[Finding]
    compliance: Compliance
    classifier: str  # its version, or why it did not run


def check(
    text: str,
    placement: str,
    slot: str | None,
    countries: Sequence[str],
    cache: Path | None = None,
    rules: RuleSet | None = None,
    blocking: Set[str] = frozenset(),
    calls: "Sequence[Call]" = (),
) -> Checked:
    """Rules, structure and spelling; with the `cache` that holds the encoder also the classifier (about 4 s).

    Without a `slot` the text's limit is not checked, only rules of the whole placement. `rules`: those of a workspace
    (rulebook.py); None: the shipped ones. `blocking`: categories in which the classifier blocks there (blocking.py).
    `calls`: what reviewers there have taught it (teaching.py). Raises BriefError for an unknown placement or slot.
    """
    known = placement_of(placement)
    if slot:
        known.slot(slot)
    rules = rules or load_rules(ASSETS / "rules")
    found, count, packs = text_findings(rules, text, placement, slot, countries, None)
    classifier, ran = _classifier(cache)
    if classifier:
        judged = ["" if slot == "path" else text]
        found = weighed(found, rules.hints, classifier.chances(judged, calls)[0], classifier.doubt)
        found = in_order(found + classifier.findings(judged, blocking, calls)[0])
    score = 100 * value_of(f for f in found if f.reward == "compliance")
    return Checked(found, Compliance(score, level_of(found), packs, count), ran)


def _classifier(cache: Path | None) -> tuple["Classifier | None", str]:
    """The classifier and its version, or None and why it does not run."""
    if cache is None:
        return None, "not asked for"
    from relate_engine.policy.weights import WeightsError, encoder_folder

    try:
        folder = encoder_folder(cache)
    except WeightsError as error:
        return None, f"did not run: {error}"
    from relate_engine.rewards.classifier import Classifier
    from relate_engine.rewards.encoder import Encoder

    classifier = Classifier.load(ASSETS / "heads" / "compliance", Encoder(folder))
    return classifier, classifier.version
