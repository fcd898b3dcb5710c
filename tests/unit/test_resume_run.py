"""A resumed training goes on from checkpoints of its own run only: of its rewards, plan, parent and rows."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relate_engine.brief import BriefError
from relate_engine.judging import Judged
from relate_engine.snapshot import Single, Wording
from relate_engine.training import grpo
from relate_engine.training.checkpoint import fingerprint, goes_on_from
from relate_engine.training.corpus import CorpusText, Entry
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import train_grpo
from relate_engine.training.grpo_plan import Task
from relate_engine.training.kto import KtoPlan, train_kto
from relate_engine.training.preferences import PreferencePlan, train_preferences
from relate_engine.training.sft import SftPlan, train_sft
from relate_engine.training.tuning import TunePlan, tune
from tests.tiny_round import HEADLINES, PLAN, PRODUCTS, brief, score, write_policy

TASKS = [Task(brief(product), "headline", "benefit") for product in PRODUCTS]
Train = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_policy(tmp_path_factory.mktemp("policy"))


class KilledError(Exception):
    pass


def die(done: int, total: int, loss: Any) -> None:
    if done / total >= 0.6:  # a checkpoint is there by then
        raise KilledError


def sft(policy: tuple[str, Path], out: Path, rate: float, count: int, **more: Any) -> dict[str, Any]:
    texts = tuple(CorpusText("headline_30", "benefit", (), t) for t in HEADLINES)
    entries = [Entry(f"e{n}", "train", brief(f"Desk {n}"), texts) for n in range(count)]
    plan = SftPlan(epochs=3, briefs_a_step=1, learning_rate=rate, validation=2)
    return train_sft(policy[0], entries, "0", out / "out", out / "work", plan, parent=policy[1], **more)


def tuned(policy: tuple[str, Path], out: Path, rate: float, count: int, **more: Any) -> dict[str, Any]:
    chosen = [(brief(f"Desk {n}"), [Wording("headline", "benefit", t) for t in HEADLINES]) for n in range(count)]
    return tune(*policy, chosen, out / "out", out / "work", TunePlan(sets_a_step=1, learning_rate=rate), **more)


def preferred(policy: tuple[str, Path], out: Path, rate: float, count: int, **more: Any) -> dict[str, Any]:
    judged = [Judged("headline", "google_rsa", "benefit", t, n < 2) for n, t in enumerate(HEADLINES)]
    plan = PreferencePlan(epochs=2, briefs_a_step=1, learning_rate=rate, validation=0)
    sets = [(brief(f"Desk {n}"), judged) for n in range(count)]
    return train_preferences(*policy, sets, {}, out / "out", out / "work", plan, **more)


def judged_alone(policy: tuple[str, Path], out: Path, rate: float, count: int, **more: Any) -> dict[str, Any]:
    singles = [
        Single(brief(f"Desk {n}"), Wording("headline", "benefit", t), n % 2 == 0)
        for n in range(count)
        for t in HEADLINES
    ]
    plan = KtoPlan(epochs=2, texts_a_step=4, learning_rate=rate)
    return train_kto(*policy, singles, out / "out", out / "work", plan, **more)


@pytest.mark.parametrize("train", [sft, tuned, preferred, judged_alone])
def test_a_run_of_another_plan_or_other_rows_is_not_gone_on_with(
    policy: tuple[str, Path], tmp_path: Path, train: Train
) -> None:
    whole = train(policy, tmp_path / "whole", 1e-2, 6)
    with pytest.raises(KilledError):
        train(policy, tmp_path / "cut", 1e-2, 6, report=die)
    checkpoints = sorted((tmp_path / "cut" / "work").glob("checkpoint-*"))
    assert checkpoints
    with pytest.raises(BriefError, match=r"learning_rate was 0\.01 and is 0\.02.*move that folder away and start"):
        train(policy, tmp_path / "cut", 2e-2, 6, resume=True)
    with pytest.raises(BriefError, match="other rows"):
        train(policy, tmp_path / "cut", 1e-2, 7, resume=True)
    assert sorted((tmp_path / "cut" / "work").glob("checkpoint-*")) == checkpoints
    assert train(policy, tmp_path / "cut", 1e-2, 6, resume=True)["sha256"] == whole["sha256"]


def rewarded(policy: tuple[str, Path], out: Path, arm: str = "relate", beta: float = 0.04, **more: Any) -> Any:
    plan = replace(PLAN.grpo, steps=5, beta=beta)
    return train_grpo(*policy, more.pop("tasks", TASKS), ARMS[arm], score, out / "out", out / "work", plan, **more)


def test_a_run_of_other_rewards_is_not_gone_on_with(
    policy: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rewarded(policy, tmp_path / "whole")
    with pytest.raises(KilledError):
        rewarded(policy, tmp_path / "cut", report=die)
    other = write_policy(tmp_path / "other")
    weights = json.loads((other[1] / "manifest.json").read_text("utf-8"))
    (other[1] / "manifest.json").write_text(json.dumps(weights | {"version": "sft-other"}), "utf-8")
    for says, how in (
        (r"arm\.name was relate and is m1", {"arm": "m1"}),
        (r"plan\.beta was 0\.04 and is 0\.5", {"beta": 0.5}),
        ("other rows", {"tasks": TASKS[:3]}),
    ):
        with pytest.raises(BriefError, match=says):
            rewarded(policy, tmp_path / "cut", resume=True, **how)
    with pytest.raises(BriefError, match=r"parent was .* and is sft-other"):
        rewarded(other, tmp_path / "cut", resume=True)
    with monkeypatch.context() as patched:
        patched.setattr(grpo, "DEFINITION", 0)
        with pytest.raises(BriefError, match=r"reward_definition was .* and is 0"):
            rewarded(policy, tmp_path / "cut", resume=True)
    assert rewarded(policy, tmp_path / "cut", resume=True)["sha256"] == whole["sha256"]


def test_a_folder_of_before_there_was_a_note_goes_on(policy: tuple[str, Path], tmp_path: Path) -> None:
    whole = rewarded(policy, tmp_path / "whole")
    with pytest.raises(KilledError):
        rewarded(policy, tmp_path / "cut", report=die)
    (tmp_path / "cut" / "work" / "run.json").unlink()
    seen: list[int] = []
    made = rewarded(policy, tmp_path / "cut", resume=True, report=lambda done, *_: seen.append(done))
    assert made["sha256"] == whole["sha256"] and seen[0] > 1
    assert (tmp_path / "cut" / "work" / "run.json").read_bytes() == (
        tmp_path / "whole" / "work" / "run.json"
    ).read_bytes()


def test_a_new_start_puts_what_is_there_aside(policy: tuple[str, Path], tmp_path: Path) -> None:
    """Else a kill before its first checkpoint would leave the other run's for its own."""
    with pytest.raises(KilledError):
        rewarded(policy, tmp_path / "cut", arm="m1", report=die)
    work = tmp_path / "cut" / "work"
    left = {p.name for p in work.glob("checkpoint-*")}

    def at_once(done: int, total: int, metrics: Any) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        rewarded(policy, tmp_path / "cut", report=at_once)
    assert {p.name for p in (work / "earlier").iterdir()} == {*left, "run.json"}
    assert rewarded(policy, tmp_path / "cut", resume=True)["sha256"] == rewarded(policy, tmp_path / "w")["sha256"]


def test_what_is_told_of_a_run_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"parent": "sft-1", "plan": {"rate": 0.1, "steps": 5, "ends": (1, 2)}, "rows": fingerprint([{"a": 1}])}
    (tmp_path / "checkpoint-1").mkdir()
    goes_on_from(tmp_path, run, resume=True)  # nothing is whole in it, so it is started anew
    assert goes_on_from(tmp_path, run, resume=True) is None and not (tmp_path / "checkpoint-1").exists()
    (tmp_path / "checkpoint-2").mkdir()
    goes_on_from(tmp_path, run | {"parent": "sft-2"}, resume=False)
    (tmp_path / "checkpoint-2").mkdir()
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["parent"] == "sft-2"
    now = run | {"plan": {"rate": 0.2, "steps": 5, "ends": (1, 2), "more": None}, "rows": fingerprint([{"a": 2}])}
    with pytest.raises(BriefError) as said:
        goes_on_from(tmp_path, now, resume=True)
    assert "(parent was sft-2 and is sft-1; plan.rate was 0.1 and is 0.2; other rows): to train" in str(said.value)
    monkeypatch.setenv("WORLD_SIZE", "2")  # other processes sample other texts
    with pytest.raises(BriefError, match="processes was 1 and is 2"):
        goes_on_from(tmp_path, now, resume=True)
