"""The Performance page: did texts sell as predicted, how far did they get, and what does compliance cost?

Every number is counted by the database for the days, placement, writer and brief in the URL; predictions are held
against imported campaign files. Writers are compared within placements, whose base rates differ many times over.
Leaves out training (the Learning page).
"""

import pandas as pd
import streamlit as st

from app.components import charts, charts_results
from app.components.context import Context, context
from app.components.plain import plain
from app.desks import analysis_filters, analysis_reviewers
from app.services import analytics, analytics_rates
from app.services.analytics import View
from app.services.analytics_rates import Observed
from app.services.people import Forbidden, may, require
from db.session import StorageError
from relate_engine.brief import PLACEMENTS

RATES = {"CTR": "clicks", "CVR": "sales"}


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Performance")
    st.caption("From a draft to a sale: what was promised, what came, and where texts stop. Days are UTC.")
    try:
        _page(context())
    except (Forbidden, StorageError) as error:
        st.error(plain(str(error)))


def _page(ctx: Context) -> None:
    require(ctx.actor, "analytics.read")
    view = analysis_filters.filters(ctx)
    download = may(ctx.actor, "table.export")
    way, promised, writers, people = st.tabs(
        ["Drafted to sold", "Predicted and observed", "Sales and compliance", "Reviewers"],
        key="part", on_change="rerun", bind="query-params",
    )  # fmt: skip
    if way.open:
        with way:
            _way(ctx, view, download)
    if promised.open:
        with promised:
            _promised(ctx, view, download)
    if writers.open:
        with writers:
            _writers(ctx, view, download)
    if people.open:
        with people:
            analysis_reviewers.section(ctx, view, download)


def _way(ctx: Context, view: View, download: bool) -> None:
    stages = analysis_filters.funnel(ctx, view)
    if not int(stages["texts"].iloc[0]):
        st.info("No text was drafted in these days; choose a longer period, or draft an ad on the Draft desk.")
        return
    charts.show(charts_results.funnel("How far texts get", stages, "funnel"), download)
    st.caption(
        "A text and its edits are one. It counts in each stage that it ever reached, by its own status, also where a "
        "pick was taken back; one stage need not hold the next."
    )


def _promised(ctx: Context, view: View, download: bool) -> None:
    seen = analysis_filters.observed(ctx, view)
    frame = seen.frame
    if frame.empty and seen.assets:
        st.info("No text of these days has results that can be added up.", icon=":material/upload_file:")
        _counted(ctx, seen)
        return
    if frame.empty:
        st.info(
            "No text of these days has campaign results that are its own. Import a results file on the Results page; "
            "results of a whole ad with several texts say nothing about one of them.",
            icon=":material/upload_file:",
        )
        return
    labels = {p.name: p.label for p in PLACEMENTS.values()}
    frame = frame.assign(place=[labels.get(name, name) for name in frame["placement"]])
    for rate, what in RATES.items():
        curve = analytics_rates.curve(frame, rate)
        found = analytics_rates.pcoc(frame, "place", rate)
        if rate == "CVR" and analytics_rates.tried(frame, rate).empty:
            st.info("None of these texts has an observed CVR; why is told below.")
            continue
        if found[0].value is None:
            st.info(f"{what.capitalize()}: {plain(charts_results.none_came(found[0]))}")
            continue
        charts.show(charts_results.reliability(curve, f"reliability_{rate}", over_texts=True), download)
        heading = f"Predicted over observed {what} (PCOC), by placement"
        charts.show(charts_results.pcoc(heading, found, f"pcoc_{rate}"), download)
    if len(frame) == analytics_rates.MOST:
        st.caption(f"The {analytics_rates.MOST:,} most shown texts of these days are counted.")
    st.caption("Predictions are those of a text's first scorecard, made before its results were known.")
    _counted(ctx, seen)


def _counted(ctx: Context, seen: Observed) -> None:
    """Which action the observed sales are, and what is left out of them."""
    days = f"{ctx.settings.conversion_lag_days} days had passed when they were imported (RELATE_CONVERSION_LAG_DAYS)"
    if not seen.action:
        told = f"No row tells conversions that count; they count once {days}."
    else:
        why = "that the reward model in use has learned" if seen.learned else "with most conversions in these results"
        told = f"Sales are **{plain(seen.action)}** alone, the conversion action {why}; they count once {days}."
    without = int((seen.frame["told"] == 0).sum())
    if without:
        has = "has" if without == 1 else "have"
        told += f" {without:,} of {charts.count(len(seen.frame), 'text')} {has} no observed CVR, only a CTR."
    if seen.assets:
        told += (
            f" {charts.count(seen.assets, 'text')} known only from asset reports {'is' if seen.assets == 1 else 'are'}"
        )
        told += " left out: there one impression counts once for each text of the ad, so counts cannot be added up."
    st.caption(told)
    if seen.left_out:
        lines = (f"- {charts.count(n, 'row')}: {plain(why)}" for why, n in seen.left_out.most_common())
        st.caption("Left out:\n" + "\n".join(lines))


def _writers(ctx: Context, view: View, download: bool) -> None:
    cube = analysis_filters.cube(ctx, view)
    frame, apart, places = _compared(cube)
    if frame.empty:
        st.info("No text of these days has a scorecard.")
        return
    seen = analysis_filters.observed(ctx, view)
    frame = frame.merge(analytics_rates.sold(seen.frame, "policy"), on="policy", how="left")
    pooled = seen.frame.loc[seen.frame["told"] > 0, "placement"].nunique() > 1
    heading = "Sales against compliance, by writer"
    charts.show(charts_results.plane(heading, frame, "plane", apart, pooled), download)
    if len(places) > 1:
        names = ", ".join(PLACEMENTS[name].label if name in PLACEMENTS else name for name in places)
        st.caption(plain(f"Predicted: compared writers are weighed to one mix of placements ({names})."))
    capped = len(seen.frame) == analytics_rates.MOST
    if capped:
        st.caption(f"Observed: the {analytics_rates.MOST:,} most shown texts of these days are counted.")
    st.caption(
        "CTCVR is a click and then a sale an impression. Predicted: mean over all texts, with its 95% interval. "
        "Observed: sales in the impressions of texts that have results of their own"
        f"{' and are among the most shown' if capped else ''}, at the compliance of all texts of "
        f"the writer; its 95% interval draws texts anew, and fewer than {analytics_rates.LEAST} texts have none."
    )
    if seen.assets or not seen.frame.empty:
        _counted(ctx, seen)
    rates = analytics.shares(cube, "policy", "picked", "shown")
    if not rates.empty and rates["picked"].sum():
        heading = "Share of shown texts picked, by writer"
        charts.show(charts.rates(heading, "picked", rates, "policy", "picked", "shown", "picked_by_writer"), download)


def _compared(cube: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A row a writer for charts_results.plane, without what was observed; the writers of several texts that share no
    placement with the others; and the placements in which the others are compared, at one mix of them."""
    groups, places = analytics.alike(cube, "policy")
    parts = []
    for name in ("ctcvr", "score"):
        every = analytics.means(cube, "policy", name)
        mixed = analytics.mixed_means(cube, "policy", name, groups, places)
        part = pd.concat([mixed, every[~every["policy"].isin(groups)]], ignore_index=True)
        names = {"low": f"{name}_low", "high": f"{name}_high"}
        parts.append(part.sort_values("policy").set_index("policy").rename(columns=names))
    frame = parts[0].join(parts[1].drop(columns="texts")).reset_index()
    several = frame.loc[frame["texts"] > 1, "policy"]
    apart = [str(name) for name in several if name not in groups] if len(several) > 1 else []
    return frame, apart, places
