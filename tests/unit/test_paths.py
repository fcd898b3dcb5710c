"""Display paths: whole words, never the opposite of the brief, never one that the rules refuse."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from relate_engine import draft as engine
from relate_engine.brief import Brief, width
from relate_engine.config import ASSETS
from relate_engine.policy.paths import LIMIT, paths
from relate_engine.policy.writer import Wish
from relate_engine.rewards.rules import load_rules
from tests.unit.studio import card


def brief(**more: object) -> Brief:
    return Brief.model_validate({"product": "Zed", "description": "A thing that is sold."} | more)


def test_letters_of_every_alphabet_stay_whole() -> None:
    assert paths(brief(product="Jalapeño Pete"), 1) == ["Jalapeño-Pete"]
    assert paths(brief(keywords=["crème brûlée"]), 1) == ["Crème-Brûlée"]
    assert paths(brief(keywords=["kid’s bikes"]), 1) == ["Kids-Bikes"]


@pytest.mark.parametrize(
    ("point", "path"),
    [("anti-slip mats", "Anti-Slip-Mats"), ("anti-theft backpack", "Anti-Theft"), ("3D printer", "3D-Printer"),
     ("wi‑fi extender", "Wi-Fi-Extender"), ("5G phone plan", "5G-Phone"), ("pre-loved clothing", "Pre-Loved"),
     ("Vitamin D3", "Vitamin-D3"), ("fee-only financial advice", "Fee-Only"), ("e-bike hire", "E-Bike-Hire"),
     ("2.5mm cable", "Cable"), ("from $129-a-night cabins", "Cabins"), ("20-litre pack", "Pack"),
     ("10,000 songs", "Songs"), ("CR-2032 cells", "CR-2032-Cells")],
)  # fmt: skip
def test_a_word_with_a_hyphen_or_a_figure_is_never_cut(point: str, path: str) -> None:
    assert paths(brief(keywords=[point]), 1) == [path]


@pytest.mark.parametrize(
    "point",
    ["No hidden fees", "Never tested on animals", "sugar-free gum", "Ships without plastic", "not tested", "Won't rust",
     "non-slip soles", "Free of parabens", "zero waste"],
)  # fmt: skip
def test_a_point_that_denies_is_left_alone(point: str) -> None:
    assert paths(brief(benefits=[point]), 2) == []
    assert paths(brief(benefits=[point, "Free shipping"]), 2) == ["Free-Shipping"]


def test_a_refused_path_gives_way_to_the_next() -> None:
    asked: list[str] = []

    def refuses(label: str) -> str:
        asked.append(label)
        return "never say" if "Cheap" in label else ""

    assert paths(brief(keywords=["cheap shoes", "wool socks", "felt hats"]), 2, refuses) == ["Shoes", "Wool-Socks"]
    assert asked == ["Cheap-Shoes", "Cheap", "Shoes", "Wool-Socks"]
    assert all(width(label) <= LIMIT for label in asked)


class Policy:
    """Writes what it is told to, in place of the model."""

    version, path = "writer-1", "int8"
    acceptance = SimpleNamespace(probability=lambda *_: 0.9)

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.texts = texts

    def write(
        self, _brief: Brief, wishes: Sequence[Wish], *_: object, worn: object = None
    ) -> Iterator[tuple[Wish, Any]]:
        for wish, text in zip(wishes, self.texts, strict=False):
            yield wish, SimpleNamespace(text=text, why="", ids=(0,), logprobs=())


@pytest.fixture
def rewards(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The real rules; scores are stand-ins."""
    monkeypatch.setattr(engine, "score_texts", lambda _r, _b, texts, *_: [card(t.text, t.slot) for t in texts])
    monkeypatch.setattr(engine, "relevance", lambda _e, texts, _b: [(1.0, [])] * len(texts))
    monkeypatch.setattr(engine, "signals", lambda *_: ())
    rules = load_rules(ASSETS / "rules")
    return SimpleNamespace(rules=rules, encoder=None, version="ctr-1")


def drafted(events: Iterator[Any]) -> Any:
    return [event for event in events if isinstance(event, engine.Drafted)][-1].draft


def test_a_draft_shows_no_blocked_path_and_says_why(rewards: Any) -> None:
    asked = brief(keywords=["cheap shoes", "wool socks"], brand_kit={"never_say": ["cheap"]})
    made = drafted(engine.draft(Policy(), rewards, asked, {"path": 2}))  # type: ignore[arg-type]
    assert [c.text for c in made.candidates] == ["Shoes", "Wool-Socks"]
    reasons = {drop.text: drop.reason for drop in made.dropped}
    assert set(reasons) == {"Cheap-Shoes", "Cheap"} and reasons["Cheap"].startswith("EDT-020")


def test_a_whole_draft_says_which_must_say_is_missing(rewards: Any) -> None:
    asked = brief(placement="generic", brand_kit={"must_say": ["Since 1986"]})
    made = drafted(engine.draft(Policy(), rewards, asked, {"headline": 5, "body": 3}))  # type: ignore[arg-type]
    assert any("Since 1986" in finding.message for finding in made.ad_findings)


def test_progress_counts_what_this_draft_wrote(rewards: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "refusal", lambda *_: "")
    policy: Any = Policy(["First text", "Second text", "Third text"])
    events = engine.draft(policy, rewards, brief(), {"headline": 2}, served=[f"served {i}" for i in range(40)])
    told = [(e.done, e.total, e.label) for e in events if isinstance(e, engine.Progress)]
    assert told == [
        (1, 2, "1 texts written"), (2, 2, "2 texts written"), (2, 2, "3 texts written"), (2, 2, "Scoring"),
    ]  # fmt: skip
