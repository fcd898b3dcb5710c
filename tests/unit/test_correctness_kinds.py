"""Wrong facts without a figure or a name of their own, kind by kind, and the true texts beside them: worked by hand."""

import json
from pathlib import Path

import pytest

from relate_engine.brief import Brief, parse_brief
from relate_engine.rewards.ages import ages
from relate_engine.rewards.comparisons import comparisons
from relate_engine.rewards.correctness import correctness
from relate_engine.rewards.superlatives import superlative

CASES = Path(__file__).parent.parent / "data" / "correctness_cases.jsonl"


def brief_of(*points: str) -> Brief:
    return parse_brief({"product": "Zellwin", "description": points[0], "benefits": list(points[1:]) or ["Made well"]})


def spans(text: str, *points: str) -> list[str]:
    return [text[f.start : f.end] for f in correctness(text, brief_of(*points)) if f.severity != "note"]


SERUM = "A balm for dry hands. Apply after washing and before gloves."
TOUR = "Walks meet at the mill and end with tea by the weir. The bread is proved overnight before being baked."
CLUB = "A chess club for ages 8 and over, run by Ada Pohl. Under-6s watch free."
PAINT = "A floor paint, drier than our wall paint. Sold only through our website."
SHOP = "Boots sold online and in our Leeds store. Photography is allowed, without flash."
THROW = (
    "A throw in oat grey or moss, our heaviest. Hand wash in cold water. Scented with wild thyme. "
    "Wild thyme is grown in Kent."
)


@pytest.mark.parametrize(
    ("text", "points", "fault"),
    [
        ("Before washing, rub it in", (SERUM,), "washing"),
        ("Start with tea by the weir", (TOUR,), "tea"),
        ("Baked first, then left overnight to be proved", (TOUR,), "Baked"),
        ("Chess for ages six and over", (CLUB,), "ages six and over"),
        ("Chess for all ages", (CLUB,), "for all ages"),
        ("A club run by two former champions", (CLUB,), "two former champions"),
        ("Slower to dry, wetter, and lighter than our wall paint", ("Heavier than our wall paint",), "lighter"),
        ("Half the weight of our steel chair", ("A chair two kilos lighter than our steel chair",), "Half"),
        ("At your nearest paint store", (PAINT,), "At your nearest paint store"),
        ("Boots sold only online", (SHOP,), "only"),
        ("Please note that photography isn't allowed", (SHOP,), "isn't allowed"),
        ("In grey, moss or plum", (THROW,), "plum"),
        ("In oat grey or pale blue", (THROW,), "blue"),
        ("Wash it in warm water", (THROW,), "warm water"),
        ("Scented with wild garlic", (THROW,), "wild garlic"),
        ("Our softest throw", (THROW,), "softest"),
        ("The world's heaviest throw", (THROW,), "heaviest"),
        ("A self-cleaning grill", ("A steel grill",), "self-cleaning"),
        ("It comes with a travel case", ("A steel grill",), "travel case"),
        ("A finish that resists mould", ("A wall paint",), "resists mould"),
        ("CE certified", ("Certified to EN 521",), "CE"),
        ("Paid every day", ("Paid every Friday by transfer",), "every day"),
        ("Live music all day", ("Live music starts at 2pm",), "all day"),
        ("Dogs welcome in all our rooms", ("A six-room inn", "Dogs welcome in two rooms"), "all"),
        ("A box of eight", ("A box of six bars",), "eight"),
        ("Ten burners", ("A stove with two burners", "Weighs five kilos"), "Ten"),
        ("Guaranteed results", ("A 10-year warranty",), "Guaranteed"),
        ("A 10-year price guarantee", ("A 10-year warranty",), "guarantee"),
        ("Interest-free for a year", ("10% APR for a year",), "Interest-free"),
        ("Bakery of the year", ("A bakery open all year",), "Bakery of the year"),
        ("Open every day of the year", ("Open Monday to Friday",), "every day of the year"),
        ("Half price until the end of the month", ("Half price for new members",), "until the end of the month"),
        ("Classes Tuesday and Thursday", ("Classes Monday and Wednesday",), "Tuesday"),
        ("Live jazz, Thursdays at 8 pm", ("Live jazz every Friday at 8 pm",), "Thursdays"),
    ],
)
def test_a_wrong_fact_is_found(text: str, points: tuple[str, ...], fault: str) -> None:
    assert any(fault in span for span in spans(text, *points)), spans(text, *points)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("After washing, rub it in", (SERUM,)),
        ("Meet at the mill, end with tea", (TOUR,)),
        ("Proved overnight, then baked", (TOUR,)),
        ("For players of eight and up", (CLUB,)),
        ("Ada Pohl runs the club", (CLUB,)),
        ("Two kilos less than our steel chair", ("A chair two kilos lighter than our steel chair",)),
        ("Only online", (PAINT,)),
        ("Buy it online or in Leeds", (SHOP,)),
        ("Photograph what you like, without flash", (SHOP,)),
        ("Oat grey or moss?", (THROW,)),
        ("The heaviest throw we weave", (THROW,)),
        ("Wild thyme from Kent", (THROW,)),
        ("Every Friday you are paid", ("Paid every Friday by transfer",)),
        ("Two of our six rooms take dogs", ("A six-room inn", "Dogs welcome in two rooms")),
        ("Half a dozen bars to a box", ("A box of six bars",)),
        ("A 10-year guarantee", ("A 10-year warranty",)),
        ("Guaranteed for 10 years", ("A 10-year warranty",)),
        ("Interest-free for a year", ("0% interest for a year",)),
        ("Open every day of the year", ("Open 365 days a year",)),
        ("Here at any time of the year", ("Open 365 days a year",)),
        ("Half price until the end of the month", ("Half price until 30 June",)),
        ("Classes Wednesday and Monday", ("Classes Monday and Wednesday",)),
        ("Beat the Monday blues with live jazz", ("Live jazz every Friday at 8 pm",)),
    ],
)
def test_the_true_one_beside_it_passes(text: str, points: tuple[str, ...]) -> None:
    assert spans(text, *points) == []


@pytest.mark.parametrize(
    ("text", "points", "condition"),
    [
        ("Delivered free", ("Free delivery on orders over $35",), "free"),
        (
            "We take the old one away free",
            ("Old sofa removal is free with corner sofas only. We take sofas away",),
            "free",
        ),
        ("25% off", ("New customers get 25% off their first bag",), "25% off"),
        ("Free shipping", ("Free shipping within Ohio",), "Free"),
    ],
)
def test_a_dropped_condition_of_any_form_is_found(text: str, points: tuple[str, ...], condition: str) -> None:
    assert condition in spans(text, *points)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("25% off when you join", ("New customers get 25% off their first bag",)),
        ("Ship free anywhere within Ohio", ("Free shipping within Ohio",)),
        ("Two boxes ship free", ("Shipping is free when you order two boxes or more",)),
    ],
)
def test_a_told_condition_passes(text: str, points: tuple[str, ...]) -> None:
    assert spans(text, *points) == []


def test_ages_are_read_in_months() -> None:
    read = [(b.low, b.high) for b in ages("ages 7 to 11; from 18 months on; under-5s; children from two to four")]
    assert read == [(84, 132), (24, 48), (18, None), (None, 60)]


def test_comparisons_are_read_with_what_they_compare() -> None:
    kinds = [
        c.kind for c in comparisons("Lighter than our van. The same size as a pea. Twice the length of the old one.")
    ]
    assert sorted(kinds) == ["equal", "more", "times"]
    assert comparisons("More than 30 days") == ()


def test_superlatives_need_a_superlative() -> None:
    assert superlative("biggest", "our largest tent")
    assert superlative("tallest", "taller than any other tulip")
    assert not superlative("strongest", "a strong blend")


def test_case_file_by_kind_has_every_kind_of_both_labels() -> None:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    kinds = {(row["kind"], row["should_flag"]) for row in rows if row.get("round") == 3}
    assert len({kind for kind, _ in kinds}) >= 10 and {flag for _, flag in kinds} == {True, False}


WORKSHOP = "A candle workshop at £15 a person. Private evenings are £60 an hour, the app is $9 a user per month."


@pytest.mark.parametrize("text", ["Candles from £15 a month", "Candles at £15 an hour", "£60 a visit", "$9 a year"])
def test_a_price_by_the_piece_is_none_by_time_nor_the_other_way_round(text: str) -> None:
    assert len(spans(text, WORKSHOP)) == 1


@pytest.mark.parametrize(
    "text", ["Candles at £15 a head", "£15 a ticket", "£15 each", "Only £15", "£60 per hour", "The app: $9 a month"]
)
def test_pieces_have_many_names(text: str) -> None:
    assert spans(text, WORKSHOP) == []
