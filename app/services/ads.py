"""Putting ads together: an ad of a brief's texts, its revisions, what may go into it, and sending it to review.

Every save is a new revision. A save names the revision it began from; if that is no longer the newest, nothing is
saved and the person is told (`StaleAd`), so nobody overwrites another's work unseen. Each step asks the role, happens
in one transaction and is audited. Leaves out statuses as such (statuses.py), the meter (relate_engine/strength.py)
and files (exporting.py).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from app.services import audit
from app.services.ad_records import (
    AdPage,
    AdText,
    ChoicePage,
    Place,
    Revision,
    StoredAd,
    ad_records,
    ad_texts,
    revision_records,
)
from app.services.judged import judged
from app.services.people import Actor, inside, own, require
from app.services.statuses import Status
from db import ad_choices, ads, models, queries
from db.session import Database
from relate_engine.brief import BriefError, placement_of
from relate_engine.rewards.compliance import PINS

PAGE_SIZE = 20
CHOICES = 12  # texts offered at a time
LONGEST_NAME, LONGEST_NOTE = 200, 500
_DOUBLE = timedelta(seconds=15)  # the same ad made twice within is a double click


class StaleAd(BriefError):  # noqa: N818  (a refusal, not a fault)
    """Somebody saved a revision since; `newest` is theirs. Nothing of either is lost."""

    def __init__(self, base: int, newest: Revision) -> None:
        super().__init__(
            f"Not saved: {inside(newest.author)} saved version {newest.number} of this ad while you worked on version "
            f"{base}; look at both and merge them, or take theirs."
        )
        self.newest = newest


def create_ad(
    db: Database, actor: Actor, brief_id: int, name: str = "", places: Sequence[Place] | None = None
) -> StoredAd:
    """A new ad of a brief. Without `places` it begins with the picked texts, as many as the ad takes."""
    require(actor, "ad.write")
    with db.write() as session:
        brief = _open_brief(session, actor, brief_id)
        given = _picked(session, actor, brief) if places is None else tuple(places)
        _check(session, actor, brief, brief.placement, given, ())
        mine = ads.ads_of_brief(session, actor.workspace_id, brief_id)
        last, asked = mine[-1] if mine else None, _name(name)
        name = asked or f"{brief.title[: LONGEST_NAME - 12]} · {len(mine) + 1}"
        just_now = last and last.author_id == actor.user_id and models.utc_now() - last.created_at < _DOUBLE
        if last and just_now and asked in ("", last.name):
            before = ad_records(session, actor, [(last, brief)])[0]
            if before.newest.number == 1 and before.newest.places == given:
                return before
        ad = models.Ad(
            workspace_id=actor.workspace_id, author_id=actor.user_id, brief_id=brief_id, name=name,
            placement=brief.placement,
        )  # fmt: skip
        session.add(ad)
        session.flush()
        _revise(session, actor, ad, 1, given, "")
        by = judged(session, actor, [place.text_id for place in given])
        audit.note(session, actor, "ad.create", "ad", ad.id, by, name=name, brief=brief_id, texts=len(given))
        return ad_records(session, actor, [(ad, brief)])[0]


def save_revision(
    db: Database, actor: Actor, ad_id: int, base: int, places: Sequence[Place], note: str = ""
) -> StoredAd:
    """Saves what the ad holds now as its next revision, in draft. `base`: the number the work began from.

    What the newest revision already holds is not saved again, so a double click saves once. StaleAd if somebody
    else's revision is newer than `base`.
    """
    require(actor, "ad.write")
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise BriefError(f"Note: {len(note):,} characters are too many; keep it under {LONGEST_NOTE}.")
    with db.write() as session:
        ad = own(session, actor, models.Ad, ad_id, "ad")
        brief = _open_brief(session, actor, ad.brief_id)
        before = ad_records(session, actor, [(ad, brief)])[0]
        if before.newest.places == tuple(places):
            return before
        if before.newest.number != base:
            raise StaleAd(base, before.newest)
        if ad.archived_at is not None:
            raise BriefError(f"The ad '{ad.name}' is archived; bring it back before you change it.")
        _check(session, actor, brief, ad.placement, places, before.newest.text_ids)
        _revise(session, actor, ad, base + 1, places, note)
        ids = [place.text_id for place in places]
        audit.note(session, actor, "ad.revise", "ad", ad.id, judged(session, actor, ids), revision=base + 1, texts=ids)
        return ad_records(session, actor, [(ad, brief)])[0]


def rename_ad(db: Database, actor: Actor, ad_id: int, name: str) -> None:
    require(actor, "ad.write")
    wanted = _name(name)
    if not wanted:
        raise BriefError("Name: the ad needs a name; type one.")
    with db.write() as session:
        ad = own(session, actor, models.Ad, ad_id, "ad")
        if ad.name != wanted:
            audit.note(session, actor, "ad.rename", "ad", ad.id, before=ad.name, after=wanted)
            ad.name = wanted


def archive_ad(db: Database, actor: Actor, ad_id: int, archived: bool = True) -> None:
    """Takes an ad off the list, or brings it back; a live one is taken offline first."""
    require(actor, "ad.write")
    with db.write() as session:
        ad = own(session, actor, models.Ad, ad_id, "ad")
        if archived == (ad.archived_at is not None):
            return
        changes = ads.revision_statuses(session, actor.workspace_id, [ad.id]).values()
        if archived and any(row.status == "live" for row in changes):
            raise BriefError(f"The ad '{ad.name}' is live; take it offline before you archive it.")
        ad.archived_at = models.utc_now() if archived else None
        audit.note(session, actor, "ad.archive" if archived else "ad.restore", "ad", ad.id)


def list_ads(
    db: Database,
    actor: Actor,
    *,
    brief_id: int | None = None,
    search: str = "",
    archived: bool = False,
    status: Status | None = None,
    page: int = 1,
) -> AdPage:
    """Ads, newest first; `search` looks in their names and their briefs' titles, `status` is the newest version's."""
    require(actor, "ad.read")
    with db.read() as session:
        at = max(1, page)
        while True:
            total, rows = ads.page(
                session, actor.workspace_id, brief_id=brief_id, search=search.strip(), archived=archived,
                status=status, offset=(at - 1) * PAGE_SIZE, limit=PAGE_SIZE,
            )  # fmt: skip
            pages = max(1, -(-total // PAGE_SIZE))
            if at <= pages:
                return AdPage(tuple(ad_records(session, actor, rows)), total, at, pages)
            at = pages


def get_ad(db: Database, actor: Actor, ad_id: int) -> StoredAd:
    require(actor, "ad.read")
    with db.read() as session:
        return load_ad(session, actor, ad_id)


def load_ad(session: Session, actor: Actor, ad_id: int) -> StoredAd:
    """The same inside a caller's transaction."""
    ad = own(session, actor, models.Ad, ad_id, "ad")
    return ad_records(session, actor, [(ad, own(session, actor, models.Brief, ad.brief_id, "brief"))])[0]


def revisions_of(db: Database, actor: Actor, ad_id: int) -> list[Revision]:
    """The newest revisions of an ad, newest first."""
    require(actor, "ad.read")
    with db.read() as session:
        own(session, actor, models.Ad, ad_id, "ad")
        rows = ads.revisions(session, actor.workspace_id, ad_id)
        return revision_records(session, actor, rows)


def texts_of(db: Database, actor: Actor, text_ids: Iterable[int]) -> dict[int, AdText]:
    """Texts of ads by id, with their statuses, newer wordings and why they were rejected."""
    require(actor, "ad.read")
    with db.read() as session:
        return texts_in(session, actor, text_ids)


def texts_in(session: Session, actor: Actor, text_ids: Iterable[int]) -> dict[int, AdText]:
    """The same inside a caller's transaction."""
    rows = [own(session, actor, models.Text, text_id, "text") for text_id in dict.fromkeys(text_ids)]
    return {text.text.id: text for text in ad_texts(session, actor, rows)}


def choices(
    db: Database,
    actor: Actor,
    ad_id: int,
    slot: str,
    *,
    search: str = "",
    by: str = "",
    page: int = 1,
    without: Sequence[int] = (),
) -> ChoicePage:
    """Texts that could go into a slot, picked ones first, then the newest; rejected and edited ones left out.

    `by`: "person" or "writer", "" for both. `without`: what the ad holds already.
    """
    require(actor, "ad.read")
    with db.read() as session:
        ad = own(session, actor, models.Ad, ad_id, "ad")
        placement_of(ad.placement).slot(slot)
        at = max(1, page)
        while True:
            total, rows = ad_choices.page(
                session, actor.workspace_id, ad.brief_id, ad.placement, slot, search=search.strip(), by=by,
                without=without, offset=(at - 1) * CHOICES, limit=CHOICES,
            )  # fmt: skip
            pages = max(1, -(-total // CHOICES))
            if at <= pages:
                return ChoicePage(tuple(ad_texts(session, actor, rows)), total, at, pages)
            at = pages


def _open_brief(session: Session, actor: Actor, brief_id: int) -> models.Brief:
    brief = own(session, actor, models.Brief, brief_id, "brief")
    if brief.archived_at is not None:
        raise BriefError(f"The brief '{brief.title}' was archived; bring it back on the Draft desk, then try again.")
    return brief


def _picked(session: Session, actor: Actor, brief: models.Brief) -> tuple[Place, ...]:
    """The picked texts that may go into an ad, as many of each slot as it takes."""
    found: list[Place] = []
    for slot in placement_of(brief.placement).slots:
        rows = ad_choices.picked(session, actor.workspace_id, brief.id, brief.placement, slot.name, 4 * slot.full_ad)
        cards = queries.latest_cards(session, actor.workspace_id, [row.id for row in rows])
        said: set[str] = set()
        for row in rows:
            fine = row.id in cards and cards[row.id].level != "blocked"
            if fine and row.text.casefold() not in said and len(said) < slot.full_ad:
                said.add(row.text.casefold())
                found.append(Place(row.id, slot.name))
    return tuple(found)


def _check(
    session: Session, actor: Actor, brief: models.Brief, placement: str, places: Sequence[Place], held: Iterable[int]
) -> None:
    """Raises BriefError for what an ad cannot hold. `held`: texts it holds already; a block stops new ones only."""
    where, held = placement_of(placement), set(held)
    ids = [place.text_id for place in places]
    if len(set(ids)) < len(ids):
        raise BriefError("The ad holds one text twice; take one of them out.")
    texts = {i: own(session, actor, models.Text, i, "text") for i in ids}
    cards = queries.latest_cards(session, actor.workspace_id, ids)
    for place in places:
        text = texts[place.text_id]
        short = _shortly(text.text)
        if text.brief_id != brief.id or text.placement != placement or text.slot != place.slot:
            raise BriefError(f"'{short}' was not written for this slot of this brief; take it out.")
        if place.text_id not in held and place.text_id in cards and cards[place.text_id].level == "blocked":
            raise BriefError(f"'{short}' is blocked by a rule and cannot be added; mend it on the Draft desk first.")
        last = PINS.get(place.slot, 0) if placement == "google_rsa" else 0
        if place.pin is not None and not 1 <= place.pin <= last:
            raise BriefError(f"'{short}' cannot be pinned to position {place.pin}; unpin it.")
    for slot in where.slots:
        have = sum(place.slot == slot.name for place in places)
        if have > slot.full_ad:
            raise BriefError(
                f"The ad has {have} {slot.plural.lower()} and takes at most {slot.full_ad}; "
                f"take {have - slot.full_ad} out, then save."
            )


def _revise(
    session: Session, actor: Actor, ad: models.Ad, number: int, places: Sequence[Place], note: str
) -> models.AdRevision:
    row = models.AdRevision(
        workspace_id=actor.workspace_id, author_id=actor.user_id, ad_id=ad.id, number=number, note=note,
        slots=[{"slot": p.slot, "text_id": p.text_id, "pin": p.pin} for p in places],
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _name(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise BriefError(f"Name: {len(name):,} characters are too many; keep it under {LONGEST_NAME}.")
    return name


def _shortly(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
