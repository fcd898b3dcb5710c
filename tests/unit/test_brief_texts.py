"""Picks of a large brief and the newest wordings of a slot: as reading the whole brief would answer, up to a bound."""

import random

import pytest

from app.services import briefs as own_briefs
from app.services import drafting, feedback
from app.services.people import Actor
from app.services.stored import StoredGeneration
from db import brief_texts, briefs
from db.session import Database
from tests.unit.studio import brief, card, person, small_draft


@pytest.fixture
def drafted(db: Database, ada: Actor) -> StoredGeneration:
    saved = own_briefs.save_brief(db, ada, brief())
    drafting.store_generation(db, ada, saved.id, small_draft())
    return drafting.store_generation(db, ada, saved.id, small_draft())


def test_picks_are_those_that_the_whole_brief_would_give(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    chance, ids = random.Random(0), [t.id for t in drafting.texts_of_brief(db, ada, drafted.brief_id)]
    for _ in range(60):
        text = chance.choice(ids)
        done = chance.choice(("pick", "unpick", "reject", "copy", "rate", "plain", "editor"))
        if done == "rate":
            feedback.rate(db, ada, text, 3)
        elif done in ("plain", "editor"):
            feedback.export(db, ada, [text], done)
        else:
            getattr(feedback, done)(db, ada, text)
    new = feedback.edit(db, ada, ids[0], card("Two Kayaks on One Rack"))
    feedback.pick(db, ada, new.id)
    whole = [t.id for t in drafting.texts_of_brief(db, ada, drafted.brief_id) if t.choice == "picked"]
    assert [t.id for t in drafting.picked_texts(db, ada, drafted.brief_id)] == whole and new.id in whole


def test_the_last_picked_ones_are_read(
    db: Database, ada: Actor, drafted: StoredGeneration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "PICKED", 2)
    one, two, three = (t.id for t in drafted.texts[:3])
    for text in (three, one, two):
        feedback.pick(db, ada, text)
    assert [t.id for t in drafting.picked_texts(db, ada, drafted.brief_id)] == [one, two]


def test_wordings_are_the_newest_of_the_slot_without_edited_ones(
    db: Database, ada: Actor, drafted: StoredGeneration
) -> None:
    first, second, third = drafted.of_slot("headline")
    feedback.edit(db, ada, second.id, card("Two Kayaks on One Rack"))
    theirs = person(db, "advertiser", "Theirs")
    with db.read() as session:
        asked = (drafted.brief_id, "headline", first.id, 2)
        assert brief_texts.wordings(session, ada.workspace_id, *asked) == ["Two Kayaks on One Rack", third.text]
        assert brief_texts.wordings(session, theirs.workspace_id, *asked) == []


def test_a_text_that_only_filled_up_an_ad_is_among_nobodys_picks(db: Database) -> None:
    ada = person(db, "advertiser")
    saved = own_briefs.save_brief(db, ada, brief())
    picked, filled, *_ = drafting.store_generation(db, ada, saved.id, small_draft()).texts
    feedback.pick(db, ada, picked.id)
    feedback.export(db, ada, [filled.id], feedback.FILLED)
    assert [t.text for t in drafting.picked_texts(db, ada, saved.id)] == [picked.text]
    with db.read() as session:
        assert briefs.picked_ids(session, ada.workspace_id, saved.id, 9) == [picked.id]
