"""A base whose tokenizer adds a BOS: GRPO and KTO train on the prompts that everything else asks with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, get_peft_model
from tokenizers.processors import TemplateProcessing

from relate_engine.brief import BriefError
from relate_engine.training.credit import ARMS
from relate_engine.training.grpo import trainer_of
from relate_engine.training.grpo_plan import Task, rows_of
from relate_engine.training.kto import KtoPlan, adds_nothing
from relate_engine.training.kto import trainer_of as kto_trainer_of
from tests import tiny
from tests.tiny_round import ENDS, PLAN, brief, score

TASKS = [Task(brief(product), "headline", "benefit") for product in ("Oak Desk", "Elm Desk")]
PROMPT = rows_of(TASKS, PLAN.grpo)[0]["prompt"]


def with_bos() -> Any:
    """As Llama's and Gemma's: special tokens are added unless one asks for none."""
    made = tiny.tokenizer()
    made.bos_token = "<eos>"
    made._tokenizer.post_processor = TemplateProcessing(single="<eos> $A", special_tokens=[("<eos>", 256)])
    assert made(PROMPT)["input_ids"][0] == 256
    return made


def policy() -> Any:
    base = tiny.model(3)
    base.generation_config.eos_token_id = ENDS
    return get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))


def test_grpo_asks_with_the_tokens_of_serving(tmp_path: Path) -> None:
    tokenizer = with_bos()
    plan = replace(PLAN.grpo, rollouts="model")
    trainer = trainer_of(policy(), tokenizer, TASKS, ARMS["relate"], score, tmp_path, plan)
    ids, *_ = trainer._tokenize_prompts([PROMPT])
    assert ids == [tokenizer.encode(PROMPT, add_special_tokens=False)]
    assert tokenizer(PROMPT)["input_ids"][0] == 256  # the caller's is left as it was


def test_kto_asks_with_the_tokens_of_serving(tmp_path: Path) -> None:
    tokenizer = with_bos()
    rows = [{"prompt": PROMPT, "completion": "Solid oak", "label": i % 2 == 0} for i in range(8)]
    trainer = kto_trainer_of(policy(), tokenizer, rows, (1.0, 1.0), tmp_path, KtoPlan())
    row = trainer.train_dataset[0]
    assert row["prompt_ids"] == tokenizer.encode(PROMPT, add_special_tokens=False)
    assert row["completion_ids"] == [*tokenizer.encode("Solid oak", add_special_tokens=False), 256]


def test_a_tokenizer_that_adds_nothing_is_handed_on_and_one_that_always_adds_is_refused() -> None:
    plain = tiny.tokenizer()
    assert adds_nothing(plain, [PROMPT]) is plain

    class Stubborn(type(plain)):  # type: ignore[misc]
        def __call__(self, *args: Any, add_special_tokens: bool = True, **more: Any) -> Any:
            made = super().__call__(*args, add_special_tokens=False, **more)
            return {"input_ids": [256, *made["input_ids"]]}

        def encode(self, *args: Any, **more: Any) -> Any:
            return plain.encode(*args, **more)

    plain_ids = plain.encode(PROMPT, add_special_tokens=False)
    stubborn = tiny.tokenizer()
    stubborn.__class__ = Stubborn
    assert stubborn.encode(PROMPT) == plain_ids
    with pytest.raises(BriefError, match="tokens of its own around a prompt"):
        adds_nothing(stubborn, [PROMPT])
