"""Charts of learning: what each step of a round measured, and what judges say of each version.

As charts.py: heading, a reading computed from the numbers, figure and table. Leaves out what is asked (desks).
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
import plotly.graph_objects as go

from app.components import charts
from app.services.analytics_rounds import JUDGES, Gap

START = "the writer it was made from"


def over_steps(heading: str, frame: pd.DataFrame, names: Mapping[str, str], axis: str, name: str) -> charts.Chart:
    """A line a measure over the steps of a round, with a band where there is an interval.

    `frame` is analytics_rounds.steps_frame; `names`: measure → what the line is called, of those to draw.
    """
    part = frame[frame["measure"].isin(list(names))]
    figure, moves = go.Figure(), []
    for n, (measure, told) in enumerate(names.items()):
        line = part[part["measure"] == measure].sort_values("step")
        if line.empty:
            continue
        colour = charts.PALETTE[n % len(charts.PALETTE)]
        if (line["high"] > line["low"]).any():
            red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            faint = 0.15 if len(names) < 4 else 0.07
            figure.add_scatter(
                x=[*line["step"], *line["step"][::-1]], y=[*line["high"], *line["low"][::-1]], fill="toself",
                fillcolor=f"rgba({red},{green},{blue},{faint})", mode="lines", line={"width": 0}, hoverinfo="skip",
                showlegend=False,
            )  # fmt: skip
        figure.add_scatter(
            x=line["step"], y=line["value"], name=told, mode="lines+markers",
            line={"color": colour, "dash": charts.DASHES[n % len(charts.DASHES)]},
            marker={"symbol": charts.SYMBOLS[n % len(charts.SYMBOLS)], "size": 6},
            hovertemplate="step %{x}: %{y:.3f}", cliponaxis=False,
        )  # fmt: skip
        few = max(1, len(line) // 5)
        first, last = line["value"].head(few).mean(), line["value"].tail(few).mean()
        moves.append((abs(last - first) / max(abs(first), 1e-6), told, first, last))
    reading = "Nothing of this was measured."
    if moves:
        _, told, first, last = max(moves)
        steps = part["step"].nunique()
        told = (told if told[1].isupper() else told[0].lower() + told[1:]).partition(",")[0]  # without its unit
        verb = "moved most" if len(moves) > 1 else "moved"
        reading = f"Over {charts.count(steps, 'step')} {told} {verb}: {_short(first)} in the first fifth, "
        reading += f"{_short(last)} in the last."
        if steps < 5:
            reading = f"Only {charts.count(steps, 'step')} so far: too few to read a trend."
    figure.update_xaxes(title_text="training step", rangemode="tozero")
    if part["step"].max() <= 10:
        figure.update_xaxes(dtick=1)  # no half steps
    figure.update_yaxes(title_text=axis)
    table = part.assign(measure=part["measure"].map(names)).round(4)
    return charts.Chart(heading, reading, charts.dressed(figure, 340), table, name)


def _short(number: float) -> str:
    """Three figures that count, and no powers of ten."""
    return "0.000" if abs(number) < 0.0005 else f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def gap(found: Sequence[Gap], rewards: Mapping[str, tuple[float, float]], name: str) -> charts.Chart:
    """What each judge said of each version: the change from the version before, as a dot with its interval.

    `rewards`: by version, the training reward at the first and last steps: a quarter of them each, of
    older ones a step.
    """
    versions = list(dict.fromkeys(g.version for g in found))
    newest = {g.judge: g for g in found if g.version == versions[-1]}
    figure = go.Figure()
    for n, judge in enumerate(j for j in JUDGES if any(g.judge == j for g in found)):
        mine = [g for g in found if g.judge == judge]
        colour = charts.PALETTE[n % len(charts.PALETTE)]
        figure.add_scatter(
            x=[g.change for g in mine], y=[g.version for g in mine], mode="markers", name=JUDGES[judge],
            offsetgroup=judge, orientation="h",
            marker={"size": 11, "color": colour, "symbol": charts.SYMBOLS[n % len(charts.SYMBOLS)]},
            error_x={"type": "data", "symmetric": False, "array": [g.high - g.change for g in mine],
                     "arrayminus": [g.change - g.low for g in mine], "color": colour},
            hovertemplate="%{y}: %{x:+.3f}", cliponaxis=False,
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": "#7c8a86", "dash": "dash"})
    figure.update_xaxes(title_text="change on held-out briefs, 95% interval")
    figure.update_yaxes(type="category")
    figure.update_layout(scattermode="group", scattergap=0.5)  # side by side: none hides another's interval
    rows = [
        {"version": g.version, "judge": JUDGES[g.judge], "briefs": g.briefs, "before": g.before, "after": g.after,
         "change": g.change, "low": g.low, "high": g.high} for g in found
    ]  # fmt: skip
    for version, (first, last) in rewards.items():
        rows.append({"version": version, "judge": "Training reward, at the first and the last steps", "before": first,
                     "after": last, "change": last - first})  # fmt: skip
    table = pd.DataFrame(rows).round(4).replace([math.inf, -math.inf], math.nan)  # one product: no interval
    chart = charts.dressed(figure, 180 + 50 * len(versions))
    return charts.Chart(
        "Does what training rewards hold outside it?", gap_words(versions[-1], newest), chart, table, name
    )


def gap_words(version: str, judged: Mapping[str, Gap]) -> str:
    """Whether the newest version was taught to please its reward or to be better."""
    reward = judged.get("reward")
    outside = judged.get("sales") or judged.get("clicks")
    who = charts.safe(version)
    if reward is None or outside is None:
        return f"Of {who} there is no judge outside training to hold against its reward."
    judge = JUDGES[outside.judge].lower()
    told = f"{reward.change:+.3f} by the reward it was trained on, {outside.change:+.3f} by the {judge} "
    known = f"95% interval {outside.low:+.3f} to {outside.high:+.3f}" if math.isfinite(outside.low) else "one product"
    told += f"({known}, {charts.count(outside.briefs, 'brief')})"
    if reward.change > 0 and outside.high < 0:
        return f"{who}: {told}. The reward rose while the judge fell: that is gaming, do not promote it."
    if reward.change > 0 and outside.low > 0:
        return f"{who}: {told}. Both rose, so what it learned holds outside training."
    return f"{who}: {told}. The judge shows no clear change, so nothing is proven either way."


def held_out(
    frame: pd.DataFrame,
    measures: Mapping[str, str],
    heading: str,
    name: str,
    digits: str = ".3g",
    parents: Mapping[str, str] = MappingProxyType({}),
) -> charts.Chart:
    """How each version changed on held-out briefs from the one that it was made from, a dot a measure with its
    interval, written as `digits` says. Versions are not joined: each has its own start and its own held-out briefs.

    `frame` is analytics_rounds.held_out, oldest version first; `parents`: what each version was made from.
    """
    part = frame[frame["measure"].isin(list(measures))]
    part = part.assign(parent=[parents.get(v, START) for v in part["version"]])
    figure = go.Figure()
    for n, (measure, told) in enumerate(measures.items()):
        mine = part[part["measure"] == measure]
        if mine.empty:
            continue
        colour = charts.PALETTE[n % len(charts.PALETTE)]
        figure.add_scatter(
            x=mine["change"], y=mine["version"], name=told, mode="markers", cliponaxis=False,
            offsetgroup=measure, orientation="h",
            marker={"size": 11, "color": colour, "symbol": charts.SYMBOLS[n % len(charts.SYMBOLS)]},
            error_x={"type": "data", "symmetric": False, "array": mine["high"] - mine["change"],
                     "arrayminus": mine["change"] - mine["low"], "color": colour},
            customdata=[charts.safe(str(parent)) for parent in mine["parent"]],
            hovertemplate=f"%{{y}}: %{{x:+{digits}}}, changed from %{{customdata}}",
        )  # fmt: skip
    newest = part[part["version"] == part["version"].iloc[-1]]
    clear = newest[(newest["low"] > 0) | (newest["high"] < 0)]
    who, parent = (charts.safe(str(part[column].iloc[-1])) for column in ("version", "parent"))
    if clear.empty:
        reading = f"{who} differs from {parent} in none of these beyond chance."
    else:
        changed = [
            f"{measures[r['measure']].lower()} {r['before']:{digits}} → {r['after']:{digits}}"
            for _, r in clear.iterrows()
        ]
        reading = f"{who} changed clearly from {parent} in {'; '.join(changed)}; every other change may be chance."
    figure.add_vline(x=0, line={"color": "#7c8a86", "dash": "dash"})
    figure.update_xaxes(title_text="change from its start, 95% interval")
    if digits.endswith("%"):
        figure.update_xaxes(tickformat=digits)
    figure.update_yaxes(type="category")
    figure.update_layout(scattermode="group", scattergap=0.5)  # side by side: none hides another's interval
    table = part.assign(measure=part["measure"].map(measures)).rename(columns={"parent": "made from"}).round(4)
    chart = charts.dressed(figure, 180 + 50 * part["version"].nunique())
    return charts.Chart(heading, reading, chart, table, name)


def moves(heading: str, frame: pd.DataFrame, name: str) -> charts.Chart:
    """How far each version is from the one it started from, beside the most that the gate allows.

    `frame` is analytics_rounds.moves; oldest version first.
    """
    newest, farthest = frame.iloc[-1], frame.sort_values("kl").iloc[-1]
    who, within = charts.safe(str(newest["version"])), newest["kl"] <= newest["bound"]
    reading = f"{who} moved {newest['kl']:.3f} nats a token from {charts.safe(str(newest['start']))}, "
    reading += f"{'within' if within else 'past'} the {newest['bound']:g} that the gate allows"
    if len(frame) > 1 and farthest["version"] == newest["version"]:
        reading += f"; that is the farthest of {len(frame):,} versions."
    elif len(frame) > 1:
        other = charts.safe(str(farthest["version"]))
        reading += f"; of {len(frame):,} versions {other} moved farthest ({farthest['kl']:.3f})."
    else:
        reading += "."
    figure = go.Figure()
    figure.add_scatter(
        x=frame["version"], y=frame["kl"], name="KL to its start", mode="lines+markers", cliponaxis=False,
        line={"color": charts.PALETTE[0], "dash": charts.DASHES[0]},
        marker={"symbol": charts.SYMBOLS[0], "size": 9}, hovertemplate="%{x}: %{y:.3f}",
    )  # fmt: skip
    figure.add_scatter(
        x=frame["version"], y=frame["bound"], name="most that the gate allows", mode="lines+markers",
        line={"color": "#7c8a86", "dash": "dash"}, marker={"symbol": "line-ew-open", "size": 16},
        hovertemplate="%{x}: %{y:g}", cliponaxis=False,
    )  # fmt: skip
    figure.update_xaxes(type="category")
    figure.update_yaxes(title_text="nats a token", rangemode="tozero")
    table = frame.rename(columns={"kl": "KL, nats a token", "bound": "most allowed", "start": "made from"}).round(4)
    return charts.Chart(heading, reading, charts.dressed(figure, 340), table, name)
