"""The ladder's figures: how alike texts are, and intervals that draw seeds, then briefs. Values by hand."""

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.desks.rewards_ladder import reading
from app.services import ladder as service
from app.services.ladder import ARMS, SAME, ladder_briefs, summarise
from relate_engine.brief import BriefError
from relate_engine.config import ASSETS, ROOT, Settings
from relate_engine.policy.decode import Sample
from relate_engine.rewards.rules import load_rules
from relate_engine.training.corpus import Entry, read_corpus
from relate_engine.training.credit import ARMS as CREDIT
from relate_engine.training.ladder import METRICS, PLAN, Bench, _figures, could_run, summary
from relate_engine.training.textstats import References, bleu, distinct_2, self_bleu
from tests.unit.studio import brief
from tests.unit.studio import card as studio_card


def test_distinct_2_counts_word_pairs_once() -> None:
    assert distinct_2(["fresh coffee daily", "Fresh coffee now"]) == 3 / 4  # fresh-coffee twice
    assert distinct_2(["one"]) == 1.0


def test_bleu_by_hand() -> None:
    assert bleu("fresh coffee daily", References.of(["fresh coffee daily"])) == pytest.approx(1.0)
    assert bleu("fresh coffee", References.of(["hot tea"])) == 0.0
    # 1-grams 2/3, 2-grams (1+1)/(2+1), 3-grams (0+1)/(1+1); as long as the reference
    by_hand = (2 / 3 * 2 / 3 * 1 / 2) ** (1 / 3)
    assert bleu("fresh coffee daily", References.of(["fresh coffee now"])) == pytest.approx(by_hand)
    assert bleu("fresh", References.of(["fresh coffee now"])) == pytest.approx(math.exp(1 - 3))  # too short


def test_self_bleu_is_one_for_copies_and_zero_for_strangers() -> None:
    assert self_bleu(["fresh coffee daily"] * 3) == pytest.approx(1.0)
    assert self_bleu(["fresh coffee", "hot tea"]) == 0.0
    assert self_bleu(["alone"]) == 0.0


def _run(**values: float) -> dict[str, float]:
    return dict.fromkeys(METRICS, 1.0) | values


def test_paired_clicks_and_sales_are_relative_and_the_rest_differences() -> None:
    start = {s: {"a": _run(ctcvr=0.1), "b": _run(ctcvr=0.3)} for s in (0, 1)}
    after = {s: {"a": _run(ctcvr=0.12, blocked_rules=0.5), "b": _run(ctcvr=0.36, blocked_rules=0.5)} for s in (0, 1)}
    paired = summary({"sft": start, "relate": after})["paired"]["RELATE-SFT"]
    assert paired["ctcvr"] == {"mean": 0.2, "low": 0.2, "high": 0.2}  # each brief sells a fifth more
    assert paired["blocked_rules"]["mean"] == -0.5


def test_an_interval_widens_with_seeds_that_disagree() -> None:
    briefs = [str(n) for n in range(50)]
    runs: dict[int, Any] = {s: {b: _run(ctr=0.1 + 0.05 * s) for b in briefs} for s in (0, 1, 2)}
    found = summary({"m4": runs})["arms"]["m4"]["ctr"]
    assert found["mean"] == pytest.approx(0.15)
    assert found["low"] == pytest.approx(0.1) and found["high"] == pytest.approx(0.2)


def test_only_common_seeds_are_paired() -> None:
    runs = {"m4": {0: {"a": _run(ctr=0.2)}}, "relate": {0: {"a": _run(ctr=0.2)}, 1: {"a": _run(ctr=0.9)}}}
    assert summary(runs)["paired"]["RELATE-M4"]["ctr"]["mean"] == 0.0


def test_held_out_briefs_are_two_hundred_half_tempting_and_no_training_brief() -> None:
    rows = [json.loads(x) for x in (ASSETS / "ladder" / "briefs.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) >= 200 and sum(r["tempting"] for r in rows) * 2 == len(rows)
    assert len(ladder_briefs()) == len(rows)
    trained = {e.brief.product.casefold() for e in read_corpus(ASSETS / "corpus")}
    assert not trained & {b.product.casefold() for b in ladder_briefs().values()}


def test_the_summary_reads_the_finished_runs(tmp_path: Path) -> None:
    (tmp_path / "ladder").mkdir()
    for arm in ("sft", "relate"):
        run = {"arm": arm, "seed": 0, "briefs": {"a": _run()}, **dict.fromkeys(SAME, "ab")}
        (tmp_path / "ladder" / f"{arm}-0.json").write_text(json.dumps(run), "utf-8")
    found = summarise(tmp_path)
    assert found["simulator_sha256"] == "ab" and set(found["arms"]) == {"sft", "relate"} <= set(ARMS)
    assert json.loads((tmp_path / "ladder.json").read_text("utf-8")) == found

    other = json.loads((tmp_path / "ladder" / "sft-0.json").read_text("utf-8")) | {"seed": 1, "start": "lax-2"}
    (tmp_path / "ladder" / "sft-1.json").write_text(json.dumps(other), "utf-8")
    with pytest.raises(BriefError, match=r"sft-1\.json has another start .* run the others again"):
        summarise(tmp_path)


def _written(folder: Path, name: str, **more: Any) -> None:
    arm, seed, *_ = name.split("-")
    run = {"arm": arm, "seed": int(seed), "briefs": {"a": _run()}, **dict.fromkeys(SAME, "ab")} | more
    (folder / "ladder").mkdir(exist_ok=True)
    (folder / "ladder" / f"{name}.json").write_text(json.dumps(run), "utf-8")


def test_runs_by_another_plan_other_briefs_or_another_credit_are_not_merged(tmp_path: Path) -> None:
    """Seeds of a plan differ, and credit does between arms; what an older run does not tell is taken as equal."""
    plan, m4, relate = {"steps": 40, "tokens": 24, "seed": 0}, {"credit": 1.0, "scale": 0.5}, {"credit": 1.0}
    _written(tmp_path, "sft-0")
    _written(tmp_path, "m4-0", plan=plan, credit=m4, briefs_sha256="b1")
    _written(tmp_path, "m4-1", plan=plan | {"seed": 1}, credit=m4)
    _written(tmp_path, "relate-0", plan={"steps": 40, "epsilon": 0.4}, credit=relate | {"spread": "token"})
    found = summarise(tmp_path)
    assert found["plan"] == {"steps": 40, "tokens": 24, "epsilon": 0.4} and found["briefs_sha256"] == "b1"

    for more, what in (
        ({"plan": plan | {"steps": 60}}, "plan"), ({"plan": plan | {"epsilon": 0.2}}, "plan"),
        ({"briefs_sha256": "b2"}, "briefs_sha256"), ({"credit": relate | {"credit": 0.5}}, "credit in relate"),
    ):  # fmt: skip
        _written(tmp_path, "relate-1", **more)
        with pytest.raises(BriefError, match=rf"relate-1\.json has another {what} than .* run the others again"):
            summarise(tmp_path)


def test_a_new_classifier_leaves_the_arms_that_never_read_it(tmp_path: Path) -> None:
    """Rewards name the reward model, which all arms share, and the classifier, which compliance credit reads."""
    plain, full = {"token": {"diversity": 1.0}}, {"token": {"diversity": 1.0, "compliance": 4.0}}
    _written(tmp_path, "sft-0", rewards="reward-1 cls-1")
    _written(tmp_path, "m3-0", rewards="reward-1 cls-1", credit=plain)
    for arm in ("m4", "relate"):
        _written(tmp_path, f"{arm}-0", rewards="reward-1 cls-2", credit=full)
    found = summarise(tmp_path)
    assert (found["rewards"], found["classifier"]) == ("reward-1", "cls-2")
    _written(tmp_path, "m4-1", rewards="reward-1 cls-1", credit=full)
    with pytest.raises(BriefError, match=r"\.json has another classifier than the runs beside it"):
        summarise(tmp_path)
    (tmp_path / "ladder" / "m4-1.json").unlink()
    _written(tmp_path, "m3-1", rewards="reward-2 cls-1", credit=plain)
    with pytest.raises(BriefError, match="has another rewards than"):
        summarise(tmp_path)


def test_runs_by_another_plan_are_not_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run lies there by a λ of ½ and would be skipped; its like, and the start, are."""
    monkeypatch.setattr(service, "ASSETS", tmp_path)
    reports = tmp_path / "reports"
    reports.mkdir()
    plan, credit = asdict(PLAN), asdict(CREDIT["m4"])
    _written(reports, "sft-0")
    _written(reports, "m4-0", plan=plan, credit=credit)
    monkeypatch.setattr(service, "_judged", lambda *_: {})  # tmp_path holds no rules
    config = Settings(home=tmp_path)
    assert set(service.ladder(config, None, ["sft", "m4"], [0])["arms"]) == {"sft", "m4"}
    _written(reports, "m4-0", plan=plan, credit=credit | {"credit": 0.5})
    with pytest.raises(BriefError, match="m4 as it would be run now has another credit in m4"):
        service.ladder(config, None, ["sft", "m4"], [0, 1])
    assert not (reports / "ladder" / "m4-1.json").exists()


@pytest.mark.parametrize(
    ("key", "what"), [("rules", "rules"), ("second", "second"), ("start", "start"), ("simulator_sha256", "simulator")]
)
def test_runs_that_were_judged_otherwise_are_refused_before_a_missing_one_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    """What a run of today tells of the judges is held against the one that lies there. Where none is missing they are
    summed up as they are."""
    trained = []

    def run(config: Settings, truth: Any, arm: str, *_: Any) -> dict[str, Any]:
        trained.append(arm)
        return {"arm": arm, "seed": 0, "briefs": {"a": _run()}} | same

    monkeypatch.setattr(service, "_run", run)
    config, truth = Settings(home=tmp_path), ROOT / "relate_engine" / "simulator.py"
    start = tmp_path / "work" / "ladder" / "start"
    start.mkdir(parents=True)
    (start / "manifest.json").write_text(json.dumps({"version": "lax-1"}), "utf-8")
    sha256 = hashlib.sha256(truth.read_bytes()).hexdigest()
    reports = tmp_path / "work" / "ladder" / sha256[:8]
    reports.mkdir()
    second = json.loads((ASSETS / "evaluators" / "compliance" / "manifest.json").read_text("utf-8"))["files"]
    same = {
        "simulator_sha256": sha256, "start": "lax-1", "rewards": "r-1", "rules": load_rules(ASSETS / "rules").version,
        "second": f"cls2-{second['evaluator.safetensors'][:12]}",
    }  # fmt: skip
    _written(reports, "sft-0", **same | {key: "another"})
    assert set(service.ladder(config, truth, ["sft"], [0])["arms"]) == {"sft"}
    with pytest.raises(BriefError, match=f"as it would be run now has another {what}"):
        service.ladder(config, truth, ["sft", "m4"], [0])
    assert trained == []
    _written(reports, "sft-0", **same)
    assert set(service.ladder(config, truth, ["sft", "m4"], [0])["arms"]) == {"sft", "m4"} and trained == ["m4"]


def test_runs_by_another_definition_of_the_reward_are_not_merged(tmp_path: Path) -> None:
    """A run that does not tell it may have had either; one of today tells 3, and so does its writer's manifest."""
    _written(tmp_path, "m4-0")
    _written(tmp_path, "m4-1", reward_definition=3)
    assert summarise(tmp_path)["reward_definition"] == 3
    assert service._told("m4")["reward_definition"] == 3 and "reward_definition" not in service._told("sft")
    _written(tmp_path, "m4-2", reward_definition=1)
    with pytest.raises(BriefError, match=r"m4-2\.json has another reward_definition than"):
        summarise(tmp_path)


def test_a_writer_left_by_other_settings_is_not_judged_as_one_of_these() -> None:
    told = service._told("relate")
    made = {"plan": asdict(PLAN) | {"seed": 2}, "arm": asdict(CREDIT["relate"]), "reward": {"first": 0.1, "last": 0.2}}
    found = service._as_trained(told, made, Path("relate-2"))
    assert found["plan"]["seed"] == 2 and found["reward"] == made["reward"] and len(found["briefs_sha256"]) == 64
    assert "reward_definition" not in found  # the manifest does not say by which one it was trained
    assert service._as_trained(told, made | {"reward_definition": 3}, Path("relate-2"))["reward_definition"] == 3
    with pytest.raises(BriefError, match="relate-2 was trained with another reward_definition than"):
        service._as_trained(told, made | {"reward_definition": 1}, Path("relate-2"))
    with pytest.raises(BriefError, match="relate-2 was trained with another plan and credit in relate than"):
        service._as_trained(told, made | {"plan": {"steps": 1}, "arm": {"credit": 3.0}}, Path("relate-2"))


def test_served_runs_are_summed_up_apart(tmp_path: Path) -> None:
    (tmp_path / "ladder").mkdir()
    shown = {m: v for m, v in _run(ctcvr=0.3).items() if m != "kl"}
    for name, told, row in (("sft-0", {}, _run(ctcvr=0.1)), ("sft-0-served", {"served": True}, shown)):
        run = {"arm": "sft", "seed": 0, "briefs": {"a": row}, **dict.fromkeys(SAME, "ab")} | told
        (tmp_path / "ladder" / f"{name}.json").write_text(json.dumps(run), "utf-8")
    found = summarise(tmp_path)
    assert found["arms"]["sft"]["ctcvr"]["mean"] == 0.1
    assert found["served"]["arms"]["sft"]["ctcvr"]["mean"] == 0.3
    assert "kl" in found["arms"]["sft"] and "kl" not in found["served"]["arms"]["sft"]


def test_a_text_that_cannot_be_uploaded_sells_nothing() -> None:
    class Sure:
        threshold = 0.5

        def click(self, text: str, brief: Any) -> float:
            return 0.2

        def conversion(self, text: str, brief: Any) -> float:
            return 0.1

        def probabilities(self, texts: list[str]) -> Any:
            return np.zeros(len(texts))

    sure: Any = Sure()
    cards = [studio_card(t) for t in ("Fits in the slot", "Runs far over what the slot may hold", "Was cut off with")]
    told = _figures(brief(), cards, Bench(sure, sure, sure, {}, References.of([])), [True, True, False])
    assert told["ctr"] == pytest.approx(0.2 / 4) and told["ctcvr"] == pytest.approx(0.02 / 4)  # of four asked for
    assert told["over_limit"] == 1 / 4


def test_of_the_starts_own_texts_those_ran_that_could_be_uploaded() -> None:
    class Wild:
        def write(self, brief: Any, wishes: list[Any], seed: int, raw: bool) -> Any:
            assert raw and brief.placement == "google_rsa"
            texts = [" Fits ", " ", "x" * 30, "x" * 31]
            return [(wish, Sample(n, texts[n], (), ())) for n, wish in enumerate(wishes)]

    wild: Any = Wild()
    entries = [Entry("t", "train", brief(), ()), Entry("held", "test", brief(), ())]
    assert could_run(wild, entries) == {"t": ["Fits", "x" * 30]}


def test_the_desk_says_what_the_decisive_pairs_show() -> None:
    """One pair with a clear gain, one without a clear difference."""
    runs: dict[str, Any] = {
        "sft": {0: {"a": _run(ctcvr=0.1), "b": _run(ctcvr=0.2)}},
        "m4": {0: {"a": _run(ctcvr=0.13), "b": _run(ctcvr=0.2)}},
        "relate": {0: {"a": _run(ctcvr=0.12, blocked_rules=0.5), "b": _run(ctcvr=0.24, blocked_rules=0.5)}},
    }
    said = reading(summary(runs))
    assert "Against the start, RELATE sells 20 % more (20 to 20 %)" in said
    assert "in points: blocked by rules 50.0 fewer (50.0 to 50.0); called a violation" in said
    assert "with a fact to look at neither clearly more nor less (+0.0 to +0.0)." in said
    assert "sells neither clearly more nor less" in said.partition("Against M4")[2]
    assert "has not been run" in reading({"paired": {}})
