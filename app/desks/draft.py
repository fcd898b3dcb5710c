"""The Draft desk: from a brief to scored texts, picked, mended and exported.

The page is a column: which brief, the brief itself (a form, or a summary once it was drafted from), what to
write, drafts under way, and the texts by slot. The parts live in draft_*.py; use cases in app/services.
Whose role may only read sees briefs and texts without what would change them. Leaves out reviewing and charts (their
own desks).
"""

import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.desks.draft_back import brief_back, briefs_back
from app.desks.draft_brief import brief_bar, brief_form, brief_summary
from app.desks.draft_lines import own_lines
from app.desks.draft_merge import brief_conflict
from app.desks.draft_results import results
from app.desks.draft_state import TROUBLE, jobs_of, open_from_url, state
from app.desks.draft_write import under_way, write_bar
from app.services.briefs import get_brief
from app.services.people import NotFound, may
from app.services.scoring import check_weights
from app.services.stored import StoredBrief


def page() -> None:
    """Draws the desk. Trouble is one sentence, and what was typed stays."""
    try:
        ctx = context()
        check_weights(ctx.settings)
        _desk(ctx)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _desk(ctx: Context) -> None:
    open_from_url(ctx)
    st.title("Draft", anchor=False)
    writes = may(ctx.actor, "brief.write")
    stored = _current(ctx)
    brief_bar(ctx, stored)
    if state().trouble:
        st.error(plain(state().trouble), icon=":material/error:")
        state().trouble = ""
    brief_back(ctx, stored)
    if stored is None:
        briefs_back(ctx)
    if writes and stored is not None and (conflict := state().conflict):
        brief_conflict(ctx, conflict)
    elif writes and (stored is None or state().editing):
        brief_form(ctx, stored)
    elif stored is not None:
        brief_summary(ctx, stored)
        if may(ctx.actor, "text.write"):
            write_bar(ctx, stored, stored.brief.placement, st.button)
    jobs = jobs_of(ctx)
    if jobs.problem:
        st.warning(plain(jobs.problem), icon=":material/warning:")
    if stored is None:
        return
    under_way(ctx, stored)
    if may(ctx.actor, "text.write") and not state().editing:
        own_lines(ctx, stored)
    results(ctx, stored)
    jobs.warm_up(ctx.actor)


def _current(ctx: Context) -> StoredBrief | None:
    brief_id = state().brief_id
    if brief_id is None:
        return None
    try:
        return get_brief(ctx.db, ctx.actor, brief_id)
    except NotFound as error:
        state().brief_id = None
        state().trouble = str(error)
        st.query_params.clear()
        return None
