"""The CTR head: z-test, pairs, shrinking and coverage by hand; the tower; the shipped head; the report again."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from relate_engine.config import ASSETS, ROOT, settings
from relate_engine.policy.weights import WeightsError, encoder_folder
from relate_engine.rewards.ctcvr import beats_typical
from relate_engine.rewards.ctrhead import Head, shrink_of
from relate_engine.rewards.ctrtower import MATRICES, OUT, Tower, pool
from relate_engine.rewards.encoder import DIMENSION, Encoder
from relate_engine.rewards.textfeatures import SURFACE, Vocabulary, surface, words
from relate_engine.training.ctrencoder import LEVEL, average
from relate_engine.training.ctrvalidation import evaluate_ctr
from relate_engine.training.pairs import (
    Pairs,
    accuracy,
    calibrate,
    coverage,
    hits,
    make_levels,
    make_pairs,
    stack,
    two_proportion,
)

HEAD = ASSETS / "heads" / "ctr"
DATA = Path(os.environ.get("RELATE_DATA", ROOT.parent / "shared" / "data")) / "upworthy"
HEADLINE = "She Was Told She'd Never Walk Again. What She Did Next Made The Whole Room Stand Up."


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    try:
        return Encoder(encoder_folder(settings().cache))
    except WeightsError as error:
        pytest.skip(str(error))


class _NoEncoder:
    """Unit vectors that depend on the text only: enough for everything but the values."""

    def encode(self, texts: list[str]) -> np.ndarray:
        rows = [np.random.default_rng(len(t)).normal(size=DIMENSION) for t in texts]
        stacked = np.array(rows, np.float32).reshape(len(texts), DIMENSION)
        return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)

    def prepare(self, towers: Any, texts: list[str]) -> None:
        pass

    def read(self, tower: Any, texts: list[str]) -> np.ndarray:
        return np.array([len(t) / 100 for t in texts])


FAKE: Any = _NoEncoder()


def test_two_proportion_z_by_hand() -> None:
    # 30/1000 against 50/1000: pooled .04, se √(.04·.96·.002) = .0087636, z = -.02/.0087636
    z, p = two_proportion(np.array([30.0]), np.array([1e3]), np.array([50.0]), np.array([1e3]))
    assert z[0] == pytest.approx(-2.28218, abs=1e-5)
    assert p[0] == pytest.approx(0.02248, abs=1e-5)
    none, _ = two_proportion(np.array([0.0]), np.array([10.0]), np.array([0.0]), np.array([10.0]))
    assert math.isnan(none[0])


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["test_id", "group_id", "headline", "eyecatcher_id", "impressions", "clicks", "problem"]
    return pd.DataFrame(rows, columns=columns)


def test_pairs_drop_what_is_confounded_and_appear_once() -> None:
    pairs = make_pairs(
        _frame(
            [
                ("t1", 1, "A", "i1", 1000, 20, False),
                ("t1", 1, "B", "i1", 1000, 40, False),
                ("t1", 1, "B", "i1", 1000, 60, False),  # the same headline again: added up, no second pair
                ("t1", 1, "C", "i2", 1000, 10, False),  # another image: no pair
                ("t1", 1, "D", None, 1000, 10, False),  # image unknown: no pair
                ("t2", 2, "E", "i1", 1000, 10, False),  # another test, alone
                ("t3", 3, "F", "i3", 1000, 10, True),  # problem window
                ("t3", 3, "G", "i3", 1000, 90, True),
                ("t4", 4, "H", "i4", 100, 0, False),  # no clicks at all: nothing observed
                ("t4", 4, "I", "i4", 100, 0, False),
            ]
        )
    )
    assert [(pairs.texts[a], pairs.texts[b]) for a, b in zip(pairs.a, pairs.b)] == [("A", "B")]
    assert pairs.group.tolist() == [1]
    expected, _ = two_proportion(np.array([20.0]), np.array([1e3]), np.array([100.0]), np.array([2e3]))
    assert pairs.z[0] == pytest.approx(expected[0])
    odds = math.log(20.5 / 980.5) - math.log(100.5 / 1900.5)
    assert pairs.difference[0] == pytest.approx(odds)
    assert pairs.variance[0] == pytest.approx(1 / 20.5 + 1 / 980.5 + 1 / 100.5 + 1 / 1900.5)


def _made_up(count: int = 4000) -> tuple[np.ndarray, Pairs]:
    """Pairs whose true difference is 2 × score + noise of sd .3 + sampling noise of sd .2."""
    draw = np.random.default_rng(0)
    score = draw.normal(0, 0.1, count)
    difference = 2 * score + draw.normal(0, 0.3, count) + draw.normal(0, 0.2, count)
    index, z = np.arange(count), difference / 0.2
    p = np.array([math.erfc(abs(v) / math.sqrt(2)) for v in z])
    return score, Pairs([], index, index, index // 8, z, p, difference, np.full(count, 0.04))


def test_calibration_recovers_slope_and_spread() -> None:
    score, pairs = _made_up()
    scale = calibrate(score, pairs)
    assert scale["slope"] == pytest.approx(2, abs=0.2)
    assert scale["residual"] == pytest.approx(0.3 / math.sqrt(2), abs=0.02)
    assert scale["explained"] == pytest.approx(0.2 / math.sqrt(2), abs=0.02)
    assert scale["spread"] ** 2 == pytest.approx(scale["residual"] ** 2 + scale["explained"] ** 2)


def test_accuracy_counts_ties_half_and_its_interval_holds_it() -> None:
    score, pairs = _made_up(400)
    assert hits(np.zeros(400), pairs).tolist() == [0.5] * 400
    found: Any = accuracy([score, -score], pairs, repeats=200)
    row = found["all"]
    assert row["pairs"] == 400 and row["groups"] == 50
    assert row["accuracy_0"]["value"] == pytest.approx(1 - row["accuracy_1"]["value"], abs=2e-4)
    assert row["accuracy_0"]["low"] < row["accuracy_0"]["value"] < row["accuracy_0"]["high"]
    assert row["difference"]["low"] > 0
    assert found["p<.001"]["pairs"] < found["p<.05"]["pairs"] < 400


def test_coverage_is_nominal_for_the_right_doubt_and_not_for_too_little() -> None:
    score, pairs = _made_up(20_000)
    right = coverage(2 * score, np.full(len(pairs), 0.09), pairs)
    assert right["80%"] == pytest.approx(0.8, abs=0.01) and right["95%"] == pytest.approx(0.95, abs=0.01)
    # without the effects' own spread: Φ(1.2816 · .2 / √.13) twice = 0.52
    assert coverage(2 * score, np.zeros(len(pairs)), pairs)["80%"] == pytest.approx(0.523, abs=0.015)


def test_stack_gives_what_is_right_its_slope_and_what_misleads_nothing() -> None:
    score, pairs = _made_up()
    noise = np.random.default_rng(1).normal(0, 0.1, len(pairs))
    assert stack(np.stack([5 * score, -score]), pairs) == pytest.approx([2 / 5, 0], abs=0.05)
    parts = np.stack([score + noise, score - noise])  # their errors cancel: both count the same
    counts = stack(parts, pairs)
    assert counts == pytest.approx([1, 1], abs=0.1)
    assert calibrate(counts @ parts, pairs)["slope"] == pytest.approx(1, abs=0.01)


def test_levels_are_arms_beside_their_week() -> None:
    frame = _frame(
        [
            ("t1", 1, "A", "i1", 1000, 20, False),
            ("t1", 1, "A", "i2", 1000, 30, False),  # another image: the same arm
            ("t1", 1, "B", None, 2000, 100, False),
            ("t2", 2, "A", "i1", 1000, 10, False),  # another test, alone in its week
            ("t3", 3, "C", "i1", 1000, 10, True),
        ]
    ).assign(test_week=[201401, 201401, 201401, 201402, 201402])
    levels = make_levels(frame)
    assert levels.texts == ["A", "B"] and levels.text.tolist() == [0, 1, 0] and levels.group.tolist() == [1, 1, 2]
    half = (math.log(100.5 / 1900.5) - math.log(50.5 / 1950.5)) / 2
    assert levels.level == pytest.approx([-half, half, 0])
    assert levels.variance[0] == pytest.approx(1 / 50.5 + 1 / 1950.5)


def _tuned(rank: int, seed: int, size: float) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    shapes = dict.fromkeys(MATRICES, (DIMENSION, DIMENSION))
    shapes |= {"intermediate.dense": (4 * DIMENSION, DIMENSION), "output.dense": (DIMENSION, 4 * DIMENSION)}
    tuned = {name: torch.randn(DIMENSION, generator=draw) for name in (OUT, LEVEL)}
    for layer in range(3):
        for name, (rows, columns) in shapes.items():
            tuned[f"{layer}.{name}.A"] = torch.randn(rank, columns, generator=draw)
            tuned[f"{layer}.{name}.B"] = size * torch.randn(rows, rank, generator=draw)
    return tuned


def test_an_untuned_tower_reads_what_the_published_encoder_says(encoder: Encoder) -> None:
    texts = [HEADLINE, "Plan Bills by Paycheck", "", "One"]
    tuned = _tuned(2, 0, 0.0)
    tower = Tower(3, tuned)
    encoder.prepare([tower], texts)
    vectors, numbers = encoder.encode(texts), encoder.read(tower, texts)
    published = encoder.model(**encoder.tokenizer(texts, padding=True, return_tensors="pt")).last_hidden_state
    mask = encoder.tokenizer(texts, padding=True, return_tensors="pt")["attention_mask"].bool()
    assert np.allclose(vectors, pool(published, mask).detach().numpy(), atol=2e-3)  # bfloat16 products
    assert np.allclose(numbers, vectors @ tuned[OUT].numpy(), atol=1e-4)
    changed = Tower(3, _tuned(2, 0, 0.01))
    assert not np.allclose(encoder.read(changed, texts), numbers, atol=1e-2)
    alone = [encoder.read(Tower(3, changed.tuned), [t])[0] for t in texts]
    assert np.allclose(encoder.read(changed, texts), alone, atol=5e-3)  # padding changes nothing
    assert encoder.read(changed, []).shape == (0,)


def test_averaged_towers_change_each_matrix_by_the_mean_of_their_changes() -> None:
    first, second = _tuned(2, 0, 0.1), _tuned(2, 1, 0.1)
    mean = average([first, second])
    for name in (f"{layer}.{m}" for layer in range(3) for m in MATRICES):
        changes = [t[f"{name}.B"] @ t[f"{name}.A"] for t in (first, second, mean)]
        assert torch.allclose(changes[2], (changes[0] + changes[1]) / 2, atol=1e-4)
    assert torch.allclose(mean[OUT], (first[OUT] + second[OUT]) / 2)
    assert torch.allclose(mean[LEVEL], (first[LEVEL] + second[LEVEL]) / 2)


def test_surface_and_words() -> None:
    assert words("Don’t stop, 3 DAYS!") == ["don't", "stop", "3", "days"]
    row = dict(zip(SURFACE, surface(["Why don't YOU sleep? 8 hours..."])[0]))
    assert row["question_mark"] == 1 and row["ellipsis"] == 1 and row["digit"] == 1 and row["digit_first"] == 0
    assert row["shouted_words"] == 1 and row["you"] == 1 and row["question"] == 1 and row["not"] == 1
    assert surface([]).shape == (0, len(SURFACE)) and np.isfinite(surface(["", "…", "é 🎉"])).all()


def test_vocabulary_by_hand() -> None:
    vocabulary = Vocabulary.fit(["a b", "a b", "a c"])
    assert list(vocabulary.index) == ["a", "a b", "b"]
    assert vocabulary.idf.tolist() == pytest.approx([1, math.log(4 / 3) + 1, math.log(4 / 3) + 1])
    columns, values = vocabulary.row("a a z")
    assert columns == [0] and values.tolist() == [1.0]
    assert vocabulary.row("z")[0] == []
    unseen = math.log(4) + 1
    assert vocabulary.rarity("a z") == pytest.approx((1 + unseen) / 2)
    assert vocabulary.rarity("") == pytest.approx(unseen)


def test_shrink_is_one_inside_and_falls_with_every_distance() -> None:
    assert shrink_of(np.array([[0.5, 0.2, 0.0]]))[0] == 1
    assert shrink_of(np.array([[1.5, 0, 0]]))[0] == pytest.approx(math.exp(-0.5))
    assert shrink_of(np.array([[1.5, 2.5, 0]]))[0] == pytest.approx(math.exp(-0.5 * (1 + 4)))
    for axis in range(3):
        distances = np.zeros((20, 3))
        distances[:, axis] = np.linspace(0.6, 6, 20)
        assert (np.diff(shrink_of(distances)) < 0).all()


def test_effects_are_raw_times_shrink_and_doubt_grows_as_they_shrink() -> None:
    head = Head.load(HEAD)
    effects = head.effects(FAKE, [HEADLINE, "Plan Bills by Paycheck", "", "word " * 400])
    for effect in effects:
        assert 0 <= effect.shrink <= 1 and effect.shrunk == pytest.approx(effect.raw * effect.shrink)
        assert effect.sd**2 == pytest.approx(head.spread**2 - (effect.shrink * head.explained) ** 2)
    assert "shorter" in effects[1].note and "longer" in effects[3].note
    assert head.effects(FAKE, []) == []


def test_shipped_head_is_whole_and_says_what_it_is() -> None:
    manifest = json.loads((HEAD / "manifest.json").read_text("utf-8"))
    assert sum(f.stat().st_size for f in HEAD.iterdir()) < 5e6
    assert manifest["licence"] == "Apache-2.0" and manifest["data"]["licence"] == "CC BY 4.0"
    assert {"command", "seed", "plan", "cross_validation", "calibration"} <= manifest.keys()
    assert Head.load(HEAD).version == f"ctr-{manifest['files']['head.safetensors'][:12]}"


def test_a_damaged_or_missing_head_says_what_to_do(tmp_path: Path) -> None:
    for file in HEAD.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "head.json").write_text("{}")
    with pytest.raises(WeightsError, match="damaged; run `relate train ctr`"):
        Head.load(tmp_path)
    with pytest.raises(WeightsError, match="no CTR head"):
        Head.load(tmp_path / "nowhere")


def test_short_ads_are_shrunk_to_nothing_and_headlines_are_not(encoder: Encoder) -> None:
    head = Head.load(HEAD)
    plain = ["Tidewell Plans by Paycheck", "34-Day Free Trial, Then $6", "Links to 9,000 Banks"]
    bait = ["You Won't Believe This App", "This One Trick Fixes Budgets", "What Happens Next Is Insane"]
    for effect in head.effects(encoder, plain + bait):
        assert effect.shrink < 0.1 and abs(effect.shrunk) < 0.03 and "news headlines" in effect.note
        assert beats_typical(effect)[1] == "no clear difference"
    story, dull = head.effects(
        encoder, [HEADLINE, "A Report On Regional Water Policy Was Released This Tuesday By A Committee."]
    )
    assert story.shrink > 0.5 and story.raw > dull.raw


def test_evaluation_reproduces_the_report(encoder: Encoder) -> None:
    train, val = DATA / "train.parquet", DATA / "val.parquet"
    if not val.exists():
        pytest.skip(f"no Upworthy data in {DATA}; set RELATE_DATA to the folder that holds upworthy/")
    report = json.loads((ASSETS / "reports" / "ctr.json").read_text("utf-8"))
    found = evaluate_ctr(encoder, HEAD, train, val, report=lambda _: None)  # no log: this is no new run
    assert found["head"] == report["head"] and found["data"] == report["data"]
    for level, row in report["levels"].items():
        again = found["levels"][level]
        assert again["pairs"] == row["pairs"] and again["groups"] == row["groups"]
        for name in ("head", "tfidf_logistic", "head_minus_tfidf"):
            assert again[name]["value"] == pytest.approx(row[name]["value"], abs=0.005)
        assert row["head"]["value"] >= row["tfidf_logistic"]["value"]
    for level, nominal in (("80%", 0.8), ("95%", 0.95)):  # the doubt it serves is honest
        served = found["interval_coverage"]["served"][level]
        assert served == pytest.approx(report["interval_coverage"]["served"][level], abs=0.005)
        assert served == pytest.approx(nominal, abs=0.04)
