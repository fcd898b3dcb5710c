"""History and comments of one text on the Draft desk: drawn, and asked for, only when opened."""

import streamlit as st

from app.components.comments import comments
from app.components.context import Context
from app.components.history import history
from app.services.stored import StoredText


def talk(ctx: Context, place: str, text: StoredText) -> None:
    """The folded part under a card."""
    opened = st.expander("History and comments", key=f"talk_{place}", on_change="rerun", type="compact")
    if not opened.open:
        return
    with opened:
        comments(ctx, text.brief_id, text.id, key=f"talk_{place}")
        st.markdown("**History**")
        history(ctx, text.id)
