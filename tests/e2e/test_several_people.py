"""Several people in real browsers: two at one ad and one brief, a reviewer who goes, a role taken away mid-page.

Whoever comes second is told and decides; nothing that somebody typed or put together goes unseen. Leaves out how the
merge is worked out (tests/unit/test_ads.py) and many people at once (test_ten_people.py).
"""

from collections.abc import Callable
from typing import Any

import pytest

from app.services import ads, briefs, drafting, invitations, members
from app.services.ad_records import Place, Revision, StoredAd
from db.models import Verdict
from tests.e2e.conftest import Gated
from tests.e2e.hands import button, heading, sign_in
from tests.unit.studio import brief, small_draft

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
Window = Callable[..., Any]


def an_ad(gated: Gated, product: str) -> StoredAd:
    """An ad of six texts, saved once by somebody else."""
    saved = briefs.save_brief(gated.db, gated.shell, brief(product))
    texts = drafting.store_generation(gated.db, gated.shell, saved.id, small_draft()).texts
    return ads.create_ad(gated.db, gated.shell, saved.id, product, [Place(text.id, text.slot) for text in texts])


def newest(gated: Gated, ad: StoredAd) -> Revision:
    return ads.get_ad(gated.db, gated.shell, ad.id).newest


def come_in(page: Any, gated: Gated, who: str, path: str) -> None:
    sign_in(page, gated, who)
    button(page, f"{who.title()} Example").wait_for()
    page.goto(f"{gated.url}/{path}")


def take_out(page: Any, text_id: int) -> None:
    page.locator(f".st-key-ad_out_{text_id}").get_by_role("button").click()
    page.locator(f".st-key-ad_out_{text_id}").wait_for(state="detached")


def test_two_at_one_ad(window: Window, gated: Gated) -> None:
    ad = an_ad(gated, "Shared Rack")
    ids = ad.newest.text_ids
    one, two = window(), window()
    come_in(one, gated, "advertiser", f"ads?ad={ad.id}")
    come_in(two, gated, "admin", f"ads?ad={ad.id}")
    take_out(one, ids[5])
    take_out(two, ids[0])
    button(two, "Save version 2").click()
    button(two, "Saved").wait_for()

    button(one, "Save version 2").click()
    one.get_by_text("Yours is not saved").wait_for()
    assert newest(gated, ad).text_ids == ids[1:]  # as the admin saved it
    one.reload()  # in the middle of the decision
    one.get_by_text("brought back").wait_for()
    one.get_by_text("Yours is not saved").wait_for()
    button(one, "Merge both").click()
    button(one, "Save version 3").click()
    button(one, "Saved").wait_for()
    assert newest(gated, ad).number == 3  # without what either took out
    assert set(newest(gated, ad).text_ids) == set(ids) - {ids[0], ids[5]}

    take_out(two, ids[1])  # on version 2 still
    two.get_by_text("Yours is not saved").wait_for()  # told before the save
    button(two, "Take theirs").click()
    two.locator(f".st-key-ad_out_{ids[1]}").wait_for()
    button(two, "Saved").wait_for()
    two.reload()
    button(two, "Saved").wait_for()
    assert two.get_by_text("brought back").count() == 0 and newest(gated, ad).number == 3


def test_two_at_one_brief(window: Window, gated: Gated) -> None:
    saved = briefs.save_brief(gated.db, gated.shell, brief("Shared Brief"))
    one, two = window(), window()
    for page, who in ((one, "advertiser"), (two, "admin")):
        come_in(page, gated, who, f"draft?brief={saved.id}")
        button(page, "Edit brief").click()
    tone = one.get_by_role("textbox", name="Tone")
    tone.fill("warm, plain")
    two.get_by_role("textbox", name="Audience").fill("paddlers in small flats")
    button(two, "Save brief").click()
    button(two, "Edit brief").wait_for()

    button(one, "Save brief").click()
    one.get_by_text("changed this brief on").wait_for()
    stored = briefs.get_brief(gated.db, gated.shell, saved.id).brief
    assert (stored.audience, stored.tone) == ("paddlers in small flats", "")
    button(one, "Back to my form").click()
    tone.wait_for()
    assert tone.input_value() == "warm, plain"  # nothing typed is lost
    button(one, "Save brief").click()
    one.get_by_text("only they changed it").wait_for()  # Audience
    one.get_by_text("only you changed it").wait_for()  # Tone
    button(one, "Save the merged brief").click()
    button(one, "Edit brief").wait_for()
    stored = briefs.get_brief(gated.db, gated.shell, saved.id).brief
    assert (stored.audience, stored.tone) == ("paddlers in small flats", "warm, plain")


def test_a_role_taken_away_in_the_middle(window: Window, gated: Gated) -> None:
    """The save is refused in words; with the role back, so is the work."""
    ad = an_ad(gated, "Fickle Rack")
    ids = ad.newest.text_ids
    invitations.invite(gated.db, gated.shell, "fickle@example.com", "advertiser")
    page = window()
    come_in(page, gated, "fickle", f"ads?ad={ad.id}")
    take_out(page, ids[5])
    page.get_by_text("A refresh keeps it").wait_for()
    page.reload()
    page.get_by_text("brought back").wait_for()
    assert page.locator(f".st-key-ad_out_{ids[5]}").count() == 0

    who = members.by_email(gated.db, gated.shell, "fickle@example.com")
    members.change_role(gated.db, gated.shell, who.id, "analyst")
    button(page, "Save version 2").click()
    page.get_by_text("Your role is analyst now, so the last click was not carried out").wait_for()
    assert newest(gated, ad).number == 1 and button(page, "Save version 2").count() == 0
    members.change_role(gated.db, gated.shell, who.id, "advertiser")
    page.reload()
    page.get_by_text("brought back").wait_for()
    button(page, "Save version 2").click()
    button(page, "Saved").wait_for()
    assert newest(gated, ad).text_ids == ids[:5]


def test_a_reviewer_whose_browser_closes_finds_the_text_again(window: Window, gated: Gated) -> None:
    an_ad(gated, "Closing Rack")
    others = given(gated)  # of tests before
    invitations.invite(gated.db, gated.shell, "leaving@example.com", "reviewer")
    page = window()
    come_in(page, gated, "leaving", "review")
    before = text_to_judge(page)
    page.locator(".words button").first.click()
    page.get_by_text("1 word marked").wait_for()
    page.get_by_role("textbox", name="Comment").fill("half a thou")
    page.context.close()
    assert given(gated) == others

    page = window()
    come_in(page, gated, "leaving", "review")
    assert text_to_judge(page) == before
    page.get_by_text("No words marked").wait_for()
    page.wait_for_timeout(1000)  # quicker than reading counts as a double click
    if page.get_by_role("button", name="Dismiss all").count():  # which text comes first depends on the tests before
        page.get_by_role("button", name="Dismiss all").click()
        page.get_by_role("radio", name="Dismiss", checked=True).wait_for()
        page.wait_for_timeout(600)
    page.get_by_role("button", name="Compliant").click()
    page.get_by_text("Saved:").wait_for()
    assert given(gated) == others + 1 and text_to_judge(page) != before
    heading(page, "Review").wait_for()


def text_to_judge(page: Any) -> str:
    page.get_by_role("heading", name="Text to judge").wait_for()
    return str(page.locator(".rl-text").first.inner_text())


def given(gated: Gated) -> int:
    with gated.db.read() as session:
        return session.query(Verdict).filter(Verdict.settled_by_id.is_(None)).count()  # not those of identical texts
