"""A trial: drafts written by two versions, unlabelled and in random positions, so that people's choices decide.

While one runs, every draft of the workspace is written half by the version in use and half by the one on trial
(relate_engine/draft.py, `rival`) and all its positions are shuffled (positions.py). The share of choices that fall on
the new version is held against ½ after correcting for how many texts of each were shown. It is looked at after every
choice, and a lucky streak must not end it: the interval holds at all looks together (relate_engine/share.py).
Leaves out: deciding (relate_engine/gate.py), and that choices of one person or set go together: the interval treats
them as independent and is a little narrow.
"""

from dataclasses import dataclass
from datetime import datetime

from app.services import audit
from app.services.people import Actor, require
from app.services.versions import KIND, checked_reason, end_trial, usable
from db import shown
from db import versions as rows
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.gate import CHOICES
from relate_engine.share import always_valid


@dataclass(frozen=True)
class TrialState:
    """The trial that runs: `version` against `old` (None: the shipped writer)."""

    version: str
    old: str | None
    since: datetime


@dataclass(frozen=True)
class TrialCounts:
    """Texts of both versions in mixed sets, shown and chosen (picked, copied or exported; a text counts once)."""

    old: str
    new: str
    shown_old: int
    shown_new: int
    chosen_old: int
    chosen_new: int

    @property
    def choices(self) -> int:
        return self.chosen_old + self.chosen_new

    @property
    def needed(self) -> int:
        """How many choices are missing to CHOICES."""
        return max(0, CHOICES - self.choices)

    @property
    def share(self) -> float | None:
        """The new version's share of the choices, had as many texts of each been shown; None without a choice."""
        return self._adjusted(self.chosen_new / self.choices) if self.choices else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% interval, valid however often it is looked at; (0, 1) without a choice."""
        low, high = always_valid(self.chosen_new, self.choices)
        return self._adjusted(low), self._adjusted(high)

    def _adjusted(self, share: float) -> float:
        """The odds of a share times shown_old / shown_new, as a share: monotone, so ends of intervals stay ends."""
        new, old = share * self.shown_old, (1 - share) * self.shown_new
        return new / (new + old) if new + old else share


def start_trial(db: Database, actor: Actor, version: str, config: Settings, reason: str = "") -> TrialState:
    """From the next draft on, both the version in use and this one write. One trial at a time.

    Raises NotFound, BriefError or WeightsError as versions.promote does; nothing is changed then.
    """
    require(actor, "writer.change")
    reason = checked_reason(reason)
    usable(db, actor, version, config)
    with db.write() as session:
        now, running = rows.active(session, actor.workspace_id, KIND), rows.trial(session, actor.workspace_id)
        if now is not None and now.version == version:
            raise BriefError(f"{version} is in use already; a trial needs another version beside it.")
        if running is not None:
            raise BriefError(f"A trial of {running.to_version} is running; stop it first.")
        old = now.version if now else None
        rows.add_change(session, actor.workspace_id, actor.user_id, "trial", old, version, reason)
        audit.note(session, actor, "version.trial", "policy", version=version, against=old, reason=reason)
    state = trial_state(db, actor)
    if state is None:  # stopped by another person in between
        raise BriefError(f"The trial of {version} was stopped at once by somebody else; start it again.")
    return state


def stop_trial(db: Database, actor: Actor, reason: str = "") -> None:
    """Ends the trial: from the next draft on only the version in use writes. BriefError where none runs."""
    require(actor, "writer.change")
    reason = checked_reason(reason)
    with db.write() as session:
        if not end_trial(session, actor, reason):
            raise BriefError("No trial is running, so there is nothing to stop.")


def trial_state(db: Database, actor: Actor) -> TrialState | None:
    """The trial that runs in the actor's workspace."""
    require(actor, "writer.read")
    with db.read() as session:
        trial = rows.trial(session, actor.workspace_id)
        return TrialState(str(trial.to_version), trial.from_version, trial.created_at) if trial else None


def on_trial(db: Database, actor: Actor) -> bool:
    """Whether a trial runs: then pages do not say which version wrote a text."""
    require(actor, "text.read")
    with db.read() as session:
        return rows.trial(session, actor.workspace_id) is not None


def last_tried(db: Database, actor: Actor) -> str | None:
    """The version that was tried last, whether its trial still runs or not."""
    require(actor, "writer.read")
    with db.read() as session:
        started = [c for c in rows.changes(session, actor.workspace_id) if c.kind == "trial" and c.to_version]
        return started[-1].to_version if started else None


def trial_counts(db: Database, actor: Actor, version: str) -> TrialCounts | None:
    """What people chose in all mixed sets of `version` and the one it was last tried against; None without a set.

    A slot counts where it showed texts of both: elsewhere there was nothing to choose between.
    """
    require(actor, "writer.read")
    with db.read() as session:
        sets = shown.trial_sets(session, actor.workspace_id, version)
        if not sets:
            return None
        old = sets[-1][1]
        places = shown.places(session, actor.workspace_id, [number for number, against in sets if against == old])
    names = {f"policy:{old}": "old", f"policy:{version}": "new"}
    both: dict[tuple[int, str], set[str]] = {}
    for place in places:
        both.setdefault((place.generation_id, place.slot), set()).add(names.get(place.written_by, ""))
    told = {("old", False): 0, ("old", True): 0, ("new", False): 0, ("new", True): 0}
    for place in places:
        if {"old", "new"} <= both[place.generation_id, place.slot] and place.written_by in names:
            told[names[place.written_by], place.chosen] += 1
    return TrialCounts(
        old, version, told["old", False] + told["old", True], told["new", False] + told["new", True],
        told["old", True], told["new", True],
    )  # fmt: skip
