"""Publishing a workspace's rules: in use at once, with a reason and a way back, and two editors at the same time."""

from dataclasses import replace

import pytest

from app.services import audit, rulebook, rulebook_draft, rulebook_publish
from app.services.people import Actor, NotFound
from db.models import AuditEvent, Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.rewards.overlay import OWN
from tests.unit.rulebook_world import BAN, SHIPPED, found, publish, rui
from tests.unit.studio import person

__all__ = ["rui"]


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
