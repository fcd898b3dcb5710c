"""What reviewers' calls teach the classifier: the maths by hand, and whose word counts."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.services import briefs, drafting, feedback, judging, reviewing, round_freeze, round_judges, teaching
from app.services.people import Forbidden
from app.services.reviewing import Call as Said
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from relate_engine.rewards.reviewers import SHIFT, WORDS, Call, corrections, version_of
from relate_engine.snapshot import manifest, snapshot_from_json
from tests.unit.studio import Draft, blindly, brief, card, person
from tests.unit.test_blocking import confirm, flagged, learned


def p(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def dismissed(count: int, words: str = "") -> list[Call]:
    """Texts that share no word but those given."""
    return [Call(f"{words} w{n} x{n}", "health", False) for n in range(count)]


def test_one_call_by_hand() -> None:
    of = corrections([Call("lock kayaks now", "health", False)], [0.0])["health"]
    assert of.of("Lock kayaks, now!") == pytest.approx(-0.1525, abs=5e-4)  # f = -.33 σ(f): .33 · .4620 = .1525
    assert of.shift == pytest.approx(-0.2 * 0.4620, abs=5e-4)  # the category's part
    assert of.of("lock two") == pytest.approx(-(0.2 + 0.13 / 4) * 0.4620, abs=5e-4)  # 1 word of 4 is shared


@pytest.mark.parametrize("violation", [False, True])
def test_two_calls_change_less_than_a_tenth_whatever_the_text(violation: bool) -> None:
    for logit in np.arange(-8, 8, 0.1):
        both = [Call("the very same words", "health", violation)] * 2
        after = p(logit + corrections(both, [logit, logit])["health"].of("the very same words"))
        assert abs(after - p(logit)) < 0.1
        assert (after > p(logit)) == violation


@pytest.mark.parametrize("logit", [2.8, 4.0, 6.0, 20.0])
def test_thirty_one_sided_dismissals_change_the_verdict_of_a_category_alone(logit: float) -> None:
    found = corrections([*dismissed(30), Call("rate 9 %", "finance", True)], [logit] * 31)
    other, like = found["health"].of("nothing in common"), found["health"].of("w1 x1 and so on")
    assert like < other < 0 and other == pytest.approx(found["health"].shift)
    assert 0 <= found["finance"].shift < 0.1
    if logit < 10:
        assert p(logit + other) < 0.94


def test_it_is_the_maximum() -> None:
    calls = [*dismissed(20, "free"), *(Call(f"free w{n}", "health", True) for n in range(9))]
    z = np.linspace(-2, 5, len(calls))
    found = corrections(calls, list(z))["health"]
    f = np.array([found.of(call.text) for call in calls])
    said = np.array([call.violation for call in calls])
    assert found.weights == pytest.approx(said - 1 / (1 + np.exp(-z - f)), abs=1e-5)  # the equation of its docstring
    assert SHIFT + WORDS <= 0.1 * 27 / 8  # what keeps two calls below a tenth


def test_the_hash_is_of_what_was_said() -> None:
    one, two = (Call("a", "health", True),), (Call("a", "health", False),)
    assert version_of(()) == "" and len(version_of(one)) == 6 and version_of(one) != version_of(two)


def give(db: Database, ids: list[int], accepted: bool, category: str = "health") -> list[reviewing.StoredVerdict]:
    """Calls on the classifier's suggestion, each with its verdict."""
    call = Said(f"CLS-{category}", 0, 4, accepted, "" if accepted else "It is the product's name.")
    rules = [f"CLS-{category}"] if accepted else []
    rita = person(db, "reviewer")
    said = "violation" if accepted else "compliant"
    return [reviewing.give_verdict(db, rita, i, said, rules, comment="Seen.", calls=[call]) for i in ids]


def test_calls_and_blind_verdicts_teach_in_steps_of_five(db: Database) -> None:
    ids, ada = flagged(db, "health", 12), person(db, "advertiser")
    give(db, ids[:4], False)
    assert teaching.calls_of(db, ada) == ()
    blindly(db, person(db, "reviewer"), ids[4:5], "violation")
    assert [c.violation for c in teaching.calls_of(db, ada)] == [False] * 4 + [True]
    assert {c.category for c in teaching.calls_of(db, ada)} == {"health"}
    give(db, ids[5:9], True)
    assert len(teaching.calls_of(db, ada)) == 5, "no card goes stale with every click"
    give(db, ids[9:10], True)
    assert sum(c.violation for c in teaching.calls_of(db, ada)) == 6
    assert teaching.calls_of(db, person(db, "advertiser", "Theirs")) == ()
    (told,) = teaching.taught(teaching.calls_of(db, ada), None)
    assert teaching.in_words(told) == "Health: 10 calls, 6 of them a violation and 4 not"


def test_what_is_taken_back_teaches_nothing_and_the_newest_word_on_a_text_counts(db: Database) -> None:
    ids, ada = flagged(db, "health", 5), person(db, "advertiser")
    last = give(db, ids, False)[-1]
    assert len(teaching.calls_of(db, ada)) == 5
    with db.read() as session:
        from db.models import User, Verdict

        author = session.get_one(User, session.get_one(Verdict, last.id).author_id)
        rita = person(db, "reviewer").__class__(author.id, "reviewer", author.workspace_id)
    reviewing.undo(db, rita, last.id)
    assert len(teaching.calls_of(db, ada)) == 4
    blindly(db, person(db, "reviewer"), ids, "violation")
    assert [c.violation for c in teaching.calls_of(db, ada)] == [True] * 5


def test_words_that_decide_nothing_and_other_rules_do_not_count(db: Database) -> None:
    ids, ada, rita = flagged(db, "health", 5), person(db, "advertiser"), person(db, "reviewer")
    blindly(db, rita, ids, "needs_proof")
    saved = briefs.save_brief(db, ada, brief())
    plain = drafting.store_generation(db, ada, saved.id, Draft(tuple(card(f"clear {n}") for n in range(5)))).texts
    blindly(db, rita, [t.id for t in plain], "violation")  # not flagged: nobody has told the category
    assert teaching.calls_of(db, ada) == ()


def test_only_the_newest_words_teach(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "MOST", 5)
    ids, ada = flagged(db, "health", 15), person(db, "advertiser")
    give(db, ids[:10], False)
    give(db, ids[10:], True)
    assert [c.violation for c in teaching.calls_of(db, ada)] == [True] * 5


def test_judging_hands_them_on(db: Database, tmp_path: object) -> None:
    give(db, flagged(db, "health", 5), False)
    ada, config = person(db, "advertiser"), Settings()
    assert judging.judging_of(db, ada, config).calls == teaching.calls_of(db, ada) != ()
    assert learned("health").rule_id == "CLS-health"
    with pytest.raises(Forbidden):
        teaching.calls_of(db, ada.__class__(ada.user_id, "nobody", ada.workspace_id))  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings with a trained writer, as far as a snapshot asks."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"version": "sft-0", "sha256": "0"}), "utf-8")
    return Settings(home=tmp_path, adapter=folder)


def test_a_round_judges_by_the_calls_of_its_beginning(
    db: Database, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm(db, "finance")  # 80 blind verdicts: the newest 60 teach
    ids, ana = flagged(db, "health", 10), person(db, "analyst")
    give(db, ids[:5], False)
    now, frozen = judging.judging_of(db, ana, home), round_freeze.freeze(db, ana, home, 1)
    assert frozen.calls == now.calls and len(now.calls) == 65
    assert frozen.blocking == ("finance",) and now.blocking == {"finance"}
    assert snapshot_from_json(json.loads(json.dumps(frozen.to_json()))) == frozen
    give(db, ids[5:], True)
    later = round_freeze.freeze(db, ana, home, 1)
    assert len(later.calls) == 70
    a, b = manifest(frozen), manifest(later)
    assert a["sha256"]["calls"] != b["sha256"]["calls"] and a["sha256"]["blocking"] == b["sha256"]["blocking"]
    assert (a["counts"]["calls"], a["counts"]["blocking"]) == (65, 1)

    given: list[judging.Judging] = []

    def rewards_with(_: Room, by: judging.Judging) -> SimpleNamespace:
        given.append(by)
        return SimpleNamespace(problem="", rules=SimpleNamespace(rules=()))

    monkeypatch.setattr(Room, "rewards_with", rewards_with)
    for evaluator in ("clicks", "compliance"):
        loaded = SimpleNamespace(score=lambda texts: np.zeros(len(texts)), version="evaluator-test")
        monkeypatch.setattr(f"relate_engine.evaluators.{evaluator}.Evaluator.load", lambda _, made=loaded: made)
    round_judges.judges_of(home, frozen, None)  # what scores texts in training and on held-out briefs
    assert [(by.calls, by.blocking) for by in given] == [(now.calls, {"finance"})]
    said = teaching.frozen_in_words(frozen.calls, frozen.blocking)
    assert said == "65 calls of reviewers corrected the classifier (60 a violation, 5 not); it blocked in finance."
    one = teaching.frozen_in_words(frozen.calls[:1], ())
    assert one.startswith("1 call of reviewers corrected the classifier (")
    assert teaching.frozen_in_words((), ()).startswith("No calls of reviewers corrected the classifier;")


def test_a_picked_text_that_reviewers_have_made_blocked_is_no_target(db: Database, home: Settings) -> None:
    """It cautioned when it was picked; today it would not leave for a platform, unless a person has cleared it."""
    ids, ada, ana = flagged(db, "health", 2), person(db, "advertiser"), person(db, "analyst")
    for text_id in ids:
        feedback.pick(db, ada, text_id)

    def targets() -> list[bool]:
        return [t.stood_by for s in round_freeze.freeze(db, ana, home, 1).sets for t in s.texts if t.id in ids]

    assert targets() == [True, True]
    confirm(db)
    assert targets() == [False, False]
    reviewing.give_verdict(db, person(db, "reviewer"), ids[0], "compliant")
    assert targets() == [True, False]
