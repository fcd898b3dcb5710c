"""The writer's room: one thread owns the policy, callers queue, each sees its place.

torch, the prompt cache and the sampler are shared state, and two busy torch threads slow each other
tenfold on a small machine, so drafts run one after another in a thread that outlives any page rerun. A
page that is left or refreshed loses nothing but its view. Scoring alone (own lines, edits) does not queue.
Leaves out: storage (drafting.py) and pages.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.services import presence
from app.services.process import libraries, quiet, set_threads
from app.services.trouble import sentence
from relate_engine.brief import Angle, Brief
from relate_engine.config import ASSETS, Settings
from relate_engine.scorecard import AdText, Scorecard

if TYPE_CHECKING:
    from relate_engine.draft import Writer
    from relate_engine.rewards.rules import RuleSet
    from relate_engine.score import Rewards, Scope

# torch reads the thread counts when it is imported, so the engine is imported where it is first needed
_log = logging.getLogger("relate")
POLICIES = 2  # writers kept in memory: the one in use, and in a trial the one beside it
STORING = 15.0  # seconds the next draft waits for the caller of the last to store it


@dataclass(frozen=True)
class Waiting:
    """In the queue: `place` 1 is next. Yielded while another draft runs."""

    place: int


@dataclass(frozen=True)
class Failed:
    """The draft ended in trouble; `message` is one sentence for a person."""

    message: str


@dataclass(eq=False)
class Request:
    """One draft asked for; its events arrive in `events` and end with Drafted or Failed.

    `seed`, `served`, `writers` and `rules` are asked for when its turn comes: drafts ahead of it may be stored by
    then, and another version promoted or published.
    """

    brief: Brief
    counts: Mapping[str, int]
    seed: Callable[[], int]
    served: Callable[[], Sequence[str]]
    angle: Angle | None
    like: str | None
    learned: Path | None
    writers: Callable[[], Sequence[Path]]
    rules: "Callable[[], RuleSet | None]"
    events: "queue.Queue[object]" = field(default_factory=queue.Queue)
    left: threading.Event = field(default_factory=threading.Event)  # the caller has finished, or gone


class Room:
    """Owns the policy and the rewards of this process: make one, and share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        quiet(settings)
        self._waiting: list[Request] = []
        self._changed = threading.Condition()
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

    def rewards_with(self, learned: Path | None, rules: "RuleSet | None" = None) -> "Rewards":
        """The rewards with the reward model in the folder `learned`; where it does not load, without, and saying so.

        `rules`: those of the workspace (rulebook.own_rules); None: the shipped ones."""
        found = self._with_model(learned)
        return found if rules is None else replace(found, rules=rules)

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
        learned: Path | None = None,
        rules: "RuleSet | None" = None,
    ) -> list[Scorecard]:
        """Scorecards of texts of any author, in order; does not need the policy. A Scope where there is no brief.

        `mates`, `limits`: see score_texts. `learned`: the folder of the workspace's reward model. `rules`: its rules.
        """
        rewards = self.rewards_with(learned, rules)
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
        learned: Path | None = None,
        writers: Callable[[], Sequence[Path]] = tuple,
        rules: "Callable[[], RuleSet | None]" = lambda: None,
    ) -> Iterator[object]:
        """Events of a draft: Waiting while others run, then Progress and Provisional, last Drafted or Failed.

        `writers`: the adapter that writes, and a second one in a trial; none: the shipped one. It is called when the
        turn comes, in the writer's thread, and so are `rules`, those of the workspace, and `seed` and `served` where
        they are callables. The next draft begins when the caller has asked on after Drafted, so what it stored is
        known to the next.
        A caller that stops listening gives up its place, or cancels its draft at the next event.
        """
        request = Request(
            brief,
            dict(counts),
            seed if callable(seed) else lambda: seed,
            served if callable(served) else lambda: served,
            angle,
            like,
            learned,
            writers,
            rules,
        )
        with self._changed:
            self._waiting.append(request)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        libraries()
        from relate_engine.draft import Drafted

        try:
            while True:
                try:
                    event = request.events.get(timeout=0.5)
                except queue.Empty:
                    if place := self._place(request):
                        yield Waiting(place)
                    continue
                yield event
                if isinstance(event, (Drafted, Failed)):
                    return
        finally:
            request.left.set()
            with self._changed:
                if request in self._waiting:
                    self._waiting.remove(request)

    def _place(self, request: Request) -> int:
        with self._changed:
            return self._waiting.index(request) + 1 if request in self._waiting else 0

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                request = self._waiting.pop(0)
            try:
                self._run(request)
            except Exception as error:  # whatever it was, the caller is told and the thread lives on
                _log.exception("draft failed")
                request.events.put(Failed(sentence(error, "The writer")))

    def _run(self, request: Request) -> None:
        started = time.perf_counter()
        presence.mark(self.settings, "drafting")  # the worker then leaves a core to this process
        rewards = self.rewards_with(request.learned, request.rules())
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
            presence.mark(self.settings, "drafting")
            if request.left.is_set():
                break
            request.events.put(event)
        release()
        request.left.wait(STORING)
