"""The Ads desk as a person meets it, on a real database and without a model."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.context import Context
from app.desks import ads as desk
from app.services import ad_review, ads, briefs, drafting, feedback, reviewing, statuses
from app.services.ad_records import Place, StoredAd
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.brief import PlacementName
from relate_engine.config import Settings
from relate_engine.scorecard import Scorecard
from tests.unit.studio import BLOCK, brief, card, person, small_draft

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")

EVIL = "<img src=x onerror=alert(1)> **B** $x$"


def _ads() -> None:
    from app.desks.ads import page

    page()


def opened(monkeypatch: pytest.MonkeyPatch, db: Database, actor: Actor, ad_id: int | str | None = None) -> AppTest:
    home = Path(db.engine.url.database or "").parent
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    monkeypatch.setattr(desk, "context", lambda: Context(db, actor, Room(settings), settings))
    at = AppTest.from_function(_ads, default_timeout=30)
    if ad_id is not None:
        at.query_params["ad"] = str(ad_id)
    at.run()
    assert not at.exception
    return at


def built(
    db: Database, ada: Actor, cards: list[Scorecard] | None = None, where: PlacementName = "google_rsa"
) -> StoredAd:
    saved = briefs.save_brief(db, ada, brief(placement=where))
    texts = drafting.add_own_lines(db, ada, saved.id, cards or small_draft().candidates).texts
    for text in texts:
        feedback.pick(db, ada, text.id)
    return ads.create_ad(db, ada, saved.id)


def words(at: AppTest) -> str:
    shown = (*at.markdown, *at.caption, *at.get("html"), *at.info, *at.warning, *at.error, *at.header, *at.title)
    return "\n".join(str(getattr(element, "value", None) or element.proto.body) for element in shown)


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_an_empty_desk_says_where_to_begin(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No ads yet. Pick texts on the Draft desk" in words(opened(monkeypatch, db, ada))


def test_add_pin_move_save_and_send(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    ids = ad.newest.text_ids
    extra = drafting.add_own_lines(db, ada, ad.brief_id, [card("Fits Canoes Too")]).texts[0]
    at = opened(monkeypatch, db, ada)
    press(at, f"ad_open_{ad.id}")
    shown = words(at)
    assert "Strength: Average" in shown and "Add 3 headlines that argue from" in shown
    assert "Combination 1 of 12" in shown  # 3·2·1 headlines, 2·1 descriptions
    assert at.button(key="ad_save").disabled
    press(at, f"ad_add_{extra.id}")
    at.selectbox(key=f"ad_pin_{ids[0]}").set_value(2).run()
    press(at, f"ad_down_{ids[0]}")
    assert "Combination 1 of 12" in words(at) and "H2 stands at 2" in words(at)  # 3·2 around the pin, twice
    assert at.button(key="ad_send").disabled and "Not saved yet." in words(at)
    press(at, "ad_save")
    saved = ads.get_ad(db, ada, ad.id).newest
    assert saved.number == 2
    assert saved.places[:4] == (
        Place(ids[1], "headline"), Place(ids[0], "headline", 2), Place(ids[2], "headline"),
        Place(extra.id, "headline"),
    )  # fmt: skip
    press(at, "ad_send")
    assert ads.get_ad(db, ada, ad.id).newest.status == "in_review"
    assert "Version 2: → in review" in words(at)
    press(at, "ad_take_back")
    assert "Version 2: ✎ draft" in words(at)


def test_somebody_elses_save_is_shown_and_merged(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    at = opened(monkeypatch, db, ada, ad.id)
    ids = ad.newest.text_ids
    press(at, f"ad_out_{ids[5]}")
    bob = person(db, "advertiser")
    ads.save_revision(db, bob, ad.id, 1, ad.newest.places[1:])  # without the first headline
    press(at, "ad_save")
    shown = words(at)
    assert "saved version 2" in shown and "Yours is not saved" in shown
    assert "added" in shown and "removed" in shown
    assert ads.get_ad(db, ada, ad.id).newest.number == 2
    press(at, "ad_merge")
    press(at, "ad_save")
    found = ads.get_ad(db, ada, ad.id).newest
    assert (found.number, found.text_ids) == (3, ids[1:5])
    assert found.author_id == ada.user_id


def test_a_refresh_brings_unsaved_changes_back(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    ids = ad.newest.text_ids
    at = opened(monkeypatch, db, ada, ad.id)
    at.selectbox(key=f"ad_pin_{ids[0]}").set_value(2).run()
    press(at, f"ad_out_{ids[5]}")
    assert "Not saved yet. A refresh keeps it" in words(at)
    other = opened(monkeypatch, db, person(db, "advertiser"), ad.id)
    assert other.button(key="ad_save").disabled and "brought back" not in words(other)  # mine alone
    at = opened(monkeypatch, db, ada, ad.id)
    assert "brought back" in words(at) and "H1 stands at 2" in words(at)
    assert not [b for b in at.button if b.key == f"ad_out_{ids[5]}"]
    press(at, "ad_undo")
    assert opened(monkeypatch, db, ada, ad.id).button(key="ad_save").disabled
    press(at, f"ad_out_{ids[5]}")
    bob = person(db, "advertiser")
    ads.save_revision(db, bob, ad.id, 1, ad.newest.places[1:])  # while the browser was closed
    at = opened(monkeypatch, db, ada, ad.id)
    assert "saved version 2" in words(at) and "Yours is not saved" in words(at)
    press(at, "ad_keep_mine")
    press(at, "ad_save")
    assert ads.get_ad(db, ada, ad.id).newest.text_ids == ids[:5]
    assert opened(monkeypatch, db, ada, ad.id).button(key="ad_save").disabled


def test_blocked_texts_cannot_be_added(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    bad = drafting.add_own_lines(db, ada, ad.brief_id, [card("Cures all", findings=(BLOCK,))]).texts[0]
    at = opened(monkeypatch, db, ada, ad.id)
    assert "Cures all" in words(at) and "cannot be added" in words(at)
    assert not [b for b in at.button if b.key == f"ad_add_{bad.id}"]


def test_a_rejected_text_says_why_and_can_be_asked_again(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ad = built(db, ada)
    ad_review.send_to_review(db, ada, ad.id, 1)
    first, rui = ad.newest.text_ids[0], person(db, "reviewer")
    with db.write() as session:
        statuses.set_status(session, rui, first, "rejected", "Not proven.")
    at = opened(monkeypatch, db, ada, ad.id)
    assert "H1 rejected: Not proven" in words(at)
    press(at, f"ad_again_do_{first}")
    assert "say what has changed" in words(at)
    at.text_area(key=f"ad_again_{first}").set_value("The test is in the brief.").run()
    press(at, f"ad_again_do_{first}")
    assert ads.get_ad(db, ada, ad.id).newest.status == "in_review"


def test_proof_that_a_reviewer_wants_is_shown_with_the_way_on(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ad = built(db, ada)
    ad_review.send_to_review(db, ada, ad.id, 1)
    first = ad.newest.text_ids[0]
    for reviewer in (person(db, "reviewer"), person(db, "reviewer")):
        reviewing.give_verdict(db, reviewer, first, "needs_proof", comment="Which test?")
    at = opened(monkeypatch, db, ada, ad.id)
    assert "H1 needs proof: Which test? Add the evidence" in words(at).replace("\\", "")
    at.text_area(key=f"ad_again_{first}").set_value("The test is in the brief.").run()
    press(at, f"ad_again_do_{first}")
    assert "H1 needs proof" not in words(at)


def test_the_live_version_is_shown_and_stopped_beside_a_newer_approved_one(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ad = built(db, ada)
    ad_review.send_to_review(db, ada, ad.id, 1)
    rui = person(db, "reviewer")
    with db.write() as session:
        for text_id in ad.newest.text_ids:
            statuses.set_status(session, rui, text_id, "approved")
    at = press(opened(monkeypatch, db, ada, ad.id), "ad_live")
    assert at.button(key="ad_offline").label == "Take offline" and "is what exports" not in words(at)
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    ad_review.send_to_review(db, ada, ad.id, 2)  # all its texts may run, so it is approved at once
    at = opened(monkeypatch, db, ada, ad.id)
    assert "Version 1 is ▶ live; version 2 is ✓ approved and is what exports." in words(at)
    assert at.button(key="ad_live").label == "Mark version 2 as live"
    assert at.button(key="ad_offline").label == "Take version 1 offline"
    press(at, "ad_offline")
    assert {r.number: r.status for r in ads.revisions_of(db, ada, ad.id)} == {2: "approved", 1: "approved"}
    assert at.button(key="ad_live").label == "Mark as live"
    assert not [b for b in at.button if b.key == "ad_offline"] and "▶" not in words(at)


def test_versions_stand_side_by_side(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    ads.save_revision(db, ada, ad.id, 1, ad.newest.places[:5])
    at = opened(monkeypatch, db, ada, ad.id)
    at.session_state["ad_versions"] = True
    at.run()
    assert not at.exception
    shown = words(at)
    assert "5 same, 1 removed" in shown and "P1 was removed" in shown


def test_readers_look_and_change_nothing(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    at = opened(monkeypatch, db, person(db, "analyst"), ad.id)
    keys = {b.key for b in at.button}
    assert "Strength" in words(at)
    assert not keys & {"ad_save", "ad_send", "ad_export", "ad_live", "ad_rename", "ad_archive"}
    assert not [key for key in keys if key and key.startswith(("ad_out_", "ad_add_", "ad_up_"))]


def test_foreign_missing_and_archived(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    stranger = person(db, "admin", "Theirs")
    for asked in (ad.id, 999):
        at = opened(monkeypatch, db, stranger, asked)
        assert f"There is no ad {asked} in your workspace" in words(at).replace("\\", "")
    assert "No ads yet" in words(opened(monkeypatch, db, stranger, "x"))
    at = opened(monkeypatch, db, ada, ad.id)
    press(at, f"ad_out_{ad.newest.text_ids[5]}")
    briefs.archive_brief(db, ada, ad.brief_id)  # in another tab
    press(at, "ad_save")
    assert "was archived; bring it back" in words(at).replace("\\", "")


def test_any_script_and_markup_is_shown_as_text(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [card(EVIL), card("日本語の見出しです"), card("مرحبا بكم في متجرنا")]
    cards += [card("中文描述文字。" * 4, "description", limit=90), card(EVIL + "!", "description", limit=90)]
    ad = built(db, ada, cards)
    at = opened(monkeypatch, db, ada, ad.id)
    shown = words(at)
    assert "<img" not in shown.replace("\\<img", "") and "日本語の見出しです" in shown
    assert "18 of 30" in shown  # nine wide letters


def test_a_meta_ad_is_cut_at_the_fold(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "A wall rack that keeps two kayaks off the garage floor, and it locks. " * 3
    cards = [card(long, "primary_text", limit=2200), card("Kayak Rack", limit=255), card("Second", limit=255)]
    at = opened(monkeypatch, db, ada, built(db, ada, cards, "meta_feed").id)
    assert "See more" in words(at) and "Combination 1 of 2" in words(at)
    at.toggle(key="ad_whole").set_value(True).run()
    assert "See more" not in words(at)
