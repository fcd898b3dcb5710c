"""The ad builder under quick clicks and in two tabs of one person: no change is lost, and no promise is false."""

import pytest
from streamlit.testing.v1 import AppTest

from app.desks.ads_state import Bench, moved, removed, reworded
from app.services import ads, drafting, feedback
from app.services.ad_records import Place
from app.services.people import Actor
from db.session import Database
from relate_engine.scorecard import Scorecard
from tests.integration.test_ads_desk import built, opened, press, words
from tests.unit.studio import card

pytestmark = pytest.mark.usefixtures("rules_of_the_cards")

KEPT = "A refresh keeps it."


def cards() -> list[Scorecard]:
    heads = [card(f"Head {i} word{i}") for i in range(6)]
    return heads + [card(f"Desc {i} is here.", "description", limit=90) for i in range(3)]


def bench(at: AppTest) -> Bench:
    found: Bench = at.session_state["ads_desk"].bench
    return found


def held(at: AppTest) -> list[int]:
    return [place.text_id for place in bench(at).places]


def clicked(at: AppTest, *keys: str) -> AppTest:
    """All of them before the page is drawn again."""
    for key in keys:
        at.button(key=key).click()
    at.run()
    assert not at.exception
    return at


def test_of_two_quick_clicks_neither_is_lost(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    extra = drafting.add_own_lines(db, ada, ad.brief_id, [card("Fits Canoes Too")]).texts[0]
    at = opened(monkeypatch, db, ada, ad.id)
    clicked(at, f"ad_out_{ids[0]}", f"ad_out_{ids[1]}")
    assert held(at) == ids[2:]
    clicked(at, f"ad_add_{extra.id}", f"ad_out_{ids[2]}")
    assert held(at) == [*ids[3:], extra.id]
    at.selectbox(key=f"ad_pin_{ids[4]}").set_value(1)
    clicked(at, f"ad_down_{ids[3]}")
    assert bench(at).places[:2] == (Place(ids[4], "headline", 1), Place(ids[3], "headline"))
    clicked(at, f"ad_out_{ids[4]}", f"ad_down_{ids[4]}")  # no longer there
    assert ids[4] not in held(at)
    press(at, "ad_undo")
    assert held(at) == ids


def test_a_click_right_after_save_counts(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    at = opened(monkeypatch, db, ada, ad.id)
    press(at, f"ad_out_{ids[0]}")
    clicked(at, "ad_save", f"ad_out_{ids[1]}")
    saved = ads.get_ad(db, ada, ad.id).newest
    assert saved.number == 2 and list(saved.text_ids) == ids[1:]
    assert held(at) == ids[2:] and KEPT in words(at)


def test_the_newest_wording_quickly(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    new = feedback.edit(db, ada, ids[1], card("Head one in new words"))
    at = opened(monkeypatch, db, ada, ad.id)
    clicked(at, f"ad_out_{ids[0]}", "ad_newer")
    assert held(at) == [new.id, *ids[2:]]


def test_a_wording_that_is_there_already_takes_the_place_of_the_old_ones() -> None:
    places = tuple(Place(i, "headline") for i in (1, 2, 3))
    assert reworded(places, {1: 3}) == places[1:]
    assert reworded(places, {1: 9, 2: 9}) == (Place(9, "headline"), places[2])
    assert removed(places, 2) == (places[0], places[2]) and removed(places, 7) == places
    assert moved(places, 7, 1) == places


def test_what_another_tab_saved_over_is_kept_again(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    one, two = (opened(monkeypatch, db, ada, ad.id) for _ in range(2))
    press(one, f"ad_out_{ids[0]}")
    press(two, f"ad_down_{ids[3]}")
    press(two, "ad_save")
    one.run()
    assert KEPT in words(one)
    again = opened(monkeypatch, db, ada, ad.id)
    assert held(again) == ids[1:] and bench(again).dirty and "saved version 2" in words(again)


def test_what_another_tab_undid_is_kept_again(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    one = opened(monkeypatch, db, ada, ad.id)
    press(one, f"ad_out_{ids[0]}")
    two = opened(monkeypatch, db, ada, ad.id)
    press(two, "ad_undo")
    one.run()
    assert KEPT in words(one)
    assert held(opened(monkeypatch, db, ada, ad.id)) == ids[1:]


def test_undoing_here_leaves_what_another_tab_kept(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    one, two = (opened(monkeypatch, db, ada, ad.id) for _ in range(2))
    press(one, f"ad_out_{ids[0]}")
    press(two, f"ad_out_{ids[1]}")
    press(one, f"ad_out_{ids[2]}")  # kept last
    press(two, "ad_undo")
    assert held(opened(monkeypatch, db, ada, ad.id)) == [ids[1], *ids[3:]]


def test_saved_in_one_tab_is_unsaved_in_no_other(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada, cards())
    ids = list(ad.newest.text_ids)
    one = opened(monkeypatch, db, ada, ad.id)
    press(one, f"ad_out_{ids[0]}")
    two = opened(monkeypatch, db, ada, ad.id)  # brought back
    press(one, "ad_save")
    two.run()
    for at in (two, opened(monkeypatch, db, ada, ad.id)):
        assert at.button(key="ad_save").disabled and "Yours is not saved" not in words(at)
        assert held(at) == ids[1:]


def test_an_export_says_what_it_leaves_out(db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ad = built(db, ada)
    at = opened(monkeypatch, db, ada, ad.id)
    told = "Your unsaved changes are not in this file; it holds version 1."
    press(at, "ad_export")
    assert "Version 1, " in words(at) and told not in words(at)
    at.selectbox(key=f"ad_pin_{ad.newest.text_ids[0]}").set_value(1).run()
    press(at, "ad_export")
    assert told in [warning.value for warning in at.warning]
