"""The studio: sets up the page, the way between desks, and start-up errors in one sentence.

`streamlit run app/main.py`. Desks are imported when they are opened, so the first page is quick; torch is
imported by the first draft or score, never here. Leaves out sign-in (a later issue).
"""

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from app.components.context import context
from app.components.plain import plain
from app.services.people import Action, may
from db.session import StorageError
from relate_engine.config import ASSETS

THEME = ASSETS / "theme"


# module of app.desks, title, icon, what its visitors must be allowed to do; the first that a person may see opens
PAGES: tuple[tuple[str, str, str, Action], ...] = (
    ("draft", "Draft", "edit_square", "text.read"),
    ("review", "Review", "fact_check", "review.read"),
    ("results", "Results", "upload_file", "results.read"),
    ("rewards", "Rewards", "monitoring", "analytics.read"),
)


def _page(module: str) -> Callable[[], None]:
    def run() -> None:
        import_module(f"app.desks.{module}").page()

    run.__name__ = module
    return run


def main() -> None:
    """One run of the script."""
    icon = THEME / "icon.svg"
    st.set_page_config(page_title="RELATE Studio", page_icon=str(icon), layout="wide")
    st.html(THEME / "studio.css")
    st.logo(str(THEME / "logo.svg"), size="large")
    try:
        actor = context().actor
    except StorageError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    seen = [p for p in PAGES if may(actor, p[3])]
    here = st.navigation(
        [
            st.Page(_page(module), title=title, icon=f":material/{icon}:", url_path=module, default=n == 0)
            for n, (module, title, icon, _) in enumerate(seen)
        ],
        position="top",
    )
    here.run()


main()
