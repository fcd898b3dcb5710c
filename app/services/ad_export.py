"""The file of one ad from the builder: its approved version, in the ad's order, with its pins.

While an approved version exists it is what leaves, whatever is being changed in a newer one. Before that a draft may
leave too, unless the workspace exports approved ads only or a text of it was rejected: then the refusal says what is
missing. What a file may hold is checked by exporting.py; feedback.export notes that it was taken. Making a file changes
nothing.
"""

from dataclasses import dataclass

from app.services import exporting
from app.services.ad_records import Revision, StoredAd
from app.services.ads import get_ad, texts_in
from app.services.approval import TO_DO, approved_only, held_back
from app.services.exporting import ExportRefused
from app.services.people import Actor, require
from app.services.statuses import WORDS
from db.session import Database

TARGETS = {"google_rsa": "editor", "meta_feed": "meta", "generic": "plain"}


@dataclass(frozen=True)
class AdFile:
    data: bytes
    target: str  # editor, meta or plain
    revision: Revision


def leaving(db: Database, actor: Actor, ad_id: int) -> tuple[StoredAd, Revision]:
    """The ad and the version of it that exports now, or ExportRefused with what is missing."""
    require(actor, "ad.export")
    ad = get_ad(db, actor, ad_id)
    if ad.approved is not None:
        return ad, ad.approved
    with db.read() as session:
        texts = [text.text for text in texts_in(session, actor, ad.newest.text_ids).values()]
        problems, asks = list(held_back(session, actor, texts).values()), approved_only(session, actor)
    if asks:
        number, now = ad.newest.number, ad.newest.status
        problems.insert(
            0, f"This workspace exports approved ads only, and version {number} is {WORDS[now]}; {TO_DO[now]}."
        )
    if problems:
        raise ExportRefused(problems)
    return ad, ad.newest


def ad_file(
    db: Database, actor: Actor, ad_id: int, campaign: str = "", group: str = "", name: str = "", link: str = ""
) -> AdFile:
    """The file for the ad's platform. `group`: ad group or ad set; `name`: of a Meta ad; both files leave it paused."""
    ad, revision = leaving(db, actor, ad_id)
    target, ids = TARGETS[ad.placement], revision.text_ids
    if target == "editor":
        pins = {place.text_id: place.pin for place in revision.places if place.pin is not None}
        return AdFile(exporting.editor_csv(db, actor, ids, campaign, group, link, pins), target, revision)
    if target == "meta":
        return AdFile(exporting.meta_csv(db, actor, ids, campaign, group, name, link), target, revision)
    if not ids:
        raise ExportRefused(["The ad holds no text; add some first."])
    return AdFile(exporting.ad_table(db, actor, ids), target, revision)
