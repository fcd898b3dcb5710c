"""Notes on a brief: points that deny each other, and a name that fits no headline; ordinary briefs get none."""

import json
from collections.abc import Iterator

import pytest

from relate_engine.brief import PLACEMENTS, Brief, PlacementName, parse_brief
from relate_engine.config import ASSETS
from relate_engine.rewards.briefnotes import brief_notes


def noted(*benefits: str, description: str = "A bottle for walks.") -> list[str]:
    about = Brief(product="Tarn Bottle", description=description, benefits=benefits)
    assert all((f.rule_id, f.severity, f.subject, f.credit) == ("BRF-001", "warn", "brief", False)
               for f in brief_notes(about))  # fmt: skip
    return [f.message for f in brief_notes(about)]


@pytest.mark.parametrize(
    ("denies", "gives"),
    [
        ("No subscription needed", "Subscription from $9 a month"),
        ("No free trial", "Free trial for 14 days"),
        ("Not waterproof", "Waterproof to 10 m"),
        ("The bottle is not dishwasher safe", "Dishwasher safe"),
        ("Does not ship to Alaska", "Ships to Alaska in 5 days"),
        ("No contract", "12-month contract"),
        ("No drilling", "Drilling takes ten minutes"),
        ("No setup fee", "A setup fee of $50"),
        ("Batteries not included", "Batteries included"),
        ("Gluten-free", "Contains gluten"),
        ("Hand wash only.", "Machine washable"),
        ("For indoor use only", "Use it outdoors all winter"),
    ],
)
def test_a_point_that_denies_another_is_named_with_it(denies: str, gives: str) -> None:
    for order in ((denies, gives), (gives, denies)):
        assert noted(*order) == [f"Brief: “{denies}” and “{gives}” seem to contradict each other."]
    assert noted(gives, description=f"A bottle for walks. {denies.rstrip('.')}.")


@pytest.mark.parametrize(
    ("denies", "other"),
    [
        ("The lid is not dishwasher safe", "The cup is dishwasher safe"),  # another thing
        ("No sugar added", "3 g of sugar a bottle"),  # a part
        ("No long-term contract", "Monthly contract"),
        ("Cancel without a fee within 24 hours", "Late cancellation fee $10"),  # a case
        ("Pause it when you are not driving", "For people who are driving"),
        ("No drill needed", "Drill template in the box"),
        ("No spills", "Spill-proof lid"),
        ("No leaks", "Stops leaks"),
        ("No subscription", "Skip the subscription"),  # says the same
        ("No Bluetooth and no Wi-Fi", "No Bluetooth, Wi-Fi or USB data"),
        ("Private rooms", "Shared rooms from $30"),  # both on offer
        ("Not just for kids", "Made for kids"),
    ],
)
def test_what_is_no_contradiction_is_not_noted(denies: str, other: str) -> None:
    assert noted(denies, other) == []


def test_three_contradictions_are_said_and_no_more() -> None:
    pairs = [(f"No {thing}", f"Comes with {thing}") for thing in ("straw", "strap", "sleeve", "brush")]
    assert len(noted(*(point for pair in pairs for point in pair))) == 3


@pytest.mark.parametrize(("placement", "shown"), [("google_rsa", 30), ("meta_feed", 40), ("generic", 60)])
def test_a_name_that_no_headline_shows_is_noted_unless_there_is_a_shorter_one(
    placement: PlacementName, shown: int
) -> None:
    def about(product: str, *names: str) -> list[tuple[str, str]]:
        data = {"product": product, "description": "A rack.", "placement": placement, "brand_kit": {"names": names}}
        return [(f.rule_id, f.severity) for f in brief_notes(parse_brief(data))]

    assert about("R" * shown) == []
    assert about("R" * (shown + 1)) == [("BRF-002", "note")]
    assert about("R" * (shown + 1), "Rack") == []
    assert about("R" * (shown + 1), "S" * (shown + 1)) == [("BRF-002", "note")]


def everyday() -> Iterator[Brief]:
    for file in [*sorted((ASSETS / "corpus").glob("*.jsonl")), ASSETS / "briefs" / "fresh.jsonl"]:
        for line in file.read_text("utf-8").splitlines():
            entry = json.loads(line)
            yield parse_brief(entry.get("brief", entry))
    for file in (ASSETS / "briefs").glob("*.json"):
        yield parse_brief(json.loads(file.read_text("utf-8")))


def test_ordinary_briefs_get_no_note() -> None:
    briefs = list(everyday())
    assert len(briefs) > 500
    for about in briefs:
        for placement in PLACEMENTS:
            noted_there = brief_notes(about.model_copy(update={"placement": placement}))
            assert not noted_there, (about.product, placement, noted_there[0].message)
