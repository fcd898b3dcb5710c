"""What people do with a page, found by role, label and words: press, choose, sign in. Shared by the tests here."""

import ast
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError as NotInTime

from relate_engine.config import ROOT
from tests.e2e.conftest import Gated

SHOTS = os.environ.get("FLOW_SHOTS", "")  # a folder for pictures to look at
FITS = (
    "[document.documentElement, ...document.querySelectorAll('[data-testid=stMain], .stApp')]"
    ".every(e => e.scrollWidth <= e.clientWidth + 1)"
)


def pages() -> list[tuple[str, str, str, str]]:
    """PAGES of app/main.py, read from its source: importing it would run the studio."""
    tree = ast.parse((ROOT / "app" / "main.py").read_text("utf-8"))
    named = next(n for n in tree.body if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == "PAGES")
    assert named.value is not None
    return list(ast.literal_eval(named.value))


def button(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def heading(page: Any, words: str) -> Any:
    return page.get_by_role("heading", name=words, exact=True, level=1)


def choose(page: Any, label: str, option: str) -> None:
    """Picks an option of a select box; opens it again if a redraw closed it."""
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(5):
        page.get_by_role("combobox", name=label).click()
        try:
            wanted.click(timeout=3_000)
        except NotInTime:
            continue
        return
    raise AssertionError(f"no option {option} in {label}")


def no_sideways(page: Any) -> bool:
    """Whether the page fits its window."""
    return bool(page.evaluate(FITS))


def fits_wide_and_narrow(page: Any, name: str) -> None:
    """The page as it stands comes to fit a phone and a screen; both are pictured where FLOW_SHOTS names a folder."""
    for width in (390, 1440):  # back at the wide one for whoever goes on
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS)
        if SHOTS:
            page.wait_for_timeout(1000)
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"))
            tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            page.set_viewport_size({"width": width, "height": min(int(tall) + 80, 4000)})
            page.wait_for_timeout(1000)
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}-whole.png"))
            page.set_viewport_size({"width": width, "height": 900})


def sign_in(page: Any, gated: Gated, who: str, first: str | None = None) -> None:
    """Signs in at the provider; waits for the heading `first`, if given."""
    page.goto(gated.url)
    page.get_by_role("button", name="Sign in").click()
    button(page, who).click()
    if first:
        heading(page, first).wait_for()
