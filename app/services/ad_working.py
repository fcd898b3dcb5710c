"""What somebody has put together of an ad and not saved yet: kept aside (aside.py) at every change, and gone once it is
saved or undone. It knows the version it began from, so a save never goes over somebody else's.

It also merges it with what somebody else saved meanwhile. Leaves out drawing it (desks/ads_state.py) and saving
(ads.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.services import aside
from app.services.ad_records import Place, revision_records
from app.services.people import Actor, own, require
from db import ads, models
from db.session import Database
from relate_engine.config import Settings

ROOM = "benches"


@dataclass(frozen=True)
class WorkingCopy:
    """`base`: the version it began from, which holds `saved`; `at`: when it was changed last."""

    base: int
    saved: tuple[Place, ...]
    places: tuple[Place, ...]
    at: datetime


def keep(db: Database, actor: Actor, config: Settings, ad_id: int, base: int, places: Sequence[Place]) -> bool:
    """Keeps what is on the bench; False where the disk refuses, which is no reason to stop working."""
    require(actor, "ad.write")
    with db.read() as session:
        own(session, actor, models.Ad, ad_id, "ad")
    return aside.put(config, actor, ROOM, str(ad_id), _held(base, places))


def holds(actor: Actor, config: Settings, ad_id: int, base: int, places: Sequence[Place]) -> bool:
    """Whether this is what is kept now; another tab of the same person keeps and forgets in the same place."""
    found = aside.get(config, actor, ROOM, str(ad_id))
    return found is not None and found.held == _held(base, places)


def forget(actor: Actor, config: Settings, ad_id: int) -> None:
    """What was kept of this ad is saved or undone."""
    aside.drop(config, actor, ROOM, str(ad_id))


def kept(db: Database, actor: Actor, config: Settings, ad_id: int) -> WorkingCopy | None:
    """What the actor had not saved of this ad; texts that are no longer there are left out, as after a restore."""
    require(actor, "ad.write")
    found = aside.get(config, actor, ROOM, str(ad_id))
    try:
        held = found.held if found else {}
        base, given = int(held["base"]), [Place(int(i), str(slot), pin) for i, slot, pin in held["places"]]
    except (ValueError, KeyError, TypeError):
        return None
    with db.read() as session:
        ad = own(session, actor, models.Ad, ad_id, "ad")
        newest = ads.newest_revisions(session, actor.workspace_id, [ad_id])[ad_id]
        began = ads.revision(session, actor.workspace_id, ad_id, base) or newest
        saved = revision_records(session, actor, [began])[0].places
        texts = {place.text_id: session.get(models.Text, place.text_id) for place in given}
        places = tuple(
            place for place in given
            if (text := texts[place.text_id]) and (text.brief_id, text.slot) == (ad.brief_id, place.slot)
        )  # fmt: skip
    return WorkingCopy(began.number, saved, places, found.at) if found and places != saved else None


def merged(
    mine: Sequence[Place],
    theirs: Sequence[Place],
    base: Sequence[Place] = (),
    newer: Mapping[int, int] | None = None,
) -> tuple[Place, ...]:
    """What both made of `base`: mine in my order and with my pins, less what they took out, then what they added.

    What I took out does not come back. `newer`: newest wording of each text that was edited; where they put an edit in
    place of a text that I left alone, it stands in that text's place. Without a base nobody has taken anything out. It
    may be more than the ad takes; the person decides.
    """
    last = newer or {}

    def line(place: Place) -> int:
        """The same for every wording of one text."""
        return last.get(place.text_id, place.text_id)

    began, here = {line(place): place.text_id for place in base}, {line(place): place.text_id for place in theirs}
    mines, found = {place.text_id for place in mine}, dict[int, Place]()
    for place in mine:
        at = line(place)
        if at in found or (at in began and at not in here):
            continue
        there = here.get(at, place.text_id)
        said = there if place.text_id == began.get(at) else place.text_id
        found[at] = replace(place, text_id=at if at == there or at in mines else said)
    for place in theirs:
        if line(place) not in began:
            found.setdefault(line(place), place)
    return tuple(found.values())


def _held(base: int, places: Sequence[Place]) -> dict[str, Any]:
    return {"base": base, "places": [[p.text_id, p.slot, p.pin] for p in places]}
