"""What the analyst's pages tell of a round: its steps, how its judges moved, and the advice on its version."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.components import charts_rounds
from app.services.analytics_decision import advice
from app.services.analytics_rounds import gaps, held_out, moves, steps_frame
from app.services.people import Actor
from app.services.versions import WriterVersion
from db.session import Database
from relate_engine import gate
from relate_engine.training.steplog import MOST, read_steps, write_steps
from tests.unit.studio import person


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "admin")


def test_steps_are_kept_thinned_and_read_back_with_intervals(tmp_path: Path) -> None:
    history = [{"loss": 1.0}] + [
        {"step": n, "reward": 0.5, "reward_std": 0.4, "judged/blocked": 0.25, "kl": float("nan"), "grad_norm": "x"}
        for n in range(1, MOST + 2)
    ]
    write_steps(history, 16, tmp_path / "steps.jsonl")
    (tmp_path / "steps.jsonl").open("a").write("{broken\n")
    rows = read_steps(tmp_path / "steps.jsonl")
    assert len(rows) == MOST // 2 + 1 and rows[1]["step"] == 3 and "kl" not in rows[0]
    assert read_steps(tmp_path / "none.jsonl") == []
    frame = steps_frame(rows[:1]).set_index("measure")
    assert frame.loc["reward", "high"] == pytest.approx(0.5 + 1.96 * 0.4 / 4)
    assert frame.loc["judged/blocked", "low"] == pytest.approx(0.1018, abs=1e-3)  # Wilson of 4 of 16
    near = {"step": 1, "texts": 4, "judged/structure": 0.99, "judged/structure_std": 0.1, "rewards/ctcvr/mean": 0.02,
            "rewards/ctcvr/std": 0.1}  # fmt: skip
    frame = steps_frame([near]).set_index("measure")
    assert frame.loc["judged/structure", "high"] == 1 and frame.loc["rewards/ctcvr/mean", "low"] == 0


def _version(old: dict[str, list[float]], new: dict[str, list[float]]) -> WriterVersion:
    evidence = {"old": old, "new": new, "kl": 0.1, "evaluator": "clicks-1", "gates": 0, "trial": None}
    return WriterVersion("grpo-1", None, datetime.now(UTC), False, {"round": {"evidence": evidence}})


def test_the_gap_between_reward_and_judge() -> None:
    found = gaps([_version({"reward": [0.4] * 9, "clicks": [0.2] * 9}, {"reward": [0.6] * 9, "clicks": [0.1] * 9})])
    assert [(g.judge, round(g.change, 6), round(g.high, 6)) for g in found] == [
        ("reward", 0.2, 0.2),
        ("clicks", -0.1, -0.1),
    ]
    assert gaps([WriterVersion("shipped", None, None, True, {})]) == []


def test_versions_are_not_joined_into_changes_that_never_happened() -> None:
    """v2's round held out harder briefs than v1's; on its own ones v2 changed nothing."""

    def made(name: str, parent: str | None, old: float, new: float) -> WriterVersion:
        sides = {"old": {"wrong_facts": [old] * 9}, "new": {"wrong_facts": [new] * 9}}
        return WriterVersion(name, parent, datetime.now(UTC), False, {"round": {"evidence": sides}})

    frame = held_out([made("v2", "v1", 0.3, 0.3), made("v1", None, 0.05, 0.06)])
    parents = {"v1": "the shipped writer", "v2": "v1"}
    chart = charts_rounds.held_out(frame, {"wrong_facts": "Wrong facts"}, "H", "n", ".1%", parents)
    (dots,) = chart.figure.data
    assert dots.mode == "markers" and list(dots.y) == ["v1", "v2"] and list(dots.x) == pytest.approx([0.01, 0])
    assert list(dots.error_x.array) == pytest.approx([0, 0]) and list(dots.customdata) == ["the shipped writer", "v1"]
    assert chart.reading == "v2 differs from v1 in none of these beyond chance."
    assert list(chart.table["made from"]) == ["the shipped writer", "v1"]
    assert {"before", "after", "change"} <= set(chart.table.columns)
    alone = charts_rounds.held_out(frame[:1], {"wrong_facts": "Wrong facts"}, "H", "n", ".1%", parents)
    assert "v1 changed clearly from the shipped writer in wrong facts 5.0% → 6.0%" in alone.reading


def test_how_far_versions_moved_is_told_oldest_first() -> None:
    def made(name: str, parent: str | None, kl: Any, **plan: Any) -> WriterVersion:
        return WriterVersion(name, parent, datetime.now(UTC), False, {"round": {"evidence": {"kl": kl}, **plan}})

    shipped = WriterVersion("shipped", None, None, True, {})
    late = made("grpo-2", "grpo-1", 0.31, plan={"bounds": {"kl": 0.2}})
    found = moves([late, made("broken", None, float("nan")), made("grpo-1", None, 0.1), shipped])
    assert found.to_dict("split")["data"] == [
        ["grpo-1", "the shipped writer", 0.1, 0.5], ["grpo-2", "grpo-1", 0.31, 0.2],
    ]  # fmt: skip
    assert moves([shipped]).empty


def test_an_alarm_is_no_reason_for_a_version(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ("Sells better: x.", "length 30 → 31.", "Alarm: sales fell.", "e-1 has judged 0 gates before.")
    monkeypatch.setattr("app.services.rounds.decision", lambda *_: gate.Decision(True, said, 0))
    evidence = {"evaluator": "e-1", "old": {}, "new": {"sales": []}}
    manifest = {"round": {"evidence": evidence, "alarms": [said[2]]}}
    told = advice(db, ada, WriterVersion("w-2", None, datetime.now(UTC), False, manifest))
    assert told is not None and told.word == "promote" and told.alarms == (said[2],)
    assert [(r.holds, r.words) for r in told.reasons] == [(True, "Sells better: x."), (True, "Length 30 → 31.")]


def test_the_gates_measures_are_put_into_plain_words(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    kl = "KL 0.612 nats a token (at most 0.5)."
    said = (
        "Sells better: held-out CTCVR score +0.100 log-odds [+0.050, +0.150] over 12 briefs.",
        "share of bigrams that are distinct: 60.0% → 61.0% (change at least -2 points).", f"No: {kl}", "judged",
    )  # fmt: skip
    monkeypatch.setattr("app.services.rounds.decision", lambda *_: gate.Decision(False, said, 0))
    evidence = {"evaluator": "e-1", "old": {}, "new": {"sales": []}}
    told = advice(db, ada, WriterVersion("w-2", None, datetime.now(UTC), False, {"round": {"evidence": evidence}}))
    assert told is not None and told.word == "don't"
    assert [(r.holds, r.detail) for r in told.reasons] == [
        (True, said[0]), (True, f"S{said[1][1:]}"), (False, kl),
    ]  # fmt: skip
    plain = " ".join([told.why, *(reason.words for reason in told.reasons)])
    assert not any(word in plain for word in ("KL", "nats", "log-odds", "bigram"))
    assert "writes too differently from the writer that it was made from" in told.why


def test_a_version_without_a_round_has_no_advice(db: Database, ada: Actor) -> None:
    assert advice(db, ada, WriterVersion("hand-made", None, datetime.now(UTC), False, {})) is None
