"""Drafts that run while nobody looks at the page: stored or kept until they can be, one for a double click, and
another one for each person. No model: the room is told what it drafts.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.desks.draft_brief import examples
from app.services import drafting_page
from app.services.briefs import save_brief
from app.services.drafting import list_generations, store_generation
from app.services.drafting_page import Job, Jobs
from app.services.people import FIRST_WORKSPACE, Actor, Forbidden, NotFound, Role, local_actor
from app.services.writing import Room, Waiting
from db.session import StorageError
from relate_engine.brief import Brief, full_ad
from relate_engine.config import Settings
from tests.unit.studio import brief, fresh, person, small_draft


class Told(list[object]):
    """A draft whose events are all there."""

    place = 0

    def close(self) -> None:
        pass


class SlowRoom:
    """Yields one finished draft; says what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []

    def draft(self, brief: Brief, counts: Mapping[str, int], *_: object, **__: object) -> "Told":
        from relate_engine.draft import Drafted, Progress

        self.asked.append(dict(counts))
        return Told([Waiting(1), Progress(6, 6, "Scoring"), Drafted(small_draft())])

    def rewards(self) -> SimpleNamespace:
        return SimpleNamespace(version="ctr-1", rules=SimpleNamespace(version="rules-1"))

    def policy(self, *_: object) -> SimpleNamespace:
        return SimpleNamespace(state=SimpleNamespace(problem="untrained writer"))


def finished(job: Job) -> Job:
    end = time.monotonic() + 60
    while not job.ended and time.monotonic() < end:
        time.sleep(0.02)
    return job


def test_a_draft_is_stored_without_a_page(tmp_path: Path) -> None:
    db = fresh(tmp_path)
    actor, room = local_actor(db), SlowRoom()
    stored = save_brief(db, actor, examples()[0])
    jobs = Jobs(db, room)  # type: ignore[arg-type]
    job = finished(jobs.start(actor, stored, full_ad(stored.brief)))
    assert job.error == "" and jobs.of(actor, stored.id) == []
    assert room.asked == [{"headline": 15, "description": 4, "path": 2}]
    assert jobs.problem == "untrained writer" and jobs.versions["rules"] == "rules-1"
    generation = list_generations(db, actor, stored.id)[0]
    assert len(generation.texts) == 6 and generation.request["whole"]


def test_two_people_get_different_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one, queued while the first is written, starts from another seed and from what the first showed."""
    from relate_engine.draft import Drafted

    asked: list[tuple[object, object]] = []

    def run(_policy: object, _rewards: object, _brief: Brief, _counts: object, *more: object) -> Iterator[object]:
        asked.append((more[0], more[1]))
        time.sleep(0.5)
        yield Drafted(small_draft())

    monkeypatch.setattr("relate_engine.draft.draft", run)
    db = fresh(tmp_path)
    actor, writers, slow = local_actor(db), Room(Settings(home=tmp_path, cache=tmp_path)), SlowRoom()
    colleague = person(db, "advertiser", FIRST_WORKSPACE)
    monkeypatch.setattr(writers, "rewards", slow.rewards)
    monkeypatch.setattr(writers, "policy", slow.policy)
    stored = save_brief(db, actor, examples()[0])
    jobs = Jobs(db, writers)
    for job in [jobs.start(who, stored, {"headline": 3}) for who in (actor, colleague)]:
        assert finished(job).error == ""
    (first, nothing), (second, served) = asked
    assert first != second and nothing == []
    assert sorted(served) == sorted(c.text for c in small_draft().candidates if c.slot == "headline")  # type: ignore[call-overload]
    assert sorted(s.seed or 0 for s in list_generations(db, actor, stored.id)) == [first, second]


def test_a_draft_that_cannot_be_stored_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = fresh(tmp_path)
    actor = local_actor(db)
    stored = save_brief(db, actor, examples()[0])
    jobs = Jobs(db, SlowRoom())  # type: ignore[arg-type]

    def full(*_: object, **__: object) -> None:
        raise StorageError("The disk is full, so nothing was saved; free some space and try again.")

    with monkeypatch.context() as broken:
        broken.setattr(drafting_page, "store_generation", full)
        job = finished(jobs.start(actor, stored, {"headline": 3}))
    assert "disk is full" in job.error and jobs.of(actor, stored.id) == [job]
    reviewer, stranger = person(db, "reviewer", FIRST_WORKSPACE), person(db, "advertiser", "Theirs")
    for who, refusal in ((reviewer, Forbidden), (stranger, NotFound)):
        with pytest.raises(refusal):
            jobs.store_again(who, job)
    jobs.store_again(actor, job)
    assert len(list_generations(db, actor, stored.id)) == 1 and jobs.of(actor, stored.id) == []


class StillWriting(SlowRoom):
    """Drafts that are never done."""

    def draft(self, brief: Brief, counts: Mapping[str, int], *_: object, **__: object) -> "Told":
        self.asked.append(dict(counts))
        return Endless()


class Endless(Told):
    """Says nothing until it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[object]:
        self.closed.wait(60)
        return iter(())

    def close(self) -> None:
        self.closed.set()


def test_a_double_click_starts_one_draft(tmp_path: Path) -> None:
    db, room = fresh(tmp_path), StillWriting()
    ada, bo = person(db, "advertiser"), person(db, "advertiser")
    stored, other = save_brief(db, ada, brief()), save_brief(db, ada, brief("Oak Desk"))
    changed = replace(stored, brief=brief(tone="dry"))
    text = store_generation(db, ada, stored.id, small_draft()).texts[0]
    jobs, three = Jobs(db, room), {"headline": 3}  # type: ignore[arg-type]
    first = jobs.start(ada, stored, three)
    assert jobs.start(ada, stored, three) is first and jobs.start(ada, stored, {"headline": 3}) is first
    assert jobs.of(ada, stored.id) == [first] and room.asked == [three]
    others = [
        jobs.start(bo, stored, three), jobs.start(ada, other, three), jobs.start(ada, changed, three),
        jobs.start(ada, stored, {"headline": 4}), jobs.start(ada, stored, three, "benefit"),
        jobs.start(ada, stored, three, None, text),
    ]  # fmt: skip
    assert len({first.number, *(job.number for job in others)}) == 7 == len(room.asked)
    first.asked -= 2.1  # so long ago, pressing again asks for another one
    second = jobs.start(ada, stored, three)
    assert second is not first and jobs.start(ada, stored, three) is second
    jobs.stop(ada, second)
    third = jobs.start(ada, stored, three)  # stopped, so it was meant
    assert third is not second and len(room.asked) == 9
    for job in (first, third, *others):
        jobs.stop(ada, job)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (None, "Your session has ended, so this was not done; sign in again."),
        ("reviewer", "Your role, reviewer, may not draft or add texts"),
    ],
)
def test_a_session_or_role_that_ends_under_a_draft(tmp_path: Path, role: Role | None, said: str) -> None:
    """The draft says so in words, and whoever may write saves it."""
    db = fresh(tmp_path)
    ada = person(db, "advertiser")
    stored = save_brief(db, ada, brief())
    roles: list[Role | None] = ["advertiser", role]  # when it was asked for, and when it is to be stored
    then = Actor(ada.user_id, "advertiser", ada.workspace_id, lambda: roles.pop(0) if len(roles) > 1 else roles[0])
    jobs = Jobs(db, SlowRoom())  # type: ignore[arg-type]
    job = finished(jobs.start(then, stored, {"headline": 3}))
    assert job.error.startswith(said) and job.error.endswith(". The draft is kept in memory until then.")
    assert list_generations(db, ada, stored.id) == []
    jobs.store_again(ada, job)  # signed in again
    assert jobs.of(ada, stored.id) == [] and len(list_generations(db, ada, stored.id)[0].texts) == 6


def test_a_brief_that_goes_under_a_draft(tmp_path: Path) -> None:
    db = fresh(tmp_path)
    ada = person(db, "advertiser")
    gone = replace(save_brief(db, ada, brief()), id=99)  # as after a restore of yesterday
    job = finished(Jobs(db, SlowRoom()).start(ada, gone, {"headline": 3}))  # type: ignore[arg-type]
    assert job.error == "There is no brief 99 in your workspace; choose one from the list." and job.unsaved is None
