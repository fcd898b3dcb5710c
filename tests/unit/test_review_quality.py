"""What the blind stream says: values worked out by hand; disagreements, gold texts and the right to block."""

from typing import Any

import pytest
from sqlalchemy import event, func, insert, select

from app.services import audit_log, briefs, drafting, review_quality, reviewing, statuses
from app.services.people import Actor, Forbidden
from app.services.review_agreement import alpha, kappa
from app.services.review_card import around, overlap, words_of
from app.services.review_looks import next_text
from app.services.review_status import AGREED
from app.services.workspace import change_settings
from db import models, unsettled
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import VERSIONS, WARN, Draft, blindly, brief, card, person, sqlite_only


def drafted(db: Database, *texts: Any) -> list[int]:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    cards = tuple(card(t) if isinstance(t, str) else t for t in texts)
    return [t.id for t in drafting.store_generation(db, ada, saved.id, Draft(cards)).texts]


def judged(db: Database, who: Actor, text_id: int, outcome: Any) -> int:
    return reviewing.give_verdict(db, who, text_id, outcome).id


def moved(db: Database, who: Actor, text_id: int, status: str) -> None:
    with db.write() as session:
        statuses.set_status(session, who, text_id, status)


def many_looks(db: Database, rita: Actor, rob: Actor, like: int, texts: int) -> None:
    """So many more texts that two reviewers call violations, two looks each, later than all so far."""
    now = models.utc_now()
    own = {"workspace_id": rita.workspace_id, "created_at": now}
    with db.write() as session:
        row = session.get_one(models.Text, like)
        text = own | {name: getattr(row, name) for name in ("brief_id", "generation_id", "placement", "slot")}
        first = (session.scalar(select(func.max(models.Text.id))) or 0) + 1
        said = (session.scalar(select(func.max(models.Verdict.id))) or 0) + 1
        ids = range(first, first + texts)
        session.execute(insert(models.Text), [
            text | {"id": i, "author_id": rita.user_id, "written_by": "policy:writer-1", "text": f"Rack {i}"}
            for i in ids
        ])  # fmt: skip
        looks = [(i, number, who) for i in ids for number, who in ((1, rita), (2, rob))]
        session.execute(insert(models.Verdict), [
            own | {"id": said + n, "author_id": who.user_id, "text_id": i, "outcome": "violation", "rules": [],
                   "spans": []}
            for n, (i, _, who) in enumerate(looks)
        ])  # fmt: skip
        session.execute(insert(models.ReviewSlot), [
            own | {"author_id": who.user_id, "text_id": i, "number": number, "expires_at": now, "verdict_id": said + n}
            for n, (i, number, who) in enumerate(looks)
        ])  # fmt: skip


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


@sqlite_only  # rows with numbers of their own leave a server's counters behind
def test_what_nobody_settled_stays_listed_oldest_first(db: Database) -> None:
    disputed, escalated, later = drafted(db, "One rack", "Two racks", "Three racks")
    rita, rob, admin = person(db, "reviewer"), person(db, "reviewer"), person(db, "admin")
    judged(db, rita, escalated, "escalate")
    for text_id in (disputed, later):
        judged(db, rita, text_id, "compliant")
        judged(db, rob, text_id, "violation")
    many_looks(db, rita, rob, disputed, 600)
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [escalated, disputed, later]
    with db.read() as session:
        assert unsettled.texts(session, admin.workspace_id, 2, AGREED, 2) == [escalated, disputed]
        assert unsettled.texts(session, admin.workspace_id + 1, 2, AGREED, 2) == []
    review_quality.adjudicate(db, admin, escalated, "compliant")
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [disputed, later]


@sqlite_only
def test_what_waits_is_found_by_an_index(db: Database) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    with db.read() as session:
        unsettled.texts(session, 1, 2, AGREED, 50)
        statement, parameters = asked[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    lines = [row[3] for row in plan]
    assert lines[0] == "SEARCH verdicts USING INDEX ix_verdicts_workspace_id_created_at (workspace_id=?)"
    assert not [line for line in lines if "SCAN" in line or "TEMP B-TREE" in line]  # neither read whole nor sorted


def test_needs_proof_that_leaves_a_text_in_review_waits_for_an_admin(db: Database) -> None:
    sent, draft, half = drafted(db, "One rack", "Two racks", "Three racks")
    rita, rob, admin = person(db, "reviewer"), person(db, "reviewer"), person(db, "admin")
    change_settings(db, admin, {"review_overlap": 2})
    for text_id in (sent, half):
        moved(db, person(db, "advertiser"), text_id, "in_review")
    for text_id in (sent, draft):
        judged(db, rita, text_id, "needs_proof")
        judged(db, rob, text_id, "needs_proof")
    judged(db, rita, half, "needs_proof")  # rob is still asked about it
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [sent]
    review_quality.adjudicate(db, admin, sent, "needs_proof", "Send the certificate.")
    assert review_quality.disputes(db, admin) == []
    moved(db, person(db, "advertiser"), sent, "draft")
    moved(db, person(db, "advertiser"), sent, "in_review")  # sent again: one new look, and it decides nothing either
    assert review_quality.disputes(db, admin) == []
    judged(db, rob, sent, "escalate")
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [sent]


def test_a_later_round_of_looks_decides_what_an_earlier_one_did_not(db: Database) -> None:
    (text_id,) = drafted(db, "One rack")
    rita, rob, ron, admin = (person(db, r) for r in ("reviewer", "reviewer", "reviewer", "admin"))
    change_settings(db, admin, {"review_overlap": 2})
    judged(db, rita, text_id, "compliant")
    judged(db, rob, text_id, "violation")
    moved(db, person(db, "advertiser"), text_id, "in_review")
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [text_id]
    judged(db, ron, text_id, "compliant")  # approved by it
    assert review_quality.disputes(db, admin) == []
    judged(db, rob, text_id, "violation")  # he says it again, of the approved text
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [text_id]


def test_the_log_says_by_which_rules_a_reviewer_judged(db: Database) -> None:
    newer = VERSIONS | {"rules": "rules-2", "rewards": "ctr-2"}
    (text_id,) = drafted(db, "One rack")
    rita, rob, admin = person(db, "reviewer"), person(db, "reviewer"), person(db, "admin")
    judged(db, rita, text_id, "compliant")
    given = judged(db, rob, text_id, "violation")
    drafting.store_cards(db, person(db, "advertiser"), {text_id: card("One rack", versions=newer)})
    reviewing.undo(db, rob, given)
    judged(db, rob, text_id, "violation")
    review_quality.adjudicate(db, admin, text_id, "violation", "no proof")
    review_quality.set_gold(db, admin, text_id)
    review_quality.retire_gold(db, admin, text_id)
    told = [(e.action, e.versions.get("rules")) for e in audit_log.page(db, admin).events[::-1]]
    assert [one for one in told if one[0].startswith(("verdict.", "gold."))] == [
        ("verdict.give", "rules-1"), ("verdict.give", "rules-1"),
        ("verdict.withdraw", "rules-1"),  # that verdict was given on the old card
        ("verdict.give", "rules-2"), ("verdict.settle", "rules-2"), ("gold.set", "rules-2"), ("gold.retire", "rules-2"),
    ]  # fmt: skip
    assert audit_log.page(db, admin).events[0].versions == {"rewards": "ctr-2", "rules": "rules-2", "path": "int8"}


def test_a_gold_text_measures_and_keeps_its_verdict(db: Database) -> None:
    (text_id,) = drafted(db, "One rack")
    first, second, third = (person(db, "reviewer") for _ in range(3))
    admin = person(db, "admin")
    with pytest.raises(BriefError, match="settle it as compliant or violation first"):
        review_quality.set_gold(db, admin, text_id)
    for actor in (first, second):
        reviewing.give_verdict(db, actor, text_id, "violation")
    review_quality.set_gold(db, admin, text_id)
    look = next_text(db, third, iter((0.17, 0.0, 0.0)).__next__)
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


def test_a_dispute_of_an_archived_brief_hides_no_other(db: Database) -> None:
    (old,) = drafted(db, "One rack")
    (live,) = drafted(db, "Two racks")
    rita, rob, admin = person(db, "reviewer"), person(db, "reviewer"), person(db, "admin")
    for text_id in (old, live):
        judged(db, rita, text_id, "compliant")
        judged(db, rob, text_id, "violation")
    brief_id = drafting.get_texts(db, admin, [old])[0].brief_id
    briefs.archive_brief(db, admin, brief_id)
    with db.read() as session:
        assert unsettled.texts(session, admin.workspace_id, 2, AGREED, 1) == [live]
    briefs.restore_brief(db, admin, brief_id)
    assert [d.text.id for d in review_quality.disputes(db, admin)] == [old, live]
