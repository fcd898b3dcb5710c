"""Two people at one brief: who is told what, where the versions differ, and the one brief that comes of both."""

import pytest

from app.services import briefs
from app.services.brief_merge import FIELDS, Difference, differences, lines_of, merged
from app.services.briefs import BriefChanged
from app.services.people import Actor
from app.services.stored import checksum_of
from db.session import Database
from relate_engine.brief import Brief, BriefError
from tests.unit.studio import brief, person


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "advertiser")


@pytest.fixture
def bo(db: Database) -> Actor:
    return person(db, "advertiser")


KNOWN = brief("Rack", tone="plain", benefits=["Locks two kayaks"], audience="paddlers")
THEIRS = brief("Rack", tone="warm", benefits=["Locks two kayaks", "Steel"], audience="paddlers in flats")
MINE = brief(
    "Rack", tone="dry", benefits=["Locks two kayaks", "Oak"], audience="paddlers", brand_kit={"names": ["Tide"]}
)


def _found(known: Brief | None, theirs: Brief, mine: Brief) -> tuple[Difference, ...]:
    return differences(FIELDS, lines_of(known) if known else None, lines_of(theirs), lines_of(mine))


def test_only_fields_that_differ_are_shown_with_who_changed_them() -> None:
    found = {d.name: d for d in _found(KNOWN, THEIRS, MINE)}
    assert list(found) == ["benefits", "audience", "tone", "names"]  # in the order of the form
    assert {name: (d.changed, d.suggested) for name, d in found.items()} == {
        "benefits": ("both", "mine"), "audience": ("theirs", "theirs"), "tone": ("both", "mine"),
        "names": ("mine", "mine"),
    }  # fmt: skip
    assert found["benefits"].theirs == ("Locks two kayaks", "Steel") and found["names"].theirs == ()
    assert {d.changed for d in _found(None, THEIRS, MINE)} == {"both"}  # nobody knows what both began from
    assert _found(KNOWN, MINE, MINE) == ()


def test_every_field_of_a_brief_is_compared() -> None:
    whole = Brief.model_fields.keys() - {"brand_kit", "language"} | type(KNOWN.brand_kit).model_fields.keys()
    assert set(FIELDS) == whole == set(lines_of(KNOWN))  # language is English, always
    claim = brief(claims=[{"text": "Holds 120 lb", "evidence": "load test"}])
    assert lines_of(claim)["claims"] == ("Holds 120 lb | load test",)


def test_one_brief_out_of_both() -> None:
    made = merged(THEIRS, MINE, ["tone", "names"])
    assert (made.tone, made.audience, made.benefits) == ("dry", "paddlers in flats", ("Locks two kayaks", "Steel"))
    assert made.brand_kit.names == ("Tide",)
    assert merged(THEIRS, MINE, ()) == THEIRS
    assert merged(THEIRS, MINE, FIELDS) == MINE
    with pytest.raises(BriefError):
        merged(THEIRS, MINE.model_copy(update={"tone": "x" * 61}), ["tone"])


def test_the_second_is_told_who_was_first_and_a_third_is_seen_too(db: Database, ada: Actor, bo: Actor) -> None:
    saved = briefs.save_brief(db, ada, KNOWN)
    seen = checksum_of(saved.brief)
    briefs.save_brief(db, bo, THEIRS, saved.id, seen)
    briefs.rename_brief(db, ada, saved.id, "Spring racks")  # no change of what the brief says
    with pytest.raises(BriefChanged, match="somebody changed this brief") as told:
        briefs.save_brief(db, ada, MINE, saved.id, seen)
    first = told.value
    assert (first.newest.brief, first.who, first.own) == (THEIRS, bo.user_id, False)
    assert briefs.get_brief(db, ada, saved.id).brief == THEIRS

    briefs.save_brief(db, bo, brief("Rack three"), saved.id)  # while ada chooses
    with pytest.raises(BriefChanged) as again:
        briefs.save_brief(db, ada, merged(THEIRS, MINE, ["tone"]), saved.id, checksum_of(first.newest.brief))
    assert again.value.newest.brief.product == "Rack three"


def test_two_who_rename_one_brief(db: Database, ada: Actor, bo: Actor) -> None:
    saved = briefs.save_brief(db, ada, KNOWN)
    seen = (saved.title, "", "")
    briefs.rename_brief(db, bo, saved.id, "Spring racks", "Spring", "", seen)
    with pytest.raises(BriefChanged) as told:
        briefs.rename_brief(db, ada, saved.id, "Racks", "", "Walls", seen)
    assert (told.value.filed, told.value.who) == (("Spring racks", "Spring", ""), bo.user_id)
    assert briefs.rename_brief(db, ada, saved.id, "Spring racks", "Spring", "", seen).title == "Spring racks"
    assert briefs.rename_brief(db, ada, saved.id, "Racks", "Spring", "Walls", told.value.filed).title == "Racks"
