"""The history of a text: who wrote, scored, edited, picked, approved and ran it, and with which versions.

One ordered list over the whole chain of edits, read from the rows that were written when it happened. While two
writers are on trial the list does not say which of them wrote a text, since choices would follow the name.
Leaves out showing it (components/history.py) and the log of the whole workspace (audit.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.services.people import Actor, inside, names_of, own, require
from app.services.trials import on_trial
from db import history, models, queries
from db.session import Database
from relate_engine.brief import ANGLES
from relate_engine.scorecard import times_in_100

Kind = Literal["written", "scored", "edited", "choice", "status", "verdict", "comment", "results"]
_CHOICES = {
    "pick": "picked it", "unpick": "took the choice back", "reject": "rejected it", "rate": "rated it",
    "copy": "copied it", "export": "exported it",
}  # fmt: skip
_STATUSES = {
    "draft": "took it back to draft", "in_review": "sent it to review", "approved": "approved it",
    "rejected": "refused it", "live": "marked it as live",
}  # fmt: skip
_OUTCOMES = {
    "compliant": "found it compliant", "violation": "found a violation", "needs_proof": "asked for proof",
    "allowed": "allowed it with proof", "escalate": "passed it on", "withdrawn": "withdrew the verdict",
}  # fmt: skip
_LEVELS = {"blocked": "blocked", "caution": "caution", "clear": "no issue found"}


@dataclass(frozen=True)
class Event:
    """Something that happened to one wording of a text.

    `who` is a person's name, or the writer's or scorer's part; `what` says what they did; `before` and `after` are
    wordings of an edit; `detail` is a reason, a comment or numbers; `versions` is what judged or wrote.
    """

    at: datetime
    kind: Kind
    who: str
    what: str
    text_id: int
    detail: str = ""
    before: str = ""
    after: str = ""
    versions: str = ""


def history_of(db: Database, actor: Actor, text_id: int) -> tuple[Event, ...]:
    """Everything that happened to a text in any of its wordings, oldest first."""
    require(actor, "text.read")
    blind = on_trial(db, actor)
    with db.read() as session:
        workspace = actor.workspace_id
        chain = history.chain(session, workspace, own(session, actor, models.Text, text_id, "text"))
        ids, texts = [row.id for row in chain], {row.id: row for row in chain}
        draft = queries.owned(session, models.Generation, workspace, chain[0].generation_id)
        cards = history.cards(session, workspace, ids)
        feedback = history.feedback(session, workspace, ids)
        verdicts = history.verdicts(session, workspace, ids)
        statuses = history.statuses(session, workspace, ids)
        comments = history.comments(session, workspace, ids)
        results = history.results(session, workspace, ids)
        revisions = [
            (revision, ad) for revision, ad in history.revisions(session, workspace, chain[0].brief_id)
            if any(held.get("text_id") in texts for held in revision.slots)
        ]  # fmt: skip
        ads = {ad.id: ad.name for _, ad in revisions}
        held = {revision.id for revision, _ in revisions}
        ad_statuses = [s for s in history.ad_statuses(session, workspace, list(ads)) if s.ad_revision_id in held]
    acts: list[models.Owned] = [*chain, *feedback, *verdicts, *statuses, *comments, *ad_statuses]
    acts += [revision for revision, _ in revisions]
    names = names_of(db, actor, [*(row.author_id for row in acts), *(row[3] for row in results)])

    def name(user_id: int) -> str:
        return names.get(user_id, f"person {user_id}")

    events = [_written(chain[0], draft, name(chain[0].author_id), blind)]
    events += [_scored(card, texts[card.text_id], blind) for card in cards]
    events += [_done(row, name(row.author_id), texts) for row in feedback]
    events += [
        Event(row.created_at, "status", name(row.author_id), _STATUSES[row.status], row.text_id or 0, row.reason,
              versions=_decided_on(row, verdicts, cards))
        for row in statuses
    ]  # fmt: skip
    for revision, ad in revisions:
        what = f"put it into the ad “{ad.name}”, revision {revision.number}"
        at = next(int(h["text_id"]) for h in revision.slots if h.get("text_id") in texts)
        events.append(Event(revision.created_at, "status", name(revision.author_id), what, at, revision.note))
    for row in ad_statuses:
        what = f"{_STATUSES[row.status].replace(' it', ' the ad', 1)}: “{ads[row.ad_id or 0]}”"
        events.append(Event(row.created_at, "status", name(row.author_id), what, chain[-1].id, row.reason))
    seen = {card.id: card for card in cards}
    events += [_judged(row, name(row.author_id), seen.get(row.card_id or 0)) for row in verdicts]
    events += [
        Event(row.created_at, "comment", name(row.author_id), "commented", row.text_id or 0, row.body)
        for row in comments
    ]
    for _, file, at_, author, shown, clicks, sales in results:
        sold = f", {sales:,.4g} conversions" if sales is not None else ""
        told = f"{shown:,} impressions, {clicks:,} clicks{sold}"
        events.append(Event(at_, "results", name(author), f"imported results from “{file}”", chain[0].id, told))
    return tuple(sorted(events, key=lambda event: event.at))


def _written(text: models.Text, draft: models.Generation | None, asked: str, blind: bool) -> Event:
    if text.written_by.startswith("person:"):
        return Event(text.created_at, "written", asked, "brought the line", text.id, after=text.text)
    angle = next((words for known, words in ANGLES.items() if known == text.angle), "")
    writer = "one of the two writers on trial" if blind else text.written_by.removeprefix("policy:")
    detail = f"Angle: {angle}" if angle else ""
    made = "" if draft is None or blind else _versions(policy=draft.policy_version, path=draft.path)
    what = f"wrote it in draft no. {text.generation_id}, asked by {inside(asked)}"
    return Event(text.created_at, "written", f"Writer {writer}", what, text.id, detail, after=text.text, versions=made)


def _scored(card: models.Card, text: models.Text, blind: bool) -> Event:
    drafted = text.written_by.startswith("policy:")
    made = _judges(card, card.policy_version if drafted and not blind else "")
    what = f"judged: {_LEVELS[card.level]}, compliance {card.score:.0f} of 100"
    odds = f"Beats a typical text for this brief {times_in_100(card.beats_typical)} (predicted)."
    return Event(card.created_at, "scored", "Scorecard", what, card.text_id, odds, versions=made)


def _done(row: models.Feedback, who: str, texts: Mapping[int, models.Text]) -> Event:
    if row.kind == "edit":
        new = texts.get(row.new_text_id or 0)
        at = new.created_at if new else row.created_at  # before the scorecard of the new wording
        return Event(
            at, "edited", who, "edited it", row.new_text_id or row.text_id, before=row.before or "",
            after=row.after or "",
        )  # fmt: skip
    what = f"rated it {row.rating} of 5" if row.kind == "rate" else _CHOICES[row.kind]
    words = {
        "editor": "for Google Ads Editor",
        "meta": "for Meta",
        queries.FILLED: "for Google Ads Editor, to fill up its ad: no choice of a person",
        queries.PLAIN: "in a plain table",
    }
    detail = words.get(row.reason, row.reason)
    return Event(row.created_at, "choice", who, what, row.text_id, detail)


def _judged(row: models.Verdict, who: str, card: models.Card | None) -> Event:
    """With the versions of the scorecard that the reviewer saw."""
    parts: list[str] = [f"Rules: {', '.join(map(str, row.rules))}." if row.rules else ""]
    parts += [f"For {', '.join(map(str, row.countries)).upper()}." if row.countries else ""]
    parts += [f"Until {row.until:%-d %B %Y}." if row.until else "", row.comment]
    made = _judges(card) if card else ""
    return Event(row.created_at, "verdict", who, _OUTCOMES[row.outcome], row.text_id, _joined(parts), versions=made)


def _decided_on(row: models.StatusChange, verdicts: Sequence[models.Verdict], cards: Sequence[models.Card]) -> str:
    """The versions behind an approval or a refusal: of the scorecard that the last verdict before it was given on,
    else of the newest one that there was."""
    if row.status not in ("approved", "rejected"):
        return ""
    given = [v.card_id for v in verdicts if v.text_id == row.text_id and v.created_at <= row.created_at and v.card_id]
    known = [card for card in cards if card.text_id == row.text_id and card.created_at <= row.created_at]
    card = next((card for card in known if given and card.id == given[-1]), known[-1] if known else None)
    return _judges(card) if card else ""


def _judges(card: models.Card, policy: str = "") -> str:
    return _versions(policy=policy, rewards=card.reward_version, rules=card.rule_version, path=card.path)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(filter(None, parts))


def _versions(**named: str) -> str:
    return " · ".join(f"{what} {version}" for what, version in named.items() if version)
