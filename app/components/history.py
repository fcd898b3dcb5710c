"""The history of a text as a list, oldest first: when, who, what, the wordings of an edit, and what judged or wrote.

Everything from outside is escaped. Leaves out where the events come from (services/history.py).
"""

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.components.context import Context
from app.components.when import when, zone
from app.services.history import Event, history_of

ICONS = {
    "written": "✎", "scored": "⚖", "edited": "✎", "choice": "☆", "status": "➜", "verdict": "§", "comment": "❝",
    "results": "↗",
}  # fmt: skip


def history(ctx: Context, text_id: int) -> None:
    """Draws everything that happened to a text in any of its wordings."""
    events = history_of(ctx.db, ctx.actor, text_id)
    wordings = len({event.text_id for event in events if event.kind in ("written", "edited")})
    count = f"{len(events)} events" if len(events) != 1 else "1 event"
    more = f", {wordings} wordings" if wordings > 1 else ""
    st.caption(f"{count}{more}, oldest first. Times in {zone()}.")
    st.html(timeline_html(events))


def timeline_html(events: Sequence[Event]) -> str:
    """The events as a list of plain HTML."""
    style = "list-style: none; padding: 0; margin: 0; font-size: .9rem"
    return f'<ol class="rl-why" style="{style}">{"".join(map(_item, events))}</ol>'


def _item(event: Event) -> str:
    icon = f'<span aria-hidden="true">{ICONS[event.kind]}</span>'
    lines = [
        f"<p>{icon} <small>{escape(when(event.at))}</small> <b>{escape(event.who)}</b> "
        f'<span dir="auto">{escape(event.what)}</span></p>'
    ]
    if event.before or event.kind == "edited":
        lines.append(_wording("Before", event.before))
    if event.after:
        lines.append(_wording("After" if event.kind == "edited" else "Text", event.after))
    if event.detail:
        lines.append(f'<p dir="auto" style="white-space: pre-wrap">{escape(event.detail)}</p>')
    if event.versions:
        lines.append(f"<p><small>{escape(event.versions)}</small></p>")
    return f'<li style="padding: .35rem 0; border-bottom: 1px solid var(--rl-line)">{"".join(lines)}</li>'


def _wording(word: str, text: str) -> str:
    return f'<p><small>{word}:</small> <span dir="auto" style="white-space: pre-wrap">{escape(text)}</span></p>'
