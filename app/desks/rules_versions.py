"""Versions of the rules: who put which in use and why, what changed, and the way back.

Leaves out making a version (rules_draft.py).
"""

import streamlit as st

from app.components.context import Context
from app.components.jobs import job_panel, newest
from app.components.plain import plain
from app.components.when import when
from app.desks.rules_draft import TROUBLE, published_words
from app.desks.rules_show import edits_html
from app.services import rulebook_publish, rulebook_recheck
from app.services.people import inside
from app.services.rulebook import SHIPPED
from app.services.rulebook_publish import Publication

MOST = 20


def versions(ctx: Context, writes: bool) -> None:
    """The view."""
    job = newest(ctx, rulebook_recheck.RECHECK)
    if job is not None and (job.open or job.state == "done"):  # one that ended early is told on top of the page
        job_panel(ctx, rulebook_recheck.RECHECK)
    found = rulebook_publish.history(ctx.db, ctx.actor, MOST)
    if not found:
        st.info("The shipped rules are in use and nothing was ever published here.", icon=":material/history:")
        return
    now = found[0].after
    if writes:
        _back(ctx, now)
    st.header("Changes, newest first", anchor=False)
    for number, publication in enumerate(found):
        _one(publication, number == 0)
    if len(found) == MOST:
        st.caption(f"The newest {MOST}; the audit log holds all.")


def unchecked(ctx: Context, writes: bool) -> None:
    """Approved and live texts that the rules in use have not looked at, because a check ended early; and the way on."""
    for number, rest in enumerate(rulebook_recheck.unchecked(ctx.db, ctx.actor)):
        many = f"{rest.texts:,}" if rest.texts < rulebook_recheck.COUNTED else f"{rest.texts:,} or more"
        what = "1 approved or live text is" if rest.texts == 1 else f"{many} approved or live texts are"
        how = "failed" if rest.failed else "was cancelled"
        at = f" {when(rest.ended_at)}" if rest.ended_at else ""
        st.warning(
            f"{what} not checked by the changed rules: the check {how}{at}, after {rest.checked:,} texts. What it sent "
            "back to review until then stays there; the others may run as if nothing had changed.",
            icon=":material/rule:",
        )
        if writes and not number:
            st.button("Go on checking", key="rules_go_on", icon=":material/play_arrow:", on_click=_go_on, args=(ctx,))


def _go_on(ctx: Context) -> None:
    try:
        rulebook_recheck.go_on(ctx.db, ctx.actor)
    except TROUBLE as error:
        st.session_state["rules_trouble"], st.session_state["rules_said"] = str(error), ""
        return
    st.session_state["rules_said"] = "The check goes on; Versions shows how far it is."


def _back(ctx: Context, now: str | None) -> None:
    others = [version for version in rulebook_publish.versions(ctx.db, ctx.actor) if version != now]
    with st.container(border=True, key="rules_back"):
        st.markdown(f"**In use:** {plain(now or SHIPPED)}")
        st.selectbox("Put back", others, key="rules_version", format_func=lambda v: v or SHIPPED)
        st.text_input("Why", key="rules_back_reason", max_chars=rulebook_publish.LONGEST_REASON,
                      placeholder="Kept with it")  # fmt: skip
        st.button("Put it in use", key="rules_use", icon=":material/undo:", on_click=_use, args=(ctx, now))
        st.caption("Approved and live texts are checked again, as when rules are published.")


def _one(publication: Publication, in_use: bool) -> None:
    verb = "put back" if publication.rollback else "published"
    checked = (
        "approved and live texts left to the worker" if publication.later
        else f"{publication.checked:,} approved and live texts checked, {publication.reopened:,} back to review"
    )  # fmt: skip
    with st.container(border=True):
        head = f"**{plain(publication.after or SHIPPED)}**{' · in use' if in_use else ''}"
        who = plain(inside(publication.by))
        st.markdown(f"{head}  \n{verb} {when(publication.at)} by {who} · {plain(publication.reason)}")
        st.caption(plain(f"{checked}. Before: {publication.before or SHIPPED}."))
        with st.expander(f"What changed ({len(publication.edits):,})"):
            st.html(edits_html(publication.edits))


def _use(ctx: Context, now: str | None) -> None:
    state = st.session_state
    try:
        done = rulebook_publish.use_version(
            ctx.db, ctx.actor, state.get("rules_version"), state.get("rules_back_reason") or "", now
        )
    except TROUBLE as error:
        state["rules_trouble"], state["rules_said"] = str(error), ""
        return
    state["rules_said"], state["rules_back_reason"] = published_words(done), ""
