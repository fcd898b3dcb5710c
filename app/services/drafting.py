"""Storing what was written and shown, and reading it back: drafts, own lines, new scores.

The engine's results come in as parameters, so nothing here needs a model; writing.py runs it.
A shown set is stored whole, with every position and every dropped candidate, in one transaction that is audited
with the versions used.
Leaves out feedback (feedback.py) and files (exporting.py, own_lines.py).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import audit
from app.services.people import Actor, own, require
from app.services.positions import arrange
from app.services.stored import (
    DroppedText,
    StoredGeneration,
    StoredText,
    angle_of,
    as_they_stand,
    checksum_of,
    text_records,
)
from db import brief_texts, history, models, queries
from db.session import Database
from relate_engine.brief import Brief, BriefError
from relate_engine.scorecard import Scorecard

if TYPE_CHECKING:  # at run time it would bring the models with it
    from relate_engine.draft import Draft

SERVED = 500  # how far back diversity looks
PICKED = 1000  # picks of a brief that are read at once; an ad takes fifteen


def store_generation(
    db: Database,
    actor: Actor,
    brief_id: int,
    draft: "Draft",
    *,
    brief: Brief | None = None,
    seed: int | None = None,
    request: Mapping[str, Any] | None = None,
) -> StoredGeneration:
    """Stores a finished draft: the whole shown set, its scorecards and what was dropped and why.

    `brief`: the brief as it was drafted from; the saved one may have been changed meanwhile. `seed`: the draft's; by
    it some positions are shuffled, all that two writers share (positions.py); the stored request says which, and
    which versions a trial held against each other.
    """
    require(actor, "text.write")
    candidates, asked = list(draft.candidates), dict(request or {})
    if "rival" in draft.versions:
        asked["trial"] = {"old": draft.versions["policy"], "new": draft.versions["rival"]}
    if seed is not None:
        candidates, shuffled = arrange(candidates, seed)
        asked |= {"shuffled": shuffled} if shuffled else {}
    with db.write() as session:
        saved = own(session, actor, models.Brief, brief_id, "brief")
        row = _generation(session, actor, saved, brief, "draft", draft.versions)
        row.seed, row.request = seed, asked
        row.ad_findings = [asdict(finding) for finding in draft.ad_findings]
        row.timing, row.short = dict(draft.timing), dict(draft.short)
        session.flush()
        _show(session, actor, row, candidates, brief)
        session.add_all(
            models.Dropped(
                workspace_id=actor.workspace_id, author_id=actor.user_id, generation_id=row.id,
                slot=drop.slot, angle=drop.angle, text=drop.text, reason=drop.reason,
            )
            for drop in draft.dropped
        )  # fmt: skip
        audit.note(
            session, actor, "draft.make", "draft", row.id, draft.versions,
            brief=brief_id, texts=len(candidates), dropped=len(draft.dropped),
        )  # fmt: skip
        return _records(session, actor, [row])[0]


def add_own_lines(
    db: Database, actor: Actor, brief_id: int, cards: Sequence[Scorecard], brief: Brief | None = None
) -> StoredGeneration:
    """Stores a person's own scored lines as a set of their own; their author is the actor."""
    require(actor, "text.write")
    if not cards:
        raise BriefError("Own lines: there is no line to add; write at least one.")
    cards = [replace(card, author=actor.author) for card in cards]
    with db.write() as session:
        saved = own(session, actor, models.Brief, brief_id, "brief")
        row = _generation(session, actor, saved, brief, "own_lines", cards[0].versions)
        session.flush()
        _show(session, actor, row, cards, brief)
        judged = judged_with(cards[0])
        audit.note(session, actor, "own_lines.add", "draft", row.id, judged, brief=brief_id, texts=len(cards))
        return _records(session, actor, [row])[0]


def store_cards(
    db: Database, actor: Actor, cards: Mapping[int, Scorecard], brief: Brief | None = None
) -> list[StoredText]:
    """Stores new scorecards after a re-scoring, by text id; a card of the same versions is kept."""
    require(actor, "text.write")
    with db.write() as session:
        rows = [own(session, actor, models.Text, text_id, "text") for text_id in cards]
        before = queries.latest_cards(session, actor.workspace_id, list(cards))
        made = {row.id: add_card(session, actor, row, cards[row.id], brief).id for row in rows}
        if new := [i for i, card_id in made.items() if i not in before or card_id > before[i].id]:
            audit.note(session, actor, "text.score", "text", None, judged_with(cards[new[0]]), texts=new)
        return list(text_records(session, actor, rows))


def served_texts(
    db: Database, actor: Actor, brief_id: int, slot: str | None = None, without: Iterable[int] = ()
) -> list[str]:
    """What this brief has already been given (shown, brought or edited), newest first.

    `without`: text ids to leave out, such as the one being edited or scored again, with all their wordings before
    and since: nobody sees two wordings of one text.
    """
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        others = history.families(session, actor.workspace_id, brief_id, without)
        return queries.served(session, actor.workspace_id, brief_id, slot, others, SERVED)


def list_generations(db: Database, actor: Actor, brief_id: int, limit: int = 20) -> list[StoredGeneration]:
    """The newest shown sets of a brief, newest first, each as it stands now."""
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        return _records(session, actor, queries.generations(session, actor.workspace_id, brief_id, limit))


def count_generations(db: Database, actor: Actor, brief_id: int) -> int:
    """How many sets a brief has been shown so far."""
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        return queries.count_generations(session, actor.workspace_id, brief_id)


def dropped_texts(db: Database, actor: Actor, generation_id: int) -> list[DroppedText]:
    """Candidates of a draft that were not shown, with the reason of each."""
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Generation, generation_id, "draft")
        rows = queries.dropped(session, actor.workspace_id, generation_id)
        return [DroppedText(row.text, row.slot, angle_of(row.angle), row.reason) for row in rows]


def get_texts(db: Database, actor: Actor, text_ids: Iterable[int]) -> list[StoredText]:
    """Texts by id, in the order asked for; NotFound if one is not in the workspace."""
    require(actor, "text.read")
    with db.read() as session:
        rows = [own(session, actor, models.Text, text_id, "text") for text_id in text_ids]
        return list(text_records(session, actor, rows))


def texts_of_brief(db: Database, actor: Actor, brief_id: int) -> list[StoredText]:
    """All texts of a brief, oldest first, without those that were edited into another."""
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        rows = queries.texts_of_brief(session, actor.workspace_id, brief_id)
        edited = {row.parent_id for row in rows}
        return list(text_records(session, actor, [row for row in rows if row.id not in edited]))


def picked_texts(db: Database, actor: Actor, brief_id: int) -> list[StoredText]:
    """The texts of a brief that are picked now (copied and exported ones count), oldest first: the last PICKED ones."""
    require(actor, "text.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        return list(text_records(session, actor, brief_texts.picked(session, actor.workspace_id, brief_id, PICKED)))


def add_text(
    session: Session,
    actor: Actor,
    generation: models.Generation,
    card: Scorecard,
    brief: Brief | None,
    parent_id: int | None = None,
) -> tuple[models.Text, models.Card]:
    """Adds one text with its scorecard inside the caller's transaction."""
    text = models.Text(
        workspace_id=actor.workspace_id, author_id=actor.user_id, brief_id=generation.brief_id,
        generation_id=generation.id, parent_id=parent_id, placement=generation.placement,
        slot=card.slot, angle=card.angle, written_by=card.author, text=card.text,
    )  # fmt: skip
    session.add(text)
    session.flush()
    return text, add_card(session, actor, text, card, brief)


def add_card(session: Session, actor: Actor, text: models.Text, card: Scorecard, brief: Brief | None) -> models.Card:
    """Adds a scorecard to a text, or returns the one that its key (text, brief, versions) already has."""
    if (card.text, card.slot) != (text.text, text.slot):
        raise ValueError(f"the scorecard judges {card.slot} {card.text!r}, not text {text.id}")
    saved = own(session, actor, models.Brief, text.brief_id, "brief")
    key = {
        "text_id": text.id,
        "brief_checksum": checksum_of(brief) if brief else saved.checksum,
        "policy_version": card.versions.get("policy", ""),
        "reward_version": card.versions.get("rewards", ""),
        "rule_version": card.versions.get("rules", ""),
        "path": card.versions.get("path", ""),
    }
    known = session.scalar(select(models.Card).filter_by(**key))
    if known is not None:
        return known
    row = models.Card(
        **key, workspace_id=actor.workspace_id, author_id=actor.user_id, brief_id=saved.id,
        level=card.compliance.level, score=card.compliance.score, ctr=card.ctr.mean, cvr=card.cvr.mean,
        ctcvr=card.ctcvr.mean, beats_typical=card.beats_typical, rewards=dict(card.rewards),
        payload=card.to_json(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def judged_with(card: Scorecard) -> dict[str, str]:
    """The versions that judged a text, for the audit log. Who wrote it stands with the text, and not here: while two
    writers are on trial, choices would follow the name."""
    return {name: version for name, version in card.versions.items() if name in ("rewards", "rules", "path")}


def _generation(
    session: Session,
    actor: Actor,
    saved: models.Brief,
    brief: Brief | None,
    kind: str,
    versions: Mapping[str, str],
) -> models.Generation:
    row = models.Generation(
        workspace_id=actor.workspace_id, author_id=actor.user_id, brief_id=saved.id, kind=kind,
        placement=brief.placement if brief else saved.placement,
        brief_payload=brief.model_dump(mode="json") if brief else saved.payload,
        ad_findings=[], timing={}, short={}, request={},
        policy_version=versions.get("policy", ""), reward_version=versions.get("rewards", ""),
        rule_version=versions.get("rules", ""), path=versions.get("path", ""),
    )  # fmt: skip
    session.add(row)
    return row


def _show(
    session: Session,
    actor: Actor,
    generation: models.Generation,
    cards: Sequence[Scorecard],
    brief: Brief | None,
) -> None:
    places: Counter[str] = Counter()
    for card in cards:
        text, stored = add_text(session, actor, generation, card, brief)
        session.add(
            models.Shown(
                workspace_id=actor.workspace_id, author_id=actor.user_id, generation_id=generation.id,
                text_id=text.id, card_id=stored.id, slot=card.slot, position=places[card.slot],
            )
        )  # fmt: skip
        places[card.slot] += 1
    session.flush()


def _records(session: Session, actor: Actor, rows: Sequence[models.Generation]) -> list[StoredGeneration]:
    texts = as_they_stand(session, actor, [row.id for row in rows])
    return [
        StoredGeneration(
            id=row.id,
            brief_id=row.brief_id,
            kind=row.kind,
            placement=row.placement,
            created_at=row.created_at,
            texts=texts[row.id],
            timing=row.timing,
            short=row.short,
            versions={
                "policy": row.policy_version, "rewards": row.reward_version,
                "rules": row.rule_version, "path": row.path,
            },
            request=row.request,
            seed=row.seed,
        )
        for row in rows
    ]  # fmt: skip
