"""What a workspace's texts are judged by, beside what the program ships: read at the edge, handed on as plain values.

Its reward model, its rules, the categories in which the classifier may block (blocking.py), and what its reviewers'
calls have taught the classifier (teaching.py). Whatever makes scorecards for a workspace asks here, so that no page
judges by less than another. Leaves out loading any of it (writing.py) and a round, which judges by what its snapshot
froze (round_freeze.py).
"""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.services import blocking, learning, rulebook, teaching
from app.services.people import Actor, local_actor
from db.session import Database, open_database
from relate_engine.config import Settings

if TYPE_CHECKING:
    from relate_engine.rewards.reviewers import Call
    from relate_engine.rewards.rules import RuleSet


@dataclass(frozen=True)
class Judging:
    """`learned`: the folder of the workspace's reward model. `rules`: its own; None: the shipped ones."""

    learned: Path | None = None
    rules: "RuleSet | None" = None
    blocking: Set[str] = frozenset()
    calls: tuple["Call", ...] = ()


SHIPPED = Judging()


def judging_of(db: Database, actor: Actor, config: Settings) -> Judging:
    """What judges in the actor's workspace now."""
    return Judging(
        learning.active_rewards(db, actor, config), rulebook.own_rules(db, actor), blocking.confirmed(db, actor),
        teaching.calls_of(db, actor),
    )  # fmt: skip


def judging_here(config: Settings) -> Judging:
    """The same for the one person of the shell; what is shipped where there is no database yet."""
    if not config.database_url and not (config.home / "relate.db").exists():
        return SHIPPED
    db = open_database(config.database)
    return judging_of(db, local_actor(db), config)
