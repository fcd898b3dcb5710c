"""What best-of-N chooses by: signals worked by hand, denials, and the shipped fit."""

import json
import math
from pathlib import Path

import pytest

from app.services.training import ACCEPTED, EARLIER, judged_briefs
from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.policy.acceptance import (
    KINDS,
    SIGNALS,
    Acceptance,
    Fit,
    kind_of,
    load_acceptance,
    signals,
)
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.training.acceptance import train_acceptance

BRIEF = Brief(
    product="Lumen Toaster",
    description="A toaster with a window and a slide-out crumb tray.",
    benefits=("window to watch the toast", "no plastic inside"),
    audience="keen cooks",
)


def of(text: str, aim: int = 30, logprobs: tuple[float, ...] = (-1.0,)) -> dict[str, float]:
    return dict(zip(SIGNALS, signals(text, aim, logprobs, 0.9, BRIEF), strict=True))


def test_signals_by_hand() -> None:
    got = of("Window to watch your bagel", logprobs=(-1.0, -0.5, -1.5))
    assert (got["likelihood"], got["per_token"], got["least"]) == (-3.0, -1.0, -1.5)
    assert got["strangers"] == 1  # bagel; not window, watch
    assert got["copied"] == pytest.approx(3 / 5)  # "window to watch" of five words
    assert got["seams"] == pytest.approx(3 / 5)  # that run, "your", "bagel"
    assert (got["asks"], got["relevance"], got["words"]) == (0.0, 0.9, 5.0)
    assert (got["bare"], got["audience"], got["figure"], got["says_what"]) == (0.0, 0.0, 0.0, 0.0)
    assert got["filled"] == pytest.approx(26 / 30) and (got["points"], got["sentences"]) == (0.0, 1.0)
    assert got["covers"] == pytest.approx(2 / 3)  # of window, watch, toast
    got = of('For cooks: "a window"?', 90)
    names = ("strangers", "copied", "seams", "words", "asks", "names_audience", "colon", "quotes", "audience", "few")
    assert {n: got[n] for n in names} == {
        "strangers": 0.0, "copied": pytest.approx(2 / 4), "seams": pytest.approx(3 / 4), "words": 4.0, "asks": 1.0,
        "names_audience": 1.0, "colon": 1.0, "quotes": 1.0, "audience": 0.5, "few": 1.0,
    }  # fmt: skip
    assert got["stop"] == 1.0 and of("A toaster with a window")["says_what"] == 1.0


def test_where_a_sentence_was_cut_out_of_the_brief() -> None:
    names = ("verbatim", "cut_before", "cut_after", "in_benefit")
    for text, expected in (
        ("No plastic inside", (1, 0, 0, 1)),
        ("Window to watch", (1, 0, 1, 1)),  # "the toast" follows
        ("Watch the toast", (1, 1, 0, 1)),
        ("A window and a slide-out crumb tray.", (1, 1, 0, 0)),  # a sentence of the description ends there
        ("No plastic. Ever seen?", (0.5, 0, 0.5, 0.5)),  # of two sentences one stands there
        ("No crumbs inside", (0, 0, 0, 0)),
    ):
        assert tuple(of(text)[n] for n in names) == expected, text
    assert of("No plastic inside")["points"] == 1.0 and of("No plastic inside")["covered"] == 1.0
    assert of("Window to watch")["covered"] == pytest.approx(15 / 25)
    assert of("Toasting with a window")["doing"] == 1.0 and of("Toaster with a window")["doing"] == 0.0
    assert of("A slide-out tray")["opening"] == 1.0  # both words stand in the description's first sentence


def test_the_products_name_alone_and_the_audience_alone_say_nothing() -> None:
    assert of("The Lumen Toaster")["bare"] == 1.0 and of("Lumen: 2 Crumb Trays")["bare"] == 0.0
    assert of("For Keen Cooks")["audience"] == 1.0 and of("Lumen: 2 Crumb Trays")["figure"] == 1.0


def test_the_probability_is_the_logistic_of_standardised_signals_of_the_slots_own_fit() -> None:
    fit, other = Fit((1.0, 0.0), (2.0, 1.0), (3.0, -1.0), 0.5), Fit((0.0, 0.0), (1.0, 1.0), (0.0, 0.0), 0.0)
    both = Acceptance({"short": fit, "long": other, "leading": other}, "x")
    assert both.probability((2.0, 0.25), 30) == pytest.approx(1 / (1 + math.exp(-(0.5 + 3 * 0.5 - 0.25))))
    assert both.probability((2.0, 0.25), 90) == both.probability((9.0, 9.0), 125) == 0.5


def test_each_slot_is_of_a_kind() -> None:
    found = {kind: {slot for slot, t in TEMPLATES.items() if kind_of(t.aim) == kind} for kind in KINDS}
    assert found["leading"] == {("meta_feed", "primary_text"), ("generic", "body")}
    assert found["long"] == {("google_rsa", "description")} and len(found["short"]) == 4


def test_the_shipped_fit_is_reproduced_by_its_command(tmp_path: Path) -> None:
    shipped = json.loads((ASSETS / "heads" / "acceptance" / "acceptance.json").read_text())
    again = train_acceptance(ACCEPTED, EARLIER, judged_briefs(), tmp_path)
    assert again["data_sha256"] == shipped["data_sha256"]
    for kind in KINDS:
        assert again["fits"][kind]["weights"] == pytest.approx(shipped["fits"][kind]["weights"], abs=1e-6)
    assert again["auc_by_kind"] == shipped["auc_by_kind"]
    assert load_acceptance(tmp_path).probability([0.0] * len(SIGNALS), 30) > 0


def test_a_missing_fit_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="relate train acceptance"):
        load_acceptance(tmp_path)
