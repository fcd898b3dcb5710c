"""A whole client: an Editor export becomes briefs, and one job drafts them all, is cancelled or survives a kill."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.services import briefs, client_job, clients, drafting, jobrun, jobs, presence
from app.services.client_file import read_client
from app.services.people import Actor, Forbidden, NotFound
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings
from tests.unit.client_world import made
from tests.unit.studio import card, person, small_draft
from tests.unit.test_client_file import BOARD, KAYAK, editor, row


def test_briefs_are_made_with_their_place_in_the_account(db: Database, ada: Actor) -> None:
    file = read_client(editor(KAYAK, BOARD), "client.csv")
    first, second = made(db, ada, file)
    listed = {r.id: r for r in briefs.brief_page(db, ada).rows}
    assert (listed[first].campaign, listed[first].ad_group) == ("Spring | Search", "Kayak Racks - Exact")
    stored = briefs.get_brief(db, ada, first).brief
    assert stored.placement == "google_rsa" and stored.landing_page == "https://www.tidelock.com/racks"
    assert [one.known for one in clients.plan(db, ada, file)] == [first, second]  # the same file again is told
    state = clients.job_state(db, ada)
    assert state is not None and (state.state, state.total, state.left) == ("queued", 2, (first, second))


def test_a_group_that_can_be_no_brief_is_named_and_nothing_is_made(db: Database, ada: Actor) -> None:
    german = row("C", "Kajaks", "Kajaks sicher an der Wand", "", "",
                 "Der Halter für zwei Kajaks, der sich schnell und einfach an der Wand montieren lässt.",
                 "Wir liefern das Set kostenlos nach Hause und die Montage ist nicht schwer.", "")  # fmt: skip
    planned = clients.plan(db, ada, read_client(editor(KAYAK, german), "client.csv"))
    assert planned[0].trouble == "" and "Ad group “Kajaks”" in planned[1].trouble
    with pytest.raises(BriefError, match="only English"):
        clients.make_briefs(db, ada, planned, ["us"], True)
    assert briefs.brief_page(db, ada).total == 0 and clients.job_state(db, ada) is None


def test_one_such_job_at_a_time_and_only_by_who_may(db: Database, ada: Actor) -> None:
    file = read_client(editor(KAYAK, BOARD), "client.csv")
    ids = made(db, ada, file)
    with pytest.raises(BriefError, match="still drafts briefs"):
        clients.draft_all(db, ada, ids)
    with pytest.raises(Forbidden):
        clients.draft_all(db, person(db, "analyst"), ids)
    eve = person(db, "admin", "Theirs")
    with pytest.raises(NotFound):
        clients.draft_all(db, eve, ids)
    assert clients.job_state(db, eve) is None


# The job


class Killed(BaseException):
    """What ends a body in the middle, like a kill."""


class Models:
    """In place of what the writer's room loads and of the writer: counts what is drafted, may be killed at a brief."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drafted: list[str] = []
        self.kill_at: str = ""
        self.during: Any = lambda: None
        writer = SimpleNamespace(version="writer-1", path="int8")
        monkeypatch.setattr(Room, "policy", lambda room, adapter=None: writer)
        monkeypatch.setattr(Room, "rewards_with", lambda *_: SimpleNamespace(version="ctr-1"))
        monkeypatch.setattr(Room, "score", self.score)
        monkeypatch.setattr("relate_engine.draft.draft", self.draft)

    def score(self, brief: Brief, texts: list[Any], *_: object, **__: object) -> list[Any]:
        return [card(t.text, t.slot, None, author=t.author, limit=90) for t in texts]

    def draft(self, _policy: object, _rewards: object, brief: Brief, counts: Mapping[str, int], *_: object
              ) -> Iterator[object]:  # fmt: skip
        from relate_engine.draft import Drafted, Progress

        yield Progress(1, 6, "1 text written")
        self.during()
        if brief.product == self.kill_at:
            raise Killed
        self.drafted.append(brief.product)
        yield Drafted(small_draft())


@pytest.fixture
def models_(monkeypatch: pytest.MonkeyPatch) -> Models:
    monkeypatch.setattr(client_job, "LOOK_S", 0.01)
    return Models(monkeypatch)


def run(db: Database, folder: Path) -> str:
    """One worker takes the job that waits and runs it to its end."""
    config = Settings(_env_file=None, home=folder, cache=folder)  # type: ignore[call-arg]
    job = jobrun.take(db, "worker", [client_job.KIND])
    assert job is not None
    body = jobs.checked(jobs.KINDS[client_job.KIND])
    return jobrun.run(db, config, job, "worker", body, threading.Event())


def killed(db: Database, folder: Path) -> None:
    """A worker dies inside the job: nothing more is written for it, and its lease runs out."""
    config = Settings(_env_file=None, home=folder, cache=folder)  # type: ignore[call-arg]
    job = jobrun.take(db, "dead", [client_job.KIND])
    assert job is not None
    context = jobrun.JobContext(db, config, job, "dead")
    with pytest.raises(Killed):
        client_job.client_job(context)
    with db.write() as session:
        session.get_one(models.Job, job.id).lease_until = None


def test_lines_are_scored_and_every_brief_is_drafted(db: Database, ada: Actor, models_: Models, tmp_path: Path) -> None:
    first, _ = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    assert run(db, tmp_path) == "done"
    assert models_.drafted == ["TideLock Kayak Racks", "Tidelock Board Racks"]
    draft, own = drafting.list_generations(db, ada, first)
    assert (draft.kind, own.kind) == ("draft", "own_lines") and draft.request["whole"]
    assert [text.text for text in own.texts][:2] == ["TideLock Kayak Racks", "Lock Two Kayaks"]
    assert own.texts[0].author == ada.author
    state = clients.job_state(db, ada)
    assert state is not None and state.message == "Drafted 2 of 2 briefs." and state.left == ()
    assert [row.counts.texts for row in briefs.brief_page(db, ada).rows] == [9, 11]


def test_a_killed_job_goes_on_and_drafts_nothing_twice(
    db: Database, ada: Actor, models_: Models, tmp_path: Path
) -> None:
    rows = [row("C", f"Rack {name}", f"Rack {name}", "", "", f"Rack {name} holds.", url="") for name in "ABC"]
    ids = made(db, ada, read_client(editor(*rows), "client.csv"))
    models_.kill_at = "Rack B"
    killed(db, tmp_path)
    assert models_.drafted == ["Rack A"]
    models_.kill_at = ""
    assert run(db, tmp_path) == "done"
    assert models_.drafted == ["Rack A", "Rack B", "Rack C"]
    kinds = [[g.kind for g in drafting.list_generations(db, ada, i)] for i in ids]
    assert kinds == [["draft", "own_lines"]] * 3


def test_a_draft_that_was_stored_just_before_the_kill_is_not_written_again(
    db: Database, ada: Actor, models_: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as cut:
        cut.setattr(jobrun.JobContext, "checkpoint", dies)
        killed(db, tmp_path)
    assert run(db, tmp_path) == "done"
    assert models_.drafted == ["TideLock Kayak Racks"]
    assert [g.kind for g in drafting.list_generations(db, ada, only)] == ["draft", "own_lines"]


def test_a_cancelled_job_keeps_what_it_did_and_can_go_on(
    db: Database, ada: Actor, models_: Models, tmp_path: Path
) -> None:
    rows = [row("C", f"Rack {name}", f"Rack {name}", "", "", f"Rack {name} holds.", url="") for name in "ABC"]
    ids = made(db, ada, read_client(editor(*rows), "client.csv"))
    state = clients.job_state(db, ada)
    assert state is not None

    def cancel() -> None:
        if len(models_.drafted) == 1:
            jobs.cancel(db, ada, state.id)
            time.sleep(0.6)  # progress is written, and the wish read, at most twice a second

    models_.during = cancel
    assert run(db, tmp_path) == "cancelled"
    state = clients.job_state(db, ada)
    assert state is not None and (state.drafted, state.left) == (1, tuple(ids[1:]))
    models_.during = lambda: None
    clients.go_on(db, ada, state.id)
    assert run(db, tmp_path) == "done"
    assert models_.drafted == ["Rack A", "Rack B", "Rack B", "Rack C"]  # the first B was cut off and not stored
    assert [len(drafting.list_generations(db, ada, i)) for i in ids] == [2, 2, 2]  # the lines came along
    with pytest.raises(BriefError, match="nothing to go on with"):
        clients.go_on(db, ada, clients.job_state(db, ada).id)  # type: ignore[union-attr]


def test_who_is_removed_while_the_job_runs_drafts_nothing_more(
    db: Database, ada: Actor, models_: Models, tmp_path: Path
) -> None:
    second = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))[1]

    def remove() -> None:
        with db.write() as session:
            session.get_one(models.User, ada.user_id).active = False

    models_.during = remove
    assert run(db, tmp_path) == "failed"
    assert models_.drafted == ["TideLock Kayak Racks"]
    state = clients.job_state(db, person(db, "advertiser"))
    assert state is not None and state.left == (second,) and "no longer in the workspace" in state.message


def test_it_waits_while_somebody_drafts_but_not_for_ever(
    db: Database, ada: Actor, models_: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(db, ada, read_client(editor(KAYAK), "client.csv"))
    looks: list[bool] = []

    def alive(_config: Settings, what: str) -> bool:
        looks.append(what == "drafting" and not models_.drafted)
        return looks[-1] and len(looks) < 400

    monkeypatch.setattr(presence, "alive", alive)
    monkeypatch.setattr(client_job, "MOST_ASIDE_S", 0.2)
    assert run(db, tmp_path) == "done"
    assert 40 <= sum(looks) < 120  # 20 looks of 0.01 s before the lines, 20 more while it was drafted


def test_a_brief_that_was_archived_meanwhile_is_left_alone(
    db: Database, ada: Actor, models_: Models, tmp_path: Path
) -> None:
    first, second = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    briefs.archive_brief(db, ada, first)
    assert run(db, tmp_path) == "done"
    state = clients.job_state(db, ada)
    assert state is not None and "archived meanwhile" in state.skipped[first]
    assert drafting.list_generations(db, ada, first) == [] and len(drafting.list_generations(db, ada, second)) == 2


def test_a_brief_that_cannot_be_drafted_is_skipped_and_named(
    db: Database, ada: Actor, models_: Models, tmp_path: Path
) -> None:
    first, _ = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))

    def refuse() -> None:
        if not models_.drafted:
            models_.drafted.append("refused")
            raise BriefError("Brief: too little is known.")

    models_.during = refuse
    assert run(db, tmp_path) == "done"
    state = clients.job_state(db, ada)
    assert state is not None and state.skipped == {first: "Brief: too little is known."}
    assert state.message == "Drafted 1 of 2 briefs. 1 could not be; see the list."
