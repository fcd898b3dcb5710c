"""What services hand to pages about ads: plain, frozen records with statuses, read from the tables.

As stored.py for texts. Leaves out changing anything (ads.py, ad_review.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from app.services import statuses
from app.services.decisions import Decision, decisions
from app.services.people import Actor, names_in
from app.services.statuses import FINE, WORDS, Status
from app.services.stored import StoredText, text_records
from db import ad_choices, ads, models


@dataclass(frozen=True)
class Place:
    """A text in an ad. Its slot is the text's; places of a slot stand in their order. `pin`: search ads only."""

    text_id: int
    slot: str
    pin: int | None = None


@dataclass(frozen=True)
class Revision:
    id: int
    ad_id: int
    number: int
    places: tuple[Place, ...]
    note: str
    author_id: int
    author: str  # the person's name
    created_at: datetime
    status: Status
    reason: str  # of the newest status change

    @property
    def text_ids(self) -> tuple[int, ...]:
        return tuple(place.text_id for place in self.places)


@dataclass(frozen=True)
class StoredAd:
    """`approved`: the newest revision that may run, which is what exports; None before the first approval. `live`: the
    one that runs, an older one where a newer one is approved and not put on the platform yet."""

    id: int
    brief_id: int
    brief_title: str
    brief_archived: bool
    name: str
    placement: str
    archived: bool
    newest: Revision
    approved: Revision | None
    live: Revision | None

    @property
    def telling(self) -> tuple[Revision, ...]:
        """The versions that matter, oldest first: the newest, the one that exports and the one that runs."""
        told = {r.number: r for r in (self.live, self.approved, self.newest) if r is not None}
        return tuple(told[number] for number in sorted(told))


@dataclass(frozen=True)
class AdPage:
    """One page of ads. `page` counts from 1 and is clipped to what exists."""

    ads: tuple[StoredAd, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class AdText:
    """A text with its status. `newer_id`: the newest wording, if it was edited since. `decision`: what the review said
    of it, where that is more than the status."""

    text: StoredText
    status: Status
    newer_id: int | None = None
    decision: Decision | None = None

    @property
    def blocked(self) -> bool:
        return self.text.card is not None and self.text.card.compliance.level == "blocked"


@dataclass(frozen=True)
class ChoicePage:
    texts: tuple[AdText, ...]
    total: int
    page: int
    pages: int


def ad_records(session: Session, actor: Actor, rows: Iterable[tuple[models.Ad, models.Brief]]) -> list[StoredAd]:
    rows = list(rows)
    ids = [ad.id for ad, _ in rows]
    newest = ads.newest_revisions(session, actor.workspace_id, ids)
    changes = ads.revision_statuses(session, actor.workspace_id, ids)
    fine: dict[int, int] = {}
    live: dict[int, int] = {}
    for change in changes.values():
        if change.status in FINE and change.ad_id and change.ad_revision_id:
            for kind in (fine, live) if change.status == "live" else (fine,):
                kind[change.ad_id] = max(kind.get(change.ad_id, 0), change.ad_revision_id)
    older = ads.by_ids(session, actor.workspace_id, {*fine.values(), *live.values()})
    records = {r.id: r for r in revision_records(session, actor, [*newest.values(), *older.values()], changes)}
    return [
        StoredAd(
            ad.id, brief.id, brief.title, brief.archived_at is not None, ad.name, ad.placement,
            ad.archived_at is not None, records[newest[ad.id].id],
            records[fine[ad.id]] if ad.id in fine else None, records[live[ad.id]] if ad.id in live else None,
        )
        for ad, brief in rows
    ]  # fmt: skip


def revision_records(
    session: Session,
    actor: Actor,
    rows: Sequence[models.AdRevision],
    changes: Mapping[int, models.StatusChange] | None = None,
) -> list[Revision]:
    if changes is None:
        changes = ads.revision_statuses(session, actor.workspace_id, {row.ad_id for row in rows})
    people = names_in(session, actor, {row.author_id for row in rows})
    return [
        Revision(
            id=row.id, ad_id=row.ad_id, number=row.number,
            places=tuple(Place(p["text_id"], p["slot"], p["pin"]) for p in row.slots),
            note=row.note, author_id=row.author_id, author=people.get(row.author_id, "somebody"),
            created_at=row.created_at,
            status=cast(Status, changes[row.id].status) if row.id in changes else "draft",
            reason=changes[row.id].reason if row.id in changes else "",
        )
        for row in rows
    ]  # fmt: skip


def ad_texts(session: Session, actor: Actor, rows: Sequence[models.Text]) -> list[AdText]:
    ids = [row.id for row in rows]
    now = statuses.status_of(session, actor, ids)
    newer = ad_choices.newer_wordings(session, actor.workspace_id, ids)
    texts = text_records(session, actor, rows)
    said = decisions(session, actor, texts)
    return [AdText(text, now[text.id], newer.get(text.id), said.get(text.id)) for text in texts]


def status_words(ad: StoredAd) -> str:
    """The status of an ad in one line: that of the newest version, and of those that export or run if they differ."""
    newest_first = sorted(ad.telling, key=lambda r: -r.number)
    return ", ".join(f"version {r.number} is {WORDS[r.status]}" for r in newest_first)
