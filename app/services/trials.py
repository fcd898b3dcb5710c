"""A trial: drafts written by two versions, unlabelled and in random positions, so that people's choices decide.

While one runs, every draft of the workspace is written half by the version in use and half by the one on trial
(relate_engine/draft.py, `rival`) and all its positions are shuffled (positions.py). The share of choices that fall on
the new version is held against ½ after correcting for what chance would have chosen, slot by slot: people take more of
one slot than of another, leave some alone, and the ranking gives the writers unequal shares of each. It is looked at
after every choice, and a lucky streak must not end it: the interval holds at all looks together
(relate_engine/share.py). Once a trial has ended pages say who wrote its texts, so of a set only what people did until
the end of its trial counts.
Choices of one set go together, as one writer may please more there: the interval counts them for what they are worth
(`together`). Leaves out: deciding (relate_engine/gate.py), and that sets of one person go together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.services import audit
from app.services.people import Actor, NotFound, require
from app.services.versions import KIND, checked_reason, end_trial, usable
from db import shown
from db import versions as rows
from db.models import VersionChange
from db.session import Database
from db.shown import TrialSet
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.gate import Trial, choices_needed
from relate_engine.share import always_valid


@dataclass(frozen=True)
class TrialState:
    """The trial that runs: `version` against `old` (None: the shipped writer)."""

    version: str
    old: str | None
    since: datetime


@dataclass(frozen=True)
class TrialCounts:
    """Texts of both versions in mixed sets, shown and chosen (picked, copied or exported; a text counts once).

    `by_chance`: of the choices, how many would fall on the new version if each slot's were drawn from it by lot;
    `together`: how many choices are worth one that is made for itself."""

    old: str
    new: str
    shown_old: int
    shown_new: int
    chosen_old: int
    chosen_new: int
    by_chance: float
    together: float = 1.0

    @property
    def choices(self) -> int:
        return self.chosen_old + self.chosen_new

    @property
    def needed(self) -> int:
        """About how many choices are missing until it can say yes, as the gate counts them."""
        return choices_needed(Trial(self.choices, self.share or 0.0, *self.interval, self.together))

    @property
    def share(self) -> float | None:
        """The new version's share of the choices, had there been as many texts of each to choose from; None without a
        choice."""
        return self._adjusted(self.chosen_new / self.choices) if self.choices else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% interval, valid however often it is looked at; (0, 1) without a choice."""
        low, high = always_valid(self.chosen_new / self.together, self.choices / self.together)
        return self._adjusted(low), self._adjusted(high)

    def _adjusted(self, share: float) -> float:
        """The odds of a share over the odds of chance, as a share: monotone, so ends of intervals stay ends."""
        new, old = share * (self.choices - self.by_chance), (1 - share) * self.by_chance
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


def stop_trial(db: Database, actor: Actor, reason: str = "", version: str | None = None) -> None:
    """Ends the trial: from the next draft on only the version in use writes. `version`: whose trial a page showed;
    BriefError where none runs, or another's by now, NotFound for one that is not the workspace's."""
    require(actor, "writer.change")
    reason = checked_reason(reason)
    with db.write() as session:
        if version is not None and rows.named(session, actor.workspace_id, KIND, version) is None:
            raise NotFound(f"There is no version {version} in your workspace, so no trial of it was stopped.")
        running = rows.trial(session, actor.workspace_id)
        if running is not None and version not in (None, running.to_version):
            raise BriefError(
                f"The trial of {version} has ended already; {running.to_version} is on trial now, so nothing was "
                "changed."
            )
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
    """What people chose in all mixed sets of `version` and its rival (`_rival`); None without a set.

    A slot counts where it showed texts of both, and its choices where some of them were left: elsewhere there was
    nothing to choose between. Of m choices among n texts chance gives the new version m / n of its texts.
    """
    require(actor, "writer.read")
    with db.read() as session:
        sets = shown.trial_sets(session, actor.workspace_id, version)
        old = _rival(session, actor.workspace_id, version, sets)
        if old is None:
            return None
        until: dict[datetime | None, list[int]] = {}
        tried = [c for c in rows.changes(session, actor.workspace_id) if c.kind == "trial"]
        for one in sets:
            if one.old == old:
                until.setdefault(_end(tried, one.at), []).append(one.id)
        places = [p for end, ids in until.items() for p in shown.places(session, actor.workspace_id, ids, end)]
    names = {f"policy:{old}": "old", f"policy:{version}": "new"}
    slots: dict[tuple[int, str], dict[str, list[bool]]] = {}
    for place in places:
        if place.written_by in names:
            slot = slots.setdefault((place.generation_id, place.slot), {})
            slot.setdefault(names[place.written_by], []).append(place.chosen)
    both = {key: (slot["old"], slot["new"]) for key, slot in slots.items() if len(slot) == 2}
    chosen: dict[int, _Choices] = {}  # by set
    for (number, _), (a, b) in both.items():
        if not all(a + b):
            chance = sum(a + b) * len(b) / len(a + b)
            before = chosen.get(number, _Choices(0, 0, 0.0))
            chosen[number] = _Choices(before.all + sum(a + b), before.new + sum(b), before.by_chance + chance)
    count, new = (sum(c[i] for c in chosen.values()) for i in (0, 1))
    return TrialCounts(
        old,
        version,
        sum(len(a) for a, _ in both.values()),
        sum(len(b) for _, b in both.values()),
        int(count - new),
        int(new),
        sum(c.by_chance for c in chosen.values()),
        _together([c for c in chosen.values() if c.all]),
    )


def _rival(session: Session, workspace_id: int, version: str, sets: Sequence[TrialSet]) -> str | None:
    """Whom choices are counted against, as sets name it: the writer in use, if `version` was or is tried against it,
    else the last one; None where there is no set to count. A shipped writer is one that no round of here made."""
    mine = {v.version for v in rows.versions(session, workspace_id, KIND)}
    now, running = rows.active(session, workspace_id, KIND), rows.trial(session, workspace_id)
    last = sets[-1].old if sets else None
    if now is not None and now.version == version:
        return last
    against = [s.old for s in sets if (s.old if s.old in mine else None) == (now and now.version)]
    if against or (running is not None and running.to_version == version):
        return against[-1] if against else None
    return last


class _Choices(NamedTuple):
    """Of one set: choices, those on the new version, and how many of them chance would give it."""

    all: int
    new: int
    by_chance: float


def _together(sets: Sequence[_Choices]) -> float:
    """The design effect: variance of the sets' counts over what it would be if each choice were made for itself; 1 at
    least. Kish (1965), Survey Sampling; that counts are divided by it: Rao and Scott (1992), Biometrics 48:577."""
    count, new, chance = (sum(c[i] for c in sets) for i in range(3))
    if len(sets) < 2 or not 0 < new < count:
        return 1.0
    odds = new / (count - new) / (chance / (count - chance))
    apart = expected = 0.0
    for one in sets:
        p = odds * one.by_chance / (odds * one.by_chance + one.all - one.by_chance)
        apart += (one.new - one.all * p) ** 2
        expected += one.all * p * (1 - p)
    return max(1.0, apart / expected * len(sets) / (len(sets) - 1))


def _end(tried: Sequence[VersionChange], at: datetime) -> datetime | None:
    """When the trial of a set made `at` that time ended, None while it runs; `at` for a set that was under way then."""
    if (before := [c for c in tried if c.created_at <= at]) and before[-1].to_version is None:
        return at
    return next((c.created_at for c in tried if c.created_at > at and c.to_version is None), None)
