"""A pattern that only hints: it cautions unless the classifier, which reads the whole text, sees nothing wrong in it.

Some words are a violation in one text and plain honesty in another: "was £40" beside a true former price, "fees apply"
in a line about debt advice. A rule marked `hint` finds such words. Where P(violation) of the whole text is under the
classifier's `doubt`, its finding stays, as a note; it costs the text its "clear" no more. Rules that block, that
state a duty (a risk line, an APR), that belong to a country, or whose words a workspace wrote are never lowered.
`doubt` is fitted out of fold, so that next to no violation is lost (training/compliance.py).
Leaves out: which rules are hints (assets/rules), what reviewers teach (reviewers.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from relate_engine.scorecard import AMOUNT, Finding

LOWERED = " In this text the classifier sees no violation (probability {:.2f})."


def weighed(found: Sequence[Finding], hints: Collection[str], probability: float, doubt: float) -> list[Finding]:
    """`found` with cautions of the rules in `hints` lowered to notes where `probability` is under `doubt`."""
    if probability >= doubt:
        return list(found)
    said = LOWERED.format(probability)
    return [
        replace(f, severity="note", amount=AMOUNT["note"], message=f.message + said)
        if f.severity == "warn" and f.rule_id in hints
        else f
        for f in found
    ]
