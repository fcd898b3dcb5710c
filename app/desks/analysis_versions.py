"""Writer versions on the Decide page: promote, try out, roll back; how a trial stands; all versions and changes.

A click changes what the next draft is written with; who did it and why is kept and shown. Leaves out the answer above
it (decide.py) and the making of versions (the Learning page).
"""

from collections.abc import Callable

import streamlit as st

from app.components.card import table_html
from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.services import analytics, rounds, trials, versions
from app.services.people import Actor, Forbidden, NotFound, names_of
from app.services.positions import PositionRate, position_bias
from app.services.trials import TrialCounts, TrialState
from app.services.versions import SHIPPED, WriterVersion
from db.session import Database, StorageError
from relate_engine.brief import BriefError, placement_of
from relate_engine.gate import Decision
from relate_engine.policy.weights import WeightsError

TROUBLE = (BriefError, Forbidden, NotFound, StorageError, WeightsError)
FIRST_PLACES = 4  # of a slot, in the table of places
SHARES = (  # of held-out texts, or of their bigrams
    "blocked_rules", "blocked_classifier", "wrong_facts", "ended", "over_limit", "exceptions", "distinct2",
)  # fmt: skip


def buttons(
    ctx: Context, chosen: WriterVersion, state: TrialState | None, advised: bool, stale: bool = False,
    usable: bool = True,
) -> None:  # fmt: skip
    """What can be done with the chosen version, with one reason for all of it. `advised`: the answer is promote;
    `stale`: no trial can make it that; `usable`: its weights are here."""
    back = versions.way_back(ctx.db, ctx.actor)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Reason", key="versions_reason", max_chars=versions.LONGEST_REASON - len(rounds.AGAINST), width=320,
            placeholder="kept with it; needed against the gate",
        )  # fmt: skip
        if not chosen.active:
            st.button(f"Promote {plain(chosen.version)}", key="versions_promote", icon=":material/upgrade:",
                      on_click=_do, args=(ctx, _promote, chosen.version), type="primary" if advised else "secondary",
                      disabled=not usable,
                      help="Every draft from the next one on is written by it. Roll back with one click.")  # fmt: skip
            if state is None:
                st.button("Start trial", key="trial_start", icon=":material/science:", on_click=_do,
                          args=(ctx, _start, chosen.version), disabled=stale or not usable,
                          help="Its held-out checks were made against a writer that is not in use now, so no trial "
                          "can promote it." if stale else "Drafts mix its texts with those of the version in "
                          "use, unlabelled and in random positions, until you stop it.")  # fmt: skip
        if state is not None:
            st.button("Stop trial", key="trial_stop", icon=":material/stop_circle:", on_click=_do,
                      args=(ctx, _stop, state.version))  # fmt: skip
        if back is not None:
            st.button(f"Roll back to {plain(back[1] or SHIPPED)}", key="versions_back", icon=":material/undo:",
                      on_click=_do, args=(ctx, _back, back[0]))  # fmt: skip


def trial(ctx: Context, state: TrialState | None) -> None:
    """How the running or the last trial stands, in words."""
    version = state.version if state else trials.last_tried(ctx.db, ctx.actor)
    if version is None:
        return
    counts = _counts(ctx.db, ctx.actor, *kept(ctx), version)
    if state:
        said = f"**Trial running** since {when(state.since)}: {plain(version)} against {plain(state.old or SHIPPED)}"
    else:
        said = f"**Last trial** (stopped): {plain(version)}{plain(f' against {counts.old}') if counts else ''}"
    st.markdown(f"{said}. {plain(trial_words(counts))}")


def kept(ctx: Context) -> tuple[str, int, tuple[int, ...]]:
    """What a kept count or answer hangs on: database, workspace, newest rows, changes of writers among them."""
    return str(ctx.db.engine.url), ctx.actor.workspace_id, analytics.stamp(ctx.db, ctx.actor)


@st.cache_data(ttl=600, max_entries=64, show_spinner="Counting choices…")
def _counts(
    _db: Database, _actor: Actor, url: str, workspace: int, stamp: tuple[int, ...], version: str
) -> TrialCounts | None:
    return trials.trial_counts(_db, _actor, version)


@st.cache_data(ttl=600, max_entries=64, show_spinner="Asking the gate…")
def _decision(
    _db: Database, _actor: Actor, url: str, workspace: int, stamp: tuple[int, ...], version: str
) -> Decision | None:
    """What the gate says today, with the choices of a trial so far; None for a version that no round made."""
    try:
        return rounds.decision(_db, _actor, version)
    except NotFound:
        return None


def trial_words(counts: TrialCounts | None) -> str:
    """What a trial has shown so far, in sentences."""
    if counts is None:
        return "No draft has been written in it yet."
    shown = f"Shown: {counts.shown_new:,} texts by it and {counts.shown_old:,} by {counts.old}."
    share = counts.share
    if share is None:
        return f"{shown} Nobody has chosen between the two yet; {counts.needed} choices are needed."
    low, high = counts.interval
    told = (
        f"{shown} Of {counts.choices:,} choices {counts.chosen_new:,} fell on it: {share:.0%} after correcting for how "
        f"many of each there were to choose from (95% interval {low:.0%} to {high:.0%})."
    )
    if counts.together >= 1.1:
        worth = counts.choices / counts.together
        told += f" Choices in one draft go together; they tell as much as {worth:.0f} made one by one."
    if counts.needed:
        return f"{told} About {counts.needed:,} more choices are needed before it can decide."
    if low > 0.5:
        return f"{told} People prefer it."
    return f"{told} People prefer the old one." if high < 0.5 else f"{told} It does not tell which one people prefer."


def every(ctx: Context, found: list[WriterVersion], state: TrialState | None) -> None:
    """All versions with their held-out means, then who changed what."""
    st.header("All versions", anchor=False)
    key = kept(ctx)
    asked = {v.version: _decision(ctx.db, ctx.actor, *key, v.version) for v in found if v.made_at}
    decisions = {version: gate for version, gate in asked.items() if gate is not None}
    st.html(_table(found, state, decisions))
    _places(position_bias(ctx.db, ctx.actor))
    _history(ctx)


def _table(found: list[WriterVersion], state: TrialState | None, decisions: dict[str, Decision]) -> str:
    def use(v: WriterVersion) -> str:
        return "in use" if v.active else "on trial" if state and state.version == v.version else ""

    figures = list(dict.fromkeys(name for v in found for name in v.metrics))
    rows = [
        (
            v.version,
            use(v),
            v.parent or (SHIPPED if v.made_at else "shipped with the studio"),
            when(v.made_at) if v.made_at else "",
            _gate_words(decisions.get(v.version)),
            *(format(v.metrics[n], ".1%" if n in SHARES else ".3g") if n in v.metrics else "" for n in figures),
        )
        for v in found
    ]
    heads = ("version", "use", "made from", "made", "gate", *(name.replace("_", " ") for name in figures))
    return table_html(heads, rows)


def _gate_words(gate: Decision | None) -> str:
    if gate is None:
        return ""
    missing = f", {gate.verdicts_needed} choices missing" if gate.verdicts_needed else ""
    return "yes" if gate.promote else f"no{missing}"


def _places(rates: list[PositionRate]) -> None:
    if not rates:
        return
    rows = []
    for placement, slot in dict.fromkeys((rate.placement, rate.slot) for rate in rates):
        mine = [rate for rate in rates if (rate.placement, rate.slot) == (placement, slot)][:FIRST_PLACES]
        where = placement_of(placement)
        rows += [
            (where.label, where.slot(slot).label, str(r.position + 1), f"{r.rate:.0%}", f"{r.shown:,}") for r in mine
        ]
    with st.expander("Do people choose by place?"):
        st.caption("In the newest drafts, how often a text was chosen that chance had put in this place of its slot.")
        st.html(table_html(("placement", "slot", "place", "chosen", "of texts"), rows))


def _history(ctx: Context) -> None:
    found = versions.changes(ctx.db, ctx.actor)
    if not found:
        return
    words = {"promote": "promoted", "rollback": "rolled back", "trial": "trial"}
    names = names_of(ctx.db, ctx.actor, [c.author_id for c in found])
    rows = [
        (
            when(c.at),
            f"trial {'started' if c.after else 'ended'}" if c.kind == "trial" else words[c.kind],
            c.before or SHIPPED,
            c.after or ("" if c.kind == "trial" else SHIPPED),
            names.get(c.author_id, f"person {c.author_id}"),
            c.reason,
        )
        for c in found
    ]
    st.markdown("Changes, newest first")
    st.html(table_html(("when", "what", "from", "to", "by", "reason"), rows))


def _do(ctx: Context, what: Callable[..., str], *more: str) -> None:
    """Does what a button asked for and says what came of it; the reason typed is used once."""
    try:
        st.toast(plain(what(ctx, *more)), icon=":material/check:")
        st.session_state["versions_reason"] = ""
    except TROUBLE as error:
        st.session_state["versions_trouble"] = str(error)


def _reason() -> str:
    return str(st.session_state.get("versions_reason") or "")


def _promote(ctx: Context, version: str) -> str:
    rounds.promote(ctx.db, ctx.actor, version, ctx.settings, _reason())
    return f"{version} writes from the next draft on."


def _back(ctx: Context, now: str) -> str:
    back = versions.rollback(ctx.db, ctx.actor, ctx.settings, _reason(), now)
    return f"{back or SHIPPED} writes from the next draft on."


def _start(ctx: Context, version: str) -> str:
    trials.start_trial(ctx.db, ctx.actor, version, ctx.settings, _reason())
    return f"Drafts now mix {version} with the version in use."


def _stop(ctx: Context, version: str) -> str:
    trials.stop_trial(ctx.db, ctx.actor, _reason(), version)
    return "The trial has ended; its counts stay."
