"""Learning from the results that count: update the predictions, watch it, and go back. Part of the Results desk.

The page only asks: the worker trains. Leaves out what was learned and how good it is (the Rewards desk).
"""

import streamlit as st

from app.components.context import Context
from app.components.jobs import job_panel
from app.components.plain import plain
from app.components.when import when
from app.services import jobs, learning
from app.services.people import Forbidden, NotFound
from db.session import StorageError
from relate_engine.brief import BriefError

KIND = "rewards"
TROUBLE = (BriefError, Forbidden, NotFound, StorageError)


def predictions(ctx: Context, results: bool) -> None:
    """What the predictions rest on, with the buttons that change it. `results`: there are some that count."""
    now = learning.in_use(ctx.db, ctx.actor)
    with st.container(border=True, key="results_learn"):
        st.header("Predictions", anchor=False)
        if now is None:
            st.markdown("CTR and CVR are **priors**: no reward model of this workspace is in use.")
        else:
            st.markdown(f"CTR and CVR come from **{plain(now.version)}**, learned {when(now.made_at)}.")
        buttons = st.container(horizontal=True)
        job = job_panel(ctx, KIND)
        if not jobs.may_start(ctx.actor, KIND):
            st.caption("An analyst or admin of your workspace can update the predictions.")
            return
        buttons.button(
            "Update the predictions from these results", key="results_update", icon=":material/model_training:",
            on_click=_update, args=(ctx,), disabled=not results or (job is not None and job.open),
            help=None if results else "No import counts at the moment.",
        )  # fmt: skip
        if now is not None:
            buttons.button(
                f"Undo: back to {plain(now.parent)}" if now.parent else "Undo: back to priors", key="results_back",
                icon=":material/undo:", on_click=_back, args=(ctx, now.version),
                help="Drafts and scores use it from the next one on. The version is kept and can be put back.",
            )  # fmt: skip
        made = learning.newest(ctx.db, ctx.actor)
        if made and (now is None or now.version != made):
            buttons.button(
                f"Use {plain(made)}", key="results_use", icon=":material/redo:", on_click=_use, args=(ctx, made),
                help="Puts the version that was made last in use again.",
            )  # fmt: skip


def _update(ctx: Context) -> None:
    try:
        jobs.start(ctx.db, ctx.actor, KIND)
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")


def _back(ctx: Context, version: str) -> None:
    try:
        before = learning.undo_rewards(ctx.db, ctx.actor, version)
        st.toast(plain(f"{before} is in use again." if before else "Rates are priors again."), icon=":material/undo:")
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")


def _use(ctx: Context, version: str) -> None:
    try:
        learning.use_rewards(ctx.db, ctx.actor, version)
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")
