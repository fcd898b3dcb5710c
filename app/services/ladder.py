"""`relate evaluate ladder`: the files around the ladder (relate_engine/training/ladder.py), run by run.

A run is one arm and seed. Finished ones lie as JSON in assets/reports/ladder and are skipped on the next call; their
adapters, checkpoints and the common start stay in RELATE_HOME/work/ladder and are no part of the project. With another
simulator all of it lies in RELATE_HOME instead, under that file's hash. After each run the summary is written anew.
Served texts are judged in a second call, from the adapters that the first left.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from app.services.training import say
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.config import ASSETS, WRITER, Settings

SAME = ("simulator_sha256", "start", "rewards", "rules", "second")  # of runs that may be compared
# And these where both tell them: runs written before a key was told pass as equal in it, and the start has no plan.
# So do runs without a reward definition: it may have been 1 or 2 (judge.py), for both were trained before it was told.
TOLD = ("plan", "briefs_sha256", "reward_definition")
ARMS = ("sft", "ctr", "m1", "m2", "m3", "m4", "relate")
BRIEFS = ASSETS / "ladder" / "briefs.jsonl"


def ladder_briefs() -> dict[str, Brief]:
    """The held-out briefs by id; no writer has been trained on them, and half are of tempting verticals."""
    rows = (json.loads(x) for x in BRIEFS.read_text("utf-8").splitlines())
    return {r["id"]: parse_brief(r["brief"]) for r in rows}


def ladder(
    config: Settings, simulator: Path | None, arms: Sequence[str], seeds: Sequence[int], served: bool = False
) -> dict[str, Any]:
    """Trains and judges the arms and seeds that are not there yet; returns the summary of all that are. `served`:
    judges what the studio would show of each, beside its raw samples.

    Raises BriefError for an arm that does not exist, a start that is missing, or runs there by another plan, other
    briefs or another credit than they would be made with now: those would be skipped, and then compared. Where a run is
    missing also for runs there by another simulator, start, rules or second classifier, before it is trained."""
    from relate_engine.simulators import open_simulator

    if unknown := set(arms) - set(ARMS):
        raise BriefError(f"There is no arm {', '.join(sorted(unknown))}; the arms are: {', '.join(ARMS)}.")
    truth = open_simulator(simulator)
    work = config.home / "work" / "ladder" / truth.sha256[:8]
    reports = ASSETS / "reports" if simulator is None else work
    set_threads(config)
    files = {
        (seed, arm): reports / "ladder" / f"{arm}-{seed}{'-served' if served else ''}.json"
        for seed in seeds
        for arm in arms
    }
    missing = {run: file for run, file in files.items() if not file.exists()}
    judged = _judged(config, truth) if missing else {}
    _check(reports, [(f"{arm} as it would be run now", _told(arm) | judged) for arm in arms])
    for (seed, arm), file in missing.items():
        say(f"{arm}, seed {seed}" + (", served" if served else ""))
        found = _run(config, truth, arm, seed, work, served)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        part.replace(file)
        summarise(reports)
    return summarise(reports)


def summarise(reports: Path) -> dict[str, Any]:
    """Reads the finished runs of `reports`/ladder and writes `reports`/ladder.json.

    Raises BriefError where they did not all start, and were not all rewarded, alike: then they compare nothing."""
    from relate_engine.training.ladder import summary

    raw: dict[str, dict[int, Any]] = {arm: {} for arm in ARMS}
    served: dict[str, dict[int, Any]] = {arm: {} for arm in ARMS}
    first = _check(reports)
    for _, one in _runs(reports):
        (served if one.get("served") else raw)[one["arm"]][one["seed"]] = one["briefs"]
    if not any(raw.values()):
        return {}
    shared = (*SAME, "classifier", *TOLD)
    told: dict[str, Any] = {"command": "relate evaluate ladder", **{k: first.get(k) for k in shared}}
    found = {"held_out_briefs": _briefs(raw), "samples": "raw"} | told | summary(raw)
    if any(served.values()):
        told = {"held_out_briefs": _briefs(served), "command": "relate evaluate ladder --served"}
        found["served"] = told | summary(served)
    (reports / "ladder.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def _runs(reports: Path) -> list[tuple[str, dict[str, Any]]]:
    """The finished runs, by the names of their files."""
    return [(p.name, json.loads(p.read_text("utf-8"))) for p in sorted((reports / "ladder").glob("*.json"))]


def _check(reports: Path, more: Sequence[tuple[str, dict[str, Any]]] = ()) -> dict[str, Any]:
    """What all runs of `reports`, and `more`, have alike. BriefError with the first that differs, and in what."""
    alike: dict[str, Any] = {}
    for name, one in [*_runs(reports), *more]:
        if strange := _strange(alike, one):
            raise BriefError(
                f"{name} has another {' and '.join(strange)} than the runs beside it, so they cannot be compared; "
                f"move the runs of one kind out of {reports / 'ladder'} and run the others again."
            )
    return alike


def _strange(alike: dict[str, Any], one: dict[str, Any]) -> list[str]:
    """In what a run differs from those before, which `alike` tells of; what it tells first is added there."""
    told: dict[str, Any] = {k: one.get(k) for k in SAME if k in one or "briefs" in one}  # a finished run tells them all
    told |= {k: one[k] for k in TOLD if k in one}
    if "plan" in told:
        told["plan"] = {k: v for k, v in told["plan"].items() if k != "seed"}
    if told.get("rewards"):  # the reward model, and the classifier, which only credit for compliance reads
        told["rewards"], _, classifier = told["rewards"].partition(" ")
        if classifier and "compliance" in one.get("credit", {}).get("token", {}):
            told["classifier"] = classifier
    if "credit" in one:
        told[f"credit in {one['arm']}"] = one["credit"]
    found = [k for k, value in told.items() if not _equal(alike.get(k, value), value)]
    for k, value in told.items():
        alike[k] = value | alike.get(k, {}) if isinstance(value, dict) else alike.get(k, value)
    return found


def _equal(one: Any, other: Any) -> bool:
    """Of settings those that both name: one that came later was not told before."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(one[k] == other[k] for k in one.keys() & other.keys())
    return bool(one == other)


def _told(arm: str) -> dict[str, Any]:
    """What a run of this arm by today's settings tells of itself beside its figures."""
    from dataclasses import asdict

    from relate_engine.training.credit import ARMS as CREDIT
    from relate_engine.training.grpo import runnable
    from relate_engine.training.judge import DEFINITION
    from relate_engine.training.ladder import PLAN

    told: dict[str, Any] = {"arm": arm, "briefs_sha256": hashlib.sha256(BRIEFS.read_bytes()).hexdigest()}
    if arm == "sft":
        return told
    return told | {"plan": asdict(runnable(PLAN)), "credit": asdict(CREDIT[arm]), "reward_definition": DEFINITION}


def _judged(config: Settings, truth: Any) -> dict[str, Any]:
    """Of SAME what a run of today tells, as far as it is known without loading a model: not the rewards, and not a
    start that is yet to be trained."""
    from app.services.training import manifest
    from relate_engine.evaluators.compliance import Evaluator
    from relate_engine.rewards.rules import load_rules

    start = config.home / "work" / "ladder" / "start"
    return {
        "simulator_sha256": truth.sha256,
        "rules": load_rules(ASSETS / "rules").version,
        "second": Evaluator.load(ASSETS / "evaluators" / "compliance").version,
    } | ({"start": manifest(start)["version"]} if (start / "manifest.json").exists() else {})


def _briefs(runs: dict[str, dict[int, Any]]) -> int:
    return next(len(briefs) for by_seed in runs.values() for briefs in by_seed.values())


def _run(config: Settings, truth: Any, arm: str, seed: int, work: Path, served: bool) -> dict[str, Any]:
    from dataclasses import replace

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

    start, corpus = config.home / "work" / "ladder" / "start", read_corpus(ASSETS / "corpus")
    _start(config, start)
    work = work / manifest(start)["version"]  # what another start has left is not taken for this one's
    plain = load_rewards(config.cache, ASSETS, config.base_ctr, config.base_cvr)
    folder = work / "rewards"
    if not (folder / "manifest.json").exists():
        say("The reward model learns from simulated campaigns")
        ran: dict[str, list[str]] = {}
        for row in read_judged(ASSETS / "judged" / "sft.jsonl"):
            if (row["placement"], row["slot"]) == ("google_rsa", "headline"):
                ran.setdefault(row["brief"], []).append(row["text"])
        own = engine.could_run(load_policy(config.base_model, config.cache, start, ASSETS), corpus, say=say)
        for brief, texts in own.items():
            ran.setdefault(brief, []).extend(texts)
        engine.teach(setting_of(config), truth, corpus, ran).save(folder, {"simulator_sha256": truth.sha256})
    rewards = replace(plain, learned=RewardModel.load(folder, plain.head.version))
    adapter, told = start, _told(arm)
    if arm != "sft":
        adapter, plan = work / f"{arm}-{seed}", replace(engine.PLAN, seed=seed)
        if not (adapter / "manifest.json").exists():
            base, checkpoints = policy_folder(config.base_model, config.cache), work / f"{arm}-{seed}-checkpoints"

            def step(done: int, total: int, metrics: dict[str, float]) -> None:
                kl = metrics.get("kl", 0.0)
                say(f"{arm}-{seed} step {done} of {total}, reward {metrics['reward']:.3f}, kl {kl:.3f}")

            tasks = engine.tasks_of(corpus)
            train_grpo(base, start, tasks, CREDIT[arm], scorer(rewards), adapter, checkpoints, plan, step, resume=True)
        told = _as_trained(told, manifest(adapter), adapter)
    policy = load_policy(config.base_model, config.cache, adapter, ASSETS)
    second = Evaluator.load(ASSETS / "evaluators" / "compliance")
    history = References.of(t.text for e in corpus if e.split == "train" for t in e.texts if t.slot == "headline_30")
    versions = {
        "start": manifest(start)["version"], "rewards": rewards.version, "rules": rewards.rules.version,
        "second": second.version,
    }  # fmt: skip
    bench = engine.Bench(rewards, second, truth, ladder_briefs(), history)
    if served:
        found = engine.judge_served(policy, bench, seed, say) | {"served": True}
    else:
        first = None if arm == "sft" else load_policy(config.base_model, config.cache, start, ASSETS)
        found = engine.judge_raw(policy, first, bench, seed, say)
    return {"arm": arm, "seed": seed, "simulator_sha256": truth.sha256} | versions | told | found


def _as_trained(told: dict[str, Any], made: dict[str, Any], adapter: Path) -> dict[str, Any]:
    """What the manifest of a run's writer tells, which an earlier call may have trained. BriefError where it is not
    what `told` says of today's settings. A manifest without a reward definition leaves it out of the run too."""
    alike: dict[str, Any] = {}
    _strange(alike, told)
    then = {k: v for k, v in told.items() if k != "reward_definition"} | {"plan": made["plan"], "credit": made["arm"]}
    then |= {k: made[k] for k in ("reward_definition",) if k in made}
    if strange := _strange(alike, then):
        raise BriefError(
            f"The writer in {adapter} was trained with another {' and '.join(strange)} than it would be now; move it "
            "away, with its checkpoints beside it, and run again."
        )
    return then | {"reward": made["reward"]}


def _start(config: Settings, start: Path) -> None:
    """The common start of all arms, trained once from the shipped writer. BriefError where that does not load."""
    from relate_engine.draft import load_policy
    from relate_engine.policy.weights import policy_folder, sha256
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.laxstart import train_lax

    if (start / "manifest.json").exists():
        return

    def step(done: int, total: int, loss: float) -> None:
        say(f"start: step {done} of {total}, loss {loss:.2f}")

    file = ASSETS / "ladder" / "lax.jsonl"
    violating = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    train = [e for e in read_corpus(ASSETS / "corpus") if e.split == "train"]
    base = policy_folder(config.base_model, config.cache)
    say("The shipped writer's own headlines are sampled")
    policy = load_policy(config.base_model, config.cache, WRITER, ASSETS)
    told = {"command": "relate evaluate ladder", "data_sha256": sha256(file)}
    train_lax(base, WRITER, policy, train, violating, told, start, start.parent / "start-work", report=step)
