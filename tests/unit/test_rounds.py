"""Rounds: a tiny one that is stopped and goes on, and what it says of its steps and of the writer it began with."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relate_engine import rounds
from relate_engine.brief import BriefError, supported_angles
from relate_engine.round_plan import RoundReport
from relate_engine.rounds import STEP, run_round
from relate_engine.snapshot import ShownSet, product_of, training_briefs, training_sets
from tests.tiny_round import PLAN, brief, judges, shown_text, snapshot, write_policy


def test_the_parents_alarm_says_whose_it_is(tmp_path: Path) -> None:
    """It stands among the reasons about the version that the round makes."""
    old = [shown_text(i % 5, "picked" if i < 20 else "", author="policy:old") for i in range(30)]
    new = [shown_text(i % 5, "picked" if i < 3 else "", author="policy:sft-0") for i in range(30)]
    sets = tuple(ShownSet(n, brief("Oak Desk"), tuple(texts)) for n, texts in enumerate((old, new)))
    (tmp_path / "manifest.json").write_text(json.dumps({"reward": {"first": 0.4, "last": 0.6}}), "utf-8")
    shown = [replace(snapshot(sets=0), sets=s) for s in (sets, sets[:1])]
    assert rounds.looked_back(tmp_path, shown[0], PLAN.drift) == (
        "Alarm: about sft-0, which this round started from: training reward rose (0.40 → 0.60) while people chose "
        "fewer (67% → 10%).",
    )
    assert rounds.looked_back(tmp_path, shown[1], PLAN.drift) == ()


def test_a_round_says_how_many_briefs_it_judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty held-out briefs, one of them twice; at most 16 are judged, each once."""
    monkeypatch.setattr(rounds, "measure", lambda *_: {})
    desk, said = brief("Oak Desk"), []
    plan = replace(PLAN, held=replace(PLAN.held, briefs=16))
    for n, held in ((1, [desk, desk]), (16, [desk, *(brief(f"Desk {n}") for n in range(19))])):
        (tmp_path / str(n)).mkdir()
        run = rounds._Round("", held, judges(), tmp_path / str(n), plan, lambda share, what: said.append(what))
        run.start(tmp_path)
    assert said == ["Judging the writer in use on 1 held-out briefs", "Judging the writer in use on 16 held-out briefs"]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_policy(tmp_path_factory.mktemp("policy"))


class StoppedError(Exception):
    pass


def run(policy: tuple[str, Path], work: Path, stop_at: str = "", **more: Any) -> RoundReport:
    def report(share: float, message: str) -> None:
        assert 0 <= share <= 1
        if stop_at and message.startswith(stop_at):
            raise StoppedError

    return run_round(more.get("snapshot") or snapshot(), *policy, judges(), work, PLAN, report)


@pytest.fixture(scope="module")
def whole(policy: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> RoundReport:
    return run(policy, tmp_path_factory.mktemp("whole") / "work")


def test_a_round_runs_every_step_and_says_what_each_changed(whole: RoundReport) -> None:
    assert [(s.name, s.ran) for s in whole.steps] == [("sft", True), ("preferences", True), ("grpo", True)]
    # 3 targets a set; pairs a set: two picks over the rejected and the left one, and the edit; 4 steps of 2 tasks
    assert [s.rows for s in whole.steps] == [6 * 3, 6 * 5, 4 * 2]
    tasks = 3 * 2 * len(supported_angles(brief("Oak Desk")))  # 2 slots of 3 products
    assert f"grpo ran on 8 of {tasks} tasks (brief, slot, angle), 4 steps" in whole.steps[2].words
    assert all(s.before and s.after and "→" in s.words for s in whole.steps)
    for before, after in zip(whole.steps, whole.steps[1:], strict=False):
        assert before.after == after.before
    assert not whole.decision.promote and "no sales evidence" in whole.decision.reasons[0]
    assert whole.decision.verdicts_needed == 100 and whole.version.startswith("relate-")
    assert whole.evidence["kl"] > 0 and json.dumps(whole.to_json())


@pytest.mark.parametrize(
    "stops",
    [
        ("sft: step 3", "preferences: judging"),
        ("preferences: step 4", "grpo: step 3"),
        ("grpo: judging", "Deciding"),
        (
            "Judging the writer in use, 0 of 1 briefs judged",
            "grpo: judging, 0 of 1 briefs written",
            "Measuring how far the new writer moved, 0 of 8 texts compared",
        ),
    ],
    ids=["sft", "inside grpo", "late", "inside judging"],
)
def test_a_stopped_round_goes_on_to_the_same_adapter(
    policy: tuple[str, Path], whole: RoundReport, tmp_path: Path, stops: tuple[str, ...]
) -> None:
    for stop in stops:
        with pytest.raises(StoppedError):
            run(policy, tmp_path, stop)
    finished = {p.parent.name: p.stat().st_mtime_ns for p in tmp_path.glob(f"*/{STEP}")}
    again = run(policy, tmp_path)
    assert again.to_json() == whole.to_json()
    for name in ("adapter_model.safetensors", "manifest.json"):
        assert (Path(again.adapter) / name).read_bytes() == (Path(whole.adapter) / name).read_bytes()
    assert finished and all((tmp_path / n / STEP).stat().st_mtime_ns == at for n, at in finished.items())


def test_after_an_upgrade_that_trains_otherwise_the_step_starts_anew(
    policy: tuple[str, Path], whole: RoundReport, tmp_path: Path
) -> None:
    with pytest.raises(StoppedError):
        run(policy, tmp_path, "grpo: step 3")
    note = tmp_path / "grpo.training" / "run.json"
    told = json.loads(note.read_text("utf-8"))
    note.write_text(json.dumps(told | {"plan": told["plan"] | {"beta": 0.5}}), "utf-8")
    said: list[str] = []
    again = run_round(snapshot(), *policy, judges(), tmp_path, PLAN, lambda share, message: said.append(message))
    assert again.to_json() == whole.to_json()
    weights = [(Path(r.adapter) / "adapter_model.safetensors").read_bytes() for r in (again, whole)]
    assert weights[0] == weights[1]
    assert "grpo starts anew: what was trained of it is of another release's settings" in said
    assert not any(message.startswith(("sft: step", "preferences: step")) for message in said)


def test_a_cancel_inside_judging_is_met_at_the_next_brief(policy: tuple[str, Path], tmp_path: Path) -> None:
    """Eight products, so two are held out: the second is not judged any more. What was judged whole stays so."""
    now = snapshot(sets=0)
    eight = replace(now, briefs=tuple(brief(f"{b.product} {n}") for b in now.briefs for n in (1, 2)))
    scored, said = [0], list[tuple[float, str]]()

    def counting(asked: Any) -> Any:
        scored[0] += 1
        return judges().score(asked)

    def stopping(wanted: str) -> Any:
        def report(share: float, message: str) -> None:
            said.append((share, message))
            if message == wanted:
                raise StoppedError

        return report

    def judged_until(message: str) -> int:
        scored[0] = 0
        with pytest.raises(StoppedError):
            run_round(eight, *policy, judges(score=counting), tmp_path, off, stopping(message))
        return scored[0]

    off = replace(PLAN, grpo=replace(PLAN.grpo, steps=1))
    assert judged_until("Judging the writer in use, 1 of 2 briefs judged") == 1
    assert [m.removeprefix("Judging the writer in use, ") for _, m in said[1:]] == [
        "0 of 2 briefs written", "1 of 2 briefs written", "0 of 2 briefs judged", "1 of 2 briefs judged",
    ]  # fmt: skip
    shares = [share for share, _ in said]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(0.05 * 0.8)
    assert judged_until("grpo: judging, 0 of 2 briefs judged") == 2 + 1  # the start, and the step of grpo
    assert judged_until("grpo: judging, 1 of 2 briefs judged") == 1  # neither again: only what was stopped


def test_without_feedback_only_the_rewards_teach(policy: tuple[str, Path], tmp_path: Path) -> None:
    made = run(policy, tmp_path, snapshot=snapshot(sets=0))
    assert [s.ran for s in made.steps] == [False, False, True]
    assert "0 texts that people stood by" in made.steps[0].words and "it takes 10" in made.steps[0].words
    assert made.version


def test_a_round_does_not_say_that_it_learned_from_what_it_kept_aside(policy: tuple[str, Path], tmp_path: Path) -> None:
    """Seven sets are trained on: three of two products each and one of a third, which shows what DPO has gained."""
    now = snapshot(sets=3)
    lone = product_of(training_briefs(now)[0])
    first = next(s for s in now.sets if product_of(s.brief) == lone)
    sets = tuple(s for s in now.sets if product_of(s.brief) != lone or s == first)
    assert len(training_sets(replace(now, sets=sets))) == 7
    off = replace(PLAN, grpo=replace(PLAN.grpo, steps=0))
    made = run_round(replace(now, sets=sets), *policy, judges(), tmp_path, off)
    assert made.steps[1].rows == 6 * 5 and "preferences ran on 30 pairs of 6 shown sets (DPO): " in made.steps[1].words
    assert made.version.startswith("dpo-")


def test_where_only_single_verdicts_exist_kto_learns_from_them(policy: tuple[str, Path], tmp_path: Path) -> None:
    """In each set one slot with a single pick and one with a single rejection; 3 of 4 products are trained on."""
    whole = snapshot(sets=0)
    sets = tuple(
        ShownSet(n, brief(p), (shown_text(0, "picked"), shown_text(1, "rejected", slot="description")))
        for n, p in enumerate(b.product for b in whole.briefs for _ in range(7))
    )
    off = replace(PLAN, grpo=replace(PLAN.grpo, steps=0))
    made = run_round(replace(whole, sets=sets), *policy, judges(), tmp_path / "kto", off)
    assert [(s.name, s.ran, s.rows) for s in made.steps] == [
        ("sft", True, 21),
        ("preferences", True, 42),
        ("grpo", False, 0),
    ]
    assert "21 picks and 21 rejections without a counterpart (KTO)" in made.steps[1].words
    assert "switched off" in made.steps[2].words and made.version.startswith("kto-")
    few = run_round(replace(whole, sets=sets[::2]), *policy, judges(), tmp_path / "few", off)
    assert not few.steps[1].ran and "0 pairs outside the held-out briefs" in few.steps[1].words
    assert "or 20 single verdicts of each sign" in few.steps[1].words


def test_a_round_with_nothing_to_hold_out_is_refused(policy: tuple[str, Path], tmp_path: Path) -> None:
    now = snapshot()
    with pytest.raises(BriefError, match="two products at least"):
        run(policy, tmp_path, snapshot=replace(now, briefs=now.briefs[:1]))


def test_several_processes_are_refused_before_they_write_over_each_other(
    policy: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")  # as torchrun --nproc_per_node 2 sets it
    with pytest.raises(BriefError, match="runs in one process"):
        run(policy, tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_reward_that_fails_before_any_training_ends_the_round_in_one_sentence(
    policy: tuple[str, Path], tmp_path: Path
) -> None:
    """The writer in use is judged first."""

    def gone(asked: Any) -> Any:
        raise RuntimeError("the rate model is gone")

    with pytest.raises(BriefError, match=r"could be scored \(the rate model is gone\)\. Mend the reward"):
        run_round(snapshot(sets=0), *policy, judges(score=gone), tmp_path, PLAN)


def test_a_reward_that_fails_ends_the_round_in_one_sentence(policy: tuple[str, Path], tmp_path: Path) -> None:
    calls = 0

    def failing(asked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:  # the start is judged
            raise RuntimeError("the rate model is gone")
        return judges().score(asked)

    with pytest.raises(BriefError, match=r"could be scored \(the rate model is gone\)"):
        run_round(snapshot(sets=0), *policy, judges(score=failing), tmp_path, PLAN)
