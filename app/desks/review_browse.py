"""The list of stored texts on the Review desk: filters, pages, and any text opened to be read or judged again.

Of a text that this person holds, or would get, without suggestions, neither the list nor the card says what was found.
"""

from dataclasses import replace

import streamlit as st

from app.components.card import LEVELS, level_words
from app.components.context import Context
from app.components.plain import plain
from app.desks.review_card import (
    OUTCOMES,
    ad_around,
    brief_side,
    finding_words,
    findings_of,
    history,
    nearest,
    text_card,
)
from app.desks.review_form import form, last_word
from app.services.briefs import get_brief
from app.services.drafting import get_texts
from app.services.people import may
from app.services.review_card import around, veiled
from app.services.review_looks import look_at
from app.services.reviewing import ReviewPage, queue
from app.services.rulebook import rules_of
from app.services.stored import StoredText, old_words
from relate_engine.brief import PLACEMENTS, placement_of

ON_A_PAGE = 10
STATES: dict[str, bool | None] = {"Waiting": False, "Judged": True, "All": None}


def browse(ctx: Context) -> None:
    """Filters, the open text, the list."""
    found = _filtered(ctx)
    asked = st.session_state.get("review_open")
    hidden = veiled(ctx.db, ctx.actor, {*(t.id for t in found.texts), *([] if asked is None else [asked])})
    if st.session_state.get("review_level"):  # to be among them would tell the level
        found = replace(found, texts=tuple(t for t in found.texts if t.id not in hidden))
    text = _open_text(ctx, found)
    last_word()
    if text is None:
        st.info("No text matches these filters; clear the search or choose All.")
        return
    look = look_at(ctx.db, ctx.actor) if may(ctx.actor, "review.judge") else None
    look = look if look and look.text.id == text.id else None
    blind = text.id in hidden
    if blind:
        text = look.text if look else replace(text, card=None, verdict=None)
    brief = get_brief(ctx.db, ctx.actor, text.brief_id).brief
    beside = around(ctx.db, ctx.actor, text.id, blind)
    rules = rules_of(ctx.db, ctx.actor)
    main, side = st.columns([3, 2], gap="large")
    with main:
        _heading(text, found)
        text_card(text, brief, beside, rules)
        if may(ctx.actor, "review.judge"):
            form(rules, text, brief, look, beside)
        else:
            for finding in findings_of(text, beside.today):
                st.markdown(finding_words(finding, text.text))
            st.caption(f"Your role, {ctx.actor.role}, may read here; verdicts are given by reviewers.")
    with side:
        brief_side(brief)
        if not blind:
            history(ctx, text)
            nearest(beside.nearest)
        ad_around(beside, text.placement)
    _list(found, text, hidden)


def _heading(text: StoredText, found: ReviewPage) -> None:
    ids = [t.id for t in found.texts]
    place = (found.page - 1) * ON_A_PAGE + ids.index(text.id) + 1 if text.id in ids else 0
    st.header(f"Text {place:,} of {found.total:,}" if place else "Opened again", anchor=False)


def _filtered(ctx: Context) -> ReviewPage:
    with st.container(horizontal=True, vertical_alignment="center"):
        state = st.segmented_control(
            "Show", list(STATES), default="Waiting", required=True, key="review_state", on_change=_restart,
            label_visibility="collapsed",
        )  # fmt: skip
        used = sum(bool(st.session_state.get(f"review_{name}")) for name in ("level", "placement", "search"))
        with st.popover(f"Filter ({used})" if used else "Filter", icon=":material/filter_list:"):
            level = st.selectbox(
                "Level", [None, *LEVELS], key="review_level", on_change=_restart,
                format_func=lambda name: LEVELS[name][0].capitalize() if name else "Any level",
            )  # fmt: skip
            where = st.selectbox(
                "Placement", [None, *PLACEMENTS], key="review_placement", on_change=_restart,
                format_func=lambda name: placement_of(name).label if name else "Any placement",
            )  # fmt: skip
            search = st.text_input("Search text or product", key="review_search", on_change=_restart, max_chars=200)
    return queue(
        ctx.db, ctx.actor, level=level, placement=where, search=search or "",
        labelled=STATES[state or "Waiting"], page=st.session_state.get("review_at", 1), page_size=ON_A_PAGE,
    )  # fmt: skip


def _restart() -> None:
    """A changed filter: back to its first page and first text."""
    _turn(None)


def _open_text(ctx: Context, found: ReviewPage) -> StoredText | None:
    """The text asked for, on this page or not, else the first of the page."""
    asked, here = st.session_state.get("review_open"), {text.id: text for text in found.texts}
    if asked is not None:
        return here[asked] if asked in here else get_texts(ctx.db, ctx.actor, [asked])[0]
    return found.texts[0] if found.texts else None


def _open(text_id: int | None) -> None:
    st.session_state["review_open"], st.session_state["review_said"] = text_id, None


def _list(found: ReviewPage, text: StoredText, hidden: frozenset[int]) -> None:
    """The page of the list to choose from. `hidden`: of these neither level nor verdict is told."""
    if not found.texts:
        return
    st.divider()
    st.markdown("## Texts")
    here = {t.id: t for t in found.texts}
    st.session_state["review_list"] = text.id if text.id in here else None

    def told(t: StoredText) -> str:
        placement = placement_of(t.placement)
        parts = [found.brief_titles[t.brief_id], placement.label, placement.slot(t.slot).label]
        if t.id in hidden:
            return plain(" · ".join([*parts, "yours to judge without suggestions"]))
        level = level_words(t.card.compliance.level, old_words(t))[0] if t.card else "not scored"
        verdict = OUTCOMES[t.verdict.outcome][0].lower() if t.verdict else "no verdict"
        return plain(" · ".join([*parts, level, verdict]))

    st.radio(
        "Choose a text", list(here), key="review_list", index=None, label_visibility="collapsed",
        format_func=lambda text_id: plain(here[text_id].text), captions=[told(t) for t in found.texts],
        on_change=lambda: _open(st.session_state["review_list"]),
    )  # fmt: skip
    if found.pages > 1:
        key = f"review_page_{found.page}_{found.pages}"  # the list shrinks under it: a new one each time
        st.pagination(found.pages, default=found.page, key=key, on_change=_turn, args=(key,))
        if found.total >= 1000:
            st.caption("The first 1,000 are listed; filter or search for others.")


def _turn(key: str | None) -> None:
    """To the page that the pagination of this key names, or to the first."""
    st.session_state["review_at"] = st.session_state[key] if key else 1
    _open(None)
