"""What a training run measured at every step, kept as JSON lines beside its adapter so that a page can draw it.

`trainer.state.log_history` is TRL's; it comes back with a checkpoint, so a resumed run has all of its steps. One line a
step: `step`, and the numbers of KEPT. Leaves out what is drawn and how (app).
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

FILE = "steps.jsonl"
MOST = 2_000  # lines; of a longer run every second, third… step is kept
KEPT = ("reward", "reward_std", "rewards/", "judged/", "kl", "entropy", "completions/mean_length", "loss", "grad_norm",
        "clip_ratio/region_mean", "frac_reward_zero_std")  # fmt: skip


def write_steps(history: Sequence[Mapping[str, Any]], texts: int, path: Path) -> None:
    """Writes the steps that measured a reward. `texts`: of one step, for whoever wants an interval."""
    steps = [row for row in history if "reward" in row]
    lines = [json.dumps(_kept(row) | {"texts": texts}) for row in steps[:: 1 + (len(steps) - 1) // MOST]]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    part.replace(path)


def ends_of(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean reward of the first and the last quarter of the steps that measured one: a single batch is mostly luck."""
    rewards = [float(row["reward"]) for row in history if "reward" in row]
    quarter = max(1, len(rewards) // 4)
    return {"first": fmean(rewards[:quarter]), "last": fmean(rewards[-quarter:])}


def read_steps(path: Path) -> list[dict[str, float]]:
    """The steps of a run, in order; [] where none were kept. A line that cannot be read is passed over."""
    try:
        lines = path.read_text("utf-8").splitlines()[:MOST]
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "step" in row:
            found.append(row)
    return found


def _kept(row: Mapping[str, Any]) -> dict[str, float]:
    kept = {k: v for k, v in row.items() if any(k == name or (name[-1] == "/" and k.startswith(name)) for name in KEPT)}
    numbers = {k: float(v) for k, v in kept.items() if isinstance(v, int | float) and math.isfinite(v)}
    return {"step": int(row.get("step", 0)), **{k: round(v, 6) for k, v in numbers.items()}}
