"""Small adapters for tests of writer versions: real files with a manifest, on a base of one tensor."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from app.services.people import Actor
from app.services.versions import policy_folder_of
from db import models
from db.session import Database
from relate_engine.config import Settings
from relate_engine.policy.weights import base_checksum


def small_settings(folder: Path) -> Settings:
    """A home with a base and a shipped adapter, "writer-1"."""
    (folder / "base").mkdir(parents=True)
    save_file({"w": np.ones(4, np.float32)}, folder / "base" / "model.safetensors")
    config = Settings(home=folder / "home", base_model=str(folder / "base"), adapter=folder / "shipped")
    write_adapter(config, config.adapter, "writer-1", 1.0)
    return config


def write_adapter(config: Settings, folder: Path, version: str, value: float) -> None:
    folder.mkdir(parents=True)
    save_file({"lora": np.full(4, value, np.float32)}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("{}")
    pins = {"base_sha256": base_checksum(config.base_model), "sha256": base_checksum(str(folder))}
    (folder / "manifest.json").write_text(json.dumps({"version": version, **pins}))


def add_version(db: Database, actor: Actor, config: Settings, version: str, manifest: object = None) -> Path:
    """What a round leaves behind: the adapter's folder and a row that is not in use."""
    folder = policy_folder_of(config, actor.workspace_id, version)
    write_adapter(config, folder, version, float(len(list(folder.parent.glob("*"))) + 2))
    with db.write() as session:
        session.add(
            models.Version(
                workspace_id=actor.workspace_id, author_id=actor.user_id, kind="policy", version=version,
                manifest=manifest or {},
            )
        )  # fmt: skip
    return folder
