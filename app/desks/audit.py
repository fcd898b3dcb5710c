"""The Audit page: who did what to which object, with which versions; newest first, with filters, export and a check.

Each row is a sentence that opens to everything the row holds. Pages go by id, so the millionth row is as near as the
first. Leaves out what is noted (each service) and how the chain is made (services/audit.py).
"""

from datetime import UTC, datetime, timedelta, tzinfo

import pandas as pd
import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.components.when import zone
from app.services import audit, audit_export, audit_log
from app.services.audit_export import Format
from app.services.audit_log import Choices, Event, Filter
from app.services.people import Forbidden, NotFound, require
from db.session import StorageError
from relate_engine.brief import BriefError

TROUBLE = (BriefError, Forbidden, NotFound, StorageError)
DAYS: dict[str, int | None] = {"All time": None, "Today": 1, "7 days": 7, "30 days": 30, "90 days": 90, "A year": 365}
ENDINGS: dict[str, Format] = {"CSV, for spreadsheets": "csv", "JSON lines, with the last hash": "jsonl"}


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Audit")
    st.caption("Who did what to which object, and with which versions. Rows are only ever added.")
    try:
        ctx = context()
        require(ctx.actor, "audit.read")
        here = zone()
        wanted = _filters(audit_log.choices(ctx.db, ctx.actor), here)
        _rows(ctx, wanted, here)
        _verify(ctx)
        _export(ctx, wanted)
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _filters(known: Choices, here: tzinfo) -> Filter:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.selectbox(
            "Person", [None, *known.people], key="audit_person", width=200,
            format_func=lambda i: known.people[i] if i is not None else "Everybody",
        )  # fmt: skip
        action = st.selectbox(
            "Action", [None, *known.actions], key="audit_action", width=220,
            format_func=lambda a: audit_log.action_words(a).capitalize() if a else "Any action",
        )  # fmt: skip
        kind = st.selectbox(
            "Kind of object", [None, *known.object_types], key="audit_kind", width=180,
            format_func=lambda k: audit_log.noun(k).capitalize() if k else "Any kind",
        )  # fmt: skip
        number = st.number_input("Its number", min_value=1, value=None, step=1, key="audit_number", width=120,
                                 placeholder="any", disabled=kind is None)  # fmt: skip
        days = DAYS[st.selectbox("Days", list(DAYS), key="audit_days", width=130) or "All time"]
    since = None
    if days is not None:  # whole days of the person's zone
        today = datetime.now(here).replace(hour=0, minute=0, second=0, microsecond=0)
        since = (today - timedelta(days=days - 1)).astimezone(UTC)
    return Filter(person, action, kind, int(number) if number and kind else None, since)


def _rows(ctx: Context, wanted: Filter, here: tzinfo) -> None:
    # the ids to page with, one for each page gone forward; other filters begin at the newest again
    if st.session_state.get("audit_wanted") != wanted:
        st.session_state.audit_wanted, st.session_state.audit_before = wanted, [None]
    befores: list[int | None] = st.session_state.audit_before
    found = audit_log.page(ctx.db, ctx.actor, wanted, befores[-1])
    if not found.events:
        if wanted == Filter():
            st.info("Nothing has been noted yet. Drafts, choices, comments, approvals, versions, imports, exports and "
                    "settings will stand here.", icon=":material/history:")  # fmt: skip
        else:
            st.info("No event passes these filters; widen one of them.", icon=":material/filter_alt_off:")
        return
    for event in found.events:
        _row(event, here)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Newer", disabled=len(befores) == 1, icon=":material/arrow_back:", key="audit_newer"):
            befores.pop()
            st.rerun()
        if st.button("Older", disabled=found.older is None, icon=":material/arrow_forward:", key="audit_older"):
            befores.append(found.older)
            st.rerun()
        st.caption(f"Page {len(befores)}; times are in {plain(str(here))}.", width="content")


def _row(event: Event, here: tzinfo) -> None:
    at = event.at.astimezone(here)
    label = f"{at:%-d %b %Y, %H:%M} · {event.words}"
    with st.expander(plain(label)):
        told = [(f"Time ({here})", f"{at:%-d %b %Y, %H:%M:%S}"), *audit_log.detail_rows(event)]
        rows = pd.DataFrame(told, columns=["What", "Value"])
        st.dataframe(rows, hide_index=True, key=f"audit_detail_{event.id}", column_config={
            "What": st.column_config.TextColumn(width="small"), "Value": st.column_config.TextColumn(width="large"),
        })  # fmt: skip


def _verify(ctx: Context) -> None:
    st.header("Check the chain", anchor=False)
    st.markdown(
        "Each row holds the hash of the one before it, so a changed, removed or inserted row shows. Rows cut off at "
        "the end show only against a last hash that you kept, such as the end of an export."
    )
    expect = st.text_input("Last hash you kept (optional)", key="audit_expect", max_chars=80)
    if st.button("Verify", icon=":material/verified:", key="audit_verify"):
        bar = st.progress(0.0, "Checking the rows")

        def tell(done: int, of: int) -> None:
            bar.progress(min(1.0, done / of), f"Checked {done:,} of {of:,} rows")

        said = audit.verify(ctx.db, ctx.actor, expect, tell)
        bar.empty()
        if said.holds:
            st.success(plain(said.words), icon=":material/check_circle:")
        else:
            st.error(plain(said.words), icon=":material/error:")


def _export(ctx: Context, wanted: Filter) -> None:
    st.header("Export", anchor=False)
    st.markdown(
        f"The rows that pass the filters above, oldest first, at most {audit_export.MOST_ON_PAGE:,}; "
        "`relate audit export FILE` writes any number."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = ENDINGS[st.selectbox("Format", list(ENDINGS), key="audit_format", width=280) or next(iter(ENDINGS))]
        if st.button("Make the file", icon=":material/description:", key="audit_make"):
            with st.spinner("Writing the file"):
                st.session_state.audit_file = (wanted, how, *audit_export.export_bytes(ctx.db, ctx.actor, how, wanted))
        file = st.session_state.get("audit_file")
        if file and file[:2] == (wanted, how):
            st.download_button(
                "Download", file[2], f"audit.{how}", audit_export.MIME[how], key="audit_download", on_click="ignore",
                icon=":material/download:", type="primary",
            )  # fmt: skip
    if file and file[:2] == (wanted, how):
        made = file[3]
        more = " There are more rows: filter, or use the command." if made.cut else ""
        st.caption(f"{made.events:,} rows.{more} Keep the last hash of the log elsewhere, to check against later:")
        st.code(made.last_hash, language=None, wrap_lines=True)
