"""`relate round`: start a training round and follow it, let a failed one go on, or see how the last one went."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from relate_engine.brief import BriefError
from relate_engine.config import Settings


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command; `command` makes one."""
    sub = command("round", _round, "train the writer on this workspace's feedback and rewards; start, resume or status")
    sub.add_argument("what", choices=["start", "resume", "status"])
    sub.add_argument("job", nargs="?", type=int, help="resume: the failed job (default: the last round)")
    sub.add_argument("--steps", type=int, help="start: steps of GRPO (default: 60)")
    sub.add_argument("--json", action="store_true", help="machine-readable")


def _round(args: argparse.Namespace, config: Settings) -> int:
    from app.services import jobs, rounds
    from app.services.people import NotFound, local_actor
    from app.services.training import say
    from db.session import open_database

    def told(share: float, what: str) -> None:
        say(f"{share:4.0%} {what}")

    db = open_database(config.database)
    actor = local_actor(db)
    if args.job is not None and args.what != "resume":
        raise BriefError(f"`relate round {args.what}` takes no job; only resume does.")
    if args.what == "start":
        request = {"steps": args.steps} if args.steps is not None else {}
        rounds.steps_of(request)  # before anything waits in the line
        jobs.run_here(db, actor, config, "round", told, request)
    elif args.what == "resume":
        if args.steps is not None:
            raise BriefError("A round goes on with the steps that it was started with; leave --steps out.")
        job_id = args.job or next((job.id for job in jobs.jobs(db, actor, "round", 1)), None)
        if job_id is None:
            raise BriefError("No round has been run; begin one with `relate round start`.")
        try:
            resumed = jobs.resume(db, actor, config, job_id)
        except NotFound:
            raise BriefError(f"There is no job {job_id}; `relate round resume` lets the last round go on.") from None
        jobs.run_here(db, actor, config, "round", told, job=resumed)
    last = next(iter(jobs.jobs(db, actor, "round", 1)), None)
    if last is None:
        print("null" if args.json else "No round has been run; begin one with `relate round start`.")
        return 0
    report: dict[str, Any] = (last.result or {}).get("round", {})
    version = (last.result or {}).get("version")
    judged = rounds.decision(db, actor, version) if version else None
    if args.json:
        state = {"job": last.id, "state": last.state, "progress": last.progress, "message": last.message}
        print(json.dumps(state | {"version": version, "round": report, "gate": asdict(judged) if judged else None}))
        return 0
    print(f"{last.state} ({last.progress:.0%}): {last.message}")
    if jobs.can_resume(actor, config, last):
        print("  It can go on from its last checkpoint: `relate round resume`.")
    first = [report["manifest"]["rewards"]] if report.get("manifest", {}).get("rewards") else []
    for line in [*first, *(s["words"] for s in report.get("steps", ()))]:
        print(f"  {line}")
    for reason in judged.reasons if judged else ():
        print(f"  gate: {reason}")
    return 0
