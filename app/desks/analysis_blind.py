"""Blind side by side on the Decide page: two texts for one brief, nobody says which version wrote which.

A click keeps the choice and shows the next pair; the count stands behind a switch, so that it does not colour the next
choice. Leaves out where pairs come from (services/analytics_blind.py).
"""

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.desks.analysis_versions import TROUBLE
from app.services import analytics_blind
from app.services.analytics_blind import ENOUGH, Pair, Preference
from relate_engine.brief import placement_of


def compare(ctx: Context, old: str, new: str) -> None:
    """The section."""
    st.header("Blind side by side", anchor=False)
    st.caption(
        plain(f"Texts of {new} and {old} for the same brief, in random order. Say which you would run.")
        + " Your choices are kept and counted here; the gate counts only the choices of a trial."
    )
    _compare(ctx, old, new)


@st.fragment
def _compare(ctx: Context, old: str, new: str) -> None:
    pair = analytics_blind.next_pair(ctx.db, ctx.actor, old, new)
    if pair is None:
        st.info(
            "No pair waits for your choice. Drafts that are written in a trial hold texts of both versions; they come "
            "up here.",
            icon=":material/compare:",
        )
    else:
        _pair(ctx, old, new, pair)
    if st.toggle("Show the count", key="blind_count"):
        st.markdown(plain(words(new, old, analytics_blind.preference(ctx.db, ctx.actor, old, new))))


def _pair(ctx: Context, old: str, new: str, pair: Pair) -> None:
    slot = placement_of(pair.placement).slot(pair.slot)
    st.markdown(f"Brief: **{plain(pair.brief)}**, {slot.label.lower()}")
    for column, name, side in zip(st.columns(2), ("A", "B"), (pair.left, pair.right), strict=True):
        with column, st.container(border=True, key=f"blind_{name}"):
            st.markdown(f"**{name}**")
            st.markdown(plain(side.text))
            st.button(f"I would run {name}", key=f"blind_choose_{name}", on_click=_choose, width="stretch",
                      args=(ctx, old, new, pair, side.text_id))  # fmt: skip
    st.button("No preference", key="blind_none", on_click=_choose, args=(ctx, old, new, pair, None))


def _choose(ctx: Context, old: str, new: str, pair: Pair, text_id: int | None) -> None:
    try:
        analytics_blind.choose(ctx.db, ctx.actor, old, new, pair, text_id)
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")


def words(new: str, old: str, found: Preference) -> str:
    """The count in sentences; from ENOUGH on with an interval that holds at every look, and who is preferred."""
    if not found.decided:
        ties = f" {found.ties} without a preference." if found.ties else ""
        return f"Nobody has preferred one of the two yet.{ties}"
    who = "1 person" if found.people == 1 else f"{found.people} people"
    many = "comparison" if found.decided == 1 else "comparisons"
    told = f"{new} was chosen in {found.chosen} of {found.decided} blind {many} by {who}"
    ties = f"{found.ties} without a preference."
    if found.decided < ENOUGH:
        return f"{told}, {ties} Fewer than {ENOUGH} tell nothing yet."
    low, high = found.interval
    told += f": {found.chosen / found.decided:.0%} (95% interval {low:.0%} to {high:.0%}), {ties}"
    if low > 0.5:
        return f"{told} It is preferred."
    return f"{told} {old} is preferred." if high < 0.5 else f"{told} That is no clear preference yet."
