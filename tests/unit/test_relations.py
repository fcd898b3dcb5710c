"""True figures in wrong relations, conditions left out, and figures that follow from the brief's: worked by hand."""

from datetime import date

import pytest

from relate_engine.brief import Brief, parse_brief
from relate_engine.rewards.arithmetic import follows
from relate_engine.rewards.conditions import left_out
from relate_engine.rewards.correctness import correctness
from relate_engine.rewards.quantities import quantities


def brief_of(*points: str) -> Brief:
    return parse_brief({"product": "Zellwin", "description": points[0], "benefits": list(points[1:])})


def spans(text: str, *points: str) -> list[tuple[str, str]]:
    found = correctness(text, brief_of(*points))
    return [(f.rule_id, text[f.start : f.end]) for f in found if f.severity != "note"]


@pytest.mark.parametrize(
    ("text", "points", "fault"),
    [
        (
            "Battery covered for 10 years",
            ("Frame warranty 10 years; battery warranty 2 years",),
            "10 years",
        ),
        ("A bench that lasts 30 years", ("A bench", "30-year warranty"), "30 years"),
        ("A 30-year battery", ("A bike with a battery", "30-year frame warranty"), "30-year"),
        ("Camper sites with hookups for $38", ("Tent sites $38 a night; camper sites with hookups $59",), "$38"),
        ("Shifts that start at $24 an hour", ("Pay from $18 to $24 an hour",), "$24"),
        ("$899 for each aid", ("Hearing aids at $899 a pair",), "$899"),
    ],
)
def test_a_true_number_of_another_thing_is_found(text: str, points: tuple[str, ...], fault: str) -> None:
    assert ("CLM-019", fault) in spans(text, *points)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Two years on the battery, ten on the frame", ("Frame warranty 10 years; battery warranty 2 years",)),
        ("Covered for 30 years", ("A bench", "30-year warranty")),
        ("$38 for a tent site", ("Tent sites $38 a night; camper sites with hookups $59",)),
        ("Up to $24 an hour", ("Pay from $18 to $24 an hour",)),
    ],
)
def test_the_right_relation_passes(text: str, points: tuple[str, ...]) -> None:
    assert spans(text, *points) == []


@pytest.mark.parametrize(
    ("text", "facts", "condition"),
    [
        ("Free shipping on your kettle", "Free shipping on orders over $50", "on orders over $50"),
        ("Financing at 4.9% APR", "4.9% APR for qualified buyers", "for qualified buyers"),
        ("4.1% APY on balances", "4.1% APY on balances up to $9,000", "on balances up to $9,000"),
        ("20% off", "20% off for new members", "for new members"),
        ("Save 30% off everything", "Up to 30% off", "Up to 30% off"),
        ("Half-price pizza", "Half-price pizza on Wednesdays", "on Wednesdays"),
    ],
)
def test_a_condition_left_out_is_given_in_the_words_of_the_brief(text: str, facts: str, condition: str) -> None:
    assert [told for _, _, told in left_out(text, facts)] == [condition]
    assert "CLM-020" in {rule for rule, _ in spans(text, facts)}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Spend $50 and shipping is free", "Free shipping on orders over $50"),
        ("Qualified buyers pay 4.9% APR", "4.9% APR for qualified buyers"),
        ("20% off when you join", "20% off for new members"),
        ("Up to 30% off", "Up to 30% off"),
        ("Free shipping", "Free shipping. 20% off for new members"),
    ],
)
def test_a_condition_told_in_other_words_passes(text: str, facts: str) -> None:
    assert left_out(text, facts) == []


def test_a_promise_to_everyone_needs_one_in_the_brief() -> None:
    points = ("A roofer in Boise", "10% discount for veterans")
    assert "CLM-020" in {rule for rule, _ in spans("Every homeowner gets 10% off", *points)}
    assert spans("Veterans get 10% off", *points) == []


def test_what_is_charged_for_is_not_given() -> None:
    points = ("A trip by boat, gear included", "Wetsuit rental $10")
    assert ("CLM-019", "included") in spans("Gear and wetsuit included", *points)
    assert spans("Gear included", *points) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [("Ships to Alaska", "Alaska"), ("Fast Wi-Fi in every room", "Wi"), ("Works on Android", "Android")],
)
def test_what_the_brief_only_denies_is_found(text: str, fault: str) -> None:
    points = ("An inn with a room app. There is no Android app.", "No Wi-Fi, by design", "No shipping to Alaska")
    assert fault in {span for _, span in spans(text, *points)}


def test_a_name_with_one_word_changed_is_mended() -> None:
    text = "Try Rain on Stone in our shop this week"
    (found,) = (
        f
        for f in correctness(text, brief_of("Candles. Scents are Fig Leaf and Rain on Slate"))
        if f.rule_id == "NAME-001"
    )
    assert (text[found.start : found.end], found.replacement) == ("Stone", "Slate")


@pytest.mark.parametrize(
    ("text", "facts", "true"),
    [
        ("over a thousand springs", "1,024 springs", True),
        ("over two thousand springs", "1,024 springs", False),
        ("75 years of lending", "Founded in 1951", True),
        ("90 years of lending", "Founded in 1951", False),
        ("three colours", "In moss, slate and rust", True),
        ("two bottles for $52", "$26 a bottle", True),
        ("two bottles for $58", "$26 a bottle", False),
        ("nine in ten", "88% of women", True),
        ("four in ten", "88% of women", False),
        ("within 90 days", "within 60 days", False),
    ],
)
def test_what_follows_from_the_figures(text: str, facts: str, true: bool) -> None:
    q = quantities(text)[-1] if "bottles" in text else quantities(text)[0]
    assert follows(text, q, quantities(facts, brief=True), facts, date(2026, 11, 25)) is true
