"""What the tests of ads share: a brief with picked texts, their approval, and an ad that was sent to review."""

from collections.abc import Sequence

from app.services import ad_review, ads, briefs, drafting, feedback, statuses
from app.services.ad_records import StoredAd
from app.services.people import Actor
from db.session import Database
from relate_engine.brief import PlacementName
from relate_engine.scorecard import Scorecard
from tests.unit.studio import brief, small_draft


def stored(
    db: Database,
    ada: Actor,
    cards: Sequence[Scorecard] = (),
    placement: PlacementName = "google_rsa",
    pick: bool = True,
) -> tuple[int, list[int]]:
    """A brief with texts, all of them picked: its id and theirs."""
    saved = briefs.save_brief(db, ada, brief(placement=placement))
    texts = drafting.add_own_lines(db, ada, saved.id, cards or small_draft().candidates).texts
    if pick:
        for text in texts:
            feedback.pick(db, ada, text.id)
    return saved.id, [text.id for text in texts]


def approve(db: Database, actor: Actor, ids: Sequence[int]) -> None:
    with db.write() as session:
        for text_id in ids:
            statuses.set_status(session, actor, text_id, "approved")


def sent(db: Database, ada: Actor) -> tuple[StoredAd, list[int]]:
    brief_id, ids = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    return ad_review.send_to_review(db, ada, ad.id, 1), ids
