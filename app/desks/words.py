"""The Words page: which word of a text earned what, as training counts it.

Texts of the chosen days with every word's credit painted on it: a sign and the amount stand in words beside it, and a
table says why. What judges a whole text (sales, length, format) is shown beside, since it goes to every word alike.
A switch shows texts that training sampled instead (words_training.py). Leaves out changing texts and verdicts (Draft
and Review).
"""

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from app.components import charts
from app.components.context import Context, context
from app.components.plain import plain
from app.components.when import when
from app.components.word_marks import painted, reward_words, signed
from app.desks import analysis_filters
from app.desks.words_training import from_training
from app.services import analytics_words
from app.services.analytics_words import Completion, Word
from app.services.people import Forbidden, may, require
from db.session import StorageError
from relate_engine.brief import ANGLES, PLACEMENTS
from relate_engine.policy.weights import WeightsError

LEVELS = {"": "All levels", "clear": "clear", "caution": "caution", "blocked": "blocked"}
ARM_WORDS = {
    "relate": "RELATE: every fault to its words", "m4": "M4: the same, spread over the text",
    "m3": "M3: repeats only, spread over the text",
}  # fmt: skip
SHOWN, TRAINING = "Shown texts", "From training"


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Words")
    st.caption("Which word of a text cost it reward, and why.")
    try:
        _page(context())
    except (Forbidden, StorageError, WeightsError) as error:
        st.error(plain(str(error)))


@st.cache_resource(show_spinner="Loading the writer's tokenizer…")
def _tokenizer(_ctx: Context, base: str) -> Any:
    return analytics_words.tokenizer_of(_ctx.settings)


def _page(ctx: Context) -> None:
    require(ctx.actor, "analytics.read")
    which = st.segmented_control("Texts", [SHOWN, TRAINING], default=SHOWN, required=True, key="texts",
                                 bind="query-params", label_visibility="collapsed")  # fmt: skip
    if which == TRAINING:
        from_training(ctx)
    else:
        _shown(ctx)


def _shown(ctx: Context) -> None:
    view = analysis_filters.filters(ctx)
    slots = list(dict.fromkeys(slot.name for p in PLACEMENTS.values() for slot in p.slots))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        slot = st.selectbox("Slot", ["", *slots], key="slot", bind="query-params", width=160,
                            format_func=lambda s: s.replace("_", " ").capitalize() or "All slots")  # fmt: skip
        level = st.selectbox("Compliance", list(LEVELS), key="level", bind="query-params", width=160,
                             format_func=lambda name: LEVELS[name])  # fmt: skip
        search = st.text_input("Search in the texts", key="search", bind="query-params", width=240)
        arm = st.selectbox("Way of credit", list(ARM_WORDS), key="arm", bind="query-params", width=300,
                           format_func=lambda name: ARM_WORDS[name])  # fmt: skip
    turn = st.session_state.get("words_page", 1) - 1
    total, found = analytics_words.completions(
        ctx.db, ctx.actor, view, slot or "", level or "", search or "", turn
    )  # fmt: skip
    if not found and turn:  # the filters hold fewer pages now
        total, found = analytics_words.completions(ctx.db, ctx.actor, view, slot or "", level or "", search or "", 0)
    if not found:
        st.info("No text matches these filters; choose more days, another level, or search for less. In a new studio, "
                "draft an ad on the Draft desk first.")  # fmt: skip
        return
    more = "10,000 or more texts match" if total >= 10_000 else f"{charts.count(total, 'text')} match"
    st.caption(f"{more}, newest first. Credit is 0 or less; 0 is a word without a fault.")
    tokenizer = _tokenizer(ctx, ctx.settings.base_model)
    for text in found:
        _text(ctx, text, arm or analytics_words.DEFAULT, tokenizer)
    pages = -(-min(total, 10_000) // analytics_words.PAGE)
    if pages > 1:
        st.pagination(pages, key="words_page")


def _text(ctx: Context, text: Completion, arm: str, tokenizer: Any) -> None:
    with st.container(border=True, key=f"words_{text.id}"):
        angle = next((told for name, told in ANGLES.items() if name == text.angle), "")
        about = [text.writer, text.slot.replace("_", " "), str(angle), text.brief, when(text.created_at)]
        if text.card is None or text.card.text != text.text:
            st.html(f'<p dir="auto">{escape(text.text)}</p>')
            st.caption(plain(", ".join(filter(None, about))) + ". It has no scorecard, so no word has a credit.")
            return
        words = analytics_words.words_of(text.text, text.card.findings, arm, tokenizer)
        st.html(painted(words))
        st.markdown(plain(reading(words)))
        rewards = analytics_words.sentence_rewards(text.card, arm)
        st.caption(plain(f"To every word alike: {reward_words(rewards)}. Compliance: {text.card.compliance.level}."))
        st.caption(plain(", ".join(filter(None, about))))
        with st.expander("Word by word"):
            table = pd.DataFrame(
                [{"word": w.text, "credit": w.credit, "why": " ".join(w.why) or "no fault"} for w in words]
            )
            st.dataframe(table, hide_index=True, key=f"words_table_{text.id}")
            if may(ctx.actor, "table.export"):
                st.download_button("Download CSV", charts.csv_of(table), f"words_{text.id}.csv", "text/csv",
                                   key=f"words_csv_{text.id}", on_click="ignore",
                                   icon=":material/download:")  # fmt: skip


def reading(words: list[Word]) -> str:
    """What the painting says, in a sentence."""
    lost = [w for w in words if w.credit < 0]
    if not lost:
        return f"None of its {len(words)} words lost credit." if len(words) != 1 else "Its one word lost no credit."
    worst = min(lost, key=lambda w: w.credit)
    return (
        f"{len(lost)} of {len(words)} words lost credit, most of all “{worst.text}” ({signed(worst.credit)}): "
        f"{' '.join(worst.why)}"
    )
