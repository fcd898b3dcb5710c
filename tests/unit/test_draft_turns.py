"""Drafts of several people on one writer: they take turns, and each sees its place in the line."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.services import briefs
from app.services.drafting_page import Jobs
from app.services.people import Actor, Forbidden, NotFound
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from tests.unit.studio import brief, person


def test_drafts_of_several_people_take_turns(
    db: Database, ada: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo, cy = person(db, "advertiser"), person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    order: list[str] = []
    goes = threading.Semaphore(0)

    def slow(*asked: Any) -> Iterator[object]:
        from relate_engine.draft import Progress

        order.append(str(asked[3]["headline"]))
        yield Progress(0, 1, "begun")
        goes.acquire()
        raise BriefError("ended")

    monkeypatch.setattr("relate_engine.draft.draft", slow)
    monkeypatch.setattr(Room, "policy", lambda *_: None)
    monkeypatch.setattr(Room, "rewards_with", lambda *_: None)
    line = Jobs(db, Room(Settings(_env_file=None, home=tmp_path, cache=tmp_path)))  # type: ignore[call-arg]
    asked = [(ada, 1), (ada, 2), (ada, 3), (bo, 4), (bo, 5), (cy, 6)]
    drafts = []
    for actor, number in asked:
        drafts.append(line.start(actor, saved, {"headline": number}))
        if number == 1:
            _until(lambda: order == ["1"])
    assert [job.place for job in drafts] == [0, 3, 5, 1, 4, 2]
    with pytest.raises(Forbidden):
        line.stop(person(db, "reviewer"), drafts[2])
    with pytest.raises(NotFound):
        line.stop(person(db, "advertiser", "Theirs"), drafts[2])
    line.stop(ada, drafts[2])  # who leaves does not count any more
    _until(lambda: drafts[2].ended)
    assert [job.place for job in drafts if not job.ended] == [0, 3, 1, 4, 2]
    for count in range(2, 6):
        goes.release()
        _until(lambda count=count: len(order) == count)  # type: ignore[misc]
    goes.release()
    _until(lambda: all(job.ended for job in drafts))
    assert order == ["1", "4", "6", "2", "5"]
    with db.read() as session:
        assert session.scalar(select(models.Generation.id).limit(1)) is None


def _until(true: Any) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
