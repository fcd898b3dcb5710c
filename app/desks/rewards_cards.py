"""Model cards on the Rewards desk: what each reward model is, what it was measured at, and what it cannot do.

A card is written by the command that trains the model (training/card.py) and read from beside it. Leaves out
training and choosing versions (the Results desk).
"""

from pathlib import Path

import pandas as pd
import streamlit as st

from app.components import charts, charts_results
from app.components.plain import plain
from relate_engine.training.card import Card, Metric, read_card


def cards(folders: list[Path], may_download: bool) -> None:
    """Draws the card of each folder; one that holds none is named."""
    if not folders:
        st.info("No reward model is installed here, so no text can be scored; restore the assets folder.")
        return
    st.header("Reward models", anchor=False)
    for folder in folders:
        card = read_card(folder)
        if card is None:
            st.info(plain(f"{folder.name} has no model card that can be read; its training command writes one."))
            continue
        with st.container(border=True, key=f"model_{card.version}"):
            _card(card, may_download)


def _card(card: Card, may_download: bool) -> None:
    st.subheader(plain(card.name), anchor=False)
    st.markdown(plain(card.summary))
    st.caption(plain(f"Version {card.version}, {card.date[:10]}, source: {card.source}. Made by: {card.command}."))
    if card.metrics:
        st.table(pd.DataFrame([_row(m) for m in card.metrics]).set_index("figure"))
    for curve in card.reliability:
        if curve.points:
            charts.show(charts_results.reliability(curve, f"reliability_{card.version}_{curve.name}"), may_download)
    learned = "".join(f"- {plain(name)}: {plain(words)}\n" for name, words in card.data.items())
    limits = "".join(f"- {plain(limit)}\n" for limit in card.limits)
    if learned:
        st.markdown(f"**Learned from**\n\n{learned}")
    if limits:
        st.markdown(f"**Limits**\n\n{limits}")


def _row(metric: Metric) -> dict[str, str]:
    between = metric.low is not None and metric.high is not None
    return {
        "figure": plain(metric.name),
        "value": f"{metric.value:.4g}",
        "95% interval": f"{metric.low:.4g} to {metric.high:.4g}" if between else "none",
        "measured on": plain(metric.note),
    }
