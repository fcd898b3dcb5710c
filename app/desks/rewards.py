"""The Rewards desk: what was written, how it scored, what people did with it, what reviewers said.

Every chart has a heading, one plain sentence and its table; small groups carry intervals and the
sentence says when a difference is none. Below: what the numbers are and how well the CTR head does.
The model cards stand in rewards_cards.py, the writer's versions in rewards_versions.py.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.components import charts
from app.components.context import Context, context
from app.components.plain import plain
from app.desks.rewards_cards import cards
from app.desks.rewards_ladder import ladder
from app.desks.rewards_versions import writer_versions
from app.services import analytics
from app.services.learning import active_rewards
from app.services.people import Forbidden, may, require
from db.session import StorageError
from relate_engine.brief import ANGLES, PLACEMENTS, placement_of
from relate_engine.config import ASSETS

PERIODS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, "All time": 0}
SPLITS = {
    "angle": "Angle", "placement": "Placement", "slot": "Slot", "policy": "Writer version",
    "rules_version": "Rules version",
}  # fmt: skip
SOURCES = {
    "prior": (
        "gray",
        "base rates that are assumed or that you entered, and public headline tests; no campaign results.",
    ),
    "simulated": ("violet", "from the built-in simulator: for trying things out, never beside real results."),
    "imported": ("green", "learned from campaign results you imported."),
}


def page() -> None:
    """Draws the desk. Trouble is one sentence."""
    st.title("Rewards")
    st.caption("What the writer wrote, how it scored, and what people made of it. Times are UTC.")
    try:
        _desk(context())
    except (Forbidden, StorageError) as error:
        st.error(plain(str(error)))


def _desk(ctx: Context) -> None:
    require(ctx.actor, "analytics.read")  # before the filters: who may not look sees no empty frame either
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.selectbox("Period", list(PERIODS), index=1, key="rewards_period", width=170)
        where = st.selectbox(
            "Placement", [None, *PLACEMENTS], key="rewards_placement", width=230,
            format_func=lambda name: placement_of(name).label if name else "All placements",
        )  # fmt: skip
        by = st.segmented_control(
            "Compare by", list(SPLITS), default="angle", required=True, key="rewards_by",
            format_func=lambda name: SPLITS[name], wrap=True,
        )  # fmt: skip
    since = datetime.now(UTC) - timedelta(days=PERIODS[period]) if PERIODS[period] else None
    texts, feedback, verdicts = (
        _named(read(ctx.db, ctx.actor, since), where)
        for read in (analytics.candidates, analytics.feedback, analytics.verdicts)
    )
    texts["rules_version"] = texts["rules_version"].fillna("not scored")
    if texts.empty and feedback.empty and verdicts.empty:
        st.info(
            "Nothing to chart for this choice. In a new studio, draft an ad on the Draft desk; texts, scores, "
            "picks and verdicts show up here as they happen. Otherwise choose a longer period.",
            icon=":material/monitoring:",
        )
    else:
        _overview(texts)
        _charts(ctx, texts, feedback, verdicts, by or "angle")
    writer_versions(ctx)
    ladder(_read(ASSETS / "reports" / "ladder.json"), may(ctx.actor, "table.export"))
    _numbers(ctx)


def _named(frame: pd.DataFrame, where: str | None) -> pd.DataFrame:
    """The rows of a placement, with names people know; a person's own lines belong to no writer version."""
    if where:
        frame = frame[frame["placement"] == where]
    labels = {placement.name: placement.label for placement in PLACEMENTS.values()}
    return frame.assign(
        angle=frame["angle"].map(lambda angle: ANGLES.get(angle, "No angle")),
        placement=frame["placement"].map(lambda name: labels.get(name, name)),
        slot=frame["slot"].map(lambda name: str(name).replace("_", " ").capitalize()),
        policy=frame["policy"].where(frame["author"] == "policy", "People's own lines"),
    )


def _overview(texts: pd.DataFrame) -> None:
    shown, judged = texts[texts["position"].notna()], texts[texts["verdict"].notna()]
    with st.container(horizontal=True):
        _share("Texts stored", f"{len(texts):,}", f"{len(shown):,} of them were shown in a draft")
        _share("Picked", _percent(int(shown["picked"].sum()), len(shown)), "picked, copied or exported")
        _share("No issue found", _percent(int((texts["level"] == "clear").sum()), len(texts)), "level clear")
        found = int((judged["verdict"] == "violation").sum())
        _share("Violations", _percent(found, len(judged)), f"of {len(judged):,} texts with a verdict")


def _share(label: str, value: str, told: str) -> None:
    st.metric(label, value, help=told, border=True, width=160)


def _percent(hits: int, total: int) -> str:
    return f"{hits / total:.0%}" if total else "–"


def _charts(ctx: Context, texts: pd.DataFrame, feedback: pd.DataFrame, verdicts: pd.DataFrame, by: str) -> None:
    download = may(ctx.actor, "table.export")
    name = SPLITS[by].lower()
    written, scored, chosen, said = st.tabs(["Candidates", "Scores", "Feedback", "Verdicts"])
    with written:
        if texts.empty:
            st.info("No text was written in this period.")
        else:
            days = analytics.per_day(texts, by)
            charts.show(charts.over_time(f"Texts a day by {name}", "texts", days, by, "texts_a_day"), download)
    with scored:
        if texts["score"].notna().any():
            for chart in _score_charts(texts[texts["score"].notna()], by, name):
                charts.show(chart, download)
        else:
            st.info("No text of this period has a scorecard.")
    with chosen:
        shown = texts[texts["position"].notna()]
        if feedback.empty:
            st.info("Nobody has picked, rejected or rated a text in this period; do so on the Draft desk.")
        else:
            days = analytics.per_day(feedback, "kind")
            chart = charts.over_time("What people did a day", "actions", days, "kind", "feedback_a_day")
            charts.show(chart, download)
        if not shown.empty and not feedback.empty:
            rates = analytics.pick_rates(shown, by)
            heading = f"Share of shown texts picked, by {name}"
            charts.show(charts.rates(heading, "picked", rates, by, "picked", "shown", "pick_rates"), download)
        if not (rated := texts[texts["rating"].notna()]).empty:
            charts.show(_ratings(rated, by, name), download)
    with said:
        if verdicts.empty:
            st.info("No verdict was given in this period; reviewers give them on the Review desk.")
        else:
            days = analytics.per_day(verdicts, "outcome")
            chart = charts.over_time("Verdicts a day", "verdicts", days, "outcome", "verdicts_a_day")
            charts.show(chart, download)
        if texts["verdict"].notna().any():
            rates = analytics.violation_rates(texts, by)
            heading = f"Share of judged texts that break a rule, by {name}"
            chart = charts.rates(heading, "judged a violation", rates, by, "violations", "judged", "violation_rates")
            charts.show(chart, download)


def _score_charts(texts: pd.DataFrame, by: str, name: str) -> list[charts.Chart]:
    compliance = _spread(texts, by, "score")
    level = texts["level"].value_counts()
    told = ", ".join(f"{level.get(k, 0):,} {k}" for k in ("clear", "caution", "blocked"))
    ctr = _spread(texts, by, "ctr").assign(beats_typical=texts.groupby(by)["beats_typical"].mean().round(3).values)
    gap = ctr["ctr"].max() - ctr["ctr"].min()
    inside = bool((ctr["low"].max() <= ctr["ctr"].min()) or gap == 0)
    reading = (
        f"The means lie between {ctr['ctr'].min():.2%} and {ctr['ctr'].max():.2%}"
        + (", less than texts of one group differ among themselves" if inside and len(ctr) > 1 else "")
        + "; without results of yours it is `prior`: assumed base rates, effects learned on news headlines, shrunk."
    )
    days = analytics.per_day(texts, "level")
    by_day = analytics.scores(texts.assign(day=texts["created_at"].dt.floor("D")), "day")
    return [
        charts.over_time("Compliance levels a day", "texts", days, "level", "levels_a_day"),
        charts.spread(
            f"Compliance score by {name}", f"Of {len(texts):,} scored texts, {told}; 100 is the best score.",
            compliance, by, "score", ".0f", "compliance_score", (0, 100),
        ),
        charts.trend("Rewards a day", by_day, "rewards_a_day"),
        charts.means(f"Rewards by {name}", analytics.scores(texts, by), by, "reward_means"),
        charts.spread(f"Predicted CTR by {name}", reading, ctr, by, "ctr", ".2%", "predicted_ctr"),
    ]  # fmt: skip


def _spread(texts: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    grouped = texts.groupby(by, observed=True)[value]
    frame = grouped.agg(
        texts="size", mean="mean", low=lambda v: v.quantile(0.1), high=lambda v: v.quantile(0.9)
    ).reset_index()
    # a mean may lie outside the middle 80 %: the bar reaches it then
    frame["low"], frame["high"] = frame[["low", "mean"]].min(axis=1), frame[["high", "mean"]].max(axis=1)
    return frame.rename(columns={"mean": value})


def _ratings(rated: pd.DataFrame, by: str, name: str) -> charts.Chart:
    rated = rated.assign(rating=rated["rating"].astype(float))
    mean = rated["rating"].mean()
    reading = f"{len(rated):,} texts carry a rating, {mean:.1f} of 5 on average; the last rating of a text counts."
    return charts.spread(
        f"Ratings by {name}", reading, _spread(rated, by, "rating"), by, "rating", ".1f", "ratings", (1, 5)
    )


def _numbers(ctx: Context) -> None:
    st.header("What the numbers are", anchor=False)
    for source, (color, told) in SOURCES.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(source, color=color)  # type: ignore[arg-type]
            st.markdown(told, width="content")
    own = sorted({*ctx.settings.base_ctr, *ctx.settings.base_cvr})
    st.markdown(
        "A predicted CTR, CVR or CTCVR is `prior` until a reward model learned from your results is in use. "
        + (f"Base rates of {', '.join(own)} are yours. " if own else "Base rates are assumed. ")
        + "Pick and violation rates are counts of what happened here, with 95 % Wilson intervals."
    )
    head, adapter = ASSETS / "heads" / "ctr" / "manifest.json", ctx.settings.adapter / "manifest.json"
    _head(_read(head), _read(ASSETS / "reports" / "ctr.json"))
    _writer(_read(adapter))
    shipped = [path.parent for path in sorted(ASSETS.glob("*/*/card.json"))]
    learned = active_rewards(ctx.db, ctx.actor, ctx.settings)
    cards([*([learned] if learned else []), *shipped], may(ctx.actor, "table.export"))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # not shipped, or unreadable: the section says so
        return None
    return data if isinstance(data, dict) else None


def _head(manifest: dict[str, Any] | None, report: dict[str, Any] | None) -> None:
    st.subheader("CTR head", anchor=False)
    if manifest is None:
        st.info("No CTR head is installed here, so texts get no learned CTR effect.")
        return
    data = manifest["data"]
    st.markdown(
        f"Learned from {data['pairs']:,} pairs of headlines in {data['groups']:,} groups of tests "
        f"({data['name']}). How often it names the better of two headlines of one test; 50 % is guessing:"
    )
    levels, where = manifest["cross_validation"]["chosen"], "cross-validation inside the training tests"
    columns = {"accuracy_0": "this head"}
    if report is not None:
        levels, where = report["levels"], "validation tests it never saw"
        columns = {"head": "this head", "tfidf_logistic": "TF-IDF + logistic regression"}
    rows = [
        {"difference": "any" if level == "all" else level.replace("<", " < "), "pairs": f"{row['pairs']:,}"}
        | {told: _between(row[key]) for key, told in columns.items()}
        for level, row in levels.items()
    ]
    st.table(pd.DataFrame(rows).set_index("difference"))
    command = (report or manifest)["command"]
    st.caption(f"Measured on {where}, with 95 % intervals; printed by `{command}`.")


def _between(value: dict[str, float]) -> str:
    return f"{value['value']:.1%} ({value['low']:.1%} to {value['high']:.1%})"


def _writer(manifest: dict[str, Any] | None) -> None:
    st.subheader("The shipped writer", anchor=False)
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
        + (f". Reproduced by `{manifest['command']}`." if "command" in manifest else ".")
    )
