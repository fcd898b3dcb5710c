"""Marking words of a text by key, click or touch: a small component without a build step and without the network.

The text goes in as plain data and is shown as text nodes, so nothing in it is HTML. Every word is a button: arrows
move, Space or Enter marks, Shift with an arrow marks a run, a tap or click marks too. Out come [start, end) spans in
code points, as findings have them (JavaScript counts UTF-16 units; the script converts).
"""

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_component: Any = st.components.v2.component(
    "relate_wordmarks",
    html='<div class="words" role="group"></div><p class="told" aria-live="polite"></p>',
    css=(_HERE / "wordmarks.css").read_text("utf-8"),
    js=(_HERE / "wordmarks.js").read_text("utf-8"),
)


def word_marks(text: str, label: str, key: str) -> None:
    """Shows the words of `text`; what is marked is read with `marked_spans(key, text)`."""
    _component(
        key=key, data={"text": text, "label": label, "spans": marked_spans(key, text)}, default={"spans": []},
        on_spans_change=lambda: None,
    )  # fmt: skip


def marked_spans(key: str, text: str) -> list[tuple[int, int]]:
    """The marked spans inside the text; what the browser sends is not trusted to be any."""
    state = st.session_state.get(key)
    sent = state.get("spans") if state is not None and hasattr(state, "get") else None
    found = []
    for span in sent if isinstance(sent, list) else []:
        if isinstance(span, list) and len(span) == 2 and all(isinstance(n, int | float) for n in span):
            start, end = int(span[0]), int(span[1])
            if 0 <= start < end <= len(text):
                found.append((start, end))
    return found
