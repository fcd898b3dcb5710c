"""From a workspace's observations to a reward version: measured forward in time, fitted, carded, written.

Whole families of tests are set apart for the second evaluator first. Then the procedure is measured as it will be
used: fitted and calibrated on the earlier days, judged on about the last fifth, that it has not seen. Last it is
fitted and calibrated on all days and written. The version's name is its content's hash, so the same results make the
same version.
Leaves out: the fit (rewards.py), the measures (measure.py), who uses which version (app/services/learning.py).
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from relate_engine.evaluators.clicks import Evaluator, pairs_of, update_evaluator
from relate_engine.results.observation import Observation
from relate_engine.rewards.learned import RewardModel
from relate_engine.rewards.logistic import expit
from relate_engine.training.card import Card, now, write_card
from relate_engine.training.counting import split_by_time
from relate_engine.training.families import split_off
from relate_engine.training.measure import Measured, measure
from relate_engine.training.rewards import Setting, fit_rewards, predict

HELD = 0.2  # about the share of the impressions, the latest, that the card is measured on: whole days are held back
EVALUATOR = "evaluator"  # its folder inside the version's


def make_version(
    observations: Sequence[Observation],
    setting: Setting,
    folder: Path,
    evaluator: Path,
    command: str,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    """Writes `folder`/<version> and returns its manifest. `evaluator`: the shipped one, updated into the version."""
    ours, kept = split_off(observations)
    report(0.05, f"Reading {len(ours):,} rows; {len(kept):,} are kept for the second evaluator")
    earlier, held = split_by_time(ours, HELD)
    measured = Measured((), ())
    if held:
        report(0.15, f"Measuring: learning from {len(earlier):,} earlier rows, judging {len(held):,} later ones")
        trial = fit_rewards(earlier, setting)
        p = expit(predict(trial, held, setting))
        measured = measure(
            p[:, 0], p[:, 1], held, trial.action, f"the latest {_share(held, ours)} of impressions, not learned from"
        )
    report(0.5, "Learning from all rows")
    model = fit_rewards(ours, setting)
    report(0.85, "Writing the version and its card")
    work = folder / "writing"
    shutil.rmtree(work, ignore_errors=True)
    told = {"command": command, "date": now(), "licence": "Apache-2.0", "data": _data(ours, kept, model)}
    named = model.save(work, told | {"metrics": {m.name: m.value for m in measured.metrics}})
    write_card(card_of(named, ours, kept, measured, command), work)
    pairs = pairs_of(kept)
    if len(pairs):
        update_evaluator(Evaluator.load(evaluator), pairs, work / EVALUATOR, command)
    target, before = folder / named.version, folder / "replaced"
    shutil.rmtree(before, ignore_errors=True)
    if target.exists():  # made before, perhaps in use: a kill must not leave it half deleted
        target.rename(before)
    work.rename(target)
    shutil.rmtree(before, ignore_errors=True)
    manifest: dict[str, Any] = read_manifest(target)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a version."""
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return loaded


def _data(ours: Sequence[Observation], kept: Sequence[Observation], model: RewardModel) -> dict[str, Any]:
    days = sorted(o.end for o in ours if o.end)
    bought = [min(o.conversions or 0.0, o.clicks) for o in ours if o.summable and o.action == model.action]
    return {
        "rows": len(ours),
        "rows_kept_for_evaluator": len(kept),
        "texts": len({o.text for o in ours}),
        "impressions": sum(o.impressions for o in ours if o.summable),
        "clicks": sum(o.clicks for o in ours if o.summable),
        "conversions": sum(bought),
        "action": model.action,
        "first_day": str(days[0]) if days else "",
        "last_day": str(days[-1]) if days else "",
    }


def _share(part: Sequence[Observation], ours: Sequence[Observation]) -> str:
    """How much of the impressions that may be added up are in `part`: whole days, so seldom the share aimed at."""
    shown, of = (sum(o.impressions for o in rows if o.summable) for rows in (part, ours))
    return f"{shown / max(1, of):.0%}"


def card_of(
    model: RewardModel, ours: Sequence[Observation], kept: Sequence[Observation], measured: Measured, command: str
) -> Card:
    """The card of a workspace's reward model."""
    d = _data(ours, kept, model)
    groups = len({o.group for o in ours if o.group})
    late = split_by_time(ours)[1]  # what calibrates
    others = sorted({o.action for o in ours if o.conversions and o.action != model.action})
    days = f"{d['first_day']} to {d['last_day']}" if d["first_day"] else "no dates"
    counted = f"{d['impressions']:,} impressions, {d['clicks']:,} clicks, {d['conversions']:,.0f} conversions"
    limits = [
        "Belongs to this workspace; another workspace's audience is not in it.",
        "The interval of a rate includes the doubt about base rate and text; a season or an offer that was never "
        "imported is in neither.",
        f"Texts are compared inside {groups:,} randomised tests; elsewhere the platform chose who saw what, so there "
        "differences count for a twentieth.",
    ]
    if not any(o.summable for o in late or ours):
        limits.append(
            "Neither measured nor calibrated: the latest results are asset results, which count an impression once for "
            "each text, so that no rate can be checked; import results by ad as well."
        )
    else:
        if not measured.metrics:
            limits.append(
                "Nothing was measured: the results carry too few days, or no clicks, to hold later ones back."
            )
        if not model.calibration:
            limits.append("Not calibrated: the results carry too few days to keep a later slice for it.")
    if not model.action:
        limits.append("CVR was not learned: no row has conversions that are old enough to count.")
    if others:
        limits.append(f"Conversions of other actions are not learned: {', '.join(others)}.")
    how = ", ".join(f"{k.upper()} {c.method}" for k, c in model.calibration.items())
    return Card(
        "Click and conversion rates of this workspace",
        model.version,
        f"Learned what texts do to clicks and conversions from {counted}.",
        command,
        now(),
        {
            "results": counted,
            "texts": f"{d['texts']:,} in {groups:,} randomised tests",
            "days": days,
            "conversion action": model.action or "none",
            "kept for the second evaluator": f"{len(kept):,} rows",
            "starts from": f"the CTR head {model.head} and assumed or given base rates",
            "calibration": f"{how} on the latest {_share(late, ours)} of impressions" if how else "none",
        },
        measured.metrics,
        measured.curves,
        tuple(limits),
        model.source,
    )
