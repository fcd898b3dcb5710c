"""A workspace's own rules in use: who may change and who reads them, and what scoring, exports and the shell go by."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.services import (
    briefs,
    drafting,
    exporting,
    rulebook,
    rulebook_draft,
    rulebook_form,
    rulebook_publish,
    rulebook_trial,
)
from app.services.judging import Judging
from app.services.people import Actor, Forbidden, local_actor
from app.services.writing import Room
from db.models import FindingCall, Verdict, Version
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.draft import Draft as Drafts
from relate_engine.draft import Drafted
from relate_engine.rewards.overlay import laid_over, rule_from
from relate_engine.scorecard import level_of
from tests.unit.rulebook_world import BAN, SHIPPED, approved, publish, rui
from tests.unit.studio import Draft, brief, card, fresh, person

__all__ = ["rui"]


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
