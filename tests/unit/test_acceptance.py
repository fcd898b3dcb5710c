"""What best-of-N chooses by: signals worked by hand, denials, and the shipped fit."""

import json
import math
from pathlib import Path

import pytest

from relate_engine.brief import Brief
from relate_engine.config import ASSETS
from relate_engine.policy.acceptance import (
    SIGNALS,
    Acceptance,
    denies,
    load_acceptance,
    signals,
    train_acceptance,
)

BRIEF = Brief(
    product="Lumen Toaster",
    description="A toaster with a window and a slide-out crumb tray.",
    benefits=("window to watch the toast", "no plastic inside"),
)


def test_signals_by_hand() -> None:
    got = dict(zip(SIGNALS, signals("Window to watch your bagel", [-1.0, -0.5, -1.5], 0.9, BRIEF), strict=True))
    assert got["likelihood"] == -3.0 and got["per_token"] == -1.0
    assert got["strangers"] == 1 and got["grounded"] == pytest.approx(2 / 3)  # window, watch; not bagel
    assert got["copied"] == pytest.approx(3 / 5)  # "window to watch" of five words
    assert (got["asks"], got["relevance"], got["words"]) == (0.0, 0.9, 5.0)


def test_the_probability_is_the_logistic_of_standardised_signals() -> None:
    fit = Acceptance((1.0, 0.0), (2.0, 1.0), (3.0, -1.0), 0.5, "x")
    assert fit.probability((2.0, 0.25)) == pytest.approx(1 / (1 + math.exp(-(0.5 + 3 * 0.5 - 0.25))))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("No crumb tray to watch", True),
        ("Never a window", True),
        ("No plastic inside", False),
        ("There isn't any plastic", False),
        ("A window and a tray", False),
        ("Nothing but toast", False),
    ],
)
def test_denying_what_the_brief_affirms(text: str, wrong: bool) -> None:
    assert denies(text, BRIEF) is wrong


def test_the_shipped_fit_is_reproduced_by_its_command(tmp_path: Path) -> None:
    shipped = json.loads((ASSETS / "heads" / "acceptance" / "acceptance.json").read_text())
    again = train_acceptance(ASSETS / "judged" / "drafts.jsonl", tmp_path)
    assert again["data_sha256"] == shipped["data_sha256"]
    assert again["weights"] == pytest.approx(shipped["weights"], abs=1e-6)
    assert again["auc_grouped_cv"] == shipped["auc_grouped_cv"]
    assert load_acceptance(tmp_path).probability([0.0] * len(SIGNALS)) > 0


def test_a_missing_fit_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="relate train acceptance"):
        load_acceptance(tmp_path)
