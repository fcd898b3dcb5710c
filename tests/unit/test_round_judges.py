"""Whom a round is judged by: texts held against their own brief's, and a judge of sales that no reward has informed."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.services import importing, learning, round_judges
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.config import ASSETS
from relate_engine.evaluators import sales
from relate_engine.results.observation import Observation
from relate_engine.rewards.learned import run_key
from relate_engine.snapshot import Served, Snapshot
from relate_engine.training import scoring
from relate_engine.training.families import families, split_off
from relate_engine.training.judge import Sampled
from relate_engine.training.rewardversion import make_version
from tests.cards import card
from tests.unit.studio import fresh, person
from tests.unit.test_learning import SETTING
from tests.unit.test_round_rewards import context

DESK = Brief(product="Oak Desk", description="A desk of solid oak.", benefits=("two drawers",))
LAMP = Brief(product="Elm Lamp", description="A lamp of elm.")


def test_a_text_is_held_against_what_its_own_brief_was_given_in_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A brief that was saved twice counts as one; a brief that was given nothing is held against nothing."""
    held: list[tuple[str, str, tuple[str, ...]]] = []

    def score_texts(_: Any, brief: Brief, texts: Sequence[Any], served: Sequence[str]) -> list[Any]:
        held.append((brief.product, texts[0].slot, tuple(served)))
        return [card(t.text, 0.5, []) for t in texts]

    monkeypatch.setattr(scoring, "score_texts", score_texts)
    served = (
        Served(0, "headline", ("Solid oak",)),
        Served(1, "headline", ("Lights up",)),
        Served(1, "description", ("A lamp.",)),
        Served(2, "headline", ("Oak again",)),
    )
    again = parse_brief(DESK.model_dump(mode="json"))
    frozen = Snapshot(1, 1, (DESK, LAMP, again), (), served, {}, "", "")
    score = round_judges.against_served(SimpleNamespace(), frozen)  # type: ignore[arg-type]
    asked = [
        Sampled(LAMP, "headline", "benefit", "a"),
        Sampled(Brief.model_validate_json(DESK.model_dump_json()), "headline", "benefit", "b"),  # as training reads it
        Sampled(LAMP, "headline", "benefit", "c"),
        Sampled(LAMP, "description", "benefit", "d"),
        Sampled(DESK, "description", "benefit", "e"),
    ]
    assert [c.text for c in score(asked)] == ["a", "b", "c", "d", "e"]
    assert held == [
        ("Elm Lamp", "headline", ("Lights up",)),
        ("Oak Desk", "headline", ("Solid oak", "Oak again")),
        ("Elm Lamp", "description", ("A lamp.",)),
        ("Oak Desk", "description", ()),
    ]


def run_tests(first: int, last: int) -> list[Observation]:
    """Randomised tests of two texts each."""
    return [
        Observation(
            f"Desk {n} {k}", "headline", "google_rsa", 900, 30, 3.0, "buy", group=f"test {n}", workspace="1", brief=DESK
        )
        for n in range(first, last)
        for k in "ab"
    ]


def test_the_sales_judge_leaves_out_tests_that_the_reward_model_in_use_has_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version of nine tests has learned all of them: none could be spared. Of 60 tests some of those are kept."""
    db = fresh(tmp_path)
    ana = person(db, "analyst")
    job = context(db, ana, tmp_path)
    given: list[Sequence[Observation]] = []

    def evaluator(kept: Sequence[Observation], *_: Any) -> tuple[None, str]:
        given.append(kept)
        return None, "not asked"

    monkeypatch.setattr(sales, "sales_evaluator", evaluator)
    monkeypatch.setattr(importing, "observations", lambda *_: run_tests(0, 60))
    folder = learning.rewards_folder(job.config, ana.workspace_id)
    shipped = ASSETS / "evaluators" / "ctr"
    made = make_version(run_tests(0, 9), SETTING, folder, shipped, "a test", lambda *_: None)
    newer = make_version(run_tests(0, 60), SETTING, folder, shipped, "a test", lambda *_: None)
    for version in ("", made["version"], newer["version"]):
        assert round_judges.sales_judge(job, ana, version) == (False, "not asked")
    everything, left, all_kept = ({o.group for o in rows} for rows in given)
    early = {o.group for o in run_tests(0, 9)}
    assert everything & early and left == everything - early and all_kept == everything

    with pytest.raises(BriefError, match="reward-none cannot be read; run `relate train rewards`"):
        round_judges.sales_judge(job, ana, "reward-none")


def test_a_family_goes_whole() -> None:
    rows = run_tests(0, 3)
    joined = [*rows, *(Observation("Desk 1 b", "headline", "google_rsa", 9, 1, group="test 2", brief=LAMP),)]
    keys = {run_key("Desk 1 a", DESK.product)}
    assert len(set(families(joined))) == 2 and split_off(joined)[1] == []
    assert {o.group for o in round_judges.unlearned(joined, keys)} == {"test 0"}
    assert round_judges.unlearned(joined, {run_key("Desk 1 a", LAMP.product)}) == joined  # of another product
