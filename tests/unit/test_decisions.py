"""What a reviewer decided reaches whoever wrote the text, in words, with the way on."""

from datetime import UTC, datetime, timedelta

import pytest

from app.services import ad_review, drafting
from app.services.decisions import Decision, decisions_of
from app.services.people import Actor
from app.services.review_looks import next_text
from app.services.reviewing import Outcome, give_verdict
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import person
from tests.unit.test_review_verdicts import drafted, send, status

CURE = "Cure Your Back Pain"


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "advertiser")


@pytest.fixture
def reviewers(db: Database) -> tuple[Actor, Actor]:
    return person(db, "reviewer"), person(db, "reviewer")


def said(db: Database, ada: Actor, text_id: int) -> Decision | None:
    return decisions_of(db, ada, drafting.get_texts(db, ada, [text_id])).get(text_id)


def judge(db: Database, reviewers: tuple[Actor, Actor], text_id: int, outcome: Outcome, **more: object) -> None:
    """Both looks that a text needs."""
    for reviewer in reviewers:
        give_verdict(db, reviewer, text_id, outcome, **more)  # type: ignore[arg-type]


def test_a_rejection_names_the_words_the_rule_and_the_comment(
    db: Database, ada: Actor, reviewers: tuple[Actor, Actor]
) -> None:
    (text,) = drafted(db, CURE)
    send(db, text)
    assert said(db, ada, text) is None
    judge(db, reviewers, text, "violation", rules=["HLT-003", "OWN-9"], spans=[(0, 4)], comment="No test shows it")
    assert status(db, ada, text) == "rejected"
    found = said(db, ada, text)
    assert found is not None and found.again
    assert found.words.startswith("“Cure”. HLT-003: Miracle and cure-all wording promises")
    assert found.words.endswith("OWN-9. No test shows it.") and "Reviewers agree" not in found.words


def test_a_violation_in_one_country_names_it(db: Database, ada: Actor, reviewers: tuple[Actor, Actor]) -> None:
    (text,) = drafted(db, CURE, countries=("us", "uk"))
    send(db, text)
    for reviewer in reviewers:
        give_verdict(db, reviewer, text, "violation", comment="CAP 12.1", countries=["uk"])
        give_verdict(db, reviewer, text, "compliant", countries=["us"])
    found = said(db, ada, text)
    assert status(db, ada, text) == "rejected" and found is not None and found.words == "In UK. CAP 12.1."


def test_proof_that_is_wanted_is_told_and_the_text_can_come_again(
    db: Database, ada: Actor, reviewers: tuple[Actor, Actor]
) -> None:
    (text,) = drafted(db, CURE)
    send(db, text)
    judge(db, reviewers, text, "needs_proof", comment="Which test?")
    assert status(db, ada, text) == "in_review"
    found = said(db, ada, text)
    words = "Which test? Add the evidence to the brief's claims, then ask again on the page Ads."
    assert found == Decision(words, again=True)
    assert next_text(db, reviewers[0], lambda: 0.99) is None  # every look is had
    with pytest.raises(BriefError, match="say what has changed"):
        ad_review.ask_again(db, ada, text, " ")
    assert ad_review.ask_again(db, ada, text, "The brief holds the report now.")
    assert status(db, ada, text) == "in_review" and said(db, ada, text) is None  # waits for a look
    assert ad_review.ask_again(db, ada, text, " The brief holds the report now.")  # a double click
    assert not ad_review.ask_again(db, ada, text, "Other words come too late.")
    assert not ad_review.ask_again(db, person(db, "advertiser"), text, "The brief holds the report now.")
    look = next_text(db, reviewers[0], lambda: 0.99)
    assert look is not None and look.text.id == text
    give_verdict(db, reviewers[0], text, "compliant", look_id=look.id)
    assert status(db, ada, text) == "approved" and said(db, ada, text) is None


def test_nobody_takes_a_text_out_of_the_hands_of_those_who_decide(
    db: Database, ada: Actor, reviewers: tuple[Actor, Actor]
) -> None:
    first, second = reviewers
    half, differ, passed = drafted(db, CURE, "Lock Your Kayak", "Two Kayaks")
    send(db, half, differ, passed)
    give_verdict(db, first, half, "needs_proof", comment="Which test?")
    assert said(db, ada, half) == Decision(
        "Which test? Proof is wanted: add it to the brief's claims. Another look is still to come."
    )
    assert not ad_review.ask_again(db, ada, half, "It is there.")
    give_verdict(db, second, half, "needs_proof")
    assert ad_review.ask_again(db, ada, half, "It is there.")

    give_verdict(db, first, differ, "violation", comment="No.")
    give_verdict(db, second, differ, "needs_proof")
    assert said(db, ada, differ) == Decision("Reviewers differ, so an admin decides.")
    give_verdict(db, first, passed, "escalate")
    give_verdict(db, second, passed, "needs_proof")
    assert said(db, ada, passed) == Decision("A reviewer has passed it on to an admin.")
    assert not ad_review.ask_again(db, ada, differ, "Now?") and not ad_review.ask_again(db, ada, passed, "Now?")
    assert (status(db, ada, differ), status(db, ada, passed)) == ("in_review", "in_review")


def test_a_text_passed_on_says_who_decides_and_one_allowed_says_until_when(
    db: Database, ada: Actor, reviewers: tuple[Actor, Actor]
) -> None:
    one, two = drafted(db, CURE, "Lock Your Kayak")
    send(db, one, two)
    judge(db, reviewers, one, "escalate")
    assert said(db, ada, one) == Decision("A reviewer has passed it on to an admin.")
    assert not ad_review.ask_again(db, ada, one, "Now?")  # an admin has it
    assert said(db, ada, one) == Decision("A reviewer has passed it on to an admin.")
    year = datetime.now(UTC).year + 1
    judge(db, reviewers, two, "allowed", until=datetime(year, 3, 4, tzinfo=UTC) + timedelta(hours=12))
    assert said(db, ada, two) == Decision(f"Allowed with proof until 4 March {year}.")
