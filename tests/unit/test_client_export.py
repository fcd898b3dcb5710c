"""One file of all ads of a client: complete ones leave together, as they were built or picked; the others are named."""

import csv
import io
from dataclasses import replace

import pytest

from app.services import ad_review, ads, briefs, drafting, feedback, statuses, trials
from app.services.ad_records import Place, StoredAd
from app.services.client_export import built_ad, export_all, note_export
from app.services.client_file import read_client
from app.services.people import Actor, Forbidden, NotFound
from app.services.stored import StoredText
from db import models
from db.session import Database
from tests.unit.client_world import made
from tests.unit.studio import BLOCK, VERSIONS, Draft, brief, card, person
from tests.unit.test_client_file import BOARD, KAYAK, editor


def full(name: str, blocked: bool = False) -> Draft:
    heads = [card(f"{name} line number {i}", angle="how") for i in range(4)]
    if blocked:
        heads[0] = card(f"{name} line number 0", findings=(BLOCK,))
    told = [card(f"{name} {what}", "description", limit=90) for what in ("holds two kayaks.", "locks in seconds.")]
    return Draft((*heads, *told))


def cells(data: bytes | None) -> list[dict[str, str]]:
    assert data is not None
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_complete_ads_leave_together_and_the_others_are_named(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)  # cards of the tests know no rules of today
    kayak, board = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    drafting.store_generation(db, ada, kayak, full("TideLock"))
    few = drafting.store_generation(db, ada, board, Draft((card("Racks for Boards"),)))
    other = briefs.save_brief(db, ada, brief("Hill Coffee", placement="meta_feed"))
    found = export_all(db, ada, [kayak, board, other.id])
    (ad,) = cells(found.data)
    assert (ad["Campaign"], ad["Ad group"], ad["Status"]) == ("Spring | Search", "Kayak Racks - Exact", "Paused")
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [f"TideLock line number {i}" for i in range(4)]
    assert found.brief_ids == (kayak,) and [one.brief_id for one in found.missing] == [board, other.id]
    assert "needs at least 3" in " ".join(found.missing[0].problems)
    assert "Draft desk" in found.missing[1].problems[0]
    assert few.texts[0].choice == ""  # looking exports nothing


def test_picked_texts_come_first_and_blocked_ones_never(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock", blocked=True)).texts
    feedback.pick(db, ada, texts[3].id)
    feedback.reject(db, ada, texts[1].id)
    found = export_all(db, ada, [kayak])
    assert found.data is None  # the blocked and the rejected one are not taken: two headlines are left
    assert any("2 headlines" in problem for problem in found.missing[0].problems)
    feedback.unpick(db, ada, texts[1].id)
    (ad,) = cells(export_all(db, ada, [kayak]).data)
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [
        "TideLock line number 3", "TideLock line number 1", "TideLock line number 2", "",
    ]  # fmt: skip
    assert "2 descriptions" not in " ".join(found.missing[0].problems)
    assert export_all(db, ada, [kayak], picked_only=True).data is None


def test_where_only_approved_texts_may_leave_the_others_are_not_taken(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting, workspace

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    workspace.change_settings(db, person(db, "admin"), {"export_approved_only": True})
    mine = {"workspace_id": ada.workspace_id, "author_id": ada.user_id, "status": "approved"}
    with db.write() as session:
        session.add_all(models.StatusChange(**mine, text_id=text.id) for text in texts[1:])
    (ad,) = cells(export_all(db, ada, [kayak]).data)
    assert [ad[f"Headline {i}"] for i in range(1, 5)] == [*(f"TideLock line number {i}" for i in (1, 2, 3)), ""]
    feedback.pick(db, ada, texts[0].id)  # chosen by a person, but not approved: the ad stays out and says why
    assert "approved texts only" in " ".join(export_all(db, ada, [kayak]).missing[0].problems)


def test_what_the_ranking_fills_in_is_exported_but_nobodys_choice(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a trial's set a person picks one headline, the old writer's. The file needs three, and the new one's rank
    first."""
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    heads = [replace(card(f"Old {i}", author="policy:writer-1"), rank=0.1) for i in range(3)]
    heads += [replace(card(f"New {i}", author="policy:rnd-2"), rank=0.9) for i in range(3)]
    told = [card(f"Holds {what}.", "description", limit=90, author="policy:writer-1") for what in ("two", "three")]
    draft = Draft((*heads, *told), versions=VERSIONS | {"policy": "writer-1", "rival": "rnd-2"})
    texts = drafting.store_generation(db, ada, kayak, draft, seed=3).texts
    picked = next(t.id for t in texts if t.text == "Old 0")
    feedback.pick(db, ada, picked)

    def chosen() -> tuple[set[int], int, int]:
        now = drafting.get_texts(db, ada, [t.id for t in texts])
        found = trials.trial_counts(db, person(db, "analyst"), "rnd-2")
        return {t.id for t in now if t.choice == "picked"}, found.chosen_old, found.chosen_new

    assert chosen() == ({picked}, 1, 0)
    found = export_all(db, ada, [kayak])
    filled = set(found.text_ids) - {picked}
    assert len(filled) == 4 and set(found.filled) == filled
    note_export(db, ada, found)
    assert chosen() == ({picked}, 1, 0)
    with db.read() as session:
        events = session.query(models.Feedback).filter(models.Feedback.kind == "export").all()
        told_of = session.query(models.AuditEvent).filter(models.AuditEvent.action == "text.export").all()
    assert {e.text_id: e.reason for e in events} == {picked: "editor"} | dict.fromkeys(filled, feedback.FILLED)
    assert {i for event in told_of for i in event.detail["texts"]} == set(found.text_ids)
    again = export_all(db, ada, [kayak])
    assert (again.data, again.filled) == (found.data, found.filled)
    feedback.pick(db, ada, found.filled[0])  # what a person then picks stays picked, whatever file is noted later
    note_export(db, ada, found)
    assert chosen()[0] == {picked, found.filled[0]}
    feedback.reject(db, ada, found.filled[0])
    note_export(db, ada, found)
    assert chosen()[0] == {picked}


def built(db: Database, ada: Actor, texts: tuple[StoredText, ...], *pins: int) -> StoredAd:
    """An ad of these texts in this order; the first ones are pinned."""
    told = dict(enumerate(pins))
    places = [Place(text.id, text.slot, told.get(n)) for n, text in enumerate(texts)]
    return ads.create_ad(db, ada, texts[0].brief_id, "", places)


def test_an_ad_that_was_built_leaves_with_its_texts_and_pins(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting, workspace

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    kayak, board = made(db, ada, read_client(editor(KAYAK, BOARD), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    drafting.store_generation(db, ada, board, full("Tidelock"))
    feedback.pick(db, ada, texts[0].id)  # picked, but not in the ad
    chosen = (texts[3], texts[1], texts[2], texts[5], texts[4])
    ad = built(db, ada, chosen, 1, 2)
    for picked_only in (False, True):
        row, *_ = cells(export_all(db, ada, [kayak, board], picked_only).data)
        assert [row[f"Headline {i}"] for i in range(1, 5)] == [
            "TideLock line number 3", "TideLock line number 1", "TideLock line number 2", "",
        ]  # fmt: skip
        assert [row[f"Headline {i} position"] for i in range(1, 4)] == ["1", "2", ""]
        assert [row[f"Description {i}"] for i in (1, 2)] == ["TideLock locks in seconds.", "TideLock holds two kayaks."]
        assert (row["Campaign"], row["Final URL"]) == ("Spring | Search", "https://www.tidelock.com/racks")

    workspace.change_settings(db, person(db, "admin"), {"export_approved_only": True})
    found = export_all(db, ada, [kayak])
    assert found.data is None and "version 1 is draft" in found.missing[0].problems[0]
    ad_review.send_to_review(db, ada, ad.id, 1)
    rui = person(db, "reviewer")
    with db.write() as session:
        for text in chosen:
            statuses.set_status(session, rui, text.id, "approved")
    newer = [Place(t.id, t.slot) for t in texts]
    ads.save_revision(db, ada, ad.id, 1, newer)  # a draft beside the approved version
    found = export_all(db, ada, [kayak])
    (row,) = cells(found.data)
    assert (row["Headline 1"], row["Headline 1 position"]) == ("TideLock line number 3", "1")
    assert [(one.ad_id, one.revision) for one in found.built] == [(ad.id, 1)]

    note_export(db, ada, found)
    with db.read() as session:
        told = session.query(models.AuditEvent).filter(models.AuditEvent.action == "ad.export").one()
        assert (told.object_id, told.detail["revision"], told.detail["texts"]) == (ad.id, 1, [t.id for t in chosen])
    assert [t.choice for t in drafting.get_texts(db, ada, [t.id for t in chosen])] == ["picked"] * 5


def test_of_several_ads_the_approved_one_leaves_and_archived_or_empty_ones_never(
    db: Database, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import exporting

    monkeypatch.setattr(exporting, "is_stale", lambda *_: False)
    (kayak,) = made(db, ada, read_client(editor(KAYAK), "client.csv"))
    texts = drafting.store_generation(db, ada, kayak, full("TideLock")).texts
    assert built_ad(db, ada, kayak) is None
    ads.create_ad(db, ada, kayak, "Empty", [])
    assert built_ad(db, ada, kayak) is None and export_all(db, ada, [kayak]).built == ()
    one, two = built(db, ada, texts, 1), built(db, ada, texts[1:], 2)
    assert built_ad(db, ada, kayak) == two.id
    with db.write() as session:
        session.add(
            models.StatusChange(
                workspace_id=ada.workspace_id, author_id=ada.user_id, ad_id=one.id, ad_revision_id=one.newest.id,
                status="approved",
            )
        )  # fmt: skip
    assert built_ad(db, ada, kayak) == one.id
    ads.archive_ad(db, ada, one.id)
    assert built_ad(db, ada, kayak) == two.id
    with pytest.raises(Forbidden):
        built_ad(db, person(db, "analyst"), kayak)
    with pytest.raises(NotFound):
        built_ad(db, person(db, "admin", "Theirs"), kayak)
