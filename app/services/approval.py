"""Which texts may not leave for a platform, whatever their words: by what the review and their authors said of them.

What was rejected, or was allowed until a day that has passed, never leaves. What nobody has approved yet stays where
the workspace lets only approved texts leave. Used by all that makes files for a platform. Leaves out who approves
(statuses.py) and the setting (workspace.py).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.services.people import Actor
from app.services.review_status import until_of
from app.services.statuses import FINE, WORDS, Status, status_of
from app.services.stored import StoredText
from app.services.workspace import workspace_settings
from db.models import utc_now
from relate_engine.brief import placement_of

TO_DO: dict[Status, str] = {
    "draft": "send it to review", "in_review": "wait for the review", "rejected": "reword or replace it",
    "approved": "", "live": "",
}  # fmt: skip


def approved_only(session: Session, actor: Actor) -> bool:
    """Whether the actor's workspace exports approved ads and texts only."""
    return workspace_settings(session, actor).export_approved_only


def held_back(session: Session, actor: Actor, texts: Sequence[StoredText]) -> dict[int, str]:
    """By text that may not leave now: a sentence that says why."""
    ids = [text.id for text in texts]
    now, until, asks = status_of(session, actor, ids), until_of(session, actor, ids), approved_only(session, actor)
    found = {}
    for text in texts:
        if why := _why(text, now[text.id], until.get(text.id), asks):
            label = placement_of(text.placement).slot(text.slot).label.lower()
            found[text.id] = f"The {label} '{_short(text)}' {why}."
    return found


def _why(text: StoredText, status: Status, until: datetime | None, asks: bool) -> str:
    """`until`: what the looks that approved it allowed; a text that was sent back since has only its verdict's day."""
    verdict, day = text.verdict, utc_now()
    violated = verdict is not None and verdict.outcome == "violation" and status not in FINE  # else outvoted
    if violated and status == "in_review":
        return "is called a violation by a reviewer, and its review is not over; wait for it, or replace the text"
    if status == "rejected" or violated:
        return "was rejected in review; reword or replace it"
    if text.choice == "rejected":
        return "was rejected on the Draft desk; take that back there, or replace it"
    if until is None and verdict is not None and verdict.outcome == "allowed":
        until = verdict.until
    if until is not None and until <= day:
        return f"was allowed until {until:%-d %B %Y} only; have its proof looked at again"
    if asks and status not in FINE:
        return f"is {WORDS[status]}, and this workspace exports approved texts only; {TO_DO[status]}"
    return ""


def _short(text: StoredText) -> str:
    line = " ".join(text.text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
