"""Own lines on the Draft desk: pasted texts or a Google Ads Editor file, scored like drafted ones.

They are stored with the person as author and stand in the list like any text. What was typed stays until it is
stored. Leaves out reading the file (services/own_lines.py).
"""

from collections.abc import Callable

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.desks.draft_state import TROUBLE
from app.services.briefs import brief_to_write_for
from app.services.own_lines import MAX_LINES, OwnLines, parse_editor_csv, parse_pasted
from app.services.scoring import bring_lines
from app.services.stored import StoredBrief
from relate_engine.brief import placement_of


def own_lines(ctx: Context, stored: StoredBrief) -> None:
    """The box and the upload, folded away until wanted."""
    place = placement_of(stored.brief.placement)
    with st.expander("Bring your own lines", icon=":material/edit_note:"):
        if note := st.session_state.pop("lines_note", ""):
            st.session_state.lines_pasted = ""
            st.success(plain(note), icon=":material/check:")
        with st.form("own_lines", border=False):
            names = {slot.name: slot.plural for slot in place.slots}
            slot = st.selectbox("They are", list(names), key=f"lines_slot_{place.name}",
                                format_func=names.__getitem__, width=230)  # fmt: skip
            pasted = st.text_area(f"One a line, up to {MAX_LINES}", key="lines_pasted", height=140)
            pressed = st.form_submit_button("Score my lines", key="lines_score", icon=":material/rule:")
        if pressed:
            _bring(ctx, stored, lambda: parse_pasted(pasted or "", place.name, slot))
        if place.name != "google_rsa":
            return
        file = st.file_uploader("Or existing ads as a Google Ads Editor CSV", type=["csv", "tsv", "txt"],
                                key="lines_file", max_upload_size=5)  # fmt: skip
        if file is not None and st.button("Score this file", key="lines_file_score", icon=":material/rule:"):
            _bring(ctx, stored, lambda: parse_editor_csv(file.getvalue(), place.name))


def _bring(ctx: Context, stored: StoredBrief, parse: Callable[[], OwnLines]) -> None:
    try:
        lines = parse()
        many = "1 line" if len(lines.lines) == 1 else f"{len(lines.lines)} lines"
        with st.spinner(f"Scoring {many}"):
            now = brief_to_write_for(ctx.db, ctx.actor, stored.id)
            bring_lines(ctx.db, ctx.actor, ctx.room, now, lines.lines)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.session_state.lines_note = " ".join((f"{many} scored and added below.", *lines.notes))
    st.rerun()
