"""A client's Google Ads Editor export on the Briefs desk: looked at, corrected in a table, then made into briefs.

Nothing is stored before a button is pressed. What is guessed (product and facts) can be changed in the table; what
cannot become a brief says why. Leaves out reading the file (services/client_file.py) and making (services/clients.py).
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from app.components.context import Context
from app.components.countries import COUNTRIES, country
from app.components.plain import plain
from app.desks.briefs_row import TROUBLE
from app.services.client_file import TOLD, ClientFile, read_client
from app.services.clients import Planned, make_briefs, plan

MAKE, PRODUCT, FACTS = "Make a brief", "Product", "What is known (facts)"
GROUP = "Ad group (campaign)"
WIDTHS = {MAKE: 112, PRODUCT: 200, FACTS: 216, GROUP: 176, "Texts": 60, "Final URL": 100, "Note": 116}  # 980 px


def import_client(ctx: Context) -> None:
    """The folded part with the upload, and the table once there is a file."""
    if note := st.session_state.pop("client_note", ""):
        st.session_state.client_upload = int(st.session_state.get("client_upload", 0)) + 1  # an empty upload again
        st.success(plain(note), icon=":material/check:")
    with st.expander("Import a whole client from Google Ads Editor", icon=":material/upload_file:"):
        st.caption(
            "In Google Ads Editor: Account, Export, whole account or some campaigns, as CSV with English headers. Each "
            "ad group becomes one brief; its existing texts are scored like your own lines."
        )
        key = f"client_file_{st.session_state.get('client_upload', 0)}"
        file = st.file_uploader("Editor export", type=["csv", "tsv", "txt", "xlsx"], key=key, max_upload_size=50)
        if file is None:
            return
        try:
            found = _read(file.file_id, file.getvalue(), file.name)
            _table(ctx, file.file_id, found)
        except TROUBLE as error:
            st.error(plain(str(error)), icon=":material/error:")


def _read(file_id: str, data: bytes, name: str) -> ClientFile:
    """The file, read once a tab however often the page is drawn."""
    known: tuple[str, ClientFile] | None = st.session_state.get("client_read")
    if known is None or known[0] != file_id:
        with st.spinner("Reading the file", show_time=True):
            known = file_id, read_client(data, name)
        st.session_state.client_read = known
    return known[1]


def _table(ctx: Context, file_id: str, file: ClientFile) -> None:
    countries = st.multiselect("Countries of all these ads", list(COUNTRIES), default=["us"], key="client_countries",
                               format_func=country)  # fmt: skip
    planned = plan(ctx.db, ctx.actor, file, countries or ["us"])
    texts = sum(len(one.group.lines) for one in planned)
    ads = sum(one.group.ads for one in planned)
    held = f"{texts:,} texts in {ads:,} {'ad' if ads == 1 else 'ads'}"
    st.markdown(f"**{len(planned)} ad groups with {held}** ({plain(file.described)})")
    for note in file.notes:
        st.caption(plain(note))
    edited = st.data_editor(
        _frame(planned), key=f"client_table_{file_id}", hide_index=True, alt="Ad groups and what becomes of them",
        disabled=[GROUP, "Texts", "Final URL", "Note"],
        column_config={
            **{name: st.column_config.Column(width=width) for name, width in WIDTHS.items()},
            MAKE: st.column_config.CheckboxColumn(pinned=True, width=WIDTHS[MAKE]),
            PRODUCT: st.column_config.TextColumn(max_chars=80, required=True, width=WIDTHS[PRODUCT]),
            FACTS: st.column_config.TextColumn(max_chars=2000, required=True, width=WIDTHS[FACTS]),
        },
    )  # fmt: skip
    _not_ticked(planned)
    wanted = [
        replace(one, product=str(product or ""), description=str(facts or ""))
        for one, make, product, facts in zip(planned, edited[MAKE], edited[PRODUCT], edited[FACTS], strict=True)
        if make
    ]
    many = f"{len(wanted)} briefs" if len(wanted) != 1 else "1 brief"
    with st.container(horizontal=True):
        st.button(f"Make {many} and draft them all", key="client_draft", type="primary", disabled=not wanted,
                  icon=":material/auto_awesome:", on_click=_make, args=(ctx, wanted, countries, True))  # fmt: skip
        st.button(f"Make {many}", key="client_make", icon=":material/add:", disabled=not wanted, on_click=_make,
                  args=(ctx, wanted, countries, False))  # fmt: skip
    if trouble := st.session_state.pop("client_trouble", ""):
        st.error(plain(trouble), icon=":material/error:")


def _not_ticked(planned: Sequence[Planned]) -> None:
    """Why some are not ticked; the table says it too, at its far end."""
    why = [one.trouble or f"Ad group “{one.group.ad_group}” has brief no. {one.known} already." for one in planned
           if one.trouble or one.known is not None]  # fmt: skip
    for sentence in why[:TOLD]:
        st.caption(f":material/check_box_outline_blank: {plain(sentence)}")
    if len(why) > TOLD:
        st.caption(f"{len(why) - TOLD} more are not ticked; the column Note says why.")


def _frame(planned: Sequence[Planned]) -> pd.DataFrame:
    """One row an ad group. Those that have a brief, or can be none, are not ticked. What is edited comes first, so
    that a phone shows it."""
    return pd.DataFrame(
        [
            {
                MAKE: not one.trouble and one.known is None, PRODUCT: one.product, FACTS: one.description,
                GROUP: f"{one.group.ad_group} ({one.group.campaign})" if one.group.campaign else one.group.ad_group,
                "Texts": len(one.group.lines), "Final URL": one.group.final_url,
                "Note": one.trouble or (f"has brief no. {one.known} already" if one.known is not None else ""),
            }
            for one in planned
        ]
    )  # fmt: skip


def _make(ctx: Context, wanted: Sequence[Planned], countries: Sequence[str], draft: bool) -> None:
    try:
        ids = make_briefs(ctx.db, ctx.actor, wanted, countries or ["us"], draft)
    except TROUBLE as error:
        st.session_state.client_trouble = str(error)
        return
    made = f"{len(ids)} briefs are made" if len(ids) != 1 else "1 brief is made"
    then = "scores their lines and drafts an ad for each" if draft else "scores their lines"
    st.session_state.client_note = f"{made}. The worker now {then}; you may leave this page."
