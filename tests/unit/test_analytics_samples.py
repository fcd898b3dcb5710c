"""The texts of a version's training as the Words page gets them: whose they are, in which order, as which table."""

from pathlib import Path

import pytest

from app.components.word_marks import painted, signed
from app.desks.words_training import group_words, reading, sentence
from app.services import analytics_samples, versions
from app.services.people import Forbidden
from db.session import Database
from relate_engine.training.samples import FILE, SampledGroup, SampledText, SampledWord, keep_group
from tests.unit.studio import person
from tests.unit.writers import add_version, small_settings

CURE = SampledText(
    "Cure <b>pains</b>", "judged", {"length": 0.6, "ctcvr": 0.25}, 0.8, -0.7,
    (SampledWord(0, 4, -1.5, -1.0, ("CLM-001: A <cure>.",)), SampledWord(5, 17, 0.25, 0.0, ())),
)  # fmt: skip
CALM = SampledText("Calm backs", "judged", {"length": 0.5, "ctcvr": 0.5}, 1.25, 0.7,
                   (SampledWord(0, 4, 0.25, 0.0, ()), SampledWord(5, 10, 0.25, 0.0, ())))  # fmt: skip
OPEN = SampledText("On and on", "open", {"length": 0.0, "ctcvr": 0.0}, 0.0, -1.2, ())


def group(step: int, slot: str = "headline", *texts: SampledText) -> SampledGroup:
    return SampledGroup(step, "TideLock", "google_rsa", slot, "how", 8, 1.0, 0.32, texts)


def test_a_versions_groups_are_read_last_step_first_and_best_text_first(db: Database, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    folder = add_version(db, admin, config, "grpo-77")
    assert analytics_samples.groups(db, admin, config, "grpo-77") == []  # trained before texts were kept
    keep_group(group(1, "headline", CURE, CALM), folder / FILE)
    keep_group(group(4, "description", OPEN), folder / FILE)
    found = analytics_samples.groups(db, person(db, "analyst"), config, "grpo-77")
    assert [(g.step, [t.text for t in g.texts]) for g in found] == [
        (4, ["On and on"]), (1, ["Calm backs", "Cure <b>pains</b>"]),
    ]  # fmt: skip
    assert [g.step for g in analytics_samples.matching(found, "headline", "")] == [1]
    (one,) = analytics_samples.matching(found, "", " cURE ")
    assert one.texts == (CURE,) and one.mean == 1.0
    assert analytics_samples.matching(found, "", "none such") == []
    table = analytics_samples.table(found)
    assert table["step"].tolist() == [4, 1, 1] and table["ctcvr"].tolist() == [0.0, 0.5, 0.25]
    assert table["lowest word credit"].tolist()[1:] == [0.25, -1.5] and table["group mean"].tolist() == [1.0] * 3


def test_another_workspaces_and_the_shipped_version_have_none(db: Database, tmp_path: Path) -> None:
    admin, config = person(db, "admin"), small_settings(tmp_path)
    keep_group(group(1, "headline", CURE), add_version(db, admin, config, "grpo-77") / FILE)
    keep_group(group(1, "headline", CURE), versions.policy_folder_of(config, admin.workspace_id, "writer-1") / FILE)
    other = person(db, "admin", "Theirs")
    assert analytics_samples.groups(db, other, config, "grpo-77") == []
    assert analytics_samples.groups(db, admin, config, "writer-1") == []
    assert analytics_samples.groups(db, admin, config, "../../elsewhere") == []
    with pytest.raises(Forbidden):
        analytics_samples.groups(db, person(db, "reviewer"), config, "grpo-77")


def test_the_painting_and_its_sentences_by_hand() -> None:
    words = analytics_samples.words_of(CURE)
    assert [(w.text, w.credit) for w in words] == [("Cure", -1.5), ("<b>pains</b>", 0.25)]
    html = painted(words)
    assert "minus 1.50" in html and "&lt;b&gt;pains&lt;/b&gt;" in html and "A &lt;cure&gt;." in html
    assert html.count("rl-mark") == 1 and "<b>" not in html and "<cure>" not in html
    assert reading(words) == (
        "1 of 2 words lost credit against the group, most of all “Cure” (minus 1.50): CLM-001: A <cure>. "
        "Its best word gained 0.25."
    )
    assert reading(analytics_samples.words_of(CALM)).startswith("None of its words lost credit against the group.")
    assert sentence(CURE) == "Reward 0.80 (length 0.60, sales 0.25). To every word alike: minus 0.70."
    assert [signed(v) for v in (0.004, -0.004, 1.0)] == ["0.00", "0.00", "plus 1.00"]
    assert group_words(group(1, "headline", CURE, CALM)) == (
        "2 of 8 texts of the group; its mean reward is 1.00, the standard deviation 0.32."
    )
    flat = SampledGroup(1, "T", "google_rsa", "headline", "how", 2, 0.5, 0.0, (CURE, CALM))
    assert "all of them earned about 0.50" in group_words(flat)
