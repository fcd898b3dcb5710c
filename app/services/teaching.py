"""What the workspace's reviewers have taught the classifier, worked out from what they said each time it is asked for.

A suggested finding of the classifier that was accepted says violation, one that was dismissed says none; so does a
blind verdict, in the categories that the classifier had flagged on the text. Of each text the newest word counts.
Nothing is stored beside what they said, so a verdict that is taken back teaches nothing any more. The classifier learns
anew with every STEP-th word about a category, so that scorecards do not get out of date with each click.
The maths is relate_engine/rewards/reviewers.py; judging.py hands the calls on, and a round judges by those that its
snapshot froze (round_freeze.py).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from app.services import blocking
from app.services.people import Actor, require
from db import review_quality
from db import teaching as rows
from db.session import Database

if TYPE_CHECKING:
    from relate_engine.rewards.classifier import Classifier
    from relate_engine.rewards.reviewers import Call

STEP = 5
MOST, BLIND = 60, 500  # newest words that teach a category, and newest blind verdicts that are looked through
_DECIDES = ("compliant", "allowed", "violation")
_known: dict[tuple[str, int], tuple[int, tuple["Call", ...]]] = {}  # by database and workspace: newest verdict, answer


@dataclass(frozen=True)
class Taught:
    """What the calls have done to one category. `before`, `after`: P(violation) of a text that the classifier would
    just flag and that shares no word with those judged; None where there is no classifier to ask."""

    category: str
    accepted: int
    dismissed: int
    before: float | None = None
    after: float | None = None


def calls_of(db: Database, actor: Actor) -> tuple["Call", ...]:
    """The calls that teach the classifier in the actor's workspace now."""
    require(actor, "rule.read")
    with db.read() as session:
        newest = review_quality.newest_verdict(session, actor.workspace_id)
        if newest is None:
            return ()
        place = str(session.get_bind().engine.url), actor.workspace_id
        held = _known.get(place)
        if held is not None and held[0] == newest:  # calls come with a verdict; one taken back is a new one too
            return held[1]
        found = _calls(session, actor)
    _known[place] = newest, found
    return found


def taught(calls: tuple["Call", ...], classifier: "Classifier | None") -> list[Taught]:
    """By category, the most often called first."""
    counted = Counter((call.category, call.violation) for call in calls)
    of = {call.category: (counted[call.category, True], counted[call.category, False]) for call in calls}
    order = sorted(of, key=lambda category: (-sum(of[category]), category))
    if classifier is None:
        return [Taught(category, *of[category]) for category in order]
    moved, before = classifier.corrections(calls), classifier.threshold
    at = math.log(before / (1 - before))
    return [
        Taught(category, *of[category], before, 1 / (1 + math.exp(-at - moved[category].shift))) for category in order
    ]


def in_words(each: Taught) -> str:
    """One category's line."""
    count, name = each.accepted + each.dismissed, blocking.in_words([each.category]).capitalize()
    calls = "call" if count == 1 else "calls"
    said = f"{name}: {count} {calls}, {each.accepted} of them a violation and {each.dismissed} not"
    if each.before is None or each.after is None:
        return said
    return f"{said}; a text that it would just flag goes from {each.before:.2f} to {each.after:.2f}"


def frozen_in_words(calls: Collection["Call"], categories: Collection[str]) -> str:
    """A sentence of a round's report: by what it corrected the classifier, and where it let it block."""
    violations = sum(call.violation for call in calls)
    said = (
        f"{len(calls)} {'call' if len(calls) == 1 else 'calls'} of reviewers corrected the classifier "
        f"({violations} a violation, {len(calls) - violations} not)"
        if calls
        else "No calls of reviewers corrected the classifier"
    )
    where = f"it blocked in {blocking.in_words(categories)}" if categories else "it blocked in no category"
    return f"{said}; {where}."


def _calls(session: Session, actor: Actor) -> tuple["Call", ...]:
    from relate_engine.rewards.reviewers import Call

    said: dict[str, list[rows.Word]] = defaultdict(list)
    total = Counter(rows.calls_by_rule(session, actor.workspace_id, blocking.CLASSIFIER))
    for rule_id, count in total.items():
        said[rule_id] += rows.newest_calls(session, actor.workspace_id, rule_id, MOST + STEP) if count else []
    for word, findings in rows.blind_words(session, actor.workspace_id, _DECIDES, BLIND):
        for rule_id in {f["rule_id"] for f in findings if f["rule_id"].startswith(blocking.CLASSIFIER)}:
            said[rule_id].append(word)
            total[rule_id] += 1
    found = []
    for rule_id, words in sorted(said.items()):
        words.sort(key=lambda word: word.verdict_id)
        learned = words[: len(words) - total[rule_id] % STEP]
        newest = {word.text_id: word for word in learned}  # the last one stays
        last = sorted(newest.values(), key=lambda word: word.verdict_id)[-MOST:]
        found += [Call(word.text, blocking.category_of(rule_id), word.violation) for word in last]
    return tuple(found)
