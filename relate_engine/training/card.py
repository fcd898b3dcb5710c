"""A model card: what a reward model is, what it was measured at, and what it cannot do.

Written by the command that trains, beside the model: `card.json` for the Rewards desk, which draws the diagram
from the points, and `card.md` for people. Every metric has an interval or says why it has none.
Leaves out: how anything is measured.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from relate_engine.share import wilson

JSON, MARKDOWN = "card.json", "card.md"


@dataclass(frozen=True)
class Metric:
    """One figure. `low`, `high`: 95 % interval, None where there is none; `note` says on what it was measured."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Point:
    """One bin of a reliability diagram: mean predicted and observed rate, and how many trials it holds.

    `low`, `high`: 95 % interval of the observed rate (Wilson)."""

    predicted: float
    observed: float
    low: float
    high: float
    trials: float


@dataclass(frozen=True)
class Curve:
    """The reliability diagram of one rate."""

    name: str  # of what is predicted, such as "CTR"
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Card:
    """Everything a reader of the Rewards desk needs to judge a reward model."""

    name: str
    version: str
    summary: str  # one plain sentence
    command: str  # that made it
    date: str  # UTC, ISO
    data: dict[str, str]  # what it learned from: name → plain words
    metrics: tuple[Metric, ...]
    reliability: tuple[Curve, ...]
    limits: tuple[str, ...]
    source: str  # "imported", "simulated", "prior", or "labelled": texts that were labelled or judged by hand
    licence: str = "Apache-2.0"


def now() -> str:
    """The moment, as cards hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def reliability(name: str, predicted: np.ndarray, hits: np.ndarray, trials: np.ndarray, bins: int = 15) -> Curve:
    """Bins of equal trials in the order of the prediction, since rates are skewed."""
    points = []
    for b in equal_mass(predicted, trials, bins):
        n, k = float(trials[b].sum()), float(hits[b].sum())
        low, high = wilson(k, n)
        points.append(Point(float(np.average(predicted[b], weights=trials[b])), k / n, low, high, n))
    return Curve(name, tuple(points))


def equal_mass(predicted: np.ndarray, trials: np.ndarray, bins: int) -> list[np.ndarray]:
    """Row numbers of each bin that is not empty; each holds about as many trials."""
    order = np.argsort(predicted, kind="stable")
    total = np.cumsum(trials[order])
    if not len(total) or total[-1] <= 0:
        return []
    place = np.minimum((total - trials[order] / 2) / total[-1] * bins, bins - 1).astype(int)
    return [order[place == b] for b in range(bins) if trials[order[place == b]].sum() > 0]


def auc_interval(score: np.ndarray, truth: np.ndarray, groups: Sequence[str], times: int = 500) -> tuple[float, float]:
    """95 % interval of the area under the ROC curve, by drawing whole groups anew."""
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(0)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    found = []
    for _ in range(times):
        weight = np.bincount(draw.integers(0, len(names), len(names)), minlength=len(names))[group]
        if len(np.unique(truth[weight > 0])) == 2:  # a draw of one class alone has no area
            found.append(roc_auc_score(truth, score, sample_weight=weight))
    low, high = np.quantile(found, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def ece(curve: Curve) -> float:
    """Expected calibration error as a share of the base rate: mean gap of the bins / observed rate in all."""
    total = sum(p.trials for p in curve.points)
    base = sum(p.trials * p.observed for p in curve.points) / total if total else 0.0
    gap = sum(p.trials * abs(p.predicted - p.observed) for p in curve.points) / total if total else 0.0
    return gap / base if base else float("nan")


def write_card(card: Card, folder: Path) -> None:
    """`card.json` and `card.md` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / MARKDOWN).write_text(markdown(card), "utf-8")


def read_card(folder: Path) -> Card | None:
    """The card in `folder`, or None where there is none that can be read."""
    try:
        data = json.loads((folder / JSON).read_text("utf-8"))
        curves = tuple(Curve(c["name"], tuple(Point(**p) for p in c["points"])) for c in data["reliability"])
        metrics = tuple(Metric(**m) for m in data["metrics"])
        return Card(**data | {"metrics": metrics, "reliability": curves, "limits": tuple(data["limits"])})
    except (OSError, KeyError, TypeError, ValueError):
        return None


def markdown(card: Card) -> str:
    """The card for people."""
    lines = [f"# {card.name}", "", card.summary, "", f"Version `{card.version}`, {card.date}, `{card.command}`, "
             f"{card.licence}, source: {card.source}.", "", "## Data", ""]  # fmt: skip
    lines += [f"- {name}: {words}" for name, words in card.data.items()]
    lines += ["", "## Measured", "", "| figure | value | 95 % interval | on |", "|---|---|---|---|"]
    for m in card.metrics:
        between = f"{m.low:.4g} to {m.high:.4g}" if m.low is not None and m.high is not None else "none"
        lines.append(f"| {m.name} | {m.value:.4g} | {between} | {m.note} |")
    for c in card.reliability:
        lines += ["", f"## Reliability of {c.name}", "", "| predicted | observed | 95 % interval | trials |",
                  "|---|---|---|---|"]  # fmt: skip
        lines += [f"| {p.predicted:.4%} | {p.observed:.4%} | {p.low:.4%} to {p.high:.4%} | {p.trials:,.0f} |"
                  for p in c.points]  # fmt: skip
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card.limits), ""]
    return "\n".join(lines)


def grouped(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of repeats and its 95 % interval (normal, of the mean)."""
    a = np.asarray(values, np.float64)
    half = 1.959964 * a.std(ddof=1) / np.sqrt(len(a)) if len(a) > 1 else float("nan")
    return float(a.mean()), float(a.mean() - half), float(a.mean() + half)
