"""RelateTrainer against TRL's own: where it must equal it, what it adds, and a run that is killed and resumed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from trl import GRPOTrainer

from relate_engine.brief import Brief, BriefError
from relate_engine.policy.model import load_nf4
from relate_engine.scorecard import Finding
from relate_engine.training.checkpoint import last_checkpoint
from relate_engine.training.credit import ARMS, Arm
from relate_engine.training.grpo import RelateTrainer, train_grpo, trainer_of
from relate_engine.training.grpo_plan import GrpoPlan, Task, config_of, rows_of
from relate_engine.training.judge import Judge, Sampled
from relate_engine.training.samples import read_groups
from relate_engine.training.sft import save_adapter
from relate_engine.training.steplog import read_steps
from tests import tiny
from tests.cards import card
from tests.tiny_round import ENDS, score

TOKENIZER = tiny.tokenizer()
BRIEFS = [Brief(product=f"{n} Desk", description="A desk of solid oak.") for n in ("Oak", "Elm", "Fir", "Ash")]
TASKS = [Task(b, "headline", a) for b in BRIEFS for a in ("benefit", "how")]
PLAN = GrpoPlan(steps=3, groups=2, generations=4, tokens=12, micro_batch=8, learning_rate=1e-2, beta=0.04, save_every=2)
STOCK = replace(PLAN, rollouts="stock", losses="stock", delta=None)


def policy() -> Any:
    """The tiny policy with a LoRA that already does something, in float32."""
    base = tiny.model(3)
    base.generation_config.eos_token_id = ENDS
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    move(model)
    return model


def move(model: Any) -> None:
    generator = torch.Generator().manual_seed(9)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)


def relate(work: Path, arm: Arm = ARMS["relate"], plan: GrpoPlan = PLAN, score: Any = score) -> RelateTrainer:
    return trainer_of(policy(), TOKENIZER, TASKS, arm, score, work, plan)


def weights(trainer: Any) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in trainer.model.named_parameters() if p.requires_grad}


def generated(trainer: RelateTrainer) -> dict[str, Any]:
    """One generation batch with its advantages, and the trainer ready to compute losses on it."""
    trainer.current_gradient_accumulation_steps = 1
    trainer.model.train()
    rows = [dict(trainer.train_dataset[i]) for i in range(PLAN.groups) for _ in range(PLAN.generations)]
    return trainer._generate_and_score_completions(rows)


def test_exactly_three_methods_are_overridden() -> None:
    assert {n for n in vars(RelateTrainer) if hasattr(GRPOTrainer, n) and not n.startswith("__")} - {"_name"} == {
        "_generate_single_turn",
        "_generate_and_score_completions",
        "_get_per_token_logps_and_entropies",
    }


def test_without_token_credit_training_is_stock_trl_step_for_step(tmp_path: Path) -> None:
    """Losses, gradient norms and weights after three steps; once by weight 0 of every finding, once by λ = 0."""
    arm = ARMS["relate"]
    model = policy()
    judge = Judge(arm, score, TOKENIZER, ENDS, PLAN.generations)
    stock = GRPOTrainer(
        model=model,
        reward_funcs=judge.reward_functions(),
        args=config_of(STOCK, arm, tmp_path / "stock"),
        train_dataset=Dataset.from_list(rows_of(TASKS, STOCK)),
        processing_class=TOKENIZER,
    )
    stock.train()
    assert len({h["reward"] for h in stock.state.log_history if "reward" in h}) == 3
    for other in (replace(arm, token=dict.fromkeys(arm.token, 0.0)), replace(arm, credit=0.0)):
        ours = relate(tmp_path / "ours", other, STOCK)
        ours.train()
        for mine, theirs in zip(ours.state.log_history, stock.state.log_history, strict=True):
            assert all(mine[k] == theirs[k] for k in ("loss", "grad_norm", "kl", "entropy") if k in theirs)
        assert all(torch.equal(weights(ours)[n], w) for n, w in weights(stock).items())
    credited = relate(tmp_path / "credited", arm, STOCK)
    credited.train()
    assert not all(torch.equal(weights(credited)[n], w) for n, w in weights(stock).items())


@pytest.mark.parametrize("loss", ["dapo", "grpo", "dr_grpo", "bnpo", "cispo", "sapo", "vespo"])
def test_advantages_constant_over_a_text_equal_one_number_a_text(tmp_path: Path, loss: str) -> None:
    trainer = relate(tmp_path, plan=replace(STOCK, delta=4.0))
    inputs = generated(trainer)
    each = torch.randn(len(inputs["advantages"]), generator=torch.Generator().manual_seed(2))
    trainer.loss_type = loss
    losses, gradients = [], []
    for given in (each, each[:, None].expand_as(inputs["completion_mask"])):
        trainer.model.zero_grad()
        value = trainer._compute_loss(trainer.model, inputs | {"advantages": given})
        value.backward()
        losses.append(value.item())
        gradients.append(torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert torch.allclose(*gradients, atol=1e-6)


def test_shared_losses_equal_trl_on_fixed_completions(tmp_path: Path) -> None:
    """Loss, gradient and KL of one generation batch, its rows shuffled as TRL does."""
    trainer = relate(tmp_path, plan=replace(STOCK, beta=0.3))
    inputs = generated(trainer)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    inputs = {k: v[order] if v.ndim else v for k, v in inputs.items()}
    inputs["old_per_token_logps"] = inputs["ref_per_token_logps"] - 0.1  # a ratio that is not 1
    with torch.no_grad():
        for parameter in weights(trainer).values():
            assert parameter.dtype == torch.float32
        for name, parameter in trainer.model.named_parameters():
            if "lora_B.default" in name:
                parameter *= 1.5  # so that there is a KL to the reference
    found = []
    for losses in ("stock", "shared"):
        trainer.plan = replace(trainer.plan, losses=losses)
        trainer.model.zero_grad()
        trainer._metrics["train"].clear()
        value = trainer._compute_loss(trainer.model, inputs)
        value.backward()
        gradient = torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None])
        found.append((value.item(), gradient, trainer._metrics["train"]["kl"][0]))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-4) and found[0][2] > 1e-3
    assert found[0][2] == pytest.approx(found[1][2], abs=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-4)
    references = []
    for losses in ("stock", "shared"):  # of the policy that the round started from, not of the one it has become
        trainer.plan = replace(trainer.plan, losses=losses)
        torch.manual_seed(4)
        references.append(generated(trainer)["ref_per_token_logps"])
    assert torch.allclose(*references, atol=1e-4)


def test_rollouts_give_the_loss_the_samplers_log_probabilities(tmp_path: Path) -> None:
    """Sampled by the model itself in float32 the ratio is 1: its log-probabilities are those of the loss."""
    trainer = relate(tmp_path, plan=replace(PLAN, rollouts="model"))
    inputs = generated(trainer)
    assert inputs["advantages"].shape == inputs["completion_mask"].shape
    ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
    mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
    with torch.no_grad():
        own, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, mask, inputs["completion_ids"].shape[1]
        )
    seen = inputs["completion_mask"].bool()
    assert torch.allclose(own[seen], inputs["old_per_token_logps"][seen], atol=1e-4)


def test_m4_and_relate_move_a_text_by_the_same_sum_on_the_same_batch(tmp_path: Path) -> None:
    sums, maps = [], []
    for name in ("m4", "relate"):
        inputs = generated(relate(tmp_path, ARMS[name], replace(PLAN, rollouts="model")))
        sums.append(inputs["advantages"].sum(1))
        maps.append(inputs["advantages"])
    assert torch.allclose(*sums, atol=1e-4) and not torch.allclose(*maps, atol=1e-2)


def test_truncated_texts_can_be_left_out_of_the_loss(tmp_path: Path) -> None:
    trainer = relate(tmp_path, plan=replace(PLAN, rollouts="model", tokens=4, mask_truncated=True))
    inputs = generated(trainer)
    open_ended = ~torch.isin(inputs["completion_ids"], torch.tensor(ENDS)).any(1)
    assert open_ended.any() and not open_ended.all()
    assert not inputs["advantages"][open_ended].any() and inputs["advantages"][~open_ended].any()


@pytest.mark.parametrize(
    "judge",
    [
        lambda asked: [card(t, 0.5) for _, _, _, t in asked],  # all equal
        lambda asked: [card(t, 0.0, [Finding("B", "compliance", "block", "", amount=-1.0)]) for _, _, _, t in asked],
        lambda asked: [card(t, 0.5 if n % 3 else float("nan")) for n, (_, _, _, t) in enumerate(asked)],
    ],
    ids=["equal rewards", "all blocked", "not a number"],
)
def test_poor_batches_train_on_with_finite_numbers(tmp_path: Path, judge: Callable[[Sequence[Sampled]], Any]) -> None:
    flat = replace(ARMS["relate"], sentence={"ctcvr": 1.0})
    trainer = relate(tmp_path, flat, replace(PLAN, rollouts="model"), judge)
    trainer.train()
    assert all(torch.isfinite(w).all() for w in weights(trainer).values())
    assert all(h["loss"] == h["loss"] for h in trainer.state.log_history if "loss" in h)


def test_too_few_tasks_are_refused_and_no_step_holds_a_task_twice() -> None:
    with pytest.raises(BriefError, match="needs 2 different tasks"):
        rows_of([TASKS[0], TASKS[0]], PLAN)
    rows = rows_of(TASKS[:5], replace(PLAN, steps=20))
    assert len(rows) == 40
    assert all(rows[i] != rows[i + 1] for i in range(0, 40, 2)) and len({r["prompt"] for r in rows}) == 5


def test_a_step_writes_for_one_brief_and_slot_where_it_can() -> None:
    """Three briefs with five headlines each, two a step: in a pass two steps a brief, and two of what is left."""
    briefs = [TASKS[0].brief.model_copy(update={"product": name}) for name in ("Cup", "Jug", "Bowl")]
    tasks = [Task(b, "headline", "benefit", point) for b in briefs for point in "abcde"]
    rows = rows_of(tasks, replace(PLAN, steps=8))
    assert len({r["prompt"] for r in rows}) == 15 and len(rows) == 16  # all of them, and one to fill up
    alike = [rows[i]["brief"] == rows[i + 1]["brief"] for i in range(0, 16, 2)]
    assert alike.count(True) in {6, 7}  # the one that fills up may be of the same brief
    alone = [Task(b, "headline", "benefit") for b in briefs]  # a brief each, and one of them twice to fill up
    rows = rows_of(alone, replace(PLAN, steps=2))
    assert len({r["brief"] for r in rows}) == 3 and all(rows[i] != rows[i + 1] for i in (0, 2))


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A tiny base on disk, and an adapter that was trained on it."""
    folder = tmp_path_factory.mktemp("base")
    base = tiny.model(3)
    base.generation_config.eos_token_id = ENDS
    base.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    model = get_peft_model(
        load_nf4(str(folder), torch.bfloat16), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    move(model)
    save_adapter(model, str(folder), folder / "parent", "sft", {}, points=True)
    return str(folder), folder / "parent"


class KilledError(Exception):
    pass


def test_a_killed_run_resumes_to_the_same_weights(writer: tuple[str, Path], tmp_path: Path) -> None:
    plan = replace(PLAN, steps=5)

    def run(name: str, **more: Any) -> dict[str, Any]:
        return train_grpo(
            *writer, TASKS, ARMS["relate"], score, tmp_path / f"{name}-out", tmp_path / name, plan, **more
        )

    def die(done: int, total: int, metrics: dict[str, float]) -> None:
        assert total == 5 and "reward" in metrics and "judged/ended" in metrics
        if done == 3:
            raise KilledError

    whole = run("whole")
    with pytest.raises(KilledError):
        run("killed", report=die)
    assert not (tmp_path / "killed-out").exists()
    dead = read_groups(tmp_path / "killed" / "samples.jsonl")
    half = tmp_path / "killed" / "checkpoint-9"  # as a kill while it was being written leaves it
    half.mkdir()
    assert last_checkpoint(tmp_path / "killed") == str(tmp_path / "killed" / "checkpoint-2")
    resumed = run("killed", resume=True)
    assert resumed["sha256"] == whole["sha256"] and resumed["reward"] == whole["reward"]
    a, b = (load_file(tmp_path / n / "checkpoint-5" / "adapter_model.safetensors") for n in ("whole", "killed"))
    assert a and all(torch.equal(a[n], b[n]) and a[n].dtype == torch.float32 for n in a)
    started = load_file(writer[1] / "adapter_model.safetensors")
    ended = load_file(tmp_path / "whole-out" / "adapter_model.safetensors")
    assert any(not torch.equal(started[n], ended[n]) for n in ended)
    assert sorted(p.name for p in (tmp_path / "whole-out").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
        "samples.jsonl",
        "steps.jsonl",
    ]
    kept, again = (read_steps(tmp_path / n / "steps.jsonl") for n in ("whole-out", "killed-out"))
    assert [row["step"] for row in kept] == [1, 2, 3, 4, 5]
    assert [row["reward"] for row in kept] == [row["reward"] for row in again]
    ahead = [g.step for g in dead]  # the kill came after step 3, the checkpoint before it
    groups, anew = (read_groups(tmp_path / n / "samples.jsonl") for n in ("whole-out", "killed-out"))
    assert ahead == [1, 2, 3] and [g.step for g in groups] == [1, 2, 3, 4, 5]
    assert groups == anew and all(len(g.texts) == 4 for g in groups)
    for group in groups:  # what was kept is what the loss was given
        for text in group.texts:
            assert text.advantage == pytest.approx((text.reward - group.mean) / (group.std + 1e-4), abs=2e-3)
            assert not any(w.fault and not w.why for w in text.words) and "".join(text.text.split()) == "".join(
                text.text[w.start : w.end] for w in text.words
            )
    assert any(w.credit < 0 for g in groups for t in g.texts for w in t.words)
    manifest = json.loads((tmp_path / "whole-out" / "manifest.json").read_text())
    assert manifest["version"].startswith("relate-") and manifest["arm"]["spread"] == "token"


def test_an_untrained_parent_is_refused(writer: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="trained writer to start from"):
        train_grpo(writer[0], tmp_path / "none", TASKS, ARMS["m1"], score, tmp_path / "o", tmp_path / "w", PLAN)
