"""A round on the tiny random policy: base and adapter on disk, judges made in code, a workspace with feedback."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model

from relate_engine.brief import Brief
from relate_engine.heldout import HeldPlan, Judges
from relate_engine.policy.model import load_nf4
from relate_engine.round_plan import PREFERENCES, RoundPlan
from relate_engine.scorecard import Finding, Scorecard
from relate_engine.snapshot import Served, ShownSet, ShownText, Snapshot
from relate_engine.training.grpo_plan import GrpoPlan
from relate_engine.training.judge import Sampled
from relate_engine.training.kto import KtoPlan
from relate_engine.training.sft import save_adapter
from relate_engine.training.tuning import TunePlan
from tests import tiny
from tests.cards import card

ENDS = [256, *range(0, 256, 6)]  # so that the random policy's texts end
PLAN = RoundPlan(
    sft=TunePlan(epochs=2, sets_a_step=1, learning_rate=1e-2),
    preferences=replace(PREFERENCES, epochs=2, briefs_a_step=1, learning_rate=1e-2),
    kto=KtoPlan(epochs=2, learning_rate=1e-2),
    grpo=GrpoPlan(
        steps=4, groups=2, generations=4, tokens=12, micro_batch=8, learning_rate=1e-2, save_every=1, beta=0.04
    ),
    held=HeldPlan(briefs=2, texts=4, tokens=12),
)
PRODUCTS = ("Oak Desk", "Elm Desk", "Fir Desk", "Ash Desk")
HEADLINES = ("Solid oak", "Two drawers", "Made to last", "A desk for you", "Oak again", "Desk of oak")


def write_policy(folder: Path) -> tuple[str, Path]:
    """A tiny base on disk and an adapter trained on it: (base folder, adapter folder)."""
    base = tiny.model(3)
    base.generation_config.eos_token_id = ENDS
    base.save_pretrained(folder / "base")
    tiny.tokenizer().save_pretrained(folder / "base")
    lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(load_nf4(str(folder / "base"), torch.bfloat16), lora)
    generator = torch.Generator().manual_seed(9)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    save_adapter(model, str(folder / "base"), folder / "adapter", "sft", {}, points=True)
    return str(folder / "base"), folder / "adapter"


def score(asked: list[Sampled]) -> list[Scorecard]:
    """Vowels are worth something, and every early letter is a fault."""
    return [
        card(
            text,
            sum(c in "aeiou" for c in text) / len(text),
            [
                Finding("X", "correctness", "warn", "", start=i, end=i + 1, amount=-0.25)
                for i, c in enumerate(text)
                if c in "abcdefgh"
            ],
        )
        for _, _, _, text in asked
    ]


def judges(**more: Any) -> Judges:
    made = Judges(
        score=score,
        clicks=lambda texts: np.array([float(len(t)) for t in texts]),
        violations=lambda texts: np.zeros(len(texts)),
        sales=None,
        name="evaluator-test",
        floors={"clicks": -1.0, "sales": -1.0},
    )
    return replace(made, **more)


def brief(product: str) -> Brief:
    return Brief(product=product, description="A desk of solid wood.")


def shown_text(position: int, choice: Any = "", **more: Any) -> ShownText:
    given = {"id": position, "slot": "headline", "angle": "benefit", "text": HEADLINES[position], "author": "policy:p"}
    return ShownText(**given | {"position": position, "choice": choice} | more)


def snapshot(number: int = 1, sets: int = 2) -> Snapshot:
    """Four products; `sets` shown sets of each, with two picks, a rejection and an edit."""
    shown = [
        ShownSet(
            10 * k + n,
            brief(product),
            (
                shown_text(0, "picked"),
                shown_text(1, "rejected"),
                shown_text(2, edited="Made to last long"),
                shown_text(3, "picked"),
                shown_text(4),
            ),
        )
        for k, product in enumerate(PRODUCTS)
        for n in range(sets)
    ]
    policy = {"version": "sft-0", "sha256": "0", "in_use": ""}
    served = (Served(0, "headline", ("Oak served",)),)
    return Snapshot(1, number, tuple(map(brief, PRODUCTS)), tuple(shown), served, policy, "", "rules-1")
