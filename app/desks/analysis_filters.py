"""The filters of the analyst's pages, and counts kept while nothing new was written.

Filters live in the URL, so a link shows the same view: days, placement, writer, brief. Kept counts are keyed by
database, workspace, filters and the newest rows (analytics.stamp), so nobody sees another workspace's or old ones.
Leaves out the charts.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from app.components.context import Context
from app.services import analytics, analytics_rates, briefs, learning, versions
from app.services.analytics import OWN, View
from app.services.analytics_rates import Observed
from app.services.people import Actor
from db.session import Database
from relate_engine.brief import PLACEMENTS, placement_of

DAYS = 30
TTL_S = 600
BRIEFS = 200  # newest ones to choose from


def filters(ctx: Context, brief: bool = True) -> View:
    """Draws the filters and returns what they say."""
    today = datetime.now(UTC).date()
    known = [v.version for v in versions.versions(ctx.db, ctx.actor, ctx.settings)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.date_input(
            "Days (UTC)", (today - timedelta(days=DAYS - 1), today), max_value=today, key="days", bind="query-params",
            min_value=today - timedelta(days=analytics.LONGEST_DAYS * 5), width=230, format="YYYY-MM-DD",
            help=f"Up to {analytics.LONGEST_DAYS} days; the first view of more than 90 takes some seconds.",
        )  # fmt: skip
        placement = st.selectbox(
            "Placement", ["", *PLACEMENTS], key="placement", bind="query-params", width=166,
            format_func=lambda name: placement_of(name).label if name else "All placements",
        )  # fmt: skip
        version = st.selectbox(
            "Writer", ["", *dict.fromkeys(known), OWN], key="writer", bind="query-params", width=166,
            format_func=lambda name: name or "All writers",
        )  # fmt: skip
        chosen = _brief(ctx) if brief else None
    first, last = _ends(days, today)
    return View(first, last, placement or "", version or "", chosen)


def _brief(ctx: Context) -> int | None:
    saved = {b.id: b.title for b in briefs.list_briefs(ctx.db, ctx.actor)[:BRIEFS]}
    return st.selectbox(
        "Brief", [None, *saved], key="brief", bind="query-params", width=240,
        format_func=lambda i: f"{saved[i]} ({i})" if i is not None else "All briefs",
    )  # fmt: skip


def _ends(days: date | Sequence[date] | None, today: date) -> tuple[date, date]:
    """Both ends of a range, of which the second is missing while somebody chooses."""
    if isinstance(days, date):
        return days, days
    given = list(days or (today - timedelta(days=DAYS - 1), today))
    return (given[0], given[-1]) if given else (today, today)


def cube(ctx: Context, view: View) -> pd.DataFrame:
    """analytics.cube, kept."""
    return _cube(ctx.db, ctx.actor, *_key(ctx, view))


def events(ctx: Context, view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _events(ctx.db, ctx.actor, *_key(ctx, view))


def funnel(ctx: Context, view: View) -> pd.DataFrame:
    return _funnel(ctx.db, ctx.actor, *_key(ctx, view))


def reasons(ctx: Context, view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _reasons(ctx.db, ctx.actor, *_key(ctx, view))


def observed(ctx: Context, view: View) -> Observed:
    """analytics_rates.observed, kept while no results come or go and the same reward model is in use."""
    model = learning.active_version(ctx.db, ctx.actor)
    return _observed(ctx.db, ctx.actor, *_key(ctx, view, results=True), model, ctx.settings.conversion_lag_days)


def _key(ctx: Context, view: View, results: bool = False) -> tuple[str, int, View, tuple[int, ...]]:
    stamp = analytics.stamp(ctx.db, ctx.actor, results)  # also asks whether the actor may look
    return str(ctx.db.engine.url), ctx.actor.workspace_id, view, stamp


@st.cache_data(ttl=TTL_S, max_entries=64, show_spinner="Counting texts…")
def _cube(_db: Database, _actor: Actor, url: str, workspace: int, view: View, stamp: tuple[int, ...]) -> pd.DataFrame:
    return analytics.cube(_db, _actor, view)


@st.cache_data(ttl=TTL_S, max_entries=64, show_spinner="Counting what people did…")
def _events(
    _db: Database, _actor: Actor, url: str, workspace: int, view: View, stamp: tuple[int, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return analytics.events(_db, _actor, view)


@st.cache_data(ttl=TTL_S, max_entries=64, show_spinner="Following texts to their sales…")
def _funnel(_db: Database, _actor: Actor, url: str, workspace: int, view: View, stamp: tuple[int, ...]) -> pd.DataFrame:
    return analytics.funnel(_db, _actor, view)


@st.cache_data(ttl=TTL_S, max_entries=64, show_spinner="Counting reasons…")
def _reasons(
    _db: Database, _actor: Actor, url: str, workspace: int, view: View, stamp: tuple[int, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return analytics.reasons(_db, _actor, view)


@st.cache_data(ttl=TTL_S, max_entries=64, show_spinner="Adding up results…")
def _observed(
    _db: Database,
    _actor: Actor,
    url: str,
    workspace: int,
    view: View,
    stamp: tuple[int, ...],
    model: str | None,
    lag: int,
) -> Observed:
    return analytics_rates.observed(_db, _actor, view, lag)
