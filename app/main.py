"""The studio: sets up the page, the way between desks, and start-up errors in one sentence.

`streamlit run app/main.py`. Desks are imported when they are opened, so the first page is quick; torch is
imported by the first draft or score, never here. Which pages there are follows from the role of now; the URL of any
other page opens a sentence. Hiding a page is a courtesy: the services refuse by themselves. Leaves out who may come
in (app/components/door.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import streamlit as st

from app.components import door
from app.components.context import context
from app.components.plain import plain
from app.components.unsaved import ask_before_leaving
from app.services.demo_mark import BADGE, is_demo
from app.services.people import Action, Actor, Role, may
from app.services.process import settle
from app.services.sessions import SignedOut
from db.session import StorageError
from relate_engine.config import ASSETS

THEME = ASSETS / "theme"
WIDTH = 1020  # px of a page
STYLES_S = 0.08  # once a session


# module of app.desks, title, icon, what its visitors must be allowed to do
PAGES: tuple[tuple[str, str, str, Action], ...] = (
    ("draft", "Draft", "edit_square", "text.read"),
    ("briefs", "Briefs", "folder_open", "brief.read"),
    ("ads", "Ads", "dashboard_customize", "ad.read"),
    ("review", "Review", "fact_check", "review.read"),
    ("rules", "Rules", "gavel", "rule.read"),
    ("results", "Results", "upload_file", "results.read"),
    ("decide", "Decide", "rule", "writer.read"),
    ("learning", "Learning", "model_training", "analytics.read"),
    ("performance", "Performance", "query_stats", "analytics.read"),
    ("words", "Words", "text_fields", "analytics.read"),
    ("rewards", "Rewards", "monitoring", "analytics.read"),
    ("people", "People", "group", "people.manage"),
    ("audit", "Audit", "history", "audit.read"),
)


# what each role works with first; the first that the role may see opens, pages not named follow
FIRST: dict[Role, tuple[str, ...]] = {
    "advertiser": ("draft", "briefs", "ads"),
    "reviewer": ("review", "rules"),
    "analyst": ("decide", "learning", "performance", "words", "rewards", "results"),
    "admin": ("draft", "briefs", "ads"),
}
# with many pages the bar shows them by what they are for
SECTIONS: dict[str, tuple[str, ...]] = {
    "Copy": ("draft", "briefs", "ads"),
    "Compliance": ("review", "rules"),
    "Analysis": ("decide", "learning", "performance", "words", "rewards", "results"),
    "Workspace": ("people", "audit"),
}
HOME = "home"  # the path that Streamlit reserves for the default page, which stands at the root
FLAT = 6  # so many pages fit side by side


def pages_of(actor: Actor) -> list[tuple[str, str, str, Action]]:
    """The pages the actor may see, in the order of their role."""
    first = FIRST.get(actor.role, ())
    seen = [page for page in PAGES if may(actor, page[3])]
    return sorted(seen, key=lambda page: first.index(page[0]) if page[0] in first else len(first))


def _page(module: str) -> Callable[[], None]:
    def run() -> None:
        import_module(f"app.desks.{module}").page()

    run.__name__ = module
    return run


def _closed(title: str, actor: Actor) -> Callable[[], None]:
    def run() -> None:
        st.title(title)
        st.warning(f"Your role, {actor.role}, does not have this page; choose one above.", icon=":material/lock:")

    run.__name__ = f"closed_{title}"
    return run


def _way(actor: Actor) -> st.Page:
    """Draws the bar of the actor's pages and returns the one that is open."""
    seen = pages_of(actor)
    pages = {
        module: st.Page(
            _page(module), title=title, icon=f":material/{icon}:", url_path=module if n else HOME, default=n == 0
        )
        for n, (module, title, icon, _) in enumerate(seen)
    }
    closed = [
        st.Page(_closed(title, actor), title=title, url_path=module, visibility="hidden")
        for module, title, _, action in PAGES
        if not may(actor, action)
    ]
    first, title, *_ = seen[0]  # a default page has no path, so a link by its name needs a page beside it
    closed.append(st.Page(_page(first), title=title, url_path=first, visibility="hidden"))
    if len(pages) <= FLAT:
        return st.navigation([*pages.values(), *closed], position="top")
    bar = {name: [pages[m] for m in modules if m in pages] for name, modules in SECTIONS.items()}
    home = seen[0][0]
    names = sorted((n for n, p in bar.items() if p), key=lambda n: home not in SECTIONS.get(n, ()))  # their own first
    bar[names[0]] += closed  # a section of hidden pages alone would show as an empty menu
    return st.navigation({name: bar[name] for name in names}, position="top")


def _outside(out: SignedOut) -> None:
    def run() -> None:
        with _column():
            door.outside(out)

    every = [("door", "Sign in"), *((module, "Sign in") for module, *_ in PAGES)]  # whatever the URL names
    pages = [st.Page(run, title=title, url_path=path, default=n == 0) for n, (path, title) in enumerate(every)]
    st.navigation(pages, position="hidden").run()


@contextmanager
def _column() -> Iterator[None]:
    """What a page is drawn in: its width is set here and not by the styles, which come later and would move it."""
    with st.container(horizontal_alignment="center"), st.container(width=WIDTH):
        yield


def _styles() -> None:
    """The studio's own styles. A browser loads them apart from the words, which would jump if they came first."""
    st.html(THEME / "studio.css")
    if "styled" not in st.session_state:
        st.session_state.styled = True
        time.sleep(STYLES_S)


def main() -> None:
    """One run of the script."""
    icon = THEME / "icon.svg"
    st.set_page_config(page_title="RELATE Studio", page_icon=str(icon), layout="wide")
    _styles()
    st.logo(str(THEME / "logo.svg"), size="large")
    try:
        ctx = context()
    except SignedOut as out:
        return _outside(out)
    except StorageError as error:
        with _column():
            st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    here = _way(ctx.actor)
    with _column():
        if is_demo(ctx.settings):
            st.badge(BADGE, icon=":material/science:", color="violet")
        if ctx.signed is not None:
            door.account(ctx.db, ctx.actor, ctx.signed)
        try:
            here.run()
        except SignedOut as out:  # ended between the top of this run and the page
            door.outside(out)
        ask_before_leaving()  # last: it takes room until the styles are there
    settle("first page")


main()
