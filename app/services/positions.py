"""In which order a draft is shown: best first, but for a few positions that chance fills, to learn what a place does.

People choose what stands on top, whatever it says. So in every eight positions of a slot two are shuffled: as many
texts of the slot are drawn at random and put there, the others keep their order around them. A text in a shuffled
position is then a random one of its slot, wherever it stands, and how often it is chosen tells of the place alone
(where two writers share a slot, in a trial, every position is shuffled). What follows for training: round_rows.py.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.people import Actor, require
from db import shown
from db.session import Database
from relate_engine.scorecard import Scorecard
from relate_engine.share import wilson

EVERY, OF_THEM = 8, 2
NEWEST = 300  # drafts that a page looks back on


@dataclass(frozen=True)
class PositionRate:
    """How often a random text was chosen in one position (0 is the first); `low`, `high`: 95% Wilson."""

    placement: str
    slot: str
    position: int
    shown: int
    chosen: int

    @property
    def rate(self) -> float:
        return self.chosen / self.shown

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.chosen, self.shown)


def arrange(cards: Sequence[Scorecard], seed: int) -> tuple[list[Scorecard], dict[str, list[int]]]:
    """The cards in the order they are shown, slot after slot, and by slot the positions that were shuffled.

    `cards`: best first inside each slot. Two positions of every eight, one of a rest of four to seven, none of fewer;
    all of a slot that two writers share. The same seed gives the same order.
    """
    order: list[Scorecard] = []
    shuffled: dict[str, list[int]] = {}
    for slot in dict.fromkeys(card.slot for card in cards):
        mine = [card for card in cards if card.slot == slot]
        chance = random.Random(f"{seed} {slot}")  # a slot's order does not hang on the slots before it
        mixed = len({card.author for card in mine}) > 1
        places = list(range(len(mine))) if mixed else _drawn(len(mine), chance)
        drawn = chance.sample(range(len(mine)), len(places))
        ranked = iter([card for i, card in enumerate(mine) if i not in drawn])
        at = dict(zip(places, drawn, strict=True))
        order += [mine[at[i]] if i in at else next(ranked) for i in range(len(mine))]
        if places:
            shuffled[slot] = places
    return order, shuffled


def _drawn(count: int, chance: random.Random) -> list[int]:
    places: list[int] = []
    for start in range(0, count, EVERY):
        block = range(start, min(start + EVERY, count))
        places += chance.sample(block, len(block) * OF_THEM // EVERY)
    return sorted(places)


def position_bias(db: Database, actor: Actor) -> list[PositionRate]:
    """By placement, slot and position, how often the text in it was chosen where it had been put there by chance.

    Slots of one name hold more texts in one placement than in another, and people take another share of them. Slots
    of a set of which nothing was chosen are left out: nobody may have looked at them.
    """
    require(actor, "analytics.read")
    with db.read() as session:
        sets = shown.shuffled_sets(session, actor.workspace_id, NEWEST)
        places = shown.places(session, actor.workspace_id, list(sets))
    looked = {(place.generation_id, place.slot) for place in places if place.chosen}
    counts: dict[tuple[str, str, int], list[int]] = {}
    for place in places:
        random_there = place.position in sets[place.generation_id].get(place.slot, ())
        if random_there and (place.generation_id, place.slot) in looked:
            count = counts.setdefault((place.placement, place.slot, place.position), [0, 0])
            count[0] += 1
            count[1] += place.chosen
    return [PositionRate(*place, *count) for place, count in sorted(counts.items())]
