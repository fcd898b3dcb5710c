"""Rounds: what a snapshot teaches, worked out by hand, and a tiny round that is stopped and goes on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relate_engine import rounds
from relate_engine.brief import BriefError, supported_angles
from relate_engine.round_lessons import judged_of
from relate_engine.round_plan import RoundReport
from relate_engine.rounds import STEP, run_round
from relate_engine.snapshot import (
    ShownSet,
    ShownText,
    Single,
    Snapshot,
    Wording,
    acceptance,
    examined,
    held_briefs,
    held_products,
    manifest,
    preference_pairs,
    sft_targets,
    single_verdicts,
    snapshot_from_json,
    training_briefs,
    training_sets,
)
from tests.tiny_round import HEADLINES, PLAN, brief, judges, shown_text, snapshot, write_policy


def of(*texts: ShownText, number: int = 1) -> Snapshot:
    """A snapshot with one shown set, of a product that this round trains on."""
    whole = snapshot(number, sets=0)
    product = training_briefs(whole)[0].product
    return replace(whole, sets=(ShownSet(1, brief(product), texts),))


def pairs_of(*texts: ShownText) -> list[tuple[str, str, float, str]]:
    return [(p.better.text, p.worse.text, p.weight, p.why) for _, ps in preference_pairs(of(*texts)) for p in ps]


def test_a_pick_beats_what_was_rejected_and_a_little_what_was_left() -> None:
    """Touched down to place 1, so place 2 is one and place 3 two below it: 0.25 / 2 and 0.25 / 3."""
    found = pairs_of(shown_text(0, "picked"), shown_text(1, "rejected"), shown_text(2), shown_text(3))
    assert found == [
        (HEADLINES[0], HEADLINES[1], 1.0, "picked over rejected"),
        (HEADLINES[0], HEADLINES[2], 0.125, "picked over not picked"),
        (HEADLINES[0], HEADLINES[3], pytest.approx(0.25 / 3), "picked over not picked"),
    ]
    above = pairs_of(shown_text(0), shown_text(3, "picked"))
    assert above == [(HEADLINES[3], HEADLINES[0], 0.25, "picked over not picked")]  # passed over on the way down


def test_a_place_that_is_seldom_looked_at_says_less_of_the_text_in_it() -> None:
    """Random texts: the first place is chosen 40 in 100, the fourth 10 in 100 (a quarter), the third too few to say."""
    seen = examined([("headline", 0, 100, 40), ("headline", 2, 49, 0), ("headline", 3, 100, 10), ("path", 0, 90, 9)])
    assert seen == {"headline": {0: 1.0, 3: 0.25}}  # one place alone has nothing beside it
    assert examined([("headline", 0, 60, 0), ("headline", 1, 60, 0)]) == {}
    assert examined([("headline", 0, 60, 30), ("headline", 1, 60, 0)]) == {"headline": {0: 1.0, 1: 0.05}}
    given = replace(of(shown_text(0, "picked"), shown_text(2), shown_text(3)), examined=seen)
    ((_, pairs),) = preference_pairs(given)
    assert [p.weight for p in pairs] == [pytest.approx(0.25 / 3), 0.25 * 0.25]  # cascade ¼ too: the fourth is 3 below
    passed = replace(of(shown_text(3), shown_text(4, "picked")), examined=seen)  # seen on the way down, or was it?
    assert [p.weight for p in preference_pairs(passed)[0][1]] == [0.0625]
    assert snapshot_from_json(json.loads(json.dumps(given.to_json()))) == given
    assert manifest(given)["examined"] == {"headline": {"0": 1.0, "3": 0.25}}


def test_verdicts_without_a_counterpart_are_single() -> None:
    """A slot of a set that makes pairs has none; edits replace what was rejected; blocked texts are no picks."""
    lone = of(shown_text(0, "rejected"), shown_text(1, "picked", slot="description"), shown_text(2))
    assert [(s.wording.text, s.picked) for s in single_verdicts(lone)] == [(HEADLINES[0], False), (HEADLINES[1], True)]
    assert single_verdicts(of(shown_text(0, "picked"), shown_text(1, "rejected"))) == []
    assert single_verdicts(of(shown_text(0, "picked", level="blocked"), shown_text(1, verdict="violation"))) == [
        Single(brief(training_briefs(snapshot())[0].product), Wording("headline", "benefit", HEADLINES[1]), False)
    ]


def test_an_edit_beats_the_wording_it_replaced_and_nothing_else() -> None:
    edited = shown_text(0, "picked", edited="Solid oak desk")
    assert pairs_of(edited, shown_text(1, "rejected")) == [
        ("Solid oak desk", HEADLINES[0], 1.0, "edited over original"),
    ]
    assert pairs_of(shown_text(0, "rejected", edited="Solid oak desk")) == []


def test_pairs_stay_inside_a_slot_of_a_set() -> None:
    assert pairs_of(shown_text(0, "picked"), shown_text(1, "rejected", slot="description")) == []
    one, other = of(shown_text(0, "picked")), of(shown_text(1, "rejected"))
    assert preference_pairs(replace(one, sets=(*one.sets, *other.sets))) == []


def test_a_violation_is_never_taught() -> None:
    bad = shown_text(0, "picked", verdict="violation")
    blocked = shown_text(2, "picked", level="blocked")
    assert sft_targets(of(bad, blocked)) == []
    assert pairs_of(bad, shown_text(1, "picked")) == [(HEADLINES[1], HEADLINES[0], 1.0, "picked over rejected")]
    assert pairs_of(shown_text(0, edited="Best oak", verdict="violation")) == []


def test_targets_are_what_people_stood_by_in_its_last_wording() -> None:
    texts = shown_text(0, "picked"), shown_text(1), shown_text(2, edited="Lasts"), shown_text(3, "rejected")
    assert [[w.text for w in ws] for _, ws in sft_targets(of(*texts))] == [[HEADLINES[0], "Lasts"]]


def test_acceptance_compares_the_writer_in_use_with_those_before() -> None:
    """30 texts of each: 15 of the earlier were picked, 6 of the present one's."""
    texts = [shown_text(i % 5, "picked" if i < 15 else "", author="policy:old") for i in range(30)]
    texts += [shown_text(i % 5, "picked" if i < 6 else "", author="policy:sft-0") for i in range(30)]
    assert acceptance(of(*texts)) == ((15, 30), (6, 30))
    assert acceptance(of(*texts[1:])) is None


def test_held_out_products_rotate_and_are_never_trained_on() -> None:
    held = [held_products(snapshot(n)) for n in range(1, 9)]
    assert all(len(h) == 1 for h in held) and len(set(held)) > 1
    now = snapshot(1)
    twice = replace(now, briefs=(*now.briefs, now.briefs[0].model_copy(update={"placement": "meta_feed"})))
    for number in range(1, 9):
        given = replace(twice, round=number)
        out = {b.product for b in held_briefs(given)}
        assert out and not out & {b.product for b in training_briefs(given)}
        assert not out & {s.brief.product for s in training_sets(given)}
        assert len(held_briefs(given)) + len(training_briefs(given)) == 5


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


def test_the_manifest_tells_every_part_apart_and_a_snapshot_survives_json() -> None:
    now = snapshot()
    assert snapshot_from_json(json.loads(json.dumps(now.to_json()))) == now
    first = now.sets[0]
    judged = replace(first, texts=(replace(first.texts[0], verdict="compliant"), *first.texts[1:]))
    later = replace(now, sets=(judged, *now.sets[1:]))
    a, b = manifest(now)["sha256"], manifest(later)["sha256"]
    assert {k for k in a if a[k] != b[k]} == {"sets", "verdicts"}
    assert manifest(now)["counts"]["sets"] == 8 and manifest(now)["counts"]["briefs"] == 4


def test_pairs_reach_training_as_numbers_with_weights() -> None:
    found = preference_pairs(of(shown_text(0, "picked"), shown_text(1, "rejected"), shown_text(2)))
    (judged,), (weights,) = judged_of(found)
    assert [(j.text, j.passed) for j in judged[1]] == [(HEADLINES[0], True), (HEADLINES[1], False),
                                                       (HEADLINES[2], False)]  # fmt: skip
    assert weights == {(0, 1): 1.0, (0, 2): 0.125}


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
    # 3 targets a set; pairs a set: two picks over the rejected and the left one, and the edit; 2 slots of 3 products
    assert [s.rows for s in whole.steps] == [6 * 3, 6 * 5, 3 * 2 * len(supported_angles(brief("Oak Desk")))]
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
