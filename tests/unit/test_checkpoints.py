"""Where a training goes on from: the newest checkpoint whose files open, and the plan that the machine can run."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from relate_engine.training import grpo, grpo_plan
from relate_engine.training.checkpoint import last_checkpoint, whole
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import train_grpo
from relate_engine.training.grpo_plan import Task
from tests.tiny_round import PLAN, brief, score, write_policy

TASKS = [Task(brief(product), "headline", "benefit") for product in ("Oak Desk", "Elm Desk", "Fir Desk")]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_policy(tmp_path_factory.mktemp("policy"))


def train(policy: tuple[str, Path], folder: Path, **more: Any) -> dict[str, Any]:
    """Four steps with a checkpoint after each; the last two stay."""
    return train_grpo(*policy, TASKS, ARMS["relate"], score, folder / "out", folder / "work", PLAN.grpo, **more)


@pytest.fixture(scope="module")
def trained(policy: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(policy, folder)


def test_a_truncated_adapter_sends_training_back_one_checkpoint_to_the_same_weights(
    policy: tuple[str, Path], trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copytree(trained[0] / "work", tmp_path / "work")
    newest = tmp_path / "work" / "checkpoint-4"
    assert last_checkpoint(tmp_path / "work") == str(newest)
    cut(newest / "adapter_model.safetensors")
    assert json.loads((newest / "trainer_state.json").read_text("utf-8"))["global_step"] == 4  # it reads well
    assert last_checkpoint(tmp_path / "work") == str(tmp_path / "work" / "checkpoint-3")
    assert train(policy, tmp_path, resume=True)["sha256"] == trained[1]["sha256"]
    again, first = (
        load_file(f / "work" / "checkpoint-4" / "adapter_model.safetensors") for f in (tmp_path, trained[0])
    )
    assert again and all(torch.equal(again[name], first[name]) for name in first)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth"])
@pytest.mark.parametrize("harm", [cut, empty, zeros])
def test_no_file_of_a_checkpoint_may_be_short_empty_or_zeros(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    folder = tmp_path / "checkpoint-1"
    shutil.copytree(trained[0] / "work" / "checkpoint-4", folder)
    assert whole(folder)
    harm(folder / name)
    assert not whole(folder) and last_checkpoint(tmp_path) is None


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_checkpoint_without_a_file_that_the_trainer_skips_in_silence_is_not_whole(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / "checkpoint-1"
    shutil.copytree(trained[0] / "work" / "checkpoint-4", folder)
    (folder / name).unlink()
    assert not whole(folder) and last_checkpoint(tmp_path) is None
    shutil.copytree(trained[0] / "work" / "checkpoint-4", folder, dirs_exist_ok=True)
    monkeypatch.setenv("WORLD_SIZE", "2")  # each process has its own random state
    assert not whole(folder)
    for number in (0, 1):
        shutil.copy(folder / "rng_state.pth", folder / f"rng_state_{number}.pth")
    assert whole(folder)


def header(said: Any) -> Callable[[Path], None]:
    """A safetensors header that reads as JSON and is none, before as many bytes as there were."""

    def harm(path: Path) -> None:
        told = json.dumps(said).encode()
        path.write_bytes(len(told).to_bytes(8, "little") + told + bytes(100))

    return harm


def scrambled(path: Path) -> None:
    """A zip whose directory is whole, and whose bytes do not inflate."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data", b"weights " * 100)
    raw = bytearray(path.read_bytes())
    raw[34:44] = b"\xff" * 10
    path.write_bytes(bytes(raw))


def marked(at: int, value: int) -> Callable[[Path], None]:
    """A zip with one other byte in its directory: how it is packed (10), or whether it is encrypted (8)."""

    def harm(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("data", b"weights")
        raw = bytearray(path.read_bytes())
        raw[raw.index(b"PK\x01\x02") + at] = value
        path.write_bytes(bytes(raw))

    return harm


def said(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text, "utf-8") and None


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("adapter_model.safetensors", header({"a": {"dtype": "F32"}})),
        ("adapter_model.safetensors", header({"a": {"data_offsets": [0, "8"]}})),
        ("adapter_model.safetensors", header([1, 2])),
        ("optimizer.pt", scrambled),
        ("optimizer.pt", marked(10, 99)),
        ("optimizer.pt", marked(8, 1)),
        ("trainer_state.json", said("null")),
        ("trainer_state.json", said("[]")),
    ],
)
def test_bytes_that_read_as_something_else_send_training_back_one_checkpoint(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    for number in (1, 2):
        folder = tmp_path / f"checkpoint-{number}"
        folder.mkdir()
        (folder / "trainer_state.json").write_text('{"global_step": 1}', "utf-8")
        save_file({"a": torch.zeros(2)}, folder / "adapter_model.safetensors")
        for file in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            torch.save({"step": 1}, folder / file)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-2")
    harm(tmp_path / "checkpoint-2" / name)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-1")


def test_without_weights_it_is_none(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-1"
    shutil.copytree(trained[0] / "work" / "checkpoint-4", folder)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    assert last_checkpoint(tmp_path) is None
    (tmp_path / "checkpoint-copy").mkdir()  # somebody's own, and no number
    assert last_checkpoint(tmp_path) is None


def test_off_the_cpu_the_model_itself_samples_and_the_manifest_says_so(
    policy: tuple[str, Path], trained: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a round, whose default is the int8 copy. There is no GPU here, so only `device` says there is."""

    def no_twin(model: Any) -> Any:
        raise AssertionError("int8 copies are for CPUs")

    monkeypatch.setattr(grpo_plan, "device", lambda: torch.device("cuda"))
    monkeypatch.setattr(grpo, "Int8Twin", no_twin)
    made = train(policy, tmp_path)
    assert PLAN.grpo.rollouts == "int8" and made["plan"]["rollouts"] == "model"
    assert trained[1]["plan"]["rollouts"] == "int8"  # on this CPU
    assert grpo_plan.runnable(replace(PLAN.grpo, rollouts="stock")).rollouts == "stock"
