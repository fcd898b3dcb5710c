"""The Decide page: may a new writer version go live, and why?

One answer of three (promote, don't, not enough data) with every reason behind it, then the buttons that act on it,
the blind comparison and all versions. The answer is the gate's (services/analytics_decision.py); nothing is judged
here. Leaves out how the version was made (the Learning page).
"""

import streamlit as st

from app.components.card import table_html
from app.components.context import Context, context
from app.components.plain import plain
from app.desks import analysis_blind, analysis_filters, analysis_versions
from app.services import analytics_decision, trials, versions
from app.services.analytics_decision import Advice
from app.services.demo_round import recorded
from app.services.people import Actor, Forbidden, may, require
from app.services.trials import TrialState
from app.services.versions import SHIPPED, WriterVersion
from db.session import Database, StorageError

LOOKS = {
    "promote": ("Promote", ":material/check_circle:", "green"),
    "don't": ("Don't promote", ":material/cancel:", "red"),
    "not enough data": ("Not enough data", ":material/hourglass_empty:", "orange"),
}


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Decide")
    st.caption("May the new writer go live? The answer, what it stands on, and what you can do about it.")
    try:
        _page(context())
    except (Forbidden, StorageError) as error:
        st.error(plain(str(error)))


def _page(ctx: Context) -> None:
    require(ctx.actor, "writer.read")
    found = versions.versions(ctx.db, ctx.actor, ctx.settings)
    state = trials.trial_state(ctx.db, ctx.actor)
    made = [v for v in found if v.made_at]
    if ctx.settings.policy_url:
        st.info(
            "Drafts come from a remote model at present, so the versions below are not used. Whoever runs the studio "
            "can change that (RELATE_POLICY_URL).",
            icon=":material/cloud:",
        )
    if not made:
        st.info(
            "There is no new version to decide about yet. Start a round on the Learning page: it makes one from this "
            "workspace's picks, edits and verdicts.",
            icon=":material/model_training:",
        )
        return
    chosen = _chosen(made, state)
    if told := recorded(chosen.manifest):
        st.info(plain(told), icon=":material/science:")
    said = _advice(ctx.db, ctx.actor, *analysis_versions.kept(ctx), chosen.version, chosen)
    _answer(said, chosen, found, state)
    if may(ctx.actor, "writer.change"):
        advised, stale = said is not None and said.word == "promote", said is not None and said.stale
        analysis_versions.buttons(ctx, chosen, state, advised, stale, usable=not told)
    if trouble := st.session_state.pop("versions_trouble", ""):
        st.error(plain(trouble), icon=":material/error:")
    analysis_versions.trial(ctx, state)
    old = _before(found, chosen, state)
    if old is not None:
        analysis_blind.compare(ctx, old, chosen.version)
    analysis_versions.every(ctx, found, state)


def _chosen(made: list[WriterVersion], state: TrialState | None) -> WriterVersion:
    """The version looked at: the one on trial, else the newest, unless the URL or the person names another. Its name
    alone is the option, as that stands in the URL: a link shows the same one when it is in use."""
    names = [v.version for v in made]
    tried = state.version if state else None
    first = names.index(tried) if tried in names else 0
    analysis_filters.missing("version", names)
    name = st.selectbox("Version", names, first, key="version", bind="query-params", width=320)
    chosen = next((v for v in made if v.version == name), made[first])
    uses = ["in use"] * chosen.active + ["on trial"] * (chosen.version == tried)
    if uses:
        st.caption(plain(f"{chosen.version} is {' and '.join(uses)}."))
    return chosen


def _before(found: list[WriterVersion], chosen: WriterVersion, state: TrialState | None) -> str | None:
    """What a version is compared with: the one in use, or for the one in use the one that it was made from."""
    if state and state.version == chosen.version and state.old:
        return state.old
    now = next((v.version for v in found if v.active), None)
    if now != chosen.version:
        return now
    return chosen.parent or next((v.version for v in found if not v.made_at), None)


def _answer(said: Advice | None, chosen: WriterVersion, found: list[WriterVersion], state: TrialState | None) -> None:
    with st.container(border=True, key="decision"):
        if said is None:
            st.header("Not enough data", anchor=False)
            told = f"No round made {plain(chosen.version)}, so no gate has judged it."
            more = " It is live now." if chosen.active else " Start a trial to learn more." if state is None else ""
            st.markdown(told + more)
            return
        word, icon, colour = LOOKS[said.word]
        live = " It is live now." if chosen.active else ""
        st.header(f"{icon} :{colour}[{word}]", anchor=False)
        st.markdown(plain(said.why) + live)
        for alarm in said.alarms:
            st.warning(plain(alarm), icon=":material/notifications_active:")
        _numbers(said, chosen, found)
        st.html(_reasons(said))
        st.caption(
            "Each reason is held against a bound that was fixed before the round; an evaluator wears out a little with "
            "every version it judges, so its count is part of the answer."
        )


@st.cache_data(ttl=600, max_entries=64, show_spinner="Asking the gate…")
def _advice(
    _db: Database, _actor: Actor, url: str, workspace: int, stamp: tuple[int, ...], name: str, _version: WriterVersion
) -> Advice | None:
    return analytics_decision.advice(_db, _actor, _version)


def _numbers(said: Advice, chosen: WriterVersion, found: list[WriterVersion]) -> None:
    """A version in use is told against the one that it was made from."""
    now = next((v.version for v in found if v.active), SHIPPED)
    other = chosen.parent or SHIPPED if chosen.active else now
    with st.container(horizontal=True):
        for label, value, told in (
            ("Choices so far", f"{said.choices:,}", "picks, copies and exports in mixed, unlabelled drafts"),
            ("Still needed", f"{said.needed:,}", "until a trial can answer; 0 where a trial does not decide"),
            ("Gates judged", f"{said.gates:,}", f"by {said.evaluator} or one made from the same"),
            ("Alarms", f"{len(said.alarms):,}", "signs that the reward was gamed, or that texts changed in kind"),
        ):
            st.metric(label, value, help=told, border=True, width=146)
    st.caption(plain(f"{chosen.version} against {other}; evaluator {said.evaluator}."))


def _reasons(said: Advice) -> str:
    rows = [("✓ for" if r.holds else "✗ against", f"{r.words} {r.detail}".strip()) for r in said.reasons]
    return table_html(("for or against", "what was looked at"), rows)
