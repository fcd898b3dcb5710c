"""Statuses: who may move what where, what is stored once, and ads that follow their texts."""

import pytest

from app.services import ad_review, ads, briefs, drafting, feedback, statuses
from app.services.ad_records import Place
from app.services.decisions import Decision
from app.services.people import Actor, Forbidden, NotFound
from db.models import AuditEvent, StatusChange
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import brief, card, person, small_draft


@pytest.fixture
def rui(db: Database) -> Actor:
    return person(db, "reviewer")


def texts(db: Database, ada: Actor) -> list[int]:
    saved = briefs.save_brief(db, ada, brief())
    return [text.id for text in drafting.add_own_lines(db, ada, saved.id, small_draft().candidates).texts]


def move(db: Database, actor: Actor, text_id: int, status: str, reason: str = "") -> bool:
    with db.write() as session:
        return statuses.set_status(session, actor, text_id, status, reason)


def now(db: Database, actor: Actor, *text_ids: int) -> list[str]:
    with db.read() as session:
        return list(statuses.status_of(session, actor, text_ids).values())


def test_a_text_is_a_draft_until_somebody_moves_it(db: Database, ada: Actor, rui: Actor) -> None:
    first, second, *_ = texts(db, ada)
    assert now(db, ada, first, second) == ["draft", "draft"]
    assert move(db, ada, first, "in_review") and not move(db, ada, first, "in_review")  # a double click
    assert move(db, rui, first, "approved", "fine")
    assert move(db, ada, first, "live") and move(db, ada, first, "draft")
    assert now(db, ada, first, second) == ["draft", "draft"]
    with db.read() as session:
        assert session.query(StatusChange).count() == 4
        actions = [row.action for row in session.query(AuditEvent).filter(AuditEvent.object_type == "text")]
    assert actions == ["text.submit", "text.approve", "text.go_live", "text.take_offline"]


@pytest.mark.parametrize(
    ("role", "path", "refused"),
    [
        ("advertiser", ["in_review"], "approved"), ("analyst", [], "in_review"), ("reviewer", [], "in_review"),
        ("reviewer", ["approved"], "live"), ("analyst", [], "approved"),
    ],
)  # fmt: skip
def test_roles_move_only_what_is_theirs(db: Database, ada: Actor, role: str, path: list[str], refused: str) -> None:
    admin, (first, *_) = person(db, "admin"), texts(db, ada)
    for status in path:
        move(db, admin, first, status)
    with pytest.raises(Forbidden):
        move(db, person(db, role), first, refused)  # type: ignore[arg-type]
    assert now(db, ada, first) == [path[-1] if path else "draft"]


def test_moves_that_do_not_exist_and_foreign_texts(db: Database, ada: Actor, rui: Actor) -> None:
    first, *_ = texts(db, ada)
    with pytest.raises(BriefError, match="is draft and cannot become live"):
        move(db, ada, first, "live")
    with pytest.raises(BriefError, match="unknown"):
        move(db, ada, first, "paused")
    with pytest.raises(BriefError, match="under 500"):
        move(db, ada, first, "in_review", "x" * 501)
    stranger = person(db, "admin", "Theirs")
    with pytest.raises(NotFound):
        move(db, stranger, first, "in_review")


def test_an_edit_starts_at_draft(db: Database, ada: Actor, rui: Actor) -> None:
    first, *_ = texts(db, ada)
    move(db, ada, first, "in_review")
    move(db, rui, first, "approved")
    new = feedback.edit(db, ada, first, card("Lock Your Kayak Quickly"))
    assert now(db, ada, first, new.id) == ["approved", "draft"]


def an_ad(db: Database, ada: Actor) -> tuple[ads.StoredAd, list[int]]:
    ids = texts(db, ada)
    with db.read() as session:
        rows = [session.get(statuses.models.Text, i) for i in ids]
        brief_id = rows[0].brief_id  # type: ignore[union-attr]
        places = [Place(row.id, row.slot) for row in rows if row]
    return ads.create_ad(db, ada, brief_id, "Spring", places), ids


def test_an_ad_is_approved_when_all_its_texts_are(db: Database, ada: Actor, rui: Actor) -> None:
    ad, ids = an_ad(db, ada)
    assert ad_review.send_to_review(db, ada, ad.id, 1).newest.status == "in_review"
    assert now(db, ada, *ids) == ["in_review"] * 6
    for text_id in ids[:-1]:
        move(db, rui, text_id, "approved")
    assert ads.get_ad(db, ada, ad.id).newest.status == "in_review"
    move(db, rui, ids[-1], "approved")
    found = ads.get_ad(db, ada, ad.id)
    assert found.newest.status == "approved" and found.approved == found.newest
    with db.read() as session:
        assert statuses.ad_status(session, ada, [ad.id]) == {ad.id: "approved"}
        last = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
        assert last is not None and (last.action, last.detail["status"]) == ("ad.follow_its_texts", "approved")


def test_a_rejected_text_rejects_its_ad_and_says_why(db: Database, ada: Actor, rui: Actor) -> None:
    ad, ids = an_ad(db, ada)
    ad_review.send_to_review(db, ada, ad.id, 1)
    move(db, rui, ids[0], "rejected", "Seconds is not proven.")
    assert ads.get_ad(db, ada, ad.id).newest.status == "rejected"
    assert ads.texts_of(db, ada, [ids[0]])[ids[0]].decision == Decision("Seconds is not proven.", again=True)
    with pytest.raises(BriefError, match="say what has changed"):
        ad_review.ask_again(db, ada, ids[0], "  ")
    ad_review.ask_again(db, ada, ids[0], "The brief holds the test now.")
    assert ads.get_ad(db, ada, ad.id).newest.status == "in_review"


def test_rules_that_change_reopen_an_approved_ad(db: Database, ada: Actor, rui: Actor) -> None:
    ad, ids = an_ad(db, ada)
    ad_review.send_to_review(db, ada, ad.id, 1)
    for text_id in ids:
        move(db, rui, text_id, "approved")
    ad_review.go_live(db, ada, ad.id, ad.newest.id)
    move(db, rui, ids[2], "in_review", "a new rule")
    found = ads.get_ad(db, ada, ad.id)
    assert found.newest.status == "in_review" and found.approved is None
