"""The studio: sets up the page, the way between desks, and start-up errors in one sentence.

`streamlit run app/main.py`. Desks are imported when they are opened, so the first page is quick; torch is
imported by the first draft or score, never here. Leaves out sign-in (a later issue).
"""

import streamlit as st

from app.components.context import context
from app.components.plain import plain
from db.session import StorageError
from relate_engine.config import ASSETS

THEME = ASSETS / "theme"


def draft() -> None:
    from app.desks.draft import page

    page()


def review() -> None:
    from app.desks.review import page

    page()


def results() -> None:
    from app.desks.results import page

    page()


def rewards() -> None:
    from app.desks.rewards import page

    page()


def main() -> None:
    """One run of the script."""
    icon = THEME / "icon.svg"
    st.set_page_config(page_title="RELATE Studio", page_icon=str(icon), layout="wide")
    st.html(THEME / "studio.css")
    st.logo(str(THEME / "logo.svg"), size="large")
    here = st.navigation(
        [
            st.Page(draft, title="Draft", icon=":material/edit_square:", url_path="draft", default=True),
            st.Page(review, title="Review", icon=":material/fact_check:", url_path="review"),
            st.Page(results, title="Results", icon=":material/upload_file:", url_path="results"),
            st.Page(rewards, title="Rewards", icon=":material/monitoring:", url_path="rewards"),
        ],
        position="top",
    )
    try:
        context()
    except StorageError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    here.run()


main()
