"""The report on the fact check counts flagged texts by kind; a brief is an id of the corpus or stands there whole."""

import json
from pathlib import Path

import pytest

from relate_engine.brief import Brief, BriefError
from relate_engine.training.factcheck import factcheck_report

OATS = Brief(product="Oat Bar", description="A bar of oats and honey, 12 in a box.", benefits=("Ships in 2 days",))


def row(brief: object, text: str, label: str, kind: str = "number") -> str:
    return json.dumps({"brief": brief, "text": text, "label": label, "kind": kind})


def test_wrong_and_true_texts_are_counted_apart_and_the_run_is_logged(tmp_path: Path) -> None:
    whole = {"product": "Oat Bar", "description": "A bar of oats and honey, 12 in a box."}
    lines = [row("a", "14 oat bars in a box", "wrong"), row(whole, "15 oat bars in a box", "wrong"),
             row("a", "12 oat bars in a box", "true"), row("a", "Here within 48 hours", "true")]  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines), "utf-8")
    report = factcheck_report(tmp_path / "pairs.jsonl", {"a": OATS}, tmp_path / "log.jsonl")
    assert (report["recall"]["flagged"], report["recall"]["texts"]) == (2, 2)
    assert (report["false_alarms"]["flagged"], report["false_alarms"]["texts"]) == (0, 2)
    assert report["recall_by_kind"] == {"number": [2, 2]}
    (logged,) = map(json.loads, (tmp_path / "log.jsonl").read_text("utf-8").splitlines())
    assert logged["file"] == "pairs.jsonl" and logged["recall"] == report["recall"]


def test_a_pair_of_a_brief_nobody_knows_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text(row("a", "Oats", "true") + "\n" + row("b", "Oats", "true"), "utf-8")
    with pytest.raises(BriefError, match=r"pairs.jsonl, line 2: no pair"):
        factcheck_report(tmp_path / "pairs.jsonl", {"a": OATS})
