"""The Rewards desk: what was written, how it scored, what people did with it, what reviewers said.

Every chart has a heading, one plain sentence and its table; small groups carry intervals and the sentence says when a
difference is none. The last tab says what the numbers are and how well the models behind them do (rewards_cards.py).
Leaves out writer versions (Decide), rounds (Learning) and campaign results (Performance).
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.components import charts
from app.components.context import Context, context
from app.components.plain import plain
from app.desks import analysis_filters
from app.desks.rewards_cards import cards
from app.services import analytics
from app.services.learning import active_rewards
from app.services.people import Forbidden, may, require
from db.session import StorageError
from relate_engine.brief import ANGLES, PLACEMENTS
from relate_engine.config import ASSETS, WRITER
from relate_engine.training.corpus import corpus_hash
from relate_engine.training.recipe import outdated, steps

SPLITS = {
    "angle": "Angle", "placement": "Placement", "slot": "Slot", "policy": "Writer version",
    "rules": "Rules version",
}  # fmt: skip
JUDGED = "of texts that were sent to review or drawn, not of all"
SOURCES = {
    "prior": (
        "gray",
        "base rates that are assumed or that you entered, and public headline tests; no campaign results.",
    ),
    "simulated": ("violet", "from the built-in simulator: for trying things out, never beside real results."),
    "imported": ("green", "learned from campaign results you imported."),
    "labelled": ("blue", "learned from texts that were labelled or judged by hand; no campaign results."),
}


def page() -> None:
    """Draws the desk. Trouble is one sentence."""
    st.title("Rewards")
    st.caption("What the writer wrote, how it scored, and what people made of it. Days are UTC.")
    try:
        _desk(context())
    except (Forbidden, StorageError) as error:
        st.error(plain(str(error)))


def _desk(ctx: Context) -> None:
    require(ctx.actor, "analytics.read")  # before the filters: who may not look sees no empty frame either
    view = analysis_filters.filters(ctx)
    by = st.segmented_control(
        "Compare by", list(SPLITS), default="angle", required=True, key="by", bind="query-params",
        format_func=lambda name: SPLITS[name], wrap=True,
    )  # fmt: skip
    cube = _named(analysis_filters.cube(ctx, view))
    feedback, verdicts = analysis_filters.events(ctx, view)
    written, scored, chosen, said, numbers = st.tabs(
        ["Candidates", "Scores", "Feedback", "Verdicts", "What the numbers are"],
        key="part", on_change="rerun", bind="query-params",
    )  # fmt: skip
    split, download = by or "angle", may(ctx.actor, "table.export")
    if numbers.open:
        with numbers:
            _numbers(ctx)
    elif cube.empty and feedback.empty and verdicts.empty:
        st.info(
            "Nothing to chart for this choice. In a new studio, draft an ad on the Draft desk; texts, scores, "
            "picks and verdicts show up here as they happen. Otherwise choose a longer period.",
            icon=":material/monitoring:",
        )
    if written.open and not cube.empty:
        with written:
            _written(cube, split, download)
    if scored.open and not cube.empty:
        with scored:
            _scored(cube, split, download)
    if chosen.open and not feedback.empty:
        with chosen:
            _chosen(cube, feedback, split, download)
    if said.open and not verdicts.empty:
        with said:
            _said(cube, verdicts, split, download)


def _named(cube: pd.DataFrame) -> pd.DataFrame:
    """The cube with names people know."""
    labels = {placement.name: placement.label for placement in PLACEMENTS.values()}
    return cube.assign(
        angle=[ANGLES.get(angle, "No angle") for angle in cube["angle"]],
        placement=[labels.get(name, name) for name in cube["placement"]],
        slot=[str(name).replace("_", " ").capitalize() for name in cube["slot"]],
        rules=cube["rules"].fillna("not scored"),
    )


def _written(cube: pd.DataFrame, by: str, download: bool) -> None:
    if cube.empty:
        st.info("No text was written in this period.")
        return
    texts, shown, judged = (int(cube[name].sum()) for name in ("texts", "shown", "judged"))
    clear = int(cube.loc[cube["level"] == "clear", "texts"].sum())
    with st.container(horizontal=True):
        _share("Texts stored", f"{texts:,}", f"{shown:,} of them were shown in a draft")
        _share("Picked", _percent(int(cube["picked"].sum()), shown), "picked, copied or exported")
        _share("No issue found", _percent(clear, texts), "level clear")
        violations = _percent(int(cube["violations"].sum()), judged)
        _share("Violations", violations, f"of {judged:,} texts with a verdict: {JUDGED}")
    days = analytics.per_day(cube, by)
    charts.show(charts.over_time(f"Texts a day by {_name(by)}", "texts", days, by, "texts_a_day"), download)


def _share(label: str, value: str, told: str) -> None:
    st.metric(label, value, help=told, border=True, width=160)


def _percent(hits: int, total: int) -> str:
    return f"{hits / total:.0%}" if total else "–"


def _name(by: str) -> str:
    return SPLITS[by].lower()


def _scored(cube: pd.DataFrame, by: str, download: bool) -> None:
    scored = cube[cube["level"].notna()]
    if scored.empty:
        st.info("No text of this period has a scorecard.")
        return
    count = scored.groupby("level")["texts"].sum()
    told = ", ".join(f"{count.get(k, 0):,} {k}" for k in ("clear", "caution", "blocked"))
    texts = int(scored["texts"].sum())
    ctr = analytics.means(scored, by, "ctr")
    alike = bool(ctr["low"].max() <= ctr["high"].min())
    reading = (
        f"The means lie between {ctr['ctr'].min():.2%} and {ctr['ctr'].max():.2%}"
        + (", and their intervals meet: no clear difference" if alike and len(ctr) > 1 else "")
        + "; without results of yours it is `prior`: assumed base rates, effects learned on news headlines, shrunk."
    )
    levels = charts.over_time(
        "Compliance levels a day", "texts", analytics.per_day(scored, "level"), "level", "levels_a_day"
    )
    name = _name(by)
    for chart in (
        levels,
        charts.spread(
            f"Compliance score by {name}", f"Of {texts:,} scored texts, {told}; 100 is the best score.",
            analytics.means(scored, by, "score"), by, "score", ".0f", "compliance_score", (0, 100),
        ),
        charts.trend("Rewards a day", _measured(analytics.reward_means(scored, "day")), "rewards_a_day"),
        charts.means(f"Rewards by {name}", _measured(analytics.reward_means(scored, by)), by, "reward_means"),
        charts.spread(f"Predicted CTR by {name}", reading, ctr, by, "ctr", ".2%", "predicted_ctr"),
    ):  # fmt: skip
        charts.show(chart, download)


def _measured(means: pd.DataFrame) -> pd.DataFrame:
    """Without rewards that no card of the period holds: the database adds them up to 0."""
    given = means.groupby("reward")["mean"].transform("max") > 0
    return means[given]


def _chosen(cube: pd.DataFrame, feedback: pd.DataFrame, by: str, download: bool) -> None:
    if feedback.empty:
        st.info("Nobody has picked, rejected or rated a text in this period; do so on the Draft desk.")
        return
    chart = charts.over_time("What people did a day", "actions", feedback, "kind", "feedback_a_day")
    charts.show(chart, download)
    rates = analytics.shares(cube, by, "picked", "shown")
    if not rates.empty:
        heading = f"Share of shown texts picked, by {_name(by)}"
        charts.show(charts.rates(heading, "picked", rates, by, "picked", "shown", "pick_rates"), download)
    if int(cube["rated"].sum()):
        rated = analytics.rating_means(cube, by)
        number, mean = int(cube["rated"].sum()), cube["rating_sum"].sum() / cube["rated"].sum()
        reading = f"{number:,} texts carry a rating, {mean:.1f} of 5 on average; the last rating of a text counts."
        heading = f"Ratings by {_name(by)}"
        charts.show(charts.spread(heading, reading, rated, by, "rating", ".1f", "ratings", (1, 5)), download)


def _said(cube: pd.DataFrame, verdicts: pd.DataFrame, by: str, download: bool) -> None:
    if verdicts.empty:
        st.info("No verdict was given in this period; reviewers give them on the Review desk.")
        return
    chart = charts.over_time("Verdicts a day", "verdicts", verdicts, "outcome", "verdicts_a_day")
    charts.show(chart, download)
    rates = analytics.shares(cube, by, "violations", "judged")
    if not rates.empty:
        heading = f"Share of judged texts that break a rule, by {_name(by)}"
        chart = charts.rates(heading, "judged a violation", rates, by, "violations", "judged", "violation_rates")
        charts.show(chart, download)
        st.caption(f"{JUDGED[0].upper()}{JUDGED[1:]}.")


def _numbers(ctx: Context) -> None:
    for source, (color, told) in SOURCES.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(source, color=color)  # type: ignore[arg-type]
            st.markdown(told, width="content")
    own = sorted({*ctx.settings.base_ctr, *ctx.settings.base_cvr})
    st.markdown(
        "A predicted CTR, CVR or CTCVR is `prior` until a reward model learned from your results is in use. "
        + (f"Base rates of {', '.join(own)} are yours. " if own else "Base rates are assumed. ")
        + "Pick and violation rates are counts of what happened here, with 95% Wilson intervals."
    )
    adapter = ctx.settings.adapter
    _writer(_read(adapter / "manifest.json"), adapter == WRITER)
    heads = sorted(path for path in ASSETS.glob("heads/*") if path.is_dir())  # one without a card says so
    others = [path.parent for path in sorted(ASSETS.glob("*/*/card.json")) if path.parent not in heads]
    learned = active_rewards(ctx.db, ctx.actor, ctx.settings)
    cards([*([learned] if learned else []), *heads, *others], may(ctx.actor, "table.export"))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # not shipped, or unreadable: the section says so
        return None
    return data if isinstance(data, dict) else None


def _writer(manifest: dict[str, Any] | None, shipped: bool) -> None:
    st.header("The shipped writer", anchor=False)
    if manifest is None:
        st.info("No trained adapter is installed: the writer is untrained; run `relate train sft`.")
        return
    losses = manifest.get("validation_loss_by_epoch") or ()
    counts = [f"{manifest[what]:,} {what}" for what in ("texts", "briefs", "tasks") if what in manifest]
    st.markdown(
        f"Version `{manifest['version']}`"
        + (f" on {manifest['base']}" if "base" in manifest else "")
        + (f", trained on {', '.join(counts)}" if counts else "")
        + (f"; validation loss by epoch {', '.join(f'{loss:.2f}' for loss in losses)}" if losses else "")
        + "."
    )
    made_by = steps(manifest)
    if made_by:
        st.markdown("Reproduced by" + (" `make writer`, which runs:" if shipped else ", in this order:"))
        st.code("\n".join(made_by), language=None, wrap_lines=True)
    elif "command" in manifest:
        st.markdown(f"Made by `{manifest['command']}`.")
    if made_by and shipped and (changed := outdated(manifest, corpus_hash(ASSETS / "corpus"))):
        st.caption(changed_words(changed))


def changed_words(changed: list[int]) -> str:
    """That these steps no longer give what they gave."""
    which = f"step {changed[0]}" if len(changed) == 1 else f"steps {', '.join(map(str, changed))}"
    it = "it does" if len(changed) == 1 else "they do"
    return f"The corpus is not the one that taught {which}, so {it} not give the same bits today."
