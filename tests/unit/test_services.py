"""The use cases: who may do what, what is stored, and what a person reads when storing fails."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.services import briefs, drafting, exporting, exporting_table, feedback, people, reviewing
from app.services.people import ALLOWED, Actor, Forbidden, NotFound, local_actor, may, require
from app.services.stored import StoredGeneration, checksum_of, is_stale, old_words
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import BLOCK, VERSIONS, brief, card, count, fresh, person, small_draft

ROLES: tuple[people.Role, ...] = ("advertiser", "reviewer", "analyst", "admin")


@pytest.fixture
def drafted(db: Database, ada: Actor) -> StoredGeneration:
    saved = briefs.save_brief(db, ada, brief())
    return drafting.store_generation(db, ada, saved.id, small_draft(), seed=7, request={"headline": 3})


# every call of every service: what it needs, given database, actor, brief id, generation id, text id
CALLS: dict[str, tuple[people.Action, Callable[[Database, Actor, int, int, int], object]]] = {
    "save_brief": ("brief.write", lambda d, a, b, g, t: briefs.save_brief(d, a, brief("New"), b)),
    "list_briefs": ("brief.read", lambda d, a, b, g, t: briefs.list_briefs(d, a)),
    "get_brief": ("brief.read", lambda d, a, b, g, t: briefs.get_brief(d, a, b)),
    "brief_to_write_for": ("text.write", lambda d, a, b, g, t: briefs.brief_to_write_for(d, a, b)),
    "archive_brief": ("brief.write", lambda d, a, b, g, t: briefs.archive_brief(d, a, b)),
    "restore_brief": ("brief.write", lambda d, a, b, g, t: briefs.restore_brief(d, a, b)),
    "rename_brief": ("brief.write", lambda d, a, b, g, t: briefs.rename_brief(d, a, b, "Racks")),
    "duplicate_brief": ("brief.write", lambda d, a, b, g, t: briefs.duplicate_brief(d, a, b)),
    "brief_page": ("brief.read", lambda d, a, b, g, t: briefs.brief_page(d, a)),
    "store_generation": (
        "text.write",
        lambda d, a, b, g, t: drafting.store_generation(d, a, b, small_draft()),
    ),
    "add_own_lines": ("text.write", lambda d, a, b, g, t: drafting.add_own_lines(d, a, b, [card("Mine")])),
    "store_cards": (
        "text.write",
        lambda d, a, b, g, t: drafting.store_cards(d, a, {t: card("Lock Your Kayak in Seconds")}),
    ),
    "served_texts": ("text.read", lambda d, a, b, g, t: drafting.served_texts(d, a, b)),
    "list_generations": ("text.read", lambda d, a, b, g, t: drafting.list_generations(d, a, b)),
    "count_generations": ("text.read", lambda d, a, b, g, t: drafting.count_generations(d, a, b)),
    "dropped_texts": ("text.read", lambda d, a, b, g, t: drafting.dropped_texts(d, a, g)),
    "get_texts": ("text.read", lambda d, a, b, g, t: drafting.get_texts(d, a, [t])),
    "texts_of_brief": ("text.read", lambda d, a, b, g, t: drafting.texts_of_brief(d, a, b)),
    "picked_texts": ("text.read", lambda d, a, b, g, t: drafting.picked_texts(d, a, b)),
    "pick": ("feedback.give", lambda d, a, b, g, t: feedback.pick(d, a, t)),
    "unpick": ("feedback.give", lambda d, a, b, g, t: feedback.unpick(d, a, t)),
    "reject": ("feedback.give", lambda d, a, b, g, t: feedback.reject(d, a, t)),
    "rate": ("feedback.give", lambda d, a, b, g, t: feedback.rate(d, a, t, 4)),
    "copy": ("feedback.give", lambda d, a, b, g, t: feedback.copy(d, a, t)),
    "export": ("ad.export", lambda d, a, b, g, t: feedback.export(d, a, [t], "editor")),
    "edit": ("feedback.give", lambda d, a, b, g, t: feedback.edit(d, a, t, card("Another"))),
    "editor_csv": (
        "ad.export",
        lambda d, a, b, g, t: exporting.editor_csv(d, a, [t], "C", "G", "https://x.test"),
    ),
    "ad_table": ("ad.export", lambda d, a, b, g, t: exporting.ad_table(d, a, [t])),
    "meta_csv": (
        "ad.export",
        lambda d, a, b, g, t: exporting.meta_csv(d, a, [t], "C", "S", "A", "https://x.test"),
    ),
    "ad_cautions": ("text.read", lambda d, a, b, g, t: exporting.ad_cautions(d, a, [t])),
    "plain_csv": ("table.export", lambda d, a, b, g, t: exporting_table.plain_csv(d, a, [t])),
    "queue": ("review.read", lambda d, a, b, g, t: reviewing.queue(d, a)),
    "verdict_history": ("review.read", lambda d, a, b, g, t: reviewing.verdict_history(d, a, t)),
    "give_verdict": ("review.judge", lambda d, a, b, g, t: reviewing.give_verdict(d, a, t, "compliant")),
}
LISTS = ("list_briefs", "brief_page", "queue")  # take no id


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, StoredGeneration]:
    """One database for the two tests below, which look at rights and not at what is stored."""
    db = fresh(tmp_path_factory.mktemp("shared"))
    ada = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    return db, drafting.store_generation(db, ada, saved.id, small_draft())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", CALLS)
def test_roles_and_actions(shared: tuple[Database, StoredGeneration], role: people.Role, call: str) -> None:
    db, drafted = shared
    action, do = CALLS[call]
    actor = person(db, role)
    ids = (drafted.brief_id, drafted.id, drafted.texts[0].id)
    if role in ALLOWED[action]:
        with contextlib.suppress(exporting.ExportRefused):  # allowed to ask; one headline is no ad
            do(db, actor, *ids)
    else:
        before = count(db, models.Feedback), count(db, models.Verdict), count(db, models.Text)
        with pytest.raises(Forbidden, match=rf"^Your role, {role}, may not .*\.$"):
            do(db, actor, *ids)
        assert before == (count(db, models.Feedback), count(db, models.Verdict), count(db, models.Text))


@pytest.mark.parametrize("call", CALLS)
def test_a_foreign_workspace_sees_and_changes_nothing(shared: tuple[Database, StoredGeneration], call: str) -> None:
    db, drafted = shared
    ours = person(db, "analyst")
    before = drafting.list_generations(db, ours, drafted.brief_id)
    stranger = person(db, "admin", "Theirs")
    ids = (drafted.brief_id, drafted.id, drafted.texts[0].id)
    if call in LISTS:
        found: Any = CALLS[call][1](db, stranger, *ids)
        assert len(found.texts if call == "queue" else found.rows if call == "brief_page" else found) == 0
    else:
        with pytest.raises(NotFound, match="in your workspace"):
            CALLS[call][1](db, stranger, *ids)
    assert drafting.list_generations(db, ours, drafted.brief_id) == before


def test_every_public_service_call_is_in_the_table() -> None:
    modules = (briefs, drafting, exporting, exporting_table, feedback, reviewing)
    public = {
        name
        for module in modules
        for name, thing in vars(module).items()
        if callable(thing)
        and getattr(thing, "__module__", "") == module.__name__
        and "actor" in getattr(thing, "__annotations__", {})
        and not name.startswith("_")
    }
    inside = {"add_text", "add_card"}  # these work inside a caller's transaction
    elsewhere = {"undo", "last_verdict"}  # test_review_rights.py
    assert public - inside - elsewhere == set(CALLS)


def test_unknown_roles_and_actions_are_denied() -> None:
    nobody = Actor(1, "owner", 1)  # type: ignore[arg-type]
    assert not any(may(nobody, action) for action in ALLOWED)
    with pytest.raises(Forbidden):
        require(Actor(1, "admin", 1), "everything.delete")  # type: ignore[arg-type]


def test_single_user_mode_has_one_person_with_all_rights(db: Database) -> None:
    actor = local_actor(db)
    assert local_actor(db) == actor and all(may(actor, action) for action in ALLOWED)
    assert count(db, models.User) == count(db, models.Workspace) == 1


def test_briefs_are_saved_changed_found_and_archived(db: Database, ada: Actor) -> None:
    first = briefs.save_brief(db, ada, brief())
    second = briefs.save_brief(db, ada, brief("100% Wool_Rug"))
    assert [b.id for b in briefs.list_briefs(db, ada)] == [second.id, first.id]
    assert [b.id for b in briefs.list_briefs(db, ada, "0% wool_")] == [second.id]
    changed = briefs.save_brief(db, ada, brief("TideLock Duo"), first.id)
    assert (changed.id, changed.title, changed.checksum) == (
        first.id,
        "TideLock Duo",
        checksum_of(changed.brief),
    )
    briefs.archive_brief(db, ada, first.id)
    assert [b.id for b in briefs.list_briefs(db, ada)] == [second.id]
    assert [b.id for b in briefs.list_briefs(db, ada, archived=True)] == [first.id]


def test_a_draft_is_stored_whole(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    assert [(t.slot, t.position) for t in drafted.texts] == [
        ("headline", 0), ("headline", 1), ("headline", 2), ("description", 0), ("description", 1), ("path", 0),
    ]  # fmt: skip
    assert [t.card for t in drafted.texts] == list(small_draft().candidates)
    assert (drafted.versions, drafted.seed, drafted.request) == (VERSIONS, 7, {"headline": 3})
    assert drafting.list_generations(db, ada, drafted.brief_id) == [drafted]
    assert [d.reason for d in drafting.dropped_texts(db, ada, drafted.id)] == ["CLM-001: superlative without proof"]
    assert drafting.served_texts(db, ada, drafted.brief_id, "path") == ["Kayak-Racks"]
    assert drafting.served_texts(db, ada, drafted.brief_id, "path", [drafted.texts[5].id]) == []


def test_own_lines_have_a_human_author(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    own = drafting.add_own_lines(db, ada, drafted.brief_id, [card("My own line", author="policy:x")])
    line = own.texts[0]
    assert (own.kind, line.author, line.by_person) == ("own_lines", f"person:{ada.user_id}", True)
    assert line.card is not None and line.card.author == line.author
    with pytest.raises(BriefError, match="no line"):
        drafting.add_own_lines(db, ada, drafted.brief_id, [])


def test_copy_and_export_count_as_picks(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    one, two, three = (t.id for t in drafted.of_slot("headline"))
    assert feedback.pick(db, ada, one).choice == "picked"
    assert feedback.copy(db, ada, two).choice == "picked"
    feedback.export(db, ada, [three, three], "editor")
    assert [t.id for t in drafting.picked_texts(db, ada, drafted.brief_id)] == [one, two, three]


def test_a_plain_table_picks_nothing_and_blocked_texts_never_count(
    db: Database, ada: Actor, drafted: StoredGeneration
) -> None:
    ann, (one, two, three) = person(db, "analyst"), [t.id for t in drafted.of_slot("headline")]
    feedback.reject(db, ada, two, "too loud")
    feedback.export(db, ann, [one, two], "plain")
    assert [(t.choice, t.reason) for t in drafting.get_texts(db, ada, [one, two])] == [
        ("", ""),
        ("rejected", "too loud"),
    ]
    assert count(db, models.Feedback) == 3, "the export itself is noted"
    for target in ("editor", "meta"):
        with pytest.raises(Forbidden):
            feedback.export(db, ann, [one], target)
    blocked = replace(small_draft().candidates[2], findings=(BLOCK,), versions=VERSIONS | {"rules": "rules-2"})
    level = replace(blocked.compliance, level="blocked")
    drafting.store_cards(db, ada, {three: replace(blocked, compliance=level)})
    feedback.export(db, ada, [one, three], "editor")
    assert [t.choice for t in drafting.get_texts(db, ada, [one, three])] == ["picked", ""]


def test_sets_are_counted_without_reading_them(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    drafting.add_own_lines(db, ada, drafted.brief_id, [card("Mine")])
    assert drafting.count_generations(db, ada, drafted.brief_id) == 2


def test_choices_follow_the_last_word(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    text = drafted.texts[0].id
    feedback.pick(db, ada, text)
    feedback.pick(db, ada, text)  # a double click
    assert count(db, models.Feedback) == 1
    rejected = feedback.reject(db, ada, text, " too loud ")
    assert (rejected.choice, rejected.reason) == ("rejected", "too loud")
    assert feedback.unpick(db, ada, text).choice == ""
    feedback.rate(db, ada, text, 2)
    assert feedback.rate(db, ada, text, 5).rating == 5
    for bad in (0, 6):
        with pytest.raises(BriefError, match="outside 1 to 5"):
            feedback.rate(db, ada, text, bad)
    with pytest.raises(BriefError, match="too many"):
        feedback.reject(db, ada, text, "x" * 501)


def test_an_edit_keeps_before_and_after(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    old = drafted.texts[1]
    feedback.pick(db, ada, old.id)
    new = feedback.edit(db, ada, old.id, card("Two Kayaks, One Rack", angle="how"))
    newer = feedback.edit(db, ada, new.id, card("Two Kayaks on One Rack", angle="how"))
    assert (newer.parent_id, newer.shown_as, newer.position) == (new.id, old.text, 1)
    assert newer.by_person and newer.choice == "picked" and newer.card and newer.card.text == newer.text
    with db.read() as session:
        event_ = session.scalars(select(models.Feedback).filter_by(kind="edit").limit(1)).one()
        assert (event_.before, event_.after, event_.new_text_id) == (old.text, new.text, new.id)
        assert session.get_one(models.Text, old.id).text == old.text
    now = drafting.list_generations(db, ada, drafted.brief_id)[0]
    assert [t.text for t in now.of_slot("headline")][1] == "Two Kayaks on One Rack"
    assert [t.id for t in drafting.picked_texts(db, ada, drafted.brief_id)] == [newer.id]
    assert feedback.edit(db, ada, newer.id, card(newer.text)) == newer
    assert count(db, models.Text) == 8


def test_scorecards_are_immutable_keyed_and_know_when_they_are_stale(
    db: Database, ada: Actor, drafted: StoredGeneration
) -> None:
    text = drafted.texts[0]
    assert not is_stale(text, VERSIONS | {"policy": "writer-2"})
    assert is_stale(text, VERSIONS | {"rules": "rules-2"})
    assert old_words(text, VERSIONS) == ""
    assert old_words(text, VERSIONS | {"rules": "rules-2"}) == "scored before the rules changed"
    assert old_words(text, VERSIONS | {"rewards": "ctr-2"}) == "scored by an earlier model"
    assert old_words(text) == "scored before the rules changed"  # by the shipped rules of today
    same = replace(small_draft().candidates[0], rank=9.0)
    drafting.store_cards(db, ada, {text.id: same})
    before = count(db, models.Card)
    assert before == len(drafted.texts)
    newer = replace(same, versions=VERSIONS | {"rules": "rules-2"}, findings=(BLOCK,))
    assert drafting.store_cards(db, ada, {text.id: newer})[0].card == newer
    assert count(db, models.Card) == before + 1
    briefs.save_brief(db, ada, brief(tone="dry"), drafted.brief_id)
    assert is_stale(drafting.get_texts(db, ada, [text.id])[0], VERSIONS | {"rules": "rules-2"})
    with pytest.raises(ValueError, match="not text"):
        drafting.store_cards(db, ada, {text.id: card("Another text")})
    with pytest.raises(RuntimeError, match="append-only"), db.write() as session:
        session.scalars(select(models.Card).limit(1)).one().level = "clear"
        session.flush()


def test_a_draft_of_a_brief_that_changed_meanwhile_says_so(db: Database, ada: Actor) -> None:
    asked = brief()
    saved = briefs.save_brief(db, ada, asked)
    briefs.save_brief(db, ada, brief(tone="dry"), saved.id)
    drafted = drafting.store_generation(db, ada, saved.id, small_draft(), brief=asked)
    assert all(text.brief_changed for text in drafted.texts)


def test_the_queue_filters_pages_and_puts_unlabelled_first(db: Database, ada: Actor, drafted: StoredGeneration) -> None:
    rita = person(db, "reviewer")
    ids = [t.id for t in drafted.texts]
    reviewing.give_verdict(db, rita, ids[0], "compliant")
    page = reviewing.queue(db, rita, page_size=4)
    assert [t.id for t in page.texts] == ids[1:5] and (page.total, page.pages) == (6, 2)
    assert [t.id for t in reviewing.queue(db, rita, page=99, page_size=4).texts] == [ids[5], ids[0]]
    assert [t.id for t in reviewing.queue(db, rita, level="caution").texts] == [ids[2]]
    mended = replace(small_draft().candidates[2], findings=(), compliance=small_draft().candidates[0].compliance)
    newer = replace(mended, versions=VERSIONS | {"rules": "rules-2"})
    drafting.store_cards(db, ada, {ids[2]: newer})  # the newest scorecard decides
    assert reviewing.queue(db, rita, level="caution").total == 0
    assert reviewing.queue(db, rita, placement="meta_feed").total == 0
    assert [t.id for t in reviewing.queue(db, rita, search="GARAGE").texts] == [ids[2]]
    assert reviewing.queue(db, rita, search="100%").total == 0
    assert [t.id for t in reviewing.queue(db, rita, labelled=True).texts] == [ids[0]]
    assert page.brief_titles == {drafted.brief_id: "TideLock Kayak Rack"}


def test_a_later_verdict_supersedes(db: Database, drafted: StoredGeneration) -> None:
    rita, text = person(db, "reviewer"), drafted.texts[0]
    first = reviewing.give_verdict(db, rita, text.id, "violation", ["CLM-001", "CLM-001"], [(5, 15)], "says too much")
    assert (first.rules, first.spans) == (("CLM-001",), ((5, 15),))
    second = reviewing.give_verdict(db, rita, text.id, "compliant")
    history = reviewing.verdict_history(db, rita, text.id)
    assert [(v.id, v.superseded) for v in history] == [(second.id, False), (first.id, True)]
    assert drafting.get_texts(db, rita, [text.id])[0].verdict == second


@pytest.mark.parametrize(
    ("outcome", "rules", "spans", "words"),
    [
        ("maybe", [], [], "choose compliant or violation"),
        ("compliant", ["CLM-001"], [], "breaks no rule"),
        ("violation", [], [(3, 3)], "outside the text"),
        ("violation", [], [(0, 999)], "outside the text"),
    ],
)
def test_bad_verdicts_are_refused(
    db: Database, drafted: StoredGeneration, outcome: Any, rules: list[str], spans: Any, words: str
) -> None:
    with pytest.raises(BriefError, match=words):
        reviewing.give_verdict(db, person(db, "reviewer"), drafted.texts[0].id, outcome, rules, spans)
    assert count(db, models.Verdict) == 0
