"""An adapter's folder: whole, unchanged since it was made, and made on this base. Looks at files only.

adapter_config.json and adapter_model.safetensors are what peft writes; manifest.json pins the version's name, the
sha256 of the weights and the base they were trained on. Imports no torch, so a page may ask before anything loads.
Leaves out: putting the adapter on (model.py), who may promote one (app/services/versions.py).
"""

import json
from pathlib import Path
from typing import Any

from relate_engine.policy.weights import WeightsError, base_checksum

CONFIG, WEIGHTS, MANIFEST = "adapter_config.json", "adapter_model.safetensors", "manifest.json"


def knows_points(adapter: Path) -> bool:
    """Whether an adapter has learned to be asked about a point of the brief (points.py), by its manifest."""
    try:
        return json.loads((adapter / MANIFEST).read_text("utf-8")).get("points") is True
    except (ValueError, AttributeError, OSError):
        return False


def checked_manifest(adapter: Path, base_folder: str) -> dict[str, Any]:
    """The manifest of an adapter that can be put on this base; else WeightsError, whose text says what is wrong
    (no remedy: that is the caller's to know). Reads the weights and the base once, for their checksums."""
    if not (adapter / MANIFEST).is_file():
        raise WeightsError(f"no adapter in {adapter}")
    try:
        manifest: dict[str, Any] = json.loads((adapter / MANIFEST).read_text("utf-8"))
        pinned, version, weights = manifest["base_sha256"], manifest["version"], manifest["sha256"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise WeightsError(f"the manifest of {adapter.name} cannot be read ({error})") from error
    if base_checksum(base_folder) != pinned:
        raise WeightsError(f"adapter {version} was trained on another base")
    for name in (WEIGHTS, CONFIG):
        if not (adapter / name).is_file():
            raise WeightsError(f"adapter {version} is damaged ({name} is missing)")
    if base_checksum(str(adapter)) != weights:
        raise WeightsError(f"adapter {version} is damaged (checksum differs)")
    return manifest
