"""The sentences about reviewers on the Performance page, from looks made up here and counted by hand."""

from app.desks.analysis_reviewers import blind_words, volume
from app.services import briefs, drafting, review_quality
from app.services.people import Actor
from app.services.review_quality import Quality, Reviewer, Share
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
        "The blind stream holds 1 verdict so far, and it takes 30 before a share of them means anything."
    )
    looked_at(db, 20, 8, rita, set())
    assert blind_words(quality(db)).startswith("The blind stream holds 29 verdicts so far")


def test_shares_and_agreement_are_those_counted_by_hand(db: Database) -> None:
    rita, rob = person(db, "reviewer"), person(db, "reviewer")
    ids = looked_at(db, 30, 40, rita, {*range(24), *range(36 + 30, 40 + 30)})
    told = blind_words(quality(db))
    # Wilson: 24 of 30 gives .627 to .905, 4 of 40 gives .040 to .231
    assert told.startswith(
        "Blind, on 70 verdicts: of flagged texts 80% (63% to 90%) were violations; of clear texts 10% (4% to 23%) "
        "were. So rules and classifier find 86% of violations ("  # 24 of 24 + 4
    )
    assert told.endswith("No text was seen blind by two reviewers yet, so agreement is not known.")
    for place, text_id in enumerate(ids[:30]):  # Rob sees three of Rita's 24 violations otherwise
        blindly(db, rob, [text_id], "violation" if place < 21 else "compliant")
    # 45 times violation and 15 times compliant on 30 texts: 1 - (3/30) / (2 · 45 · 15 / (60 · 59)) = .738
    told = blind_words(quality(db))
    assert told.startswith("Blind, on 100 verdicts: of flagged texts 80% (63% to 90%)")  # the first look of each
    assert told.endswith("Reviewers agree at Krippendorff's alpha 0.74 on 30 texts that two saw.")


def test_a_share_of_too_few_is_told_as_a_count(db: Database) -> None:
    looked_at(db, 4, 30, person(db, "reviewer"), {0, 1, 2})
    assert blind_words(quality(db)).startswith(
        "Blind, on 34 verdicts: of flagged texts 3 of 4 (too few to say) were violations; of clear texts 0% (0% to 11%)"
    )


def test_who_reviewed_how_much_and_how_fast() -> None:
    chart = volume((Reviewer("Rita عَرَبِيّ", 12, 9.4, Share(3, 4, None, 0.0, 1.0)), Reviewer("Rob", 1, None, NO_GOLD)))
    assert chart.reading == (
        "In 90 days 2 reviewers gave 13 verdicts; Rita عَرَبِيّ gave most (12, 9 s each at the median)."
    )
    assert list(chart.figure.data[0].text) == ["9 s", ""]
    assert chart.table.to_dict("records")[0] == {
        "reviewer": "Rita عَرَبِيّ", "verdicts": 12, "median seconds": 9.4, "gold texts": 4, "right on gold": 3,
    }  # fmt: skip
    alone = volume((Reviewer("Rob", 1, None, NO_GOLD),))
    assert alone.reading == "In 90 days 1 reviewer gave 1 verdict; Rob gave most (1)."
