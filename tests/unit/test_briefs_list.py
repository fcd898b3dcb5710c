"""The list of briefs: found, counted, renamed, copied, put away; and two people who edit one text."""

import pytest
from sqlalchemy import select, text

from app.services import briefs, drafting, feedback
from app.services.briefs import BriefArchived, BriefChanged
from app.services.feedback import EditConflict, Outdated
from app.services.people import Actor, Forbidden, NotFound
from app.services.stored import checksum_of
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import Draft, brief, card, person, small_draft

GROWING = ("texts", "feedback", "status_changes", "comments")  # tables that no list may walk through


def titles(db: Database, actor: Actor, **asked: object) -> list[str]:
    return [row.title for row in briefs.brief_page(db, actor, **asked).rows]  # type: ignore[arg-type]


def test_a_row_counts_what_stands_now(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    texts = drafting.store_generation(db, ada, saved.id, small_draft()).texts
    feedback.pick(db, ada, texts[0].id)
    feedback.pick(db, ada, texts[1].id)
    feedback.unpick(db, ada, texts[1].id)
    feedback.copy(db, ada, texts[2].id)
    feedback.export(db, ada, [texts[3].id], feedback.PLAIN)  # a table picks nothing
    feedback.edit(db, ada, texts[0].id, card("Lock a Kayak in Seconds"))  # stays picked, counts once
    with db.write() as session:
        for text_id, statuses in ((texts[3].id, ("in_review",)), (texts[4].id, ("in_review", "approved"))):
            for status in statuses:
                session.add(
                    models.StatusChange(
                        workspace_id=ada.workspace_id, author_id=ada.user_id, text_id=text_id, status=status
                    )
                )
                session.flush()
    row = briefs.brief_page(db, ada).rows[0]
    assert (row.counts.texts, row.counts.picked, row.counts.in_review, row.counts.approved) == (6, 2, 1, 1)
    assert row.changed_by == "advertiser"


def test_search_and_filters(db: Database, ada: Actor) -> None:
    bo = person(db, "advertiser")
    kayak = briefs.save_brief(db, ada, brief())
    coffee = briefs.save_brief(db, bo, brief("Hill Coffee", placement="meta_feed"))
    briefs.rename_brief(db, ada, kayak.id, "Spring racks", "Spring 2027", "Racks - Exact")
    for search in ("spring", "TIDELOCK", "exact", "racks tidelock", "2027"):
        assert titles(db, ada, search=search) == ["Spring racks"], search
    assert titles(db, ada, search="%") == [] and titles(db, ada, search="racks coffee") == []
    assert titles(db, ada, placement="meta_feed") == ["Hill Coffee"]
    assert titles(db, bo, mine=True) == ["Hill Coffee"]
    briefs.archive_brief(db, ada, coffee.id)
    assert titles(db, ada) == ["Spring racks"] and titles(db, ada, archived=True) == ["Hill Coffee"]
    briefs.restore_brief(db, bo, coffee.id)
    assert sorted(titles(db, ada)) == ["Hill Coffee", "Spring racks"]


def test_pages_hold_25_and_the_last_the_rest(db: Database, ada: Actor) -> None:
    for number in range(27):
        briefs.save_brief(db, ada, brief(f"Rack {number:02}"))
    assert titles(db, ada)[0] == "Rack 26" and len(titles(db, ada)) == 25
    assert titles(db, ada, page=2) == ["Rack 01", "Rack 00"] and titles(db, ada, page=3) == []
    assert briefs.brief_page(db, ada).total == 27


def test_a_given_title_stays_and_a_plain_one_follows_the_product(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    assert briefs.save_brief(db, ada, brief("TideLock Rack"), saved.id).title == "TideLock Rack"
    briefs.rename_brief(db, ada, saved.id, "  Spring\nracks ")
    assert briefs.save_brief(db, ada, brief("TideLock Rack 2"), saved.id).title == "Spring racks"
    with pytest.raises(BriefError, match="Title: it is empty"):
        briefs.rename_brief(db, ada, saved.id, " ")
    with pytest.raises(BriefError, match="201 characters"):
        briefs.rename_brief(db, ada, saved.id, "x" * 201)


def test_the_second_of_two_who_change_a_brief_is_told_before_theirs_counts(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    seen = checksum_of(saved.brief)
    briefs.save_brief(db, ada, brief("Theirs"), saved.id, seen)
    with pytest.raises(BriefChanged, match="you changed this brief in another tab") as told:
        briefs.save_brief(db, ada, brief("Mine"), saved.id, seen)
    assert briefs.get_brief(db, ada, saved.id).brief.product == "Theirs"
    assert briefs.save_brief(db, ada, brief("Theirs"), saved.id, seen).brief.product == "Theirs"  # the same words
    briefs.save_brief(db, ada, brief("Mine"), saved.id, checksum_of(told.value.newest.brief))
    assert briefs.get_brief(db, ada, saved.id).brief.product == "Mine"


def test_a_brief_that_was_archived_in_another_tab_is_not_brought_back_unseen(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    briefs.archive_brief(db, person(db, "admin"), saved.id)
    told = "“TideLock Kayak Rack” was archived by admin; restore it on the page Briefs, or save yours as a new brief"
    for mine in (brief("Mine"), brief()):  # the same words too
        with pytest.raises(BriefArchived, match=told):
            briefs.save_brief(db, ada, mine, saved.id, saved.checksum)
    with pytest.raises(BriefArchived, match=told):
        briefs.brief_to_write_for(db, ada, saved.id)
    now = briefs.get_brief(db, ada, saved.id)
    assert now.archived and now.brief == saved.brief
    briefs.restore_brief(db, ada, saved.id)
    briefs.archive_brief(db, ada, saved.id)
    with pytest.raises(BriefArchived, match="was archived by you"):
        briefs.save_brief(db, ada, brief("Mine"), saved.id)
    briefs.restore_brief(db, ada, saved.id)
    assert briefs.save_brief(db, ada, brief("Mine"), saved.id, saved.checksum).brief.product == "Mine"
    assert briefs.brief_to_write_for(db, ada, saved.id).brief.product == "Mine"


def test_a_copy_has_the_content_and_no_texts(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    drafting.store_generation(db, ada, saved.id, small_draft())
    copy = briefs.duplicate_brief(db, ada, saved.id)
    assert copy.title == "Copy of TideLock Kayak Rack" and copy.brief == saved.brief
    assert drafting.list_generations(db, ada, copy.id) == []


def test_another_workspace_sees_and_changes_nothing(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    eve = person(db, "admin", "Theirs")
    assert briefs.brief_page(db, eve).total == 0
    for call in (briefs.restore_brief, briefs.duplicate_brief, briefs.archive_brief):
        with pytest.raises(NotFound):
            call(db, eve, saved.id)
    with pytest.raises(NotFound):
        briefs.rename_brief(db, eve, saved.id, "Mine")
    with pytest.raises(Forbidden):
        briefs.duplicate_brief(db, person(db, "reviewer"), saved.id)


def test_any_script_is_found_and_shown(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief("皮划艇架"))
    briefs.rename_brief(db, ada, saved.id, "رف القوارب", "春季", "架子")
    row = briefs.brief_page(db, ada, search="春季").rows[0]
    assert (row.title, row.product, row.ad_group) == ("رف القوارب", "皮划艇架", "架子")


def test_no_part_of_the_list_walks_through_every_text(db: Database, ada: Actor) -> None:
    """The plans of the grouped counts use an index for texts, feedback and statuses."""
    saved = briefs.save_brief(db, ada, brief())
    drafting.store_generation(db, ada, saved.id, small_draft())
    said: list[str] = []

    from sqlalchemy import event

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            said.append(statement)
            with db.engine.connect() as other:
                plan = other.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            walked = [row[3] for row in plan if row[3].startswith("SCAN") and "USING" not in row[3]]
            assert not [w for w in walked if w.split()[1] in GROWING], walked

    event.listen(db.engine, "before_cursor_execute", note)
    briefs.brief_page(db, ada)
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(said) >= 6


def test_the_second_of_two_editors_is_told_and_both_wordings_are_kept(db: Database, ada: Actor) -> None:
    bo = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    seen = drafting.store_generation(db, ada, saved.id, small_draft()).texts[0]
    theirs = feedback.edit(db, bo, seen.id, card("Lock Kayaks Fast"))
    with pytest.raises(EditConflict, match="Somebody else edited this text") as told:
        feedback.edit(db, ada, seen.id, card("Lock Kayaks Now"))
    assert told.value.newest.id == theirs.id and told.value.newest.text == "Lock Kayaks Fast"
    assert told.value.who == bo.user_id and not told.value.own
    with db.read() as session:
        assert len(session.scalars(select(models.Text).where(models.Text.slot == "headline")).all()) == 4

    merged = feedback.edit(db, ada, told.value.newest.id, card("Lock Kayaks Fast, Now"))
    assert merged.parent_id == theirs.id and merged.shown_as == seen.text
    now = drafting.list_generations(db, bo, saved.id)[0].texts[0]
    assert now.text == "Lock Kayaks Fast, Now"
    with pytest.raises(EditConflict, match="You edited this text in another tab") as again:
        feedback.edit(db, ada, seen.id, card("Third"))  # two edits on: the newest is named
    assert again.value.newest.id == merged.id


def test_what_is_said_of_a_wording_that_was_edited_meanwhile_is_not_lost(db: Database, ada: Actor) -> None:
    """The old wording is on no list: a rejection of it would leave the new one picked, and a pick would be nowhere."""
    bo = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    seen = drafting.store_generation(db, ada, saved.id, small_draft()).texts[0]
    feedback.pick(db, ada, seen.id)
    theirs = feedback.edit(db, bo, seen.id, card("Lock Kayaks Fast"))
    for say in (feedback.pick, feedback.unpick, feedback.reject, lambda *a: feedback.rate(*a, 5)):
        with pytest.raises(Outdated, match="read the new wording and choose again") as told:
            say(db, ada, seen.id)
        assert (told.value.newest.id, told.value.newest.choice) == (theirs.id, "picked")
    feedback.copy(db, ada, seen.id)  # it has left the studio
    assert feedback.reject(db, ada, theirs.id).choice == "rejected"


def test_the_same_words_twice_are_no_conflict(db: Database, ada: Actor) -> None:
    bo = person(db, "advertiser")
    saved = briefs.save_brief(db, ada, brief())
    seen = drafting.store_generation(db, ada, saved.id, small_draft()).texts[0]
    theirs = feedback.edit(db, bo, seen.id, card("Lock Kayaks Fast"))
    assert feedback.edit(db, ada, seen.id, card("Lock Kayaks Fast")).id == theirs.id


def test_ten_thousand_texts_in_one_brief_are_counted(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    made = drafting.store_generation(db, ada, saved.id, Draft((card("One"),)))
    with db.write() as session:
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
                "INSERT INTO texts (workspace_id, author_id, created_at, brief_id, generation_id, placement, slot, "
                "written_by, text) SELECT :w, :u, '2026-11-28 10:00:00', :b, :g, 'google_rsa', 'headline', "
                "'policy:x', 'Line ' || i FROM n"
            ),
            {"w": ada.workspace_id, "u": ada.user_id, "b": saved.id, "g": made.id},
        )
    assert briefs.brief_page(db, ada).rows[0].counts.texts == 10_000
