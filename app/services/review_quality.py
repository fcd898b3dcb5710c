"""How good rules, classifier and reviewers are, from the blind stream; what needs an admin's word; gold texts.

Only verdicts given without suggestions count (review_looks.py): who saw a suggestion tends to agree with it.
    precision   of flagged texts (caution or blocked), the share that a person calls a violation
    missed      of clear texts, the share that a person calls a violation
    recall      flagged violations of all violations: F·p / (F·p + C·m), with p, m the shares above and F, C
                how many flagged and clear scorecards there are, since the two are drawn at different rates. Its
                interval takes the unfavourable ends of both, so it is wider than 95%.
    agreed      of texts that two people or more saw blind, the share of which all said the same
Shares count a text once, by its first verdict, and carry a 95% Wilson interval. Needs proof and escalate are no
verdict here; allowed counts as compliant.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from app.services import audit, review_groups, review_status
from app.services.analytics import View
from app.services.judged import judged, seen_with
from app.services.people import Actor, NotFound, names_in, own, require
from app.services.review_agreement import alpha, kappa
from app.services.review_looks import overlap_of
from app.services.reviewing import Outcome, check_verdict
from app.services.stored import StoredText, StoredVerdict, text_records, verdict_record
from db import judgements, models, queries, review, review_quality, unsettled
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.share import wilson

ENOUGH = 30  # blind verdicts below which no share is told
NEWEST = 5000  # blind verdicts, looks and verdicts that are read
DAYS = 90
LISTED = 50
SIDES = review_status.SIDES


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with its interval; `rate` is None where too few were counted to say."""

    hits: int
    total: int
    rate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """Of texts with two blind looks or more: of how many all looks agree, and agreement beyond chance, which alpha and
    kappa measure. `kappa` only where all are by the same two people."""

    texts: int
    agreed: Share
    alpha: float | None
    kappa: float | None


@dataclass(frozen=True)
class Reviewer:
    """What one person did in the days that were asked for; accuracy is of gold texts only."""

    name: str
    verdicts: int
    seconds: float | None  # median
    gold: Share


@dataclass(frozen=True)
class Quality:
    blind: int  # blind verdicts that decide
    precision: Share
    missed: Share
    recall: tuple[float, float, float] | None  # with the ends of its interval
    agreement: Agreement
    reviewers: tuple[Reviewer, ...]
    calls: tuple[tuple[str, int, int], ...]  # rule, accepted, dismissed


@dataclass(frozen=True)
class Dispute:
    """A text whose looks disagree, that was escalated or left in review undecided, with what each reviewer said."""

    text: StoredText
    verdicts: tuple[tuple[str, StoredVerdict], ...]  # who, what


def quality(db: Database, actor: Actor, view: View | None = None) -> Quality:
    """All figures, from the newest rows; what reviewers did is of the last DAYS.

    `view`: verdicts given in its days on texts that it looks at, weighed by the scorecards of texts drafted in it.
    Calls by rule are those of all time.
    """
    require(actor, "analytics.read")
    today = models.utc_now().date()
    recent = (view or View(today - timedelta(days=DAYS - 1), today)).window(actor)
    window = recent if view else None
    with db.read() as session:
        workspace = actor.workspace_id
        rows = [r for r in review_quality.blind_rows(session, workspace, NEWEST, window=window) if r.outcome in SIDES]
        cards = review_quality.cards_by_level(session, workspace, window)
        gold = review_quality.looks_at_gold(session, workspace, NEWEST, window)
        given = review_quality.given(session, recent, NEWEST)
        calls = review_quality.calls_by_rule(session, workspace, LISTED)
        names = names_in(session, actor, {*(g[0] for g in gold), *(g[0] for g in given)})
    first = _first_of_each_text(rows)
    flagged = [r.outcome == "violation" for r in first if r.level != "clear"]
    clear = [r.outcome == "violation" for r in first if r.level == "clear"]
    precision, missed = share(sum(flagged), len(flagged)), share(sum(clear), len(clear))
    recall = None
    if precision.rate is not None and missed.rate is not None:
        recall = recall_of(cards.get("caution", 0) + cards.get("blocked", 0), cards.get("clear", 0), precision, missed)
    return Quality(
        len(rows), precision, missed, recall, agreement([(r.text_id, r.author_id, SIDES[r.outcome]) for r in rows]),
        _reviewers(names, given, gold), tuple(calls),
    )  # fmt: skip


def _first_of_each_text(rows: Sequence[review_quality.BlindRow]) -> list[review_quality.BlindRow]:
    """One verdict a text: two people's on the same text are not two draws, and would make intervals too narrow."""
    return list({row.text_id: row for row in reversed(rows)}.values())[::-1]


def share(hits: int, total: int, least: int = ENOUGH) -> Share:
    """Counts, the share where there are enough of them, and the Wilson interval."""
    low, high = wilson(hits, total)
    return Share(hits, total, hits / total if total >= least else None, low, high)


def recall_of(flagged: int, clear: int, precision: Share, missed: Share) -> tuple[float, float, float] | None:
    """Recall with its interval; None where nobody found a violation, or too few scorecards say how to weigh the two."""

    def of(p: float, m: float) -> float:
        caught, lost = flagged * p, clear * m
        return caught / (caught + lost) if caught + lost else 0.0

    if precision.rate is None or missed.rate is None or not (precision.rate or missed.rate):
        return None
    if not flagged or not clear or flagged + clear < ENOUGH:
        return None
    return of(precision.rate, missed.rate), of(precision.low, missed.high), of(precision.high, missed.low)


def agreement(said: Sequence[tuple[int, int, str]]) -> Agreement:
    """From (text, reviewer, side)."""
    texts: dict[int, dict[int, str]] = defaultdict(dict)
    for text_id, author, side in said:
        texts[text_id][author] = side
    several = [by for by in texts.values() if len(by) > 1]
    people = {frozenset(by) for by in several}
    two = len(people) == 1 and len(next(iter(people))) == 2
    pairs = [(by[min(by)], by[max(by)]) for by in several] if two else []
    same = share(sum(len(set(by.values())) == 1 for by in several), len(several))
    return Agreement(len(several), same, alpha([list(by.values()) for by in several]), kappa(pairs))


def disputes(db: Database, actor: Actor) -> list[Dispute]:
    """Texts that need an admin's word, those first that have waited longest."""
    require(actor, "review.adjudicate")
    with db.read() as session:
        looks = overlap_of(session, actor)
        ids = unsettled.texts(session, actor.workspace_id, looks, review_status.AGREED, LISTED)
        rows = queries.texts(session, actor.workspace_id, ids)
        said = review_quality.verdicts_of_looks(session, list(rows))
        names = names_in(session, actor, {v.author_id for vs in said.values() for v in vs})
        return [
            Dispute(text, tuple((names.get(v.author_id, "?"), verdict_record(v)) for v in said.get(text.id, [])))
            for text in text_records(session, actor, [rows[i] for i in ids])
        ]


def adjudicate(db: Database, actor: Actor, text_id: int, outcome: Outcome, comment: str = "") -> StoredVerdict:
    """An admin's word over disagreeing looks. It counts, settles identical texts and moves the status."""
    require(actor, "review.adjudicate")
    if outcome not in ("compliant", "violation", "needs_proof"):
        raise BriefError("Settling: choose compliant, violation or needs proof.")
    if outcome == "violation" and not comment.strip():
        raise BriefError("Settling: say why it is a violation, so that its author can mend it.")
    check_verdict("", outcome, comment=comment)
    with db.write() as session:
        text = own(session, actor, models.Text, text_id, "text")
        before = queries.latest_verdicts(session, actor.workspace_id, [text_id]).get(text_id)
        if before is None:
            raise NotFound("Nobody has judged this text yet, so there is nothing to settle; reload the page.")
        cards = queries.latest_cards(session, actor.workspace_id, [text_id])
        rules = sorted({rule for v in judgements.hand_verdicts(session, text_id) for rule in v.rules})
        row = models.Verdict(
            workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id,
            card_id=cards[text_id].id if text_id in cards else None, supersedes_id=before.id, outcome=outcome,
            rules=[] if outcome == "compliant" else rules, spans=[], comment=comment.strip(), claim=text.claim,
            settled_by_id=before.id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        others = review_groups.settle(session, actor, row, text)
        session.flush()
        review_status.follow(session, actor, [text_id, *others], SIDES.get(outcome, ""), review_status.SETTLED)
        audit.note(
            session, actor, "verdict.settle", "text", text_id, seen_with(session, row), verdict=row.id, outcome=outcome,
            settles=len(others),
        )  # fmt: skip
        return verdict_record(row)


def set_gold(db: Database, actor: Actor, text_id: int, note: str = "") -> None:
    """Makes a decided text a gold text: its verdict is the right one from now on."""
    require(actor, "review.adjudicate")
    with db.write() as session:
        own(session, actor, models.Text, text_id, "text")
        verdict = queries.latest_verdicts(session, actor.workspace_id, [text_id]).get(text_id)
        if verdict is None or verdict.outcome not in ("compliant", "violation"):
            raise BriefError("Gold text: settle it as compliant or violation first.")
        row = review.gold_of(session, actor.workspace_id, text_id)
        if row is None:
            row = models.GoldText(workspace_id=actor.workspace_id, author_id=actor.user_id, text_id=text_id)
            session.add(row)
        row.outcome, row.rules, row.note, row.retired_at = (
            verdict.outcome,
            list(verdict.rules),
            note.strip()[:500],
            None,
        )
        session.flush()
        audit.note(session, actor, "gold.set", "text", text_id, seen_with(session, verdict), outcome=row.outcome)


def retire_gold(db: Database, actor: Actor, text_id: int) -> None:
    """Takes a text out of the gold texts; verdicts on it so far stay."""
    require(actor, "review.adjudicate")
    with db.write() as session:
        row = review.gold_of(session, actor.workspace_id, text_id)
        if row is None:
            raise NotFound(f"There is no gold text {text_id} in your workspace; choose one from the list.")
        if row.retired_at is None:
            row.retired_at = models.utc_now()
            audit.note(session, actor, "gold.retire", "text", text_id, judged(session, actor, [text_id]))


def gold_texts(db: Database, actor: Actor) -> list[tuple[int, str, str]]:
    """(text id, text, what is right) of the newest gold texts in use."""
    require(actor, "review.adjudicate")
    with db.read() as session:
        rows = review_quality.gold(session, actor.workspace_id, LISTED)
        return [(row.text_id, text, row.outcome) for row, text in rows]


def lapsed(db: Database, actor: Actor) -> list[tuple[str, StoredVerdict]]:
    """Texts allowed until a day that has passed: they have no verdict now."""
    require(actor, "review.read")
    with db.read() as session:
        rows = review_quality.lapsed(session, actor.workspace_id, models.utc_now(), LISTED)
        return [(text, verdict_record(row)) for row, text in rows]


def _reviewers(
    names: dict[int, str], given: Sequence[tuple[int, float | None]], gold: Sequence[tuple[int, str, str]]
) -> tuple[Reviewer, ...]:
    volume = Counter(who for who, _ in given)
    found = []
    for who in sorted(names, key=lambda w: (-volume[w], names[w])):
        seconds = [s for author, s in given if author == who and s is not None]
        said = [SIDES.get(outcome) == SIDES.get(right) for author, outcome, right in gold if author == who]
        middle = median(seconds) if seconds else None
        found.append(Reviewer(names[who], volume[who], middle, share(sum(said), len(said), least=1)))
    return tuple(found)
