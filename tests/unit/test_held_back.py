"""What the review or its author rejected leaves in no file, whatever the workspace's settings; nor is it filled in."""

from datetime import timedelta

import pytest

from app.services import ad_export, ad_review, ads, briefs, drafting, exporting, feedback, statuses
from app.services.client_export import export_all
from app.services.exporting import ExportRefused
from app.services.people import Actor
from app.services.review_status import reopen_everywhere
from app.services.reviewing import give_verdict
from app.services.stored import StoredText
from db import models
from db.session import Database
from relate_engine.brief import PlacementName
from relate_engine.scorecard import Scorecard
from tests.unit.ads_world import approve, sent, stored
from tests.unit.studio import VERSIONS, brief, card, person

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")
AD = {"campaign": "Spring", "group": "Racks", "link": "https://tidelock.example/racks"}
FILE = ("Spring", "Racks", "https://tidelock.example/racks")
REJECTED = "The headline 'Lock Your Kayak in Seconds' was rejected in review; reword or replace it."
HEADS = [card(f"Fresh headline {i}") for i in range(14)]
TOLD = [card(f"Fresh description {i}.", "description", limit=90) for i in range(4)]


def filed(db: Database, ada: Actor, cards: list[Scorecard]) -> tuple[int, tuple[StoredText, ...]]:
    """A brief that can stand in a file of many, with texts that nobody picked."""
    saved = briefs.save_brief(db, ada, brief(landing_page=FILE[2]))
    briefs.rename_brief(db, ada, saved.id, "Racks", FILE[0], FILE[1])
    return saved.id, drafting.add_own_lines(db, ada, saved.id, cards).texts


def choice(db: Database, ada: Actor, text_id: int) -> str:
    return drafting.get_texts(db, ada, [text_id])[0].choice


def test_what_reviewers_rejected_leaves_on_no_path(db: Database, ada: Actor) -> None:
    ad, ids = sent(db, ada)
    for _ in range(2):
        give_verdict(db, person(db, "reviewer"), ids[0], "violation", comment="Promises what we cannot prove.")
    with pytest.raises(ExportRefused) as caught:
        ad_export.leaving(db, ada, ad.id)
    assert caught.value.problems == (REJECTED,)
    with pytest.raises(ExportRefused) as caught:
        ad_export.ad_file(db, ada, ad.id, **AD)
    assert caught.value.problems == (REJECTED,)
    with pytest.raises(ExportRefused) as caught:  # the Draft desk
        exporting.editor_csv(db, ada, ids, *FILE)
    assert caught.value.problems == (REJECTED,)


def test_nor_does_it_leave_in_a_file_of_many_briefs(db: Database, ada: Actor) -> None:
    brief_id, texts = filed(db, ada, [*HEADS[:4], *TOLD])
    for text in texts:
        feedback.pick(db, ada, text.id)
    ad = ads.create_ad(db, ada, brief_id)
    ad_review.send_to_review(db, ada, ad.id, 1)
    with db.write() as session:
        statuses.set_status(session, person(db, "reviewer"), texts[0].id, "rejected", "Not this one.")
    words = ("The headline 'Fresh headline 0' was rejected in review; reword or replace it.",)
    found = export_all(db, ada, [brief_id])
    assert (found.data, found.missing[0].problems) == (None, words)
    ads.archive_ad(db, ada, ad.id)
    found = export_all(db, ada, [brief_id])  # the picked texts
    assert (found.data, found.missing[0].problems) == (None, words)
    feedback.unpick(db, ada, texts[0].id)
    found = export_all(db, ada, [brief_id])
    assert found.data is not None and texts[0].id not in found.text_ids  # nor is it filled in


def test_a_draft_that_was_judged_a_violation_does_not_leave(db: Database, ada: Actor) -> None:
    _, ids = stored(db, ada)
    rita = person(db, "reviewer")
    assert exporting.editor_csv(db, ada, ids, *FILE)
    give_verdict(db, rita, ids[0], "violation")
    with db.read() as session:
        assert statuses.status_of(session, ada, ids[:1]) == {ids[0]: "draft"}
    with pytest.raises(ExportRefused, match="was rejected in review; reword or replace it"):
        exporting.editor_csv(db, ada, ids, *FILE)
    give_verdict(db, rita, ids[0], "compliant")
    assert exporting.editor_csv(db, ada, ids, *FILE)


@pytest.mark.parametrize("placement", ["google_rsa", "generic"])
def test_what_was_allowed_until_a_day_that_has_passed_never_leaves(
    db: Database, ada: Actor, placement: PlacementName
) -> None:
    cards = () if placement == "google_rsa" else (card("Kayak Rack", limit=90), card("Ships flat.", "body", limit=300))
    brief_id, ids = stored(db, ada, cards, placement)
    ad, rita = ads.create_ad(db, ada, brief_id), person(db, "reviewer")
    ad_review.send_to_review(db, ada, ad.id, 1)
    approve(db, rita, ids)
    assert ad_export.ad_file(db, ada, ad.id, **AD).data
    with db.write() as session:
        session.add(
            models.Verdict(
                workspace_id=rita.workspace_id, author_id=rita.user_id, text_id=ids[0], outcome="allowed", rules=[],
                spans=[], until=models.utc_now() - timedelta(days=1),
            )
        )  # fmt: skip
    with pytest.raises(ExportRefused, match=r"was allowed until .* only; have its proof looked at again"):
        ad_export.ad_file(db, ada, ad.id, **AD)
    reopen_everywhere(db)  # the worker puts it in review; it may leave no more than before
    with db.read() as session:
        assert statuses.status_of(session, ada, ids[:1]) == {ids[0]: "in_review"}
    with pytest.raises(ExportRefused, match=r"was allowed until .* only; have its proof looked at again"):
        ad_export.ad_file(db, ada, ad.id, **AD)


def test_what_its_author_rejected_does_not_leave_and_is_not_picked_by_a_file(db: Database, ada: Actor) -> None:
    brief_id, texts = filed(db, ada, [*HEADS[:4], *TOLD])
    ids = [text.id for text in texts]
    for text_id in ids:
        feedback.pick(db, ada, text_id)
    ad = ads.create_ad(db, ada, brief_id)
    made = ad_export.ad_file(db, ada, ad.id, **AD)
    feedback.reject(db, ada, ids[0], "The price is wrong.")
    feedback.export(db, ada, made.revision.text_ids, made.target, ad.id, 1)  # made before, taken after
    assert [choice(db, ada, i) for i in ids[:2]] == ["rejected", "picked"]
    words = (
        "The headline 'Fresh headline 0' was rejected on the Draft desk; take that back there, or replace it.",
    )  # fmt: skip
    with pytest.raises(ExportRefused) as caught:
        ad_export.ad_file(db, ada, ad.id, **AD)
    assert caught.value.problems == words
    found = export_all(db, ada, [brief_id])
    assert (found.data, found.missing[0].problems) == (None, words)
    feedback.unpick(db, ada, ids[0])
    made = ad_export.ad_file(db, ada, ad.id, **AD)
    feedback.export(db, ada, made.revision.text_ids, made.target, ad.id, 1)
    assert choice(db, ada, ids[0]) == "picked"


@pytest.mark.parametrize(
    "unfit",
    [card("Scored by the old rules", versions=VERSIONS | {"rules": "rules-0"}), card("+20% more room"),
     card("Save;=cmd|'/c calc'!A1")],
    ids=["stale", "formula", "semicolon"],
)  # fmt: skip
def test_a_filler_that_could_not_leave_is_not_taken(db: Database, ada: Actor, unfit: Scorecard) -> None:
    brief_id, texts = filed(db, ada, [*HEADS, *TOLD, unfit])
    found = export_all(db, ada, [brief_id])
    assert found.missing == () and found.data is not None
    assert set(found.text_ids) == {text.id for text in texts[:-1]}
