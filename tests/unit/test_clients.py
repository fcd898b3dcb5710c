"""A whole client: an Editor export becomes briefs, one job drafts them and survives a kill, one file holds them all."""

import csv
import io
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from app.services import (
    ad_review,
    ads,
    briefs,
    client_job,
    clients,
    drafting,
    feedback,
    jobrun,
    jobs,
    presence,
    statuses,
)
from app.services.ad_records import Place, StoredAd
from app.services.client_export import built_ad, export_all, note_export
from app.services.client_file import ClientFile, read_client
from app.services.drafting_page import Jobs
from app.services.people import Actor, Forbidden, NotFound
from app.services.stored import StoredText
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings
from tests.unit.studio import BLOCK, Draft, brief, card, person, small_draft
from tests.unit.test_client_file import BOARD, KAYAK, editor, row


def made(db: Database, actor: Actor, file: ClientFile, draft: bool = True) -> list[int]:
    planned = [one for one in clients.plan(db, actor, file) if not one.trouble and one.known is None]
    return clients.make_briefs(db, actor, planned, ["us"], draft)


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


# One file of all


def full(name: str, blocked: bool = False) -> Draft:
    heads = [card(f"{name} line number {i}", angle="how") for i in range(4)]
    if blocked:
        heads[0] = card(f"{name} line number 0", findings=(BLOCK,))
    told = [card(f"{name} {what}", "description", limit=90) for what in ("holds two kayaks.", "locks in seconds.")]
    return Draft((*heads, *told))


def cells(data: bytes | None) -> list[dict[str, str]]:
    assert data is not None
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_complete_ads_leave_together_and_the_others_are_named(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)  # cards of the tests know no rules of today
    kayak, board = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    drafting.store_generation(db, ada, kayak, full("TideLock"))
    few = drafting.store_generation(db, ada, board, Draft((card("Racks for Boards"),)))
    other = briefs.save_brief(db, ada, brief("Hill Coffee", placement="meta_feed"))
    found = export_all(db, ada, [kayak, board, other.id])
    (ad,) = cells(found.data)
    assert (ad["Campaign"], ad["Ad group"], ad["Status"]) == ("Spring | Search", "Kayak Racks - Exact", "Paused")
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [f"TideLock line number {i}" for i in range(4)]
    assert found.brief_ids == (kayak,) and [one.brief_id for one in found.missing] == [board, other.id]
    assert "needs at least 3" in " ".join(found.missing[0].problems)
    assert "Draft desk" in found.missing[1].problems[0]
    assert few.texts[0].choice == ""  # looking exports nothing


def test_picked_texts_come_first_and_blocked_ones_never(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock", blocked=True)).texts
    feedback.pick(db, ada, texts[3].id)
    feedback.reject(db, ada, texts[1].id)
    found = export_all(db, ada, [kayak])
    assert found.data is None  # the blocked and the rejected one are not taken: two headlines are left
    assert any("2 headlines" in problem for problem in found.missing[0].problems)
    feedback.unpick(db, ada, texts[1].id)
    (ad,) = cells(export_all(db, ada, [kayak]).data)
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [
        "TideLock line number 3", "TideLock line number 1", "TideLock line number 2", "",
    ]  # fmt: skip
    assert "2 descriptions" not in " ".join(found.missing[0].problems)
    assert export_all(db, ada, [kayak], picked_only=True).data is None


def test_where_only_approved_texts_may_leave_the_others_are_not_taken(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting, workspace

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    workspace.change_settings(db, person(db, "admin"), {"export_approved_only": True})
    mine = {"workspace_id": ada.workspace_id, "author_id": ada.user_id, "status": "approved"}
    with db.write() as session:
        session.add_all(models.StatusChange(**mine, text_id=text.id) for text in texts[1:])
    (ad,) = cells(export_all(db, ada, [kayak]).data)
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [*(f"TideLock line number {i}" for i in (1, 2, 3)), ""]
    feedback.pick(db, ada, texts[0].id)  # chosen by a person, but not approved: the ad stays out and says why
    assert "approved texts only" in " ".join(export_all(db, ada, [kayak]).missing[0].problems)


def built(db: Database, ada: Actor, texts: tuple[StoredText, ...], *pins: int) -> StoredAd:
    """An ad of these texts in this order; the first ones are pinned."""
    told = dict(enumerate(pins))
    places = [Place(text.id, text.slot, told.get(n)) for n, text in enumerate(texts)]
    return ads.create_ad(db, ada, texts[0].brief_id, "", places)


def test_an_ad_that_was_built_leaves_with_its_texts_and_pins(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting, workspace

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    kayak, board = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    drafting.store_generation(db, ada, board, full("Tidelock"))
    feedback.pick(db, ada, texts[0].id)  # picked, but not in the ad
    chosen = (texts[3], texts[1], texts[2], texts[5], texts[4])
    ad = built(db, ada, chosen, 1, 2)
    for picked_only in (False, True):
        row, *_ = cells(export_all(db, ada, [kayak, board], picked_only).data)
        assert [row[f"Headline {i}"] for i in range(1, 5)] == [
            "TideLock line number 3", "TideLock line number 1", "TideLock line number 2", "",
        ]  # fmt: skip
        assert [row[f"Headline {i} position"] for i in range(1, 4)] == ["1", "2", ""]
        assert [row[f"Description {i}"] for i in (1, 2)] == ["TideLock locks in seconds.", "TideLock holds two kayaks."]
        assert (row["Campaign"], row["Final URL"]) == ("Spring | Search", "https://www.tidelock.com/racks")

    workspace.change_settings(db, person(db, "admin"), {"export_approved_only": True})
    found = export_all(db, ada, [kayak])
    assert found.data is None and "version 1 is draft" in found.missing[0].problems[0]
    ad_review.send_to_review(db, ada, ad.id, 1)
    rui = person(db, "reviewer")
    with db.write() as session:
        for text in chosen:
            statuses.set_status(session, rui, text.id, "approved")
    newer = [Place(t.id, t.slot) for t in texts]
    ads.save_revision(db, ada, ad.id, 1, newer)  # a draft beside the approved version
    found = export_all(db, ada, [kayak])
    (row,) = cells(found.data)
    assert (row["Headline 1"], row["Headline 1 position"]) == ("TideLock line number 3", "1")
    assert [(one.ad_id, one.revision) for one in found.built] == [(ad.id, 1)]

    note_export(db, ada, found)
    with db.read() as session:
        told = session.query(models.AuditEvent).filter(models.AuditEvent.action == "ad.export").one()
        assert (told.object_id, told.detail["revision"], told.detail["texts"]) == (ad.id, 1, [t.id for t in chosen])
    assert [t.choice for t in drafting.get_texts(db, ada, [t.id for t in chosen])] == ["picked"] * 5


def test_of_several_ads_the_approved_one_leaves_and_archived_or_empty_ones_never(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    assert built_ad(db, ada, kayak) is None
    ads.create_ad(db, ada, kayak, "Empty", [])
    assert built_ad(db, ada, kayak) is None and export_all(db, ada, [kayak]).built == ()
    one, two = built(db, ada, texts, 1), built(db, ada, texts[1:], 2)
    assert built_ad(db, ada, kayak) == two.id
    with db.write() as session:
        session.add(
            models.StatusChange(
                workspace_id=ada.workspace_id, author_id=ada.user_id, ad_id=one.id, ad_revision_id=one.newest.id,
                status="approved",
            )
        )  # fmt: skip
    assert built_ad(db, ada, kayak) == one.id
    ads.archive_ad(db, ada, one.id)
    assert built_ad(db, ada, kayak) == two.id
    with pytest.raises(Forbidden):
        built_ad(db, person(db, "analyst"), kayak)
    with pytest.raises(NotFound):
        built_ad(db, person(db, "admin", "Theirs"), kayak)


# The line of drafts on pages


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
