"""Signing in with a real OpenID provider in a real browser: each role's pages, closed URLs, leaving, being removed.

The provider is oidc-provider-mock in a thread, the studio a process with its secrets in a folder of its own.
Leaves out the desks themselves.
"""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from app.services import ads, briefs, drafting, feedback, invitations, members
from app.services.people import ALLOWED, Action, shell_actor
from db.models import SignIn, utc_now
from tests.e2e.conftest import ROLES, Gated
from tests.e2e.hands import button, choose, heading, pages, sign_in
from tests.unit.studio import Draft, brief, card

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("SIGN_IN_SHOTS", "")  # a folder for pictures to look at
# role → the heading of its first page, and one more that is for it
OPEN = {
    "advertiser": ("Draft", "results"), "reviewer": ("Review", "rules"), "analyst": ("Decide", "rewards"),
    "admin": ("Draft", "people"),
}  # fmt: skip
MARK = "Zebra"  # in everything of the workspace that nobody here belongs to
ICONS = ("lock", "account_circle", "expand_more")  # their names are the text of their elements
MAIN = "document.querySelector('[data-testid=stMainBlockContainer]').innerText"


def picture(page: Any, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(1500)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_its_pages_and_no_other(window: Any, gated: Gated, role: str) -> None:
    first, opened = OPEN[role]
    closed = {path: title for path, title, _, action in pages() if role not in ALLOWED[cast(Action, action)]}
    assert closed or role == "admin"
    page = window()
    sign_in(page, gated, role, first)
    button(page, f"{role.title()} Example").wait_for()
    picture(page, f"signed-in-{role}")
    for path, title in closed.items():
        assert page.get_by_role("link", name=title, exact=True).count() == 0
        page.goto(f"{gated.url}/{path}")
        page.get_by_text(f"Your role, {role}, does not have this page").wait_for()
        heading(page, title).wait_for()
        page.wait_for_timeout(300)  # were anything to follow
        told = [line for line in page.evaluate(MAIN).splitlines() if line.strip() and line not in ICONS]
        sentence = f"Your role, {role}, does not have this page; choose one above."
        assert told == [f"{role.title()} Example", title, sentence]  # the menu of the account, and no more
    page.goto(f"{gated.url}/{opened}")
    heading(page, opened.title()).wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_text("does not have this page").count() == 0


@pytest.fixture(scope="module")
def theirs(gated: Gated) -> tuple[int, int]:
    """A brief with a draft, and an ad of it, in a workspace that nobody here belongs to."""
    them = shell_actor(gated.db, f"{MARK} Inc", make=True)
    saved = briefs.save_brief(gated.db, them, brief(f"{MARK} rack"))
    drafted = drafting.store_generation(gated.db, them, saved.id, Draft((card(f"{MARK} one"), card(f"{MARK} two"))))  # type: ignore[arg-type]
    feedback.pick(gated.db, them, drafted.texts[0].id)
    ad = ads.create_ad(gated.db, them, saved.id, f"{MARK} ad")
    return saved.id, ad.id


@pytest.mark.parametrize("role", ROLES)
def test_an_address_into_another_workspace_shows_nothing_of_it(
    window: Any, gated: Gated, theirs: tuple[int, int], role: str
) -> None:
    brief_id, ad_id = theirs
    page = window()
    sign_in(page, gated, role, OPEN[role][0])
    for path, title, words in (
        (f"draft?brief={brief_id}", "Draft", f"There is no brief {brief_id} in your workspace"),
        (f"ads?ad={ad_id}", "Ads", f"There is no ad {ad_id} in your workspace"),
    ):
        page.goto(f"{gated.url}/{path}")
        page.get_by_text(words).wait_for()
        heading(page, title).wait_for()
        page.wait_for_timeout(500)
        assert MARK.lower() not in page.content().lower()


def test_the_sign_in_page_and_sign_out(window: Any, gated: Gated) -> None:
    page = window()
    page.goto(f"{gated.url}/rewards")
    page.get_by_role("button", name="Sign in").wait_for()
    picture(page, "sign-in")
    sign_in(page, gated, "advertiser")
    other = page.context.new_page()  # a second tab shares the sign-in
    other.goto(f"{gated.url}/results")
    button(other, "Advertiser Example").wait_for()
    button(page, "Advertiser Example").click()
    picture(page, "account-menu")
    button(page, "Sign out").click()
    page.wait_for_url("**/oauth2/end_session**")  # the provider asks too
    other.get_by_role("link", name="Draft").click()
    other.get_by_text("Your session has ended").wait_for()
    other.reload()
    other.get_by_role("button", name="Sign in").wait_for()
    assert other.get_by_role("link", name="Draft").count() == 0


def test_nobody_uninvited_comes_in(window: Any, gated: Gated) -> None:
    for who, words in (("stranger", "example.com is not invited"), ("unverified", "verified e-mail address")):
        page = window()
        sign_in(page, gated, who)
        page.get_by_text(words).wait_for()
        picture(page, who)
        button(page, "Sign out").wait_for()
        page.goto(f"{gated.url}/draft")
        page.get_by_text(words).wait_for()


def test_a_removed_person_is_out_at_the_next_click(window: Any, gated: Gated) -> None:
    invitations.invite(gated.db, gated.shell, "removed@example.com", "admin")
    page = window()
    sign_in(page, gated, "removed")
    page.goto(f"{gated.url}/people")
    page.get_by_role("textbox", name="E-mail", exact=True).fill("late@example.com")
    member = members.by_email(gated.db, gated.shell, "removed@example.com")
    members.remove(gated.db, gated.shell, member.id)
    button(page, "Invite").click()
    page.get_by_text("You are no longer in a workspace").wait_for()
    assert "late@example.com" not in [i.email for i in invitations.pending(gated.db, gated.shell)]
    page.reload()
    page.get_by_text("You are no longer in a workspace").wait_for()


def test_another_role_counts_at_the_next_click(window: Any, gated: Gated) -> None:
    invitations.invite(gated.db, gated.shell, "twin@example.com", "admin")
    other = shell_actor(gated.db, "Beta", make=True)
    invitations.invite(gated.db, other, "twin@example.com", "reviewer")
    page = window()
    sign_in(page, gated, "twin")
    button(page, "Twin Example · Acme").click()
    picture(page, "two-workspaces")
    choose(page, "Work in", "Beta (reviewer)")
    button(page, "Twin Example · Beta").wait_for()
    page.goto(f"{gated.url}/people")  # a new tab's session stays in the workspace chosen last, with its role
    page.get_by_text("Your role, reviewer, does not have this page").wait_for()
    member = members.by_email(gated.db, other, "twin@example.com")
    members.change_role(gated.db, other, member.id, "analyst")
    page.get_by_role("link", name="Review").click()
    page.get_by_text("Analysis", exact=True).click()  # the bar of an analyst, who has many pages
    members.remove(gated.db, other, member.id)
    page.get_by_text("Rewards", exact=True).click()
    page.get_by_text("Your session has ended").or_(page.get_by_text("You are no longer in the workspace")).wait_for()


def test_a_session_that_expired_is_not_brought_back_by_a_reload(window: Any, gated: Gated) -> None:
    invitations.invite(gated.db, gated.shell, "idle@example.com", "reviewer")
    page = window()
    sign_in(page, gated, "idle", "Review")
    with gated.db.write() as session:  # as if half a day had gone by without a click
        row = session.query(SignIn).order_by(SignIn.id.desc()).first()
        assert row is not None
        row.expires_at = utc_now() - timedelta(seconds=1)
    for _ in range(3):
        page.reload()
        page.get_by_text("Your session has ended").wait_for()
    picture(page, "expired")
    time.sleep(1.1)  # the provider's time of issue counts whole seconds
    page.get_by_role("button", name="Sign in again").click()
    button(page, "idle").click()
    heading(page, "Review").wait_for()


def test_two_people_at_once(window: Any, gated: Gated) -> None:
    one, two = window(), window(390)
    sign_in(one, gated, "advertiser")
    sign_in(two, gated, "reviewer")
    button(one, "Advertiser Example").wait_for()
    button(two, "Reviewer Example").wait_for()
    picture(two, "phone")
    one.goto(f"{gated.url}/review")
    two.goto(f"{gated.url}/review")
    one.get_by_text("Your role, advertiser, does not have this page").wait_for()
    heading(two, "Review").wait_for()
