"""The explanation under a candidate: opened by its Explain button, closed by the same.

Made once for a wording and kept by the tab, because it scores dozens of texts. A better text is used by a click,
as an edit. Leaves out the making (services/explaining.py) and the words (components/explanation.py).
"""

from collections.abc import Callable

import streamlit as st

from app.components.context import Context
from app.components.marks import source_words
from app.components.plain import plain
from app.desks.draft_state import TROUBLE, state
from app.services.explaining import explain_text
from app.services.stored import StoredBrief, StoredText

Use = Callable[[str, str], None]  # place, wording


def toggle(place: str) -> None:
    """Opens or closes the explanation of a place."""
    shown = state().explaining
    shown.discard(place) if place in shown else shown.add(place)


def explanation(ctx: Context, stored: StoredBrief, place: str, text: StoredText, use: Use) -> None:
    """Draws the explanation of the text at a place; made at first sight."""
    from app.components.explanation import alternatives_html, sources, words_html  # brings the models with it

    made = state().explained
    if place not in made or made[place].card.text != text.text:
        try:
            with st.spinner("Scoring the text without each of its words, and its alternatives"):
                made[place] = explain_text(ctx.db, ctx.actor, ctx.room, stored, text)
        except TROUBLE as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
    found = made[place]
    with st.container(key=f"why_box_{place}"):
        st.markdown("**What moves the clicks**")
        st.html(words_html(found))
        st.caption(f"Each word was left out and the text scored again, so effects do not add up. {found.scores}")
        st.markdown("**Safer or stronger wording**")
        if not found.alternatives:
            st.caption(f"None of {found.tried} other wordings is safer or stronger than this one.")
        for number, alternative in enumerate(found.alternatives):
            st.html(alternatives_html(alternative, found))
            st.button("Use this wording", key=f"use_{place}_{number}", icon=":material/edit:",
                      on_click=use, args=(place, alternative.card.text))  # fmt: skip
        if found.alternatives:
            st.caption(f"{len(found.alternatives)} of {found.tried} wordings that were scored. {found.note}")
        if told := sources(found.card):
            st.markdown("**Where the findings come from**")
            for rule, message, source in told:
                link = source if source.startswith("https://") and not any(c in source for c in "()[]<> \\") else ""
                end = f"[source]({link})" if link else f"source: {plain(source_words(source))}"
                st.markdown(f"{plain(f'{rule}: {message}')} {end}")
