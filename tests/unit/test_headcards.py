"""Each shipped head has the card of the version that is served; its figures are the manifest's and the logged run's."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from relate_engine.config import ASSETS
from relate_engine.policy.acceptance import load_acceptance
from relate_engine.rewards import classifier
from relate_engine.rewards.ctrhead import Head
from relate_engine.training.card import Card, auc_interval, read_card
from relate_engine.training.headcards import write_head_card

HEADS, LOG = ASSETS / "heads", ASSETS / "reports" / "validation_runs.jsonl"


def card(name: str) -> Card:
    found = read_card(HEADS / name)
    assert found is not None, name
    return found


def test_each_head_has_a_card_of_the_version_that_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "assembled", lambda encoder, arrays, plain, version: version)
    served = {
        "acceptance": load_acceptance(HEADS / "acceptance").version,
        "compliance": classifier.Classifier.load(HEADS / "compliance", None),  # type: ignore[arg-type]
        "ctr": Head.load(HEADS / "ctr").version,
    }
    assert {folder.name: card(folder.name).version for folder in HEADS.iterdir()} == served
    for name in served:
        assert card(name).limits and card(name).data and card(name).metrics and card(name).command.startswith("relate")


def test_the_card_of_the_ctr_head_holds_the_logged_run_and_no_invented_diagram() -> None:
    made = card("ctr")
    figures = {m.name: (m.value, m.low, m.high) for m in made.metrics}
    assert figures["pair accuracy, any difference"] == (0.5936, 0.5626, 0.6247)
    assert figures["pair accuracy minus TF-IDF's, any difference"] == (0.0345, 0.0014, 0.0675)
    assert made.reliability == () and any("no reliability diagram" in limit for limit in made.limits)
    assert any("23% of the variance" in limit for limit in made.limits)  # (0.1326 / 0.279)²


def test_the_card_of_the_classifier_draws_the_bins_of_its_manifest() -> None:
    made = card("compliance")
    figures = {m.name: (m.value, m.low, m.high) for m in made.metrics}
    assert figures["violations found, with the rules"] == (0.9356, 0.9035, 0.9575)
    assert figures["AUC in training"] == (0.9609, 0.9578, 0.964)
    (curve,) = made.reliability
    assert [(p.predicted, p.observed, p.trials) for p in curve.points][1] == (0.2842, 0.3628, 915)
    assert sum(p.trials for p in curve.points) == 16_240 and all(p.low < p.observed < p.high for p in curve.points)
    assert any("39% violate" in limit for limit in made.limits)  # 6,264 of 16,240


def test_the_card_of_acceptance_has_a_diagram_of_all_that_the_latest_editors_judged() -> None:
    made = card("acceptance")
    fit = json.loads((HEADS / "acceptance" / "acceptance.json").read_text())
    assert sum(p.trials for p in made.reliability[0].points) == fit["texts"]
    passed = sum(p.trials * p.observed for p in made.reliability[0].points)
    assert passed == pytest.approx(fit["passed"]) and f"{fit['passed']:,} (" in made.data["judged drafts"]
    auc = made.metrics[0]
    assert auc.low is not None and auc.high is not None and auc.low < auc.value < auc.high


@pytest.mark.parametrize("kind", ["ctr", "compliance"])
def test_a_card_is_written_by_training_and_again_by_a_logged_run(kind: str, tmp_path: Path) -> None:
    shutil.copy(HEADS / kind / "manifest.json", tmp_path)
    write_head_card(kind, tmp_path)  # as training does: nobody has judged it yet
    fresh = read_card(tmp_path)
    assert fresh is not None and "judged by" not in fresh.data
    assert any(f"run `relate evaluate {kind}`" in limit for limit in fresh.limits)
    write_head_card(kind, tmp_path, LOG)
    judged = read_card(tmp_path)
    assert judged is not None and judged.date == fresh.date and judged.metrics == card(kind).metrics
    assert not any("relate evaluate" in limit for limit in judged.limits)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    manifest["files"]["head.safetensors"] = "0" * 64  # trained anew: no run in the log judged this one
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    write_head_card(kind, tmp_path, LOG)
    other = read_card(tmp_path)
    assert other is not None and other.version != judged.version and "judged by" not in other.data


def test_the_interval_of_an_area_draws_groups() -> None:
    truth, groups = np.array([True, False] * 10), [str(k // 2) for k in range(20)]
    assert auc_interval(np.where(truth, 0.9, 0.1), truth, groups) == (1.0, 1.0)  # every draw is told apart
    low, high = auc_interval(np.tile([0.9, 0.1, 0.1, 0.9], 5), truth, groups)  # half of the groups the wrong way round
    assert 0.1 < low < 0.5 < high < 0.9
