"""What was typed on the Draft desk and not saved: kept for its person alone, also when the session has ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.services import briefs, draft_working, drafting, feedback
from app.services.people import Actor, Forbidden
from app.services.stored import StoredText
from db.session import Database
from relate_engine.config import Settings
from tests.unit.studio import brief, card, person, small_draft

FORM = {"product": "Rack", "tone": "dry", "countries": ["us", "de"], "placement": "google_rsa"}


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def texts(db: Database, ada: Actor) -> tuple[StoredText, ...]:
    saved = briefs.save_brief(db, ada, brief())
    return drafting.store_generation(db, ada, saved.id, small_draft()).texts


def ended(actor: Actor) -> Actor:
    """The same person on a page that was drawn before the session ended."""
    return replace(actor, role_now=lambda: None)


def test_a_typed_brief_outlives_the_session_and_is_nobody_elses(db: Database, ada: Actor, config: Settings) -> None:
    saved = briefs.save_brief(db, ada, brief())
    assert draft_working.kept_briefs(db, ada, config) == []
    assert draft_working.keep_brief(ended(ada), config, saved.id, FORM, saved.brief)
    assert draft_working.keep_brief(ended(ada), config, None, FORM | {"product": "New"}, None)
    with pytest.raises(Forbidden, match="session has ended"):
        draft_working.kept_briefs(db, ended(ada), config)
    new, old = draft_working.kept_briefs(db, ada, config)  # the last typed first
    assert (new.kept_as, new.brief_id, new.title, new.base) == (0, None, "New", None)
    assert (old.brief_id, old.title, old.form, old.base) == (saved.id, saved.title, FORM, saved.brief)
    for other in (person(db, "advertiser"), person(db, "advertiser", "Theirs")):
        assert draft_working.kept_briefs(db, other, config) == []
    draft_working.forget_brief(ada, config, None)
    draft_working.forget_brief(ada, config, None)  # a double click
    assert [one.brief_id for one in draft_working.kept_briefs(db, ada, config)] == [saved.id]


def test_a_brief_that_is_gone_comes_back_as_a_new_one(db: Database, ada: Actor, config: Settings) -> None:
    """After a restore of yesterday brief 7 is not there; a brief of another workspace is no brief either."""
    theirs = briefs.save_brief(db, person(db, "admin", "Theirs"), brief())
    for number in (7, theirs.id):
        draft_working.keep_brief(ada, config, number, FORM, brief())
    found = draft_working.kept_briefs(db, ada, config)
    assert sorted(one.kept_as for one in found) == [theirs.id, 7]
    assert {(one.brief_id, one.title, one.base) for one in found} == {(None, "Rack", None)}


@pytest.mark.parametrize("said", ["", "{", "[]", "{}", '{"form": 1, "base": null}', '{"form": {"a": 1}, "base": null}',
                                  '{"form": {}, "base": {"product": ""}}'])  # fmt: skip
def test_a_damaged_file_is_nothing(db: Database, ada: Actor, config: Settings, said: str) -> None:
    draft_working.keep_brief(ada, config, 3, FORM, None)
    (file,) = (config.home / "work" / "briefs").rglob("*.json")
    file.write_text(said)
    file.with_name("x.json").write_text('{"form": {}, "base": null}')
    assert draft_working.kept_briefs(db, ada, config) == []


def test_a_disk_that_refuses_stops_nobody(db: Database, ada: Actor, config: Settings) -> None:
    (config.home / "work").write_text("in the way")
    assert not draft_working.keep_brief(ada, config, None, FORM, None)
    draft_working.forget_brief(ada, config, None)
    assert draft_working.kept_briefs(db, ada, config) == []


def test_a_wording_comes_back_on_the_text_as_it_stands_now(
    db: Database, ada: Actor, config: Settings, texts: tuple[StoredText, ...]
) -> None:
    first, second = texts[:2]
    draft_working.keep_wording(ended(ada), config, first.brief_id, first.id, "Lock It Fast")
    draft_working.keep_wording(ended(ada), config, first.brief_id, second.id, "  ")  # nothing
    edited = feedback.edit(db, person(db, "admin"), first.id, card("Lock Kayaks Now"))
    (found,) = draft_working.kept_wordings(db, ada, config, first.brief_id)
    assert (found.was_id, found.now_id, found.now, found.wording) == (
        first.id, edited.id, "Lock Kayaks Now", "Lock It Fast",
    )  # fmt: skip
    assert draft_working.kept_wordings(db, person(db, "advertiser"), config, first.brief_id) == []
    assert draft_working.kept_wordings(db, ada, config, first.brief_id + 1) == []
    feedback.edit(db, ada, edited.id, card("Lock It Fast"))  # saved after all, in another tab
    assert draft_working.kept_wordings(db, ada, config, first.brief_id) == []


def test_readers_keep_nothing(db: Database, config: Settings, texts: tuple[StoredText, ...]) -> None:
    for role in ("reviewer", "analyst"):
        reader = person(db, role)  # type: ignore[arg-type]
        with pytest.raises(Forbidden, match=f"Your role, {role}, may not"):
            draft_working.keep_brief(reader, config, None, FORM, None)
        with pytest.raises(Forbidden, match=f"Your role, {role}, may not"):
            draft_working.keep_wording(reader, config, texts[0].brief_id, texts[0].id, "Mine")
    assert not (config.home / "work").exists()
