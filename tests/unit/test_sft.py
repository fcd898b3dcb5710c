"""The prefix-shared training layout: equal to training each text alone."""

import random

import pytest
import torch

from relate_engine.brief import Brief
from relate_engine.policy.prompt import prompt
from relate_engine.training.corpus import CorpusText, Entry
from relate_engine.training.sft import IGNORE, SharedPrefixCollator, draw, encode, targets_of, vary
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
