"""The simulated advertiser: its taste by hand, what counts as a new text, and the whole way with a tiny policy."""

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.services import advertiser as service
from app.services import round_judges
from app.services import writing as room
from relate_engine import advertiser as engine
from relate_engine import draft, score
from relate_engine.advertiser import PHRASES, Taste, compare, direct, taste_of
from relate_engine.brief import Brief, BriefError
from relate_engine.config import ASSETS, Settings
from relate_engine.rewards.rules import load_rules
from relate_engine.scorecard import AdText
from tests.tiny_round import PLAN, brief, judges, write_policy
from tests.unit.studio import card

TASTE = Taste(seed=3, liked=0.5, tone=1.5, dislike=2.0, phrases=("free", "with a"))


def chance(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def test_acceptance_by_hand() -> None:
    """A headline aims at 30: 15 characters are half of it, so length alone is a coin's throw; 24 are 0.3 too many."""
    assert len("Oak desk, solid") == 15 and len("Oak desk, solid and long") == 24

    def accepts(text: str) -> float:
        return TASTE.accepts("google_rsa", "headline", text)

    assert accepts("Oak desk, solid") == pytest.approx(0.5)
    assert accepts("Oak desk, solid and long") == pytest.approx(chance(-8 * 0.3))
    assert accepts("Get a oak desk.") == pytest.approx(chance(1.5))  # an imperative first
    assert accepts("Oak for your ID") == pytest.approx(chance(1.5))  # speaks to its reader
    assert accepts("Oak with a free") == pytest.approx(chance(-4.0))  # two disliked phrases
    assert accepts("Oak, carefree ,") == pytest.approx(0.5)  # whole words only
    assert TASTE.accepts("google_rsa", "description", "Oak desk, solid") == pytest.approx(chance(8 * (0.5 - 15 / 90)))


def test_direct_texts() -> None:
    assert direct("Shop oak desks") and direct("Desks you keep") and direct("YOUR desk")
    assert not direct("Oak desks to shop") and not direct("Youth desks") and not direct("")


def test_a_taste_is_drawn_by_its_seed_and_its_verdicts_stay() -> None:
    assert taste_of(4) == taste_of(4) != taste_of(5)
    assert set(taste_of(4).phrases) <= set(PHRASES) and len(taste_of(4).phrases) == 5
    texts = [f"Oak desk no {i:03}" for i in range(1000)]
    said = [TASTE.verdict("google_rsa", "headline", t) for t in texts]
    assert said == [TASTE.verdict("google_rsa", "headline", t) for t in texts]
    assert 450 < sum(said) < 550  # 15 characters each: a coin's throw


def ad(text: str) -> AdText:
    return AdText(text, "headline", "benefit", "policy:p")


def test_only_new_texts_are_compared_brief_by_brief() -> None:
    """Of the first brief one text a side is new; the second has only a text that was judged, so it says nothing."""
    briefs = [Brief(product=p, description="A desk of solid oak.", placement="google_rsa") for p in ("A", "B")]
    judged = ["Now a desk of solid oak", "Judged as it is"]
    before = [[ad("Oak desk, solid and long"), ad("A desk of solid oak now")], [ad("judged as it is!")]]
    after = [[ad("Get a oak desk.")], [ad("Get a oak desk.")]]
    found = compare(TASTE, briefs, before, after, judged)
    old, new = chance(-2.4), chance(1.5)
    assert found["briefs"] == 1
    assert (found["before"]["texts"], found["before"]["left_out"], found["after"]["left_out"]) == (1, 2, 1)
    assert found["before"]["acceptance"] == pytest.approx(old, abs=1e-4)
    assert found["change"]["mean"] == pytest.approx(new - old, abs=1e-4)
    assert (found["after"]["direct"], found["after"]["width_of_aim"]) == (1.0, 0.5)
    with pytest.raises(ValueError, match="same briefs"):
        compare(TASTE, briefs[1:], before[1:], after[1:], judged)


def test_verdicts_a_round_and_new_texts_with_a_tiny_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts are given; they are stored, judged, frozen and trained on as in a studio, and a stopped run goes on."""
    base, adapter = write_policy(tmp_path / "policy")
    rules, drafts = load_rules(ASSETS / "rules"), []

    def drafted(policy: Any, rules: Any, brief: Brief, counts: dict[str, int], seed: int, *_: Any) -> list[AdText]:
        drafts.append(brief.product)
        draw = random.Random(seed)
        words = ["oak", "desk", "free", "with", "a", "solid", "drawer", "lamp", "get", "your"]
        texts = {" ".join(draw.sample(words, draw.randint(2, 5))) for _ in range(counts["headline"])}
        return [AdText(t, "headline", "benefit", f"policy:{policy.version}") for t in sorted(texts)]

    version = json.loads((adapter / "manifest.json").read_text())["version"]
    writer = SimpleNamespace(version=version, path="int8")
    fake = SimpleNamespace(rules=rules, version="rewards-1")
    monkeypatch.setattr(engine, "drafted", drafted)
    monkeypatch.setattr(room, "Room", lambda config: SimpleNamespace(policy=lambda: writer, rewards=lambda: fake))
    monkeypatch.setattr(score, "score_texts", lambda r, b, texts, path: [card(t.text, author=t.author) for t in texts])
    monkeypatch.setattr(draft, "load_policy", lambda *_: SimpleNamespace(version="new", path="int8"))
    monkeypatch.setattr(round_judges, "judges_of", lambda *_: judges())
    config = Settings(home=tmp_path, base_model=base, adapter=adapter, threads=1)
    train = [brief(f"Desk {i}") for i in range(30)]
    fresh = [brief(f"Lamp {i}") for i in range(6)]
    found = service.measured(
        config, train, fresh, 60, 4, replace(PLAN, preferences=replace(PLAN.preferences, epochs=1))
    )
    assert found["judged"]["verdicts"] == 60 and 0 < found["judged"]["picked"] < 60
    assert found["new"]["briefs"] == 6 and found["taste"]["seed"] == 4
    assert "grpo was skipped: it is switched off (0 steps)." in found["round"]["steps"]
    assert found["version"] != found["parent"] == version
    assert not set(drafts[: found["judged"]["briefs"]]) & {b.product for b in fresh}
    times = len(drafts)
    again = service.measured(config, train, fresh, 60, 4, PLAN)  # after a stop: drafts and the round's steps are kept
    assert len(drafts) == times and again["new"] == found["new"] and again["version"] == found["version"]
    with pytest.raises(BriefError, match="number of verdicts"):
        service.measured(config, train, fresh, 50, 4, PLAN)
    with pytest.raises(BriefError, match="--verdicts is 5"):
        service.advertiser(config, 5)
