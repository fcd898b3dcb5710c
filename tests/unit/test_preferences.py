"""Preference training: the loss against values computed text by text and TRL's own, and pairs only inside a slot."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from trl import DPOConfig, DPOTrainer

from relate_engine.brief import Brief
from relate_engine.judging import Judged
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.training import preferences
from relate_engine.training.preferences import (
    Collator,
    PreferencePlan,
    _rows,
    branch_logps,
    fewest,
    kept_aside,
    pairs_of,
    preference_loss,
    train_preferences,
    worth_learning,
)
from relate_engine.training.sft import Target, encode
from tests import tiny
from tests.tiny_round import write_policy

TOKENIZER = tiny.tokenizer()
MODEL = get_peft_model(tiny.model(3), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")).eval()
BRIEF = Brief(product="Oak Desk", description="A desk of solid oak.", benefits=("two drawers",))
JUDGED = (
    Judged("headline", "google_rsa", "benefit", "Solid oak", True),
    Judged("headline", "google_rsa", "how", "Oak oak desk", False),
    Judged("description", "google_rsa", "how", "Two drawers of oak.", True),
    Judged("headline", "meta_feed", "benefit", "Desk the", False),
)


def alone(text: Judged) -> float:
    """Log-probability of one completion with its EOS, in a sequence of its own."""
    before = TOKENIZER.encode(
        prompt(BRIEF, TEMPLATES[text.placement, text.slot], text.angle, point_of(BRIEF, text.text))
    )
    ids = before + TOKENIZER.encode(text.text) + [TOKENIZER.eos_token_id]
    with torch.inference_mode():
        logits = MODEL(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
    target = torch.tensor(ids[1:])
    return float(logits[torch.arange(len(target)), target][len(before) - 1 :].sum())


def test_pairs_stay_inside_a_slot_of_a_placement() -> None:
    assert pairs_of(JUDGED) == [(0, 1)]


def test_what_judges_the_training_shares_no_brief_with_it() -> None:
    """Whole products, first come first; where each has one brief, simply the first ones, as it was for the writer."""

    def of(*products: str) -> list[Brief]:
        return [BRIEF.model_copy(update={"product": p}) for p in products]

    assert kept_aside(of("a", "b", "c", "d"), 2) == {"a", "b"}
    assert kept_aside(of("a", "b", "A", "c", "a", "d"), 2) == {"b", "c"}  # three of a do not fit
    assert kept_aside(of("a", "b", "A", "c", "a", "d"), 4) == {"a", "b"}
    assert kept_aside(of("a", "a"), 1) == set() and kept_aside(of("a"), 0) == set()


def test_the_split_of_a_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What `train_preferences` encodes as held out and as learned: 30 briefs of one set each, and 10 of three each."""
    encoded: list[list[str]] = []

    class StopError(Exception):
        pass

    def rows(tokenizer: Any, briefs: Any, *_: Any) -> list[Any]:
        encoded.append([brief.product for brief, _, _ in briefs])
        if len(encoded) % 2 == 0:
            raise StopError
        return []

    monkeypatch.setattr(preferences, "_rows", rows)
    base, parent = write_policy(tmp_path)

    def split(products: list[str]) -> tuple[list[str], list[str]]:
        judged = [(BRIEF.model_copy(update={"product": p}), JUDGED) for p in products]
        with pytest.raises(StopError):
            train_preferences(base, parent, judged, {}, tmp_path / "out", tmp_path / "work", PreferencePlan())
        return encoded[-2], encoded[-1]

    once = [f"Desk {n}" for n in range(30)]
    as_before = list(once)
    random.Random(0).shuffle(as_before)
    assert split(once) == (as_before[:12], as_before[12:])
    held, learned = split([f"Desk {n % 10}" for n in range(30)])
    assert len(held) == 12 and not set(held) & set(learned) and len(held) + len(learned) == 30


def test_a_text_is_learned_as_an_answer_to_what_it_was_asked_about() -> None:
    asked = [replace(JUDGED[0], point="two drawers"), JUDGED[0]]
    rows = _rows(TOKENIZER, [(BRIEF, asked, {})], MODEL, Collator(TOKENIZER.pad_token_id), points=True)
    text = TOKENIZER.decode(rows[0]["input_ids"])
    assert text.count("Point: two drawers") == 1 and text.count(f"Point: {point_of(BRIEF, 'Solid oak')}") == 1


def test_a_long_text_of_which_nobody_knows_what_was_asked_is_asked_about_two_points() -> None:
    room = BRIEF.model_copy(update={"benefits": ("two drawers", "fits small rooms")})
    long = replace(JUDGED[2], text="Fits small rooms. Two drawers and a top of solid oak.")
    rows = _rows(TOKENIZER, [(room, [long], {})], MODEL, Collator(TOKENIZER.pad_token_id), points=True)
    assert "Point: fits small rooms. Two drawers\n" in TOKENIZER.decode(rows[0]["input_ids"])


def test_of_a_large_shown_set_the_texts_that_say_most_are_learned_from() -> None:
    """A hundred headlines, of which one is picked, one far below it rejected; and three descriptions beside them."""
    texts = [replace(JUDGED[1], text=f"Oak {n}", passed=n == 5) for n in range(100)]
    texts += [replace(JUDGED[2], text=f"Two drawers of oak {n}.", passed=n == 0) for n in range(3)]
    weights = {(5, n): 1.0 if n == 80 else 0.25 / (1 + max(0, n - 5)) for n in range(100) if n != 5}
    weights |= {(100, 101): 0.25, (100, 102): 0.25}
    kept, pairs = fewest(texts, weights)
    assert [j.text for j in kept[:12]] == [f"Oak {n}" for n in (*range(11), 80)]
    assert kept[12:] == texts[100:] and len(pairs) == 13
    where = {j.text: n for n, j in enumerate(kept)}
    assert pairs == {
        (where[texts[i].text], where[texts[j].text]): w
        for (i, j), w in weights.items()
        if {texts[i].text, texts[j].text} <= where.keys()
    }
    many = [replace(j, passed=n < 30) for n, j in enumerate(texts[:100])]
    kept, pairs = fewest(many, {(i, j): 0.25 for i in range(30) for j in range(30, 100)})
    assert kept == many[:34] and len(pairs) == 30 * 4  # all that passed, and some to hold them against
    assert fewest(JUDGED, {(0, 1): 1.0}) == (list(JUDGED), {(0, 1): 1.0})


def test_a_training_holds_no_more_of_a_shown_set(tmp_path: Path) -> None:
    base, parent = write_policy(tmp_path)
    texts = [replace(JUDGED[1], text=f"Oak {n}", passed=n == 0) for n in range(20)]
    weights = [{(0, n): 0.25 for n in range(1, 20)}]
    plan = PreferencePlan(validation=0)
    told = train_preferences(
        base, parent, [(BRIEF, texts)], {}, tmp_path / "out", tmp_path / "work", plan, weighted=weights
    )
    assert (told["texts"], told["pairs"]) == (12, 11)
    told = train_preferences(base, parent, [(BRIEF, texts)], {}, tmp_path / "out", tmp_path / "work", plan)
    assert (told["texts"], told["pairs"]) == (20, 19)  # judged files are no shown sets, and of a known size


def test_a_short_answer_where_two_sentences_were_asked_for_is_no_model() -> None:
    short = replace(JUDGED[2], point="two drawers. A desk of solid oak")  # 19 of 90 characters
    assert not worth_learning(short) and all(worth_learning(j) for j in JUDGED)  # of these nobody knows what was asked
    assert worth_learning(replace(short, passed=False)) and worth_learning(replace(short, slot="headline"))
    assert worth_learning(replace(short, text="Two drawers of oak, and a top wide enough for two."))


def test_loss_equals_the_equation_worked_out_text_by_text() -> None:
    targets = [Target(TEMPLATES[j.placement, j.slot], j.angle, j.text, point_of(BRIEF, j.text)) for j in JUDGED]
    reference = [-30.0, -31.0, -50.0, -28.0]
    told = {"passed": [j.passed for j in JUDGED], "pairs": pairs_of(JUDGED), "reference": reference}
    told["weights"] = [1.0]
    batch = Collator(TOKENIZER.pad_token_id)([{**encode(TOKENIZER, BRIEF, targets), **told}])
    with torch.inference_mode():
        logps, tokens = branch_logps(MODEL, batch)
        loss = preference_loss(logps, tokens, batch["judged"], beta=0.1, anchor=0.2)
    own = [alone(j) for j in JUDGED]
    assert logps[0].tolist() == pytest.approx(own, abs=1e-3)
    margin = 0.1 * ((own[0] + 30) - (own[1] + 31))
    anchor = -(own[0] + own[2]) / (len("Solid oak") + len("Two drawers of oak.") + 2)
    assert float(loss) == pytest.approx(math.log1p(math.exp(-margin)) + 0.2 * anchor, abs=1e-4)


def _move(model: Any, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if ".default." in name:
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)


def test_one_pair_of_weight_one_without_anchor_is_trls_dpo(tmp_path: Path) -> None:
    """Loss and gradients, when the policy has left the one it started from, which both take as the reference."""
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(tiny.model(3), lora).eval()
    _move(model, 1)
    pair = [replace(text, angle="benefit", point="two drawers") for text in JUDGED[:2]]
    collate = Collator(TOKENIZER.pad_token_id)
    rows = _rows(TOKENIZER, [(BRIEF, pair, {(0, 1): 1.0})], model, collate, points=True)
    asked = prompt(BRIEF, TEMPLATES["google_rsa", "headline"], "benefit", "two drawers")
    stock = DPOTrainer(
        model=model,
        args=DPOConfig(
            output_dir=str(tmp_path), beta=0.1, use_cpu=True, bf16=False, max_length=None, report_to="none",
            gradient_checkpointing=False, dataloader_pin_memory=False,
        ),
        train_dataset=Dataset.from_list([{"prompt": asked, "chosen": pair[0].text, "rejected": pair[1].text}]),
        processing_class=TOKENIZER,
    )  # fmt: skip
    _move(model, 2)

    def gradients(loss: torch.Tensor) -> dict[str, torch.Tensor]:
        model.zero_grad()
        loss.backward()
        return {n: p.grad.clone() for n, p in model.named_parameters() if ".default." in n and p.grad is not None}

    theirs = stock.compute_loss(stock.model, next(iter(stock.get_train_dataloader())))
    expected = gradients(theirs)
    batch = collate(rows)
    ours = preference_loss(*branch_logps(model, batch), batch["judged"], beta=0.1, anchor=0.0)
    found = gradients(ours)
    assert abs(theirs.item() - math.log(2)) > 1e-3  # what it is at the start
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    assert found.keys() == expected.keys() and max(float(g.abs().max()) for g in expected.values()) > 1e-3
    for name, gradient in expected.items():
        assert torch.allclose(found[name], gradient, atol=1e-5, rtol=0), name


def test_a_weak_pair_counts_its_weight_and_alone_moves_a_brief_little() -> None:
    """Gains 1, 0, -1 (beta 1, reference 0): -log σ of 1 is 0.3133, of 2 is 0.1269."""
    logps, tokens = torch.tensor([[1.0, 0.0, -1.0]]), torch.ones(1, 3)

    def loss(pairs: list[tuple[int, int]], weights: list[float]) -> float:
        told = {"passed": [True, False, False], "pairs": pairs, "weights": weights, "reference": [0.0] * 3}
        return float(preference_loss(logps, tokens, [told], beta=1.0, anchor=0.0))

    assert loss([(0, 1), (0, 2)], [1.0, 1.0]) == pytest.approx((0.31326 + 0.12693) / 2, abs=1e-4)
    assert loss([(0, 1), (0, 2)], [1.0, 0.25]) == pytest.approx((0.31326 + 0.25 * 0.12693) / 1.25, abs=1e-4)
    assert loss([(0, 1)], [0.125]) == pytest.approx(0.125 * 0.31326, abs=1e-4)
