"""Testing rules before they are published: on their own examples, on their bare exception words, and on the past.

The past is the newest texts that may run (approved or live); where there are none, those that people picked or
exported. Only rules that differ are run, before and after, so a hit is one that the change makes. Rules alone are
asked, no model. Leaves out what follows from it (rulebook_publish.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.services.people import Actor, require
from app.services.rulebook import KIND, laid, overlay_of, shipped
from app.services.rulebook_draft import draft_row
from db import models
from db import rulebook as queries
from db import versions as rows
from db.session import Database
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.readable import readable
from relate_engine.rewards.rulecheck import Tried, tried
from relate_engine.rewards.rules import Rule, RuleSet
from relate_engine.scorecard import Finding, Severity

PAST = 500  # texts that are looked at
REPORT = 50  # texts between two reports
_WORST: tuple[Severity | None, ...] = (None, "note", "warn", "block")
Say = Callable[[int, int], None]


@dataclass(frozen=True)
class Change:
    """What a change of the rules does to one text. `findings`: of the rules that became harsher on it."""

    text_id: int
    text: str
    placement: str
    slot: str
    before: Severity | None  # the worst of the rules that differ
    after: Severity | None
    findings: tuple[Finding, ...]

    @property
    def harsher(self) -> bool:
        return bool(self.findings)


@dataclass(frozen=True)
class Past:
    """What the change would have done. `of`: which texts were looked at, in words."""

    looked: int
    of: str
    changes: tuple[Change, ...]

    @property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(c for c in self.changes if c.harsher and any(f.severity == "block" for f in c.findings))

    @property
    def cautioned(self) -> tuple[Change, ...]:
        return tuple(c for c in self.changes if c.harsher and all(f.severity != "block" for f in c.findings))

    @property
    def freed(self) -> tuple[Change, ...]:
        return tuple(c for c in self.changes if not c.harsher)


def examples(db: Database, actor: Actor) -> dict[str, list[Tried]]:
    """By rule that the actor's draft changes or adds: what it makes of its examples and of its bare exceptions."""
    require(actor, "rule.write")
    with db.read() as session:
        row, now = draft_row(session, actor), rows.active(session, actor.workspace_id, KIND)
    if row is None:
        return {}
    _, after = touched(laid(overlay_of(now)), laid(overlay_of(row)))
    return {rule.id: tried(rule) for rule in after.rules}


def examples_of(rule: Rule) -> list[Tried]:
    """The same for one rule, whatever became of it; touches no stored row."""
    return tried(rule)


def on_the_past(db: Database, actor: Actor, say: Say = lambda done, total: None) -> Past:
    """What the actor's draft would have done to the newest texts that may run."""
    require(actor, "rule.write")
    with db.read() as session:
        row, now = draft_row(session, actor), rows.active(session, actor.workspace_id, KIND)
        if row is None:
            raise BriefError("You have no unpublished edits, so there is nothing to test.")
        texts, of = queries.may_run(session, actor.workspace_id, PAST), "approved or live"
        if not texts:
            texts, of = queries.chosen(session, actor.workspace_id, PAST), "picked or exported"
        briefs = briefs_of(session, texts)
    found = compare(laid(overlay_of(now)), laid(overlay_of(row)), texts, briefs, say)
    return Past(len(texts), of, tuple(found))


def compare(
    before: RuleSet,
    after: RuleSet,
    texts: Sequence[models.Text],
    briefs: Mapping[int, Brief],
    say: Say = lambda done, total: None,
) -> list[Change]:
    """The texts of which the two sets think differently."""
    old, new = touched(before, after)
    found = []
    for number, text in enumerate(texts):
        if number % REPORT == 0:
            say(number, len(texts))
        was, now = (_findings(rules, text, briefs[text.brief_id]) for rules in (old, new))
        said = {f.rule_id: max(_WORST.index(w.severity) for w in was if w.rule_id == f.rule_id) for f in was}
        harsher = tuple(
            f for f in now if f.severity != "note" and _WORST.index(f.severity) > said.get(f.rule_id, 0)
        )  # fmt: skip
        if harsher or _worst(was) != _worst(now):
            change = Change(text.id, text.text, text.placement, text.slot, _worst(was), _worst(now), harsher)
            found.append(change)
    say(len(texts), len(texts))
    return found


def touched(before: RuleSet, after: RuleSet) -> tuple[RuleSet, RuleSet]:
    """The rules of both sets that are not the same in both."""
    old, new = {r.id: r for r in before.rules}, {r.id: r for r in after.rules}
    return (
        RuleSet(before.version, tuple(r for r in before.rules if new.get(r.id) != r)),
        RuleSet(after.version, tuple(r for r in after.rules if old.get(r.id) != r)),
    )


def briefs_of(session: Session, texts: Iterable[models.Text]) -> dict[int, Brief]:
    """The briefs of some texts as facts may be taken from them."""
    found = {}
    for brief_id in {text.brief_id for text in texts}:
        row = session.get(models.Brief, brief_id)
        assert row is not None, "a text has a brief"
        brief = parse_brief(row.payload)
        try:
            found[brief_id] = readable(shipped(), brief)
        except BriefError:  # its very product reads as an order: then it proves nothing
            found[brief_id] = brief.model_copy(update={"claims": ()})
    return found


def _findings(rules: RuleSet, text: models.Text, brief: Brief) -> list[Finding]:
    if not rules.rules:
        return []
    return check_text(rules, text.text, text.placement, text.slot, brief.countries, brief)[0]


def _worst(findings: Iterable[Finding]) -> Severity | None:
    return max((f.severity for f in findings), key=_WORST.index, default=None)
