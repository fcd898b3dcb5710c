"""The prefix-shared training layout: equal to training each text alone."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import TrainerCallback

from relate_engine.brief import Brief
from relate_engine.policy.points import point_of
from relate_engine.policy.prompt import prompt
from relate_engine.training.corpus import CorpusText, Entry, template_for
from relate_engine.training.preferences import Collator, PreferencePlan, PreferenceTrainer
from relate_engine.training.sft import (
    IGNORE,
    PrefixSftTrainer,
    SharedPrefixCollator,
    draw,
    encode,
    prefix_config,
    targets_of,
    vary,
)
from tests import tiny

TOKENIZER = tiny.tokenizer()
MODEL = tiny.model(3)
BRIEF = Brief(product="Oak Desk", description="A desk of solid oak.", benefits=("fits small rooms", "two drawers"),
              audience="students", tone="plain", vertical="furniture")  # fmt: skip
TEXTS = (
    CorpusText("headline_30", "benefit", ("benefits[0]",), "Solid oak, small room"),
    CorpusText("description_90", "how", ("description",), "Two drawers and a top of solid oak."),
    CorpusText("headline_60", "audience", ("audience",), "A desk for students"),
)


def separate_losses() -> list[torch.Tensor]:
    """Negative log-likelihood of each completion token, each text in a sequence of its own."""
    losses = []
    for text in targets_of(BRIEF, TEXTS, random.Random(0)):
        before = TOKENIZER.encode(prompt(BRIEF, text.template, text.angle, text.point))
        ids = before + TOKENIZER.encode(text.text) + [TOKENIZER.eos_token_id]
        with torch.inference_mode():
            logits = MODEL(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
        target = torch.tensor(ids[1:])
        losses.append(-logits[torch.arange(len(target)), target][len(before) - 1 :])
    return losses


def test_shared_prefix_loss_equals_separate_sequences() -> None:
    batch = SharedPrefixCollator(TOKENIZER.pad_token_id)(
        [encode(TOKENIZER, BRIEF, targets_of(BRIEF, texts, random.Random(0))) for texts in (TEXTS, TEXTS[:1])]
    )
    with torch.inference_mode():
        logits = MODEL(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], position_ids=batch["position_ids"]
        ).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    first = labels[0] != IGNORE
    shared = torch.nn.functional.cross_entropy(logits[0][first], labels[0][first], reduction="none")
    assert shared.tolist() == pytest.approx(torch.cat(separate_losses()).tolist(), abs=1e-4)
    assert (labels[1] != IGNORE).sum() == len(TOKENIZER.encode(TEXTS[0].text)) + 1  # completion and EOS only


def test_most_texts_are_asked_for_by_their_point() -> None:
    targets = [t for i in range(200) for t in targets_of(BRIEF, TEXTS[:1], random.Random(i))]
    assert {t.point for t in targets} == {"", "fits small rooms"}
    assert 0.75 < sum(bool(t.point) for t in targets) / len(targets) < 0.95


def test_long_texts_are_asked_about_as_a_round_asks_about_them() -> None:
    """About two points, as `tune` does; served texts are too."""
    long = replace(TEXTS[1], text="Fits small rooms. Two drawers and a top of solid oak.")
    found = {t.point for i in range(40) for t in targets_of(BRIEF, [long], random.Random(i))}
    assert found == {"", point_of(BRIEF, long.text, template_for(long).aim)} == {"", "fits small rooms. Two drawers"}
    assert all(t.point in ("", "fits small rooms") for t in targets_of(BRIEF, TEXTS[:1], random.Random(0)))


@pytest.mark.parametrize("kind", ["texts", "pairs"])
def test_a_step_of_sequences_one_by_one_has_the_gradients_of_the_batch(tmp_path: Path, kind: str) -> None:
    """Three steps over seven sequences of different lengths, the last of three: what the optimiser is given."""
    texts = [TEXTS, TEXTS[:1], TEXTS[1:], TEXTS[:2], TEXTS[2:], TEXTS, TEXTS[1:2]]

    def trained(batch: int) -> tuple[list[dict[str, torch.Tensor]], list[float]]:
        lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
        torch.manual_seed(1)
        model = get_peft_model(tiny.model(3), lora)
        rows: list[dict[str, Any]] = [
            encode(TOKENIZER, BRIEF, targets_of(BRIEF, some, random.Random(0))) for some in texts
        ]
        for row, some in zip(rows, texts, strict=True):
            pairs = [[0, 1]] if len(some) > 1 else []
            passed = [True, *[False] * (len(some) - 1)]
            row |= {"passed": passed, "pairs": pairs, "weights": [0.5] * len(pairs), "reference": [-60.0] * len(some)}
        args = prefix_config(tmp_path, 3, 1e-2, 0, 0, save_steps=100, logging_steps=1)
        assert (args.per_device_train_batch_size, args.gradient_accumulation_steps) == (1, 3)
        args.per_device_train_batch_size, args.gradient_accumulation_steps = batch, 3 // batch
        collate = (Collator if kind == "pairs" else SharedPrefixCollator)(TOKENIZER.pad_token_id)
        trainer = (PreferenceTrainer if kind == "pairs" else PrefixSftTrainer)(
            model=model,
            args=args,
            train_dataset=Dataset.from_list(rows),
            data_collator=collate,
            processing_class=TOKENIZER,
        )
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        trainer.plan = PreferencePlan()
        seen: list[dict[str, torch.Tensor]] = []

        class Look(TrainerCallback):
            def on_pre_optimizer_step(self, *_: Any, **more: Any) -> None:
                seen.append({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})

        trainer.add_callback(Look())
        trainer.train()
        return seen, [h["loss"] for h in trainer.state.log_history if "loss" in h]

    (one, said), (whole, told) = trained(1), trained(3)
    assert len(one) == len(whole) == 3 and said == pytest.approx(told, abs=1e-3)
    assert max(float(g.abs().max()) for g in whole[2].values()) > 1e-3
    for found, expected in zip(one, whole, strict=True):
        assert found.keys() == expected.keys()
        assert all(torch.allclose(found[n], expected[n], atol=1e-5, rtol=0) for n in expected)


def test_variation_drops_only_fields_no_text_uses() -> None:
    entry = Entry("x", "train", BRIEF, TEXTS)
    seen = [vary(entry, random.Random(i))[0] for i in range(40)]
    assert all(b.audience == "students" for b in seen)  # a text uses it
    assert {b.tone for b in seen} == {"", "plain"}
    assert all(sorted(b.benefits) == sorted(BRIEF.benefits) for b in seen)


def test_a_pass_draws_two_thirds_short_headlines_and_takes_what_there_is() -> None:
    def texts(heads: int, others: int) -> list[CorpusText]:
        slots = ["headline_30"] * heads + ["primary_125"] * others
        return [CorpusText(slot=s, angle="benefit", uses=(), text=f"{s} {i}") for i, s in enumerate(slots)]

    def drawn(heads: int, others: int, count: int | None) -> tuple[int, int]:
        slots = [t.slot for t in draw(texts(heads, others), count)]
        return slots.count("headline_30"), slots.count("primary_125")

    assert drawn(14, 10, None) == (14, 10)
    assert drawn(14, 10, 12) == (8, 4)
    assert drawn(3, 10, 12) == (3, 9)  # few headlines leave room for others
    assert drawn(14, 2, 12) == (8, 2)
