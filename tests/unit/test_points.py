"""Points: which facts of a brief a text can be asked for, and which one it speaks of."""

from relate_engine.brief import Brief, Claim
from relate_engine.policy.points import point_of, points, suited
from relate_engine.policy.prompt import HEADLINE_30, request_lines
from relate_engine.policy.writer import wanted

BRIEF = Brief(
    product="Marlow Cold Brew",
    description="Concentrate steeped for 18 hours. Sold in 32 oz glass bottles.",
    benefits=("32 oz bottle makes 12 glasses", "Free shipping on 2 bottles or more"),
    claims=(Claim(text="Rated 4.7 of 5 by 1,340 buyers", evidence="Shop export, April 2026"),),
    audience="iced coffee drinkers",
)


def test_every_fact_is_a_point_once() -> None:
    assert points(BRIEF) == (
        "32 oz bottle makes 12 glasses",
        "Free shipping on 2 bottles or more",
        "Rated 4.7 of 5 by 1,340 buyers",
        "Concentrate steeped for 18 hours",
        "Sold in 32 oz glass bottles",
        "iced coffee drinkers",
    )


def test_a_text_speaks_of_the_point_it_shares_most_words_with() -> None:
    assert point_of(BRIEF, "12 glasses from one bottle") == "32 oz bottle makes 12 glasses"
    assert point_of(BRIEF, "Steeped 18 Hours") == "Concentrate steeped for 18 hours"
    assert point_of(BRIEF, "Marlow Cold Brew") == ""  # the product's name is in every text
    assert point_of(BRIEF, "Coffee for iced mornings") == "iced coffee drinkers"


def test_an_angle_is_argued_from_the_points_that_suit_it() -> None:
    assert suited(BRIEF, "offer") == ("Free shipping on 2 bottles or more",)
    assert suited(BRIEF, "audience") == ("iced coffee drinkers",)
    assert "Rated 4.7 of 5 by 1,340 buyers" in suited(BRIEF, "proof")
    assert len(suited(BRIEF, "benefit")) == 5  # all but the audience
    plain = Brief(product="Oak Desk", description="A desk of solid oak")
    assert suited(plain, "offer") == ("A desk of solid oak",)


def test_wishes_go_through_angles_and_then_points() -> None:
    wishes = wanted(BRIEF, "headline", ["benefit", "offer"], 6)
    assert [w.angle for w in wishes] == ["benefit", "offer"] * 3
    assert [w.point for w in wishes[::2]] == list(suited(BRIEF, "benefit")[:3])
    assert {w.point for w in wishes[1::2]} == {"Free shipping on 2 bottles or more"}


def test_the_prompt_names_the_point_on_its_last_line_on_one_line() -> None:
    assert request_lines(HEADLINE_30, "benefit", "two\nlines").endswith("\nAngle: Benefit\nPoint: two lines\n")
    assert request_lines(HEADLINE_30, "benefit").endswith("\nAngle: Benefit\n")
