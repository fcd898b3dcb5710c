"""The writer's room: one draft after another, each told its place, none lost to another's failure."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import presence
from app.services.writing import Failed, Room, Waiting
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings
from relate_engine.draft import Draft, Drafted, Progress

BRIEF = Brief(product="Tarn Bottle", description="A steel bottle for the road.")
DRAFT = Draft((), (), (), {}, {}, {})


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A room whose writer is a slow stand-in: these tests are about the queue."""
    made = Room(Settings(home=tmp_path, cache=tmp_path))
    monkeypatch.setattr(made, "policy", lambda _: None)
    monkeypatch.setattr(made, "rewards", lambda: None)
    return made


def writing(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setattr("relate_engine.draft.draft", run)


def test_two_at_once_both_finish_in_turn_and_see_their_place(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    busy, together = threading.Lock(), []

    def slow(*_: object) -> Iterator[object]:
        together.append(not busy.acquire(blocking=False))
        time.sleep(1.2)
        busy.release()
        yield Progress(1, 1, "x")
        yield Drafted(DRAFT)

    writing(monkeypatch, slow)
    seen: list[list[object]] = [[], []]

    def tab(n: int) -> None:
        seen[n] = list(room.draft(BRIEF, {"headline": 1}, n))

    tabs = [threading.Thread(target=tab, args=(n,)) for n in (0, 1)]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join(20)
    assert all(isinstance(events[-1], Drafted) for events in seen)
    assert together == [False, False]
    assert any(Waiting(1) in events for events in seen)
    assert presence.alive(room.settings, "drafting")  # the worker leaves a core to it


def test_trouble_is_one_sentence_and_the_next_draft_runs(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    troubles: list[Exception] = [BriefError("Say what is advertised."), MemoryError(), RuntimeError("boom")]

    def run(*_: object) -> Iterator[object]:
        if troubles:
            raise troubles.pop(0)
        yield Drafted(DRAFT)

    writing(monkeypatch, run)
    said = [list(room.draft(BRIEF, {"headline": 1}, 0))[-1] for _ in range(4)]
    assert isinstance(said[0], Failed) and said[0].message == "Say what is advertised."
    assert isinstance(said[1], Failed) and "not enough memory" in said[1].message
    assert isinstance(said[2], Failed) and "RuntimeError" in said[2].message
    assert isinstance(said[3], Drafted)


def test_a_caller_who_leaves_does_not_hold_up_the_line(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_policy: object, _rewards: object, brief: Brief, *_: object) -> Iterator[object]:
        while brief.product == "Tarn Bottle":
            time.sleep(0.05)
            yield Progress(1, 2, "x")
        yield Drafted(DRAFT)

    writing(monkeypatch, endless)
    leaving = room.draft(BRIEF, {"headline": 1}, 0)
    next(iter(leaving))
    leaving.close()
    other = BRIEF.model_copy(update={"product": "Fell Flask"})
    assert isinstance(list(room.draft(other, {"headline": 1}, 0))[-1], Drafted)


def test_seed_and_served_are_asked_for_when_the_one_before_is_stored(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[str] = []
    asked: list[object] = []

    def run(_policy: object, _rewards: object, _brief: Brief, _counts: object, *more: object) -> Iterator[object]:
        asked.append(more[:2])
        time.sleep(0.3)
        yield Drafted(DRAFT)

    writing(monkeypatch, run)

    def tab() -> None:
        for event in room.draft(BRIEF, {"headline": 1}, lambda: len(stored), lambda: tuple(stored)):
            if isinstance(event, Drafted):
                time.sleep(0.3)  # a slow disk
                stored.append(f"text {len(stored)}")

    tabs = [threading.Thread(target=tab) for _ in range(3)]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join(20)
    assert asked == [(0, ()), (1, ("text 0",)), (2, ("text 0", "text 1"))]


def test_who_leaves_while_waiting_does_not_count_in_others_place(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    go, ran = threading.Event(), []

    def run(
        _policy: object, _rewards: object, _brief: Brief, _counts: object, seed: int, *_: object
    ) -> Iterator[object]:
        ran.append(seed)
        yield Progress(0, 1, "x")
        go.wait(20)
        yield Drafted(DRAFT)

    writing(monkeypatch, run)
    first = iter(room.draft(BRIEF, {"headline": 1}, 1))
    assert isinstance(next(first), Progress)
    leaves, stays = room.draft(BRIEF, {"headline": 1}, 2), room.draft(BRIEF, {"headline": 1}, 3)
    staying = iter(stays)
    assert (leaves.place, stays.place) == (1, 2) and (next(iter(leaves)), next(staying)) == (Waiting(1), Waiting(2))
    leaves.close()
    assert next(staying) == Waiting(1) and stays.place == 1
    go.set()
    assert isinstance(list(first)[-1], Drafted) and isinstance(list(staying)[-1], Drafted)
    assert ran == [1, 3]


def test_whoever_drafts_people_take_turns_in_the_one_line(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada (1) asks three times, Bo (2) twice, Cy (3) once: after the first each gets one before Ada's next."""
    go, ran = threading.Semaphore(0), []

    def run(*asked: Any) -> Iterator[object]:
        ran.append(asked[4])  # the seed
        go.acquire()
        yield Drafted(DRAFT)

    writing(monkeypatch, run)
    asked = {}
    for seed, who in ((1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3)):
        asked[seed] = room.draft(BRIEF, {"headline": 1}, seed, who=who)
        _until(lambda: ran == [1])
    assert [request.place for request in asked.values()] == [0, 3, 5, 1, 4, 2]
    asked[3].close()  # who leaves does not count any more
    assert [asked[seed].place for seed in (2, 4, 5, 6)] == [3, 1, 4, 2]
    threads = [threading.Thread(target=list, args=(request,)) for request in asked.values()]
    for thread in threads:
        thread.start()
    for _ in range(5):
        go.release()
    for thread in threads:
        thread.join(20)
    assert ran == [1, 4, 6, 2, 5]


def test_who_has_left_the_line_comes_as_a_new_one(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn is remembered only while its person has more to come: two who come again go by who came first."""
    go, ran = threading.Semaphore(0), []

    def run(*asked: Any) -> Iterator[object]:
        ran.append(asked[4])  # the seed
        go.acquire()
        yield Drafted(DRAFT)

    writing(monkeypatch, run)
    go.release()
    list(room.draft(BRIEF, {"headline": 1}, 0, who=1))
    requests = [room.draft(BRIEF, {"headline": 1}, 9, who=9)]
    _until(lambda: ran == [0, 9])
    requests += [room.draft(BRIEF, {"headline": 1}, seed, who=who) for seed, who in ((1, 1), (2, 2))]
    threads = [threading.Thread(target=list, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for _ in range(3):
        go.release()
    for thread in threads:
        thread.join(20)
    assert ran == [0, 9, 1, 2]


def test_a_draft_that_is_closed_lets_go_whoever_listens(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def run(*_: object) -> Iterator[object]:
        go.wait(20)
        yield Drafted(DRAFT)

    writing(monkeypatch, run)
    request = room.draft(BRIEF, {"headline": 1}, 1)
    listener = threading.Thread(target=list, args=(request,))
    listener.start()
    request.close()
    listener.join(5)
    assert not listener.is_alive()
    go.set()


def _until(true: Any) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_rewards_do_not_wait_for_the_writer_to_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loading, go = threading.Event(), threading.Event()

    def slow(*_: object) -> str:
        loading.set()
        go.wait(20)
        return "policy"

    monkeypatch.setattr("relate_engine.draft.load_policy", slow)
    monkeypatch.setattr("relate_engine.score.load_rewards", lambda *_: "rewards")
    made = Room(Settings(home=tmp_path, cache=tmp_path))
    thread = threading.Thread(target=made.policy)
    thread.start()
    assert loading.wait(20)
    found: list[object] = []
    scoring = threading.Thread(target=lambda: found.append(made.rewards()))
    scoring.start()
    scoring.join(5)
    go.set()
    thread.join(20)
    assert found == ["rewards"]
