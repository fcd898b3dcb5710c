"""The demo: built apart from the real home, with what each desk needs in it, badged, and removed without a trace."""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.cli import main
from app.services import analytics_rates, audit, briefs, demo, learning, presence
from app.services.analytics import View
from app.services.demo_mark import demo_settings, is_demo
from app.services.people import local_actor
from db import models
from db.session import StorageError, open_database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import Settings, settings
from tests.unit.studio import BLOCK, WARN, Draft, brief, card


def write(asked: Brief, counts: Mapping[str, int], seed: int) -> Draft:
    """Stands in for the writer: texts about the brief's product, one of them blocked, one with a warning."""
    made = []
    for slot, count in counts.items():
        for n in range(count):
            found = (BLOCK,) if n == count - 1 else (WARN,) if n == 1 else ()
            text = f"{asked.product.split()[0]} {'abcdefgh'[n]} {slot}"
            made.append(card(text, slot, findings=found, limit=90))
    return Draft(tuple(made))


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder with the hash of its bytes."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A real home with a brief of somebody's own in it."""
    config = Settings(home=tmp_path / "home")
    db = open_database(config.database)
    briefs.save_brief(db, local_actor(db), brief("My own"))
    db.close()
    return config


def test_the_demo_holds_what_each_desk_needs(config: Settings) -> None:
    said: list[str] = []
    home = demo.make(config, said.append, write)  # type: ignore[arg-type]
    assert home == config.home / "demo" and demo.ready(config) and said[-1] == "Done."
    inside = demo_settings(config)
    assert is_demo(inside) and not is_demo(config)
    db = open_database(inside.database)
    actor = local_actor(db)
    with db.read() as session:

        def count(model: type[models.Base], *where: object) -> int:
            return session.scalar(select(func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]

        assert count(models.Brief) == count(models.Generation) == count(models.Ad) == 3
        assert count(models.Version, models.Version.kind == "policy") == 1  # of the recorded round
        assert count(models.Feedback, models.Feedback.kind == "pick") > 10
        assert count(models.Verdict) > 5 and count(models.Comment) >= 3
        assert count(models.Import, models.Import.state == "visible", models.Import.name.startswith("simulated")) == 2
        assert count(models.Result, models.Result.text_id.is_not(None)) == count(models.Result) > 8
        drafted = session.scalars(select(models.Generation.created_at).order_by(models.Generation.id)).all()
        days = [(models.utc_now() - at).days for at in drafted]
    assert days == [24, 18, 3]
    seen = analytics_rates.observed(db, actor, View(date.today() - timedelta(days=60), date.today()))
    assert seen.action == "Purchases" and not seen.left_out and seen.frame["told"].gt(0).all()  # both campaigns' sales
    assert audit.verify(db, actor).holds
    db.close()
    assert demo.make(config, said.append, write) == home  # type: ignore[arg-type]  # it is there already


def test_removing_it_leaves_the_real_home_as_it_was(config: Settings) -> None:
    before = state(config.home)
    demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    assert {n: h for n, h in state(config.home).items() if not n.startswith("demo/")} == before
    assert demo.remove(config) and state(config.home) == before and not (config.home / "demo").exists()
    assert not demo.remove(config)


def test_a_home_that_the_demo_made_goes_with_it(tmp_path: Path) -> None:
    config = Settings(home=tmp_path / "none")
    demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    assert demo.remove(config) and not config.home.exists()


def test_a_draft_that_fails_leaves_nothing(config: Settings) -> None:
    before = state(config.home)

    def failing(*_: object) -> Draft:
        raise BriefError("The writer is not here; run relate setup.")

    with pytest.raises(BriefError, match="relate setup"):
        demo.make(config, lambda line: None, failing)  # type: ignore[arg-type]
    assert state(config.home) == before and not (config.home / "demo").exists()


def test_it_is_not_removed_while_it_runs_nor_is_anything_else(config: Settings) -> None:
    demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    inside = demo_settings(config)
    presence.mark(inside, "worker")
    with pytest.raises(StorageError, match="running"):
        demo.remove(config)
    presence.unmark(inside, "worker")
    open_pages = open_database(inside.database)
    local_actor(open_pages)
    with pytest.raises(StorageError, match="running"):
        demo.remove(config)
    open_pages.close()
    assert demo.remove(config)
    (config.home / "demo").mkdir()
    (config.home / "demo" / "mine.txt").write_text("x")
    assert not demo.remove(config)
    with pytest.raises(StorageError, match="not the demo"):
        demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    assert (config.home / "demo" / "mine.txt").exists()


def test_what_is_learned_in_the_demo_counts_as_simulated(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    monkeypatch.setattr(learning, "set_threads", lambda config: None)
    monkeypatch.setattr("relate_engine.policy.weights.encoder_folder", lambda cache: Path("none"))
    monkeypatch.setattr("relate_engine.rewards.encoder.Encoder", lambda folder: None)
    assert learning.setting_of(demo_settings(config)).source == "simulated"
    assert learning.setting_of(config).source == "imported"


def test_the_shell_makes_and_removes_it(
    config: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELATE_HOME", str(config.home))
    monkeypatch.delenv("RELATE_DATABASE_URL", raising=False)
    monkeypatch.setattr(demo, "_writer", lambda inside, say: write)
    settings.cache_clear()
    try:
        assert main(["demo", "--no-open"]) == 0
        assert "your own data are not touched" in capsys.readouterr().out
        assert main(["demo", "--remove"]) == 0
        assert "removed" in capsys.readouterr().out
    finally:
        settings.cache_clear()
