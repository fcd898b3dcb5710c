"""Editing a workspace's rules: an unpublished draft that changes nothing yet, and the guards on what can be saved."""

from dataclasses import replace
from typing import Any

import pytest

from app.services import rulebook, rulebook_draft
from app.services.people import Actor, NotFound
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.rewards.overlay import EMPTY, editable
from tests.unit.rulebook_world import BAN, CLM_002, SHIPPED, found, rui
from tests.unit.studio import person

__all__ = ["rui"]


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
