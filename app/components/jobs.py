"""Work that goes on without the page: how far it is, what it does, a way to stop it, and how the last one ended.

Everything shown is read from the jobs table, so a refresh, another tab or a restarted studio shows the same.
It looks every two seconds while something is under way. Leaves out starting jobs: the desk knows what for.
"""

import re

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.services import jobs
from app.services.jobs import StoredJob
from app.services.people import Forbidden, NotFound
from db.session import StorageError
from relate_engine.brief import BriefError

LOOK_EVERY = 2.0
STEPS = {  # of a round (relate_engine/rounds.py), as its reports name them: what people call them
    "sft": "Learning from texts that people kept", "preferences": "Learning from picks and rejections",
    "grpo": "Training with rewards",
}  # fmt: skip
_STEP = re.compile(rf"^({'|'.join(STEPS)})(?=:| skipped)")


def job_panel(ctx: Context, kind: str) -> StoredJob | None:
    """Draws the workspace's newest job of this kind and returns it; None, and nothing, where there was none."""
    job = newest(ctx, kind)
    if job is None:
        return None
    if job.open:
        _watch(ctx, kind, job.id)
    else:
        _ended(job)
    return job


def newest(ctx: Context, kind: str) -> StoredJob | None:
    """The workspace's newest job of this kind."""
    return next(iter(jobs.jobs(ctx.db, ctx.actor, kind, 1)), None)


@st.fragment(run_every=LOOK_EVERY)
def _watch(ctx: Context, kind: str, known: int) -> None:
    try:
        job = newest(ctx, kind)
    except StorageError as error:  # busy for a moment: the next look follows by itself
        st.caption(plain(str(error)))
        return
    if job is None or job.id != known or not job.open:
        st.rerun()
    with st.container(border=True, key=f"job_{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":material/hourglass_top: **{plain(job.title)}**", width="content")
            if jobs.may_start(ctx.actor, kind):
                st.button("Cancel", key=f"job_cancel_{job.id}", on_click=_cancel, args=(ctx, job.id), type="tertiary",
                          icon=":material/close:", disabled=job.cancelling)  # fmt: skip
        st.progress(job.progress, plain(words(job)))
        if job.state == "queued" and not jobs.worker_alive(ctx.settings):
            st.warning(
                "No worker is running, so this has to wait. Open the studio again, or run `relate worker`.",
                icon=":material/pause_circle:",
            )


def words(job: StoredJob) -> str:
    """What an open job is doing, in a few words."""
    if job.cancelling:
        return "Stopping at the next step"
    if job.state == "queued":
        return "Goes on as soon as a worker is free" if job.attempts else "Waiting for the worker"
    again = f" (attempt {job.attempts}: the one before was cut off)" if job.attempts > 1 else ""
    return f"{in_plain_words(job.message) or 'Starting'}{again}"


def in_plain_words(message: str) -> str:
    """A job's report without the names that a round's steps have inside."""
    return _STEP.sub(lambda found: STEPS[found[1]], message).replace(" (DPO)", "").replace(" (KTO)", "")


def _ended(job: StoredJob) -> None:
    at = when(job.finished_at) if job.finished_at else "at an unknown time"
    if job.state == "done":
        st.caption(f":material/check_circle: {at}: {plain(job.message)}")
    elif job.state == "failed":
        st.error(plain(f"{job.title}, {at}: {job.message}"), icon=":material/error:")
    else:
        rest = job.message.removeprefix("Cancelled")
        st.caption(f"“{plain(job.title)}” was cancelled on {at}{plain(rest)}")


def _cancel(ctx: Context, job_id: int) -> None:
    try:
        jobs.cancel(ctx.db, ctx.actor, job_id)
    except (BriefError, Forbidden, NotFound, StorageError) as error:
        st.toast(plain(str(error)), icon=":material/error:")
