"""Rows of results, added up to what a fit is given: one line a text and key, and which rows are late.

A row that repeats impressions under another conversion action teaches nothing; one that may not be added up (asset
reports) teaches about its text and no base rate. Leaves out: what is learned from the counts (rewards.py).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from relate_engine.results.lessons import main_action
from relate_engine.results.observation import Observation
from relate_engine.rewards.adfeatures import AdText
from relate_engine.rewards.ctcvr import TOGETHER
from relate_engine.rewards.ctrhead import Effect
from relate_engine.training.families import key_of, vertical_of

LATER = 0.25  # share of the impressions, the latest, that calibrates
Effects = Callable[[Sequence[str]], list[Effect]]


@dataclass(frozen=True)
class Counted:
    """One text in one key with its counts added up.

    `…_cvr` and `conversions`: of rows that teach CVR. `base_…`: of rows that may be added up for a base rate."""

    ad: AdText
    placement: str
    vertical: str
    workspace: str
    key: int
    trust: float
    effect: Effect
    impressions: float
    clicks: float
    shown_cvr: float
    clicks_cvr: float
    conversions: float
    base_impressions: float
    base_clicks: float
    base_clicks_cvr: float
    base_conversions: float


def action_of(observations: Sequence[Observation]) -> str:
    """The conversion action that is learned. Different actions are never pooled."""
    return main_action((o.summable, o.action, o.conversions, o.clicks) for o in observations)


def others_of(observations: Sequence[Observation], action: str) -> dict[str, str]:
    """Products whose results count other actions only, and the one of most clicks: their CVR is of another thing."""
    clicks: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for o in observations:
        if o.conversions is not None and o.clicks:
            clicks[o.brief.product if o.brief else ""][o.action] += o.clicks
    return {p: max(found, key=lambda a: found[a]) for p, found in clicks.items() if action and action not in found}


def count(observations: Sequence[Observation], effects: Effects, action: str) -> list[Counted]:
    """Rows of one text in one key added up. A row that repeats impressions under another action teaches nothing."""
    sums: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0.0] * 9)
    first: dict[tuple[object, ...], Observation] = {}
    for o in observations:
        key = key_of(o)
        row = (key, o.text, o.placement, vertical_of(o), o.workspace)
        if o.repeats and o.action not in ("", action):
            continue
        first.setdefault(row, o)
        teaches = o.conversions is not None and o.action == action
        bought = min(o.conversions or 0.0, float(o.clicks)) if teaches else 0.0
        base = (o.impressions, o.clicks, o.clicks * teaches, bought)
        new = (
            o.impressions,
            o.clicks,
            o.impressions * teaches,
            o.clicks * teaches,
            bought,
            *(b * o.summable for b in base),
        )
        sums[row] = [a + b for a, b in zip(sums[row], new, strict=True)]
    keys = {key: k for k, key in enumerate(dict.fromkeys(row[0] for row in sums))}
    known = dict(zip(first, effects([o.text for o in first.values()]), strict=True)) if first else {}
    return [
        Counted(
            AdText(first[row].text, first[row].brief, known[row].raw),
            first[row].placement,
            str(row[3]),
            first[row].workspace,
            keys[row[0]],
            1.0 if first[row].group else 1 / TOGETHER,
            known[row],
            *values,
        )
        for row, values in sums.items()
    ]


def split_by_time(
    observations: Sequence[Observation], later: float = LATER
) -> tuple[list[Observation], list[Observation]]:
    """Early and late rows: the last days that hold about `later` of the impressions. Undated rows are early; where
    no day divides them, all are."""
    days: dict[date, int] = defaultdict(int)
    for o in observations:
        if o.end:
            days[o.end] += o.impressions
    left, cut = later * sum(days.values()), None
    for day in sorted(days, reverse=True)[:-1]:
        if days[day] / 2 > left:  # the day would take the slice further from its size than leaving it out
            break
        left -= days[day]
        cut = day
    if cut is None:
        return list(observations), []
    return [o for o in observations if not o.end or o.end < cut], [o for o in observations if o.end and o.end >= cut]
