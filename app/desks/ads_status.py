"""Where an ad stands and what may be done next: send, take back, ask again, live, offline, export.

Leaves out who may do what (services/statuses.py) and what a file holds (services/ad_export.py).
"""

from collections.abc import Mapping

import streamlit as st

from app.components.context import Context
from app.components.export import download, fields, made_or_told
from app.components.plain import plain
from app.components.status import status_chip
from app.desks.ads_state import Bench, tried
from app.services import ad_review, feedback
from app.services.ad_checks import pieces_of
from app.services.ad_export import TARGETS, AdFile, ad_file, leaving
from app.services.ad_records import AdText, StoredAd
from app.services.briefs import get_brief
from app.services.exporting import ENCODING_NOTE
from app.services.people import may
from relate_engine.brief import BriefError
from relate_engine.strength import names


def status_bar(ctx: Context, ad: StoredAd, bench: Bench, texts: Mapping[int, AdText]) -> None:
    """Chips and buttons for the saved ad; what is on the bench is saved first."""
    newest = ad.newest
    held = [texts[i] for i in newest.text_ids if i in texts]
    with st.container(border=True, key="ad_status"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Version {newest.number}: {status_chip(newest.status)}**", width="content")
            counts = [f"{n} {status_chip(s)}" for s in ("draft", "in_review", "approved", "rejected", "live")
                      if (n := sum(t.status == s for t in held))]  # fmt: skip
            st.markdown(f"Texts: {', '.join(counts) or 'none'}", width="content")
            st.space("stretch")
            _buttons(ctx, ad, bench)
        if told := _versions(ad):
            st.caption(told)
        _decisions(ctx, ad, texts)


def _versions(ad: StoredAd) -> str:
    """The versions that matter, oldest first, where the newest one is not all there is to say."""
    if len(ad.telling) == 1:
        return ""
    leaves = ad.approved.number if ad.approved else 0
    words = [
        f"version {r.number} is {status_chip(r.status)}{' and is what exports' if r.number == leaves else ''}"
        for r in ad.telling
    ]
    return f"{'; '.join(words).capitalize()}."


def _buttons(ctx: Context, ad: StoredAd, bench: Bench) -> None:
    newest, approved, live = ad.newest, ad.approved, ad.live
    writes = may(ctx.actor, "ad.write") and not ad.brief_archived and not ad.archived
    if writes and newest.status == "draft":
        st.button("Send to review", key="ad_send", icon=":material/send:", type="primary", disabled=bench.dirty,
                  help="Save the changes first." if bench.dirty else "The ad and its texts go to the reviewers.",
                  on_click=lambda: tried(lambda: ad_review.send_to_review(ctx.db, ctx.actor, ad.id, newest.number),
                                         "Sent to review."))  # fmt: skip
    if writes and newest.status == "in_review":
        st.button("Take back", key="ad_take_back", icon=":material/undo:", on_click=lambda: tried(
            lambda: ad_review.take_back(ctx.db, ctx.actor, ad.id, newest.number), "Taken back."))  # fmt: skip
    if approved is not None and may(ctx.actor, "ad.live"):
        if approved.status == "approved":
            older = f" in place of version {live.number}" if live is not None else ""
            st.button(f"Mark version {approved.number} as live" if older else "Mark as live", key="ad_live",
                      icon=":material/play_arrow:",
                      help=f"Says that you have put it on the platform{older}; nothing is uploaded.",
                      on_click=lambda: tried(lambda: ad_review.go_live(ctx.db, ctx.actor, ad.id, approved.id),
                                             "Marked as live."))  # fmt: skip
        if live is not None:
            st.button("Take offline" if live.id == newest.id else f"Take version {live.number} offline",
                      key="ad_offline", icon=":material/stop:",
                      help="Says that you have stopped it on the platform.",
                      on_click=lambda: tried(lambda: ad_review.take_offline(ctx.db, ctx.actor, ad.id, live.id),
                                             "Marked as offline."))  # fmt: skip
    if may(ctx.actor, "ad.export") and st.button("Export", key="ad_export", icon=":material/download:"):
        _export(ctx, ad, bench.dirty)


def _decisions(ctx: Context, ad: StoredAd, texts: Mapping[int, AdText]) -> None:
    """What reviewers said of the texts, with the way to ask again."""
    places = [place for place in ad.newest.places if place.text_id in texts]
    for label, place in zip(names(pieces_of(places, texts)), places, strict=True):
        text = texts[place.text_id]
        if text.decision is None:
            continue
        words = plain(text.decision.words)
        with st.container(horizontal=True, vertical_alignment="center"):
            if text.status == "rejected":
                st.error(f"✕ {label} rejected: {words}", icon=":material/block:")
            elif text.decision.again:
                st.warning(f"{label} needs proof: {words}", icon=":material/help:")
            else:
                st.info(f"{label}: {words}", icon=":material/info:")
            if text.decision.again and may(ctx.actor, "ad.write"):
                with st.popover(f"Ask again for {label}", icon=":material/replay:"):
                    st.text_area("What has changed", key=f"ad_again_{place.text_id}", max_chars=500,
                                 placeholder="The brief holds the test report now.")  # fmt: skip
                    st.button("Ask again", key=f"ad_again_do_{place.text_id}", on_click=_again,
                              args=(ctx, place.text_id))  # fmt: skip


def _again(ctx: Context, text_id: int) -> None:
    """Reads the reason from the page: words typed just before the press have not been drawn yet."""
    reason = st.session_state.get(f"ad_again_{text_id}") or ""

    def ask() -> None:
        if not ad_review.ask_again(ctx.db, ctx.actor, text_id, reason):
            raise BriefError("Not sent: the text waits for a look already or was decided meanwhile.")

    tried(ask, "Sent to review again.")


@st.dialog("Export", width="medium", icon=":material/download:")
def _export(ctx: Context, ad: StoredAd, dirty: bool) -> None:
    """Asks what the file needs and offers it as soon as it is complete. `dirty`: the bench holds unsaved changes."""
    key = f"ad_export_{ad.id}"
    made = made_or_told(key, lambda: _file(ctx, ad, key, dirty))
    if made is None:
        return
    revision, target = made.revision, made.target
    download(key, ad.name, f"v{revision.number}-{target}", made.data, lambda: feedback.export(
        ctx.db, ctx.actor, revision.text_ids, target, ad.id, revision.number))  # fmt: skip
    st.caption(f"{len(revision.places)} texts, paused on arrival. {ENCODING_NOTE}")


def _file(ctx: Context, ad: StoredAd, key: str, dirty: bool) -> AdFile:
    _, revision = leaving(ctx.db, ctx.actor, ad.id)
    if dirty:
        st.warning(f"Your unsaved changes are not in this file; it holds version {revision.number}.",
                   icon=":material/save:")  # fmt: skip
    st.caption(f"Version {revision.number}, {status_chip(revision.status)}.")
    target = TARGETS[ad.placement]
    if target == "plain":
        return ad_file(ctx.db, ctx.actor, ad.id)
    link = get_brief(ctx.db, ctx.actor, ad.brief_id).brief.landing_page
    asked = fields(key, target, ad.name, link)
    return ad_file(ctx.db, ctx.actor, ad.id, asked.campaign, asked.group, asked.name, asked.link)
