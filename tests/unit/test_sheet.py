"""The blind sheet's pass rates: by source and slot, of each reader, and how far readers agree."""

from pathlib import Path

from relate_engine.evaluate import sheet_result


def test_a_text_passes_where_all_four_answers_are_yes_and_readers_are_counted_apart(tmp_path: Path) -> None:
    (tmp_path / "key.csv").write_text("number,source\n1,served\n2,served\n3,base\n")
    (tmp_path / "sheet.csv").write_text("number,slot,text,brief\n1,headline,a,b\n2,primary,a,b\n3,headline,a,b\n")
    head = "number,finished,true,specific,would_run\n"
    (tmp_path / "verdicts.csv").write_text(f"{head}1,1,1,1,1\n2,1,1,1,0\n3,0,1,1,1\n")
    one = {"texts": 1, "passed": 1, "share": 1.0}
    first = sheet_result(tmp_path)
    assert first["verdicts"]["served"] == {"texts": 2, "passed": 1, "share": 0.5}
    assert first["verdicts"]["served headline"] == one and first["verdicts"]["base"]["passed"] == 0
    assert "readers_agree" not in first
    (tmp_path / "verdicts-2.csv").write_text(f"{head}1,1,1,1,1\n2,1,1,1,1\n3,0,1,1,1\n")
    both = sheet_result(tmp_path)
    assert both["verdicts"] == first["verdicts"] and both["verdicts-2"]["served"]["share"] == 1.0
    assert both["readers_agree"] == round(2 / 3, 4)
