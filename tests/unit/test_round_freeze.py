"""What a round freezes of a workspace, and that a round which goes on finds the writer it started from."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.services import briefs, drafting, feedback, importing, round_freeze, rounds
from app.services.jobrun import JobContext
from app.services.people import Actor
from app.services.stored import StoredText
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.round_rows import acceptance, preference_pairs, sft_targets
from relate_engine.snapshot import Snapshot, held_products, training_sets
from tests.tiny_round import HEADLINES
from tests.unit.rulebook_world import publish
from tests.unit.studio import Draft, brief, card, person
from tests.unit.test_round_rewards import context


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings with a trained writer, as far as a snapshot asks."""
    (tmp_path / "adapter").mkdir()
    _put_writer(tmp_path / "adapter", "writer-1", "aa")
    return Settings(home=tmp_path, adapter=tmp_path / "adapter")


def _put_writer(folder: Path, version: str, sha256: str) -> None:
    (folder / "manifest.json").write_text(json.dumps({"version": version, "sha256": sha256}), "utf-8")


@pytest.fixture
def ada(db: Database) -> Actor:
    return person(db, "advertiser")


def drafted(
    db: Database, ada: Actor, brief_id: int, texts: tuple[str, ...] = HEADLINES[:4], author: str = "policy:writer-1"
) -> tuple[StoredText, ...]:
    cards = tuple(card(text, author=author) for text in texts)
    return drafting.store_generation(db, ada, brief_id, Draft(cards)).texts  # type: ignore[arg-type]


def trained_on(snapshot: Snapshot, product: str) -> Snapshot:
    """The snapshot of the first round that does not hold this product out."""
    tried = (replace(snapshot, round=number) for number in range(1, 20))
    return next(s for s in tried if product.casefold() not in held_products(s))


def test_an_edit_that_was_taken_back_is_no_choice(db: Database, home: Settings, ada: Actor) -> None:
    for product in ("Oak Desk", "Elm Desk"):
        saved = briefs.save_brief(db, ada, brief(product))
    texts = drafted(db, ada, saved.id)
    changed = feedback.edit(db, ada, texts[0].id, card("Solid elm"))
    back = feedback.edit(db, ada, changed.id, card(HEADLINES[0]))

    def frozen() -> Snapshot:
        return trained_on(round_freeze.freeze(db, person(db, "analyst"), home, 1), "Elm Desk")

    first = frozen().sets[0].texts[0]
    assert (first.text, first.edited, first.stood_by) == (HEADLINES[0], "", False)
    assert sft_targets(frozen()) == [] and preference_pairs(frozen()) == []
    feedback.pick(db, ada, back.id)
    feedback.reject(db, ada, texts[1].id)
    ((_, pairs),) = preference_pairs(frozen())  # as of any picked text
    assert (pairs[0].better.text, pairs[0].worse.text) == (HEADLINES[0], HEADLINES[1])
    assert all(p.better.text != p.worse.text for p in pairs)


def test_an_edited_text_stays_its_writers(db: Database, home: Settings, ada: Actor) -> None:
    """Of 40 texts of the old writer 20 were picked, of 60 of the new one 30 edited and picked and 6 as they were."""
    saved = briefs.save_brief(db, ada, brief())
    old = drafted(db, ada, saved.id, tuple(f"Old desk {n}" for n in range(40)), "policy:writer-0")
    new = drafted(db, ada, saved.id, tuple(f"New desk {n}" for n in range(60)))
    for text in (*old[:20], *new[30:36]):
        feedback.pick(db, ada, text.id)
    for n, text in enumerate(new[:30]):
        feedback.pick(db, ada, feedback.edit(db, ada, text.id, card(f"Better desk {n}")).id)
    found = round_freeze.freeze(db, person(db, "analyst"), home, 1)
    assert {t.author for t in found.sets[1].texts} == {"policy:writer-1"}
    assert acceptance(found) == ((20, 40), (36, 60))


def test_a_renamed_product_is_held_out_with_its_brief(db: Database, home: Settings, ada: Actor) -> None:
    saved = [briefs.save_brief(db, ada, brief(f"Desk {n}")) for n in range(4)]
    for one in saved:
        feedback.pick(db, ada, drafted(db, ada, one.id)[0].id)
        briefs.save_brief(db, ada, brief(f"New name of {one.brief.product}"), one.id)
    found = round_freeze.freeze(db, person(db, "analyst"), home, 1)
    assert [s.brief.product for s in found.sets] == ["Desk 0", "Desk 1", "Desk 2", "Desk 3"]
    assert [s.product for s in found.sets] == [f"new name of desk {n}" for n in range(4)]
    (held,) = held_products(found)
    assert {s.product for s in found.sets} - {s.product for s in training_sets(found)} == {held}
    briefs.archive_brief(db, ada, saved[0].id)
    assert round_freeze.freeze(db, person(db, "analyst"), home, 1).sets[0].product == "new name of desk 0"


def test_served_is_what_the_desk_holds_a_draft_of_this_brief_against(db: Database, home: Settings, ada: Actor) -> None:
    desk, lamp = (briefs.save_brief(db, ada, brief(product)) for product in ("Oak Desk", "Elm Lamp"))
    texts = drafted(db, ada, desk.id, HEADLINES[:2])
    feedback.edit(db, ada, texts[0].id, card("Solid elm"))
    cards = (card("Lights up", limit=90), card("A lamp of elm.", "description", limit=90))
    drafting.store_generation(db, ada, lamp.id, Draft(cards))  # type: ignore[arg-type]
    stranger = person(db, "advertiser", "Theirs")
    drafted(db, stranger, briefs.save_brief(db, stranger, brief("Oak Desk")).id, ("Not ours",))
    found = round_freeze.freeze(db, person(db, "analyst"), home, 1)
    told = {(found.briefs[s.brief].product, s.slot): list(s.texts) for s in found.served}
    assert told == {
        ("Oak Desk", "headline"): ["Solid elm", HEADLINES[1], HEADLINES[0]],
        ("Elm Lamp", "headline"): ["Lights up"],
        ("Elm Lamp", "description"): ["A lamp of elm."],
    }
    for (product, slot), served in told.items():
        saved = desk if product == "Oak Desk" else lamp
        assert served == drafting.served_texts(db, ada, saved.id, slot)


def test_a_text_that_the_rules_block_by_now_is_not_taught(db: Database, home: Settings, ada: Actor) -> None:
    """It was picked before the ban, so its card says nothing; an edit that leaves the word out may be taught."""
    for product in ("Kayak Rack", "Elm Desk"):
        saved = briefs.save_brief(db, ada, brief(product))
        written = ("Turbo Kayak Rack", "Kayak Rack", "Turbo Rack", "Of Steel")
        turbo, plain, mended, worse = drafted(db, ada, saved.id, written)
        feedback.reject(db, ada, worse.id)
        for text in (turbo, plain):
            feedback.pick(db, ada, text.id)
        feedback.edit(db, ada, mended.id, card("A Rack for Kayaks"))
    ana = person(db, "analyst")

    def taught() -> tuple[set[str], set[str]]:
        found = round_freeze.freeze(db, ana, home, 1)
        better = {p.better.text for _, pairs in preference_pairs(found) for p in pairs}
        return {w.text for _, wordings in sft_targets(found) for w in wordings}, better

    fine = {"Kayak Rack", "A Rack for Kayaks"}
    assert taught() == (fine | {"Turbo Kayak Rack"}, fine | {"Turbo Kayak Rack"})
    publish(db, person(db, "reviewer"))
    assert taught() == (fine, fine)


def test_own_lines_that_do_not_fit_their_slot_are_not_taught(db: Database, home: Settings, ada: Actor) -> None:
    """A headline of 30 fits, one of 31 does not, nor 16 full-width characters, which count two each."""
    for product in ("Oak Desk", "Elm Desk"):
        saved = briefs.save_brief(db, ada, brief(product))
    lines = ("Elm and oak", "d" * 30, "d" * 31, "機" * 16, "{KeyWord:Elm Desk}")
    brought = drafting.add_own_lines(db, ada, saved.id, [card(t) for t in lines]).texts
    for text in brought[1:]:
        feedback.copy(db, ada, text.id)
    edited = feedback.edit(db, ada, brought[0].id, card("A desk that is made of elm and oak"))
    found = trained_on(round_freeze.freeze(db, person(db, "analyst"), home, 1), "Elm Desk")
    assert [w.text for _, wordings in sft_targets(found) for w in wordings] == ["d" * 30]
    assert {p.better.text for _, pairs in preference_pairs(found) for p in pairs} <= {"d" * 30}
    feedback.edit(db, ada, edited.id, card("A desk of elm and oak"))
    found = trained_on(round_freeze.freeze(db, person(db, "analyst"), home, 1), "Elm Desk")
    assert [w.text for _, wordings in sft_targets(found) for w in wordings] == ["A desk of elm and oak", "d" * 30]


def test_a_pick_of_a_wording_that_edits_led_back_to_is_learned_from(db: Database, home: Settings, ada: Actor) -> None:
    """A, B, A again: a tab that was drawn before both edits still names the first text."""
    for product in ("Oak Desk", "Elm Desk"):
        saved = briefs.save_brief(db, ada, brief(product))
    first, other, *_ = drafted(db, ada, saved.id)
    changed = feedback.edit(db, ada, first.id, card("Solid elm"))
    back = feedback.edit(db, ada, changed.id, card(first.text))
    with pytest.raises(feedback.Outdated):
        feedback.pick(db, ada, changed.id)

    def targets() -> list[str]:
        found = trained_on(round_freeze.freeze(db, person(db, "analyst"), home, 1), "Elm Desk")
        return [w.text for _, wordings in sft_targets(found) for w in wordings]

    for say in (feedback.pick, feedback.copy):
        now = say(db, ada, first.id)
        assert (now.id, now.choice) == (back.id, "picked") and targets() == [first.text]
        assert feedback.unpick(db, ada, first.id).choice == "" and targets() == []
    assert feedback.rate(db, ada, first.id, 4).id == back.id
    assert feedback.reject(db, ada, back.id).choice == "rejected"
    assert feedback.pick(db, ada, other.id).id == other.id and targets() == [other.text]


class GoesOnError(Exception):
    pass


def test_a_round_goes_on_from_the_writer_it_started_from_only(
    db: Database, home: Settings, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another release has brought another shipped writer between two attempts."""

    def loads(*_: object) -> None:
        raise GoesOnError

    monkeypatch.setattr(rounds, "judges_of", loads)
    monkeypatch.setattr(importing, "observations", lambda *_: [])
    drafted(db, ada, briefs.save_brief(db, ada, brief()).id)
    job = context(db, person(db, "analyst"), home.home)
    job.config = home
    job.folder.mkdir(parents=True)
    with pytest.raises(GoesOnError):
        rounds.round_job(job)
    with pytest.raises(GoesOnError):
        rounds.round_job(job)  # from what it froze
    _put_writer(home.adapter, "writer-2", "bb")
    with pytest.raises(BriefError, match=r"started from the writer writer-1, .* \(writer-2\); .* start a new round"):
        rounds.round_job(job)
    assert _frozen_by(job)["policy"]["sha256"] == "aa"


def _frozen_by(job: JobContext) -> dict[str, dict[str, str]]:
    told = json.loads((job.folder / rounds.FROZEN).read_text("utf-8"))
    snapshot: dict[str, dict[str, str]] = told["snapshot"]
    return snapshot
