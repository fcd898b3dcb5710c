"""What the review said of a text, for whoever wrote it: why it was rejected, which proof is wanted, until when it runs.

A status alone leaves its author guessing, and a reviewer's page is closed to them. So the newest decision is put into
words here: the country, the words that were marked, what each rule says, and the comment. Helpers inside a call.
Leaves out moving a text on (ad_review.py) and what decides (review_status.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.services import rulebook
from app.services.people import Actor, require
from app.services.review_looks import overlap_of
from app.services.review_status import AGREED, Round, round_of, until_of
from app.services.statuses import FINE
from app.services.stored import StoredText, StoredVerdict
from db import ads, judgements, models, review, sending
from db.session import Database
from relate_engine.rewards.rules import RuleSet


@dataclass(frozen=True)
class Decision:
    """`words`: plain sentences, user text among them. `again`: the author may send the text to review once more."""

    words: str
    again: bool = False


def decisions_of(db: Database, actor: Actor, texts: Sequence[StoredText]) -> dict[int, Decision]:
    """By text; nothing of one that nobody has decided about."""
    require(actor, "text.read")
    with db.read() as session:
        return decisions(session, actor, texts)


def decisions(session: Session, actor: Actor, texts: Sequence[StoredText]) -> dict[int, Decision]:
    """As `decisions_of`, inside a transaction."""
    changes = ads.text_statuses(session, actor.workspace_id, [text.id for text in texts])
    if not changes:
        return {}
    rules, overlap = rulebook.rules_in(session, actor), overlap_of(session, actor)
    days = until_of(session, actor, [text_id for text_id, change in changes.items() if change.status in FINE])
    found: dict[int, Decision | None] = {}
    for text in texts:
        change = changes.get(text.id)
        if change is None:
            continue
        if change.status == "in_review":
            found[text.id] = _in_review(session, actor, text, change, overlap, rules)
        elif change.status == "rejected":
            found[text.id] = _rejected(text, change, rules)
        elif text.id in days:
            found[text.id] = Decision(f"Allowed with proof until {days[text.id].day} {days[text.id]:%B %Y}.")
    return {text_id: decision for text_id, decision in found.items() if decision is not None}


def _in_review(
    session: Session, actor: Actor, text: StoredText, change: models.StatusChange, overlap: int, rules: RuleSet
) -> Decision | None:
    """By the looks at the text, or at the identical one that speaks for it; an admin's word over them counts first."""
    sent, verdict = sending.sent_at(session, change), text.verdict
    if verdict is None or sent is None or verdict.created_at < sent:
        return None
    said = _said(text, verdict, rules)
    other = sending.speaker(session, text.id) if verdict.settled_by_id is not None else None
    newest = change if other is None else review.last_change(session, other)
    now = round_of(session, actor.workspace_id, other or text.id, overlap, newest)
    word = judgements.settling(session, other or text.id)
    if word is not None and word.outcome == "needs_proof" and word.created_at >= max(sent, now.sent or sent):
        return _proof(said)
    return _waiting(said, now)


def _proof(said: str) -> Decision:
    words = f"{said} Add the evidence to the brief's claims, then ask again on the page Ads."
    return Decision(words.strip(), again=True)


def _waiting(said: str, now: Round) -> Decision | None:
    """Of a text in review that was judged since it was sent. Who would ask again before all looks are there, or while
    they differ, would take it out of the hands of those who decide."""
    outcomes = {verdict.outcome for verdict in now.verdicts}
    if "escalate" in outcomes:
        return Decision(f"A reviewer has passed it on to an admin. {said}".strip())
    if "needs_proof" not in outcomes:
        return None
    if len(now.verdicts) < now.needed + len(now.counted):
        return Decision(f"{said} Proof is wanted: add it to the brief's claims. Another look is still to come.".strip())
    if outcomes != {"needs_proof"}:
        return Decision(f"Reviewers differ, so an admin decides. {said}".strip())
    return _proof(said)


def _rejected(text: StoredText, change: models.StatusChange, rules: RuleSet) -> Decision:
    verdict = text.verdict
    said = _said(text, verdict, rules) if verdict is not None and verdict.outcome == "violation" else ""
    reason = "" if change.reason == AGREED else _sentence(change.reason)
    return Decision(" ".join(filter(None, (reason, said))) or "The reviewer gave no reason.", again=True)


def _said(text: StoredText, verdict: StoredVerdict, rules: RuleSet) -> str:
    """The reviewer's own words: where, which words, which rules, and the comment."""
    by_id = {rule.id: rule.message for rule in rules.rules}
    marked = ", ".join(f"“{text.text[start:end]}”" for start, end in verdict.spans)
    parts = [f"In {', '.join(verdict.countries).upper()}." if verdict.countries else "", f"{marked}." if marked else ""]
    parts += [f"{rule}: {_sentence(by_id[rule])}" if rule in by_id else f"{rule}." for rule in verdict.rules]
    return " ".join(filter(None, (*parts, _sentence(verdict.comment))))


def _sentence(words: str) -> str:
    words = words.strip()
    return words if not words or words.endswith((".", "!", "?", "…")) else f"{words}."
