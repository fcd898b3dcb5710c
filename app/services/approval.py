"""Whether a workspace lets only approved texts leave, and what is then missing of some texts.

Used by all that makes files for a platform. Leaves out who approves (statuses.py) and the setting (workspace.py).
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.services.people import Actor
from app.services.statuses import FINE, WORDS, Status, status_of
from app.services.stored import StoredText
from app.services.workspace import workspace_settings
from relate_engine.brief import placement_of

TO_DO: dict[Status, str] = {
    "draft": "send it to review", "in_review": "wait for the review", "rejected": "reword or replace it",
    "approved": "", "live": "",
}  # fmt: skip


def approved_only(session: Session, actor: Actor) -> bool:
    """Whether the actor's workspace exports approved ads and texts only."""
    return workspace_settings(session, actor).export_approved_only


def unapproved(session: Session, actor: Actor, texts: Sequence[StoredText]) -> list[str]:
    """One sentence for each text that may not leave yet; none where the workspace does not ask for approval."""
    if not approved_only(session, actor):
        return []
    now = status_of(session, actor, [text.id for text in texts])
    return [
        f"The {placement_of(text.placement).slot(text.slot).label.lower()} '{_short(text)}' "
        f"{_lacks(text, now[text.id])}."
        for text in texts
        if now[text.id] not in FINE or _lapsed(text)
    ]


def _lacks(text: StoredText, status: Status) -> str:
    if status in FINE and text.verdict is not None and text.verdict.until is not None:
        return f"was allowed until {text.verdict.until:%-d %B %Y} only; have its proof looked at again"
    return f"is {WORDS[status]}, and this workspace exports approved texts only; {TO_DO[status]}"


def _lapsed(text: StoredText) -> bool:
    """Whether the day has passed until which the text was allowed: what was approved is so no longer."""
    return text.verdict is not None and text.verdict.outcome == "allowed" and not text.verdict.decision


def _short(text: StoredText) -> str:
    line = " ".join(text.text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
