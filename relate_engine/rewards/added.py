"""Facts a text adds or moves without a claim word of its own: what is given or compared, and how often.

Why: each is a plain noun or period, judged in its own file; the fact check asks for all of them at once.
Leaves out: claims that a list of words can hold (claims.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

from relate_engine.rewards.extras import check_extras
from relate_engine.rewards.rhythms import check_rhythms
from relate_engine.rewards.rivals import check_rivals
from relate_engine.rewards.sheet import Sheet
from relate_engine.scorecard import Finding


def check_added(text: str, known: Sheet) -> list[Finding]:
    """CLM-019 for each of them. `text`: names masked."""
    return [
        *check_extras(text, known.facts),
        *check_rivals(text, known.facts),
        *check_rhythms(text, known.facts),
    ]
