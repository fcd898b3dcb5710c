"""What a hasty brief says, written out before a writer copies it; what has another meaning is left alone."""

import pytest

from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.rewards.hasty import written_out
from relate_engine.rewards.readable import readable
from relate_engine.rewards.rules import load_rules

RULES = load_rules(ASSETS / "rules")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sunday rides in bristol, york and new york", "Sunday rides in Bristol, York and New York"),
        ("tues and thurs evenings, open mon-fri", "Tues and Thurs evenings, open Mon-Fri"),
        ("$74 until dec 31, sat 9-3", "$74 until Dec 31, Sat 9-3"),
        ("12 ppl max, dont drive!!", "12 people max, don't drive!"),
        ("plumbers in leeds + bradford, parts incl tax", "plumbers in Leeds and Bradford, parts including tax"),
        ("quote w/ photos, w/o a fee; i answer", "quote with photos, without a fee; I answer"),
        ("born in stoke-on-trent", "born in Stoke-on-Trent"),
        ("10 yr warranty, 3 a yr, waist high tubs w ramp", "10 year warranty, 3 a year, waist high tubs with ramp"),
        ("an app that tells u when, on ipad, in 45 mins", "an app that tells you when, on iPad, in 45 minutes"),
    ],
)
def test_one_right_form(typed: str, meant: str) -> None:
    assert written_out(typed) == meant == written_out(meant)


@pytest.mark.parametrize(
    "text",
    [
        "we may march on, sun or rain",  # verbs and weather
        "you sat 9 times",  # no time of day
        "5 + 3 kg, C++ and 10+ people",
        "mail bristol@ours.example or see bristol.example",
        "a reading nook with a bath and an orange",
        "it's what i-beams hold",
        "Jersey cotton",
        "A 60 w bulb, made in the u.s.",
        "hr software, RX-u bolt, 20min walk",
    ],
)
def test_what_means_something_else_is_left_alone(text: str) -> None:
    assert written_out(text) == text


def test_a_brief_is_read_written_out_and_its_names_as_they_are_typed() -> None:
    told = "sunday rides of bristol bikes for 12 ppl"
    brief = Brief(product="bristol bikes", description=told, audience="people in bristol", benefits=("free sundays",))
    read = readable(RULES, brief)
    assert (read.product, read.description) == ("bristol bikes", "Sunday rides of bristol bikes for 12 people")
    assert (read.audience, read.benefits) == ("people in Bristol", ("free Sundays",))
    neat = Brief(product="Desk", description="Oak, made in Leeds.")
    assert readable(RULES, neat) is neat
