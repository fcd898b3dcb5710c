"""An ad on its way: sent to review, taken back, asked again, live, offline.

Sending moves the ad's newest version and those of its texts that are drafts into review; what is approved already
stays so, and an ad whose texts are all approved is approved at once. The version that was approved stays what runs and
exports while a newer one is a draft. Leaves out the reviewer's decision (reviewing.py, which calls statuses.py).
"""

from collections.abc import Iterable
from typing import cast

from sqlalchemy.orm import Session

from app.services import statuses
from app.services.ad_checks import assess, pieces_of
from app.services.ad_records import AdText, StoredAd
from app.services.ads import StaleAd, load_ad, texts_in
from app.services.decisions import decisions
from app.services.people import Actor, own, require
from app.services.statuses import FINE, WORDS, Status
from app.services.stored import text_records
from db import ads, models
from db.session import Database
from relate_engine.brief import BriefError, parse_brief
from relate_engine.strength import names


def send_to_review(db: Database, actor: Actor, ad_id: int, number: int) -> StoredAd:
    """Sends version `number` of an ad with its texts; twice is once. BriefError names what is missing."""
    require(actor, "ad.write")
    with db.write() as session:
        ad, revision = _newest(session, actor, ad_id, number)
        if ad.newest.status != "draft":
            return ad
        texts = texts_in(session, actor, ad.newest.text_ids)
        if problems := _missing(session, actor, ad, texts):
            raise BriefError(f"Not sent: {' '.join(problems)}")
        for text_id, text in texts.items():
            if text.status == "draft":
                statuses.set_status(session, actor, text_id, "in_review", f"sent with the ad “{ad.name}”"[:500])
        statuses.set_ad_status(session, actor, revision, "in_review")
        _replace(session, actor, ad)
        statuses.follow_texts(session, actor, revision)
        return load_ad(session, actor, ad_id)


def take_back(db: Database, actor: Actor, ad_id: int, number: int) -> StoredAd:
    """Takes a version back from review. Its texts become drafts unless another ad in review holds them."""
    require(actor, "ad.write")
    with db.write() as session:
        ad, revision = _newest(session, actor, ad_id, number)
        if ad.newest.status == "draft":
            return ad
        if ad.newest.status != "in_review":
            raise BriefError(f"This version is {WORDS[ad.newest.status]} by now; reload the page.")
        statuses.set_ad_status(session, actor, revision, "draft")
        _withdraw(session, actor, ad, ad.newest.text_ids, "taken back with its ad")
        return load_ad(session, actor, ad_id)


def ask_again(db: Database, actor: Actor, text_id: int, reason: str) -> bool:
    """Sends a text to review once more that was rejected, or that a reviewer wants proof for; the reason says what has
    changed, such as new evidence. False where there is nothing to ask: it waits for a look, or was decided. Asked twice
    with the same words by one person is once: a double click."""
    require(actor, "ad.write")
    if not reason.strip():
        raise BriefError("Ask again: say what has changed, for example which evidence the brief holds now.")
    with db.write() as session:
        text = own(session, actor, models.Text, text_id, "text")
        said = decisions(session, actor, text_records(session, actor, [text])).get(text.id)
        if said is None or not said.again:
            last = ads.text_statuses(session, actor.workspace_id, [text.id]).get(text.id)
            asked = ("in_review", actor.user_id, reason.strip())
            return last is not None and (last.status, last.author_id, last.reason) == asked
        return statuses.set_status(session, actor, text.id, "in_review", reason, again=True)


def go_live(db: Database, actor: Actor, ad_id: int, revision_id: int) -> StoredAd:
    """Marks the approved version as live, with its texts. The studio uploads nothing: this says what a person did."""
    require(actor, "ad.live")
    with db.write() as session:
        ad, revision = _approved(session, actor, ad_id, revision_id)
        if ad.archived:
            raise BriefError(f"The ad '{ad.name}' is archived; bring it back before you mark it as live.")
        for other in ads.by_ids(session, actor.workspace_id, _live(session, actor, ad_id)).values():
            if other.id != revision.id:  # one version of an ad runs at a time
                statuses.set_ad_status(session, actor, other, "approved", f"version {revision.number} replaced it")
        statuses.set_ad_status(session, actor, revision, "live")
        for place in revision.slots:
            statuses.set_status(session, actor, place["text_id"], "live", f"with the ad '{ad.name}'"[:500])
        _rest(session, actor, ad)
        return load_ad(session, actor, ad_id)


def take_offline(db: Database, actor: Actor, ad_id: int, revision_id: int) -> StoredAd:
    """Marks a live version as offline, also where a newer one is approved by now: it is approved still. Texts that no
    other live ad holds follow; twice is once."""
    require(actor, "ad.live")
    with db.write() as session:
        ad = load_ad(session, actor, ad_id)
        revision = own(session, actor, models.AdRevision, revision_id, "version")
        if revision.ad_id != ad_id:
            raise BriefError("This version belongs to another ad; reload the page.")
        now = _status(session, actor, revision)
        if now not in FINE:
            raise BriefError(f"This version is {WORDS[now]} by now; reload the page.")
        if now == "live":
            statuses.set_ad_status(session, actor, revision, "approved", "taken offline")
            _rest(session, actor, ad)
        return load_ad(session, actor, ad_id)


def _replace(session: Session, actor: Actor, ad: StoredAd) -> None:
    """Takes older versions of the ad out of review: the newest one stands for them."""
    changes = ads.revision_statuses(session, actor.workspace_id, [ad.id])
    old = [i for i, row in changes.items() if row.status == "in_review" and i != ad.newest.id]
    reason = f"version {ad.newest.number} replaced it"
    for revision in ads.by_ids(session, actor.workspace_id, old).values():
        statuses.set_ad_status(session, actor, revision, "draft", reason)
        _withdraw(session, actor, ad, [place["text_id"] for place in revision.slots], reason)


def _withdraw(session: Session, actor: Actor, ad: StoredAd, text_ids: Iterable[int], reason: str) -> None:
    """Texts in review become drafts again, unless a version in review holds them still."""
    held = _texts_of_others(session, actor, ad, "in_review", 0)
    for text_id, status in statuses.status_of(session, actor, text_ids).items():
        if status == "in_review" and text_id not in held:
            statuses.set_status(session, actor, text_id, "draft", reason)


def _newest(session: Session, actor: Actor, ad_id: int, number: int) -> tuple[StoredAd, models.AdRevision]:
    ad = load_ad(session, actor, ad_id)
    if ad.newest.number != number:
        raise StaleAd(number, ad.newest)
    return ad, own(session, actor, models.AdRevision, ad.newest.id, "version")


def _approved(session: Session, actor: Actor, ad_id: int, revision_id: int) -> tuple[StoredAd, models.AdRevision]:
    ad = load_ad(session, actor, ad_id)
    revision = own(session, actor, models.AdRevision, revision_id, "version")
    if ad.approved is None or ad.approved.id != revision.id or revision.ad_id != ad_id:
        raise BriefError("This version is not the approved one any more; reload the page.")
    return ad, revision


def _missing(session: Session, actor: Actor, ad: StoredAd, texts: dict[int, AdText]) -> list[str]:
    """Why an ad cannot be sent."""
    if ad.brief_archived:
        return [f"The brief '{ad.brief_title}' was archived; bring it back on the Draft desk first."]
    if ad.archived:
        return [f"The ad '{ad.name}' is archived; bring it back first."]
    brief = parse_brief(own(session, actor, models.Brief, ad.brief_id, "brief").payload)
    found = assess(brief, ad.placement, ad.newest.places, texts)
    problems = list(found.stops)
    labels = dict(zip(ad.newest.text_ids, names(pieces_of(ad.newest.places, texts)), strict=True))
    for text_id, text in texts.items():
        if text.status == "rejected":
            problems.append(f"{labels[text_id]} was rejected; reword or replace it, or ask again for it.")
    return problems


def _status(session: Session, actor: Actor, revision: models.AdRevision) -> Status:
    row = ads.revision_statuses(session, actor.workspace_id, [revision.ad_id]).get(revision.id)
    return cast(Status, row.status) if row else "draft"


def _live(session: Session, actor: Actor, ad_id: int) -> list[int]:
    """Revisions of an ad that are live."""
    changes = ads.revision_statuses(session, actor.workspace_id, [ad_id])
    return [revision_id for revision_id, row in changes.items() if row.status == "live"]


def _rest(session: Session, actor: Actor, ad: StoredAd) -> None:
    """Texts of the ad that are live in no ad any more are approved only."""
    running = _texts_of_others(session, actor, ad, "live", 0)
    held = {p["text_id"] for row in ads.revisions(session, actor.workspace_id, ad.id) for p in row.slots}
    for text_id, status in statuses.status_of(session, actor, held - running).items():
        if status == "live":
            statuses.set_status(session, actor, text_id, "approved", "no live ad holds it")


def _texts_of_others(session: Session, actor: Actor, ad: StoredAd, status: str, without: int) -> set[int]:
    """Texts of revisions with a status, of all ads of the brief, one revision left out."""
    ids = [row.id for row in ads.ads_of_brief(session, actor.workspace_id, ad.brief_id)]
    changes = ads.revision_statuses(session, actor.workspace_id, ids)
    wanted = [i for i, row in changes.items() if row.status == status and i != without]
    rows = ads.by_ids(session, actor.workspace_id, wanted).values()
    return {place["text_id"] for row in rows for place in row.slots}
