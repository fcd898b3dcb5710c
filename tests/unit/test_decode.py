"""Sampling over a shared prefix: the same as each text alone, and guards that keep their promises."""

import re

import pytest
import torch

from relate_engine.brief import Brief
from relate_engine.policy.branching import Branching
from relate_engine.policy.decode import Branch, Sample, sample
from relate_engine.policy.guards import Guard, numbers, vocabulary
from tests import tiny

TOKENIZER = tiny.tokenizer()
MODEL = tiny.model()
EOS = frozenset({TOKENIZER.eos_token_id})
BRIEF = Brief(product="Tidepath 24", description="Walking shoes with a 24 mm sole, £85, sent in 2 days, rated 4.8.")


def run(branches: list[Branch], seed: int = 0, prompt: str = "Product: x\n") -> list[Sample]:
    prefix = Branching(MODEL, [TOKENIZER.encode(prompt)])
    generator = torch.Generator().manual_seed(seed)
    return sorted(sample(prefix, TOKENIZER, branches, 1.0, generator), key=lambda s: s.branch)


def raw(request: str, tokens: int = 12) -> Branch:
    return Branch(tuple(TOKENIZER.encode(request)), 30, tokens, None, EOS)


def test_log_probabilities_equal_those_of_each_text_alone() -> None:
    prompt, requests = "Product: x\n", ["Headline\nA\n", "Description, longer\nB\n", "H\n"]
    for request, got in zip(requests, run([raw(r) for r in requests], prompt=prompt), strict=True):
        ids = TOKENIZER.encode(prompt + request) + list(got.ids)
        with torch.inference_mode():
            logits = MODEL(torch.tensor([ids])).logits[0]
        start = len(ids) - len(got.ids)
        alone = logits.log_softmax(-1)[torch.arange(start - 1, len(ids) - 1), torch.tensor(got.ids)]
        assert torch.tensor(got.logprobs) == pytest.approx(alone.tolist(), abs=1e-4)


def test_the_same_seed_gives_the_same_texts_and_the_prefix_can_be_used_again() -> None:
    prefix = Branching(MODEL, [TOKENIZER.encode("Product: x\n")])
    texts = [
        [s.text for s in sample(prefix, TOKENIZER, [raw("H\n")] * 3, 1.0, torch.Generator().manual_seed(5))]
        for _ in range(2)
    ]
    assert texts[0] == texts[1]


def test_a_guarded_text_ends_inside_its_limit_or_is_dropped_never_cut() -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    branch = Branch(tuple(TOKENIZER.encode("H\n")), 10, 40, guard, EOS)
    for got in run([branch] * 40):
        assert got.why or (len(got.text) <= 10 and got.ids[-1] in EOS)


def test_a_lead_begins_the_text_and_counts_in_its_width() -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    branch = Branch(tuple(TOKENIZER.encode("H\nTidepath")), 12, 40, guard, EOS, "Tidepath")
    for got in run([branch] * 40):
        assert got.text.startswith("Tidepath") and (got.why or len(got.text) <= 12)


def test_what_is_put_behind_a_text_counts_and_the_reason_names_the_slots_limit() -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    branch = Branch(tuple(TOKENIZER.encode("H\n")), 12, 40, guard, EOS, "", 5)
    for got in run([branch] * 40):
        assert got.why or len(got.text) <= 7
        assert not got.why.startswith("longer") or got.why == "longer than 12"


def test_guarded_texts_hold_no_number_outside_the_brief_and_no_markup() -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    texts = [s.text for s in run([Branch(tuple(TOKENIZER.encode("H\n")), 200, 60, guard, EOS)] * 60)]
    assert any(re.search(r"\d", t) for t in texts)
    for text in texts:
        finished = re.sub(r"[\d.,:]+$", "", text)  # a dropped text may stop inside a number
        assert numbers(finished) <= {"24", "85", "2", "4.8", "8", "4"}, text
        assert not re.search(r"[\[\]{}<>|#*@!$%\n]", text), text


@pytest.mark.parametrize(
    ("so_far", "allowed"),
    [("about ", "248"), ("about 2", "4"), ("about 24", ""), ("rated 4", ""), ("rated 4.", "8"), ("costs £8", "5")],
)
def test_a_digit_may_only_go_on_spelling_a_number_of_the_brief(so_far: str, allowed: str) -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    logits = torch.zeros(257)
    guard.restrict(so_far, logits)
    open_digits = {d for d in "0123456789" if torch.isfinite(logits[TOKENIZER.encode(d)[0]])}
    assert open_digits == set(allowed)


def test_half_a_number_cannot_be_left_standing() -> None:
    guard = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    logits = torch.zeros(257)
    guard.restrict("costs £8", logits)  # 8 alone is not in the brief, 85 is
    assert [TOKENIZER.decode([i]) for i in torch.isfinite(logits).nonzero()[:, 0].tolist()] == ["5"]


def test_a_digit_of_another_script_leaves_every_row_a_way_on() -> None:
    brief = Brief(product="Tidepath", description="Walking shoes. Only 1٣ left, 2 sizes.")
    guard = Guard(vocabulary(TOKENIZER), brief, exclamation=False)
    assert guard.allowed == {"1", "2"}
    logits = torch.zeros(257)
    guard.restrict("only 1", logits)
    assert torch.isfinite(logits[TOKENIZER.eos_token_id])


def test_a_text_that_no_token_can_continue_is_dropped_and_the_others_go_on() -> None:
    stuck = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    stuck.mask = torch.ones_like(stuck.mask)
    request = tuple(TOKENIZER.encode("H\n"))
    good = Guard(vocabulary(TOKENIZER), BRIEF, exclamation=False)
    got = run([Branch(request, 10, 20, g, EOS) for g in (stuck, good)])
    assert (got[0].why, got[0].ids) == ("no word fits", ())
    assert got[1].ids and got[1].why != "no word fits"


def test_currency_signs_and_emoji_only_where_the_brief_has_them() -> None:
    words = vocabulary(TOKENIZER)
    plain = Guard(
        words, Brief(product="Oak Desk", description="A desk of solid oak for small rooms."), exclamation=True
    )
    for sign in "$%&":
        assert plain.mask[TOKENIZER.encode(sign)[0]]
        assert Guard(words, BRIEF, exclamation=True).mask[TOKENIZER.encode(sign)[0]]
    priced = Guard(words, Brief(product="Oak Desk", description="A desk for $90, 10 % off."), exclamation=True)
    assert not priced.mask[TOKENIZER.encode("$")[0]] and not priced.mask[TOKENIZER.encode("%")[0]]
    assert (
        not plain.mask[TOKENIZER.encode("!")[0]]
        and Guard(words, BRIEF, exclamation=False).mask[TOKENIZER.encode("!")[0]]
    )
