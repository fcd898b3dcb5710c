"""The job "client": many briefs drafted one after another by the worker, each whole, with its existing lines scored.

A finished brief goes into the checkpoint, and its draft names the job, so a job that was killed anywhere goes on
without writing a brief twice. Its drafts go through the writer's line as all do. While somebody drafts on a page, in
another process with a line of its own, it steps aside: it waits between two texts, for a while, and computes on one
core. A brief that cannot be drafted is skipped and named; the others go on.
Leaves out starting it (clients.py).
"""

import time
from contextlib import closing
from typing import Any

from app.services import presence
from app.services.briefs import get_brief
from app.services.drafting import count_generations, served_texts, store_generation
from app.services.jobrun import JobContext
from app.services.judging import judging_of
from app.services.people import Actor, NotFound, require
from app.services.scoring import bring_lines
from app.services.stored import StoredBrief
from app.services.versions import writers
from app.services.writing import Failed, Request, Room
from db import briefs as rows
from relate_engine.brief import BriefError, full_ad, placement_of

KIND = "client"
SKIPPED = "skipped: "  # how the checkpoint tells a brief that could not be drafted
LOOK_S = 0.5
MOST_ASIDE_S = 300.0  # of one brief: where people draft all day, it goes on beside them after that


def client_job(context: JobContext) -> dict[str, Any]:
    """Scores the lines and drafts the ads of the briefs in the request; returns what became of each."""
    items, draft = context.request["briefs"], bool(context.request["draft"])
    done: dict[str, str] = dict((context.last or {}).get("done", {}))
    room = Room(context.config)
    for number, item in enumerate(items):
        if str(item["id"]) in done:
            continue
        context.report(number / len(items), f"Brief {number + 1} of {len(items)}")
        actor = context.actor()  # by the role of now: it may take hours, and who was removed writes no more
        require(actor, "text.write")
        try:
            stored = get_brief(context.db, actor, int(item["id"]))
            if stored.archived:
                raise BriefError("it was archived meanwhile; restore it and draft it again.")
            _lines(context, room, actor, stored, item["lines"])
            if draft:
                _whole(context, room, actor, stored, number, len(items))
            done[str(item["id"])] = "drafted" if draft else "scored"
        except (BriefError, NotFound) as error:
            done[str(item["id"])] = f"{SKIPPED}{error}"
        context.checkpoint({"done": done})
    skipped = sum(said.startswith(SKIPPED) for said in done.values())
    did = "Drafted" if draft else "Scored the lines of"
    message = f"{did} {len(items) - skipped} of {len(items)} briefs."
    return {"done": done, "message": message if not skipped else f"{message} {skipped} could not be; see the list."}


def _lines(context: JobContext, room: Room, actor: Actor, stored: StoredBrief, lines: list[list[str]]) -> None:
    """Scores and stores the lines that the brief does not hold yet."""
    if not lines:
        return
    with context.db.read() as session:
        held = rows.lines_of(session, actor.workspace_id, stored.id)
    new = [(slot, text) for slot, text in lines if (slot, text.casefold()) not in held]
    if new:
        _aside(context, 0.0)
        bring_lines(context.db, actor, room, stored, new)


def _whole(context: JobContext, room: Room, actor: Actor, stored: StoredBrief, number: int, total: int) -> None:
    """Drafts one brief whole and stores it, unless an earlier attempt of this job did."""
    with context.db.read() as session:
        if rows.drafted_by_job(session, actor.workspace_id, stored.id, context.job_id):
            return
    counts = full_ad(stored.brief)
    seed = count_generations(context.db, actor, stored.id) + 1009 * context.job_id
    from relate_engine.draft import Drafted, Progress

    with closing(_asked(context, room, actor, stored, counts, seed)) as events:
        for event in events:
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Progress):
                title = stored.title if len(stored.title) <= 60 else f"{stored.title[:59]}…"
                wrote = event.done / max(1, event.total)
                context.report((number + 0.95 * wrote) / total, f"Brief {number + 1} of {total}: {title}")
            elif isinstance(event, Drafted):
                with context.write():  # still this worker's job: another one may have taken it while this one slept
                    pass
                request = {
                    "title": f"the whole {placement_of(stored.brief.placement).label}", "whole": True,
                    "counts": counts, "angle": None, "like": None, "like_text": None, "job": context.job_id,
                }  # fmt: skip
                store_generation(
                    context.db, actor, stored.id, event.draft, brief=stored.brief, seed=seed, request=request
                )


def _asked(
    context: JobContext, room: Room, actor: Actor, stored: StoredBrief, counts: dict[str, int], seed: int
) -> Request:
    """The draft, which steps aside between its texts. Its thread must not outlive the job, so it looks there too."""
    db, waited = context.db, 0.0

    def between() -> None:
        nonlocal waited
        waited = _aside(context, waited)

    return room.draft(
        stored.brief, counts, seed,
        lambda: [text for slot in counts for text in served_texts(db, actor, stored.id, slot)],
        judging=lambda: judging_of(db, actor, context.config), writers=lambda: writers(db, actor, context.config),
        who=actor.user_id, between=between,
    )  # fmt: skip


def _aside(context: JobContext, waited: float) -> float:
    """Waits while somebody drafts on a page; returns how long this brief has waited by now."""
    share, message = context.told
    while waited < MOST_ASIDE_S and presence.alive(context.config, "drafting"):
        context.report(share, "Waiting while somebody drafts")
        time.sleep(LOOK_S)
        waited += LOOK_S
    context.report(share, message)
    return waited
