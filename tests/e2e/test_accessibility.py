"""Every page of the studio read by axe-core, wide and light, then as a phone and dark; and drafting by keyboard alone.

The pages hold what people work with: briefs, drafts, an ad in review, verdicts, comments, imported results, an open
job, an invitation. Only serious and critical violations fail, and none of Streamlit's own named below; all that was
found is printed (`pytest -s`). Also one h1 a page, no skipped heading and no page wider than a phone.
Leaves out marking words by keyboard (test_review.py), a bound on the jumps that are printed (by the clock, so in
tests/soak/test_pages_in_chromium.py) and whether the wording can be understood.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.services import briefs, clients, demo, drafting, invitations
from app.services.demo_mark import demo_settings
from app.services.people import local_actor
from db.session import open_database
from relate_engine.brief import Brief
from relate_engine.config import Settings
from tests.e2e.conftest import Gated, running
from tests.e2e.hands import button, pages, sign_in
from tests.e2e.settled import shift, stood_at, visit, watch
from tests.unit.studio import BLOCK, WARN, Draft, card, small_draft
from tests.unit.studio import brief as a_brief

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.e2e
LONG = 60_000  # ms; other work may share the machine
# what the address of a page does not open by itself
DEEPER = ("draft?brief=1", "ads?ad=1", "learning?part=Refused", "performance?part=Predicted+and+observed",
          "performance?part=Reviewers", "performance?part=Sales+and+compliance", "learning?part=Inside+a+round",
          "learning?part=Ways+of+credit", "rewards?part=Scores", "rewards?part=What+the+numbers+are")  # fmt: skip
# views of a page that a switch opens
SWITCHED = (("review", "Browse"), ("review", "Quality"), ("rules", "Versions"), ("words", "From training"))
SERIOUS = ("serious", "critical")
TABS = 80  # enough to reach any button of the Draft page
ASK = {"resultTypes": ["violations"]}


@dataclass(frozen=True)
class Theirs:
    """A violation inside an element that Streamlit draws and gives no way to mend."""

    rule: str
    selector: str  # the element, or one around it
    why: str


SIDEBAR = '[data-testid="stSidebarNavItems"]'
STREAMLITS = (
    Theirs("list", SIDEBAR, "on a phone st.navigation draws the sections of its menu as div elements inside the ul"),
    Theirs("listitem", SIDEBAR, "and so the li of each page stands in such a div, not in the list itself"),
)

WIDE = """() => [document.documentElement, ...document.querySelectorAll('[data-testid=stMain], .stApp')]
  .some(e => e.scrollWidth > e.clientWidth + 1)"""
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
  .filter(e => e.offsetParent !== null || e.getClientRects().length).map(e => [Number(e.tagName[1]), e.innerText])"""
FOCUS = """() => { const e = document.activeElement; const s = getComputedStyle(e);
  return [e.tagName === 'BUTTON' ? e.innerText : '', e.matches(':focus-visible'),
    s.outlineStyle !== 'none' || s.boxShadow !== 'none'] }"""
INSIDE = """([where, selector]) => { const found = document.querySelector(where);
  return !!found && (found.closest(selector) !== null) }"""


def write(asked: Brief, counts: Mapping[str, int], seed: int) -> Draft:
    """Stands in for the writer: one text is blocked, one has a warning, one is Arabic."""
    lines = ("Made for the way you work", "Ready when you are", "One less thing to plan", "See how it works",
             "Set up in an afternoon", "احجز مكانك اليوم", "Ask us anything first", "Start small")  # fmt: skip
    made = []
    for slot, count in counts.items():
        for n, line in enumerate(lines[:count]):
            found = (BLOCK,) if n == count - 1 else (WARN,) if n == 1 else ()
            made.append(card(f"{line}, {asked.product.split()[0]}", slot, findings=found, limit=90))
    return Draft(tuple(made))


@pytest.fixture(scope="module")
def address(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a studio with something on every page; it has no worker, so its job waits."""
    config = Settings(home=tmp_path_factory.mktemp("accessible"))
    home = demo.make(config, lambda line: None, write)  # type: ignore[arg-type]
    fill(config)
    with running(home, RELATE_CACHE=str(weights)) as studio:
        yield studio.url


def fill(config: Settings) -> None:
    """What the demo leaves out: a draft of every slot, a job that waits, somebody invited."""
    db = open_database(demo_settings(config).database)
    actor = local_actor(db)
    saved = briefs.save_brief(db, actor, a_brief(claims=({"text": "Holds 200 lb", "evidence": "Load test 14"},)))
    drafting.store_generation(db, actor, saved.id, small_draft())
    clients.draft_all(db, actor, [saved.id])
    invitations.invite(db, actor, "ada@example.com", "reviewer")
    db.close()


def look(page: Any, where: str) -> tuple[list[str], list[str], list[str]]:
    """What axe finds: ours, those of them that are serious, and the rules of what is Streamlit's."""
    told, ours, known = [], [], []
    for violation in axe.Axe().run(page, options=ASK).response["violations"]:
        for node in violation["nodes"]:
            selector = node["target"][0] if isinstance(node["target"][0], str) else " ".join(node["target"][0])
            if any(t.rule == violation["id"] and inside(page, selector, t) for t in STREAMLITS):
                known.append(violation["id"])
                continue
            line = f"{where}: {violation['id']} ({violation['impact']}) {selector} | {node['html'][:160]}"
            line += f" | {(node.get('failureSummary') or '').splitlines()[-1].strip()[:200]}"
            told.append(line)
            if violation["impact"] in SERIOUS:
                ours.append(line)
    return told, ours, known


def inside(page: Any, selector: str, theirs: Theirs) -> bool:
    return bool(page.evaluate(INSIDE, [selector, theirs.selector]))


def headings_wrong(page: Any) -> list[str]:
    """One h1, and no level left out on the way down."""
    found = page.evaluate(HEADINGS)
    wrong = [] if sum(level == 1 for level, _ in found) == 1 else [f"not one h1: {found}"]
    last = 0
    for level, words in found:
        if level > last + 1:
            wrong.append(f"h{level} “{words}” after h{last}")
        last = level
    return wrong


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_every_page_can_be_read_by_everybody(browser: Any, address: str, width: int, scheme: str) -> None:
    context = watch(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
    page = context.new_page()
    told: list[str] = []
    theirs: Counter[str] = Counter()
    wrong: list[str] = []
    every = [page[0] for page in pages()]
    plain = [(name, "") for name in (*every, *(DEEPER if scheme == "light" else DEEPER[:2]))]  # no more in the dark
    for name, view in (*plain, *(SWITCHED if scheme == "light" else ())):
        began, where = time.monotonic(), f"{name} {view} at {width} {scheme}"
        visit(page, f"{address}/{name}")
        if view:
            page.get_by_role("radio", name=view).click()
            stood_at(page)
        lines, ours, known = look(page, where)
        wrong += ours
        theirs.update(known)
        wrong += [f"{where}: {line}" for line in headings_wrong(page)]
        if width == 390 and page.evaluate(WIDE):
            wrong.append(f"{where}: wider than the screen")
        told += [*lines, f"{where}: {time.monotonic() - began:.1f} s, layout shift {shift(page)[0]:.3f}"]
    context.close()
    print("\n" + "\n".join(told))
    print(f"Streamlit's own, by rule: {dict(theirs)}")
    assert not wrong, "\n".join(wrong)


def test_the_sign_in_page_and_the_account_menu_can_be_read_by_everybody(window: Any, gated: Gated) -> None:
    wrong: list[str] = []
    for scheme in ("light", "dark"):
        page = window(color_scheme=scheme)
        watch(page.context)
        visit(page, f"{gated.url}/rewards")  # whatever was asked for: who is not signed in sees the door
        page.get_by_role("button", name="Sign in").wait_for()
        wrong += [*look(page, f"sign-in, {scheme}")[1], *headings_wrong(page)]
    sign_in(page, gated, "advertiser", "Draft")
    button(page, "Advertiser Example").click()
    button(page, "Sign out").wait_for()
    wrong += look(page, "account menu")[1]
    assert not wrong, "\n".join(wrong)


def test_a_dialog_can_be_read_by_everybody_and_left_by_keyboard(browser: Any, address: str) -> None:
    wrong: list[str] = []
    for width, scheme in ((1440, "light"), (390, "dark")):
        context = watch(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = context.new_page()
        visit(page, f"{address}/draft?brief=1")
        page.get_by_role("button", name="Export", exact=True).first.click()
        dialog = page.get_by_role("dialog")
        dialog.wait_for(timeout=LONG)
        stood_at(page)
        wrong += look(page, f"a dialog at {width} {scheme}")[1]
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null"), "the focus stayed outside"
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached", timeout=LONG)
        context.close()
    assert not wrong, "\n".join(wrong)


def tab_to(page: Any, words: str) -> None:
    """Presses Tab until the button of these words has the focus, and sees that it shows."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        here, by_key, ring = page.evaluate(FOCUS)
        if words in str(here).splitlines():
            assert by_key and ring, f"the focus on {words} cannot be seen"
            return
    raise AssertionError(f"{TABS} times Tab did not reach {words}")


def test_a_draft_is_begun_by_keyboard_alone(browser: Any, address: str) -> None:
    context = watch(browser.new_context(viewport={"width": 1440, "height": 900}))
    page = context.new_page()
    visit(page, f"{address}/")
    tab_to(page, "Ledgerline")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Product").and_(page.locator('[value="Ledgerline"]')).wait_for(timeout=LONG)
    stood_at(page)
    tab_to(page, "Draft the whole ad")
    page.keyboard.press("Space")
    page.get_by_text(re.compile("^Writing the whole")).first.wait_for(timeout=LONG)
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    context.close()
