"""What the blind stream says: values worked out by hand; disagreements, gold texts and the right to block."""

from typing import Any

import pytest

from app.services import briefs, drafting, review_quality, reviewing
from app.services.people import Forbidden
from app.services.review_agreement import alpha, kappa
from app.services.review_card import around, overlap, words_of
from app.services.review_looks import next_text
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import WARN, Draft, blindly, brief, card, person


def drafted(db: Database, *texts: Any) -> list[int]:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    cards = tuple(card(t) if isinstance(t, str) else t for t in texts)
    return [t.id for t in drafting.store_generation(db, ada, saved.id, Draft(cards)).texts]


def test_kappa_by_hand() -> None:
    # 20 + 15 of 50 agree: .7; both say yes 25/50 · 30/50 and no 25/50 · 20/50: chance .5; (.7 - .5) / (1 - .5)
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("y", "y")] * 3) is None and kappa([]) is None


def test_alpha_by_hand() -> None:
    # Krippendorff 2011, section C: 12 units, 4 observers, missing data, nominal: .743
    rows = (
        "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
    )  # fmt: skip
    units = [[v for v in unit if v != "."] for unit in zip(*(row.split() for row in rows), strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)
    # two texts, two people: one agreed y y, one split y n. Do = 2/4, De = 2·3·1/(4·3): alpha = 1 - .5/.5
    assert alpha([["y", "y"], ["y", "n"]]) == pytest.approx(0.0)
    assert alpha([["y"], ["n"]]) is None and alpha([["y", "y"]]) is None


def test_precision_missed_and_recall_by_hand(db: Database) -> None:
    flagged = [card(f"Flagged {n}", findings=(WARN,)) for n in range(30)]
    ids = drafted(db, *flagged, *(f"Clear {n}" for n in range(40)))
    rita, ann = person(db, "reviewer"), person(db, "analyst")
    assert review_quality.quality(db, ann).precision.rate is None
    for place, text_id in enumerate(ids):
        blindly(db, rita, [text_id], "violation" if place < 24 or place >= 66 else "compliant")
    found = review_quality.quality(db, ann)
    assert (found.precision.hits, found.precision.total, found.precision.rate) == (24, 30, 0.8)
    assert found.precision.low == pytest.approx(0.627, abs=0.001)  # Wilson, by hand
    assert found.precision.high == pytest.approx(0.905, abs=0.001)
    assert (found.missed.hits, found.missed.total, found.missed.rate) == (4, 40, 0.1)
    assert found.recall is not None and found.recall[0] == pytest.approx(24 / 28)  # 30 · .8 of 30 · .8 + 40 · .1
    assert found.recall[1] < 24 / 28 < found.recall[2]
    assert found.agreement.texts == 0 and found.reviewers[0].verdicts == 70


def test_only_the_blind_stream_counts(db: Database) -> None:
    ids = drafted(db, *(card(f"Flagged {n}", findings=(WARN,)) for n in range(3)))
    rita, ann = person(db, "reviewer"), person(db, "analyst")
    for text_id in ids:
        reviewing.give_verdict(db, rita, text_id, "violation")
    assert review_quality.quality(db, ann).blind == 0
    blindly(db, rita, [ids[0]], "needs_proof")
    assert review_quality.quality(db, ann).blind == 0


def test_two_looks_at_one_text_count_once(db: Database) -> None:
    ids = drafted(db, *(card(f"Flagged {n}", findings=(WARN,)) for n in range(30)))
    rita, rob, ann = person(db, "reviewer"), person(db, "reviewer"), person(db, "analyst")
    for text_id in ids:
        blindly(db, rita, [text_id], "violation")
        blindly(db, rob, [text_id], "compliant")
    found = review_quality.quality(db, ann)
    assert (found.precision.hits, found.precision.total) == (30, 30)  # the first look of each
    assert found.blind == 60 and found.agreement.texts == 30


def test_disagreeing_looks_are_settled_by_an_admin(db: Database) -> None:
    ids = drafted(db, "One rack", "Two racks", "Three racks")
    rita, rob, admin = person(db, "reviewer"), person(db, "reviewer"), person(db, "admin")
    for text_id, his in zip(ids, ("violation", "compliant", "escalate"), strict=True):
        reviewing.give_verdict(db, rita, text_id, "compliant")
        reviewing.give_verdict(db, rob, text_id, his)  # type: ignore[arg-type]
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [ids[0], ids[2]]
    with pytest.raises(Forbidden):
        review_quality.disputes(db, rita)
    with pytest.raises(Forbidden):
        review_quality.adjudicate(db, rita, ids[0], "compliant")
    review_quality.adjudicate(db, admin, ids[0], "violation", "no proof")
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [ids[2]]
    verdict = drafting.get_texts(db, rita, [ids[0]])[0].verdict
    assert verdict is not None and (verdict.outcome, verdict.reviewer_id) == ("violation", admin.user_id)


def test_a_gold_text_measures_and_keeps_its_verdict(db: Database) -> None:
    (text_id,) = drafted(db, "One rack")
    first, second, third = (person(db, "reviewer") for _ in range(3))
    admin = person(db, "admin")
    with pytest.raises(BriefError, match="settle it as compliant or violation first"):
        review_quality.set_gold(db, admin, text_id)
    for actor in (first, second):
        reviewing.give_verdict(db, actor, text_id, "violation")
    review_quality.set_gold(db, admin, text_id)
    look = next_text(db, third, iter((0.17, 0.0)).__next__)
    assert look is not None and look.text.id == text_id and not look.blind
    reviewing.give_verdict(db, third, text_id, "compliant", look_id=look.id)
    verdict = drafting.get_texts(db, admin, [text_id])[0].verdict
    assert verdict is not None and verdict.outcome == "violation"  # the agreed one stands
    gold = {r.gold.total: r.gold.hits for r in review_quality.quality(db, admin).reviewers}
    assert gold == {0: 0, 1: 0}  # one look at gold since it is gold, and that was wrong
    assert review_quality.disputes(db, admin) == []
    review_quality.retire_gold(db, admin, text_id)
    assert review_quality.gold_texts(db, admin) == []


def test_nearest_decisions_come_by_wording_then_by_words(db: Database) -> None:
    assert overlap(words_of("Lock your kayak"), words_of("Lock YOUR bike!")) == pytest.approx(2 / 4)
    ids = drafted(db, "Lock your kayak", "Lock your bike", "Store it", card("Lock your kayak", findings=(WARN,)))
    rita = person(db, "reviewer")
    for text_id in ids[1:]:
        reviewing.give_verdict(db, rita, text_id, "violation")
    seen = around(db, rita, ids[0], blind=False)
    assert [(d.text, round(d.alike, 2)) for d in seen.nearest] == [("Lock your kayak", 1.0), ("Lock your bike", 0.5)]
    assert [t for _, t, here in seen.ad if here] == ["Lock your kayak"] and len(seen.ad) == 4
    assert around(db, rita, ids[0], blind=True).nearest == ()
