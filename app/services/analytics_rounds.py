"""How rounds went: what each training step measured, and whether what training rewards is what judges see.

The steps of a finished version lie beside its adapter (training/steplog.py), those of a running round in its work
folder. The held-out values are in the version's manifest: `evidence` holds a value for each held-out brief before and
after. A training reward that rises while a judge that it never saw falls is a reward that is being gamed.
Leaves out deciding (relate_engine/gate.py, decisions.py).
"""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app.services import versions
from app.services.jobs import StoredJob
from app.services.people import Actor, require
from app.services.versions import WriterVersion
from db.session import Database
from relate_engine.config import Settings
from relate_engine.gate import Bounds, alarms, paired
from relate_engine.share import wilson
from relate_engine.training.steplog import FILE, read_steps

JUDGES = {
    "reward": "Training reward, on held-out briefs", "clicks": "Second evaluator of clicks",
    "sales": "Held-out evaluator of sales",
}  # fmt: skip
SHARES = ("judged/blocked", "judged/ended")  # of texts: counted, so their interval is Wilson's
UNIT = ("judged/", "rewards/")  # what runs from 0 to 1, and so does its interval
PARTS = ("blocked_rules", "blocked_classifier", "wrong_facts", "ended", "over_limit", "distinct2")  # so do these


@dataclass(frozen=True)
class Gap:
    """One judge's change from the version before to this one, over held-out briefs, with a 95% interval."""

    version: str
    judge: str  # of JUDGES
    briefs: int
    before: float
    after: float
    change: float
    low: float
    high: float


def steps(db: Database, actor: Actor, config: Settings, version: str) -> pd.DataFrame:
    """What the steps that made a version measured, as `steps_frame`; empty where none were kept."""
    require(actor, "analytics.read")
    if version not in {v.version for v in versions.versions(db, actor, config) if v.made_at}:
        return steps_frame([])  # shipped, or not the workspace's
    return steps_frame(read_steps(versions.policy_folder_of(config, actor.workspace_id, version) / FILE))


def running_steps(actor: Actor, config: Settings, job: StoredJob) -> pd.DataFrame:
    """The same of a round that is under way; `job` is one of the actor's workspace (jobs.jobs)."""
    require(actor, "analytics.read")
    work = config.home / "work" / str(job.id) / "round"  # as rounds.round_job lays it out
    return steps_frame(read_steps(work / "grpo.training" / FILE) or read_steps(work / "grpo" / "adapter" / FILE))


def steps_frame(rows: list[dict[str, float]]) -> pd.DataFrame:
    """Long form: step, measure, value, low, high; `low` and `high` (95%) where texts were counted, else the value."""
    made: list[dict[str, Any]] = []
    for row in rows:
        texts = float(row.get("texts", 0.0))
        for name, value in row.items():
            if name in ("step", "texts") or name.endswith(("_std", "/std")):
                continue
            low, high = _interval(name, value, row, texts)
            made.append({"step": int(row["step"]), "measure": name, "value": value, "low": low, "high": high})
    return pd.DataFrame(made, columns=["step", "measure", "value", "low", "high"])


def _interval(name: str, value: float, row: dict[str, float], texts: float) -> tuple[float, float]:
    if name in SHARES and texts:
        return wilson(value * texts, texts)
    spread = row.get(f"{name}_std", row.get(f"{name.removesuffix('/mean')}/std"))
    if spread is None or texts < 2:
        return value, value
    half = 1.96 * spread / math.sqrt(texts)
    low, high = value - half, value + half
    return (max(0.0, low), min(1.0, high)) if name.startswith(UNIT) else (low, high)


def gaps(found: list[WriterVersion]) -> list[Gap]:
    """What each judge said of every version that a round made, oldest version first."""
    made = []
    for version in reversed(found):
        evidence = (version.manifest.get("round") or {}).get("evidence") or {}
        old, new = evidence.get("old") or {}, evidence.get("new") or {}
        for judge in JUDGES:
            if old.get(judge) and len(old[judge]) == len(new.get(judge, ())):
                change, low, high = paired(old[judge], new[judge], evidence.get("products") or ())
                n = len(old[judge])
                before, after = sum(old[judge]) / n, sum(new[judge]) / n
                made.append(Gap(version.version, judge, n, before, after, change, low, high))
    return made


def held_out(found: list[WriterVersion]) -> pd.DataFrame:
    """Held-out means of every version that a round made, oldest first: version, measure, value, and the bootstrap
    interval of its change from the version before (NaN of one product)."""
    made = []
    for version in reversed(found):
        evidence = (version.manifest.get("round") or {}).get("evidence") or {}
        old, new = evidence.get("old") or {}, evidence.get("new") or {}
        for name, values in new.items():
            if len(old.get(name, ())) == len(values) and values:
                change, low, high = paired(old[name], values, evidence.get("products") or ())
                before = sum(old[name]) / len(values)
                if name in PARTS and math.isfinite(low):
                    low, high = max(low, -before), min(high, 1 - before)
                made.append({"version": version.version, "measure": name, "before": before,
                             "after": sum(values) / len(values), "change": change, "low": low, "high": high,
                             "briefs": len(values)})  # fmt: skip
    columns = ["version", "measure", "before", "after", "change", "low", "high", "briefs"]
    return pd.DataFrame(made, columns=columns).replace([math.inf, -math.inf], math.nan)


def moves(found: list[WriterVersion]) -> pd.DataFrame:
    """How far every version that a round made is from the one it started from, oldest first: version, start, KL in
    nats a token on held-out briefs, and the most that its gate allows."""
    made = []
    for version in reversed(found):
        report = version.manifest.get("round") or {}
        kl = (report.get("evidence") or {}).get("kl")
        if kl is not None and math.isfinite(kl):
            bounds = (report.get("plan") or {}).get("bounds") or {}
            made.append({"version": version.version, "start": version.parent or versions.SHIPPED, "kl": float(kl),
                         "bound": float(bounds.get("kl", Bounds().kl))})  # fmt: skip
    return pd.DataFrame(made, columns=["version", "start", "kl", "bound"])


def alarms_of(version: WriterVersion) -> tuple[str, ...]:
    """The alarms of the round that made a version, as it wrote them; of an older round, judged again."""
    report = version.manifest.get("round") or {}
    if "alarms" in report:
        return tuple(report["alarms"])
    evidence, reward = report.get("evidence") or {}, version.manifest.get("reward")
    if not evidence:
        return ()
    return alarms((reward["first"], reward["last"]) if reward else None, evidence["old"], evidence["new"])
