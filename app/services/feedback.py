"""What people do with texts: pick, reject, rate, copy, export, edit. Each is one appended event.

Copying counts as a pick, and so does exporting to Editor or Meta; a plain table is for looking, so it does not, and no
more does exporting a text that only the ranking put into an ad. The same pick, unpick, rejection or rating twice in a
row (a double click) is stored once; every copy and export is stored. An edit makes a new text with the old one as
parent, and keeps both wordings.
Each of them is audited but a rating, which decides nothing; the wordings are kept here and not in the log.
Who edits a text that was edited meanwhile gets an EditConflict with the newer wording and saves nothing yet: an edit
of that newer one keeps both. Who picks, rejects or rates it gets an Outdated with that wording: the old one is on no
list any more, so what is said of it would be lost. Where edits have led back to the same wording, it is said of the
newest text.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from app.services import audit
from app.services.drafting import add_text, judged_with
from app.services.judged import versions_of
from app.services.people import Actor, own, require
from app.services.stored import StoredText, text_records
from db import history, models, queries
from db.session import Database
from relate_engine.brief import Brief, BriefError
from relate_engine.scorecard import Scorecard

LONGEST_REASON = 500
PLAIN, FILLED = queries.PLAIN, queries.FILLED
_ACTS = {"pick": "text.pick", "unpick": "text.unpick", "reject": "text.turn_down", "copy": "text.copy"}  # audited


class EditConflict(BriefError):  # noqa: N818  (a question, not a fault)
    """Somebody edited the text `seen` after it was shown. `newest` is how it stands now, by `who` (user id); nothing
    was saved, and the wording that was refused can be saved as an edit of `newest`."""

    def __init__(self, seen: int, newest: StoredText, who: int, own: bool) -> None:
        by = "You edited this text in another tab" if own else "Somebody else edited this text"
        super().__init__(f"{by} while you worked on it, so nothing was saved; compare both wordings and choose.")
        self.seen, self.newest, self.who, self.own = seen, newest, who, own


class Outdated(BriefError):  # noqa: N818  (a question, not a fault)
    """A text was edited after it was shown; `newest` is how it stands now. Nothing was stored."""

    def __init__(self, newest: StoredText) -> None:
        super().__init__(
            "This text was edited meanwhile, so nothing was stored; read the new wording and choose again."
        )
        self.newest = newest


def pick(db: Database, actor: Actor, text_id: int) -> StoredText:
    return _say(db, actor, text_id, "pick")


def unpick(db: Database, actor: Actor, text_id: int) -> StoredText:
    """Takes back a pick or a rejection: the text is neither."""
    return _say(db, actor, text_id, "unpick")


def reject(db: Database, actor: Actor, text_id: int, reason: str = "") -> StoredText:
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BriefError(f"Reason: {len(reason):,} characters are too many; keep it under {LONGEST_REASON}.")
    return _say(db, actor, text_id, "reject", reason=reason)


def rate(db: Database, actor: Actor, text_id: int, rating: int) -> StoredText:
    """Rates a text from 1 (worst) to 5 (best); the last rating counts."""
    if rating not in range(1, 6):
        raise BriefError(f"Rating: {rating} is outside 1 to 5; choose one of 1, 2, 3, 4, 5.")
    return _say(db, actor, text_id, "rate", rating=rating)


def copy(db: Database, actor: Actor, text_id: int) -> StoredText:
    """Notes that a text was copied to be used; counts as a pick."""
    return _say(db, actor, text_id, "copy")


def export(
    db: Database, actor: Actor, text_ids: Iterable[int], target: str, ad_id: int | None = None, revision: int = 0
) -> None:
    """Notes that texts left in a file (`target`: editor, meta, plain or FILLED), of an ad's revision if
    one is named.

    Counts as a pick of each, except in a plain table, which holds whatever was on the page, and of FILLED ones, which
    nobody chose. Blocked texts never count: they are in no ad. Nor does one that was rejected since the file was made.
    """
    require(actor, "table.export" if target == PLAIN else "ad.export")
    with db.write() as session:
        texts = [own(session, actor, models.Text, text_id, "text") for text_id in dict.fromkeys(text_ids)]
        ids = [text.id for text in texts]
        cards = queries.latest_cards(session, actor.workspace_id, ids)
        by, said = versions_of(cards.values()), queries.choices(session, actor.workspace_id, ids)
        if ad_id is not None:
            own(session, actor, models.Ad, ad_id, "ad")
            audit.note(session, actor, "ad.export", "ad", ad_id, by, target=target, revision=revision, texts=ids)
        else:
            audit.note(session, actor, "text.export", "text", None, by, target=target, texts=ids)
        for text in texts:
            blocked = text.id in cards and cards[text.id].level == "blocked"
            if target != PLAIN and (blocked or (text.id in said and said[text.id].state == "rejected")):
                continue
            _append(session, actor, text, "export", reason=target)


def edit(db: Database, actor: Actor, text_id: int, card: Scorecard, brief: Brief | None = None) -> StoredText:
    """Replaces a text by the wording of `card` (already scored): a new text whose parent is the old one.

    A picked text stays picked in its new wording. The same wording changes nothing. `text_id` is the text that the
    person saw: raises EditConflict where it has a newer edit with other words.
    """
    require(actor, "feedback.give")
    with db.write() as session:
        old = own(session, actor, models.Text, text_id, "text")
        if card.text == old.text:
            return text_records(session, actor, [old])[0]
        newest = history.newest_edit(session, actor.workspace_id, old)
        if newest.id != old.id:
            record = text_records(session, actor, [newest])[0]
            if newest.text == card.text:
                return record
            raise EditConflict(old.id, record, newest.author_id, newest.author_id == actor.user_id)
        if card.slot != old.slot:
            raise ValueError(f"text {text_id} is a {old.slot}, the new card judges a {card.slot}")
        generation = own(session, actor, models.Generation, old.generation_id, "draft")
        new, _ = add_text(session, actor, generation, replace(card, author=actor.author), brief, old.id)
        _append(session, actor, old, "edit", before=old.text, after=new.text, new_text_id=new.id)
        choice = queries.choices(session, actor.workspace_id, [old.id]).get(old.id, queries.Choice())
        if choice.state == "picked":
            _append(session, actor, new, "pick", reason="picked before the edit")
        audit.note(
            session, actor, "text.edit", "text", text_id, judged_with(card), new_text=new.id,
            stays_picked=choice.state == "picked",
        )  # fmt: skip
        return text_records(session, actor, [new])[0]


def _say(
    db: Database, actor: Actor, text_id: int, kind: str, reason: str = "", rating: int | None = None
) -> StoredText:
    require(actor, "feedback.give")
    with db.write() as session:
        text = own(session, actor, models.Text, text_id, "text")
        newest = history.newest_edit(session, actor.workspace_id, text)
        if kind != "copy" and newest.text != text.text:  # what was copied has left the studio, whatever came after
            raise Outdated(text_records(session, actor, [newest])[0])
        text = newest if newest.text == text.text else text  # the edit was taken back
        now = queries.choices(session, actor.workspace_id, [text.id]).get(text.id, queries.Choice())
        said_already = {
            "pick": now.last_kind == "pick",
            "unpick": now.state == "",
            "reject": now.state == "rejected" and now.reason == reason,
            "rate": now.rating == rating,
        }
        if not said_already.get(kind, False):
            _append(session, actor, text, kind, reason=reason, rating=rating)
            session.flush()
        record = text_records(session, actor, [text])[0]
        if kind in _ACTS and not said_already.get(kind, False):
            audit.note(session, actor, _ACTS[kind], "text", text.id, judged_with(record.card) if record.card else {})
        return record


def _append(session: Session, actor: Actor, text: models.Text, kind: str, **more: Any) -> None:
    session.add(
        models.Feedback(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text.id,
            generation_id=text.generation_id, kind=kind, **more,
        )
    )  # fmt: skip
