"""Where the classifier may block: a category that blind verdicts have confirmed in this workspace.

The classifier cautions. A person who judges a flagged text without seeing its word confirms it or not; once enough
have, and the lower end of the 95% interval of its precision is high enough, scorecards of this workspace block in that
category. It is worked out from the verdicts each time, so a right that no longer holds is gone. A text that was scored
before stays as it was scored, but does not leave for a platform, unless a person has judged that very text.
Leaves out making scorecards (relate_engine/score.py) and who asks for it (judging.py, exporting.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.services.people import Actor, require
from db import review_quality as rows
from db.session import Database
from relate_engine.scorecard import Finding
from relate_engine.share import wilson

NEEDED, PRECISION = 50, 0.95
NEWEST = 1000  # blind verdicts on flagged texts that are read
CLASSIFIER = "CLS-"  # its findings' rule ids: CLS-health
_DECIDES = ("compliant", "allowed", "violation")
_known: dict[tuple[str, int], tuple[int, frozenset[str]]] = {}  # by database and workspace: newest verdict, answer


@dataclass(frozen=True)
class Right:
    """What blind verdicts say of one category. `why` is a sentence for people."""

    category: str
    blocks: bool
    hits: int
    total: int
    why: str


def rights(db: Database, actor: Actor) -> list[Right]:
    """Every category that the classifier has flagged to blind reviewers, those that block first."""
    require(actor, "analytics.read")
    with db.read() as session:
        counted = _counted(session, actor)
    found = [_right(category, hits, total) for category, (hits, total) in counted.items()]
    return sorted(found, key=lambda right: (not right.blocks, -right.total, right.category))


def confirmed(db: Database, actor: Actor) -> frozenset[str]:
    """The categories in which the classifier blocks in the actor's workspace now."""
    require(actor, "rule.read")
    with db.read() as session:
        newest = rows.newest_verdict(session, actor.workspace_id)
        if newest is None:
            return frozenset()
        place = str(session.get_bind().engine.url), actor.workspace_id
        held = _known.get(place)
        if held is not None and held[0] == newest:  # a verdict taken back is a new one too
            return held[1]
        few = rows.blind_flagged(session, actor.workspace_id, NEEDED) < NEEDED
        counted = {} if few else _counted(session, actor)
    found = frozenset(category for category, (hits, total) in counted.items() if _right(category, hits, total).blocks)
    _known[place] = newest, found
    return found


def blocks(finding: Finding, blocking: Set[str], cleared: bool) -> bool:
    """Whether a stored finding keeps a text from running now, as one that cautioned when the text was scored may by
    today. `cleared`: a person has judged this very text since and lets it run."""
    if finding.severity == "block" or not finding.rule_id.startswith(CLASSIFIER):
        return finding.severity == "block"
    return finding.severity == "warn" and not cleared and category_of(finding.rule_id) in blocking


def category_of(rule_id: str) -> str:
    return rule_id.removeprefix(CLASSIFIER)


def in_words(categories: Iterable[str]) -> str:
    return ", ".join(sorted(category.replace("_", " ") for category in categories))


def _counted(session: Session, actor: Actor) -> dict[str, tuple[int, int]]:
    """By category: violations of all decided texts that it flagged. A text counts once, by its first verdict."""
    first: dict[int, tuple[set[str], bool]] = {}
    for row in rows.blind_rows(session, actor.workspace_id, NEWEST, flagged=True):
        if row.outcome in _DECIDES and row.text_id not in first:
            flagged = {category_of(f["rule_id"]) for f in row.findings if f["rule_id"].startswith(CLASSIFIER)}
            first[row.text_id] = flagged, row.outcome == "violation"
    said: dict[str, list[bool]] = defaultdict(list)
    for categories, violation in first.values():
        for category in categories:
            said[category].append(violation)
    return {category: (sum(each), len(each)) for category, each in said.items()}


def _right(category: str, hits: int, total: int) -> Right:
    words, (low, _) = in_words([category]), wilson(hits, total)
    if total < NEEDED:
        why = f"cautions in {words}: {total} of the {NEEDED} blind verdicts needed on texts that it flags"
        return Right(category, False, hits, total, why)
    counted = f"{hits} of {total} texts that it flagged were violations to people who did not see its word"
    if low < PRECISION:
        why = f"cautions in {words}: {counted}, so its precision may be as low as {low:.0%}; {PRECISION:.0%} is needed"
        return Right(category, False, hits, total, why)
    return Right(category, True, hits, total, f"blocks in {words}: {counted}; its precision is at least {low:.0%}")
