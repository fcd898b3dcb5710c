"""Words, from training: what a version wrote while it was trained, and which word of it earned what.

For when the training reward rises and the judges outside do not: the texts of one task stand together, the best paid
first, last step first. Leaves out texts that people were shown (words.py) and the numbers of each step (Learning).
"""

import pandas as pd
import streamlit as st

from app.components import charts
from app.components.context import Context
from app.components.plain import plain
from app.components.word_marks import painted, reward_words, signed
from app.services import analytics_samples, versions
from app.services.analytics_words import Word
from app.services.demo_round import recorded
from app.services.people import may
from app.services.versions import WriterVersion
from relate_engine.brief import ANGLES, PLACEMENTS
from relate_engine.training.samples import SampledGroup, SampledText

PAGE = 2  # groups
TURN = "words_trained_page"
STATES = {
    "open": "It did not end within its tokens, so it earned nothing and its words have no credit of their own.",
    "empty": "It is empty, so it earned nothing.",
    "unscored": "It could not be scored, so it taught nothing.",
}


def from_training(ctx: Context) -> None:
    """Draws the version, the filters and the groups."""
    made = {v.version: v for v in versions.versions(ctx.db, ctx.actor, ctx.settings) if v.made_at}
    if not made:
        st.info("No round has made a version yet, so there are no texts from training; Learning starts a round.")
        return
    slots = list(dict.fromkeys(slot.name for p in PLACEMENTS.values() for slot in p.slots))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = st.selectbox("Training that made", list(made), key="trained", bind="query-params", width=320,
                               on_change=_restart)  # fmt: skip
        slot = st.selectbox("Slot", ["", *slots], key="slot", bind="query-params", width=160, on_change=_restart,
                            format_func=lambda s: s.replace("_", " ").capitalize() or "All slots")  # fmt: skip
        search = st.text_input("Search in the texts", key="search", bind="query-params", width=240,
                               on_change=_restart)  # fmt: skip
    kept = analytics_samples.groups(ctx.db, ctx.actor, ctx.settings, version or "")
    if not kept:
        st.info(plain(_none(made[version or ""])))
        return
    st.caption(
        "Whole groups from some of the steps, as they were sampled; nobody has chosen among these texts. A word's "
        "credit is relative to its group: 0 is the average of the group's tokens, a minus is what training held "
        "against the word beyond that, and it comes on top of what the whole text earned."
    )
    found = analytics_samples.matching(kept, slot or "", search or "")
    if not found:
        st.info("No text matches these filters; choose another slot, or search for less.")
        return
    texts = sum(len(group.texts) for group in found)
    download = may(ctx.actor, "table.export")
    st.caption(f"{charts.count(texts, 'text')} from {charts.count(len(found), 'step')}, last step first.")
    if download:
        st.download_button("Download these texts as CSV", charts.csv_of(analytics_samples.table(found)),
                           f"words_{version}.csv", "text/csv", key="words_trained_csv", on_click="ignore",
                           icon=":material/download:")  # fmt: skip
    pages = -(-len(found) // PAGE)
    turn = min(st.session_state.get(TURN, 1), pages)
    for group in found[PAGE * (turn - 1) : PAGE * turn]:
        _group(group, download)
    if pages > 1:
        st.session_state[TURN] = turn
        st.pagination(pages, key=TURN)


def _restart() -> None:
    st.session_state.pop(TURN, None)


def _none(version: WriterVersion) -> str:
    """Why there are no texts of a version's training."""
    if recorded(version.manifest):
        return f"{version.version} was recorded for the demo, and the texts of its training were not kept."
    return (
        f"No text of the training of {version.version} was kept: it was trained before texts were kept, or its round "
        "ran no reward training. The next round keeps some."
    )


def _group(group: SampledGroup, download: bool) -> None:
    with st.container(border=True, key=f"words_step_{group.step}"):
        angle = next((told for name, told in ANGLES.items() if name == group.angle), "")
        about = ", ".join(filter(None, (group.slot.replace("_", " "), angle, group.product)))
        st.markdown(f"**Step {group.step}** {plain(about)}")
        st.caption(plain(group_words(group)))
        for number, text in enumerate(group.texts):
            _text(text, f"{group.step}_{number}", download)


def group_words(group: SampledGroup) -> str:
    """What the group earned, in a sentence."""
    shown = f"{len(group.texts)} of {charts.count(group.size, 'text')} of the group"
    if group.mean is None:
        return f"{shown}; none of them could be scored."
    if group.std is None:
        return f"{shown}; the only one that could be scored earned {group.mean:.2f}."
    if round(group.std, 2) == 0:
        return f"{shown}; all of them earned about {group.mean:.2f}, so there was little to tell them apart by."
    return f"{shown}; its mean reward is {group.mean:.2f}, the standard deviation {group.std:.2f}."


def _text(text: SampledText, key: str, download: bool) -> None:
    words = analytics_samples.words_of(text)
    if words:
        st.html(painted(words))
    st.markdown(plain(STATES[text.state] if text.state != "judged" else reading(words)))
    st.caption(plain(sentence(text)))
    if text.state != "judged":
        return
    with st.expander("Word by word"):
        table = pd.DataFrame(
            [
                {"word": w.text, "credit": w.credit, "with the whole text": round(w.credit + text.advantage, 4),
                 "weighed faults": held.fault, "why": " ".join(w.why) or "no fault"}
                for w, held in zip(words, text.words, strict=True)
            ]
        )  # fmt: skip
        st.dataframe(table, hide_index=True, key=f"words_sampled_{key}")
        if download:
            st.download_button("Download CSV", charts.csv_of(table), f"words_step_{key}.csv", "text/csv",
                               key=f"words_sampled_csv_{key}", on_click="ignore",
                               icon=":material/download:")  # fmt: skip


def reading(words: list[Word]) -> str:
    """What the painting says, in a sentence."""
    lost = [w for w in words if w.credit < 0]
    rest = max((w.credit for w in words if w.credit >= 0), default=0.0)
    others = f" Its best word gained {rest:.2f}." if round(rest, 2) else ""
    if not lost:
        return f"None of its words lost credit against the group.{others}"
    worst = min(lost, key=lambda w: w.credit)
    return (
        f"{len(lost)} of {charts.count(len(words), 'word')} lost credit against the group, most of all "
        f"“{worst.text}” ({signed(worst.credit)}): {' '.join(worst.why)}{others}"
    )


def sentence(text: SampledText) -> str:
    """What the text earned as a whole, in a sentence."""
    if text.reward is None:
        return "To every word alike: nothing."
    return f"Reward {text.reward:.2f} ({reward_words(text.rewards)}). To every word alike: {signed(text.advantage)}."
