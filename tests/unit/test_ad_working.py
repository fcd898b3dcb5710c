"""Unsaved work on an ad: kept for its person alone, brought back on the version it began from, gone once saved."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.services import ad_working, ads, briefs, drafting
from app.services.ad_records import Place, StoredAd
from app.services.people import Actor, Forbidden, NotFound
from db.session import Database
from relate_engine.config import Settings
from tests.unit.studio import brief, card, person, small_draft


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path)  # type: ignore[call-arg]


@pytest.fixture
def ad(db: Database, ada: Actor) -> StoredAd:
    saved = briefs.save_brief(db, ada, brief())
    texts = drafting.add_own_lines(db, ada, saved.id, small_draft().candidates).texts
    return ads.create_ad(db, ada, saved.id, places=[Place(text.id, text.slot) for text in texts])


def test_what_was_not_saved_comes_back_to_its_person(db: Database, ada: Actor, ad: StoredAd, config: Settings) -> None:
    assert ad_working.kept(db, ada, config, ad.id) is None
    mine = (replace(ad.newest.places[1], pin=2), *ad.newest.places[2:])
    assert ad_working.keep(db, ada, config, ad.id, 1, mine)
    found = ad_working.kept(db, ada, config, ad.id)
    assert found and (found.base, found.saved, found.places) == (1, ad.newest.places, mine)
    assert ad_working.kept(db, person(db, "advertiser"), config, ad.id) is None  # nobody else's
    ad_working.forget(ada, config, ad.id)
    assert ad_working.kept(db, ada, config, ad.id) is None
    ad_working.forget(ada, config, ad.id)  # a second tab


def test_it_knows_the_version_it_began_from(db: Database, ada: Actor, ad: StoredAd, config: Settings) -> None:
    mine, theirs = ad.newest.places[:4], ad.newest.places[1:]
    ad_working.keep(db, ada, config, ad.id, 1, mine)
    ads.save_revision(db, person(db, "advertiser"), ad.id, 1, theirs)
    found = ad_working.kept(db, ada, config, ad.id)
    assert found and (found.base, found.saved, found.places) == (1, ad.newest.places, mine)
    ad_working.keep(db, ada, config, ad.id, 2, theirs)  # what version 2 holds is no change
    assert ad_working.kept(db, ada, config, ad.id) is None


def test_after_a_restore_of_yesterday_only_what_is_there_comes_back(
    db: Database, ada: Actor, ad: StoredAd, config: Settings
) -> None:
    """Version 7 and text 999 are gone, and text 1's number stands in another slot now."""
    first, second = ad.newest.places[:2]
    other = drafting.add_own_lines(db, ada, briefs.save_brief(db, ada, brief("Other")).id, [card("Not of it")]).texts[0]
    held = (replace(first, slot="path"), second, Place(999, "headline"), Place(other.id, "headline"))
    ad_working.keep(db, ada, config, ad.id, 7, held)
    found = ad_working.kept(db, ada, config, ad.id)
    assert found and (found.base, found.saved, found.places) == (1, ad.newest.places, (second,))


@pytest.mark.parametrize("said", ["", "{", "[]", '{"base": 1}', '{"base": 1, "places": [[1]]}', '{"base": "x"}'])
def test_a_damaged_file_is_nothing(db: Database, ada: Actor, ad: StoredAd, config: Settings, said: str) -> None:
    ad_working.keep(db, ada, config, ad.id, 1, ())
    (file,) = (config.home / "work" / "benches").rglob("*.json")
    assert json.loads(file.read_text()) == {"base": 1, "places": []}
    file.write_text(said)
    assert ad_working.kept(db, ada, config, ad.id) is None


def test_a_disk_that_refuses_stops_nobody(db: Database, ada: Actor, ad: StoredAd, config: Settings) -> None:
    (config.home / "work").write_text("in the way")
    assert not ad_working.keep(db, ada, config, ad.id, 1, ())
    ad_working.forget(ada, config, ad.id)
    assert ad_working.kept(db, ada, config, ad.id) is None


def test_readers_and_strangers_keep_nothing(db: Database, ad: StoredAd, config: Settings) -> None:
    for role in ("reviewer", "analyst"):
        with pytest.raises(Forbidden):
            ad_working.keep(db, person(db, role), config, ad.id, 1, ())
        with pytest.raises(Forbidden):
            ad_working.kept(db, person(db, role), config, ad.id)
    with pytest.raises(NotFound):
        ad_working.keep(db, person(db, "admin", "Theirs"), config, ad.id, 1, ())
    assert not (config.home / "work").exists()
