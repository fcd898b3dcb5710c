"""Facts a text adds or moves without a claim word of its own: extras, rivals, rhythms."""

import pytest

from relate_engine.brief import parse_brief
from relate_engine.rewards.correctness import correctness

KETTLE = "A steel kettle with a filter and a spare lid in the box. $58, delivery included. Rated 4.7 by 912 buyers."
CLASS = (
    "A pottery class with a firing each month. Two mugs for $30, or $12 a session for each potter. Clay is an add-on."
)
LAMP = "A desk lamp 20 inches tall with a two-year warranty. C$40 once. Quieter than a fan."


def spans(text: str, facts: str) -> list[str]:
    brief = parse_brief({"product": "Zellwin", "description": facts, "benefits": ["Made well"]})
    return [text[f.start : f.end] for f in correctness(text, brief) if f.severity != "note"]


@pytest.mark.parametrize(
    ("text", "facts", "fault"),
    [
        ("A steel kettle, tea towel included", KETTLE, "tea towel"),
        ("Two oven gloves come with it", KETTLE, "Two oven gloves"),
        ("Filter, lid and a thermometer, all in one box", KETTLE, "a thermometer"),
        ("A kettle cheaper than any other", KETTLE, "cheaper than any other"),
        ("A kettle that boils faster than hobs", KETTLE, "faster than hobs"),
        ("A firing every week at our pottery class", CLASS, "every week"),
        ("A lamp for a monthly payment of $40", LAMP, "monthly"),
    ],
)
def test_an_added_or_moved_fact_is_found(text: str, facts: str, fault: str) -> None:
    assert any(fault in span or span in fault for span in spans(text, facts)), spans(text, facts)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("A steel kettle, spare lid included", KETTLE),
        ("Filter and lid come with it", KETTLE),
        ("912 people rate this kettle 4.7", KETTLE),
        ("Easier than you think: a kettle with a filter", KETTLE),
        ("A firing every month at our pottery class", CLASS),
        ("Two mugs for $30", CLASS),
        ("A session is $12 per potter", CLASS),
        ("A print is $6 a sheet", "Prints of one sheet, $6 each."),
        ("Quieter than a fan", LAMP),
        ("Pay C$40 once for a desk lamp", LAMP),
    ],
)
def test_the_true_one_beside_it_passes(text: str, facts: str) -> None:
    assert spans(text, facts) == []
