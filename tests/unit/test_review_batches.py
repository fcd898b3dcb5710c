"""Many texts whose looks have become complete are decided some at a time, so that others can write in between."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.services import review_status, workspace
from app.services.people import Actor
from app.services.review_status import decide_everywhere
from app.services.reviewing import give_verdict, undo
from db.session import Database, StorageError
from tests.unit.studio import person
from tests.unit.test_review_stranded import states
from tests.unit.test_review_verdicts import drafted, send

WORDS = ("Lock Your Kayak", "lock your kayak", "Two Racks", "Three Racks", "Four Racks", "Five Racks", "Six Racks")


@pytest.fixture
def waiting(db: Database) -> tuple[Actor, list[int], dict[int, int]]:
    """A reviewer, texts she alone has looked at (two are one claim), and her verdicts."""
    rita = person(db, "reviewer")
    person(db, "reviewer")
    ids = drafted(db, *WORDS)
    send(db, *ids)
    given = {i: give_verdict(db, rita, i, "violation" if i == ids[3] else "compliant").id for i in (ids[0], *ids[2:])}
    return rita, ids, given


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many texts each transaction was given."""
    batches: list[int] = []
    real = review_status._decide

    def decide(session: object, workspace_id: int, text_ids: list[int], by: Actor | None) -> tuple[int, int]:
        batches.append(len(text_ids))
        return real(session, workspace_id, text_ids, by)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(review_status, "_decide", decide)
        yield batches


DECIDED = ["approved", "approved", "approved", "rejected", "approved", "approved", "approved"]


def test_another_number_of_looks_decides_a_few_at_a_time(
    db: Database, waiting: tuple[Actor, list[int], dict[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rita, ids, _ = waiting
    monkeypatch.setattr(review_status, "PAGE", 1)  # even texts of one claim are decided apart
    with counted(monkeypatch) as batches:
        saved = workspace.change_settings(db, person(db, "admin"), {"review_overlap": 1})
    assert saved.review_overlap == 1
    assert states(db, rita, ids) == DECIDED and batches == [1] * len(ids)


def test_others_write_between_two_batches(
    db: Database, waiting: tuple[Actor, list[int], dict[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rita, ids, given = waiting
    monkeypatch.setattr(review_status, "PAGE", 2)
    real = time.sleep

    def meanwhile(seconds: float) -> None:
        monkeypatch.setattr(time, "sleep", real)
        undo(db, rita, given[ids[-1]])  # the lock is free, and what she takes back is not decided any more

    monkeypatch.setattr(time, "sleep", meanwhile)
    workspace.change_settings(db, person(db, "admin"), {"review_overlap": 1})
    assert states(db, rita, ids) == [*DECIDED[:-1], "in_review"]


def test_a_slow_machine_holds_the_lock_no_longer(
    db: Database, waiting: tuple[Actor, list[int], dict[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rita, ids, _ = waiting
    monkeypatch.setattr(review_status, "HOLD_S", 0.0)
    with counted(monkeypatch) as batches:
        workspace.change_settings(db, person(db, "admin"), {"review_overlap": 1})
    assert batches == [7, 6, 5, 4, 3, 2, 1] and states(db, rita, ids) == DECIDED


def test_the_worker_stops_in_time_and_goes_on_the_next_minute(
    db: Database, waiting: tuple[Actor, list[int], dict[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rita, ids, _ = waiting
    busy = pytest.MonkeyPatch()
    busy.setattr(review_status, "_decide", lambda *_: (_ for _ in ()).throw(StorageError("busy")))
    workspace.change_settings(db, person(db, "admin"), {"review_overlap": 1})  # the number is saved all the same
    busy.undo()
    assert states(db, rita, ids) == ["in_review"] * 7
    monkeypatch.setattr(review_status, "PAGE", 2)
    monkeypatch.setattr(review_status, "PAUSE_S", 0.2)
    monkeypatch.setattr(review_status, "UPKEEP_S", 0.15)
    first = decide_everywhere(db)
    assert 0 < first < 7
    monkeypatch.setattr(review_status, "PAUSE_S", 0.0)
    monkeypatch.setattr(review_status, "UPKEEP_S", 60.0)
    assert first + decide_everywhere(db) == 7 and states(db, rita, ids) == DECIDED
