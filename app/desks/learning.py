"""The Learning page: is the writer learning, and is what it learns real?

Start and watch a round; what its steps measured; the training reward beside judges that training never saw, by
version; what the rules and reviewers refuse; and what each way of assigning credit earned (the ladder). Leaves out
the decision about a version (the Decide page).
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.components import charts, charts_results, charts_rounds
from app.components.context import Context, context
from app.components.jobs import job_panel
from app.components.plain import plain
from app.desks import analysis_filters
from app.desks.rewards_ladder import ladder
from app.services import analytics_rounds, jobs, versions
from app.services.demo_round import recorded
from app.services.people import Forbidden, NotFound, may, require
from app.services.versions import WriterVersion
from db.session import StorageError
from relate_engine.brief import BriefError
from relate_engine.config import ASSETS

KIND = "round"
RUNNING = "the round under way"
REWARD = {"reward": "Training reward"}
PARTS = {
    "judged/ctcvr": "Sales (beats a typical text)", "judged/compliance": "Compliance",
    "judged/correctness": "Correctness", "judged/relevance": "Relevance", "judged/diversity": "Diversity",
    "judged/structure": "Structure",
}  # fmt: skip
WHOLE = {"ctcvr": "Sales", "ctr": "Clicks"}  # what TRL logs under the names of training/judge.py
DRIFT = {"kl": "KL to the start, nats a token", "entropy": "Entropy, nats a token"}
LENGTH = {"completions/mean_length": "Length, tokens"}
REFUSED = {"judged/blocked": "Blocked by the rules", "judged/ended": "Come to an end"}
HELD = {"blocked_rules": "Blocked by rules", "blocked_classifier": "Blocked by the second classifier",
        "wrong_facts": "Wrong facts"}  # fmt: skip
VARIETY, WIDTH = {"distinct2": "Distinct bigrams"}, {"length": "Width of a text"}


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Learning")
    st.caption("What each round taught the writer, and whether it holds outside training.")
    try:
        _page(context())
    except (Forbidden, NotFound, StorageError, BriefError) as error:
        st.error(plain(str(error)))


def _page(ctx: Context) -> None:
    require(ctx.actor, "analytics.read")
    under_way = _round(ctx)
    found = versions.versions(ctx.db, ctx.actor, ctx.settings)
    for told in filter(None, (recorded(version.manifest) for version in found)):
        st.info(plain(told), icon=":material/science:")
    download = may(ctx.actor, "table.export")
    across, inside, refused, credit = st.tabs(
        ["Version by version", "Inside a round", "Refused", "Ways of credit"],
        key="part", on_change="rerun", bind="query-params",
    )  # fmt: skip
    if across.open:
        with across:
            _across(found, under_way, download)
    if inside.open:
        with inside:
            _inside(ctx, found, download)
    if refused.open:
        with refused:
            _refused(ctx, download)
    if credit.open:
        with credit:
            ladder(_read(ASSETS / "reports" / "ladder.json"), download)


def _round(ctx: Context) -> bool:
    """The newest round and the button for another one; whether one is under way."""
    if trouble := st.session_state.pop("round_trouble", ""):
        st.error(plain(trouble), icon=":material/error:")
    job = job_panel(ctx, KIND)
    under_way = job is not None and job.open
    if jobs.may_start(ctx.actor, KIND):
        st.button("Start round", key="round_start", icon=":material/model_training:", on_click=_start, args=(ctx,),
                  disabled=under_way,
                  help="The worker makes a new version from this workspace's feedback and verdicts; it is put in use "
                  "by nobody but you.")  # fmt: skip
    if job is not None and jobs.can_resume(ctx.actor, ctx.settings, job):
        st.button("Go on from the last checkpoint", key="round_resume", icon=":material/resume:", on_click=_resume,
                  args=(ctx, job.id), help="What this round has trained is kept until another one is started. Mend "
                  "what stopped it first.")  # fmt: skip
    return under_way


def _resume(ctx: Context, job_id: int) -> None:
    try:
        jobs.resume(ctx.db, ctx.actor, ctx.settings, job_id)
        st.toast("The round goes on as soon as the worker is free.", icon=":material/check:")
    except (BriefError, Forbidden, NotFound, StorageError) as error:
        st.session_state["round_trouble"] = str(error)


def _start(ctx: Context) -> None:
    try:
        jobs.start(ctx.db, ctx.actor, KIND)
        st.toast("The round waits for the worker.", icon=":material/check:")
    except (BriefError, Forbidden, StorageError) as error:
        st.session_state["round_trouble"] = str(error)


def _across(found: list[WriterVersion], under_way: bool, download: bool) -> None:
    gaps = analytics_rounds.gaps(found)
    if not gaps:
        now = "one is under way" if under_way else "start one above"
        st.info(f"No round has finished with a judged version yet; {now}.", icon=":material/model_training:")
        return
    rewards = {
        v.version: (float(v.manifest["reward"]["first"]), float(v.manifest["reward"]["last"]))
        for v in reversed(found) if v.manifest.get("reward")
    }  # fmt: skip
    charts.show(charts_rounds.gap(gaps, rewards, "reward_gap"), download)
    held = analytics_rounds.held_out(found)
    parents = {v.version: v.parent or versions.SHIPPED for v in found}
    for measures, heading, name, digits in (
        (HELD, "Compliance and facts on held-out briefs, by version", "held_out", ".1%"),
        (VARIETY, "Variety on held-out briefs, by version", "held_variety", ".1%"),
        (WIDTH, "Length on held-out briefs, by version", "held_length", ".3g"),
    ):
        if held["measure"].isin(list(measures)).any():
            charts.show(charts_rounds.held_out(held, measures, heading, name, digits, parents), download)
    if not (moved := analytics_rounds.moves(found)).empty:
        heading = "How far each version moved from its start (KL), on held-out briefs"
        charts.show(charts_rounds.moves(heading, moved, "held_kl"), download)
    for version in found:
        for alarm in analytics_rounds.alarms_of(version) if version.made_at else ():
            st.warning(plain(f"{version.version}: {alarm}"), icon=":material/notifications_active:")


def _inside(ctx: Context, found: list[WriterVersion], download: bool) -> None:
    job = next(iter(jobs.jobs(ctx.db, ctx.actor, KIND, 1)), None)
    names = [v.version for v in found if v.made_at]
    choices = [*([RUNNING] if job is not None and job.open else []), *names]
    if not choices:
        st.info("There is no round to look into yet; start one above.", icon=":material/model_training:")
        return
    chosen = st.selectbox("Round that made", choices, key="round", bind="query-params", width=320)
    if chosen == RUNNING and job is not None:
        steps = analytics_rounds.running_steps(ctx.actor, ctx.settings, job)
        st.button("Look again", key="round_look", icon=":material/refresh:")
    else:
        steps = analytics_rounds.steps(ctx.db, ctx.actor, ctx.settings, chosen or "")
    if steps.empty:
        st.info(
            f"No step of {plain(chosen or '')} was kept: it has not reached training with rewards yet, or was made "
            "before steps were kept.",
            icon=":material/info:",
        )
        return
    _steps(steps, download)


def _steps(steps: pd.DataFrame, download: bool) -> None:
    known = set(steps["measure"])
    sentence = {
        m: f"{WHOLE.get(m.split('/')[1], m.split('/')[1].capitalize())} (whole text)"
        for m in sorted(known) if m.startswith("rewards/") and m.endswith("/mean")
    }  # fmt: skip
    for heading, names, axis, name in (
        ("Training reward, step by step", REWARD, "mean of a step's texts", "steps_reward"),
        ("Rewards that judge the whole text", sentence, "mean, 0 to 1", "steps_sentence"),
        ("Rewards by component", PARTS, "mean, 0 to 1", "steps_components"),
        ("Compliance while training", REFUSED, "share of a step's texts", "steps_compliance"),
        ("How far the writer moved", DRIFT, "nats a token", "steps_drift"),
        ("Length of what it writes", LENGTH, "tokens", "steps_length"),
    ):
        if known & set(names):
            charts.show(charts_rounds.over_steps(heading, steps, names, axis, name), download)


def _refused(ctx: Context, download: bool) -> None:
    view = analysis_filters.filters(ctx)
    dropped, named = analysis_filters.reasons(ctx, view)
    if dropped.empty:
        st.info("No candidate was dropped in these days.")
    else:
        what = "candidates were written and shown to nobody"
        charts.show(charts_results.reasons("Why candidates were dropped", what, dropped, "dropped"), download)
    if named.empty:
        st.info("No reviewer has named a broken rule in these days.")
    else:
        what = "rules were named in violations"
        charts.show(charts_results.reasons("Rules that reviewers named", what, named, "named_rules"), download)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # not shipped, or unreadable: the section says so
        return None
    return data if isinstance(data, dict) else None
