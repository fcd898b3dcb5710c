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


def test_another_tab_keeps_in_the_same_place(db: Database, ada: Actor, ad: StoredAd, config: Settings) -> None:
    mine, other = ad.newest.places[:4], (replace(ad.newest.places[0], pin=1), *ad.newest.places[1:])
    assert not ad_working.holds(ada, config, ad.id, 1, mine)
    ad_working.keep(db, ada, config, ad.id, 1, mine)
    assert ad_working.holds(ada, config, ad.id, 1, mine)
    assert not ad_working.holds(ada, config, ad.id, 2, mine)
    ad_working.keep(db, ada, config, ad.id, 1, other)
    assert not ad_working.holds(ada, config, ad.id, 1, mine) and ad_working.holds(ada, config, ad.id, 1, other)


def held(*ids: int) -> tuple[Place, ...]:
    return tuple(Place(i, "headline") for i in ids)


def test_a_merge_keeps_what_both_did_since_the_version_they_began_from() -> None:
    base = held(1, 2, 3, 4)
    assert ad_working.merged(held(1, 2, 3), held(2, 3, 4), base) == held(2, 3)  # 1 by them, 4 by me
    assert ad_working.merged(held(4, 1, 2, 3, 5), held(1, 2, 3, 4, 6), base) == held(4, 1, 2, 3, 5, 6)
    pin = (Place(1, "headline", 2), *held(2, 3, 4))
    assert ad_working.merged(pin, base, base) == pin
    assert ad_working.merged(base, base, base) == ad_working.merged(base, base) == base
    assert ad_working.merged(held(1, 2), held(2, 3)) == held(1, 2, 3)  # without a base both


def test_a_merge_holds_one_wording_of_a_text() -> None:
    """2 was edited to 8, and that to 9."""
    base, newer = held(1, 2, 3, 4), {2: 9, 8: 9}
    pin = (Place(2, "headline", 1), *held(1, 3))
    assert ad_working.merged(pin, held(9, 3, 4), base, newer) == (Place(9, "headline", 1), Place(3, "headline"))
    assert ad_working.merged(held(1, 2, 3), held(1, 8, 3), base, newer) == held(1, 8, 3)  # theirs, in its place
    assert ad_working.merged(held(1, 8, 3), base, base, newer) == held(1, 8, 3)  # mine
    assert ad_working.merged(held(1, 8), held(1, 9, 3), base, newer) == held(1, 9)  # the newest of two
    assert ad_working.merged(held(1, 3), held(1, 9, 3), base, newer) == held(1, 3)  # I took it out
    assert ad_working.merged(held(1, 2, 3, 9), held(1, 2, 3), base, newer) == held(1, 9, 3)  # both in mine
    assert ad_working.merged(held(1, 2, 3), held(1, 9, 3), base) == held(1, 3, 9)  # nothing known of wordings
