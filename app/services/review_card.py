"""What a reviewer sees beside the text: the ad around it, past decisions on similar words, how many it settles.

The ad is the one the text was put into, else its shown set. Past decisions: first those on the same wording, then by
the share of words in common (Jaccard) among the newest RECENT; a blind look gets none of them, since they suggest.
"""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.services.people import Actor, own, require
from app.services.review_groups import twins
from app.services.stored import StoredVerdict, verdict_record
from db import ads, models, queries, review
from db.session import Database

RECENT, NEAREST, LEAST = 200, 3, 0.2
LONGEST_AD = 40
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Decision:
    """A past verdict about similar words. `alike`: share of words in common, 1 for the same wording."""

    text: str
    verdict: StoredVerdict
    alike: float


@dataclass(frozen=True)
class Around:
    """`ad`: slot and text of the whole ad, this text included; `ad_name` is "" for a shown set."""

    ad_name: str
    ad: tuple[tuple[str, str, bool], ...]  # slot, text, whether it is the one in question
    nearest: tuple[Decision, ...]
    twins: int


def around(db: Database, actor: Actor, text_id: int, blind: bool) -> Around:
    """Everything beside the text, in one read."""
    require(actor, "review.read")
    with db.read() as session:
        text = own(session, actor, models.Text, text_id, "text")
        name, ad = _ad(session, actor, text)
        nearest = () if blind else _nearest(session, actor, text)
        return Around(name, ad, nearest, len(twins(session, actor, text)))


def _ad(session: Session, actor: Actor, text: models.Text) -> tuple[str, tuple[tuple[str, str, bool], ...]]:
    workspace = actor.workspace_id
    name, ids = "", list[int]()
    found = {ad.id: ad for ad in ads.ads_of_brief(session, workspace, text.brief_id)[-LONGEST_AD:]}
    for ad_id, revision in ads.newest_revisions(session, workspace, found).items():
        if any(place["text_id"] == text.id for place in revision.slots):
            name, ids = found[ad_id].name, [place["text_id"] for place in revision.slots]
    ids = ids or review.shown_with(session, workspace, text.generation_id, LONGEST_AD)
    ids = [i for i in ids if i != text.parent_id]  # an edit stands in for what it was made of
    ids = ids if text.id in ids else [text.id, *ids]
    rows = queries.texts(session, workspace, ids)
    slots = list(dict.fromkeys(rows[i].slot for i in ids if i in rows))
    ordered = sorted((rows[i] for i in ids if i in rows), key=lambda row: slots.index(row.slot))
    return name, tuple((row.slot, row.text, row.id == text.id) for row in ordered)


def _nearest(session: Session, actor: Actor, text: models.Text) -> tuple[Decision, ...]:
    seen: set[str] = set()
    found: list[Decision] = []
    for verdict, words in review.decided_alike(session, actor.workspace_id, text.claim or "", 20):
        if verdict.text_id != text.id and not seen:
            seen.add(text.claim or "")
            found.append(Decision(words, verdict_record(verdict), 1.0))
    here = words_of(text.text)
    near: dict[int, tuple[float, str]] = {}
    for verdict_id, words in review.newest_decided(session, actor.workspace_id, RECENT):
        share = overlap(here, words_of(words))
        if share >= LEAST and words != text.text:
            near[verdict_id] = share, words
    best = sorted(near, key=lambda i: (-near[i][0], -i))[: NEAREST * 4]
    rows = review.verdicts_by_id(session, actor.workspace_id, best)
    for i in best:
        share, words = near[i]
        claim = rows[i].claim or words
        if claim in seen or rows[i].text_id == text.id:
            continue
        seen.add(claim)
        found.append(Decision(words, verdict_record(rows[i]), share))
    return tuple(found[:NEAREST])


def words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of words in common (Jaccard), 0 to 1."""
    both = len(one | other)
    return len(one & other) / both if both else 0.0
