"""Writer versions on the Rewards desk: which one drafts, what each was measured at, promote, roll back, try out.

A click changes what the next draft is written with; who did it and why is kept and shown. Leaves out the texts
themselves (the Draft desk) and the making of versions, which the worker does (a round).
"""

from collections.abc import Callable

import streamlit as st

from app.components.card import table_html
from app.components.context import Context
from app.components.jobs import job_panel
from app.components.plain import plain
from app.services import jobs, rounds, trials, versions
from app.services.people import Forbidden, NotFound, may
from app.services.positions import PositionRate, position_bias
from app.services.trials import TrialCounts, TrialState
from app.services.versions import SHIPPED, WriterVersion
from db.session import StorageError
from relate_engine.brief import BriefError
from relate_engine.gate import Decision
from relate_engine.policy.weights import WeightsError

KIND = "round"
TROUBLE = (BriefError, Forbidden, NotFound, StorageError, WeightsError)
FIRST_PLACES = 4  # of a slot, in the sentence about places


def writer_versions(ctx: Context) -> None:
    """The section. Whoever may see it but not change it sees no buttons."""
    st.header("Writer versions", anchor=False)
    found = versions.versions(ctx.db, ctx.actor, ctx.settings)
    state = trials.trial_state(ctx.db, ctx.actor)
    if ctx.settings.policy_url:
        st.info("A server writes (RELATE_POLICY_URL); the versions below are not used.", icon=":material/cloud:")
    decisions = {v.version: gate for v in found if (gate := _decision(ctx, v.version)) is not None}
    st.html(_table(found, state, decisions))
    if trouble := st.session_state.pop("versions_trouble", ""):
        st.error(plain(trouble), icon=":material/error:")
    if may(ctx.actor, "writer.change"):
        _buttons(ctx, found, state)
    _trial(ctx, state)
    _gates(decisions)
    if KIND in jobs.KINDS:
        _round(ctx)
    _places(position_bias(ctx.db, ctx.actor))
    _history(ctx)


def _decision(ctx: Context, version: str) -> Decision | None:
    """What the gate says today, with the choices of a trial so far; None for a version that no round made."""
    try:
        return rounds.decision(ctx.db, ctx.actor, version)
    except NotFound:
        return None


def _table(found: list[WriterVersion], state: TrialState | None, decisions: dict[str, Decision]) -> str:
    def use(v: WriterVersion) -> str:
        return "in use" if v.active else "on trial" if state and state.version == v.version else ""

    figures = list(dict.fromkeys(name for v in found for name in v.metrics))
    rows = [
        (
            v.version,
            use(v),
            v.parent or (SHIPPED if v.made_at else "shipped with the studio"),
            f"{v.made_at:%Y-%m-%d %H:%M}" if v.made_at else "",
            _gate_words(decisions.get(v.version)),
            *(f"{v.metrics[name]:.3g}" if name in v.metrics else "" for name in figures),
        )
        for v in found
    ]
    heads = ("version", "", "made from", "made (UTC)", "gate", *(name.replace("_", " ") for name in figures))
    return table_html(heads, rows)


def _gate_words(gate: Decision | None) -> str:
    if gate is None:
        return ""
    missing = f", {gate.verdicts_needed} choices missing" if gate.verdicts_needed else ""
    return "yes" if gate.promote else f"no{missing}"


def _buttons(ctx: Context, found: list[WriterVersion], state: TrialState | None) -> None:
    others = [v.version for v in found if v.made_at and not v.active]
    back = versions.way_back(ctx.db, ctx.actor)
    if not others and back is None:
        st.caption("There is no other version yet; a round makes one.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if others:
            st.selectbox("Version", others, key="versions_chosen", width=240)
        st.text_input(
            "Reason",
            key="versions_reason",
            max_chars=versions.LONGEST_REASON - len(rounds.AGAINST),
            placeholder="kept with it",
        )
        if others:
            st.button("Promote", key="versions_promote", icon=":material/upgrade:", on_click=_do, args=(ctx, _promote),
                      help="Every draft from the next one on is written by it. Roll back with one click.")  # fmt: skip
            if state is None:
                st.button("Start trial", key="trial_start", icon=":material/science:", on_click=_do,
                          args=(ctx, _start), help="Drafts mix its texts with those of the version in use, unlabelled "
                          "and in random positions, until you stop it.")  # fmt: skip
        if state is not None:
            st.button("Stop trial", key="trial_stop", icon=":material/stop_circle:", on_click=_do, args=(ctx, _stop))
        if back is not None:
            st.button(f"Roll back to {plain(back[1] or SHIPPED)}", key="versions_back", icon=":material/undo:",
                      on_click=_do, args=(ctx, _back, back[0]))  # fmt: skip


def _trial(ctx: Context, state: TrialState | None) -> None:
    version = state.version if state else trials.last_tried(ctx.db, ctx.actor)
    if version is None:
        return
    counts = trials.trial_counts(ctx.db, ctx.actor, version)
    if state:
        said = f"**Trial running** since {state.since:%-d %B %H:%M} UTC: {plain(version)} against "
        said += plain(state.old or SHIPPED)
    else:
        said = f"**Last trial** (stopped): {plain(version)}"
    st.markdown(f"{said}. {plain(trial_words(counts))}")


def _gates(decisions: dict[str, Decision]) -> None:
    """Why the gate says what it says, newest version first."""
    for version, gate in decisions.items():
        with st.expander(f"Gate: {plain(version)}, {_gate_words(gate)}", icon=":material/gavel:"):
            st.markdown("".join(f"- {plain(reason)}\n" for reason in gate.reasons))


def trial_words(counts: TrialCounts | None) -> str:
    """What a trial has shown so far, in sentences."""
    if counts is None:
        return "No draft has been written in it yet."
    shown = f"Shown: {counts.shown_new:,} texts by it and {counts.shown_old:,} by {counts.old}."
    share = counts.share
    if share is None:
        return f"{shown} Nothing was picked, copied or exported yet; {counts.needed} choices are needed."
    low, high = counts.interval
    told = (
        f"{shown} Of {counts.choices:,} choices {counts.chosen_new:,} fell on it: {share:.0%} after correcting for how "
        f"many were shown (95 % interval {low:.0%} to {high:.0%})."
    )
    if counts.needed:
        return f"{told} {counts.needed} more choices are needed before it can decide."
    if low > 0.5:
        return f"{told} People prefer it."
    return f"{told} People prefer the old one." if high < 0.5 else f"{told} It does not tell which one people prefer."


def _round(ctx: Context) -> None:
    job = job_panel(ctx, KIND)
    if jobs.may_start(ctx.actor, KIND):
        st.button("Start round", key="round_start", icon=":material/model_training:", on_click=_do,
                  args=(ctx, _start_round), disabled=job is not None and job.open,
                  help="The worker makes a new version from this workspace's feedback and verdicts; it is put in use "
                  "by nobody but you.")  # fmt: skip


def _places(rates: list[PositionRate]) -> None:
    if not rates:
        return
    told = []
    for slot in dict.fromkeys(rate.slot for rate in rates):
        mine = [rate for rate in rates if rate.slot == slot][:FIRST_PLACES]
        parts = [f"{r.position + 1}: {r.rate:.0%} of {r.shown:,}" for r in mine]
        told.append(f"{slot.replace('_', ' ')}, place {'; '.join(parts)}")
    said = "In the newest drafts, how often a text was chosen that chance had put in a place."
    st.caption(plain(f"{said} {'. '.join(told)}."))


def _history(ctx: Context) -> None:
    found = versions.changes(ctx.db, ctx.actor)
    if not found:
        return
    words = {"promote": "promoted", "rollback": "rolled back", "trial": "trial"}
    rows = [
        (
            f"{c.at:%Y-%m-%d %H:%M}",
            f"trial {'started' if c.after else 'ended'}" if c.kind == "trial" else words[c.kind],
            c.before or SHIPPED,
            c.after or ("" if c.kind == "trial" else SHIPPED),
            f"person {c.author_id}",
            c.reason,
        )
        for c in found
    ]
    st.markdown("Changes, newest first")
    st.html(table_html(("when (UTC)", "what", "from", "to", "by", "reason"), rows))


def _do(ctx: Context, what: Callable[..., str], *more: str) -> None:
    """Does what a button asked for and says what came of it; the reason typed is used once."""
    try:
        st.toast(plain(what(ctx, *more)), icon=":material/check:")
        st.session_state["versions_reason"] = ""
    except TROUBLE as error:
        st.session_state["versions_trouble"] = str(error)


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "")


def _promote(ctx: Context) -> str:
    version = _typed("versions_chosen")
    rounds.promote(ctx.db, ctx.actor, version, ctx.settings, _typed("versions_reason"))
    return f"{version} writes from the next draft on."


def _back(ctx: Context, now: str) -> str:
    back = versions.rollback(ctx.db, ctx.actor, ctx.settings, _typed("versions_reason"), now)
    return f"{back or SHIPPED} writes from the next draft on."


def _start(ctx: Context) -> str:
    version = _typed("versions_chosen")
    trials.start_trial(ctx.db, ctx.actor, version, ctx.settings, _typed("versions_reason"))
    return f"Drafts now mix {version} with the version in use."


def _stop(ctx: Context) -> str:
    trials.stop_trial(ctx.db, ctx.actor, _typed("versions_reason"))
    return "The trial has ended; its counts stay."


def _start_round(ctx: Context) -> str:
    jobs.start(ctx.db, ctx.actor, KIND)
    return "The round waits for the worker."
