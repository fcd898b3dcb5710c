"""`relate demo --record-round`: runs the demo's small round and keeps what it leaves behind as an asset.

A real round of the engine on the example briefs, from the shipped writer, with the shipped rewards and judges: only
smaller (`small`) and without feedback, so its SFT and preferences are skipped and say so. Weights are not kept.
Leaves out showing it (demo_round.py).
"""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.services import round_judges, rulebook
from app.services.demo_round import FILES, FOLDER, MANIFEST, RECORDED, REPORT, STEPS
from app.services.process import set_threads
from relate_engine.brief import BriefError, parse_brief
from relate_engine.config import ASSETS, Settings
from relate_engine.snapshot import Snapshot

if TYPE_CHECKING:  # at run time they bring torch with them
    from relate_engine.rounds import RoundPlan

COMMAND = "relate demo --record-round"
SEED = 0
LICENCE = "Apache-2.0"
Say = Callable[[str], None]


def small() -> "RoundPlan":
    """A round of some minutes on one core."""
    from relate_engine.heldout import HeldPlan
    from relate_engine.rounds import RoundPlan
    from relate_engine.training.grpo import GrpoPlan

    return RoundPlan(
        grpo=GrpoPlan(steps=5, groups=2, generations=4, tokens=32, micro_batch=8, save_every=1, seed=SEED),
        held=HeldPlan(briefs=2, texts=3, tokens=32),
    )


def record(config: Settings, say: Say, folder: Path = FOLDER) -> Path:
    """Runs the round and writes the asset; returns its folder. WeightsError or BriefError with the remedy."""
    from relate_engine.policy.weights import policy_folder, sha256
    from relate_engine.rounds import run_round

    set_threads(config)
    plan, snapshot, base = small(), _snapshot(config), policy_folder(config.base_model, config.cache)
    work = config.home / "work" / "demo-round"  # where an attempt that was stopped goes on
    own = config.model_copy(update={"home": work / "home", "database_url": "", "policy_url": ""})
    made = run_round(
        snapshot, base, config.adapter, round_judges.judges_of(own, snapshot, None), work / "round", plan,
        lambda share, message: say(f"{share:4.0%} {message}"),
    )  # fmt: skip
    if not made.version:
        raise BriefError("The round trained nothing: " + " ".join(step.words for step in made.steps))
    adapter = Path(made.adapter)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shutil.copyfile(adapter / STEPS, part / STEPS)
    (part / REPORT).write_text(json.dumps(made.to_json(), indent=1) + "\n", "utf-8")
    told = {
        "command": COMMAND,
        "seed": SEED,
        "licence": LICENCE,
        "files": {name: sha256(part / name) for name in FILES},
        RECORDED: {
            "at": f"{datetime.now(UTC):%-d %B %Y}", "steps": plan.grpo.steps, "parent": snapshot.policy["version"],
            "texts": plan.grpo.groups * plan.grpo.generations,
        },
        "version": json.loads((adapter / "manifest.json").read_text("utf-8")),
    }  # fmt: skip
    (part / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    shutil.rmtree(work)
    return folder


def _snapshot(config: Settings) -> Snapshot:
    """The shipped writer and the shipped briefs; nobody has shown or judged anything yet."""
    examples = [path.read_text("utf-8") for path in sorted((ASSETS / "briefs").glob("*.json"))]
    more = (ASSETS / "briefs" / "fresh.jsonl").read_text("utf-8").splitlines()
    briefs = tuple(parse_brief(json.loads(line)) for line in (*examples, *more))
    try:
        manifest = json.loads((config.adapter / "manifest.json").read_text("utf-8"))
        policy = {"version": str(manifest["version"]), "sha256": str(manifest["sha256"]), "in_use": ""}
    except (OSError, ValueError, KeyError) as error:
        raise BriefError("A round needs a trained writer to start from; run `relate train sft`.") from error
    return Snapshot(1, 1, briefs, (), (), policy, "", rulebook.shipped().version)
