"""Were the predictions right? Rates predicted when a text was drafted, beside what its campaign brought.

The prediction is the one of a text's first scorecard: a later one may come from a model that has learned from these
very results. Only results about one text alone count, and for sales only those whose file tells conversions.
PCOC is predicted over observed clicks (or sales): 1 is right, 2 promises twice what came. Leaves out measuring on
data kept aside, which a reward model's card holds (training/measure.py).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.services.analytics import View, shares, writer
from app.services.people import Actor, require
from db import analytics as rows
from db.session import Database
from relate_engine.training.card import Curve, reliability

MOST = 5_000  # texts with results, the most shown ones
BINS = 8
DRAWS = 500
LEAST = 5  # texts below which there is no interval
COLUMNS = ["text_id", "placement", "author", "ctr", "cvr", "level", "rewards", "impressions", "clicks", "conversions",
           "tried", "told"]  # fmt: skip
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


def observed(db: Database, actor: Actor, view: View) -> pd.DataFrame:
    """One row a text with results: COLUMNS with the writer as `policy`; `tried` are the clicks that could convert,
    `told` the impressions in rows that tell conversions."""
    require(actor, "analytics.read")
    with db.read() as session:
        found = rows.observed(session, view.window(actor), MOST)
    frame = pd.DataFrame([tuple(row) for row in found], columns=COLUMNS)
    for name in ("impressions", "clicks", "conversions", "tried", "told", "ctr", "cvr"):
        frame[name] = frame[name].astype(float).fillna(0.0)
    frame["conversions"] = frame[["conversions", "tried"]].min(axis=1)  # some platforms count several a click
    return frame.assign(policy=frame["author"].map(writer))


def sold(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Observed CTCVR by group: the group and SOLD, with the Wilson interval of sales in impressions; only texts whose
    results tell conversions, and only groups that have such texts."""
    told = frame[frame["told"] > 0]
    texts = told.groupby(by).size().rename("observed_texts").reset_index()
    names = {"told": "impressions", "conversions": "sales", "rate": "observed", "low": "observed_low",
             "high": "observed_high"}  # fmt: skip
    rates = shares(told, by, "conversions", "told").rename(columns=names)
    return texts.merge(rates, on=by)[[by, *SOLD]]


def curve(frame: pd.DataFrame, rate: str) -> Curve:
    """The reliability diagram of "CTR" or "CVR"."""
    predicted, hits, trials = _parts(frame, rate)
    return reliability(rate, predicted, hits, trials, BINS)


def pcoc(frame: pd.DataFrame, by: str, rate: str) -> list[Pcoc]:
    """PCOC of all texts together, then of every group, the most shown first."""
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
