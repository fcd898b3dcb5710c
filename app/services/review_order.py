"""The order of the review queue: what teaches most first, and nobody waits for ever.

    priority = 4 · in review                      an advertiser waits for it
             + 3 · contradicted                   the first look disagrees with rules and classifier
             + 2 · doubt                          how near the judgement is to its boundary, 0 to 1
             + days waiting, at most 3            since the text was written, or sent to review

Doubt of a text that the classifier cautions is 1 at probability ½ and 0 at certainty (uncertainty sampling, Lewis and
Gale 1994); of another caution ½, since a caution asks for a person; of a block ¼; of a clear text 0, because clear
texts are drawn at random for the blind stream (review_looks.py). Equal ones go by age.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from db.review import Facts

IN_REVIEW, CONTRADICTED, DOUBT, LONGEST_DAYS = 4.0, 3.0, 2.0, 3.0
_PROBABILITY = re.compile(r"\(probability (0\.\d+|1\.0+)")


def ordered(facts: Iterable[Facts], now: datetime) -> list[int]:
    """Text ids, the most urgent first."""
    return [f.text_id for f in sorted(facts, key=lambda f: (-priority(f, now), f.text_id))]


def priority(facts: Facts, now: datetime) -> float:
    """The formula above."""
    days = max(0.0, (now - facts.waiting_since).total_seconds() / 86_400)
    return (
        IN_REVIEW * facts.in_review
        + CONTRADICTED * contradicted(facts)
        + DOUBT * doubt(facts)
        + min(days, LONGEST_DAYS)
    )


def contradicted(facts: Facts) -> bool:
    """A person called a clear text a violation, or a flagged one compliant."""
    if facts.level == "clear":
        return facts.outcome == "violation"
    return bool(facts.level) and facts.outcome in ("compliant", "allowed")


def doubt(facts: Facts) -> float:
    """0 to 1: how unsure the judgement of rules and classifier is."""
    if facts.level == "caution":
        said = [_PROBABILITY.search(f["message"]) for f in facts.findings if f["rule_id"].startswith("CLS-")]
        near = [1 - abs(2 * float(found[1]) - 1) for found in said if found]
        return max(near, default=0.5)
    return 0.25 if facts.level == "blocked" else 0.0
