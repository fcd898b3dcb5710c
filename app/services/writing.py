"""The writer's room: one thread owns the policy, callers queue, each sees its place.

torch, the prompt cache and the sampler are shared state, and two busy torch threads slow each other
tenfold on a small machine, so drafts run one after another in a thread that outlives any page rerun, and the people
who ask take turns (turns.py). A page that is left or refreshed loses nothing but its view. Scoring alone (own lines,
edits) does not queue.
Leaves out: storage (drafting.py), the drafts of a page (drafting_page.py) and of a whole client (client_job.py).
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services import presence
from app.services.judging import SHIPPED, Judging
from app.services.process import libraries, quiet, set_threads
from app.services.trouble import sentence
from app.services.turns import Line
from relate_engine.brief import Angle, Brief
from relate_engine.config import ASSETS, Settings
from relate_engine.scorecard import AdText, Scorecard

if TYPE_CHECKING:
    from relate_engine.draft import Writer
    from relate_engine.score import Rewards, Scope

# torch reads the thread counts when it is imported, so the engine is imported where it is first needed
_log = logging.getLogger("relate")
POLICIES = 2  # writers kept in memory: the one in use, and in a trial the one beside it
STORING = 15.0  # seconds the next draft waits for the caller of the last to store it


@dataclass(frozen=True)
class Waiting:
    """In the line, with `place` drafts ahead, the one that is being written too. Told whenever that changes."""

    place: int


@dataclass(frozen=True)
class Failed:
    """The draft ended in trouble; `message` is one sentence for a person, `error` what it was."""

    message: str
    error: BaseException = field(compare=False)


@dataclass(eq=False)
class Request:
    """One draft asked for. Iterate over it once: events come as they happen, the last is Drafted or Failed.

    `seed`, `served`, `judging` and `writers` are asked for when its turn comes: drafts ahead of it may be stored by
    then, and another version promoted or published. `between`: done before each event, in the writer's thread.
    """

    brief: Brief
    counts: Mapping[str, int]
    seed: Callable[[], int]
    served: Callable[[], Sequence[str]]
    angle: Angle | None
    like: str | None
    judging: Callable[[], Judging]
    writers: Callable[[], Sequence[Path]]
    between: Callable[[], None]
    leave: Callable[["Request"], None]
    place: int = 0  # drafts ahead in the line; 0: its turn has come
    events: "queue.Queue[object]" = field(default_factory=queue.Queue)
    left: threading.Event = field(default_factory=threading.Event)  # the caller has finished, or gone

    def __iter__(self) -> Iterator[object]:
        """The next draft begins when the caller has asked on after Drafted, so what it stored is known to the next."""
        libraries()
        from relate_engine.draft import Drafted

        try:
            while not self.left.is_set():
                event = self.events.get()
                if event is None:
                    return
                yield event
                if isinstance(event, (Drafted, Failed)):
                    return
        finally:
            self.close()

    def close(self) -> None:
        """Gives up the place in the line, or ends the draft at its next event; who iterates is let go."""
        self.left.set()
        self.leave(self)
        self.events.put(None)


class Room:
    """Owns the policy and the rewards of this process: make one, and share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        quiet(settings)
        self._line: Line[Request] = Line()
        self._changed = threading.Condition()  # holds the line
        self._loading_rewards = threading.Lock()
        self._loading_policy = threading.Lock()  # its own: scoring does not wait for the writer
        self._rewards: Rewards | None = None
        self._learned: tuple[Path, Rewards] | None = None  # the last workspace's, with its folder
        self._policies: dict[Path, Writer] = {}  # by adapter folder, the last used one last
        self._thread: threading.Thread | None = None

    def rewards(self) -> "Rewards":
        """The rewards, loaded at first use (about 3 s). Raises WeightsError with the remedy."""
        with self._loading_rewards:
            if self._rewards is None:
                set_threads(self.settings)
                from relate_engine.score import load_rewards

                s = self.settings
                self._rewards = load_rewards(s.cache, ASSETS, s.base_ctr, s.base_cvr, s.interval_level)
        return self._rewards

    def rewards_with(self, judging: Judging) -> "Rewards":
        """The rewards of a workspace; where its reward model does not load, without it, and saying so."""
        own: dict[str, Any] = {} if judging.rules is None else {"rules": judging.rules}
        own |= {"blocking": judging.blocking} if judging.blocking else {}
        own |= {"calls": judging.calls} if judging.calls else {}
        found = self._with_model(judging.learned)
        return replace(found, **own) if own else found

    def _with_model(self, learned: Path | None) -> "Rewards":
        base = self.rewards()
        if learned is None:
            return base
        with self._loading_rewards:
            if self._learned is None or self._learned[0] != learned:
                from relate_engine.policy.weights import WeightsError
                from relate_engine.rewards.learned import RewardModel

                try:
                    found = replace(base, learned=RewardModel.load(learned, base.head.version))
                except WeightsError as error:
                    found = replace(base, problem=f"Rates are priors: {error}")
                self._learned = learned, found
            return self._learned[1]

    def policy(self, adapter: Path | None = None) -> "Writer":
        """The writer with this adapter (None: the shipped one), loaded at first use (about 8 s) and kept.

        Raises WeightsError with the remedy; a promoted adapter that does not go on is one, while the studio with the
        shipped one starts untrained and says so.
        """
        folder = adapter or self.settings.adapter
        if self.settings.policy_url:  # that server is the one writer, whatever is promoted here
            folder = self.settings.adapter
        with self._loading_policy:
            policy = self._policies.pop(folder, None)
            if policy is None:
                while len(self._policies) >= POLICIES:
                    del self._policies[next(iter(self._policies))]
                set_threads(self.settings)
                from relate_engine.draft import load_policy, load_remote

                s = self.settings
                if s.policy_url:
                    key = s.policy_key.get_secret_value()
                    policy = load_remote(s.policy_url, s.policy_model, key, s.policy_examples, ASSETS)
                else:
                    policy = load_policy(s.base_model, s.cache, folder, ASSETS)
            if folder != self.settings.adapter and policy.state.problem:
                from relate_engine.policy.weights import WeightsError

                raise WeightsError(
                    f"Writer version {folder.name} does not load ({policy.state.problem.partition(';')[0]}); "
                    "roll it back or stop its trial on the page Decide."
                )
            self._policies[folder] = policy
            return policy

    def score(
        self,
        brief: "Brief | Scope",
        texts: Sequence[AdText],
        served: Sequence[str] = (),
        mates: bool = True,
        limits: bool = True,
        judging: Judging = SHIPPED,
    ) -> list[Scorecard]:
        """Scorecards of texts of any author, in order; does not need the policy. A Scope where there is no brief.

        `mates`, `limits`: see score_texts. `judging`: what the workspace's texts are judged by.
        """
        rewards = self.rewards_with(judging)
        from relate_engine.score import score_texts

        return score_texts(rewards, brief, texts, served, mates=mates, limits=limits)

    def draft(
        self,
        brief: Brief,
        counts: Mapping[str, int],
        seed: int | Callable[[], int],
        served: Sequence[str] | Callable[[], Sequence[str]] = (),
        angle: Angle | None = None,
        like: str | None = None,
        judging: Callable[[], Judging] = lambda: SHIPPED,
        writers: Callable[[], Sequence[Path]] = tuple,
        who: int = 0,
        between: Callable[[], None] | None = None,
    ) -> Request:
        """Enters the line for a draft and returns at once; iterate over what it returns, or close it.

        Events: Waiting while others are ahead, then Progress and Provisional, last Drafted or Failed.
        `who`: the person whose turn it takes. `writers`: the adapter that writes, and a second one in a trial; none:
        the shipped one. `between`: by default marks that somebody drafts here, so that the worker leaves a core to it.
        """
        request = Request(
            brief,
            dict(counts),
            seed if callable(seed) else lambda: seed,
            served if callable(served) else lambda: served,
            angle,
            like,
            judging,
            writers,
            between or (lambda: presence.mark(self.settings, "drafting")),
            self._leave,
        )
        with self._changed:
            self._line.enter(who, request)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                self._thread.start()
            self._tell()
            self._changed.notify_all()
        return request

    def _leave(self, request: Request) -> None:
        with self._changed:
            self._line.leave(request)
            self._tell()

    def _tell(self) -> None:
        """Tells whose place has changed; call with the lock."""
        for request, place in self._line.places():
            if request.place != place:
                request.place = place
                request.events.put(Waiting(place))

    def _work(self) -> None:
        while True:
            with self._changed:
                while (request := self._line.take()) is None:
                    self._changed.wait()
                request.place = 0
                self._tell()
            try:
                self._run(request)
            except BaseException as error:  # whatever it was, the caller is told and the thread lives on
                _log.exception("draft failed")
                request.events.put(Failed(sentence(error, "The writer"), error))
            with self._changed:
                self._line.end()
                self._tell()

    def _run(self, request: Request) -> None:
        started = time.perf_counter()
        request.between()
        rewards = self.rewards_with(request.judging())
        adapters = () if self.settings.policy_url else request.writers()
        policy, *rivals = [self.policy(adapter) for adapter in adapters or (None,)]
        from relate_engine.draft import draft
        from relate_engine.policy.memory import release

        _log.info("loaded in %.1f s", time.perf_counter() - started)
        events = draft(
            policy,
            rewards,
            request.brief,
            request.counts,
            request.seed(),
            request.served(),
            request.angle,
            request.like,
            self.settings.oversample,
            self.settings.temperature,
            *rivals,
        )
        for event in events:
            request.between()
            if request.left.is_set():
                break
            request.events.put(event)
        release()
        request.left.wait(STORING)
