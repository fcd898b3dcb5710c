"""Ads as advertisers build them: what goes in, versions that nobody overwrites, and the list of ads."""

from dataclasses import replace

import pytest

from app.services import ad_export, ad_review, ad_working, ads, briefs, feedback
from app.services.ad_checks import assess, differences
from app.services.ad_records import Place, status_words
from app.services.people import Actor, Forbidden, NotFound, shell_actor
from db.models import AdRevision, AuditEvent
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.ads_world import sent, stored
from tests.unit.studio import BLOCK, brief, card, person, small_draft

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")


def test_an_ad_begins_with_what_is_picked(db: Database, ada: Actor) -> None:
    cards = [*small_draft().candidates, card("Cures all", findings=(BLOCK,)), card("LOCK your kayak in seconds")]
    brief_id, ids = stored(db, ada, cards)
    feedback.unpick(db, ada, ids[1])
    ad = ads.create_ad(db, ada, brief_id)
    assert ad.newest.places == (  # not the unpicked, the blocked, nor the same words again
        Place(ids[0], "headline"), Place(ids[2], "headline"), Place(ids[3], "description"),
        Place(ids[4], "description"), Place(ids[5], "path"),
    )  # fmt: skip
    assert (ad.newest.number, ad.newest.status, ad.name) == (1, "draft", "TideLock Kayak Rack · 1")
    assert ads.create_ad(db, ada, brief_id).id == ad.id  # a double click
    assert ads.create_ad(db, person(db, "advertiser"), brief_id).id != ad.id
    assert status_words(ad) == "version 1 is draft"


def test_a_save_on_an_old_version_is_refused_and_both_can_be_merged(db: Database, ada: Actor) -> None:
    brief_id, _ = stored(db, ada)
    ad, bob = ads.create_ad(db, ada, brief_id), person(db, "advertiser")
    base = ad.newest.places
    theirs = (*base[1:],)  # Bob takes the first headline out
    assert ads.save_revision(db, bob, ad.id, 1, theirs).newest.number == 2
    mine = (replace(base[0], pin=1), *base[1:5])  # Ada pins it and takes the path out
    with pytest.raises(ads.StaleAd, match="saved version 2 of this ad while you worked on version 1") as caught:
        ads.save_revision(db, ada, ad.id, 1, mine)
    assert caught.value.newest.places == theirs
    both = ad_working.merged(mine, caught.value.newest.places, base)
    assert both == base[1:5]  # what either of them took out stays out
    saved = ads.save_revision(db, ada, ad.id, 2, both, "merged")
    assert (saved.newest.number, saved.newest.places, saved.newest.note) == (3, both, "merged")
    assert ads.save_revision(db, ada, ad.id, 2, both).newest.number == 3  # the second click of a double click
    assert [r.number for r in ads.revisions_of(db, ada, ad.id)] == [3, 2, 1]
    assert ads.revisions_of(db, ada, ad.id)[1].author_id == bob.user_id
    with db.read() as session:
        assert session.query(AdRevision).count() == 3
        actions = [row.action for row in session.query(AuditEvent).filter(AuditEvent.object_type == "ad")]
    assert actions == ["ad.create", "ad.revise", "ad.revise"]


def test_what_the_shell_saved_is_not_called_yours(db: Database, ada: Actor) -> None:
    brief_id, _ = stored(db, ada)
    ad = ads.create_ad(db, shell_actor(db, "Ours"), brief_id)
    assert ads.get_ad(db, ada, ad.id).newest.author == "This computer"


def test_what_cannot_go_into_an_ad(db: Database, ada: Actor) -> None:
    cards = [*small_draft().candidates, card("Cures all", findings=(BLOCK,)), *(card(f"Line {i}") for i in range(14))]
    brief_id, ids = stored(db, ada, cards, pick=False)
    other, elsewhere = stored(db, ada, [card("From another brief")])
    ad = ads.create_ad(db, ada, brief_id, "Mine", [Place(ids[0], "headline")])
    for places, words in (
        ([Place(ids[6], "headline")], "'Cures all' is blocked by a rule and cannot be added"),
        ([Place(ids[0], "headline")] * 2, "holds one text twice"),
        ([Place(elsewhere[0], "headline")], "was not written for this slot of this brief"),
        ([Place(ids[0], "description")], "was not written for this slot"),
        ([Place(ids[0], "headline", 4)], "cannot be pinned to position 4"),
        ([Place(ids[5], "path", 1)], "cannot be pinned to position 1"),
        ([Place(i, "headline") for i in (*ids[:3], *ids[7:])], "17 headlines and takes at most 15; take 2 out"),
    ):
        with pytest.raises(BriefError, match=words):
            ads.save_revision(db, ada, ad.id, 1, places)
    assert ads.get_ad(db, ada, ad.id).newest.number == 1
    several = [Place(ids[0], "headline", 1), Place(ids[1], "headline", 1)]  # may share a pin
    assert ads.save_revision(db, ada, ad.id, 1, several).newest.number == 2
    assert ads.create_ad(db, ada, other).brief_id == other


def test_an_archived_brief_or_ad_is_not_changed(db: Database, ada: Actor) -> None:
    brief_id, _ = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    ads.archive_ad(db, ada, ad.id)
    assert ads.list_ads(db, ada).total == 0 and ads.list_ads(db, ada, archived=True).total == 1
    with pytest.raises(BriefError, match="is archived; bring it back"):
        ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:3])
    ads.archive_ad(db, ada, ad.id, False)
    briefs.archive_brief(db, ada, brief_id)
    for action in (
        lambda: ads.create_ad(db, ada, brief_id),
        lambda: ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:3]),
        lambda: ad_review.send_to_review(db, ada, ad.id, 1),
    ):
        with pytest.raises(BriefError, match="was archived; bring it back"):
            action()
    assert ads.get_ad(db, ada, ad.id).brief_archived


def test_only_advertisers_build_and_nothing_is_seen_from_elsewhere(db: Database, ada: Actor) -> None:
    brief_id, _ = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    for role in ("reviewer", "analyst"):
        actor = person(db, role)  # type: ignore[arg-type]
        assert ads.get_ad(db, actor, ad.id) == ad
        for action in (
            lambda: ads.create_ad(db, actor, brief_id),  # noqa: B023
            lambda: ads.save_revision(db, actor, ad.id, 1, ()),  # noqa: B023
            lambda: ads.rename_ad(db, actor, ad.id, "x"),  # noqa: B023
            lambda: ad_review.send_to_review(db, actor, ad.id, 1),  # noqa: B023
            lambda: ad_review.go_live(db, actor, ad.id, ad.newest.id),  # noqa: B023
            lambda: ad_export.ad_file(db, actor, ad.id),  # noqa: B023
        ):
            with pytest.raises(Forbidden):
                action()
    stranger = person(db, "admin", "Theirs")
    for action in (
        lambda: ads.get_ad(db, stranger, ad.id),
        lambda: ads.create_ad(db, stranger, brief_id),
        lambda: ads.save_revision(db, stranger, ad.id, 1, ()),
        lambda: ads.texts_of(db, stranger, ad.newest.text_ids),
        lambda: ads.choices(db, stranger, ad.id, "headline"),
        lambda: ads.revisions_of(db, stranger, ad.id),
        lambda: ad_review.send_to_review(db, stranger, ad.id, 1),
        lambda: ad_export.ad_file(db, stranger, ad.id),
    ):
        with pytest.raises(NotFound):
            action()
    assert ads.list_ads(db, stranger).total == 0


def test_texts_to_add_come_picked_first_a_page_at_a_time(db: Database, ada: Actor) -> None:
    cards = [card(f"Headline {i}") for i in range(30)]
    brief_id, ids = stored(db, ada, cards, pick=False)
    ad = ads.create_ad(db, ada, brief_id)
    feedback.pick(db, ada, ids[3])
    feedback.reject(db, ada, ids[29])
    new = feedback.edit(db, ada, ids[28], card("Headline 28, better"))
    first = ads.choices(db, ada, ad.id, "headline")
    assert (first.total, first.pages, len(first.texts)) == (29, 3, ads.CHOICES)
    assert [t.text.id for t in first.texts[:3]] == [ids[3], new.id, ids[27]]  # the pick, then the newest
    assert len(ads.choices(db, ada, ad.id, "headline", page=9).texts) == 5  # clipped to the last page
    assert ads.choices(db, ada, ad.id, "headline", search="better").total == 1
    assert ads.choices(db, ada, ad.id, "headline", by="writer").total == 0
    assert ads.choices(db, ada, ad.id, "headline", by="person").total == 29


def test_an_edited_text_is_told_and_compared_as_reworded(db: Database, ada: Actor) -> None:
    brief_id, ids = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    new = feedback.edit(db, ada, ids[0], card("Lock Your Kayak Fast"))
    last = feedback.edit(db, ada, new.id, card("Lock It Fast"))
    assert ads.texts_of(db, ada, ids)[ids[0]].newer_id == last.id
    old = ad.newest.places
    now = (
        old[1],
        Place(last.id, "headline", 2),
        *old[3:],
    )  # reworded, moved and pinned; H3 removed
    texts = ads.texts_of(db, ada, [*ids, last.id])
    found = differences(old, now, texts)
    assert [(d.mark, d.words) for d in found] == [
        ("changed", "H1 was H2"), ("changed", "H2 was reworded, was H1, is pinned to 2 (was not pinned)"),
        ("removed", "H3 was removed"), ("same", "D1 is the same"), ("same", "D2 is the same"),
        ("same", "P1 is the same"),
    ]  # fmt: skip
    back = differences(now, old, texts)
    assert [d.mark for d in back].count("added") == 1


def test_the_list_is_searched_and_filtered_by_status(db: Database, ada: Actor) -> None:
    ad, _ = sent(db, ada)
    other = ads.create_ad(db, ada, ad.brief_id, "Autumn")
    assert [a.id for a in ads.list_ads(db, ada).ads] == [other.id, ad.id]
    assert [a.id for a in ads.list_ads(db, ada, status="in_review").ads] == [ad.id]
    assert [a.id for a in ads.list_ads(db, ada, status="draft").ads] == [other.id]
    assert [a.id for a in ads.list_ads(db, ada, search="autumn").ads] == [other.id]
    assert ads.list_ads(db, ada, search="tidelock").total == 2  # by the brief's title
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    assert ads.list_ads(db, ada, status="draft").total == 2 and ads.list_ads(db, ada, status="in_review").total == 0
    assert ads.list_ads(db, ada, page=7).page == 1


def test_the_meter_reads_the_bench(db: Database, ada: Actor) -> None:
    brief_id, ids = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    texts, known = ads.texts_of(db, ada, ids), brief()
    assert assess(known, "google_rsa", ad.newest.places, texts).level == "Average"
    assert assess(known, "google_rsa", ad.newest.places[1:], texts).stops == (
        "Add 1 headline: the ad has 2 and needs 3.",
    )
    gap = tuple(replace(p, pin=1) if p.slot == "headline" else p for p in ad.newest.places)
    assert "headline position 3 is left without a text" in assess(known, "google_rsa", gap, texts).stops[0]
