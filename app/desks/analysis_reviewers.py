"""Reviewers on the Performance page: how much was reviewed, how fast, and how far reviewers agree where nobody helped.

Everything is of the verdicts that the filters look at; precision, recall and agreement come from the blind stream only,
since who sees a suggestion tends to agree with it. Leaves out disputes and gold texts (the Review desk).
"""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.components import charts
from app.components.context import Context
from app.desks import analysis_filters
from app.services import analytics, review_quality
from app.services.analytics import View
from app.services.people import Actor
from app.services.review_quality import ENOUGH, Quality, Reviewer, Share
from db.session import Database

DRAWN = ("Agreement", "Precision", "Recall")  # of the measures, those in the chart


def section(ctx: Context, view: View, download: bool) -> None:
    """Draws the section."""
    found = _quality(ctx.db, ctx.actor, str(ctx.db.engine.url), ctx.actor.workspace_id, view,
                     analytics.stamp(ctx.db, ctx.actor))  # fmt: skip
    _, verdicts = analysis_filters.events(ctx, view)
    if verdicts.empty and not found.reviewers:
        st.info("No verdict was given in these days; reviewers give them on the Review desk.")
        return
    if (chart := blind(found)) is not None:
        charts.show(chart, download)
        st.caption(
            "Verdicts given without suggestions. Precision: of flagged texts, those that people call violations. "
            "Recall: of all violations, those that were flagged, weighed by the scorecards of texts drafted in these "
            "days. Agreement: of texts that two saw, those of which all said the same (alpha leaves chance out)."
        )
    else:
        st.markdown(blind_words(found))
    if not verdicts.empty:
        chart = charts.over_time("Verdicts a day", "verdicts", verdicts, "outcome", "verdicts_a_day")
        charts.show(chart, download)
    if found.reviewers:
        charts.show(volume(found.reviewers), download)


@st.cache_data(ttl=analysis_filters.TTL_S, max_entries=64, show_spinner="Reading blind verdicts…")
def _quality(_db: Database, _actor: Actor, url: str, workspace: int, view: View, stamp: tuple[int, ...]) -> Quality:
    return review_quality.quality(_db, _actor, view)


def blind_words(found: Quality) -> str:
    """Precision, misses and agreement in sentences; too few verdicts are said to be too few."""
    if found.blind < ENOUGH:
        return (
            f"The blind stream holds {charts.count(found.blind, 'verdict')} of these days, and it takes {ENOUGH} "
            "before a share of them means anything."
        )
    told = [
        f"Blind, on {found.blind:,} verdicts: of flagged texts {_told(found.precision)} were violations; of clear "
        f"texts {_told(found.missed)} were."
    ]
    if found.recall:
        value, low, high = found.recall
        told.append(f"So rules and classifier find {value:.0%} of violations ({low:.0%} to {high:.0%}).")
    elif found.precision.rate is not None and found.missed.rate is not None:
        told.append("Which share of violations is found is not known: none was found, or too few texts were drafted.")
    if found.agreement.texts:
        texts = charts.count(found.agreement.texts, "text")
        beyond = f", at Krippendorff's alpha {found.agreement.alpha:.2f}" if found.agreement.alpha is not None else ""
        told.append(f"Of {texts} that two saw, reviewers agreed on {_told(found.agreement.agreed)}{beyond}.")
    else:
        told.append("No text was seen blind by two reviewers, so agreement is not known.")
    return " ".join(told)


def blind(found: Quality) -> charts.Chart | None:
    """Agreement, precision and recall as dots with their intervals; None where none of them is known yet."""
    table = _measures(found)
    drawn = table[table["measure"].isin(DRAWN) & table["value"].notna()]
    if found.blind < ENOUGH or drawn.empty:
        return None
    labels = [f"{measure} ({charts.count(n, 'text')})" for measure, n in zip(drawn["measure"], drawn["n"], strict=True)]
    figure = charts.dots(labels, drawn["value"], drawn["low"], drawn["high"], "%{x:.0%}")
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02], title_text="share and 95% interval (recall: wider)")
    return charts.Chart(
        "Blind agreement, precision and recall", blind_words(found), charts.dressed(figure, 130 + 34 * len(drawn)),
        table.round(3), "blind_quality",
    )  # fmt: skip


def _measures(found: Quality) -> pd.DataFrame:
    """One row a measure; no value where too few were counted."""
    agreed = found.agreement.agreed
    recall = found.recall or (None, None, None)
    both = found.precision.total + found.missed.total
    rows = [
        ("Agreement", *_ends(agreed), agreed.hits, agreed.total, "texts that two saw, all said the same"),
        ("Precision", *_ends(found.precision), found.precision.hits, found.precision.total, "flagged, a violation"),
        ("Recall", *recall, None, both, "texts behind precision and missed"),
        ("Missed", *_ends(found.missed), found.missed.hits, found.missed.total, "clear, a violation"),
        ("Krippendorff's alpha", found.agreement.alpha, None, None, None, found.agreement.texts, "texts that two saw"),
    ]
    frame = pd.DataFrame(rows, columns=["measure", "value", "low", "high", "hits", "n", "what is counted"])
    return frame.astype({"value": float, "low": float, "high": float, "hits": "Int64"})


def _ends(share: Share) -> tuple[float | None, float | None, float | None]:
    return (share.rate, share.low, share.high) if share.rate is not None else (None, None, None)


def _told(share: Share) -> str:
    if share.rate is None:
        return f"{share.hits} of {share.total} (too few to say)"
    return f"{share.rate:.0%} ({share.low:.0%} to {share.high:.0%})"


def volume(reviewers: tuple[Reviewer, ...]) -> charts.Chart:
    """How many verdicts each person gave, and how long one took."""
    first = reviewers[0]
    total = sum(r.verdicts for r in reviewers)
    least = "at least " if total >= review_quality.NEWEST else ""  # no more are read
    told = f"{least}{charts.count(total, 'verdict')}"
    pace = f"{first.seconds:.0f} s each at the median" if first.seconds is not None else ""
    reading = f"In these days {charts.count(len(reviewers), 'reviewer')} gave {told}"
    if len(reviewers) > 1:
        pace = f", {pace}" if pace else ""
        reading += f"; most came from {charts.safe(first.name)} ({first.verdicts:,}{pace})."
    else:
        reading += f", {pace}." if pace else "."
    figure = go.Figure(
        go.Bar(
            x=[r.verdicts for r in reviewers], y=[charts.safe(r.name) for r in reviewers], orientation="h",
            marker={"color": charts.ACCENT}, hovertemplate="%{y}: %{x:,}<extra></extra>",
            text=[f"{r.seconds:.0f} s" if r.seconds is not None else "" for r in reviewers],
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(title_text="verdicts; on the bar, seconds for one", rangemode="tozero")
    rows = [
        {"reviewer": r.name, "verdicts": r.verdicts, "median seconds": r.seconds, "gold texts": r.gold.total,
         "right on gold": r.gold.hits} for r in reviewers
    ]  # fmt: skip
    return charts.Chart(
        "Reviewers: volume and speed", reading, charts.dressed(figure, 120 + 34 * len(reviewers)), pd.DataFrame(rows),
        "reviewers",
    )  # fmt: skip
