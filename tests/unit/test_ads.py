"""Ads: what goes in, versions that nobody overwrites, review, live, and the file that leaves."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from app.components.preview import domain_of, google_html, meta_html
from app.services import ad_export, ad_review, ads, briefs, drafting, exporting, feedback, statuses
from app.services.ad_checks import assess, differences
from app.services.ad_records import Place, StoredAd, status_words
from app.services.exporting import ExportRefused
from app.services.people import Actor, Forbidden, NotFound, shell_actor
from app.services.reviewing import give_verdict
from app.services.workspace import change_settings
from db.models import AdRevision, AuditEvent, StatusChange, Verdict, utc_now
from db.session import Database
from relate_engine.brief import BriefError, PlacementName, placement_of
from relate_engine.scorecard import Scorecard
from tests.unit.studio import BLOCK, brief, card, person, small_draft

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")


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
    both = ads.merged(mine, caught.value.newest.places)
    assert both == (*mine, base[5])  # her order and pin, and the path that only he has
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


def test_an_archived_ad_does_not_go_live(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    approve(db, person(db, "reviewer"), ids)
    ads.archive_ad(db, ada, ad.id)
    with pytest.raises(BriefError, match="is archived; bring it back before you mark it as live"):
        ad_review.go_live(db, ada, ad.id, ad.newest.id)


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


def sent(db: Database, ada: Actor) -> tuple[StoredAd, list[int]]:
    brief_id, ids = stored(db, ada)
    ad = ads.create_ad(db, ada, brief_id)
    return ad_review.send_to_review(db, ada, ad.id, 1), ids


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


AD = {"campaign": "Spring", "group": "Racks", "link": "https://tidelock.example/racks"}


def row(data: bytes) -> dict[str, str]:
    (only,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return dict(only)


def test_the_file_has_the_ads_order_and_pins(db: Database, ada: Actor) -> None:
    brief_id, ids = stored(db, ada)
    places = [
        Place(ids[2], "headline", 1), Place(ids[0], "headline", 1), Place(ids[1], "headline"),
        Place(ids[4], "description", 2), Place(ids[3], "description"), Place(ids[5], "path"),
    ]  # fmt: skip
    extra = drafting.add_own_lines(db, ada, brief_id, [card("A Fourth Headline")]).texts[0]
    ad = ads.create_ad(db, ada, brief_id, "Spring", [*places, Place(extra.id, "headline")])
    made = ad_export.ad_file(db, ada, ad.id, **AD)
    found = row(made.data)
    assert [found[f"Headline {i}"] for i in range(1, 5)] == [
        "Kayaks Off the Garage Floor", "Lock Your Kayak in Seconds", "Two Kayaks, One Locked Rack", "A Fourth Headline",
    ]  # fmt: skip
    assert [found[f"Headline {i} position"] for i in range(1, 5)] == ["1", "1", "", ""]
    assert (found["Description 1 position"], found["Description 2 position"]) == ("2", "")
    assert found["Status"] == "Paused" and made.target == "editor"
    feedback.export(db, ada, made.revision.text_ids, made.target, ad.id, made.revision.number)
    with db.read() as session:
        last = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
        assert last is not None and (last.action, last.object_id) == ("ad.export", ad.id)
        assert last.detail["revision"] == 1 and last.detail["texts"] == list(made.revision.text_ids)


def test_only_approved_leaves_where_the_workspace_says_so(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    assert ad_export.ad_file(db, ada, ad.id, **AD).revision.number == 1  # off by default
    change_settings(db, person(db, "admin"), {"export_approved_only": True})
    approve(db, person(db, "reviewer"), ids[:-1])
    with pytest.raises(ExportRefused) as caught:
        ad_export.ad_file(db, ada, ad.id, **AD)
    assert caught.value.problems == (
        "This workspace exports approved ads only, and version 1 is in review; wait for the review.",
        "The path 'Kayak-Racks' is in review, and this workspace exports approved texts only; wait for the review.",
    )
    with pytest.raises(ExportRefused, match="exports approved texts only"):  # nor by way of the Draft desk
        exporting.editor_csv(db, ada, ids, "Spring", "Racks", AD["link"])
    approve(db, person(db, "reviewer"), ids[-1:])
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    made = ad_export.ad_file(db, ada, ad.id, **AD)
    assert made.revision.number == 1 and row(made.data)["Path 1"] == "Kayak-Racks"


@pytest.mark.parametrize("placement", ["google_rsa", "generic"])
def test_what_was_allowed_until_a_day_that_has_passed_does_not_leave(
    db: Database, ada: Actor, placement: PlacementName
) -> None:
    cards = () if placement == "google_rsa" else (card("Kayak Rack", limit=90), card("Ships flat.", "body", limit=300))
    brief_id, ids = stored(db, ada, cards, placement)
    ad, rita = ads.create_ad(db, ada, brief_id), person(db, "reviewer")
    change_settings(db, person(db, "admin"), {"export_approved_only": True})
    ad_review.send_to_review(db, ada, ad.id, 1)
    approve(db, rita, ids)
    assert ad_export.ad_file(db, ada, ad.id, **AD).data
    with db.write() as session:
        session.add(
            Verdict(
                workspace_id=rita.workspace_id, author_id=rita.user_id, text_id=ids[0], outcome="allowed", rules=[],
                spans=[], until=utc_now() - timedelta(days=1),
            )
        )  # fmt: skip
    with pytest.raises(ExportRefused, match=r"was allowed until .* only; have its proof looked at again"):
        ad_export.ad_file(db, ada, ad.id, **AD)
    give_verdict(db, person(db, "reviewer"), ids[0], "compliant")  # another's word does not renew the proof
    with pytest.raises(ExportRefused, match=r"was allowed until .* only; have its proof looked at again"):
        ad_export.ad_file(db, ada, ad.id, **AD)


def test_an_ad_for_another_platform_leaves_without_what_is_blocked(db: Database, ada: Actor) -> None:
    cards = (card("=Kayak Rack", limit=90), card("Cure your back", "body", limit=300))
    brief_id, ids = stored(db, ada, cards, "generic")
    ad = ads.create_ad(db, ada, brief_id)
    assert b"'=Kayak Rack" in ad_export.ad_file(db, ada, ad.id).data  # the table escapes such a cell
    drafting.store_cards(db, ada, {ids[1]: replace(cards[1], findings=(BLOCK,), versions={"rules": "later"})})
    with pytest.raises(ExportRefused, match="'Cure your back' is blocked by SAF-001"):
        ad_export.ad_file(db, ada, ad.id)


def test_a_meta_ad_leaves_in_metas_columns(db: Database, ada: Actor) -> None:
    cards = [
        card("Long story short.", "primary_text", limit=2200), card("A second story.", "primary_text", limit=2200),
        card("Kayak Rack", limit=255), card("Ships flat", "description", limit=255),
    ]  # fmt: skip
    brief_id, _ = stored(db, ada, cards, "meta_feed")
    ad = ads.create_ad(db, ada, brief_id)
    made = ad_export.ad_file(db, ada, ad.id, name="Rack ad", **AD)
    found = row(made.data)
    assert (found["Body"], found["Additional Body 1"], found["Title"]) == (
        "Long story short.", "A second story.", "Kayak Rack",
    )  # fmt: skip
    assert (found["Ad Name"], made.target) == ("Rack ad", "meta")


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


def test_previews_hold_text_and_never_tags() -> None:
    evil = '<img src=x onerror="alert(1)">'
    for dark in (True, False):
        google = google_html([evil, "مرحبا بكم"], [evil], ["<b>"], "example.com", dark)
        meta = meta_html(evil, evil * 9, evil, evil, "example.com", placement_of("meta_feed").slots, False, dark)
        for html in (google, meta):
            assert "<img" not in html and "<b>alert" not in html and "&lt;img" in html
    assert "See more" in meta_html("P", "word " * 40, "H", "", "d", placement_of("meta_feed").slots, False, False)
    assert "See more" not in meta_html("P", "word " * 40, "H", "", "d", placement_of("meta_feed").slots, True, False)
    assert domain_of("https://www.tidelock.example/racks?a=1") == "tidelock.example"
    assert domain_of("") == domain_of("https://[x") == "your landing page"
