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
    assert said[0] == Failed("Say what is advertised.")
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
    next(leaving)
    leaving.close()  # type: ignore[attr-defined]
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
    first = room.draft(BRIEF, {"headline": 1}, 1)
    assert isinstance(next(first), Progress)
    leaving, staying = room.draft(BRIEF, {"headline": 1}, 2), room.draft(BRIEF, {"headline": 1}, 3)
    assert (next(leaving), next(staying)) == (Waiting(1), Waiting(2))
    leaving.close()  # type: ignore[attr-defined]
    assert next(staying) == Waiting(1)
    go.set()
    assert isinstance(list(first)[-1], Drafted) and isinstance(list(staying)[-1], Drafted)
    assert ran == [1, 3]


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
