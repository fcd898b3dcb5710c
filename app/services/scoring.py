"""Scorecards for words that a person wrote, changed or wants judged again, and what is known without a draft.

They come back at once and do not queue for the writer. Each is judged by what the workspace is judged by (judging.py).
Leaves out drafts (drafting_page.py) and loading models (writing.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from app.services.drafting import add_own_lines, served_texts, store_cards
from app.services.exporting import rules_of_today
from app.services.feedback import edit
from app.services.judging import judging_of
from app.services.people import Actor, require
from app.services.stored import StoredBrief, StoredGeneration, StoredText
from app.services.writing import Room
from db.session import Database
from relate_engine.brief import Brief, BriefError, PlacementName, clean, placement_of
from relate_engine.config import Settings
from relate_engine.policy.weights import encoder_folder, policy_folder
from relate_engine.rewards.briefnotes import brief_notes
from relate_engine.rewards.compliance import check_brief
from relate_engine.rewards.mix import order, ranked
from relate_engine.scorecard import AdText, Finding, Scorecard

LONGEST = 2500  # beyond every slot's limit; as in own_lines
EDITED = "Edited, so it is not ranked again."
ALONE = "Scored again alone, so it is not ranked among the others."


def brief_findings(brief: Brief) -> list[Finding]:
    """What stands against the brief itself, such as instructions to the writer, points that deny each other and a
    name that fits no headline; loads no model."""
    return [*check_brief(rules_of_today(), brief), *brief_notes(brief)]


def check_weights(config: Settings) -> None:
    """Raises WeightsError or BriefError with the remedy where base weights are missing; loads nothing."""
    encoder_folder(config.cache)
    if not config.policy_url:
        policy_folder(config.base_model, config.cache)


def score_wording(db: Database, actor: Actor, room: Room, brief: Brief, text: StoredText, wording: str) -> Scorecard:
    """The scorecard that `text` would have in other words; stores nothing."""
    require(actor, "text.write")
    wording = clean(wording)
    if not wording:
        raise BriefError("Edit: the text is empty; write one, or press Cancel to keep the old one.")
    if len(wording) > LONGEST:
        raise BriefError(f"Edit: {len(wording):,} characters are too many; keep it under {LONGEST:,}.")
    served = served_texts(db, actor, text.brief_id, text.slot, [text.id])
    ads = [AdText(wording, text.slot, text.angle, actor.author)]
    [card] = room.score(_placed(brief, text), ads, served, judging=judging_of(db, actor, room.settings))
    return replace(card, rank_words=EDITED)


def reword(db: Database, actor: Actor, room: Room, brief: Brief, text: StoredText, wording: str) -> StoredText:
    """Scores other words for a text and stores them as an edit of it."""
    card = score_wording(db, actor, room, brief, text, wording)
    return edit(db, actor, text.id, card, _placed(brief, text))


def score_again(db: Database, actor: Actor, room: Room, brief: Brief, texts: Sequence[StoredText]) -> int:
    """Scores texts by today's brief, rewards and rules; returns how many. Texts for another placement stay.

    Those of one slot that came together are ranked among each other, by their rewards alone; they keep their places.
    """
    require(actor, "text.write")
    mine = [text for text in texts if text.placement == brief.placement]
    if mine:
        ids = [text.id for text in mine]
        served = served_texts(db, actor, mine[0].brief_id, None, ids)
        ads = [AdText(text.text, text.slot, text.angle, text.author) for text in mine]
        cards = room.score(brief, ads, served, judging=judging_of(db, actor, room.settings))
        store_cards(db, actor, _ranked_again(mine, cards), brief)
    return len(mine)


def bring_lines(
    db: Database, actor: Actor, room: Room, stored: StoredBrief, lines: Sequence[tuple[str, str]]
) -> StoredGeneration:
    """Scores a person's own (slot, text) lines and stores them, best first inside a slot, with that person as author.

    What the brief has been given before counts as served, so a line that repeats it says so.
    """
    require(actor, "text.write")
    ads = [AdText(text, slot, None, actor.author) for slot, text in lines]
    served = served_texts(db, actor, stored.id)
    cards = room.score(stored.brief, ads, served, judging=judging_of(db, actor, room.settings))
    slots = dict.fromkeys(card.slot for card in cards)
    best_first = [card for slot in slots for card in ranked([c for c in cards if c.slot == slot])]
    return add_own_lines(db, actor, stored.id, best_first, stored.brief)


def base_rates(config: Settings, placement: PlacementName) -> tuple[float, float, str]:
    """Base CTR and CVR of a placement and where they come from. Imports the rewards, so call it when loaded."""
    from relate_engine.rewards.ctcvr import BASE_RATES

    known = BASE_RATES[placement]
    given = [name for name, rates in (("CTR", config.base_ctr), ("CVR", config.base_cvr)) if placement in rates]
    where = f"{' and '.join(given)} set by you" if given else known.where
    return config.base_ctr.get(placement, known.ctr), config.base_cvr.get(placement, known.cvr), where


def _ranked_again(texts: Sequence[StoredText], cards: Sequence[Scorecard]) -> dict[int, Scorecard]:
    """The new cards by text id, with the rank of each among those of its draft and slot that were scored with it."""
    groups: dict[tuple[int, str], list[tuple[int, Scorecard]]] = {}
    for text, card in zip(texts, cards, strict=True):
        groups.setdefault((text.generation_id, text.slot), []).append((text.id, card))
    told: dict[int, Scorecard] = {}
    for group in groups.values():
        ids, scored = zip(*group, strict=True)
        for at, card in zip(order(scored), ranked(scored), strict=True):
            told[ids[at]] = card if len(group) > 1 else replace(card, rank_words=ALONE)
    return {text.id: told[text.id] for text in texts}


def _placed(brief: Brief, text: StoredText) -> Brief:
    """The brief for the placement that the text was written for."""
    known = placement_of(text.placement).name
    return brief if brief.placement == known else brief.model_copy(update={"placement": known})
