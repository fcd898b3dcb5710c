"""Checking texts that may run by rules that have changed: at once for some, as the job "recheck" for many.

A text that the rules are harsher on than before goes back to review, with the rule as reason. A job that was cancelled
or failed leaves texts unchecked by rules that are in use: how many is told until somebody goes on from where it ended.
Leaves out changing the version in use (rulebook_publish.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.services import audit, statuses
from app.services.jobrun import JobContext
from app.services.people import Actor, require
from app.services.rulebook import KIND, laid, overlay_named, overlay_of
from app.services.rulebook_trial import briefs_of, compare
from db import jobs as job_rows
from db import models
from db import rulebook as queries
from db import versions as rows
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.rewards.rules import RuleSet

RECHECK = "recheck"
BATCH = 100  # texts of the job between two checkpoints
COUNTED = 10_000  # unchecked texts are counted up to this
PAST = 50  # jobs that are looked at


@dataclass(frozen=True)
class Unchecked:
    """A check that ended before its end. `texts`: how many that may run it has not come to, up to COUNTED."""

    texts: int
    checked: int
    failed: bool  # else somebody cancelled it
    ended_at: datetime | None


def later(session: Session, actor: Actor, before: str | None) -> None:
    """Leaves the texts to the worker, inside the transaction that changes the rules. `before`: what was in use."""
    job_rows.enqueue(session, actor.workspace_id, actor.user_id, RECHECK, {"before": before})


def reopen(session: Session, actor: Actor, before: RuleSet, after: RuleSet, texts: Sequence[models.Text]) -> list[int]:
    """Sends texts back to review that the rules are harsher on than before; returns their ids."""
    found = [c for c in compare(before, after, texts, briefs_of(session, texts)) if c.harsher]
    for change in found:
        worst = min(change.findings, key=lambda f: ("block", "warn", "note").index(f.severity))
        reason = f"Rule {worst.rule_id} of {after.version}: {worst.message}"
        statuses.set_status(session, actor, change.text_id, "in_review", reason[: statuses.LONGEST_REASON])
    return [change.text_id for change in found]


def recheck_job(context: JobContext) -> dict[str, Any]:
    """The job: checks every text that may run by the rules in use now, and reopens what they object to.

    `request`: `before`, the version that was in use; `from`, where an earlier job ended. It goes by text id and keeps
    its place: a kill costs a batch."""
    # as the reviewer who published, whatever became of them since: the rules are in use, so texts must be checked
    actor = Actor(context.author_id, "reviewer", context.workspace_id)
    state: dict[str, Any] = dict(context.last or context.request.get("from") or _BEGIN)
    while True:
        context.report(min(0.99, state["checked"] / max(state["checked"] + BATCH, 1)), _told(state))
        with context.write() as session:
            before = laid(overlay_named(session, actor, context.request.get("before")))
            now = rows.active(session, actor.workspace_id, KIND)
            texts = queries.may_run(session, actor.workspace_id, BATCH, after=state["after"])
            reopened = reopen(session, actor, before, laid(overlay_of(now)), texts)
        if not texts:
            return state | {"message": f"{_told(state)}."}
        state = {
            "after": texts[-1].id, "checked": state["checked"] + len(texts),
            "reopened": state["reopened"] + len(reopened),
        }  # fmt: skip
        context.checkpoint(state)


def unchecked(db: Database, actor: Actor) -> list[Unchecked]:
    """Checks that ended early and that nobody has gone on with, newest first."""
    require(actor, "rule.read")
    with db.read() as session:
        return [rest for _, rest in _unfinished(session, actor)]


def go_on(db: Database, actor: Actor) -> int:
    """Goes on with every such check from where it ended; returns how many. BriefError where there is none."""
    require(actor, "rule.write")
    with db.write() as session:
        found = _unfinished(session, actor)
        if not found:
            raise BriefError("Every approved and live text is checked, or being checked; reload the page.")
        for job, rest in found:
            at = job.checkpoint or job.request.get("from")
            request = {"before": job.request.get("before"), "from": at, "goes_on": job.id}
            new = job_rows.enqueue(session, actor.workspace_id, actor.user_id, RECHECK, request)
            audit.note(session, actor, "job.start", "job", new.id, kind=RECHECK, goes_on=job.id, left=rest.texts)
        return len(found)


_BEGIN: dict[str, int] = {"after": 0, "checked": 0, "reopened": 0}


def _unfinished(session: Session, actor: Actor) -> list[tuple[models.Job, Unchecked]]:
    jobs = job_rows.jobs(session, actor.workspace_id, RECHECK, PAST)
    gone_on = {job.request.get("goes_on") for job in jobs}
    found = []
    for job in jobs:
        if job.state not in ("cancelled", "failed") or job.id in gone_on:
            continue
        state = job.checkpoint or job.request.get("from") or _BEGIN
        left = queries.count_may_run(session, actor.workspace_id, state["after"], COUNTED)
        if left:
            found.append((job, Unchecked(left, state["checked"], job.state == "failed", job.finished_at)))
    return found


def _told(state: dict[str, Any]) -> str:
    return f"{state['checked']:,} approved and live texts checked, {state['reopened']:,} sent back to review"
