"""The demo's finished round: a small real one that was run once, shipped as what it left behind, without its weights.

`assets/demo/round` holds the round's report, the log of its training steps, and a manifest with the command, the seed
and the hashes. The demo shows it as a version that cannot be put in use, and every page that shows it says what it is.
Leaves out running it (demo_record.py), and texts: what so short a round writes is nothing to look at.
"""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.services import audit, versions
from app.services.people import Actor, require
from db import jobs as job_rows
from db import versions as rows
from db.base import utc_now
from db.session import Database
from relate_engine.config import ASSETS, Settings
from relate_engine.policy.weights import sha256

FOLDER = ASSETS / "demo" / "round"
MANIFEST, REPORT, STEPS = "manifest.json", "round.json", "steps.jsonl"
FILES = (REPORT, STEPS)
RECORDED = "recorded"  # in a version's manifest: how the round was recorded


class NoRecord(ValueError):  # noqa: N818  (a state, not a fault)
    """There is no whole recording; its text is a sentence."""


def manifest_of(folder: Path = FOLDER) -> dict[str, Any]:
    """The manifest of a recording whose files are as they were written; NoRecord says what is wrong."""
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        damaged = [name for name in FILES if sha256(folder / name) != told["files"][name]]
    except (OSError, ValueError, KeyError) as error:
        raise NoRecord(f"No round was recorded for the demo ({type(error).__name__}).") from error
    if damaged:
        raise NoRecord(f"The recorded round is left out: {', '.join(damaged)} is not as it was written.")
    return told


def recorded(manifest: dict[str, Any]) -> str:
    """What pages say about a version that came with the demo; "" for any other."""
    told = manifest.get(RECORDED)
    if not told:
        return ""
    return (
        f"Recorded for the demo: a real round, but a tiny one ({told['steps']} steps of {told['texts']} texts, without "
        f"feedback), run once on {told['at']} from writer {told['parent']}. Its numbers are its own and mean nothing "
        "for your texts. Its weights are not shipped, so it cannot be tried or put in use."
    )


def load(db: Database, actor: Actor, inside: Settings, days_ago: int, folder: Path = FOLDER) -> str:
    """Puts the recorded round into the demo, as ended so many days ago; returns the version's name. NoRecord where
    there is none."""
    require(actor, "round.run")
    at = utc_now() - timedelta(days=days_ago)
    told = manifest_of(folder)
    report = json.loads((folder / REPORT).read_text("utf-8"))
    version = str(report["version"])
    home = versions.policy_folder_of(inside, actor.workspace_id, version)
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / STEPS, home / STEPS)
    metrics = next(step["after"] for step in reversed(report["steps"]) if step["ran"])
    kept = told["version"] | {"metrics": metrics, "round": report, RECORDED: told[RECORDED]}
    with db.write() as session:
        rows.add_candidate(session, actor.workspace_id, actor.user_id, versions.KIND, version, None, kept)
        job = job_rows.enqueue(session, actor.workspace_id, actor.user_id, "round", {RECORDED: True})
        job.state, job.progress, job.created_at, job.finished_at = "done", 1.0, at, at
        job.message = f"Recorded for the demo: a small round made {version}."
        job.result = {"version": version, "round": report}
        audit.note(session, actor, "round.finish", "job", job.id, {"policy": version}, version=version, recorded=True)
    return version
