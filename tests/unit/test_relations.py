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


@pytest.mark.parametrize(
    ("facts", "true", "wrong"),
    [
        ("Open 24 hours, 7 days a week", "Open 7 days a week", "Open 6 days a week"),
        ("A locksmith open 24 hours, 7 days a week", "A 24-hour locksmith", "A 192-hour locksmith"),
        ("A response within 24 hours, 365 days a year", "24-hour response", "12-hour response"),
        ("Training for 12 weeks, 3 days a week", "A 12-week course", "A 13-week course"),
        ("Training for 12 weeks and 3 days a week", "Train 3 days a week", "Train 4 days a week"),
        ("Walks of 1 hour 30 minutes a day", "A 90-minute walk", "A 30-minute walk"),
    ],
)
def test_hours_and_days_a_week_are_two_figures(facts: str, true: str, wrong: str) -> None:
    assert spans(true, facts) == [] and spans(wrong, facts) != []


@pytest.mark.parametrize(
    ("facts", "true", "wrong"),
    [
        ("Sleeps 6, 5 minutes from the beach", "5 minutes from the beach", "6 minutes from the beach"),
        ("A 10-week course in groups of 8, from \u00a3240", "A 10-week course", "An 8-week course"),
        ("Dry in 1 hour, recoat after 4", "Recoat four hours later", "Recoat nine hours later"),
        ("Dry in 1 hour. Feeds up to 4", "Dry in one hour", "Dry in 4 hours"),
        ("Sessions of 30, 45 or 60 minutes", "A 30-minute session", "A 40-minute session"),
    ],
)
def test_a_bare_number_takes_a_unit_only_from_its_own_sentence(facts: str, true: str, wrong: str) -> None:
    assert spans(true, facts) == [] and spans(wrong, facts) != []


@pytest.mark.parametrize(
    ("facts", "true", "wrong"),
    [
        ("Rated 4.8 on Trustpilot", "Rated 4.8 out of 5 on Trustpilot", "Rated 4.8 out of 10 on Trustpilot"),
        ("Rated 4.8 on Trustpilot", "4.8/5", "4.9/5"),
        ("At least 500 hours of training", "500+ hours of training", "600+ hours of training"),
        ("More than 20 years of work", "20+ years", "30+ years"),
        ("A range of 100 miles", "100+ miles", "110+ miles"),
        ("3 of 4 graduates find work", "75% of graduates find work", "80% of graduates find work"),
        ("9 out of 10 customers come back", "90% of customers come back", "90% off"),
        ("Interest-free for 12 months", "0% interest for 12 months", "0% APR for 12 months"),
    ],
)
def test_the_same_figure_in_other_words_passes(facts: str, true: str, wrong: str) -> None:
    assert spans(true, facts) == [] and spans(wrong, facts) != []


def test_a_ceiling_is_no_floor() -> None:
    assert spans("100+ miles", "A range of up to 100 miles") == [("CLM-019", "100+ miles")]


@pytest.mark.parametrize(
    ("true", "told"),
    [
        ("Free shipping over \u20ac35", True),
        ("Free shipping on orders of \u20ac35 or more", True),
        ("Free shipping on everything", False),
    ],
)
def test_free_from_a_price_is_free_for_orders_of_it(true: str, told: bool) -> None:
    assert spans(true, "Free shipping from \u20ac35") == ([] if told else [("CLM-020", "Free")])


@pytest.mark.parametrize(
    ("facts", "true", "wrong"),
    [
        (
            "Free delivery on orders over \u00a350",
            "Free delivery over \u00a350",
            "Free delivery on orders under \u00a350",
        ),
        (
            "Free delivery on orders over \u00a350",
            "No free delivery on orders under \u00a350",
            "Free delivery under \u00a350",
        ),
        (
            "Free delivery on orders over \u00a350",
            "Gifts under \u00a350, with free delivery",
            "Free delivery up to \u00a350",
        ),
        ("15% off until 30 June", "15% off to June 30th", "15% off from 30 June"),
        ("15% off until 30 June", "15% off ends after 30 June", "15% off after June 30"),
        ("15% off from 1 July to 31 July", "15% off until 31 July", "15% off until 1 July"),
    ],
)
def test_a_bound_turned_round_is_found(facts: str, true: str, wrong: str) -> None:
    assert spans(true, facts) == [] and spans(wrong, facts) != []


@pytest.mark.parametrize(
    ("facts", "true", "wrong"),
    [
        ("Dogs \u00a315 a stay", "Dogs \u00a315 per stay", "Dogs \u00a315 a night"),
        ("Save 3 hours a week", "Save 3 hours every week", "Save 3 hours a day"),
        ("Ten minutes a day", "10 minutes each night", "10 minutes a week"),
        ("\u00a315 per person", "\u00a315 a head", "\u00a315 a night"),
    ],
)
def test_a_figure_of_another_period_is_found(facts: str, true: str, wrong: str) -> None:
    assert spans(true, facts) == [] and spans(wrong, facts) != []
