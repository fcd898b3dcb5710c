"""Where a training goes on from: its newest checkpoint that is whole, and only if it is of the same run.

A full disk or a power cut leaves files short, empty or full of zeros while the trainer state beside them reads well.
Only what shows without loading is looked at: the length that a safetensors header promises, and the checksums that
torch keeps in its zip files. All of optimiser, scheduler and random state must be there: the trainer goes on without a
missing one in silence, to other weights.
Nothing in a checkpoint says what it was trained on, so before training `work/run.json` does: parent, plan, rewards and
rows, as the caller tells them. A folder that an earlier release has left has none, and goes on.
Leaves out: writing checkpoints (TRL's trainers do).
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relate_engine.brief import BriefError

STATE = "trainer_state.json"  # written last
ZIPPED = (".pt", ".pth")  # optimiser, scheduler and random state
RUN = "run.json"
EARLIER = "earlier"  # folder of the checkpoints that the last run left when another one started anew
TOLD = 4  # most differences that a message names
LONG = 40  # characters above which a value is a checksum or a list, and its name alone is told


class OtherRunError(BriefError):
    """Checkpoints are there, of another parent, plan, rewards or rows."""


def goes_on_from(work: Path, run: Mapping[str, Any], resume: bool, main: bool = True) -> str | None:
    """The checkpoint to go on from; None to start anew, as without `resume`. Writes what the run is to `work`.

    `run`: what decides the weights, as plain data. `main`: False in all processes but one. Checkpoints that are in the
    way of a new start are put aside, so that no later resume takes them for this run's. Raises OtherRunError.
    """
    told = json.loads(json.dumps({"processes": _processes(), **run}))
    note = work / RUN
    known = resume and _numbered(work) and note.exists()
    if known and (strange := _differences(json.loads(note.read_text("utf-8")), told)):
        more = f" and {len(strange) - TOLD} more" if len(strange) > TOLD else ""
        raise OtherRunError(
            f"The checkpoints in {work} are of another run ({'; '.join(strange[:TOLD])}{more}): to train as it is set "
            "now, move that folder away and start again."
        )
    found = last_checkpoint(work) if resume else None
    if main:
        if found is None:
            _put_aside(work)
        _write(note, told)
    return found


def fingerprint(rows: Iterable[Mapping[str, Any]]) -> str:
    """A checksum of training rows in their order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def last_checkpoint(work: Path) -> str | None:
    """The newest checkpoint in `work` that is whole; None if there is none."""
    newest_first = sorted(_numbered(work), key=lambda p: int(p.name.rpartition("-")[2]), reverse=True)
    return next((str(folder) for folder in newest_first if whole(folder)), None)


def whole(folder: Path) -> bool:
    """Whether the checkpoint was written to its end: no file is missing, and every file of it opens."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        weights = list(folder.rglob("*.safetensors"))
        zipped = [p for p in folder.rglob("*") if p.suffix in ZIPPED]
        files = all(map(_safetensors, weights)) and all(map(_zip, zipped))
        there = all((folder / name).is_file() for name in _needed())
        return bool(weights) and there and files and "global_step" in state
    except Exception:  # damaged bytes may read as anything, and each reader fails at them in its own way
        return False


def _numbered(work: Path) -> list[Path]:
    return [p for p in work.glob("checkpoint-*") if p.name.rpartition("-")[2].isdigit()]


def _processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))  # as torchrun and accelerate set it


def _needed() -> list[str]:
    """The files that the trainer goes on without in silence; each process keeps its own random state."""
    count = _processes()
    random = ["rng_state.pth"] if count == 1 else [f"rng_state_{n}.pth" for n in range(count)]
    return ["optimizer.pt", "scheduler.pt", *random]


def _differences(then: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> list[str]:
    """In words, what of a run is another; both as JSON gives them."""
    found: list[str] = []
    for key in dict.fromkeys([*now, *then]):
        old, new = then.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{at}{key}.")
        elif old != new:
            short = len(f"{old}{new}") <= LONG
            was, now_is = ("none" if value is None else value for value in (old, new))
            found.append(f"{at}{key} was {was} and is {now_is}" if short else f"other {at}{key}")
    return found


def _put_aside(work: Path) -> None:
    """Moves checkpoints and then what they are of to EARLIER, in place of what that holds."""
    left = _numbered(work)
    if not left:
        return
    aside = work / EARLIER
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for path in (*left, work / RUN):
        if path.exists():
            path.rename(aside / path.name)


def _write(path: Path, told: Mapping[str, Any]) -> None:
    """Whole or not at all, and on the disk before any checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(told, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _safetensors(path: Path) -> bool:
    """Whether the file is as long as its header says: 8 bytes of the header's length, the header, the tensors."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 0 < size < path.stat().st_size:
            return False
        header = json.loads(file.read(size))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return bool(8 + size + max(ends, default=0) == path.stat().st_size)


def _zip(path: Path) -> bool:
    with zipfile.ZipFile(path) as file:
        return file.testzip() is None
