"""The words of ads that the dictionary is too old or too American for, and slips in the same words."""

import pytest

from relate_engine.rewards.correctness import correctness


@pytest.mark.parametrize(
    "text",
    [
        "new tyres, kerbs, cheques and pyjamas for draughty flats in a marvellous neighbourhood",
        "campervans, homeware, prosecco and an ensuite",
        "hoodies, gummies, webinars and chatbots",
        "glamping, soundbars, ziplines, airfryers and pre-loved coats",
    ],
)
def test_everyday_words_of_ads_are_known(text: str) -> None:
    assert correctness(text, None) == []


@pytest.mark.parametrize("slip", ["hoddies", "webinarr", "kerbb", "glampping", "marvelllous", "neighborhod"])
def test_slips_in_them_are_found(slip: str) -> None:
    text = f"the {slip} here"
    assert [(f.rule_id, text[f.start : f.end]) for f in correctness(text, None)] == [("EDT-016", slip)]
