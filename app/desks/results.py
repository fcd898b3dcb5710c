"""The Results desk: campaign results come in, are looked at before they count, and can be taken back.

A file is shown as it was understood (its kind, its first rows, what is refused) before anything is stored;
another file's columns are mapped here. Below: the smallest gap these results can show, learning from them, and all
imports with undo. Leaves out reading files (relate_engine/results) and what was learned (the Rewards desk).
"""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app.components.card import percent
from app.components.context import Context, context
from app.components.plain import plain
from app.components.when import when
from app.desks.results_file import ask_options
from app.desks.results_learn import predictions
from app.services import importing, results_page
from app.services.import_report import Report, details, headline, reasons
from app.services.importing import StoredImport
from app.services.people import Forbidden, NotFound, may, require
from db.session import StorageError
from relate_engine.brief import BriefError
from relate_engine.config import ASSETS
from relate_engine.results.lines import MAX_BYTES, ResultsError
from relate_engine.results.rows import Rejected, ResultRow

TROUBLE = (ResultsError, BriefError, Forbidden, NotFound, StorageError)
SAMPLE = ASSETS / "results" / "sample.csv"
SHOWN = 10  # imports; older ones are folded away


def page() -> None:
    """Draws the desk. Trouble is one sentence."""
    st.title("Results")
    st.caption("What your campaigns did. Import it here, then update the predictions from it.")
    try:
        _desk(context())
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _desk(ctx: Context) -> None:
    require(ctx.actor, "results.read")
    stored = importing.list_imports(ctx.db, ctx.actor)
    if report := st.session_state.pop("results_report", None):
        _report(ctx, report)
    if may(ctx.actor, "results.import"):
        _bring(ctx)
    visible = tuple(one.id for one in stored if one.state == "visible")
    traffic, counting = _added_up(ctx, visible)
    if visible:
        _gap(ctx, traffic)
    if stored:
        predictions(ctx, bool(visible))
        _imports(ctx, stored, counting)
    else:
        st.info(
            "No results yet. Download a report from Google Ads or Meta Ads Manager with the ad texts in it, or try "
            "the sample file.",
            icon=":material/upload_file:",
        )


def _bring(ctx: Context) -> None:
    with st.container(border=True):
        st.header("Import a file", anchor=False)
        st.markdown(
            "Google Ads reports, Meta Ads Manager exports and any other table with texts, impressions and clicks; "
            "CSV or Excel."
        )
        turn = st.session_state.setdefault("results_turn", 0)
        file = st.file_uploader(
            "File of results", type=["csv", "tsv", "txt", "xlsx"], key=f"results_file_{turn}",
            max_upload_size=MAX_BYTES // 1_000_000,
        )  # fmt: skip
        if file is None:
            st.download_button(
                "Sample file", SAMPLE.read_bytes(), "sample-results.csv", "text/csv", key="results_sample",
                on_click="ignore", icon=":material/download:",
            )  # fmt: skip
            return
        data = file.getvalue()
        try:
            options = ask_options(ctx, file.name, data, file.file_id)
            with st.spinner("Reading the file"):
                seen = _look(ctx, file.name, data, options, file.file_id)
            _preview(seen)
            ready = seen.reading is not None
            if st.button("Import", key="results_import", type="primary", icon=":material/check:", disabled=not ready):
                _import(ctx, file.name, data, options)
        except TROUBLE as error:
            st.error(plain(str(error)), icon=":material/error:")


def _look(ctx: Context, name: str, data: bytes, options: Any, file_id: str) -> results_page.Look:
    """The look at this file with these options, kept while the page is redrawn."""
    wanted = (file_id, repr(options))
    kept = st.session_state.get("results_look")
    if kept is None or kept[0] != wanted:
        kept = st.session_state.results_look = (wanted, results_page.look(ctx.actor, name, data, options))
    look: results_page.Look = kept[1]
    return look


def _preview(seen: results_page.Look) -> None:
    if seen.trouble:
        st.warning(plain(seen.trouble), icon=":material/help:")
        return
    for note in seen.reading.notes if seen.reading else ():
        st.info(plain(note), icon=":material/info:")
    if seen.rows:
        st.markdown(f"The first {len(seen.rows)} of {seen.reading.total if seen.reading else 0:,} rows, as understood:")
        shown = pd.DataFrame([_shown(row) for row in seen.rows])
        told = [column for column in shown if shown[column].map(lambda value: value not in ("", None)).any()]
        st.dataframe(shown[told], hide_index=True, key="results_preview")
    if seen.rejected:
        st.markdown("Among them, rows that will be refused:")
        st.dataframe(_rejects(seen.rejected), hide_index=True, key="results_preview_rejects")
    if not seen.rows:
        st.warning("No row could be used as the file is read now; change how it is read above.")


def _shown(row: ResultRow) -> dict[str, object]:
    days = "not said" if row.end is None else f"{row.start}" if row.start == row.end else f"{row.start} to {row.end}"
    texts = " | ".join(text for _, text in row.texts)
    return {
        "line": row.line, "texts": texts if len(texts) < 140 else texts[:139] + "…", "impressions": row.impressions,
        "clicks": row.clicks, "clicks counted": row.click_kind, "conversions": row.conversions,
        "action": row.action or "not known", "window": row.window, "days": days, "test": row.test,
        "spend": f"{row.spend:,.2f} {row.currency}".strip() if row.spend is not None else "",
    }  # fmt: skip


def _rejects(rows: tuple[Rejected, ...] | list[Rejected]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"line": r.line, "reason": r.reason, "row": " | ".join(c for c in r.cells if c)[:160]} for r in rows]
    )


def _import(ctx: Context, name: str, data: bytes, options: Any) -> None:
    bar = st.progress(0.0, "Importing")

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{done:,} of {total:,} rows")

    st.session_state.results_report = importing.import_file(ctx.db, ctx.actor, name, data, options, progress)
    st.session_state.results_turn += 1  # an empty uploader
    st.session_state.pop("results_look", None)
    st.rerun()


def _report(ctx: Context, report: Report) -> None:
    """What became of the file just imported."""
    say = st.info if report.already else st.success if report.kept and not report.rejected else st.warning
    say(plain(headline(report) if report.already else f"{report.name}: {headline(report)}"))
    if report.already:
        return
    st.markdown("\n".join(f"- {plain(line)}" for line in details(report)))
    if report.rejected:
        _rejected(ctx, report, "now")


def _rejected(ctx: Context, report: Report, where: str) -> None:
    told = [f"{count:,} × {plain(reason)}" for reason, count in list(reasons(report).items())[:8]]
    st.markdown("Rows that could not be used:\n" + "\n".join(f"- {line}" for line in told))
    st.dataframe(_rejects(report.told[:200]), hide_index=True, key=f"results_rejects_{where}_{report.import_id}",
                 height=min(36 * (len(report.told) + 1) + 2, 260))  # fmt: skip

    def file() -> bytes:
        return importing.rejected_csv(ctx.db, ctx.actor, report.import_id)

    st.download_button(
        f"Download rejected rows ({report.rejected:,})", file,
        f"{Path(report.name).stem}-rejected.csv", "text/csv", key=f"results_rejected_csv_{where}_{report.import_id}",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def _added_up(ctx: Context, visible: tuple[int, ...]) -> tuple[results_page.Traffic | None, dict[int, int]]:
    """What the traffic can show, and how many rows of each import count; asked again only when the imports changed."""
    if not visible:
        return None, {}
    kept = st.session_state.get("results_added")
    if kept is None or kept[0] != visible:
        with st.spinner("Adding up"):
            found = results_page.traffic(ctx.db, ctx.actor), results_page.counting(ctx.db, ctx.actor)
            kept = st.session_state.results_added = (visible, found)
    added: tuple[results_page.Traffic | None, dict[int, int]] = kept[1]
    return added


def _gap(ctx: Context, traffic: results_page.Traffic | None) -> None:
    """What this traffic can show, in a sentence."""
    with st.container(border=True):
        st.header("What this traffic can show", anchor=False)
        st.markdown(gap_words(traffic))
        if st.button("What these rows teach", key="results_teach", icon=":material/school:"):
            _teaches(ctx)


def gap_words(traffic: results_page.Traffic | None) -> str:
    """The smallest gap in one plain sentence, and how far it can be trusted."""
    if traffic is None:
        return "Fewer than two ads or texts of one kind have impressions, so nothing can be compared yet."
    a, b = traffic.impressions
    what = {"variation": "variations of tests", "ad": "ads", "asset": "texts"}[traffic.grain]
    begun = f"The two most shown {what} ({traffic.placement}; {a:,} and {b:,} impressions, CTR {percent(traffic.rate)})"
    if traffic.rate == 0:
        return f"{begun} had no clicks yet, so no gap can be told."
    if traffic.gap is None:
        return f"{begun} are too few impressions to show any gap."
    told = (
        f"{begun} can show a gap of **{100 * traffic.gap:.2g} percentage points** or more, 8 times in 10 "
        f"({percent(traffic.rate)} against {percent(traffic.rate + traffic.gap)}); a smaller one cannot be told "
        "from chance."
    )
    if traffic.grain == "variation":
        return told
    return f"{told} That holds for traffic split by chance, which it was not here: the platform chose whom to show " + (
        "each text, and one impression counts for several texts." if traffic.grain == "asset" else "each ad."
    )


def _teaches(ctx: Context) -> None:
    with st.spinner("Counting"):
        found = importing.taught(ctx.db, ctx.actor, ctx.settings.conversion_lag_days)
    cvr = sum(one.conversions is not None for one in found.observations)
    groups = len({one.group for one in found.observations if one.group})
    st.markdown(
        f"{len(found.observations):,} counts of single texts teach CTR, {cvr:,} of them CVR too; {groups:,} groups "
        "differ in one text only on the same days, the best teachers of a text's effect."
    )
    if found.left_out:
        st.markdown("\n".join(f"- {count:,} rows: {plain(why)}" for why, count in found.left_out.most_common()))
    st.caption(
        f"Conversions teach once {ctx.settings.conversion_lag_days} days had passed when they were imported "
        "(RELATE_CONVERSION_LAG_DAYS)."
    )


def _imports(ctx: Context, stored: list[StoredImport], counting: dict[int, int]) -> None:
    st.header("Imports", anchor=False)
    for one in stored[:SHOWN]:
        _one(ctx, one, counting.get(one.id, 0))
    if len(stored) > SHOWN:
        with st.expander(f"{len(stored) - SHOWN} older imports"):
            for one in stored[SHOWN:]:
                _one(ctx, one, counting.get(one.id, 0))


def _state(one: StoredImport, counting: int) -> tuple[str, Literal["green", "gray"], str]:
    """Whether an import's rows count: the badge, its colour, and why not all do."""
    if not one.report.kept:
        return "nothing kept", "gray", ""
    if one.state != "visible":
        return "undone", "gray", ""
    if counting >= one.report.kept:
        return "counts", "green", ""
    later = "A later import tells of the same ads and days; undo that one to count these rows again."
    if not counting:
        return "replaced", "gray", later
    return f"{counting:,} of {one.report.kept:,} rows count", "green", later


def _one(ctx: Context, one: StoredImport, counting: int) -> None:
    report = one.report
    with st.container(border=True, key=f"results_import_{one.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(one.name)}**", width="content")
            word, color, why = _state(one, counting)
            st.badge(word, color=color, help=why or None)
            if one.state == "visible" and may(ctx.actor, "results.import"):
                st.button(
                    "Undo", key=f"results_undo_{one.id}", icon=":material/undo:", on_click=_undo, args=(ctx, one.id),
                    help="Its rows count no longer. Import the file again to bring them back.",
                )  # fmt: skip
        st.caption(f"Import {one.id}, {when(one.created_at)}. {plain(headline(report))}")
        with st.expander("Report"):
            st.markdown("\n".join(f"- {plain(line)}" for line in details(report)))
            if report.rejected:
                _rejected(ctx, report, "stored")


def _undo(ctx: Context, import_id: int) -> None:
    try:
        importing.undo_import(ctx.db, ctx.actor, import_id)
        st.toast(f"Import {import_id} is undone.", icon=":material/undo:")
    except TROUBLE as error:
        st.toast(plain(str(error)), icon=":material/error:")
