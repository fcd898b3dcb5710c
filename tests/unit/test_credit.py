"""Credit: an example worked out by hand, what has no credit, and that M4 and RELATE give a text the same in all."""

import pytest
import torch

from relate_engine.scorecard import Finding
from relate_engine.training.credit import ARMS, Arm, advantages, credits_of, responsible, spell, token_advantages
from tests import tiny

TOKENIZER = tiny.tokenizer()


def test_two_spans_worked_by_hand() -> None:
    """Two texts of four and three tokens. In the first a claim of amount -1 (weight 1) lies on tokens 1 and 2, and a
    repeated phrase of -0.05 (weight 2) on tokens 2 and 3: z = 0, -1, -1.1, -0.1; the second text is clean. Mean of z
    over the seven tokens: -2.2 / 7. Divided by the scale of 0.5 that is 22/35 = 0.628571… on a clean token."""
    cover = [(0, 3), (3, 7), (7, 11), (11, 15)]
    findings = [
        Finding("COR-1", "correctness", "block", "", start=4, end=9, amount=-1.0),
        Finding("DIV-1", "diversity", "note", "", start=7, end=15, amount=-0.05),
        Finding("REL-1", "relevance", "warn", "", start=0, end=3, amount=-0.25),  # no weight in this arm
        Finding("CMP-1", "correctness", "block", "", start=0, end=3, amount=-1.0, credit=False),
    ]
    arm = Arm("hand", {"ctcvr": 1.0}, {"correctness": 1.0, "diversity": 2.0}, credit=0.5)
    z = torch.tensor([credits_of(findings, cover, arm.token), [0.0] * 4])
    assert z[0].tolist() == pytest.approx([0, -1, -1.1, -0.1], abs=1e-6)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    sentence = torch.tensor([0.7, -0.7])
    clean = 2.2 / 7 / 0.5
    expected = [
        [0.7 + 0.5 * a for a in (clean, clean - 2, clean - 2.2, clean - 0.2)],
        [-0.7 + 0.5 * clean] * 3 + [0.0],
    ]
    got = advantages(sentence, z, mask.bool(), mask, 2, arm)
    assert torch.allclose(got, torch.tensor(expected), atol=1e-6)
    spread = advantages(sentence, z, mask.bool(), mask, 2, Arm("m", {}, arm.token, spread="mean", credit=0.5))
    text = 0.7 + 0.5 * (clean - 4.4 / 4)
    assert torch.allclose(spread, torch.tensor([[text] * 4, expected[1]]), atol=1e-6)


def test_padding_truncated_texts_and_clean_groups_have_no_token_credit() -> None:
    z = torch.tensor([[0.0, -1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]])
    counted = mask.bool()
    counted[1] = False  # did not end: its flagged token is not judged and does not move the mean
    got = token_advantages(z, counted, 2, scale=0.5, clip=3.0)
    assert got.tolist() == [[1.0, -1.0, 0.0], [0.0] * 3, [0.0] * 3, [0.0] * 3]
    whole = advantages(torch.tensor([1.0, 2.0, 3.0, 4.0]), z, counted, mask, 2, ARMS["relate"])
    assert whole[0, 2] == 0 and whole[1].tolist() == [2.0] * 3 and whole[3].tolist() == [4.0] * 3


def test_a_rare_flag_is_bounded() -> None:
    z = torch.zeros(8, 100)
    z[0, 0] = -5.0
    got = token_advantages(z, torch.ones(8, 100, dtype=torch.bool), 8, scale=0.5, clip=3.0)
    assert got[0, 0] == -3 and 0 < got[0, 1] < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_m4_and_relate_give_each_text_the_same_sum(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    length = torch.randint(1, 21, (16,), generator=generator)
    mask = (torch.arange(20) < length[:, None]).long()
    z = -torch.rand(16, 20, generator=generator) * (torch.rand(16, 20, generator=generator) < 0.2) * 2
    counted = mask.bool() & (torch.rand(16, 1, generator=generator) < 0.8)
    sentence = torch.randn(16, generator=generator)
    m4, relate = (advantages(sentence, z, counted, mask, 8, ARMS[name]) for name in ("m4", "relate"))
    assert torch.allclose(m4.sum(1), relate.sum(1), atol=1e-4)
    assert not torch.allclose(m4, relate)


def test_m4_and_relate_differ_in_the_spread_alone() -> None:
    a, b = dict(vars(ARMS["m4"])), dict(vars(ARMS["relate"]))
    assert {k for k in a if a[k] != b[k]} == {"name", "spread"}
    assert ARMS["m1"].sentence.keys() < ARMS["m2"].sentence.keys() and ARMS["m3"].token.keys() < ARMS["m4"].token.keys()


def test_characters_of_several_tokens_belong_to_all_of_them() -> None:
    ids = TOKENIZER.encode("a é🍾b")  # one token a byte: é has two, the bottle four
    text, cover = spell(TOKENIZER, ids)
    assert text == "a é🍾b"
    assert cover == [(0, 1), (1, 2), (2, 3), (2, 3), (3, 4), (3, 4), (3, 4), (3, 4), (4, 5)]
    assert responsible(cover, 3, 4) == [4, 5, 6, 7] and responsible(cover, 0, 2) == [0, 1]


def test_any_sampled_bytes_are_spelled_whole() -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(50):
        ids = torch.randint(0, 256, (12,), generator=generator).tolist()
        text, cover = spell(TOKENIZER, ids)
        assert text == TOKENIZER.decode(ids)
        held = {c for a, b in cover for c in range(a, b)}
        assert held == set(range(len(text)))
        assert all(a <= b for a, b in cover) and [a for a, _ in cover] == sorted(a for a, _ in cover)


def test_findings_without_a_span_and_empty_spans() -> None:
    cover = [(0, 2), (2, 5), (5, 5)]  # the last is EOS
    assert responsible(cover, None, None) == [0, 1, 2]
    assert responsible(cover, 3, 3) == [1]
    assert responsible(cover, 5, 5) == [2]
    assert credits_of([], [], {"diversity": 1.0}) == []
