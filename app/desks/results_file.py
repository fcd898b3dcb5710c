"""How a file of results is to be read: its kind, another file's columns, day or month first. Part of the Results desk.

Everything starts from what the file itself tells, so a known report needs no answer at all.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import streamlit as st

from app.components.context import Context
from app.services import results_page
from relate_engine.brief import PLACEMENTS, placement_of
from relate_engine.results.cells import DateOrder
from relate_engine.results.generic import FIELDS
from relate_engine.results.layout import FORMATS
from relate_engine.results.reading import Options

_MAIN = ("impressions", "clicks", "conversions", "day", "test", "action")
_DATES = {"": "As the file shows", "dmy": "Day first", "mdy": "Month first"}
_ORDERS: dict[str, DateOrder] = {"dmy": "dmy", "mdy": "mdy"}
_DECIMALS = {"": "As the file shows", ".": "Point: 1,234.5", ",": "Comma: 1.234,5"}


def ask_options(ctx: Context, name: str, data: bytes, file_id: str) -> Options:
    """The questions, answered as the file suggests. Raises ResultsError for what is no table."""
    first = _first(ctx, name, data, file_id)
    st.markdown(f"{FORMATS[first.format]} · {first.file} · {len(first.header)} columns")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Kind of file", list(FORMATS), index=list(FORMATS).index(first.format),
                            key=f"results_format_{file_id}", format_func=lambda f: FORMATS[f], width=200)  # fmt: skip
        placement = "generic"
        if kind == "generic":
            placement = st.selectbox("Its ads are", list(PLACEMENTS), index=list(PLACEMENTS).index("generic"),
                                     key=f"results_placement_{file_id}", width=260,
                                     format_func=lambda p: placement_of(p).label)  # fmt: skip
        dates = st.selectbox("Dates such as 03/04/2026", list(_DATES), key=f"results_dates_{file_id}", width=200,
                             format_func=lambda d: _DATES[d])  # fmt: skip
        decimal = st.selectbox("Decimal sign", list(_DECIMALS), key=f"results_decimal_{file_id}", width=200,
                               format_func=lambda d: _DECIMALS[d])  # fmt: skip
    placed = placement_of(placement or "generic").name
    mapping: dict[str, str] = {}
    if kind == "generic":
        mapping = _columns(results_page.suggested(ctx.actor, name, data, placed), first.header, placed, file_id)
    options = Options(kind, placed, mapping, _ORDERS.get(dates), decimal or None)
    if results_page.needs_days(ctx.actor, name, data, options):
        return replace(options, period=_period(file_id))
    return options


def _period(file_id: str) -> tuple[date, date] | None:
    """First and last day of a file that names none; None until both are chosen."""
    chosen = st.date_input("Days it covers", value=[], format="YYYY-MM-DD", key=f"results_period_{file_id}", width=320)
    return (chosen[0], chosen[1]) if isinstance(chosen, tuple) and len(chosen) == 2 else None


def _first(ctx: Context, name: str, data: bytes, file_id: str) -> results_page.Opened:
    kept = st.session_state.get("results_opened")
    if kept is None or kept[0] != file_id:
        kept = st.session_state.results_opened = (file_id, results_page.opened(ctx.actor, name, data))
    found: results_page.Opened = kept[1]
    return found


def _columns(guess: dict[str, str], header: tuple[str, ...], placement: str, file_id: str) -> dict[str, str]:
    """A box for every field; an empty one means that the file does not have it."""
    slots = {slot.name: slot.label for slot in placement_of(placement).slots}
    names = ["", *(name for name in dict.fromkeys(header) if name)]

    def box(known: str, label: str) -> str:
        index = names.index(guess[known]) if guess.get(known) in names else 0
        return st.selectbox(label, names, index=index, key=f"results_map_{placement}_{known}_{file_id}",
                            format_func=lambda name: name or "not in the file")  # fmt: skip

    chosen: dict[str, str] = {}
    st.markdown("Which column is what:")
    _rows(box, chosen, [*slots.items(), *((known, FIELDS[known]) for known in _MAIN)])
    with st.expander("More columns"):
        _rows(box, chosen, [item for item in FIELDS.items() if item[0] not in _MAIN])
    return chosen


def _rows(box: Callable[[str, str], str], chosen: dict[str, str], fields: list[tuple[str, str]]) -> None:
    """Three boxes a row; on a phone one below the other in the same order."""
    for start in range(0, len(fields), 3):
        for column, (known, label) in zip(st.columns(3), fields[start : start + 3], strict=False):
            with column:
                chosen[known] = box(known, label)
