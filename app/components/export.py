"""What the export dialogs of an ad and of a brief share: the platform's fields, why not yet, and the download.

Leaves out which texts leave (the desks) and how files are written and checked (services/exporting.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from app.components.plain import plain
from app.services.exporting import META_NOTE, MIME, ExportRefused
from app.services.people import Forbidden, NotFound
from db.session import StorageError
from relate_engine.brief import BriefError

TROUBLE = (BriefError, Forbidden, NotFound, StorageError)
Made = TypeVar("Made")


@dataclass(frozen=True)
class Fields:
    """`group`: ad group or ad set; `name`: of a Meta ad."""

    campaign: str
    group: str
    name: str
    link: str


def fields(key: str, target: str, name: str, link: str) -> Fields:
    """Asks what a file for the platform needs; `name` and `link` stand there to begin with."""
    meta = target == "meta"
    if meta:
        st.info(META_NOTE, icon=":material/info:")
    campaign = st.text_input("Campaign", key=f"{key}_campaign", live=True) or ""
    group = st.text_input("Ad set" if meta else "Ad group", key=f"{key}_group", live=True) or ""
    name = (st.text_input("Ad name", name, key=f"{key}_name", live=True) or "") if meta else ""
    link = st.text_input("Link" if meta else "Final URL", link, key=f"{key}_link", live=True,
                         placeholder="https://www.example.com/page") or ""  # fmt: skip
    return Fields(campaign, group, name, link)


def made_or_told(key: str, make: Callable[[], Made]) -> Made | None:
    """What `make` gives, or None with every reason in its place."""
    try:
        return make()
    except ExportRefused as refused:
        st.warning("This ad cannot be exported yet:\n\n" + "\n".join(f"- {plain(p)}" for p in refused.problems))
        st.button("Download", key=f"{key}_not_yet", disabled=True, icon=":material/download:")
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
    return None


def download(key: str, title: str, ending: str, data: bytes, note: Callable[[], object]) -> None:
    """The button; `note` says in the database that the file was taken."""

    def taken() -> None:
        try:
            note()
        except TROUBLE as error:
            st.toast(plain(str(error)), icon=":material/error:")

    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "ad"
    st.download_button("Download", data, f"{stem}-{ending}.csv", MIME, key=f"{key}_download", type="primary",
                       icon=":material/download:", on_click=taken)  # fmt: skip
