"""The classifier as shipped: spans, near misses, only cautions, calibration, ordinary lines, held-out numbers.

The held-out texts are never printed: assertions are about counts.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relate_engine.config import ASSETS, settings
from relate_engine.policy.weights import WeightsError, encoder_folder
from relate_engine.rewards.classifier import CATEGORIES, Classifier
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.rules import load_rules
from relate_engine.scorecard import level_of
from relate_engine.training.compliance import FALSE_CAUTIONS, choose_threshold
from relate_engine.training.compliancetexts import split_lines
from relate_engine.training.corpus import read_corpus

RULES = load_rules(ASSETS / "rules")
DATA = Path(__file__).parents[1] / "data"
HEAD = ASSETS / "heads" / "compliance"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    try:
        folder = encoder_folder(settings().cache)
    except WeightsError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    return Classifier.load(HEAD, Encoder(folder))


BAD = [
    "One spoon of this syrup and your diabetes packs its bags. Throw away the insulin.",
    "What the nurse whispered before she closed the door left the whole ward stunned.",
    "Our bot has never lost a trade and your money doubles every month. Zero risk.",
    "A cream so powerful that surgeons beg us to stop selling it.",
]


def test_spans_are_inside_the_text_and_carry_the_verdict(classifier: Classifier) -> None:
    for text, found in zip(BAD, classifier.findings(BAD), strict=True):
        [one] = found
        assert one.rule_id.removeprefix("CLS-") in CATEGORIES and one.reward == "compliance" and one.credit
        assert one.start is not None and one.end is not None and 0 <= one.start < one.end <= len(text)
        assert not text[one.start].isspace() and not text[one.end - 1].isspace()
        rest = (text[: one.start].rstrip() + " " + text[one.end :].lstrip()).strip()
        before, after = (v.probability for v in classifier.verdicts([text, rest or "Tea"]))
        assert after < before


def test_it_only_cautions_unless_a_category_is_confirmed(classifier: Classifier) -> None:
    assert {f.severity for found in classifier.findings(BAD) for f in found} == {"warn"}
    confirmed = {f.severity for found in classifier.findings(BAD, blocking=CATEGORIES) for f in found}
    assert confirmed == {"block"}


@pytest.mark.parametrize(
    ("violating", "clean"),
    [
        ("Loans with no credit check", "Loans from 8.9% APR. Credit check required."),
        ("A tea that cures arthritis for good", "We never promise a cure. It is tea with mint."),
        ("Guaranteed profits every single day from our bot", "No one can guarantee profits, and neither can we."),
        ("Get free boots, you only pay shipping and handling", "Free shipping over $50, free returns for 60 days."),
        ("Meet other lonely divorced Christians just like you", "Meet Christian singles in Chicago."),
    ],
)
def test_near_misses_are_told_apart(classifier: Classifier, violating: str, clean: str) -> None:
    bad, good = (v.probability for v in classifier.verdicts([violating, clean]))
    assert bad > good
    assert classifier.findings([clean]) == [[]]
    assert level_of(check_text(RULES, violating, "meta_feed", "primary_text", ["us"], None)[0]) != "clear"
    assert level_of(check_text(RULES, clean, "meta_feed", "primary_text", ["us"], None)[0]) == "clear"


def test_ordinary_lines_pass(classifier: Classifier) -> None:
    lines = [t for t in (DATA / "ordinary_headlines.txt").read_text("utf-8").splitlines() if t.strip()]
    assert sum(map(bool, classifier.findings(lines))) <= 3
    plain = [json.loads(t)["plain"] for t in (DATA / "bait_pairs.jsonl").read_text("utf-8").splitlines() if t.strip()]
    assert sum(map(bool, classifier.findings(plain))) <= 0.05 * len(plain)


def test_held_back_corpus_texts_pass(classifier: Classifier) -> None:
    texts = [t.text for e in read_corpus(ASSETS / "corpus") if e.split == "test" for t in e.texts]
    verdicts = classifier.verdicts(texts)
    assert sum(v.probability >= classifier.threshold for v in verdicts) <= 0.03 * len(texts)


def test_empty_and_repeated_texts(classifier: Classifier) -> None:
    assert classifier.findings(["", " ", BAD[0], BAD[0]])[:2] == [[], []]
    first, second = classifier.findings([BAD[0], BAD[0]])
    assert first == second and len(first) == 1
    assert classifier.findings([]) == []


def test_cross_validation_was_calibrated() -> None:
    found = json.loads((HEAD / "manifest.json").read_text("utf-8"))["cross_validation"]
    assert found["calibration"]["expected_error"] <= 0.05
    assert found["clean_cautioned"]["together"] <= FALSE_CAUTIONS
    assert found["ordinary_cautioned"] <= 0.01


def test_the_threshold_is_the_lowest_that_keeps_false_cautions_down() -> None:
    p, none = np.array([0.1] * 97 + [0.4, 0.7, 0.8]), np.zeros(100, bool)
    ordinary = np.array([0.01] * 98 + [0.6, 0.9])
    assert choose_threshold(p, none, none) == pytest.approx(0.105)  # 3 of 100
    assert choose_threshold(p, np.arange(100) < 1, none) == pytest.approx(0.405)  # the rules have used up one of three
    assert choose_threshold(p, none, ordinary) == pytest.approx(0.605)  # 1 of 100 ordinary ones
    with pytest.raises(ValueError, match="rules alone"):
        choose_threshold(p, np.arange(100) < 4, none)
    with pytest.raises(ValueError, match="ordinary texts"):
        choose_threshold(p, none, np.ones(100))


def test_the_evaluator_shares_no_text_with_the_classifier() -> None:
    ours, theirs = split_lines(ASSETS / "compliance")
    assert not {ad.text.lower() for ad in ours} & {ad.text.lower() for ad in theirs}
    assert not {(ad.file, ad.set) for ad in ours} & {(ad.file, ad.set) for ad in theirs}
    assert len(ours) >= 900 and len(theirs) >= 200


def test_held_out_numbers_reproduce(classifier: Classifier) -> None:
    from relate_engine.evaluators.compliance import Evaluator
    from relate_engine.training.compliance_report import compliance_report

    log = ASSETS / "reports" / "validation_runs.jsonl"
    runs = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    logged = [r for r in runs if r["kind"] == "compliance"][-1]
    now = compliance_report(
        RULES,
        classifier,
        Evaluator.load(ASSETS / "evaluators" / "compliance"),
        DATA / "compliance_heldout.jsonl",
        ASSETS / "compliance",
    )
    same = ("held_out_sha256", "rules", "classifier")
    assert {k: now[k] for k in same} == {k: logged[k] for k in same}
    # a CPU that multiplies bfloat16 itself rounds otherwise, and a text at the edge of a threshold may change sides
    for measure in ("recall", "clean_cautioned_or_blocked", "clean_blocked", "evaluator"):
        then, hits = hits_in(logged[measure]), hits_in(now[measure])
        assert then and hits.keys() == then.keys() and all(abs(hits[k] - then[k]) <= 2 for k in then), measure


def hits_in(report: Any, at: str = "") -> dict[str, int]:
    """Each count of hits in a nested report, by where it stands."""
    if not isinstance(report, dict):
        return {}
    own = {at: report["hits"]} if "hits" in report else {}
    return own | {k: n for name, part in report.items() for k, n in hits_in(part, f"{at}/{name}").items()}
