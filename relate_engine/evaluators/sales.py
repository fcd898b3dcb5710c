"""The held-out evaluator of sales: which text brings more conversions an impression, as no reward has learned it.

The evaluator of clicks (clicks.py) taught on by pairs of one workspace's imported tests, from the families that
training/families.py keeps out of every reward model, with conversions in the place of clicks. A workspace has few such
pairs, so most of what it says is still the shipped evaluator's, which has never seen an ad. Whether that says anything
about sales here is measured, not assumed: it must order the kept pairs of tests that it was not taught on, more often
rightly than not, with the lower end of its interval. Else there is none, and a trial decides (gate.py).
Leaves out: rates; it only ranks.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from relate_engine.evaluators.clicks import Evaluator, pairs_of, update_accuracy, update_evaluator
from relate_engine.results.observation import Observation

LEAST = 20  # pairs
GROUPS = 12  # tests without a text in common, below which an interval over them is not believed: of simulated judges
# that know nothing, 3 to 6 % pass with 12 or 30 tests, up to 9 % with 8


def sales_evaluator(
    kept: Sequence[Observation], shipped: Evaluator, out: Path, command: str
) -> tuple[Evaluator | None, str]:
    """Writes the evaluator to `out`; None where `kept` cannot teach one or shows that it cannot tell what sells. And
    why, in a clause that a report can put in brackets."""
    bought: defaultdict[str, float] = defaultdict(float)
    for o in kept:
        bought[o.action] += o.conversions or 0.0
    action = max(bought, key=lambda a: bought[a], default="")
    if not bought[action]:
        return None, "no campaign results with conversions are kept for judging"
    pairs = pairs_of(_sold(kept, action))
    groups = len(np.unique(pairs.group))
    if len(pairs) < LEAST or groups < GROUPS:
        return None, (
            f"the conversions that are kept for judging make {len(pairs)} pairs of texts in {groups} separate tests, "
            f"and it takes {LEAST} in {GROUPS}"
        )
    share, low, high = update_accuracy(shipped, pairs)
    told = (
        f"puts {share:.0%} of {len(pairs)} pairs of texts, of {groups} tests that it had not seen, in the order of "
        f"their conversions, {low:.0%} to {high:.0%}"
    )
    if low <= 0.5:
        return None, f"the judge of sales is not shown to tell what sells here: it {told}"
    return update_evaluator(shipped, pairs, out, command), f"the judge of sales {told}"


def _sold(kept: Sequence[Observation], action: str) -> list[Observation]:
    """A row a text and group, with conversions in the place of clicks. Added up before they are rounded: platforms
    tell fractions, and 28 days of 0.4 are 11."""
    sums: dict[tuple[str, str], tuple[Observation, int, int, float]] = {}
    for o in kept:
        if o.conversions is not None and o.action == action:
            first, shown, clicks, sold = sums.get((o.group, o.text), (o, 0, 0, 0.0))
            sums[o.group, o.text] = first, shown + o.impressions, clicks + o.clicks, sold + o.conversions
    return [
        replace(first, impressions=shown, clicks=min(round(sold), clicks))
        for first, shown, clicks, sold in sums.values()
    ]
