"""The Words page's tokenizer: the same tokens as training's, and no torch to wait for."""

import subprocess
import sys
from pathlib import Path

import pytest

from relate_engine.config import ROOT
from relate_engine.policy.spelling import Speller
from relate_engine.policy.weights import WeightsError
from relate_engine.training.credit import spell
from tests import tiny

TEXTS = ("Lock Your Kayak in Seconds", "Größe 🙂 don 't", "رف القوارب", " a , b ", "")


def test_it_spells_as_the_tokenizer_of_training(tmp_path: Path) -> None:
    theirs = tiny.tokenizer()
    theirs.save_pretrained(tmp_path)
    ours = Speller(str(tmp_path))
    for text in TEXTS:
        ids = ours.encode(text, add_special_tokens=False)
        assert ids == theirs.encode(text, add_special_tokens=False)
        assert spell(ours, ids) == spell(theirs, ids)


def test_a_damaged_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(WeightsError, match="No tokenizer in"):
        Speller(str(tmp_path))


def test_opening_the_page_imports_no_model(tmp_path: Path) -> None:
    """Importing torch and transformers took five of the six seconds of its first opening."""
    tiny.tokenizer().save_pretrained(tmp_path)
    script = (
        "import sys\n"
        "import app.desks.words\n"
        "from app.services import analytics_words as words\n"
        "from relate_engine.config import Settings\n"
        "from tests.unit.studio import WARN, card\n"
        f"spells = words.tokenizer_of(Settings(_env_file=None, base_model={str(tmp_path)!r}))\n"
        "judged = card('Best Rack', findings=(WARN,))\n"
        "assert words.words_of(judged.text, judged.findings, 'relate', spells)[0].credit == -1.0\n"
        "assert words.sentence_rewards(judged, 'relate')['length'] == 0.6\n"
        "print([name for name in ('torch', 'transformers', 'peft') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
