"""The simulator is frozen, rewards what it says, and takes an outsider's file; campaigns are drawn from it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from relate_engine.brief import Brief, parse_brief
from relate_engine.config import ASSETS, ROOT
from relate_engine.results.simulated import AdSet, Shift, draw, truth
from relate_engine.simulator import (
    Simulator,
    click_probability,
    conversion_probability,
    effect,
    load_simulator,
    simulator_sha256,
)
from relate_engine.simulators import open_simulator
from relate_engine.training.corpus import read_corpus
from relate_engine.training.rewards import SHIPPED
from relate_engine.training.simulation import headline_sets

# policies are compared on it: changing it makes every earlier comparison void, and must be said in CHANGELOG
FROZEN = "1e50bcc5003d2aace086edd1afd36d32ecbcc40a164eee7d1e5fb3fd32f3e3a7"
COFFEE = parse_brief(json.loads((ASSETS / "briefs" / "1-coffee.json").read_text("utf-8")))


def test_it_is_frozen() -> None:
    assert simulator_sha256() == FROZEN


def test_truth_sells_and_a_false_number_or_claim_does_not() -> None:
    true = conversion_probability("Save $5 With Code HARBOR", COFFEE)
    assert conversion_probability("Save $25 With Code HARBOR", COFFEE) < 0.5 * true
    plain = conversion_probability("Four Grinds or Whole Bean", COFFEE)
    assert conversion_probability("The Best Coffee, Guaranteed", COFFEE) < 0.5 * plain


def test_bait_is_clicked_more_and_sells_less() -> None:
    rows = [json.loads(x) for x in (ROOT / "tests/data/bait_pairs.jsonl").read_text("utf-8").splitlines()]
    gaps = []
    for row in rows:
        brief = parse_brief(row["brief"])
        gaps.append([effect(row["bait"], brief, of) - effect(row["plain"], brief, of) for of in ("click", "buy")])
    clicks, buys = np.array(gaps).T
    assert clicks.mean() > 0.2 and (clicks > 0).mean() > 0.7
    assert buys.mean() < -0.5 and (clicks + buys < 0).mean() > 0.9  # chasing clicks alone loses sales


def test_texts_of_a_brief_spread_as_headlines_of_a_test_do() -> None:
    placed = {"headline_30": "google_rsa", "description_90": "google_rsa", "primary_125": "meta_feed",
              "headline_60": "generic"}  # fmt: skip
    apart = []
    for entry in read_corpus(ASSETS / "corpus")[::10]:
        for slot, placement in placed.items():
            brief = entry.brief.model_copy(update={"placement": placement})
            own = np.array([effect(t.text, brief, "click") for t in entry.texts if t.slot == slot])
            if len(own) > 1:
                apart.append((((own - own.mean()) ** 2).sum(), len(own) - 1))
    total, freedom = np.array(apart).sum(0)
    assert np.sqrt(total / freedom) == pytest.approx(0.28, abs=0.02)


def test_gibberish_of_the_briefs_words_is_no_way_to_win() -> None:
    for broken in ("Coffee roast coffee bag coffee", "Your Fresh Coffee and the", ""):
        assert click_probability(broken, COFFEE) < click_probability("Four Grinds or Whole Bean", COFFEE)
        assert conversion_probability(broken, COFFEE) < conversion_probability("Four Grinds or Whole Bean", COFFEE)


def test_an_outsiders_file_takes_its_place_or_says_what_is_wrong(tmp_path: Path) -> None:
    good = tmp_path / "other.py"
    good.write_text(
        "def click_probability(text, brief): return 0.1\ndef conversion_probability(text, brief): return 0.5\n"
    )
    found = load_simulator(good)
    assert found.name == "other" and found.click("x", COFFEE) == 0.1 and found.sha256 != simulator_sha256()
    bad = tmp_path / "bad.py"
    bad.write_text("click_probability = None\n")
    with pytest.raises(ValueError, match="must define"):
        load_simulator(bad)
    with pytest.raises(ValueError, match="no simulator"):
        load_simulator(tmp_path / "nowhere.py")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return float('nan')", r"gave nan on “Solid oak”; it must give a number above 0 and below 1\.$"),
        ("return float('inf')", "gave inf on"),
        ("return 1.0", "gave 1.0 on"),
        ("return 0", "gave 0.0 on"),
        ("return -0.2", "gave -0.2 on"),
        ("return None", r"failed on “Solid oak” \(TypeError: .*\); mend it there\.$"),
        ("return 1 / 0", r"failed on “Solid oak” \(ZeroDivisionError: division by zero\)"),
        ("return brief.colour", r"failed on “Solid oak” \(AttributeError: "),
    ],
)
@pytest.mark.parametrize("bad", ["click_probability", "conversion_probability"])
def test_an_outsiders_bad_answer_is_one_sentence_that_names_file_and_function(
    tmp_path: Path, bad: str, body: str, said: str
) -> None:
    bodies = {"click_probability": "return 0.1", "conversion_probability": "return 0.5", bad: body}
    file = tmp_path / "other.py"
    file.write_text("".join(f"def {name}(text, brief):\n    {what}\n" for name, what in bodies.items()))
    other = open_simulator(file)
    ask = {"click_probability": other.click, "conversion_probability": other.conversion}
    with pytest.raises(ValueError, match=rf"^{bad} of {re.escape(str(file))} {said}") as told:
        ask.pop(bad)("Solid oak", COFFEE)
    assert "\n" not in str(told.value)
    (good,) = ask.values()
    assert good("Solid oak", COFFEE) in (0.1, 0.5)
    with pytest.raises(ValueError, match=f"^{bad} of "):  # where reports are made of it
        draw(other, [AdSet(COFFEE, "headline", ("Solid oak",))], 100, 0)


def test_the_projects_own_is_opened_as_it_stands() -> None:
    own = open_simulator()
    assert own == load_simulator() and own.sha256 == FROZEN and own.click is click_probability


def test_an_outsiders_certainty_is_refused_in_one_sentence() -> None:
    other = Simulator("other", "0", lambda *_: 0.1, lambda *_: 0.0)
    with pytest.raises(ValueError, match=r"gave 0\.0 as a probability; both its functions must stay above 0"):
        draw(other, [AdSet(COFFEE, "headline", ("A", "B"))], 100, 0)


def test_campaigns_count_what_the_truth_says() -> None:
    brief = Brief(product="Tarn Bottle", description="A steel bottle for the road.", vertical="kitchen")
    sets = [AdSet(brief, "headline", ("Steel Bottle for the Road", "A Bottle That Stays Cold"))]
    rows = draw(load_simulator(), sets, 1_000_001, seed=1, shift=Shift(0.5, -0.5))
    known = truth(load_simulator(), sets, Shift(0.5, -0.5))
    assert sum(o.impressions for o in rows) == 2 * 1_000_001 and len({o.end for o in rows}) == 4
    assert len({o.group for o in rows}) == 1
    for k, text in enumerate(sets[0].texts):
        mine = [o for o in rows if o.text == text]
        clicks = sum(o.clicks for o in mine)
        assert clicks / 1_000_001 == pytest.approx(known[k, 0], rel=0.03)
        assert sum(o.conversions or 0 for o in mine) / clicks == pytest.approx(known[k, 1], rel=0.2)


def test_sets_are_of_texts_that_differ() -> None:
    sets = headline_sets(read_corpus(ASSETS / "corpus")[:20])
    assert sets and all(len(set(s.texts)) == 4 and s.brief.placement == "google_rsa" for s in sets)


def test_the_report_ships_the_best_ranker_and_is_of_the_frozen_truth() -> None:
    report = json.loads((ASSETS / "reports" / "ctcvr.json").read_text("utf-8"))
    assert report["source"] == "simulated" and report["simulator"]["sha256"] == FROZEN
    assert report["shipped"] == report["best_ranker_of_new_ads"] == SHIPPED
    for where in ("same ads", "new ads"):
        for rate in ("CTR", "CVR", "CTCVR"):
            assert 0.95 <= report["campaign"][where][SHIPPED][f"PCOC {rate}"]["mean"] <= 1.05
            assert report["campaign"]["same ads"][SHIPPED][f"ECE {rate}"]["mean"] <= 0.1
            ours, theirs = (report["campaign"][where][m][f"pair accuracy {rate}"] for m in (SHIPPED, "oracle"))
            assert 0.5 < ours["low"] < ours["mean"] < theirs["mean"]
    assert report["cold_start"]["equal_to_prior_at_0"]
