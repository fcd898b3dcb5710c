"""The Briefs desk: every brief of the workspace, found, opened and put away; a whole client brought in and drafted.

The list pages and searches in the database. Ticked briefs are drafted by one job of the worker and exported as one
file. Leaves out the brief itself (the Draft desk), one row (briefs_row.py), files that come in (briefs_import.py) and
what is done to many (briefs_many.py).
"""

import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.desks.briefs_import import import_client
from app.desks.briefs_many import many_bar, under_way
from app.desks.briefs_row import TROUBLE, brief_row, open_brief_here, ticked
from app.services.briefs import PAGE, BriefPage, brief_page
from app.services.clients import MOST_BRIEFS
from app.services.people import may
from relate_engine.brief import PLACEMENTS, placement_of

SHOWN = ("All", "Mine", "Archived")


def page() -> None:
    """Draws the desk. Trouble is one sentence."""
    try:
        _desk(context())
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _desk(ctx: Context) -> None:
    writes = may(ctx.actor, "brief.write")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title("Briefs", anchor=False, width="content")
        if writes and st.button("New brief", key="briefs_new", icon=":material/add:"):
            open_brief_here(ctx, None)
    under_way(ctx)
    if writes:
        import_client(ctx)
    found = _filtered(ctx)
    if not found.total:
        _empty()
        return
    pages = -(-found.total // PAGE)
    if writes:
        _tick(ctx, found)
        many_bar(ctx)
    for row in found.rows:
        brief_row(ctx, row)
    if pages > 1:
        st.pagination(pages, key="briefs_page")
    first = (_page() - 1) * PAGE + 1
    st.caption(f"Briefs {first:,} to {first + len(found.rows) - 1:,} of {found.total:,}, last changed first.")


def _filtered(ctx: Context) -> BriefPage:
    """The filters, and the page that they leave. A page that is no longer there is the last one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search title, product, campaign, ad group", key="briefs_search", max_chars=200,
                               on_change=_restart, placeholder="kayak spring")  # fmt: skip
        where = st.selectbox(
            "Placement", [None, *PLACEMENTS], key="briefs_placement", on_change=_restart, width=240,
            format_func=lambda name: placement_of(name).label if name else "Any placement",
        )  # fmt: skip
        shown = st.segmented_control("Show", SHOWN, default=SHOWN[0], required=True, key="briefs_shown",
                                     on_change=_restart)  # fmt: skip

    def look() -> BriefPage:
        return brief_page(
            ctx.db, ctx.actor, search=search or "", placement=where, archived=shown == "Archived",
            mine=shown == "Mine", page=_page(),
        )  # fmt: skip

    found = look()
    if found.total and not found.rows:
        st.session_state.briefs_page = -(-found.total // PAGE)
        found = look()
    st.session_state.briefs_asked = (search or "", where, shown)
    return found


def _page() -> int:
    return int(st.session_state.get("briefs_page") or 1)


def _restart() -> None:
    """A changed filter begins at the first page."""
    st.session_state.briefs_page = 1


def _tick(ctx: Context, found: BriefPage) -> None:
    """Ticking many at once: this page, or all that the filters leave."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Tick this page", key="briefs_tick_page", type="tertiary", icon=":material/select_all:",
                  on_click=lambda: ticked().update({row.id: row.title for row in found.rows}))  # fmt: skip
        if len(found.rows) < found.total <= MOST_BRIEFS:
            st.button(f"Tick all {found.total} that match", key="briefs_tick_all", type="tertiary", on_click=_tick_all,
                      args=(ctx,))  # fmt: skip
        if ticked():
            st.button("Untick all", key="briefs_tick_none", type="tertiary", on_click=ticked().clear)


def _tick_all(ctx: Context) -> None:
    search, where, shown = st.session_state.briefs_asked
    found = brief_page(
        ctx.db, ctx.actor, search=search, placement=where, archived=shown == "Archived", mine=shown == "Mine",
        size=MOST_BRIEFS,
    )  # fmt: skip
    ticked().update({row.id: row.title for row in found.rows})


def _empty() -> None:
    search, where, shown = st.session_state.briefs_asked
    if search or where or shown == "Mine":
        st.info("No brief matches; clear the search or choose All.", icon=":material/search_off:")
    elif shown == "Archived":
        st.info("No brief is archived.", icon=":material/inventory_2:")
    else:
        st.info(
            "No briefs yet. Write one on the Draft desk, or import a client's Google Ads Editor export above: it makes "
            "one brief per ad group.",
            icon=":material/folder_open:",
        )
