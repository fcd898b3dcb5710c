"""Points: which facts of a brief a text can be asked for, which one it speaks of, and who is asked with them."""

from pathlib import Path

import pytest

from relate_engine.brief import BrandKit, Brief, Claim, supported_angles
from relate_engine.policy.adapter import knows_points
from relate_engine.policy.model import AdapterState
from relate_engine.policy.points import clauses, joined, point_of, points, suited
from relate_engine.policy.prompt import HEADLINE_30, request_lines
from relate_engine.policy.writer import Policy, Wish, wanted
from relate_engine.round_lessons import tasks_of
from relate_engine.training import ladder
from relate_engine.training.corpus import CorpusText, Entry
from relate_engine.training.grpo_plan import GrpoPlan, Task, rows_of
from tests import tiny

BOTTLE, SHIPPING = "32 oz bottle makes 12 glasses", "Free shipping on 2 bottles or more"
STEEPED, GLASS, RATED = "Concentrate steeped for 18 hours", "Sold in 32 oz glass bottles", "Rated 4.7 by 1,340 buyers"
BRIEF = Brief(
    product="Marlow Cold Brew",
    description=f"{STEEPED}. {GLASS}. There is no free trial. …",
    benefits=(BOTTLE, SHIPPING),
    claims=(Claim(text=RATED, evidence="Shop export, April 2026"),),
    audience="Parents of toddlers.",
    reviews=("Smooth, and no bitter end.",),
)


def test_every_fact_is_a_point_once() -> None:
    said = ("Parents of toddlers", "Smooth, and no bitter end")
    assert points(BRIEF) == (BOTTLE, SHIPPING, RATED, STEEPED, GLASS, "There is no free trial", *said)
    long = BRIEF.model_copy(update={"description": "very long " * 30, "benefits": ("two\nlines",)})
    assert points(long)[0] == "two lines" and not any("very long" in p for p in points(long))


def test_a_text_speaks_of_the_point_it_shares_most_words_with() -> None:
    assert point_of(BRIEF, "12 glasses from one bottle") == BOTTLE
    assert point_of(BRIEF, "Steeped 18 Hours") == STEEPED
    assert point_of(BRIEF, "Marlow Cold Brew") == ""  # the product's name is in every text
    assert point_of(BRIEF, "For toddlers and coffee") == "Parents of toddlers"


def test_an_angle_is_argued_from_the_points_that_suit_it() -> None:
    own = (BOTTLE, SHIPPING, RATED, STEEPED, GLASS, "There is no free trial")
    assert suited(BRIEF, "offer") == (SHIPPING,)  # what is denied is no offer
    assert suited(BRIEF, "proof") == (RATED, "Smooth, and no bitter end")
    assert suited(BRIEF, "benefit") == suited(BRIEF, "audience") == own  # neither the audience nor a review
    plain = Brief(product="Oak Desk", description="A desk of solid oak")
    assert suited(plain, "offer") == suited(plain, "audience") == ("A desk of solid oak",)
    assert suited(Brief(product="Oak", description="…"), "benefit") == ("",)


def test_a_narrow_slot_is_asked_about_clauses_too_on_every_other_pass() -> None:
    long = "uPVC and timber windows made in Halifax, fitted by our own teams; for older houses in and near Halifax"
    brief = Brief(product="Tunnock", description=long, benefits=("Ten-year guarantee",))
    parts = ("uPVC and timber windows made in Halifax", "fitted by our own teams; for older houses in and near Halifax")
    assert clauses(long) == list(parts)  # what begins with "for" says nothing alone
    whole = ("Ten-year guarantee", long)
    assert suited(brief, "benefit") == whole
    told = [w.point for w in wanted(brief, "headline", ["benefit"], 6)]
    assert told == [*whole, *parts, *whole]
    two_angles = [w.point for w in wanted(brief, "headline", ["benefit", "how"], 4)]
    assert two_angles == [whole[0], whole[1], whole[1], whole[0]]  # another angle begins with another point


@pytest.mark.parametrize(
    "point",
    [
        "$70, clay and firing of two pieces included",
        "Straps of rubber in 18, 20 and 22 mm with a steel buckle",
        "An app for logging headaches, sleep, meals and medicines, with a summary",
        "Short, as it is",
    ],
)
def test_lists_figures_and_short_points_are_not_cut(point: str) -> None:
    assert clauses(point) == [point]


def test_an_offer_or_proof_without_a_digit_is_found_as_the_angle_is() -> None:
    brief = Brief(product="Oak", description="Oak.", benefits=("Money-back guarantee", "Certified by FSC", "Solid top"))
    assert {"offer", "proof"} <= set(supported_angles(brief))
    assert suited(brief, "offer") == ("Money-back guarantee",) and suited(brief, "proof") == ("Certified by FSC",)


def test_wishes_go_through_angles_and_points_and_a_further_round_goes_on() -> None:
    wishes = wanted(BRIEF, "headline", ["benefit", "how", "offer"], 9)
    assert [w.angle for w in wishes] == ["benefit", "how", "offer"] * 3
    found = [w.point for w in wishes]
    assert found[:6] == [BOTTLE, SHIPPING, SHIPPING, SHIPPING, RATED, SHIPPING]
    assert all(found)  # the writer never chooses for itself
    assert wanted(BRIEF, "headline", ["benefit", "how", "offer"], 3, 6) == wishes[6:]
    assert {w.point for w in wanted(BRIEF, "headline", ["benefit"], 9)} == {*suited(BRIEF, "benefit")}


def test_a_long_slot_is_asked_about_two_points_that_fit_it_and_say_different_things() -> None:
    assert joined(BRIEF, BOTTLE, 0, 90) == f"{BOTTLE}. {SHIPPING}"
    assert joined(BRIEF, BOTTLE, 1, 90) == f"{BOTTLE}. {RATED}" and joined(BRIEF, "", 0, 90) == ""
    room = len(f"{BOTTLE}. {SHIPPING}.")  # the writer ends with a full stop
    assert joined(BRIEF, BOTTLE, 0, room) == f"{BOTTLE}. {SHIPPING}" and joined(BRIEF, BOTTLE, 0, 40) == BOTTLE
    said = Brief(
        product="Oak", description="Is it oak?", benefits=("solid oak frames", "frames of solid oak", "iOak fits")
    )
    named = said.model_copy(update={"brand_kit": BrandKit(names=("iOak",))})
    assert joined(said, "Is it new?", 0, 90) == "Is it new? Solid oak frames"
    assert joined(named, "solid oak frames", 0, 90) == "solid oak frames. iOak fits"  # not the same thing twice
    asked = [w.point for w in wanted(BRIEF, "description", ["benefit"], 6)]
    assert len(set(asked)) == 6 and all(len(p) < 90 and ". " in p for p in asked)
    one = [w.point for w in wanted(BRIEF, "description", ["offer", "how"], 8) if w.angle == "offer"]
    assert len(set(one)) == 4  # one point suits, and its company changes
    assert all(". " not in w.point for w in wanted(BRIEF, "headline", ["benefit"], 5))


def test_a_slot_that_leads_its_ad_is_asked_on_every_other_turn_to_say_what_the_product_is() -> None:
    feed = BRIEF.model_copy(update={"placement": "meta_feed"})
    asked = [w.point for w in wanted(feed, "primary_text", ["benefit"], 6)]
    assert [STEEPED in point for point in asked[::2]] == [True] * 3 and asked[2].endswith(STEEPED)
    assert len(set(asked)) == 6 and sum(STEEPED in point for point in asked) < 6
    assert not joined(BRIEF, BOTTLE, 0, 30, told=True).endswith(STEEPED)  # no room


def test_small_print_is_asked_for_only_where_little_else_is_left() -> None:
    small = "Return postage £4.50"
    some = BRIEF.model_copy(update={"benefits": (small, BOTTLE, SHIPPING)})
    assert small in points(some) and small not in suited(some, "benefit")
    few = Brief(product="Oak", description="A desk.", benefits=(small, "Arms fold flat"))
    assert small in suited(few, "benefit")


def test_a_long_text_that_says_two_things_speaks_of_two_points() -> None:
    both = "Concentrate steeped for 18 hours. Free shipping on 2 bottles or more."
    assert set(point_of(BRIEF, both, 90).split(". ")) == {STEEPED, SHIPPING}
    assert point_of(BRIEF, "Steeped for 18 hours", 90) == STEEPED


def test_the_prompt_names_the_point_on_its_last_line_on_one_line() -> None:
    assert request_lines(HEADLINE_30, "benefit", "two\nlines").endswith("\nAngle: Benefit\nPoint: two lines\n")
    assert request_lines(HEADLINE_30, "benefit").endswith("\nAngle: Benefit\n")


@pytest.mark.parametrize("knows", [True, False])
def test_only_a_writer_that_knows_points_is_asked_with_them(knows: bool) -> None:
    policy = Policy.__new__(Policy)
    policy.tokenizer, policy.state = tiny.tokenizer(), AdapterState("x", True, points=knows)
    lines = policy.tokenizer.decode(policy._request(HEADLINE_30, Wish("headline", "benefit", BOTTLE)))
    assert (f"Point: {BOTTLE}" in lines) is knows


def test_a_training_prompt_names_the_point_of_its_task() -> None:
    rows = rows_of([Task(BRIEF, "headline", "benefit", p) for p in (BOTTLE, "")], GrpoPlan(steps=1, groups=2))
    assert sorted("Point: " in row["prompt"] for row in rows) == [False, True]


def test_training_tasks_ask_each_brief_slot_and_angle_once() -> None:
    entry = Entry("x", "train", BRIEF, (CorpusText("headline_30", "benefit", (), "Steeped 18 hours"),))
    for tasks in (tasks_of([BRIEF]), ladder.tasks_of([entry])):
        assert len({t[1:3] for t in tasks}) == len(tasks) and all(t.point for t in tasks)
    assert {(t.slot, t.angle) for t in ladder.tasks_of([entry])} == {("headline", a) for a in supported_angles(BRIEF)}


@pytest.mark.parametrize(
    ("manifest", "knows"), [('{"points": true}', True), ("{}", False), ("[]", False), ("{", False)]
)
def test_an_adapter_says_whether_it_has_learned_points(tmp_path: Path, manifest: str, knows: bool) -> None:
    assert knows_points(tmp_path) is False
    (tmp_path / "manifest.json").write_text(manifest)
    assert knows_points(tmp_path) is knows
