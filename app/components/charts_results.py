"""Charts of predictions against results, of the way to a sale, and of writers in the plane of sales and compliance.

As charts.py: heading, a reading computed from the numbers, figure and table. Leaves out what is asked (desks).
"""

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from app.components import charts
from app.services.analytics_rates import Pcoc
from relate_engine.training.card import Curve


def reliability(curve: Curve, name: str) -> charts.Chart:
    """Predicted against observed rates with 95% intervals; on the diagonal a prediction is right."""
    frame = pd.DataFrame([vars(p) for p in curve.points])
    held = ((frame["low"] <= frame["predicted"]) & (frame["predicted"] <= frame["high"])).sum()
    few = f"{frame['trials'].min():,.0f}"
    reading = (
        f"In {held} of {len(frame)} groups the predicted {charts.safe(curve.name)} lies within what was observed "
        f"(95% interval); the smallest group holds {few} trials. On the dashed line a prediction is exactly right."
    )
    end = 1.05 * float(frame[["predicted", "high"]].max().max())
    figure = go.Figure()
    figure.add_scatter(x=[0, end], y=[0, end], mode="lines", line={"color": "#7c8a86", "dash": "dash"},
                       name="exactly right", hoverinfo="skip")  # fmt: skip
    figure.add_scatter(
        x=frame["predicted"], y=frame["observed"], mode="markers", name="observed",
        marker={"color": charts.ACCENT, "size": 8},
        error_y={"array": frame["high"] - frame["observed"], "arrayminus": frame["observed"] - frame["low"],
                 "color": charts.ACCENT, "thickness": 1.2},
        hovertemplate="predicted %{x:.2%}, observed %{y:.2%}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=f"predicted {charts.safe(curve.name)}", tickformat=".1%", range=[0, end])
    figure.update_yaxes(title_text="observed, 95% interval", tickformat=".1%", range=[0, end])
    table = frame.assign(
        **{c: frame[c].map("{:.3%}".format) for c in ("predicted", "observed", "low", "high")},
        trials=frame["trials"].round().astype(int),
    )
    return charts.Chart(f"Reliability of {charts.safe(curve.name)}", reading, charts.dressed(figure, 340), table, name)


def pcoc(heading: str, found: Sequence[Pcoc], name: str) -> charts.Chart:
    """Predicted over observed by group on a log axis; the first is all texts together."""
    known = [p for p in found if p.value is not None]
    every = known[0]
    assert every.value is not None
    low, high = every.low or every.value, every.high or every.value
    reading = f"Over all {charts.count(every.texts, 'text')} {every.predicted:,.0f} were predicted and "
    reading += f"{every.observed:,.0f} came, so predicted over observed is {every.value:.2f}"
    if every.low is None:
        reading += "; too few texts to say whether that is chance."
    elif low <= 1 <= high:
        reading += f" (95% interval {low:.2f} to {high:.2f}): 1 lies inside, so the predictions may well be right."
    else:
        promised = "too much" if every.value > 1 else "too little"
        reading += f" (95% interval {low:.2f} to {high:.2f}): they promise {promised}."
    labels = [f"{p.group} ({p.texts:,} texts)" for p in known]
    frame = pd.DataFrame({"value": [p.value for p in known], "low": [p.low or p.value for p in known],
                          "high": [p.high or p.value for p in known]})  # fmt: skip
    figure = charts.dots(labels, frame["value"], frame["low"], frame["high"], "%{x:.2f}")
    figure.add_vline(x=1, line={"color": "#7c8a86", "dash": "dash"})
    figure.update_xaxes(title_text="predicted / observed, 95% interval; 1 is right", type="log", nticks=8)
    table = pd.DataFrame(
        [{"group": p.group, "texts": p.texts, "predicted": round(p.predicted, 1), "observed": p.observed,
          "predicted / observed": round(p.value, 3) if p.value else None, "low": p.low and round(p.low, 3),
          "high": p.high and round(p.high, 3)} for p in found]
    )  # fmt: skip
    return charts.Chart(heading, reading, charts.dressed(figure, 130 + 34 * len(known)), table, name)


def funnel(heading: str, stages: pd.DataFrame, name: str) -> charts.Chart:
    """Bars of how many texts got how far. `stages` is what analytics.funnel gives."""
    counts = dict(zip(stages["stage"], stages["texts"], strict=True))
    drafted, live, sold = (int(counts[stage]) for stage in ("Drafted", "Live", "Converted"))
    steps = list(zip(stages["stage"], stages["texts"], strict=True))
    falls = [(b / a, one, two) for (one, a), (two, b) in pairwise(steps) if a]
    reading = f"Of {drafted:,} drafted texts {live:,} went live ({live / drafted:.1%}) and {sold:,} brought a sale"
    if falls:
        kept, one, two = min(falls)
        reading += f"; most stop between {one.lower()} and {two.lower()} ({kept:.0%} go on)."
    figure = go.Figure(
        go.Bar(
            x=stages["texts"], y=stages["stage"], orientation="h", marker={"color": charts.ACCENT},
            text=[f"{n:,} ({r:.1%})" for n, r in zip(stages["texts"], stages["rate"], strict=True)],
            textposition="auto", hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title_text="texts", rangemode="tozero", tickformat=",d")
    table = stages.drop(columns="of").round(4).rename(columns={"rate": "share of drafted"})
    return charts.Chart(heading, reading, charts.dressed(figure, 360), table, name)


def plane(heading: str, frame: pd.DataFrame, name: str) -> charts.Chart:
    """CTCVR against the compliance score: a filled point a writer for what was predicted, with intervals both ways,
    and an open one above or below it for what was observed, where there are results.

    `frame`: policy, texts, ctcvr, ctcvr_low, ctcvr_high, score, score_low, score_high, and the columns of
    analytics_rates.sold, empty for a writer without results.
    """
    best, safest = (frame.sort_values(name).iloc[-1] for name in ("ctcvr", "score"))
    if len(frame) == 1:
        reading = f"{charts.safe(str(best['policy']))} alone wrote in these days: nothing to compare."
    elif best["policy"] == safest["policy"]:
        reading = f"{charts.safe(str(best['policy']))} leads on both: predicted sales {best['ctcvr']:.3%} an impression"
        reading += f", compliance {best['score']:.0f} of 100."
    else:
        reading = f"{charts.safe(str(best['policy']))} is predicted to sell most ({best['ctcvr']:.3%} an impression) "
        reading += f"at compliance {best['score']:.0f}; {charts.safe(str(safest['policy']))} is the safest "
        reading += f"({safest['score']:.0f}) at {safest['ctcvr']:.3%}."
    others = frame[frame["policy"] != best["policy"]]
    if len(others) and best["ctcvr_low"] <= others["ctcvr_high"].max():
        reading += " The intervals of predicted sales overlap, so that lead may be chance."
    reading += f" {observed_words(frame)}"
    figure, seen = go.Figure(), bool(frame["observed"].notna().any())
    for n, (_, row) in enumerate(frame.iterrows()):
        colour, symbol = charts.PALETTE[n % len(charts.PALETTE)], charts.SYMBOLS[n % len(charts.SYMBOLS)]
        told = f"{row['policy']}, predicted" if seen else str(row["policy"])
        figure.add_scatter(
            x=[row["score"]], y=[row["ctcvr"]], mode="markers", name=told, cliponaxis=False,
            marker={"size": 12, "color": colour, "symbol": symbol},
            error_x={"array": [row["score_high"] - row["score"]], "arrayminus": [row["score"] - row["score_low"]],
                     "color": colour},
            error_y={"array": [row["ctcvr_high"] - row["ctcvr"]], "arrayminus": [row["ctcvr"] - row["ctcvr_low"]],
                     "color": colour},
            hovertemplate="compliance %{x:.1f}, CTCVR %{y:.3%}",
        )  # fmt: skip
        if pd.isna(row["observed"]):
            continue
        told = f"{row['policy']}, observed"
        figure.add_scatter(
            x=[row["score"]], y=[row["observed"]], mode="markers", name=told, cliponaxis=False,
            marker={"size": 14, "color": colour, "symbol": f"{symbol}-open", "line": {"width": 2}},
            error_y={"array": [row["observed_high"] - row["observed"]],
                     "arrayminus": [row["observed"] - row["observed_low"]], "color": colour, "thickness": 1,
                     "width": 9},
            hovertemplate="compliance %{x:.1f}, CTCVR %{y:.3%}",
        )  # fmt: skip
    figure.update_xaxes(title_text="mean compliance score (100 is best)")
    what = "CTCVR: predicted (filled), observed (open)" if seen else "mean predicted CTCVR"
    figure.update_yaxes(title_text=what, tickformat=".4%")
    figure.update_layout(showlegend=True)  # one point alone has a name too
    names = {"ctcvr": "predicted", "ctcvr_low": "predicted_low", "ctcvr_high": "predicted_high"}
    table = frame.round(6).rename(columns=names)
    return charts.Chart(heading, reading, charts.dressed(figure, 420 if seen else 360), table, name)


def observed_words(frame: pd.DataFrame) -> str:
    """Who sold most in campaigns, and whether that is chance; or that nobody knows. `frame` is that of `plane`."""
    known = frame[frame["observed"].notna()]
    if known.empty:
        return "No campaign results tell what one of these texts alone sold, so this is the model's own opinion."
    best = known.sort_values(["observed", "impressions"]).iloc[-1]
    others, missing = known[known["policy"] != best["policy"]], len(frame) - len(known)
    without = f"; {charts.count(missing, 'writer')} without results" if missing else ""
    if not best["observed"]:
        return f"Observed: no sale came from {known['impressions'].sum():,.0f} impressions yet{without}."
    texts = charts.count(int(best["observed_texts"]), "text")
    sold = f"{best['observed']:.3%} of {best['impressions']:,.0f} impressions ({best['observed_low']:.3%} to "
    sold += f"{best['observed_high']:.3%}, {texts})"
    who = charts.safe(str(best["policy"]))
    if others.empty:
        return f"Observed: {who} sold in {sold}{without}."
    foretold = known.sort_values("ctcvr").iloc[-1]["policy"] == best["policy"]
    chance = best["observed_low"] <= others["observed_high"].max()
    return (
        f"Observed: {who} sold most, {'as' if foretold else 'not as'} predicted, in {sold}; "
        + ("the intervals overlap, so that lead may be chance" if chance else "clearly more than every other")
        + f"{without}."
    )


def reasons(heading: str, what: str, frame: pd.DataFrame, name: str, most: int = 12) -> charts.Chart:
    """Bars of counted reasons. `what` completes "<n> <what>"."""
    total, first = int(frame["count"].sum()), frame.iloc[0]
    reading = f"{total:,} {what}; the most frequent reason is {charts.safe(str(first['reason']))} "
    reading += f"({first['count']:,}, {first['count'] / total:.0%})."
    top = frame.head(most)
    figure = go.Figure(
        go.Bar(x=top["count"], y=[charts.safe(str(r))[:48] for r in top["reason"]], orientation="h",
               marker={"color": charts.ACCENT}, hovertemplate="%{y}: %{x:,}<extra></extra>")
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(rangemode="tozero", tickformat=",d")
    return charts.Chart(heading, reading, charts.dressed(figure, 110 + 30 * len(top)), frame, name)
