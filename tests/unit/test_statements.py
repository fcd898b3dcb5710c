"""What a text says of a thing against the brief's clause on it: the wrong statement is found, the true one passes."""

import pytest

from relate_engine.brief import parse_brief
from relate_engine.rewards.correctness import correctness


def faults(text: str, *points: str) -> list[str]:
    brief = parse_brief({"product": "Zellwin", "description": points[0], "benefits": list(points[1:])})
    return [f.rule_id for f in correctness(text, brief) if f.severity != "note"]


@pytest.mark.parametrize(
    ("points", "wrong", "true"),
    [
        (("Flats in Denver", "Parking $120 a month"), "Parking that doesn't cost extra", "Parking is extra"),
        (("A box of soups", "Two of the four are vegan"), "Every one of them is vegan", "Two of the four are vegan"),
        (("A dentist", "Sedation for adults only"), "Sedation for kids and adults alike", "Sedation, adults only"),
        (
            ("A blanket", "2-year warranty on stitching; the filling is not covered"),
            "The filling is covered for two years too",
            "Stitching is covered for two years, the filling is not",
        ),
        (
            ("A pan", "Runner-up, Pan of the Year, Stove Weekly 2026"),
            "Stove Weekly's Pan of the Year 2026",
            "Runner-up for Pan of the Year in Stove Weekly",
        ),
        (
            ("Dog food sent every two weeks", "Keeps four days in the fridge"),
            "Keeps in the fridge for 14 days",
            "Keeps in the fridge for four days",
        ),
        (("A dog trainer", "Boarding not offered"), "Try our boarding", "We offer no boarding"),
        (("A pool kept at 90\u00b0F",), "A pool at 90\u00b0C", "A pool at 90\u00b0F"),
        (("Films from Charleston, South Carolina",), "Films from Charleston, WV", "Films from Charleston, SC"),
        (("A smokehouse. Closed Mondays",), "Hungry on Monday? We are open", "Closed on Mondays"),
        (("A dentist open on the first Saturday of each month",), "Open every Saturday", "Open the first Saturday"),
    ],
)
def test_the_wrong_statement_is_found_and_the_true_one_passes(points: tuple[str, ...], wrong: str, true: str) -> None:
    assert faults(wrong, *points)
    assert faults(true, *points) == []


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (("Water resistant for 80 minutes",), "An hour and twenty minutes of splashing"),
        (("A ferry: 2 hours 20 minutes",), "Just 140 minutes by ferry"),
        (("Over 7,400 roofs done",), "Thousands of roofs"),
        (("Open from 9 pm to 5 am",), "Come at 10 p.m. on foot"),
        (("Payroll in all 50 states",), "Payroll in Idaho and Florida"),
        (("Phone support Monday to Saturday",), "Phone support any day but Sunday"),
        (("Delivery \u00a37.50",), "Delivery is seven pounds fifty"),
    ],
)
def test_what_follows_in_the_head_passes(points: tuple[str, ...], text: str) -> None:
    assert faults(text, *points) == []
