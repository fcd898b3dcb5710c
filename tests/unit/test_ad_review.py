"""An ad on its way to run: sent to review, approved with its texts, live, and taken offline."""

import pytest

from app.services import ad_review, ads, statuses
from app.services.ad_records import Place, status_words
from app.services.people import Actor
from db.models import StatusChange
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.ads_world import approve, sent, stored
from tests.unit.studio import person

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")


def test_an_archived_ad_does_not_go_live(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    approve(db, person(db, "reviewer"), ids)
    ads.archive_ad(db, ada, ad.id)
    with pytest.raises(BriefError, match="is archived; bring it back before you mark it as live"):
        ad_review.go_live(db, ada, ad.id, ad.newest.id)


def test_sending_moves_the_ad_and_its_texts_once(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    assert ad.newest.status == "in_review"
    assert ad_review.send_to_review(db, ada, ad.id, 1) == ad  # a double click
    assert {t.status for t in ads.texts_of(db, ada, ids).values()} == {"in_review"}
    with db.read() as session:
        assert session.query(StatusChange).count() == 7
    back = ad_review.take_back(db, ada, ad.id, 1)
    assert back.newest.status == "draft"
    assert {t.status for t in ads.texts_of(db, ada, ids).values()} == {"draft"}


def test_a_newer_version_takes_the_place_of_the_one_in_review(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])  # without the path
    ad_review.send_to_review(db, ada, ad.id, 2)
    assert {r.number: r.status for r in ads.revisions_of(db, ada, ad.id)} == {2: "in_review", 1: "draft"}
    assert [t.status for t in ads.texts_of(db, ada, ids).values()] == ["in_review"] * 5 + ["draft"]


def test_an_unfinished_ad_is_not_sent(db: Database, ada: Actor) -> None:
    brief_id, ids = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id, "Short", [Place(ids[0], "headline"), Place(ids[3], "description")])
    with pytest.raises(BriefError, match=r"Add 2 headlines: the ad has 1 and needs 3\. Add 1 description"):
        ad_review.send_to_review(db, ada, ad.id, 1)
    ads.save_revision(db, ada, ad.id, 1, [Place(i, s) for i, s in zip(ids[:5], ["headline"] * 3 + ["description"] * 2)])
    with pytest.raises(ads.StaleAd):
        ad_review.send_to_review(db, ada, ad.id, 1)
    rui = person(db, "reviewer")
    with db.write() as session:
        statuses.set_status(session, rui, ids[1], "rejected", "No proof.")
    with pytest.raises(BriefError, match="H2 was rejected; reword or replace it"):
        ad_review.send_to_review(db, ada, ad.id, 2)


def test_an_approved_ad_stays_what_runs_while_a_newer_one_is_a_draft(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    rui = person(db, "reviewer")
    approve(db, rui, ids)
    ad = ads.get_ad(db, ada, ad.id)
    newer = ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    assert (newer.newest.number, newer.newest.status) == (2, "draft")
    assert newer.approved is not None and newer.approved.number == 1
    assert status_words(newer) == "version 2 is draft, version 1 is approved"
    live = ad_review.go_live(db, ada, ad.id, newer.approved.id)
    assert live.approved is not None and live.approved.status == "live"
    assert {t.status for t in ads.texts_of(db, ada, ids).values()} == {"live"}
    # all its texts are approved, so the newer version is approved as soon as it is sent
    two = ad_review.send_to_review(db, ada, ad.id, 2)
    assert (two.newest.status, two.approved) == ("approved", two.newest)
    assert status_words(two) == "version 2 is approved, version 1 is live"
    three = ads.save_revision(db, ada, ad.id, 2, two.newest.places[:4])
    assert status_words(three) == "version 3 is draft, version 2 is approved, version 1 is live"
    swapped = ad_review.go_live(db, ada, ad.id, two.newest.id)
    assert {r.number: r.status for r in ads.revisions_of(db, ada, ad.id)} == {3: "draft", 2: "live", 1: "approved"}
    assert ads.texts_of(db, ada, ids)[ids[5]].status == "approved"  # the path runs nowhere now
    off = ad_review.take_offline(db, ada, ad.id, two.newest.id)
    assert off.live is None and status_words(swapped) == "version 3 is draft, version 2 is live"
    assert {t.status for t in ads.texts_of(db, ada, ids).values()} == {"approved"}
    with pytest.raises(BriefError, match="not the approved one any more"):
        ad_review.go_live(db, ada, ad.id, newer.approved.id)


def test_a_live_version_is_taken_offline_where_a_newer_one_is_approved(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    approve(db, person(db, "reviewer"), ids)
    one = ad_review.go_live(db, ada, ad.id, ad.newest.id).newest
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    two = ad_review.send_to_review(db, ada, ad.id, 2).newest
    assert (one.status, two.status) == ("live", "approved")
    with pytest.raises(BriefError, match="is live; take it offline"):
        ads.archive_ad(db, ada, ad.id)
    other = ads.create_ad(db, ada, ad.brief_id, "Autumn")
    with pytest.raises(BriefError, match="belongs to another ad"):
        ad_review.take_offline(db, ada, other.id, one.id)
    with pytest.raises(BriefError, match="This version is draft by now"):
        ad_review.take_offline(db, ada, other.id, other.newest.id)
    for _ in range(2):  # a double click
        off = ad_review.take_offline(db, ada, ad.id, one.id)
        assert off.approved == off.newest == two
        assert {r.number: r.status for r in ads.revisions_of(db, ada, ad.id)} == {2: "approved", 1: "approved"}
        assert {t.status for t in ads.texts_of(db, ada, ids).values()} == {"approved"}
    ads.archive_ad(db, ada, ad.id)
    assert ads.get_ad(db, ada, ad.id).archived
