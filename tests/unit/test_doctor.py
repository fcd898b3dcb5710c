"""The doctor looks at what drafts and scores, in every workspace, and names the remedy."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from app.services import doctor, learning, trials, versions
from app.services.doctor import Item
from db import versions as rows
from db.session import Database
from relate_engine.config import ASSETS, Settings
from relate_engine.rewards.ctrhead import Head
from relate_engine.training.rewards import fit_rewards
from tests.unit.studio import person
from tests.unit.test_reward_model import seen, setting
from tests.unit.writers import add_version, small_settings


def found(config: Settings, db: Database) -> dict[str, Item]:
    return {item.name: item for item in doctor._in_use(config, db)}


def test_a_promoted_writer_and_one_on_trial_are_examined(db: Database, tmp_path: Path) -> None:
    config, ann = small_settings(tmp_path), person(db, "analyst")
    assert found(config, db) == {}  # the shipped writer drafts, and the priors predict
    folders = {name: add_version(db, ann, config, name) for name in ("rnd-1", "rnd-2")}
    versions.promote(db, ann, "rnd-1", config)
    trials.start_trial(db, ann, "rnd-2", config)
    whole = found(config, db)
    assert {n: i.value.split(" of ")[0] for n, i in whole.items()} == {
        "writer in use": "rnd-1",
        "writer on trial": "rnd-2",
    }
    assert not any(item.remedy for item in whole.values())

    weights = folders["rnd-1"] / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    shutil.rmtree(folders["rnd-2"])
    broken = found(config, db)
    assert "damaged (checksum differs)" in broken["writer in use"].remedy
    assert broken["writer in use"].remedy.endswith("Roll back on the page Decide.")
    assert "no adapter in" in broken["writer on trial"].remedy and "End the trial" in broken["writer on trial"].remedy
    served = config.model_copy(update={"policy_url": "http://localhost:9"})
    assert found(served, db) == {}  # a server writes, whatever is in use here


def test_a_reward_model_in_use_is_examined(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, ann = small_settings(tmp_path), person(db, "analyst")
    days = [date(2026, 1, d) for d in (7, 14, 21, 28)]
    model = fit_rewards([seen(t, 900, c, group="g", end=d) for d in days for t, c in (("A", 50), ("B", 30))], setting())
    folder = learning.rewards_folder(config, ann.workspace_id)
    version = model.save(folder / "x", {}).version
    (folder / "x").rename(folder / version)
    with db.write() as session:
        rows.add_version(session, ann.workspace_id, ann.user_id, "reward", version, {})
    monkeypatch.setattr(Head, "load", lambda folder: type("Served", (), {"version": "ctr-1"}))
    item = found(config, db)["reward model"]
    assert item.value.startswith(version) and not item.remedy

    (folder / version / "model.json").write_text("{}")
    item = found(config, db)["reward model"]
    assert "model.json" in item.remedy and "damaged; run `relate train rewards`" in item.remedy
    assert "undo it on the Results desk" in item.remedy
    monkeypatch.setattr(Head, "load", lambda folder: type("Served", (), {"version": "ctr-2"}))
    shutil.rmtree(folder / version)
    assert "no reward model" in found(config, db)["reward model"].remedy


def test_the_acceptance_fit_is_known_by_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = json.loads((ASSETS / "heads" / "acceptance" / "acceptance.json").read_text("utf-8"))
    assert doctor._acceptance() == Item("acceptance", shipped["version"])
    monkeypatch.setattr(doctor, "ASSETS", tmp_path)
    assert "cannot be read" in doctor._acceptance().remedy
    file = tmp_path / "heads" / "acceptance" / "acceptance.json"
    file.parent.mkdir(parents=True)
    other = shipped["fits"] | {"short": shipped["fits"]["short"] | {"constant": 0.1}}
    file.write_text(json.dumps(shipped | {"fits": other}), "utf-8")
    told = doctor._acceptance()
    assert "damaged (checksum differs)" in told.remedy and "relate train acceptance" in told.remedy
    file.write_text("[]", "utf-8")
    assert "cannot be read" in doctor._acceptance().remedy
