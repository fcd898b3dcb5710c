"""The status of texts and of ads: draft, in review, approved, rejected, live; who may move what where.

Statuses are only ever added; the newest counts, and what has none is a draft. So an edit, which is a new text, starts
at draft. An ad's status belongs to one of its revisions, so a newer revision starts at draft while the approved one
stays what it is. Once sent, a revision follows its texts: one rejected text rejects it, and it is approved when all of
them are. Helpers inside the transaction of a call; every move is checked against the actor's role and audited.
Leaves out putting ads together (ads.py) and verdicts (reviewing.py).
"""

from collections.abc import Iterable, Sequence
from typing import Literal, cast

from sqlalchemy.orm import Session

from app.services import audit
from app.services.people import Action, Actor, own, require
from db import ads, models, queries
from relate_engine.brief import BriefError

Status = Literal["draft", "in_review", "approved", "rejected", "live"]
STATUSES: tuple[Status, ...] = ("draft", "in_review", "approved", "rejected", "live")
WORDS: dict[Status, str] = {
    "draft": "draft", "in_review": "in review", "approved": "approved", "rejected": "rejected", "live": "live",
}  # fmt: skip
LONGEST_REASON = 500
FINE = ("approved", "live")  # may run

# from, to: what the actor must be allowed to do, and the verb in the audit log
MOVES: dict[tuple[Status, Status], tuple[Action, str]] = {
    ("draft", "in_review"): ("ad.write", "submit"),
    ("rejected", "in_review"): ("ad.write", "submit"),
    ("in_review", "in_review"): ("ad.write", "submit"),  # proof that a reviewer asked for is there now
    ("in_review", "draft"): ("ad.write", "withdraw"),
    ("rejected", "draft"): ("ad.write", "withdraw"),
    ("approved", "draft"): ("ad.write", "withdraw"),
    ("live", "draft"): ("ad.live", "take_offline"),
    ("live", "approved"): ("ad.live", "take_offline"),
    ("approved", "live"): ("ad.live", "go_live"),
    ("draft", "approved"): ("ad.approve", "approve"),  # judged in the queue before it was sent
    ("draft", "rejected"): ("ad.approve", "reject"),
    ("in_review", "approved"): ("ad.approve", "approve"),
    ("in_review", "rejected"): ("ad.approve", "reject"),
    ("approved", "rejected"): ("ad.approve", "reject"),
    ("live", "rejected"): ("ad.approve", "reject"),
    ("rejected", "approved"): ("ad.approve", "approve"),
    ("approved", "in_review"): ("ad.approve", "reopen"),  # the rules have changed
    ("live", "in_review"): ("ad.approve", "reopen"),
}


def status_of(session: Session, actor: Actor, text_ids: Iterable[int]) -> dict[int, Status]:
    """The status of each text: that of its newest change, or "draft"."""
    ids = list(dict.fromkeys(text_ids))
    changes = ads.text_statuses(session, actor.workspace_id, ids)
    return {i: cast(Status, changes[i].status) if i in changes else "draft" for i in ids}


def ad_status(session: Session, actor: Actor, ad_ids: Iterable[int]) -> dict[int, Status]:
    """The status of the newest revision of each ad."""
    ids = list(dict.fromkeys(ad_ids))
    newest = ads.newest_revisions(session, actor.workspace_id, ids)
    changes = ads.revision_statuses(session, actor.workspace_id, ids)
    rows = {i: changes.get(newest[i].id) if i in newest else None for i in ids}
    return {i: cast(Status, row.status) if row else "draft" for i, row in rows.items()}


def set_status(
    session: Session, actor: Actor, text_id: int, status: str, reason: str = "", again: bool = False
) -> bool:
    """Moves a text to a status, and with it the sent ads that hold it; False if it is there already. `again`: a text in
    review is sent there once more, so that looks at it count anew.

    Raises Forbidden where the role may not, BriefError where there is no such move.
    """
    text = own(session, actor, models.Text, text_id, "text")
    new, reason = _known(status), _short(reason)
    old = status_of(session, actor, [text_id])[text_id]
    if old == new and not again:
        return False
    verb = _verb(actor, old, new, "text")
    session.add(
        models.StatusChange(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id, status=new, reason=reason
        )
    )
    session.flush()
    card = queries.latest_cards(session, actor.workspace_id, [text_id]).get(text_id)
    versions = {"policy": text.written_by, "rewards": card.reward_version, "rules": card.rule_version} if card else {}
    audit.note(session, actor, f"text.{verb}", "text", text_id, versions, status=new, was=old, reason=reason)
    follow_text(session, actor, text)
    return True


def set_ad_status(
    session: Session, actor: Actor, revision: models.AdRevision, status: str, reason: str = "", follows: bool = False
) -> bool:
    """Moves a revision of an ad; False if it is there already. `follows`: its texts moved, so no role is asked."""
    own(session, actor, models.Ad, revision.ad_id, "ad")
    new, reason = _known(status), _short(reason)
    row = ads.revision_statuses(session, actor.workspace_id, [revision.ad_id]).get(revision.id)
    old = cast(Status, row.status) if row else "draft"
    if old == new:
        return False
    verb = "follow_its_texts" if follows else _verb(actor, old, new, "ad")
    session.add(
        models.StatusChange(
            workspace_id=actor.workspace_id, author_id=actor.user_id, ad_id=revision.ad_id,
            ad_revision_id=revision.id, status=new, reason=reason,
        )
    )  # fmt: skip
    session.flush()
    audit.note(
        session, actor, f"ad.{verb}", "ad", revision.ad_id, status=new, was=old, revision=revision.number, reason=reason
    )
    return True


def of_texts(statuses: Sequence[Status]) -> Status:
    """The status that a sent ad has by those of its texts. Texts that are live make it approved, not live."""
    if "rejected" in statuses:
        return "rejected"
    if "draft" in statuses or not statuses:
        return "draft"
    return "in_review" if "in_review" in statuses else "approved"


def follow_texts(session: Session, actor: Actor, revision: models.AdRevision) -> None:
    """Brings a sent revision to the status that its texts have; a live one stays live while all of them may run."""
    row = ads.revision_statuses(session, actor.workspace_id, [revision.ad_id]).get(revision.id)
    if row is None or row.status == "draft":
        return  # not sent, or taken back
    new = of_texts(list(status_of(session, actor, [place["text_id"] for place in revision.slots]).values()))
    if new == "approved" and row.status == "live":
        return
    set_ad_status(session, actor, revision, new, follows=True)


def follow_text(session: Session, actor: Actor, text: models.Text) -> None:
    """The sent revisions of ads that hold this text."""
    ad_ids = [ad.id for ad in ads.ads_of_brief(session, actor.workspace_id, text.brief_id)]
    sent = ads.revision_statuses(session, actor.workspace_id, ad_ids)
    for revision in ads.by_ids(session, actor.workspace_id, sent).values():
        if any(place["text_id"] == text.id for place in revision.slots):
            follow_texts(session, actor, revision)


def _known(status: str) -> Status:
    for known in STATUSES:
        if known == status:
            return known
    raise BriefError(f"Status: '{status}' is unknown; choose one of {', '.join(STATUSES)}.")


def _short(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BriefError(f"Reason: {len(reason):,} characters are too many; keep it under {LONGEST_REASON}.")
    return reason


def _verb(actor: Actor, old: Status, new: Status, what: str) -> str:
    move = MOVES.get((old, new))
    if move is None:
        raise BriefError(f"Status: this {what} is {WORDS[old]} and cannot become {WORDS[new]}; reload the page.")
    require(actor, move[0])
    return move[1]
