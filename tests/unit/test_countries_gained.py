"""A brief that gains a country: what was approved for the others has been judged by nobody there."""

import pytest

from app.services import ad_export, ad_review, ads, briefs, drafting, feedback, reviewing, statuses, workspace
from app.services.exporting import ExportRefused
from app.services.people import Actor
from db import models
from db.session import Database
from tests.unit.studio import brief, person, small_draft

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")
AD = {"campaign": "Spring", "group": "Racks", "link": "https://tidelock.example/racks"}


def test_what_was_approved_is_in_review_again(db: Database, ada: Actor) -> None:
    brief_id = briefs.save_brief(db, ada, brief(countries=("us",))).id
    cards = small_draft().candidates
    ids = [text.id for text in drafting.add_own_lines(db, ada, brief_id, cards).texts]
    for text_id in ids:
        feedback.pick(db, ada, text_id)
    ad = ads.create_ad(db, ada, brief_id)
    ad_review.send_to_review(db, ada, ad.id, 1)
    workspace.change_settings(db, person(db, "admin"), {"export_approved_only": True})
    rui, rita = person(db, "reviewer"), person(db, "reviewer")
    for text_id in ids:
        reviewing.give_verdict(db, rui, text_id, "compliant", countries=("us",))
        reviewing.give_verdict(db, rita, text_id, "compliant", countries=("us",))
    approved = ads.get_ad(db, ada, ad.id).approved
    assert approved is not None
    ad_review.go_live(db, ada, ad.id, approved.id)

    def saved(*countries: str, tone: str = "") -> tuple[str, set[str]]:
        told = brief(countries=countries, tone=tone)
        briefs.save_brief(db, ada, told, brief_id)
        drafting.store_cards(db, ada, dict(zip(ids, cards, strict=True)), told)
        with db.read() as session:
            now = statuses.status_of(session, ada, ids)
        return ads.get_ad(db, ada, ad.id).newest.status, set(now.values())

    assert saved("us", tone="dry") == ("live", {"live"})  # where it runs is the same
    assert saved("us", "de", "fr") == ("in_review", {"in_review"})
    with db.read() as session:
        changes = session.query(models.StatusChange).filter_by(text_id=ids[0]).order_by(models.StatusChange.id)
        assert changes.all()[-1].reason == "The brief now runs in DE, FR too."
        last = session.query(models.AuditEvent).filter_by(action="text.reopen", object_id=ids[0]).one()
        assert (last.detail["was"], last.detail["status"]) == ("live", "in_review")
    with pytest.raises(ExportRefused, match="is in review, and this workspace exports approved texts only"):
        ad_export.ad_file(db, ada, ad.id, **AD)
    for text_id in ids:  # a new look, at all countries
        reviewing.give_verdict(db, rui, text_id, "compliant")
    assert ads.get_ad(db, ada, ad.id).newest.status == "approved"
    assert saved("de", "us") == ("approved", {"approved"})  # losing one asks nobody
    assert ad_export.ad_file(db, ada, ad.id, **AD).data
