"""What is done to many briefs at once on the Briefs desk: one job that drafts them, one file that exports them.

Leaves out ticking (briefs.py) and the rules of both (services/clients.py, client_export.py).
"""

from datetime import UTC, datetime, timedelta

import streamlit as st

from app.components.context import Context
from app.components.jobs import job_panel
from app.components.plain import plain
from app.components.when import when
from app.desks.briefs_row import TROUBLE, ticked
from app.services.client_export import ClientExport, export_all, note_export
from app.services.client_job import KIND
from app.services.clients import JobState, draft_all, go_on, job_state
from app.services.exporting import ENCODING_NOTE, MIME
from app.services.people import may

TOLD_FOR = timedelta(days=1)  # how long an ended job is spoken of


def under_way(ctx: Context) -> None:
    """The job over many briefs: how far it is, or how it ended."""
    now = job_state(ctx.db, ctx.actor)
    if now is None:
        return
    if now.state in ("queued", "running"):
        job_panel(ctx, KIND)
    elif now.ended is not None and datetime.now(UTC) - now.ended < TOLD_FOR:
        _ended(ctx, now)


def many_bar(ctx: Context) -> None:
    """The buttons for what is ticked."""
    if trouble := st.session_state.pop("briefs_trouble", ""):
        st.error(plain(trouble), icon=":material/error:")
    ids = list(ticked())
    if not ids:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="many_bar"):
        st.markdown(f"**{len(ids)} ticked**", width="content")
        st.button("Draft all", key="many_draft", icon=":material/auto_awesome:", type="primary", on_click=_draft,
                  args=(ctx, ids), help="One job of the worker: a whole ad for each of them.")  # fmt: skip
        if may(ctx.actor, "ad.export") and st.button("Export all", key="many_export", icon=":material/download:"):
            st.session_state.pop("many_file", None)
            _export(ctx, ids)


def _draft(ctx: Context, ids: list[int]) -> None:
    try:
        draft_all(ctx.db, ctx.actor, ids)
    except TROUBLE as error:
        st.session_state.briefs_trouble = str(error)


def _ended(ctx: Context, job: JobState) -> None:
    at = when(job.ended) if job.ended else ""
    done = f"{job.drafted} of {job.total} briefs are done"
    if job.state == "done":
        st.caption(plain(f"{at}: {job.message}"))
    elif job.state == "cancelled":
        st.info(f"Cancelled on {at}: {done}; what was drafted stays.", icon=":material/cancel:")
    else:
        st.error(plain(f"{at}: {job.message} So far {done}."), icon=":material/error:")
    if job.skipped:
        with st.expander(f"{len(job.skipped)} briefs could not be drafted"):
            for brief_id, why in job.skipped.items():
                st.markdown(f"- no. {brief_id}: {plain(why)}")
    if job.left and job.state != "done" and may(ctx.actor, "text.write"):
        st.button(f"Go on with the other {len(job.left)}", key="many_go_on", icon=":material/play_arrow:",
                  on_click=_go_on, args=(ctx, job.id))  # fmt: skip


def _go_on(ctx: Context, job_id: int) -> None:
    try:
        go_on(ctx.db, ctx.actor, job_id)
    except TROUBLE as error:
        st.session_state.briefs_trouble = str(error)


@st.dialog("Export all as one Editor file", width="medium", icon=":material/download:")
def _export(ctx: Context, ids: list[int]) -> None:
    """One ad a brief; those that are not complete are named with what they lack."""
    picked_only = st.toggle("Only picked texts", key="many_picked", help="Else the best texts fill "
                            "what is not picked. A brief with an ad of its own leaves as that ad.")  # fmt: skip
    try:
        found = _made(ctx, tuple(ids), picked_only)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.markdown(f"**{len(found.brief_ids)} of {len(ids)} ads are complete**, with {len(found.text_ids)} texts.")
    st.download_button(
        "Download", found.data or b"", "client-editor.csv", MIME, key="many_download", type="primary",
        icon=":material/download:", disabled=found.data is None, on_click=_note, args=(ctx, found),
    )  # fmt: skip
    if found.missing:
        st.warning(f"{len(found.missing)} ads are not in the file:", icon=":material/playlist_remove:")
        for one in found.missing:
            reasons = "\n".join(f"    - {plain(problem)}" for problem in one.problems)
            st.markdown(f"- **{plain(one.title)}** (no. {one.brief_id})\n{reasons}")
    built = f"{len(found.built)} as built on the page Ads, with their pins. " if found.built else ""
    st.caption(f"{built}{ENCODING_NOTE} The ads are paused. Texts that only fill an ad up count as nobody's pick.")


def _made(ctx: Context, ids: tuple[int, ...], picked_only: bool) -> ClientExport:
    """The file, made once for the same briefs and choice while the dialog is open."""
    known: tuple[object, ClientExport] | None = st.session_state.get("many_file")
    if known is None or known[0] != (ids, picked_only):
        with st.spinner(f"Putting {len(ids)} ads together", show_time=True):
            known = (ids, picked_only), export_all(ctx.db, ctx.actor, ids, picked_only)
        st.session_state.many_file = known
    return known[1]


def _note(ctx: Context, export: ClientExport) -> None:
    try:
        note_export(ctx.db, ctx.actor, export)
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")
