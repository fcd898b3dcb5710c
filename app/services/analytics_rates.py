"""Were the predictions right? Rates predicted when a text was drafted, beside what its campaign brought.

The prediction is the one of a text's first scorecard: a later one may come from a model that has learned from these
very results. Only results about one text alone count, by the rules of what a row may teach (results/lessons.py): clicks
once, and conversions of one action only, of days that were old enough. That action is the one which the reward model
in use has learned, or else the one with most conversions here; a text whose results tell others has no observed CVR.
PCOC is predicted over observed clicks (or sales): 1 is right, 2 promises twice what came. Leaves out measuring on
data kept aside, which a reward model's card holds (training/measure.py).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from app.services.analytics import View, shares, writer
from app.services.learning import KIND
from app.services.people import Actor, require
from db import analytics as rows
from db import versions
from db.session import Database
from relate_engine.results.lessons import Counted, Lesson, each, main_action
from relate_engine.results.rows import row_from_json
from relate_engine.training.card import Curve, reliability

MOST = 5_000  # texts with results, the most shown ones
BINS = 8
DRAWS = 500
LEAST = 5  # texts below which there is no interval
COLUMNS = ["text_id", "placement", "author", "ctr", "cvr", "level", "rewards", "impressions", "clicks", "conversions",
           "tried", "told"]  # fmt: skip
SUMS = COLUMNS[-5:]
NAMED = 3  # other actions that a reason names
SOLD = ["observed_texts", "impressions", "sales", "observed", "observed_low", "observed_high"]


@dataclass(frozen=True)
class Pcoc:
    """Predicted over observed for one group; `low`, `high`: 95% bootstrap over texts, None for few texts."""

    group: str
    rate: str  # "CTR" or "CVR"
    texts: int
    predicted: float  # how many clicks or sales
    observed: float
    value: float | None  # None where nothing came
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Observed:
    """`frame`: one row a text with results: COLUMNS with the writer as `policy`; `conversions` are of `action`, `tried`
    the clicks and `told` the impressions in rows that tell them. `learned`: `action` is what the reward model in use
    has learned. `left_out`: how many rows count for nothing, or not for CVR, by reason."""

    frame: pd.DataFrame
    action: str  # "": no row tells one that counts
    learned: bool
    left_out: Counter[str]


def observed(db: Database, actor: Actor, view: View, lag_days: int = 7) -> Observed:
    """The most shown texts with results. `lag_days`: the setting conversion_lag_days."""
    require(actor, "analytics.read")
    left_out: Counter[str] = Counter()
    with db.read() as session:
        model = versions.active(session, actor.workspace_id, KIND)
        learned = str(model.manifest.get("data", {}).get("action", "")) if model else ""
        found = list(each(list(_counted(rows.results(session, view.window(actor)))), lag_days, left_out))
        told = ((o.summable, o.action, o.conversions, o.counted.row.clicks) for o in found)
        action = learned or main_action(told)
        sums = _sums(found, action)
        shown = sorted(sums, key=lambda text_id: (-sums[text_id][0], text_id))[:MOST]
        made = {row.text_id: tuple(row) for row in rows.predicted(session, shown)}
    others = Counter(one.action for one in found if one.conversions is not None and one.action != action)
    if others:
        names = ", ".join(name for name, _ in others.most_common(NAMED)) + (" …" if len(others) > NAMED else "")
        left_out[f"no CVR: it counts another action ({names})"] = others.total()
    frame = pd.DataFrame([(*made[i], *sums[i]) for i in shown if i in made], columns=COLUMNS)
    for name in (*SUMS, "ctr", "cvr"):
        frame[name] = frame[name].astype(float).fillna(0.0)
    return Observed(frame.assign(policy=frame["author"].map(writer)), action, bool(learned), left_out)


def _counted(stored: Iterable[Any]) -> Iterator[Counted]:
    for text_id, line, impressions, clicks, conversions, meaning, imported in stored:
        meaning.pop("text_ids")
        row = row_from_json(line, impressions, clicks, conversions, meaning)
        yield Counted(row, imported.date(), text_id=text_id)


def _sums(found: Iterable[Lesson], action: str) -> dict[int, list[float]]:
    """SUMS by text: impressions and clicks once, whatever actions they are told for; the others of this action."""
    sums: defaultdict[int, list[float]] = defaultdict(lambda: [0.0] * len(SUMS))
    for one in found:
        row, sold = one.counted.row, one.conversions if one.action == action else None
        assert one.counted.text_id is not None
        new = (row.impressions * one.owns, row.clicks * one.owns, sold or 0.0,
               row.clicks * (sold is not None), row.impressions * (sold is not None))  # fmt: skip
        sums[one.counted.text_id] = [a + b for a, b in zip(sums[one.counted.text_id], new, strict=True)]
    return sums


def sold(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Observed CTCVR by group: the group and SOLD, with the Wilson interval of sales in impressions; only texts whose
    results tell conversions, and only groups that have such texts."""
    told = frame[frame["told"] > 0]
    texts = told.groupby(by).size().rename("observed_texts").reset_index()
    names = {"told": "impressions", "conversions": "sales", "rate": "observed", "low": "observed_low",
             "high": "observed_high"}  # fmt: skip
    rates = shares(told, by, "conversions", "told").rename(columns=names)
    return texts.merge(rates, on=by)[[by, *SOLD]]


def tried(frame: pd.DataFrame, rate: str) -> pd.DataFrame:
    """The texts that have this observed rate, "CTR" or "CVR"."""
    return frame[frame["impressions" if rate == "CTR" else "tried"] > 0]


def curve(frame: pd.DataFrame, rate: str) -> Curve:
    """The reliability diagram of "CTR" or "CVR"."""
    predicted, hits, trials = _parts(tried(frame, rate), rate)
    return reliability(rate, predicted, hits, trials, BINS)


def pcoc(frame: pd.DataFrame, by: str, rate: str) -> list[Pcoc]:
    """PCOC of all texts together, then of every group, the most shown first; texts without the rate are in none."""
    frame = tried(frame, rate)
    groups = frame.groupby(by)["impressions"].sum().sort_values(ascending=False).index
    return [_pcoc(frame, "This workspace", rate), *(_pcoc(frame[frame[by] == g], str(g), rate) for g in groups)]


def _pcoc(frame: pd.DataFrame, group: str, rate: str) -> Pcoc:
    predicted, hits, trials = _parts(frame, rate)
    wanted = predicted * trials
    told, came = float(wanted.sum()), float(hits.sum())
    if came <= 0:
        return Pcoc(group, rate, len(frame), told, came, None)
    if len(frame) < LEAST:
        return Pcoc(group, rate, len(frame), told, came, told / came)
    drawn = np.random.default_rng(0).integers(0, len(frame), (DRAWS, len(frame)))
    low, high = np.percentile(wanted[drawn].sum(1) / np.maximum(hits[drawn].sum(1), 1e-9), [2.5, 97.5])
    return Pcoc(group, rate, len(frame), told, came, told / came, float(low), float(high))


def _parts(frame: pd.DataFrame, rate: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = ("ctr", "clicks", "impressions") if rate == "CTR" else ("cvr", "conversions", "tried")
    predicted, hits, trials = (frame[name].to_numpy(np.float64) for name in names)
    return predicted, hits, trials
