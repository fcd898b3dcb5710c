"""Training and evaluation from the shell: where the engine's functions meet settings, data and progress."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from relate_engine.config import ASSETS, ROOT, Settings


def sft(
    config: Settings, out: Path | None, epochs: int | None, seed: int, resume: bool, folder: Path | None = None
) -> dict[str, Any]:
    """Trains the writer's adapter on the corpus; checkpoints in the home folder. Returns its manifest."""
    from dataclasses import replace

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
        _say,
    )


def acceptance() -> dict[str, Any]:
    """Fits how likely an editor would run a sampled text, from the judged drafts in assets."""
    from relate_engine.policy.acceptance import train_acceptance

    return train_acceptance(ASSETS / "judged" / "drafts.jsonl", ASSETS / "heads" / "acceptance")


def evaluate(config: Settings, what: str, folder: Path | None = None) -> dict[str, Any]:
    """The reports on held-out briefs: `served`, `ranking`, `sheet` (writes it) or `verdicts` (reads it back)."""
    from app.services.writing import Room
    from relate_engine import evaluate as reports
    from relate_engine.brief import parse_brief
    from relate_engine.training.corpus import read_corpus

    folder = folder or ASSETS / "reports" / "blind"
    if what == "verdicts":
        return reports.sheet_result(folder)
    room = Room(config)
    if what == "ranking":
        return reports.bait_report(room.rewards(), ROOT / "tests" / "data" / "bait_pairs.jsonl")
    held_out = [e for e in read_corpus(ASSETS / "corpus") if e.split == "test"]
    lines = (ASSETS / "briefs" / "fresh.jsonl").read_text("utf-8").splitlines()
    fresh = [parse_brief(json.loads(line)) for line in lines]
    policy = room.policy()
    if what == "sheet":
        base = Room(config.model_copy(update={"adapter": config.home / "no-adapter"})).policy()
        reports.write_sheet(policy, base, room.rewards(), held_out, fresh, folder)
        return {"sheet": str(folder / "sheet.csv")}
    briefs = [*(e.brief for e in held_out), *fresh]
    return reports.served_report(policy, room.rewards(), briefs, _say, config.oversample, config.temperature)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def evaluate_ctr(config: Settings, data: Path) -> dict[str, Any]:
    """The CTR head against TF-IDF + logistic regression on Upworthy validation; the run is logged."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.ctr import evaluate_ctr as run

    set_threads(config)
    encoder, log = Encoder(encoder_folder(config.cache)), ASSETS / "reports" / "validation_runs.jsonl"
    return run(encoder, ASSETS / "heads" / "ctr", _parquet(data, "train"), _parquet(data, "val"), log=log)


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
