"""The filters of the analyst's pages, and counts kept while nothing new was written.

Filters live in the URL, so a link shows the same view: days, placement, writer, brief (by its id, whatever its title
was then); what a link names and is not there is told. Kept counts are keyed by
database, workspace, filters and the newest rows (analytics.stamp), so nobody sees another workspace's or old ones.
Leaves out the charts.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from app.components.context import Context
from app.components.plain import plain
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
    labels = ["All placements", *(placement_of(name).label for name in PLACEMENTS)]
    missing("placement", labels)
    missing("writer", ["All writers", *known, OWN])
    saved = _saved(ctx) if brief else {}
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
        chosen = _brief(saved) if brief else None
    first, last = _ends(days, today)
    return View(first, last, placement or "", version or "", chosen)


def missing(key: str, known: Collection[str]) -> None:
    """Says so where the address names none of `known`; before the widget of that key, which clears it."""
    asked = st.query_params.get(key, "")
    if asked and asked not in known:
        st.warning(plain(f"The address names a {key} that is not here: {asked}."), icon=":material/link_off:")


def _saved(ctx: Context) -> dict[int, str]:
    """Briefs to choose from, by id: title and id. An address of one that was renamed since still shows it."""
    saved = {b.id: f"{b.title} ({b.id})" for b in briefs.list_briefs(ctx.db, ctx.actor)[:BRIEFS]}
    asked = st.query_params.get("brief", "")
    named = re.search(r"(?:^|\()(\d{1,17})\)?$", asked)
    if asked in saved.values() or named is None or int(named[1]) not in saved:
        missing("brief", ["All briefs", *saved.values()])
    elif "brief" not in st.session_state:
        st.session_state["brief"] = int(named[1])
        st.session_state["brief_named"] = True  # Streamlit drops an address that it does not know
        return saved
    if st.session_state.pop("brief_named", False) and "brief" in st.session_state:
        st.session_state["brief"] = st.session_state["brief"]  # and writes the new one at the next run
    return saved


def _brief(saved: dict[int, str]) -> int | None:
    return st.selectbox(
        "Brief", [None, *saved], key="brief", bind="query-params", width=240,
        format_func=lambda i: saved[i] if i is not None else "All briefs",
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
