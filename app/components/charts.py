"""A chart that can be read without seeing it: heading, one plain sentence, figure, and its table as CSV.

Figures are Plotly, made from small pandas frames that services/analytics.py grouped; colours mean the
same everywhere and never stand alone: bars have patterns, lines have dashes and markers. Leaves out what is
asked and by whom (desks), and the charts of rounds and of results (charts_rounds.py, charts_results.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unicodedata import category

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.services.exporting_table import escaped

PALETTE = ("#2f8f6f", "#4c78c4", "#d68a1c", "#a35fb8", "#c4546a", "#5aa6b5", "#8a7d3f", "#7c8a86", "#b07d62")
COLOURS = {
    "clear": "#2f8f6f", "caution": "#d68a1c", "blocked": "#c4483b", "compliant": "#2f8f6f", "violation": "#c4483b",
    "pick": "#2f8f6f", "copy": "#5aa6b5", "export": "#4c78c4", "edit": "#a35fb8", "rate": "#d68a1c",
    "reject": "#c4483b", "unpick": "#7c8a86",
}  # fmt: skip
ACCENT = "#28795f"  # white words on it and it on the dark ground can be read
GREENS = [[0, "#c4483b"], [0.5, "#ecd9a8"], [1, "#2f8f6f"]]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "triangle-down", "hexagon")
PATTERNS = ("", "/", "x", "-", ".", "\\", "+", "|")
DAY_MS = 24 * 3600 * 1000
_PLAIN = " -.,+%()'\u200c\u200d"
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


@dataclass(frozen=True)
class Chart:
    """`table` holds the numbers of the figure; `name` is its CSV's file name without ending."""

    heading: str
    reading: str
    figure: go.Figure
    table: pd.DataFrame
    name: str


def show(chart: Chart, may_download: bool) -> None:
    """Draws a chart with all that belongs to it."""
    with st.container(border=True):
        st.header(chart.heading, anchor=False)
        st.markdown(chart.reading)
        st.plotly_chart(chart.figure, config=CONFIG, key=f"chart_{chart.name}", alt=chart.reading)
        with st.expander("The numbers as a table"):
            st.dataframe(chart.table, hide_index=True, key=f"table_{chart.name}")
            if may_download:
                st.download_button(
                    "Download CSV", csv_of(chart.table), f"{chart.name}.csv", "text/csv",
                    key=f"csv_{chart.name}", on_click="ignore", icon=":material/download:",
                )  # fmt: skip


def csv_of(table: pd.DataFrame) -> bytes:
    """A table as CSV that every spreadsheet opens and none runs."""
    safe = table.map(escaped)
    safe.columns = [escaped(str(column)) for column in table.columns]
    return bytes(safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def over_time(heading: str, what: str, days: pd.DataFrame, by: str, name: str) -> Chart:
    """Stacked bars of how many a day. `days` has day, `by` and count, as analytics.per_day gives them."""
    totals = days.groupby("day")["count"].sum()
    most = pd.Timestamp(str(totals.idxmax()))
    total = int(totals.sum())
    reading = f"{total:,} {what} on {count(len(totals), 'day')}"
    when = f"{most.day} {most:%B %Y}"
    reading += f"; most on {when} ({totals.max():,})." if len(totals) > 1 else f" ({when})."
    figure = go.Figure()
    for number, (group, part) in enumerate(days.groupby(by, observed=True, sort=True)):
        figure.add_bar(
            x=part["day"].dt.tz_localize(None),
            y=part["count"],
            name=str(group),
            width=0.8 * DAY_MS,
            marker={
                "color": COLOURS.get(str(group), PALETTE[number % len(PALETTE)]),
                "pattern": {
                    "shape": PATTERNS[number % len(PATTERNS)],
                    "fillmode": "overlay",
                    "size": 5,
                    "fgcolor": "rgba(255, 255, 255, 0.6)",
                },
            },
            hovertemplate="%{x|%-d %b %Y}: %{y}<extra>" + safe(str(group)) + "</extra>",
        )
    _day_axis(figure, totals.index)
    figure.update_yaxes(title_text=what, rangemode="tozero", tickformat=",d")
    figure.update_layout(barmode="stack", showlegend=True)  # one group alone has a name too
    table = days.assign(day=days["day"].dt.strftime("%Y-%m-%d")).rename(columns={"day": "day (UTC)"})
    return Chart(heading, reading, dressed(figure, 320), table, name)


def trend(heading: str, scores: pd.DataFrame, name: str) -> Chart:
    """A line a reward over days. `scores` is analytics.reward_means' long form, grouped by day."""
    ends = scores.sort_values("day").groupby("reward")["mean"].agg(["first", "last"])
    moved = ends["last"] - ends["first"]
    most = str(moved.abs().idxmax())
    number = scores["day"].nunique()
    reading = f"{most.capitalize()} moved most, from {ends['first'][most]:.2f} on the first day to "
    reading += f"{ends['last'][most]:.2f} on the last; days with few texts swing widely."
    if number == 1:
        reading = "One day so far, so there is no trend to read yet."
    figure = go.Figure()
    for place, (reward, part) in enumerate(scores.groupby("reward")):
        figure.add_scatter(
            x=part["day"].dt.tz_localize(None), y=part["mean"], name=str(reward), mode="lines+markers",
            line={"color": PALETTE[place % len(PALETTE)], "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7},
            hovertemplate="%{x|%-d %b %Y}: %{y:.2f}", cliponaxis=False,
        )  # fmt: skip
    _day_axis(figure, scores["day"])
    figure.update_yaxes(range=[0, 1.02], title_text="mean")
    table = scores.assign(day=scores["day"].dt.strftime("%Y-%m-%d")).round(3)
    return Chart(heading, reading, dressed(figure, 320), table.rename(columns={"day": "day (UTC)"}), name)


def rates(heading: str, doing: str, frame: pd.DataFrame, by: str, hits: str, total: str, name: str) -> Chart:
    """Shares with their 95% intervals, best first; the reading says whether the first really leads.

    `doing` completes "<group> was <doing>". `frame` is what analytics.shares gives.
    """
    frame = frame.sort_values(["rate", total], ascending=False)
    first = frame.iloc[0]
    often = " most often" if len(frame) > 1 else ""
    reading = (
        f"{safe(str(first[by]))} was {doing}{often}: {int(first[hits]):,} of {int(first[total]):,} "
        f"({first['rate']:.0%}, between {first['low']:.0%} and {first['high']:.0%})"
    )
    if first["rate"] == 0:
        reading = f"None was {doing} yet."
    elif len(frame) == 1:
        reading += "; there is nothing to compare it with yet."
    elif first["low"] > frame.iloc[1:]["high"].max():
        reading += ", clearly more than every other."
    else:
        reading += "; the intervals overlap, so this is no clear difference yet."
    labels = [f"{group} ({n:,})" for group, n in zip(frame[by], frame[total], strict=True)]
    figure = dots(labels, frame["rate"], frame["low"], frame["high"], "%{x:.0%}")
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02], title_text="share and 95% interval")
    table = frame.assign(**{column: frame[column].round(3) for column in ("rate", "low", "high")})
    return Chart(heading, reading, dressed(figure, 130 + 34 * len(frame)), table, name)


def means(heading: str, scores: pd.DataFrame, by: str, name: str) -> Chart:
    """Mean of every reward by group as a grid of numbers. `scores` is analytics.reward_means' long form."""
    grid = scores.pivot(index=by, columns="reward", values="mean")
    grid = grid.loc[sorted(grid.index, reverse=True)]  # Plotly draws from below
    lowest = scores.sort_values("mean").iloc[0]
    reading = (
        f"Every reward runs from 0 to 1, higher is better; the lowest mean is {lowest['mean']:.2f}, "
        f"{lowest['reward']} of {safe(str(lowest[by]))} ({count(int(lowest['texts']), 'text')})."
    )
    figure = go.Figure(
        go.Heatmap(
            z=grid.to_numpy(), x=list(grid.columns), y=[str(group) for group in grid.index], zmin=0, zmax=1,
            colorscale=GREENS, showscale=False, texttemplate="%{z:.2f}", xgap=2, ygap=2,
            textfont={"color": "#10201a"}, hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(side="top", showgrid=False)
    figure.update_yaxes(showgrid=False)
    table = scores.round(3)
    return Chart(heading, reading, dressed(figure, 110 + 36 * len(grid)), table, name)


def spread(
    heading: str, reading: str, frame: pd.DataFrame, by: str, value: str, digits: str, name: str,
    bounds: tuple[float, float] | None = None,
) -> Chart:  # fmt: skip
    """Mean of a number by group with its 95% interval (`low` to `high`), as analytics.means gives it."""
    frame = frame.sort_values(value, ascending=False)
    labels = [f"{group} ({n:,})" for group, n in zip(frame[by], frame["texts"], strict=True)]
    figure = dots(labels, frame[value], frame["low"], frame["high"], "%{x:" + digits + "}")
    figure.update_xaxes(tickformat=digits, title_text="mean and 95% interval", nticks=6)
    if bounds:
        margin = 0.02 * (bounds[1] - bounds[0])
        figure.update_xaxes(range=[bounds[0] - margin, bounds[1] + margin])
    return Chart(heading, reading, dressed(figure, 130 + 34 * len(frame)), frame.round(5), name)


def dots(
    labels: Sequence[str], middle: pd.Series, low: pd.Series, high: pd.Series, told: str
) -> go.Figure:  # fmt: skip
    error: dict[str, Any] = {
        "type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low,
        "thickness": 2, "width": 5, "color": ACCENT,
    }  # fmt: skip
    figure = go.Figure(
        go.Scatter(
            x=middle, y=list(labels), mode="markers", error_x=error, marker={"size": 11, "color": ACCENT},
            cliponaxis=False, hovertemplate="%{y}: " + told + "<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    return figure


def _day_axis(figure: go.Figure, days: pd.Index | pd.Series) -> None:
    """Days as dates, at least a week of them, so that a single bar does not fill the chart."""
    first, last = (pd.Timestamp(str(day)).tz_localize(None) for day in (days.min(), days.max()))
    start, end = first - timedelta(days=max(0, 6 - (last - first).days) + 0.6), last + timedelta(days=0.6)
    few = {"dtick": DAY_MS} if (end - start).days <= 10 else {}
    figure.update_xaxes(type="date", range=[start, end], tickformat="%-d %b", nticks=7, tickangle=0, **few)


def dressed(figure: go.Figure, height: int) -> go.Figure:
    """The common look: no zooming (a finger scrolls the page, not the chart), and the legend at the lower edge of the
    whole picture, not beside the plot: its place then holds however wide the window becomes."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False, bargap=0.2,
        legend={"orientation": "h", "xref": "container", "yref": "container", "x": 0, "y": 0, "xanchor": "left",
                "yanchor": "bottom", "title_text": ""},
        hoverlabel={"namelength": -1},
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure


def count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def safe(text: str) -> str:
    """A name in a sentence: version names may hold characters that Markdown or HTML would read.

    Marks stay on their letters, and so do the joiners that shape Persian and Hindi."""
    return "".join(c if c.isalnum() or category(c).startswith("M") or c in _PLAIN else " " for c in text)
