"""The export dialog of the Draft desk: which texts, which file, and what is still missing.

Nothing leaves before the file is complete; every reason is listed. Downloading notes the export of each text.
Leaves out how files are written and checked (services/exporting.py).
"""

from collections.abc import Sequence

import streamlit as st

from app.components.context import Context
from app.components.export import download, fields, made_or_told
from app.components.plain import plain
from app.desks.draft_state import told
from app.services import feedback
from app.services.exporting import ENCODING_NOTE, ExportRefused, ad_cautions, editor_csv, meta_csv
from app.services.exporting_table import plain_csv
from app.services.people import may
from app.services.stored import StoredBrief, StoredText

FILES = {"editor": "Google Ads Editor CSV", "meta": "Meta CSV", "plain": "Plain CSV with all scores"}
_FIRST = {"google_rsa": "editor", "meta_feed": "meta", "generic": "plain"}


def files_for(ctx: Context) -> list[str]:
    """The files that the actor's role may take: a table is for reading, the platforms' files are for running ads."""
    return [name for name in FILES if may(ctx.actor, "table.export" if name == "plain" else "ad.export")]


@st.dialog("Export", width="medium", icon=":material/download:")
def export_dialog(ctx: Context, stored: StoredBrief, picks: Sequence[StoredText], shown: Sequence[StoredText]) -> None:
    """Asks what the file needs and offers it as soon as it is complete."""
    sets = {"picked": picks, "shown": shown}
    words = {"picked": f"Picked ({len(picks)})", "shown": f"All shown, without rejected ({len(shown)})"}
    which = st.segmented_control("Texts", list(sets), key="export_which", default="picked" if picks else "shown",
                                 format_func=lambda name: words[name], required=True)  # fmt: skip
    files, first = files_for(ctx), _FIRST[stored.brief.placement]
    target = st.selectbox("File", files, index=files.index(first) if first in files else 0, key="export_file",
                          format_func=lambda name: FILES[name])  # fmt: skip
    ids, key = [text.id for text in sets[which or "picked"]], f"export_{stored.id}"
    data = made_or_told(key, lambda: _file(ctx, stored, target, ids, key))
    if data is None:
        return
    download(key, stored.title, target, data, lambda: feedback.export(ctx.db, ctx.actor, ids, target))
    if target != feedback.PLAIN:
        with told():
            for caution in ad_cautions(ctx.db, ctx.actor, ids):
                st.warning(plain(caution), icon=":material/warning:")
    counted = "This table picks nothing." if target == feedback.PLAIN else "Exported texts count as picked."
    st.caption(f"{len(ids)} {'text' if len(ids) == 1 else 'texts'}. {ENCODING_NOTE} {counted}")


def _file(ctx: Context, stored: StoredBrief, target: str, ids: Sequence[int], key: str) -> bytes:
    if target == "plain":
        if not ids:
            raise ExportRefused(["There is no text to export; pick some or choose all shown."])
        return plain_csv(ctx.db, ctx.actor, ids)
    asked = fields(key, target, stored.title, stored.brief.landing_page)
    if target == "editor":
        return editor_csv(ctx.db, ctx.actor, ids, asked.campaign, asked.group, asked.link)
    return meta_csv(ctx.db, ctx.actor, ids, asked.campaign, asked.group, asked.name, asked.link)
