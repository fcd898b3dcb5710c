"""The classifier's right to block: earned by category from blind verdicts, and what it then does everywhere."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.services import blocking, briefs, drafting, exporting, judging, reviewing, scoring
from app.services.drafting_page import Jobs
from app.services.writing import Room
from db.session import Database
from relate_engine.config import Settings
from relate_engine.scorecard import Finding, finding
from tests.unit.studio import VERSIONS, WARN, Draft, blindly, brief, card, person

AD = ("Spring", "Racks", "https://www.tidelock.com/racks")


def learned(category: str, severity: Any = "warn") -> Finding:
    return finding(f"CLS-{category}", "compliance", severity, "This reads like x (probability 0.9).", start=0, end=4)


def flagged(db: Database, category: str, count: int) -> list[int]:
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    cards = tuple(card(f"{category} {n}", findings=(learned(category),)) for n in range(count))
    return [text.id for text in drafting.store_generation(db, ada, saved.id, Draft(cards)).texts]


def confirm(db: Database, category: str = "health") -> None:
    blindly(db, person(db, "reviewer"), flagged(db, category, 80))


def test_it_needs_fifty_in_the_category_and_a_high_lower_bound(db: Database) -> None:
    ids, rita, ann = flagged(db, "health", 80), person(db, "reviewer"), person(db, "analyst")
    assert blocking.rights(db, ann) == [] and blocking.confirmed(db, ann) == frozenset()
    blindly(db, rita, [*ids[:49], *flagged(db, "finance", 30)])
    health, finance = blocking.rights(db, ann)
    assert not health.blocks and health.why == (
        "cautions in health: 49 of the 50 blind verdicts needed on texts that it flags"
    )
    assert (finance.category, finance.hits, finance.total) == ("finance", 30, 30)
    blindly(db, rita, ids[49:50])
    assert "93%" in blocking.rights(db, ann)[0].why  # 50 of 50: 50 / (50 + 1.96²) = .929
    assert blocking.confirmed(db, ann) == frozenset()
    blindly(db, rita, ids[50:])
    assert "at least 95%" in blocking.rights(db, ann)[0].why  # 80 of 80: 80 / 83.84 = .954
    assert blocking.confirmed(db, person(db, "advertiser")) == {"health"}
    assert blocking.confirmed(db, person(db, "advertiser", "Theirs")) == frozenset()


def test_a_right_that_no_longer_holds_is_gone(db: Database) -> None:
    confirm(db)
    ada = person(db, "advertiser")
    assert blocking.confirmed(db, ada) == {"health"}
    blindly(db, person(db, "reviewer"), flagged(db, "health", 1), "compliant")  # 80 of 81: lower end .933
    assert blocking.confirmed(db, ada) == frozenset()


def test_only_the_blind_stream_and_the_first_verdict_on_a_text_count(db: Database) -> None:
    ids, rita, ann = flagged(db, "health", 3), person(db, "reviewer"), person(db, "analyst")
    reviewing.give_verdict(db, rita, ids[0], "violation")
    assert blocking.rights(db, ann) == []
    blindly(db, rita, ids[1:2])
    blindly(db, person(db, "reviewer"), ids[1:2], "compliant")
    blindly(db, rita, ids[2:], "needs_proof")  # decides nothing
    (right,) = blocking.rights(db, ann)
    assert (right.hits, right.total) == (1, 1)


@dataclass(frozen=True)
class Rewards:
    """Enough of the engine's to be given what blocks."""

    blocking: Set[str] = frozenset()
    calls: tuple[Any, ...] = ()
    version: str = "ctr-1"
    rules: Any = None


def test_drafts_edits_and_own_lines_are_judged_by_it(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Set[str]] = []

    def drafted(_policy: object, rewards: Rewards, *_: object) -> Iterator[object]:
        used.append(rewards.blocking)
        raise RuntimeError("enough")
        yield

    def scored(rewards: Rewards, _brief: object, ads: list[Any], *_: object, **__: object) -> list[Any]:
        used.append(rewards.blocking)
        return [card(ad.text, ad.slot, ad.angle, author=ad.author) for ad in ads]

    monkeypatch.setattr("relate_engine.draft.draft", drafted)
    monkeypatch.setattr("relate_engine.score.score_texts", scored)
    monkeypatch.setattr(Room, "_with_model", lambda *_: Rewards())
    monkeypatch.setattr(Room, "policy", lambda *_: None)
    room, ada = Room(Settings(home=tmp_path, cache=tmp_path)), person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())

    def everything() -> list[Set[str]]:
        used.clear()
        job = Jobs(db, room).start(ada, saved, {"headline": 1})
        assert job.request is not None
        job.request.left.wait(20)
        text = scoring.bring_lines(db, ada, room, saved, [("headline", "Two Kayaks, One Rack")]).texts[0]
        scoring.reword(db, ada, room, saved.brief, text, f"Two Kayaks, One Wall Rack {len(used)}")
        scoring.score_again(db, ada, room, saved.brief, [text])
        return list(used)

    assert everything() == [frozenset()] * 4
    confirm(db)
    assert everything() == [{"health"}] * 4


def test_a_text_scored_before_does_not_leave_unless_a_person_judged_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = replace(exporting.rules_of_today(), version=VERSIONS["rules"])
    monkeypatch.setattr(exporting, "rules_of_today", lambda: rules)
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    cards = (
        card("Lock Your Kayak in Seconds", findings=(learned("health"),)), card("Two Kayaks, One Locked Rack"),
        card("Kayaks Off the Garage Floor", findings=(WARN,)), card("A rack that locks two.", "description", limit=90),
        card("Lift, lock, walk away.", "description", limit=90),
    )  # fmt: skip
    ids = [text.id for text in drafting.store_generation(db, ada, saved.id, Draft(cards)).texts]
    assert exporting.editor_csv(db, ada, ids, *AD)
    confirm(db, "finance")
    assert exporting.editor_csv(db, ada, ids, *AD)  # another category's right is nothing to this text
    confirm(db)
    with pytest.raises(exporting.ExportRefused, match="'Lock Your Kayak in Seconds' is blocked by CLS-health"):
        exporting.editor_csv(db, ada, ids, *AD)
    reviewing.give_verdict(db, person(db, "reviewer"), ids[0], "compliant")
    assert exporting.editor_csv(db, ada, ids, *AD)


def test_what_blocks_is_read_at_the_edge(db: Database, tmp_path: Path) -> None:
    ada, config = person(db, "advertiser"), Settings(home=tmp_path, cache=tmp_path)
    assert judging.judging_of(db, ada, config) == judging.SHIPPED
    confirm(db)
    assert judging.judging_of(db, ada, config).blocking == {"health"}
