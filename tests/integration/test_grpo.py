"""Two steps of RelateTrainer on the real base with the shipped writer, and how far its int8 rollouts drift."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from relate_engine.brief import Brief, placement_of
from relate_engine.config import ASSETS, WRITER
from relate_engine.policy.model import load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.prompt import TEMPLATES, brief_lines, prompt, request_lines
from relate_engine.policy.weights import policy_folder
from relate_engine.score import load_rewards
from relate_engine.scorecard import Finding, Scorecard
from relate_engine.training.corpus import read_corpus
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import RelateTrainer, trainer_of
from relate_engine.training.grpo_plan import GrpoPlan, Task
from relate_engine.training.judge import Sampled
from relate_engine.training.scoring import scorer
from tests.cards import card

PLAN = GrpoPlan(steps=2, groups=2, generations=8, tokens=24, micro_batch=8, learning_rate=1e-4)


def score(asked: list[Sampled]) -> list[Scorecard]:
    """Worth: how many words of the brief a text holds. Fault: an exclamation mark."""
    cards = []
    for brief, _, _, text in asked:
        words, known = text.lower().split(), brief.facts.lower()
        faults = [
            Finding("X", "compliance", "warn", "", start=i, end=i + 1, amount=-0.25)
            for i, c in enumerate(text)
            if c == "!"
        ]
        cards.append(card(text, sum(w in known for w in words) / len(words), faults))
    return cards


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_two_steps_on_the_real_base(cache: Path, tmp_path: Path, one_thread: None) -> None:
    """The adapter moves, stays in float32, and the int8 sampler is close to the policy that is trained."""
    folder = policy_folder("smollm2", cache)
    tokenizer = load_tokenizer(folder)
    briefs = [e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "test"][:2]
    tasks = [Task(b, slot_of(b), "benefit") for b in briefs]
    for task in tasks:  # the prompt as one string has the tokens that serving feeds in two parts
        template = TEMPLATES[task.brief.placement, task.slot]
        parts = tokenizer.encode(brief_lines(task.brief)) + tokenizer.encode(request_lines(template, task.angle))
        assert tokenizer(text=[prompt(task.brief, template, task.angle)])["input_ids"] == [parts]
    model, state = put_adapter(load_nf4(folder, training_dtype()), WRITER, folder, trainable=True)
    assert state.trained, state.problem
    seen: list[dict[str, float]] = []
    trainer = trainer_of(
        model, tokenizer, tasks, ARMS["relate"], score, tmp_path, PLAN, lambda done, total, m: seen.append(m)
    )
    before = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
    trainer.train()
    assert len(seen) == 2 and all(m["loss"] == m["loss"] for m in seen)
    assert seen[0]["judged/ended"] > 0.5
    moved = [n for n, p in model.named_parameters() if n in before and not torch.equal(p, before[n])]
    assert moved and all(b.dtype == torch.float32 and ".default." in n for n, b in before.items())

    drift, ratio = drift_of(trainer)
    print(f"int8 rollouts: mean |Δ log-probability| {drift.mean():.3f}, mean ratio {ratio.mean():.3f},", end=" ")
    outside = ((ratio - 1).abs() > PLAN.epsilon).float().mean()
    print(f"outside the clip {outside:.1%} of {len(ratio)} tokens")
    assert drift.mean() < 0.25 and 0.9 < ratio.mean() < 1.1 and outside < 0.2


def drift_of(trainer: RelateTrainer) -> tuple[torch.Tensor, torch.Tensor]:
    """|log π - log π_int8| and the ratio π / π_int8 of each token of a fresh batch."""
    trainer.plan = replace(trainer.plan, seed=5)
    rows: list[dict[str, Any]] = [dict(trainer.train_dataset[i]) for i in range(2) for _ in range(PLAN.generations)]
    trainer.model.train()
    inputs = trainer._generate_and_score_completions(rows)
    ids, mask = (torch.cat([inputs[f"prompt_{k}"], inputs[f"completion_{k}"]], 1) for k in ("ids", "mask"))
    with torch.no_grad():
        own, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, mask, inputs["completion_ids"].shape[1]
        )
    apart = (own - inputs["old_per_token_logps"])[inputs["completion_mask"].bool()]
    return apart.abs(), apart.exp()


def test_the_scorecard_rewards_and_a_copy_is_told(cache: Path) -> None:
    """Eight times one text is no way round the diversity reward, and other groups are no mates."""
    brief, other = [e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "test"][:2]
    texts = ["Quiet mornings with good tea", "Quiet mornings with good tea", "Nothing like the rest of them"]
    asked = [Sampled(brief, slot_of(brief), "benefit", t) for t in texts]
    asked += [Sampled(other, slot_of(other), "benefit", texts[0])]
    cards = scorer(load_rewards(cache, ASSETS), served=["nothing like the sea at dawn"])(asked)
    assert [c.text for c in cards] == [*texts, texts[0]]
    assert cards[0].rewards["diversity"] < 0.6 and cards[0].rewards["diversity"] == cards[1].rewards["diversity"]
    assert any(f.reward == "diversity" and (f.start, f.end) == (0, len(texts[0])) for f in cards[0].findings)
    assert 0.6 < cards[2].rewards["diversity"] < 1  # a phrase of a served text
    assert cards[3].rewards["diversity"] == 1
    assert all(0 <= c.rewards["ctcvr"] <= 1 for c in cards)


def test_an_ads_texts_are_mates_whatever_their_angle_and_two_words_are_a_run_in_a_headline(cache: Path) -> None:
    whole = next(e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "test")
    rewards = load_rewards(cache, ASSETS)
    texts = {"benefit": "Quiet mornings with tea", "proof": "Tea for quiet mornings", "offer": "Order before noon"}

    def runs(placement: Literal["google_rsa", "meta_feed"], slot: str) -> list[list[str]]:
        brief = whole.model_copy(update={"placement": placement})
        cards = scorer(rewards)([Sampled(brief, slot, angle, text) for angle, text in texts.items()])
        return [[c.text[f.start : f.end] for f in c.findings if f.rule_id == "DIV-001"] for c in cards]

    assert runs("google_rsa", "headline") == [["Quiet mornings"], ["quiet mornings"], []]
    assert runs("meta_feed", "primary_text") == [[], [], []]  # longer texts may share two words, as on a card


def slot_of(brief: Brief) -> str:
    return next(s.name for s in placement_of(brief.placement).slots)
