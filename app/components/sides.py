"""Two versions of the same thing beside each other: who else changed it, and for each field which one goes on.

Shared by all that two people can change at once. Leaves out saving what was chosen.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.services.brief_merge import Difference, Side
from app.services.people import names_of

WORDS: dict[Side, str] = {"theirs": "Theirs", "mine": "Mine"}
CHANGED = {"theirs": "only they changed it", "mine": "only you changed it", "both": "both of you changed it"}


def somebody(ctx: Context, who: int, own: bool) -> str:
    """Whoever was first, as the beginning of a sentence; escaped."""
    if own:
        return "You, in another tab,"
    return plain(names_of(ctx.db, ctx.actor, [who]).get(who, f"person {who}"))


def sides(key: str, fields: Sequence[Difference], say: Callable[[str, str], str] | None = None) -> None:
    """Draws each field with both versions and the choice. `say(field, line)`: a line as people call it."""
    for field in fields:
        with st.container(border=True, gap="xsmall", key=f"sides_{field.name}_{key}"):
            st.markdown(f"**{plain(field.label)}** · {CHANGED[field.changed]}")
            left, right = st.columns(2, gap="medium")
            for place, name, lines, other in ((left, WORDS["theirs"], field.theirs, field.mine),
                                              (right, WORDS["mine"], field.mine, field.theirs)):  # fmt: skip
                with place, st.container(gap=None):
                    st.caption(name)
                    st.markdown(_words(field.name, lines, other, say))
            st.radio(f"{field.label}: which one goes on", list(WORDS), index=list(WORDS).index(field.suggested),
                     key=_key(key, field), horizontal=True, format_func=lambda side: WORDS[side],
                     persist_state="session")  # fmt: skip


def mine_of(key: str, fields: Sequence[Difference]) -> list[str]:
    """The names of the fields that go on as mine."""
    return [f.name for f in fields if st.session_state.get(_key(key, f), f.suggested) == "mine"]


def _key(key: str, field: Difference) -> str:
    return f"side_{field.name}_{key}"


def _words(name: str, lines: Sequence[str], other: Sequence[str], say: Callable[[str, str], str] | None) -> str:
    if not lines:
        return "*(empty)*"
    shown = [plain(say(name, line) if say else line) for line in lines]
    if max(len(lines), len(other)) == 1:
        return shown[0]
    return "\n".join(
        f"- {words}" if line in other else f"- **{words}** (only here)"
        for line, words in zip(lines, shown, strict=True)
    )
