"""What a reviewer sees beside the text: why it is in review, what today's rules find, the ad, past decisions, twins.

The ad is the one the text was put into, else its shown set. Past decisions: first those on the same wording, then by
the share of words in common (Jaccard) among the newest RECENT. Where the scorecard is of other rules or of another
brief, the rules of today are asked again; rules alone, no model. A blind look gets nothing that suggests a verdict.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.services.people import Actor, may, names_in, own, require
from app.services.review_groups import twins
from app.services.review_looks import offered, overlap_of
from app.services.rulebook import rules_in
from app.services.rulebook_trial import briefs_of
from app.services.stored import StoredVerdict, verdict_record
from app.services.trials import on_trial
from db import ads, judgements, models, queries, review
from db.review import Asked
from db.session import Database
from relate_engine.rewards.compliance import check_text
from relate_engine.scorecard import Finding, scorecard_from_json

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
class Sent:
    """Why a text is in review: what was said when it was last sent there, such as the rule or an advertiser's note."""

    reason: str
    who: str
    at: datetime


@dataclass(frozen=True)
class Around:
    """`ad`: slot and text of the whole ad, this text included; `ad_name` is "" for a shown set. `today`: what today's
    rules find in the text and its scorecard does not say, or not so. `on_trial`: who wrote a text is not told now."""

    ad_name: str
    ad: tuple[tuple[str, str, bool], ...]  # slot, text, whether it is the one in question
    nearest: tuple[Decision, ...]
    twins: int
    blind: bool = False
    sent: Sent | None = None
    today: tuple[Finding, ...] = ()
    on_trial: bool = False


def around(db: Database, actor: Actor, text_id: int, blind: bool) -> Around:
    """Everything beside the text, in one read."""
    require(actor, "review.read")
    trial = on_trial(db, actor)
    with db.read() as session:
        text = own(session, actor, models.Text, text_id, "text")
        name, ad = _ad(session, actor, text)
        settles = len(twins(session, actor, text))
        if blind:
            return Around(name, ad, (), settles, blind, on_trial=trial)
        nearest, sent, today = _nearest(session, actor, text), _sent(session, actor, text), _today(session, actor, text)
        return Around(name, ad, nearest, settles, blind, sent, today, trial)


def veiled(db: Database, actor: Actor, text_ids: Iterable[int]) -> frozenset[int]:
    """Those of a few texts that this person holds, or would get next, without suggestions: lists tell no level."""
    require(actor, "review.read")
    if not may(actor, "review.judge"):
        return frozenset()
    with db.read() as session:
        asked = Asked(actor.workspace_id, actor.user_id, overlap_of(session, actor), models.utc_now())
        held = review.held(session, asked.workspace_id, asked.user_id, asked.now)
        return frozenset(i for i in text_ids if _blind_for(session, asked, held, i))


def _blind_for(session: Session, asked: Asked, held: models.ReviewSlot | None, text_id: int) -> bool:
    """As review_looks.py gave this person the look, or would."""
    if held is not None and held.text_id == text_id:
        return held.blind
    if not any(slot.blind for slot in review.slots_of(session, asked.workspace_id, text_id)):
        return False  # most texts of a list: an ordinary look is blind only where another was
    offer = offered(session, asked, text_id)
    return offer is not None and offer.blind


def _sent(session: Session, actor: Actor, text: models.Text) -> Sent | None:
    change = review.last_change(session, text.id)
    if change is None or change.status != "in_review" or not change.reason:
        return None
    who = names_in(session, actor, [change.author_id]).get(change.author_id, "")
    return Sent(change.reason, who, change.created_at)


def _today(session: Session, actor: Actor, text: models.Text) -> tuple[Finding, ...]:
    rules, brief = rules_in(session, actor), own(session, actor, models.Brief, text.brief_id, "brief")
    row = queries.latest_cards(session, actor.workspace_id, [text.id]).get(text.id)
    if row is not None and row.rule_version == rules.version and row.brief_checksum == brief.checksum:
        return ()
    then = scorecard_from_json(row.payload).findings if row else ()
    said = {(f.rule_id, f.start, f.end, f.severity) for f in then}
    facts = briefs_of(session, [text])[text.brief_id]
    found = check_text(rules, text.text, text.placement, text.slot, facts.countries, facts)[0]
    return tuple(f for f in found if (f.rule_id, f.start, f.end, f.severity) not in said)


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
    for verdict, words in judgements.decided_alike(session, actor.workspace_id, text.claim or "", 20):
        if verdict.text_id != text.id and not seen:
            seen.add(text.claim or "")
            found.append(Decision(words, verdict_record(verdict), 1.0))
    here = words_of(text.text)
    near: dict[int, tuple[float, str]] = {}
    for verdict_id, words in judgements.newest_decided(session, actor.workspace_id, RECENT):
        share = overlap(here, words_of(words))
        if share >= LEAST and words != text.text:
            near[verdict_id] = share, words
    best = sorted(near, key=lambda i: (-near[i][0], -i))[: NEAREST * 4]
    rows = judgements.verdicts_by_id(session, actor.workspace_id, best)
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
