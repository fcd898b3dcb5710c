"""The strength meter and Google's combinations, with points and counts worked out by hand."""

import pytest

from relate_engine.brief import Angle
from relate_engine.combinations import Combination, Line, combination, count, fold
from relate_engine.scorecard import finding
from relate_engine.strength import NOT_GOOGLES, Piece, names, strength
from tests.unit.studio import brief

DISTINCT = (
    "Lock Your Kayak in Seconds", "Two Boats, One Rack", "Off the Garage Floor", "Built for Small Flats",
    "Steel Arms, Soft Pads", "Mounts in an Hour", "Paddle More Weekends", "No Tools Needed",
    "Rust Proof Frame", "Made in Ohio", "Fits Canoes Too", "Quiet Latch",
)  # fmt: skip
ANGLES: tuple[Angle, ...] = ("benefit", "how", "problem", "curiosity")


def ad(headlines: int, descriptions: int = 2, paths: int = 0, angles: int = 3) -> list[Piece]:
    made = [Piece("headline", text, ANGLES[i % angles]) for i, text in enumerate(DISTINCT[:headlines])]
    lines = ("A wall rack that holds two kayaks.", "Lift, lock, walk away.", "Ships flat.", "Welds last ten years.")
    made += [Piece("description", text, ANGLES[i % angles]) for i, text in enumerate(lines[:descriptions])]
    return made + [Piece("path", text) for text in ("Racks", "Kayaks")[:paths]]


def points(found: object) -> dict[str, float]:
    return {part.name: part.earned for part in found.parts}  # type: ignore[attr-defined]


def test_the_least_ad_is_average_and_says_what_helps_most() -> None:
    found = strength(brief(), "google_rsa", ad(3))
    # headlines 3/15 of 30, descriptions 2/4 of 10; three of four angles; no keyword in the brief, so of 90
    assert points(found) == {"amount": 11, "variety": 20, "angles": 11.25, "freedom": 5, "rules": 5}
    assert found.score == pytest.approx(100 * 52.25 / 90) and found.level == "Average"
    # three headlines earn 6, two paths 5, two descriptions 5, a new angle 3.75
    assert found.actions[0] == "Add 3 headlines that argue from curiosity."
    assert found.actions[-1] == "Add a headline that argues from curiosity."
    assert found.stops == ()


def test_a_full_ad_is_excellent_and_leaves_little_to_do() -> None:
    found = strength(brief(), "google_rsa", ad(12, 4, 2, angles=4))
    assert points(found)["amount"] == 24 + 10 + 5
    assert found.level == "Excellent" and found.score == pytest.approx(100 * 84 / 90)
    assert found.actions == ("Add 3 headlines that argue from a benefit.",)


def test_an_ad_that_cannot_run_is_incomplete_and_says_why_first() -> None:
    short = strength(brief(), "google_rsa", ad(2, 1))
    assert (short.level, short.score) == ("Incomplete", 0.0)
    assert short.stops == (
        "Add 1 headline: the ad has 2 and needs 3.",
        "Add 1 description: the ad has 1 and needs 2.",
    )
    assert short.actions[:2] == short.stops
    pieces = [*ad(3), Piece("headline", "Cures everything", level="blocked"), Piece("path", "New", level=None)]
    assert strength(brief(), "google_rsa", pieces).stops == (
        "Mend or replace H4: it is blocked by a rule.",
        "Score P1: it has no scorecard yet.",
    )
    gap = finding("FMT-011", "structure", "block", "A pin cannot be served.", fix="Unpin it.", subject="ad")
    assert strength(brief(), "google_rsa", ad(3), [gap]).stops == ("A pin cannot be served. Unpin it.",)
    assert strength(brief(), "google_rsa", []).level == "Incomplete"


def test_texts_that_say_the_same_are_named() -> None:
    pieces = [*ad(3), Piece("headline", "LOCK your kayak in seconds", "benefit")]
    found = strength(brief(), "google_rsa", pieces)
    assert points(found)["variety"] == 15
    assert "Replace one of H1 and H4: they say the same." in found.actions


@pytest.mark.parametrize(("repeats", "first"), [(4, True), (5, False), (6, False)])
def test_a_repeat_is_replaced_first_only_where_one_less_earns(repeats: int, first: bool) -> None:
    """Variety costs 20 at most, 5 each: of five repeats one less earns nothing, and a keyword 5."""
    said = [Piece("headline", "lock YOUR kayak in seconds", "benefit") for _ in range(repeats)]
    pieces = [*ad(12 - repeats, 4, 2, angles=4), *said, *(Piece("headline", f"Word{i} alone") for i in range(3))]
    known = brief(keywords=("boat stand", "garage hooks"))
    found = strength(known, "google_rsa", pieces)
    same = [words.startswith("Replace one of") for words in found.actions]
    assert points(found)["variety"] == 20 - min(20, 5 * repeats)
    assert same[0] == first and any(same)  # told in any case, but not first where it earns nothing
    less = strength(known, "google_rsa", [p for p in pieces if p is not said[0]] + [Piece("headline", "Other words")])
    assert (less.score > found.score) == first


def test_a_capped_caution_says_what_clearing_it_earns() -> None:
    """Cautions cost 5 at most, 2 each: of four one less earns nothing, and the three texts together 3."""
    lines = [Piece("headline", f"Proof {word}", "benefit", level="caution") for word in ("one", "two", "three")]
    must = finding("FMT-012", "structure", "warn", "The brand kit wants these words.", fix="Add them.", subject="ad")
    found = strength(brief(), "google_rsa", [*ad(9, 4, 2, angles=4), *lines], [must])
    assert points(found)["rules"] == 0
    assert found.actions == (
        "Add 3 headlines that argue from the problem it ends.",
        "Look at H10, H11, H12 again: they carry cautions and may be refused.",
        "The brand kit wants these words. Add them.",
    )


def test_keywords_count_only_where_the_brief_has_some() -> None:
    with_words = brief(keywords=["kayak rack", "kayak lock", "boat stand", "garage hooks"])
    found = strength(with_words, "google_rsa", ad(3))
    # "Lock Your Kayak in Seconds" holds "kayak lock": one of three that count
    assert points(found)["keywords"] == pytest.approx(10 / 3)
    assert sum(part.possible for part in found.parts) == 100
    assert "Use the keyword “kayak rack” in a headline; 1 of 3 are there." in found.actions


def test_heavy_pinning_is_told() -> None:
    pieces = [Piece(p.slot, p.text, p.angle, pin=1 + i % 3 if i < 3 else None) for i, p in enumerate(ad(3))]
    found = strength(brief(), "google_rsa", pieces)
    assert points(found)["freedom"] == 0  # three of five pinned: 5 less 6
    assert any(words.startswith("Unpin what may stand anywhere: 3 of 5") for words in found.actions)
    assert "freedom" not in points(strength(brief(), "meta_feed", [Piece("primary_text", "Hello", "benefit")]))


def test_cautions_cost_and_are_named() -> None:
    pieces = [*ad(3), Piece("headline", "Needs proof here", "benefit", level="caution")]
    must = finding("FMT-012", "structure", "warn", "The brand kit wants these words.", fix="Add them.", subject="ad")
    found = strength(brief(), "google_rsa", pieces, [must])
    assert points(found)["rules"] == 1
    assert "The brand kit wants these words. Add them." in found.actions
    assert "Look at H4 again: it carries a caution and may be refused." in found.actions


def test_names_count_inside_a_slot() -> None:
    assert names(ad(2, 2, 1)) == ["H1", "H2", "D1", "D2", "P1"]
    assert "not Google's" in NOT_GOOGLES


def test_combinations_are_counted_with_pins() -> None:
    full = [Line("headline", str(i)) for i in range(15)] + [Line("description", str(i)) for i in range(4)]
    assert count(full) == 15 * 14 * 13 * 4 * 3
    pinned = [
        Line("headline", "a", 1), Line("headline", "b", 1), Line("headline", "c"), Line("headline", "d"),
        Line("description", "x", 2), Line("description", "y"),
    ]  # fmt: skip
    assert count(pinned) == 2 * 2  # a or b first; c and d in either order; y then x
    found = {combination(pinned, i) for i in range(4)}
    assert len(found) == 4
    assert all(f.headlines[0] in (0, 1) and set(f.headlines[1:]) == {2, 3} for f in found)
    assert {f.descriptions for f in found} == {(1, 0)}
    assert combination(pinned, 4) == combination(pinned, 0)
    assert combination([], 0) == Combination((), ()) and count([]) == 1


def test_every_number_is_a_combination_of_its_own() -> None:
    lines = [Line("headline", str(i)) for i in range(5)] + [Line("description", str(i)) for i in range(3)]
    assert len({combination(lines, i) for i in range(count(lines))}) == count(lines) == 60 * 6


def test_the_fold_cuts_at_words_and_counts_wide_letters_twice() -> None:
    assert fold("Short", 30) == ("Short", "")
    assert fold("The quick brown fox jumps over", 20) == ("The quick brown fox", "jumps over")
    assert fold("日本語日本語", 8) == ("日本語日", "本語")
    assert fold("one\ntwo", 30) == ("one two", "")
    assert fold("e\u0301e\u0301e\u0301", 2) == ("e\u0301e\u0301", "e\u0301")
    seen, rest = fold("مرحبا بكم في متجرنا الجديد", 12)
    assert seen == "مرحبا بكم في" and rest == "متجرنا الجديد"
