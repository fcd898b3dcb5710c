"""Training and evaluation from the shell: where the engine's functions meet settings, data and progress."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from relate_engine.brief import Brief, BriefError
from relate_engine.config import ASSETS, ROOT, WRITER, Settings

# what acceptance is fitted on: the latest editors' verdicts, and earlier ones
ACCEPTED = (ASSETS / "judged" / "agency.jsonl",)
EARLIER = tuple(ASSETS / "judged" / name for name in ("points.jsonl", "twos.jsonl", "served.jsonl", "spread.jsonl"))


def sft(
    config: Settings, out: Path | None, choices: dict[str, Any], resume: bool, parent: Path | None = None
) -> dict[str, Any]:
    """Trains the writer's adapter on the corpus; checkpoints in the home folder. `choices`: of the plan. Returns its
    manifest."""
    from relate_engine.policy.weights import policy_folder
    from relate_engine.training.corpus import corpus_hash, read_corpus
    from relate_engine.training.sft import SftPlan, train_sft

    set_threads(config)
    corpus = ASSETS / "corpus"
    # checkpoints of runs from two parents are kept apart; a parent without a manifest is refused before any is made
    work = "sft" if parent is None else f"on-{manifest(parent).get('version', 'nothing')}"
    return train_sft(
        policy_folder(config.base_model, config.cache),
        read_corpus(corpus),
        corpus_hash(corpus),
        out or WRITER,
        config.home / "work" / work,
        SftPlan(**choices),
        _steps(),
        resume,
        parent,
    )


def _steps() -> Callable[[int, int, float], None]:
    """Says after each step how far training is and how long it will take."""
    started = time.monotonic()

    def report(done: int, total: int, loss: float) -> None:
        left = (time.monotonic() - started) / done * (total - done) / 60
        print(f"step {done} of {total}, loss {loss:.3f}, about {left:.0f} min left", file=sys.stderr, flush=True)

    return report


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
        config.home / "work" / "ctr",
        seed,
        say,
    )


def acceptance() -> dict[str, Any]:
    """Fits how likely an editor would run a sampled text, from the judged drafts in assets."""
    from relate_engine.training.acceptance import train_acceptance

    return train_acceptance(ACCEPTED, EARLIER, judged_briefs(), ASSETS / "heads" / "acceptance")


def preferences(
    config: Settings,
    parent: Path,
    judged: Sequence[Path],
    out: Path | None,
    rate: float | None,
    seed: int,
    resume: bool,
) -> dict[str, Any]:
    """Trains the adapter in `parent` on towards what an editor passed; `judged`: such as assets/judged/sft.jsonl."""
    import hashlib
    from dataclasses import replace

    from relate_engine.judging import judged_by_brief, read_judged
    from relate_engine.policy.weights import policy_folder, sha256
    from relate_engine.training.preferences import PreferencePlan, train_preferences, worth_learning

    set_threads(config)
    plan = PreferencePlan(seed=seed)
    plan = replace(plan, learning_rate=rate) if rate else plan
    names = " ".join(file.name for file in judged)
    hashes = [sha256(file) for file in judged]
    told = judged_by_brief([row for file in judged for row in read_judged(file)], judged_briefs())
    return train_preferences(
        policy_folder(config.base_model, config.cache),
        parent,
        [(brief, [j for j in js if worth_learning(j)]) for brief, js in told],
        {
            "command": f"relate train preferences --judged {names} --rate {plan.learning_rate:g} --from PARENT",
            "data_sha256": hashlib.sha256("".join(hashes).encode()).hexdigest() if len(hashes) > 1 else hashes[0],
        },
        out or WRITER,
        config.home / "work" / "preferences",
        plan,
        _steps(),
        resume,
    )


UNLEARNED = "later-"  # briefs written for judging alone, of which the shipped writer has learned nothing


def judged_briefs() -> dict[str, Brief]:
    """The briefs that judged drafts name: the corpus's training part, and those written for judging alone."""
    from relate_engine.brief import parse_brief
    from relate_engine.training.corpus import read_corpus

    lines = (ASSETS / "judged" / "briefs.jsonl").read_text("utf-8").splitlines()
    own = (json.loads(line) for line in lines)
    corpus = {e.id: e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "train"}
    return corpus | {row["id"]: parse_brief(row["brief"]) for row in own}


def sample_drafts(config: Settings, out: Path, seed: int, refused: bool = False) -> dict[str, Any]:
    """Writes drafts for an editor to judge, unchosen, of the briefs written for judging alone; with `refused`, what
    serving drops of them and of the briefs that have been judged already."""
    from app.services.writing import Room
    from relate_engine import judging
    from relate_engine.policy.writer import Policy

    room = Room(config)
    known = judged_briefs()
    briefs = {name: brief for name, brief in known.items() if name.startswith(UNLEARNED)}
    if refused:
        briefs |= {r["brief"]: known[r["brief"]] for r in judging.read_judged(ASSETS / "judged" / "sft.jsonl")}
    policy, count = room.policy(), 0
    asked = (room.rewards(), briefs, seed, config.temperature)
    if not refused:
        rows = judging.sample_drafts(policy, *asked)
    elif isinstance(policy, Policy):
        rows = judging.refused_drafts(policy, *asked)
    else:
        raise BriefError("Refused drafts come from a writer in this process only; unset RELATE_POLICY_URL.")
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return {"drafts": count, "briefs": len(briefs), "file": str(out)}


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
        base = Room(config.model_copy(update={"adapter": config.home / "no-adapter", "policy_url": ""})).policy()
        reports.write_sheet(policy, base, room.rewards(), held_out, fresh, folder, say)
        return {"sheet": str(folder / "sheet.csv")}
    briefs = [*(e.brief for e in held_out), *fresh]
    return reports.served_report(policy, room.rewards(), briefs, say, config.oversample, config.temperature)


def say(line: str) -> None:
    """One line of progress on standard error."""
    print(line, file=sys.stderr, flush=True)


def evaluate_ctr(config: Settings, data: Path) -> dict[str, Any]:
    """The CTR head against TF-IDF + logistic regression on Upworthy validation; the run is logged."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.ctrvalidation import evaluate_ctr as run

    set_threads(config)
    encoder, log = Encoder(encoder_folder(config.cache)), ASSETS / "reports" / "validation_runs.jsonl"
    head, train, val = ASSETS / "heads" / "ctr", _parquet(data, "train"), _parquet(data, "val")
    return run(encoder, head, train, val, log=log, report=say)


def rewards(config: Settings, undo: bool, use: str | None) -> dict[str, Any]:
    """Trains the workspace's reward model on its imports and puts it in use, or puts another version in use."""
    from app.services import jobs, learning
    from app.services.people import local_actor
    from db.session import open_database

    db = open_database(config.database)
    actor = local_actor(db)
    if undo:
        return {"in_use": learning.undo_rewards(db, actor) or "none: rates are priors"}
    if use:
        learning.use_rewards(db, actor, use)
        return {"in_use": use}
    learning.require_results(db, actor, config)  # before anything is loaded
    done = jobs.run_here(db, actor, config, "rewards", lambda share, what: say(f"{share:4.0%} {what}"))
    return manifest(learning.rewards_folder(config, actor.workspace_id) / (done.result or {})["version"])


def evaluator(config: Settings, data: Path, out: Path | None) -> dict[str, Any]:
    """Trains the second evaluator on the groups of Upworthy that the head never sees. Returns its manifest."""
    from relate_engine.evaluators.clicks import train_evaluator
    from relate_engine.policy.weights import sha256
    from relate_engine.training.card import now
    from relate_engine.training.pairs import CITATION, read_pairs

    set_threads(config)
    file = _parquet(data, "val")
    told = {"name": CITATION, "file": f"upworthy/{file.name}", "sha256": sha256(file), "licence": "CC BY 4.0"}
    command = "relate train evaluator --data DIR"
    made = train_evaluator(read_pairs(file), out or ASSETS / "evaluators" / "ctr", command, told)
    if out is None:  # it reads the validation split, and every reading is logged
        note = {"kind": "evaluator", "at": now(), "what": "trained and cross-validated on it; no head was judged"}
        with (ASSETS / "reports" / "validation_runs.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(note | {"evaluator": made["files"]}) + "\n")
    return made


def evaluate_rewards(config: Settings, simulator: Path | None, seeds: int | None = None) -> dict[str, Any]:
    """The reward models against the simulator (or an outsider's FILE.py); ours is kept in assets/reports."""
    from app.services.learning import setting_of
    from relate_engine.simulators import open_simulator
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.simulation import SEEDS
    from relate_engine.training.simulation import evaluate_rewards as run

    truth = open_simulator(simulator)
    report = run(truth, read_corpus(ASSETS / "corpus"), setting_of(config), range(seeds or SEEDS), say)
    if simulator is None and seeds is None:
        (ASSETS / "reports" / "ctcvr.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return report


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
