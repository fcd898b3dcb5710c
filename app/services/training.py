"""Training and evaluation from the shell: where the engine's functions meet settings, data and progress."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from relate_engine.config import ASSETS, Settings


def sft(
    config: Settings, out: Path | None, epochs: int | None, seed: int, resume: bool, folder: Path | None = None
) -> dict[str, Any]:
    """Trains the writer's adapter on the corpus; checkpoints in the home folder. Returns its manifest."""
    from dataclasses import replace

    from app.services.writing import set_threads
    from relate_engine.policy.weights import policy_folder
    from relate_engine.training.corpus import corpus_hash, read_corpus
    from relate_engine.training.sft import SftPlan, train_sft

    set_threads(config)
    corpus = folder or ASSETS / "corpus"
    plan = SftPlan(seed=seed)
    started = time.monotonic()

    def report(done: int, total: int, loss: float) -> None:
        left = (time.monotonic() - started) / done * (total - done) / 60
        print(f"step {done} of {total}, loss {loss:.3f}, about {left:.0f} min left", file=sys.stderr, flush=True)

    return train_sft(
        policy_folder(config.base_model, config.cache),
        read_corpus(corpus),
        corpus_hash(corpus),
        out or ASSETS / "adapters" / "writer",
        config.home / "work" / "sft",
        replace(plan, epochs=epochs) if epochs else plan,
        report,
        resume,
    )


def ctr(config: Settings, data: Path, out: Path | None, seed: int) -> dict[str, Any]:
    """Trains the CTR head on the Upworthy archive in `data`/upworthy. Returns its manifest."""
    from app.services.writing import set_threads
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.ctr import train_ctr

    set_threads(config)
    train = _parquet(data, "train")
    return train_ctr(
        Encoder(encoder_folder(config.cache)),
        train,
        out or ASSETS / "heads" / "ctr",
        seed,
        lambda line: print(line, file=sys.stderr, flush=True),
    )


def evaluate_ctr(config: Settings, data: Path) -> dict[str, Any]:
    """The CTR head against TF-IDF + logistic regression on Upworthy validation; the run is logged."""
    from app.services.writing import set_threads
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.ctr import evaluate_ctr as run

    set_threads(config)
    encoder = Encoder(encoder_folder(config.cache))
    return run(encoder, ASSETS / "heads" / "ctr", _parquet(data, "train"), _parquet(data, "val"))


def _parquet(data: Path, split: str) -> Path:
    path = data / "upworthy" / f"{split}.parquet"
    if not path.exists():
        raise FileNotFoundError(
            f"There is no {path}; --data names the folder that holds upworthy/train.parquet and val.parquet."
        )
    return path


def manifest(folder: Path) -> dict[str, Any]:
    """A trained artefact's manifest, or {} where there is none."""
    path = folder / "manifest.json"
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return loaded
