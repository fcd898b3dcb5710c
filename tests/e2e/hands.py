"""What people do with a page, found by role, label and words: press, choose, sign in. Shared by the tests here."""

import ast
from typing import Any

from playwright.sync_api import TimeoutError as NotInTime

from relate_engine.config import ROOT
from tests.e2e.conftest import Gated


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
    wide = page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('[data-testid=stMain], .stApp')]"
        ".some(e => e.scrollWidth > e.clientWidth + 1)"
    )
    return not wide


def sign_in(page: Any, gated: Gated, who: str, first: str | None = None) -> None:
    """Signs in at the provider; waits for the heading `first`, if given."""
    page.goto(gated.url)
    page.get_by_role("button", name="Sign in").click()
    button(page, who).click()
    if first:
        heading(page, first).wait_for()
