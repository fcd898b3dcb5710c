"""`relate evaluate ladder`: the files around the ladder (relate_engine/training/ladder.py), run by run.

A run is one arm and seed. Finished ones lie as JSON in assets/reports/ladder and are skipped on the next call; their
adapters, checkpoints and the common start stay in RELATE_HOME/work/ladder and are no part of the project. With another
simulator all of it lies in RELATE_HOME instead, under that file's hash. After each run the summary is written anew.
Served texts are judged in a second call, from the adapters that the first left.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from app.services.training import say
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.config import ASSETS, Settings

SAME = ("simulator_sha256", "start", "rewards", "rules", "second")  # of runs that may be compared
ARMS = ("sft", "ctr", "m1", "m2", "m3", "m4", "relate")


def ladder_briefs() -> dict[str, Brief]:
    """The held-out briefs by id; no writer has been trained on them, and half are of tempting verticals."""
    rows = (json.loads(x) for x in (ASSETS / "ladder" / "briefs.jsonl").read_text("utf-8").splitlines())
    return {r["id"]: parse_brief(r["brief"]) for r in rows}


def ladder(
    config: Settings, simulator: Path | None, arms: Sequence[str], seeds: Sequence[int], served: bool = False
) -> dict[str, Any]:
    """Trains and judges the arms and seeds that are not there yet; returns the summary of all that are. `served`:
    judges what the studio would show of each, beside its raw samples.

    Raises BriefError for an arm that does not exist or a start that is missing."""
    from relate_engine.simulator import load_simulator

    if unknown := set(arms) - set(ARMS):
        raise BriefError(f"There is no arm {', '.join(sorted(unknown))}; the arms are: {', '.join(ARMS)}.")
    truth = load_simulator(simulator)
    work = config.home / "work" / "ladder" / truth.sha256[:8]
    reports = ASSETS / "reports" if simulator is None else work
    for seed in seeds:
        for arm in arms:
            done = reports / "ladder" / f"{arm}-{seed}{'-served' if served else ''}.json"
            if not done.exists():
                say(f"{arm}, seed {seed}" + (", served" if served else ""))
                found = _run(config, truth, arm, seed, work, served)
                done.parent.mkdir(parents=True, exist_ok=True)
                part = done.with_suffix(".part")
                part.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
                part.replace(done)
                summarise(reports)
    return summarise(reports)


def summarise(reports: Path) -> dict[str, Any]:
    """Reads the finished runs of `reports`/ladder and writes `reports`/ladder.json.

    Raises BriefError where they did not all start, and were not all rewarded, alike: then they compare nothing."""
    from relate_engine.training.ladder import summary

    raw: dict[str, dict[int, Any]] = {arm: {} for arm in ARMS}
    served: dict[str, dict[int, Any]] = {arm: {} for arm in ARMS}
    one: dict[str, Any] = {}
    first: dict[str, Any] = {}
    for path in sorted((reports / "ladder").glob("*.json")):
        one = json.loads(path.read_text("utf-8"))
        if strange := [k for k in SAME if first.setdefault(k, one.get(k)) != one.get(k)]:
            raise BriefError(
                f"{path.name} has another {' and '.join(strange)} than the runs beside it, so they cannot be compared; "
                f"move the runs of one kind out of {path.parent} and run the others again."
            )
        (served if one.get("served") else raw)[one["arm"]][one["seed"]] = one["briefs"]
    if not any(raw.values()):
        return {}
    told: dict[str, Any] = {"command": "relate evaluate ladder", **{k: one.get(k) for k in SAME}}
    found = {"held_out_briefs": _briefs(raw), "samples": "raw"} | told | summary(raw)
    if any(served.values()):
        told = {"held_out_briefs": _briefs(served), "command": "relate evaluate ladder --served"}
        found["served"] = told | summary(served)
    (reports / "ladder.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def _briefs(runs: dict[str, dict[int, Any]]) -> int:
    return next(len(briefs) for by_seed in runs.values() for briefs in by_seed.values())


def _run(config: Settings, truth: Any, arm: str, seed: int, work: Path, served: bool) -> dict[str, Any]:
    from dataclasses import asdict, replace

    from app.services.learning import setting_of
    from app.services.training import manifest
    from relate_engine.draft import load_policy
    from relate_engine.evaluators.compliance import Evaluator
    from relate_engine.judging import read_judged
    from relate_engine.policy.weights import policy_folder
    from relate_engine.rewards.learned import RewardModel
    from relate_engine.score import load_rewards
    from relate_engine.training import ladder as engine
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.credit import ARMS as CREDIT
    from relate_engine.training.grpo import train_grpo
    from relate_engine.training.scoring import scorer
    from relate_engine.training.textstats import References

    set_threads(config)
    start, corpus = config.home / "work" / "ladder" / "start", read_corpus(ASSETS / "corpus")
    _start(config, start)
    plain = load_rewards(config.cache, ASSETS, config.base_ctr, config.base_cvr)
    folder = work / "rewards"
    if not (folder / "manifest.json").exists():
        say("The reward model learns from simulated campaigns")
        ran: dict[str, list[str]] = {}
        for row in read_judged(ASSETS / "judged" / "sft.jsonl"):
            if (row["placement"], row["slot"]) == ("google_rsa", "headline"):
                ran.setdefault(row["brief"], []).append(row["text"])
        engine.teach(setting_of(config), truth, corpus, ran).save(folder, {"simulator_sha256": truth.sha256})
    rewards = replace(plain, learned=RewardModel.load(folder, plain.head.version))
    adapter, told = start, {}
    if arm != "sft":
        adapter, plan = work / f"{arm}-{seed}", replace(engine.PLAN, seed=seed)
        if not (adapter / "manifest.json").exists():
            base, checkpoints = policy_folder(config.base_model, config.cache), work / f"{arm}-{seed}-checkpoints"

            def step(done: int, total: int, metrics: dict[str, float]) -> None:
                kl = metrics.get("kl", 0.0)
                say(f"{arm}-{seed} step {done} of {total}, reward {metrics['reward']:.3f}, kl {kl:.3f}")

            tasks = engine.tasks_of(corpus)
            train_grpo(base, start, tasks, CREDIT[arm], scorer(rewards), adapter, checkpoints, plan, step, resume=True)
        told = {"plan": asdict(plan), "credit": asdict(CREDIT[arm]), "reward": manifest(adapter)["reward"]}
    policy = load_policy(config.base_model, config.cache, adapter, ASSETS)
    second = Evaluator.load(ASSETS / "evaluators" / "compliance")
    history = References.of(t.text for e in corpus if e.split == "train" for t in e.texts if t.slot == "headline_30")
    versions = {
        "start": manifest(start)["version"], "rewards": rewards.version, "rules": rewards.rules.version,
        "second": second.version,
    }  # fmt: skip
    bench = engine.Bench(rewards, second, truth, ladder_briefs(), history)
    if served:
        found = engine.judge_served(policy, bench, seed, say)
        told = {"served": True}
    else:
        first = None if arm == "sft" else load_policy(config.base_model, config.cache, start, ASSETS)
        found = engine.judge_raw(policy, first, bench, seed, say)
    return {"arm": arm, "seed": seed, "simulator_sha256": truth.sha256} | versions | told | found


def _start(config: Settings, start: Path) -> None:
    """The common start of all arms, trained once. Raises BriefError where the SFT writer it needs is missing."""
    from relate_engine.policy.weights import policy_folder
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.laxstart import train_lax

    if (start / "manifest.json").exists():
        return
    parent = start.parent / "sft"
    if not (parent / "manifest.json").exists():
        raise BriefError(f"The ladder starts from an SFT writer; make it with `relate train sft --out {parent}`.")
    violating = [json.loads(line) for line in (ASSETS / "ladder" / "lax.jsonl").read_text("utf-8").splitlines()]
    train = [e for e in read_corpus(ASSETS / "corpus") if e.split == "train"]
    base = policy_folder(config.base_model, config.cache)
    train_lax(
        base, parent, train, violating, start, start.parent / "start-work",
        report=lambda done, total, loss: say(f"start: step {done} of {total}, loss {loss:.2f}"),
    )  # fmt: skip
