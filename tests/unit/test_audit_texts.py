"""What people do with texts stands in the audit log: one row an act, with the versions used and without the words."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import func, text

from app.services import ads, audit, audit_log, briefs, comments, drafting, feedback
from app.services.people import Actor
from db import audit as rows
from db.models import AuditEvent
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import VERSIONS, brief, card, person, small_draft, sqlite_only

JUDGED = " (with path int8, rewards ctr-1, rules rules-1)"
NEWER = VERSIONS | {"rules": "rules-2"}


@pytest.fixture
def anna(db: Database) -> Actor:
    return person(db, "admin")


def kept(db: Database, actor: Actor) -> int:
    return briefs.save_brief(db, actor, brief()).id


def said(db: Database, actor: Actor) -> list[str]:
    """What the log says beyond the brief, oldest first."""
    events = audit_log.page(db, actor, limit=100).events[::-1]
    return [event.words.removeprefix("admin ") for event in events if not event.action.startswith("brief.create")]


def test_a_draft_is_one_row_with_its_versions_and_counts(db: Database, anna: Actor) -> None:
    saved = kept(db, anna)
    made = drafting.store_generation(db, anna, saved, small_draft())
    assert said(db, anna) == [f"made draft {made.id} (with path int8, policy writer-1, rewards ctr-1, rules rules-1)"]
    assert audit_log.page(db, anna).events[0].detail == {"brief": saved, "texts": 6, "dropped": 1}


def test_own_lines_are_one_row(db: Database, anna: Actor) -> None:
    saved = kept(db, anna)
    made = drafting.add_own_lines(db, anna, saved, [card("Our own line"), card("Another of ours")])
    assert said(db, anna) == [f"added the own lines of draft {made.id}{JUDGED}"]
    assert audit_log.page(db, anna).events[0].detail == {"brief": saved, "texts": 2}


def test_each_choice_is_one_row_and_a_double_click_none(db: Database, anna: Actor) -> None:
    first, second, *_ = drafting.store_generation(db, anna, kept(db, anna), small_draft()).texts
    for _ in range(2):
        feedback.pick(db, anna, first.id)
    feedback.unpick(db, anna, first.id)
    for _ in range(2):
        feedback.reject(db, anna, second.id, "Says nothing")
    feedback.copy(db, anna, first.id)
    feedback.rate(db, anna, first.id, 4)  # decides nothing about what is exported
    assert said(db, anna)[1:] == [
        f"picked text {first.id}{JUDGED}",
        f"took back the choice on text {first.id}{JUDGED}",
        f"turned down text {second.id}{JUDGED}",
        f"copied text {first.id}{JUDGED}",
    ]


def test_an_edit_of_a_picked_text_is_one_row_that_names_both(db: Database, anna: Actor) -> None:
    old = drafting.store_generation(db, anna, kept(db, anna), small_draft()).texts[0]
    feedback.pick(db, anna, old.id)
    new = feedback.edit(db, anna, old.id, card("Lock It Up", versions=NEWER))
    feedback.edit(db, anna, old.id, card("Lock It Up", versions=NEWER))  # once more changes nothing
    with pytest.raises(feedback.EditConflict):
        feedback.edit(db, anna, old.id, card("Lock It Down"))
    newest, *_ = audit_log.page(db, anna).events
    assert said(db, anna)[2:] == [f"edited text {old.id} (with path int8, rewards ctr-1, rules rules-2)"]
    assert newest.detail == {"new_text": new.id, "stays_picked": True}


def test_texts_scored_again_are_one_row_and_none_where_nothing_is_new(db: Database, anna: Actor) -> None:
    one, two, three, *_ = drafting.store_generation(db, anna, kept(db, anna), small_draft()).texts
    assert one.card and two.card and three.card
    drafting.store_cards(db, anna, {t.id: t.card for t in (one, two) if t.card})  # the same versions
    new = {t.id: replace(t.card, versions=NEWER) for t in (one, two) if t.card}
    drafting.store_cards(db, anna, new | {three.id: three.card})
    drafting.store_cards(db, anna, {one.id: replace(one.card, versions=NEWER)})
    assert said(db, anna)[1:] == ["scored 2 texts (with path int8, rewards ctr-1, rules rules-2)"]
    assert audit_log.page(db, anna).events[0].detail == {"texts": [one.id, two.id]}


def test_ads_and_files_are_noted_with_the_versions_that_judged_their_texts(db: Database, anna: Actor) -> None:
    saved = kept(db, anna)
    texts = drafting.store_generation(db, anna, saved, small_draft()).texts
    for one in texts:
        feedback.pick(db, anna, one.id)
    ad = ads.create_ad(db, anna, saved, "Spring")
    assert texts[0].card
    drafting.store_cards(db, anna, {texts[0].id: replace(texts[0].card, versions=NEWER)})
    ads.save_revision(db, anna, ad.id, 1, ad.newest.places[:2])  # one text judged by newer rules, one not
    feedback.export(db, anna, [texts[0].id, texts[1].id], "editor", ad.id, 2)
    feedback.export(db, anna, [texts[0].id], "plain")
    found = {e.action: e.versions for e in audit_log.page(db, anna, limit=100).events}
    by = {"rewards": "ctr-1", "path": "int8"}
    assert found["ad.create"] == by | {"rules": "rules-1"}
    assert found["ad.revise"] == found["ad.export"] == by | {"rules": "rules-1, rules-2"}
    assert found["text.export"] == by | {"rules": "rules-2"}


def test_a_comment_is_one_row_about_what_it_is_about(db: Database, anna: Actor) -> None:
    saved = kept(db, anna)
    text_id = drafting.store_generation(db, anna, saved, small_draft()).texts[0].id
    ad = ads.create_ad(db, anna, saved, "Spring")
    comments.add_comment(db, anna, saved, "All of it")
    comments.add_comment(db, anna, saved, "This one", text_id)
    comments.add_comment(db, anna, saved, "This one", text_id)  # a double click
    comments.add_comment(db, anna, saved, "The ad", ad_id=ad.id)
    with pytest.raises(BriefError):
        comments.add_comment(db, anna, saved, " ")
    assert said(db, anna)[2:] == [f"commented on brief {saved}", f"commented on text {text_id}",
                                  f"commented on ad {ad.id}"]  # fmt: skip


def test_no_words_of_texts_or_comments_are_in_the_log_and_its_chain_holds(db: Database, anna: Actor) -> None:
    saved = kept(db, anna)
    text_id = drafting.store_generation(db, anna, saved, small_draft()).texts[0].id
    drafting.add_own_lines(db, anna, saved, [card("ZEBRA line")])
    text_id = feedback.edit(db, anna, text_id, card("ZEBRA edit")).id
    feedback.reject(db, anna, text_id, "ZEBRA reason")
    comments.add_comment(db, anna, saved, "ZEBRA comment", text_id)
    events = audit_log.page(db, anna).events
    told = json.dumps([(event.detail, event.versions) for event in events])
    assert len(events) == 6 and "ZEBRA" not in told and "Lock Your Kayak" not in told
    found = audit.verify(db, anna)
    assert (found.events, found.holds) == (6, True)


def test_what_is_refused_leaves_no_row(db: Database, anna: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The act and its row are one transaction: where the row cannot be written nothing is."""
    saved = kept(db, anna)
    text_id = drafting.store_generation(db, anna, saved, small_draft()).texts[0].id

    def fails(*given: object, **more: object) -> None:
        raise RuntimeError("no row")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "note", fails)
        for act in (
            lambda: drafting.store_generation(db, anna, saved, small_draft()),
            lambda: drafting.add_own_lines(db, anna, saved, [card("Ours")]),
            lambda: feedback.pick(db, anna, text_id),
            lambda: feedback.edit(db, anna, text_id, card("Other")),
            lambda: comments.add_comment(db, anna, saved, "Hm"),
        ):
            with pytest.raises(RuntimeError, match="no row"):
                act()
    assert len(drafting.list_generations(db, anna, saved)) == 1
    assert drafting.get_texts(db, anna, [text_id])[0].choice == ""
    assert len(drafting.texts_of_brief(db, anna, saved)) == 6
    assert comments.comments_of(db, anna, saved).total == 0


def test_every_kind_reads_in_plain_words_in_the_list_to_choose_from() -> None:
    kinds = ("draft.make", "own_lines.add", "text.pick", "text.unpick", "text.turn_down", "text.copy", "text.edit",
             "text.score", "text.comment", "brief.comment", "ad.comment")  # fmt: skip
    assert [audit_log.action_words(kind) for kind in kinds] == [
        "made draft", "added own lines", "picked text", "took back the choice on text", "turned down text",
        "copied text", "edited text", "scored text", "commented on text", "commented on brief", "commented on ad",
    ]  # fmt: skip


@sqlite_only
def test_the_row_before_is_found_by_an_index(db: Database, anna: Actor) -> None:
    """Each act asks for the newest hash, so that must not read the log."""
    feedback.pick(db, anna, drafting.store_generation(db, anna, kept(db, anna), small_draft()).texts[0].id)
    with db.read() as session:
        plan = session.execute(text(
            "EXPLAIN QUERY PLAN SELECT hash FROM audit_events WHERE workspace_id = 1 ORDER BY id DESC LIMIT 1"
        )).all()  # fmt: skip
        newest = session.query(func.max(AuditEvent.id)).scalar()
        assert rows.last_hash(session, anna.workspace_id) == session.get_one(AuditEvent, newest).hash
    assert len(plan) == 1 and "USING INDEX" in plan[0][3], plan
