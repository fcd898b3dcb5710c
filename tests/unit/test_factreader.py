"""The fact reader: a text read after its brief's kept keys, what its P does to findings, which words it marks."""

import math
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import BertConfig, BertModel

from relate_engine.brief import Brief, BriefError
from relate_engine.rewards.ctrtower import upper_weights
from relate_engine.rewards.factreader import (
    FactReader,
    Head,
    Reading,
    Tokens,
    _heaviest,
    keep_brief,
    read_after,
    tokens_of,
    told,
    word_stems,
)
from relate_engine.scorecard import finding
from relate_engine.training.corpus import CorpusText, Entry
from relate_engine.training.factpairs import Pair, corrupted, read_pairs
from relate_engine.training.factreading import _Row, choose_threshold, loss_of

SIZE = 16
BRIEF = Brief(product="Oat Bar", description="A bar of oats and honey, baked in Leeds.", benefits=("12 bars for £9",))


def model_of() -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=SIZE, num_hidden_layers=3, num_attention_heads=4, intermediate_size=32,
        max_position_embeddings=40, hidden_act="gelu", attn_implementation="eager",
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False).eval()


def head_of() -> Head:
    torch.manual_seed(1)
    return Head(torch.randn(2, SIZE), torch.randn(SIZE + 1), torch.randn(SIZE + 1), torch.tensor(0.7))


def tokens(ids: list[int], known: list[int] | None = None) -> Tokens:
    return Tokens(ids, [(k, k + 1) for k in range(len(ids))], known or [0] * len(ids))


@torch.inference_mode()
def test_a_text_read_after_its_brief_equals_one_pass_over_both_with_a_block_mask() -> None:
    """transformers' own encoder over brief and text at once, the brief's tokens blind to the text's."""
    model, head = model_of(), head_of()
    brief, text = [3, 7, 9, 11, 4], [5, 21, 22, 6]
    layers = upper_weights(model, 0)
    before = keep_brief(model, layers, torch.tensor([brief]), torch.ones(1, 5, dtype=torch.bool))
    z, said, _ = read_after(model, layers, head, before, [tokens(text, [0, 1, 0, 1])])

    first = model.embeddings(torch.tensor([brief]), token_type_ids=torch.zeros(1, 5, dtype=torch.long))
    second = model.embeddings(torch.tensor([text]), token_type_ids=torch.ones(1, 4, dtype=torch.long))
    second = second + head.known[torch.tensor([[0, 1, 0, 1]])]
    hidden, seen = torch.cat([first, second], 1), torch.ones(9, 9)
    seen[:5, 5:] = 0
    for layer in model.encoder.layer:
        out = layer(hidden, attention_mask=((1 - seen) * torch.finfo(torch.float32).min)[None, None])
        hidden = out[0] if isinstance(out, tuple) else out
    states = hidden[0, 5:]
    t = states @ head.token[:-1] + head.token[-1]
    wanted = states.mean(0) @ head.text[:-1] + head.text[-1] + 0.7 * torch.logsumexp(t[1:], 0)
    assert torch.allclose(said[0], t, atol=1e-5)
    assert math.isclose(float(z[0]), float(wanted), abs_tol=1e-4)


@torch.inference_mode()
def test_neither_padding_nor_the_texts_beside_it_change_a_reading() -> None:
    model, head = model_of(), head_of()
    layers = upper_weights(model, 0)
    before = keep_brief(model, layers, torch.tensor([[3, 7, 4]]), torch.ones(1, 3, dtype=torch.bool))
    alone, _, _ = read_after(model, layers, head, before, [tokens([5, 21, 6])])
    twice = [type(b)(*(x.expand(2, *x.shape[1:]) for x in b)) for b in before]
    beside, _, mask = read_after(model, layers, head, twice, [tokens([5, 21, 6]), tokens([5, 30, 31, 32, 33, 6])])
    assert mask.tolist()[0] == [True] * 3 + [False] * 3
    assert math.isclose(float(alone[0]), float(beside[0]), abs_tol=1e-5)


def reader(threshold: float = 0.5) -> FactReader:
    # P = σ(-1 + 3 [blocks] + 1 [cautions] + 2 z)
    return FactReader(SimpleNamespace(), [], head_of(), (-1.0, 3.0, 1.0, 2.0), threshold)  # type: ignore[arg-type]


CAUTION = finding("CLM-019", "correctness", "warn", "The brief does not support 'organic'.", start=0, end=7)
BLOCK = finding("CLM-019", "correctness", "block", "'14' is a number.", start=0, end=2)
SPELLING = finding("EDT-016", "correctness", "warn", "'oatz' looks misspelled.", start=0, end=4)


def test_the_chance_counts_what_patterns_found_once() -> None:
    seen = Reading(0.5, 0, 3)
    for found, logit in (([], 0.0), ([CAUTION], 1.0), ([BLOCK], 3.0), ([BLOCK, CAUTION], 3.0), ([SPELLING], 0.0)):
        assert reader().chance(seen, found) == pytest.approx(1 / (1 + math.exp(-logit)))


def test_a_doubtful_text_that_no_pattern_met_is_cautioned_at_its_heaviest_words() -> None:
    (found,) = reader().weighed("Loved by kids and adults", Reading(2.0, 9, 24), [])
    assert (found.rule_id, found.severity, found.reward, found.credit) == ("FCT-001", "warn", "correctness", True)
    assert "'kids and adults' (probability 0.95" in found.message and (found.start, found.end) == (9, 24)
    assert reader().weighed("Loved by kids and adults", Reading(2.0, 9, 24), [CAUTION]) == [CAUTION]  # it has spoken
    both = reader().weighed("Loved by kids and adults", Reading(2.0, 9, 24), [SPELLING])
    assert [f.rule_id for f in both] == ["EDT-016", "FCT-001"]


def test_a_text_that_reads_as_supported_keeps_its_blocks_and_its_cautions_become_notes() -> None:
    lowered, block, spelling = reader().weighed("x", Reading(-4.0, 0, 1), [CAUTION, BLOCK, SPELLING])
    assert (lowered.severity, lowered.amount, block, spelling) == ("note", -0.05, BLOCK, SPELLING)
    assert lowered.message.endswith("(probability of a wrong fact 0.00).")


def test_the_marked_words_are_whole_and_bare() -> None:
    text = "Safe for “kids, adults” too."
    spans = [(0, 0), (0, 4), (5, 8), (10, 12), (12, 14), (14, 15), (16, 22), (22, 23), (24, 27), (27, 28), (0, 0)]
    said = [9.0, -3, -2, 0.5, 2.0, 0.1, 1.0, -1, -2, -2, 9.0]
    start, end = _heaviest(text, spans, said)
    assert text[start:end] == "kids, adults"
    start, end = _heaviest(text, spans, [-5.0] * 8 + [-1, -5, -5])
    assert text[start:end] == "too"


def test_a_token_knows_whether_the_brief_holds_its_word() -> None:
    class Letters:
        def __call__(self, text: str, **_: Any) -> dict[str, Any]:
            return {"input_ids": [1] * len(text), "offset_mapping": [(k, k + 1) for k in range(len(text))]}

    assert told(BRIEF) == "Oat Bar. A bar of oats and honey, baked in Leeds. 12 bars for £9."
    found = tokens_of(Letters(), "oat rye", word_stems(told(BRIEF)))
    assert found.known == [1, 1, 1, 0, 0, 0, 0]


def test_the_loss_is_that_of_the_text_and_of_its_marked_tokens() -> None:
    brief = [1, 2]
    read = Tokens([9, 8, 7, 9], [(0, 0), (0, 3), (4, 7), (0, 0)], [0] * 4)
    wrong = _Row(Pair("a", BRIEF, "rye oat", True, (0, 3)), brief, read)
    untold = _Row(Pair("a", BRIEF, "rye oat", True), brief, wrong.tokens)
    z, t = torch.tensor([0.3, -0.2]), torch.tensor([[5.0, 0.4, -0.6, 5.0], [5.0, 1.0, 1.0, 5.0]])
    text = (math.log1p(math.exp(-0.3)) + math.log1p(math.exp(0.2))) / 2
    token = (2 * math.log1p(math.exp(-0.4)) + math.log1p(math.exp(-0.6))) / 2  # the unsupported one twice
    assert float(loss_of(z, t, [wrong, untold])) == pytest.approx(text + token, abs=1e-6)
    assert float(loss_of(z[1:], t[1:], [untold])) == pytest.approx(
        float(binary_cross_entropy_with_logits(z[1:], torch.ones(1))), abs=1e-6
    )


def test_corrupted_texts_hold_one_word_that_the_brief_does_not() -> None:
    def entry(name: str, brief: Brief, *texts: str) -> Entry:
        return Entry(name, "train", brief, tuple(CorpusText("headline_30", "benefit", (), t) for t in texts))

    rye = Brief(product="Rye Loaf", description="A dark loaf with caraway, 8 slices.", vertical="")
    found = corrupted(
        [entry("a", BRIEF, "Oats and honey, 12 bars"), entry("b", rye, "Caraway loaf, 8 slices")], 1, random.Random(0)
    )
    made = {p.text for p in found if not p.wrong}
    assert made == {"Oats and honey, 12 bars", "Caraway loaf, 8 slices"}
    for p in (p for p in found if p.span):
        start, end = p.span or (0, 0)
        assert p.wrong and not word_stems(p.text[start:end]) & word_stems(told(p.brief)), p.text


def test_pairs_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    good = '{"brief": "a", "text": "Rye bar", "label": "wrong", "wrong": "Rye", "kind": "feature_added"}\n'
    (tmp_path / "pairs_1.jsonl").write_text(good + good.replace('"a"', '{"product": "Bar", "description": "Oats"}'))
    one, two = read_pairs(tmp_path, "pairs_*.jsonl", {"a": BRIEF})
    assert (one.name, one.wrong, one.span, two.name, two.brief.description) == ("a", True, (0, 3), "Bar", "Oats")
    (tmp_path / "pairs_1.jsonl").write_text(good + good.replace('"wrong": "Rye"', '"wrong": "oat"'))
    with pytest.raises(BriefError, match=r"pairs_1.jsonl, line 2: no pair"):
        read_pairs(tmp_path, "pairs_*.jsonl", {"a": BRIEF})


def test_the_threshold_is_where_misses_and_false_alarms_add_up_to_least() -> None:
    p = torch.tensor([0.9, 0.8, 0.6, 0.35, 0.7, 0.3, 0.25, 0.21]).numpy()
    wrong = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0]).bool().numpy()
    assert 0.3 < choose_threshold(p, wrong, wrong & False) <= 0.35  # one false alarm in four, no miss
