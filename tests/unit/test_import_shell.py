"""Importing results from the shell: what it says, and that it undoes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from relate_engine.config import settings
from tests.unit.test_importing import OLD, table


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RELATE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_the_shell_imports_reports_and_undoes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, rejected = home / "r.csv", home / "bad.csv"
    path.write_bytes(table(f"t,A,B,100,5,1,buy,,{OLD}", "t,B,B,1,5,1,buy,,2026-10-01"))
    assert main(["import", str(path), "--json", "--rejected", str(rejected)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["kept"], told["rejected"]) == (2, 1, 1)
    assert told["rejected_rows"] == [{"line": 3, "reason": "clicks (5) are above impressions (1)"}]
    assert b"are above impressions" in rejected.read_bytes()
    assert main(["import", str(path)]) == 0 and "was imported before" in capsys.readouterr().out
    assert main(["import", "--undo", str(told["import_id"])]) == 0
    capsys.readouterr()
    path.write_text("Zeile,Anzeigen,Hits\nHallo,100,5\n")
    assert main(["import", str(path)]) == 2 and "Say which column holds Impressions" in capsys.readouterr().err
    mapped = ["--map", "headline=Zeile", "--map", "impressions=Anzeigen", "--map", "clicks=Hits"]
    assert main(["import", str(path), *mapped, "--placement", "meta_feed", "--period", f"{OLD}..{OLD}"]) == 0
    said = capsys.readouterr().out
    assert "1 row read, 1 kept, 0 rejected." in said and "Meta feed ad" in said and OLD in said


def test_the_shell_tells_of_an_import_whose_rejected_rows_cannot_be_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "a.csv"
    path.write_bytes(table(f"t,A,B,100,5,1,buy,,{OLD}", "t,B,B,1,5,1,buy,,2026-10-01"))
    assert main(["import", str(path), "--rejected", str(home / "none" / "r.csv")]) == 2
    said = capsys.readouterr()
    assert "2 rows read, 1 kept, 1 rejected." in said.out
    assert "the import is done" in said.err and said.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["nowhere.csv"], ["."], [], ["--undo", "9"], ["a.csv", "--undo", "9"]])
def test_the_shell_refuses_in_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["import", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("relate: ") and error.count("\n") == 1
