"""Two versions side by side, unlabelled: which text does a person prefer, not knowing who wrote it?

Pairs are texts that both versions wrote for the same slot of the same brief, from one angle where there is such a
pair. Which stands left is drawn by chance from the pair and the person. A choice is an event of the audit log
(`comparison.choose`), so it is kept, is never changed, and says who chose. The gate does not count it: there choices of
advertisers in a trial decide. The count is open after every choice, so its interval holds at all of those looks, and
below ENOUGH nobody is preferred. Leaves out the trial (trials.py), and that one person's choices go together.
"""

import hashlib
from dataclasses import dataclass

from app.services import audit
from app.services.people import Actor, NotFound, require
from db import analytics as rows
from db.models import Brief, Text
from db.queries import owned
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.share import always_valid

ACTION = "comparison.choose"
NEWEST = 400  # texts of a version that pairs are made from
ENOUGH = 30  # decided choices, below which a count says nothing
MOST = 5_000  # choices that are counted, the newest


@dataclass(frozen=True)
class Side:
    text_id: int
    text: str


@dataclass(frozen=True)
class Pair:
    """Two texts for one slot of one brief; nothing in it says which version wrote which."""

    brief: str
    placement: str
    slot: str
    left: Side
    right: Side


@dataclass(frozen=True)
class Preference:
    """How often people chose the new version's text, of the comparisons they decided. `ties`: no preference."""

    chosen: int
    decided: int
    ties: int
    people: int

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share, 95%, valid however often it is looked at."""
        return always_valid(self.chosen, self.decided)


def next_pair(db: Database, actor: Actor, old: str, new: str) -> Pair | None:
    """A pair that the actor has not judged yet; None where there is none."""
    require(actor, "writer.read")
    with db.read() as session:
        mine = rows.newest_texts(session, actor.workspace_id, f"policy:{new}", NEWEST)
        briefs = list(dict.fromkeys(text.brief_id for text in mine))
        theirs = rows.texts_beside(session, actor.workspace_id, f"policy:{old}", briefs, 4 * NEWEST)
        done = {
            (event.detail["old"], event.detail["new"])
            for event in rows.events(session, actor.workspace_id, ACTION, MOST)
            if event.author_id == actor.user_id
        }
        beside: dict[tuple[int, str], list[Text]] = {}
        for text in theirs:
            beside.setdefault((text.brief_id, text.slot), []).append(text)
        pairs = []
        for text in mine:
            others = [t for t in beside.get((text.brief_id, text.slot), ()) if t.text != text.text]
            others = [t for t in others if (t.id, text.id) not in done]
            alike = [t for t in others if t.angle == text.angle] or others
            if alike:
                pairs.append((min(alike, key=lambda t: _chance(actor, t.id, text.id)), text))
        if not pairs:
            return None
        first, second = min(pairs, key=lambda pair: _chance(actor, pair[0].id, pair[1].id))
        brief = owned(session, Brief, actor.workspace_id, first.brief_id)
        sides = Side(first.id, first.text), Side(second.id, second.text)
        left, right = sides if int(_chance(actor, second.id, first.id), 16) % 2 else sides[::-1]
        return Pair(brief.title if brief else "", first.placement, first.slot, left, right)


def choose(db: Database, actor: Actor, old: str, new: str, pair: Pair, text_id: int | None) -> None:
    """Keeps a choice; `text_id` None: no preference. NotFound for texts of others, BriefError for a wrong pair, and
    nothing at all for one that the person has judged already (a double click)."""
    require(actor, "writer.read")
    ids = {pair.left.text_id, pair.right.text_id}
    if text_id is not None and text_id not in ids:
        raise BriefError("The chosen text is not one of the two; look at the pair again.")
    with db.write() as session:
        texts = [owned(session, Text, actor.workspace_id, i) for i in sorted(ids)]
        found = {text.written_by: text for text in texts if text is not None}
        if len(found) != 2:
            raise NotFound("One of the two texts is no longer in your workspace; go on with the next pair.")
        if set(found) != {f"policy:{old}", f"policy:{new}"} or len({t.brief_id for t in found.values()}) != 1:
            raise BriefError("The pair is not of these two versions; look at the next one.")
        first, second = found[f"policy:{old}"].id, found[f"policy:{new}"].id
        known = rows.events(session, actor.workspace_id, ACTION, MOST)
        if any(e.author_id == actor.user_id and (e.detail["old"], e.detail["new"]) == (first, second) for e in known):
            return
        audit.note(
            session, actor, ACTION, "text", text_id, {"old": old, "new": new}, old=first, new=second, chosen=text_id
        )


def preference(db: Database, actor: Actor, old: str, new: str) -> Preference:
    """What all people of the workspace have chosen between these two versions."""
    require(actor, "writer.read")
    with db.read() as session:
        found = rows.events(session, actor.workspace_id, ACTION, MOST)
        told = [e for e in found if e.versions == {"old": old, "new": new}]
        ties = sum(e.detail["chosen"] is None for e in told)
        chosen = sum(e.detail["chosen"] == e.detail["new"] for e in told)
        return Preference(chosen, len(told) - ties, ties, len({e.author_id for e in told}))


def _chance(actor: Actor, one: int, other: int) -> str:
    return hashlib.sha256(f"{actor.user_id} {one} {other}".encode()).hexdigest()
