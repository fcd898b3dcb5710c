"""Comments on a brief, a text of it or an ad of it: plain words with author and time, never changed or removed.

A comment on a text stays with it through its edits: what was said about an earlier wording is shown with the later
ones. Leaves out who may approve what (statuses.py), and telling anybody by mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services import audit
from app.services.people import Actor, names_of, own, require
from db import history, models, queries
from db.session import Database
from relate_engine.brief import BriefError, clean

LONGEST = 2000
MOST = 50
TWICE = timedelta(seconds=30)  # the same words again so soon are a double click


@dataclass(frozen=True)
class StoredComment:
    """`about`: the wording or ad that a comment is about, "" for the brief as a whole."""

    id: int
    author: str
    body: str
    about: str
    created_at: datetime


@dataclass(frozen=True)
class Comments:
    """The newest comments, newest last; `total` counts the earlier ones too."""

    total: int
    newest: tuple[StoredComment, ...]


def add_comment(
    db: Database, actor: Actor, brief_id: int, body: str, text_id: int | None = None, ad_id: int | None = None
) -> None:
    """Says something about a brief, or about a text or an ad of it. The same words at once again are kept once."""
    require(actor, "comment.write")
    body = clean(body)
    if not body:
        raise BriefError("Comment: it is empty; write what you want to say.")
    if len(body) > LONGEST:
        raise BriefError(f"Comment: {len(body):,} characters are too many; keep it under {LONGEST:,}.")
    with db.write() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        if text_id is not None and own(session, actor, models.Text, text_id, "text").brief_id != brief_id:
            raise BriefError(f"Comment: text {text_id} belongs to another brief; open that one.")
        if ad_id is not None and own(session, actor, models.Ad, ad_id, "ad").brief_id != brief_id:
            raise BriefError(f"Comment: ad {ad_id} belongs to another brief; open that one.")
        _, last = history.comment_page(session, actor.workspace_id, brief_id, None, None, 1)
        now = models.utc_now()
        if last and (last[0].author_id, last[0].body, last[0].text_id, last[0].ad_id) == (
            actor.user_id, body, text_id, ad_id,
        ) and now - last[0].created_at < TWICE:  # fmt: skip
            return
        row = models.Comment(
            workspace_id=actor.workspace_id, author_id=actor.user_id, created_at=now, brief_id=brief_id,
            text_id=text_id, ad_id=ad_id, body=body,
        )  # fmt: skip
        session.add(row)
        session.flush()
        kind, number = next(
            (kind, i) for kind, i in (("text", text_id), ("ad", ad_id), ("brief", brief_id)) if i is not None
        )
        audit.note(session, actor, f"{kind}.comment", kind, number, comment=row.id)


def comments_of(
    db: Database, actor: Actor, brief_id: int, text_id: int | None = None, ad_id: int | None = None, limit: int = MOST
) -> Comments:
    """What was said about a text in any of its wordings, about an ad, or about a brief and all that belongs to it."""
    require(actor, "brief.read")
    with db.read() as session:
        own(session, actor, models.Brief, brief_id, "brief")
        ids: list[int] | None = None
        if text_id is not None:
            text = own(session, actor, models.Text, text_id, "text")
            ids = [row.id for row in history.chain(session, actor.workspace_id, text)]
        total, found = history.comment_page(session, actor.workspace_id, brief_id, ids, ad_id, limit)
        texts = queries.texts(session, actor.workspace_id, [row.text_id for row in found if row.text_id])
        wanted = {row.ad_id for row in found if row.ad_id}
        ads = {i: own(session, actor, models.Ad, i, "ad").name for i in wanted if i}
        now_id = text_id

    def about(row: models.Comment) -> str:
        if row.ad_id is not None:
            return ads[row.ad_id] if ad_id is None else ""
        if row.text_id is not None and row.text_id != now_id:
            return texts[row.text_id].text
        return ""

    names = names_of(db, actor, [row.author_id for row in found])
    return Comments(
        total,
        tuple(
            StoredComment(
                row.id, names.get(row.author_id, f"person {row.author_id}"), row.body, about(row), row.created_at
            )
            for row in found
        ),
    )
