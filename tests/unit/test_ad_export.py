"""The file in which an ad leaves: its order and pins, each platform's columns, and what may not leave."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from app.services import ad_export, ad_review, ads, drafting, exporting, feedback
from app.services.ad_records import Place
from app.services.exporting import ExportRefused
from app.services.people import Actor
from app.services.reviewing import give_verdict
from app.services.workspace import change_settings
from db.models import AuditEvent, Verdict, utc_now
from db.session import Database
from relate_engine.brief import PlacementName
from tests.unit.ads_world import approve, sent, stored
from tests.unit.studio import BLOCK, card, person

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")
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
