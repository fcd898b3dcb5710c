"""What the analyst's pages count, as small pandas frames: texts, scores, choices, verdicts, the way to a sale.

The database counts (db/analytics.py); here the counts get names and intervals. `cube` has rows for each day,
placement, slot, angle, writer, rules version and level; the functions below it add its rows up and need no database.
Shares carry a 95% Wilson interval, means a normal one, and one text alone none. Leaves out training rounds
(analytics_rounds.py), campaign results against predictions (analytics_rates.py) and single texts (analytics_words.py).
"""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd

from app.services.people import Actor, require
from db import analytics as rows
from db.funnel import funnel as funnel_of
from db.session import Database
from relate_engine.share import wilson

LONGEST_DAYS = 366
KEYS = ["day", "placement", "slot", "angle", "author", "rules", "level"]
COUNTS = ("texts", "shown", "picked", "rejected", "judged", "violations", "rated")
REWARDS = rows.REWARDS
OWN = "People's own lines"
STAGES = {
    "drafted": "Drafted", "shown": "Shown", "picked": "Picked", "reviewed": "In review", "approved": "Approved",
    "live": "Live", "results": "With results", "converted": "Converted",
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """What a page looks at, as its URL says: days (both inclusive, UTC), and "" or None for no filter.

    `version`: a writer version, or OWN.
    """

    first: date
    last: date
    placement: str = ""
    version: str = ""
    brief_id: int | None = None

    def window(self, actor: Actor) -> rows.Window:
        """At most LONGEST_DAYS, the newest ones."""
        first = max(self.first, self.last - timedelta(days=LONGEST_DAYS - 1))
        author = rows.PEOPLE if self.version == OWN else f"policy:{self.version}" if self.version else ""
        begin = datetime.combine(first, time(), UTC)
        end = datetime.combine(self.last, time(), UTC) + timedelta(days=1)
        return rows.Window(actor.workspace_id, begin, end, self.placement, author, self.brief_id)


def stamp(db: Database, actor: Actor, results: bool = False) -> tuple[int, ...]:
    """Changes with every new row that the pages count; part of the key under which a page keeps its counts. `results`:
    with campaign results only, of which rates are observed."""
    require(actor, "analytics.read")
    with db.read() as session:
        return rows.stamp(session, results)


def cube(db: Database, actor: Actor, view: View) -> pd.DataFrame:
    """Rows of KEYS with COUNTS, and `<score>_sum`, `<score>_squares` of every score; writers by version."""
    require(actor, "analytics.read")
    with db.read() as session:
        found = rows.cube(session, view.window(actor))
    sums = [f"{name}_{what}" for name in rows.SUMMED for what in ("sum", "squares")]
    frame = pd.DataFrame([tuple(row) for row in found], columns=[*KEYS, *COUNTS, *sums])
    frame["day"] = pd.to_datetime(frame["day"].astype(str))
    frame["angle"] = frame["angle"].fillna("none")
    frame["policy"] = frame["author"].map(writer)
    for name in COUNTS:
        frame[name] = frame[name].fillna(0).astype(int)
    for name in sums:
        frame[name] = frame[name].astype(float).fillna(0.0)
    return frame


def events(db: Database, actor: Actor, view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What people did with texts, and verdicts, by the day it happened: day, kind or outcome, count."""
    require(actor, "analytics.read")
    with db.read() as session:
        both = rows.events_a_day(session, view.window(actor))
    made = []
    for found, what in zip(both, ("kind", "outcome"), strict=True):
        frame = pd.DataFrame([tuple(row) for row in found], columns=["day", what, "count"])
        made.append(frame.assign(day=pd.to_datetime(frame["day"].astype(str))))
    return made[0], made[1]


def funnel(db: Database, actor: Actor, view: View) -> pd.DataFrame:
    """How many texts of the days got how far: stage, texts, share of drafted with its interval."""
    require(actor, "analytics.read")
    with db.read() as session:
        counts = list(funnel_of(session, view.window(actor)))
    frame = pd.DataFrame({"stage": list(STAGES.values()), "texts": counts})
    return _with_share(frame.assign(of=counts[0]), "texts", "of")


def reasons(db: Database, actor: Actor, view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Why candidates were dropped before anybody saw them, and which rules reviewers named: reason, count."""
    require(actor, "analytics.read")
    with db.read() as session:
        dropped = rows.dropped(session, view.window(actor))
        named = rows.refusals(session, view.window(actor))
    why: Counter[str] = Counter()
    for reason, count in dropped:
        told = str(reason).split(":", 1)[0].strip()
        why["too close to another text" if told.startswith("too close to") else told] += int(count)
    rules = Counter(rule for rule_list in named for rule in rule_list)
    return _counted(why), _counted(rules)


def writer(author: str) -> str:
    """A writer as pages name it."""
    return author.removeprefix("policy:") if author.startswith("policy:") else OWN


def per_day(frame: pd.DataFrame, by: str, count: str = "texts") -> pd.DataFrame:
    """How many a day and group, of a cube or of events: day, group, count."""
    grouped = frame.groupby(["day", by], dropna=False, observed=True)[count].sum()
    return grouped.reset_index(name="count")


def shares(cube: pd.DataFrame, by: str, hits: str, total: str) -> pd.DataFrame:
    """`hits` of `total` by group, with rate, low and high; groups without a `total` are left out."""
    frame = cube.groupby(by, dropna=False, observed=True)[[hits, total]].sum().reset_index()
    return _with_share(frame[frame[total] > 0].reset_index(drop=True), hits, total)


def means(cube: pd.DataFrame, by: str, score: str) -> pd.DataFrame:
    """Mean of a score by group with its 95% interval: group, texts, the score, low, high."""
    scored = cube[cube["level"].notna()]
    grouped = scored.groupby(by, dropna=False, observed=True)[["texts", f"{score}_sum", f"{score}_squares"]].sum()
    made = [
        {by: group, "texts": int(n), **dict(zip((score, "low", "high"), interval(n, total, squares), strict=True))}
        for group, (n, total, squares) in zip(grouped.index, grouped.to_numpy(), strict=True)
    ]
    return pd.DataFrame(made, columns=[by, "texts", score, "low", "high"])


def alike(cube: pd.DataFrame, by: str) -> tuple[list[str], list[str]]:
    """The groups that can be compared, and the placements to do it in: those in which each of these groups has two
    scored texts. They are the groups of the placement that has most such groups; none where only one is left."""
    cells = cube[cube["level"].notna()].groupby(["placement", by], observed=True)["texts"].sum().reset_index()
    cells = cells[cells["texts"] > 1]
    inside = {str(place): set(part[by]) for place, part in cells.groupby("placement", observed=True)}
    texts = cells.groupby("placement", observed=True)["texts"].sum()
    groups = inside[max(inside, key=lambda place: (len(inside[place]), texts[place]))] if inside else set()
    places = sorted(place for place, found in inside.items() if groups <= found)
    return (sorted(groups), places) if len(groups) > 1 else ([], [])


def mixed_means(cube: pd.DataFrame, by: str, score: str, groups: list[str], places: list[str]) -> pd.DataFrame:
    """`means` of these groups at one mix of these placements, that of all their texts together: base rates differ
    between placements, so a group that wrote more for one of them must not look better or worse for it."""
    inside = cube[cube[by].isin(groups) & cube["placement"].isin(places)]
    counts = inside[inside["level"].notna()].groupby("placement", observed=True)["texts"].sum()
    made = []
    for group in groups:
        cells = means(inside[inside[by] == group], "placement", score).set_index("placement")
        weight = counts.loc[cells.index] / counts.sum()
        mean = float((weight * cells[score]).sum())
        half = math.sqrt(float(((weight * (cells["high"] - cells[score])) ** 2).sum()))
        made.append((group, int(cells["texts"].sum()), mean, mean - half, mean + half))
    return pd.DataFrame(made, columns=[by, "texts", score, "low", "high"])


def rating_means(cube: pd.DataFrame, by: str) -> pd.DataFrame:
    """Mean of the last ratings by group, as `means`; `texts` are those with a rating."""
    grouped = cube.groupby(by, dropna=False, observed=True)[["rated", "rating_sum", "rating_squares"]].sum()
    made = [
        {by: group, "texts": int(n), **dict(zip(("rating", "low", "high"), interval(n, total, squares), strict=True))}
        for group, (n, total, squares) in zip(grouped.index, grouped.to_numpy(), strict=True)
        if n
    ]
    return pd.DataFrame(made, columns=[by, "texts", "rating", "low", "high"])


def reward_means(cube: pd.DataFrame, by: str) -> pd.DataFrame:
    """Means of every reward by group in long form: group, reward, mean, low, high, texts."""
    parts = []
    for name in REWARDS:
        part = means(cube, by, f"reward_{name}").rename(columns={f"reward_{name}": "mean"})
        parts.append(part.assign(reward=name))
    return pd.concat(parts, ignore_index=True)[[by, "reward", "mean", "low", "high", "texts"]]


def interval(n: float, total: float, squares: float) -> tuple[float, float, float]:
    """Mean of n numbers from their sum and sum of squares, with the normal 95% interval of the mean; one number has
    no interval (NaN), since it says nothing of others."""
    if n <= 0:
        return math.nan, math.nan, math.nan
    mean = total / n
    if n == 1:
        return mean, math.nan, math.nan
    spread = max(0.0, squares / n - mean * mean) * n / (n - 1)
    half = 1.96 * math.sqrt(spread / n)
    return mean, mean - half, mean + half


def _with_share(frame: pd.DataFrame, hits: str, total: str) -> pd.DataFrame:
    pairs: list[tuple[Any, Any]] = list(zip(frame[hits], frame[total], strict=True))
    frame["rate"] = pd.Series([h / t if t else 0.0 for h, t in pairs], dtype="float64")
    frame["low"] = pd.Series([wilson(h, t)[0] for h, t in pairs], dtype="float64")
    frame["high"] = pd.Series([wilson(h, t)[1] for h, t in pairs], dtype="float64")
    return frame


def _counted(counts: Counter[str]) -> pd.DataFrame:
    return pd.DataFrame(counts.most_common(), columns=["reason", "count"])
