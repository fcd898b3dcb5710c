"""A workspace's own rules: editing and its guards, tests, publishing, two people at once, and what scoring uses."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.services import (
    audit,
    briefs,
    checking,
    drafting,
    exporting,
    feedback,
    jobrun,
    jobs,
    rulebook,
    rulebook_draft,
    rulebook_form,
    rulebook_publish,
    rulebook_recheck,
    rulebook_trial,
    statuses,
)
from app.services.jobrun import JobContext, take
from app.services.judging import Judging
from app.services.people import Actor, Forbidden, NotFound, local_actor
from app.services.rulebook_form import RuleForm
from app.services.writing import Room
from db.models import AuditEvent, FindingCall, Job, StatusChange, User, Verdict, Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.draft import Draft as Drafts
from relate_engine.draft import Drafted
from relate_engine.rewards.overlay import EMPTY, OWN, editable, laid_over, rule_from
from relate_engine.scorecard import level_of
from tests.unit.studio import Draft, brief, card, fresh, person

BAN = RuleForm(
    severity="block",
    message="The client never says “turbo”.",
    fix="Say what it does.",
    source="Brand guide of 3 March 2026, page 4",
    source_status="seen",
    words=("turbo", "warp  drive"),
    violating=("Turbo Kayak Rack", "A warp drive for kayaks"),
    clean=("A turbot for dinner",),
)
SHIPPED = rulebook.shipped()
CLM_002 = next(rule for rule in SHIPPED.rules if rule.id == "CLM-002")  # blocks "the #1 VPN"; has an exception


@pytest.fixture
def rui(db: Database) -> Actor:
    return person(db, "reviewer")


def found(db: Database, actor: Actor, text: str) -> dict[str, str]:
    """Rule and severity of what the rules of the actor's workspace find in a Google headline."""
    rules = rulebook.rules_of(db, actor)
    checked = checking.check(text, "google_rsa", "headline", ["us"], None, rules)
    return {f.rule_id: f.severity for f in checked.findings}


def approved(db: Database, *texts: str, status: str = "approved") -> list[int]:
    """Stored headlines with this status, by an admin of the workspace."""
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    stored = drafting.store_generation(db, admin, saved.id, cast(Any, Draft(tuple(card(t) for t in texts))))
    ids = [next(t.id for t in stored.texts if t.text == text) for text in texts]
    with db.write() as session:
        for text_id in ids:
            statuses.set_status(session, admin, text_id, "approved")
            if status == "live":
                statuses.set_status(session, admin, text_id, "live")
    return ids


def status(db: Database, actor: Actor, *ids: int) -> list[str]:
    with db.read() as session:
        return list(statuses.status_of(session, actor, ids).values())


def publish(db: Database, actor: Actor, form: RuleForm = BAN, rule_id: str | None = None) -> str:
    made = rulebook_draft.save_rule(db, actor, rule_id, form)
    rulebook_publish.publish(db, actor, "asked for by the client")
    return made


# ---- the draft


def test_an_unpublished_edit_survives_and_changes_nothing_yet(db: Database, rui: Actor) -> None:
    rule_id = rulebook_draft.save_rule(db, rui, None, BAN)
    assert rule_id == "OWN-001"
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None and [(e.rule_id, e.what) for e in kept.edits] == [("OWN-001", "added")]
    rule = next(x.rule for x in rulebook.listed(kept.overlay) if x.rule.id == rule_id)
    assert rulebook_draft.form_of(kept.overlay, rule) == replace(BAN, words=("turbo", "warp drive"))
    assert found(db, rui, "Turbo Rack") == {} and rulebook_draft.draft(db, person(db, "reviewer")) is None
    rulebook_draft.save_rule(db, rui, rule_id, replace(BAN, severity="warn"))
    rulebook_draft.discard(db, rui)
    assert rulebook_draft.draft(db, rui) is None


def test_a_changed_shipped_rule_keeps_only_what_differs_and_can_be_put_back(db: Database, rui: Actor) -> None:
    form = rulebook_draft.form_of(EMPTY, CLM_002)
    rulebook_draft.save_rule(db, rui, "CLM-002", replace(form, severity="warn", fix="Name the study."))
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None
    assert kept.overlay["changed"] == {"CLM-002": {"severity": "warn", "fix": "Name the study."}}
    assert kept.edits[0].fields[0] == ("severity", "block", "warn")
    rulebook_draft.switch_off(db, rui, "CLM-003", "our lawyer allows it")
    rulebook_draft.undo_edit(db, rui, "CLM-002")
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None and [(e.rule_id, e.what) for e in kept.edits] == [("CLM-003", "switched off")]
    rulebook_draft.restore(db, rui, "CLM-003")
    assert rulebook_draft.draft(db, rui) is None  # it says the same as what is in use


def test_a_shipped_block_that_only_warns_stays_so_when_its_source_is_read(db: Database, rui: Actor) -> None:
    lowered = next(r for r in SHIPPED.rules if r.declared == "block" and r.severity == "warn" and editable(r))
    form = rulebook_draft.form_of(EMPTY, lowered)
    assert form.severity == "warn"
    rulebook_draft.save_rule(db, rui, lowered.id, form)
    assert rulebook_draft.draft(db, rui) is None  # nothing was changed
    rulebook_draft.save_rule(db, rui, lowered.id, replace(form, source_status="seen"))
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None
    assert next(r for r in rulebook.laid(kept.overlay).rules if r.id == lowered.id).severity == "warn"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"source_status": "memory"}, "may warn but not block"),
    ({"severity": "shout"}, "choose block or warn"),
    ({"message": " "}, "Message: it is missing"),
    ({"words": ()}, "either words or a pattern"),
    ({"pattern": "x"}, "either words or a pattern"),
    ({"words": (), "pattern": "(a+)+"}, "repeats a repetition"),
    ({"words": (), "pattern": "(?:a|a)*b"}, "takes seconds on a long text"),
    ({"words": (), "pattern": "["}, "not a valid expression"),
    ({"unless": "x", "unless_words": ("y",)}, "Exceptions: give either"),
    ({"violating": ()}, "at least one text that the rule must hit"),
    ({"clean": ()}, "at least one text that the rule must leave alone"),
    ({"slots": ("primary_text",), "placements": ("google_rsa",)}, "have no primary_text"),
    ({"words": tuple(f"w{i}" for i in range(51))}, "51 are too many"),
    ({"words": ("x" * 101,)}, "is too long"),
]


def test_a_rule_that_cannot_be_saved_says_why_in_one_sentence(db: Database, rui: Actor) -> None:
    for change, said in WRONG:
        with pytest.raises(BriefError) as caught:
            rulebook_draft.save_rule(db, rui, None, replace(BAN, **change))
        assert said in str(caught.value), change
    assert rulebook_draft.draft(db, rui) is None


def test_limits_and_safeguards_of_the_studio_cannot_be_changed(db: Database, rui: Actor) -> None:
    for rule_id in ("FMT-001", "SEC-001"):
        with pytest.raises(BriefError, match="a workspace cannot change it"):
            rulebook_draft.switch_off(db, rui, rule_id, "why not")
    with pytest.raises(NotFound):
        rulebook_draft.save_rule(db, rui, "OWN-042", BAN)
    with pytest.raises(NotFound, match="nothing to put back"):
        rulebook_draft.restore(db, rui, "CLM-003")


# ---- publishing


def test_a_published_ban_blocks_in_this_workspace_only_and_is_undone(db: Database, rui: Actor) -> None:
    other = person(db, "reviewer", "Theirs")
    rule_id = publish(db, rui)
    assert found(db, rui, "Turbo Kayak Rack") == {rule_id: "block"} and found(db, other, "Turbo Kayak Rack") == {}
    version = rulebook.rules_of(db, rui).version
    assert rulebook.own_rules(db, other) is None and rulebook.rules_of(db, other).version == SHIPPED.version
    assert rulebook.rules_of(db, rui) is rulebook.rules_of(db, rui)  # findings are remembered by the set
    with pytest.raises(NotFound):
        rulebook_publish.use_version(db, other, version, "curious", None)

    rulebook_publish.use_version(db, rui, None, "the client agreed", version)
    assert found(db, rui, "Turbo Kayak Rack") == {}
    rulebook_publish.use_version(db, rui, version, "no, they did not", None)
    assert found(db, rui, "Turbo Kayak Rack") == {rule_id: "block"}
    told = rulebook_publish.history(db, rui)
    assert [(p.rollback, p.before, p.after) for p in told] == [
        (True, None, version), (True, version, None), (False, None, version),
    ]  # fmt: skip
    assert told[2].reason == "asked for by the client" and told[2].by == "reviewer"
    assert [(e.rule_id, e.what) for e in told[1].edits] == [(rule_id, "removed")]
    assert rulebook_publish.history(db, other) == []


def test_what_is_published_is_audited_with_versions_and_reason(db: Database, rui: Actor) -> None:
    publish(db, rui)
    with db.read() as session:
        (event,) = session.query(AuditEvent).filter(AuditEvent.action == "rule.publish")
        (row,) = session.query(Version)
    assert event.versions == {"rules_before": SHIPPED.version, "rules": row.version}
    assert event.object_id == row.id and event.detail["rules"] == ["OWN-001"] and row.active
    assert audit.verify(db, person(db, "admin")).broken_at is None


def test_a_rule_that_fails_its_own_examples_is_not_published(db: Database, rui: Actor) -> None:
    rulebook_draft.save_rule(db, rui, None, replace(BAN, clean=("Turbo is fine here",)))
    with pytest.raises(BriefError, match="OWN-001 hits its clean example “Turbo is fine here”"):
        rulebook_publish.publish(db, rui, "now")
    rulebook_draft.save_rule(db, rui, "OWN-001", replace(BAN, violating=("Fast Rack",)))
    with pytest.raises(BriefError, match="does not hit its violating example"):
        rulebook_publish.publish(db, rui, "now")
    rulebook_draft.save_rule(db, rui, "OWN-001", BAN)
    with pytest.raises(BriefError, match="Reason"):
        rulebook_publish.publish(db, rui, " ")
    assert rulebook.own_rules(db, rui) is None
    rulebook_publish.publish(db, rui, "now")
    with pytest.raises(BriefError, match="no unpublished edits"):
        rulebook_publish.publish(db, rui, "a double click")


def test_the_second_of_two_editors_is_refused_sees_the_changes_and_takes_them_over(db: Database, rui: Actor) -> None:
    ray = person(db, "reviewer")
    mine = rulebook_draft.save_rule(db, rui, None, BAN)
    rulebook_draft.switch_off(db, rui, "CLM-003", "allowed here")
    theirs = rulebook_draft.save_rule(db, ray, None, replace(BAN, words=("mega",), violating=("Mega Rack",)))
    rulebook_draft.switch_off(db, ray, "CLM-003", "never needed")
    assert (mine, theirs) == ("OWN-001", "OWN-002")
    version = rulebook_publish.publish(db, ray, "mega").version
    with pytest.raises(BriefError, match=r"reviewer published .*nothing was published"):
        rulebook_publish.publish(db, rui, "turbo")
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None and kept.moved and kept.parent is None
    assert [(e.rule_id, e.what) for e in kept.theirs] == [("CLM-003", "switched off"), ("OWN-002", "added")]
    assert kept.clashes == ("CLM-003",)
    rulebook_draft.take_over(db, rui)
    kept = rulebook_draft.draft(db, rui)
    assert kept is not None and kept.parent == version and not kept.moved
    assert [(e.rule_id, e.what) for e in kept.edits] == [("OWN-001", "added")]
    rulebook_publish.publish(db, rui, "turbo")
    assert found(db, rui, "Turbo Rack") == {mine: "block"} and found(db, rui, "Mega Rack") == {theirs: "block"}


def test_a_rollback_from_a_page_that_is_out_of_date_is_refused(db: Database, rui: Actor) -> None:
    publish(db, rui)
    with pytest.raises(BriefError, match="is no longer in use"):
        rulebook_publish.use_version(db, rui, None, "why", "2020+old")
    with pytest.raises(BriefError, match="in use already"):
        version = rulebook.book(db, rui).published
        rulebook_publish.use_version(db, rui, version, "why", version)


def test_ids_of_own_rules_are_not_used_again(db: Database, rui: Actor) -> None:
    publish(db, rui)
    rulebook_draft.restore(db, rui, "OWN-001")
    rulebook_publish.publish(db, rui, "gone")
    assert rulebook.book(db, rui).published is None  # an empty overlay is the shipped set
    assert rulebook_draft.save_rule(db, rui, None, BAN) == f"{OWN}002"


# ---- texts that may run


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


def test_an_export_asks_for_scores_by_the_rules_of_the_workspace(db: Database) -> None:
    admin = person(db, "admin")
    rules = rulebook.shipped().version
    saved = briefs.save_brief(db, admin, brief())
    texts = tuple(
        card(t, versions={"policy": "w", "rewards": "r", "rules": rules, "path": ""}) for t in ("A", "B", "C")
    )
    stored = drafting.store_generation(db, admin, saved.id, cast(Any, Draft(texts))).texts

    def told() -> list[str]:
        again = drafting.get_texts(db, admin, [t.id for t in stored])
        return [p for p in exporting.editor_problems(again, "C", "G", "https://a.example") if "scored before" in p]

    assert told() == []
    publish(db, admin)
    assert len(told()) == 3 and "the rules were changed" in told()[0]
    now = rulebook.rules_of(db, admin).version
    fresh_cards = {
        t.id: card(t.text, versions={"policy": "w", "rewards": "r", "rules": now, "path": ""}) for t in stored
    }
    drafting.store_cards(db, admin, fresh_cards)
    assert told() == []


# ---- who, where, and what scoring uses


CALLS: dict[str, Callable[[Database, Actor], object]] = {
    "draft": rulebook_draft.draft,
    "save": lambda db, who: rulebook_draft.save_rule(db, who, None, BAN),
    "off": lambda db, who: rulebook_draft.switch_off(db, who, "CLM-003", "x"),
    "restore": lambda db, who: rulebook_draft.restore(db, who, "CLM-003"),
    "undo": lambda db, who: rulebook_draft.undo_edit(db, who, "CLM-003"),
    "discard": rulebook_draft.discard,
    "take over": rulebook_draft.take_over,
    "examples": rulebook_trial.examples,
    "history test": rulebook_trial.on_the_past,
    "publish": lambda db, who: rulebook_publish.publish(db, who, "x"),
    "use": lambda db, who: rulebook_publish.use_version(db, who, None, "x", None),
}


def test_only_reviewers_and_admins_change_rules(db: Database) -> None:
    for who in (person(db, "advertiser"), person(db, "analyst")):
        for call in CALLS.values():
            with pytest.raises(Forbidden):
                call(db, who)


def test_everybody_reads_them(db: Database, rui: Actor) -> None:
    publish(db, rui)
    for role in ("advertiser", "reviewer", "analyst", "admin"):
        book = rulebook.book(db, person(db, cast(Any, role)))
        assert book.rules[0].rule.id == "OWN-001" and book.rules[0].origin == "own" and book.overlay["added"]


def test_hits_and_dismissals_are_counted_by_rule_in_this_workspace(db: Database, rui: Actor) -> None:
    (text_id,) = approved(db, "Plain")
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief("Second"))
    finding = rulebook_hit("Turbo Rack")
    drafting.store_generation(db, admin, saved.id, cast(Any, Draft((card("Turbo Rack", findings=finding),))))
    with db.write() as session:
        verdict = Verdict(workspace_id=rui.workspace_id, author_id=rui.user_id, text_id=text_id, outcome="compliant",
                          rules=[], spans=[])  # fmt: skip
        session.add(verdict)
        session.flush()
        for accepted in (True, False, False):
            session.add(FindingCall(workspace_id=rui.workspace_id, author_id=rui.user_id, verdict_id=verdict.id,
                                    text_id=text_id, rule_id="OWN-001", accepted=accepted))  # fmt: skip
    told = rulebook.counts(db, rui)
    assert told.of("OWN-001") == (1, 1, 2) and told.of("OWN-002") == (0, 0, 0) and told.all_cards
    assert rulebook.counts(db, person(db, "reviewer", "Theirs")).hits == {}


def rulebook_hit(text: str) -> tuple[Any, ...]:
    rule = rule_from({"id": "OWN-001"} | rulebook_form._entry(BAN))
    from relate_engine.rewards.rulecheck import hits_of

    hits = hits_of(rule, text)
    assert level_of(hits) == "blocked"
    return hits


def test_the_room_scores_and_drafts_by_the_rules_it_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room = Room(Settings(home=tmp_path, _env_file=None))  # type: ignore[call-arg]
    base = cast(Any, SimpleNamespace(rules=SHIPPED, version="r"))
    monkeypatch.setattr(room, "rewards", lambda: base)
    monkeypatch.setattr("app.services.writing.replace", lambda found, **new: SimpleNamespace(**vars(found) | new))
    own = laid_over(SHIPPED, {"changed": {}, "added": {}, "off": {"CLM-003": "x"}})
    assert room.rewards_with(Judging()).rules is SHIPPED and room.rewards_with(Judging(None, own)).rules is own
    assert base.rules is SHIPPED  # another workspace's draft is judged by its own

    judged: list[object] = []

    def drafted(_policy: object, rewards: Any, *_: object) -> Iterator[object]:
        judged.append(rewards.rules)
        yield Drafted(Drafts((), (), (), {}, {}, {}))

    monkeypatch.setattr("relate_engine.draft.draft", drafted)
    monkeypatch.setattr(room, "policy", lambda _: None)
    for judging in (Judging(None, own), Judging()):
        events = room.draft(brief(), {"headline": 1}, 1, judging=lambda judging=judging: judging)  # type: ignore[misc]
        assert isinstance(list(events)[-1], Drafted)
    assert judged == [own, SHIPPED]


def test_the_shell_uses_the_rules_of_the_local_workspace(tmp_path: Path) -> None:
    environment = {"RELATE_HOME": str(tmp_path), "PATH": "", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "app.cli", "check", "--rules-only", "Turbo Kayak Rack"]

    def check() -> int:
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert check() == 0 and not (tmp_path / "relate.db").exists()  # looking makes no database
    db = fresh(tmp_path)
    publish(db, local_actor(db))
    assert check() == 1


def test_rules_that_no_longer_load_judge_nothing_and_say_the_way_out(db: Database, rui: Actor) -> None:
    publish(db, rui)
    with db.write() as session:
        (row,) = session.query(Version)
        row.manifest = row.manifest | {"overlay": {"changed": {}, "off": {}, "added": {"OWN-001": {"id": "OWN-001"}}}}
    with pytest.raises(BriefError, match="put another version in use on the Rules page"):
        rulebook.rules_of(db, rui)
    rulebook_publish.use_version(db, rui, None, "it broke", row.version)
    assert rulebook.own_rules(db, rui) is None


def test_no_job_is_made_where_few_texts_may_run(db: Database, rui: Actor) -> None:
    publish(db, rui)
    with db.read() as session:
        assert session.query(Job).count() == 0
