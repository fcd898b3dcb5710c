"""Reviewers' calls in real scorecards: thirty dismissals lift the flag in that category and workspace, two do not."""

from dataclasses import replace
from pathlib import Path

from app.services import briefs, drafting, judging, round_freeze, round_judges, teaching
from app.services.people import Actor
from app.services.writing import Room
from db.session import Database
from relate_engine.brief import Brief
from relate_engine.config import settings
from relate_engine.rewards.reviewers import Call
from relate_engine.scorecard import AdText
from relate_engine.training.judge import Sampled
from tests.unit.studio import Draft, blindly, person
from tests.unit.test_teaching import give

BRIEF = Brief(product="Tarn Bot", description="A program that trades.")
LIKE = "Our bot has never lost a trade and your money doubles every month. Zero risk."
OTHER = (
    "What the nurse whispered before she closed the door left the whole ward stunned.",
    "One spoon of this syrup and your diabetes packs its bags. Throw away the insulin.",
    "A herbal tea from a small garden.",
)
MONTHS = ("day", "week", "month", "quarter", "year", "spring")
TRADES = ("a trade", "a bet", "a cent", "a coin", "a deal")


def ads(texts: list[str]) -> list[AdText]:
    return [AdText(text, "description", None, "person:test") for text in texts]


def drafted(db: Database, room: Room, actor: Actor, texts: list[str]) -> tuple[str, list[int]]:
    """Stores texts with the classifier's own findings: the category that it flags most, and the texts flagged so."""
    cards = room.score(BRIEF, ads(texts))
    of = {c.text: f.rule_id for c in cards for f in c.findings if f.rule_id.startswith("CLS-")}
    rule = max(set(of.values()), key=list(of.values()).count)
    saved = briefs.save_brief(db, actor, BRIEF)
    stored = drafting.store_generation(db, actor, saved.id, Draft(tuple(cards)))
    return rule.removeprefix("CLS-"), [t.id for t in stored.texts if of.get(t.text) == rule]


def test_reviewers_teach_the_classifier_of_their_workspace(db: Database, cache: Path) -> None:
    room, ada = Room(settings()), person(db, "advertiser")
    classifier = room.rewards().classifier
    texts = [f"Our bot has never lost {trade} and your money doubles every {month}. Zero risk {n}."
             for n, (trade, month) in enumerate((t, m) for t in TRADES for m in MONTHS)]  # fmt: skip
    category, ids = drafted(db, room, ada, texts)
    assert len(ids) == 30

    def card(text: str, who: Actor = ada) -> tuple[float, set[str], str]:
        calls = judging.judging_of(db, who, room.settings)
        (made,) = room.score(BRIEF, ads([text]), judging=calls)
        (verdict,) = classifier.corrected([text], calls.calls)
        found = {f.message for f in made.findings if f.rule_id.startswith("CLS-")}
        return verdict.probability, found, made.versions["rewards"]

    before, others = card(LIKE), [card(text) for text in OTHER]
    assert before[0] >= classifier.threshold and before[1]
    two = [Call(t, category, False) for t in texts[:2]]
    assert 0 < before[0] - classifier.corrected([LIKE], two)[0].probability < 0.1

    give(db, ids, False, category)
    after = card(LIKE)
    assert after[0] < classifier.threshold and not after[1], (before[0], after[0])
    assert after[2] != before[2] and len(after[2]) <= 120, "a card made before is out of date"
    for old, text in zip(others, OTHER, strict=True):
        assert card(text)[:2] == old[:2]
    assert card(LIKE, person(db, "advertiser", "Theirs")) == before
    # a round rewards and gates by the same: what is not shown is not trained away
    found = round_freeze.freeze(db, person(db, "analyst"), room.settings, 1)
    for snapshot, shown in ((found, after[1]), (replace(found, calls=()), before[1])):
        (judged,) = round_judges.judges_of(room.settings, snapshot, None).score(
            [Sampled(BRIEF, "description", "how", LIKE)]
        )
        assert {f.message for f in judged.findings if f.rule_id.startswith("CLS-")} == shown
    (told,) = teaching.taught(teaching.calls_of(db, ada), classifier)
    assert (told.category, told.accepted, told.dismissed) == (category, 0, 30)
    assert told.before == classifier.threshold and told.after is not None and told.after < told.before


def test_accepted_findings_and_blind_verdicts_raise_it(db: Database, cache: Path) -> None:
    room, ada = Room(settings()), person(db, "advertiser")
    classifier = room.rewards().classifier
    texts = [f"{LIKE} {n}" for n in range(20)]
    category, ids = drafted(db, room, ada, texts)
    before = classifier.verdicts([LIKE])[0]
    give(db, ids[:10], True, category)
    taught = teaching.calls_of(db, ada)
    middle = classifier.corrected([LIKE], taught)[0]
    assert middle.probability > before.probability
    blindly(db, person(db, "reviewer"), ids[10:20])
    assert classifier.corrected([LIKE], teaching.calls_of(db, ada))[0].probability > middle.probability


def test_the_message_says_so_when_calls_have_moved_it(cache: Path) -> None:
    classifier = Room(settings()).rewards().classifier
    (before,) = classifier.verdicts([LIKE])
    ((untouched,),) = classifier.findings([LIKE])
    few = [Call(LIKE, before.category, False)] * 4  # 4.8 - 4 · .33 · .98 or so: .97
    ((found,),) = classifier.findings([LIKE], calls=few)
    assert f", {before.probability:.2f} before your reviewers' calls were taken into account; learned" in found.message
    assert "reviewers" not in untouched.message and (found.start, found.end) == (untouched.start, untouched.end)
