"""The drafts of pages: they outlive the page, and it is known by what they are judged today.

A draft asked for on a page waits in the writer's line, and a thread of this process reads its events and stores it,
so a refreshed, left or second tab loses nothing: pages only look at its `Job`.
Leaves out: the line and the writer (writing.py), scores of edits and own lines (scoring.py), and a whole client's
drafts, which survive the process (client_job.py).
"""

import itertools
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.services.drafting import count_generations, served_texts, store_generation
from app.services.judging import judging_of
from app.services.people import Actor, Forbidden, NotFound, require
from app.services.process import libraries
from app.services.sessions import SignedOut
from app.services.stored import StoredBrief, StoredText
from app.services.versions import writers
from app.services.writing import Failed, Request, Room
from db.session import Database, StorageError
from relate_engine.brief import Angle, Brief, BriefError, full_ad, placement_of
from relate_engine.policy.weights import WeightsError
from relate_engine.scorecard import AdText

if TYPE_CHECKING:  # at run time it would bring the models with it
    from relate_engine.draft import Draft

LIKE_THIS = 4  # texts written for "more like this" and "more of this angle"
TWICE = 2.0  # seconds within which the same request again is a double click
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
    adapter: Path | None = None  # that wrote it; None: the shipped one
    done: int = 0
    step: str = ""
    texts: list[AdText] = field(default_factory=list)  # provisional
    error: str = ""
    unsaved: "Draft | None" = None  # written but not stored, e.g. on a full disk
    stopped: bool = False
    ended: bool = False
    request: Request | None = None  # its place in the writer's line
    asked: float = field(default_factory=time.monotonic)  # when, by this process's clock

    @property
    def place(self) -> int:
        """Drafts ahead in the line; 0: being written."""
        return self.request.place if self.request else 0

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
        self._warming = False

    def start(
        self,
        actor: Actor,
        stored: StoredBrief,
        counts: Mapping[str, int],
        angle: Angle | None = None,
        like: StoredText | None = None,
    ) -> Job:
        """Begins a draft for a saved brief and returns at once.

        The same request of the same person a moment later is the same press: it gets the draft that is under way.
        """
        require(actor, "text.write")
        placement = placement_of(stored.brief.placement)
        parts = [f"{n} × {placement.slot(name).label.lower()}" for name, n in counts.items()]
        title = f"the whole {placement.label}" if dict(counts) == full_ad(stored.brief) else ", ".join(parts)
        job = Job(next(self._numbers), actor, stored.id, stored.brief, dict(counts), title, angle, like)
        with self._lock:
            if (same := self._pressed(job)) is not None:
                return same
            self._jobs.append(job)
            job.request = self._ask(job)
        threading.Thread(target=self._run, args=(job,), name=f"draft-{job.number}", daemon=True).start()
        return job

    def _pressed(self, job: Job) -> Job | None:
        """The draft under way that the same press has just begun; call with the lock."""

        def what(one: Job) -> tuple[object, ...]:
            like = one.like.id if one.like else None
            return one.actor.user_id, one.brief_id, one.brief, one.counts, one.angle, like

        recent = [one for one in self._jobs if job.asked - one.asked < TWICE and not (one.ended or one.stopped)]
        return next((one for one in recent if what(one) == what(job)), None)

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
        _ours(actor, job)
        with self._lock:
            job.stopped = True
            if job.ended:
                job.error = ""
        if job.request:
            job.request.close()

    def store_again(self, actor: Actor, job: Job) -> None:
        """Stores what could not be stored before, as who asks now: the session that drafted it may have ended."""
        _ours(actor, job)
        if job.unsaved is not None:
            job.actor = actor
            self._store(job, job.unsaved)
            job.unsaved, job.error = None, ""

    def versions_for(self, actor: Actor) -> dict[str, str]:
        """What judges in the actor's workspace today; {} until it is loaded."""
        if not self.versions:
            return {}
        rewards = self.room.rewards_with(judging_of(self.db, actor, self.room.settings))
        return {"rewards": rewards.version, "rules": rewards.rules.version}

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

    def _ask(self, job: Job) -> Request:
        """Enters the writer's line. What is read here is read when the turn comes, in the writer's thread."""
        db, room, actor = self.db, self.room, job.actor

        def seed() -> int:
            # the number as well: a draft that was stopped or not stored is not counted; and the brief: in a studio that
            # is started anew each day the first sets of all briefs would else be shuffled alike (positions.py)
            job.seed = count_generations(db, actor, job.brief_id) + 1009 * job.number + 6007 * job.brief_id
            return job.seed

        def served() -> list[str]:
            return [text for slot in job.counts for text in served_texts(db, actor, job.brief_id, slot)]

        def adapters() -> tuple[Path, ...]:
            found = writers(db, actor, room.settings)
            job.adapter = found[0] if found else None
            return found

        return room.draft(
            job.brief, job.counts, seed, served, job.angle, job.like.text if job.like else None,
            judging=lambda: judging_of(db, actor, room.settings), writers=adapters, who=actor.user_id,
        )  # fmt: skip

    def _run(self, job: Job) -> None:
        try:
            self._draft(job)
        except NotFound as error:  # its brief is gone, as after a restore: there is nowhere to keep it
            job.unsaved, job.error = None, str(error)
        except (Forbidden, SignedOut, StorageError) as error:
            job.error = f"{error} The draft is kept in memory until then." if job.unsaved else str(error)
        except Exception as error:  # whatever it was, the page is told
            _log.exception("draft failed")
            job.error = f"The draft stopped with an error ({type(error).__name__}); try again."
        finally:
            if job.request:
                job.request.close()
            job.ended = True

    def _draft(self, job: Job) -> None:
        libraries()
        from relate_engine.draft import Drafted, Progress, Provisional

        assert job.request is not None, "it was asked for when the job was made"
        for event in job.request:  # closed by _run, whatever ends it
            if job.stopped:
                return
            if isinstance(event, Progress):
                job.done, job.step = event.done, event.label
            elif isinstance(event, Provisional):
                job.texts.append(event.text)
            elif isinstance(event, Failed):
                job.error = event.message
            elif isinstance(event, Drafted):
                self._known(job.adapter)
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


def _ours(actor: Actor, job: Job) -> None:
    """Raises unless the actor may act on this draft."""
    require(actor, "text.write")
    if job.actor.workspace_id != actor.workspace_id:
        raise NotFound("There is no such draft in your workspace; reload the page.")
