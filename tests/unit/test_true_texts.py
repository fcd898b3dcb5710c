"""True texts in other words than their brief: what follows from it, and the wrong text beside each."""

import pytest

from relate_engine.brief import parse_brief
from relate_engine.rewards.correctness import correctness


def flagged(text: str, *points: str) -> list[str]:
    brief = parse_brief({"product": "Zellwin", "description": points[0], "benefits": list(points[1:]) or ["Made well"]})
    return [text[f.start : f.end] for f in correctness(text, brief) if f.severity != "note"]


@pytest.mark.parametrize(
    ("true", "wrong", "points"),
    [
        # reckoned from the brief
        ("Forty lectures add up to twenty hours", "Forty lectures add up to thirty hours",
         ("A history course of 40 thirty-minute lectures",)),
        ("Three tickets come to £27", "Three tickets come to £28", ("A lido. Tickets £9",)),
        ("Websites for 6 shops: $80 a month", "Websites for 6 shops: $90 a month",
         ("A web shop at $50 a month plus $5 per shop",)),
        ("On a claim of $2,000 our 90% plan pays you $1,800", "On a claim of $2,000 our 90% plan pays you $1,900",
         ("Cover for bicycles. Pays 70% or 90% of a claim",)),
        ("Two pans work out at $35 each", "Two pans work out at $45 each", ("A steel pan, $40 or $70 for two",)),
        ("Five 30 g portions in each pouch", "Six 30 g portions in each pouch",
         ("Muesli in a 150 g pouch, 9 g of protein per 30 g portion",)),
        ("A cup a day for three weeks", "A cup a day for five weeks", ("Cocoa, 21 cups a tin",)),
        ("Sing with 7 others", "Sing with 9 others", ("A choir in groups of 8 people",)),
        ("Supper for four nights", "Supper for six nights", ("A meal box with 4 suppers a week",)),
        ("Five dozen tiles", "Six dozen tiles", ("A box of 60 tiles",)),
        ("Sales above half a million dollars", "Sales above a million dollars", ("For shops over $500,000 in sales",)),
        ("Trunk weighs 20 kg? Our rack takes up to 25 kg", "Our rack takes up to 35 kg", ("A rack for up to 25 kg",)),
        ("Saturday to Tuesday: three nights", "Saturday to Wednesday: three nights",
         ("15% off stays of three nights",)),
        # read as the brief means it
        ("Open from 10 am to 4 pm", "Open from 9 am to 4 pm", ("A museum, open Sundays 10 to 4",)),
        ("A 14-inch arm", "A 15-inch arm", ("A lamp with a 14 in arm",)),
        ("Two potters make each bowl", "Three potters make each bowl", ("Bowls made by a pair of potters",)),
        ("From 340 people who ride with us", "From 430 people who ride with us", ("Rated 4.8 by 340 riders",)),
        ("Half a year, or 24 months", "Half a year, or 40 months", ("Leases of 6, 12 or 24 months",)),
        ("Open seven days a week", "Open six days a week", ("A bakery open every day",)),
        ("Rinse it two times", "Rinse it three times", ("A shampoo. Rinse twice.",)),
        ("It costs $0 a month", "It costs $1 a month", ("An account with no monthly fee",)),
        # denied in other words
        ("Nobody queues here", "Everyone queues here", ("A bank branch with no queues",)),
        ("It costs nothing to join", "It costs $5 to join", ("A choir, no fee to join",)),
        ("Renting without a long contract", "Renting without a deposit", ("Storage, month-to-month leases",)),
        ("No added salt", "No added salt, and no palm oil", ("Tomato paste: tomatoes and nothing else",)),
        ("The base doesn't wobble", "The seat doesn't swivel", ("A non-wobble base", "The seat swivels")),
        # ordinary words
        ("A pair costs £30", "A pair costs £40", ("Socks, two pairs for £60", "£30 for a pair")),
        ("Hay, hooves and vet", "Hay, saddles and vet", ("Pays for hay, hoof care and vet",)),
        ("Cables, phones and amps", "Cables, phones and drums", ("Cables, phones and amplifiers",)),
        ("A perfume-free soap", "A soap that is nut-free", ("An unperfumed soap",)),
        ("Judged by the RHS", "Judged by the NFU", ("Judged by the Royal Horticultural Society",)),
        ("Chosen by yourself", "Chosen by pilots", ("Rings chosen by smiths",)),
        ("ISO certified crews", "CE certified crews", ("ISO certified",)),
        ("Rooms from $90, coffee included", "Rooms from $90, lunch included", ("Rooms from $90 with coffee",)),
        ("Trial visit: no charge", "Lessons: no charge",
         ("A riding school. Trial visit costs $0", "Lessons $40")),
        ("Begin with £15 a month", "Only £15 a month", ("A pension from £15 a month",)),
        ("None leaves before its second coat", "It leaves before its second coat",
         ("Each chair gets a second coat before it leaves",)),
    ],
)  # fmt: skip
def test_a_true_text_passes_and_the_wrong_one_beside_it_does_not(
    true: str, wrong: str, points: tuple[str, ...]
) -> None:
    assert flagged(true, *points) == []
    assert flagged(wrong, *points) != []


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Wide awake at 3 am? The lamp dims to a glow", ("A lamp that dims to a glow",)),
        ("Stuck between two leases?", ("Storage on monthly leases",)),
        ("All you need is a bowl", ("A kit. Film two bowls and we cover the rest.",)),
        ("Pick any of five scents", ("Five scents, each one $9 with wax included",)),
        ("Covered anywhere in the world", ("Covers theft from your car worldwide",)),
        ("Got a Sunday free?", ("A free coffee for walkers",)),
        ("Fix the porch. No lien on the house", ("A loan with no lien on your house",)),
        ("Returns are on us", ("We pay return postage",)),
        ("Moving from abroad?", ("Removals across Kent. Sold online.",)),
        ("Three scones come each day", ("Scones, three a day, in a dog-friendly cafe",)),
        ("Been burned by a cheap tent?", ("Tents sewn by sailors",)),
        ("For anyone with a snoring spouse", ("A pillow",)),
        ("Somebody took his", ("A bike lock",)),
    ],
)
def test_a_turn_of_phrase_states_no_fact(text: str, points: tuple[str, ...]) -> None:
    assert flagged(text, *points) == []


@pytest.mark.parametrize(
    ("text", "fault", "points"),
    [
        ("A soak for arthritis", "arthritis", ("A bath salt",)),
        ("For oily skin", "oily skin", ("A clay mask",)),
        ("Tested by our own team", "our own team", ("Tested by an independent lab",)),
        ("Your third coffee is free", "third coffee", ("A cafe card, every second coffee free",)),
        ("Use SAVE by Sunday", "Sunday", ("A lamp with code SAVE",)),
        ("Hemmed by hand", "Hemmed by hand", ("A scarf",)),
        ("Supper and breakfast included", "Supper", ("Rooms with breakfast included",)),
        ("20% off at checkout", "20% off", ("A tea club. 20% off a first order",)),
    ],
)
def test_a_promise_beyond_the_brief_is_found(text: str, fault: str, points: tuple[str, ...]) -> None:
    assert any(fault in span for span in flagged(text, *points))
