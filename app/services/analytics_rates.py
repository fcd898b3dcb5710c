"""Were the predictions right? Rates predicted when a text was drafted, beside what its campaign brought.

The prediction is the one of a text's first scorecard: a later one may come from a model that has learned from these
very results. Only results about one text alone count, by the rules of what a row may teach (results/lessons.py): clicks
once, and conversions of one action only, of days that were old enough. That action is the one which the reward model
in use has learned, or else the one with most conversions here; a text whose results tell others has no observed CVR.
In an asset report one impression counts once for each text of the ad, so its rows are never added up: texts known
only from such reports are left out. PCOC is predicted over observed clicks (or sales): 1 is right, 2 promises twice
what came. Intervals draw texts anew (bootstrap), for texts differ more than chance makes their counts differ; few
texts get none. Leaves out measuring on data kept aside, which a reward model's card holds (training/measure.py).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from app.services.analytics import View, writer
from app.services.learning import KIND
from app.services.people import Actor, require
from db import analytics as rows
from db import versions
from db.session import Database
from relate_engine.results.lessons import Counted, Lesson, each, main_action
from relate_engine.results.rows import row_from_json
from relate_engine.share import wilson
from relate_engine.training.card import Curve, Point, equal_mass

MOST = 5_000  # texts with results, the most shown ones
BINS = 8
DRAWS = 500
LEAST = 5  # texts below which there is no interval; for PCOC texts with a click (or sale)
NONE_DUE = 3.0  # where as many are due, chance brings none once in 20 times (Poisson: exp(-3) = 0.05)
COLUMNS = ["text_id", "placement", "author", "ctr", "cvr", "level", "rewards", "impressions", "clicks", "conversions",
           "tried", "told"]  # fmt: skip
SUMS = COLUMNS[-5:]
NAMED = 3  # other actions that a reason names
SOLD = ["observed_texts", "impressions", "sales", "observed", "observed_low", "observed_high"]


@dataclass(frozen=True)
class Pcoc:
    """Predicted over observed for one group; `low`, `high`: 95% bootstrap over texts, both None for few texts with a
    hit. Only `low` is told where no upper end is known: where nothing came it is `predicted` over NONE_DUE."""

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
    has learned. `left_out`: how many rows count for nothing, or not for CVR, by reason. `assets`: how many texts are
    known only from asset reports, and so not in `frame`."""

    frame: pd.DataFrame
    action: str  # "": no row tells one that counts
    learned: bool
    left_out: Counter[str]
    assets: int = 0


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
        own = [one for one in found if one.counted.row.grain != "asset"]
        sums = _sums(own, action)
        shown = sorted(sums, key=lambda text_id: (-sums[text_id][0], text_id))[:MOST]
        made = {row.text_id: tuple(row) for row in rows.predicted(session, shown)}
    others = Counter(one.action for one in own if one.conversions is not None and one.action != action)
    if others:
        names = ", ".join(name for name, _ in others.most_common(NAMED)) + (" …" if len(others) > NAMED else "")
        left_out[f"no CVR: it counts another action ({names})"] = others.total()
    assets = [one.counted.text_id for one in found if one.counted.row.grain == "asset"]
    if beside := sum(text_id in sums for text_id in assets):
        left_out["of an asset report, beside rows about the text alone"] = beside
    frame = pd.DataFrame([(*made[i], *sums[i]) for i in shown if i in made], columns=COLUMNS)
    for name in (*SUMS, "ctr", "cvr"):
        frame[name] = frame[name].astype(float).fillna(0.0)
    return Observed(frame.assign(policy=frame["author"].map(writer)), action, bool(learned), left_out,
                    len(set(assets) - set(sums)))  # fmt: skip


def _counted(stored: Iterable[Any]) -> Iterator[Counted]:
    for text_id, line, impressions, clicks, conversions, meaning, imported in stored:
        meaning.pop("text_ids")
        row = row_from_json(line, impressions, clicks, conversions, meaning)
        yield Counted(row, imported.date(), text_id=text_id)


def _sums(found: Iterable[Lesson], action: str) -> dict[int, list[float]]:
    """SUMS by text: impressions and clicks once, whatever actions they are told for; the others of this action. Rows of
    asset reports must not be among them."""
    sums: defaultdict[int, list[float]] = defaultdict(lambda: [0.0] * len(SUMS))
    for one in found:
        row, sold = one.counted.row, one.conversions if one.action == action else None
        assert one.counted.text_id is not None
        new = (row.impressions * one.owns, row.clicks * one.owns, sold or 0.0,
               row.clicks * (sold is not None), row.impressions * (sold is not None))  # fmt: skip
        sums[one.counted.text_id] = [a + b for a, b in zip(sums[one.counted.text_id], new, strict=True)]
    return sums


def sold(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Observed CTCVR by group: the group and SOLD, with its interval over texts; only texts whose results tell
    conversions, and only groups that have such texts."""
    made = []
    for group, texts in frame[frame["told"] > 0].groupby(by):
        sales, shown = texts["conversions"].to_numpy(np.float64), texts["told"].to_numpy(np.float64)
        rate = sales.sum() / shown.sum()
        made.append((group, len(texts), shown.sum(), sales.sum(), rate, *_between(sales, shown, shown)))
    return pd.DataFrame(made, columns=[by, *SOLD])


def tried(frame: pd.DataFrame, rate: str) -> pd.DataFrame:
    """The texts that have this observed rate, "CTR" or "CVR"."""
    return frame[frame["impressions" if rate == "CTR" else "tried"] > 0]


def curve(frame: pd.DataFrame, rate: str) -> Curve:
    """The reliability diagram of "CTR" or "CVR", with intervals over texts: NaN in a bin of fewer than LEAST texts."""
    predicted, hits, trials = _parts(tried(frame, rate), rate)
    points = []
    for b in equal_mass(predicted, trials, max(1, min(BINS, len(trials) // (2 * LEAST)))):
        k, n = hits[b], trials[b]
        middle = float(np.average(predicted[b], weights=n))
        points.append(Point(middle, float(k.sum() / n.sum()), *_between(k, n, n), float(n.sum())))
    return Curve(rate, tuple(points))


def pcoc(frame: pd.DataFrame, by: str, rate: str) -> list[Pcoc]:
    """PCOC of all texts together, then of every group, the most shown first; texts without the rate are in none."""
    frame = tried(frame, rate)
    groups = frame.groupby(by)["impressions"].sum().sort_values(ascending=False).index
    return [_pcoc(frame, "All of these", rate), *(_pcoc(frame[frame[by] == g], str(g), rate) for g in groups)]


def _pcoc(frame: pd.DataFrame, group: str, rate: str) -> Pcoc:
    predicted, hits, trials = _parts(frame, rate)
    wanted = predicted * trials
    told, came = float(wanted.sum()), float(hits.sum())
    if came <= 0:
        return Pcoc(group, rate, len(frame), told, came, None, told / NONE_DUE)
    if (hits > 0).sum() < LEAST or (wanted <= 0).any():
        return Pcoc(group, rate, len(frame), told, came, told / came)
    low, high = _between(hits, wanted, trials)  # of observed over predicted: what comes may be 0, what is told is not
    return Pcoc(group, rate, len(frame), told, came, told / came, 1 / high, 1 / low if low > 0 else None)


def _between(hits: np.ndarray, of: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """95% interval of the sum of `hits` over that of `of`, all one number a text: texts are drawn anew, and it is never
    narrower than chance of the hits in their trials alone (Wilson). NaN for fewer than LEAST texts.

    The percentiles are those of Hesterberg (2015), The American Statistician 69:371: plain ones are too narrow for few
    texts, as a normal interval is where a t interval belongs."""
    from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]  # here: pages without rates do without it

    n = len(hits)
    if n < LEAST:
        return math.nan, math.nan
    drawn = np.random.default_rng(0).integers(0, n, (DRAWS, n))
    tail = 100 * float(ndtr(stdtrit(n - 1, 0.025) * math.sqrt(n / (n - 1))))
    low, high = np.percentile(hits[drawn].sum(1) / of[drawn].sum(1), [tail, 100 - tail])
    scale = float(trials.sum() / of.sum())
    least, most = wilson(float(hits.sum()), float(trials.sum()))
    return min(float(low), least * scale), max(float(high), most * scale)


def _parts(frame: pd.DataFrame, rate: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = ("ctr", "clicks", "impressions") if rate == "CTR" else ("cvr", "conversions", "tried")
    predicted, hits, trials = (frame[name].to_numpy(np.float64) for name in names)
    return predicted, hits, trials
