"""What the gate says of a version is held against the writer in use, and how worn its evaluator is, by lineage."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from app.services import briefs, drafting, feedback, rounds, trials
from app.services.analytics_decision import advice
from app.services.people import Actor
from app.services.versions import WriterVersion
from db import models
from db import versions as rows
from db.session import Database
from relate_engine.gate import Bounds
from tests.unit.studio import Draft, brief, card, person

SIDE = {
    "blocked_rules": [0.1] * 8, "blocked_classifier": [0.1] * 8, "wrong_facts": [0.0] * 8, "ended": [1.0] * 8,
    "over_limit": [0.0] * 8, "distinct2": [0.8] * 8, "length": [40.0] * 8,
}  # fmt: skip


@pytest.fixture
def ann(db: Database) -> Actor:
    return person(db, "analyst")


def made(db: Database, actor: Actor, version: str, parent: str | None, sales: bool = False, **told: Any) -> None:
    """A version that a round made from `parent`, as good as it in everything, and by sales better."""
    old, new = ({"sales": [value] * 8} if sales else {} for value in (0.0, 0.1))
    evidence = {
        "old": SIDE | old, "new": SIDE | new, "kl": 0.1, "evaluator": "evaluator-1", "gates": 0, "trial": None,
        "products": list("abcdefgh"),
    } | told  # fmt: skip
    report = {"evidence": evidence, "alarms": [], "plan": {"bounds": asdict(Bounds())}}
    with db.write() as session:
        rows.add_candidate(session, actor.workspace_id, actor.user_id, "policy", version, parent, {"round": report})


def put_in_use(db: Database, actor: Actor, version: str | None) -> None:
    with db.write() as session:
        rows.activate(session, actor.workspace_id, "policy", version)


def tried(db: Database, actor: Actor, old: str, new: str, chosen: int) -> None:
    """A trial's set of 100 headlines by each; so many of the new one's are picked, and 100 in all."""
    ada = person(db, "advertiser")
    cards = [card(f"{who} {i}", author=f"policy:{who}") for who in (old, new) for i in range(100)]
    draft: Any = Draft(tuple(cards), versions={"policy": old, "rival": new})
    stored = drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, draft, seed=3)
    ids = {text.text: text.id for text in stored.texts}
    for who, count in ((old, 100 - chosen), (new, chosen)):
        for i in range(count):
            feedback.pick(db, ada, ids[f"{who} {i}"])


def said(db: Database, actor: Actor, version: str) -> Any:
    with db.read() as session:
        row = rows.named(session, actor.workspace_id, "policy", version)
        assert row is not None
        found = WriterVersion(version, row.parent, datetime.now(UTC), row.active, row.manifest)
    return advice(db, actor, found)


def test_of_two_rounds_from_one_parent_only_the_first_may_go_live(db: Database, ann: Actor) -> None:
    made(db, ann, "B", None, sales=True)
    made(db, ann, "C", None, sales=True)
    assert rounds.decision(db, ann, "B").promote and rounds.decision(db, ann, "C").promote
    put_in_use(db, ann, "B")
    gone = "it was compared with the shipped writer; B is in use since."
    now = rounds.decision(db, ann, "C")
    assert not now.promote and f"No: {gone}" in now.reasons and now.verdicts_needed == 0
    told = said(db, ann, "C")
    assert told.word == "not enough data" and told.stale
    assert "held-out checks were made against the shipped writer" in told.why and "no trial can promote it" in told.why
    assert "A new round starts from the writer in use" in told.why
    assert rounds.decision(db, ann, "B").promote  # it is the one in use
    put_in_use(db, ann, None)
    assert rounds.decision(db, ann, "C").promote  # rolled back, so they were compared after all


def test_choices_against_another_writer_do_not_count(db: Database, ann: Actor) -> None:
    """C was made from A and tried against the shipped writer, A not being in use then; now A is."""
    made(db, ann, "A", None)
    made(db, ann, "C", "A")
    tried(db, ann, "writer-1", "C", 70)
    put_in_use(db, ann, "A")
    now = rounds.decision(db, ann, "C")
    assert not now.promote and "No: its trial compared it with the shipped writer; A is in use since." in now.reasons
    told = said(db, ann, "C")
    assert (told.word, told.choices, told.needed) == ("not enough data", 0, 100)
    assert "people have not chosen between the two" in told.why and "Start a new trial" in told.why
    tried(db, ann, "A", "C", 70)
    told = said(db, ann, "C")
    assert (told.word, told.choices, told.needed) == ("promote", 100, 0)


def test_a_trial_against_the_writer_in_use_does_not_mend_checks_against_another(db: Database, ann: Actor) -> None:
    """C was made from the shipped writer; B came in use, and people prefer C to it."""
    made(db, ann, "B", None)
    made(db, ann, "C", None)
    put_in_use(db, ann, "B")
    tried(db, ann, "B", "C", 70)
    told = said(db, ann, "C")
    assert (told.word, told.choices, told.needed, told.stale) == ("not enough data", 100, 0, True)
    assert "never compared" not in told.why and "writer in use (100 choices), but" in told.why
    assert "no trial can promote it" in told.why and "Start" not in told.why
    assert not any("trial prefers" in reason.words for reason in told.reasons)


def test_a_trial_under_way_is_not_to_be_started_again(db: Database, ann: Actor) -> None:
    """C was tried against the shipped writer; its trial against A, in use since, has shown no draft yet."""
    made(db, ann, "A", None)
    made(db, ann, "C", "A")
    tried(db, ann, "writer-1", "C", 70)
    put_in_use(db, ann, "A")
    with db.write() as session:
        rows.add_change(session, ann.workspace_id, ann.user_id, "trial", "A", "C", "")
    told = said(db, ann, "C")
    assert (told.choices, told.needed) == (0, 100) and "Start" not in told.why
    assert "nobody has chosen between the two yet. Its trial is under way: it takes 100 choices" in told.why


def test_a_version_in_use_is_told_against_its_parent(db: Database, ann: Actor) -> None:
    made(db, ann, "B", None)
    put_in_use(db, ann, "B")
    assert said(db, ann, "B").why == ("B is as safe as the shipped writer, but nobody has chosen between the two yet.")


def test_a_trial_and_the_gate_name_one_number_of_choices(db: Database, ann: Actor) -> None:
    made(db, ann, "B", None)
    tried(db, ann, "writer-1", "B", 57)
    counts = trials.trial_counts(db, ann, "B")
    assert counts is not None and counts.needed == said(db, ann, "B").needed > 100


def test_a_trial_may_be_against_the_shipped_writer(db: Database, ann: Actor) -> None:
    made(db, ann, "B", None)
    tried(db, ann, "writer-1", "B", 65)
    told = said(db, ann, "B")
    assert told.word == "not enough data" and "100 choices are too few to tell" in told.why
    assert rounds.decision(db, ann, "B").stale_trial == ""


def test_gates_are_counted_by_lineage_not_by_the_name_of_the_day(db: Database, ann: Actor) -> None:
    """An import renames the evaluator; what it has judged before stays counted. Another shipped one begins anew."""
    made(db, ann, "B", None, evaluator="evaluator-1", lineage="evaluator-0")
    made(db, ann, "C", None, evaluator="evaluator-2", lineage="evaluator-0")
    made(db, ann, "D", None, evaluator="evaluator-9", lineage="evaluator-8")
    made(db, ann, "E", None)  # of a round that noted none: it may have been this one
    with db.write() as session:
        session.add(
            models.Version(
                workspace_id=ann.workspace_id, author_id=ann.user_id, kind="policy", version="hand-made", manifest={}
            )
        )
    with db.read() as session:
        assert rounds._gates(session, ann.workspace_id, "evaluator-0") == 3
        assert rounds._gates(session, ann.workspace_id, "evaluator-8") == 2
