"""Which preferences a round learns from: single verdicts or pairs, whichever weigh more."""

from dataclasses import replace

import pytest

from relate_engine.round_lessons import trainings
from relate_engine.round_plan import RoundPlan
from relate_engine.snapshot import ShownSet, training_briefs
from tests.tiny_round import brief, shown_text, snapshot

PRODUCT = training_briefs(snapshot())[0].product  # one that the round trains on


def singles(picked: int, rejected: int) -> list[ShownSet]:
    choices = ["picked"] * picked + ["rejected"] * rejected
    return [ShownSet(n, brief(PRODUCT), (shown_text(0, choice),)) for n, choice in enumerate(choices)]


def pairs(number: int, other: str = "rejected") -> list[ShownSet]:
    texts = (shown_text(0, other), shown_text(1, "picked"))
    return [ShownSet(1000 + n, brief(PRODUCT), texts) for n in range(number)]


def learned(*sets: ShownSet) -> tuple[str, str, str]:
    """The words about the preferences, the words about them if they are learned from, and why they are skipped."""
    _, (name, _, words, told, short), _ = trainings(replace(snapshot(sets=0), sets=sets), RoundPlan())
    assert name == "preferences"
    return words, told({"pairs": 8, "briefs": 6})[1], short


@pytest.mark.parametrize("number", [9, 10, 12])
def test_ten_pairs_do_not_silence_hundreds_of_single_verdicts(number: int) -> None:
    words = f"150 picks and 150 rejections without a counterpart (KTO), leaving out {number} pairs"
    assert learned(*singles(150, 150), *pairs(number)) == (words, words, "")


def test_what_weighs_more_teaches() -> None:
    """Forty single verdicts weigh 40; a picked text over one that was passed over a quarter of one over a rejected."""
    alone = singles(20, 20)
    assert "(KTO), leaving out 39 pairs" in learned(*alone, *pairs(39))[0]
    assert learned(*alone, *pairs(40)) == (
        "40 pairs of 40 shown sets (DPO), leaving out 40 single verdicts",
        "8 pairs of 6 shown sets (DPO), leaving out 40 single verdicts",
        "",
    )
    assert "(KTO), leaving out 159 pairs" in learned(*alone, *pairs(159, ""))[0]
    assert "160 pairs of 160 shown sets (DPO)" in learned(*alone, *pairs(160, ""))[0]


def test_single_verdicts_teach_only_where_both_signs_are_common() -> None:
    """19 of 319 are rejections."""
    assert "12 pairs of 12 shown sets (DPO), leaving out 319 single verdicts" in learned(*singles(300, 19), *pairs(12))
    assert "9 pairs outside the held-out briefs" in learned(*singles(300, 19), *pairs(9))[2]
    assert learned(*pairs(12))[0] == "12 pairs of 12 shown sets (DPO)"
