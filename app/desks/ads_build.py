"""The builder: what the ad holds, slot after slot, in order and pinned, and the texts that could be added.

Nothing is saved before Save; the page says what is not, and a refresh keeps it. A button changes what the ad holds when
it is pressed, so of two quick presses neither is lost. Texts to add come a page at a time, picked ones first.
Leaves out what an ad may hold (services/ads.py) and how it looks (ads_show.py).
"""

from collections.abc import Callable, Mapping

import streamlit as st

from app.components.card import angle_word, level_words
from app.components.context import Context
from app.components.history import history
from app.components.plain import plain
from app.components.status import status_chip
from app.components.when import when
from app.desks.ads_state import Bench, adopt, in_slot_order, moved, pinned, removed, reworded, state, tried
from app.services import ads
from app.services.ad_checks import pieces_of
from app.services.ad_records import AdText, Place, StoredAd
from app.services.people import may
from app.services.stored import old_words
from relate_engine.brief import Slot, placement_of, taken
from relate_engine.rewards.compliance import PINS
from relate_engine.strength import names

BY = {"": "Everybody's", "person": "By a person", "writer": "By the writer"}


def builder(ctx: Context, ad: StoredAd, bench: Bench, texts: Mapping[int, AdText]) -> None:
    """Draws what the ad holds and what could be added."""
    writes = may(ctx.actor, "ad.write") and not ad.brief_archived and not ad.archived
    placement = placement_of(ad.placement)
    labels = dict(zip((p.text_id for p in bench.places), names(pieces_of(bench.places, texts)), strict=True))
    if writes:
        _save_bar(ctx, ad, bench)
    newer = {i: t.newer_id for i in labels if (t := texts[i]).newer_id is not None}
    if newer and writes:
        with st.container(horizontal=True, vertical_alignment="center"):
            which = ", ".join(labels[i] for i in newer)
            st.warning(f"{which}: edited since it was put in. The ad holds the older wording.",
                       icon=":material/edit_note:")  # fmt: skip
            st.button("Use the newest wording", key="ad_newer", on_click=_change,
                      args=(reworded, newer))  # fmt: skip
    for slot in placement.slots:
        mine = [place for place in bench.places if place.slot == slot.name]
        st.header(f"{slot.plural} · {len(mine)} of {slot.full_ad}", anchor=False)
        if not mine:
            need = f"needs at least {slot.required}" if slot.required else "does not need any"
            st.caption(f"None yet; the ad {need}.")
        for n, place in enumerate(mine):
            _row(ctx, ad, bench, slot, place, labels[place.text_id], texts[place.text_id], (n, len(mine)), writes)
    if writes:
        _add(ctx, ad, bench)


def _save_bar(ctx: Context, ad: StoredAd, bench: Bench) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="ad_save_bar"):
        st.button(f"Save version {bench.base + 1}" if bench.dirty else "Saved", key="ad_save", type="primary",
                  icon=":material/save:", disabled=not bench.dirty, on_click=_save, args=(ctx, ad))  # fmt: skip
        if bench.dirty:
            st.button("Undo changes", key="ad_undo", icon=":material/undo:", on_click=_undo)
            st.markdown(_unsaved(bench), width="content")


def _unsaved(bench: Bench) -> str:
    if bench.back is not None:
        return f"Not saved yet: your changes of {when(bench.back)}, brought back."
    return "Not saved yet." + (" A refresh keeps it." if bench.kept else "")


def _row(
    ctx: Context,
    ad: StoredAd,
    bench: Bench,
    slot: Slot,
    place: Place,
    label: str,
    text: AdText,
    at: tuple[int, int],
    writes: bool,
) -> None:
    i = place.text_id
    with st.container(border=True, key=f"ad_row_{i}"):
        st.markdown(f"**{label}** {plain(text.text.text)}")
        st.caption(_facts(slot, text, place))
        with st.container(horizontal=True, vertical_alignment="center", key=f"do_ad_{i}"):
            if writes:
                n, count = at
                st.button("Up", key=f"ad_up_{i}", icon=":material/arrow_upward:", disabled=n == 0, type="tertiary",
                          help=f"Move {label} up", on_click=_change, args=(moved, i, -1))  # fmt: skip
                st.button("Down", key=f"ad_down_{i}", icon=":material/arrow_downward:", disabled=n == count - 1,
                          type="tertiary", help=f"Move {label} down", on_click=_change,
                          args=(moved, i, 1))  # fmt: skip
                if last := PINS.get(slot.name, 0) if ad.placement == "google_rsa" else 0:
                    st.session_state[f"ad_pin_{i}"] = place.pin or 0
                    st.selectbox(f"Pin of {label}", range(last + 1), key=f"ad_pin_{i}", width=150,
                                 label_visibility="collapsed", on_change=_pin, args=(i,),
                                 format_func=lambda p: f"Pin to {p}" if p else "Not pinned")  # fmt: skip
                st.button("Remove", key=f"ad_out_{i}", icon=":material/close:", type="tertiary", on_click=_change,
                          help=f"Take {label} out of the ad", args=(removed, i))  # fmt: skip
            if st.button("History", key=f"ad_history_{i}", icon=":material/history:", type="tertiary",
                         help=f"What happened to {label}"):  # fmt: skip
                _history(ctx, text)


def _facts(slot: Slot, text: AdText, place: Place) -> str:
    """Status, length, idea, author and compliance in one line."""
    wide = taken(text.text.text, text.text.placement)
    seen = f"{slot.visible:,} before the fold" if slot.visible < slot.limit else f"{slot.limit:,}"
    facts = [status_chip(text.status), f"{wide:,} of {seen}"]
    if place.slot != "path":
        facts.append(angle_word(text.text.angle))
    facts.append("by a person" if text.text.by_person else "by the writer")
    if text.text.card is None:
        facts.append("not scored")
    else:
        old = old_words(text.text)
        word, icon = level_words(text.text.card.compliance.level, old)
        unsure = text.text.card.beats_words == "no clear difference"
        chance = f"beats typical {100 * text.text.card.beats_typical:.0f} in 100"
        facts += [f"{icon} {word}", "no clear difference from a typical text" if unsure else chance]
        facts += [old] if old and word != old else []
    return " · ".join(facts)


@st.dialog("History", width="medium", icon=":material/history:")
def _history(ctx: Context, text: AdText) -> None:
    st.markdown(f"**{plain(text.text.text)}**")
    history(ctx, text.text.id)


def _add(ctx: Context, ad: StoredAd, bench: Bench) -> None:
    """Texts of the brief that could go in."""
    placement = placement_of(ad.placement)
    with st.container(border=True, key="ad_add"):
        st.header("Add texts", anchor=False)
        name = st.segmented_control(
            "Slot", [s.name for s in placement.slots], key="ad_add_slot", default=placement.slots[0].name,
            required=True, format_func=lambda n: placement.slot(n).plural, on_change=_first_page,
        ) or placement.slots[0].name  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            search = st.text_input("Search the brief's texts", key="ad_add_search", max_chars=200,
                                   on_change=_first_page)  # fmt: skip
            by = st.selectbox("Written", list(BY), key="ad_add_by", width=160, on_change=_first_page,
                              format_func=lambda n: BY[n])  # fmt: skip
        found = ads.choices(ctx.db, ctx.actor, ad.id, name, search=search or "", by=by or "",
                            page=int(st.session_state.get("ad_add_page") or 1),
                            without=[place.text_id for place in bench.places])  # fmt: skip
        slot = placement.slot(name)
        full = sum(place.slot == name for place in bench.places) >= slot.full_ad
        if full:
            st.caption(f"The ad has all {slot.full_ad} {slot.plural.lower()} it takes; take one out to add another.")
        if not found.texts:
            st.info("No other text fits. Draft more on the Draft desk, or clear the search.",
                    icon=":material/search_off:")  # fmt: skip
        for text in found.texts:
            _choice(slot, text, full)
        if found.pages > 1:
            st.session_state.ad_add_page = found.page
            st.pagination(found.pages, key="ad_add_page")
        st.caption(
            f"{found.total:,} {'text' if found.total == 1 else 'texts'} that the ad does not hold, picked ones first."
        )


def _choice(slot: Slot, text: AdText, full: bool) -> None:
    i = text.text.id
    with st.container(border=True, key=f"ad_row_choice_{i}"):
        st.markdown(plain(text.text.text))
        chosen = "☆ picked · " if text.text.choice == "picked" else ""
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.caption(chosen + _facts(slot, text, Place(i, slot.name)), width="stretch")
            if text.blocked:
                st.caption("cannot be added", width="content")
            else:
                st.button("Add", key=f"ad_add_{i}", icon=":material/add:", disabled=full, on_click=_take,
                          args=(i, slot.name), help=plain(f"Add “{text.text.text[:80]}”"))  # fmt: skip


def _take(text_id: int, slot: str) -> None:
    bench = state().bench
    if bench is not None and all(place.text_id != text_id for place in bench.places):
        bench.places = (*bench.places, Place(text_id, slot))


def _change(change: Callable[..., tuple[Place, ...]], *args: object) -> None:
    """Changes what the bench holds now, which may be more than the page showed when the button was drawn."""
    bench = state().bench
    if bench is not None:
        bench.places, bench.number = change(bench.places, *args), 0


def _pin(text_id: int) -> None:
    _change(pinned, text_id, st.session_state[f"ad_pin_{text_id}"] or None)


def _undo() -> None:
    bench = state().bench
    if bench is not None:
        bench.places, bench.number = bench.saved, 0


def _first_page() -> None:
    st.session_state.ad_add_page = 1


def _save(ctx: Context, ad: StoredAd) -> None:
    bench = state().bench
    if bench is None or bench.ad_id != ad.id:  # another ad is being opened
        return
    places, base = in_slot_order(placement_of(ad.placement), bench.places), bench.base

    def save() -> StoredAd:
        saved = ads.save_revision(ctx.db, ctx.actor, ad.id, base, places)
        adopt(saved)
        state().trouble = ""
        return saved

    tried(save, "Saved.")
