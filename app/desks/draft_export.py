"""The export dialog of the Draft desk: which texts, which file, and what is still missing.

Nothing leaves before the file is complete; every reason is listed. Downloading notes the export of each text.
Leaves out how files are written and checked (services/exporting.py).
"""

import re
from collections.abc import Sequence

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.desks.draft_state import TROUBLE
from app.services import feedback
from app.services.exporting import (
    ENCODING_NOTE,
    META_NOTE,
    MIME,
    ExportRefused,
    ad_cautions,
    editor_csv,
    meta_csv,
    plain_csv,
)
from app.services.stored import StoredBrief, StoredText

FILES = {"editor": "Google Ads Editor CSV", "meta": "Meta CSV", "plain": "Plain CSV with all scores"}
_FIRST = {"google_rsa": "editor", "meta_feed": "meta", "generic": "plain"}


@st.dialog("Export", width="medium", icon=":material/download:")
def export_dialog(ctx: Context, stored: StoredBrief, picks: Sequence[StoredText], shown: Sequence[StoredText]) -> None:
    """Asks what the file needs and offers it as soon as it is complete."""
    sets = {"picked": picks, "shown": shown}
    words = {"picked": f"Picked ({len(picks)})", "shown": f"All shown, without rejected ({len(shown)})"}
    which = st.segmented_control("Texts", list(sets), key="export_which", default="picked" if picks else "shown",
                                 format_func=lambda name: words[name], required=True)  # fmt: skip
    first = list(FILES).index(_FIRST[stored.brief.placement])
    target = st.selectbox("File", list(FILES), index=first, key="export_file", format_func=lambda name: FILES[name])
    ids = [text.id for text in sets[which or "picked"]]
    try:
        data = _file(ctx, stored, target, ids)
    except ExportRefused as refused:
        st.warning("This ad cannot leave yet:\n\n" + "\n".join(f"- {plain(p)}" for p in refused.problems))
        st.button("Download", key="export_not_yet", disabled=True, icon=":material/download:")
        return
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    name = re.sub(r"[^a-z0-9]+", "-", stored.title.lower()).strip("-")[:40] or "ad"
    st.download_button(
        "Download", data, f"{name}-{target}.csv", MIME, key="export_download", type="primary",
        icon=":material/download:", on_click=_note, args=(ctx, ids, target),
    )  # fmt: skip
    if target != feedback.PLAIN:
        for caution in ad_cautions(ctx.db, ctx.actor, ids):
            st.warning(plain(caution), icon=":material/warning:")
    counted = "This table picks nothing." if target == feedback.PLAIN else "Exported texts count as picked."
    st.caption(f"{len(ids)} texts. {ENCODING_NOTE} {counted}")


def _file(ctx: Context, stored: StoredBrief, target: str, ids: Sequence[int]) -> bytes:
    if target == "plain":
        if not ids:
            raise ExportRefused(["There is no text to export; pick some or choose all shown."])
        return plain_csv(ctx.db, ctx.actor, ids)
    campaign = st.text_input("Campaign", key="export_campaign", live=True) or ""
    if target == "editor":
        ad_group = st.text_input("Ad group", key="export_ad_group", live=True) or ""
        return editor_csv(ctx.db, ctx.actor, ids, campaign, ad_group, _link("Final URL", stored))
    st.info(META_NOTE, icon=":material/info:")
    ad_set = st.text_input("Ad set", key="export_ad_set", live=True) or ""
    ad_name = st.text_input("Ad name", stored.title, key="export_ad_name", live=True) or ""
    return meta_csv(ctx.db, ctx.actor, ids, campaign, ad_set, ad_name, _link("Link", stored))


def _link(label: str, stored: StoredBrief) -> str:
    return st.text_input(label, stored.brief.landing_page, key=f"export_{label}", live=True,
                         placeholder="https://www.example.com/page") or ""  # fmt: skip


def _note(ctx: Context, ids: Sequence[int], target: str) -> None:
    try:
        feedback.export(ctx.db, ctx.actor, ids, target)
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")
