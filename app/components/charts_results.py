"""Charts of predictions against results, of the way to a sale, and of writers in the plane of sales and compliance.

As charts.py: heading, a reading computed from the numbers, figure and table. A lead is told only where intervals over
texts bear it, and only between writers of like placements. Leaves out what is asked (desks).
"""

from collections.abc import Collection, Sequence
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from app.components import charts
from app.services.analytics_rates import LEAST, NONE_DUE, Pcoc
from relate_engine.training.card import Curve


def reliability(curve: Curve, name: str, over_texts: bool = False) -> charts.Chart:
    """Predicted against observed rates with 95% intervals; on the diagonal a prediction is right. `over_texts`: they
    are those of analytics_rates.curve, not those of a model card, which cover chance in the trials alone."""
    frame = pd.DataFrame([vars(p) for p in curve.points])
    held = ((frame["low"] <= frame["predicted"]) & (frame["predicted"] <= frame["high"])).sum()
    few, known = f"{frame['trials'].min():,.0f}", int(frame["low"].notna().sum())
    covers = "over texts" if over_texts else "of chance in the trials alone, not of how much texts differ"
    reading = (
        f"In {held} of {known} groups the predicted {charts.safe(curve.name)} lies within what was observed "
        f"(95% interval {covers}); the smallest group holds {few} trials. "
    )
    if not known:
        reading = f"No group of the predicted {charts.safe(curve.name)} holds {LEAST} texts, too few for an interval. "
    elif known < len(frame):
        reading += f"{charts.count(len(frame) - known, 'more group')} of fewer than {LEAST} texts cannot be judged. "
    reading += "On the dashed line a prediction is exactly right."
    end = 1.05 * float(frame[["predicted", "observed", "high"]].max().max())
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
        **{c: frame[c].map("{:.3%}".format, na_action="ignore") for c in ("predicted", "observed", "low", "high")},
        trials=frame["trials"].round().astype(int),
    )
    return charts.Chart(f"Reliability of {charts.safe(curve.name)}", reading, charts.dressed(figure, 340), table, name)


def pcoc(heading: str, found: Sequence[Pcoc], name: str) -> charts.Chart:
    """Predicted over observed by group on a log axis; the first is all texts together, of which some must have come."""
    every, known = found[0], [p for p in found if p.value is not None]
    assert every.value is not None
    reading = f"Over all {charts.count(every.texts, 'text')} {every.predicted:,.0f} were predicted and "
    reading += f"{every.observed:,.0f} came, so predicted over observed is {every.value:.2f}"
    if every.low is None:
        what = "click" if every.rate == "CTR" else "sale"
        reading += f"; fewer than {LEAST} texts have a {what}, too few to say whether that is chance."
    else:
        between = f"at least {every.low:.2f}" if every.high is None else f"{every.low:.2f} to {every.high:.2f}"
        said = f"they promise {'too much' if every.value > 1 else 'too little'}"
        if every.low <= 1 and (every.high is None or every.high >= 1):
            said = "1 lies inside, so the predictions may well be right"
        reading += f" (95% interval {between}): {said}."
    reading += "".join(f" {charts.safe(p.group)}: {none_came(p)}" for p in found if p.value is None)
    labels = [f"{p.group} ({charts.count(p.texts, 'text')})" for p in known]
    frame = pd.DataFrame({"value": [p.value for p in known], "low": [p.low for p in known],
                          "high": [p.high for p in known]}, dtype="float64")  # fmt: skip
    figure = charts.dots(labels, frame["value"], frame["low"], frame["high"], "%{x:.2f}")
    figure.add_vline(x=1, line={"color": "#7c8a86", "dash": "dash"})
    figure.update_xaxes(title_text="predicted / observed", type="log", nticks=5, tickangle=0)
    table = pd.DataFrame(
        [{"group": p.group, "texts": p.texts, "predicted": round(p.predicted, 1), "observed": p.observed,
          "predicted / observed": round(p.value, 3) if p.value else None, "low": p.low and round(p.low, 3),
          "high": p.high and round(p.high, 3)} for p in found]
    )  # fmt: skip
    return charts.Chart(heading, reading, charts.dressed(figure, 130 + 34 * len(known)), table, name)


def none_came(found: Pcoc) -> str:
    """What may be said of a group of which nothing came: whether that is a miss or chance."""
    due = f"{found.predicted:,.{0 if found.predicted >= 10 else 1}f}"
    reading = f"{due} were predicted, none came: up to {NONE_DUE:.0f} may have been due (95% bound), so "
    if found.low is None or found.low <= 1:
        return f"{reading}that may be chance."
    return f"{reading}they promise too much, at least {found.low:,.1f} times what was due."


def funnel(heading: str, stages: pd.DataFrame, name: str) -> charts.Chart:
    """Bars of how many texts got how far. `stages` is what analytics.funnel gives."""
    counts = dict(zip(stages["stage"], stages["texts"], strict=True))
    drafted, live, sold = (int(counts[stage]) for stage in ("Drafted", "Live", "Converted"))
    steps = list(zip(stages["stage"], stages["texts"], strict=True))
    falls = [(b / a, one, two) for (one, a), (two, b) in pairwise(steps) if a]
    reading = f"Of {drafted:,} drafted texts {live:,} went live ({live / drafted:.1%}) and {sold:,} brought a sale"
    if falls:
        kept, one, two = min(falls)
        reading += f"; most stop between “{one}” and “{two}” ({kept:.0%} go on)."
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


def plane(
    heading: str, frame: pd.DataFrame, name: str, apart: Collection[str] = (), pooled: bool = False
) -> charts.Chart:
    """CTCVR against the compliance score: a filled point a writer for what was predicted, with intervals both ways,
    and an open one above or below it for what was observed, where there are results.

    `frame`: policy, texts, ctcvr, ctcvr_low, ctcvr_high, score, score_low, score_high, and the columns of
    analytics_rates.sold, empty for a writer without results. `apart`: writers that share no placement with the others;
    `pooled`: results are of several placements. Neither may be compared, since base rates differ between placements.
    """
    reading = f"{_predicted_words(frame, apart)} {observed_words(frame, apart, pooled)}"
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
    room = max(2.0, 100 - float(frame[["score", "score_low"]].min().min()))  # no tick past the best score
    figure.update_xaxes(title_text="mean compliance score (100 is best)", range=[100 - 1.1 * room, 100 + 0.05 * room])
    what = "CTCVR: predicted (filled), observed (open)" if seen else "mean predicted CTCVR"
    figure.update_yaxes(title_text=what, tickformat=".4%")
    figure.update_layout(showlegend=True)  # one point alone has a name too
    names = {"ctcvr": "predicted", "ctcvr_low": "predicted_low", "ctcvr_high": "predicted_high"}
    table = frame.round(6).rename(columns=names)
    return charts.Chart(heading, reading, charts.dressed(figure, 420 if seen else 360), table, name)


def _predicted_words(frame: pd.DataFrame, apart: Collection[str]) -> str:
    """Who leads in prediction, of the writers that can be compared, and why others cannot; arguments of `plane`."""
    if len(frame) == 1:
        return f"{charts.safe(str(frame['policy'].iloc[0]))} alone wrote in these days: nothing to compare."
    single, away = frame["texts"] < 2, frame["policy"].isin(apart)
    fair, told = frame[~single & ~away], []
    if len(fair) > 1:
        best, safest = (fair.sort_values(name).iloc[-1] for name in ("ctcvr", "score"))
        who, safe = charts.safe(str(best["policy"])), charts.safe(str(safest["policy"]))
        if best["policy"] == safest["policy"]:
            told.append(f"{who} leads on both: predicted sales {best['ctcvr']:.3%} an impression, compliance "
                        f"{best['score']:.0f} of 100.")  # fmt: skip
        else:
            told.append(
                f"{who} is predicted to sell most ({best['ctcvr']:.3%} an impression) at compliance "
                f"{best['score']:.0f}; {safe} is the safest ({safest['score']:.0f}) at {safest['ctcvr']:.3%}."
            )
        if best["ctcvr_low"] <= fair.loc[fair["policy"] != best["policy"], "ctcvr_high"].max():
            told.append("The intervals of predicted sales overlap, so that lead may be chance.")
    elif not away.any():
        told.append("No two writers have several texts, so nobody leads.")
    if away.any():
        who = ", ".join(charts.safe(str(name)) for name in frame.loc[away & ~single, "policy"])
        told.append(f"Not compared: {who}; rates differ between placements, and none holds two texts of each writer.")
    told += [f"{charts.safe(str(one))} has one text: nothing known of others." for one in frame.loc[single, "policy"]]
    return " ".join(told)


def observed_words(frame: pd.DataFrame, apart: Collection[str] = (), pooled: bool = False) -> str:
    """Who sold most in campaigns, and whether that is chance; or that nobody knows. Arguments are those of `plane`."""
    known = frame[frame["observed"].notna()]
    if known.empty:
        return "No campaign results tell what one of these texts alone sold, so this is the model's own opinion."
    best = known.sort_values(["observed", "impressions"]).iloc[-1]
    others, missing = known[known["policy"] != best["policy"]], len(frame) - len(known)
    without = f"; {charts.count(missing, 'writer')} without results" if missing else ""
    if not best["observed"]:
        return f"Observed: no sale came from {known['impressions'].sum():,.0f} impressions yet{without}."
    texts = charts.count(int(best["observed_texts"]), "text")
    within = f"{best['observed_low']:.3%} to {best['observed_high']:.3%}, {texts}"
    if pd.isna(best["observed_low"]):
        single = int(best["observed_texts"]) == 1
        within = "one text: nothing known of others" if single else f"{texts}, too few for an interval"
    sold = f"{best['observed']:.3%} of {best['impressions']:,.0f} impressions ({within})"
    who = charts.safe(str(best["policy"]))
    if others.empty:
        return f"Observed: {who} sold in {sold}{without}."
    foretold = "as" if known.sort_values("ctcvr").iloc[-1]["policy"] == best["policy"] else "not as"
    unlike = pooled or known["policy"].isin(apart).any() or (known["texts"] < 2).any()
    foretold = "" if unlike else f", {foretold} predicted,"
    judged = others[others["observed_low"].notna()]
    if pooled:
        lead = "placements are pooled, whose rates differ, so that is no clear lead (choose one placement)"
    elif pd.isna(best["observed_low"]) or judged.empty:
        lead = "too few texts to say whether that is chance"
    elif best["observed_low"] <= judged["observed_high"].max():
        lead = "the intervals overlap, so that lead may be chance"
    else:
        few = "" if len(judged) == len(others) else f" with {LEAST} texts or more"
        lead = f"clearly more than every other{few}"
    return f"Observed: {who} sold most{foretold} in {sold}; {lead}{without}."


def reasons(heading: str, what: str, frame: pd.DataFrame, name: str, most: int = 12) -> charts.Chart:
    """Bars of counted reasons. `what` completes "<n> <what>"."""
    total, first = int(frame["count"].sum()), frame.iloc[0]
    reading = f"{total:,} {what}; the most frequent reason is {charts.safe(str(first['reason']))} "
    reading += f"({first['count']:,}, {first['count'] / total:.0%})."
    top = frame.head(most)
    figure = go.Figure(
        go.Bar(x=top["count"], y=[_label(str(r)) for r in top["reason"]], orientation="h",
               marker={"color": charts.ACCENT}, hovertemplate="%{y}: %{x:,}<extra></extra>")
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(rangemode="tozero", tickformat=",d")
    return charts.Chart(heading, reading, charts.dressed(figure, 110 + 30 * len(top)), frame, name)


def _label(reason: str) -> str:
    """A reason beside its bar; cut where it is long, and the cut shows."""
    words = " ".join(charts.safe(reason).split())
    return words if len(words) <= 40 else f"{words[:39].rstrip()}…"
