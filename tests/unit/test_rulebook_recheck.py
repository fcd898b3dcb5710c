"""What a changed rule does to texts that may run: told before it is published, and sent back to review after."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from app.services import (
    briefs,
    drafting,
    feedback,
    jobrun,
    jobs,
    rulebook,
    rulebook_draft,
    rulebook_publish,
    rulebook_recheck,
    rulebook_trial,
    statuses,
)
from app.services.jobrun import JobContext, take
from app.services.people import Actor
from db.models import Job, StatusChange, User
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from tests.unit.rulebook_world import BAN, approved, publish, rui
from tests.unit.studio import Draft, brief, card, person

__all__ = ["rui"]


def status(db: Database, actor: Actor, *ids: int) -> list[str]:
    with db.read() as session:
        return list(statuses.status_of(session, actor, ids).values())


def test_history_says_what_would_have_been_blocked_and_by_which_words(db: Database, rui: Actor) -> None:
    first, *_ = approved(db, "Turbo Rack", "Calm Rack", "A Warp Drive")
    approved(db, "Turbo on the Water", status="live")
    rulebook_draft.save_rule(db, rui, None, BAN)
    told: list[tuple[int, int]] = []
    past = rulebook_trial.on_the_past(db, rui, lambda done, total: told.append((done, total)))
    assert (past.looked, past.of, len(past.blocked), len(past.cautioned)) == (4, "approved or live", 3, 0)
    hit = next(c for c in past.blocked if c.text_id == first)
    assert [(f.start, f.end) for f in hit.findings] == [(0, 5)] and told[-1] == (4, 4)
    rulebook_draft.save_rule(db, rui, "OWN-001", replace(BAN, severity="warn"))
    past = rulebook_trial.on_the_past(db, rui)
    assert (len(past.blocked), len(past.cautioned)) == (0, 3)


def test_without_approved_texts_history_looks_at_chosen_ones_and_says_so(db: Database) -> None:
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    texts = drafting.store_generation(
        db, admin, saved.id, cast(Any, Draft((card("Turbo Rack"), card("Calm Rack"))))
    ).texts
    feedback.pick(db, admin, texts[0].id)
    rulebook_draft.save_rule(db, admin, None, BAN)
    past = rulebook_trial.on_the_past(db, admin)
    assert (past.looked, past.of, len(past.blocked)) == (1, "picked or exported", 1)


def test_a_loosened_rule_frees_texts_and_reopens_none(db: Database, rui: Actor) -> None:
    (text_id,) = approved(db, "The #1 Kayak Rack")
    rulebook_draft.switch_off(db, rui, "CLM-002", "we hold the proof")
    past = rulebook_trial.on_the_past(db, rui)
    assert not past.blocked and [c.text_id for c in past.freed] == [text_id]
    assert rulebook_publish.publish(db, rui, "proof is on file").reopened == ()
    assert status(db, rui, text_id) == ["approved"]
    version = rulebook.book(db, rui).published
    assert rulebook_publish.use_version(db, rui, None, "proof has expired", version).reopened == (text_id,)


def test_publishing_sends_hits_back_to_review_and_names_the_rule(db: Database, rui: Actor) -> None:
    turbo, calm = approved(db, "Turbo Rack", "Calm Rack")
    (live,) = approved(db, "Turbo on the Water", status="live")
    rulebook_draft.save_rule(db, rui, None, BAN)
    done = rulebook_publish.publish(db, rui, "asked for")
    assert (done.checked, set(done.reopened), done.later) == (3, {turbo, live}, False)
    assert status(db, rui, turbo, calm, live) == ["in_review", "approved", "in_review"]
    with db.read() as session:
        newest = session.query(StatusChange).filter_by(text_id=turbo).order_by(StatusChange.id.desc()).first()
    assert newest and newest.reason == f"Rule OWN-001 of {done.version}: The client never says “turbo”."
    told = rulebook_publish.history(db, rui)[0]
    assert (told.checked, told.reopened) == (3, 2)


def test_many_texts_are_left_to_the_worker_which_goes_on_where_it_was(
    db: Database, rui: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook_publish, "SYNC", 2)
    monkeypatch.setattr(rulebook_recheck, "BATCH", 2)
    ids = approved(db, "Turbo One", "Calm Rack", "Turbo Two", "Turbo Three", "Quiet Rack")
    rulebook_draft.save_rule(db, rui, None, BAN)
    done = rulebook_publish.publish(db, rui, "asked for")
    assert done.later and status(db, rui, *ids) == ["approved"] * 5
    config = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    job = take(db, "worker", {"recheck"})
    assert job is not None
    context = JobContext(db, config, job, "worker")
    context.checkpoint({"after": ids[1], "checked": 2, "reopened": 1})  # an attempt that was killed
    result = rulebook_recheck.recheck_job(context)
    assert status(db, rui, *ids) == ["approved", "approved", "in_review", "in_review", "approved"]
    assert result["message"] == "5 approved and live texts checked, 3 sent back to review."


def test_a_check_that_was_cancelled_is_told_and_can_go_on(
    db: Database, rui: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook_publish, "SYNC", 0)
    monkeypatch.setattr(rulebook_recheck, "BATCH", 2)
    ids = approved(db, "Turbo One", "Calm Rack", "Turbo Two", "Turbo Three", "Quiet Rack")
    config = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]

    def run(stop_after: int) -> str:
        """A worker; a reviewer cancels once so many texts are checked."""
        job = take(db, "worker", {"recheck"})
        assert job is not None

        def watched(context: JobContext) -> dict[str, Any]:
            keep = context.checkpoint

            def checkpoint(state: Any) -> None:
                keep(state)
                if state["checked"] >= stop_after:
                    context.cancel()

            monkeypatch.setattr(context, "checkpoint", checkpoint)
            return rulebook_recheck.recheck_job(context)

        return jobrun.run(db, config, job, "worker", watched, threading.Event())

    rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_publish.publish(db, rui, "asked for")
    assert rulebook_recheck.unchecked(db, rui) == []  # it waits for the worker: nobody has stopped it
    assert run(stop_after=2) == "cancelled"
    assert status(db, rui, *ids) == ["in_review", "approved", "approved", "approved", "approved"]
    (rest,) = rulebook_recheck.unchecked(db, person(db, "advertiser"))
    assert (rest.texts, rest.checked, rest.failed) == (3, 2, False)
    assert rulebook_recheck.unchecked(db, person(db, "reviewer", "Theirs")) == []
    assert rulebook_recheck.go_on(db, rui) == 1 and rulebook_recheck.unchecked(db, rui) == []
    with pytest.raises(BriefError, match="reload the page"):
        rulebook_recheck.go_on(db, rui)
    assert run(stop_after=4) == "cancelled"  # and once more: it goes on from there
    assert rulebook_recheck.unchecked(db, rui)[0].texts == 1
    rulebook_recheck.go_on(db, rui)
    assert run(stop_after=99) == "done" and rulebook_recheck.unchecked(db, rui) == []
    assert status(db, rui, *ids) == ["in_review", "approved", "in_review", "in_review", "approved"]


def test_texts_are_checked_also_where_the_publisher_has_left_since(
    db: Database, rui: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook_publish, "SYNC", 0)
    ids = approved(db, "Turbo One")
    rulebook_draft.save_rule(db, rui, None, BAN)
    assert rulebook_publish.publish(db, rui, "asked for").later
    with db.write() as session:
        session.get_one(User, rui.user_id).active = False
    job = take(db, "worker", {"recheck"})
    assert job is not None
    config = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    body = jobs.checked(jobs.KINDS["recheck"])
    assert body(JobContext(db, config, job, "worker"))["reopened"] == 1 and status(db, rui, *ids) == ["in_review"]


def test_no_job_is_made_where_few_texts_may_run(db: Database, rui: Actor) -> None:
    publish(db, rui)
    with db.read() as session:
        assert session.query(Job).count() == 0
