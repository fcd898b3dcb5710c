"""The Ads desk: ads put together from a brief's texts, previewed, sent to review and exported.

Without an ad in the address it lists them. An open one has its builder on the left, preview and strength on the right;
on a phone they stack. The parts live in ads_*.py; use cases in app/services/ads.py, ad_review.py and ad_export.py.
Leaves out writing texts (the Draft desk) and approving them (the Review desk).
"""

import streamlit as st

from app.components.comments import comments
from app.components.context import Context, context
from app.components.plain import plain
from app.components.status import status_chip
from app.components.when import when
from app.desks.ads_build import builder
from app.desks.ads_show import preview, strength_line, strength_meter
from app.desks.ads_state import TROUBLE, asked_ad, bench_of, build_from_picked, open_ad, state, tried
from app.desks.ads_status import status_bar
from app.desks.ads_versions import conflict, versions
from app.services import ads
from app.services.ad_checks import assess
from app.services.ad_records import StoredAd, status_words
from app.services.briefs import get_brief, list_briefs
from app.services.people import NotFound, inside, may
from app.services.statuses import STATUSES
from relate_engine.brief import placement_of
from relate_engine.config import ASSETS


def page() -> None:
    """Draws the desk. Trouble is one sentence, and what was built stays."""
    st.html(ASSETS / "theme" / "ads.css")
    try:
        ctx = context()
        ad_id = asked_ad()
        if ad_id is None:
            _list(ctx)
        else:
            _open(ctx, ad_id)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _list(ctx: Context) -> None:
    st.title("Ads", anchor=False)
    _told()
    writes = may(ctx.actor, "ad.write")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search ads and briefs", key="ads_search", max_chars=200, on_change=_restart,
                               placeholder="spring kayak")  # fmt: skip
        status = st.selectbox("Status", [None, *STATUSES], key="ads_status", on_change=_restart, width=180,
                              format_func=lambda s: status_chip(s) if s else "Any status")  # fmt: skip
        archived = st.toggle("Archived", key="ads_archived", on_change=_restart)
    found = ads.list_ads(ctx.db, ctx.actor, search=search or "", archived=archived, status=status,
                         page=int(st.session_state.get("ads_page") or 1))  # fmt: skip
    has_briefs = writes and _new(ctx)
    if not found.total:
        if search or archived or status:
            st.info(
                "No ad matches; clear the search, choose any status, or turn Archived off.",
                icon=":material/search_off:",
            )
        else:
            st.info(
                "No ads yet. Pick texts on the Draft desk, then press “Build an ad from picked texts” there"
                + (", or choose a brief under “New ad” above." if has_briefs else "."),
                icon=":material/dashboard_customize:",
            )
        return
    for ad in found.ads:
        _row(ad)
    if found.pages > 1:
        st.session_state.ads_page = found.page
        st.pagination(found.pages, key="ads_page")
    st.caption(f"{found.total:,} {'ad' if found.total == 1 else 'ads'}, newest first.")


def _new(ctx: Context) -> bool:
    """A new ad of some brief; False where there is none."""
    briefs = {brief.id: brief for brief in list_briefs(ctx.db, ctx.actor)}
    if not briefs:
        return False
    with st.expander("New ad", icon=":material/add:"):
        chosen = st.selectbox(
            "Brief", list(briefs), key="ads_brief",
            format_func=lambda i: f"{briefs[i].title} · {placement_of(briefs[i].brief.placement).label} · no. {i}",
        )  # fmt: skip
        st.caption("It begins with the texts that are picked now; you can change everything.")
        if (
            st.button("Build an ad from picked texts", key="ads_new", type="primary")
            and chosen is not None
            and (trouble := build_from_picked(ctx, chosen))
        ):
            st.error(plain(trouble), icon=":material/error:")
    return True


def _row(ad: StoredAd) -> None:
    with st.container(border=True, key=f"ad_listed_{ad.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(plain(ad.name), key=f"ad_open_{ad.id}", type="tertiary", on_click=open_ad, args=(ad.id,),
                      help=f"Open ad no. {ad.id}")  # fmt: skip
            st.space("stretch")
            st.markdown(f"**{status_chip(ad.newest.status)}**", width="content")
        facts = [f"brief {ad.brief_title}", placement_of(ad.placement).label]
        facts += [f"{len(ad.newest.places)} texts", f"version {ad.newest.number}"]
        facts += [f"version {r.number} is {status_chip(r.status)}" for r in ad.telling if r.id != ad.newest.id]
        facts.append(f"saved {when(ad.newest.created_at)} by {inside(ad.newest.author)}")
        st.caption(plain(" · ".join(filter(None, facts))))


def _open(ctx: Context, ad_id: int) -> None:
    try:
        ad = ads.get_ad(ctx.db, ctx.actor, ad_id)
    except NotFound as error:
        open_ad(None)
        state().trouble = str(error)
        _list(ctx)
        return
    bench = bench_of(ctx, ad)
    brief = get_brief(ctx.db, ctx.actor, ad.brief_id).brief
    texts = ads.texts_of(ctx.db, ctx.actor, [p.text_id for p in (*bench.places, *ad.newest.places)])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All ads", key="ads_back", icon=":material/arrow_back:", on_click=open_ad, args=(None,))
        st.title(plain(ad.name), anchor=False, width="stretch")
        _more(ctx, ad)
    st.caption(plain(f"{ad.brief_title} · {placement_of(ad.placement).label} · {status_words(ad)}"))
    _told()
    if ad.brief_archived:
        st.warning("The brief of this ad was archived: it can be looked at and exported, not changed.",
                   icon=":material/inventory_2:")  # fmt: skip
    status_bar(ctx, ad, bench, texts)
    if bench.theirs is not None:
        conflict(ctx, ad, brief, bench)
    found = assess(brief, ad.placement, bench.places, texts)
    left, right = st.columns([11, 9], gap="large")
    with right:
        strength_meter(found)
        preview(brief, ad.placement, bench, texts)
    with left:
        st.markdown(strength_line(found))
        builder(ctx, ad, bench, texts)
    versions(ctx, ad, brief)
    with st.expander("Comments", icon=":material/forum:"):
        comments(ctx, ad.brief_id, ad_id=ad.id, key=f"ad_{ad.id}")


def _more(ctx: Context, ad: StoredAd) -> None:
    if not may(ctx.actor, "ad.write"):
        return
    with st.popover("Name", icon=":material/edit:", help="Rename or archive this ad"):
        name = st.text_input("Name of the ad", ad.name, key=f"ad_name_{ad.id}", max_chars=ads.LONGEST_NAME)
        st.button("Rename", key="ad_rename", on_click=lambda: tried(
            lambda: ads.rename_ad(ctx.db, ctx.actor, ad.id, name or ""), "Renamed."))  # fmt: skip
        word = "Restore" if ad.archived else "Archive"
        st.button(word, key="ad_archive", on_click=lambda: tried(
            lambda: ads.archive_ad(ctx.db, ctx.actor, ad.id, not ad.archived), f"{word}d."))  # fmt: skip


def _told() -> None:
    """What the last click did, once."""
    now = state()
    if now.trouble:
        st.error(plain(now.trouble), icon=":material/error:")
    if now.said:
        st.toast(plain(now.said), icon=":material/check:")
    now.trouble = now.said = ""


def _restart() -> None:
    st.session_state.ads_page = 1
