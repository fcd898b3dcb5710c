"""Rewording a candidate on the Draft desk: the editor, its live judgement, and what happens when two people reword one.

One-line slots are judged as one types, longer ones on Ctrl+Enter. What is typed is kept aside until it is saved, so a
session that ends loses none of it. Leaves out the card around it (draft_card.py).
"""

import streamlit as st

from app.components.card import card_html
from app.components.context import Context
from app.components.plain import plain
from app.desks import draft_conflict
from app.desks.draft_state import TROUBLE, jobs_of, state
from app.services import feedback
from app.services.draft_working import forget_wording, keep_wording
from app.services.scoring import reword, score_wording
from app.services.stored import StoredBrief, StoredText
from relate_engine.brief import clean
from relate_engine.scorecard import Finding, Scorecard

MANY_LINES = ("primary_text", "body")  # slots that may hold a line break
BAR = "pick_bar"  # the fragment that counts picks
WHOLE = "whole_ad"  # the fragment that says what the ad lacks


def redraw(place: str) -> None:
    """Draws a card again, and what the page says of all of them."""
    st.rerun([f"card_{place}", BAR, WHOLE])


def editor(ctx: Context, stored: StoredBrief, place: str, text: StoredText) -> None:
    """The box with the wording, its score while typing, and saving it."""
    key = f"wording_{place}"
    if key not in st.session_state:
        st.session_state[key] = text.text
    if text.slot in MANY_LINES:
        wording = st.text_area("New wording (Ctrl+Enter scores it)", key=key, height=130, on_change=_typed,
                               args=(ctx, place))  # fmt: skip
    else:
        wording = st.text_input("New wording (scored as you type)", key=key, live="400ms", on_change=_typed,
                                args=(ctx, place))  # fmt: skip
    card = _preview(ctx, stored, place, text, clean(wording or ""))
    if card is not None:
        st.html(card_html(card, ["not saved yet"] if card.text != text.text else ["as it was"]))
    with st.container(horizontal=True):
        st.button("Save", key=f"save_{place}", type="primary", on_click=_save, args=(ctx, stored, place),
                  icon=":material/save:")  # fmt: skip
        st.button("Cancel", key=f"cancel_{place}", on_click=_close, args=(ctx, place))


def _typed(ctx: Context, place: str) -> None:
    _keep_aside(ctx, state().texts[place], st.session_state.get(f"wording_{place}") or "")


def _keep_aside(ctx: Context, text: StoredText, wording: str) -> None:
    """What was typed outlives a session that has ended; the text as it stands is nothing to keep."""
    if wording.strip() == text.text:
        _forget(ctx, text)
    else:
        keep_wording(ctx.actor, ctx.settings, text.brief_id, text.id, wording)


def _forget(ctx: Context, text: StoredText) -> None:
    forget_wording(ctx.actor, ctx.settings, text.brief_id, text.id)


def _preview(ctx: Context, stored: StoredBrief, place: str, text: StoredText, wording: str) -> Scorecard | None:
    if text.card is not None and wording == text.text:
        return text.card
    known = state().previews.get(place)
    if known and known[0] == wording:
        return known[1]
    try:
        with st.spinner("Scoring"):
            card = score_wording(ctx.db, ctx.actor, ctx.room, stored.brief, text, wording)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    state().previews[place] = (wording, card)
    return card


def _save(ctx: Context, stored: StoredBrief, place: str) -> None:
    _typed(ctx, place)
    save_wording(ctx, stored, place, st.session_state.get(f"wording_{place}") or "")
    if place not in state().card_trouble:
        state().editing_cards.discard(place)
    redraw(place)


def _close(ctx: Context, place: str) -> None:
    _forget(ctx, state().texts[place])
    state().editing_cards.discard(place)
    state().card_trouble.pop(place, None)
    st.rerun([f"card_{place}"])


def save_wording(ctx: Context, stored: StoredBrief, place: str, wording: str) -> None:
    """Saves a new wording of the candidate; somebody else's newer one is kept for the person to choose."""
    now = state()
    now.card_trouble.pop(place, None)
    was = now.texts[place]
    try:
        now.texts[place] = reword(ctx.db, ctx.actor, ctx.room, stored.brief, was, wording)
        _forget(ctx, was)
        now.today = jobs_of(ctx).versions_for(ctx.actor)
    except feedback.EditConflict as conflict:
        draft_conflict.keep(place, conflict, wording)
    except TROUBLE as error:
        now.card_trouble[place] = str(error)


def settle(ctx: Context, stored: StoredBrief, place: str, wording: str) -> None:
    """Saves a wording as an edit of the one that stood in its way; it waits on where even that fails."""
    found = draft_conflict.pending(place, state().texts[place].id)
    if found is not None:
        _keep_aside(ctx, found.conflict.newest, wording)
        forget_wording(ctx.actor, ctx.settings, stored.id, found.conflict.seen)
        state().texts[place] = found.conflict.newest
        draft_conflict.drop(place)
        save_wording(ctx, stored, place, wording)
        if place in state().card_trouble:
            draft_conflict.keep(place, found.conflict, wording)
    redraw(place)


def take_theirs(ctx: Context, place: str) -> None:
    """Puts the wording that somebody else has saved in place of the person's own."""
    found = draft_conflict.pending(place, state().texts[place].id)
    if found is not None:
        forget_wording(ctx.actor, ctx.settings, found.conflict.newest.brief_id, found.conflict.seen)
        _forget(ctx, found.conflict.newest)
        state().texts[place] = found.conflict.newest
        draft_conflict.drop(place)
    redraw(place)


def mend(ctx: Context, stored: StoredBrief, place: str, finding: Finding) -> None:
    """Applies a finding's replacement as an edit."""
    text = state().texts[place].text
    mended = text[: finding.start] + (finding.replacement or "") + text[finding.end :]
    save_wording(ctx, stored, place, " ".join(mended.split()) if "\n" not in mended else mended)
    redraw(place)
