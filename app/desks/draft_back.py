"""What was typed on the Draft desk and not saved, offered back: a brief in its form, wordings of texts.

It stands here after a refresh, after signing in again, or when the save was refused and the person went elsewhere.
Nothing is put into a form unasked. Leaves out keeping it (draft_write.py and draft_edit.py do, before they save).
"""

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.desks import draft_conflict
from app.desks.draft_state import form_of, open_brief, put_form, state, tried
from app.services.briefs import get_brief
from app.services.draft_working import (
    NEW,
    TypedBrief,
    TypedWording,
    forget_brief,
    forget_wording,
    keep_brief,
    kept_briefs,
    kept_wordings,
    with_wordings,
)
from app.services.people import may
from app.services.stored import StoredBrief


def brief_back(ctx: Context, stored: StoredBrief | None) -> None:
    """Offers what was typed into the form of the open brief; where none is open, of any brief."""
    if not may(ctx.actor, "brief.write"):
        return
    here = stored.id if stored is not None else None
    for typed in kept_briefs(ctx.db, ctx.actor, ctx.settings):
        elsewhere = here is not None and typed.brief_id != here
        if elsewhere or (state().kept and typed.brief_id == here):
            continue
        if typed.form == form_of(stored.brief if stored is not None else None):
            forget_brief(ctx.actor, ctx.settings, typed.kept_as)  # saved since, or nothing at all
            continue
        what = f"the brief “{plain(typed.title)}”" if typed.brief_id else f"a new brief, “{plain(typed.title)}”,"
        with st.container(border=True, key=f"brief_back_{typed.kept_as}"):
            st.markdown(f":material/history: You typed into {what} on {when(typed.at)} and it was not saved.")
            with st.container(horizontal=True):
                st.button("Bring it back", key=f"back_{typed.kept_as}", icon=":material/undo:", on_click=_bring,
                          args=(ctx, typed), help="Puts it into the form. Nothing is saved yet.")  # fmt: skip
                st.button("Discard", key=f"back_not_{typed.kept_as}", type="tertiary", on_click=forget_brief,
                          args=(ctx.actor, ctx.settings, typed.kept_as))  # fmt: skip


def briefs_back(ctx: Context) -> None:
    """Where no brief is open: the way to those in which wordings were typed and not saved."""
    if not may(ctx.actor, "feedback.give"):
        return
    for brief_id, title in with_wordings(ctx.db, ctx.actor, ctx.settings):
        with st.container(border=True, key=f"wordings_in_{brief_id}"):
            st.markdown(f":material/history: In the brief “{plain(title)}” you reworded texts and it was not saved.")
            st.button("Open it", key=f"wordings_open_{brief_id}", icon=":material/folder_open:", on_click=_go,
                      args=(ctx, brief_id))  # fmt: skip


def wordings_back(ctx: Context, stored: StoredBrief) -> None:
    """Offers wordings that were typed for texts of the brief; call when its cards have been drawn."""
    if not may(ctx.actor, "feedback.give"):
        return
    now = state()
    places = {text.id: place for place, text in now.texts.items()}
    for typed in kept_wordings(ctx.db, ctx.actor, ctx.settings, stored.id):
        place = places.get(typed.now_id) or places.get(typed.was_id)
        if place and (place in now.editing_cards or draft_conflict.pending(place, now.texts[place].id)):
            continue
        with st.container(border=True, key=f"wording_back_{typed.was_id}"):
            st.markdown(f":material/history: On {when(typed.at)} you reworded “{plain(typed.now)}” and it was not "
                        f"saved: **{plain(typed.wording)}**")  # fmt: skip
            with st.container(horizontal=True):
                st.button("Open it again", key=f"reword_{typed.was_id}", icon=":material/undo:", on_click=_open,
                          args=(ctx, typed, place), disabled=place is None,
                          help="Puts it into its card. Nothing is saved yet." if place else
                          "Its card is not shown now; choose another view above.")  # fmt: skip
                st.button("Discard", key=f"reword_not_{typed.was_id}", type="tertiary", on_click=forget_wording,
                          args=(ctx.actor, ctx.settings, typed.brief_id, typed.was_id))  # fmt: skip


def _bring(ctx: Context, typed: TypedBrief) -> None:
    open_brief(typed.brief_id, typed.base, editing=True)
    put_form(typed.form)
    state().kept = True
    if typed.kept_as != (typed.brief_id or NEW):
        state().kept = keep_brief(ctx.actor, ctx.settings, typed.brief_id, typed.form, typed.base)
        forget_brief(ctx.actor, ctx.settings, typed.kept_as)


def _go(ctx: Context, brief_id: int) -> None:
    with tried():
        stored = get_brief(ctx.db, ctx.actor, brief_id)
        open_brief(stored.id, stored.brief, editing=False)


def _open(ctx: Context, typed: TypedWording, place: str) -> None:
    now = state()
    now.editing_cards.add(place)
    now.previews.pop(place, None)
    now.card_trouble.pop(place, None)
    st.session_state[f"wording_{place}"] = typed.wording
