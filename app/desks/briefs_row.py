"""One brief on the list: its name opens it on the Draft desk; beside it what it holds, a tick and what can be done.

Leaves out lists and filters (briefs.py) and the dialog of its name (briefs_rename.py).
"""

import streamlit as st

from app.components.comments import comments
from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.desks.briefs_rename import rename
from app.desks.draft_state import open_brief
from app.services.briefs import BriefRow, archive_brief, duplicate_brief, get_brief, restore_brief
from app.services.exporting import ExportRefused
from app.services.people import Forbidden, NotFound, inside, may
from db.session import StorageError
from relate_engine.brief import BriefError, placement_of
from relate_engine.policy.weights import WeightsError
from relate_engine.results.lines import ResultsError

TROUBLE = (BriefError, ExportRefused, Forbidden, NotFound, ResultsError, StorageError, WeightsError)


def ticked() -> dict[int, str]:
    """The briefs that are ticked in this tab, on any page of the list: title by id."""
    found: dict[int, str] = st.session_state.setdefault("briefs_ticked", {})
    return found


def brief_row(ctx: Context, row: BriefRow) -> None:
    """Draws one brief and does what is asked of it."""
    writes = may(ctx.actor, "brief.write")
    with st.container(key=f"brief_row_{row.id}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            if writes:
                st.session_state[f"brief_tick_{row.id}"] = row.id in ticked()
                st.checkbox(f"Tick {plain(row.title)} (no. {row.id})", key=f"brief_tick_{row.id}", on_change=_tick,
                            args=(row,), label_visibility="collapsed", width="content")  # fmt: skip
            opened = st.button(f"**{plain(row.title)}**", key=f"brief_open_{row.id}", type="tertiary",
                               help=f"Open brief no. {row.id} on the Draft desk.")  # fmt: skip
            st.space("stretch")
            tip = f"What can be done with {plain(row.title)}"
            asked = st.menu_button("Do", _options(row, writes), key=f"brief_do_{row.id}", type="tertiary",
                                   icon=":material/more_horiz:", help=tip)  # fmt: skip
        st.caption(_words(row))
    if opened:
        open_brief_here(ctx, row.id)
    if asked:
        _do(ctx, row, asked)


def open_brief_here(ctx: Context, brief_id: int | None) -> None:
    """Opens a brief (None: a new one) on the Draft desk; the page changes here."""
    stored = get_brief(ctx.db, ctx.actor, brief_id) if brief_id is not None else None
    open_brief(brief_id, stored.brief if stored else None, editing=stored is None)
    desk = st.Page(_nothing, title="Draft", url_path="draft")  # known by its path; the function is not run
    st.switch_page(desk, query_params={"brief": str(brief_id)} if brief_id is not None else None)


def _nothing() -> None:
    """Stands for the Draft desk's own page."""


def _options(row: BriefRow, writes: bool) -> list[str]:
    said = f"Comments ({row.counts.comments})"
    return [said, "Duplicate", "Rename or file", "Restore" if row.archived else "Archive"] if writes else [said]


def _words(row: BriefRow) -> str:
    """Everything about a brief in one line that breaks where it must."""
    filed = " › ".join(part for part in (row.campaign, row.ad_group) if part)
    n = row.counts
    parts = [
        placement_of(row.placement).label,
        filed,
        f"product {row.product}" if row.product != row.title else "",
        f"{n.texts:,} {'text' if n.texts == 1 else 'texts'}, {n.picked:,} picked" if n.texts else "no texts yet",
        f"{n.in_review:,} in review" if n.in_review else "",
        f"{n.approved:,} approved" if n.approved else "",
        f"{n.comments:,} {'comment' if n.comments == 1 else 'comments'}" if n.comments else "",
        f"changed {when(row.updated_at)} by {inside(row.changed_by)}",
        "archived" if row.archived else "",
    ]
    return plain(" · ".join(part for part in parts if part))


def _tick(row: BriefRow) -> None:
    if st.session_state.get(f"brief_tick_{row.id}"):
        ticked()[row.id] = row.title
    else:
        ticked().pop(row.id, None)


def _do(ctx: Context, row: BriefRow, asked: str) -> None:
    if asked == "Rename or file":
        rename(ctx, row)
        return
    if asked.startswith("Comments"):
        _comments(ctx, row)
        return
    try:
        if asked == "Duplicate":
            copy = duplicate_brief(ctx.db, ctx.actor, row.id)
            st.toast(plain(f"Made “{copy.title}”, no. {copy.id}."), icon=":material/content_copy:")
        elif asked == "Archive":
            archive_brief(ctx.db, ctx.actor, row.id)
            ticked().pop(row.id, None)
            st.toast(plain(f"Archived “{row.title}”; choose Archived to see it."), icon=":material/archive:")
        else:
            restore_brief(ctx.db, ctx.actor, row.id)
            st.toast(plain(f"“{row.title}” is back on the list."), icon=":material/unarchive:")
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun()


@st.dialog("Comments", icon=":material/forum:")
def _comments(ctx: Context, row: BriefRow) -> None:
    st.markdown(f"**{plain(row.title)}**")
    comments(ctx, row.id, key=f"brief_{row.id}")
