"""What the Draft desk needs beyond single calls: drafts that outlive a page, new scores, what is known today.

A draft asked for on a page runs in a thread of this process and is stored by it, so a refreshed, left or
second tab loses nothing: pages only look at its `Job`. Scores of edits and own lines come back at once.
Drafts wait for each other here, and people take turns: next is who has had no turn while waiting, or had it longest
ago, and among equals who has waited longest. So three drafts of one person do not keep another waiting for all.
Leaves out: the writer itself (writing.py) and a whole client's drafts, which survive the process (client_job.py).
"""

import itertools
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.services.drafting import (
    add_own_lines,
    count_generations,
    served_texts,
    store_cards,
    store_generation,
)
from app.services.exporting import rules_of_today
from app.services.feedback import edit
from app.services.learning import active_rewards, active_version
from app.services.people import Actor, NotFound, require
from app.services.process import libraries
from app.services.rulebook import own_rules
from app.services.stored import StoredBrief, StoredGeneration, StoredText
from app.services.versions import writers
from app.services.writing import Failed, Room, Waiting
from db.session import Database, StorageError
from relate_engine.brief import Angle, Brief, BriefError, PlacementName, clean, full_ad, placement_of
from relate_engine.config import Settings
from relate_engine.policy.weights import WeightsError, encoder_folder, policy_folder
from relate_engine.rewards.compliance import check_brief
from relate_engine.rewards.rules import RuleSet
from relate_engine.scorecard import AdText, Finding, Scorecard

if TYPE_CHECKING:  # at run time it would bring the models with it
    from relate_engine.draft import Draft

LONGEST = 2500  # beyond every slot's limit; as in own_lines
LIKE_THIS = 4  # texts written for "more like this" and "more of this angle"
_log = logging.getLogger("relate")


@dataclass
class Job:
    """One draft under way. Its thread writes, pages read; `ended` is set last."""

    number: int
    actor: Actor
    brief_id: int
    brief: Brief
    counts: Mapping[str, int]
    title: str
    angle: Angle | None = None
    like: StoredText | None = None
    seed: int = 0
    place: int = 0  # drafts ahead in the line; 0: being written
    done: int = 0
    step: str = ""
    texts: list[AdText] = field(default_factory=list)  # provisional
    error: str = ""
    unsaved: "Draft | None" = None  # written but not stored, e.g. on a full disk
    stopped: bool = False
    ended: bool = False

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Jobs:
    """The drafts of this process and what is known of its writer. One per process."""

    def __init__(self, db: Database, room: Room) -> None:
        self.db, self.room = db, room
        self.versions: dict[str, str] = {}  # of today's rewards and rules, once they are loaded
        self.problem = ""  # of the writer, e.g. untrained; known once it is loaded
        self._jobs: list[Job] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._turn = threading.Condition(self._lock)  # told when a draft has ended or was stopped
        self._waiting: list[Job] = []
        self._writing: Job | None = None
        self._turns: dict[int, int] = {}  # the last turn of each person who has more to come
        self._taken = 0
        self._warming = False

    def start(
        self,
        actor: Actor,
        stored: StoredBrief,
        counts: Mapping[str, int],
        angle: Angle | None = None,
        like: StoredText | None = None,
    ) -> Job:
        """Begins a draft for a saved brief and returns at once."""
        require(actor, "text.write")
        placement = placement_of(stored.brief.placement)
        parts = [f"{n} × {placement.slot(name).label.lower()}" for name, n in counts.items()]
        title = f"the whole {placement.label}" if dict(counts) == full_ad(stored.brief) else ", ".join(parts)
        with self._lock:
            job = Job(next(self._numbers), actor, stored.id, stored.brief, dict(counts), title, angle, like)
            self._jobs.append(job)
            self._waiting.append(job)
            self._count_places()
        threading.Thread(target=self._run, args=(job,), name=f"draft-{job.number}", daemon=True).start()
        return job

    def of(self, actor: Actor, brief_id: int) -> list[Job]:
        """Drafts of a brief that are under way or ended in trouble, oldest first."""
        with self._lock:
            self._jobs = [job for job in self._jobs if not (job.ended and not job.error)]
            return [
                job for job in self._jobs
                if job.brief_id == brief_id and job.actor.workspace_id == actor.workspace_id
            ]  # fmt: skip

    def stop(self, actor: Actor, job: Job) -> None:
        """Ends a draft that is under way, or puts away one that ended in trouble."""
        require(actor, "text.write")
        if job.actor.workspace_id != actor.workspace_id:
            raise NotFound("There is no such draft in your workspace; reload the page.")
        with self._turn:
            job.stopped = True
            if job.ended:
                job.error = ""
            self._turn.notify_all()

    def store_again(self, job: Job) -> None:
        """Stores what could not be stored before; StorageError if it still cannot."""
        if job.unsaved is not None:
            self._store(job, job.unsaved)
            job.unsaved, job.error = None, ""

    def versions_for(self, actor: Actor) -> dict[str, str]:
        """What judges in the actor's workspace today; {} until it is loaded."""
        learned = learned_of(self.db, actor, self.room) if self.versions else None
        rules = own_rules(self.db, actor) if self.versions else None
        return (
            self.versions
            | ({"rewards": self.room.rewards_with(learned).version} if learned else {})
            | ({"rules": rules.version} if rules else {})
        )

    def warm_up(self, actor: Actor) -> None:
        """Loads rewards and the actor's writer in the background, once, so that the first draft starts sooner."""
        with self._lock:
            if self._warming:
                return
            self._warming = True
        threading.Thread(target=self._load, args=(actor,), name="warm-up", daemon=True).start()

    def _load(self, actor: Actor) -> None:
        try:
            rewards = self.room.rewards()
            self.versions = {"rewards": rewards.version, "rules": rewards.rules.version}
            adapter = next(iter(writers(self.db, actor, self.room.settings)), None)
            self.problem = self.room.policy(adapter).state.problem
        except (WeightsError, BriefError, StorageError) as error:
            self.problem = str(error)
        except Exception:  # the draft itself will say what is wrong
            _log.exception("warm-up failed")

    def _run(self, job: Job) -> None:
        try:
            if self._takes_turn(job):
                self._draft(job)
        except StorageError as error:
            job.error = f"{error} The draft is kept in memory until then." if job.unsaved else str(error)
        except Exception as error:  # whatever it was, the page is told
            _log.exception("draft failed")
            job.error = f"The draft stopped with an error ({type(error).__name__}); try again."
        finally:
            with self._turn:
                if self._writing is job:
                    self._writing = None
                if all(other.actor.user_id != job.actor.user_id for other in self._waiting):
                    self._turns.pop(job.actor.user_id, None)
                job.ended = True
                self._count_places()
                self._turn.notify_all()

    def _takes_turn(self, job: Job) -> bool:
        """Waits until this draft is next; False where it was stopped before."""
        with self._turn:
            while not job.stopped and (self._writing is not None or self._line()[0] is not job):
                self._turn.wait()
            self._waiting.remove(job)
            if not job.stopped:
                self._writing, self._taken = job, self._taken + 1
                self._turns[job.actor.user_id] = self._taken
            self._count_places()
            self._turn.notify_all()
            return not job.stopped

    def _line(self) -> list[Job]:
        """The waiting drafts in the order they will be written, if nobody asks for more."""
        waiting, turns, order = list(self._waiting), dict(self._turns), list[Job]()
        while waiting:
            job = min(waiting, key=lambda job: (turns.get(job.actor.user_id, 0), job.number))
            turns[job.actor.user_id] = self._taken + len(order) + 1
            order.append(job)
            waiting.remove(job)
        return order

    def _count_places(self) -> None:
        """Tells each waiting draft how many come before it, the one that is being written too."""
        for place, job in enumerate(self._line(), 1 if self._writing else 0):
            job.place = place
        if self._writing:
            self._writing.place = 0

    def _draft(self, job: Job) -> None:
        def seed() -> int:  # the number as well: a draft that was stopped or not stored is not counted
            job.seed = count_generations(self.db, job.actor, job.brief_id) + 1009 * job.number
            return job.seed

        def served() -> list[str]:
            return [text for slot in job.counts for text in served_texts(self.db, job.actor, job.brief_id, slot)]

        like = job.like.text if job.like else None
        libraries()
        from relate_engine.draft import Drafted, Progress, Provisional

        def adapters() -> tuple[Path, ...]:
            used.extend(writers(self.db, job.actor, self.room.settings))
            return tuple(used)

        def rules() -> RuleSet | None:
            return own_rules(self.db, job.actor)

        used: list[Path] = []
        learned = learned_of(self.db, job.actor, self.room)
        with closing(  # type: ignore[type-var]
            self.room.draft(job.brief, job.counts, seed, served, job.angle, like, learned, adapters, rules)
        ) as events:
            for event in events:
                if job.stopped:
                    return
                if isinstance(event, Waiting):
                    job.place = event.place
                    continue
                job.place = 0
                if isinstance(event, Progress):
                    job.done, job.step = event.done, event.label
                elif isinstance(event, Provisional):
                    job.texts.append(event.text)
                elif isinstance(event, Failed):
                    job.error = event.message
                elif isinstance(event, Drafted):
                    self._known(used[0] if used else None)
                    job.unsaved = event.draft
                    self._store(job, event.draft)
                    job.unsaved = None

    def _known(self, adapter: Path | None) -> None:
        """After a draft both are loaded, so asking costs nothing."""
        rewards = self.room.rewards()
        self.versions = {"rewards": rewards.version, "rules": rewards.rules.version}
        self.problem = self.room.policy(adapter).state.problem

    def _store(self, job: Job, draft: "Draft") -> None:
        whole = dict(job.counts) == full_ad(job.brief)
        request = {
            "title": job.title, "whole": whole, "counts": dict(job.counts), "angle": job.angle,
            "like": job.like.id if job.like else None, "like_text": job.like.text if job.like else None,
        }  # fmt: skip
        store_generation(self.db, job.actor, job.brief_id, draft, brief=job.brief, seed=job.seed, request=request)


def learned_of(db: Database, actor: Actor, room: Room) -> Path | None:
    """The folder of the reward model that the actor's workspace has learned, if any."""
    return active_rewards(db, actor, room.settings) if active_version(db, actor) else None


def brief_findings(brief: Brief) -> list[Finding]:
    """What the rules object to in the brief itself, such as instructions to the writer; loads no model."""
    return check_brief(rules_of_today(), brief)


def check_weights(config: Settings) -> None:
    """Raises WeightsError or BriefError with the remedy where base weights are missing; loads nothing."""
    encoder_folder(config.cache)
    if not config.policy_url:
        policy_folder(config.base_model, config.cache)


def score_wording(db: Database, actor: Actor, room: Room, brief: Brief, text: StoredText, wording: str) -> Scorecard:
    """The scorecard that `text` would have in other words; stores nothing."""
    require(actor, "text.write")
    wording = clean(wording)
    if not wording:
        raise BriefError("Edit: the text is empty; write one, or press Cancel to keep the old one.")
    if len(wording) > LONGEST:
        raise BriefError(f"Edit: {len(wording):,} characters are too many; keep it under {LONGEST:,}.")
    without = [text.id, *([text.parent_id] if text.parent_id else [])]
    served = served_texts(db, actor, text.brief_id, text.slot, without)
    return room.score(
        _placed(brief, text), [AdText(wording, text.slot, text.angle, actor.author)], served,
        learned=learned_of(db, actor, room), rules=own_rules(db, actor),
    )[0]  # fmt: skip


def reword(db: Database, actor: Actor, room: Room, brief: Brief, text: StoredText, wording: str) -> StoredText:
    """Scores other words for a text and stores them as an edit of it."""
    card = score_wording(db, actor, room, brief, text, wording)
    return edit(db, actor, text.id, card, _placed(brief, text))


def score_again(db: Database, actor: Actor, room: Room, brief: Brief, texts: Sequence[StoredText]) -> int:
    """Scores texts by today's brief, rewards and rules; returns how many. Texts for another placement stay."""
    require(actor, "text.write")
    mine = [text for text in texts if text.placement == brief.placement]
    if mine:
        ids = [text.id for text in mine]
        served = served_texts(db, actor, mine[0].brief_id, None, ids)
        ads = [AdText(text.text, text.slot, text.angle, text.author) for text in mine]
        cards = room.score(brief, ads, served, learned=learned_of(db, actor, room), rules=own_rules(db, actor))
        store_cards(db, actor, dict(zip(ids, cards, strict=True)), brief)
    return len(mine)


def bring_lines(
    db: Database, actor: Actor, room: Room, stored: StoredBrief, lines: Sequence[tuple[str, str]]
) -> StoredGeneration:
    """Scores a person's own (slot, text) lines and stores them with that person as author."""
    require(actor, "text.write")
    ads = [AdText(text, slot, None, actor.author) for slot, text in lines]
    cards = room.score(stored.brief, ads, learned=learned_of(db, actor, room), rules=own_rules(db, actor))
    return add_own_lines(db, actor, stored.id, cards, stored.brief)


def base_rates(config: Settings, placement: PlacementName) -> tuple[float, float, str]:
    """Base CTR and CVR of a placement and where they come from. Imports the rewards, so call it when loaded."""
    from relate_engine.rewards.ctcvr import BASE_RATES

    known = BASE_RATES[placement]
    given = [name for name, rates in (("CTR", config.base_ctr), ("CVR", config.base_cvr)) if placement in rates]
    where = f"{' and '.join(given)} set by you" if given else known.where
    return config.base_ctr.get(placement, known.ctr), config.base_cvr.get(placement, known.cvr), where


def _placed(brief: Brief, text: StoredText) -> Brief:
    """The brief for the placement that the text was written for."""
    known = placement_of(text.placement).name
    return brief if brief.placement == known else brief.model_copy(update={"placement": known})
