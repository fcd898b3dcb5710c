"""One candidate on the Draft desk: what it says, how it is judged, and everything one can do with it.

Each card is a fragment: a click redraws this card and the export bar, not the page. Cards are known by their
place in the list, so an edited text stays where it was. Whose role may only read gets the card, its details, history
and comments. The still part is components/card.py; rewording is draft_edit.py.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from app.components.card import card_html, compliance_words, findings_words
from app.components.clipboard import copy_button
from app.components.context import Context
from app.components.marks import SEVERITIES, source_words, worst_first
from app.components.plain import plain
from app.components.status import status_chip
from app.desks import draft_conflict
from app.desks.draft_edit import editor, mend, redraw, save_wording, settle, take_theirs
from app.desks.draft_explain import explanation, toggle
from app.desks.draft_state import TROUBLE, jobs_of, state, told
from app.desks.draft_talk import talk
from app.services import feedback, sessions
from app.services.briefs import brief_to_write_for
from app.services.drafting import get_texts
from app.services.drafting_page import LIKE_THIS
from app.services.people import may
from app.services.scoring import score_again
from app.services.stored import StoredBrief, StoredText, old_words
from app.services.trials import on_trial
from db.session import StorageError
from relate_engine.brief import ANGLES, supported_angles
from relate_engine.scorecard import Finding, Scorecard

REASONS = ("No reason given", "Not true", "Off brand", "Too generic", "Awkward wording", "Compliance worry")
TOUCHED = "card_touched"  # when the session was last known to be fresh


def show_card(ctx: Context, stored: StoredBrief, place: str, text: StoredText) -> None:
    """Draws a text at its place as a fragment of its own."""
    st.session_state[TOUCHED] = time.monotonic()  # the page itself is drawn, which counts as a click already
    state().texts[place] = text
    st.fragment(key=f"card_{place}")(_card)(ctx, stored, place)


def _card(ctx: Context, stored: StoredBrief, place: str) -> None:
    _touch(ctx)
    text = state().texts.get(place)
    if text is None:  # another view is on the page by now
        return
    choice, works = text.choice or "open", _works(ctx)
    editing = works and place in state().editing_cards
    with st.container(border=True, key=f"card_{choice}_{place}"), told():
        if text.card is None:
            st.markdown(plain(text.text))
            for status in _status(text):
                st.caption(status)
        elif not editing:
            st.html(card_html(text.card, _notes(text), old_words(text, state().today)))
        if (said := state().decisions.get(text.id)) is not None:
            st.caption(f":material/fact_check: Review: {plain(said.words)}")
        if works:
            _work(ctx, stored, place, text)
        if text.card is not None and not editing:
            if works and place in state().explaining:
                explanation(ctx, stored, place, text, lambda at, wording: _use(ctx, stored, at, wording))
            _details(ctx, stored, place, text, text.card)
            talk(ctx, place, text)


def _touch(ctx: Context) -> None:
    """A click in a card keeps the session, as one anywhere else on the page does; only clicks draw a card alone."""
    now, last = time.monotonic(), st.session_state.get(TOUCHED, 0.0)
    if ctx.signed is not None and now - last >= sessions.TOUCH.total_seconds():
        st.session_state[TOUCHED] = now
        with suppress(StorageError):  # the next click is written down
            sessions.touch(ctx.db, ctx.signed, ctx.settings.session_hours)


def _works(ctx: Context) -> bool:
    """Whether the actor's role works on texts and does not only read them."""
    return may(ctx.actor, "feedback.give") and may(ctx.actor, "text.write")


def _work(ctx: Context, stored: StoredBrief, place: str, text: StoredText) -> None:
    """What can be done with the text now, and why the last thing could not."""
    if conflict := draft_conflict.pending(place, text.id):
        draft_conflict.panel(ctx, place, conflict, lambda words: settle(ctx, stored, place, words),
                             lambda: take_theirs(ctx, place))  # fmt: skip
    elif place in state().editing_cards:
        editor(ctx, stored, place, text)
    else:
        _actions(ctx, stored, place, text)
    if sentence := state().card_trouble.get(place):
        st.error(plain(sentence), icon=":material/error:")


def _use(ctx: Context, stored: StoredBrief, place: str, wording: str) -> None:
    save_wording(ctx, stored, place, wording)
    redraw(place)


def _notes(text: StoredText) -> list[str]:
    notes = _status(text)
    notes += ["yours"] if text.by_person and text.shown_as is None else []
    notes += ["edited"] if text.shown_as is not None else []
    notes += [f"rejected: {text.reason}" if text.reason else "rejected"] if text.choice == "rejected" else []
    notes += [f"rated {text.rating} of 5"] if text.rating else []
    return notes


def _status(text: StoredText) -> list[str]:
    """Where a text stands in the review, if it is more than a draft. People reject on this desk too, so it says who."""
    status = state().statuses.get(text.id, "draft")
    if status == "draft":
        return []
    return [f"{status_chip(status)} by the review" if status == "rejected" else status_chip(status)]


def _actions(ctx: Context, stored: StoredBrief, place: str, text: StoredText) -> None:
    with st.container(horizontal=True, key=f"do_{place}"):
        if text.choice == "picked":
            _button(ctx, place, "Picked", "unpick", feedback.unpick, icon=":material/check:", type="primary",
                    help="Press again to take it back.")  # fmt: skip
        elif text.choice == "rejected":
            _button(ctx, place, "Take back", "unpick", feedback.unpick, icon=":material/undo:")
        else:
            _button(ctx, place, "Pick", "pick", feedback.pick, icon=":material/check:")
        if text.choice != "rejected":
            st.menu_button("Reject", REASONS, key=f"reject_{place}", on_click=_reject, args=(ctx, place))
        copy_button(text.text, key=f"copy_{place}", on_copy=lambda: _do(ctx, place, feedback.copy))
        st.button("Edit", key=f"edit_{place}", on_click=_edit, args=(place,))
        if text.slot != "path" and text.card is not None:
            opened = place in state().explaining
            st.button("Hide why" if opened else "Explain", key=f"explain_{place}", on_click=_explain, args=(place,),
                      help="Which words move the clicks, and what would be safer or stronger.")  # fmt: skip
        if text.slot != "path":
            options = ["like", *supported_angles(stored.brief)]
            st.menu_button("More", options, key=f"more_{place}", format_func=_more_words,
                           on_click=_more, args=(ctx, stored, place))  # fmt: skip


def _button(
    ctx: Context, place: str, label: str, name: str, ask: Callable[..., StoredText], icon: str,
    type: str = "secondary", help: str | None = None,
) -> None:  # fmt: skip
    st.button(label, key=f"{name}_{place}", icon=icon, type=type, help=help,  # type: ignore[arg-type]
              on_click=_do, args=(ctx, place, ask))  # fmt: skip


def _do(ctx: Context, place: str, ask: Callable[..., StoredText], *more: object) -> None:
    """Asks a service about the text at a place and redraws its card and the export bar."""
    now = state()
    now.card_trouble.pop(place, None)
    try:
        now.texts[place] = ask(ctx.db, ctx.actor, now.texts[place].id, *more)
    except feedback.Outdated as outdated:
        now.texts[place], now.card_trouble[place] = outdated.newest, str(outdated)
    except TROUBLE as error:
        now.card_trouble[place] = str(error)
    redraw(place)


def _reject(ctx: Context, place: str) -> None:
    reason = st.session_state.get(f"reject_{place}") or ""
    _do(ctx, place, feedback.reject, "" if reason == REASONS[0] else reason)


def _more_words(option: str) -> str:
    return "More like this" if option == "like" else f"More: {dict(ANGLES)[option]}"  # type: ignore[index]


def _more(ctx: Context, stored: StoredBrief, place: str) -> None:
    """Starts a small draft near this text, or from one angle."""
    option, text = st.session_state.get(f"more_{place}"), state().texts[place]
    if option is None:
        return
    try:
        angle = next((a for a in ANGLES if a == option), None)
        like = text if option == "like" else None
        now = brief_to_write_for(ctx.db, ctx.actor, stored.id)
        jobs_of(ctx).start(ctx.actor, now, {text.slot: LIKE_THIS}, angle, like)
        st.toast(f"Writing {LIKE_THIS} more. They will stand first among their kind.", icon=":material/edit_square:")
    except TROUBLE as error:
        state().card_trouble[place] = str(error)
    st.rerun()  # the whole page: the draft under way shows above


def _explain(place: str) -> None:
    toggle(place)
    st.rerun([f"card_{place}"])


def _edit(place: str) -> None:
    now = state()
    now.editing_cards.add(place)
    now.previews.pop(place, None)
    now.card_trouble.pop(place, None)
    st.session_state[f"wording_{place}"] = now.texts[place].text
    st.rerun([f"card_{place}"])


def _details(ctx: Context, stored: StoredBrief, place: str, text: StoredText, card: Scorecard) -> None:
    """Findings with their mends, the numbers, the rating: drawn only when opened."""
    opened = st.expander(f"Details · {findings_words(card.findings)}", key=f"details_{place}", on_change="rerun",
                         type="compact")  # fmt: skip
    if not opened.open:
        return
    with opened:
        old, works = old_words(text, state().today), _works(ctx)
        for number, finding in enumerate(worst_first(card.findings)):
            _finding(ctx, stored, place, text, finding, number)
        st.markdown(f"**Compliance** {plain(compliance_words(card, text.placement, stored.brief.countries, old))}")
        rewards = " · ".join(f"{name} {value:.2f}" for name, value in card.rewards.items())
        notes = (*card.notes, "Intervals hold the doubt about the base rate too", f"Rewards from 0 to 1: {rewards}")
        st.caption(plain(". ".join(notes)))
        if text.shown_as is not None:
            st.caption(f"First shown as: {plain(text.shown_as)}")
        if works:
            _verdict(ctx, place, text)
        made = " · ".join(f"{name} {version}" for name, version in card.versions.items() if version)
        blind = not text.by_person and on_trial(ctx.db, ctx.actor)
        if blind:  # the version would tell which of the two wrote it
            made = " · ".join(f"{name} {version}" for name, version in card.versions.items() if name != "policy")
        by = "one of the two writers on trial" if blind else text.author.removeprefix("policy:")
        if text.by_person:
            by = "you" if text.author == ctx.actor.author else "a colleague"
        st.caption(plain(f"Scored by {made}. Written by {by}."))
        if old and works:
            st.button("Score it again", key=f"again_{place}", on_click=_again, args=(ctx, stored, place))


def _verdict(ctx: Context, place: str, text: StoredText) -> None:
    """Stars, and a rejection in one's own words."""
    stars = st.feedback("stars", key=f"rate_{place}", default=text.rating - 1 if text.rating else None)
    if stars is not None and stars + 1 != text.rating:
        _rate(ctx, place, stars + 1)
    st.text_input("Reject in your own words", key=f"why_{place}", placeholder="what is wrong with it",
                  on_change=_reject_in_words, args=(ctx, place))  # fmt: skip


def _finding(ctx: Context, stored: StoredBrief, place: str, text: StoredText, finding: Finding, number: int) -> None:
    word, icon = SEVERITIES[finding.severity]
    found = f" “{text.text[finding.start : finding.end]}”" if finding.start is not None else ""
    said = f"{icon} **{word}** {plain(f'{finding.rule_id}{found}: {finding.message} {finding.fix}')}"
    source = finding.source if finding.source.startswith("https://") else ""
    if source and not any(c in source for c in "()[]<> \\"):
        said += f" [source]({source})"
    elif finding.source:
        said += f" (source: {plain(source_words(finding.source))})"
    st.markdown(said)
    if _works(ctx) and finding.replacement is not None and finding.start is not None:
        old = text.text[finding.start : finding.end]
        label = f"Replace “{old}” with “{finding.replacement}”" if finding.replacement else f"Remove “{old}”"
        st.button(plain(label), key=f"mend_{place}_{number}", on_click=mend, icon=":material/auto_fix_high:",
                  args=(ctx, stored, place, finding))  # fmt: skip


def _rate(ctx: Context, place: str, rating: int) -> None:
    try:
        state().texts[place] = feedback.rate(ctx.db, ctx.actor, state().texts[place].id, rating)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _reject_in_words(ctx: Context, place: str) -> None:
    if reason := (st.session_state.get(f"why_{place}") or "").strip():
        _do(ctx, place, feedback.reject, reason)


def _again(ctx: Context, stored: StoredBrief, place: str) -> None:
    now = state()
    now.card_trouble.pop(place, None)
    try:
        score_again(ctx.db, ctx.actor, ctx.room, stored.brief, [now.texts[place]])
        [now.texts[place]] = get_texts(ctx.db, ctx.actor, [now.texts[place].id])
        now.today = jobs_of(ctx).versions_for(ctx.actor)
    except TROUBLE as error:
        now.card_trouble[place] = str(error)
    redraw(place)
