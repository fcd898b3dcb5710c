"""Diversity: hand-worked overlaps, spans and amounts."""

from relate_engine.rewards.diversity import diversity, jaccard
from relate_engine.scorecard import level_of, value_of


def test_jaccard_by_hand() -> None:
    assert jaccard("a red bed", "A blue bed!") == 2 / 4
    assert jaccard("red bed", "Bed, red") == 1.0
    assert jaccard("red", "blue") == 0.0
    assert jaccard("", "") == 1.0 and jaccard("", "red") == 0.0


def test_a_shared_run_is_one_span_after_an_emoji() -> None:
    text = "🛏️ Sleep on pocket springs tonight, couples"
    (found,) = diversity(text, ["We say: sleep on pocket springs in Leeds and rest"], [])
    assert (found.rule_id, found.severity, text[found.start : found.end]) == (
        "DIV-001", "note", "Sleep on pocket springs",
    )  # fmt: skip
    assert found.amount == -0.05 and found.start == text.index("Sleep")


def test_two_words_are_no_run_and_runs_apart_are_two_findings() -> None:
    assert diversity("Sleep on clouds", ["Sleep on pocket springs forever"], []) == []
    text = "Rolled in a box, then 100 nights at home"
    mates = ["It comes rolled in a crate", "Take 100 nights at sea", "Try rolled in a tube of card"]
    assert [text[f.start : f.end] for f in diversity(text, mates, [])] == ["Rolled in a", "100 nights at"]


def test_served_texts_have_their_own_rule() -> None:
    assert [f.rule_id for f in diversity("One two three four", [], ["zero one two three five six seven"])] == [
        "DIV-002"
    ]


def test_near_duplicate_costs_half_and_leaves_compliance_alone() -> None:
    found = diversity("Sleep on natural latex", ["Sleep on natural latex tonight"], [])
    assert [f.rule_id for f in found] == ["DIV-001", "DIV-003"]
    assert found[1].start is None and found[1].amount == -0.5
    assert value_of(found) == 1 - 0.05 - 0.5
    assert level_of(found) == "clear"


def test_nothing_to_repeat() -> None:
    assert diversity("", [], []) == [] and diversity("Alone here", [], []) == []
