"""A workspace as large as the pages must bear: `seed(db)` writes 100,000 texts and 500,000 rows of feedback.

Everything is made from one seed and lies in the workspace of the single user (people.local_actor), spread over the
last `DAYS` days: briefs, shown sets with their texts and scorecards, dropped candidates, feedback, verdicts, statuses,
ads, comments, campaign results, and three writer versions of which the second is in use and the third on trial.
Written in bulk past the services, so only what pages read is there: versions have no adapter on disk.
`python -m tests.scale FILE` makes a database file. Leaves out: measuring (tests/soak/test_pages_at_scale.py).
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.services.people import Actor, local_actor
from app.services.stored import checksum_of
from db import models
from db.session import Database, open_database
from relate_engine.brief import Brief
from relate_engine.scorecard import AMOUNT

DAYS = 180
A_SET = 8  # texts of one shown set
JUDGED = 5  # every so many texts there is a verdict
BATCH = 5_000
VERSIONS = ("writer-1", "grpo-1", "grpo-2")
WORDS = (
    "quiet", "kayak", "rack", "lock", "garage", "floor", "fast", "clean", "bright", "steel", "ship", "today", "free",
    "trial", "save", "time", "built", "for", "two", "home", "office", "desk", "light", "safe", "calm",
)  # fmt: skip
OTHER = ("رف قوارب الكاياك", "静音皮划艇架", "Größe wählen", "<b>lock</b> & go")
ANGLES = ("benefit", "problem", "how", "audience", "curiosity")
LEVELS = ("clear", "clear", "clear", "caution", "blocked")
KINDS = ("health", "finance", "clickbait")  # of violations, to the classifier
REASONS = ("CLM-001: superlative without proof", "FMT-001: wider than the slot", "a fact that the brief does not hold",
           "says the same as another text")  # fmt: skip
DONE = ("pick", "pick", "copy", "export", "reject", "reject", "unpick", "rate")


def seed(db: Database, texts: int = 100_000, feedback: int = 500_000, briefs: int = 2_000) -> Actor:
    """Fills the database and returns whose workspace it is. The same numbers give the same rows but for the times."""
    actor = local_actor(db)
    chance, now = random.Random(0), datetime.now(UTC)
    sets = max(1, texts // A_SET)
    own = {"workspace_id": actor.workspace_id, "author_id": actor.user_id}

    def at(share: float) -> datetime:
        return now - timedelta(days=DAYS * (1 - share), seconds=60)

    with db.write() as session:
        bulk = _Bulk(session, own, at)
        bulk.add(models.Brief, _briefs(chance, briefs))
        bulk.add(models.Generation, _sets(chance, sets, briefs))
        bulk.add(models.Text, _texts(chance, sets, briefs))
        bulk.add(models.Card, _cards(chance, sets, briefs))
        bulk.add(models.Shown, _shown(sets))
        bulk.add(models.Dropped, _dropped(chance, sets))
        total = sets * A_SET
        bulk.add(models.Feedback, _feedback(chance, feedback, total))
        bulk.add(models.Verdict, _verdicts(chance, total))
        bulk.add(models.ReviewSlot, _looks(total))
        bulk.add(models.FindingCall, _calls(chance, total))
        bulk.add(models.StatusChange, _statuses(chance, total))
        bulk.add(models.Ad, _ads(briefs))
        bulk.add(models.AdRevision, _revisions(briefs, total))
        bulk.add(models.StatusChange, _ad_statuses(briefs))
        bulk.add(models.Comment, _comments(chance, briefs))
        bulk.add(models.Version, _versions())
        bulk.add(models.VersionChange, _changes())
        bulk.add(models.Import, _imports())
        bulk.add(models.Result, _results(chance, total))
    with db.write() as session:
        session.connection().exec_driver_sql("ANALYZE")
    return actor


Row = tuple[float, dict[str, Any]]  # when, as a share of the time, and the columns


class _Bulk:
    """Adds rows with owner and time, many a statement; ids count from 1 in an empty database."""

    def __init__(self, session: Session, own: dict[str, int], at: Callable[[float], datetime]) -> None:
        self.session, self.own, self.at = session, own, at

    def add(self, model: type[models.Base], rows: Iterator[Row]) -> None:
        part: list[dict[str, Any]] = []
        for share, row in rows:
            part.append({**self.own, "created_at": self.at(share), **row})
            if len(part) == BATCH:
                self.session.execute(insert(model), part)
                part = []
        if part:
            self.session.execute(insert(model), part)


def _brief_of(number: int) -> Brief:
    return Brief(
        product=f"Rack {number}", description=f"A rack number {number} that locks two kayaks.",
        placement=("google_rsa", "meta_feed", "generic")[number % 3],
    )  # fmt: skip


def _placement(number: int) -> tuple[str, str]:
    """Placement and slot of the brief with this number."""
    return (("google_rsa", "headline"), ("meta_feed", "primary_text"), ("generic", "headline"))[number % 3]


def _briefs(chance: random.Random, briefs: int) -> Iterator[Row]:
    for k in range(briefs):
        brief = _brief_of(k)
        title = f"{chance.choice(OTHER)} {k}" if k % 20 == 0 else f"Rack {k}"
        yield k / briefs * 0.5, {
            "title": title, "placement": brief.placement, "payload": brief.model_dump(mode="json"),
            "checksum": checksum_of(brief), "campaign": f"Campaign {k % 40}", "ad_group": f"Group {k}",
        }  # fmt: skip


def _sets(chance: random.Random, sets: int, briefs: int) -> Iterator[Row]:
    payloads = [_brief_of(k).model_dump(mode="json") for k in range(briefs)]
    for k in range(sets):
        number = k % briefs
        request: dict[str, Any] = {"title": f"{A_SET} × headline", "whole": False, "counts": {"headline": A_SET}}
        request |= {"shuffled": {_placement(number)[1]: [0, 4]}}
        if _trial(k, sets):
            request["trial"] = {"old": VERSIONS[1], "new": VERSIONS[2]}
        yield k / sets, {
            "brief_id": number + 1, "kind": "draft", "placement": _placement(number)[0],
            "policy_version": _version(k, sets), "reward_version": "ctr-1", "rule_version": "rules-1", "path": "int8",
            "seed": chance.randrange(1 << 30), "request": request, "brief_payload": payloads[number],
            "ad_findings": [], "timing": {}, "short": {},
        }  # fmt: skip


def _version(set_number: int, sets: int) -> str:
    return VERSIONS[0] if set_number < 0.6 * sets else VERSIONS[1]


def _trial(set_number: int, sets: int) -> bool:
    """The newest twentieth mixes both versions, up to 300 sets."""
    return set_number >= sets - min(300, sets // 20)


def _author(set_number: int, place: int, sets: int) -> str:
    return f"policy:{VERSIONS[2] if _trial(set_number, sets) and place % 2 else _version(set_number, sets)}"


def _words(number: int) -> str:
    """The same words for the same number, wherever they stand."""
    chance = random.Random(number)
    if number % 50 == 0:
        return f"{chance.choice(OTHER)} {number}"
    return " ".join(chance.choices(WORDS, k=chance.randint(3, 6))).capitalize()


def _texts(chance: random.Random, sets: int, briefs: int) -> Iterator[Row]:
    for k in range(sets):
        placement, slot = _placement(k % briefs)
        for place in range(A_SET):
            number = k * A_SET + place
            edited = k % 4 == 0 and place == A_SET - 1  # the last of some sets is another wording of the one before it
            yield k / sets, {
                "brief_id": k % briefs + 1, "generation_id": k + 1, "parent_id": number if edited else None,
                "placement": placement,
                "slot": slot, "angle": ANGLES[place % len(ANGLES)], "written_by": _author(k, place, sets),
                "text": _words(number),
            }  # fmt: skip


def _findings(level: str) -> list[dict[str, Any]]:
    if level == "clear":
        return []
    severity = "block" if level == "blocked" else "warn"
    return [
        {
            "rule_id": "CLM-001", "reward": "compliance", "severity": severity, "message": "A claim without proof.",
            "fix": "Say what was measured.", "replacement": None, "start": 0, "end": 4,
            "amount": AMOUNT["block" if level == "blocked" else "warn"], "source": "", "subject": "text",
            "credit": True,
        }
    ]  # fmt: skip


def _cards(chance: random.Random, sets: int, briefs: int) -> Iterator[Row]:
    sums = [checksum_of(_brief_of(k)) for k in range(briefs)]
    for k in range(sets):
        _, slot = _placement(k % briefs)
        for place in range(A_SET):
            level = chance.choice(LEVELS)
            score = {"clear": 100.0, "caution": 75.0, "blocked": 0.0}[level]
            ctr, cvr, beats = 0.02 + 0.03 * chance.random(), 0.01 + 0.02 * chance.random(), chance.random()
            rewards = {"structure": 1.0, "correctness": round(chance.random(), 3), "relevance": 0.8,
                       "compliance": score / 100, "diversity": 0.9, "ctcvr": round(beats, 3)}  # fmt: skip
            rates = {
                name: {"mean": mean, "low": 0.6 * mean, "high": 1.5 * mean, "level": 0.8, "source": "prior"}
                for name, mean in (("ctr", ctr), ("cvr", cvr), ("ctcvr", ctr * cvr))
            }
            author = _author(k, place, sets)
            versions = {"policy": author.removeprefix("policy:"), "rewards": "ctr-1", "rules": "rules-1",
                        "path": "int8"}  # fmt: skip
            payload = rates | {
                "text": _words(k * A_SET + place), "slot": slot, "angle": ANGLES[place % len(ANGLES)], "author": author,
                "width": 24, "limit": 30, "visible": 30, "rewards": rewards, "findings": _findings(level),
                "compliance": {"score": score, "level": level, "packs": ["core"], "rules": 120}, "ctr_effect": 0.0,
                "beats_typical": beats, "beats_words": f"likely beats a typical text {beats:.0%} of the time",
                "notes": [], "versions": versions, "rank": beats, "rank_words": "",
            }  # fmt: skip
            yield k / sets, {
                "text_id": k * A_SET + place + 1, "brief_id": k % briefs + 1, "brief_checksum": sums[k % briefs],
                "policy_version": versions["policy"], "reward_version": "ctr-1", "rule_version": "rules-1",
                "path": "int8", "level": level, "score": score, "ctr": ctr, "cvr": cvr, "ctcvr": ctr * cvr,
                "beats_typical": beats, "rewards": rewards, "payload": payload,
            }  # fmt: skip


def _shown(sets: int) -> Iterator[Row]:
    for k in range(sets):
        for place in range(A_SET):
            text_id = k * A_SET + place + 1
            yield k / sets, {
                "generation_id": k + 1, "text_id": text_id, "card_id": text_id, "slot": "headline", "position": place,
            }  # fmt: skip


def _dropped(chance: random.Random, sets: int) -> Iterator[Row]:
    for k in range(0, sets, 2):
        yield k / sets, {
            "generation_id": k + 1, "slot": "headline", "angle": "benefit", "text": _words(k + 1),
            "reason": chance.choice(REASONS),
        }  # fmt: skip


def _feedback(chance: random.Random, feedback: int, texts: int) -> Iterator[Row]:
    for n in range(feedback):
        text = n * texts // feedback
        kind = chance.choice(DONE)
        yield text / texts, {
            "text_id": text + 1, "generation_id": text // A_SET + 1, "kind": kind, "reason": "",
            "rating": chance.randint(1, 5) if kind == "rate" else None, "before": None, "after": None,
            "new_text_id": None,
        }  # fmt: skip


def _verdicts(chance: random.Random, texts: int) -> Iterator[Row]:
    for number in range(0, texts, JUDGED):
        outcome = chance.choice(("compliant", "compliant", "violation"))
        yield number / texts, {
            "text_id": number + 1, "card_id": number + 1, "supersedes_id": None, "outcome": outcome,
            "rules": ["CLM-001"] if outcome == "violation" else [], "spans": [], "comment": "", "countries": [],
            "until": None, "blind": number % 50 == 0, "seconds": round(chance.uniform(2, 40), 1), "claim": None,
            "settled_by_id": None,
        }  # fmt: skip


def _looks(texts: int) -> Iterator[Row]:
    """The look that each verdict answered."""
    for verdict, number in enumerate(range(0, texts, JUDGED), start=1):
        yield number / texts, {
            "text_id": number + 1, "number": 1, "blind": number % 50 == 0, "verdict_id": verdict,
            "expires_at": datetime.now(UTC) - timedelta(days=1),
        }  # fmt: skip


def _calls(chance: random.Random, texts: int) -> Iterator[Row]:
    """A call with each verdict that was not blind, every third on the classifier."""
    for verdict, number in enumerate(range(0, texts, JUDGED), start=1):
        if number % 50:
            rule = f"CLS-{chance.choice(KINDS)}" if verdict % 3 == 0 else f"CLM-{verdict % 40:03}"
            yield number / texts, {
                "verdict_id": verdict, "text_id": number + 1, "rule_id": rule, "start": 0, "end": 4,
                "accepted": chance.random() < 0.7, "reason": "",
            }  # fmt: skip


def _statuses(chance: random.Random, texts: int) -> Iterator[Row]:
    for number in range(0, texts, 10):
        path = ("in_review", "approved", "live") if chance.random() < 0.5 else ("in_review", "rejected")
        for status in path:
            yield number / texts, {"text_id": number + 1, "ad_id": None, "ad_revision_id": None, "status": status}


def _ads(briefs: int) -> Iterator[Row]:
    for k in range(briefs):
        yield k / briefs, {"brief_id": k + 1, "name": f"Ad {k}", "placement": _placement(k)[0]}


def _revisions(briefs: int, texts: int) -> Iterator[Row]:
    for k in range(briefs):
        slots = [{"slot": _placement(k)[1], "text_id": k * A_SET % texts + place + 1, "pin": None}
                 for place in range(A_SET)]  # fmt: skip
        yield k / briefs, {"ad_id": k + 1, "number": 1, "slots": slots}


def _ad_statuses(briefs: int) -> Iterator[Row]:
    for k in range(0, briefs, 3):
        yield k / briefs, {"text_id": None, "ad_id": k + 1, "ad_revision_id": k + 1, "status": "in_review"}


def _comments(chance: random.Random, briefs: int) -> Iterator[Row]:
    for k in range(briefs):
        yield k / briefs, {"brief_id": k + 1, "text_id": None, "ad_id": None, "body": _words(k)}


def evidence(chance: random.Random, briefs: int = 12) -> dict[str, Any]:
    """Held-out values of two policies, as relate_engine/heldout.py measures them."""

    def side(blocked: float, reward: float, clicks: float) -> dict[str, list[float]]:
        about = {"reward": reward, "clicks": clicks, "blocked_rules": blocked, "blocked_classifier": blocked,
                 "wrong_facts": 0.04, "ended": 0.97, "distinct2": 0.9, "length": 27.0}  # fmt: skip
        return {name: [round(v * chance.uniform(0.95, 1.05), 4) for _ in range(briefs)] for name, v in about.items()}

    return {"old": side(0.03, 0.48, 0.10), "new": side(0.02, 0.56, 0.14), "kl": 0.12, "evaluator": "clicks-1",
            "gates": 1, "trial": None}  # fmt: skip


def _versions() -> Iterator[Row]:
    chance = random.Random(1)
    bounds = {"blocked": 0.02, "wrong_facts": 0.02, "ended": 0.05, "distinct2": 0.02, "length": [0.75, 1.33], "kl": 0.5}
    for n, name in enumerate(VERSIONS[1:]):
        told = evidence(chance)
        report = {
            "version": name, "evidence": told, "alarms": [], "plan": {"bounds": bounds},
            "manifest": {"round": n + 1, "counts": {}}, "decision": {"promote": False, "reasons": []},
            "steps": [{"name": "grpo", "ran": True, "words": "grpo ran on 90 tasks.", "rows": 90, "version": name}],
        }  # fmt: skip
        metrics = {key: round(sum(v) / len(v), 4) for key, v in told["new"].items()}
        manifest = {"version": name, "arm": {"name": "relate"}, "reward": {"first": 0.46, "last": 0.58}}
        yield 0.55 + 0.3 * n, {
            "kind": "policy", "version": name, "parent": VERSIONS[n] if n else None, "active": n == 0,
            "manifest": manifest | {"metrics": metrics, "round": report},
        }  # fmt: skip


def _changes() -> Iterator[Row]:
    yield 0.6, {"kind": "promote", "from_version": None, "to_version": VERSIONS[1], "reason": "the gate said yes"}
    yield 0.95, {"kind": "trial", "from_version": VERSIONS[1], "to_version": VERSIONS[2], "reason": ""}


def _imports() -> Iterator[Row]:
    summary: dict[str, Any] = {
        "format": "Other file", "file": "UTF-8, comma-separated", "placement": "Google responsive search ad",
        "grain": "variation", "read": 5_000, "kept": 5_000, "rejected": 0, "known": 0, "updated": 0, "matched": 5_000,
        "external": 0, "reasons": {}, "skipped": {}, "flagged": {}, "actions": ["purchase"], "notes": [],
        "first": None, "last": None, "told": [],
    }  # fmt: skip
    yield 0.97, {
        "name": "results.csv", "content": "0" * 64, "format": "generic", "placement": "google_rsa",
        "state": "visible", "summary": summary, "finished_at": datetime.now(UTC), "undone_at": None,
    }  # fmt: skip


def _results(chance: random.Random, texts: int) -> Iterator[Row]:
    day = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()  # its conversions had time to come
    for n, number in enumerate(range(0, texts, 20)):
        shown = chance.randint(200, 20_000)
        clicks = int(shown * chance.uniform(0.015, 0.06))
        placement, slot = _placement(number // A_SET)
        meaning = {
            "format": "generic", "placement": placement, "grain": "variation", "texts": [[slot, _words(number)]],
            "click_kind": "link", "action": "purchase", "window": "", "start": day, "end": day, "spend": None,
            "currency": "", "ad": [], "test": "", "breakdown": [], "flags": [], "text_ids": [number + 1],
        }  # fmt: skip
        yield 0.97, {
            "import_id": 1, "line": n + 2, "row_key": f"{n:032x}", "arm": f"{n:016x}", "text_id": number + 1,
            "impressions": shown, "clicks": clicks, "conversions": float(int(clicks * chance.uniform(0, 0.05))),
            "meaning": meaning,
        }  # fmt: skip


if __name__ == "__main__":
    begun = time.monotonic()
    seed(open_database(f"sqlite:///{Path(sys.argv[1]).resolve()}"))
    print(f"seeded in {time.monotonic() - begun:.0f} s")
