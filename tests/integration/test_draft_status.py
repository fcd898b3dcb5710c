"""Each card of the Draft desk says where its text stands in the review, in words, and a page asks once for all."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, event
from streamlit.testing.v1 import AppTest

from app.services import briefs, drafting, statuses
from app.services.people import Actor, Forbidden
from app.services.stored import StoredText
from app.services.text_statuses import statuses_of
from db.models import StatusChange
from db.session import Database
from tests.integration.test_draft_back import home, shell, signed_in
from tests.unit.studio import Draft, brief, card, person, small_draft

__all__ = ["home", "shell"]  # fixtures


def move(db: Database, actor: Actor, text: StoredText, *path: str) -> None:
    with db.write() as session:
        for status in path:
            statuses.set_status(session, actor, text.id, status)


def body_of(at: AppTest, text: StoredText) -> str:
    """The card with this text."""
    (found,) = [
        e.proto.body for e in at.get("html") if e.proto.body.startswith('<div class="rl-card">')
        and text.text[6:] in e.proto.body  # a mark may stand on its first word
    ]  # fmt: skip
    return str(found)


def test_each_card_says_its_status(home: Database, shell: Actor) -> None:
    saved = briefs.save_brief(home, shell, brief())
    texts = drafting.store_generation(home, shell, saved.id, small_draft()).texts
    move(home, shell, texts[0], "in_review")
    move(home, shell, texts[1], "in_review", "approved")
    move(home, shell, texts[3], "in_review", "rejected")
    move(home, shell, texts[4], "in_review", "approved", "live")
    at = signed_in(saved.id)
    told = [body_of(at, text) for text in texts]
    expected = ["→ in review", "✓ approved", None, "✕ rejected by the review", "▶ live", None]
    for said, status in zip(told, expected, strict=True):
        for words in ("→ in review", "✓ approved", "✕ rejected by the review", "▶ live"):
            assert (f'<span class="rl-chip">{words}</span>' in said) == (words == status), (said, status)


def test_one_question_for_all_cards(home: Database, shell: Actor) -> None:
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "status_changes" in statement:
            asked.append(statement)

    counts = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for many in (2, 40):
            saved = briefs.save_brief(home, shell, brief(f"Rack {many}"))
            lines = tuple(card(f"Lock Your Kayak {n}") for n in range(many))
            drafting.store_generation(home, shell, saved.id, Draft(lines))
            asked.clear()
            signed_in(saved.id)
            counts.append(len(asked))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counts == [1, 1]


def test_another_workspaces_status_is_not_told(db: Database, ada: Actor) -> None:
    saved = briefs.save_brief(db, ada, brief())
    text = drafting.store_generation(db, ada, saved.id, small_draft()).texts[0]
    move(db, ada, text, "in_review")
    assert statuses_of(db, ada, [text.id]) == {text.id: "in_review"}
    assert statuses_of(db, person(db, "admin", "Theirs"), [text.id]) == {text.id: "draft"}
    with pytest.raises(Forbidden):
        statuses_of(db, replace(ada, role_now=lambda: None), [text.id])
    with db.read() as session:
        assert session.query(StatusChange).count() == 1
