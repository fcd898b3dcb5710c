"""The texts that are kept of a run: which ones, what they tell by hand, and a file that is never doubled or torn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from relate_engine.brief import Brief
from relate_engine.scorecard import Finding
from relate_engine.training.credit import ARMS, advantages
from relate_engine.training.judge import Judge
from relate_engine.training.samples import (
    LONGEST,
    MOST,
    SampledGroup,
    SampledText,
    SampledWord,
    group_of,
    is_kept,
    keep_group,
    read_groups,
)
from tests import tiny
from tests.cards import card

TOKENIZER = tiny.tokenizer()
ROW = {"brief": Brief(product="Oak <b>Desk", description="A desk.").model_dump_json(), "slot": "headline",
       "angle": "how"}  # fmt: skip
BAD = Finding("X-1", "compliance", "block", "Bad.", start=0, end=3, amount=-1.0)
LAST = Finding("X-2", "correctness", "warn", "Stops early.", start=9, end=9, amount=-0.25)


def group(texts: list[str], found: list[Finding], arm: str = "relate", open_at: int = -1) -> SampledGroup:
    """One group as training keeps it, with all word weights and λ 1; the findings are those of its first text."""
    plain = replace(ARMS[arm], credit=1.0, token=dict.fromkeys(ARMS[arm].token, 1.0))
    judge = Judge(
        plain, lambda asked: [card(s.text, 0.25, found) if s.text == texts[0] else card(s.text) for s in asked],
        TOKENIZER, [TOKENIZER.eos_token_id], len(texts),
    )  # fmt: skip
    ids = [TOKENIZER.encode(t) + [TOKENIZER.eos_token_id] * (n != open_at) for n, t in enumerate(texts)]
    n = len(texts)
    columns = {name: [value] * n for name, value in ROW.items()}
    values = [f(completion_ids=ids, log_metric=lambda k, v: None, **columns) for f in judge.reward_functions()]
    total = sum(w * torch.tensor(v) for w, v in zip(judge.arm.sentence.values(), values, strict=True))
    assert isinstance(total, torch.Tensor)
    sentence = (total - total.mean()) / (total.std() + 1e-4)
    width = max(map(len, ids))
    mask = torch.tensor([[t < len(row) for t in range(width)] for row in ids])
    z, counted = judge.credits(width)
    own = (advantages(sentence, z, counted, mask.float(), n, judge.arm) - sentence[:, None]) * counted
    return group_of(7, ROW, judge, sentence.tolist(), own.tolist())


def test_a_group_tells_by_hand_what_its_words_and_texts_earned() -> None:
    """10 and 9 tokens with their ends, three of them at -1: the group's mean of z is -3/19."""
    made = group(["bad words", "oak desk"], [BAD])
    assert (made.step, made.product, made.placement, made.slot, made.angle, made.size) == (
        7, "Oak <b>Desk", "google_rsa", "headline", "how", 2,
    )  # fmt: skip
    bad, oak = made.texts
    assert bad.rewards == {"length": 0.6, "format": 1.0, "ctcvr": 0.25} and bad.reward == 1.8  # 0.5, 1 and 2 times
    assert oak.reward == pytest.approx(2.2667) and made.mean == pytest.approx(2.0333)
    assert made.std == pytest.approx(0.33, abs=1e-4) and bad.advantage == pytest.approx(-0.7069, abs=1e-3)
    assert bad.words[0] == SampledWord(0, 3, round((-1 + 3 / 19) / 0.5, 4), -1.0, ("X-1: Bad.",))
    assert [(w.credit, w.fault, w.why) for w in (bad.words[1], *oak.words)] == [(round(3 / 19 / 0.5, 4), 0.0, ())] * 3


def test_what_stands_behind_the_last_word_counts_as_its() -> None:
    made = group(["bad words", "oak desk"], [LAST])  # on the token that ends the text
    assert [w.fault for w in made.texts[0].words] == [0.0, -0.25]
    assert made.texts[0].words[1].credit == round((-0.25 + 0.25 / 19) / 0.5, 4)


def test_where_credit_is_spread_every_word_is_told_the_same() -> None:
    bad, oak = group(["bad words", "oak desk"], [BAD], "m4").texts
    mean = (-3 / 10 + 3 / 19) / 0.5  # of the text's ten tokens
    assert [w.credit for w in bad.words] == [round(mean, 4)] * 2 and bad.words[1].why == ("X-1: Bad.",)
    assert oak.words[0].credit == round(3 / 19 / 0.5, 4)


def test_texts_that_did_not_end_or_are_empty_are_kept_as_they_are() -> None:
    made = group(["bad words", "oak des", " "], [BAD], open_at=1)
    assert [(t.state, t.text) for t in made.texts] == [("judged", "bad words"), ("open", "oak des"), ("empty", "")]
    assert made.texts[1].reward == 0.0 and [w.credit for w in made.texts[1].words] == [0.0, 0.0]
    assert made.texts[2].words == ()


def test_of_a_large_group_eight_texts_are_kept_and_the_mean_is_of_all() -> None:
    made = group(["bad words", *["oak desk"] * 9], [BAD])
    assert made.size == 10 and [t.text for t in made.texts] == ["bad words", *["oak desk"] * 7]
    assert made.mean == pytest.approx((1.8 + 9 * 2.26667) / 10, abs=1e-4)


def test_about_twenty_batches_of_a_run_are_kept_and_the_last() -> None:
    assert [d for d in range(3) if is_kept(d, 3, 1)] == [0, 1, 2]
    assert [d for d in range(60) if is_kept(d, 60, 1)] == [*range(0, 60, 3), 59]
    assert [d for d in range(0, 80, 2) if is_kept(d, 80, 2)] == [*range(0, 80, 4), 78]  # a batch is two steps
    assert max(sum(is_kept(d, n, 1) for d in range(n)) for n in range(1, 1001)) <= MOST


def plain_group(step: int, **more: Any) -> SampledGroup:
    text = SampledText("رف 🙂", "judged", {"length": 0.5}, 0.5, 1.0, (SampledWord(0, 2, -0.5, -1.0, ("a", "b")),))
    return SampledGroup(**{"step": step, "product": "Oak", "placement": "generic", "slot": "headline",
                           "angle": "how", "size": 1, "mean": 0.5, "std": None, "texts": (text,)} | more)  # fmt: skip


def test_a_step_that_is_sampled_again_takes_the_place_of_what_was_ahead(tmp_path: Path) -> None:
    path = tmp_path / "work" / "samples.jsonl"
    assert read_groups(path) == []
    for step in (1, 4, 7):
        keep_group(plain_group(step), path)
    keep_group(plain_group(4, product="Elm"), path)  # the checkpoint was before step 4
    assert read_groups(path) == [plain_group(1), plain_group(4, product="Elm")]
    keep_group(plain_group(1), path)  # a run from the start
    assert read_groups(path) == [plain_group(1)] and [p.name for p in path.parent.iterdir()] == ["samples.jsonl"]


def test_the_file_is_bounded_and_a_damaged_line_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    long = SampledText("x" * (LONGEST // 3), "open", {}, 0.0, 0.0, ())
    keep_group(plain_group(1, size=8, texts=(long,) * 8), path)
    (kept,) = read_groups(path)
    assert path.stat().st_size <= LONGEST + 1 and kept.size == 8 and kept.texts == (long,) * 2  # whole ones
    with path.open("a") as file:
        file.write('{"step": 2}\n[]\n{torn')
    assert read_groups(path) == [kept]
    path.write_bytes(b"\xff\xfe")
    assert read_groups(path) == []
