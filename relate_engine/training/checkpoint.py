"""Which checkpoint of a training is whole, so that a resumed run goes on from one that loads.

A full disk or a power cut leaves files short, empty or full of zeros while the trainer state beside them reads well.
Only what shows without loading is looked at: the length that a safetensors header promises, and the checksums that
torch keeps in its zip files. Leaves out: writing checkpoints (TRL's trainers do).
"""

import json
import zipfile
from pathlib import Path

STATE = "trainer_state.json"  # written last
ZIPPED = (".pt", ".pth")  # optimiser, scheduler and random state


def last_checkpoint(work: Path) -> str | None:
    """The newest checkpoint in `work` that is whole; None if there is none."""
    found = [p for p in work.glob("checkpoint-*") if p.name.rpartition("-")[2].isdigit()]
    newest_first = sorted(found, key=lambda p: int(p.name.rpartition("-")[2]), reverse=True)
    return next((str(folder) for folder in newest_first if whole(folder)), None)


def whole(folder: Path) -> bool:
    """Whether the checkpoint was written to its end and every file of it opens."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        weights = list(folder.rglob("*.safetensors"))
        zipped = [p for p in folder.rglob("*") if p.suffix in ZIPPED]
        files = all(map(_safetensors, weights)) and all(map(_zip, zipped))
        return bool(weights) and files and "global_step" in state
    except Exception:  # damaged bytes may read as anything, and each reader fails at them in its own way
        return False


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
