"""Comments: who may say something about what, in which order it is read, and that it stays through edits."""

import pytest

from app.services import briefs, drafting, feedback
from app.services.comments import LONGEST, add_comment, comments_of
from app.services.people import Actor, NotFound
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from tests.unit.studio import brief, card, person, small_draft


def test_everybody_of_the_workspace_may_comment_and_the_newest_is_last(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    for role in ("advertiser", "reviewer", "analyst", "admin"):
        add_comment(db, person(db, role), saved.id, f"From the {role}")  # type: ignore[arg-type]
    found = comments_of(db, ada, saved.id)
    assert [comment.body for comment in found.newest] == [
        "From the advertiser", "From the reviewer", "From the analyst", "From the admin",
    ]  # fmt: skip
    assert [comment.author for comment in found.newest] == ["advertiser", "reviewer", "analyst", "admin"]
    assert found.total == 4 and comments_of(db, ada, saved.id, limit=2).newest == found.newest[2:]


def test_a_comment_stays_with_a_text_through_its_edits(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    texts = drafting.store_generation(db, ada, saved.id, small_draft()).texts
    add_comment(db, ada, saved.id, "Too long?", text_id=texts[0].id)
    add_comment(db, ada, saved.id, "Another text", text_id=texts[1].id)
    new = feedback.edit(db, ada, texts[0].id, card("Lock a Kayak in Seconds"))
    add_comment(db, ada, saved.id, "Better", text_id=new.id)
    said = comments_of(db, ada, saved.id, text_id=new.id).newest
    assert [(c.body, c.about) for c in said] == [("Too long?", "Lock Your Kayak in Seconds"), ("Better", "")]
    assert comments_of(db, ada, saved.id).total == 3  # the brief's list holds them all


def test_a_double_click_says_it_once_and_saying_it_again_later_twice(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    for _ in range(3):
        add_comment(db, ada, saved.id, "Please shorten")
    add_comment(db, ada, saved.id, "Thanks")
    add_comment(db, ada, saved.id, "Please shorten")
    assert [c.body for c in comments_of(db, ada, saved.id).newest] == ["Please shorten", "Thanks", "Please shorten"]


def test_what_is_refused_says_why(db: Database, ada: Actor) -> None:
    saved, other = briefs.save_brief(db, ada, brief()), briefs.save_brief(db, ada, brief("Other"))
    text = drafting.store_generation(db, ada, saved.id, small_draft()).texts[0]
    with pytest.raises(BriefError, match="it is empty"):
        add_comment(db, ada, saved.id, " \n\x00 ")
    with pytest.raises(BriefError, match="2,001 characters"):
        add_comment(db, ada, saved.id, "x" * (LONGEST + 1))
    with pytest.raises(BriefError, match="belongs to another brief"):
        add_comment(db, ada, other.id, "Hm", text_id=text.id)
    eve = person(db, "admin", "Theirs")
    with pytest.raises(NotFound):
        add_comment(db, eve, saved.id, "Hello")
    with pytest.raises(NotFound):
        comments_of(db, eve, saved.id)
    assert comments_of(db, ada, saved.id).total == 0


def test_any_script_and_line_breaks_are_kept(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    add_comment(db, ada, saved.id, "أقصر من فضلك\n第二行 <b>&")
    assert comments_of(db, ada, saved.id).newest[0].body == "أقصر من فضلك\n第二行 <b>&"


def test_an_ad_has_comments_of_its_own(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    with db.write() as session:
        ad = models.Ad(
            workspace_id=ada.workspace_id, author_id=ada.user_id, brief_id=saved.id, name="Ad 1", placement="google_rsa"
        )
        session.add(ad)
        session.flush()
    add_comment(db, ada, saved.id, "Pin the name", ad_id=ad.id)
    assert [c.about for c in comments_of(db, ada, saved.id).newest] == ["Ad 1"]
    assert [c.about for c in comments_of(db, ada, saved.id, ad_id=ad.id).newest] == [""]
