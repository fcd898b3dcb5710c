"""No text waits for ever: groups at two looks, fewer looks than before, an admin's word and its undoing, by country."""

from collections.abc import Sequence

import pytest

from app.services import ad_review, briefs, drafting, members, review_looks, review_quality, reviewing, workspace
from app.services.decisions import Decision, decisions_of
from app.services.people import Actor
from app.services.review_looks import Look, next_text
from app.services.review_status import decide_everywhere
from app.services.reviewing import Outcome, give_verdict, undo
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import person
from tests.unit.test_review_verdicts import counting, drafted, send, status


@pytest.fixture
def rita(db: Database) -> Actor:
    return person(db, "reviewer")


@pytest.fixture
def rob(db: Database) -> Actor:
    return person(db, "reviewer")


def look(db: Database, actor: Actor) -> Look | None:
    return next_text(db, actor, lambda: 0.99)


def judge(db: Database, actor: Actor, text_id: int, outcome: Outcome, **more: object) -> int:
    """The next text of this person is that one; answers the look."""
    found = look(db, actor)
    assert found is not None and found.text.id == text_id
    return give_verdict(db, actor, text_id, outcome, look_id=found.id, **more).id  # type: ignore[arg-type]


def states(db: Database, actor: Actor, ids: Sequence[int]) -> list[str]:
    return [status(db, actor, i) for i in ids]


def told(db: Database, ada: Actor, text_id: int) -> Decision | None:
    return decisions_of(db, ada, drafting.get_texts(db, ada, [text_id])).get(text_id)


def test_two_looks_at_one_of_two_identical_texts_decide_both(db: Database, rita: Actor, rob: Actor) -> None:
    ids = drafted(db, "Lock Your Kayak", "lock your kayak")
    send(db, *ids)
    hers = judge(db, rita, ids[0], "compliant")
    assert look(db, rita) is None and states(db, rita, ids) == ["in_review"] * 2
    judge(db, rob, ids[0], "compliant")
    assert look(db, rob) is None and states(db, rita, ids) == ["approved"] * 2

    undo(db, rita, hers)
    assert states(db, rita, ids) == ["in_review"] * 2
    assert look(db, rob) is None  # his word on both stands
    judge(db, rita, ids[0], "allowed", until=models.utc_now().replace(year=models.utc_now().year + 1, day=1))
    assert states(db, rita, ids) == ["approved"] * 2 and look(db, rita) is None


def test_a_first_look_taken_back_asks_for_the_group_anew(db: Database, rita: Actor, rob: Actor) -> None:
    ids = drafted(db, "Lock Your Kayak", "lock your kayak")
    send(db, *ids)
    undo(db, rita, judge(db, rita, ids[0], "violation"))
    assert [counting(db, rita, i) for i in ids] == [None, None]
    judge(db, rita, ids[0], "compliant")
    judge(db, rob, ids[0], "compliant")
    assert states(db, rita, ids) == ["approved"] * 2


def test_a_group_whose_looks_differ_waits_for_one_word(db: Database, rita: Actor, rob: Actor) -> None:
    ids = drafted(db, "Lock Your Kayak", "lock your kayak")
    send(db, *ids)
    judge(db, rita, ids[0], "compliant")
    judge(db, rob, ids[0], "violation")
    admin = person(db, "admin")
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [ids[0]]
    review_quality.adjudicate(db, admin, ids[0], "compliant")
    assert states(db, rita, ids) == ["approved"] * 2


def test_an_identical_text_whose_leader_is_archived_is_asked_about(db: Database, rita: Actor, rob: Actor) -> None:
    (first,), (second,) = drafted(db, "Lock Your Kayak"), drafted(db, "Lock Your Kayak", product="Another Rack")
    send(db, first, second)
    judge(db, rita, first, "compliant")
    admin = person(db, "admin")
    briefs.archive_brief(db, admin, drafting.get_texts(db, admin, [first])[0].brief_id)
    judge(db, rob, second, "compliant")
    judge(db, rita, second, "compliant")
    assert status(db, rita, second) == "approved"


def test_a_text_with_looks_of_its_own_is_not_left_to_the_group(db: Database, rita: Actor, rob: Actor) -> None:
    ids = drafted(db, "Lock Your Kayak", "lock your kayak")
    send(db, *ids)
    judge(db, rita, ids[0], "compliant")
    give_verdict(db, rob, ids[1], "compliant")  # from the list
    judge(db, rob, ids[0], "compliant")
    judge(db, rita, ids[1], "compliant")
    assert states(db, rita, ids) == ["approved"] * 2


def test_who_wrote_an_identical_text_is_told_what_its_group_needs(db: Database, rita: Actor, rob: Actor) -> None:
    ids, ada = drafted(db, "Lock Your Kayak", "lock your kayak"), person(db, "advertiser")
    send(db, *ids)
    judge(db, rita, ids[0], "needs_proof", comment="Which test?")
    judge(db, rob, ids[0], "needs_proof", comment="Which test?")
    words = "Which test? Add the evidence to the brief's claims, then ask again on the page Ads."
    assert [told(db, ada, i) for i in ids] == [Decision(words, again=True)] * 2
    assert ad_review.ask_again(db, ada, ids[1], "Here it is.")
    judge(db, rita, ids[1], "compliant")
    judge(db, rob, ids[1], "compliant")
    assert status(db, rita, ids[1]) == "approved"


def test_fewer_looks_than_before_decide_what_waited(db: Database, rita: Actor, rob: Actor) -> None:
    """Identical texts too; what lacks looks or decides nothing stays."""
    ids = drafted(db, "Lock Your Kayak", "lock your kayak", "Two Racks", "Three Racks", "Four Racks")
    send(db, *ids)
    give_verdict(db, rita, ids[0], "compliant")
    give_verdict(db, rita, ids[2], "violation")
    give_verdict(db, rita, ids[3], "needs_proof")
    assert decide_everywhere(db) == 0
    admin = person(db, "admin")
    workspace.change_settings(db, admin, {"review_overlap": 1})
    assert states(db, rita, ids) == ["approved", "approved", "rejected", "in_review", "in_review"]
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [ids[3]]
    with db.read() as session:
        change = session.query(models.StatusChange).filter_by(text_id=ids[0], status="approved").one()
        assert change.author_id == admin.user_id  # it was the admin's act


def test_a_reviewer_who_leaves_holds_nothing_up(db: Database, rita: Actor, rob: Actor) -> None:
    ids = drafted(db, "Lock Your Kayak", "Two Racks")
    send(db, *ids)
    judge(db, rita, ids[0], "compliant")
    members.remove(db, person(db, "admin"), rob.user_id)
    assert (decide_everywhere(db), decide_everywhere(db)) == (1, 0)
    assert states(db, rita, ids) == ["approved", "in_review"]


def test_undoing_one_country_keeps_what_was_said_of_the_other(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line", countries=("us", "uk"))
    send(db, text_id)
    judge(db, rita, text_id, "violation", countries=["uk"])
    undo(db, rita, judge(db, rita, text_id, "compliant", countries=["us"]))
    found = look(db, rita)
    assert found is not None and found.judged == ("uk",) and status(db, rita, text_id) == "in_review"
    judge(db, rita, text_id, "compliant", countries=["us"])
    assert counting(db, rita, text_id) == "violation" and status(db, rita, text_id) == "rejected"


def test_an_admin_who_wants_proof_tells_the_author(db: Database, rita: Actor, rob: Actor) -> None:
    (text_id,), ada, admin = drafted(db, "One line"), person(db, "advertiser"), person(db, "admin")
    send(db, text_id)
    judge(db, rita, text_id, "escalate")
    judge(db, rob, text_id, "compliant")
    assert told(db, ada, text_id) == Decision("A reviewer has passed it on to an admin.")
    review_quality.adjudicate(db, admin, text_id, "needs_proof", "Send the report")
    words = "Send the report. Add the evidence to the brief's claims, then ask again on the page Ads."
    assert told(db, ada, text_id) == Decision(words, again=True)
    assert ad_review.ask_again(db, ada, text_id, "It is there now.")
    assert told(db, ada, text_id) is None
    judge(db, rita, text_id, "compliant")
    assert status(db, ada, text_id) == "approved"


@pytest.mark.parametrize("outcome", ["violation", "compliant"])
def test_an_admins_word_taken_back_waits_for_an_admin_again(
    db: Database, rita: Actor, rob: Actor, outcome: Outcome
) -> None:
    ids, admin = drafted(db, "One line", "one line"), person(db, "admin")
    send(db, *ids)
    judge(db, rita, ids[0], "compliant")
    hers = judge(db, rob, ids[0], "violation")
    given = review_quality.adjudicate(db, admin, ids[0], outcome, "no proof")
    assert states(db, rita, ids) == ["rejected" if outcome == "violation" else "approved"] * 2
    undo(db, admin, given.id)
    assert states(db, rita, ids) == ["in_review"] * 2
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [ids[0]]
    assert look(db, rita) is None and look(db, admin) is None

    review_quality.adjudicate(db, admin, ids[0], outcome, "no proof")
    undo(db, rob, hers)  # a look taken back takes nothing from the admin's word
    assert "in_review" not in states(db, rita, ids)


def test_looks_that_want_proof_wait_again_when_the_admins_word_is_taken_back(
    db: Database, rita: Actor, rob: Actor
) -> None:
    (text_id,), ada, admin = drafted(db, "One line"), person(db, "advertiser"), person(db, "admin")
    send(db, text_id)
    for reviewer in (rita, rob):
        judge(db, reviewer, text_id, "needs_proof")
    undo(db, admin, review_quality.adjudicate(db, admin, text_id, "violation", "no proof").id)
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [text_id]
    found = told(db, ada, text_id)
    assert found is not None and found.again


def test_an_admin_says_why_it_is_a_violation(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line")
    give_verdict(db, rita, text_id, "escalate")
    with pytest.raises(BriefError, match="say why it is a violation"):
        review_quality.adjudicate(db, person(db, "admin"), text_id, "violation", " ")
    assert counting(db, rita, text_id) == "escalate"


def test_no_text_waits_for_an_admin_beside_reviewers(db: Database, rita: Actor) -> None:
    admin = person(db, "admin")
    ids = drafted(db, "One line", "Two lines")
    send(db, *ids)
    judge(db, rita, ids[0], "compliant")
    assert status(db, rita, ids[0]) == "approved"
    judge(db, admin, ids[1], "compliant")  # but an admin may judge
    assert status(db, rita, ids[1]) == "approved"


def test_admins_without_reviewers_judge_among_themselves(db: Database) -> None:
    one, two = person(db, "admin"), person(db, "admin")
    (text_id,) = drafted(db, "One line")
    send(db, text_id)
    judge(db, one, text_id, "compliant")
    assert status(db, one, text_id) == "in_review"
    judge(db, two, text_id, "compliant")
    assert status(db, one, text_id) == "approved"
    with db.read() as session:
        assert review_looks.overlap_of(session, one) == 2


def test_a_double_undo_is_one(db: Database, rita: Actor) -> None:
    (text_id,) = drafted(db, "One line")
    given = give_verdict(db, rita, text_id, "violation").id
    assert reviewing.undo(db, rita, given) == reviewing.undo(db, rita, given) == text_id
