"""The ablation ladder on the Learning page: what each way of assigning credit earned on a simulated market.

Drawn from assets/reports/ladder.json as `relate evaluate ladder` wrote it; nothing is computed here.
"""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.components import charts

NAMES = {
    "sft": "SFT (start)", "ctr": "CTR only", "m1": "M1 structure", "m2": "M2 + CTCVR", "m3": "M3 + diversity",
    "m4": "M4 + quality", "relate": "RELATE",
}  # fmt: skip
COLUMNS = {
    "ctr": ("Clicks", ".2%"), "ctcvr": ("Sales (CTCVR)", ".4%"), "blocked_rules": ("Blocked by rules", ".1%"),
    "blocked_classifier": ("Called a violation by the second classifier", ".1%"),
    "wrong_facts": ("With a fact to look at", ".1%"), "over_limit": ("Over the limit", ".1%"),
    "distinct2": ("Distinct-2", ".3f"), "self_bleu": ("Self-BLEU", ".3f"),
    "self_bleu_history": ("Self-BLEU against earlier texts", ".3f"),
    "kl": ("KL, nats a text", ".2f"), "length": ("Characters", ".1f"),
}  # fmt: skip


def ladder(report: dict[str, Any] | None, may_download: bool) -> None:
    """The section; `report` None or empty: no ladder has been run here."""
    st.header("Does credit assignment work?", anchor=False)
    if not report or not report.get("arms"):
        st.info("The ladder has not been run; `relate evaluate ladder` trains and judges its arms.")
        return
    st.badge("simulated", color="violet")
    st.markdown(
        "Writers trained alike but for what earns credit, from one start that was made lax on purpose, judged on raw "
        f"headlines for {report['held_out_briefs']} briefs none has seen. Clicks and sales are the simulator's; they "
        "say which way of learning is better, not what an advertiser will earn."
    )
    _drawn("Sales by way of learning", report, may_download, "ladder")
    if served := report.get("served"):
        st.subheader("As the studio would serve them", anchor=False)
        st.markdown(
            f"The same writers on {served['held_out_briefs']} of these briefs, with guards, drops and the choice of "
            "the best: what an advertiser would have seen."
        )
        _drawn("Sales of served texts", served, may_download, "ladder-served")
    seeds = ", ".join(f"{NAMES[a]} {len(s)}" for a, s in report["seeds"].items() if a in NAMES)
    st.caption(f"Seeds: {seeds}. Simulator {report['simulator_sha256'][:8]}; printed by `{report['command']}`.")


def _drawn(title: str, report: dict[str, Any], may_download: bool, key: str) -> None:
    """Sales of each arm with their intervals, the reading, and all figures in a table."""
    arms = {a: v for a, v in report["arms"].items() if a in NAMES}
    sales = pd.DataFrame([{"arm": NAMES[a], **v["ctcvr"]} for a, v in arms.items()])
    figure = go.Figure(
        go.Scatter(
            x=sales["mean"], y=sales["arm"], mode="markers", marker={"size": 11, "color": charts.ACCENT},
            error_x={
                "type": "data", "symmetric": False,
                "array": sales["high"] - sales["mean"], "arrayminus": sales["mean"] - sales["low"],
            },
        )
    )  # fmt: skip
    figure.update_xaxes(tickformat=".3%", title="sales an impression, 95% interval")
    figure.update_yaxes(autorange="reversed")
    table = pd.DataFrame(
        [
            {"Writer": NAMES[a]}
            | {
                told: f"{v[m]['mean']:{form}} ({v[m]['low']:{form}} to {v[m]['high']:{form}})"
                for m, (told, form) in COLUMNS.items()
                if m in v
            }
            for a, v in arms.items()
        ]
    )
    charts.show(charts.Chart(title, reading(report), charts.dressed(figure, 300), table, key), may_download)


def reading(report: dict[str, Any]) -> str:
    """The decisive comparisons in a sentence each, with their intervals."""
    said = []
    for pair, name in (("RELATE-SFT", "the start"), ("RELATE-M4", "M4, which has the same rewards")):
        if found := report["paired"].get(pair):
            sales = _change(found["ctcvr"], 0)
            shares = ("blocked_rules", "blocked_classifier", "wrong_facts")
            rules, second, facts = (_change(found[share], 1) for share in shares)
            said.append(
                f"Against {name}, RELATE sells {sales}. Of its texts, in points: blocked by rules {rules}; called a "
                f"violation by the second classifier {second}; with a fact to look at {facts}."
            )
    return "\n\n".join(said) or "RELATE has not been run yet, so there is nothing to compare."


def _change(found: dict[str, float], digits: int) -> str:
    """A change in hundredths in words, with its interval; one that may be none is called so."""
    mean, low, high = (100 * found[k] for k in ("mean", "low", "high"))
    unit = "" if digits else " %"
    if low <= 0 <= high:
        return f"neither clearly more nor less ({low:+.{digits}f} to {high:+.{digits}f}{unit})"
    least, most = sorted((abs(low), abs(high)))
    more = ("more" if mean > 0 else "less") if not digits else ("more" if mean > 0 else "fewer")
    return f"{abs(mean):.{digits}f}{unit} {more} ({least:.{digits}f} to {most:.{digits}f}{unit})"
