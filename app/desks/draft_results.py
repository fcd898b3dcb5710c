"""The texts of a brief on the Draft desk, grouped by slot: what to look at, what is missing, what was dropped.

A view is the newest whole ad with everything written since, an older one, or all picks. Newer texts stand first
in their slot. Leaves out the cards themselves (draft_card.py) and files (draft_export.py).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.components.card import BEST_OF, LEVELS, NOT_CHECKED, angle_word, level_words, table_html
from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.desks.ads_state import build_from_picked
from app.desks.draft_back import wordings_back
from app.desks.draft_card import show_card
from app.desks.draft_edit import BAR, WHOLE
from app.desks.draft_export import export_dialog, files_for
from app.desks.draft_state import jobs_of, state, told, tried
from app.desks.draft_whole import whole_ad
from app.services.decisions import decisions_of
from app.services.drafting import dropped_texts, list_generations, picked_texts
from app.services.people import may
from app.services.scoring import score_again
from app.services.stored import StoredBrief, StoredGeneration, StoredText, old_words
from app.services.text_statuses import statuses_of
from relate_engine.brief import placement_of

ACROSS = 2  # cards side by side where there is room
CARDS = 30  # drawn of a slot at first, and with each "Show more"


@dataclass(frozen=True)
class Group:
    """Texts of one slot that came together."""

    slot: str
    title: str
    texts: tuple[StoredText, ...]
    at: str  # names the places of its cards


def results(ctx: Context, stored: StoredBrief) -> None:
    """Everything below the write bar."""
    sets = list_generations(ctx.db, ctx.actor, stored.id, limit=100)
    if not sets:
        if not jobs_of(ctx).of(ctx.actor, stored.id):
            way = " Draft the whole ad, or paste your own lines." if may(ctx.actor, "text.write") else ""
            st.info(f"No texts yet.{way}", icon=":material/edit_square:")
        return
    views = _views(sets)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        name = st.selectbox("Show", [*views, "picked"], key="draft_view", width=420,
                            format_func=lambda n: _view_words(n, views))  # fmt: skip
        st.fragment(key=BAR)(_bar)(ctx, stored)
    unsaved = st.container(key="wordings_back")
    chosen = [] if name == "picked" else views.get(name, next(iter(views.values())))
    if name == "picked":
        picks = picked_texts(ctx.db, ctx.actor, stored.id)
        groups = [Group(s, "", tuple(t for t in picks if t.slot == s), "picked") for s in _slots(picks)]
        if not picks:
            way = " Pick texts in a draft; they gather here." if may(ctx.actor, "feedback.give") else ""
            st.info(f"Nothing is picked yet.{way}")
    else:
        groups = _groups(chosen)
    texts = [text for group in groups for text in group.texts]
    now = state()
    now.texts, now.today = {}, jobs_of(ctx).versions_for(ctx.actor)
    drawn = [text for slot in _slots(texts) for text in _of(slot, texts)[: _room(stored, slot)]]
    now.statuses = statuses_of(ctx.db, ctx.actor, [text.id for text in drawn])
    now.decisions = decisions_of(ctx.db, ctx.actor, [text for text in drawn if now.statuses[text.id] != "draft"])
    _stale(ctx, stored, texts)
    about = st.container()
    chance = "Best first, except that chance fills some places: each card says its rank. "
    by_chance = chance if any(s.request.get("shuffled") for s in chosen) else ""
    st.caption(f"{by_chance}{BEST_OF} “No issue found” is by the rules for the placement and countries; {NOT_CHECKED}.")
    for slot in dict.fromkeys(group.slot for group in groups):
        _slot(ctx, stored, slot, [group for group in groups if group.slot == slot])
    with about:  # once the cards have told how their texts stand
        known = {text.id for text in drawn}
        st.fragment(key=WHOLE)(whole_ad)(stored, chosen, [text for text in texts if text.id not in known])
    with unsaved:
        wordings_back(ctx, stored)
    _dropped(ctx, chosen)


def _views(sets: Sequence[StoredGeneration]) -> dict[str, list[StoredGeneration]]:
    """Sets by view, newest view first: each ends with a whole ad, or with a change of placement."""
    views: dict[str, list[StoredGeneration]] = {}
    current: list[StoredGeneration] = []
    for generation in sets:
        if current and (current[-1].request.get("whole") or current[-1].placement != generation.placement):
            views[str(current[-1].id)] = current
            current = []
        current.append(generation)
    if current:
        views[str(current[-1].id)] = current
    return views


def _view_words(name: str, views: dict[str, list[StoredGeneration]]) -> str:
    if name == "picked":
        return "Picked, from all drafts"
    view = views[name]
    count = sum(len(s.texts) for s in view)
    first = "Newest" if name == next(iter(views)) else f"No. {name} of {when(view[0].created_at)}"
    return f"{first}: {placement_of(view[0].placement).label}, {count} texts"


def _slots(texts: Sequence[StoredText]) -> list[str]:
    return list(dict.fromkeys(text.slot for text in texts))


def _of(slot: str, texts: Sequence[StoredText]) -> list[StoredText]:
    return [text for text in texts if text.slot == slot]


def _room(stored: StoredBrief, slot: str) -> int:
    """How many texts of a slot are drawn."""
    return int(st.session_state.get(_more_key(stored, slot), CARDS))


def _more_key(stored: StoredBrief, slot: str) -> str:
    return f"draft_more_{stored.id}_{slot}"


def _groups(sets: Sequence[StoredGeneration]) -> list[Group]:
    """By slot in the order of the placement; inside a slot the newest set first."""
    if not sets:
        return []
    return [
        Group(slot.name, _set_words(s), mine, str(s.id))
        for slot in placement_of(sets[0].placement).slots
        for s in sets
        if (mine := s.of_slot(slot.name))
    ]


def _set_words(s: StoredGeneration) -> str:
    if s.kind == "own_lines":
        return "Your own lines"
    if like := s.request.get("like_text"):
        told = str(like).strip('"')
        return f"More like “{told}”"
    if angle := s.request.get("angle"):
        return f"More: {angle_word(angle)}"
    return "" if s.request.get("whole") else f"Drafted {when(s.created_at)}"


def _bar(ctx: Context, stored: StoredBrief) -> None:
    """How much is picked, and the way out."""
    with told():
        _picked(ctx, stored)


def _picked(ctx: Context, stored: StoredBrief) -> None:
    picks = [t for t in picked_texts(ctx.db, ctx.actor, stored.id) if t.placement == stored.brief.placement]
    slots = placement_of(stored.brief.placement).slots
    counts = [f"{sum(t.slot == s.name for t in picks)} of {s.full_ad} {s.plural.lower()}" for s in slots]
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.markdown(f"Picked: {', '.join(counts)}", width="content")
        _ad_button(ctx, stored, len(picks))
        if files_for(ctx) and st.button("Export", key="export", icon=":material/download:", type="primary"):
            shown = [t for t in state().texts.values() if t.choice != "rejected"]
            export_dialog(ctx, stored, picks, shown)


def _ad_button(ctx: Context, stored: StoredBrief, picked: int) -> None:
    """From the picks to the Ads desk."""
    if not may(ctx.actor, "ad.write"):
        return
    tip = "Put headlines and descriptions together, pin and preview them." if picked else "Pick some texts first."
    pressed = st.button("Build an ad from picked texts", key="build_ad", icon=":material/dashboard_customize:",
                        disabled=not picked, help=tip)  # fmt: skip
    if pressed and (trouble := build_from_picked(ctx, stored.id)):
        st.error(plain(trouble), icon=":material/error:")


def _stale(ctx: Context, stored: StoredBrief, texts: Sequence[StoredText]) -> None:
    """Says which scorecards are not today's, and offers to score again to who may."""
    here = [t for t in texts if t.placement == stored.brief.placement]
    old = [t for t in here if t.card is None or old_words(t, state().today)]
    if not old:
        return
    why = "the brief was changed since" if any(t.brief_changed for t in old) else "rules or rewards are newer"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(f"{len(old)} of {len(texts)} scorecards are out of date: {why}.", icon=":material/history:")
        if may(ctx.actor, "text.write"):
            st.button("Score again", key="score_again", on_click=_again, args=(ctx, stored, old))


def _again(ctx: Context, stored: StoredBrief, texts: Sequence[StoredText]) -> None:
    with tried():
        count = score_again(ctx.db, ctx.actor, ctx.room, stored.brief, texts)
        st.toast(f"{count} {'text' if count == 1 else 'texts'} scored again.", icon=":material/check:")


def _slot(ctx: Context, stored: StoredBrief, name: str, groups: Sequence[Group]) -> None:
    texts = [text for group in groups for text in group.texts]
    slot = placement_of(texts[0].placement).slot(name)
    today = state().today
    said = Counter(level_words(t.card.compliance.level, old_words(t, today))[0] for t in texts if t.card)
    told = [f"{said.pop(word)} {word}" for word, _ in LEVELS.values() if word in said]
    told += [f"{number} {word}" for word, number in said.items()]
    st.header(f"{slot.plural} · {len(texts)}", anchor=False)
    limit = f"limit {slot.limit:,}{' (assumed)' if slot.assumed else ''}"
    fold = f"{slot.visible} before the fold, " if slot.visible < slot.limit else ""
    st.caption(f"{', '.join(told)} · {fold}{limit}")
    room = _room(stored, name)
    left = len(texts) - room
    for group in groups:
        shown, room = group.texts[:room], max(0, room - len(group.texts))
        if shown and group.title and len(groups) > 1:
            st.markdown(f":small[**{plain(group.title)}**]")
        for first in range(0, len(shown), ACROSS):
            columns = st.columns(ACROSS)
            for offset, text in enumerate(shown[first : first + ACROSS]):
                with columns[offset]:
                    show_card(ctx, stored, f"{group.at}_{name}_{first + offset}", text)
    if left > 0:
        words = f"Show {min(left, CARDS)} more of {left} older {slot.plural.lower()}"
        st.button(words, key=f"more_{name}", icon=":material/expand_more:", on_click=_more,
                  args=(_more_key(stored, name),))  # fmt: skip


def _more(key: str) -> None:
    st.session_state[key] = st.session_state.get(key, CARDS) + CARDS


def _dropped(ctx: Context, sets: Sequence[StoredGeneration]) -> None:
    """What was written and not shown, with the reason of each."""
    if not any(s.kind == "draft" for s in sets):
        return
    opened = st.expander("Why others were dropped", key="dropped", on_change="rerun", icon=":material/filter_alt:")
    if not opened.open:
        return
    with opened:
        st.caption(f"More texts are written than shown. {BEST_OF} So a text that was merely ranked lower may be good.")
        for s in sets:
            rows = [
                (drop.text, placement_of(s.placement).slot(drop.slot).label, angle_word(drop.angle), drop.reason)
                for drop in dropped_texts(ctx.db, ctx.actor, s.id)
            ]
            if rows:
                st.html(table_html(("Text", "Slot", "Angle", "Why it was dropped"), rows))
