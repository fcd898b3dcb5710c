"""The sentences about reviewers on the Performance page, from looks made up here and counted by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.components import charts
from app.desks.analysis_reviewers import blind, blind_words, volume
from app.services import briefs, drafting, review_quality
from app.services.analytics import View
from app.services.people import Actor
from app.services.review_quality import Quality, Reviewer, Share
from db import models
from db.session import Database
from tests.unit.studio import WARN, Draft, blindly, brief, card, person

NO_GOLD = Share(0, 0, None, 0.0, 1.0)


def looked_at(db: Database, flagged: int, clear: int, rita: Actor, broken: set[int]) -> list[int]:
    """Texts that Rita looked at blind: the flagged ones, then the clear ones; `broken` are violations, by place."""
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    cards = [card(f"Flagged {n}", findings=(WARN,)) for n in range(flagged)]
    draft = Draft((*cards, *(card(f"Clear {n}") for n in range(clear))))
    ids = [t.id for t in drafting.store_generation(db, ada, saved.id, draft).texts]
    for place, text_id in enumerate(ids):
        blindly(db, rita, [text_id], "violation" if place in broken else "compliant")
    return ids


def quality(db: Database) -> Quality:
    return review_quality.quality(db, person(db, "analyst"))


def test_too_few_looks_are_said_to_be_too_few(db: Database) -> None:
    rita = person(db, "reviewer")
    looked_at(db, 1, 0, rita, {0})
    assert blind_words(quality(db)) == (
        "The blind stream holds 1 verdict of these days, and it takes 30 before a share of them means anything."
    )
    looked_at(db, 20, 8, rita, set())
    assert blind_words(quality(db)).startswith("The blind stream holds 29 verdicts of these days")
    assert blind(quality(db)) is None  # no dots of nothing


def test_shares_and_agreement_are_those_counted_by_hand(db: Database) -> None:
    rita, rob = person(db, "reviewer"), person(db, "reviewer")
    ids = looked_at(db, 30, 40, rita, {*range(24), *range(36 + 30, 40 + 30)})
    told = blind_words(quality(db))
    # Wilson: 24 of 30 gives .627 to .905, 4 of 40 gives .040 to .231
    assert told.startswith(
        "Blind, on 70 verdicts: of flagged texts 80% (63% to 90%) were violations; of clear texts 10% (4% to 23%) "
        "were. So rules and classifier find 86% of violations ("  # 24 of 24 + 4
    )
    assert told.endswith("No text was seen blind by two reviewers, so agreement is not known.")
    for place, text_id in enumerate(ids[:30]):  # Rob sees three of Rita's 24 violations otherwise
        blindly(db, rob, [text_id], "violation" if place < 21 else "compliant")
    # 45 times violation and 15 times compliant on 30 texts: 1 - (3/30) / (2 · 45 · 15 / (60 · 59)) = .738
    told = blind_words(quality(db))
    assert told.startswith("Blind, on 100 verdicts: of flagged texts 80% (63% to 90%)")  # the first look of each
    # 27 of 30 agreed: Wilson .744 to .965
    assert told.endswith(
        "Of 30 texts that two saw, reviewers agreed on 90% (74% to 97%), at Krippendorff's alpha 0.74."
    )
    chart = blind(quality(db))
    assert chart is not None and chart.reading == told
    assert chart.heading == "Blind agreement, precision and recall"
    (dots,) = chart.figure.data
    assert list(dots.y) == ["Agreement (30 texts)", "Precision (30 texts)", "Recall (70 texts)"]
    assert list(dots.x) == pytest.approx([0.9, 0.8, 24 / 28])
    assert dots.x[0] - dots.error_x.arrayminus[0] == pytest.approx(0.744, abs=5e-4)
    assert dots.x[0] + dots.error_x.array[0] == pytest.approx(0.965, abs=5e-4)
    rows = {row["measure"]: row for row in chart.table.to_dict("records")}
    assert [(name, row["value"], row["n"]) for name, row in rows.items()] == [
        ("Agreement", 0.9, 30), ("Precision", 0.8, 30), ("Recall", 0.857, 70), ("Missed", 0.1, 40),
        ("Krippendorff's alpha", 0.738, 30),
    ]  # fmt: skip
    assert (rows["Precision"]["low"], rows["Precision"]["high"], rows["Precision"]["hits"]) == (0.627, 0.905, 24)
    assert b"Agreement,0.9,0.744,0.965,27,30," in charts.csv_of(chart.table)


def test_a_share_of_too_few_is_told_as_a_count(db: Database) -> None:
    looked_at(db, 4, 30, person(db, "reviewer"), {0, 1, 2})
    assert blind_words(quality(db)).startswith(
        "Blind, on 34 verdicts: of flagged texts 3 of 4 (too few to say) were violations; of clear texts 0% (0% to 11%)"
    )
    assert blind(quality(db)) is None  # neither agreement nor precision nor recall is known


def test_only_the_days_and_texts_of_the_filters_count(db: Database) -> None:
    now, rita, ann = datetime.now(UTC), person(db, "reviewer"), person(db, "analyst")
    looked_at(db, 30, 40, rita, {*range(24), *range(66, 70)})
    with db.write() as session:  # all of this was forty days ago
        for table in (models.Text, models.Verdict, models.Card):
            session.execute(update(table).values(created_at=now - timedelta(days=40)))
    looked_at(db, 0, 3, rita, set())

    def seen(first: int, last: int, **more: Any) -> Quality:
        view = View(now.date() - timedelta(days=first), now.date() - timedelta(days=last), **more)
        return review_quality.quality(db, ann, view)

    assert (seen(6, 0).blind, seen(45, 35).blind, seen(45, 0).blind, seen(20, 10).blind) == (3, 70, 73, 0)
    old = seen(45, 35)
    assert (old.precision.hits, old.precision.total, old.missed.hits, old.missed.total) == (24, 30, 4, 40)
    assert old.recall is not None and old.recall[0] == pytest.approx(24 / 28)
    assert [seen(6, 0).reviewers[0].verdicts, old.reviewers[0].verdicts, len(seen(20, 10).reviewers)] == [3, 70, 0]
    assert seen(45, 0, placement="meta_feed").blind == 0 and seen(45, 0, version="writer-1").blind == 73
    assert review_quality.quality(db, ann).blind == 73  # the Review desk looks at all of them


def test_who_reviewed_how_much_and_how_fast() -> None:
    chart = volume((Reviewer("Rita عَرَبِيّ", 12, 9.4, Share(3, 4, None, 0.0, 1.0)), Reviewer("Rob", 1, None, NO_GOLD)))
    assert chart.reading == (
        "In these days 2 reviewers gave 13 verdicts; most came from Rita عَرَبِيّ (12, 9 s each at the median)."
    )
    assert list(chart.figure.data[0].text) == ["9 s", ""]
    assert chart.table.to_dict("records")[0] == {
        "reviewer": "Rita عَرَبِيّ", "verdicts": 12, "median seconds": 9.4, "gold texts": 4, "right on gold": 3,
    }  # fmt: skip
    alone = volume((Reviewer("Rob", 1, None, NO_GOLD),))
    assert alone.reading == "In these days 1 reviewer gave 1 verdict."
