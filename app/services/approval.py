"""Whether a workspace lets only approved texts leave, and what is then missing of some texts.

Used by all that makes files for a platform. Leaves out who approves (statuses.py) and the setting (workspace.py).
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


def unapproved(session: Session, actor: Actor, texts: Sequence[StoredText]) -> list[str]:
    """One sentence for each text that may not leave yet; none where the workspace does not ask for approval."""
    if not approved_only(session, actor):
        return []
    ids = [text.id for text in texts]
    now, day = status_of(session, actor, ids), utc_now()
    past = {text_id: until for text_id, until in until_of(session, actor, ids).items() if until <= day}
    return [
        f"The {placement_of(text.placement).slot(text.slot).label.lower()} '{_short(text)}' "
        f"{_lacks(now[text.id], past.get(text.id))}."
        for text in texts
        if now[text.id] not in FINE or text.id in past
    ]


def _lacks(status: Status, past: datetime | None) -> str:
    """`past`: the day until which it was allowed, if that is over: what was approved is so no longer."""
    if status in FINE and past is not None:
        return f"was allowed until {past:%-d %B %Y} only; have its proof looked at again"
    return f"is {WORDS[status]}, and this workspace exports approved texts only; {TO_DO[status]}"


def _short(text: StoredText) -> str:
    line = " ".join(text.text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
