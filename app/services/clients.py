"""A whole client at once: one brief per ad group of an Editor export, and one job that drafts many briefs.

Making briefs and starting the job that scores their existing lines is one transaction: either all of it is there or
nothing. The job is one of the worker's (client_job.py); what a cancelled or failed one left can be taken up again.
Leaves out reading the file (client_file.py) and the files that leave (client_export.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import audit
from app.services.client_file import AdGroup, ClientFile
from app.services.client_job import KIND, SKIPPED
from app.services.people import Actor, own, require
from app.services.stored import checksum_of
from db import briefs as rows
from db import jobs as queue
from db import models
from db.session import Database
from relate_engine.brief import Brief, BriefError, country_codes, parse_brief

MOST_BRIEFS = 300  # drafted by one job


@dataclass(frozen=True)
class Planned:
    """A brief as it would be made of an ad group; `trouble` says why it cannot, in one sentence."""

    group: AdGroup
    product: str
    description: str
    known: int | None = None  # the brief that this ad group has already
    trouble: str = ""


@dataclass(frozen=True)
class JobState:
    """The newest job of the workspace over many briefs: how it stands and what it has left."""

    id: int
    state: str
    total: int
    drafted: int
    skipped: dict[int, str]  # why, by brief
    left: tuple[int, ...]
    ended: datetime | None
    message: str


def plan(db: Database, actor: Actor, file: ClientFile, countries: Sequence[str] = ("us",)) -> list[Planned]:
    """What would be made of a file: one brief per ad group, those that have one already marked."""
    require(actor, "brief.write")
    with db.read() as session:
        known = rows.filed(session, actor.workspace_id)
    found = []
    for group in file.groups:
        at = known.get((group.campaign.casefold(), group.ad_group.casefold()))
        one = Planned(group, group.product, group.description, at)
        try:
            brief_of(one, countries)
        except BriefError as error:
            one = Planned(group, group.product, group.description, at, str(error))
        found.append(one)
    return found


def brief_of(planned: Planned, countries: Sequence[str]) -> Brief:
    """The brief of an ad group; BriefError where it would be none."""
    group = planned.group
    data = {
        "product": planned.product, "description": planned.description, "benefits": list(group.benefits),
        "placement": "google_rsa", "countries": list(country_codes(countries)), "landing_page": group.final_url[:2000],
        "keywords": list(group.keywords),
    }  # fmt: skip
    try:
        return parse_brief(data)
    except BriefError as error:
        name = group.ad_group if len(group.ad_group) <= 40 else f"{group.ad_group[:39]}…"
        raise BriefError(f"Ad group “{name}”: {str(error).removeprefix('Brief, ').removeprefix('Brief: ')}") from error


def make_briefs(
    db: Database, actor: Actor, planned: Sequence[Planned], countries: Sequence[str], draft: bool
) -> list[int]:
    """Makes the briefs and starts the job that scores their lines and, if `draft`, writes an ad for each.

    Raises BriefError, and makes nothing, where one of them is no brief or another such job is under way.
    """
    require(actor, "brief.write")
    require(actor, "text.write")
    if not planned:
        raise BriefError("No ad group is ticked; tick the ones that a brief is to be made for.")
    briefs = [brief_of(one, countries) for one in planned]
    with db.write() as session:
        _free(session, actor)
        items: list[dict[str, Any]] = []
        for one, brief in zip(planned, briefs, strict=True):
            row = models.Brief(
                workspace_id=actor.workspace_id, author_id=actor.user_id, title=brief.product,
                placement=brief.placement, payload=brief.model_dump(mode="json"), checksum=checksum_of(brief),
                campaign=one.group.campaign or None, ad_group=one.group.ad_group or None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            items.append({"id": row.id, "lines": [list(line) for line in one.group.lines]})
        ids = [int(item["id"]) for item in items]
        job = queue.enqueue(session, actor.workspace_id, actor.user_id, KIND, {"briefs": items, "draft": draft})
        audit.note(session, actor, "client.import", "job", job.id, briefs=ids, draft=draft)
        return ids


def draft_all(db: Database, actor: Actor, brief_ids: Sequence[int]) -> int:
    """Starts one job that drafts a whole ad for each of these briefs; returns its id."""
    require(actor, "text.write")
    ids = list(dict.fromkeys(brief_ids))
    if not ids:
        raise BriefError("No brief is ticked; tick the ones to draft.")
    if len(ids) > MOST_BRIEFS:
        raise BriefError(f"{len(ids)} briefs are too many for one job; tick {MOST_BRIEFS} or fewer.")
    with db.write() as session:
        _free(session, actor)
        for brief_id in ids:
            own(session, actor, models.Brief, brief_id, "brief")
        request = {"briefs": [{"id": i, "lines": []} for i in ids], "draft": True}
        job = queue.enqueue(session, actor.workspace_id, actor.user_id, KIND, request)
        audit.note(session, actor, "client.draft", "job", job.id, briefs=ids)
        return job.id


def job_state(db: Database, actor: Actor) -> JobState | None:
    """How the workspace's newest such job stands; None where there was none."""
    require(actor, "job.read")
    with db.read() as session:
        job = next(iter(queue.jobs(session, actor.workspace_id, KIND, 1)), None)
        if job is None:
            return None
        done: dict[str, str] = dict((job.checkpoint or {}).get("done", {}))
        asked = [int(item["id"]) for item in job.request["briefs"]]
        skipped = {int(i): said.removeprefix(SKIPPED) for i, said in done.items() if said.startswith(SKIPPED)}
        left = tuple(i for i in asked if str(i) not in done)
        return JobState(
            job.id, job.state, len(asked), len(done) - len(skipped), skipped, left, job.finished_at, job.message
        )


def go_on(db: Database, actor: Actor, job_id: int) -> int:
    """Takes up what a cancelled or failed job has left, in a new one; returns its id."""
    require(actor, "text.write")
    with db.write() as session:
        old = own(session, actor, models.Job, job_id, "job")
        _free(session, actor)
        done = (old.checkpoint or {}).get("done", {})
        items = [item for item in old.request.get("briefs", []) if str(item["id"]) not in done]
        if old.kind != KIND or old.state in queue.OPEN or not items:
            raise BriefError("That job has left nothing to go on with; tick briefs and draft them anew.")
        job = queue.enqueue(
            session, actor.workspace_id, actor.user_id, KIND, {"briefs": items, "draft": old.request["draft"]}
        )
        audit.note(session, actor, "client.draft", "job", job.id, after=old.id, briefs=[i["id"] for i in items])
        return job.id


def _free(session: Any, actor: Actor) -> None:
    """One such job at a time: they would only wait for each other."""
    if (job := queue.open_job(session, actor.workspace_id, KIND)) is not None:
        raise BriefError(f"Job {job.id} still drafts briefs; wait for it or cancel it.")
