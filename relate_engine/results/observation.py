"""`Observation`: what one imported row (or one simulated arm) teaches about a text; the reward models' food.

It is the meeting point of the import (which knows platforms, grains and conversion actions) and of training
(which knows none of them): whoever makes one has already decided what the row may teach.
Leaves out: how a row is read (the readers beside this file) and what is learned (rewards/ctcvr.py).
"""

from dataclasses import dataclass
from datetime import date

from relate_engine.brief import Brief, PlacementName


@dataclass(frozen=True)
class Observation:
    """Counts of one text. `0 ≤ clicks ≤ impressions`."""

    text: str
    slot: str
    placement: PlacementName
    impressions: int
    clicks: int
    conversions: float | None = None  # of one action; None: the row does not teach CVR (too young, no action)
    action: str = ""  # conversion action; different actions are never pooled
    vertical: str = ""
    workspace: str = ""
    group: str = ""  # inside a group only the text differs and traffic was split between them; "" = no such group
    end: date | None = None  # last day of the counts: later rows calibrate
    brief: Brief | None = None
    summable: bool = True  # False: its impressions are counted in another observation too (asset reports, a second
    # action or slot of the same ad): teaches about its text, never added up for a base rate
    repeats: bool = False  # the other observation is of the same text under another conversion action
