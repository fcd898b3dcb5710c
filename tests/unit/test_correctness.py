"""Correctness: hand-worked findings with exact spans, and the case file's recall and false alarms."""

import json
from pathlib import Path

import pytest

from relate_engine.brief import Brief, parse_brief
from relate_engine.rewards.correctness import correctness
from relate_engine.rewards.quantities import quantities
from relate_engine.rewards.spelling import distance, known
from relate_engine.scorecard import Finding

CASES = Path(__file__).parent.parent / "data" / "correctness_cases.jsonl"
HEADLINES = Path(__file__).parent.parent / "data" / "ordinary_headlines.txt"
BRIEF = parse_brief(
    {
        "product": "BrewBuddy Kettle",
        "description": "A 20 litre kettle for home brewers, made in Leeds. Delivered within two days.",
        "benefits": [
            "$1,200 with free shipping",
            "Half price descaler",
            "Open 9 am to 5 pm, Monday to Thursday",
            "No filler",
        ],
        "audience": "home brewers",
        "brand_kit": {"names": ["BrewBuddy", "TideLock"]},
    }
)


def faults(text: str, brief: Brief | None = BRIEF) -> list[Finding]:
    return [f for f in correctness(text, brief) if f.severity != "note"]


def spans(text: str, brief: Brief | None = BRIEF) -> list[tuple[str, str]]:
    return [(f.rule_id, text[f.start : f.end]) for f in faults(text, brief)]


@pytest.mark.parametrize(
    "text",
    [
        "A 20-litre kettle in 48 hours",
        "The 20l kettle for $1200",
        "Shipping is free on BrewBuddy",
        "The descaler is 50 % off",
        "Open from 9am until 5 p.m. on Tuesday",
        "Brew at home, without filler",
        "Twenty liters, delivered in two days to your kitchen",
    ],
)
def test_equal_facts_are_supported(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A 20 ounce kettle", "20 ounce"),
        ("Yours for $1,300", "$1,300"),
        ("Delivered in two weeks", "two weeks"),
        ("Open until 6 pm", "6 pm"),
        ("Open on Friday", "Friday"),
        ("With a lifetime warranty", "lifetime warranty"),
        ("The best-rated kettle", "best-rated"),
        ("An organic brew", "organic"),
        ("Free descaler with every kettle in June", "June"),
        ("Made in Manchester by brewers", "Manchester"),
        ("Brewed with no contract", "no contract"),
        ("A kettle of solid copper", "copper"),
    ],
)
def test_other_facts_are_found_where_they_stand(text: str, fault: str) -> None:
    assert ("CLM-019", fault) in spans(text)


def test_without_a_brief_facts_are_not_judged() -> None:
    assert spans("The best kettle in Manchester, 50% off until Friday", None) == []


def test_spans_count_code_points_after_an_emoji() -> None:
    text = "👩‍🍳🔥 Yours for $1,300"
    (found,) = faults(text)
    assert (found.start, found.end) == (text.index("$"), len(text))
    assert found.severity == "block" and found.amount == -1.0


def test_names_nearly_right_are_mended_by_the_exact_name() -> None:
    for text, wrong, right in [
        ("Brewbuddy for home brewers", "Brewbuddy", "BrewBuddy"),
        ("Meet Brew Buddy today", "Brew Buddy", "BrewBuddy"),
        ("Meet TideLok today", "TideLok", "TideLock"),
        ("✨ Tidelock's kettle", "Tidelock", "TideLock"),
    ]:
        (found,) = faults(text)
        assert (found.rule_id, text[found.start : found.end], found.replacement) == ("NAME-001", wrong, right)
    assert spans("BrewBuddy's kettle and TideLock") == []


def test_spelling_offers_the_one_clear_word() -> None:
    text = "A kettle you will recieve in Leeds"
    (found,) = faults(text)
    assert (found.rule_id, found.replacement, text[found.start : found.end]) == (
        "EDT-016",
        "receive",
        "recieve",
    )
    assert spans("Colour, color, organise and organize", None) == []
    assert spans("Shop Samsung and iPhone 15 at Zalando", None) == []
    assert known("kettlebells") and not known("businesss")


def test_distance_counts_swaps_as_one() -> None:
    assert [distance("teh", "the", 2), distance("tidelok", "tidelock", 2), distance("abc", "xyz", 2)] == [
        1,
        1,
        3,
    ]


def test_slips() -> None:
    assert spans("Brew the the best way", None) == [("COR-002", "the the")]
    assert spans("Brew at home with your", None) == [("COR-003", "your")]
    assert spans("Brew at home,", None) == [("COR-003", ",")]
    assert spans("Brew “at home", None) == [("COR-003", "“")]
    assert spans("A hour, an brewer", None) == [("COR-004", "A"), ("COR-004", "an")]
    assert spans("An hour, a unit, an 8-week plan, a one-off, an FAQ, a $5 mug", None) == []
    notes = [f for f in correctness("Brew better, brew bolder, brew bigger", None) if f.severity == "note"]
    assert [(f.start, f.end) for f in notes] == [(26, 30)]


def test_quantities_read_number_and_unit_together() -> None:
    read = {(q.value, q.dim) for q in quantities("half an hour, 3cm, $5k a month, 7 to 9 pm, 18-karat, a dozen")}
    assert read == {
        (1800, "time"),
        (30, "mm"),
        (5000, "$"),
        (1140, "clock"),
        (1260, "clock"),
        (18, "karat"),
        (12, ""),
    }


def test_ordinary_headlines_pass_without_a_brief() -> None:
    lines = HEADLINES.read_text("utf-8").splitlines()
    assert sum(bool(faults(line, None)) for line in lines) <= 2


def test_case_file_recall_and_false_alarms() -> None:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    briefs = {row["id"]: parse_brief(row["brief"]) for row in rows if "id" in row}
    missed, alarms, wrong, right = [], [], 0, 0
    for case in (row for row in rows if "id" not in row):
        found = faults(case["text"], briefs[case["brief"]])
        if case["should_flag"]:
            wrong += 1
            start = case["text"].index(case["fault"])
            end = start + len(case["fault"])
            if not any((f.start or 0) < end and start < (f.end or 0) for f in found):
                missed.append(case["text"])
        else:
            right += 1
            alarms += [case["text"]] if found else []
    assert 1 - len(missed) / wrong >= 0.9, missed
    assert len(alarms) / right <= 0.08, alarms
