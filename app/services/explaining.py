"""Why a stored text scores as it does, and what would score better: gathers the drafts of its slot, asks the engine.

Stores nothing. Leaves out how an explanation is shown (desks/draft_explain.py) and made (relate_engine/explain.py).
"""

from typing import TYPE_CHECKING

from app.services.drafting import dropped_texts, served_texts
from app.services.judging import judging_of
from app.services.people import Actor, require
from app.services.stored import StoredBrief, StoredText
from app.services.writing import Room
from db import brief_texts
from db.session import Database
from relate_engine.brief import placement_of
from relate_engine.scorecard import AdText

if TYPE_CHECKING:  # at run time it would bring the models with it
    from relate_engine.explain import Explanation

OTHERS = 24  # drafts of the slot that are looked at, newest first


def explain_text(db: Database, actor: Actor, room: Room, stored: StoredBrief, text: StoredText) -> "Explanation":
    """Explains `text` by today's brief and rewards, against the drafts shown and dropped beside it."""
    require(actor, "text.write")
    from relate_engine.explain import explain

    with db.read() as session:
        shown = brief_texts.wordings(session, actor.workspace_id, stored.id, text.slot, text.id, 10 * OTHERS)
    dropped = [d.text for d in dropped_texts(db, actor, text.generation_id) if d.slot == text.slot]
    others = list(dict.fromkeys(t for t in [*shown, *dropped] if t and t != text.text))[:OTHERS]
    served = [t for t in served_texts(db, actor, stored.id, text.slot, [text.id]) if t not in others]
    rewards = room.rewards_with(judging_of(db, actor, room.settings))
    known = placement_of(text.placement).name
    brief = stored.brief.model_copy(update={"placement": known})
    return explain(rewards, brief, AdText(text.text, text.slot, text.angle, text.author), others, served)
