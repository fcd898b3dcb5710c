"""Saving, finding and putting away briefs. A changed brief keeps its id; each shown set keeps the brief as it was.

The title is the product's name until somebody gives another one; then it stays. Every change is noted in the audit
log, which also knows who changed a brief last. An archived brief is not changed and not drafted for before somebody
restores it. Where a brief gains countries, what was approved for the others is in review again. Leaves out drafting,
and a whole client at once (clients.py).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.services import audit, statuses
from app.services.people import Actor, names_in, names_of, own, require
from app.services.stored import StoredBrief, brief_record, checksum_of
from db import briefs as rows
from db import models, queries
from db.session import Database
from relate_engine.brief import Brief, BriefError, clean, parse_brief

PAGE = 25
LONGEST_TITLE, LONGEST_NAME = 200, 255
CONTENT = ("brief.create", "brief.duplicate", "brief.change")  # what changes a brief's content, as the audit log says
Filed = tuple[str, str, str]  # title, campaign, ad group


class BriefChanged(BriefError):  # noqa: N818  (a question, not a fault)
    """Somebody changed the brief after it was opened, so nothing was saved. `newest` is how it stands now, `filed` its
    title, campaign and ad group; `who` (user id) changed it, `at` then, `own` where that is the person who saves."""

    def __init__(self, newest: StoredBrief, filed: Filed, who: int, at: datetime, own: bool) -> None:
        by = "you changed this brief in another tab" if own else "somebody changed this brief"
        super().__init__(f"Brief: {by} while you worked on it, so yours was not saved; compare both and choose.")
        self.newest, self.filed, self.who, self.at, self.own = newest, filed, who, at, own


class BriefArchived(BriefError):  # noqa: N818  (a refusal, not a fault)
    """The brief was put away, so nothing was saved or drafted; what was typed can go on as a new brief."""

    def __init__(self, title: str, who: str) -> None:
        super().__init__(
            f"Brief: “{title}” was archived by {who}; restore it on the page Briefs, or save yours as a new brief."
        )


@dataclass(frozen=True)
class BriefRow:
    """A brief on the list, with what it holds."""

    id: int
    title: str
    product: str
    placement: str
    campaign: str
    ad_group: str
    counts: rows.Counts
    updated_at: datetime
    changed_by: str
    archived: bool


@dataclass(frozen=True)
class BriefPage:
    total: int
    rows: tuple[BriefRow, ...]


def save_brief(
    db: Database, actor: Actor, brief: Brief, brief_id: int | None = None, seen: str | None = None
) -> StoredBrief:
    """Saves a new brief, or changes the one with `brief_id`. The same content twice changes nothing.

    `seen`: the checksum of the content that the change began from. BriefChanged, and nothing saved, where somebody has
    changed it since; None asks nothing. BriefArchived where somebody has put it away.
    """
    require(actor, "brief.write")
    checksum = checksum_of(brief)
    with db.write() as session:
        if brief_id is None:
            row = models.Brief(workspace_id=actor.workspace_id, author_id=actor.user_id, title=brief.product)
            session.add(row)
        else:
            row = _not_archived(session, actor, brief_id)
            if row.checksum == checksum:
                return brief_record(row)
            if seen is not None and checksum_of(parse_brief(row.payload)) not in (seen, checksum):
                raise _changed(session, actor, row, CONTENT)
            if row.title == row.payload.get("product"):  # nobody gave it a title of its own
                row.title = brief.product
        before = list(brief.countries) if brief_id is None else row.payload.get("countries", [])
        gained = [country for country in brief.countries if country not in before]
        row.placement, row.checksum = brief.placement, checksum
        row.payload = brief.model_dump(mode="json")
        row.updated_at = models.utc_now()
        session.flush()
        audit.note(session, actor, "brief.create" if brief_id is None else "brief.change", "brief", row.id)
        if gained:
            _back_to_review(session, actor, row.id, gained)
        return brief_record(row)


def list_briefs(
    db: Database, actor: Actor, search: str = "", archived: bool = False, limit: int = 200
) -> list[StoredBrief]:
    """The workspace's briefs, last changed first; `search` looks in the title."""
    require(actor, "brief.read")
    with db.read() as session:
        found = queries.briefs(session, actor.workspace_id, search.strip(), archived, limit)
        return [brief_record(row) for row in found]


def brief_page(
    db: Database,
    actor: Actor,
    *,
    search: str = "",
    placement: str | None = None,
    archived: bool = False,
    mine: bool = False,
    page: int = 1,
    size: int = PAGE,
) -> BriefPage:
    """One page of the list. Every word of `search` has to be in the title, product, campaign or ad group."""
    require(actor, "brief.read")
    with db.read() as session:
        total, found = rows.page(
            session, actor.workspace_id, search=search[:200], placement=placement, archived=archived,
            author_id=actor.user_id if mine else None, offset=max(0, page - 1) * size, limit=size,
        )  # fmt: skip
        ids = [row.id for row in found]
        counts = rows.counts(session, actor.workspace_id, ids)
        last = rows.changed_by(session, actor.workspace_id, ids)
    people = {row.id: last.get(row.id, row.author_id) for row in found}
    names = names_of(db, actor, people.values())
    listed = tuple(
        BriefRow(
            row.id, row.title, str(row.payload.get("product", "")), row.placement, row.campaign or "",
            row.ad_group or "", counts[row.id], row.updated_at,
            names.get(people[row.id], f"person {people[row.id]}"), row.archived_at is not None,
        )
        for row in found
    )  # fmt: skip
    return BriefPage(total, listed)


def get_brief(db: Database, actor: Actor, brief_id: int) -> StoredBrief:
    require(actor, "brief.read")
    with db.read() as session:
        return brief_record(own(session, actor, models.Brief, brief_id, "brief"))


def brief_to_write_for(db: Database, actor: Actor, brief_id: int) -> StoredBrief:
    """The brief as it stands, for who is about to add texts to it; BriefArchived where it was put away."""
    require(actor, "text.write")
    with db.read() as session:
        return brief_record(_not_archived(session, actor, brief_id))


def archive_brief(db: Database, actor: Actor, brief_id: int) -> None:
    """Takes a brief off the list. Its texts and feedback stay; restoring it brings it back."""
    require(actor, "brief.write")
    with db.write() as session:
        row = own(session, actor, models.Brief, brief_id, "brief")
        if row.archived_at is None:
            row.archived_at = models.utc_now()
            audit.note(session, actor, "brief.archive", "brief", row.id)


def restore_brief(db: Database, actor: Actor, brief_id: int) -> None:
    """Puts an archived brief back on the list, as it was."""
    require(actor, "brief.write")
    with db.write() as session:
        row = own(session, actor, models.Brief, brief_id, "brief")
        if row.archived_at is not None:
            row.archived_at = None
            audit.note(session, actor, "brief.restore", "brief", row.id)


def rename_brief(
    db: Database,
    actor: Actor,
    brief_id: int,
    title: str,
    campaign: str = "",
    ad_group: str = "",
    seen: Filed | None = None,
) -> StoredBrief:
    """Gives a brief its own title, and says under which campaign and ad group it is filed. What is advertised stays.

    `seen`: what the change began from, as in `save_brief`.
    """
    require(actor, "brief.write")
    title = _named("Title", title, LONGEST_TITLE)
    if not title:
        raise BriefError("Title: it is empty; write how the brief should be called in the list.")
    filed = (_named("Campaign", campaign, LONGEST_NAME) or None, _named("Ad group", ad_group, LONGEST_NAME) or None)
    with db.write() as session:
        row = own(session, actor, models.Brief, brief_id, "brief")
        if (row.title, row.campaign, row.ad_group) != (title, *filed):
            if seen is not None and _filed(row) != seen:
                raise _changed(session, actor, row, (*CONTENT, "brief.rename"))
            before = row.title
            row.title, (row.campaign, row.ad_group) = title, filed
            row.updated_at = models.utc_now()
            audit.note(session, actor, "brief.rename", "brief", row.id, before=before, after=title)
        return brief_record(row)


def duplicate_brief(db: Database, actor: Actor, brief_id: int) -> StoredBrief:
    """A new brief with the same content and no texts."""
    require(actor, "brief.write")
    with db.write() as session:
        old = own(session, actor, models.Brief, brief_id, "brief")
        row = models.Brief(
            workspace_id=actor.workspace_id, author_id=actor.user_id, title=f"Copy of {old.title}"[:LONGEST_TITLE],
            placement=old.placement, payload=dict(old.payload), checksum=old.checksum,
            campaign=old.campaign, ad_group=old.ad_group,
        )  # fmt: skip
        session.add(row)
        session.flush()
        audit.note(session, actor, "brief.duplicate", "brief", row.id, copy_of=old.id)
        return brief_record(row)


def _back_to_review(session: Session, actor: Actor, brief_id: int, gained: list[str]) -> None:
    """Texts that may run, and with them their ads, are in review again: nobody has judged them for these countries.

    Not through `statuses.set_status`: who writes briefs may not reopen a text, but it follows from what they changed.
    """
    reason = f"The brief now runs in {', '.join(gained).upper()} too."
    texts = {text.id: text for text in queries.texts_of_brief(session, actor.workspace_id, brief_id)}
    for text_id, was in statuses.status_of(session, actor, texts).items():
        if was in statuses.FINE:
            session.add(
                models.StatusChange(
                    workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id, status="in_review",
                    reason=reason,
                )
            )  # fmt: skip
            session.flush()
            audit.note(session, actor, "text.reopen", "text", text_id, status="in_review", was=was, reason=reason)
            statuses.follow_text(session, actor, texts[text_id])


def _not_archived(session: Session, actor: Actor, brief_id: int) -> models.Brief:
    row = own(session, actor, models.Brief, brief_id, "brief")
    if row.archived_at is not None:
        last = rows.last_change(session, actor.workspace_id, brief_id, ("brief.archive",))
        names = names_in(session, actor, [last[0]]) if last else {}
        who = "you" if last and last[0] == actor.user_id else names.get(last[0] if last else 0, "somebody")
        raise BriefArchived(row.title, who)
    return row


def _filed(row: models.Brief) -> Filed:
    return row.title, row.campaign or "", row.ad_group or ""


def _changed(session: Session, actor: Actor, row: models.Brief, actions: tuple[str, ...]) -> BriefChanged:
    who, at = rows.last_change(session, actor.workspace_id, row.id, actions) or (row.author_id, row.updated_at)
    return BriefChanged(brief_record(row), _filed(row), who, at, who == actor.user_id)


def _named(what: str, value: str, most: int) -> str:
    value = " ".join(clean(value).split())
    if len(value) > most:
        raise BriefError(f"{what}: {len(value)} characters are too many; keep it under {most}.")
    return value
