"""What somebody has put together and not saved yet: kept aside, so that a refresh or a closed browser loses nothing.

One small file for each person and ad below the home folder, written at every change and gone once it is saved or
undone. A file, not a row: nobody else sees it, no version comes of it, and no writer of the database waits for it. Of
two tabs of one person the last change is kept. Leaves out drawing it (desks/ads_state.py) and saving (ads.py).
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.services.ad_records import Place, revision_records
from app.services.people import Actor, own, require
from db import ads, models
from db.session import Database
from relate_engine.config import Settings


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
    file = _file(config, actor, ad_id)
    held = {"base": base, "places": [[p.text_id, p.slot, p.pin] for p in places]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".new")
        half.write_text(json.dumps(held), "utf-8")
        half.replace(file)
    except OSError:
        return False
    return True


def forget(actor: Actor, config: Settings, ad_id: int) -> None:
    """What was kept of this ad is saved or undone."""
    with suppress(OSError):
        _file(config, actor, ad_id).unlink(missing_ok=True)


def kept(db: Database, actor: Actor, config: Settings, ad_id: int) -> WorkingCopy | None:
    """What the actor had not saved of this ad; texts that are no longer there are left out, as after a restore."""
    require(actor, "ad.write")
    file = _file(config, actor, ad_id)
    try:
        held = json.loads(file.read_text("utf-8"))
        base, given = int(held["base"]), [Place(int(i), str(slot), pin) for i, slot, pin in held["places"]]
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, ValueError, KeyError, TypeError):
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
    return WorkingCopy(began.number, saved, places, at) if places != saved else None


def _file(config: Settings, actor: Actor, ad_id: int) -> Path:
    return config.home / "work" / "benches" / f"{actor.workspace_id}-{actor.user_id}-{ad_id}.json"
