"""The held-out evaluator of sales: which text brings more conversions an impression, as no reward has learned it.

The evaluator of clicks (clicks.py) taught on by pairs of one workspace's imported tests, from the families that
training/families.py keeps out of every reward model, with conversions in the place of clicks. Where the pairs say
nothing it stays the evaluator of clicks, which is CTCVR for a text that changes no CVR.
Leaves out: rates; it only ranks. Few workspaces have kept families with conversions: without LEAST pairs there is none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from relate_engine.evaluators.clicks import Evaluator, pairs_of, update_evaluator
from relate_engine.results.observation import Observation

LEAST = 20  # pairs


def sales_evaluator(kept: Sequence[Observation], shipped: Evaluator, out: Path, command: str) -> Evaluator | None:
    """Writes the evaluator to `out`; None where `kept` holds too few pairs with conversions of one action."""
    bought = Counter[str]()
    for o in kept:
        bought[o.action] += int(o.conversions or 0)
    action = max(bought, key=lambda a: bought[a], default="")
    rows = [
        replace(o, clicks=min(round(o.conversions), o.clicks))
        for o in kept
        if o.conversions is not None and o.action == action
    ]
    pairs = pairs_of(rows)
    return update_evaluator(shipped, pairs, out, command) if bought[action] and len(pairs) >= LEAST else None
